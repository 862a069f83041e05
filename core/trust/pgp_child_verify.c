/* pgp-verify: judges one signature a call against the certificates that were imported. */
#include <string.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/trust/pgp_child.h"

enum mq_err
pgp_verify_child_open(struct pgp_child *c, struct mq_error *e)
{
	enum mq_err r;

	keytable_init(&c->keys);
	if (file_join(c->ring_home, sizeof c->ring_home, c->home, "r") != MQ_OK ||
	    file_join(c->scratch_home, sizeof c->scratch_home, c->home, "s") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "path of the gpg home is longer than 87 bytes: %s",
		    c->home);
	gpg_init(&c->ring, c->gpg, c->ring_home, PGP_CHILD_FD, c->deadline_ms);
	gpg_init(&c->scratch, c->gpg, c->scratch_home, PGP_CHILD_FD, c->deadline_ms);
	if ((r = pgp_home_make(c->ring_home, c->at, e)) != MQ_OK)
		return r;
	return pgp_home_make(c->scratch_home, c->at, e);
}

static int64_t
now(const struct pgp_child *c)
{
	const struct clock clock = c->at != 0 ? clock_fixed(c->at) : clock_real();

	return clock_wall(&clock);
}

/* GPGME's own view must not contradict a good verdict: it is used only to reject. */
static bool
result_contradicts(gpgme_ctx_t ctx, const struct sigwalk *w)
{
	gpgme_verify_result_t r = gpgme_op_verify_result(ctx);
	gpgme_signature_t s = r != NULL ? r->signatures : NULL;

	return s == NULL || s->next != NULL || s->status != 0 || s->wrong_key_usage ||
	    (s->summary & ~(unsigned)(GPGME_SIGSUM_VALID | GPGME_SIGSUM_GREEN)) != 0 ||
	    s->fpr == NULL || strcmp(s->fpr, w->fpr.hex) != 0;
}

static enum mq_err
ask_gpg(struct pgp_child *c, struct gpg *g, const struct pgp_request *q, const struct sigwalk *w,
    struct pgp_sig *out, struct mq_error *e)
{
	gpgme_data_t sig = gpg_input(q->sig), data = gpg_input(q->data);
	enum mq_err r = gpg_ready(g, e);
	gpgme_error_t err;

	out->verdict = V_SYS_ERROR;
	if (r != MQ_OK)
		goto out;
	if (sig == NULL || data == NULL) {
		r = mq_fail(e, MQ_ENOMEM, "no memory to check a signature");
		goto out;
	}
	err = gpg_finish(g, gpgme_op_verify_start(g->ctx, sig, data, NULL));
	if (g->timed_out) {
		r = gpg_fail(g, err, e, "check a signature");
		goto out;
	}
	out->verdict = sig_by_gpg(&g->status, w, &c->keys, out);
	if (out->verdict == (enum verdict)SIG_GOOD)
		out->verdict = err != 0 || result_contradicts(g->ctx, w) ?
		    V_SYS_ERROR : sig_after_gpg(&c->keys, now(c), out);
	if (g->status.total == 0)
		r = mq_fail(e, MQ_ECRYPTO, "cannot check a signature: gpg said nothing");
	else if (out->verdict == V_SYS_ERROR)
		r = mq_fail(e, MQ_ECRYPTO, "gpg could not judge a signature by %s", w->fpr.hex);
out:
	gpgme_data_release(data);
	gpgme_data_release(sig);
	return r;
}

/* gpg takes the first certificate that claims a subkey, and if that one has no right to it, nobody's
 * signature is good. So each claimant is asked in a home of its own. */
static enum mq_err
ask_each_holder(struct pgp_child *c, const struct pgp_request *q, const struct sigwalk *w,
    struct pgp_sig *out, struct mq_error *e)
{
	const struct pgpkey *k;
	enum mq_err r = MQ_OK;
	struct buf cert;
	size_t at = 0;

	buf_init(&cert, PGP_EXPORT_MAX);
	while ((k = keytable_next(&c->keys, &w->fpr, &at, NULL)) != NULL) {
		const struct fpr *holder = &k->sub[0].fpr;

		buf_reset(&cert);
		if ((r = pgp_home_make(c->scratch_home, c->at, e)) != MQ_OK ||
		    (r = gpg_export(&c->ring, holder, &cert, e)) != MQ_OK ||
		    (r = gpg_import(&c->scratch, holder, buf_span(&cert), e)) != MQ_OK)
			break;
		r = ask_gpg(c, &c->scratch, q, w, out, e);
		if (out->verdict != V_SYS_ERROR || r == MQ_ETIMEOUT)
			break;
	}
	buf_done(&cert);
	return r;
}

