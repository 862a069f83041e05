/*
 * The inside of the model, shared by model.c and trees.c. Nobody else includes this.
 */
#ifndef MQGP_CORE_MODEL_MODEL_PRIV_H
#define MQGP_CORE_MODEL_MODEL_PRIV_H

#include <pthread.h>

#include "core/model/model.h"

/* Place in the ring of topics on which nothing verified; see unverified_touch. */
struct unverified {
	uint32_t node;
	uint16_t prev, next;
};

struct model {
	pthread_mutex_t lock;
	const struct clock *clock; /* borrowed */
	struct topictree *topics;
	struct history *history;
	struct connlog connlog;
	struct model_conn conn;
	struct model_blind blind;
	struct model_pipeline pipeline;
	struct audit *audit; /* borrowed */
	uint64_t changes;
	struct model_tree **tree; /* sorted by topic; the rows themselves never move */
	size_t n_trees, cap_trees;
	struct model_failure *failure; /* ring */
	uint64_t n_failures;
	struct unverified *unverified; /* [0] is the head of the ring */
	uint16_t unverified_used, unverified_free;
	struct model_key *key;
	size_t n_keys;
	struct model_conf_text conf_text;
	uint64_t verdicts[V_COUNT];
	int64_t rate_second;
	uint32_t rate_now[TOPICTREE_CLASSES], rate_last[TOPICTREE_CLASSES];
	pthread_mutex_t log_lock; /* the log may speak while the model is locked */
	struct model_log_line *log; /* ring */
	uint64_t n_log;
};

void model_tree_free(struct model_tree *t);

#endif
