/* pgp-secret: what needs a secret key or the person's own home. */
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/trust/msgwalk.h"
#include "core/trust/pgp_child.h"

#define GENERATE_FLAGS (GPGME_CREATE_NOEXPIRE | GPGME_CREATE_FORCE)

/* ---- locked keys */

static gpgme_error_t
give_passphrase(void *arg, const char *hint, const char *info, int was_bad, int fd)
{
	const struct pgp_request *q = arg;

	(void)hint;
	(void)info;
	if (was_bad)
		return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
	if ((q->passphrase.n != 0 &&
	    gpgme_io_writen(fd, q->passphrase.p, q->passphrase.n) != 0) ||
	    gpgme_io_writen(fd, "\n", 1) != 0)
		return gpgme_error_from_syserror();
	return 0;
}

/* GPGME takes the callback's argument as it is; it only reads it. */
static void *
callback_arg(const struct pgp_request *q)
{
	union {
		const struct pgp_request *in;
		void *out;
	} u = { .in = q };

	return u.out;
}

/* Without leave to ask, a locked key is an error at once: no dialog appears behind the screen. Where
 * a person is asked there is no deadline. */
static enum mq_err
begin(struct pgp_child *c, const struct pgp_request *q, struct mq_error *e)
{
	enum mq_err r = gpg_ready(&c->ring, e);
	gpgme_pinentry_mode_t mode = GPGME_PINENTRY_MODE_ERROR;

	if (r != MQ_OK)
		return r;
	gpgme_set_passphrase_cb(c->ring.ctx, NULL, NULL);
	if ((q->flags & PGP_WIRE_PASSPHRASE) != 0) {
		mode = GPGME_PINENTRY_MODE_LOOPBACK;
		gpgme_set_passphrase_cb(c->ring.ctx, give_passphrase, callback_arg(q));
	} else if ((q->flags & PGP_WIRE_PROMPT) != 0) {
		mode = GPGME_PINENTRY_MODE_DEFAULT;
	}
	c->ring.deadline_ms = (q->flags & PGP_WIRE_PROMPT) != 0 ? -1 : c->deadline_ms;
	(void)gpgme_set_pinentry_mode(c->ring.ctx, mode); /* gpg_ready just set another one */
	return MQ_OK;
}

/* A forwarded agent (its extra socket) forbids every pinentry mode but the default one. */
static bool
agent_is_remote(void)
{
	const char *socket = gpgme_get_dirinfo("agent-socket");
	gpgme_error_t err, op_err = gpgme_error(GPG_ERR_GENERAL);
	gpgme_ctx_t ctx;

	if (socket == NULL || gpgme_new(&ctx) != 0)
		return false;
	if ((err = gpgme_set_protocol(ctx, GPGME_PROTOCOL_ASSUAN)) == 0)
		err = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_ASSUAN, socket, NULL);
	if (err == 0)
		err = gpgme_op_assuan_transact_ext(ctx, "GETINFO restricted", NULL, NULL, NULL, NULL,
		    NULL, NULL, &op_err);
	gpgme_release(ctx);
	return err == 0 && op_err == 0;
}

/* Like gpg_fail(); a refusal of the agent is looked into. */
static enum mq_err
fail_locked(struct pgp_child *c, const struct pgp_request *q, gpgme_error_t err,
    struct pgp_answer *a, struct mq_error *e, const char *what)
{
	enum mq_err r = gpg_fail(&c->ring, err, e, what);

	if (r != MQ_EPERM || (q->flags & PGP_WIRE_PROMPT) != 0 || !agent_is_remote())
		return r;
	a->remote_agent = true;
	return mq_fail(e, r, "cannot %s yet: the agent is forwarded, confirm on your own machine",
	    what);
}

/* ---- signing */

static enum mq_err
check_signer(gpgme_key_t key, const struct fpr *f, struct mq_error *e)
{
	const char *why = key->revoked ? "is revoked" : key->expired ? "has expired" :
	    key->disabled ? "is disabled" : !key->can_sign ? "cannot sign" : NULL;

	return why == NULL ? MQ_OK : mq_fail(e, MQ_EPERM, "key %s %s", f->hex, why);
}

