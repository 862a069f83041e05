/*
 * Everything the program knows, in one place: topics, trees, history, connection, blind spots.
 *
 * The engine thread owns it and changes it between model_lock and model_unlock, a batch at a time;
 * the UI thread reads it only through snap_build, under the same lock. Everything is bounded; what
 * is left out is counted in struct model_blind. The audit log lives beside it and has its own thread.
 */
#ifndef MQGP_CORE_MODEL_MODEL_H
#define MQGP_CORE_MODEL_MODEL_H

#include "core/base/clock.h"
#include "core/model/audit.h"
#include "core/model/connlog.h"
#include "core/model/history.h"
#include "core/model/topictree.h"

#define MODEL_UNVERIFIED_MAX 20000 /* topics in secured trees on which nothing verified: 3.12 */
#define MODEL_FAILURES 1024	   /* feed of the Verify screen */
#define MODEL_LOG_LINES 1000
#define MODEL_TREES_MAX 1024
#define MODEL_REVISIONS_MAX 64 /* of a tree's chain, the newest */
#define MODEL_OFFERS_MAX 8	/* 4 normal + 4 recovery candidates */
#define MODEL_PARTIES_MAX 32	/* owners and recovery keys of one conf */
#define MODEL_KEYS_MAX 512
#define MODEL_STEPS_MAX 16
#define MODEL_TEXT 240

/* One key by its 40 hex digits; label is grey and comes after it, hostile. */
struct model_party {
	char fpr[41];
	char label[64];
	bool recovery, signed_it, ours, revoked, expired;
};

struct model_revision {
	uint32_t revision, epoch;
	uint8_t hash[32];
	int64_t issued, valid_until; /* Unix seconds */
	struct model_party signer[4]; /* who signed, the first ones */
	uint8_t n_signers;
	char what[MODEL_TEXT]; /* what changed, in words */
};

struct model_offer {
	uint32_t revision;
	uint8_t hash[32];
	enum verdict verdict; /* PARTIAL, DELAYED, ... */
	unsigned flags;
	unsigned a, b, c, d; /* signatures have/need of the old and of the new owners */
	bool transfer, recovery, for_us; /* for_us: our signature is missing */
	int64_t issued, offer_until, due_at; /* Unix seconds, 0 = none */
	struct model_party from[MODEL_PARTIES_MAX], to[MODEL_PARTIES_MAX];
	uint8_t n_from, n_to;
	char what[MODEL_TEXT];
};

enum model_pin { PIN_NONE, PIN_PINNED, PIN_CHANGED, PIN_FORMER };

/* A secured tree, filled by the engine from judged confs and receipts. */
struct model_tree {
	uint64_t id; /* of its topic node */
	uint8_t topic[512];
	size_t topic_n;
	int state;		/* enum tree_state */
	const char *state_word; /* "PENDING-TRANSFER", static */
	enum verdict_class state_class;
	bool sticky; /* clears only by acknowledgement */
	enum model_pin pin;
	uint32_t revision, epoch;
	uint8_t conf_hash[32];
	char suite[40];
	char own[128]; /* owner's label, hostile */
	struct model_party owner[MODEL_PARTIES_MAX];
	uint8_t n_owners;
	uint32_t threshold;
	char gateway[80]; /* "openpgp4:..." */
	int64_t issued, valid_until; /* Unix seconds */
	/* what the gateway said last, signed */
	char gw_state[24];
	uint32_t gw_revision;
	uint8_t gw_conf_hash[32];
	char gw_reason[33];
	int64_t receipt_ms; /* wall time of arrival; 0: none yet */
	int64_t heartbeat_ms;
	uint32_t heartbeat_s; /* how often it is due */
	bool rekey_due;
	uint64_t gw_lost; /* lost-link of its status */
	char who[96];	  /* who must act next */
	bool drift;	  /* info copy differs */
	char drift_what[MODEL_TEXT];
	struct model_offer *offer; /* owned, n_offers */
	size_t n_offers;
	struct model_revision *chain; /* owned, ascending */
	size_t n_chain;
	uint64_t verdicts[V_COUNT]; /* messages and control payloads of this tree; V_NONE: leftovers */
	int64_t last_bad_ms;
};

struct model_failure {
	uint64_t n; /* 1, 2, ... */
	int64_t time_ms;
	uint64_t topic; /* node id */
	uint64_t tree;	/* node id of the tree, 0: none */
	uint32_t serial; /* of the history entry */
	enum verdict verdict;
	unsigned flags;
	uint64_t seq;
	char reason[96];
	uint8_t name[192]; /* first bytes of the topic */
	uint16_t name_n;
};

struct model_log_line {
	uint64_t n; /* 1, 2, ... */
	int64_t time_ms;
	int level; /* enum log_level */
	char text[MODEL_TEXT];
};

enum model_link { LINK_DOWN, LINK_CONNECTING, LINK_UP };

/* The status line's left half and the Log screen's certificate. */
struct model_conn {
	enum model_link link;
	char broker[CONNLOG_BROKER];
	char tls[48];	 /* "TLSv1.3", "" = plain */
	char protocol[16]; /* "MQTT 5" */
	bool cert_known;
	char cert_subject[160], cert_issuer[160]; /* hostile */
	int64_t cert_expires; /* Unix seconds */
	char cert_sha256[65];
	enum model_pin cert_pin;
	int64_t since_ms; /* wall time of the last change of link */
	int64_t retry_ms; /* wall time of the next attempt, 0: none */
};

