/*
 * A private mosquitto for the demo: on a free port of 127.0.0.1, where anybody may publish anything,
 * because that is what the demo is about. Its files are in the instance's folder. Main thread only.
 */
#ifndef MQGP_SRC_DEMO_BROKER_H
#define MQGP_SRC_DEMO_BROKER_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct demo_broker {
	uint16_t port;
	char url[40]; /* mqtt://127.0.0.1:PORT */
	pid_t pid;
};

/* Returns when it answers. MQ_ENOENT: not installed. */
enum mq_err demo_broker_start(struct demo_broker *b, const char *dir, struct mq_error *e);
void demo_broker_stop(struct demo_broker *b);

#endif