static bool
has_subkey(gpgme_key_t key, const struct fpr *f)
{
	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next)
		if (s->fpr != NULL && strcmp(s->fpr, f->hex) == 0)
			return true;
	return false;
}

/* What came out is exactly one signature, of a form that verifiers accept, made by this key. */
static enum mq_err
check_signature(struct pgp_child *c, gpgme_key_t key, struct pgp_answer *a, struct mq_error *e)
{
	gpgme_sign_result_t r = gpgme_op_sign_result(c->ring.ctx);
	struct sigwalk w;

	if (r == NULL || r->invalid_signers != NULL || r->signatures == NULL ||
	    r->signatures->next != NULL || c->ring.status.n[PGP_STATUS_SIG_CREATED] != 1)
		return mq_fail(e, MQ_ECRYPTO, "gpg did not make exactly one signature");
	if (sigwalk_read(buf_span(&a->out), &w) != V_NONE)
		return mq_fail(e, MQ_ECRYPTO, "gpg made a signature that nobody would accept (%s); "
		    "look for armor, digest-algo or personal-digest-preferences in gpg.conf",
		    w.reason);
	if (w.expire != 0)
		return mq_fail(e, MQ_ECRYPTO, "gpg made a signature that expires; remove "
		    "default-sig-expire from gpg.conf");
	if (!has_subkey(key, &w.fpr))
		return mq_fail(e, MQ_ECRYPTO, "gpg signed with another key: %s", w.fpr.hex);
	a->sig.signer = w.fpr;
	a->sig.ctime = w.ctime;
	return MQ_OK;
}

static enum mq_err
sign_with(struct pgp_child *c, const struct pgp_request *q, gpgme_key_t key, struct pgp_answer *a,
    struct mq_error *e)
{
	struct gpgme_data_cbs cbs;
	enum mq_err r = begin(c, q, e);
	gpgme_data_t in, out;
	gpgme_error_t err;

	if (r != MQ_OK)
		return r;
	a->out.max = PGP_SIG_MAX;
	in = gpg_input(q->data);
	out = gpg_output(&cbs, &a->out);
	gpgme_signers_clear(c->ring.ctx);
	if (in == NULL || out == NULL || gpgme_signers_add(c->ring.ctx, key) != 0) {
		r = mq_fail(e, MQ_ENOMEM, "no memory to sign");
		goto out;
	}
	err = gpg_finish(&c->ring, gpgme_op_sign_start(c->ring.ctx, in, out, GPGME_SIG_MODE_DETACH));
	r = err != 0 ? fail_locked(c, q, err, a, e, "sign") : check_signature(c, key, a, e);
out:
	gpgme_signers_clear(c->ring.ctx);
	gpgme_data_release(out);
	gpgme_data_release(in);
	return r;
}

static enum mq_err
sign(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	gpgme_key_t key;
	enum mq_err r;

	if ((r = gpg_get_key(&c->ring, &q->fpr[0], true, &key, e)) != MQ_OK)
		return r;
	a->sig.primary = a->fpr = q->fpr[0];
	if ((r = check_signer(key, &q->fpr[0], e)) == MQ_OK)
		r = sign_with(c, q, key, a, e);
	gpgme_key_unref(key);
	if (r != MQ_OK)
		buf_wipe(&a->out);
	return r;
}

/* ---- decrypting */

/* gpg's word on a message that did not open: is it the message, the key, or the engine? */
static enum mq_err
judge_closed(struct pgp_child *c, const struct pgp_request *q, gpgme_error_t err,
    struct pgp_answer *a, struct mq_error *e)
{
	const struct pgp_status *s = &c->ring.status;
	enum mq_err r;

	if (c->ring.timed_out)
		return gpg_fail(&c->ring, err, e, "decrypt");
	if (s->total == 0)
		return mq_fail(e, MQ_ECRYPTO, "cannot decrypt: gpg said nothing");
	if (a->out.err == MQ_ELIMIT) {
		a->decrypt = V_MALFORMED;
		return MQ_OK;
	}
	a->decrypt = decrypt_by_gpg(s);
	if (a->decrypt == V_NONE) /* opened, and still an error: not to be trusted */
		a->decrypt = V_DECRYPT_FAIL;
	if (a->decrypt == V_NEEDS_KEY || err == 0)
		return MQ_OK;
	r = fail_locked(c, q, err, a, e, "decrypt");
	if (r == MQ_EPERM || r == MQ_ECANCEL) {
		a->decrypt = V_NEEDS_KEY;
		return r;
	}
	return MQ_OK;
}

