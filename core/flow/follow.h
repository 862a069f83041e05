/*
 * Following one secured tree from outside: what a dashboard believes about it, and why.
 *
 * Takes the payloads of the tree's control topics, judges them with the acceptance rule, receipts
 * and key blobs, and keeps the verified chain, the candidates, what the gateway last said and the
 * epoch secrets. It has no thread and no link: the engine, `watch`, the owner's tools and tests
 * feed it. Each judged payload is told once, and again when its verdict changes. Bounded: the
 * newest FOLLOW_CHAIN_MAX revisions, ACCEPT_PENDING_MAX candidates. Belongs to one thread.
 */
#ifndef MQGP_CORE_FLOW_FOLLOW_H
#define MQGP_CORE_FLOW_FOLLOW_H

#include "core/base/clock.h"
#include "core/conf/accept.h"
#include "core/trust/desk.h"
#include "core/trust/secret.h"
#include "core/verdict/judge.h"
#include "core/wire/receipt.h"

#define FOLLOW_CHAIN_MAX 64  /* revisions whose bodies are kept, newest first */
#define FOLLOW_EPOCHS_MAX 8  /* epoch secrets held */
#define FOLLOW_WANTED_MAX 256 /* fingerprints that N and its candidates name */
#define FOLLOW_RECEIPT_LATE_MS 300000 /* PROTOCOL 4.3: no receipt after 5 min is NO-RECEIPT */

/* One verified revision. */
struct follow_conf {
	struct conf *conf;   /* owned */
	struct buf bundle;   /* as verified, with its signatures; empty when chained back by hash */
	struct fpr signer[4];
	size_t n_signers;
	int64_t arrived_ms;  /* wall */
	int64_t retired_ms;  /* wall; 0 = current */
};

/* The person's anchor, from the pins file. */
struct follow_pin {
	bool any;
	bool changed; /* the gateway was found changed, and nobody has acknowledged it */
	struct conf_gateway gateway;
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
};

struct follow_event {
	enum topic_slot slot;
	uint32_t number; /* log revision, keys epoch */
	struct span payload;
	bool retained;
	uint8_t qos;
	enum verdict verdict;
	enum verdict_class cls; /* verdict_class_of, but history in log/ is no alarm */
	unsigned flags;
	char fpr[41];	  /* pgp/<FPR> */
	char reason[96];  /* detail in brackets: "floor", "line 7", ... */
	char partial[24]; /* "1/2+0/1", "" */
	uint32_t revision; /* 0: unknown */
	uint8_t hash[HASH_BYTES]; /* all zero: unknown */
	const struct receipt *receipt; /* VERIFIED receipt or status */
};

struct follow;
typedef void follow_judged(void *arg, struct follow *f, const struct follow_event *ev);

struct follow_options {
	struct span topic;	  /* of the tree; copied */
	struct desk *desk;	  /* borrowed */
	const struct clock *clock; /* borrowed */
	struct pgp *verify;	  /* for imports from pgp/<FPR>; the desk's */
	enum suite floor;
	bool allow_non_ascii;
	follow_judged *judged;
	void *arg;
};

struct follow *follow_new(const struct follow_options *o); /* NULL without memory */
void follow_free(struct follow *f);

/* What was verified before: the pin, and the bundle of the pinned revision if it is at hand (its
 * hash must be the pin's). Before the first payload. */
enum mq_err follow_set_pin(struct follow *f, const struct follow_pin *pin, struct span bundle);
void follow_unpin(struct follow *f);
/* A secret learned before (keystore); ignored unless a verified conf commits to it. */
void follow_add_secret(struct follow *f, uint32_t epoch, const uint8_t secret[32]);

/* A payload on one of the tree's control topics. */
void follow_control(struct follow *f, const struct topic_parts *at, struct span payload,
    bool retained, uint8_t qos);
/* Judges what is new or could not be finished. Call after follow_control, when desk_poll says
 * true, and about once a second (times pass). True: something visible changed. */
