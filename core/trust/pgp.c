/* What callers see of the two children; pgp_link.c does the work. */
#include "core/trust/pgp.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/trust/pgp_child_args.h"
#include "core/trust/pgp_link.h"
#include "core/trust/sigwalk.h"

#define GPG_PATH "/usr/bin/gpg"
#define SELF_PATH "/proc/self/exe"
#define HOME_EXTRA (sizeof "/" PGP_LINK_HOME_NAME "/r" - 1)
#define RETRY_MS 5 /* somebody else's answer is ready: look again soon without spinning */

/* ---- open and close */

static enum mq_err
copy_text(char **to, const char *from, const char *fallback)
{
	if (from == NULL)
		from = fallback;
	if (from == NULL)
		return MQ_OK;
	return (*to = strdup(from)) != NULL ? MQ_OK : MQ_ENOMEM;
}

const char *
pgp_program(void)
{
#ifdef MQGP_TEST_HOOKS
	const char *named = getenv("MQGP_GPG");

	if (named != NULL)
		return named;
#endif
	return GPG_PATH;
}

/* Sockets of an agent go to /run/user/UID if that exists, else into the home. */
static bool
sockets_fit(const char *home, size_t extra)
{
	char run[64];

	(void)snprintf(run, sizeof run, "/run/user/%u/gnupg", (unsigned)geteuid());
	return strlen(home) + extra <= PGP_HOME_MAX || (extra == 0 && file_exists(run));
}

static enum mq_err
check_home(const struct pgp_options *o, struct mq_error *e)
{
	bool verify = o->kind == PGP_VERIFY_CHILD;
	const char *path = verify ? o->run_dir : o->home;
	size_t extra = verify ? HOME_EXTRA : 0;

	if (path == NULL)
		return verify ? mq_fail(e, MQ_EINVAL, "no run folder for gpg is named") : MQ_OK;
	if (path[0] != '/')
		return mq_fail(e, MQ_EINVAL, "the folder of gpg must be an absolute path: %s", path);
	if (!sockets_fit(path, extra))
		return mq_fail(e, MQ_ELIMIT,
		    "the path of the gpg folder is too long for the agent's sockets (%zu bytes, at "
		    "most %zu): %s", strlen(path), PGP_HOME_MAX - extra, path);
	return file_private_dir(path, e);
}

/* A pinentry whose terminal vanished would spin for ever (OPENPGP.md 0). What is there stays. */
static enum mq_err
prepare_own_home(const char *home, struct mq_error *e)
{
	static const char conf[] = "pinentry-timeout 60\n";
	char path[PGP_HOME_PATH_MAX + 32];
	enum mq_err r = file_join(path, sizeof path, home, "gpg-agent.conf");

	if (r != MQ_OK)
		return mq_fail(e, r, "path is too long: %s", home);
	return file_exists(path) ? MQ_OK : file_write(path, conf, sizeof conf - 1, e);
}

enum mq_err
pgp_open(struct pgp **out, const struct pgp_options *o, struct mq_error *e)
{
	struct pgp *p;
	enum mq_err r;

	if ((r = check_home(o, e)) != MQ_OK ||
	    (o->own_home && o->home != NULL && (r = prepare_own_home(o->home, e)) != MQ_OK))
		return r;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for gpg");
	p->kind = o->kind;
	p->deadline_ms = o->deadline_ms == 0 ? PGP_DEADLINE_MS : o->deadline_ms;
	p->at = o->at;
	p->may_prompt = o->may_prompt;
	p->own_home = o->own_home && o->home != NULL;
	pgp_link_init(p);
	if ((r = copy_text(&p->self, o->self, SELF_PATH)) != MQ_OK ||
	    (r = copy_text(&p->home, o->kind == PGP_SECRET_CHILD ? o->home : NULL, NULL)) != MQ_OK ||
	    (r = copy_text(&p->run_dir, o->run_dir, NULL)) != MQ_OK ||
	    (r = copy_text(&p->gpg, o->gpg, pgp_program())) != MQ_OK) {
		pgp_close(p);
		return mq_fail(e, r, "no memory for gpg");
	}
	*out = p;
	return MQ_OK;
}

void
pgp_close(struct pgp *p)
{
	if (p == NULL)
		return;
	pgp_link_done(p);
	if (p->own_home && p->home != NULL)
		pgp_proc_kill_agent(p->home);
	secret_free(&p->passphrase);
	free(p->gpg);
	free(p->run_dir);
	free(p->home);
	free(p->self);
	free(p);
}

int
pgp_fd(const struct pgp *p)
{
	return p->proc.fd;
}

/* ---- requests */

