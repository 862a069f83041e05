/*
 * Writing new revisions: the first conf of a tree, a successor, and edits of single lines.
 *
 * A successor keeps the owner's comments and line order: only the lines that must change do. Edits
 * work on drafts that need not parse yet; each value is judged alone, conf_parse judges the whole.
 * Drafts are bounded by the buffer they live in. Pure.
 */
#ifndef MQGP_CORE_CONF_COMPOSE_H
#define MQGP_CORE_CONF_COMPOSE_H

#include "core/conf/conf.h"

struct conf_genesis {
	const char *url; /* decides network-security: tls or none */
	const char *own; /* label, or NULL */
	struct span topic; /* decoded */
	struct conf_gateway gateway;
	uint8_t data_key[32];
	const struct fpr *owner; /* any order */
	size_t n_owners;
	uint32_t threshold;
	const uint8_t *epoch_key_id; /* of epoch 1; not used if the gateway has no OpenPGP key */
};

/* Appends a body of revision 1: suite 3 (1 without OpenPGP), valid 180 d, transfer-delay 3600,
 * on-expiry stop. MQ_EFORMAT with the reason in e if these inputs make no conf. */
enum mq_err conf_new_genesis(const struct conf_genesis *g, int64_t now, struct buf *out,
    struct mq_error *e);
/* Appends a draft of revision N+1: prev, issued and dates are new (the span of validity is kept),
 * what belonged to N alone (offer-until, from-topic, kind=recovery) is gone. MQ_ELIMIT after the
 * last revision. */
enum mq_err conf_successor(const struct conf *current, int64_t now, struct buf *out,
    struct mq_error *e);

/* Each changes body in place or leaves its lines as they were. MQ_EINVAL: no such key, no such value, or
 * set of a key that repeats / add of one that does not. */
enum mq_err conf_edit_set(struct buf *body, struct span key, struct span value, struct mq_error *e);
/* Keeps the values of a repeated key ascending. MQ_EEXIST, MQ_ELIMIT. */
enum mq_err conf_edit_add(struct buf *body, struct span key, struct span value, struct mq_error *e);
/* value.n == 0: every line of the key. MQ_ENOENT if there is none. */
enum mq_err conf_edit_remove(struct buf *body, struct span key, struct span value,
    struct mq_error *e);

#endif
