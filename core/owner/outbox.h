/*
 * What an owner is about to publish, safe against every crash (PROTOCOL 3.7).
 *
 * One folder a tree, outbox/<id>/, id = topic_id(): the draft (O1), the signed bundle and, for a new
 * epoch, its secret and the encrypted blob (O2), and `meta`, which says how far the publication came
 * (O3..O7). Every write is durable before the step counts as reached; a step is repeated, never
 * skipped. The folder is locked while open, so two terminals never work on one tree. Belongs to one
 * thread; calls block on the disk.
 */
#ifndef MQGP_CORE_OWNER_OUTBOX_H
#define MQGP_CORE_OWNER_OUTBOX_H

#include <limits.h>

#include "core/conf/bundle.h"

#define OUTBOX_META_MAX 4096

enum outbox_step { /* durable when its files and meta are */
	OUTBOX_EMPTY,
	OUTBOX_O1, /* a draft */
	OUTBOX_O2, /* signed; nothing was published */
	OUTBOX_O3, /* keys/<epoch> is published, if new; from here the broker may hold the rest */
	OUTBOX_O4, /* log/<rev> and secure */
	OUTBOX_O5, /* next */
	OUTBOX_O6, /* the gateway's receipt named this hash */
	OUTBOX_O7, /* next is cleared, the pin is updated: done */
};
const char *outbox_step_name(enum outbox_step s); /* "O3" */

struct outbox_meta {
	enum outbox_step step;
	char kind[16]; /* word of what was done: "edit", "offer" ... */
	uint32_t base_revision;
	uint8_t base_hash[HASH_BYTES]; /* zero: genesis */
	uint32_t revision;	       /* of the bundle; 0 while only a draft */
	uint8_t hash[HASH_BYTES];
	uint32_t new_epoch; /* 0: the epoch stays */
	bool complete;	    /* both auth lines: it goes to secure and log */
};

struct outbox;

/* state_dir: of the profile. MQ_EAGAIN: another terminal has it open. A damaged meta is set aside
 * and named in *e: MQ_ESTATE. */
enum mq_err outbox_open(struct outbox **out, const char *state_dir, struct span tree,
    struct mq_error *e);
void outbox_close(struct outbox *b);
/* Reads the meta without the lock, for those who only show it. MQ_ENOENT: nothing there. */
enum mq_err outbox_peek(const char *state_dir, struct span tree, struct outbox_meta *out);

const struct outbox_meta *outbox_meta(const struct outbox *b);
const char *outbox_draft_path(const struct outbox *b); /* for the editor */

/* O1. A draft of another base is kept aside as draft.<its base revision>, what was finished before
 * makes room. */
enum mq_err outbox_put_draft(struct outbox *b, const struct outbox_meta *m, struct span body,
    struct mq_error *e);
enum mq_err outbox_get_draft(struct outbox *b, struct buf *out, struct mq_error *e);
/* O2. secret and blob only with m->new_epoch. */
enum mq_err outbox_put_signed(struct outbox *b, const struct outbox_meta *m, struct span bundle,
    const uint8_t *secret, struct span blob, struct mq_error *e);
enum mq_err outbox_get_bundle(struct outbox *b, struct buf *out, struct mq_error *e);
enum mq_err outbox_get_epoch(struct outbox *b, uint8_t secret[32], struct buf *blob,
    struct mq_error *e);
/* O3..O7, durably; then the crash point of that name. */
enum mq_err outbox_reach(struct outbox *b, enum outbox_step step, struct mq_error *e);
/* What will never be published (cancelled, overtaken) leaves: the bundle stays as
 * <revision>.bundle.<word>, the secret is shredded. */
enum mq_err outbox_give_up(struct outbox *b, const char *word, struct mq_error *e);

#endif
