#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/trust/pgp_judge.h"
#include "src/verify.h"

/* From the profile's folder, then what the person's own ring knows on top of it. An error: the key
 * may be there, but the engine could not say. */
static enum mq_err
take_known(struct verify *v, const struct fpr *f, struct mq_error *e)
{
	struct buf cert;
	enum mq_err r;

	buf_init(&cert, 2 * PGP_CERT_MAX);
	if (v->ring.store != NULL && keystore_get_cert(v->ring.store, f, &cert) == MQ_OK)
		(void)keyring_import(&v->ring, f, buf_span(&cert), NULL, NULL); /* damaged: unknown */
	buf_reset(&cert);
	r = keyring_export(&v->ring, f, &cert, e);
	if (r == MQ_OK)
		r = keyring_import(&v->ring, f, buf_span(&cert), NULL, e);
	buf_done(&cert);
	if (r == MQ_OK || r == MQ_ENOENT)
		return MQ_OK;
	if (r != MQ_EFORMAT && keytable_primary(pgp_keys(v->ring.verify), f) == NULL)
		return r;
	(void)snprintf(v->note, sizeof v->note, "from your own keyring: %.200s%s", e->text,
	    v->clock.fixed ? " (as of then, it may not have been made yet)" : "");
	return MQ_OK;
}

static enum mq_err
take_all_known(struct verify *v, const struct fpr *f, size_t n, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < n && r == MQ_OK; i++)
		r = take_known(v, &f[i], e);
	return r;
}

/* --key FILE: exactly one public key. */
static enum mq_err
take_file(struct verify *v, const char *path, struct mq_error *e)
{
	struct keytable t;
	struct buf cert;
	enum mq_err r;

	buf_init(&cert, PGP_CERT_MAX);
	keytable_init(&t);
	if ((r = file_read(path, &cert, e)) == MQ_OK &&
	    (r = keyring_look(&v->ring, buf_span(&cert), &t, e)) == MQ_OK)
		r = t.n == 1 && !t.key[0].secret ?
		    keyring_import(&v->ring, &t.key[0].sub[0].fpr, buf_span(&cert), NULL, e) :
		    mq_fail(e, MQ_EFORMAT, "%.200s holds not exactly one public key", path);
	keytable_done(&t);
	buf_wipe(&cert); /* it may have held a secret key */
	return r;
}

enum mq_err
verify_take_keys(struct verify *v, const struct conf *c, struct mq_error *e)
{
	const char *path;
	enum mq_err r;

	if ((r = keyring_verify(&v->ring, e)) != MQ_OK)
		return r;
	for (size_t i = 0; (path = opts_nth(v->o, "key", i)) != NULL; i++)
		if ((r = take_file(v, path, e)) != MQ_OK)
			return r;
	if ((r = take_all_known(v, v->owner, v->n_owners, e)) != MQ_OK || c == NULL ||
	    (r = take_all_known(v, c->owner, c->n_owners, e)) != MQ_OK)
		return r;
	return take_all_known(v, c->recovery, c->n_recovery, e);
}

enum mq_err
verify_decrypt(struct verify *v, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = keyring_secret(&v->ring, e)) != MQ_OK)
		return r;
	r = pgp_decrypt(v->ring.secret, v->payload, &id);
	if (r != MQ_OK || (r = pgp_wait(v->ring.secret, id, &a)) != MQ_OK)
		return mq_fail(e, r, "gpg cannot be asked");
	v->decrypt = a.decrypt;
	if (a.err != MQ_OK)
		(void)snprintf(v->note, sizeof v->note, "%s", a.text);
	if (a.decrypt == V_NONE)
		r = buf_put(&v->clear, a.out.p, a.out.n);
	pgp_answer_done(&a);
	return r != MQ_OK ? mq_fail(e, r, "no memory for the decrypted bundle") : MQ_OK;
}

enum mq_err
verify_signature(struct verify *v, struct span body, struct span sig, struct pgp_sig *out,
    struct mq_error *e)
{
	const struct keytable *keys = pgp_keys(v->ring.verify);
	int64_t now = clock_wall(&v->clock);
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	memset(out, 0, sizeof *out);
	out->verdict = sig_before_gpg(sig, keys, now, out);
	if (out->verdict != V_NONE)
		return MQ_OK;
	r = pgp_verify(v->ring.verify, body, sig, &id);
	if (r != MQ_OK || (r = pgp_wait(v->ring.verify, id, &a)) != MQ_OK)
		return mq_fail(e, r, "gpg cannot be asked");
	*out = a.sig;
	if (a.sig.verdict == V_SYS_ERROR)
		(void)snprintf(v->note, sizeof v->note, "%s", a.text);
	pgp_answer_done(&a);
	return MQ_OK;
}
