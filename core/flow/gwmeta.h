/*
 * `meta`: what a gateway must remember besides the bundles themselves (PROTOCOL 3.6).
 *
 * A small text file, written as a whole for every change. Reading is strict: a damaged meta is
 * MQ_ESTATE with the line, and the gateway goes to FAILSAFE instead of starting afresh. Pure.
 */
#ifndef MQGP_CORE_FLOW_GWMETA_H
#define MQGP_CORE_FLOW_GWMETA_H

#include "core/conf/accept.h"

#define GWMETA_MAX (512 * 1024) /* 4096 committed revisions of 90 bytes, and room */
#define GWMETA_VOID_MAX 64
#define GWMETA_NEXT_MAX (ACCEPT_RUN_MAX + 1)

struct gwmeta_rev {
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
};
struct gwmeta_complete {
	uint8_t hash[HASH_BYTES];
	int64_t at;
};

struct gwmeta {
	uint32_t boot;	    /* of the running or last process; 2^32-1 refuses to publish */
	int64_t time_floor; /* Unix seconds: no clock before this is believed */
	bool rekey_due;
	enum halted_by halted_by;
	int64_t halt_issued;
	char halt_reason[33];
	struct gwmeta_rev *committed; /* owned, ascending, at most ACCEPT_HISTORY_MAX (oldest go) */
	size_t n_committed;
	struct gwmeta_rev next[GWMETA_NEXT_MAX]; /* S4: bodies a commit is about to add */
	size_t n_next;
	bool next_rekey_due; /* rekey-due once the commit stands */
	uint8_t voided[GWMETA_VOID_MAX][HASH_BYTES];
	size_t n_voided;
	struct gwmeta_complete complete[ACCEPT_PENDING_MAX];
	size_t n_complete;
};

void gwmeta_init(struct gwmeta *m);
void gwmeta_done(struct gwmeta *m);
enum mq_err gwmeta_print(const struct gwmeta *m, struct buf *out);
/* MQ_OK, MQ_ENOMEM, or MQ_ESTATE naming the line. *m must be initialised. */
enum mq_err gwmeta_parse(struct span text, struct gwmeta *m, struct mq_error *e);
/* S6 in memory: next becomes committed, void list, halt and complete-at are cleared. */
enum mq_err gwmeta_commit(struct gwmeta *m);
int64_t gwmeta_complete_at(const struct gwmeta *m, const uint8_t hash[HASH_BYTES]); /* 0 = none */
/* Remembers when a body was first held complete; never changes an earlier entry. */
void gwmeta_set_complete(struct gwmeta *m, const uint8_t hash[HASH_BYTES], int64_t at);
/* Forgets complete-at of bodies that are no longer stored (those not in keep). */
void gwmeta_keep_complete(struct gwmeta *m, const uint8_t (*keep)[HASH_BYTES], size_t n);
bool gwmeta_add_void(struct gwmeta *m, const uint8_t hash[HASH_BYTES]); /* false: list is full */
const struct gwmeta_rev *gwmeta_newest(const struct gwmeta *m); /* NULL: unclaimed */

#endif
