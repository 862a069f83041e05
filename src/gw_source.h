/*
 * Where a gateway's values come from: lines on standard input or a FIFO, or the messages of a plain
 * broker (BROKER_URL/FILTER).
 *
 * Lines are not read while the gateway's queue is full or its conf was not seen yet: whoever writes
 * them waits. A broker does not wait: what does not fit pushes out the oldest, and is counted.
 * Belongs to the thread of its loop.
 */
#ifndef MQGP_SRC_GW_SOURCE_H
#define MQGP_SRC_GW_SOURCE_H

#include "core/flow/gateway.h"
#include "core/net/loop.h"

#define SOURCE_LINE_MAX (65535 + 1 + 262144) /* topic, TAB, ENV_PAYLOAD_MAX */
#define SOURCE_QUEUE 8192
#define SOURCE_QUEUE_BYTES (16U << 20)

struct source;

struct source_options {
	const char *what; /* "-", a FIFO, or mqtt://HOST[:PORT]/FILTER */
	const char *user, *password_file, *ca; /* of a broker; may be NULL */
	int qos;	  /* of what is published, and of the subscription */
	bool retain;	  /* publish everything retained; else what was retained at the source */
	struct gateway *gateway;
	struct loop *loop;
	struct span tree; /* never taken in again */
};

enum mq_err source_open(struct source **out, const struct source_options *o, struct mq_error *e);
void source_close(struct source *s);
/* Once a round: reads on when there is room again. */
void source_turn(struct source *s);

/* "mqtt://host:1883/plant/#" is cut into its address and its filter (both copied; free them). */
enum mq_err source_split(const char *what, char **url, char **filter, struct mq_error *e);
/* What of a topic goes below the tree: the levels behind those that the filter fixes; the last level
 * if none is left. */
struct span source_subtopic(struct span filter, struct span topic);

#endif
