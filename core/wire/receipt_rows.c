#include "core/wire/receipt_rows.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/text.h"

#define HASH_PREFIX "b2-256:"
#define WORD_MAX 32
#define HEX_BYTES_MAX 64 /* a signature */

static const char *const state_names[] = {
	[GS_NONE] = "", [GS_UNCLAIMED] = "unclaimed", [GS_AWAIT] = "await", [GS_ACTIVE] = "active",
	[GS_PENDING] = "pending", [GS_WAITING_SECURE] = "waiting-secure",
	[GS_SWITCHING] = "switching", [GS_DELAYED] = "delayed", [GS_REJECTED] = "rejected",
	[GS_HALTED] = "halted", [GS_FAILSAFE] = "failsafe",
};
#define N_STATES (sizeof state_names / sizeof state_names[0])

const char *
gateway_state_name(enum gateway_state s)
{
	return (size_t)s < N_STATES ? state_names[s] : "";
}

/* ---- reading values: each takes what it reads off the front of *v */

bool
receipt_take_text(struct span *v, const char *text)
{
	if (!span_starts(*v, text))
		return false;
	v->p += strlen(text);
	v->n -= strlen(text);
	return true;
}

struct span
receipt_take_until(struct span *v, char end)
{
	const uint8_t *at = v->n != 0 ? memchr(v->p, end, v->n) : NULL;
	struct span part = { v->p, at != NULL ? (size_t)(at - v->p) : v->n };

	v->p += part.n;
	v->n -= part.n;
	return part;
}

bool
receipt_take_hex(struct span *v, uint8_t *out, size_t n)
{
	if (v->n < 2 * n || !text_unhex((struct span){ v->p, 2 * n }, 'a', out, n))
		return false;
	v->p += 2 * n;
	v->n -= 2 * n;
	return true;
}

static bool
take_hash(struct span *v, uint8_t out[HASH_BYTES])
{
	return receipt_take_text(v, HASH_PREFIX) && receipt_take_hex(v, out, HASH_BYTES);
}

static bool
take_fraction(struct span *v, char end, unsigned *part, unsigned *whole)
{
	uint32_t a, b;

	if (!text_u32(receipt_take_until(v, '/'), &a) || !receipt_take_text(v, "/") ||
	    !text_u32(receipt_take_until(v, end), &b))
		return false;
	*part = a;
	*whole = b;
	return true;
}

/* A word of letters of one case, and `more`, that begins with a letter; at most WORD_MAX. */
static bool
read_word(struct span v, char first, char last, const char *more, char out[WORD_MAX + 1])
{
	if (v.n == 0 || v.n > WORD_MAX)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		bool letter = v.p[i] >= first && v.p[i] <= last;

		if (!letter && (i == 0 || v.p[i] == '\0' || strchr(more, v.p[i]) == NULL))
			return false;
	}
	memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return true;
}

/* ---- the rows */

static bool
read_topic(struct receipt *r, struct span v)
{
	return topic_decode(v, true, r->topic, &r->topic_n);
}

static enum mq_err
put_topic(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return topic_encode(out, (struct span){ r->topic, r->topic_n });
}

static bool
read_gateway(struct receipt *r, struct span v)
{
	return conf_read_gateway(v, &r->gateway);
}

static enum mq_err
put_gateway(const struct receipt *r, size_t i, struct buf *out)
{
	char text[80];

	(void)i;
	conf_put_gateway(&r->gateway, text);
	return buf_puts(out, text);
}

static bool
read_boot(struct receipt *r, struct span v)
{
	return text_u32(v, &r->boot) && r->boot != 0;
}

static enum mq_err
put_boot(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_printf(out, "%" PRIu32, r->boot);
}

static bool
read_n(struct receipt *r, struct span v)
{
	return text_u32(v, &r->n) && r->n != 0;
}

static enum mq_err
put_n(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_printf(out, "%" PRIu32, r->n);
}

static bool
read_time(struct receipt *r, struct span v)
{
	return text_time(v, &r->time);
}

static enum mq_err
put_time(const struct receipt *r, size_t i, struct buf *out)
{
	char text[TEXT_TIME_MAX];

	(void)i;
	text_put_time(text, r->time);
	return buf_puts(out, text);
}

static bool
read_state(struct receipt *r, struct span v)
{
	for (size_t s = GS_UNCLAIMED; s < N_STATES; s++)
		if (span_is(v, state_names[s])) {
			r->state = (enum gateway_state)s;
			return true;
		}
	return false;
}

