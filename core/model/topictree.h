/*
 * The topic tree: one node a topic level, counts along the path, an order for the screen.
 *
 * A message costs one keyed hash and a walk up its path, O(depth). Siblings hang in a treap that
 * also counts visible rows, so row number <-> node is O(depth * log siblings) at any size. A node is
 * 120 bytes with a name of up to 16; what only a topic that carried a message needs (last values,
 * replay window) is a leaf of 56 bytes. Names are bytes that passed topic_delivered_ok. Owned by
 * the engine thread; not thread-safe (the model's lock covers it).
 */
#ifndef MQGP_CORE_MODEL_TOPICTREE_H
#define MQGP_CORE_MODEL_TOPICTREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/verdict/verdict.h"
#include "core/wire/window.h"

#define TOPICTREE_DEPTH_MAX 64 /* deeper levels share the last node: a message must stay cheap */
#define TOPICTREE_RATE_SLOTS 16
#define TOPICTREE_RATE_MS 2000 /* one slot of the sparkline: 32 s in all */
#define TOPICTREE_NAME_INLINE 16
#define TOPICTREE_CLASSES 4 /* enum verdict_class */

enum topic_flag {
	TOPIC_OPEN = 1,	    /* children are shown */
	TOPIC_SECURED = 2,  /* its messages are judged under a secured tree */
	TOPIC_VERIFIED = 4, /* a message on it was green: never evicted */
	TOPIC_CONTROL = 8,  /* lies below a control level */
	TOPIC_TREE = 16,    /* is the top of a secured tree */
};

/* Read freely; change only flags of engine's own (SECURED, VERIFIED, CONTROL, TREE). */
struct topic_node {
	uint64_t id; /* never used twice; never 0 */
	uint32_t parent, left, right, kids; /* numbers in the slab; kids = top of their treap */
	uint32_t sum;  /* visible rows of this node and of left and right */
	uint32_t hash; /* of the whole topic up to here */
	uint64_t count[TOPICTREE_CLASSES]; /* messages here and below, by class */
	int64_t last_ms; /* monotonic time of the last one here or below */
	uint32_t now_count; /* messages in the current rate slot */
	uint32_t now_slot;
	uint8_t rate[TOPICTREE_RATE_SLOTS]; /* finished slots, packed; see topictree_rates */
	uint32_t leaf; /* 0: only a branch */
	uint16_t name_n;
	uint8_t flags; /* enum topic_flag */
	/* enum verdict_class since acknowledged: of its own messages, of those and all below, of
	 * this node's part of its siblings' treap. */
	uint8_t own : 2, worst : 2, under : 2;
	union {
		uint8_t near[TOPICTREE_NAME_INLINE];
		uint8_t *far; /* malloc'ed when longer */
	} name;
};

struct history_entry;

struct topic_leaf {
	struct window window; /* of the tree's current key and epoch; see core/wire/windows.h */
	struct history_entry *newest;	/* by arrival */
	struct history_entry *verified; /* last value that may be believed; NULL: none */
	uint32_t entries; /* kept in history */
	uint16_t lru;	  /* place among the unverified, 0 = none; model.c */
	uint8_t verdict;  /* enum verdict of the last message */
	uint8_t cls;	  /* enum verdict_class of the same */
};

struct topictree;

struct topictree *topictree_new(void); /* NULL without memory */
void topictree_free(struct topictree *t); /* history entries belong to the history */

/* The node of a topic. find: NULL if unknown; add: makes it and its parents, NULL without memory. */
struct topic_node *topictree_find(const struct topictree *t, struct span topic);
struct topic_node *topictree_add(struct topictree *t, struct span topic);
struct topic_node *topictree_by_id(const struct topictree *t, uint64_t id); /* NULL: gone */
struct topic_node *topictree_root(const struct topictree *t); /* nameless, never shown */
/* The slab number of a node and back: a short form for those who keep many. */
uint32_t topictree_number(const struct topic_node *n);
uint32_t topictree_last_number(const struct topictree *t); /* some below are free */
struct topic_node *topictree_at(const struct topictree *t, uint32_t number);
/* Its leaf, made on demand; NULL without memory. topictree_leaf: NULL if it has none. */
struct topic_leaf *topictree_leaf(const struct topictree *t, const struct topic_node *n);
struct topic_leaf *topictree_make_leaf(struct topictree *t, struct topic_node *n);
/* Drops the leaf of n (its history must be empty and its window given back), and n and its parents as far as nothing is left
 * below them. Counts of messages stay in the parents: they happened. */
void topictree_remove(struct topictree *t, struct topic_node *n);
/* The same, but leaves a leaf where it is: for a node that lost its last reason to stay. */
void topictree_prune(struct topictree *t, struct topic_node *n);

struct span topictree_name(const struct topic_node *n); /* its own level */
/* Full topic: writes its first cap bytes and returns its whole length. */
size_t topictree_topic(const struct topictree *t, const struct topic_node *n, uint8_t *out,
    size_t cap);
unsigned topictree_depth(const struct topictree *t, const struct topic_node *n); /* root 0 */
size_t topictree_nodes(const struct topictree *t);  /* without the root */
size_t topictree_topics(const struct topictree *t); /* those that have a leaf */

/* One message: counts, rate, worst class and last activity of n and everything above. */
void topictree_count(struct topictree *t, struct topic_node *n, enum verdict_class c,
    int64_t mono_ms);
/* Forgets what was bad or needed attention on n and below (an operator saw it). */
void topictree_acknowledge(struct topictree *t, struct topic_node *n);
uint64_t topictree_messages(const struct topic_node *n);
/* Messages per slot, oldest first, the current one last; within 1/16 of the truth. */
void topictree_rates(const struct topic_node *n, int64_t mono_ms,
    uint32_t out[TOPICTREE_RATE_SLOTS]);

/* Relatives in byte order of the names; NULL: none. The top level is the children of the root. */
struct topic_node *topictree_parent(const struct topictree *t, const struct topic_node *n);
struct topic_node *topictree_first(const struct topictree *t, const struct topic_node *parent);
struct topic_node *topictree_last(const struct topictree *t, const struct topic_node *parent);
struct topic_node *topictree_after(const struct topictree *t, const struct topic_node *n);
struct topic_node *topictree_before(const struct topictree *t, const struct topic_node *n);
/* Depth first, parents before children, whatever is open. into false skips what is below n. */
struct topic_node *topictree_walk(const struct topictree *t, const struct topic_node *n, bool into);
struct topic_node *topictree_walk_back(const struct topictree *t, const struct topic_node *n);

/* The next or previous node, in the order of topictree_walk, with own messages as bad as c and not
 * acknowledged; O(depth * log siblings). NULL: none. */
struct topic_node *topictree_next_worst(const struct topictree *t, const struct topic_node *n,
    enum verdict_class c);
struct topic_node *topictree_prev_worst(const struct topictree *t, const struct topic_node *n,
    enum verdict_class c);

/* What is shown: a node is visible when all its parents are open. */
void topictree_open(struct topictree *t, struct topic_node *n, bool open);
/* The same for n and every branch below it; false: more than limit nodes are there, not all done. */
bool topictree_open_below(struct topictree *t, struct topic_node *n, bool open, size_t limit);
/* Opens every parent of n. */
void topictree_reveal(struct topictree *t, struct topic_node *n);
size_t topictree_rows(const struct topictree *t);
struct topic_node *topictree_nth(const struct topictree *t, size_t row); /* NULL: no such row */
/* Row of n, or of its nearest visible parent. */
size_t topictree_row(const struct topictree *t, const struct topic_node *n);

#endif
