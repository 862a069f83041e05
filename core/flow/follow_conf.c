/* Confs, candidates and halt orders of a followed tree (PROTOCOL 3.5, 3.11). */
#include "core/flow/follow_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct accept_policy
follow_policy(const struct follow *f)
{
	return (struct accept_policy){ .floor = f->o.floor != SUITE_NONE ? f->o.floor : SUITE_HMAC,
		.allow_non_ascii = f->o.allow_non_ascii, .dashboard = true };
}

void
follow_state(const struct follow *f, struct accept_state *s)
{
	const struct conf *n = f->n_chain != 0 ? f->chain[0].conf : NULL;
	const struct conf_data_key *k = n != NULL ? conf_find_key(n, 0, ROLE_GATEWAY) : NULL;

	memset(s, 0, sizeof *s);
	s->current = f->n_chain != 0 ? f->chain[0].conf : NULL;
	s->committed = f->committed;
	s->n_committed = f->n_committed;
	s->topic = follow_span(f);
	if (n != NULL)
		s->gateway = n->gateway;
	else if (f->pin.any)
		s->gateway = f->pin.gateway;
	if (k != NULL)
		memcpy(s->data_key, k->pk, sizeof s->data_key);
	if (f->gw.any_receipt) {
		s->has_next_data_key = f->gw.receipt.has_next_data_key;
		memcpy(s->next_data_key, f->gw.receipt.next_data_key, sizeof s->next_data_key);
		s->rekey_due = f->gw.receipt.rekey_due;
		s->gateway_runs = f->gw.receipt.conf;
	}
	s->pending = f->kept;
	s->n_pending = f->n_cand;
	s->halted_by = f->halted_by;
	s->halt_issued = f->halt_issued;
}

/* accept_state wants history ascending; the chain is newest first. The predecessor of the oldest
 * body is known by its hash alone: a rollback to it is recognised whoever signed it. */
static void
index_committed(struct follow *f)
{
	const struct conf *oldest = f->n_chain != 0 ? f->chain[f->n_chain - 1].conf : NULL;
	size_t n = 0;

	if (oldest != NULL && oldest->revision > 1) {
		f->committed[n] = (struct accept_committed){ .revision = oldest->revision - 1 };
		memcpy(f->committed[n++].hash, oldest->prev, HASH_BYTES);
	}
	for (size_t i = f->n_chain; i-- > 0; n++) {
		const struct follow_conf *c = &f->chain[i];

		f->committed[n].revision = c->conf->revision;
		memcpy(f->committed[n].hash, c->conf->hash, HASH_BYTES);
		f->committed[n].conf = c->conf;
	}
	f->n_committed = n;
}

void
follow_make_judge_tree(struct follow *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_chain && n < JUDGE_REVS_MAX; i++) {
		const struct conf *c = f->chain[i].conf;
		const struct secret *s = follow_secret(f, c->epoch);
		struct judge_rev *r = &f->jt.rev[n++];

		env_conf_of(&r->env, c, s != NULL ? s->p : NULL);
		r->conf = c;
		r->retired_ms = f->chain[i].retired_ms;
	}
	f->jt.n_revs = n;
	f->jt.grace_s = n != 0 ? f->chain[0].conf->grace : 0;
}

static void
drop_candidate(struct follow *f, size_t i)
{
	accept_candidate_done(&f->kept[i]);
	f->n_cand--;
	memmove(&f->kept[i], &f->kept[i + 1], (f->n_cand - i) * sizeof f->kept[0]);
	memmove(&f->cand[i], &f->cand[i + 1], (f->n_cand - i) * sizeof f->cand[0]);
}

static void
drop_dead_candidates(struct follow *f)
{
	const struct conf *n = f->chain[0].conf;

	for (size_t i = f->n_cand; i-- > 0;)
		if (f->kept[i].conf->revision != n->revision + 1 ||
		    memcmp(f->kept[i].conf->prev, n->hash, HASH_BYTES) != 0)
			drop_candidate(f, i);
}

/* Nobody need publish anything for an offer to be over. */
void
follow_drop_late_candidates(struct follow *f)
{
	int64_t now = clock_wall(f->o.clock);

	for (size_t i = f->n_cand; i-- > 0;) {
		const struct conf *c = f->kept[i].conf;

		if (now < c->valid_until && (!c->has_offer_until || now < c->offer_until))
			continue;
		drop_candidate(f, i);
		f->changed = true;
	}
}

