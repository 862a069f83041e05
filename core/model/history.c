#include "core/model/history.h"

#include <stdlib.h>
#include <string.h>

#define BUDGET_MIN (64u << 10) /* room for a screenful of short values */
#define BUDGET_SHARE 8	       /* one message takes at most this part of the budget */

/* Age lists, evicted in this order; HELD is in none. */
enum kind { SPARE, PLAIN, SECURED, KINDS, HELD = KINDS };

struct history {
	struct topictree *topics;
	struct history_entry *list[KINDS]; /* sentinels: next = oldest, prev = youngest */
	size_t budget, bytes, entries;
	uint64_t evicted;
	uint32_t serial;
};

/* ---- age lists */

static void
unlink_age(struct history_entry *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	e->prev = e->next = e;
}

static void
append_age(struct history_entry *head, struct history_entry *e)
{
	e->prev = head->prev;
	e->next = head;
	head->prev->next = e;
	head->prev = e;
}

static enum kind
kind_of(const struct topic_node *n, const struct topic_leaf *l, const struct history_entry *e)
{
	if (e != l->newest && e != l->verified)
		return SPARE;
	if ((n->flags & TOPIC_CONTROL) && (n->flags & TOPIC_VERIFIED))
		return HELD;
	return n->flags & TOPIC_SECURED ? SECURED : PLAIN;
}

/* Puts e behind all others of its kind: it became what it is just now. */
static void
place(struct history *h, const struct topic_node *n, const struct topic_leaf *l,
    struct history_entry *e)
{
	enum kind k = kind_of(n, l, e);

	unlink_age(e);
	if (k != HELD)
		append_age(h->list[k], e);
}

/* ---- life */

struct history *
history_new(struct topictree *t, size_t budget)
{
	struct history *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	h->topics = t;
	h->budget = budget < BUDGET_MIN ? BUDGET_MIN : budget;
	for (int i = 0; i < KINDS; i++) {
		if ((h->list[i] = calloc(1, sizeof *h->list[i])) == NULL) {
			history_free(h);
			return NULL;
		}
		h->list[i]->prev = h->list[i]->next = h->list[i];
	}
	return h;
}

void
history_free(struct history *h)
{
	if (h == NULL)
		return;
	for (uint32_t i = 1; h->list[KINDS - 1] != NULL && i <= topictree_last_number(h->topics);
	    i++) {
		struct topic_node *n = topictree_at(h->topics, i);

		if (topictree_number(n) == i)
			history_forget(h, n, false);
	}
	for (int i = 0; i < KINDS; i++)
		free(h->list[i]);
	free(h);
}

/* ---- adding */

enum verdict_class
history_class(const struct history_msg *m)
{
	return m->calm ? CLASS_NEUTRAL : verdict_class_of(m->verdict, m->flags);
}

static size_t
bytes_of(const struct history_entry *e)
{
	size_t value_end = (size_t)e->value_at + e->value_n;

	return e->raw_n > value_end ? e->raw_n : value_end;
}

/* What malloc takes for it. */
static size_t
cost_of(const struct history_entry *e)
{
	return (offsetof(struct history_entry, bytes) + bytes_of(e) + e->reason_n + 8 + 15) / 16 * 16;
}

static uint8_t
bits_of(const struct history_msg *m)
{
	unsigned bits = (unsigned)(m->kid & 7) << HISTORY_KID;

	bits |= m->retained ? HISTORY_RETAINED : 0;
	bits |= m->qos == 1 ? HISTORY_QOS1 : m->qos == 2 ? HISTORY_QOS2 : 0;
	bits |= m->envelope ? HISTORY_ENVELOPE : 0;
	return (uint8_t)bits;
}

/* Of a message that is not green there may be the length alone (OVERSIZE). */
static bool
is_cut(const struct history_msg *m, size_t raw_n, size_t value_n)
{
	return raw_n < m->raw.n || value_n < m->value.n ||
	    (m->raw.n == 0 && m->size != 0 && !verdict_is_green(m->verdict));
}

/* Content that was sent in clear is kept once. */
static bool
lies_in(struct span inner, struct span outer)
{
	uintptr_t from = (uintptr_t)outer.p, at = (uintptr_t)inner.p;

	return inner.n != 0 && at >= from && at - from <= outer.n && inner.n <= outer.n - (at - from);
}

