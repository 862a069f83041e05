/*
 * The inside of the topic tree, shared by topictree.c (names, counts, windows) and toporder.c (the
 * order of siblings and what follows from it). Nobody else includes this.
 */
#ifndef MQGP_CORE_MODEL_TOPICTREE_PRIV_H
#define MQGP_CORE_MODEL_TOPICTREE_PRIV_H

#include "core/model/slab.h"
#include "core/model/topictree.h"

struct topictree {
	struct slab nodes, leaves;
	uint32_t *table; /* open addressing, linear probing; node numbers, 0 = free */
	size_t mask;
	uint8_t key[16]; /* of the hash: names come from strangers */
	uint32_t made;	 /* upper half of the ids */
};

static inline struct topic_node *
node_at(const struct topictree *t, uint32_t i)
{
	return i == 0 ? NULL : slab_at(&t->nodes, i);
}

/* Puts a fresh node among the children of its parent, or takes it out; rows and classes above are
 * brought up to date. */
void toporder_insert(struct topictree *t, struct topic_node *n);
void toporder_remove(struct topictree *t, struct topic_node *n);
/* Recomputes what depends on n.own, n.flags and n's children, up to the root. */
void toporder_repair(struct topictree *t, struct topic_node *n);

#endif
