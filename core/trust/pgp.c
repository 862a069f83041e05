/*
 * The parent's side of the two children.
 *
 * One request travels at a time: a child works on one anyway, and so the time since it was sent is
 * the time gpg has had. Everything a child knows can be told again: the merged certificates of the
 * verify child are kept here and given to its successor before any other request.
 *
 * A child that is silent past its deadline, dies or talks nonsense is ended with all it started.
 * Whatever was submitted then is answered (MQ_ETIMEOUT or MQ_ECRYPTO, V_SYS_ERROR), and the next
 * child starts when there is something to do, at the earliest after a delay that doubles.
 */
#include "core/trust/pgp.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/trust/pgp_child_args.h"
#include "core/trust/pgp_proc.h"
#include "core/trust/pgp_wire.h"
#include "core/trust/sigwalk.h"

#define GPG_PATH "/usr/bin/gpg"
#define SELF_PATH "/proc/self/exe"
#define HOME_NAME "v-XXXXXX" /* of one verify child, in run_dir; "/r" and "/s" come behind it */
#define HOME_EXTRA (sizeof "/" HOME_NAME "/r" - 1)
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 10000
#define GRACE_MS 1000	/* the child notices its deadline itself; we only if it does not */
#define CANCEL_MS 500	/* for a child that ends a pinentry */
#define SEND_RETRY_MS 5 /* the socket is full: the child is still starting */
#define READ_BYTES 65536
#define INTERNAL 0 /* id of requests that rebuild a ring */

struct request {
	struct request *next;
	uint32_t id;
	enum pgp_op op;
	struct buf frame; /* may hold secrets */
};

struct ready {
	struct ready *next;
	struct pgp_answer answer;
};

struct cert {
	struct fpr fpr;
	struct buf armored;
};

struct pgp {
	enum pgp_kind kind;
	char *self, *home, *run_dir, *gpg; /* home, run_dir may be NULL */
	int deadline_ms;
	bool may_prompt, own_home;
	struct secret passphrase;
	bool has_passphrase;

	struct clock clock;
	struct pgp_proc proc;
	char *child_home; /* VERIFY: of the running child */
	int64_t restart_at, backoff_ms;

	struct request *queue, **queue_end; /* not sent yet */
	size_t n_queued;
	struct request *current; /* sent, at least in part */
	size_t sent;
	int64_t sent_at;
	struct buf rx;
	struct ready *ready, **ready_end;
	uint32_t last_id;

	struct cert *cert; /* VERIFY: the ring, to be told again */
	size_t n_certs, rebuilt; /* the first `rebuilt` are in the running child's ring */
	struct keytable keys;
};

/* ---- answers */

static void
request_free(struct request *q)
{
	if (q == NULL)
		return;
	buf_wipe(&q->frame);
	free(q);
}

/* Takes the content of a. Without memory the answer is lost; the program is about to stop. */
static void
push_ready(struct pgp *p, struct pgp_answer *a)
{
	struct ready *r = calloc(1, sizeof *r);

	if (r == NULL) {
		log_error("no memory for an answer of gpg id=%u", a->id);
		pgp_answer_done(a);
		return;
	}
	a->generation = p->keys.generation;
	r->answer = *a;
	*p->ready_end = r;
	p->ready_end = &r->next;
}

/* Takes the answer with this id (0: the first) out of the list. */
static bool
take_ready(struct pgp *p, uint32_t id, struct pgp_answer *out)
{
	struct ready **at = &p->ready, *r;

	while (*at != NULL && id != 0 && (*at)->answer.id != id)
		at = &(*at)->next;
	if ((r = *at) == NULL)
		return false;
	*at = r->next;
	if (p->ready_end == &r->next)
		p->ready_end = at;
	*out = r->answer;
	free(r);
	return true;
}

/* Answers q with a failure of the engine and frees it. */
static void
fail_request(struct pgp *p, struct request *q, enum mq_err err, const char *text)
{
	struct pgp_answer a;

	if (q->id != INTERNAL) {
		pgp_answer_init(&a, q->id, q->op);
		a.err = err;
		(void)snprintf(a.text, sizeof a.text, "%s", text);
		if (q->op == PGP_OP_VERIFY)
			a.sig.verdict = V_SYS_ERROR;
		if (q->op == PGP_OP_DECRYPT)
			a.decrypt = V_SYS_ERROR;
		push_ready(p, &a);
	}
	request_free(q);
}