/* How a locked key is dealt with. */
static void
put_unlock(const struct pgp *p, struct pgp_request *w)
{
	if (p->has_passphrase) {
		w->flags = PGP_WIRE_PASSPHRASE;
		w->passphrase = (struct span){ p->passphrase.p, p->passphrase.n };
	} else if (p->may_prompt) {
		w->flags = PGP_WIRE_PROMPT;
	}
}

/* What has no form, or is larger than a bundle can carry, is answered at once. */
static enum mq_err
answer_malformed(struct pgp *p, enum verdict v, const char *why, uint32_t *id)
{
	struct pgp_answer a;

	*id = pgp_link_next_id(p);
	pgp_answer_init(&a, *id, PGP_OP_VERIFY);
	a.sig.verdict = v;
	(void)snprintf(a.text, sizeof a.text, "%s", why);
	pgp_link_push(p, &a);
	return MQ_OK;
}

enum mq_err
pgp_verify(struct pgp *p, struct span data, struct span sig, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_VERIFY, .data = data, .sig = sig };
	struct sigwalk walk;
	enum verdict v = sigwalk_read(sig, &walk);

	if (v != V_NONE)
		return answer_malformed(p, v, walk.reason, id);
	if (sig.n > PGP_SIG_MAX)
		return answer_malformed(p, V_MALFORMED_SIG, "larger than a bundle can carry", id);
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_sign(struct pgp *p, const struct fpr *key, struct span data, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_SIGN, .fpr = { *key }, .n_fprs = 1, .data = data };

	put_unlock(p, &w);
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_decrypt(struct pgp *p, struct span message, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_DECRYPT, .data = message };

	put_unlock(p, &w);
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_encrypt(struct pgp *p, const struct fpr *to, size_t n, struct span clear, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_ENCRYPT, .n_fprs = n, .data = clear };

	if (n > PGP_RECIPIENTS_MAX)
		return MQ_EINVAL;
	if (n != 0)
		memcpy(w.fpr, to, n * sizeof *to);
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_import(struct pgp *p, const struct fpr *want, struct span cert, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_IMPORT, .fpr = { *want }, .n_fprs = 1, .data = cert };

	if (cert.n > PGP_CERT_MAX)
		return MQ_ELIMIT;
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_look(struct pgp *p, struct span keys, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_LOOK, .data = keys };

	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_list(struct pgp *p, bool secret_only, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_LIST };

	w.flags = secret_only ? PGP_WIRE_SECRET_ONLY : 0;
	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_export(struct pgp *p, const struct fpr *key, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_EXPORT, .fpr = { *key }, .n_fprs = 1 };

	return pgp_link_submit(p, &w, id);
}

enum mq_err
pgp_generate(struct pgp *p, const char *user_id, const char *passphrase, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_GENERATE, .data = span_of(user_id) };

	if (passphrase != NULL) {
		w.flags = PGP_WIRE_PASSPHRASE;
		w.passphrase = span_of(passphrase);
	} else if (p->may_prompt) {
		w.flags = PGP_WIRE_PROMPT;
	}
	return pgp_link_submit(p, &w, id);
}

void
pgp_set_prompt(struct pgp *p, bool may_prompt)
{
	p->may_prompt = may_prompt;
}

enum mq_err
pgp_set_passphrase(struct pgp *p, const struct secret *passphrase)
{
	struct secret copy = { NULL, 0 };

	if (passphrase != NULL) {
		if (passphrase->n > PGP_PASSPHRASE_MAX)
			return MQ_ELIMIT;
		copy = secret_copy(passphrase->p, passphrase->n);
		if (copy.p == NULL)
			return MQ_ENOMEM;
	}
	secret_free(&p->passphrase);
	p->passphrase = copy;
	p->has_passphrase = passphrase != NULL;
	return MQ_OK;
}

void
pgp_cancel(struct pgp *p)
{
	pgp_link_lose(p, MQ_ECANCEL, "cancelled");
}

/* ---- answers out */

enum mq_err
pgp_poll(struct pgp *p, struct pgp_answer *out)
{
	pgp_link_work(p);
	return pgp_link_take(p, 0, out) ? MQ_OK : MQ_EAGAIN;
}

enum mq_err
pgp_wait(struct pgp *p, uint32_t id, struct pgp_answer *out)
{
	struct pollfd set;
	int64_t wait;

	for (;;) {
		pgp_link_work(p);
		if (pgp_link_take(p, id, out))
			return MQ_OK;
		if (!pgp_link_pending(p, id))
			return MQ_EINVAL;
		set = (struct pollfd){ pgp_fd(p), POLLIN, 0 };
		/* answers to others may be ready: that must not make us spin */
		wait = p->ready != NULL ? RETRY_MS : pgp_next_timeout_ms(p);
		(void)poll(&set, 1, (int)wait); /* whatever happened, work() looks */
	}
}

const struct keytable *
pgp_keys(const struct pgp *p)
{
	return &p->keys;
}
