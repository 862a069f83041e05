/* Start, loop and end of a child: one request in, one answer out, until the parent goes. */
#include "core/trust/pgp_child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/trust/secret.h"

#define READ_BYTES 65536
#define FILE_BYTES_MAX (64 << 20) /* what a gpg of the verify child may write: keys are small */

/* Nobody but the parent talks to us; whatever of ours still runs (a silent gpg whose pid nobody
 * knows) is in our process group and ends with us. */
static void __attribute__((noreturn))
leave(void)
{
	(void)kill(0, SIGKILL);
	_exit(0); /* not reached */
}

static bool
send_all(const struct buf *b)
{
	size_t at = 0;

	while (at < b->n) {
		ssize_t n = send(PGP_CHILD_FD, b->p + at, b->n - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

/* Waits for one whole frame. False: the parent is gone or talks nonsense. */
static bool
receive(struct buf *rx, struct span *frame)
{
	uint8_t part[READ_BYTES];
	enum mq_err r;
	ssize_t n;

	while ((r = pgp_wire_frame(rx, frame)) == MQ_EAGAIN) {
		n = recv(PGP_CHILD_FD, part, sizeof part, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || buf_put(rx, part, (size_t)n) != MQ_OK)
			return false;
		sodium_memzero(part, (size_t)n);
	}
	return r == MQ_OK;
}

/* Puts the sentence of e into the answer when the request failed. */
static void
serve(struct pgp_child *c, pgp_child_fn *const *ops, const struct pgp_request *q,
    struct pgp_answer *a)
{
	struct mq_error e = { .code = MQ_OK };

	if (q->op == PGP_OP_VERIFY)
		a->sig.verdict = V_SYS_ERROR; /* until we know */
	if (q->op == PGP_OP_DECRYPT)
		a->decrypt = V_SYS_ERROR;
	c->ring.deadline_ms = c->deadline_ms;
	if (ops[q->op] == NULL)
		a->err = mq_fail(&e, MQ_EINVAL, "this child does not do that");
	else
		a->err = ops[q->op](c, q, a, &e);
	if (a->err != MQ_OK)
		(void)snprintf(a->text, sizeof a->text, "%s", e.text);
}

static bool
answer_one(struct pgp_child *c, pgp_child_fn *const *ops, struct span frame)
{
	struct pgp_request q;
	struct pgp_answer a;
	struct buf out;
	bool ok;

	if (pgp_wire_get_request(frame, &q) != MQ_OK)
		return false;
	pgp_answer_init(&a, q.id, q.op);
	buf_init(&out, PGP_FRAME_MAX);
	serve(c, ops, &q, &a);
	ok = pgp_wire_put_answer(&out, &a) == MQ_OK && send_all(&out);
	/* after a timeout a silent gpg is left behind: the parent starts a new child */
	ok = ok && a.err != MQ_ETIMEOUT;
	pgp_answer_done(&a);
	buf_wipe(&out);
	return ok;
}

static void __attribute__((noreturn))
serve_all(struct pgp_child *c, pgp_child_fn *const *ops)
{
	struct span frame;
	struct buf rx;
	bool ok;

	buf_init(&rx, PGP_FRAME_MAX + READ_BYTES);
	do {
		ok = receive(&rx, &frame) && answer_one(c, ops, frame);
		if (ok)
			pgp_wire_consume(&rx, frame);
	} while (ok);
	buf_wipe(&rx);
	leave();
}

/* Fences that every program started from here inherits. Without one of them the work still gets
 * done, so their failure is not fatal. */
static void
limit_resources(bool verify)
{
	const struct rlimit none = { 0, 0 }, file = { FILE_BYTES_MAX, FILE_BYTES_MAX };

	(void)setrlimit(RLIMIT_CORE, &none);
	if (!verify)
		return; /* pinentry and the agent live long and on their own */
	(void)setrlimit(RLIMIT_FSIZE, &file);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void __attribute__((noreturn))
run(char **argv)
{
	bool verify = strcmp(argv[PGP_ARG_KIND], PGP_KIND_VERIFY) == 0;
	struct pgp_child c = { .gpg = argv[PGP_ARG_GPG] };
	uint64_t at;
	uint32_t deadline;

	if (!text_u32(span_of(argv[PGP_ARG_DEADLINE]), &deadline) || deadline > INT32_MAX ||
	    !text_u64(span_of(argv[PGP_ARG_AT]), INT64_MAX, &at))
		_exit(2);
	c.at = (int64_t)at;
	c.deadline_ms = deadline == 0 ? -1 : (int)deadline;
	if (argv[PGP_ARG_HOME][0] != '\0')
		c.home = argv[PGP_ARG_HOME];
	/* GPGME writes passphrases to the file this names */
	(void)unsetenv("GPGME_DEBUG");
	secret_harden_process();
	limit_resources(verify);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sodium_init() < 0 || gpgme_check_version(NULL) == NULL)
		_exit(3);
	if (verify && (c.home == NULL || pgp_verify_child_open(&c, NULL) != MQ_OK))
		_exit(3);
	if (!verify)
		gpg_init(&c.ring, c.gpg, c.home, PGP_CHILD_FD, c.deadline_ms);
	serve_all(&c, verify ? pgp_verify_child : pgp_secret_child);
}

void
pgp_child_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], PGP_CHILD_ARG) == 0) {
		/* leave() ends our whole process group: it must be our own */
		if (argc != PGP_ARG_COUNT || getpgrp() != getpid())
			_exit(2);
		run(argv);
	}
}
