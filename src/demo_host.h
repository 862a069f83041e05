/*
 * The demo's door: a socket in its folder, through which dashboards ask for attacks and notice the
 * end of the demo.
 *
 * A packet socket: a request is one byte, the number of an attack; the answer is one packet, '+' and
 * what to look at, or '-' and why not. Whoever only wants to know when the demo ends connects and
 * waits for the hang-up. Served on the loop of the demo's world. At most DEMO_CALLERS_MAX at a time.
 */
#ifndef MQGP_SRC_DEMO_HOST_H
#define MQGP_SRC_DEMO_HOST_H

#include "core/base/err.h"
#include "src/demo_world.h"

#define DEMO_CALLERS_MAX 16
#define DEMO_ANSWER_MAX 200

struct demo_host {
	struct demo_world *world;
	int door;
	int caller[DEMO_CALLERS_MAX]; /* -1: free */
};

enum mq_err demo_host_open(struct demo_host *h, struct demo_world *w, struct mq_error *e);
/* Tells everybody that it is over and gives them a moment to leave. */
void demo_host_close(struct demo_host *h);

/* ---- the other end */

/* Connects to the demo in dir. MQ_ENOENT: it has no door yet. */
enum mq_err demo_call(const char *dir, int *fd, struct mq_error *e);
/* Asks for an attack and waits for the answer, which is a sentence in either case. */
enum mq_err demo_ask(int fd, size_t attack, char answer[DEMO_ANSWER_MAX], struct mq_error *e);

#endif
