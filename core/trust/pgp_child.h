/*
 * The children of pgp.c from inside: what each does with one request.
 *
 * A child is one thread, reads one request at a time from PGP_CHILD_FD and answers it before it
 * reads the next. It ends when the parent's end of the socket closes, taking every gpg it started
 * with it. Only pgp_child*.c use this.
 */
#ifndef MQGP_CORE_TRUST_PGP_CHILD_H
#define MQGP_CORE_TRUST_PGP_CHILD_H

#include "core/trust/pgp_child_args.h"
#include "core/trust/pgp_child_gpg.h"
#include "core/trust/pgp_wire.h"

struct pgp_child {
	const char *home, *gpg;
	int deadline_ms;
	int64_t at; /* VERIFY: the time to judge at; 0: now */
	struct gpg ring; /* VERIFY: what was imported; SECRET: the home given */
	/* VERIFY only */
	struct gpg scratch; /* certificates are looked at here first */
	char ring_home[PGP_HOME_PATH_MAX], scratch_home[PGP_HOME_PATH_MAX];
	struct keytable keys; /* of the ring */
};

/* One request into one answer; a is initialised. The outcome of the engine goes to a->err. */
typedef enum mq_err pgp_child_fn(struct pgp_child *c, const struct pgp_request *q,
    struct pgp_answer *a, struct mq_error *e);

/* NULL: this child does not do it. */
extern pgp_child_fn *const pgp_verify_child[PGP_OP_COUNT];
extern pgp_child_fn *const pgp_secret_child[PGP_OP_COUNT];

enum mq_err pgp_verify_child_open(struct pgp_child *c, struct mq_error *e);

/* Makes path an empty 0700 home with the options of OPENPGP.md 1.4; gpg's clock stands at `at`, if it
 * is not 0. */
enum mq_err pgp_home_make(const char *path, int64_t at, struct mq_error *e);

#endif
