/* One look at everything that could become the next conf (PROTOCOL 3.5). */
#include "core/flow/gateway_impl.h"

#include <stdio.h>
#include <string.h>

struct look {
	struct desk_view view;
	struct accept_env env;
	struct accept_state s;
	struct accept_policy policy;
};

void
gateway_accept_state(struct gateway *g, struct accept_state *s)
{
	const struct gwmeta *m = &g->o.store->meta;
	const struct secret *claim = &g->o.store->claim;

	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < m->n_complete; i++) {
		memcpy(g->moment[i].hash, m->complete[i].hash, HASH_BYTES);
		g->moment[i].at = m->complete[i].at;
	}
	s->current = g->cur;
	s->committed = g->committed;
	s->n_committed = g->committed != NULL ? m->n_committed : 0;
	s->gateway = g->o.identity;
	memcpy(s->data_key, g->data_pk, sizeof s->data_key);
	s->pending = g->kept;
	s->n_pending = g->n_cand;
	s->moment = g->moment;
	s->n_moments = m->n_complete;
	s->voided = m->voided;
	s->n_voided = m->n_voided;
	s->halted_by = m->halted_by;
	s->halt_issued = m->halt_issued;
	s->rekey_due = m->rekey_due;
	s->time_floor = m->time_floor;
	s->topic = g->o.topic;
	s->anchor_owner = g->o.anchor;
	s->n_anchor_owners = g->o.n_anchor;
	s->anchor_threshold = g->o.anchor_threshold;
	s->claim_key = claim->n == HASH_BYTES ? claim->p : NULL;
}

struct accept_policy
gateway_policy(const struct gateway *g)
{
	return (struct accept_policy){ .floor = g->o.floor != SUITE_NONE ? g->o.floor : SUITE_HMAC,
		.allow_non_ascii = g->o.allow_non_ascii };
}

static void
look_init(struct look *l, struct gateway *g, struct span tree)
{
	gateway_accept_state(g, &l->s);
	l->policy = gateway_policy(g);
	l->view = (struct desk_view){ .desk = g->o.desk, .tree = tree, .current = g->cur };
	desk_env(&l->view, &l->env);
}

/* ---- what is told about refused ones */

void
gateway_note_rejected(struct gateway *g, const struct conf *c, enum verdict v)
{
	struct receipt_rejected one = { .revision = c->revision };
	size_t at = 0;

	memcpy(one.hash, c->hash, HASH_BYTES);
	(void)snprintf(one.code, sizeof one.code, "%s", verdict_code(v));
	while (at < g->n_rejected && memcmp(g->rejected[at].hash, one.hash, HASH_BYTES) != 0)
		at++;
	if (at < g->n_rejected) { /* known: only its code may have changed */
		g->rejected[at] = one;
		return;
	}
	if (g->n_rejected < RECEIPT_ITEMS_MAX)
		g->n_rejected++;
	memmove(&g->rejected[1], &g->rejected[0], (g->n_rejected - 1) * sizeof one);
	g->rejected[0] = one;
}

/* Not the fault of the candidate, or not the end of it. One that a claim let in has no signature
 * worth keeping until its signer's certificate is here. */
static bool
may_come_back(const struct accept_result *r)
{
	return r->verdict == V_SYS_ERROR || r->verdict == V_UNKNOWN_KEY || r->verdict == V_UNSIGNED ||
	    r->verdict == V_GAP ||
	    (r->verdict == V_REJECTED && r->reason == REASON_RECOVERY_PENDING);
}

static bool
worth_telling(const struct accept_result *r)
{
	return r->conf != NULL && !r->stored && !r->commit && r->verdict != V_SYS_ERROR &&
	    r->verdict != V_GAP && !verdict_is_green(r->verdict) &&
	    (r->flags & FLAG_LEFTOVER) == 0;
}

/* ---- one payload */

static bool
is_n(const struct gateway *g, const struct accept_result *r)
{
	return g->cur != NULL && r->gate && memcmp(r->conf->hash, g->cur->hash, HASH_BYTES) == 0;
}

static bool
is_successor(const struct gateway *g, const struct accept_result *r)
{
	return g->cur != NULL && r->gate && r->complete && (r->stored || r->commit) &&
	    r->conf->revision > g->cur->revision;
}

static void
describe(struct gateway_seen *seen, const struct accept_result *r)
{
	const struct conf_errors *errors = r->errors;

	seen->why[0] = 0;
	if (errors != NULL && errors->n != 0)
		(void)snprintf(seen->why, sizeof seen->why, "%s%s%.100s", errors->e[0].key,
		    errors->e[0].key[0] != 0 ? ": " : "", errors->e[0].text);
}

static void
note_seen(struct gateway *g, struct gateway_seen *seen, const struct accept_result *r)
{
	seen->any = true;
	seen->pending = r->pending;
	if (r->pending)
		return; /* the old knowledge stands until the answer is there */
	seen->verdict = r->verdict;
	seen->reason = r->reason;
	seen->line = r->line;
	describe(seen, r);
	seen->is_n = is_n(g, r);
	seen->successor = is_successor(g, r);
	seen->kept = r->stored || r->commit;
	if (seen->is_n || seen->kept)
		seen->since_ms = 0;
	else if (seen->since_ms == 0)
		seen->since_ms = gateway_mono(g) + 1; /* 0 means never */
	if (r->conf != NULL && r->conf->revision > (g->cur != NULL ? g->cur->revision : 0) &&
	    r->conf->revision > g->gap_to)
		g->gap_to = r->conf->revision;
}

