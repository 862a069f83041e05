/* mqgp key import, key export, key new: certificates in and out, and a key of one's own. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/utf8.h"
#include "src/commands.h"
#include "src/keyring.h"
#include "src/print.h"
#include "src/stop.h"

const struct opt key_import_options[] = {
	{ "expect", 'e', "FPR", "refuse any other key than this one" },
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};
const struct opt key_export_options[] = {
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};
const struct opt key_new_options[] = {
	{ "user-id", 'u', "TEXT", "what others see beside the fingerprint, e.g. \"Ann <ann@example>\"" },
	{ "no-passphrase", 0, NULL, "do not protect the secret key" },
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};

struct key_command {
	const struct opts *o;
	struct setup s;
	struct keyring ring;
	int stop;
	bool json;
};

/* Returns OPTS_GO or the exit status; key_end always follows. */
static int
key_begin(struct key_command *c, const struct opts *o, enum setup_need need, bool write)
{
	struct mq_error e;
	int r;

	memset(c, 0, sizeof *c);
	c->o = o;
	c->json = opts_given(o, "json");
	c->stop = c->ring.stop = -1;
	if ((r = setup_load(&c->s, o, need)) != OPTS_GO)
		return r;
	c->stop = stop_open();
	if (keyring_open(&c->ring, &c->s, c->stop, write, &e) != MQ_OK) {
		setup_complain(e.text);
		return setup_status(e.code);
	}
	return OPTS_GO;
}

static int
key_end(struct key_command *c, int r)
{
	keyring_close(&c->ring);
	setup_done(&c->s);
	return stop_close(c->stop, r);
}

static int
complain(const struct mq_error *e)
{
	setup_complain(e->text);
	return setup_status(e->code);
}

static int
answer(const struct key_command *c, const struct pgpkey *k, const char *what, const char *where)
{
	char text[1024], uid[4 * KEYTABLE_UID_MAX], groups[45], algorithm[24];
	json_t *o;

	fpr_groups(&k->sub[0].fpr, groups);
	keyring_algorithm(&k->sub[0], algorithm);
	if (!c->json) {
		utf8_safe(uid, sizeof uid, span_of(k->uid)); /* one line, whatever it holds */
		(void)snprintf(text, sizeof text, "%s\n%s  %s  %s\n%s", what, groups, algorithm, uid,
		    where);
		return print_text(span_of(text));
	}
	o = json_object();
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "fpr", json_string(k->sub[0].fpr.hex));
	(void)json_object_set_new(o, "algorithm", json_string(algorithm));
	(void)json_object_set_new(o, "user_id", print_word(k->uid));
	(void)json_object_set_new(o, "revoked", json_boolean(k->revoked));
	(void)json_object_set_new(o, "expired", json_boolean(k->expired));
	return print_json(o);
}

/* ---- import */

static const char *
worth_of(const struct pgpkey *k)
{
	if (k->revoked)
		return "It is REVOKED: what it signs counts no more.";
	if (k->expired)
		return "It has EXPIRED: its owner must renew it before it signs again.";
	return "It proves nothing yet: compare the fingerprint with its owner.";
}

/* One public primary key, and the one that was expected. */
static enum mq_err
check_one(const struct keytable *t, const char *expect, struct mq_error *e)
{
	struct fpr want;

	if (t->n != 1)
		return mq_fail(e, MQ_EFORMAT, t->n == 0 ? "there is no key in this file" :
		    "this file holds several keys: import them one by one");
	if (t->key[0].secret)
		return mq_fail(e, MQ_EPERM, "this file holds a secret key, which belongs in gpg's home "
		    "and nowhere else: export the public one with `gpg --export FPR`");
	if (expect == NULL)
		return MQ_OK;
	if (!keyring_read_fpr(expect, &want))
		return mq_fail(e, MQ_EINVAL, "--expect takes a fingerprint of 40 hex digits");
	return fpr_eq(&want, &t->key[0].sub[0].fpr) ? MQ_OK :
	    mq_fail(e, MQ_EPERM, "this is another key: %s", t->key[0].sub[0].fpr.hex);
}

/* Merges with the copy that is kept already: a revocation once known stays known. */
static enum mq_err
merge(struct keyring *ring, const struct fpr *f, struct span cert, struct buf *out,
    struct mq_error *e)
{
	struct buf old;
	enum mq_err r;

	buf_init(&old, PGP_CERT_MAX);
	if (keystore_get_cert(ring->store, f, &old) == MQ_OK)
		(void)keyring_import(ring, f, buf_span(&old), NULL, NULL); /* damaged: replaced */
	buf_done(&old);
	r = keyring_import(ring, f, cert, out, e);
	return r == MQ_OK ? keystore_put_cert(ring->store, f, buf_span(out), e) : r;
}

