#include "core/wire/receipt.h"

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/wire/receipt_rows.h"

#define MAGIC_RECEIPT "#!mqgp.receipt "
#define MAGIC_STATUS "#!mqgp.status "
#define SIG_KEY "sig="
#define LABEL_POP "mqgp/1 pop" /* with the NUL, as every label */

/* ---- the whole text */

/* 0 if every byte may be there and the last line ends, else the first line that is wrong. */
static unsigned
bad_bytes_line(struct span payload)
{
	unsigned line = 1;

	for (size_t i = 0; i < payload.n; i++) {
		if (payload.p[i] == '\n')
			line++;
		else if (payload.p[i] < 0x20 || payload.p[i] > 0x7e)
			return line;
	}
	return payload.p[payload.n - 1] == '\n' ? 0 : line;
}

static bool
row_is_in(const struct receipt_row *row, bool status)
{
	return (row->in & (status ? IN_STATUS : IN_RECEIPT)) != 0;
}

/* Reads one line into its row at or below *at; used counts the lines of row *at so far. */
static bool
read_line(struct receipt *r, struct span line, size_t *at, unsigned *used)
{
	struct span value = line, key = receipt_take_until(&value, '=');

	if (!receipt_take_text(&value, "=") || value.n == 0)
		return false;
	for (size_t i = *at; i < receipt_rows_n; i++) {
		const struct receipt_row *row = &receipt_rows[i];

		if (!row_is_in(row, r->is_status) || !span_is(key, row->key))
			continue;
		*used = i == *at ? *used + 1 : 1;
		*at = i;
		return *used <= row->max && row->read(r, value);
	}
	return false;
}

static bool
read_sig(struct receipt *r, struct span line)
{
	uint32_t kid;

	if (!receipt_take_text(&line, SIG_KEY RECEIPT_KEY_PREFIX) ||
	    !text_u32(receipt_take_until(&line, ':'), &kid) ||
	    kid >= CONF_DATA_KEYS_MAX || !receipt_take_text(&line, ":") ||
	    !receipt_take_hex(&line, r->sig, sizeof r->sig) || line.n != 0)
		return false;
	r->kid = (uint8_t)kid;
	return true;
}

/* The lines behind the magic one. False: *line is the first wrong one, 0 if a key is missing. */
static bool
read_lines(struct receipt *r, struct rd *rd, const uint8_t *start, unsigned *line)
{
	bool seen[RECEIPT_ROWS_MAX] = { false };
	size_t at = 0;
	unsigned used = 0;
	struct span text = { NULL, 0 };

	for (*line = 2; rd_line(rd, &text) && !span_starts(text, SIG_KEY); ++*line) {
		if (!read_line(r, text, &at, &used))
			return false;
		seen[at] = true;
	}
	if (span_starts(text, SIG_KEY)) {
		r->signed_n = (size_t)(text.p - start);
		if (!read_sig(r, text))
			return false;
		++*line;
		if (!rd_end(rd))
			return false; /* nothing comes behind the signature */
	} else {
		r->signed_n = 0;
	}
	*line = 0;
	for (size_t i = 0; i < receipt_rows_n; i++) {
		const struct receipt_row *row = &receipt_rows[i];

		if (row->required && row_is_in(row, r->is_status) && !seen[i])
			return false;
	}
	return r->signed_n != 0;
}

enum verdict
receipt_parse(struct span payload, bool status, struct receipt *out, unsigned *line)
{
	struct rd rd = rd_of(payload.p, payload.n);
	struct span first = { NULL, 0 };
	struct receipt r;

	*line = 0;
	if (payload.n == 0)
		return V_CLEARED;
	if (!span_starts(payload, status ? MAGIC_STATUS : MAGIC_RECEIPT))
		return status ? V_LINK_HINT : V_UNSIGNED;
	if (payload.n > RECEIPT_MAX || (*line = bad_bytes_line(payload)) != 0)
		return V_MALFORMED;
	memset(&r, 0, sizeof r);
	r.is_status = status;
	*line = 1;
	if (!rd_line(&rd, &first) ||
	    !span_is(first, status ? MAGIC_STATUS "1" : MAGIC_RECEIPT "1") ||
	    !read_lines(&r, &rd, payload.p, line))
		return V_MALFORMED;
	*out = r;
	return V_NONE;
}

static enum mq_err
put_lines(const struct receipt *r, struct buf *out)
{
	(void)buf_puts(out, r->is_status ? MAGIC_STATUS "1\n" : MAGIC_RECEIPT "1\n");
	for (size_t i = 0; i < receipt_rows_n; i++) {
		const struct receipt_row *row = &receipt_rows[i];
		size_t n = row_is_in(row, r->is_status) ? row->count(r) : 0;

		for (size_t k = 0; k < n && k < row->max; k++) {
			(void)buf_printf(out, "%s=", row->key); /* the first failure stays */
			(void)row->put(r, k, out);
			(void)buf_putc(out, '\n');
		}
	}
	return out->err;
}

enum mq_err
receipt_print(const struct receipt *r, const uint8_t sk[64], struct buf *out)
{
	uint8_t sig[crypto_sign_BYTES];
	struct receipt back;
	size_t start = out->n;
	unsigned line;
	enum mq_err e = put_lines(r, out);

	if (e != MQ_OK)
		return e;
	/* never fails */
	(void)crypto_sign_detached(sig, NULL, out->p + start, out->n - start, sk);
	(void)buf_printf(out, SIG_KEY RECEIPT_KEY_PREFIX "%u:", r->kid); /* seen by the last one */
	(void)receipt_put_hex(out, "", sig, sizeof sig);
	if (buf_putc(out, '\n') != MQ_OK)
		return out->err;
	if (out->n - start > RECEIPT_MAX)
		e = MQ_ELIMIT;
	else if (receipt_parse((struct span){ out->p + start, out->n - start }, r->is_status, &back,
		     &line) != V_NONE)
		e = MQ_EINVAL;
	if (e != MQ_OK)
		out->n = start;
	return e;
}

/* ---- proof of possession */

/* label, 20 or 32 bytes of the gateway, the key in use */
static size_t
pop_text(uint8_t out[sizeof LABEL_POP + 32 + 32], const struct conf_gateway *g,
    const uint8_t old_pk[32])
{
	size_t n = sizeof LABEL_POP;

	memcpy(out, LABEL_POP, n);
	if (g->is_edkey) {
		memcpy(out + n, g->pk, 32);
		n += 32;
	} else {
		/* a struct fpr holds 40 upper hex digits */
		(void)text_unhex(span_of(g->fpr.hex), 'A', out + n, 20);
		n += 20;
	}
	memcpy(out + n, old_pk, 32);
	return n + 32;
}

void
receipt_pop(uint8_t pop[64], const struct conf_gateway *g, const uint8_t old_pk[32],
    const uint8_t new_sk[64])
{
	uint8_t text[sizeof LABEL_POP + 32 + 32];
	size_t n = pop_text(text, g, old_pk);

	(void)crypto_sign_detached(pop, NULL, text, n, new_sk); /* never fails */
}

bool
receipt_pop_ok(const uint8_t pop[64], const struct conf_gateway *g, const uint8_t old_pk[32],
    const uint8_t new_pk[32])
{
	uint8_t text[sizeof LABEL_POP + 32 + 32];
	size_t n = pop_text(text, g, old_pk);

	return crypto_sign_verify_detached(pop, text, n, new_pk) == 0;
}
