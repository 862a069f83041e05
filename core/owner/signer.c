#include "core/owner/signer.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS 500 /* deadlines of the child are looked at this often at least */
#define SIG_BYTES 16384

struct signer {
	struct pgp *pgp;
	const struct owner_ui *ui;
	int cancel_fd;
	struct keytable keys;
	bool listed;
};

enum mq_err
signer_open(struct signer **out, const char *home, const struct owner_ui *ui, int cancel_fd,
    struct mq_error *e)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .home = home };
	struct signer *s = calloc(1, sizeof *s);
	enum mq_err r;

	if (s == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for gpg");
	s->ui = ui;
	s->cancel_fd = cancel_fd;
	keytable_init(&s->keys);
	if ((r = pgp_open(&s->pgp, &o, e)) != MQ_OK) {
		signer_close(s);
		return r;
	}
	*out = s;
	return MQ_OK;
}

void
signer_close(struct signer *s)
{
	if (s == NULL)
		return;
	pgp_close(s->pgp);
	keytable_done(&s->keys);
	free(s);
}

/* ---- waiting for the child */

static void
wait_for_child(struct signer *s)
{
	struct pollfd p[] = { { pgp_fd(s->pgp), POLLIN, 0 }, { s->cancel_fd, POLLIN, 0 } };
	int64_t ms = pgp_next_timeout_ms(s->pgp);

	(void)poll(p, 2, ms >= 0 && ms < ROUND_MS ? (int)ms : ROUND_MS);
	if (p[1].revents != 0) {
		pgp_cancel(s->pgp);
		s->cancel_fd = -1; /* once is enough; what follows is answered at once */
	}
}

/* The answer to id, good or bad; to be freed on MQ_OK. */
static enum mq_err
wait_answer(struct signer *s, uint32_t id, struct pgp_answer *a, struct mq_error *e)
{
	enum mq_err r;

	for (;;) {
		while ((r = pgp_poll(s->pgp, a)) == MQ_EAGAIN)
			wait_for_child(s);
		if (r != MQ_OK)
			return mq_fail(e, r, "gpg cannot be asked");
		if (a->id == id)
			return MQ_OK;
		pgp_answer_done(a);
	}
}

/* The same; its own error becomes ours. */
static enum mq_err
answer_of(struct signer *s, uint32_t id, struct pgp_answer *a, struct mq_error *e)
{
	enum mq_err r = wait_answer(s, id, a, e);

	if (r != MQ_OK || a->err == MQ_OK)
		return r;
	r = mq_fail(e, a->err, "%s", a->text);
	pgp_answer_done(a);
	return r;
}

static enum mq_err
busy(enum mq_err r, struct mq_error *e)
{
	return mq_fail(e, r, "gpg takes no request now");
}

/* ---- which key */

static enum mq_err
know_keys(struct signer *s, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if (s->listed)
		return MQ_OK;
	if ((r = pgp_list(s->pgp, false, &id)) != MQ_OK)
		return busy(r, e);
	if ((r = answer_of(s, id, &a, e)) != MQ_OK)
		return r;
	r = keytable_copy(&s->keys, &a.keys);
	s->listed = r == MQ_OK;
	pgp_answer_done(&a);
	return r;
}

bool
signer_has(struct signer *s, const struct fpr *f)
{
	return know_keys(s, NULL) == MQ_OK && keytable_primary(&s->keys, f) != NULL;
}

static bool
is_among(const struct fpr *f, const struct fpr *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], f))
			return true;
	return false;
}

/* How many secret keys are among the wanted ones; the first of them. */
static size_t
count_secret(const struct signer *s, const struct fpr *wanted, size_t n, struct fpr *first)
{
	size_t found = 0;

	for (size_t i = 0; i < s->keys.n; i++) {
		const struct pgpkey *k = &s->keys.key[i];

		if (!k->secret || k->revoked || k->expired || k->invalid ||
		    (n != 0 && !is_among(&k->sub[0].fpr, wanted, n)))
			continue;
		if (found++ == 0)
			*first = k->sub[0].fpr;
	}
	return found;
}

