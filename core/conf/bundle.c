#include "core/conf/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define FIRST_LINE "MQGP-BUNDLE 1"
#define LENGTH_KEY "body-bytes: "
#define CLAIM_KEY "claim: "
#define SIG_KEY "sig: "

enum verdict
bundle_form(struct span payload, bool halt, bool *encrypted)
{
	*encrypted = false;
	if (payload.n > BUNDLE_MAX)
		return V_OVERSIZE;
	if (payload.n == 0)
		return V_CLEARED;
	if (payload.p[0] == 'M')
		return V_NONE;
	if (payload.p[0] < 0x80 || halt)
		return V_UNSIGNED;
	*encrypted = true;
	return V_NONE;
}

/* Takes the next header line off r if it begins with key; *value is the rest of the line. */
static bool
header(struct rd *r, const char *key, struct span *value)
{
	size_t n = strlen(key);
	struct rd after = *r;
	struct span line;

	if (!rd_line(&after, &line) || line.n > BUNDLE_LINE_MAX || !span_starts(line, key))
		return false;
	*value = (struct span){ line.p + n, line.n - n };
	*r = after;
	return true;
}

static bool
holds(const struct bundle *b, struct span sig)
{
	for (size_t i = 0; i < b->n_sigs; i++)
		if (span_eq((struct span){ b->sig[i].p, b->sig[i].n }, sig))
			return true;
	return false;
}

/* Decodes one signature into b unless it is there already. */
static enum verdict
take_sig(struct bundle *b, struct span text)
{
	struct buf raw;
	enum verdict v = V_MALFORMED;

	buf_init(&raw, BUNDLE_SIG_BYTES_MAX);
	if (!text_unbase64(text, &raw))
		goto out;
	v = V_NONE;
	if (holds(b, buf_span(&raw)))
		goto out;
	b->sig[b->n_sigs++] = (struct bundle_sig){ raw.p, raw.n }; /* the bundle owns them now */
	return V_NONE;
out:
	buf_done(&raw);
	return v;
}

static enum verdict
parse(struct rd r, struct bundle *b)
{
	struct span value;
	uint32_t length;
	size_t lines = 0;
	enum verdict v;

	if (!header(&r, FIRST_LINE, &value) || value.n != 0)
		return V_MALFORMED;
	if (!header(&r, LENGTH_KEY, &value) || !text_u32(value, &length) || length < 1 ||
	    length > CONF_BODY_MAX)
		return V_MALFORMED;
	if (header(&r, CLAIM_KEY, &value)) {
		if (!text_unhex(value, 'a', b->claim, sizeof b->claim))
			return V_MALFORMED;
		b->has_claim = true;
	}
	while (header(&r, SIG_KEY, &value)) {
		if (++lines > BUNDLE_SIGS_MAX)
			return V_MALFORMED;
		if ((v = take_sig(b, value)) != V_NONE)
			return v;
	}
	if (!header(&r, "", &value) || value.n != 0 || rd_left(&r) != length)
		return V_MALFORMED;
	b->body = (struct span){ r.p, length };
	return V_NONE;
}

enum verdict
bundle_parse(struct span payload, struct bundle *out)
{
	struct bundle b = { .n_sigs = 0 };
	enum verdict v = V_MALFORMED;

	if (payload.n <= BUNDLE_MAX)
		v = parse(rd_of(payload.p, payload.n), &b);
	if (v != V_NONE)
		bundle_done(&b);
	else
		*out = b;
	return v;
}

void
bundle_done(struct bundle *b)
{
	while (b->n_sigs > 0)
		free(b->sig[--b->n_sigs].p);
	memset(b, 0, sizeof *b);
}

enum mq_err
bundle_print(struct buf *out, struct span body, const uint8_t *claim,
    const struct bundle_sig *sigs, size_t n_sigs)
{
	size_t start = out->n;
	char hex[65];

	if (body.n < 1 || body.n > CONF_BODY_MAX || n_sigs > BUNDLE_SIGS_MAX)
		return MQ_ELIMIT;
	(void)buf_printf(out, FIRST_LINE "\n" LENGTH_KEY "%zu\n", body.n); /* errors stick */
	if (claim != NULL) {
		text_hex(hex, claim, 32);
		(void)buf_printf(out, CLAIM_KEY "%s\n", hex);
	}
	for (size_t i = 0; i < n_sigs; i++) {
		if (sigs[i].n < 1 || sigs[i].n > BUNDLE_SIG_BYTES_MAX)
			return MQ_ELIMIT;
		(void)buf_puts(out, SIG_KEY);
		(void)text_base64(out, sigs[i].p, sigs[i].n);
		(void)buf_putc(out, '\n');
	}
	(void)buf_putc(out, '\n');
	(void)buf_put(out, body.p, body.n);
	if (out->err == MQ_OK && out->n - start > BUNDLE_MAX)
		out->err = MQ_ELIMIT;
	return out->err;
}
