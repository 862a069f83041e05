/* Signatures, gate and auth lines: row 5 of PROTOCOL 3.5, and who has signed what. */
#include <string.h>

#include <sodium.h>

#include "core/conf/accept_case.h"

struct accept_base
accept_base_of(const struct conf *c)
{
	return (struct accept_base){
		.conf = c,
		.revision = c->revision,
		.hash = c->hash,
		.topic = conf_topic(c),
		.owner = c->owner,
		.n_owners = c->n_owners,
		.threshold = c->threshold,
		.recovery = c->recovery,
		.n_recovery = c->n_recovery,
		.recovery_threshold = c->recovery_threshold,
	};
}

struct accept_base
accept_base_genesis(const struct accept_state *s)
{
	static const uint8_t nothing[HASH_BYTES];

	return (struct accept_base){
		.hash = nothing,
		.topic = s->topic,
		.owner = s->anchor_owner,
		.n_owners = s->n_anchor_owners,
		.threshold = s->anchor_threshold,
	};
}

struct accept_base
accept_base_current(const struct accept_state *s)
{
	return s->current != NULL ? accept_base_of(s->current) : accept_base_genesis(s);
}

static bool
is_among(const struct fpr *list, size_t n, const struct fpr *f)
{
	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], f))
			return true;
	return false;
}

static bool
base_knows(const struct accept_base *b, const struct fpr *f)
{
	return is_among(b->owner, b->n_owners, f) || is_among(b->recovery, b->n_recovery, f);
}

static unsigned
common(const struct fpr *a, size_t n_a, const struct fpr *b, size_t n_b)
{
	unsigned n = 0;

	for (size_t i = 0; i < n_a; i++)
		n += is_among(b, n_b, &a[i]);
	return n;
}

struct accept_lines
accept_lines(const struct conf *c, const struct accept_base *base, const struct fpr *signer,
    size_t n, bool claimed)
{
	struct accept_lines l = { 0 };

	if (claimed) {
		l.a = l.b = 1;
	} else if (c->kind == KIND_RECOVERY) {
		l.a = common(signer, n, base->recovery, base->n_recovery);
		l.b = base->recovery_threshold;
	} else {
		l.a = common(signer, n, base->owner, base->n_owners);
		l.b = base->threshold;
	}
	l.c = common(signer, n, c->owner, c->n_owners);
	l.d = c->threshold;
	l.both = l.a >= l.b && l.b >= 1 && l.c >= l.d;
	return l;
}

/* Asks for every signature, so that outstanding ones are worked on together. */
bool
accept_ask(const struct accept_env *env, struct span body, const struct bundle_sig *sig, size_t n,
    struct pgp_sig *out)
{
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		struct span s = { sig[i].p, sig[i].n };

		memset(&out[i], 0, sizeof out[i]);
		switch (env->verify(env->arg, body, s, &out[i])) {
		case ACCEPT_HAVE:
			break;
		case ACCEPT_ABSENT: /* nobody can check it here */
			out[i].verdict = V_SYS_ERROR;
			break;
		case ACCEPT_WAIT:
			all = false;
			break;
		}
	}
	return all;
}

static bool
opens_gate(const struct accept_base *base, const struct pgp_sig *sig, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (accept_is_good(sig[i].verdict) && base_knows(base, &sig[i].primary))
			return true;
	return false;
}

/* 4.2 row 8: a sound signature counts by whom its maker is. */
static enum verdict
by_ownership(const struct accept_signed *in, bool gate, const struct pgp_sig *sig)
{
	if (!accept_is_good(sig->verdict) || base_knows(in->base, &sig->primary))
		return sig->verdict;
	if (gate && conf_is_owner(in->conf, &sig->primary))
		return sig->verdict;
	return V_NOT_OWNER;
}

static void
count_signer(struct accept_count *out, const struct pgp_sig *sig, const struct bundle_sig *bytes)
{
	if (is_among(out->signer, out->n_signers, &sig->primary) ||
	    out->n_signers == ACCEPT_KEPT_SIGS_MAX)
		return;
	out->signer_sig[out->n_signers] = (struct span){ bytes->p, bytes->n };
	out->signer[out->n_signers++] = sig->primary;
}