static enum mq_err
check_secret(const struct signer *s, const struct fpr *f, struct mq_error *e)
{
	const struct pgpkey *k = keytable_primary(&s->keys, f);

	if (k == NULL)
		return mq_fail(e, MQ_ENOENT, "key %s is not in this keyring; `mqgp key list` shows what "
		    "is", f->hex);
	if (!k->secret)
		return mq_fail(e, MQ_ENOENT, "no agent holds the secret part of key %s; is the card "
		    "inserted, the agent forwarded?", f->hex);
	return MQ_OK;
}

enum mq_err
signer_choose(struct signer *s, const struct fpr *given, const char *profile_key,
    const struct fpr *wanted, size_t n_wanted, struct fpr *out, struct mq_error *e)
{
	enum mq_err r = know_keys(s, e);
	struct fpr f;
	size_t n;

	if (r != MQ_OK)
		return r;
	if (given != NULL || (profile_key != NULL && profile_key[0] != 0)) {
		if (given != NULL)
			f = *given;
		else if (!fpr_parse(span_of(profile_key), &f))
			return mq_fail(e, MQ_EINVAL, "sign-key is no fingerprint: %s", profile_key);
		if ((r = check_secret(s, &f, e)) == MQ_OK)
			*out = f;
		return r;
	}
	n = count_secret(s, wanted, n_wanted, &f);
	if (n == 1) {
		*out = f;
		return MQ_OK;
	}
	if (n == 0 && n_wanted != 0)
		return mq_fail(e, MQ_ENOENT, "none of your secret keys may sign here; `mqgp key list` "
		    "shows them");
	if (n == 0)
		return mq_fail(e, MQ_ENOENT, "there is no secret key in this keyring; `mqgp key new` "
		    "makes one");
	return mq_fail(e, MQ_EINVAL, "%zu of your keys could sign: say which with --key or sign-key", n);
}

/* ---- signing */

static enum mq_err
sign_once(struct signer *s, const struct fpr *key, struct span body, struct buf *sig, bool *remote,
    struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	*remote = false;
	if ((r = pgp_sign(s->pgp, key, body, &id)) != MQ_OK)
		return busy(r, e);
	if ((r = wait_answer(s, id, &a, e)) != MQ_OK)
		return r;
	*remote = a.remote_agent;
	if (a.err != MQ_OK)
		r = mq_fail(e, a.err, "%s", a.text);
	else
		r = buf_put(sig, a.out.p, a.out.n);
	pgp_answer_done(&a);
	return r;
}

enum mq_err
signer_check(struct signer *s, const struct fpr *key, char text[64], struct mq_error *e)
{
	struct mq_error why = { 0 };
	enum mq_err r = know_keys(s, e);
	struct buf sig;
	bool remote;

	if (r != MQ_OK || (r = check_secret(s, key, e)) != MQ_OK)
		return r;
	buf_init(&sig, SIG_BYTES);
	pgp_set_prompt(s->pgp, false);
	r = sign_once(s, key, span_of("mqgp: can this key sign?\n"), &sig, &remote, &why);
	buf_done(&sig);
	if (r == MQ_OK || (r == MQ_EPERM && remote)) {
		(void)snprintf(text, 64, "%s", remote ? "confirm on your own machine" : "unlocked");
		return MQ_OK;
	}
	if (r != MQ_EPERM || strstr(why.text, "passphrase") == NULL)
		return mq_fail(e, r, "%s", why.text);
	(void)snprintf(text, 64, "will ask for its passphrase");
	return MQ_OK;
}

