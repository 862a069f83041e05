/*
 * A gateway of the demo: a real mqgpd with a folder of its own, fed through a FIFO. Main thread only.
 */
#ifndef MQGP_SRC_DEMO_GATEWAY_H
#define MQGP_SRC_DEMO_GATEWAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/conf/conf.h"
#include "core/trust/secret.h"
#include "src/demo_place.h"

struct demo_gateway {
	const char *tree;
	char dir[DEMO_PATH_MAX], fifo_path[DEMO_PATH_MAX];
	struct conf_gateway id;
	struct secret code; /* to claim it with */
	int fifo;	    /* -1: none */
	pid_t pid;	    /* 0: not running */
};

/* `mqgpd init`: keys and claim code. openpgp false: suite 1 only. */
enum mq_err demo_gateway_make(struct demo_gateway *g, const char *dir, unsigned number,
    const char *tree, bool openpgp, const char *url, struct mq_error *e);
/* `mqgpd run`. */
enum mq_err demo_gateway_start(struct demo_gateway *g, struct mq_error *e);
/* A reading for it; left out if the gateway does not keep up. */
void demo_gateway_feed(struct demo_gateway *g, const char *subtopic, const char *value);
void demo_gateway_stop(struct demo_gateway *g);

#endif
