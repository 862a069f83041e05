/*
 * A plant to measure on: a real mosquitto, an owner's and a gateway's OpenPGP key in a throw-away
 * home, and one signed tree for each suite whose data messages can be sealed. What the dashboard
 * needs to judge them (conf, certificate, key blob) is retained at the broker. And the engine that
 * watches one of the trees, counting.
 *
 * Functions return false after a sentence on standard error. One thread; the counters of a watch
 * may be read by any.
 */
#ifndef MQGP_TESTS_BENCH_LIB_PLANT_H
#define MQGP_TESTS_BENCH_LIB_PLANT_H

#include <stdatomic.h>

#include "core/net/engine.h"
#include "core/trust/pgp.h"
#include "core/wire/envelope.h"
#include "tests/bench/lib_mqtt3.h"
#include "tests/unit/lib_broker.h"

#define PLANT_SUITES 5 /* indexed by enum suite; 0 is none */
#define PLANT_TOPICS 64
#define PLANT_PAYLOAD 100

struct plant_tree {
	char topic[32], filter[40]; /* filter: all of its data */
	struct conf *conf;
	uint8_t data_pk[32], data_sk[64], secret[32];
	struct env_conf env;
	uint32_t counter[PLANT_TOPICS], probes;
};

struct plant {
	struct broker broker;
	char dir[64], home[80], run[80], state[80];
	struct pgp *pgp;
	struct fpr owner, gateway;
	struct plant_tree tree[PLANT_SUITES];
};

bool plant_start(struct plant *p);
void plant_stop(struct plant *p);
/* Seals n messages, in turns over the tree's topics, and adds them. An engine takes them once. */
bool plant_seal(struct plant *p, enum suite suite, size_t n, struct packets *out);
/* Sends one message on a topic of its own, to see whether the tree is verified already. */
bool plant_probe(struct plant *p, enum suite suite);

/* The engine on one tree of the plant, with a state folder of its own. */
struct watch {
	struct plant *plant;
	struct profile profile;
	struct engine *engine;
	atomic_ullong verified, other, dropped;
	atomic_llong first_ns, last_ns; /* of the verified ones */
};
/* Starts it and waits until a message of the tree was verified; then the counters are zero. */
bool watch_start(struct watch *w, struct plant *p, enum suite suite);
/* True when n were judged, verified or not, before the deadline. */
bool watch_wait(struct watch *w, uint64_t n, int64_t deadline_ns);
void watch_stop(struct watch *w);

#endif