/* pinentry on the terminal, or on the person's own screen when the agent is forwarded. */
static enum mq_err
sign_with_pinentry(struct signer *s, const struct fpr *key, struct span body, const char *why,
    bool remote, struct buf *sig, struct mq_error *e)
{
	const struct owner_ui *ui = s->ui;
	bool lend = !remote && ui->lend_terminal != NULL;
	enum mq_err r;

	if (lend && (r = ui->lend_terminal(ui->arg, why, e)) != MQ_OK)
		return r;
	pgp_set_prompt(s->pgp, true);
	r = sign_once(s, key, body, sig, &remote, e);
	pgp_set_prompt(s->pgp, false);
	if (lend)
		ui->take_terminal(ui->arg);
	return r;
}

static enum mq_err
sign_with_passphrase(struct signer *s, const struct fpr *key, struct span body, const char *why,
    struct buf *sig, struct mq_error *e)
{
	enum mq_err r = MQ_EPERM;

	for (int i = 0; i < SIGNER_TRIES && r == MQ_EPERM; i++) {
		struct secret word = { 0 };
		char prompt[256];
		bool remote;

		(void)snprintf(prompt, sizeof prompt, "%s%s\npassphrase of key %s",
		    i == 0 ? "" : "That was wrong. ", why, key->hex);
		if ((r = s->ui->passphrase(s->ui->arg, prompt, &word, e)) == MQ_ENOENT)
			return mq_fail(e, MQ_ECRYPTO, "key %s is locked and there is no terminal to ask "
			    "for its passphrase: unlock it in its agent first", key->hex);
		if (r != MQ_OK)
			return r;
		if ((r = pgp_set_passphrase(s->pgp, &word)) == MQ_OK)
			r = sign_once(s, key, body, sig, &remote, e);
		secret_free(&word);
		(void)pgp_set_passphrase(s->pgp, NULL); /* forgetting cannot fail */
	}
	return r == MQ_EPERM ? mq_fail(e, MQ_ECRYPTO, "not signed: wrong passphrase, %d times",
	    SIGNER_TRIES) : r;
}

enum mq_err
signer_sign(struct signer *s, const struct fpr *key, struct span body, const char *why,
    struct buf *sig, struct mq_error *e)
{
	struct mq_error locked = { 0 };
	enum mq_err r;
	bool remote;

	pgp_set_prompt(s->pgp, false);
	r = sign_once(s, key, body, sig, &remote, &locked);
	if (r == MQ_EPERM && (remote || s->ui->lend_terminal != NULL))
		r = sign_with_pinentry(s, key, body, why, remote, sig, &locked);
	if (r != MQ_OK && r != MQ_ECANCEL && !remote && s->ui->passphrase != NULL &&
	    (r == MQ_EPERM || r == MQ_ECRYPTO))
		return sign_with_passphrase(s, key, body, why, sig, e);
	if (r == MQ_EPERM) /* not a rule that refuses, but a key that stays locked */
		r = MQ_ECRYPTO;
	return r == MQ_OK ? r : mq_fail(e, r, "not signed: %s", locked.text);
}

/* ---- certificates and messages */

enum mq_err
signer_export(struct signer *s, const struct fpr *f, struct buf *cert, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = pgp_export(s->pgp, f, &id)) != MQ_OK)
		return busy(r, e);
	if ((r = answer_of(s, id, &a, e)) != MQ_OK)
		return r;
	r = buf_put(cert, a.out.p, a.out.n);
	pgp_answer_done(&a);
	return r;
}

enum mq_err
signer_import(struct signer *s, const struct fpr *f, struct span cert, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = pgp_import(s->pgp, f, cert, &id)) != MQ_OK)
		return busy(r, e);
	if ((r = answer_of(s, id, &a, e)) != MQ_OK)
		return r;
	pgp_answer_done(&a);
	s->listed = false;
	return MQ_OK;
}

enum mq_err
signer_encrypt(struct signer *s, const struct fpr *to, size_t n, struct span clear, struct buf *out,
    struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = pgp_encrypt(s->pgp, to, n, clear, &id)) != MQ_OK)
		return busy(r, e);
	if ((r = answer_of(s, id, &a, e)) != MQ_OK)
		return r;
	r = buf_put(out, a.out.p, a.out.n);
	pgp_answer_done(&a);
	return r;
}