static enum mq_err
put_state(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_puts(out, gateway_state_name(r->state));
}

static bool
read_revision(struct receipt *r, struct span v)
{
	return text_u32(v, &r->revision);
}

static enum mq_err
put_revision(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_printf(out, "%" PRIu32, r->revision);
}

enum mq_err
receipt_put_hex(struct buf *out, const char *prefix, const uint8_t *p, size_t n)
{
	char hex[2 * HEX_BYTES_MAX + 1];

	text_hex(hex, p, n);
	return buf_printf(out, "%s%s", prefix, hex);
}

static bool
read_conf(struct receipt *r, struct span v)
{
	return take_hash(&v, r->conf) && v.n == 0;
}

static enum mq_err
put_conf(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return receipt_put_hex(out, HASH_PREFIX, r->conf, HASH_BYTES);
}

static size_t
count_one(const struct receipt *r)
{
	(void)r;
	return 1;
}

static size_t
count_pending(const struct receipt *r)
{
	return r->n_pending;
}

static bool
read_pending(struct receipt *r, struct span v)
{
	struct receipt_pending p;

	if (!text_u32(receipt_take_until(&v, ' '), &p.revision) || !receipt_take_text(&v, " ") ||
	    !take_hash(&v, p.hash) || !receipt_take_text(&v, " sigs=") ||
	    !take_fraction(&v, '+', &p.a, &p.b) || !receipt_take_text(&v, "+") ||
	    !take_fraction(&v, ' ', &p.c, &p.d) || v.n != 0)
		return false;
	r->pending[r->n_pending++] = p;
	return true;
}

static enum mq_err
put_pending(const struct receipt *r, size_t i, struct buf *out)
{
	const struct receipt_pending *p = &r->pending[i];

	(void)buf_printf(out, "%" PRIu32 " ", p->revision); /* seen by the last one */
	(void)receipt_put_hex(out, HASH_PREFIX, p->hash, HASH_BYTES);
	return buf_printf(out, " sigs=%u/%u+%u/%u", p->a, p->b, p->c, p->d);
}

static size_t
count_rejected(const struct receipt *r)
{
	return r->n_rejected;
}

static bool
read_rejected(struct receipt *r, struct span v)
{
	struct receipt_rejected x;

	if (!text_u32(receipt_take_until(&v, ' '), &x.revision) || !receipt_take_text(&v, " ") ||
	    !take_hash(&v, x.hash) || !receipt_take_text(&v, " ") ||
	    !read_word(v, 'A', 'Z', "-", x.code))
		return false;
	r->rejected[r->n_rejected++] = x;
	return true;
}

static enum mq_err
put_rejected(const struct receipt *r, size_t i, struct buf *out)
{
	const struct receipt_rejected *x = &r->rejected[i];

	(void)buf_printf(out, "%" PRIu32 " ", x->revision); /* seen by the last one */
	(void)receipt_put_hex(out, HASH_PREFIX, x->hash, HASH_BYTES);
	return buf_printf(out, " %s", x->code);
}

static size_t
count_reason(const struct receipt *r)
{
	return r->reason[0] != '\0';
}

static bool
read_reason(struct receipt *r, struct span v)
{
	return read_word(v, 'a', 'z', "-0123456789", r->reason);
}

static enum mq_err
put_reason(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_puts(out, r->reason);
}

static size_t
count_next_key(const struct receipt *r)
{
	return r->has_next_data_key;
}

static bool
read_next_key(struct receipt *r, struct span v)
{
	r->has_next_data_key = true;
	return receipt_take_text(&v, RECEIPT_KEY_PREFIX) &&
	    receipt_take_hex(&v, r->next_data_key, sizeof r->next_data_key) &&
	    receipt_take_text(&v, " pop=") &&
	    receipt_take_hex(&v, r->next_pop, sizeof r->next_pop) && v.n == 0;
}

static enum mq_err
put_next_key(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	(void)receipt_put_hex(out, RECEIPT_KEY_PREFIX, r->next_data_key, sizeof r->next_data_key);
	return receipt_put_hex(out, " pop=", r->next_pop, sizeof r->next_pop);
}

static size_t
count_rekey(const struct receipt *r)
{
	return r->rekey_due;
}

static bool
read_rekey(struct receipt *r, struct span v)
{
	r->rekey_due = true;
	return span_is(v, "yes");
}

static enum mq_err
put_rekey(const struct receipt *r, size_t i, struct buf *out)
{
	(void)r;
	(void)i;
	return buf_puts(out, "yes");
}

