/*
 * The inside of snapshots, shared by the snap_*.c files. Nobody else includes this.
 *
 * snap.c places lists and fills what every screen shows; snap_find.c filters and searches;
 * snap_topics.c and snap_detail.c are the Topics screen, snap_screens.c all others. Everything here
 * runs under the model's lock.
 */
#ifndef MQGP_CORE_MODEL_SNAP_PRIV_H
#define MQGP_CORE_MODEL_SNAP_PRIV_H

#include "core/model/filter.h"
#include "core/model/model.h"
#include "core/model/snap.h"

/* A filter's way through all topics, a piece at a time. */
struct snap_scan {
	uint64_t *found; /* SNAP_FILTER_RESULTS ids, in the order of the tree */
	uint32_t n;
	uint64_t count; /* matches, listed or not */
	uint64_t at;	/* node to look at next; 0: at the end */
};

struct snap_view {
	struct model *m;
	/* filter */
	uint8_t typed[SNAP_FILTER_MAX];
	uint16_t typed_n;
	bool filtered, wrong;
	char error[SNAP_TEXT];
	struct filter filter;
	struct snap_scan shown, next; /* next is being built; shown is the last complete one */
	bool complete;	  /* shown is: until then next is shown as far as it is */
	bool scanning;
	int64_t scanned_ms; /* monotonic, when shown was completed */
	uint64_t scanned_changes;
	/* search that goes on with the next request */
	uint8_t searched[SNAP_FILTER_MAX];
	uint16_t searched_n;
	enum snap_op search_op;
	uint64_t search_from, search_at; /* 0: nothing to go on with */
	bool search_wrapped;
	/* where the cursor of the topics stood, for when its row is gone */
	uint64_t row;
	struct audit_line *audit; /* scratch, SNAP_ROWS */
	struct model_log_line *log;
	uint8_t *topic; /* scratch, SNAP_TOPIC_MAX */
};

struct work {
	struct snap_view *v;
	struct model *m;
	struct topictree *t;
	const struct snap_request *r;
	struct snap *s;
	int64_t wall_ms, mono_ms;
};

/* ---- snap.c */
/* Copies at most max bytes into the arena. */
struct snap_text snap_put(struct snap *s, struct span bytes, size_t max);
/* Places a list of total rows whose cursor stands at row pos: sets n, top, total, at; returns the
 * cursor's row after c->move. id is the caller's. */
uint64_t snap_place(const struct snap_cursor *c, uint64_t total, uint64_t pos,
    struct snap_list *out);
/* The same for a list of numbered things, newest first, of which `newest` is the last number. */
void snap_place_feed(const struct snap_cursor *c, uint64_t total, uint64_t newest,
    struct snap_list *out);
/* The full name of a node, cut to SNAP_TOPIC_MAX; lives in the view until the next call. */
struct span snap_topic_of(struct snap_view *v, const struct topic_node *n);
/* The secured tree whose top n is, or NULL. */
const struct model_tree *snap_tree_at(struct work *w, const struct topic_node *n);

/* ---- snap_find.c */
void snap_find_init(struct work *w); /* takes over a changed filter, goes on with its scan */
bool snap_scan_step(struct snap_view *v, int64_t mono_ms);
struct snap_scan *snap_results(struct snap_view *v);
/* Result i, or NULL when there are fewer; topics that are gone are dropped on the way. */
struct topic_node *snap_result(struct snap_view *v, uint32_t i);
/* Row of n among the results; false: not there. */
bool snap_result_row(struct snap_view *v, const struct topic_node *n, uint64_t *row);
/* Does a SNAP_OP_FIND*, *_FAILURE; returns where the cursor goes, n itself if nothing was found. */
struct topic_node *snap_jump(struct work *w, struct topic_node *n);

/* ---- the screens */
void snap_fill_topics(struct work *w);
void snap_fill_detail(struct work *w, const struct topic_node *n);
void snap_fill_why(struct work *w);
void snap_fill_trees(struct work *w); /* Ownership, Verify, Config */
void snap_fill_log(struct work *w);
void snap_fill_keys(struct work *w);
void snap_fill_pipeline(struct work *w);

#endif