static void
push_conf(struct follow *f, struct conf *c, struct span bundle, const struct fpr *signer,
    size_t n_signers)
{
	int64_t now = clock_wall_ms(f->o.clock);
	struct follow_conf *at = &f->chain[0];

	if (f->n_chain == FOLLOW_CHAIN_MAX)
		follow_conf_done(&f->chain[--f->n_chain]);
	if (f->n_chain != 0)
		f->chain[0].retired_ms = now;
	memmove(&f->chain[1], &f->chain[0], f->n_chain * sizeof f->chain[0]);
	memset(at, 0, sizeof *at);
	at->conf = c;
	buf_init(&at->bundle, BUNDLE_MAX);
	(void)buf_put(&at->bundle, bundle.p, bundle.n); /* without it: not shown, still believed */
	at->n_signers = n_signers < 4 ? n_signers : 4;
	if (at->n_signers != 0)
		memcpy(at->signer, signer, at->n_signers * sizeof *signer);
	at->arrived_ms = now;
	f->n_chain++;
}

static void
settle(struct follow *f)
{
	index_committed(f);
	drop_dead_candidates(f);
	follow_make_judge_tree(f);
	follow_all_dirty(f);
	f->changed = true;
}

/* C is verified and newer: it is N now. */
static void
adopt(struct follow *f, struct accept_result *r)
{
	bool first = f->n_chain == 0;

	for (size_t i = 0; i < r->n_run; i++) {
		push_conf(f, r->run[i], (struct span){ NULL, 0 }, NULL, 0);
		r->run[i] = NULL;
	}
	r->n_run = 0;
	push_conf(f, r->conf, (struct span){ r->bundle, r->bundle_n }, r->signer, r->n_signers);
	r->conf = NULL;
	f->halted_by = HALTED_NO;
	f->halt_issued = 0;
	f->marks.halted = false;
	f->marks.split_unknown = false;
	if (!first && !(f->gw.any_receipt &&
			memcmp(f->gw.receipt.conf, f->chain[0].conf->hash, HASH_BYTES) == 0))
		f->marks.update_since_ms = clock_wall_ms(f->o.clock);
	if (first) { /* heartbeats are due from now on */
		f->gw.since_mono_ms = clock_mono_ms(f->o.clock);
		desk_vouch(f->o.desk, follow_span(f));
	}
	settle(f);
}

static size_t
candidate_of(struct follow *f, const struct conf *c)
{
	size_t i = 0;

	while (i < f->n_cand && memcmp(f->kept[i].conf->hash, c->hash, HASH_BYTES) != 0)
		i++;
	return i;
}

static void
keep_candidate(struct follow *f, const struct accept_result *r)
{
	size_t i = candidate_of(f, r->conf);
	struct follow_candidate *k;

	if (i == f->n_cand) {
		if (f->n_cand == ACCEPT_PENDING_MAX)
			drop_candidate(f, 0); /* a dashboard shows the newest ones */
		i = f->n_cand;
		memset(&f->kept[i], 0, sizeof f->kept[i]);
		if (accept_keep(&f->kept[i], r) != MQ_OK)
			return;
		f->n_cand++;
		f->changed = true;
		follow_all_dirty(f); /* certificates of the people it names may be here already */
	} else
		(void)accept_keep(&f->kept[i], r); /* without memory the old signatures stay */
	k = &f->cand[i];
	memset(k, 0, sizeof *k);
	k->verdict = r->verdict;
	k->flags = r->flags;
	k->reason = r->reason;
	k->a = r->a;
	k->b = r->b;
	k->c = r->c;
	k->d = r->d;
	k->due_at = r->due_at;
	k->n_signers = r->n_signers;
	memcpy(k->signer, r->signer, r->n_signers * sizeof k->signer[0]);
}

/* A candidate that can no longer become N (expired, rejected, forked) leaves the list. */
static void
forget_candidate(struct follow *f, const struct accept_result *r)
{
	size_t i = r->conf != NULL ? candidate_of(f, r->conf) : f->n_cand;

	if (i < f->n_cand) {
		drop_candidate(f, i);
		f->changed = true;
	}
}