static struct request *
take_queued(struct pgp *p)
{
	struct request *q = p->queue;

	if (q == NULL)
		return NULL;
	p->queue = q->next;
	if (p->queue == NULL)
		p->queue_end = &p->queue;
	q->next = NULL;
	p->n_queued--;
	return q;
}

/* ---- the child's life */

static void
end_child(struct pgp *p, int grace_ms)
{
	struct mq_error e;

	pgp_proc_end(&p->proc, grace_ms);
	buf_wipe(&p->rx);
	if (p->child_home != NULL && file_remove_tree(p->child_home, &e) != MQ_OK)
		log_warn("run folder of gpg stays behind: %s", e.text);
	free(p->child_home);
	p->child_home = NULL;
	p->rebuilt = 0;
}

/* Ends the child and answers everything that waits for it. */
static void
lose_child(struct pgp *p, enum mq_err err, const char *text)
{
	struct request *q;

	end_child(p, err == MQ_ECANCEL ? CANCEL_MS : 0);
	if (err != MQ_ECANCEL) {
		p->restart_at = clock_mono_ms(&p->clock) + p->backoff_ms;
		p->backoff_ms = p->backoff_ms * 2 < BACKOFF_MAX_MS ? p->backoff_ms * 2 : BACKOFF_MAX_MS;
		log_warn("gpg helper was ended: %s", text);
	}
	if (p->current != NULL)
		fail_request(p, p->current, err, text);
	p->current = NULL;
	while ((q = take_queued(p)) != NULL)
		fail_request(p, q, err, text);
}

/* A new empty folder for a verify child. */
static enum mq_err
make_child_home(struct pgp *p, struct mq_error *e)
{
	enum mq_err r;

	if ((r = file_private_dir(p->run_dir, e)) != MQ_OK)
		return r;
	if (asprintf(&p->child_home, "%s/" HOME_NAME, p->run_dir) < 0) {
		p->child_home = NULL;
		return mq_fail(e, MQ_ENOMEM, "no memory to start gpg");
	}
	if (mkdtemp(p->child_home) == NULL) {
		free(p->child_home);
		p->child_home = NULL;
		return mq_fail_errno(e, MQ_EIO, "cannot make a folder in %s", p->run_dir);
	}
	return MQ_OK;
}

static enum mq_err
start_child(struct pgp *p, struct mq_error *e)
{
	struct pgp_proc_args a = { p->self, p->kind == PGP_VERIFY_CHILD, p->home, p->gpg,
		p->deadline_ms };
	enum mq_err r;

	if (p->kind == PGP_VERIFY_CHILD) {
		if ((r = make_child_home(p, e)) != MQ_OK)
			return r;
		a.home = p->child_home;
	}
	return pgp_proc_start(&p->proc, &a, e);
}

/* ---- sending */

static struct request *
request_new(const struct pgp_request *w, enum mq_err *err)
{
	struct request *q = calloc(1, sizeof *q);

	if (q == NULL) {
		*err = MQ_ENOMEM;
		return NULL;
	}
	q->id = w->id;
	q->op = w->op;
	buf_init(&q->frame, PGP_FRAME_MAX);
	if ((*err = pgp_wire_put_request(&q->frame, w)) != MQ_OK) {
		request_free(q);
		return NULL;
	}
	return q;
}

/* What the child should do next: first its ring, then what was asked. */
static struct request *
next_request(struct pgp *p)
{
	struct pgp_request w = { .id = INTERNAL, .op = PGP_OP_IMPORT, .n_fprs = 1 };
	enum mq_err err;

	if (p->queue == NULL || p->rebuilt == p->n_certs)
		return take_queued(p);
	w.fpr[0] = p->cert[p->rebuilt].fpr;
	w.data = buf_span(&p->cert[p->rebuilt].armored);
	return request_new(&w, &err); /* NULL: no memory now, tried again at the next poll */
}

