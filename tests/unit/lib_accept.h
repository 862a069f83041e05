/*
 * A gateway's world for tests of the acceptance rule: confs made of a few letters, signatures that
 * a fake engine understands, slots, and the aftermath of a judgement.
 *
 * A letter (a hex digit) is a person: A's fingerprint is forty A's. Signing with a lower-case
 * letter gives a broken signature of that person. Nothing here runs gpg.
 */
#ifndef MQGP_TESTS_UNIT_LIB_ACCEPT_H
#define MQGP_TESTS_UNIT_LIB_ACCEPT_H

#include "core/conf/accept.h"

#define WORLD_NOW 1750000000 /* 2025-06-15T15:06:40Z */
#define WORLD_LOG_MAX 8	     /* slots of log/, by revision modulo this */
#define WORLD_HISTORY_MAX 64 /* revisions committed in one world */
#define WORLD_MOMENTS_MAX 64
#define HOUR 3600

struct draft {
	uint32_t revision;
	uint8_t prev[HASH_BYTES];
	int64_t issued, from, until, offer_until; /* offer_until 0: absent */
	bool recovery_kind;
	const char *topic, *from_topic, *url, *security, *suite;
	const char *gateway_key; /* 64 hex of data key 0 */
	const char *owners, *recovery, *readers; /* letters, ascending */
	unsigned threshold, recovery_threshold, recovery_delay, transfer_delay, heartbeat;
	uint32_t epoch;
	char secret; /* letter of the epoch secret; 0: no epoch-key-id */
	const uint8_t *claim_key; /* the bundle carries a claim made with it */
};

struct world {
	struct accept_state s;
	struct accept_policy policy;
	struct accept_env env;
	struct accept_slot slot;
	int64_t now;
	const char *revoked, *unknown; /* letters */
	bool signed_early;	       /* every signature is two hours older than issued */
	bool answers_wait;		      /* the engine has not answered yet */
	unsigned asked;			      /* signatures the engine was asked for */
	struct draft current; /* of N */
	struct conf *n;	      /* owned; NULL: unclaimed */
	struct accept_committed committed[WORLD_HISTORY_MAX];
	struct accept_candidate pending[ACCEPT_PENDING_MAX];
	unsigned a_of[ACCEPT_PENDING_MAX]; /* good base signatures of each */
	struct accept_moment moment[WORLD_MOMENTS_MAX];
	uint8_t voided[WORLD_HISTORY_MAX][HASH_BYTES];
	struct buf log[WORLD_LOG_MAX]; /* index = revision; empty: not there */
	struct buf place;	       /* secure at C's own place; empty: not there */
	char blob;		       /* letter of the secret in keys/<epoch>; 0: not there */
	struct accept_result r;
	struct halt_result h;
};

/* Claimed: revision 7 of owner A, no recovery, no delay, suite 3, running. */
void world_init(struct world *w);
void world_done(struct world *w);
/* Starts anew with this draft as the current conf and the only one known. */
void world_run(struct world *w, const struct draft *d);
/* Forgets every conf: a gateway fresh from the factory. */
void world_unclaim(struct world *w);
/* The successor of N with nothing changed but revision, prev and issued. */
struct draft world_next(const struct world *w);
/* The successor of another draft. */
struct draft draft_after(const struct draft *d);
void draft_hash(const struct draft *d, uint8_t out[HASH_BYTES]);

struct fpr fpr_of(char letter);
/* Appends the bundle of a draft, signed by these letters so long after issued. */
void put_bundle(struct buf *out, const struct draft *d, const char *signers, int64_t later);
/* Judges a draft on a slot of N's tree; the result is w->r. */
enum verdict judge(struct world *w, enum topic_slot slot, const struct draft *d, const char *signers);
enum verdict judge_bytes(struct world *w, enum topic_slot slot, struct span payload);
/* Does what a gateway does next: commits, stores, records. */
void aftermath(struct world *w);
enum verdict judge_and_follow(struct world *w, enum topic_slot slot, const struct draft *d,
    const char *signers);
/* Publishes on log/<revision> and on C's place. */
void publish_log(struct world *w, const struct draft *d, const char *signers);
void publish_place(struct world *w, const struct draft *d, const char *signers);
/* A halt order for N by these letters. */
enum verdict judge_halt(struct world *w, int64_t issued, const char *signers);
void follow_halt(struct world *w);

/* cmocka fixtures: *state is a world. */
int world_start(void **state);
int world_stop(void **state);
/* Nothing was committed and N is still this revision. */
void assert_unchanged(const struct world *w, uint32_t revision);
/* The auth lines a/b+c/d. */
void assert_lines(const struct world *w, unsigned a, unsigned b, unsigned c, unsigned d);
/* The successor of N with other owners and an offer-until in two days. */
struct draft offer_to(const struct world *w, const char *owners);

#endif
