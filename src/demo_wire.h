/*
 * The attacker's end: a plain connection to the demo's broker that records what passes and publishes
 * whatever it likes, like anybody who has got hold of the broker.
 *
 * Keeps the last DEMO_KEPT messages of each data topic below the trees, and the newest of each
 * control topic, but nothing that it published itself. Belongs to one thread. Bounded.
 */
#ifndef MQGP_SRC_DEMO_WIRE_H
#define MQGP_SRC_DEMO_WIRE_H

#include "core/base/buf.h"
#include "core/base/err.h"

#define DEMO_KEPT 80   /* the oldest of so many lies outside a window of 64 */
#define DEMO_TOPICS 64 /* two trees have about twenty */

struct demo_wire;

/* Connects, and records what is below these trees (ends with NULL). */
enum mq_err demo_wire_open(struct demo_wire **out, const char *url, const char *const *trees,
    struct mq_error *e);
void demo_wire_close(struct demo_wire *w);
int demo_wire_fd(const struct demo_wire *w); /* readable: call demo_wire_take */
void demo_wire_take(struct demo_wire *w);
/* The message that came `back` messages ago on this topic (0: the newest); n 0: none. Borrowed
 * until the next demo_wire_take. */
struct span demo_wire_heard(const struct demo_wire *w, struct span topic, unsigned back);
enum mq_err demo_wire_publish(struct demo_wire *w, struct span topic, struct span payload,
    bool retain, struct mq_error *e);

#endif
