#include "src/keyring.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"

#define ROUND_MS 500 /* deadlines of the child are looked at this often at least */

enum mq_err
keyring_open(struct keyring *k, const struct setup *s, int stop, bool write, struct mq_error *e)
{
	char dir[PATH_MAX];

	*k = (struct keyring){ .setup = s, .stop = stop };
	if (s->profile == NULL)
		return MQ_OK;
	if (file_join(dir, sizeof dir, s->state_dir, "keys") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the key folder is too long");
	return write || file_exists(dir) ? keystore_open(&k->store, dir, e) : MQ_OK;
}

void
keyring_close(struct keyring *k)
{
	pgp_close(k->secret);
	pgp_close(k->verify);
	keystore_close(k->store);
	*k = (struct keyring){ .stop = -1 };
}

/* ---- the children */

static void
wait_for_child(struct keyring *k, struct pgp *p)
{
	struct pollfd set[] = { { pgp_fd(p), POLLIN, 0 }, { k->stop, POLLIN, 0 } };
	int64_t ms = pgp_next_timeout_ms(p);

	(void)poll(set, 2, ms >= 0 && ms < ROUND_MS ? (int)ms : ROUND_MS);
	if (set[1].revents != 0) {
		pgp_cancel(p);
		k->stop = -1; /* once is enough; the caller still holds the descriptor */
	}
}

enum mq_err
keyring_wait(struct keyring *k, struct pgp *p, enum mq_err submitted, uint32_t id,
    struct pgp_answer *a, struct mq_error *e)
{
	enum mq_err r = submitted;

	if (r != MQ_OK)
		return mq_fail(e, r, r == MQ_ELIMIT ? "a certificate is too large" :
							"gpg takes no request now");
	for (;;) {
		while ((r = pgp_poll(p, a)) == MQ_EAGAIN)
			wait_for_child(k, p);
		if (r != MQ_OK)
			return mq_fail(e, r, "gpg cannot be asked");
		if (a->id == id)
			break;
		pgp_answer_done(a);
	}
	if (a->err == MQ_OK)
		return MQ_OK;
	r = mq_fail(e, a->err, "%s", a->text);
	pgp_answer_done(a);
	return r;
}

enum mq_err
keyring_secret(struct keyring *k, struct mq_error *e)
{
	const struct profile *p = k->setup->profile;
	struct pgp_options o = { .kind = PGP_SECRET_CHILD };

	o.home = p != NULL ? p->gnupg_home : NULL;
	return k->secret != NULL ? MQ_OK : pgp_open(&k->secret, &o, e);
}

enum mq_err
keyring_verify(struct keyring *k, struct mq_error *e)
{
	struct paths paths = k->setup->paths;
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD, .at = k->at };
	enum mq_err r;

	if (k->verify != NULL)
		return MQ_OK;
	if ((r = paths_make_runtime(&paths, e)) != MQ_OK)
		return r;
	o.run_dir = paths.runtime_dir;
	return pgp_open(&k->verify, &o, e);
}

static enum mq_err
table_of(struct keyring *k, enum mq_err submitted, uint32_t id, struct keytable *out,
    struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r = keyring_wait(k, k->secret, submitted, id, &a, e);

	if (r != MQ_OK)
		return r;
	if ((r = keytable_copy(out, &a.keys)) != MQ_OK)
		(void)mq_fail(e, r, "no memory for the table of keys");
	pgp_answer_done(&a);
	return r;
}

enum mq_err
keyring_list(struct keyring *k, bool secret_only, struct keytable *out, struct mq_error *e)
{
	enum mq_err r;
	uint32_t id;

	keytable_init(out);
	if ((r = keyring_secret(k, e)) != MQ_OK)
		return r;
	r = pgp_list(k->secret, secret_only, &id);
	return table_of(k, r, id, out, e);
}

enum mq_err
keyring_look(struct keyring *k, struct span cert, struct keytable *out, struct mq_error *e)
{
	enum mq_err r;
	uint32_t id;

	keytable_init(out);
	if (cert.n == 0)
		return MQ_OK; /* no key is in nothing */
	if ((r = keyring_secret(k, e)) != MQ_OK)
		return r;
	r = pgp_look(k->secret, cert, &id);
	return table_of(k, r, id, out, e);
}

enum mq_err
keyring_export(struct keyring *k, const struct fpr *f, struct buf *out, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = keyring_secret(k, e)) != MQ_OK)
		return r;
	r = pgp_export(k->secret, f, &id);
	if ((r = keyring_wait(k, k->secret, r, id, &a, e)) != MQ_OK)
		return r;
	r = buf_put(out, a.out.p, a.out.n);
	pgp_answer_done(&a);
	return r != MQ_OK ? mq_fail(e, r, "the certificate is too large") : MQ_OK;
}

enum mq_err
keyring_import(struct keyring *k, const struct fpr *f, struct span cert, struct buf *out,
    struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = keyring_verify(k, e)) != MQ_OK)
		return r;
	r = pgp_import(k->verify, f, cert, &id);
	if ((r = keyring_wait(k, k->verify, r, id, &a, e)) != MQ_OK)
		return r;
	if (out != NULL) {
		buf_reset(out);
		r = buf_put(out, a.out.p, a.out.n);
	}
	pgp_answer_done(&a);
	return r != MQ_OK ? mq_fail(e, r, "the certificate is too large") : MQ_OK;
}

/* ---- words */

void
keyring_algorithm(const struct subkey *s, char out[24])
{
	static const struct {
		int algo;
		const char *name;
		bool bits; /* they say how strong it is */
	} names[] = { { 1, "rsa", true }, { 17, "dsa", true }, { 18, "ecdh", false },
		{ 19, "ecdsa", true }, { 22, "ed25519", false } };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i].algo == s->algo) {
			(void)snprintf(out, 24, names[i].bits ? "%s %u" : "%s", names[i].name, s->bits);
			return;
		}
	(void)snprintf(out, 24, "algorithm %d", s->algo);
}

bool
keyring_read_fpr(const char *text, struct fpr *out)
{
	char hex[41];
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		if (n == 40)
			return false;
		hex[n++] = *text >= 'a' && *text <= 'f' ? (char)(*text - 'a' + 'A') : *text;
	}
	hex[n] = '\0';
	return fpr_parse(span_of(hex), out);
}
