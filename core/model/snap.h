/*
 * What one screen needs, copied out of the model: the only door through which ui/ looks at it.
 *
 * The UI thread fills a snap_request, calls snap_build (which takes the model's lock for well under a
 * millisecond) and then draws from struct snap without any lock. A snap holds numbers, words and
 * spans into its own arena, never a pointer into the model. Rows are chosen by identity: the cursor
 * is a node id, so an update never moves it. Text in spans and in fields marked hostile goes through
 * draw_untrusted. One struct snap is allocated once and used again; it is large (about 1 MiB).
 */
#ifndef MQGP_CORE_MODEL_SNAP_H
#define MQGP_CORE_MODEL_SNAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/verdict/verdict.h"

#define SNAP_ROWS 256	       /* terminals are lower */
#define SNAP_ARENA (384 << 10) /* names, values, conf texts of one screen */
#define SNAP_VALUE_MAX 4096    /* of a value that is shown; the rest is marked cut */
#define SNAP_PREVIEW_MAX 120   /* of a value in a table */
#define SNAP_SPARK 16
#define SNAP_SERIES 256
#define SNAP_PHASES 9 /* P0..P8 */
#define SNAP_STEPS 16
#define SNAP_PARTIES 32
#define SNAP_OFFERS 8
#define SNAP_FILTER_MAX 512
#define SNAP_FILTER_RESULTS 10000
#define SNAP_HISTORY 1000 /* entries of a topic that can be listed, newest first */
#define SNAP_NAME_MAX 512  /* of a topic or level in a row; the rest is marked cut */
#define SNAP_TOPIC_MAX 4096 /* of the topic in the detail, and what filters look at */
#define SNAP_CHAIN 64
#define SNAP_TEXT 240
#define SNAP_CLASSES 4 /* enum verdict_class */

struct model;
struct snap_view; /* what is remembered between calls: filter results, place of a search */

/* Bytes in the snap's arena. */
struct snap_text {
	uint32_t at, n;
	bool cut; /* more than n bytes exist */
};

enum snap_screen {
	SNAP_TOPICS = 1, SNAP_OWNERSHIP, SNAP_VERIFY, SNAP_LOG, SNAP_CONFIG, SNAP_KEYS,
};

/* Things a key press does to the tree of topics, done to the cursor before rows are copied. */
enum snap_op {
	SNAP_OP_NONE,
	SNAP_OP_TOGGLE, SNAP_OP_OPEN, SNAP_OP_CLOSE,
	SNAP_OP_STEP_IN,	/* →: open, or go to the first child */
	SNAP_OP_STEP_OUT,	/* ←: close, or go to the parent */
	SNAP_OP_OPEN_BELOW, SNAP_OP_CLOSE_BELOW,
	SNAP_OP_FIND, /* the next match, the cursor's own row included (live search) */
	SNAP_OP_FIND_NEXT, SNAP_OP_FIND_PREV,	 /* n, N: request.search */
	SNAP_OP_NEXT_FAILURE, SNAP_OP_PREV_FAILURE, /* ] and [ */
	SNAP_OP_ACKNOWLEDGE, /* forget what was bad here and below; a tree's sticky state is the engine's */
};

#define SNAP_MOVE_END INT64_C(0x3fffffffffffffff) /* G; negative: g */

/* A list whose rows are chosen by identity. Keep `id` and `at` of the answer for the next request;
 * `move` is for one request. With id 0 the cursor is on the first row, which in lists that show the
 * newest first means following. A row that is gone gives its place to what stands there now. */
struct snap_cursor {
	uint64_t id;
	int64_t move;  /* rows to move the cursor by, clamped */
	uint32_t at;   /* screen row in which it stood (0 = top) */
	uint32_t rows; /* how many rows the pane shows, at most SNAP_ROWS */
	bool page;     /* the list moves under the cursor: PgUp, PgDn */
};

