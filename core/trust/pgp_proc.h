/*
 * Starting and ending the children of pgp.c: environment, socket, process group.
 *
 * A child gets three standard files on /dev/null, the socket, an environment of a few named
 * variables, default signals, and a process group of its own, so that everything it started can be
 * ended with it. Started with posix_spawn: the cost does not grow with our memory. One owner
 * thread.
 */
#ifndef MQGP_CORE_TRUST_PGP_PROC_H
#define MQGP_CORE_TRUST_PGP_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

struct pgp_proc {
	pid_t pid; /* 0: none */
	int fd;	   /* our end, non-blocking; -1: none */
};

struct pgp_proc_args {
	const char *self; /* program */
	bool verify;
	const char *home; /* NULL: the user's */
	const char *gpg;
	int deadline_ms; /* -1: none */
	int64_t at;	 /* see pgp_options */
};

enum mq_err pgp_proc_start(struct pgp_proc *p, const struct pgp_proc_args *a, struct mq_error *e);
/* Ends the whole group and waits for the child. With grace_ms the child sees its socket close
 * first and may tidy up (end a pinentry). Leaves {0, -1}. */
void pgp_proc_end(struct pgp_proc *p, int grace_ms);
/* Asks the agent of a home to end, if there is one; waits at most two seconds. */
void pgp_proc_kill_agent(const char *home);

#endif