static void
send_rest(struct pgp *p)
{
	const struct buf *b = &p->current->frame;

	while (p->sent < b->n) {
		ssize_t n = send(p->proc.fd, b->p + p->sent, b->n - p->sent, MSG_NOSIGNAL);

		if (n > 0)
			p->sent += (size_t)n;
		else if (n < 0 && errno == EINTR)
			continue;
		else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		else
			break;
	}
	if (p->sent < b->n)
		lose_child(p, MQ_ECRYPTO, "the gpg helper ended");
}

/* Starts the child and gives it the next request, as far as possible without waiting. */
static void
pump(struct pgp *p)
{
	struct mq_error e;
	enum mq_err r;

	if (p->current == NULL && p->queue != NULL) {
		if (p->proc.fd < 0 && clock_mono_ms(&p->clock) < p->restart_at)
			return;
		if (p->proc.fd < 0 && (r = start_child(p, &e)) != MQ_OK) {
			lose_child(p, r, e.text);
			return;
		}
		p->current = next_request(p);
		p->sent = 0;
		p->sent_at = clock_mono_ms(&p->clock);
	}
	if (p->current != NULL && p->sent < p->current->frame.n)
		send_rest(p);
}

/* ---- receiving */

static enum mq_err
keep_cert(struct pgp *p, const struct fpr *f, struct span armored)
{
	struct cert *c = NULL, *grown;
	enum mq_err r;

	for (size_t i = 0; i < p->n_certs && c == NULL; i++)
		if (fpr_eq(&p->cert[i].fpr, f))
			c = &p->cert[i];
	if (c == NULL) {
		if ((grown = realloc(p->cert, (p->n_certs + 1) * sizeof *grown)) == NULL)
			return MQ_ENOMEM;
		p->cert = grown;
		c = &p->cert[p->n_certs++];
		c->fpr = *f;
		buf_init(&c->armored, PGP_EXPORT_MAX);
		p->rebuilt++; /* the running child has it */
	}
	buf_reset(&c->armored);
	if ((r = buf_put(&c->armored, armored.p, armored.n)) != MQ_OK)
		log_error("no memory to keep a certificate fpr=%s", f->hex);
	return r;
}

/* The table of an import belongs to the ring only once the whole ring is there again. */
static enum mq_err
take_import(struct pgp *p, const struct request *q, struct pgp_answer *a)
{
	enum mq_err r;

	if (q->id == INTERNAL && ++p->rebuilt < p->n_certs)
		return MQ_OK;
	if (q->id != INTERNAL && (r = keep_cert(p, &a->fpr, buf_span(&a->out))) != MQ_OK)
		return r;
	a->keys.generation = p->keys.generation + 1;
	return keytable_copy(&p->keys, &a->keys);
}

/* The answer to the current request; false: the child must go. */
static bool
take_answer(struct pgp *p, struct pgp_answer *a)
{
	struct request *q = p->current;
	enum mq_err r = MQ_OK;

	if (a->op == PGP_OP_IMPORT && a->err == MQ_OK && p->kind == PGP_VERIFY_CHILD)
		r = take_import(p, q, a);
	if (r != MQ_OK || a->err == MQ_ETIMEOUT || (a->err != MQ_OK && q->id == INTERNAL)) {
		lose_child(p, r != MQ_OK ? r : a->err, a->text);
		pgp_answer_done(a);
		return false;
	}
	if (a->err == MQ_OK)
		p->backoff_ms = BACKOFF_FIRST_MS;
	if (q->id == INTERNAL)
		pgp_answer_done(a);
	else
		push_ready(p, a);
	request_free(q);
	p->current = NULL;
	return true;
}

/* One frame from the child, if a whole one is there; false: there is none or the child was lost. */
static bool
take_frame(struct pgp *p)
{
	struct pgp_answer a;
	struct span frame;
	enum mq_err r = pgp_wire_frame(&p->rx, &frame);

	if (r == MQ_EAGAIN)
		return false;
	if (r != MQ_OK || p->current == NULL || pgp_wire_get_answer(frame, &a) != MQ_OK) {
		lose_child(p, MQ_ECRYPTO, "the gpg helper gave an answer without form");
		return false;
	}
	if (a.id != p->current->id || a.op != p->current->op) {
		pgp_answer_done(&a);
		lose_child(p, MQ_ECRYPTO, "the gpg helper answered something else");
		return false;
	}
	pgp_wire_consume(&p->rx, frame);
	return take_answer(p, &a);
}