static enum mq_err
decrypt_message(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a,
    struct mq_error *e)
{
	struct gpgme_data_cbs cbs;
	gpgme_data_t in = gpg_input(q->data), out;
	enum mq_err r = MQ_OK;
	gpgme_error_t err;

	a->out.max = PGP_CLEAR_MAX;
	out = gpg_output(&cbs, &a->out);
	if (in == NULL || out == NULL) {
		r = mq_fail(e, MQ_ENOMEM, "no memory to decrypt");
		goto out;
	}
	err = gpg_finish(&c->ring, gpgme_op_decrypt_start(c->ring.ctx, in, out));
	if (err == 0 && a->out.err == MQ_OK && decrypt_by_gpg(&c->ring.status) == V_NONE)
		a->decrypt = V_NONE;
	else
		r = judge_closed(c, q, err, a, e);
out:
	gpgme_data_release(out);
	gpgme_data_release(in);
	return r;
}

static enum mq_err
decrypt(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	size_t recipients;
	enum mq_err r;

	if (msgwalk_read(q->data, &recipients) != NULL) {
		a->decrypt = V_DECRYPT_FAIL;
		return MQ_OK;
	}
	if ((r = begin(c, q, e)) == MQ_OK)
		r = decrypt_message(c, q, a, e);
	if (r != MQ_OK || a->decrypt != V_NONE)
		buf_wipe(&a->out);
	return r;
}

/* ---- encrypting */

/* Keys of the distinct recipients, NULL behind the last. */
static enum mq_err
find_recipients(struct pgp_child *c, const struct pgp_request *q, gpgme_key_t *keys, size_t *n,
    struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < q->n_fprs && r == MQ_OK; i++) {
		bool twice = false;

		for (size_t j = 0; j < i; j++)
			twice |= fpr_eq(&q->fpr[i], &q->fpr[j]);
		if (twice)
			continue;
		if ((r = gpg_get_key(&c->ring, &q->fpr[i], false, &keys[*n], e)) != MQ_OK)
			break;
		if (!keys[(*n)++]->can_encrypt)
			r = mq_fail(e, MQ_EPERM, "nothing can be encrypted to key %s: it has no "
			    "valid encryption subkey", q->fpr[i].hex);
	}
	return r;
}

/* gpg ends without error after writing half a message (OPENPGP.md 0). */
static enum mq_err
check_message(struct pgp_child *c, size_t recipients, struct pgp_answer *a, struct mq_error *e)
{
	gpgme_encrypt_result_t r = gpgme_op_encrypt_result(c->ring.ctx);
	const unsigned *n = c->ring.status.n;
	size_t found = 0;

	if (r == NULL || r->invalid_recipients != NULL || n[PGP_STATUS_INV_RECP] != 0)
		return mq_fail(e, MQ_ECRYPTO, "cannot encrypt: gpg refuses one of the keys");
	if (n[PGP_STATUS_END_ENCRYPTION] != 1 ||
	    msgwalk_read(buf_span(&a->out), &found) != NULL || found != recipients)
		return mq_fail(e, MQ_ECRYPTO, "cannot encrypt: gpg made no whole message to %zu keys",
		    recipients);
	return MQ_OK;
}

static enum mq_err
encrypt_to(struct pgp_child *c, const struct pgp_request *q, gpgme_key_t *keys, size_t n,
    struct pgp_answer *a, struct mq_error *e)
{
	struct gpgme_data_cbs cbs;
	enum mq_err r = begin(c, q, e);
	gpgme_data_t in, out;
	gpgme_error_t err;

