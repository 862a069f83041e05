/* What the files of gateway.h share; nobody else includes this. */
#ifndef MQGP_CORE_FLOW_GATEWAY_IMPL_H
#define MQGP_CORE_FLOW_GATEWAY_IMPL_H

#include "core/flow/gateway.h"

#define GATEWAY_SUBS_MAX 1200	   /* certificates of N and eight candidates, log, keys, slots */
#define GATEWAY_NOTE_MAX 200	   /* bytes of one error line in the info copy */
#define GATEWAY_NOTES_MAX 16	   /* error lines in the info copy */
#define GATEWAY_CLOCK_SKEW 300	   /* seconds a clock may stand before the time floor (NTP steps) */
#define GATEWAY_FLOOR_STEP 3600	   /* seconds between saves of the time floor */
#define GATEWAY_SETTLE_MS 10000	   /* what may only lack a key or a log entry is healed after this */
#define GATEWAY_RECEIPT_MS 1000	   /* receipts about other people's junk: one a second */
#define GATEWAY_IMPORT_BURST 40	   /* certificates at once, then one a second: each runs gpg twice */
#define GATEWAY_LOAD_MS 15000	   /* how long a start waits for its certificates */
#define GATEWAY_HEARTBEAT_S 30	   /* while unclaimed */
#define GATEWAY_PAGES_MAX 64	   /* of one status: 4096 topics, 450 KiB; others stay untold */

/* The last result of a stored candidate; the body and its signatures are in accept_candidate. */
struct gateway_candidate {
	enum verdict verdict;
	enum accept_reason reason;
	unsigned a, b, c, d;
	bool has_claim; /* of a genesis bundle: its claim stays in pend/ */
	uint8_t claim[HASH_BYTES];
};

/* What lies on a slot, as judged last. */
struct gateway_seen {
	bool any, pending;
	enum verdict verdict;
	enum accept_reason reason;
	unsigned line;
	char why[160];	/* MALFORMED: the first error */
	bool is_n;	/* N itself */
	bool successor; /* a chained, complete successor of N */
	bool kept;	/* stored, or to be committed */
	int64_t since_ms; /* monotonic: not N and no successor since then; 0 = it is */
};

struct gateway_cert {
	struct fpr fpr;
	bool wanted;
	uint8_t digest[HASH_BYTES]; /* of what was imported or is being imported */
	bool known;		    /* digest is set */
	struct buf waiting;	    /* to be imported; empty: nothing */
	struct buf later;	    /* arrived while waiting was on its way */
	uint32_t import_id;	    /* asked; 0 = no */
	bool loading;		    /* from DIR/certs at start */
};

struct gateway_topic {
	uint8_t *name; /* whole topic, owned */
	size_t n;
	uint32_t ctr;
	uint8_t topic8[8];
	uint8_t chain[16];
};

struct gateway_value {
	struct gateway_value *next;
	size_t topic_n, n;
	int qos;
	bool retain;
	uint8_t bytes[]; /* whole topic, then the value */
};

struct gateway_order { /* topics by hint, for the checkpoint */
	uint8_t topic8[8];
	uint32_t at;
};

struct gateway_data {
	struct gateway_topic *topic;
	size_t n_topics, cap;
	struct gateway_order *order; /* of the first n_order topics; made anew when there are more */
	size_t n_order;
	uint32_t *index; /* open addressing by hash of the name: position + 1 */
	size_t index_size;
	uint8_t hash_key[16]; /* against topics chosen to collide */
	struct env_topic_key *key; /* GATEWAY_TOPIC_KEYS, in key_block */
	struct secret key_block;
	uint32_t key_of[GATEWAY_TOPIC_KEYS]; /* position of the topic + 1 */
	struct gateway_value *first, **last;
	size_t n_queued, bytes_queued;
	struct buf envelope;
	uint64_t sent, lost, withheld, too_large;
	uint64_t next_id; /* of QoS 1 publishes */
};

struct gateway {
	struct gateway_options o;
	uint8_t topic_bytes[TOPIC_CONF_MAX]; /* configured tree */
	char url[512], level[16];
	struct buf own_key;
	uint8_t data_pk[32];

	/* the confs */
	struct conf *cur, *prev;
	struct accept_committed *committed; /* of meta, with the bodies that are held */
	struct accept_candidate kept[ACCEPT_PENDING_MAX];
	struct gateway_candidate cand[ACCEPT_PENDING_MAX];
	size_t n_cand;
	struct accept_moment moment[ACCEPT_PENDING_MAX]; /* as meta has them */
	int standing; /* recovery candidate, or -1 */

	/* what lies on the broker */
	struct gateway_seen secure, next, log_n;
	uint32_t gap_to; /* a newer revision was seen: log/ is wanted up to here */
	bool present_once;   /* N was seen since the start or the last lease: no AWAIT */
	int64_t absent_ms;   /* monotonic: not seen since then; 0 = it is there */
	int64_t secure_ms;   /* monotonic: when something came on `secure` */
	int64_t healed_ms;   /* monotonic; 0 = never */
	struct receipt_rejected rejected[RECEIPT_ITEMS_MAX]; /* newest first */
	size_t n_rejected;
	enum accept_reason refused_for; /* the newest N+1 of an owner that was REJECTED, until a better comes */
	bool link_up;
	int64_t link_ms; /* monotonic: up since */
	char **sub; /* owned strings */
	size_t n_subs;

