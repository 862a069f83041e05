/*
 * The acceptance rule: may this candidate conf replace the current one? (PROTOCOL 3.5, 3.11)
 *
 * One pure function for gateway, dashboard, owner tools and vectors. Everything it cannot know by
 * itself it asks through struct accept_env; an answer that is not there yet makes the result
 * `pending` and the caller asks again when it has come. It changes nothing: what follows from a
 * VERIFIED (commit, run) is in the result.
 */
#ifndef MQGP_CORE_CONF_ACCEPT_H
#define MQGP_CORE_CONF_ACCEPT_H

#include "core/conf/bundle.h"
#include "core/conf/conf.h"
#include "core/trust/pgp.h"
#include "core/verdict/verdict.h"

#define ACCEPT_PENDING_MAX 8	/* 4 normal + 4 recovery, PROTOCOL 3.12 */
#define ACCEPT_HISTORY_MAX 4096 /* committed hashes remembered */
#define ACCEPT_KEPT_SIGS_MAX 48 /* per stored body: one a primary of every set */
#define ACCEPT_RUN_MAX 1024	/* revisions in one run; each was signed, so no stranger makes one */

/* When the gateway first held a body complete. */
struct accept_moment {
	uint8_t hash[HASH_BYTES];
	int64_t at; /* Unix seconds */
};

/* A body stored in pend/, with every GOOD signature ever seen on it. */
struct accept_candidate {
	struct conf *conf; /* owned */
	struct bundle_sig sig[ACCEPT_KEPT_SIGS_MAX]; /* owned, one a primary */
	size_t n_sigs;
	int64_t complete_at; /* Unix seconds; 0 = not yet */
	bool voided;	     /* by a halt: REJECTED(halted) for good */
};
void accept_candidate_done(struct accept_candidate *c);

struct accept_committed {
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	struct conf *conf; /* owned; NULL if the body is not kept */
};

enum halted_by { HALTED_NO, HALTED_BY_OWNER, HALTED_BY_RECOVERY };

struct accept_state {
	struct conf *current; /* N; NULL = unclaimed. Borrowed from committed or owned by caller */
	const struct accept_committed *committed; /* every known one, N included, ascending */
	size_t n_committed;
	struct conf_gateway gateway;
	uint8_t data_key[32];
	bool has_next_data_key;
	uint8_t next_data_key[32];
	const struct accept_candidate *pending; /* oldest first */
	size_t n_pending;
	const struct accept_moment *moment; /* complete-at of bodies that are not in pend/ (runs) */
	size_t n_moments;
	const uint8_t (*voided)[HASH_BYTES]; /* hashes voided by a halt, stored or not */
	size_t n_voided;
	enum halted_by halted_by;
	int64_t halt_issued; /* newest obeyed halt for N; 0 = none */
	bool rekey_due;
	int64_t time_floor; /* max(now, this) dates complete-at */
	struct span topic;		/* configured tree; unclaimed only */
	/* Gateway: factory.conf, also after the genesis if it is there. Dashboard at first contact: the
	 * owners somebody vouches for (`verify --owner`); n 0: nobody does. */
	const struct fpr *anchor_owner;
	size_t n_anchor_owners;
	uint32_t anchor_threshold;
	const uint8_t *claim_key; /* 32 bytes of K, or NULL: no claim possible; unclaimed only */
	/* Dashboards: conf= of the newest verified receipt (judged with a complete candidate's own
	 * data key if need be), or NULL. What the gateway runs has waited and was at its place. */
	const uint8_t *gateway_runs;
};

struct accept_policy {
	enum suite floor;     /* SUITE_HMAC = none */
	bool allow_non_ascii; /* allow-non-ascii-topics */
	bool dashboard; /* 3.5 Dashboards; with state.current NULL this is first contact */
};

struct accept_slot {
	struct span tree; /* T' of delivery */
	enum topic_slot name; /* SLOT_SECURE, SLOT_NEXT, SLOT_LOG, SLOT_HALT */
	uint32_t rev;	  /* SLOT_LOG */
	bool new_place;	  /* delivered on a connection made with C's url and network-security */
};

enum accept_answer { ACCEPT_HAVE, ACCEPT_ABSENT, ACCEPT_WAIT };

