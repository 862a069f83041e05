/* Confirmation, signature, and the look a stranger would take at it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/owner/job_impl.h"

#define STRANGER_MS 20000 /* two gpg runs and their deadlines */
#define TITLE_MAX 700

/* ---- bytes that exist already */

/* The proposal this key can still sign: newest first. */
static const struct accept_candidate *
find_offer(struct job *j)
{
	const struct accept_candidate *kept;
	const struct follow_candidate *result;
	size_t n = follow_candidates(session_follow(j->s), &kept, &result);

	for (size_t i = n; i-- > 0;) {
		const struct conf *c = kept[i].conf;
		bool signed_it = false;

		for (size_t k = 0; k < result[i].n_signers; k++)
			signed_it |= fpr_eq(&result[i].signer[k], &j->key);
		if (!signed_it && (conf_is_owner(c, &j->key) ||
				      (j->o.kind == JOB_COSIGN && conf_is_owner(j->base, &j->key))))
			return &kept[i];
	}
	return NULL;
}

enum mq_err
job_take_offer(struct job *j, struct mq_error *e)
{
	const struct accept_candidate *c = find_offer(j);
	char until[TEXT_TIME_MAX];
	enum mq_err r;

	if (c == NULL)
		return mq_fail(e, MQ_ENOENT, "there is nothing here that your key has still to sign");
	if ((r = bundle_print(&j->bundle, conf_body(c->conf), NULL, c->sig,
		 c->n_sigs < BUNDLE_SIGS_MAX ? c->n_sigs : BUNDLE_SIGS_MAX)) != MQ_OK ||
	    (r = buf_put(&j->draft, c->conf->body, c->conf->body_n)) != MQ_OK)
		return mq_fail(e, r, "the offer does not fit a bundle");
	if ((j->conf = conf_dup(c->conf)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a conf");
	text_put_time(until, c->conf->has_offer_until ? c->conf->offer_until :
							c->conf->valid_until);
	job_say(j, "revision %u, stands until %s", c->conf->revision, until);
	return MQ_OK;
}

static enum mq_err
parse_bundle(struct job *j, struct mq_error *e)
{
	struct conf_policy policy = { j->o.profile->allow_non_ascii };
	enum mq_err r = MQ_EFORMAT;
	struct bundle b;

	if (bundle_parse(buf_span(&j->bundle), &b) == V_NONE) {
		r = conf_parse(b.body, &policy, &j->conf, NULL);
		if (r == MQ_OK)
			r = buf_put(&j->draft, b.body.p, b.body.n);
		bundle_done(&b);
	}
	return r == MQ_OK ? r : mq_fail(e, r, "this is no bundle of a conf");
}

/* A bundle that was signed elsewhere enters the outbox like one of ours. */
static enum mq_err
adopt_bundle(struct job *j, struct mq_error *e)
{
	struct outbox_meta m = { .kind = "push" };
	struct span none = { NULL, 0 };
	enum mq_err r;

	if (buf_put(&j->bundle, j->o.draft.p, j->o.draft.n) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "a bundle is at most %d bytes", BUNDLE_MAX);
	if ((r = parse_bundle(j, e)) != MQ_OK)
		return r;
	if (!span_eq(conf_topic(j->conf), job_tree(j)))
		return mq_fail(e, MQ_EINVAL, "this bundle is about another tree");
	m.revision = j->conf->revision;
	m.base_revision = m.revision - 1;
	memcpy(m.base_hash, j->conf->prev, HASH_BYTES);
	memcpy(m.hash, j->conf->hash, HASH_BYTES);
	return outbox_put_signed(j->box, &m, buf_span(&j->bundle), NULL, none, e);
}

static enum mq_err
load_outbox(struct job *j, struct mq_error *e)
{
	const struct outbox_meta *m = outbox_meta(j->box);
	enum mq_err r;

	if (m->step < OUTBOX_O2 || m->step == OUTBOX_O7)
		return mq_fail(e, MQ_ENOENT, "nothing waits to be published here");
	if ((r = outbox_get_bundle(j->box, &j->bundle, e)) != MQ_OK ||
	    (r = parse_bundle(j, e)) != MQ_OK)
		return r;
	if (!job_same_hash(j->conf->hash, m->hash))
		return mq_fail(e, MQ_ESTATE, "the bundle in the outbox is not the one that was signed");
	if (m->new_epoch == 0)
		return MQ_OK;
	j->new_epoch = m->new_epoch;
	j->epoch_secret = secret_new(32);
	if (j->epoch_secret.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no guarded memory for an epoch secret");
	return outbox_get_epoch(j->box, j->epoch_secret.p, &j->blob, e);
}

enum mq_err
job_load(struct job *j, struct mq_error *e)
{
	enum mq_err r = j->o.draft.n != 0 ? adopt_bundle(j, e) : load_outbox(j, e);

	if (r != MQ_OK)
		return r;
	job_set_meaning(j, "");
	job_say(j, "revision %u (%s), reached %s", j->conf->revision, outbox_meta(j->box)->kind,
	    outbox_step_name(outbox_meta(j->box)->step));
	return MQ_OK;
}

/* ---- confirmation */

enum mq_err
job_confirm(struct job *j, struct mq_error *e)
{
	char title[TITLE_MAX], hash[2 * HASH_BYTES + 1];
	const struct accept_candidate *kept;
	const struct follow_candidate *result;
	enum mq_err r;
	size_t n;

	(void)snprintf(title, sizeof title, "%s revision %u of %.*s", j->row->verb, j->conf->revision,
	    (int)j->tree_n, (const char *)j->tree);
	if (j->o.kind == JOB_CANCEL) {
		n = follow_candidates(session_follow(j->s), &kept, &result);
		text_hex(hash, kept[n - 1].conf->hash, HASH_BYTES);
		r = job_ask(j, title, "the revision that is cancelled", hash, e);
	} else if (j->o.kind == JOB_HALT) {
		text_hex(hash, j->base->hash, HASH_BYTES);
		r = job_ask(j, title, "the conf that is halted", hash, e);
	} else
		r = job_ask(j, title, "your own key", j->key.hex, e);
	if (r == MQ_OK)
		job_say(j, "typed");
	return r;
}

/* ---- signature */

/* Signatures of the bundle at hand, ours behind them. */
static enum mq_err
put_bundle(struct job *j, struct span sig, struct mq_error *e)
{
	struct bundle_sig all[BUNDLE_SIGS_MAX + 1];
	uint8_t key[32], claim[32];
	struct bundle old = { 0 };
	struct buf out, ours;
	char code[17];
	bool with_code = j->o.kind == JOB_CLAIM && j->o.claim_code != NULL && j->o.claim_code->n != 0;
	enum mq_err r = MQ_OK;
	size_t n = 0;

	if (with_code && (!claim_code_normalise((struct span){ j->o.claim_code->p,
			      j->o.claim_code->n }, code) ||
			     !claim_key(code, &j->conf->gateway, key)))
		return mq_fail(e, MQ_EINVAL, "a claim code is 16 characters A-Z and 2-7");
	if (with_code)
		claim_mac(key, buf_span(&j->draft), claim);
	if (j->bundle.n != 0 && bundle_parse(buf_span(&j->bundle), &old) != V_NONE)
		return mq_fail(e, MQ_ESTATE, "the offer changed while it was signed");
	buf_init(&out, BUNDLE_MAX);
	buf_init(&ours, BUNDLE_SIG_BYTES_MAX);
	if (old.n_sigs == BUNDLE_SIGS_MAX || (r = buf_put(&ours, sig.p, sig.n)) != MQ_OK)
		r = mq_fail(e, MQ_ELIMIT, "there is no room for another signature");
	for (; r == MQ_OK && n < old.n_sigs; n++)
		all[n] = old.sig[n];
	all[n++] = (struct bundle_sig){ ours.p, ours.n };
	if (r == MQ_OK && (r = bundle_print(&out, buf_span(&j->draft), with_code ? claim : NULL, all,
			       n)) != MQ_OK)
		r = mq_fail(e, r, "the signatures do not fit a bundle");
	bundle_done(&old);
	buf_done(&ours);
	sodium_memzero(key, sizeof key);
	sodium_memzero(code, sizeof code);
	if (r != MQ_OK)
		buf_done(&out);
	else {
		buf_done(&j->bundle);
		j->bundle = out;
	}
	return r;
}

static enum mq_err
store_signed(struct job *j, struct mq_error *e)
{
	struct outbox_meta m = { .revision = j->conf->revision, .new_epoch = j->new_epoch };

	(void)snprintf(m.kind, sizeof m.kind, "%s", j->row->name);
	if (j->base != NULL) {
		m.base_revision = j->base->revision;
		memcpy(m.base_hash, j->base->hash, HASH_BYTES);
	}
	memcpy(m.hash, j->conf->hash, HASH_BYTES);
	return outbox_put_signed(j->box, &m, buf_span(&j->bundle), j->epoch_secret.p,
	    buf_span(&j->blob), e);
}

enum mq_err
job_sign(struct job *j, struct mq_error *e)
{
	char why[TITLE_MAX], text[120];
	struct buf sig;
	enum mq_err r;

	(void)snprintf(why, sizeof why, "%s revision %u of %.*s", j->row->verb, j->conf->revision,
	    (int)j->tree_n, (const char *)j->tree);
	buf_init(&sig, BUNDLE_SIG_BYTES_MAX);
	r = signer_sign(j->signer, &j->key, buf_span(&j->draft), why, &sig, e);
	if (r == MQ_OK)
		r = put_bundle(j, buf_span(&sig), e);
	buf_done(&sig);
	if (r == MQ_OK && j->new_epoch != 0)
		r = job_seal_epoch(j, e);
	if (r == MQ_OK && !j->halting)
		r = store_signed(j, e);
	if (r != MQ_OK)
		return r;
	(void)snprintf(text, sizeof text, "%s: revision %u signed by %s", j->row->name,
	    j->conf->revision, j->key.hex);
	job_audit(j, "sign", text);
	job_say(j, "by %s", j->key.hex);
	return MQ_OK;
}

/* ---- as a stranger */

struct trial {
	enum topic_slot slot;
	struct span bundle;
	struct follow_trial *out;
};

static bool
is_judged(void *arg, struct session *s)
{
	struct trial *t = arg;

	follow_try(session_follow(s), t->slot, t->bundle, t->out);
	return !t->out->pending && t->out->verdict != V_SYS_ERROR;
}

bool
job_may_be_published(enum verdict v)
{
	return v == V_VERIFIED || v == V_PARTIAL || v == V_DELAYED || v == V_WAITING_SECURE ||
	    v == V_NOT_YET;
}

static bool
signed_by_us(const struct job *j, const struct follow_trial *t)
{
	for (size_t i = 0; i < t->n_signers; i++)
		if (fpr_eq(&t->signer[i], &j->key))
			return true;
	return false;
}

/* The verifier must know our own key; it comes from our home, not from what we just signed with. */
static enum mq_err
show_own_key(struct job *j, struct mq_error *e)
{
	struct buf cert;
	enum mq_err r;

	if (j->o.kind == JOB_PUSH || keytable_primary(session_keytable(j->s), &j->key) != NULL)
		return MQ_OK;
	buf_init(&cert, PGP_CERT_MAX);
	r = signer_export(j->signer, &j->key, &cert, e);
	if (r == MQ_OK)
		r = session_import(j->s, &j->key, buf_span(&cert), e);
	buf_done(&cert);
	return r;
}

enum mq_err
job_stranger(struct job *j, struct mq_error *e)
{
	struct follow_trial *out = calloc(1, sizeof *out);
	struct trial t = { j->halting ? SLOT_HALT : SLOT_SECURE, buf_span(&j->bundle), out };
	enum mq_err r;

	if (out == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to verify");
	if ((r = show_own_key(j, e)) != MQ_OK)
		goto out;
	if (j->new_epoch != 0)
		(void)desk_put(session_desk(j->s), job_tree(j), SLOT_KEYS, j->new_epoch,
		    buf_span(&j->blob)); /* no room: as if it were sealed to others */
	if ((r = session_until(j->s, is_judged, &t, STRANGER_MS, e)) != MQ_OK)
		goto out;
	if (!job_may_be_published(out->verdict))
		r = mq_fail(e, MQ_EPERM, "everybody would refuse it: %s%s%s%s",
		    verdict_code(out->verdict), out->reason[0] != 0 ? "(" : "", out->reason,
		    out->reason[0] != 0 ? ")" : "");
	else if (j->o.kind != JOB_PUSH && !signed_by_us(j, out))
		r = mq_fail(e, MQ_ECRYPTO, "our own signature does not verify: %s",
		    verdict_code(out->verdict));
	else if (!j->halting && j->conf->revision == 1 && !out->complete)
		r = mq_fail(e, MQ_EPERM, "a first conf needs all its signatures at once: claim with "
		    "threshold 1 and raise it with an edit");
	if (r != MQ_OK)
		goto out;
	j->complete = out->complete;
	job_say(j, "%s %s", verdict_code(out->verdict), out->partial);
	if (j->o.no_publish) {
		j->over = true;
		(void)snprintf(j->told, sizeof j->told, "revision %u is signed and kept; `mqgp push` "
		    "publishes it", j->conf->revision);
	}
out:
	free(out);
	return r;
}