static int
import(struct key_command *c, struct span cert, struct buf *merged)
{
	struct keytable t;
	struct mq_error e = { 0 };
	enum mq_err r;
	int status;

	if ((r = keyring_look(&c->ring, cert, &t, &e)) == MQ_OK &&
	    (r = check_one(&t, opts_value(c->o, "expect"), &e)) == MQ_OK)
		r = merge(&c->ring, &t.key[0].sub[0].fpr, cert, merged, &e);
	if (r == MQ_OK) {
		setup_note(&c->s, "key", span_of(""), "certificate imported",
		    t.key[0].sub[0].fpr.hex);
		status = answer(c, &t.key[0], "imported", worth_of(&t.key[0]));
	} else {
		status = complain(&e);
	}
	keytable_done(&t);
	return status;
}

int
cmd_key_import(const struct opts *o)
{
	struct key_command c;
	struct buf cert, merged;
	struct mq_error e;
	int r = key_begin(&c, o, SETUP_PROFILE, true);

	buf_init(&cert, PGP_CERT_MAX);
	buf_init(&merged, PGP_CERT_MAX);
	if (r == OPTS_GO && c.s.n_operands != 1)
		r = opts_usage(o, "which file?");
	if (r == OPTS_GO)
		r = file_read(c.s.operands[0], &cert, &e) == MQ_OK ?
		    import(&c, buf_span(&cert), &merged) : complain(&e);
	buf_wipe(&cert); /* it may have held a secret key */
	buf_done(&merged);
	return key_end(&c, r);
}

/* ---- export */

static int
answer_export(const struct key_command *c, const struct fpr *f, const char *from, struct span cert)
{
	json_t *o;

	if (!c->json)
		return print_bytes(cert); /* armored by gpg: ASCII */
	o = json_object();
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "fpr", json_string(f->hex));
	(void)json_object_set_new(o, "from", json_string(from));
	(void)json_object_set_new(o, "certificate", print_string(cert));
	return print_json(o);
}

int
cmd_key_export(const struct opts *o)
{
	struct key_command c;
	struct mq_error e = { 0 };
	const char *from = "keyring";
	struct fpr f;
	struct buf cert;
	enum mq_err err;
	int r = key_begin(&c, o, SETUP_LOOK, false);

	buf_init(&cert, 2 * PGP_CERT_MAX);
	if (r == OPTS_GO && !keyring_read_fpr(o->operands[0], &f))
		r = opts_usage(o, "'%.60s' is no fingerprint of 40 hex digits", o->operands[0]);
	if (r == OPTS_GO) {
		err = keyring_export(&c.ring, &f, &cert, &e);
		if (err == MQ_ENOENT && c.ring.store != NULL) {
			from = "profile";
			buf_reset(&cert);
			if (keystore_get_cert(c.ring.store, &f, &cert) == MQ_OK)
				err = MQ_OK;
		}
		r = err == MQ_OK ? answer_export(&c, &f, from, buf_span(&cert)) : complain(&e);
	}
	buf_done(&cert);
	return key_end(&c, r);
}

/* ---- new */

/* While pinentry has the terminal its keys must not stop us (OPENPGP 4.2). SIGINT is blocked and
 * cancels. */
static void
hold_signals(bool hold)
{
	static const int keys[] = { SIGQUIT, SIGTSTP };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		(void)signal(keys[i], hold ? SIG_IGN : SIG_DFL);
}

static enum mq_err
generate(struct key_command *c, const char *user_id, bool protect, struct pgpkey *out,
    struct mq_error *e)
{
	struct pgp_answer a;
	struct keytable t;
	const struct pgpkey *k;
	enum mq_err r;
	uint32_t id;

	if ((r = keyring_secret(&c->ring, e)) != MQ_OK)
		return r;
	pgp_set_prompt(c->ring.secret, protect);
	hold_signals(protect);
	r = pgp_generate(c->ring.secret, user_id, NULL, &id);
	r = keyring_wait(&c->ring, c->ring.secret, r, id, &a, e);
	hold_signals(false);
	if (r != MQ_OK)
		return r;
	if ((r = keyring_list(&c->ring, true, &t, e)) == MQ_OK) {
		if ((k = keytable_primary(&t, &a.fpr)) != NULL)
			*out = *k;
		else
			r = mq_fail(e, MQ_ECRYPTO, "gpg made key %s, but does not list it", a.fpr.hex);
	}
	keytable_done(&t);
	pgp_answer_done(&a);
	return r;
}

int
cmd_key_new(const struct opts *o)
{
	const char *user_id = opts_value(o, "user-id");
	struct key_command c;
	struct mq_error e = { 0 };
	struct pgpkey k;
	int r = key_begin(&c, o, SETUP_LOOK, false);

	if (r == OPTS_GO) {
		if (user_id == NULL)
			user_id = c.s.who;
		r = generate(&c, user_id, !opts_given(o, "no-passphrase"), &k, &e) == MQ_OK ?
		    answer(&c, &k, "made a key of your own",
			"Keep a copy of the secret key off this machine: gpg --export-secret-keys FPR") :
		    complain(&e);
	}
	return key_end(&c, r);
}
