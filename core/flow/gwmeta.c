#include "core/flow/gwmeta.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

static const char magic[] = "#!mqgpd.meta 1";

void
gwmeta_init(struct gwmeta *m)
{
	memset(m, 0, sizeof *m);
}

void
gwmeta_done(struct gwmeta *m)
{
	free(m->committed);
	gwmeta_init(m);
}

static void
put_rev(struct buf *out, const char *key, const struct gwmeta_rev *r)
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, r->hash, HASH_BYTES);
	(void)buf_printf(out, "%s=%u %s\n", key, r->revision, hex);
}

enum mq_err
gwmeta_print(const struct gwmeta *m, struct buf *out)
{
	char hex[2 * HASH_BYTES + 1];

	(void)buf_printf(out, "%s\nboot=%u\ntime-floor=%lld\n", magic, m->boot,
	    (long long)m->time_floor);
	if (m->rekey_due)
		(void)buf_puts(out, "rekey-due=yes\n");
	if (m->halted_by != HALTED_NO)
		(void)buf_printf(out, "halted=%s %lld %s\n",
		    m->halted_by == HALTED_BY_OWNER ? "owner" : "recovery",
		    (long long)m->halt_issued, m->halt_reason);
	for (size_t i = 0; i < m->n_committed; i++)
		put_rev(out, "committed", &m->committed[i]);
	for (size_t i = 0; i < m->n_next; i++)
		put_rev(out, "next", &m->next[i]);
	if (m->next_rekey_due)
		(void)buf_puts(out, "next-rekey-due=yes\n");
	for (size_t i = 0; i < m->n_voided; i++) {
		text_hex(hex, m->voided[i], HASH_BYTES);
		(void)buf_printf(out, "void=%s\n", hex);
	}
	for (size_t i = 0; i < m->n_complete; i++) {
		text_hex(hex, m->complete[i].hash, HASH_BYTES);
		(void)buf_printf(out, "complete-at=%lld %s\n", (long long)m->complete[i].at, hex);
	}
	/* The last line tells a whole file from a cut one. */
	(void)buf_puts(out, "end=meta\n");
	return out->err;
}

/* ---- reading: one function a key */

static bool
split(struct span s, char at, struct span *left, struct span *right)
{
	const uint8_t *p = s.n != 0 ? memchr(s.p, at, s.n) : NULL;

	if (p == NULL)
		return false;
	*left = (struct span){ s.p, (size_t)(p - s.p) };
	*right = (struct span){ p + 1, s.n - left->n - 1 };
	return true;
}

static bool
read_seconds(struct span v, int64_t *out)
{
	uint64_t u;

	if (!text_u64(v, INT64_MAX / 1000, &u))
		return false;
	*out = (int64_t)u;
	return true;
}

static bool
read_rev(struct span v, struct gwmeta_rev *r)
{
	struct span number, hash;

	return split(v, ' ', &number, &hash) && text_u32(number, &r->revision) &&
	    text_unhex(hash, 'a', r->hash, HASH_BYTES);
}

static bool
read_boot(struct gwmeta *m, struct span v)
{
	return text_u32(v, &m->boot);
}

static bool
read_floor(struct gwmeta *m, struct span v)
{
	return read_seconds(v, &m->time_floor);
}

static bool
read_rekey(struct gwmeta *m, struct span v)
{
	return m->rekey_due = span_is(v, "yes");
}

static bool
read_halted(struct gwmeta *m, struct span v)
{
	struct span who, rest, issued, reason;

	if (!split(v, ' ', &who, &rest) || !split(rest, ' ', &issued, &reason) ||
	    reason.n >= sizeof m->halt_reason || !read_seconds(issued, &m->halt_issued))
		return false;
	m->halted_by = span_is(who, "owner") ? HALTED_BY_OWNER :
	    span_is(who, "recovery")	     ? HALTED_BY_RECOVERY : HALTED_NO;
	memcpy(m->halt_reason, reason.p, reason.n);
	m->halt_reason[reason.n] = 0;
	return m->halted_by != HALTED_NO;
}

/* Revisions ascend strictly: a replayed or edited list does not read. */
static bool
append_committed(struct gwmeta *m, const struct gwmeta_rev *r)
{
	struct gwmeta_rev *grown;

	if (m->n_committed != 0 && r->revision <= m->committed[m->n_committed - 1].revision)
		return false;
	if (m->n_committed == ACCEPT_HISTORY_MAX) {
		memmove(m->committed, m->committed + 1, (m->n_committed - 1) * sizeof *grown);
		m->committed[m->n_committed - 1] = *r;
		return true;
	}
	grown = realloc(m->committed, (m->n_committed + 1) * sizeof *grown);
	if (grown == NULL)
		return false;
	m->committed = grown;
	m->committed[m->n_committed++] = *r;
	return true;
}