/* Questions the rule cannot answer itself. Each gets env->arg. */
struct accept_env {
	void *arg;
	/* Verdict of one signature over body: SIG_GOOD or a code of 4.2 before ownership. */
	enum accept_answer (*verify)(void *arg, struct span body, struct span sig,
	    struct pgp_sig *out);
	/* Decrypts an OpenPGP message: *v is V_NONE with plaintext appended to clear, or
	 * V_NEEDS_KEY, V_DECRYPT_FAIL, V_MALFORMED, V_SYS_ERROR. */
	enum accept_answer (*decrypt)(void *arg, struct span message, enum verdict *v,
	    struct buf *clear);
	/* The payload visible at log/<rev> of tree; appended to out. */
	enum accept_answer (*log)(void *arg, struct span tree, uint32_t rev, struct buf *out);
	/* The payload visible on `secure` at C's own place; appended to out. */
	enum accept_answer (*secure_at_place)(void *arg, const struct conf *c, struct buf *out);
	/* The decrypted plaintext of keys/<epoch>; appended to out. ABSENT also if it is encrypted
	 * to others: a gateway must be able to read it, a dashboard need not. */
	enum accept_answer (*blob)(void *arg, uint32_t epoch, struct buf *out);
};

enum accept_reason { /* closed list, in this order; 0 = none */
	REASON_NONE, REASON_NO_RECOVERY, REASON_HALTED, REASON_RECOVERY_PENDING, REASON_ISSUED,
	REASON_FROM_TOPIC, REASON_OFFER_UNTIL, REASON_FLOOR, REASON_EPOCH,
};
const char *accept_reason_name(enum accept_reason r);

struct accept_result {
	bool pending;	      /* an answer is outstanding; verdict is V_NONE */
	enum verdict verdict;
	unsigned flags; /* FLAG_JUNK_SIG ... */
	enum accept_reason reason;
	unsigned a, b, c, d; /* auth lines, meaningful when the gate is passed */
	unsigned line;	     /* MALFORMED */
	struct conf_errors *errors; /* MALFORMED body: all errors; owned, may be NULL */
	enum verdict sig[BUNDLE_SIGS_MAX]; /* per sig: line of this bundle, SIG_GOOD included */
	struct pgp_sig sig_detail[BUNDLE_SIGS_MAX];
	size_t n_sigs;
	struct fpr signer[ACCEPT_KEPT_SIGS_MAX]; /* distinct GOOD primaries, kept ones included */
	struct span signer_sig[ACCEPT_KEPT_SIGS_MAX]; /* one signature of each, borrowed: kept
							 ones from the state, others from parsed */
	size_t n_signers;
	bool gate;	/* passed */
	bool complete;	/* both auth lines */
	bool stored;	/* belongs into pend/ (room left aside) */
	bool commit;	/* S5 now; a dashboard: this is its conf from now on */
	bool unpinned;	/* first contact of a dashboard: nobody vouches for these owners */
	bool rekey_due; /* after the commit */
	int64_t complete_at; /* of this body, known or to be recorded; 0 = none */
	int64_t due_at;	     /* DELAYED, NOT-YET: when it ends; 0 = only the gateway knows */
	/* complete-at times that are not recorded yet: C and bodies of a run, also a failed one */
	struct accept_moment *moment; /* owned */
	size_t n_moments;
	struct conf *conf;   /* parsed C; owned; NULL before it parsed */
	uint8_t *bundle;     /* the (decrypted) bundle's bytes; owned */
	size_t bundle_n;
	struct bundle parsed; /* spans into bundle */
	struct conf **run;    /* commit: bodies to be committed before C, ascending; owned */
	size_t n_run;
};
void accept_result_done(struct accept_result *r);

/* Judges the payload that arrived on slot. *r is filled completely; free with accept_result_done. */
void accept_judge(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct accept_result *r);

/* Merges the result of a `stored` candidate into its entry of pend/ (zeroed: a new one): the body,
 * every GOOD signature, complete-at. On failure *c is unchanged. */
enum mq_err accept_keep(struct accept_candidate *c, const struct accept_result *r);

struct halt_result {
	bool pending;
	enum verdict verdict;
	enum halted_by by; /* VERIFIED */
	unsigned line;
	enum verdict sig[BUNDLE_SIGS_MAX];
	size_t n_sigs;
	struct fpr signer[BUNDLE_SIGS_MAX];
	size_t n_signers;
	int64_t issued;
	char reason[33];
	/* indexes into state->pending of the candidates this order voids */
	size_t voids[ACCEPT_PENDING_MAX];
	size_t n_voids;
};
void accept_halt(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct halt_result *r);

/* The index in s->pending of the recovery candidate that stands (3.11), or -1; -2 = pending. */
int accept_standing_recovery(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, int64_t now);
/* Which stored candidate (oldest first) a new one with `a` good base signatures replaces when its kind is full:
 * index, -1 = room left, -2 = not stored. a_of holds the `a` of each stored one. */
int accept_replaces(const struct accept_state *s, enum conf_kind kind, unsigned a,
    const unsigned *a_of, int standing);

#endif
