/*
 * The gateway's durable state: one 0700 folder, one process (PROTOCOL 3.6 "Durable state").
 *
 *   meta                 gwmeta.h
 *   cur.bundle           N: the rename to this name is the commit (S5)
 *   prev.bundle          N-1, always kept
 *   pend/<hash>.bundle   candidates, with every good signature seen so far
 *   data.key             Ed25519 secret key, 64 bytes
 *   epoch/<n>.key        epoch secrets, 32 bytes each
 *   claim.key            K of the claim code until it is used up
 *   certs/<FPR>.asc      public certificates of pinned keys
 *   gnupg/               the gateway's own OpenPGP home
 *   factory.conf, mqgpd.conf, lock
 *
 * Every write is durable when the call returns. Damaged state is told (damaged, why), kept as it
 * is, and leads to FAILSAFE: it is never reset. Not thread-safe; calls block on the disk.
 */
#ifndef MQGP_CORE_FLOW_GWSTORE_H
#define MQGP_CORE_FLOW_GWSTORE_H

#include <limits.h>

#include "core/flow/gwmeta.h"
#include "core/trust/secret.h"

#define GWSTORE_EPOCHS_MAX 8 /* current, those in grace, and candidates' */

struct gwstore_pending {
	uint8_t hash[HASH_BYTES];
	struct buf bundle;
};
struct gwstore_epoch {
	uint32_t epoch;
	struct secret secret;
};

struct gwstore {
	char dir[PATH_MAX];
	int lock_fd;
	bool damaged; /* FAILSAFE, and never data */
	struct mq_error why;
	struct gwmeta meta;
	bool meta_ahead; /* S6 is done in memory and could not be written */
	struct buf cur, prev; /* empty: none */
	struct gwstore_pending pend[ACCEPT_PENDING_MAX];
	size_t n_pend;
	struct secret data_sk; /* 64 bytes */
	struct gwstore_epoch epoch[GWSTORE_EPOCHS_MAX];
	size_t n_epochs;
	struct secret claim; /* 32 bytes, or empty */
};

/* Makes the folder with its sub-folders, so that keys can be made in gnupg/. MQ_EEXIST if a gateway
 * lives there already. */
enum mq_err gwstore_make_dirs(const char *dir, struct mq_error *e);
/* The same, and the data key (64 bytes; NULL: a new one) and an empty meta. claim: 32 bytes or NULL. */
enum mq_err gwstore_create(const char *dir, const uint8_t *data_sk, const uint8_t *claim,
    struct mq_error *e);
/* Locks, loads and finishes a commit that was cut short (S6). MQ_EAGAIN: another process has it;
 * MQ_EPERM: owner or mode. Damage is MQ_OK with damaged set. */
enum mq_err gwstore_open(struct gwstore **out, const char *dir, struct mq_error *e);
/* Only reads: no lock, nothing is finished or changed; for looking while a gateway runs. */
enum mq_err gwstore_peek(struct gwstore **out, const char *dir, struct mq_error *e);
void gwstore_close(struct gwstore *s);

enum mq_err gwstore_save_meta(struct gwstore *s, struct mq_error *e);
/* Boot id + 1, durable: before the first publish. MQ_ELIMIT at 2^32-1. */
enum mq_err gwstore_boot(struct gwstore *s, struct mq_error *e);
/* S1: adds or replaces a candidate. MQ_ELIMIT when all places are taken. */
enum mq_err gwstore_put_pending(struct gwstore *s, const uint8_t hash[HASH_BYTES],
    struct span bundle, struct mq_error *e);
enum mq_err gwstore_drop_pending(struct gwstore *s, const uint8_t hash[HASH_BYTES],
    struct mq_error *e);
/* S4..S6: the stored candidate revs[n-1] becomes cur, after the bodies before it in revs (a run).
 * before: the bundle of its predecessor when that is not cur (a run), else empty. */
enum mq_err gwstore_commit(struct gwstore *s, const struct gwmeta_rev *revs, size_t n,
    struct span before, bool rekey_due, struct mq_error *e);
/* True if S5 happened and S6 did not: cur is the last `next` of meta. Until gwstore_finish says MQ_OK
 * nothing else may be written or published. */
bool gwstore_unfinished(const struct gwstore *s);
enum mq_err gwstore_finish(struct gwstore *s, struct mq_error *e); /* S6 */
/* Right before the commit that names it. Replaces another secret of the same epoch. */
enum mq_err gwstore_put_epoch(struct gwstore *s, uint32_t epoch, const uint8_t secret[32],
    struct mq_error *e);
const struct secret *gwstore_epoch_secret(const struct gwstore *s, uint32_t epoch);
/* S9: overwrites and removes. */
enum mq_err gwstore_erase_epoch(struct gwstore *s, uint32_t epoch, struct mq_error *e);
/* The claim code is used up. */
enum mq_err gwstore_forget_claim(struct gwstore *s, struct mq_error *e);
/* DIR/name into out. */
enum mq_err gwstore_path(const struct gwstore *s, const char *name, char out[PATH_MAX]);

#endif