struct snap_request {
	enum snap_screen screen;
	struct snap_cursor topics;
	enum snap_op op;
	uint8_t filter[SNAP_FILTER_MAX], search[SNAP_FILTER_MAX];
	uint16_t filter_n, search_n;
	struct snap_cursor trees;    /* Ownership, Verify, Config: id = id of the tree's node */
	struct snap_cursor history;  /* of the topic under the cursor: id = serial */
	struct snap_cursor failures, log, audit, conns; /* id = their n */
	struct snap_cursor subs, keys; /* id = index + 1 */
	struct snap_cursor chain;      /* of the tree under the cursor: id = revision */
	uint64_t why_topic;	     /* not 0: explain an entry of this topic */
	uint32_t why_serial;
};

/* Where a list stands after the request. */
struct snap_list {
	uint32_t n;	/* rows copied */
	uint64_t top;	/* position of the first one */
	uint64_t total;
	uint64_t id;	/* cursor after all; 0: the list is empty */
	uint32_t at;	/* its screen row */
};

struct snap_status {
	int link; /* 0 down, 1 connecting, 2 up */
	char broker[160], tls[48], protocol[16];
	bool cert_pinned, cert_changed;
	int64_t since_ms, retry_ms; /* wall */
	int64_t now_ms;		    /* wall, when this was copied */
	uint32_t rate[SNAP_CLASSES]; /* messages a second */
	uint64_t count[SNAP_CLASSES];
	uint64_t lost, dropped, denied, held_out, evicted, unverified_evicted, retained_seen;
	uint64_t topics_evicted, malformed_topics, dropped_broker, clock_jumps, takeovers, no_memory;
	int64_t last_jump_ms;
	uint64_t topics, history_bytes, history_budget;
	uint32_t trees, trees_good, trees_need_you, trees_bad; /* need: attention or bad */
	int64_t valid_until; /* Unix seconds, of the tree whose time is over first; 0: unknown */
	uint64_t messages;
	uint64_t changes; /* model_changes: draw again only if it grew */
};

struct snap_topic {
	uint64_t id;
	struct snap_text name;	/* own level; in a filtered list the whole topic */
	uint16_t depth;		/* 1 = top level */
	bool open, children, has_value;
	bool secured, control;
	enum verdict verdict;	    /* of its last message; V_NONE for a mere branch */
	enum verdict_class now;	    /* class of that message */
	enum verdict_class worst;   /* here and below, since acknowledged */
	uint64_t count;		    /* messages here and below */
	uint64_t by_class[SNAP_CLASSES];
	uint8_t spark[SNAP_SPARK];  /* 0..8, oldest first */
	uint32_t rate;		    /* messages a second, over the last slots */
	int64_t age_ms;		    /* -1: nothing came yet */
	const char *tree_state;	    /* static word, NULL: not the top of a secured tree */
	enum verdict_class tree_class;
	uint32_t tree_revision;
};

struct snap_entry {
	uint32_t serial;
	int64_t received_ms, claimed_ms;
	enum verdict verdict;
	enum verdict_class cls; /* as it counts here: calmer below log/ than the verdict alone */
	unsigned flags;
	struct snap_text reason; /* hostile; n = 0: none */
	uint32_t size, rev, epoch, lost;
	uint64_t seq;
	uint8_t kid, qos;
	bool retained, envelope, cut, green;
	struct snap_text value; /* of a green one its content, else the raw bytes; a preview */
};

struct snap_point {
	int64_t time_ms;
	double value;
};

enum snap_phase_state {
	SNAP_PHASE_PASSED, SNAP_PHASE_FAILED,
	SNAP_PHASE_ENDED, /* judged here, and nothing is wrong: PLAIN, INFO, DUPLICATE */
	SNAP_PHASE_NOT_REACHED,
};
struct snap_phase {
	const char *name; /* static: topic policy form key crypto scope fresh content grant */
	enum snap_phase_state state;
	char text[SNAP_TEXT]; /* hostile */
};
struct snap_why {
	bool known;
	struct snap_entry entry;
	struct snap_text topic;
	struct snap_phase phase[SNAP_PHASES];
	uint32_t n;
	const char *sentence; /* static */
};