bool follow_run(struct follow *f);
/* An answer to an import this follower asked for; true if it was ours. */
bool follow_import_answer(struct follow *f, const struct pgp_answer *a);
/* What would be said of this payload if it lay on secure, next or halt now. Nothing is remembered
 * but the verdicts of its signatures. */
struct follow_trial {
	bool pending; /* an answer is outstanding: try again when it has come */
	enum verdict verdict;
	unsigned flags;
	char reason[96], partial[24]; /* as in follow_event */
	bool complete;		      /* both auth lines */
	unsigned a, b, c, d;
	int64_t due_at; /* DELAYED, NOT-YET */
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	struct fpr signer[ACCEPT_KEPT_SIGS_MAX]; /* GOOD ones */
	size_t n_signers;
};
void follow_try(struct follow *f, enum topic_slot slot, struct span payload,
    struct follow_trial *out);
/* A certificate came by another way: what it signed is judged again. */
void follow_look_again(struct follow *f);
/* The person saw and accepted what is sticky. */
void follow_acknowledge(struct follow *f);
/* The link came or went: heartbeats are only missed while it is up. */
void follow_link(struct follow *f, bool up);

/* ---- what is believed (borrowed until the next call that changes) */
const struct follow_conf *follow_current(const struct follow *f); /* NULL: none verified */
size_t follow_chain(const struct follow *f, const struct follow_conf **out); /* newest first */
/* Candidates for the next revision, oldest first, with the last result of each. */
struct follow_candidate {
	enum verdict verdict;
	unsigned flags;
	enum accept_reason reason;
	unsigned a, b, c, d;
	int64_t due_at;
	struct fpr signer[ACCEPT_KEPT_SIGS_MAX];
	size_t n_signers;
};
/* Two arrays of the same length, which is returned. */
size_t follow_candidates(const struct follow *f, const struct accept_candidate **kept,
    const struct follow_candidate **result);
const struct secret *follow_secret(const struct follow *f, uint32_t epoch);
/* Its blob is here and being decrypted: the secret may be known in a moment. */
bool follow_awaits_key(const struct follow *f, uint32_t epoch);
/* The tree as the pipeline wants it; n_revs == 0: not secured as far as we know. */
const struct judge_tree *follow_judge_tree(const struct follow *f);
void follow_set_hints(struct follow *f,
    bool (*by_hint)(void *arg, const uint8_t topic8[8], struct span *topic), void *arg);

struct follow_gateway {
	bool any_receipt;
	struct receipt receipt; /* newest verified */
	int64_t receipt_ms;	/* wall, arrival */
	bool any_status;
	struct receipt status;
	int64_t status_ms, status_mono_ms;
	int64_t since_mono_ms; /* link up since: heartbeats count from here */
};
const struct follow_gateway *follow_gateway(const struct follow *f);

struct follow_marks {
	bool conflict;	      /* sticky: FORK without INCOMPLETE, EQUIVOCATION, split view */
	bool gateway_changed; /* sticky */
	bool halted;	      /* valid halt for the current revision, or the receipt says so */
	bool info_seen, info_differs, info_ownerless;
	char info_what[160]; /* first difference in words */
	bool secure_seen, secure_cleared;
	int64_t secure_cleared_ms; /* wall; 0: did not vanish */
	enum verdict secure_verdict;
	bool split_unknown; /* receipt names an unknown conf of our revision */
	bool pinned;
	bool crowded; /* entries of log/ or keys/ were turned away: read them again when N is known */
	int64_t update_since_ms; /* N was adopted while the gateway ran another; 0 = no */
};
const struct follow_marks *follow_marks(const struct follow *f);
void follow_note_equivocation(struct follow *f); /* seen on a data topic */
void follow_reread(struct follow *f);		 /* log/ and keys/ were asked for again */
/* Fingerprints whose pgp/<FPR> the tree needs; returns how many (at most max). */
size_t follow_wanted_keys(const struct follow *f, struct fpr *out, size_t max);

#endif
