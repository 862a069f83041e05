/* Judging without believing: what would be said of a payload that nobody published yet. */
#include <stdio.h>
#include <string.h>

#include "core/flow/follow_impl.h"

static void
keep_signers(struct follow_trial *out, const struct fpr *signer, size_t n)
{
	out->n_signers = n < ACCEPT_KEPT_SIGS_MAX ? n : ACCEPT_KEPT_SIGS_MAX;
	memcpy(out->signer, signer, out->n_signers * sizeof *signer);
}

static void
try_conf(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct follow_trial *out)
{
	struct follow_event ev = { .payload = payload };
	struct accept_result r;

	accept_judge(s, policy, env, slot, payload, now, &r);
	out->pending = r.pending;
	if (!r.pending) {
		follow_describe(&r, &ev);
		out->verdict = r.verdict;
		out->flags = r.flags;
		memcpy(out->reason, ev.reason, sizeof out->reason);
		memcpy(out->partial, ev.partial, sizeof out->partial);
		out->complete = r.complete;
		out->a = r.a;
		out->b = r.b;
		out->c = r.c;
		out->d = r.d;
		out->due_at = r.due_at;
		out->revision = ev.revision;
		memcpy(out->hash, ev.hash, sizeof out->hash);
		keep_signers(out, r.signer, r.n_signers);
	}
	accept_result_done(&r);
}

static void
try_halt(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct follow_trial *out)
{
	struct halt_result r;

	accept_halt(s, policy, env, slot, payload, now, &r);
	out->pending = r.pending;
	out->verdict = r.verdict;
	out->complete = r.verdict == V_VERIFIED;
	(void)snprintf(out->reason, sizeof out->reason, "%s", r.reason);
	keep_signers(out, r.signer, r.n_signers);
}

void
follow_try(struct follow *f, enum topic_slot slot, struct span payload, struct follow_trial *out)
{
	struct desk_view view = { .desk = f->o.desk, .tree = follow_span(f),
		.current = f->n_chain != 0 ? f->chain[0].conf : NULL };
	struct accept_slot at = { follow_span(f), slot, 0, false };
	struct accept_policy policy = follow_policy(f);
	struct accept_state s;
	struct accept_env env;

	memset(out, 0, sizeof *out);
	follow_state(f, &s);
	desk_env(&view, &env);
	(slot == SLOT_HALT ? try_halt : try_conf)(&s, &policy, &env, &at, payload,
	    clock_wall(f->o.clock), out);
}