struct snap_detail {
	bool known;
	uint64_t id;
	struct snap_text topic;
	bool has_verified, has_last;
	struct snap_entry verified; /* last value that may be believed */
	struct snap_entry last;	    /* newest of all, whatever its verdict */
	struct snap_text value;	    /* of verified, up to SNAP_VALUE_MAX */
	struct snap_text last_value; /* of last; never to be shown as a value unless last is green */
	uint64_t tree;
	struct snap_text tree_topic;
	const char *tree_state;
	uint32_t tree_revision;
	char signer[41]; /* owner of the tree, first one; "" none */
	char gateway[80], suite[40];
	uint64_t by_class[SNAP_CLASSES];
	uint32_t failed; /* serial of the newest bad message among the newest SNAP_HISTORY; 0: none */
	struct snap_list history;
	struct snap_entry entry[SNAP_ROWS];
	struct snap_point point[SNAP_SERIES]; /* verified numbers only, oldest first */
	uint32_t n_points; /* found among the newest SNAP_HISTORY */
};

struct snap_party {
	char fpr[41];
	char label[64]; /* hostile */
	bool recovery, signed_it, ours, revoked, expired;
};

struct snap_tree {
	uint64_t id;
	struct snap_text topic;
	int state; /* enum tree_state */
	const char *state_word;
	enum verdict_class cls;
	bool sticky;
	int pin; /* enum model_pin: 0 none 1 pinned 2 changed 3 former */
	uint32_t revision, epoch;
	char owner[41];
	char label[128]; /* hostile */
	uint32_t n_owners, threshold;
	char gw_state[24], gw_reason[33];
	uint32_t gw_revision;
	int64_t receipt_age_ms, heartbeat_age_ms; /* -1: none yet */
	int64_t valid_until; /* Unix seconds, 0: unknown */
	char who[96];
	bool offer, drift, rekey_due;
	uint64_t by_class[SNAP_CLASSES];
	uint64_t verdicts[V_COUNT];
};

struct snap_revision {
	uint32_t revision, epoch;
	uint8_t hash[32];
	int64_t issued, valid_until;
	struct snap_party signer[4];
	uint8_t n_signers;
	char what[SNAP_TEXT]; /* hostile */
};

struct snap_offer {
	uint32_t revision;
	uint8_t hash[32];
	enum verdict verdict;
	unsigned flags, a, b, c, d;
	bool transfer, recovery, for_us;
	int64_t issued, offer_until, due_at;
	struct snap_party from[SNAP_PARTIES], to[SNAP_PARTIES];
	uint8_t n_from, n_to;
	char what[SNAP_TEXT]; /* hostile */
};

/* The tree under the cursor. */
struct snap_tree_detail {
	bool known;
	struct snap_tree row;
	uint8_t conf_hash[32], gw_conf_hash[32];
	char gateway[80], suite[40];
	int64_t issued;
	struct snap_party owner[SNAP_PARTIES];
	uint8_t n_owners;
	struct snap_offer offer[SNAP_OFFERS];
	uint32_t n_offers;
	struct snap_list chain; /* newest first */
	struct snap_revision revision[SNAP_CHAIN];
	char drift_what[SNAP_TEXT];
	uint64_t gw_lost;
};

struct snap_failure {
	uint64_t n;
	int64_t time_ms;
	uint64_t topic, tree;
	uint32_t serial;
	enum verdict verdict;
	unsigned flags;
	uint64_t seq;
	char reason[96];
	struct snap_text name;
};