static bool
read_lost(struct receipt *r, struct span v)
{
	return text_u64(v, UINT64_MAX, &r->lost_link);
}

static enum mq_err
put_lost(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_printf(out, "%" PRIu64, r->lost_link);
}

static size_t
count_echo(const struct receipt *r)
{
	return r->n_echo;
}

static bool
read_echo(struct receipt *r, struct span v)
{
	return receipt_take_hex(&v, r->echo[r->n_echo++], sizeof r->echo[0]) && v.n == 0;
}

static enum mq_err
put_echo(const struct receipt *r, size_t i, struct buf *out)
{
	return receipt_put_hex(out, "", r->echo[i], sizeof r->echo[i]);
}

static size_t
count_ck(const struct receipt *r)
{
	return r->n_ck;
}

/* Ascending, and no topic twice. */
static bool
read_ck(struct receipt *r, struct span v)
{
	struct status_ck *ck = &r->ck[r->n_ck];
	uint8_t seq[8];

	if (!receipt_take_hex(&v, ck->topic8, sizeof ck->topic8) || !receipt_take_text(&v, " ") ||
	    !receipt_take_hex(&v, seq, sizeof seq) || !receipt_take_text(&v, " ") ||
	    !receipt_take_hex(&v, ck->chain, sizeof ck->chain) || v.n != 0)
		return false;
	ck->seq = rd64(seq);
	if (r->n_ck > 0 && memcmp(ck[-1].topic8, ck->topic8, sizeof ck->topic8) >= 0)
		return false;
	r->n_ck++;
	return true;
}

static enum mq_err
put_ck(const struct receipt *r, size_t i, struct buf *out)
{
	uint8_t seq[8];

	be64(seq, r->ck[i].seq);
	/* the last one sees what failed */
	(void)receipt_put_hex(out, "", r->ck[i].topic8, sizeof r->ck[i].topic8);
	(void)receipt_put_hex(out, " ", seq, sizeof seq);
	return receipt_put_hex(out, " ", r->ck[i].chain, sizeof r->ck[i].chain);
}

static size_t
count_page(const struct receipt *r)
{
	return r->pages != 0;
}

static bool
read_page(struct receipt *r, struct span v)
{
	return take_fraction(&v, ' ', &r->page, &r->pages) && v.n == 0 && r->page >= 1 &&
	    r->page <= r->pages && r->pages >= 2;
}

static enum mq_err
put_page(const struct receipt *r, size_t i, struct buf *out)
{
	(void)i;
	return buf_printf(out, "%u/%u", r->page, r->pages);
}

const struct receipt_row receipt_rows[] = {
	{ "topic", IN_BOTH, true, 1, read_topic, count_one, put_topic },
	{ "gateway", IN_BOTH, true, 1, read_gateway, count_one, put_gateway },
	{ "boot", IN_BOTH, true, 1, read_boot, count_one, put_boot },
	{ "n", IN_BOTH, true, 1, read_n, count_one, put_n },
	{ "time", IN_BOTH, true, 1, read_time, count_one, put_time },
	{ "state", IN_BOTH, true, 1, read_state, count_one, put_state },
	{ "revision", IN_BOTH, true, 1, read_revision, count_one, put_revision },
	{ "conf", IN_BOTH, true, 1, read_conf, count_one, put_conf },
	{ "pending", IN_RECEIPT, false, RECEIPT_ITEMS_MAX, read_pending, count_pending,
	    put_pending },
	{ "rejected", IN_RECEIPT, false, RECEIPT_ITEMS_MAX, read_rejected, count_rejected,
	    put_rejected },
	{ "reason", IN_RECEIPT, false, 1, read_reason, count_reason, put_reason },
	{ "next-data-key", IN_RECEIPT, false, 1, read_next_key, count_next_key, put_next_key },
	{ "rekey-due", IN_RECEIPT, false, 1, read_rekey, count_rekey, put_rekey },
	{ "lost-link", IN_STATUS, true, 1, read_lost, count_one, put_lost },
	{ "echo", IN_STATUS, false, STATUS_ECHO_MAX, read_echo, count_echo, put_echo },
	{ "ck", IN_STATUS, false, STATUS_CK_MAX, read_ck, count_ck, put_ck },
	{ "page", IN_STATUS, false, 1, read_page, count_page, put_page },
};
_Static_assert(sizeof receipt_rows / sizeof receipt_rows[0] <= RECEIPT_ROWS_MAX, "raise the limit");
const size_t receipt_rows_n = sizeof receipt_rows / sizeof receipt_rows[0];
