/* The Topics screen: rows of the tree, or of what a filter found. */
#include <string.h>

#include "core/model/snap_priv.h"

#define OPEN_LIMIT 5000 /* nodes opened or closed by one key: keeps the lock short */
#define RATE_SLOTS 3	/* finished slots that make "messages a second" */

/* ---- the cursor */

/* The row the cursor asks for, or the one that stands where it stood. */
static struct topic_node *
row_node(struct work *w, uint64_t row)
{
	if (w->v->filtered)
		return snap_result(w->v, (uint32_t)row);
	return topictree_nth(w->t, row);
}

static uint64_t
total_rows(struct work *w)
{
	return w->v->filtered ? snap_results(w->v)->n : topictree_rows(w->t);
}

static struct topic_node *
cursor_node(struct work *w)
{
	struct topic_node *n = topictree_by_id(w->t, w->r->topics.id);
	uint64_t row, total = total_rows(w);

	if (n != NULL && !w->v->filtered)
		return row_node(w, topictree_row(w->t, n));
	if (n != NULL && snap_result_row(w->v, n, &row))
		return n;
	if (total == 0)
		return NULL;
	row = w->r->topics.id == 0 ? 0 : w->v->row < total ? w->v->row : total - 1;
	return row_node(w, row);
}

static uint64_t
row_of(struct work *w, const struct topic_node *n)
{
	uint64_t row = 0;

	if (n == NULL)
		return 0;
	if (!w->v->filtered)
		return topictree_row(w->t, n);
	return snap_result_row(w->v, n, &row) ? row : 0;
}

/* ---- keys */

static struct topic_node *
step_in(struct work *w, struct topic_node *n)
{
	if (n->kids == 0)
		return n;
	if (n->flags & TOPIC_OPEN)
		return topictree_first(w->t, n);
	topictree_open(w->t, n, true);
	return n;
}

static struct topic_node *
step_out(struct work *w, struct topic_node *n)
{
	struct topic_node *parent = topictree_parent(w->t, n);

	if ((n->flags & TOPIC_OPEN) && n->kids != 0) {
		topictree_open(w->t, n, false);
		return n;
	}
	return parent == NULL ? n : parent;
}

static void
open_below(struct work *w, struct topic_node *n, bool open)
{
	w->s->op_bounded = !topictree_open_below(w->t, n, open, OPEN_LIMIT);
}

/* Does the key to the row under the cursor and returns where the cursor goes. */
static struct topic_node *
apply_op(struct work *w, struct topic_node *n)
{
	bool flat = w->v->filtered; /* nothing to open in a flat list */

	switch (w->r->op) {
	case SNAP_OP_NONE:
		break;
	case SNAP_OP_TOGGLE:
	case SNAP_OP_OPEN:
	case SNAP_OP_CLOSE:
		if (!flat && n->kids != 0)
			topictree_open(w->t, n, w->r->op == SNAP_OP_OPEN ||
			    (w->r->op == SNAP_OP_TOGGLE && !(n->flags & TOPIC_OPEN)));
		break;
	case SNAP_OP_STEP_IN:
		return flat ? n : step_in(w, n);
	case SNAP_OP_STEP_OUT:
		return flat ? n : step_out(w, n);
	case SNAP_OP_OPEN_BELOW:
	case SNAP_OP_CLOSE_BELOW:
		if (!flat)
			open_below(w, n, w->r->op == SNAP_OP_OPEN_BELOW);
		break;
	case SNAP_OP_FIND:
	case SNAP_OP_FIND_NEXT:
	case SNAP_OP_FIND_PREV:
	case SNAP_OP_NEXT_FAILURE:
	case SNAP_OP_PREV_FAILURE:
		return snap_jump(w, n);
	case SNAP_OP_ACKNOWLEDGE:
		topictree_acknowledge(w->t, n);
		model_touch(w->m);
		break;
	}
	return n;
}

/* ---- rows */

static void
fill_rates(struct work *w, const struct topic_node *n, struct snap_topic *row)
{
	uint32_t rate[TOPICTREE_RATE_SLOTS], max = 1;
	uint64_t sum = 0;

	_Static_assert(SNAP_SPARK == TOPICTREE_RATE_SLOTS, "one cell a slot");
	topictree_rates(n, w->mono_ms, rate);
	for (int i = 0; i < SNAP_SPARK; i++)
		max = rate[i] > max ? rate[i] : max;
	for (int i = 0; i < SNAP_SPARK; i++) /* anything at all is at least one eighth */
		row->spark[i] = (uint8_t)(((uint64_t)rate[i] * 8 + max - 1) / max);
	for (int i = 0; i < RATE_SLOTS; i++) /* the last one still grows */
		sum += rate[SNAP_SPARK - 2 - i];
	row->rate = (uint32_t)(sum * 1000 / (RATE_SLOTS * TOPICTREE_RATE_MS));
}

static void
fill_row(struct work *w, const struct topic_node *n, struct snap_topic *row)
{
	const struct topic_leaf *l = topictree_leaf(w->t, n);
	const struct model_tree *tree = snap_tree_at(w, n);

	memset(row, 0, sizeof *row);
	row->id = n->id;
	row->name = snap_put(w->s, w->v->filtered ? snap_topic_of(w->v, n) : topictree_name(n),
	    SNAP_NAME_MAX);
	row->depth = (uint16_t)topictree_depth(w->t, n);
	row->open = (n->flags & TOPIC_OPEN) && n->kids != 0;
	row->children = n->kids != 0;
	row->has_value = l != NULL;
	row->secured = n->flags & TOPIC_SECURED;
	row->control = n->flags & TOPIC_CONTROL;
	row->verdict = l == NULL ? V_NONE : (enum verdict)l->verdict;
	row->now = l == NULL ? CLASS_NEUTRAL : (enum verdict_class)l->cls;
	row->worst = (enum verdict_class)n->worst;
	row->count = topictree_messages(n);
	memcpy(row->by_class, n->count, sizeof row->by_class);
	row->age_ms = row->count == 0 ? -1 : w->mono_ms - n->last_ms;
	fill_rates(w, n, row);
	if (tree != NULL) {
		row->tree_state = tree->state_word;
		row->tree_class = tree->state_class;
		row->tree_revision = tree->revision;
	}
}

static void
fill_filter(struct work *w)
{
	struct snap_scan *found = snap_results(w->v);

	w->s->filtered = w->v->filtered;
	w->s->filter_running = w->v->filtered && !w->v->complete;
	w->s->filter_count = found->count;
	w->s->filter_more = found->count > found->n;
}

void
snap_fill_topics(struct work *w)
{
	struct snap_list *list = &w->s->topics;
	struct topic_node *n;
	uint32_t filled = 0;

	snap_find_init(w);
	if ((n = cursor_node(w)) != NULL)
		n = apply_op(w, n);
	w->v->row = snap_place(&w->r->topics, total_rows(w), row_of(w, n), list);
	while (filled < list->n) {
		const struct topic_node *at = row_node(w, list->top + filled);

		if (at == NULL)
			break; /* a result that went away shortened the list */
		fill_row(w, at, &w->s->topic[filled++]);
	}
	list->n = filled;
	list->total = total_rows(w);
	fill_filter(w);
	if ((n = row_node(w, w->v->row)) == NULL)
		return;
	list->id = n->id;
	snap_fill_detail(w, n);
}