static struct history_entry *
make_entry(const struct history_msg *m, size_t keep)
{
	struct span raw = { m->raw.p, m->raw.n < keep ? m->raw.n : keep };
	struct span value = { m->value.p, m->value.n < keep ? m->value.n : keep };
	size_t reason_n = m->reason == NULL ? 0 : strnlen(m->reason, HISTORY_REASON_MAX);
	bool inside = lies_in(value, raw);
	size_t n = raw.n + (inside ? 0 : value.n);
	struct history_entry *e = malloc(offsetof(struct history_entry, bytes) + n + reason_n);

	if (e == NULL)
		return NULL;
	memset(e, 0, offsetof(struct history_entry, bytes));
	e->prev = e->next = e;
	e->received_ms = m->received_ms;
	e->claimed_ms = m->claimed_ms;
	e->seq = m->seq;
	e->rev = m->rev;
	e->epoch = m->epoch;
	e->lost = m->lost;
	e->size = m->size > UINT32_MAX ? UINT32_MAX : (uint32_t)m->size;
	e->raw_n = (uint32_t)raw.n;
	e->value_at = (uint32_t)(inside ? (size_t)(value.p - raw.p) : raw.n);
	e->value_n = (uint32_t)value.n;
	e->flags = (uint16_t)m->flags;
	e->verdict = (uint8_t)m->verdict;
	e->bits = bits_of(m);
	e->cls = (uint8_t)history_class(m);
	if (raw.n != 0)
		memcpy(e->bytes, raw.p, raw.n);
	if (value.n != 0 && !inside)
		memcpy(e->bytes + raw.n, value.p, value.n);
	e->reason_n = (uint8_t)reason_n;
	if (reason_n != 0)
		memcpy(e->bytes + n, m->reason, reason_n);
	if (is_cut(m, raw.n, value.n))
		e->bits |= HISTORY_CUT;
	return e;
}

struct history_entry *
history_add(struct history *h, struct topic_node *n, const struct history_msg *m, size_t keep)
{
	struct topic_leaf *l = topictree_make_leaf(h->topics, n);
	struct history_entry *e, *was_newest, *was_verified = NULL;

	if (keep > h->budget / BUDGET_SHARE)
		keep = h->budget / BUDGET_SHARE;
	if (l == NULL || (e = make_entry(m, keep)) == NULL)
		return NULL;
	e->node = topictree_number(n);
	e->serial = ++h->serial;
	was_newest = l->newest;
	e->older = was_newest;
	if (was_newest != NULL)
		was_newest->newer = e;
	l->newest = e;
	if (verdict_is_green(m->verdict) && (m->current || l->verified == NULL)) {
		was_verified = l->verified;
		l->verified = e;
	}
	l->entries++;
	h->entries++;
	h->bytes += cost_of(e);
	if (was_newest != NULL)
		place(h, n, l, was_newest);
	if (was_verified != NULL && was_verified != was_newest)
		place(h, n, l, was_verified);
	place(h, n, l, e);
	return e;
}

/* ---- evicting */

static void
drop(struct history *h, struct topic_node *n, struct topic_leaf *l, struct history_entry *e)
{
	bool newest = e == l->newest;

	unlink_age(e);
	if (!newest)
		e->newer->older = e->older;
	else
		l->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	if (l->verified == e)
		l->verified = NULL;
	l->entries--;
	h->entries--;
	h->bytes -= cost_of(e);
	free(e);
	if (newest && l->newest != NULL)
		place(h, n, l, l->newest);
}

bool
history_over(const struct history *h)
{
	return h->bytes > h->budget;
}

struct topic_node *
history_evict(struct history *h)
{
	for (int k = 0; k < KINDS; k++) {
		struct history_entry *e = h->list[k]->next;
		struct topic_node *n;
		struct topic_leaf *l;

		if (e == h->list[k])
			continue;
		n = topictree_at(h->topics, e->node);
		l = topictree_leaf(h->topics, n);
		/* The last verified value goes last of its topic. */
		if (e == l->verified && e != l->newest)
			e = l->newest;
		drop(h, n, l, e);
		h->evicted++;
		return n;
	}
	return NULL;
}

void
history_forget(struct history *h, struct topic_node *n, bool count)
{
	struct topic_leaf *l = topictree_leaf(h->topics, n);

	if (l == NULL)
		return;
	for (struct history_entry *e = l->newest, *older; e != NULL; e = older) {
		older = e->older;
		unlink_age(e);
		h->entries--;
		h->bytes -= cost_of(e);
		h->evicted += count;
		free(e);
	}
	l->newest = l->verified = NULL;
	l->entries = 0;
}

/* ---- reading */

struct history_entry *
history_find(const struct topic_leaf *l, uint32_t serial)
{
	struct history_entry *e = l->newest;

	for (int i = 0; e != NULL && i < HISTORY_LOOK_BACK; i++, e = e->older)
		if (e->serial == serial)
			return e;
	return NULL;
}

struct history_entry *
history_nth(const struct topic_leaf *l, size_t i)
{
	struct history_entry *e = l->newest;

	while (e != NULL && i-- > 0)
		e = e->older;
	return e;
}

struct span
history_raw(const struct history_entry *e)
{
	return (struct span){ e->bytes, e->raw_n };
}

struct span
history_value(const struct history_entry *e)
{
	return (struct span){ e->bytes + e->value_at, e->value_n };
}

struct span
history_reason(const struct history_entry *e)
{
	return (struct span){ e->bytes + bytes_of(e), e->reason_n };
}

unsigned
history_qos(const struct history_entry *e)
{
	return e->bits & HISTORY_QOS2 ? 2 : e->bits & HISTORY_QOS1 ? 1 : 0;
}

unsigned
history_kid(const struct history_entry *e)
{
	return e->bits >> HISTORY_KID;
}

size_t
history_bytes(const struct history *h)
{
	return h->bytes;
}

size_t
history_budget(const struct history *h)
{
	return h->budget;
}

size_t
history_entries(const struct history *h)
{
	return h->entries;
}

uint64_t
history_evicted(const struct history *h)
{
	return h->evicted;
}