static void
receive(struct pgp *p)
{
	uint8_t part[READ_BYTES];
	ssize_t n;

	while (p->proc.fd >= 0) {
		n = recv(p->proc.fd, part, sizeof part, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0 || buf_put(&p->rx, part, (size_t)n) != MQ_OK) {
			lose_child(p, MQ_ECRYPTO, "the gpg helper ended");
			return;
		}
		explicit_bzero(part, (size_t)n);
		while (take_frame(p))
			;
	}
}

static bool
is_late(const struct pgp *p)
{
	return p->current != NULL && p->deadline_ms >= 0 &&
	    clock_mono_ms(&p->clock) > p->sent_at + p->deadline_ms + GRACE_MS;
}

/* Everything that can be done now without waiting. */
static void
work(struct pgp *p)
{
	char text[MQ_ERROR_TEXT];

	pump(p);
	receive(p);
	if (is_late(p)) {
		(void)snprintf(text, sizeof text, "gpg did not answer in %d ms", p->deadline_ms);
		lose_child(p, MQ_ETIMEOUT, text);
	}
	pump(p);
}

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

static const char *
default_gpg(void)
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

enum mq_err
pgp_open(struct pgp **out, const struct pgp_options *o, struct mq_error *e)
{
	struct pgp *p;
	enum mq_err r;

	if ((r = check_home(o, e)) != MQ_OK)
		return r;
	if ((p = calloc(1, sizeof *p)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for gpg");
	p->kind = o->kind;
	p->deadline_ms = o->deadline_ms == 0 ? PGP_DEADLINE_MS : o->deadline_ms;
	p->may_prompt = o->may_prompt;
	p->own_home = o->own_home && o->home != NULL;
	p->clock = clock_real();
	p->proc = (struct pgp_proc){ 0, -1 };
	p->backoff_ms = BACKOFF_FIRST_MS;
	p->queue_end = &p->queue;
	p->ready_end = &p->ready;
	buf_init(&p->rx, PGP_FRAME_MAX + READ_BYTES);
	keytable_init(&p->keys);
	if ((r = copy_text(&p->self, o->self, SELF_PATH)) != MQ_OK ||
	    (r = copy_text(&p->home, o->kind == PGP_SECRET_CHILD ? o->home : NULL, NULL)) != MQ_OK ||
	    (r = copy_text(&p->run_dir, o->run_dir, NULL)) != MQ_OK ||
	    (r = copy_text(&p->gpg, o->gpg, default_gpg())) != MQ_OK) {
		pgp_close(p);
		return mq_fail(e, r, "no memory for gpg");
	}
	*out = p;
	return MQ_OK;
}

void
pgp_close(struct pgp *p)
{
	struct pgp_answer a;

	if (p == NULL)
		return;
	end_child(p, p->kind == PGP_SECRET_CHILD && p->current != NULL ? CANCEL_MS : 0);
	if (p->own_home && p->home != NULL)
		pgp_proc_kill_agent(p->home);
	request_free(p->current);
	for (struct request *q; (q = take_queued(p)) != NULL;)
		request_free(q);
	while (take_ready(p, 0, &a))
		pgp_answer_done(&a);
	for (size_t i = 0; i < p->n_certs; i++)
		buf_done(&p->cert[i].armored);
	free(p->cert);
	keytable_done(&p->keys);
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

int64_t
pgp_next_timeout_ms(const struct pgp *p)
{
	int64_t now = clock_mono_ms(&p->clock), left;

	if (p->ready != NULL)
		return 0;
	if (p->current == NULL) {
		if (p->queue == NULL)
			return -1;
		left = p->proc.fd < 0 ? p->restart_at - now : SEND_RETRY_MS;
		return left > 0 ? left : 0;
	}
	if (p->sent < p->current->frame.n)
		return SEND_RETRY_MS;
	if (p->deadline_ms < 0)
		return -1;
	left = p->sent_at + p->deadline_ms + GRACE_MS + 1 - now;
	return left > 0 ? left : 0;
}

/* ---- requests */

static uint32_t
next_id(struct pgp *p)
{
	if (++p->last_id == INTERNAL)
		p->last_id++;
	return p->last_id;
}

static enum mq_err
submit(struct pgp *p, struct pgp_request *w, uint32_t *id)
{
	struct request *q;
	enum mq_err err;

	if (p->n_queued + (p->current != NULL) >= PGP_QUEUE_MAX)
		return MQ_EAGAIN;
	w->id = next_id(p);
	if ((q = request_new(w, &err)) == NULL)
		return err;
	*p->queue_end = q;
	p->queue_end = &q->next;
	p->n_queued++;
	*id = w->id;
	work(p);
	return MQ_OK;
}

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

	*id = next_id(p);
	pgp_answer_init(&a, *id, PGP_OP_VERIFY);
	a.sig.verdict = v;
	(void)snprintf(a.text, sizeof a.text, "%s", why);
	push_ready(p, &a);
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
	return submit(p, &w, id);
}

enum mq_err
pgp_sign(struct pgp *p, const struct fpr *key, struct span data, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_SIGN, .fpr = { *key }, .n_fprs = 1, .data = data };

	put_unlock(p, &w);
	return submit(p, &w, id);
}

enum mq_err
pgp_decrypt(struct pgp *p, struct span message, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_DECRYPT, .data = message };

	put_unlock(p, &w);
	return submit(p, &w, id);
}