/* Judges one payload and does what follows. True: committed. */
static bool
judge(struct gateway *g, const struct accept_slot *slot, struct span payload,
    struct gateway_seen *seen, struct accept_result *r)
{
	struct look l;
	bool committed = false;

	look_init(&l, g, slot->tree);
	accept_judge(&l.s, &l.policy, &l.env, slot, payload, clock_wall(g->o.clock), r);
	if (seen != NULL)
		note_seen(g, seen, r);
	if (r->pending)
		return false;
	gateway_record_moments(g, r);
	if (r->commit)
		committed = gateway_commit(g, r, &l.env);
	else if (r->stored)
		(void)gateway_keep(g, r, false); /* refused for want of room: its slot still has it */
	if (r->stored || r->commit)
		g->refused_for = REASON_NONE;
	else if (r->verdict == V_REJECTED)
		g->refused_for = r->reason;
	if (worth_telling(r))
		gateway_note_rejected(g, r->conf, r->verdict);
	return committed;
}

static bool
judge_slot(struct gateway *g, struct span tree, enum topic_slot name, uint32_t number,
    struct gateway_seen *seen)
{
	const struct accept_slot slot = { .tree = tree, .name = name, .rev = number };
	struct accept_result r;
	struct span payload;
	bool committed;

	if (!desk_get(g->o.desk, tree, name, number, &payload)) {
		if (seen != NULL)
			memset(seen, 0, sizeof *seen);
		return false;
	}
	committed = judge(g, &slot, payload, seen, &r);
	accept_result_done(&r);
	return committed;
}

/* ---- stored candidates, judged again from their bytes */

static const struct gwstore_pending *
stored_bytes(const struct gateway *g, const uint8_t hash[HASH_BYTES])
{
	const struct gwstore *s = g->o.store;

	for (size_t i = 0; i < s->n_pend; i++)
		if (memcmp(s->pend[i].hash, hash, HASH_BYTES) == 0)
			return &s->pend[i];
	return NULL;
}

static void
remember(struct gateway *g, size_t i, const struct accept_result *r)
{
	struct gateway_candidate *c = &g->cand[i];

	c->verdict = r->verdict;
	c->reason = r->reason;
	c->a = r->a;
	c->b = r->b;
	c->c = r->c;
	c->d = r->d;
}

/* A stored one is judged as if it lay on `next`, where only its content matters. */
static bool
judge_stored(struct gateway *g, size_t i)
{
	const struct gwstore_pending *p = stored_bytes(g, g->kept[i].conf->hash);
	const struct accept_slot slot = { .tree = gateway_tree(g), .name = SLOT_NEXT };
	struct accept_result r;
	uint8_t hash[HASH_BYTES];
	struct buf bytes;
	bool committed;

	if (p == NULL)
		return false;
	memcpy(hash, p->hash, sizeof hash);
	buf_init(&bytes, BUNDLE_MAX);
	if (buf_put(&bytes, p->bundle.p, p->bundle.n) != MQ_OK)
		return false;
	committed = judge(g, &slot, buf_span(&bytes), NULL, &r);
	i = gateway_find(g, hash);
	if (!committed && !r.pending && i < g->n_cand) {
		remember(g, i, &r);
		if (!r.stored && !r.commit && !may_come_back(&r))
			gateway_drop(g, i);
	}
	accept_result_done(&r);
	buf_done(&bytes);
	return committed;
}

/* A tree that moves shows itself on `secure` of the new tree. */
static bool
judge_new_place(struct gateway *g, size_t i)
{
	uint8_t topic[TOPIC_CONF_MAX];
	struct span t = conf_topic(g->kept[i].conf);

	if (span_eq(t, gateway_tree(g)))
		return false;
	memcpy(topic, t.p, t.n); /* the candidate may be replaced meanwhile */
	return judge_slot(g, (struct span){ topic, t.n }, SLOT_SECURE, 0, NULL);
}

static void
find_standing(struct gateway *g)
{
	struct look l;
	int standing;

	look_init(&l, g, gateway_tree(g));
	standing = accept_standing_recovery(&l.s, &l.policy, &l.env, clock_wall(g->o.clock));
	if (standing != -2) /* outstanding: the old one stands until then */
		g->standing = standing;
	if (g->standing >= (int)g->n_cand)
		g->standing = -1;
}

bool
gateway_judge_all(struct gateway *g)
{
	uint32_t n = g->cur != NULL ? g->cur->revision : 0;
	struct span tree = gateway_tree(g);

	gateway_judge_halt(g);
	find_standing(g);
	if (judge_slot(g, tree, SLOT_SECURE, 0, &g->secure) ||
	    judge_slot(g, tree, SLOT_NEXT, 0, &g->next) ||
	    (n != 0 && judge_slot(g, tree, SLOT_LOG, n, &g->log_n)) ||
	    (n != UINT32_MAX && judge_slot(g, tree, SLOT_LOG, n + 1, NULL)))
		return true;
	for (size_t i = g->n_cand; i-- > 0;) /* a dropped one leaves the ones before it in place */
		if (judge_new_place(g, i) || (i < g->n_cand && judge_stored(g, i)))
			return true;
	find_standing(g);
	return false;
}
