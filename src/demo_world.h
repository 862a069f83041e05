/*
 * A running demo: folder, broker, owners, gateways and the plant they measure, kept going by one
 * poll loop on the main thread.
 *
 * Whoever uses it waits only through demo_world_until, so that the plant goes on. It ends on
 * SIGTERM, SIGINT and SIGHUP, and when a part of it dies. Everything is stopped by its own pid and
 * removed by demo_world_stop, or by the broom if this process cannot any more.
 */
#ifndef MQGP_SRC_DEMO_WORLD_H
#define MQGP_SRC_DEMO_WORLD_H

#include <stdbool.h>

#include "core/base/clock.h"
#include "core/net/loop.h"
#include "core/owner/job.h"
#include "src/demo_attack.h"
#include "src/demo_broker.h"
#include "src/demo_gateway.h"
#include "src/demo_guest.h"
#include "src/demo_owner.h"
#include "src/demo_place.h"
#include "src/demo_plant.h"
#include "src/demo_wire.h"

enum { DEMO_A, DEMO_B, DEMO_OWNERS };
enum { DEMO_GATEWAY_COOLING, DEMO_GATEWAY_SECURITY, DEMO_GATEWAYS };

/* A line for people, as the demo comes up. */
typedef void demo_progress(void *arg, const char *line);

struct demo_world {
	struct demo_place place;
	struct clock clock;
	struct loop *loop;
	struct demo_broker broker;
	struct demo_owner owner[DEMO_OWNERS];
	struct demo_gateway gateway[DEMO_GATEWAYS];
	struct demo_plant plant;
	struct demo_wire *wire;
	struct demo_outsider outsider;
	demo_progress *progress;
	void *arg;
	bool steps;	      /* tell every step of an owner's act */
	bool quit;	      /* a signal asked for the end */
	const char *died;     /* what ended by itself, or NULL */
	struct demo_guest guest; /* the dashboard */
};

/* Brings everything up but the claims. joinable: see demo_place_make. Call demo_world_stop always. */
enum mq_err demo_world_start(struct demo_world *w, bool joinable, struct mq_error *e);
void demo_world_stop(struct demo_world *w);

typedef bool demo_test(void *arg, struct demo_world *w);
/* Goes on until test is true. MQ_ETIMEOUT (ms -1: never), MQ_ECANCEL: asked to end, MQ_EIO: a part
 * died. */
enum mq_err demo_world_until(struct demo_world *w, demo_test *test, void *arg, int64_t ms,
    struct mq_error *e);

/* An owner's act on a tree: everything but kind, tree and what the kind needs is filled in here,
 * and confirmations are given. Returns how it ended; the steps are told as progress. */
enum mq_err demo_act(struct demo_world *w, struct demo_owner *o, struct job_options *act,
    struct mq_error *e);
/* Claims both gateways for owner A, makes a second revision, so that there is a past. */
enum mq_err demo_claim_all(struct demo_world *w, struct mq_error *e);

void demo_tell(struct demo_world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
