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
#include "core/trust/pgp_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/trust/pgp_child_args.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS 10000
#define GRACE_MS 1000	/* the child notices its deadline itself; we only if it does not */
#define CANCEL_MS 500	/* for a child that ends a pinentry */
#define SEND_RETRY_MS 5 /* the socket is full: the child is still starting */
#define INTERNAL 0	/* id of requests that rebuild a ring */

/* ---- answers */

static void
request_free(struct pgp_pending *q)
{
	if (q == NULL)
		return;
	buf_wipe(&q->frame);
	free(q);
}

/* Takes the content of a. Without memory the answer is lost; the program is about to stop. */
void
pgp_link_push(struct pgp *p, struct pgp_answer *a)
{
	struct pgp_ready *r = calloc(1, sizeof *r);

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

/* Answers q with a failure of the engine and frees it. */
static void
fail_request(struct pgp *p, struct pgp_pending *q, enum mq_err err, const char *text)
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
		pgp_link_push(p, &a);
	}
	request_free(q);
}

static struct pgp_pending *
take_queued(struct pgp *p)
{
	struct pgp_pending *q = p->queue;

	if (q == NULL)
		return NULL;
	p->queue = q->next;
	if (p->queue == NULL)
		p->queue_end = &p->queue;
	q->next = NULL;
	p->n_queued--;
	p->n_imports -= q->op == PGP_OP_IMPORT;
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
void
pgp_link_lose(struct pgp *p, enum mq_err err, const char *text)
{
	struct pgp_pending *q;

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
	if (asprintf(&p->child_home, "%s/" PGP_LINK_HOME_NAME, p->run_dir) < 0) {
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
		p->deadline_ms, p->at };
	enum mq_err r;

	if (p->kind == PGP_VERIFY_CHILD) {
		if ((r = make_child_home(p, e)) != MQ_OK)
			return r;
		a.home = p->child_home;
	}
	return pgp_proc_start(&p->proc, &a, e);
}

/* ---- sending */

static struct pgp_pending *
request_new(const struct pgp_request *w, enum mq_err *err)
{
	struct pgp_pending *q = calloc(1, sizeof *q);

	if (q == NULL) {
		*err = MQ_ENOMEM;
		return NULL;
	}
	q->id = w->id;
	q->op = w->op;
	q->may_take_time = (w->flags & PGP_WIRE_PROMPT) != 0;
	buf_init(&q->frame, PGP_FRAME_MAX);
	if ((*err = pgp_wire_put_request(&q->frame, w)) != MQ_OK) {
		request_free(q);
		return NULL;
	}
	return q;
}

/* What the child should do next: first its ring, then what was asked. */
static struct pgp_pending *
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
		pgp_link_lose(p, MQ_ECRYPTO, "the gpg helper ended");
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
			pgp_link_lose(p, r, e.text);
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
	struct pgp_cert *c = NULL, *grown;
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
take_import(struct pgp *p, const struct pgp_pending *q, struct pgp_answer *a)
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
	struct pgp_pending *q = p->current;
	enum mq_err r = MQ_OK;

	if (a->op == PGP_OP_IMPORT && a->err == MQ_OK && p->kind == PGP_VERIFY_CHILD)
		r = take_import(p, q, a);
	if (r != MQ_OK || a->err == MQ_ETIMEOUT || (a->err != MQ_OK && q->id == INTERNAL)) {
		pgp_link_lose(p, r != MQ_OK ? r : a->err, a->text);
		pgp_answer_done(a);
		return false;
	}
	if (a->err == MQ_OK)
		p->backoff_ms = BACKOFF_FIRST_MS;
	if (q->id == INTERNAL)
		pgp_answer_done(a);
	else
		pgp_link_push(p, a);
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
		pgp_link_lose(p, MQ_ECRYPTO, "the gpg helper gave an answer without form");
		return false;
	}
	if (a.id != p->current->id || a.op != p->current->op) {
		pgp_answer_done(&a);
		pgp_link_lose(p, MQ_ECRYPTO, "the gpg helper answered something else");
		return false;
	}
	pgp_wire_consume(&p->rx, frame);
	return take_answer(p, &a);
}