bool
accept_count(const struct accept_env *env, const struct accept_signed *in, struct accept_count *out)
{
	struct pgp_sig kept[ACCEPT_KEPT_SIGS_MAX];
	bool all;

	memset(out, 0, sizeof *out);
	all = accept_ask(env, conf_body(in->conf), in->sig, in->n_sigs, out->detail);
	all = accept_ask(env, conf_body(in->conf), in->kept, in->n_kept, kept) && all;
	if (!all)
		return false;
	out->gate = in->authorised || opens_gate(in->base, out->detail, in->n_sigs) ||
	    opens_gate(in->base, kept, in->n_kept);
	for (size_t i = 0; i < in->n_kept; i++)
		if (accept_is_good(by_ownership(in, out->gate, &kept[i])))
			count_signer(out, &kept[i], &in->kept[i]);
	for (size_t i = 0; i < in->n_sigs; i++) {
		out->sig[i] = by_ownership(in, out->gate, &out->detail[i]);
		if (accept_is_good(out->sig[i]))
			count_signer(out, &out->detail[i], &in->sig[i]);
	}
	out->lines = accept_lines(in->conf, in->base, out->signer, out->n_signers, in->claimed);
	return true;
}

enum verdict
accept_worst(const enum verdict *sig, size_t n)
{
	static const enum verdict order[] = { V_REVOKED_KEY, V_BAD_SIG, V_EXPIRED_KEY,
		V_EXPIRED_SIG, V_SIG_TIME, V_WEAK_ALG, V_MALFORMED_SIG, V_NOT_OWNER, V_UNKNOWN_KEY };
	const size_t n_order = sizeof order / sizeof order[0];
	size_t worst = n_order, at;

	for (size_t i = 0; i < n; i++) {
		for (at = 0; at < n_order && order[at] != sig[i]; at++)
			;
		if (at == n_order) /* SYS-ERROR, or a code no signature should have */
			return V_SYS_ERROR;
		if (at < worst)
			worst = at;
	}
	return worst < n_order ? order[worst] : V_SYS_ERROR;
}

bool
accept_claim_right(const struct accept_state *s, const struct bundle *b)
{
	uint8_t mac[HASH_BYTES];

	if (!b->has_claim || s->claim_key == NULL || s->current != NULL)
		return false;
	claim_mac(s->claim_key, b->body, mac);
	return sodium_memcmp(mac, b->claim, sizeof mac) == 0;
}

enum verdict
accept_fails_gate(struct accept_case *k)
{
	struct accept_result *r = k->r;
	struct accept_signed in = { .conf = k->conf, .base = &k->base, .sig = r->parsed.sig,
		.n_sigs = r->parsed.n_sigs, .authorised = k->committed || k->claimed,
		.claimed = k->claimed };
	struct accept_count n;

	if (k->kept != NULL) {
		in.kept = k->kept->sig;
		in.n_kept = k->kept->n_sigs;
	}
	if (!accept_count(k->env, &in, &n)) {
		k->wait = true;
		return V_NONE;
	}
	if (k->first_contact && !k->vouched) { /* the second auth line only */
		n.lines.a = n.lines.c;
		n.lines.b = n.lines.d;
		n.lines.both = n.lines.c >= n.lines.d;
	}
	memcpy(r->sig, n.sig, sizeof r->sig);
	memcpy(r->sig_detail, n.detail, sizeof r->sig_detail);
	r->n_sigs = in.n_sigs;
	memcpy(r->signer, n.signer, sizeof r->signer);
	memcpy(r->signer_sig, n.signer_sig, sizeof r->signer_sig);
	r->n_signers = n.n_signers;
	r->a = n.lines.a;
	r->b = n.lines.b;
	r->c = n.lines.c;
	r->d = n.lines.d;
	r->gate = n.gate;
	r->complete = k->committed || n.lines.both;
	return n.gate ? V_NONE : accept_worst(r->sig, r->n_sigs);
}
