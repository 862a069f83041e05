/* Keys of a home as GPGME lists them: into our table, out of files, in and out of rings. */
#include <stdlib.h>
#include <string.h>

#include "core/trust/pgp_child_gpg.h"
#include "core/trust/pgp_wire.h"

#define WEAK_SELF_SIG "gpg does not take it: damaged, or certified with SHA-1 only"

/* GPGME numbers the elliptic algorithms apart from OpenPGP. */
static int
openpgp_algo(gpgme_pubkey_algo_t algo)
{
	static const struct {
		gpgme_pubkey_algo_t gpgme;
		int openpgp;
	} map[] = { { GPGME_PK_ECDH, 18 }, { GPGME_PK_ECDSA, 19 }, { GPGME_PK_EDDSA, 22 } };

	for (size_t i = 0; i < sizeof map / sizeof map[0]; i++)
		if (map[i].gpgme == algo)
			return map[i].openpgp;
	return (int)algo;
}

/* False for what has no fingerprint of a version 4 key. */
static bool
read_subkey(gpgme_subkey_t from, struct subkey *s)
{
	if (from->fpr == NULL || !fpr_parse(span_of(from->fpr), &s->fpr))
		return false;
	s->algo = openpgp_algo(from->pubkey_algo);
	s->bits = from->length;
	s->can_sign = from->can_sign;
	s->can_encrypt = from->can_encrypt;
	s->revoked = from->revoked;
	s->disabled = from->disabled;
	s->invalid = from->invalid;
	s->secret = from->secret;
	s->created = from->timestamp > 0 ? from->timestamp : 0;
	s->expires = from->expires > 0 ? from->expires : 0;
	return true;
}

static void
copy_uid(char out[KEYTABLE_UID_MAX], const char *uid)
{
	size_t n = strnlen(uid, KEYTABLE_UID_MAX - 1);

	memcpy(out, uid, n);
	out[n] = 0;
}

enum mq_err
gpg_table_key(void *table, gpgme_key_t key)
{
	struct pgpkey k = { .revoked = key->revoked, .expired = key->expired,
		.invalid = key->invalid, .secret = key->secret };
	enum mq_err r;

	for (gpgme_subkey_t s = key->subkeys; s != NULL && k.n < KEYTABLE_SUBKEYS_MAX; s = s->next) {
		if (read_subkey(s, &k.sub[k.n]))
			k.secret |= k.sub[k.n++].secret;
		else if (k.n == 0)
			return MQ_OK; /* not a version 4 primary: not one of ours */
	}
	if (k.n == 0)
		return MQ_OK;
	if (key->uids != NULL && key->uids->uid != NULL)
		copy_uid(k.uid, key->uids->uid);
	r = keytable_add(table, &k);
	return r == MQ_ELIMIT ? MQ_OK : r; /* a person's ring may be larger: the rest is cut */
}

static enum mq_err
finish_list(struct gpg *g, gpgme_error_t begun, struct mq_error *e)
{
	gpgme_error_t err = gpg_finish(g, begun);

	(void)gpgme_op_keylist_end(g->ctx); /* only frees */
	g->each = NULL;
	if (err != 0)
		return gpg_fail(g, err, e, "list keys");
	if (g->each_err != MQ_OK)
		return mq_fail(e, g->each_err, "cannot list keys: %s", mq_err_name(g->each_err));
	return MQ_OK;
}

static enum mq_err
begin_list(struct gpg *g, gpg_key_fn *each, void *arg, struct mq_error *e)
{
	enum mq_err r = gpg_ready(g, e);

	if (r != MQ_OK)
		return r;
	/* Nobody is asked for a list; a forwarded agent refuses every other mode. It was just set. */
	(void)gpgme_set_pinentry_mode(g->ctx, GPGME_PINENTRY_MODE_DEFAULT);
	g->each = each;
	g->each_arg = arg;
	g->each_err = MQ_OK;
	return MQ_OK;
}

enum mq_err
gpg_list(struct gpg *g, const char *pattern, bool secret, gpg_key_fn *each, void *arg,
    struct mq_error *e)
{
	enum mq_err r = begin_list(g, each, arg, e);

	if (r != MQ_OK)
		return r;
	return finish_list(g, gpgme_op_keylist_start(g->ctx, pattern, secret), e);
}