static void
receive(struct pgp *p)
{
	uint8_t part[PGP_LINK_READ_BYTES];
	ssize_t n;

	while (p->proc.fd >= 0) {
		n = recv(p->proc.fd, part, sizeof part, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		if (n <= 0 || buf_put(&p->rx, part, (size_t)n) != MQ_OK) {
			pgp_link_lose(p, MQ_ECRYPTO, "the gpg helper ended");
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
	return p->current != NULL && p->deadline_ms >= 0 && !p->current->may_take_time &&
	    clock_mono_ms(&p->clock) > p->sent_at + p->deadline_ms + GRACE_MS;
}

/* Everything that can be done now without waiting. */
void
pgp_link_work(struct pgp *p)
{
	char text[MQ_ERROR_TEXT];

	pump(p);
	receive(p);
	if (is_late(p)) {
		(void)snprintf(text, sizeof text, "gpg did not answer in %d ms", p->deadline_ms);
		pgp_link_lose(p, MQ_ETIMEOUT, text);
	}
	pump(p);
}

/* ---- for pgp.c */

void
pgp_link_init(struct pgp *p)
{
	p->clock = clock_real();
	p->proc = (struct pgp_proc){ 0, -1 };
	p->backoff_ms = BACKOFF_FIRST_MS;
	p->queue_end = &p->queue;
	p->ready_end = &p->ready;
	buf_init(&p->rx, PGP_FRAME_MAX + PGP_LINK_READ_BYTES);
	keytable_init(&p->keys);
}

void
pgp_link_done(struct pgp *p)
{
	struct pgp_answer a;

	end_child(p, p->kind == PGP_SECRET_CHILD && p->current != NULL ? CANCEL_MS : 0);
	request_free(p->current);
	for (struct pgp_pending *q; (q = take_queued(p)) != NULL;)
		request_free(q);
	while (pgp_link_take(p, 0, &a))
		pgp_answer_done(&a);
	for (size_t i = 0; i < p->n_certs; i++)
		buf_done(&p->cert[i].armored);
	free(p->cert);
	keytable_done(&p->keys);
}

bool
pgp_link_take(struct pgp *p, uint32_t id, struct pgp_answer *out)
{
	struct pgp_ready **at = &p->ready, *r;

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

uint32_t
pgp_link_next_id(struct pgp *p)
{
	if (++p->last_id == INTERNAL)
		p->last_id++;
	return p->last_id;
}

/* Imports have room of their own: at its start a program tells the ring everything it kept. */
static bool
is_full(const struct pgp *p, enum pgp_op op)
{
	if (op == PGP_OP_IMPORT)
		return p->n_imports >= KEYTABLE_KEYS_MAX;
	return p->n_queued - p->n_imports + (p->current != NULL) >= PGP_QUEUE_MAX;
}

enum mq_err
pgp_link_submit(struct pgp *p, struct pgp_request *w, uint32_t *id)
{
	struct pgp_pending *q;
	enum mq_err err;

	if (is_full(p, w->op))
		return MQ_EAGAIN;
	w->id = pgp_link_next_id(p);
	if ((q = request_new(w, &err)) == NULL)
		return err;
	*p->queue_end = q;
	p->queue_end = &q->next;
	p->n_queued++;
	p->n_imports += q->op == PGP_OP_IMPORT;
	*id = w->id;
	pgp_link_work(p);
	return MQ_OK;
}

bool
pgp_link_pending(const struct pgp *p, uint32_t id)
{
	if (p->current != NULL && p->current->id == id)
		return true;
	for (const struct pgp_pending *q = p->queue; q != NULL; q = q->next)
		if (q->id == id)
			return true;
	return false;
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
	if (p->deadline_ms < 0 || p->current->may_take_time)
		return -1;
	left = p->sent_at + p->deadline_ms + GRACE_MS + 1 - now;
	return left > 0 ? left : 0;
}