enum mq_err
pgp_encrypt(struct pgp *p, const struct fpr *to, size_t n, struct span clear, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_ENCRYPT, .n_fprs = n, .data = clear };

	if (n > PGP_RECIPIENTS_MAX)
		return MQ_EINVAL;
	if (n != 0)
		memcpy(w.fpr, to, n * sizeof *to);
	return submit(p, &w, id);
}

enum mq_err
pgp_import(struct pgp *p, const struct fpr *want, struct span cert, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_IMPORT, .fpr = { *want }, .n_fprs = 1, .data = cert };

	if (cert.n > PGP_CERT_MAX)
		return MQ_ELIMIT;
	return submit(p, &w, id);
}

enum mq_err
pgp_look(struct pgp *p, struct span keys, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_LOOK, .data = keys };

	return submit(p, &w, id);
}

enum mq_err
pgp_list(struct pgp *p, bool secret_only, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_LIST };

	w.flags = secret_only ? PGP_WIRE_SECRET_ONLY : 0;
	return submit(p, &w, id);
}

enum mq_err
pgp_export(struct pgp *p, const struct fpr *key, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_EXPORT, .fpr = { *key }, .n_fprs = 1 };

	return submit(p, &w, id);
}

enum mq_err
pgp_generate(struct pgp *p, const char *user_id, const char *passphrase, uint32_t *id)
{
	struct pgp_request w = { .op = PGP_OP_GENERATE, .data = span_of(user_id) };

	if (passphrase != NULL) {
		w.flags = PGP_WIRE_PASSPHRASE;
		w.passphrase = span_of(passphrase);
	}
	return submit(p, &w, id);
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
	lose_child(p, MQ_ECANCEL, "cancelled");
}

/* ---- answers out */

enum mq_err
pgp_poll(struct pgp *p, struct pgp_answer *out)
{
	work(p);
	return take_ready(p, 0, out) ? MQ_OK : MQ_EAGAIN;
}

static bool
is_pending(const struct pgp *p, uint32_t id)
{
	if (p->current != NULL && p->current->id == id)
		return true;
	for (const struct request *q = p->queue; q != NULL; q = q->next)
		if (q->id == id)
			return true;
	return false;
}

enum mq_err
pgp_wait(struct pgp *p, uint32_t id, struct pgp_answer *out)
{
	struct pollfd set;
	int64_t wait;

	for (;;) {
		work(p);
		if (take_ready(p, id, out))
			return MQ_OK;
		if (!is_pending(p, id))
			return MQ_EINVAL;
		set = (struct pollfd){ pgp_fd(p), POLLIN, 0 };
		/* answers to others may be ready: that must not make us spin */
		wait = p->ready != NULL ? SEND_RETRY_MS : pgp_next_timeout_ms(p);
		(void)poll(&set, 1, (int)wait); /* whatever happened, work() looks */
	}
}

const struct keytable *
pgp_keys(const struct pgp *p)
{
	return &p->keys;
}
