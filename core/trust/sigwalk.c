#include "core/trust/sigwalk.h"

#include <string.h>

#include "core/base/text.h"

#define PACKET_SIGNATURE 2
#define CONTENT_MIN 10 /* version..hash, two empty areas, left 16 bits */
#define HASHED_AT 6    /* version, type, public-key algorithm, hash, length of the hashed area */
#define BEHIND_HASHED 4 /* length of the unhashed area, left 16 bits of the digest */
#define FPR_BYTES 20

#define SUB_CREATED 2
#define SUB_EXPIRES 3
#define SUB_ISSUER_FPR 33

static enum verdict
refuse(struct sigwalk *out, enum verdict v, const char *reason)
{
	memset(out, 0, sizeof *out);
	out->reason = reason;
	return v;
}

/* Length of 1, 2 or 5 octets, as new packet headers and subpackets have it. The first octets from
 * partial_from to 254 announce a partial packet; subpackets have none (255). */
static bool
read_length(struct rd *r, uint8_t partial_from, uint32_t *n)
{
	uint8_t first, second;

	if (!rd_u8(r, &first))
		return false;
	if (first < 192) {
		*n = first;
		return true;
	}
	if (first == 255)
		return rd_u32(r, n);
	if (first >= partial_from || !rd_u8(r, &second))
		return false;
	*n = ((uint32_t)(first - 192) << 8) + second + 192;
	return true;
}

/* Length of an old packet header; type 3 has none. */
static bool
read_old_length(struct rd *r, unsigned type, uint32_t *n)
{
	uint16_t n16 = 0;
	uint8_t n8 = 0;

	if (type == 2)
		return rd_u32(r, n);
	if (type == 0 ? !rd_u8(r, &n8) : type != 1 || !rd_u16(r, &n16))
		return false;
	*n = (uint32_t)(n8 | n16);
	return true;
}

/* The content of the one packet that fills r. */
static const char *
read_packet(struct rd *r, struct rd *content)
{
	uint32_t n;
	uint8_t head;
	bool is_new;

	if (!rd_u8(r, &head) || (head & 0x80) == 0)
		return "no OpenPGP packet";
	is_new = (head & 0x40) != 0;
	if ((is_new ? head & 0x3f : head >> 2 & 0x0f) != PACKET_SIGNATURE)
		return "not a signature packet";
	if (is_new ? !read_length(r, 224, &n) : !read_old_length(r, head & 3, &n))
		return "the packet has no definite length";
	if (n > rd_left(r))
		return "the packet is cut";
	if (n < rd_left(r))
		return "something follows the packet";
	*content = *r;
	return NULL;
}

struct seen {
	unsigned issuer, created, expires;
};

/* One subpacket that is of interest: its body must have exactly this size, and be there once. */
static const char *
take_subpacket(uint8_t type, struct rd body, struct sigwalk *w, struct seen *seen)
{
	const uint8_t *fpr;
	uint8_t version;
	uint32_t t;

	switch (type) {
	case SUB_ISSUER_FPR:
		if (seen->issuer++ != 0)
			return "issuer fingerprint twice";
		if (!rd_u8(&body, &version) || version != 4 || !rd_bytes(&body, FPR_BYTES, &fpr) ||
		    !rd_end(&body))
			return "issuer fingerprint is not of a version 4 key";
		text_hex_upper(w->fpr.hex, fpr, FPR_BYTES);
		return NULL;
	case SUB_CREATED:
		if (seen->created++ != 0)
			return "creation time twice";
		if (!rd_u32(&body, &t) || !rd_end(&body))
			return "creation time has a wrong size";
		w->ctime = t;
		return NULL;
	case SUB_EXPIRES:
		if (seen->expires++ != 0)
			return "expiry twice";
		if (!rd_u32(&body, &w->expire) || !rd_end(&body))
			return "expiry has a wrong size";
		return NULL;
	default:
		return NULL;
	}
}

static const char *
read_hashed_area(struct rd area, struct sigwalk *w)
{
	struct seen seen = { 0 };
	const char *wrong = NULL;

	while (wrong == NULL && !rd_end(&area)) {
		const uint8_t *body;
		uint32_t n;
		uint8_t type;

		if (!read_length(&area, 255, &n) || n < 1 || !rd_u8(&area, &type) ||
		    !rd_bytes(&area, n - 1, &body))
			return "a hashed subpacket has a wrong length";
		wrong = take_subpacket(type & 0x7f, rd_of(body, n - 1), w, &seen);
	}
	if (wrong == NULL && seen.issuer == 0)
		return "no issuer fingerprint in the hashed area";
	if (wrong == NULL && seen.created == 0)
		return "no creation time in the hashed area";
	return wrong;
}

enum verdict
sigwalk_read(struct span sig, struct sigwalk *out)
{
	struct rd r = rd_of(sig.p, sig.n), content = { 0 };
	const char *wrong = read_packet(&r, &content);
	struct sigwalk w = { .reason = NULL };
	const uint8_t *p = content.p;
	uint16_t hashed;

	if (wrong != NULL)
		return refuse(out, V_MALFORMED_SIG, wrong);
	if (rd_left(&content) < CONTENT_MIN)
		return refuse(out, V_MALFORMED_SIG, "the packet is too short");
	if (p[0] != 4)
		return refuse(out, V_MALFORMED_SIG, "not a version 4 signature");
	if (p[1] != 0x00)
		return refuse(out, V_MALFORMED_SIG, "not a signature of a binary document");
	w.pk = p[2];
	if (w.pk != 1 && w.pk != 19 && w.pk != 22)
		return refuse(out, V_WEAK_ALG, "public-key algorithm is not RSA, ECDSA or EdDSA");
	w.hash = p[3];
	if (w.hash < 8 || w.hash > 10)
		return refuse(out, V_WEAK_ALG, "hash is not SHA-256, SHA-384 or SHA-512");
	hashed = rd16(p + 4);
	if (hashed > rd_left(&content) - HASHED_AT - BEHIND_HASHED)
		return refuse(out, V_MALFORMED_SIG, "the hashed area does not fit");
	if ((wrong = read_hashed_area(rd_of(p + HASHED_AT, hashed), &w)) != NULL)
		return refuse(out, V_MALFORMED_SIG, wrong);
	*out = w;
	return V_NONE;
}