/* Revisions below the oldest known one are authentic if their hash is its `prev`. */
static void
chain_back(struct follow *f)
{
	while (f->n_chain != 0 && f->n_chain < FOLLOW_CHAIN_MAX) {
		const struct conf *oldest = f->chain[f->n_chain - 1].conf;
		struct follow_conf *at = &f->chain[f->n_chain];
		struct conf_policy policy = { f->o.allow_non_ascii };
		struct span payload;
		struct bundle b;
		uint8_t hash[HASH_BYTES];
		struct conf *c = NULL;

		if (oldest->revision == 1 ||
		    !desk_get(f->o.desk, follow_span(f), SLOT_LOG, oldest->revision - 1, &payload) ||
		    bundle_parse(payload, &b) != V_NONE)
			return;
		conf_hash(hash, b.body);
		if (memcmp(hash, oldest->prev, HASH_BYTES) == 0)
			(void)conf_parse(b.body, &policy, &c, NULL); /* c stays NULL on failure */
		bundle_done(&b);
		if (c == NULL)
			return;
		memset(at, 0, sizeof *at);
		at->conf = c;
		buf_init(&at->bundle, BUNDLE_MAX);
		(void)buf_put(&at->bundle, payload.p, payload.n);
		at->retired_ms = f->chain[f->n_chain - 1].arrived_ms;
		at->arrived_ms = at->retired_ms;
		f->n_chain++;
		index_committed(f);
		follow_make_judge_tree(f);
		follow_all_dirty(f);
		f->changed = true;
	}
}

static void
take_marks(struct follow *f, const struct follow_watch *w, const struct accept_result *r)
{
	if (w->slot == SLOT_SECURE && !w->behind) {
		f->marks.secure_seen = true;
		if (r->verdict != V_CLEARED)
			f->marks.secure_cleared_ms = 0;
		else if (!f->marks.secure_cleared)
			f->marks.secure_cleared_ms = clock_wall_ms(f->o.clock);
		f->marks.secure_cleared = r->verdict == V_CLEARED;
		f->marks.secure_verdict = r->verdict;
	}
	if (r->verdict == V_FORK && (r->flags & FLAG_INCOMPLETE) == 0)
		f->marks.conflict = true;
	if (r->verdict == V_WRONG_GATEWAY && f->n_chain != 0)
		f->marks.gateway_changed = true;
}

/* At first contact only `secure` may say what N is (3.5): what lies in log/ or on next is history or
 * a proposal of a tree that is not known yet. */
static bool
is_too_early(const struct follow *f, const struct follow_watch *w, const struct accept_result *r)
{
	return f->n_chain == 0 && w->slot != SLOT_SECURE && r->conf != NULL;
}

/* At the start those kept here are still being read in. */
static bool
lacks_owner(const struct follow *f)
{
	const struct conf *c = f->chain[0].conf;

	for (size_t i = 0; i < c->n_owners; i++)
		if (!desk_knows_key(f->o.desk, &c->owner[i]))
			return true;
	return false;
}

/* The certificates a conf needs are asked for when it is seen: no alarm until they had time. */
static bool
waits_for_certs(const struct follow *f, const struct follow_watch *w, const struct accept_result *r)
{
	int64_t now = clock_mono_ms(f->o.clock);
	bool early = f->n_chain == 0 || (now - f->began_ms < FOLLOW_CERTS_MS && lacks_owner(f));

	return early && r->verdict == V_UNKNOWN_KEY && now - w->since_ms < FOLLOW_CERTS_MS;
}

void
follow_describe(const struct accept_result *r, struct follow_event *ev)
{
	if (r->verdict == V_REJECTED)
		(void)snprintf(ev->reason, sizeof ev->reason, "%s", accept_reason_name(r->reason));
	else if (r->verdict == V_MALFORMED)
		(void)snprintf(ev->reason, sizeof ev->reason, "line %u", r->line);
	if (r->gate && (r->b != 0 || r->d != 0))
		(void)snprintf(ev->partial, sizeof ev->partial, "%u/%u+%u/%u", r->a, r->b, r->c,
		    r->d);
	if (r->conf != NULL) {
		ev->revision = r->conf->revision;
		memcpy(ev->hash, r->conf->hash, HASH_BYTES);
	}
}

