/* The first steps: lock the outbox, fetch and verify what the tree is now, find a key that signs. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/owner/job_impl.h"

/* ---- certificates */

/* The home of the person may know people whose key is not on the broker: it helps the verifier. */
static bool
lend_cert(struct job *j, const struct fpr *f)
{
	struct buf cert;
	bool lent = false;

	if (keytable_primary(session_keytable(j->s), f) != NULL || !signer_has(j->signer, f))
		return false;
	buf_init(&cert, PGP_CERT_MAX);
	if (signer_export(j->signer, f, &cert, NULL) == MQ_OK)
		lent = session_import(j->s, f, buf_span(&cert), NULL) == MQ_OK;
	buf_done(&cert);
	return lent;
}

static enum mq_err
lend_certs(struct job *j, struct mq_error *e)
{
	struct fpr want[SESSION_CERTS_MAX];
	size_t n = follow_wanted_keys(session_follow(j->s), want, SESSION_CERTS_MAX);
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= lend_cert(j, &want[i]);
	return any ? session_settle(j->s, e) : MQ_OK;
}

/* ---- the current revision */

static enum mq_err
nothing_verified(struct job *j, struct mq_error *e)
{
	struct session_verdict v;

	if (session_verdict(j->s, SLOT_SECURE, 0, &v) && v.verdict != V_CLEARED)
		return mq_fail(e, MQ_EPERM, "the conf on `secure` does not verify: %s %s",
		    verdict_code(v.verdict), v.reason);
	if (follow_marks(session_follow(j->s))->info_ownerless)
		return mq_fail(e, MQ_ENOENT, "this gateway has no owner yet: `mqgp claim`");
	return mq_fail(e, MQ_ENOENT, "there is no conf of this tree on %s", session_broker(j->s));
}

/* What lies on `secure` is not what we believe: a push will replace it. */
static const char *
strange_secure(const struct job *j)
{
	struct session_verdict v;

	return session_verdict(j->s, SLOT_SECURE, 0, &v) && verdict_class(v.verdict) == CLASS_BAD ?
	    "; `secure` shows something else, which does not verify" : "";
}

static enum mq_err
take_base(struct job *j, struct mq_error *e)
{
	const struct follow_conf *c = follow_current(session_follow(j->s));
	char until[TEXT_TIME_MAX];

	if (j->o.kind == JOB_CLAIM && c == NULL) {
		job_say(j, "none yet");
		return MQ_OK;
	}
	if (j->o.kind == JOB_CLAIM)
		return mq_fail(e, MQ_EEXIST, "this tree is claimed already: revision %u",
		    c->conf->revision);
	if (c == NULL && j->o.kind == JOB_PUSH) {
		job_say(j, "none yet");
		return MQ_OK;
	}
	if (c == NULL)
		return nothing_verified(j, e);
	if ((j->base = conf_dup(c->conf)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a conf");
	if (!j->base->gateway.is_edkey)
		session_want_key(j->s, &j->base->gateway.fpr);
	text_put_time(until, c->conf->valid_until);
	job_say(j, "%u, valid until %s%s%s", c->conf->revision, until,
	    follow_marks(session_follow(j->s))->pinned ? "" : ", not pinned", strange_secure(j));
	return MQ_OK;
}

/* What was signed and never published, or never had a base, is dropped without asking the broker. */
static bool
is_unborn(const struct job *j)
{
	const struct outbox_meta *m = outbox_meta(j->box);

	return m->step == OUTBOX_O2 || (m->step == OUTBOX_O1 && m->base_revision == 0);
}

enum mq_err
job_drop(struct job *j, struct mq_error *e)
{
	uint32_t revision = outbox_meta(j->box)->revision;
	enum mq_err r = outbox_give_up(j->box, "cancelled", e);

	if (r != MQ_OK)
		return r;
	if (revision != 0)
		(void)snprintf(j->told, sizeof j->told, "revision %u was never published; it is dropped",
		    revision);
	else
		(void)snprintf(j->told, sizeof j->told, "the draft is dropped");
	job_say(j, "nothing was published");
	j->over = true;
	return MQ_OK;
}

enum mq_err
job_connect(struct job *j, struct mq_error *e)
{
	struct session_options so = { .profile = j->o.profile, .state_dir = j->o.state_dir,
		.run_dir = j->o.run_dir, .clock = j->o.clock, .tree = job_tree(j),
		.cancel_fd = job_cancel_fd(j), .decrypt = true };
	enum mq_err r;

	if ((r = outbox_open(&j->box, j->o.state_dir, job_tree(j), e)) != MQ_OK)
		return r;
	if (j->o.kind == JOB_CANCEL && is_unborn(j))
		return job_drop(j, e);
	if ((r = signer_open(&j->signer, j->o.profile->gnupg_home, &j->o.ui, job_cancel_fd(j), e)) !=
		MQ_OK ||
	    (r = session_open(&j->s, &so, e)) != MQ_OK)
		return r;
	if (j->o.kind == JOB_CLAIM && !j->o.gateway.is_edkey)
		session_want_key(j->s, &j->o.gateway.fpr);
	if ((r = session_settle(j->s, e)) != MQ_OK || (r = lend_certs(j, e)) != MQ_OK)
		return r;
	return take_base(j, e);
}

/* ---- the key */

/* Whose signature this job needs. */
static size_t
may_sign(const struct job *j, struct fpr *out, size_t max)
{
	const struct conf *n = j->base;
	const struct accept_candidate *kept;
	const struct follow_candidate *result;
	size_t count = 0, k;

	if (j->o.kind == JOB_ACCEPT || j->o.kind == JOB_COSIGN) {
		k = follow_candidates(session_follow(j->s), &kept, &result);
		for (size_t c = 0; c < k; c++)
			for (size_t i = 0; i < kept[c].conf->n_owners && count < max; i++)
				out[count++] = kept[c].conf->owner[i];
	}
	for (size_t i = 0; n != NULL && j->o.kind != JOB_ACCEPT && i < n->n_owners && count < max; i++)
		out[count++] = n->owner[i];
	for (size_t i = 0; n != NULL && j->o.kind == JOB_HALT && i < n->n_recovery && count < max; i++)
		out[count++] = n->recovery[i];
	return count;
}

enum mq_err
job_check_key(struct job *j, struct mq_error *e)
{
	struct fpr wanted[ACCEPT_PENDING_MAX * CONF_OWNERS_MAX + CONF_OWNERS_MAX + CONF_RECOVERY_MAX];
	size_t n = may_sign(j, wanted, sizeof wanted / sizeof wanted[0]), i;
	char text[64], shown[16];
	enum mq_err r;

	if ((r = signer_choose(j->signer, j->o.key, j->o.profile->sign_key, wanted, n, &j->key, e)) !=
	    MQ_OK)
		return r;
	for (i = 0; i < n && !fpr_eq(&wanted[i], &j->key); i++)
		;
	if (i == n && j->o.kind == JOB_ACCEPT)
		return mq_fail(e, MQ_EPERM, "no offer of this tree names your key %s as an owner",
		    j->key.hex);
	if (i == n && j->o.kind != JOB_CLAIM)
		return mq_fail(e, MQ_EPERM, "your key %s is no owner of this tree", j->key.hex);
	if ((r = signer_check(j->signer, &j->key, text, e)) != MQ_OK)
		return r;
	fpr_short(&j->key, shown);
	job_say(j, "%s, %s", shown, text);
	return MQ_OK;
}
