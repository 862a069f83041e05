/* What the gateway of a followed tree says: receipts, heartbeats, the info copy (3.2, 3.10). */
#include "core/flow/follow_impl.h"

#include <stdio.h>
#include <string.h>

/* Confs whose data key may judge a receipt: the verified chain, and a candidate that is complete
 * as far as we can see; what the gateway runs may be ahead of what we could verify alone. */
static const struct conf *
find_conf(void *arg, const uint8_t hash[HASH_BYTES])
{
	struct follow *f = arg;

	for (size_t i = 0; i < f->n_chain; i++)
		if (memcmp(f->chain[i].conf->hash, hash, HASH_BYTES) == 0)
			return f->chain[i].conf;
	for (size_t i = 0; i < f->n_cand; i++)
		if (memcmp(f->kept[i].conf->hash, hash, HASH_BYTES) == 0 && f->cand[i].b != 0 &&
		    f->cand[i].a >= f->cand[i].b && f->cand[i].c >= f->cand[i].d)
			return f->kept[i].conf;
	return NULL;
}

static void
take_receipt(struct follow *f, const struct receipt *r)
{
	const struct conf *n = f->n_chain != 0 ? f->chain[0].conf : NULL;
	bool same = n != NULL && memcmp(r->conf, n->hash, HASH_BYTES) == 0;

	f->gw.any_receipt = true;
	f->gw.receipt = *r;
	f->gw.receipt_ms = clock_wall_ms(f->o.clock);
	if (same) {
		f->marks.update_since_ms = 0;
		f->marks.split_unknown = false;
		if (f->n_chain > 1 && r->time * 1000 < f->chain[1].retired_ms)
			f->chain[1].retired_ms = r->time * 1000; /* grace counts from here: 3.8 */
	} else if (n != NULL && r->revision == n->revision)
		f->marks.conflict = true; /* split view: two histories of one revision */
	f->marks.halted = f->halted_by != HALTED_NO || (same && r->state == GS_HALTED);
	follow_make_judge_tree(f);
	follow_all_dirty(f); /* candidates: the gateway may run one of them */
}

static void
take_status(struct follow *f, const struct receipt *r)
{
	f->gw.any_status = true;
	f->gw.status = *r;
	f->gw.status_ms = clock_wall_ms(f->o.clock);
	f->gw.status_mono_ms = clock_mono_ms(f->o.clock);
}

/* A receipt that names an unknown conf of our own revision is the first sign of a split. */
static void
note_unknown_conf(struct follow *f, struct span payload, bool status)
{
	struct receipt r;
	unsigned line;

	if (status || f->n_chain == 0 || receipt_parse(payload, status, &r, &line) != V_NONE)
		return;
	f->marks.split_unknown = r.revision == f->chain[0].conf->revision &&
	    memcmp(r.conf, f->chain[0].conf->hash, HASH_BYTES) != 0;
}

void
follow_judge_receipt(struct follow *f, struct follow_watch *w, struct span payload)
{
	bool status = w->slot == SLOT_STATUS;
	struct receipt_last *last = status ? &f->last_status : &f->last_receipt;
	struct follow_event ev = { .payload = payload };
	struct conf_gateway gateway = { 0 };
	struct receipt r;
	unsigned line = 0;

	memset(&r, 0, sizeof r);
	if (f->n_chain != 0)
		gateway = f->chain[0].conf->gateway;
	ev.verdict = receipt_judge(payload, status, follow_span(f), &gateway, find_conf, f, last,
	    &r, &line);
	if (ev.verdict == V_MALFORMED)
		(void)snprintf(ev.reason, sizeof ev.reason, "line %u", line);
	else if (ev.verdict == V_NEEDS_CONF)
		note_unknown_conf(f, payload, status);
	else if (ev.verdict == V_EQUIVOCATION)
		f->marks.conflict = true;
	if (verdict_is_green(ev.verdict)) {
		receipt_remember(last, &r, payload);
		ev.receipt = &r;
		ev.revision = r.revision;
		memcpy(ev.hash, r.conf, HASH_BYTES);
		if (status)
			take_status(f, &r);
		else
			take_receipt(f, &r);
	}
	w->told = false; /* each heartbeat is news */
	follow_tell(f, w, &ev);
}

/* ---- the unprotected copy: only compared, never believed */

/* The bytes from the first line that is exactly the magic; every line before it is a comment. */
static bool
info_body(struct span payload, struct span *body)
{
	struct rd r = rd_of(payload.p, payload.n);
	const uint8_t *at = r.p;
	struct span line;

	while (rd_line(&r, &line)) {
		if (span_is(line, "#!mqgp.conf 1")) {
			*body = (struct span){ at, (size_t)(r.end - at) };
			return true;
		}
		if (line.n != 0 && line.p[0] != '#')
			return false;
		at = r.p;
	}
	return false;
}

static bool
has_owner_line(struct span body)
{
	struct rd r = rd_of(body.p, body.n);
	struct span line;

	while (rd_line(&r, &line))
		if (span_starts(line, "owner="))
			return true;
	return false;
}

struct pair_search {
	struct span key, value;
	bool found;
};

static void
match_pair(void *arg, struct span key, struct span value)
{
	struct pair_search *s = arg;

	s->found |= span_eq(key, s->key) && span_eq(value, s->value);
}

struct first_difference {
	struct span ours;
	char *what;
	size_t size;
};

static void
compare_pair(void *arg, struct span key, struct span value)
{
	struct first_difference *d = arg;
	struct pair_search s = { key, value, false };

	if (d->what[0] != 0)
		return;
	conf_each_pair(d->ours, match_pair, &s);
	if (!s.found)
		(void)snprintf(d->what, d->size, "the copy says %.*s=%.*s", (int)key.n,
		    (const char *)key.p, (int)(value.n > 90 ? 90 : value.n), (const char *)value.p);
}

void
follow_judge_info(struct follow *f, struct follow_watch *w, struct span payload)
{
	struct follow_event ev = { .payload = payload, .verdict = V_INFO };
	struct first_difference d = { .what = f->marks.info_what,
		.size = sizeof f->marks.info_what };
	uint8_t hash[HASH_BYTES];
	struct span body;

	f->marks.info_what[0] = 0;
	f->marks.info_differs = false;
	f->marks.info_seen = payload.n != 0;
	if (payload.n == 0)
		ev.verdict = V_CLEARED;
	else if (!info_body(payload, &body))
		f->marks.info_ownerless = f->n_chain == 0;
	else {
		f->marks.info_ownerless = !has_owner_line(body);
		conf_hash(hash, body);
		if (f->n_chain != 0 && find_conf(f, hash) == NULL) {
			ev.verdict = V_INFO_MISMATCH;
			f->marks.info_differs = true;
			d.ours = conf_body(f->chain[0].conf);
			conf_each_pair(body, compare_pair, &d);
			(void)snprintf(ev.reason, sizeof ev.reason, "%.90s", d.what);
		}
	}
	follow_tell(f, w, &ev);
}
