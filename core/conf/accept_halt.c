/* The halt order: one owner or recovery key stops a gateway (PROTOCOL 3.5 end, 3.11). */
#include <stdlib.h>
#include <string.h>

#include "core/conf/accept_case.h"

struct halt_case {
	const struct accept_state *s;
	const struct accept_policy *policy;
	const struct accept_env *env;
	const struct accept_slot *slot;
	struct span payload;
	int64_t now;
	bool wait;
	struct accept_base n;
	struct bundle parsed;
	struct halt order;
	struct halt_result *r;
};

static enum verdict
fails_form(struct halt_case *k)
{
	bool encrypted = false;

	return bundle_form(k->payload, true, &encrypted);
}

static enum verdict
fails_grammar(struct halt_case *k)
{
	const struct conf_policy policy = { .allow_non_ascii = k->policy->allow_non_ascii };
	enum verdict v = bundle_parse(k->payload, &k->parsed);
	struct conf_errors *errors = calloc(1, sizeof *errors);

	if (errors == NULL)
		v = V_SYS_ERROR;
	if (v == V_NONE && halt_parse(k->parsed.body, &policy, &k->order, errors) != MQ_OK) {
		k->r->line = errors->line;
		v = V_MALFORMED;
	}
	free(errors);
	return v == V_NONE && k->parsed.has_claim ? V_MALFORMED : v;
}

static enum verdict
is_unsigned(struct halt_case *k)
{
	return k->parsed.n_sigs == 0 ? V_UNSIGNED : V_NONE;
}

static bool
is_listed(const struct fpr *list, size_t n, const struct fpr *f)
{
	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], f))
			return true;
	return false;
}

static void
count(struct halt_case *k, size_t i, const struct pgp_sig *sig)
{
	struct halt_result *r = k->r;
	bool recovery = is_listed(k->n.recovery, k->n.n_recovery, &sig->primary);

	r->sig[i] = sig->verdict;
	if (!accept_is_good(sig->verdict))
		return;
	if (!recovery && !is_listed(k->n.owner, k->n.n_owners, &sig->primary)) {
		r->sig[i] = V_NOT_OWNER;
		return;
	}
	r->by = recovery || r->by == HALTED_BY_RECOVERY ? HALTED_BY_RECOVERY : HALTED_BY_OWNER;
	if (!is_listed(r->signer, r->n_signers, &sig->primary))
		r->signer[r->n_signers++] = sig->primary;
}

static enum verdict
fails_gate(struct halt_case *k)
{
	struct pgp_sig sig[BUNDLE_SIGS_MAX];

	if (!accept_ask(k->env, k->parsed.body, k->parsed.sig, k->parsed.n_sigs, sig)) {
		k->wait = true;
		return V_NONE;
	}
	k->r->n_sigs = k->parsed.n_sigs;
	for (size_t i = 0; i < k->r->n_sigs; i++)
		count(k, i, &sig[i]);
	return k->r->n_signers != 0 ? V_NONE : accept_worst(k->r->sig, k->r->n_sigs);
}

static enum verdict
is_wrong_topic(struct halt_case *k)
{
	struct span topic = { k->order.topic, k->order.topic_n };

	return span_eq(topic, k->n.topic) && span_eq(k->slot->tree, k->n.topic) ? V_NONE :
										  V_WRONG_TOPIC;
}

static enum verdict
is_wrong_gateway(struct halt_case *k)
{
	return conf_same_gateway(&k->order.gateway, &k->s->gateway) ? V_NONE : V_WRONG_GATEWAY;
}

static enum verdict
is_for_another_revision(struct halt_case *k)
{
	if (k->order.revision == k->n.revision)
		return V_NONE;
	return k->order.revision < k->n.revision ? V_ROLLBACK : V_GAP;
}

static enum verdict
is_fork(struct halt_case *k)
{
	return memcmp(k->order.conf, k->n.hash, HASH_BYTES) != 0 ? V_FORK : V_NONE;
}

static enum verdict
is_not_yet(struct halt_case *k)
{
	return k->order.issued > k->now + ACCEPT_SKEW ? V_NOT_YET : V_NONE;
}

static enum verdict
is_verified(struct halt_case *k)
{
	(void)k; /* every row before has let it pass */
	return verdict_grant(V_VERIFIED);
}

/* In the order of 3.5 "Halt order". An order for an unclaimed gateway ends at GAP at the latest. */
static enum verdict (*const order[])(struct halt_case *k) = { fails_form, fails_grammar, is_unsigned,
	fails_gate, is_wrong_topic, is_wrong_gateway, is_for_another_revision, is_fork, is_not_yet,
	is_verified };

/* A halt voids what was on its way, but never a recovery, and only once per order. */
static void
void_candidates(struct halt_case *k)
{
	struct halt_result *r = k->r;

	r->issued = k->order.issued;
	memcpy(r->reason, k->order.reason, sizeof r->reason);
	if (k->order.issued <= k->s->halt_issued)
		return;
	for (size_t i = 0; i < k->s->n_pending && r->n_voids < ACCEPT_PENDING_MAX; i++)
		if (k->s->pending[i].conf->kind == KIND_NORMAL)
			r->voids[r->n_voids++] = i;
}

void
accept_halt(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct halt_result *r)
{
	struct halt_case k = { .s = s, .policy = policy, .env = env, .slot = slot,
		.payload = payload, .now = now, .n = accept_base_current(s), .r = r };

	memset(r, 0, sizeof *r);
	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
		r->verdict = order[i](&k);
		if (k.wait || r->verdict != V_NONE)
			break;
	}
	r->pending = k.wait;
	if (r->verdict == V_VERIFIED)
		void_candidates(&k);
	else
		r->by = HALTED_NO;
	bundle_done(&k.parsed);
}
