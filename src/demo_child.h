/*
 * Processes of the demo: they end when the demo ends, whatever way it ends.
 *
 * Like src/spawn.h, but a child is told by the kernel when its parent is gone (PR_SET_PDEATHSIG),
 * which posix_spawn cannot ask for. The child gets an empty signal mask, default actions, and no
 * descriptor above 2. Waiting and ending: spawn_wait and spawn_stop. Main thread only, because the
 * kernel counts the thread that started a child as its parent.
 */
#ifndef MQGP_SRC_DEMO_CHILD_H
#define MQGP_SRC_DEMO_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/buf.h"

#define DEMO_FIND_MAX 256

struct demo_child {
	const char *const *argv;    /* argv[0] is a path; ends with NULL */
	const char *const *setting; /* "NAME=value", over our environment; ends with NULL, or NULL */
	int out;		    /* descriptor for 1 and 2, session of its own; -1: it keeps our
				     * descriptors, terminal and all */
};

enum mq_err demo_child_start(const struct demo_child *c, pid_t *pid, struct mq_error *e);
/* Runs a program to its end and appends what it prints. MQ_EIO with its last line if it fails. */
enum mq_err demo_child_ask(const char *const *argv, const char *const *setting, struct buf *out,
    struct mq_error *e);
/* Finds a program in $PATH or where Debian keeps those for administrators. MQ_ENOENT with how to
 * get it. */
enum mq_err demo_child_find(const char *name, const char *package, char path[DEMO_FIND_MAX],
    struct mq_error *e);

#endif
