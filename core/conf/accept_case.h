/*
 * The inside of the acceptance rule: one candidate on its way through the order of PROTOCOL 3.5.
 *
 * Shared by core/conf/accept*.c only. A step returns V_NONE to go on, else the verdict; a step
 * that lacks an answer sets wait and returns V_NONE, and the walk ends there. Everything here lives
 * for one call of accept_judge and allocates only what the result owns.
 */
#ifndef MQGP_CORE_CONF_ACCEPT_CASE_H
#define MQGP_CORE_CONF_ACCEPT_CASE_H

#include "core/conf/accept.h"

#define ACCEPT_SKEW 300 /* seconds a signer's clock may be ahead of ours (3.5 row 12) */

/* What authorises a conf: N, an older committed conf, or the genesis anchor. Borrows. */
struct accept_base {
	const struct conf *conf; /* NULL: the genesis anchor */
	uint32_t revision;	 /* 0: the genesis anchor */
	const uint8_t *hash;
	struct span topic;
	const struct fpr *owner, *recovery;
	size_t n_owners, n_recovery;
	uint32_t threshold, recovery_threshold;
};
struct accept_base accept_base_of(const struct conf *c);
struct accept_base accept_base_genesis(const struct accept_state *s);
/* N of this state: its current conf or the genesis anchor. */
struct accept_base accept_base_current(const struct accept_state *s);

/* A copy of the state that revisions found in log/ have advanced (3.5 Run). */
struct accept_run {
	struct accept_state state;
	struct accept_committed *committed; /* owned; room for the whole run */
	struct conf **body;		    /* owned, ascending */
	size_t n;
};
void accept_run_done(struct accept_run *run);

struct accept_case {
	const struct accept_state *real; /* what the gateway holds */
	const struct accept_state *s;	 /* what C is judged against: real, or run.state */
	const struct accept_policy *policy;
	const struct accept_env *env;
	const struct accept_slot *slot;
	struct span payload;
	int64_t now;
	bool in_log; /* C is a body of a run: valid-*, blob and place are skipped */
	bool wait;   /* an answer is outstanding */
	bool runs;   /* a receipt proves to this dashboard that the gateway runs C or a successor */
	bool encrypted;
	const struct conf *conf; /* C */
	/* set by accept_frame() */
	struct accept_base n, base;
	bool first_contact;	/* a dashboard without a pin: C stands in for N */
	bool vouched;		/* first contact, but a person named the owners of base(C) */
	bool is_n, committed;	/* C is N; C's hash is committed */
	bool claimed;		/* the claim is right */
	const struct accept_candidate *kept; /* the stored entry of C's body, or NULL */
	struct accept_run run;
	struct accept_result *r;
};

/* accept.c */
/* Walks the order of 3.5 up to and including row `last`; the verdict is in k->r. */
#define ACCEPT_ROW_SIGNED 4 /* rows up to here look at the payload alone */
#define ACCEPT_ROW_LAST 20
void accept_walk(struct accept_case *k, unsigned last);
/* Finds N, base(C), kept signatures and what is known about C's hash. */
void accept_frame(struct accept_case *k);
/* complete-at as recorded, or the one to record now. */
int64_t accept_complete_at(const struct accept_case *k);
static inline bool
accept_genesis(const struct accept_case *k)
{
	return k->n.revision == 0;
}

/* accept_gate.c: signatures, gate, auth lines */
struct accept_lines {
	unsigned a, b, c, d;
	bool both;
};
struct accept_signed { /* a body and the signatures to count for it */
	const struct conf *conf;
	const struct accept_base *base;
	const struct bundle_sig *sig, *kept;
	size_t n_sigs, n_kept; /* at most BUNDLE_SIGS_MAX, ACCEPT_KEPT_SIGS_MAX */
	bool authorised;       /* gate passed without signatures: right claim, committed hash */
	bool claimed;	       /* the claim satisfies the first line */
};
struct accept_count {
	enum verdict sig[BUNDLE_SIGS_MAX]; /* after ownership; SIG_GOOD or a code of 4.2 */
	struct pgp_sig detail[BUNDLE_SIGS_MAX];
	struct fpr signer[ACCEPT_KEPT_SIGS_MAX]; /* distinct GOOD primaries, kept first */
	struct span signer_sig[ACCEPT_KEPT_SIGS_MAX];
	size_t n_signers;
	bool gate;
	struct accept_lines lines;
};
/* False: an answer is outstanding (every signature has been asked for). */
bool accept_count(const struct accept_env *env, const struct accept_signed *in,
    struct accept_count *out);
/* The same for n signatures one by one, before ownership. */
bool accept_ask(const struct accept_env *env, struct span body, const struct bundle_sig *sig,
    size_t n, struct pgp_sig *out);
struct accept_lines accept_lines(const struct conf *c, const struct accept_base *base,
    const struct fpr *signer, size_t n, bool claimed);
/* The worst of these codes in the order of 4.2; V_NOT_OWNER counts as such. n > 0. */
enum verdict accept_worst(const enum verdict *sig, size_t n);
bool accept_claim_right(const struct accept_state *s, const struct bundle *b);
enum verdict accept_fails_gate(struct accept_case *k); /* row 5 */
static inline bool
accept_is_good(enum verdict v)
{
	return (int)v == (int)SIG_GOOD;
}

/* accept_reason.c */
enum accept_fact { FACT_NO, FACT_YES, FACT_WAIT };
/* The first reason of row 15 that applies; REASON_NONE also when *wait was set. */
enum accept_reason accept_reason_of(const struct accept_case *k, bool ask_standing, bool *wait);
bool accept_full_hand_over(const struct accept_case *k);
uint32_t accept_delay(const struct accept_case *k);

/* accept_run.c: settles against which state C is judged; a row between 4 and 5 */
enum verdict accept_follow_log(struct accept_case *k);

/* accept_place.c */
enum verdict accept_fails_key(struct accept_case *k);	/* row 17 */
enum verdict accept_fails_delay(struct accept_case *k); /* row 18 */
enum verdict accept_fails_place(struct accept_case *k); /* row 19 */

/* accept_recovery.c */
enum accept_fact accept_other_recovery_stands(const struct accept_case *k);

#endif
