/* Recovery wins (PROTOCOL 3.11): which stored recovery candidate stands; and what pend/ keeps. */
#include <stdlib.h>
#include <string.h>

#include "core/conf/accept_case.h"

#define STORED_OF_A_KIND 4 /* PROTOCOL 3.12 */

/* Everything but signatures; cheap, so it comes first. */
static bool
may_stand(const struct accept_case *k)
{
	const struct conf *c = k->conf;

	return c->kind == KIND_RECOVERY && k->kept->complete_at != 0 &&
	    memcmp(c->prev, k->n.hash, HASH_BYTES) == 0 && k->now < c->valid_until &&
	    (!c->has_offer_until || k->now < c->offer_until);
}

static enum accept_fact
could_stand(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, int64_t now, size_t i)
{
	const struct accept_candidate *stored = &s->pending[i];
	struct accept_case k = { .real = s, .s = s, .policy = policy, .env = env, .now = now,
		.conf = stored->conf, .kept = stored };
	struct accept_signed in = { .conf = stored->conf, .base = &k.base, .kept = stored->sig,
		.n_kept = stored->n_sigs };
	struct accept_count n;
	bool wait = false;

	k.n = k.base = accept_base_current(s);
	if (!may_stand(&k) || accept_reason_of(&k, false, &wait) != REASON_NONE)
		return FACT_NO;
	if (!accept_count(env, &in, &n))
		return FACT_WAIT;
	return n.lines.both ? FACT_YES : FACT_NO;
}

static bool
comes_before(const struct accept_candidate *a, const struct accept_candidate *b)
{
	if (a->complete_at != b->complete_at)
		return a->complete_at < b->complete_at;
	return memcmp(a->conf->hash, b->conf->hash, HASH_BYTES) < 0;
}

int
accept_standing_recovery(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, int64_t now)
{
	bool wait = false;
	int first = -1;

	for (size_t i = 0; s->current != NULL && i < s->n_pending; i++) {
		enum accept_fact f = could_stand(s, policy, env, now, i);

		wait = wait || f == FACT_WAIT;
		if (f == FACT_YES &&
		    (first < 0 || comes_before(&s->pending[i], &s->pending[first])))
			first = (int)i;
	}
	return wait ? -2 : first;
}

enum accept_fact
accept_other_recovery_stands(const struct accept_case *k)
{
	int i = accept_standing_recovery(k->s, k->policy, k->env, k->now);

	if (i == -2)
		return FACT_WAIT;
	if (i < 0 || memcmp(k->s->pending[i].conf->hash, k->conf->hash, HASH_BYTES) == 0)
		return FACT_NO;
	return FACT_YES;
}

int
accept_replaces(const struct accept_state *s, enum conf_kind kind, unsigned a,
    const unsigned *a_of, int standing)
{
	int weakest = -2;
	size_t stored = 0;

	for (size_t i = 0; i < s->n_pending; i++) {
		if (s->pending[i].conf->kind != kind)
			continue;
		stored++;
		if ((int)i != standing && (weakest < 0 || a_of[i] <= a_of[weakest]))
			weakest = (int)i;
	}
	if (stored < STORED_OF_A_KIND)
		return -1;
	return weakest >= 0 && a > a_of[weakest] ? weakest : -2;
}

void
accept_candidate_done(struct accept_candidate *c)
{
	for (size_t i = 0; i < c->n_sigs; i++)
		free(c->sig[i].p);
	conf_free(c->conf);
	memset(c, 0, sizeof *c);
}

enum mq_err
accept_keep(struct accept_candidate *c, const struct accept_result *r)
{
	struct accept_candidate merged = { .conf = conf_dup(r->conf), .complete_at = c->complete_at,
		.voided = c->voided };

	if (merged.conf == NULL)
		return MQ_ENOMEM;
	if (merged.complete_at == 0)
		merged.complete_at = r->complete_at;
	for (size_t i = 0; i < r->n_signers; i++) {
		struct bundle_sig *to = &merged.sig[i];

		if ((to->p = (uint8_t *)span_dup(r->signer_sig[i])) == NULL) {
			accept_candidate_done(&merged);
			return MQ_ENOMEM;
		}
		to->n = r->signer_sig[i].n;
		merged.n_sigs++;
	}
	accept_candidate_done(c);
	*c = merged;
	return MQ_OK;
}