	if (r != MQ_OK)
		return r;
	a->out.max = PGP_MESSAGE_MAX;
	in = gpg_input(q->data);
	out = gpg_output(&cbs, &a->out);
	if (in == NULL || out == NULL) {
		r = mq_fail(e, MQ_ENOMEM, "no memory to encrypt");
		goto out;
	}
	err = gpg_finish(&c->ring, gpgme_op_encrypt_start(c->ring.ctx, keys,
	    GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_ENCRYPT_TO | GPGME_ENCRYPT_NO_COMPRESS,
	    in, out));
	if (a->out.err == MQ_ELIMIT)
		r = mq_fail(e, MQ_ELIMIT, "the encrypted message is larger than %d bytes",
		    PGP_MESSAGE_MAX);
	else
		r = err != 0 ? gpg_fail(&c->ring, err, e, "encrypt") : check_message(c, n, a, e);
out:
	gpgme_data_release(out);
	gpgme_data_release(in);
	return r;
}

static enum mq_err
encrypt(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	gpgme_key_t keys[PGP_RECIPIENTS_MAX + 1] = { NULL };
	size_t n = 0;
	enum mq_err r = find_recipients(c, q, keys, &n, e);

	if (r == MQ_OK)
		r = encrypt_to(c, q, keys, n, a, e);
	for (size_t i = 0; keys[i] != NULL; i++)
		gpgme_key_unref(keys[i]);
	if (r != MQ_OK)
		buf_wipe(&a->out);
	return r;
}

/* ---- keys */

static enum mq_err
import(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	enum mq_err r;

	if ((r = gpg_look(&c->ring, &q->fpr[0], q->data, e)) == MQ_OK &&
	    (r = gpg_import(&c->ring, &q->fpr[0], q->data, e)) == MQ_OK)
		a->fpr = q->fpr[0];
	return r;
}

static enum mq_err
list(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	bool secret = (q->flags & PGP_WIRE_SECRET_ONLY) != 0;
	enum mq_err r = gpg_ready(&c->ring, e);

	if (r != MQ_OK)
		return r;
	(void)gpgme_set_keylist_mode(c->ring.ctx, /* cannot fail for these modes */
	    GPGME_KEYLIST_MODE_LOCAL | (secret ? 0 : GPGME_KEYLIST_MODE_WITH_SECRET));
	r = gpg_list(&c->ring, NULL, secret, gpg_table_key, &a->keys, e);
	(void)gpgme_set_keylist_mode(c->ring.ctx, GPGME_KEYLIST_MODE_LOCAL);
	return r;
}

static enum mq_err
export(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	gpgme_key_t key;
	enum mq_err r;

	/* a pattern also matches subkeys: the primary must be the one asked for */
	if ((r = gpg_get_key(&c->ring, &q->fpr[0], false, &key, e)) != MQ_OK)
		return r;
	gpgme_key_unref(key);
	return gpg_export(&c->ring, &q->fpr[0], &a->out, e);
}

static enum mq_err
look(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	return gpg_list_data(&c->ring, q->data, gpg_table_key, &a->keys, e);
}

/* ---- new keys */

/* A user ID becomes an argument of gpg and text on other people's screens. */
static bool
user_id_ok(struct span uid)
{
	for (size_t i = 0; i < uid.n; i++)
		if (uid.p[i] < 0x20 || uid.p[i] == 0x7f)
			return false;
	return uid.n != 0 && uid.p[0] != '-' && utf8_valid(uid);
}

static enum mq_err
make_primary(struct pgp_child *c, const struct pgp_request *q, unsigned flags, struct fpr *f,
    struct mq_error *e)
{
	char *uid = span_dup(q->data);
	gpgme_genkey_result_t made;
	gpgme_error_t err;
	enum mq_err r;

