#include "core/trust/packet.h"

/* The octet that announces a length of four octets, and where one-octet lengths end. */
#define LENGTH_FIVE 255
#define LENGTH_TWO 192
#define LENGTH_PARTIAL 224 /* new packet headers only: 224..254 */

/* The rest of a length whose first octet is neither partial nor missing. */
static bool
read_length(struct rd *r, uint8_t first, uint32_t *n)
{
	uint8_t second;

	if (first == LENGTH_FIVE)
		return rd_u32(r, n);
	if (first < LENGTH_TWO) {
		*n = first;
		return true;
	}
	if (!rd_u8(r, &second))
		return false;
	*n = ((uint32_t)(first - LENGTH_TWO) << 8) + second + LENGTH_TWO;
	return true;
}

bool
packet_sublength(struct rd *r, uint32_t *n)
{
	uint8_t first;

	return rd_u8(r, &first) && read_length(r, first, n);
}

static bool
new_length(struct rd *r, struct packet_head *h)
{
	uint8_t first;

	if (!rd_u8(r, &first))
		return false;
	h->definite = first < LENGTH_PARTIAL || first == LENGTH_FIVE;
	return !h->definite || read_length(r, first, &h->n);
}

/* type: 0, 1, 2 = one, two, four octets; 3 = up to the end of everything. */
static bool
old_length(struct rd *r, unsigned type, struct packet_head *h)
{
	uint16_t n16 = 0;
	uint8_t n8 = 0;

	h->definite = type != 3;
	if (type >= 2)
		return type == 3 || rd_u32(r, &h->n);
	if (type == 0 ? !rd_u8(r, &n8) : !rd_u16(r, &n16))
		return false;
	h->n = (uint32_t)(n8 | n16);
	return true;
}

bool
packet_head(struct rd *r, struct packet_head *out)
{
	struct packet_head h = { 0 };
	uint8_t first;
	bool ok;

	if (!rd_u8(r, &first) || (first & 0x80) == 0)
		return false;
	if ((first & 0x40) != 0) {
		h.tag = first & 0x3f;
		ok = new_length(r, &h);
	} else {
		h.tag = first >> 2 & 0x0f;
		ok = old_length(r, first & 3, &h);
	}
	if (ok)
		*out = h;
	return ok;
}
