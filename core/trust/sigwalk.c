#include "core/trust/sigwalk.h"

#include <string.h>

#include "core/base/text.h"
#include "core/trust/packet.h"

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

/* The content of the one packet that fills r. */
static const char *
read_packet(struct rd *r, struct rd *content)
{
	struct packet_head h;

	if (!packet_head(r, &h))
		return "no OpenPGP packet";
	if (h.tag != PACKET_SIGNATURE)
		return "not a signature packet";
	if (!h.definite)
		return "the packet has no definite length";
	if (h.n > rd_left(r))
		return "the packet is cut";
	if (h.n < rd_left(r))
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

		if (!packet_sublength(&area, &n) || n < 1 || !rd_u8(&area, &type) ||
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