enum mq_err
gpg_list_data(struct gpg *g, struct span keys, gpg_key_fn *each, void *arg, struct mq_error *e)
{
	enum mq_err r = begin_list(g, each, arg, e);
	gpgme_data_t d;

	if (r != MQ_OK)
		return r;
	if ((d = gpg_input(keys)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to look at a key");
	r = finish_list(g, gpgme_op_keylist_from_data_start(g->ctx, d, 0), e);
	gpgme_data_release(d);
	return r;
}

struct wanted {
	const struct fpr *fpr;
	gpgme_key_t key; /* referenced */
	unsigned n;	 /* keys listed */
	bool secret;	 /* one of them has a secret part */
};

static enum mq_err
take_wanted(void *arg, gpgme_key_t key)
{
	struct wanted *w = arg;

	w->n++;
	w->secret |= key->secret;
	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next)
		w->secret |= s->secret;
	if (w->key == NULL && key->subkeys != NULL && key->subkeys->fpr != NULL &&
	    strcmp(key->subkeys->fpr, w->fpr->hex) == 0) {
		gpgme_key_ref(key);
		w->key = key;
	}
	return MQ_OK;
}

enum mq_err
gpg_get_key(struct gpg *g, const struct fpr *f, bool secret, gpgme_key_t *out, struct mq_error *e)
{
	struct wanted w = { .fpr = f };
	enum mq_err r = gpg_list(g, f->hex, secret, take_wanted, &w, e);

	if (r == MQ_OK && w.key == NULL)
		r = mq_fail(e, MQ_ENOENT, "no %s key %s here", secret ? "secret" : "public", f->hex);
	if (r == MQ_OK)
		*out = w.key;
	else if (w.key != NULL)
		gpgme_key_unref(w.key);
	return r;
}

enum mq_err
gpg_look(struct gpg *g, const struct fpr *want, struct span cert, struct mq_error *e)
{
	struct wanted w = { .fpr = want };
	enum mq_err r;

	if (cert.n > PGP_EXPORT_MAX)
		return mq_fail(e, MQ_ELIMIT, "the key file has %zu bytes, more than %d", cert.n,
		    PGP_EXPORT_MAX);
	if ((r = gpg_list_data(g, cert, take_wanted, &w, e)) == MQ_OK) {
		if (w.n != 1)
			r = mq_fail(e, MQ_EFORMAT, "the file holds %u keys, not exactly one", w.n);
		else if (w.secret)
			r = mq_fail(e, MQ_EFORMAT, "the file holds a secret key: it must never travel");
		else if (w.key == NULL)
			r = mq_fail(e, MQ_EFORMAT, "the file holds another key than %s", want->hex);
	}
	if (w.key != NULL)
		gpgme_key_unref(w.key);
	return r;
}

/* An import that returned without error may have done nothing (OPENPGP.md 0). */
static bool
import_counts_fit(gpgme_import_result_t r, const struct fpr *want)
{
	return r != NULL && r->considered == 1 && r->secret_read == 0 && r->not_imported == 0 &&
	    r->no_user_id == 0 && r->imports != NULL && r->imports->result == 0 &&
	    r->imports->fpr != NULL && strcmp(r->imports->fpr, want->hex) == 0;
}

enum mq_err
gpg_import(struct gpg *g, const struct fpr *want, struct span cert, struct mq_error *e)
{
	enum mq_err r = gpg_ready(g, e);
	gpgme_error_t err;
	gpgme_data_t d;

	if (r != MQ_OK)
		return r;
	if ((d = gpg_input(cert)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to import a key");
	if ((err = gpg_finish(g, gpgme_op_import_start(g->ctx, d))) != 0)
		r = gpg_fail(g, err, e, "import a key");
	else if (g->status.total == 0)
		r = mq_fail(e, MQ_ECRYPTO, "cannot import a key: gpg said nothing");
	else if (!import_counts_fit(gpgme_op_import_result(g->ctx), want))
		r = mq_fail(e, MQ_EFORMAT, "key %s was not imported: " WEAK_SELF_SIG, want->hex);
	gpgme_data_release(d);
	return r;
}

static enum mq_err
export_with(struct gpg *g, const struct fpr *f, gpgme_export_mode_t mode, struct buf *out,
    struct mq_error *e)
{
	struct gpgme_data_cbs cbs;
	enum mq_err r = gpg_ready(g, e);
	gpgme_error_t err;
	gpgme_data_t d;

	if (r != MQ_OK)
		return r;
	if ((d = gpg_output(&cbs, out)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to export a key");
	gpgme_set_armor(g->ctx, 1);
	err = gpg_finish(g, gpgme_op_export_start(g->ctx, f->hex, mode, d));
	gpgme_set_armor(g->ctx, 0);
	if (out->err == MQ_ELIMIT)
		r = mq_fail(e, MQ_ELIMIT, "key %s is larger than %zu bytes", f->hex, out->max);
	else if (err != 0)
		r = gpg_fail(g, err, e, "export a key");
	else if (out->n == 0)
		r = mq_fail(e, MQ_ECRYPTO, "cannot export key %s: nothing came out", f->hex);
	gpgme_data_release(d);
	return r;
}

enum mq_err
gpg_export(struct gpg *g, const struct fpr *f, struct buf *out, struct mq_error *e)
{
	enum mq_err r = export_with(g, f, 0, out, e);

	if (r != MQ_ELIMIT)
		return r;
	buf_reset(out);
	return export_with(g, f, GPGME_EXPORT_MODE_MINIMAL, out, e);
}