/* What we cannot see, each counted apart. The model counts what it evicts and what it has no memory
 * for, malformed_topics and held_out; the engine counts the rest. */
struct model_blind {
	uint64_t lost;		/* gaps in sequences of verified topics */
	uint64_t dropped_here;	/* our inbox was full */
	uint64_t dropped_broker; /* $SYS says so: a claim */
	uint64_t held_out;	 /* RATE-LIMITED */
	uint64_t malformed_topics;
	uint64_t denied;	 /* refused filters */
	uint64_t retained_seen;
	uint64_t unverified_evicted;
	uint64_t topics_evicted; /* plain topics whose last entry had to go */
	uint64_t clock_jumps;
	int64_t last_jump_ms;	 /* by how much */
	uint64_t takeovers;	 /* somebody else used our client id */
	uint64_t no_memory;	 /* messages not remembered */
};

struct model_key {
	char fpr[41];
	char uid[128]; /* hostile */
	char use[64];  /* "owner of 2 trees", "epoch 3 of a/b" */
	char algo[24];
	int64_t created, expires; /* Unix seconds, 0 = none */
	bool secret, revoked, expired, ours, gateway;
};

enum model_step_state { STEP_WAITING, STEP_RUNNING, STEP_DONE, STEP_FAILED, STEP_SKIPPED };
struct model_step {
	char title[40];
	enum model_step_state state;
	char text[MODEL_TEXT];
	int64_t time_ms; /* wall, when it reached this state */
	bool final;	 /* after this one there is no way back */
};
/* One run of the guarded pipeline; n_steps 0: none. */
struct model_pipeline {
	uint64_t id; /* of the run */
	char title[160];
	uint64_t tree;
	struct model_step step[MODEL_STEPS_MAX];
	size_t n_steps;
	bool finished, failed, needs_terminal;
};

struct model_conf_text {
	uint64_t tree;
	char *current, *draft, *meaning; /* owned, NUL-terminated; NULL: none */
};

struct model;

/* What one judged message tells the model. topic passed topic_delivered_ok. */
struct model_msg {
	struct span topic;
	struct span tree; /* n = 0: no secured tree covers it */
	bool control;
	struct history_msg h;
};

/* clock is borrowed and outlives the model. NULL: no memory. */
struct model *model_new(const struct clock *clock, size_t history_budget);
void model_free(struct model *m);
void model_lock(struct model *m);
void model_unlock(struct model *m);

/* All below: under the lock. */
struct topictree *model_topics(struct model *m);
struct history *model_history(struct model *m);
struct connlog *model_connlog(struct model *m);
struct model_conn *model_conn(struct model *m);
struct model_blind *model_blind(struct model *m);
struct model_pipeline *model_pipeline(struct model *m);
const struct clock *model_clock(const struct model *m);
uint64_t model_changes(const struct model *m); /* grows whenever a screen might look different */
void model_touch(struct model *m);	       /* the engine changed a field itself */

/* Counts and remembers a message; evicts what does not fit. Duplicates are counted, not kept.
 * Returns its topic, or NULL (no memory: counted). */
struct topic_node *model_message(struct model *m, const struct model_msg *msg);
/* Delivered but not looked at: V_MALFORMED_TOPIC, V_OVERSIZE, V_RATE_LIMITED without a topic. */
void model_count_only(struct model *m, enum verdict v);

/* The secured trees, sorted by topic. add returns the row that is there or a new one; NULL: full. */
struct model_tree *model_tree_add(struct model *m, struct span topic);
struct model_tree *model_tree_find(struct model *m, struct span topic);
struct model_tree *model_tree_covering(struct model *m, struct span topic); /* the deepest */
struct model_tree *model_tree_by_id(struct model *m, uint64_t id);
void model_tree_remove(struct model *m, struct span topic);
size_t model_trees(const struct model *m);
struct model_tree *model_tree_nth(struct model *m, size_t i);
/* Replace the owned arrays by copies; MQ_ENOMEM leaves the old ones. */
enum mq_err model_tree_set_chain(struct model_tree *t, const struct model_revision *r, size_t n);
enum mq_err model_tree_set_offers(struct model_tree *t, const struct model_offer *o, size_t n);

/* Newest = 0; NULL: fewer. */
const struct model_failure *model_failure_nth(const struct model *m, size_t i);
size_t model_failures(const struct model *m);
/* A line of the program's log; any thread, with or without the model's lock. */
void model_log(struct model *m, int level, const char *text);
/* Copies up to max lines, newest first, behind the skip newest; returns how many. */
size_t model_log_tail(struct model *m, struct model_log_line *out, size_t max, size_t skip);
size_t model_log_lines(struct model *m, uint64_t *newest);
/* The keys that the Keys screen lists, replaced as a whole. */
enum mq_err model_set_keys(struct model *m, const struct model_key *k, size_t n);
const struct model_key *model_keys(const struct model *m, size_t *n);
/* The text of the Config screen: what is edited, and what verified; copies. */
enum mq_err model_set_conf_text(struct model *m, uint64_t tree, struct span current,
    struct span draft, struct span meaning);
const struct model_conf_text *model_conf_text(const struct model *m);
/* Messages per second by class over the last full second. */
void model_rates(const struct model *m, uint32_t out[TOPICTREE_CLASSES]);
/* Judgements since the start by verdict, duplicates and those without a topic included. */
const uint64_t *model_verdicts(const struct model *m); /* V_COUNT */
/* The audit log whose tail the Log screen shows; borrowed, may be NULL. */
void model_set_audit(struct model *m, struct audit *a);
struct audit *model_audit(const struct model *m);

#endif