struct snap_conn {
	uint64_t n;
	int64_t time_ms;
	const char *kind; /* static word */
	char broker[160], words[200]; /* words: hostile */
	int code;
	int64_t duration_ms;
	bool session_present;
};
struct snap_sub {
	struct snap_text filter;
	int wanted_qos, granted;
	char words[64];
};
struct snap_log {
	uint64_t n;
	int64_t time_ms;
	int level;
	char text[SNAP_TEXT];
};
struct snap_audit {
	uint64_t n;   /* identity in this run */
	uint64_t row; /* in the file; 0: not written yet */
	int64_t time_ms;
	char who[64], kind[24];
	struct snap_text tree, text;
};
struct snap_cert {
	bool known;
	char subject[160], issuer[160]; /* hostile */
	int64_t expires;
	char sha256[65];
	int pin; /* as snap_tree.pin */
};
struct snap_key {
	char fpr[41];
	char uid[128]; /* hostile */
	char use[64], algo[24];
	int64_t created, expires;
	bool secret, revoked, expired, ours;
};
struct snap_step {
	char title[40];
	int state; /* enum model_step_state: 0 waiting 1 running 2 done 3 failed 4 skipped */
	char text[SNAP_TEXT]; /* hostile */
	int64_t time_ms;
	bool final;
};
struct snap_pipeline {
	uint64_t id, tree;
	char title[160];
	struct snap_step step[SNAP_STEPS];
	uint32_t n;
	bool finished, failed, needs_terminal;
};

enum snap_search { SNAP_SEARCH_IDLE, SNAP_SEARCH_FOUND, SNAP_SEARCH_NONE, SNAP_SEARCH_MORE };

struct snap {
	struct snap_status status;
	/* Topics */
	struct snap_list topics;
	struct snap_topic topic[SNAP_ROWS];
	bool filtered, filter_running; /* running: the count may still grow */
	uint64_t filter_count;
	bool filter_more; /* over SNAP_FILTER_RESULTS: only the first ones are listed */
	char filter_error[SNAP_TEXT];
	/* MORE: work was bounded; ask again with the same op to go on. */
	enum snap_search search;
	bool search_wrapped; /* found, or went on, behind the end */
	bool op_bounded; /* not everything below was opened */
	struct snap_detail detail;
	struct snap_why why;
	/* Ownership, Verify, Config */
	struct snap_list trees;
	struct snap_tree tree[SNAP_ROWS];
	struct snap_tree_detail tree_detail;
	struct snap_list failures; /* newest first */
	struct snap_failure failure[SNAP_ROWS];
	uint64_t verdicts[V_COUNT]; /* all messages */
	struct snap_pipeline pipeline;
	struct snap_text conf_current, conf_draft, conf_meaning;
	/* Log */
	struct snap_list conns, subs, logs, audits; /* newest first, but subs */
	struct snap_conn conn[SNAP_ROWS];
	struct snap_sub sub[SNAP_ROWS];
	struct snap_log log[SNAP_ROWS];
	struct snap_audit audit[SNAP_ROWS];
	uint64_t audit_lost;
	struct snap_cert cert;
	/* Keys */
	struct snap_list keys;
	struct snap_key key[SNAP_ROWS];
	/* private: the arena behind every snap_text */
	uint32_t arena_n;
	uint8_t arena[SNAP_ARENA];
};

struct snap_view *snap_view_new(struct model *m); /* NULL without memory */
void snap_view_free(struct snap_view *v);
/* Fills *out for the request. Takes and releases the model's lock. Only the part of the asked
 * screen is filled; status, pipeline and why always. Bounded work, whatever the model's size. */
void snap_build(struct snap_view *v, const struct snap_request *r, struct snap *out);
/* Goes on with a filter that is not complete; true: more to do. Called between frames. */
bool snap_filter_step(struct snap_view *v);
/* The bytes of a text, valid until the next snap_build into s. */
struct span snap_span(const struct snap *s, struct snap_text t);

#endif
