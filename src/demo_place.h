/*
 * Where a demo lives: one folder per running instance, and the broom that removes it.
 *
 * TMPDIR/mqgp-demo-UID/NAME, 0700, with a lock held by whoever runs it; `current` beside it names
 * the instance that others may join. The broom is a child that does nothing but wait for its
 * maker's end, whatever kind of end, and then removes the folder, which also ends the gpg-agents
 * in it. What a machine crash left behind is removed by the next start. Paths are short: gpg puts
 * sockets into them. Main thread only, before any other thread exists.
 */
#ifndef MQGP_SRC_DEMO_PLACE_H
#define MQGP_SRC_DEMO_PLACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

#define DEMO_BASE_MAX 48 /* DIR/a/run/mqgp must be at most PATHS_RUNTIME_MAX */
#define DEMO_DIR_MAX (DEMO_BASE_MAX + 8)
#define DEMO_PATH_MAX 160

struct demo_place {
	char base[DEMO_BASE_MAX], dir[DEMO_DIR_MAX];
	int lock;     /* held while the instance lives; the broom holds it too */
	int leash;    /* its end starts the broom */
	pid_t broom;
};

/* Makes an instance. joinable: it becomes `current`; MQ_EEXIST if another one is. */
enum mq_err demo_place_make(struct demo_place *p, bool joinable, struct mq_error *e);
/* Ends the broom's waiting and waits for its work. After the last child has ended. */
void demo_place_leave(struct demo_place *p);
/* The folder of the current instance. MQ_ENOENT: no demo is running. */
enum mq_err demo_place_find(char dir[DEMO_DIR_MAX], struct mq_error *e);

#endif
