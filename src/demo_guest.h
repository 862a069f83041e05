/*
 * The dashboard of a demo: this program once more, as an owner of the instance, on our terminal.
 *
 * It stays in our process group, so that the shell's job control means both. Main thread only;
 * SIGCHLD is the caller's to notice.
 */
#ifndef MQGP_SRC_DEMO_GUEST_H
#define MQGP_SRC_DEMO_GUEST_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

#include "core/base/err.h"

struct demo_guest {
	pid_t pid; /* 0: not running */
	bool over;
	int status; /* of waitpid, when over */
	bool have_settings;
	struct termios settings; /* of the terminal, from before */
};

/* dir: of the instance. */
enum mq_err demo_guest_start(struct demo_guest *g, const char *dir, char letter, struct mq_error *e);
/* After SIGCHLD. */
void demo_guest_look(struct demo_guest *g);
/* Ends it if it runs, gives the terminal back if it could not, and returns its exit status. */
int demo_guest_end(struct demo_guest *g);

#endif