void
follow_judge_conf(struct follow *f, struct follow_watch *w, struct span payload)
{
	struct desk_view view = { .desk = f->o.desk, .tree = follow_span(f),
		.current = f->n_chain != 0 ? f->chain[0].conf : NULL };
	struct accept_slot slot = { follow_span(f), w->slot, w->number, false };
	struct accept_policy policy = follow_policy(f);
	struct follow_event ev = { .payload = payload };
	struct accept_result r;
	struct accept_state s;
	struct accept_env env;

	follow_state(f, &s);
	desk_env(&view, &env);
	accept_judge(&s, &policy, &env, &slot, payload, clock_wall(f->o.clock), &r);
	if (r.pending || waits_for_certs(f, w, &r)) {
		if (view.limited && !w->told) {
			ev.verdict = V_RATE_LIMITED;
			follow_tell(f, w, &ev);
		}
		w->dirty = true; /* the answer will come, or tokens will */
		accept_result_done(&r);
		return;
	}
	follow_describe(&r, &ev);
	if (is_too_early(f, w, &r)) {
		ev.verdict = V_NEEDS_CONF;
		follow_tell(f, w, &ev);
		accept_result_done(&r);
		return;
	}
	ev.verdict = r.verdict;
	ev.flags = r.flags;
	take_marks(f, w, &r);
	if (verdict_is_green(r.verdict) && r.conf != NULL &&
	    (f->n_chain == 0 || r.conf->revision > f->chain[0].conf->revision))
		adopt(f, &r);
	else if (r.stored)
		keep_candidate(f, &r);
	else
		forget_candidate(f, &r);
	follow_tell(f, w, &ev);
	accept_result_done(&r);
	chain_back(f);
}

void
follow_judge_halt(struct follow *f, struct follow_watch *w, struct span payload)
{
	struct desk_view view = { .desk = f->o.desk, .tree = follow_span(f) };
	struct accept_slot slot = { follow_span(f), SLOT_HALT, 0, false };
	struct accept_policy policy = follow_policy(f);
	struct follow_event ev = { .payload = payload };
	struct accept_state s;
	struct accept_env env;
	struct halt_result r;

	if (f->n_chain == 0) {
		ev.verdict = payload.n == 0 ? V_CLEARED : V_NEEDS_CONF;
		follow_tell(f, w, &ev);
		return;
	}
	view.current = f->chain[0].conf;
	follow_state(f, &s);
	desk_env(&view, &env);
	accept_halt(&s, &policy, &env, &slot, payload, clock_wall(f->o.clock), &r);
	if (r.pending) {
		w->dirty = true;
		return;
	}
	ev.verdict = r.verdict;
	if (r.verdict == V_MALFORMED)
		(void)snprintf(ev.reason, sizeof ev.reason, "line %u", r.line);
	if (verdict_is_green(r.verdict)) {
		(void)snprintf(ev.reason, sizeof ev.reason, "%s", r.reason);
		for (size_t i = 0; i < r.n_voids; i++)
			f->kept[r.voids[i]].voided = true;
		if (r.by > f->halted_by)
			f->halted_by = r.by;
		f->halt_issued = r.issued > f->halt_issued ? r.issued : f->halt_issued;
		f->marks.halted = true;
	}
	follow_tell(f, w, &ev);
}

/* ---- the anchor */

enum mq_err
follow_set_pin(struct follow *f, const struct follow_pin *pin, struct span bundle)
{
	struct conf_policy policy = { f->o.allow_non_ascii };
	struct conf *c = NULL;
	struct bundle b;

	desk_vouch(f->o.desk, follow_span(f));
	f->pin = *pin;
	f->marks.pinned = true;
	f->marks.gateway_changed |= pin->changed;
	f->changed = true;
	if (f->n_chain != 0 || bundle.n == 0)
		return MQ_OK;
	if (bundle_parse(bundle, &b) != V_NONE)
		return MQ_ESTATE;
	(void)conf_parse(b.body, &policy, &c, NULL);
	bundle_done(&b);
	if (c == NULL || c->revision != pin->revision ||
	    memcmp(c->hash, pin->hash, HASH_BYTES) != 0 ||
	    !span_eq(conf_topic(c), follow_span(f))) {
		conf_free(c);
		return MQ_ESTATE;
	}
	push_conf(f, c, bundle, NULL, 0);
	settle(f);
	return MQ_OK;
}

void
follow_unpin(struct follow *f)
{
	memset(&f->pin, 0, sizeof f->pin);
	f->marks.pinned = false;
	f->changed = true;
}
