/*
 * Shared by the two halves of the Topics screen: the tree and the detail of what is selected.
 */
#ifndef MQGP_UI_VIEW_TOPICS_H
#define MQGP_UI_VIEW_TOPICS_H

#include "core/model/decode.h"
#include "ui/view.h"

enum topics_pane { TOPICS_TREE, TOPICS_DETAIL };

struct topics_state {
	struct snap_cursor tree, history;
	enum snap_op op;
	uint64_t detail; /* topic that history is of */
	enum decode_mode decode;
};

/* Rows of the history table in a detail pane of this size. */
int topics_history_rows(const struct view_ctx *c, const struct topics_state *s, struct rect r);
void topics_draw_detail(const struct topics_state *s, const struct view_ctx *c, struct grid *g,
    struct rect r);

#endif
