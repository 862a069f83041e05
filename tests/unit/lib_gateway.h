/*
 * A gateway on the bench: real state folder and real gpg, but a broker made of a few retained
 * slots and a clock that the test moves. Nothing here touches the network.
 */
#ifndef MQGP_TESTS_UNIT_LIB_GATEWAY_H
#define MQGP_TESTS_UNIT_LIB_GATEWAY_H

#include "core/flow/gateway.h"
#include "tests/unit/lib_owner.h"

#define BENCH_TREE "plant/unit1"
#define BENCH_SLOTS 256
#define BENCH_DATA 8192

struct bench_slot {
	char *topic;
	struct buf payload;
	bool news; /* to be delivered, if subscribed */
};

struct bench_value { /* a data message that left */
	char *topic;
	struct buf envelope;
	bool retain;
};

struct bench {
	char dir[32], state[48];
	struct clock clock;
	struct conf_gateway identity;
	uint8_t data_pk[32], claim[32];
	struct buf own_key;
	struct gwstore *store;
	struct pgp *verify, *secret;
	struct desk *desk;
	struct gateway *g;
	struct fpr anchor;
	bool has_anchor;
	/* the broker */
	bool up;
	enum mq_err refuse_data;     /* what publishing data returns; MQ_OK: taken */
	const char *refuse_topic;    /* publishing this control topic is refused */
	struct bench_slot slot[BENCH_SLOTS];
	size_t n_slots;
	char *sub[BENCH_SLOTS];
	size_t n_subs;
	struct bench_value value[BENCH_DATA];
	size_t n_values;
	/* people */
	struct owner a, b;
	bool has_b;
	/* the newest conf made here */
	struct buf body;
	struct conf *conf;
	uint8_t epoch_secret[32];
};

/* Makes the folder, the keys and owner A; starts an unclaimed gateway with its link up. openpgp
 * false: a gateway without OpenPGP key, suite 1. */
void bench_open(struct bench *b, bool openpgp);
void bench_close(struct bench *b);
/* Ends the process, so to say, and starts it again from the disk. */
void bench_restart(struct bench *b);
void bench_stop(struct bench *b);
enum mq_err bench_start(struct bench *b, struct mq_error *e);
/* Owner B. */
struct owner *bench_b(struct bench *b);

/* Works until nothing moves any more. */
void bench_settle(struct bench *b);
void bench_pass(struct bench *b, int64_t seconds); /* the clock moves, then settles */
/* Someone publishes (retained) on TREE/mqgp.conf/WHAT, e.g. "secure". */
void bench_publish(struct bench *b, const char *what, struct span payload);
void bench_publish_cert(struct bench *b, const struct owner *o);
/* The retained payload there; n 0: none. */
struct span bench_slot(const struct bench *b, const char *what);

/* A first conf by A (suite 3 with OpenPGP, else 1), heartbeat 30, grace and delays 0, lease 60. */
void bench_genesis(struct bench *b);
/* A draft of the successor of what the gateway runs, in b->body. */
void bench_next(struct bench *b);
/* Adopts b->body as what people talk about: b->conf. */
void bench_take(struct bench *b);
/* A new epoch key into the draft, and its blob onto keys/<epoch>. */
void bench_rekey(struct bench *b);
/* Publishes b->body signed by these (letters a, b) on the slots named: "secure next log". */
void bench_sign(struct bench *b, const char *signers, const char *slots);
/* Genesis with the claim, all slots, up to ACTIVE. */
void bench_claim(struct bench *b);
void bench_halt(struct bench *b, const char *signers, int64_t issued);

/* cmocka fixtures: *state is a bench. */
int bench_with_openpgp(void **state);
int bench_without_openpgp(void **state);
int bench_end(void **state);
void bench_quiet(void); /* no log, unless MQGP_TEST_LOG is set */
bool bench_says(struct span payload, const char *words);

enum gateway_state bench_state(const struct bench *b);
uint32_t bench_revision(const struct bench *b);
/* The receipt as published last; it must be signed by the gateway. */
void bench_receipt(const struct bench *b, struct receipt *r);
void bench_status(const struct bench *b, struct receipt *r);
/* Sends one value and opens what came out under the conf that the gateway runs. */
void bench_value_is_good(struct bench *b);
/* Sends one value; nothing must come out. */
void bench_is_silent(struct bench *b);

#endif
