#include "core/trust/armor.h"

#include "core/base/text.h"

#define CRC_BYTES 3
#define CRC_START 0xB704CEU /* RFC 4880, 6.1 */
#define CRC_POLYNOMIAL 0x1864CFBU

static uint32_t
crc24(struct span s)
{
	uint32_t crc = CRC_START;

	for (size_t i = 0; i < s.n; i++) {
		crc ^= (uint32_t)s.p[i] << 16;
		for (int bit = 0; bit < 8; bit++) {
			crc <<= 1;
			if ((crc & 0x1000000U) != 0)
				crc ^= CRC_POLYNOMIAL;
		}
	}
	return crc & 0xFFFFFFU;
}

/* A line without its end, whichever of the two ends it has. */
static bool
next_line(struct rd *r, struct span *line)
{
	if (!rd_line(r, line))
		return false;
	if (line->n != 0 && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

static bool
skip_head(struct rd *r)
{
	struct span line;

	if (!next_line(r, &line) || !span_starts(line, "-----BEGIN PGP "))
		return false;
	while (next_line(r, &line))
		if (line.n == 0)
			return true;
	return false;
}

static bool
checksum_ok(struct span line, struct span bytes)
{
	uint32_t crc = crc24(bytes);
	struct buf b;
	bool ok;

	buf_init(&b, CRC_BYTES);
	ok = text_unbase64((struct span){ line.p + 1, line.n - 1 }, &b) && b.n == CRC_BYTES &&
	    ((uint32_t)b.p[0] << 16 | (uint32_t)b.p[1] << 8 | b.p[2]) == crc;
	buf_done(&b);
	return ok;
}

enum mq_err
armor_open(struct buf *out, struct span armored)
{
	struct rd r = rd_of(armored.p, armored.n);
	size_t start = out->n;
	struct span line;

	if (armored.n != 0 && armored.p[0] >= 0x80)
		return buf_put(out, armored.p, armored.n);
	if (!skip_head(&r))
		return MQ_EFORMAT;
	while (next_line(&r, &line)) {
		struct span bytes = { out->p + start, out->n - start };

		if (span_starts(line, "-----END PGP "))
			return bytes.n != 0 ? MQ_OK : MQ_EFORMAT;
		if (line.n != 0 && line.p[0] == '=') {
			if (!checksum_ok(line, bytes))
				return MQ_EFORMAT;
		} else if (!text_unbase64(line, out)) {
			return out->err != MQ_OK ? out->err : MQ_EFORMAT;
		}
	}
	return MQ_EFORMAT;
}