static enum mq_err
verify(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	struct sigwalk w;
	size_t at = 0;

	if (sig_before_gpg(q->sig, &c->keys, now(c), &a->sig) != V_NONE)
		return MQ_OK;
	a->sig.verdict = V_SYS_ERROR;
	if (sigwalk_read(q->sig, &w) != V_NONE) /* it just passed */
		return mq_fail(e, MQ_ECRYPTO, "a signature changed while it was read");
	(void)keytable_next(&c->keys, &w.fpr, &at, NULL); /* the one that was just found */
	if (keytable_next(&c->keys, &w.fpr, &at, NULL) != NULL)
		return ask_each_holder(c, q, &w, &a->sig, e);
	return ask_gpg(c, &c->ring, q, &w, &a->sig, e);
}

/* The ring's table anew, and only as a whole. */
static enum mq_err
rebuild_table(struct pgp_child *c, struct mq_error *e)
{
	struct keytable t;
	enum mq_err r;

	keytable_init(&t);
	if ((r = gpg_list(&c->ring, NULL, false, gpg_table_key, &t, e)) != MQ_OK) {
		keytable_done(&t);
		return r;
	}
	keytable_done(&c->keys);
	c->keys = t;
	return MQ_OK;
}

/* OPENPGP.md 10: looked at, cleaned in a scratch home, merged into the ring, never removed. */
static enum mq_err
import(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	const struct fpr *want = &q->fpr[0];
	struct buf clean;
	enum mq_err r;

	/* what is merged must be taken again from a file: minimal if it would be larger than that */
	buf_init(&clean, PGP_CERT_MAX);
	a->out.max = PGP_CERT_MAX;
	if (c->keys.n >= KEYTABLE_KEYS_MAX && keytable_primary(&c->keys, want) == NULL)
		return mq_fail(e, MQ_ELIMIT, "more than %d keys", KEYTABLE_KEYS_MAX);
	if ((r = pgp_home_make(c->scratch_home, c->at, e)) != MQ_OK ||
	    (r = gpg_look(&c->scratch, want, q->data, e)) != MQ_OK ||
	    (r = gpg_import(&c->scratch, want, q->data, e)) != MQ_OK ||
	    (r = gpg_export(&c->scratch, want, &clean, e)) != MQ_OK ||
	    (r = gpg_import(&c->ring, want, buf_span(&clean), e)) != MQ_OK ||
	    (r = rebuild_table(c, e)) != MQ_OK ||
	    (r = gpg_export(&c->ring, want, &a->out, e)) != MQ_OK)
		goto out;
	if (keytable_primary(&c->keys, want) == NULL)
		r = mq_fail(e, MQ_ECRYPTO, "key %s was imported but is not in the ring", want->hex);
	else if ((r = keytable_copy(&a->keys, &c->keys)) != MQ_OK)
		(void)mq_fail(e, r, "no memory for the table of keys");
	a->fpr = *want;
out:
	buf_done(&clean);
	return r;
}

static enum mq_err
list(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	if ((q->flags & PGP_WIRE_SECRET_ONLY) == 0 &&
	    (r = keytable_copy(&a->keys, &c->keys)) != MQ_OK)
		return mq_fail(e, r, "no memory for the table of keys");
	return r;
}

static enum mq_err
export(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	if (keytable_primary(&c->keys, &q->fpr[0]) == NULL)
		return mq_fail(e, MQ_ENOENT, "no key %s here", q->fpr[0].hex);
	return gpg_export(&c->ring, &q->fpr[0], &a->out, e);
}

static enum mq_err
look(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	return gpg_list_data(&c->scratch, q->data, gpg_table_key, &a->keys, e);
}

pgp_child_fn *const pgp_verify_child[PGP_OP_COUNT] = {
	[PGP_OP_VERIFY] = verify,
	[PGP_OP_IMPORT] = import,
	[PGP_OP_LIST] = list,
	[PGP_OP_EXPORT] = export,
	[PGP_OP_LOOK] = look,
};
