/* Rows 17 to 19 of PROTOCOL 3.5: what a complete candidate still waits for. */
#include <string.h>

#include "core/conf/accept_case.h"
#include "core/conf/change.h"
#include "core/trust/secret.h"
#include "core/wire/keyblob.h"

static bool
needs_new_key(const struct accept_case *k)
{
	const struct conf *n = k->n.conf, *c = k->conf;

	if (!c->has_epoch_key_id)
		return false;
	return n == NULL || !n->has_epoch_key_id ||
	    memcmp(c->epoch_key_id, n->epoch_key_id, HASH_BYTES) != 0;
}

static bool
blob_fits(const struct conf *c, struct span clear)
{
	struct secret s = secret_new(HASH_BYTES);
	bool fits = s.p != NULL && keyblob_open(clear, c->epoch, c->epoch_key_id, s.p);

	secret_free(&s);
	return fits;
}

enum verdict
accept_fails_key(struct accept_case *k)
{
	struct buf clear;
	enum accept_answer answer;
	bool fits = false;

	if (k->is_n || k->in_log || !needs_new_key(k))
		return V_NONE;
	buf_init(&clear, PGP_CLEAR_MAX);
	answer = k->env->blob(k->env->arg, k->conf->epoch, &clear);
	if (answer == ACCEPT_HAVE)
		fits = blob_fits(k->conf, buf_span(&clear));
	else if (answer == ACCEPT_ABSENT)
		fits = k->policy->dashboard; /* the blob may be sealed to others */
	else
		k->wait = true;
	buf_wipe(&clear);
	return fits || k->wait ? V_NONE : V_KEY_MISMATCH;
}

enum verdict
accept_fails_delay(struct accept_case *k)
{
	uint32_t delay = k->is_n ? 0 : accept_delay(k);
	int64_t due;

	if (delay == 0 || k->runs)
		return V_NONE;
	due = accept_complete_at(k) + delay;
	if (!k->policy->dashboard && k->now >= due)
		return V_NONE;
	k->r->due_at = due; /* a dashboard: by its own clock, only the gateway knows */
	return V_DELAYED;
}

/* The body whose url the running connection was made with. At genesis that is the configured one,
 * and the genesis body's place by definition. */
static const struct conf *
running_connection(const struct accept_case *k)
{
	if (k->real->current != NULL)
		return k->real->current;
	return k->run.n != 0 ? k->run.body[0] : k->conf;
}

static bool
arrived_at_place(const struct accept_case *k)
{
	if (k->slot->name != SLOT_SECURE) /* row 6: on `secure` the tree is C.topic */
		return false;
	return k->slot->new_place || change_same_place(running_connection(k), k->conf);
}

/* Both auth lines by the bundle's own sig: lines (and claim). */
static bool
carries_itself(const struct accept_case *k)
{
	struct fpr signer[BUNDLE_SIGS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < k->r->n_sigs; i++) {
		bool counted = !accept_is_good(k->r->sig[i]);

		for (size_t j = 0; j < n && !counted; j++)
			counted = fpr_eq(&signer[j], &k->r->sig_detail[i].primary);
		if (!counted)
			signer[n++] = k->r->sig_detail[i].primary;
	}
	return accept_lines(k->conf, &k->base, signer, n, k->claimed).both;
}

/* The same of a payload that another connection sees. */
static bool
seen_carries_itself(struct accept_case *k, struct span payload)
{
	struct accept_result r = { 0 };
	struct accept_case seen = { .real = k->real, .s = k->s, .policy = k->policy, .env = k->env,
		.slot = k->slot, .payload = payload, .now = k->now, .r = &r };
	struct accept_signed in = { .base = &k->base };
	struct accept_count n = { 0 };

	accept_walk(&seen, ACCEPT_ROW_SIGNED);
	k->wait = seen.wait;
	if (!seen.wait && r.verdict == V_NONE &&
	    memcmp(r.conf->hash, k->conf->hash, HASH_BYTES) == 0) {
		in.conf = r.conf;
		in.sig = r.parsed.sig;
		in.n_sigs = r.parsed.n_sigs;
		in.authorised = in.claimed = accept_claim_right(k->s, &r.parsed);
		k->wait = !accept_count(k->env, &in, &n);
	}
	accept_result_done(&r);
	return !k->wait && n.lines.both;
}

enum verdict
accept_fails_place(struct accept_case *k)
{
	struct buf payload;
	enum accept_answer answer;
	bool shown = false;

	if (k->is_n || k->in_log || k->runs)
		return V_NONE;
	if (arrived_at_place(k))
		return carries_itself(k) ? V_NONE : V_WAITING_SECURE;
	buf_init(&payload, BUNDLE_MAX + 1);
	answer = k->env->secure_at_place(k->env->arg, k->conf, &payload);
	k->wait = answer == ACCEPT_WAIT;
	if (answer == ACCEPT_HAVE)
		shown = seen_carries_itself(k, buf_span(&payload));
	buf_done(&payload);
	return shown || k->wait ? V_NONE : V_WAITING_SECURE;
}
