/* What the files of follow.h share; nobody else includes this. */
#ifndef MQGP_CORE_FLOW_FOLLOW_IMPL_H
#define MQGP_CORE_FLOW_FOLLOW_IMPL_H

#include "core/flow/follow.h"

/* Places for payloads: what anybody may publish under many names must not crowd out what there is
 * one of. The sum of the log and keys places and the single slots is below DESK_SLOTS_MAX. */
#define FOLLOW_LOG_MAX 80
#define FOLLOW_KEYS_MAX 16
#define FOLLOW_PGP_MAX 64
#define FOLLOW_BEHIND_MAX 8
#define FOLLOW_WATCHES_MAX (FOLLOW_LOG_MAX + FOLLOW_KEYS_MAX + FOLLOW_PGP_MAX + FOLLOW_BEHIND_MAX + 9)
#define FOLLOW_CERTS_MS 5000 /* first contact: certificates come after the conf that names them; at
			      * start: those kept here are read in beside the first messages */
#define FOLLOW_IMPORT_BURST 40 /* certificates of one tree at start: 16 owners, 16 recovery */

/* The newest payload of one control topic and what was said of it. */
struct follow_watch {
	enum topic_slot slot;
	uint32_t number;
	char fpr[41];
	uint8_t digest[HASH_BYTES];
	bool retained, dirty;
	uint8_t qos;
	bool told;
	enum verdict verdict; /* as told */
	unsigned flags;
	bool behind;	  /* overwritten before it was decided: its bytes are in `own` */
	int64_t since_ms; /* monotonic arrival */
	uint32_t import_id; /* PGP: outstanding request; 0 = none */
	struct buf own;	    /* PGP, behind: the desk does not keep these */
};

struct follow_secret_held {
	uint32_t epoch;
	struct secret secret;
};

struct follow {
	struct follow_options o;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct follow_conf chain[FOLLOW_CHAIN_MAX]; /* newest first */
	size_t n_chain;
	/* ascending, points into chain; before it, the hash its oldest body names as predecessor */
	struct accept_committed committed[FOLLOW_CHAIN_MAX + 1];
	size_t n_committed;
	struct accept_candidate kept[ACCEPT_PENDING_MAX];
	struct follow_candidate cand[ACCEPT_PENDING_MAX];
	size_t n_cand;
	struct follow_watch watch[FOLLOW_WATCHES_MAX];
	size_t n_watch;
	struct follow_secret_held held[FOLLOW_EPOCHS_MAX];
	size_t n_held;
	struct receipt_last last_receipt, last_status;
	struct follow_gateway gw;
	struct follow_marks marks;
	struct follow_pin pin;
	enum halted_by halted_by;
	int64_t halt_issued;
	struct judge_tree jt;
	double import_tokens;
	int64_t import_at_ms;
	int64_t began_ms; /* monotonic */
	bool changed; /* something visible, since the last follow_run */
};

struct span follow_span(const struct follow *f);
void follow_tell(struct follow *f, struct follow_watch *w, struct follow_event *ev);
void follow_all_dirty(struct follow *f); /* new knowledge: judge everything again */
/* One per kind of slot; each may leave w->dirty when an answer is outstanding. */
void follow_judge_conf(struct follow *f, struct follow_watch *w, struct span payload);
void follow_judge_halt(struct follow *f, struct follow_watch *w, struct span payload);
void follow_judge_receipt(struct follow *f, struct follow_watch *w, struct span payload);
void follow_judge_info(struct follow *f, struct follow_watch *w, struct span payload);
void follow_judge_keys(struct follow *f, struct follow_watch *w, struct span payload);
void follow_judge_pgp(struct follow *f, struct follow_watch *w, struct span payload);
void follow_make_judge_tree(struct follow *f);
void follow_state(const struct follow *f, struct accept_state *s);
void follow_conf_done(struct follow_conf *c);
struct accept_policy follow_policy(const struct follow *f);
/* Reason, auth lines, revision and hash of a result, as events and trials tell them. */
void follow_describe(const struct accept_result *r, struct follow_event *ev);
void follow_drop_late_candidates(struct follow *f);

#endif
