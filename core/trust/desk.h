/*
 * The desk: where everything the acceptance rule asks for lies ready, and is fetched once.
 *
 * It keeps the last payload of each control topic (3.2), the verdict of each signature over each
 * body (cache of 4.2, keyed by hash of body and signature), and decrypted messages, and asks the
 * OpenPGP children for what is missing. An answer that is not there yet is ACCEPT_WAIT; desk_poll
 * says when something came, and the caller judges again. gpg runs are limited as in 3.12.
 * Gateway, dashboard and owner tools each own one; a desk belongs to one thread.
 */
#ifndef MQGP_CORE_TRUST_DESK_H
#define MQGP_CORE_TRUST_DESK_H

#include "core/base/clock.h"
#include "core/conf/accept.h"
#include "core/trust/pgp.h"

#define DESK_SIGS_MAX 4096	   /* PROTOCOL 3.12: verdict cache */
#define DESK_CLEARS_MAX 64	   /* decrypted messages kept, wiped when they go */
#define DESK_TREES_MAX 1024	   /* trees with control payloads */
#define DESK_SLOTS_MAX 160	   /* per tree: a run of 64 in log/, keys/ and the rest */
#define DESK_BYTES_MAX (32u << 20) /* payload bytes kept over all trees */
#define DESK_STRANGE_BYTES (16u << 20) /* of them, trees that nobody vouched for ... */
#define DESK_STRANGER_BYTES (1u << 20) /* ... and one such tree */
#define DESK_RUNS_PER_S 50	   /* PROTOCOL 3.12: gpg runs overall ... */
#define DESK_RUNS_BURST 200
#define DESK_TREE_BURST 5 /* ... and one a second for each tree */
#define DESK_RETRY_MS 2000 /* SYS-ERROR is asked again after this */
#define DESK_PUT_OFF_MS 100 /* who was refused a gpg run asks again after this */

struct desk;

/* verify: required. secret: NULL if nothing can be decrypted here. Both are borrowed. */
struct desk *desk_new(struct pgp *verify, struct pgp *secret, const struct clock *clock);
void desk_free(struct desk *d);

/* Remembers the newest payload of a control topic; an empty one is remembered as cleared.
 * False: over a bound (counted in desk_dropped) or no memory. */
bool desk_put(struct desk *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span payload);
/* The last payload, borrowed until the next desk_put; n == 0 with present: cleared. */
bool desk_get(const struct desk *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span *payload);
/* This tree is one of ours (pinned, named, verified): it no longer shares a stranger's room. */
void desk_vouch(struct desk *d, struct span tree);
void desk_forget_tree(struct desk *d, struct span tree);
/* Forgets one payload. */
void desk_forget(struct desk *d, struct span tree, enum topic_slot slot, uint32_t number);
/* Forgets what lies below log/ older than this revision. */
void desk_forget_log(struct desk *d, struct span tree, uint32_t before);
uint64_t desk_dropped(const struct desk *d);

/* What accept_judge needs to ask about one tree. *view must live as long as the env is used.
 * current: N, to tell whether C's place is the running connection (3.5 Place); NULL = genesis. */
struct desk_view {
	struct desk *desk;
	struct span tree;
	const struct conf *current;
	bool limited; /* set when a gpg run was put off: show RATE-LIMITED */
};
void desk_env(struct desk_view *view, struct accept_env *out);

/* Takes what the children answered. True: something new is known, judge again. */
bool desk_poll(struct desk *d);
/* When to poll again even if the children's fds are quiet; -1: never. */
int64_t desk_next_timeout_ms(const struct desk *d);
/* This key changed (a newer certificate, a revocation): its signatures are asked about again. */
void desk_forget_key(struct desk *d, const struct fpr *primary);
/* The same for every key. */
void desk_forget_verdicts(struct desk *d);
/* The certificate of this primary is in the verify ring. */
bool desk_knows_key(const struct desk *d, const struct fpr *f);
/* An answer of the verify child that is not a signature (import, list): handed back here. */
typedef void desk_other(void *arg, struct pgp_answer *a);
void desk_on_other(struct desk *d, desk_other *f, void *arg);
/* NEEDS-KEY and failed decryptions are tried again (a key was unlocked). */
void desk_retry_clears(struct desk *d);

#endif