	if (uid == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to make a key");
	if ((r = begin(c, q, e)) != MQ_OK)
		goto out;
	err = gpg_finish(&c->ring, gpgme_op_createkey_start(c->ring.ctx, uid, "ed25519", 0, 0, NULL,
	    flags | GPGME_CREATE_SIGN | GPGME_CREATE_CERT));
	made = gpgme_op_genkey_result(c->ring.ctx);
	if (err != 0)
		r = gpg_fail(&c->ring, err, e, "make a key");
	else if (made == NULL || made->fpr == NULL || !fpr_parse(span_of(made->fpr), f))
		r = mq_fail(e, MQ_ECRYPTO, "cannot make a key: gpg made none");
out:
	free(uid);
	return r;
}

static enum mq_err
add_encryption_subkey(struct pgp_child *c, const struct pgp_request *q, unsigned flags,
    const struct fpr *f, struct mq_error *e)
{
	gpgme_error_t err;
	gpgme_key_t key;
	enum mq_err r;

	if ((r = gpg_get_key(&c->ring, f, true, &key, e)) != MQ_OK)
		return r;
	if ((r = begin(c, q, e)) == MQ_OK) {
		err = gpg_finish(&c->ring, gpgme_op_createsubkey_start(c->ring.ctx, key, "cv25519", 0,
		    0, flags | GPGME_CREATE_ENCR));
		if (err != 0)
			r = gpg_fail(&c->ring, err, e, "make an encryption subkey");
	}
	gpgme_key_unref(key);
	return r;
}

/* "Name <address>" as gpg's parameter file wants it; anything else is all name. */
static char *
key_parameters(struct span uid)
{
	const char *text = (const char *)uid.p, *open = memrchr(uid.p, '<', uid.n);
	size_t name = open != NULL && open > text + 1 && open[-1] == ' ' && uid.p[uid.n - 1] == '>' ?
	    (size_t)(open - text) - 1 : uid.n;
	size_t mail = name < uid.n ? uid.n - name - 3 : 0;
	char *out;

	if (asprintf(&out, "<GnupgKeyParms format=\"internal\">\n"
		"Key-Type: EDDSA\nKey-Curve: ed25519\nKey-Usage: sign cert\n"
		"Subkey-Type: ECDH\nSubkey-Curve: cv25519\nSubkey-Usage: encrypt\n"
		"Expire-Date: 0\nName-Real: %.*s\n%s%.*s%s</GnupgKeyParms>\n",
		(int)name, text, mail != 0 ? "Name-Email: " : "", (int)mail,
		mail != 0 ? open + 1 : "", mail != 0 ? "\n" : "") < 0)
		return NULL;
	return out;
}

/* Both keys in one run of gpg, so that pinentry asks for the passphrase once. */
static enum mq_err
make_prompted(struct pgp_child *c, const struct pgp_request *q, struct fpr *f, struct mq_error *e)
{
	char *text = key_parameters(q->data);
	gpgme_genkey_result_t made;
	gpgme_error_t err;
	enum mq_err r;

	if (text == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to make a key");
	if ((r = begin(c, q, e)) == MQ_OK) {
		err = gpg_finish(&c->ring, gpgme_op_genkey_start(c->ring.ctx, text, NULL, NULL));
		made = gpgme_op_genkey_result(c->ring.ctx);
		if (err != 0)
			r = gpg_fail(&c->ring, err, e, "make a key");
		else if (made == NULL || made->fpr == NULL || !fpr_parse(span_of(made->fpr), f))
			r = mq_fail(e, MQ_ECRYPTO, "cannot make a key: gpg made none");
	}
	free(text);
	return r;
}

static enum mq_err
generate(struct pgp_child *c, const struct pgp_request *q, struct pgp_answer *a, struct mq_error *e)
{
	unsigned flags = GENERATE_FLAGS |
	    ((q->flags & PGP_WIRE_PASSPHRASE) != 0 ? 0 : GPGME_CREATE_NOPASSWD);
	enum mq_err r;

	if (!user_id_ok(q->data))
		return mq_fail(e, MQ_EINVAL, "a user ID is text without control characters that does "
		    "not begin with -");
	if ((q->flags & PGP_WIRE_PROMPT) != 0)
		return make_prompted(c, q, &a->fpr, e);
	if ((r = make_primary(c, q, flags, &a->fpr, e)) != MQ_OK)
		return r;
	return add_encryption_subkey(c, q, flags, &a->fpr, e);
}

pgp_child_fn *const pgp_secret_child[PGP_OP_COUNT] = {
	[PGP_OP_SIGN] = sign,
	[PGP_OP_DECRYPT] = decrypt,
	[PGP_OP_ENCRYPT] = encrypt,
	[PGP_OP_IMPORT] = import,
	[PGP_OP_LIST] = list,
	[PGP_OP_GENERATE] = generate,
	[PGP_OP_EXPORT] = export,
	[PGP_OP_LOOK] = look,
};