	/* certificates */
	struct gateway_cert *cert;
	size_t n_certs;
	double import_tokens;
	int64_t import_ms;
	bool gpg_broken;
	char gpg_why[GATEWAY_NOTE_MAX];

	/* state and what was said */
	enum gateway_state state;
	char reason[33];
	bool no_quorum, key_lost;
	bool unfinished;    /* S5 happened, S6 did not: the disk refused */
	bool halt_unsaved;  /* a halt is obeyed and not on disk yet */
	bool committed_now; /* S7 and S8 follow */
	char trouble[GATEWAY_NOTE_MAX]; /* of the store, while it lasts */
	char note[GATEWAY_NOTERS][GATEWAY_NOTE_MAX];
	bool started, dirty;
	int64_t start_ms, tick_ms, floor_saved;
	uint32_t n; /* counter of receipts and status, per boot */
	struct receipt said; /* without n and time */
	bool said_any;
	int64_t receipt_ms;
	uint8_t info_digest[HASH_BYTES];
	bool info_said, mirrored, own_key_said;
	int64_t status_ms;
	bool status_due;
	uint8_t echo[STATUS_ECHO_MAX][16];
	size_t n_echo;
	int64_t erase_ms; /* S9; 0 = nothing to erase */
	struct gateway_data data;
};

/* gateway.c */
struct span gateway_tree(const struct gateway *g);
int64_t gateway_mono(const struct gateway *g);
/* Tells and remembers that the disk refused; ok: it works again. */
void gateway_store_failed(struct gateway *g, const struct mq_error *e);
void gateway_store_works(struct gateway *g);
/* Re-evaluates everything and says what changed. */
void gateway_run(struct gateway *g);

/* gateway_judge.c: one look at every candidate */
void gateway_accept_state(struct gateway *g, struct accept_state *s);
struct accept_policy gateway_policy(const struct gateway *g);
/* True: a commit happened, everything must be looked at again. */
bool gateway_judge_all(struct gateway *g);
void gateway_note_rejected(struct gateway *g, const struct conf *c, enum verdict v);

/* gateway_keep.c: candidates on disk and in memory */
size_t gateway_find(const struct gateway *g, const uint8_t hash[HASH_BYTES]);
/* S1. force: room is made whatever it costs (a commit follows). False: not stored. */
bool gateway_keep(struct gateway *g, const struct accept_result *r, bool force);
void gateway_drop(struct gateway *g, size_t i);
/* complete-at of bodies that were found complete for the first time. */
void gateway_record_moments(struct gateway *g, const struct accept_result *r);
enum mq_err gateway_load(struct gateway *g, struct mq_error *e);

/* gateway_commit.c */
/* S2..S6. Takes r->conf. True: it is N now. */
bool gateway_commit(struct gateway *g, struct accept_result *r, const struct accept_env *env);
/* A commit that the disk cut short after S5 is finished first. True: nothing is left open. */
bool gateway_finish(struct gateway *g);
/* The confs of the store, anew. */
enum mq_err gateway_read_store(struct gateway *g, struct mq_error *e);
/* Halt orders. */
void gateway_judge_halt(struct gateway *g);

/* gateway_keys.c: certificates and epoch keys */
void gateway_cert_arrived(struct gateway *g, const struct fpr *f, struct span payload);
void gateway_want_certs(struct gateway *g);
void gateway_import_some(struct gateway *g);
bool gateway_loading(const struct gateway *g);
void gateway_import_answer(void *arg, struct pgp_answer *a);
void gateway_certs_done(struct gateway *g);
/* The epoch secret of c is (or comes) at hand. */
bool gateway_has_epoch(const struct gateway *g, const struct conf *c);
bool gateway_fetch_epoch(struct gateway *g, const struct conf *c, const struct accept_env *env);
void gateway_erase_epochs(struct gateway *g);

/* gateway_subs.c */
void gateway_subscribe(struct gateway *g);
void gateway_subs_done(struct gateway *g);
bool gateway_subscribed(const struct gateway *g, struct span topic);

/* gateway_state.c */
void gateway_decide(struct gateway *g);
bool gateway_publishes(const struct gateway *g);

/* gateway_say.c: receipt, status, info copy, mirror, self-heal */
void gateway_say(struct gateway *g);
void gateway_say_status(struct gateway *g);
void gateway_forget_said(struct gateway *g);
/* gateway_info.c */
enum mq_err gateway_put_info(const struct gateway *g, struct buf *body, struct buf *notes);

/* gateway_data.c */
enum mq_err gateway_data_init(struct gateway *g);
void gateway_data_done(struct gateway *g);
void gateway_data_flush(struct gateway *g);
/* A new boot id: counters and chains start anew. */
void gateway_data_reboot(struct gateway *g);
/* A new conf: keys and chains start anew. */
void gateway_data_drop_queue(struct gateway *g);
/* Fills the checkpoint lines of page `page` (from 0); returns the number of pages, at least 1. */
unsigned gateway_data_page(struct gateway *g, unsigned page, struct receipt *r);

#endif
