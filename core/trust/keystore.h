/*
 * The `keys` folder of a profile: public certificates, epoch secrets, last verified bundles.
 *
 *   <FPR>.asc             a public certificate as imported (merged, minimal)
 *   <tree id>.<n>.epoch   an epoch secret, 32 bytes
 *   <tree id>.bundle      the bundle of the pinned revision, so that N is at hand at the start
 *   <tree id>.conflict    a contradiction was seen and nobody acknowledged it yet
 *
 * Everything is 0600 and bounded; names never come from a topic but from topic_id(). What is read
 * back is checked by its user (certificates by gpg, secrets and bundles by hash): a damaged file is
 * worth nothing, not dangerous. Any thread; calls block on the disk.
 */
#ifndef MQGP_CORE_TRUST_KEYSTORE_H
#define MQGP_CORE_TRUST_KEYSTORE_H

#include "core/conf/conf.h"

#define KEYSTORE_CERTS_MAX 512 /* KEYTABLE_KEYS_MAX */

struct keystore;

/* dir NULL: nothing is kept, everything is absent. */
enum mq_err keystore_open(struct keystore **out, const char *dir, struct mq_error *e);
void keystore_close(struct keystore *k);

enum mq_err keystore_put_cert(struct keystore *k, const struct fpr *f, struct span cert,
    struct mq_error *e);
enum mq_err keystore_get_cert(struct keystore *k, const struct fpr *f, struct buf *out);
/* Calls each(fpr) for every certificate, at most KEYSTORE_CERTS_MAX. */
enum mq_err keystore_each_cert(struct keystore *k, void (*each)(void *arg, const struct fpr *f),
    void *arg);
enum mq_err keystore_put_epoch(struct keystore *k, struct span tree, uint32_t epoch,
    const uint8_t secret[32], struct mq_error *e);
bool keystore_get_epoch(struct keystore *k, struct span tree, uint32_t epoch, uint8_t secret[32]);
enum mq_err keystore_erase_epoch(struct keystore *k, struct span tree, uint32_t epoch,
    struct mq_error *e);
enum mq_err keystore_put_bundle(struct keystore *k, struct span tree, struct span bundle,
    struct mq_error *e);
/* Sets or takes away the mark of an unacknowledged CONFLICT. */
enum mq_err keystore_mark_conflict(struct keystore *k, struct span tree, bool on,
    struct mq_error *e);
bool keystore_has_conflict(struct keystore *k, struct span tree);
enum mq_err keystore_get_bundle(struct keystore *k, struct span tree, struct buf *out);

#endif
