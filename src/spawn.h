/*
 * Starts programs: an argument array and three descriptors, never a shell.
 *
 * The child gets an empty signal mask, default signal actions and no descriptor above 2. Each
 * child is waited for by its own pid; nobody else's children are touched. Any thread may call,
 * but one child belongs to one caller.
 */
#ifndef MQGP_SRC_SPAWN_H
#define MQGP_SRC_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

#define SPAWN_NULL (-1) /* /dev/null */
#define SPAWN_KEEP (-2) /* the descriptor of the same number of this process */

struct spawn {
	const char *const *argv; /* ends with NULL; argv[0] without a slash is looked up in PATH */
	const char *const *env;	 /* ends with NULL; NULL: the environment of this process */
	int in, out, err;	 /* what becomes 0, 1, 2: a descriptor, SPAWN_NULL or SPAWN_KEEP */
	bool own_group;		 /* a process group of its own, which spawn_stop then ends whole */
	bool foreground;	 /* own_group, and that group owns the terminal on descriptor in */
};

/* MQ_ENOENT if there is no such program. The descriptors stay the caller's, also in this process. */
enum mq_err spawn_start(const struct spawn *s, pid_t *pid, struct mq_error *e);
/* Waits up to timeout_ms (-1: for ever; 0: looks once) and reaps. *code is the exit status, or 128
 * plus the signal. MQ_ETIMEOUT: still running. */
enum mq_err spawn_wait(pid_t pid, int timeout_ms, int *code, struct mq_error *e);
/* Runs a program that owns the terminal on s->in (an editor, a pager) until it ends, and takes the
 * terminal back. Without job control of our own, a child that stops itself is continued. */
enum mq_err spawn_foreground(const struct spawn *s, int *code, struct mq_error *e);
/* SIGTERM, then SIGKILL after grace_ms; reaps. group: the child was started with own_group. */
void spawn_stop(pid_t pid, bool group, int grace_ms);

#endif