static bool
read_committed(struct gwmeta *m, struct span v)
{
	struct gwmeta_rev r;

	return read_rev(v, &r) && append_committed(m, &r);
}

static bool
read_next(struct gwmeta *m, struct span v)
{
	return m->n_next < GWMETA_NEXT_MAX && read_rev(v, &m->next[m->n_next++]);
}

static bool
read_next_rekey(struct gwmeta *m, struct span v)
{
	return m->next_rekey_due = span_is(v, "yes");
}

static bool
read_void(struct gwmeta *m, struct span v)
{
	return m->n_voided < GWMETA_VOID_MAX &&
	    text_unhex(v, 'a', m->voided[m->n_voided++], HASH_BYTES);
}

static bool
read_complete(struct gwmeta *m, struct span v)
{
	struct span at, hash;
	struct gwmeta_complete *c;

	if (m->n_complete == ACCEPT_PENDING_MAX || !split(v, ' ', &at, &hash))
		return false;
	c = &m->complete[m->n_complete++];
	return read_seconds(at, &c->at) && text_unhex(hash, 'a', c->hash, HASH_BYTES);
}

static const struct {
	const char *key;
	bool (*read)(struct gwmeta *m, struct span value);
} keys[] = {
	{ "boot", read_boot },
	{ "time-floor", read_floor },
	{ "rekey-due", read_rekey },
	{ "halted", read_halted },
	{ "committed", read_committed },
	{ "next", read_next },
	{ "next-rekey-due", read_next_rekey },
	{ "void", read_void },
	{ "complete-at", read_complete },
};

static bool
read_pair(struct gwmeta *m, struct span line)
{
	struct span key, value;

	if (!split(line, '=', &key, &value))
		return false;
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (span_is(key, keys[i].key))
			return keys[i].read(m, value);
	return false;
}

enum mq_err
gwmeta_parse(struct span text, struct gwmeta *m, struct mq_error *e)
{
	struct rd r = rd_of(text.p, text.n);
	struct span line;
	unsigned number = 1;

	gwmeta_done(m);
	if (!rd_line(&r, &line) || !span_is(line, magic))
		return mq_fail(e, MQ_ESTATE, "meta does not begin with \"%s\"", magic);
	while (rd_line(&r, &line)) {
		number++;
		if (span_is(line, "end=meta") && rd_end(&r))
			return MQ_OK;
		if (!read_pair(m, line))
			break;
	}
	gwmeta_done(m);
	return mq_fail(e, MQ_ESTATE, "meta is damaged at line %u", number);
}

enum mq_err
gwmeta_commit(struct gwmeta *m)
{
	for (size_t i = 0; i < m->n_next; i++)
		if (!append_committed(m, &m->next[i]))
			return MQ_ESTATE;
	m->rekey_due = m->next_rekey_due;
	m->n_next = m->n_voided = m->n_complete = 0;
	m->next_rekey_due = false;
	m->halted_by = HALTED_NO;
	m->halt_issued = 0;
	m->halt_reason[0] = 0;
	return MQ_OK;
}

int64_t
gwmeta_complete_at(const struct gwmeta *m, const uint8_t hash[HASH_BYTES])
{
	for (size_t i = 0; i < m->n_complete; i++)
		if (memcmp(m->complete[i].hash, hash, HASH_BYTES) == 0)
			return m->complete[i].at;
	return 0;
}

void
gwmeta_set_complete(struct gwmeta *m, const uint8_t hash[HASH_BYTES], int64_t at)
{
	if (gwmeta_complete_at(m, hash) != 0 || m->n_complete == ACCEPT_PENDING_MAX)
		return;
	memcpy(m->complete[m->n_complete].hash, hash, HASH_BYTES);
	m->complete[m->n_complete++].at = at;
}

void
gwmeta_keep_complete(struct gwmeta *m, const uint8_t (*keep)[HASH_BYTES], size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n_complete; i++) {
		bool found = false;

		for (size_t k = 0; k < n && !found; k++)
			found = memcmp(keep[k], m->complete[i].hash, HASH_BYTES) == 0;
		if (found)
			m->complete[kept++] = m->complete[i];
	}
	m->n_complete = kept;
}

bool
gwmeta_add_void(struct gwmeta *m, const uint8_t hash[HASH_BYTES])
{
	for (size_t i = 0; i < m->n_voided; i++)
		if (memcmp(m->voided[i], hash, HASH_BYTES) == 0)
			return true;
	if (m->n_voided == GWMETA_VOID_MAX)
		return false;
	memcpy(m->voided[m->n_voided++], hash, HASH_BYTES);
	return true;
}

const struct gwmeta_rev *
gwmeta_newest(const struct gwmeta *m)
{
	return m->n_committed != 0 ? &m->committed[m->n_committed - 1] : NULL;
}
