/*
 * Screen 2: who owns which tree, whether its gateway agrees, and who must act next.
 *
 * First pane: one row a tree. Second pane: the tree under the cursor as a page: offers that wait,
 * what stands now, and the chain of revisions, newest first.
 */
#include <string.h>

#include "ui/page_tree.h"
#include "ui/sheet.h"
#include "ui/show.h"
#include "ui/table.h"
#include "ui/view.h"

#define NARROW 60 /* columns below which a row is a glyph, a tree and its state */

struct ownership {
	struct snap_cursor trees;
	int scroll; /* of the page */
	bool changes; /* the page shows only what changes */
};

enum { COL_STATE, COL_TREE, COL_REV, COL_OWNER, COL_GATEWAY, COL_VALID, COL_WHO, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_STATE] = { "state", 19, 0, 0, false },
	[COL_TREE] = { "tree", 18, 4, 0, false },
	[COL_REV] = { "rev", 4, 0, 0, true },
	[COL_OWNER] = { "owner", 9, 2, 96, false },
	[COL_GATEWAY] = { "gateway", 16, 0, 130, false },
	[COL_VALID] = { "valid", 6, 0, 0, true },
	[COL_WHO] = { "who acts next", 13, 3, 0, false },
};
static const struct column narrow_columns[COL_COUNT] = {
	[COL_STATE] = { "", 1, 0, 0, false },
	[COL_TREE] = { "tree", 6, 1, 0, false },
	[COL_REV] = { "rev", 4, 0, 30, true },
	[COL_OWNER] = { "", 0, 0, 255, false },
	[COL_GATEWAY] = { "", 0, 0, 255, false },
	[COL_VALID] = { "valid", 6, 0, 40, true },
	[COL_WHO] = { "", 0, 0, 255, false },
};

static void
draw_owner(const struct snap_tree *t, struct grid *g, int x, int y, int w)
{
	int used = view_fpr_short(g, x, y, w, ROLE_FINGERPRINT, t->owner);

	if (w - used > 2)
		(void)draw_untrusted(g, x + used + 1, y, w - used - 1, ROLE_DIM, span_of(t->label));
}

static void
draw_gateway(const struct snap_tree *t, struct grid *g, int x, int y, int w, bool quiet)
{
	char age[SHOW_TEXT];
	int used = draw_untrusted(g, x, y, w, ROLE_TEXT, span_of(t->gw_state));

	if (t->receipt_age_ms < 0 || quiet)
		return;
	show_span(age, t->receipt_age_ms);
	(void)draw_right(g, x + used, y, w - used, ROLE_DIM, age);
}

static void
draw_revision(const struct snap_tree *t, struct grid *g, int x, int y, int w)
{
	if (t->revision == 0)
		(void)draw_right(g, x, y, w, ROLE_DIM, "\xe2\x80\x93");
	else
		(void)draw_number(g, x, y, w, ROLE_TEXT, t->revision);
}

static void
draw_tree(const struct view_ctx *c, const struct snap_tree *t, const struct table *at,
    struct grid *g, int y)
{
	char left[SHOW_TEXT];

	(void)view_state(g, at->x[COL_STATE], y, at->w[COL_STATE], t->cls, t->state_word);
	(void)show_topic(g, at->x[COL_TREE], y, at->w[COL_TREE], ROLE_TEXT,
	    snap_span(c->snap, t->topic));
	if (at->w[COL_REV] > 0)
		draw_revision(t, g, at->x[COL_REV], y, at->w[COL_REV]);
	if (at->w[COL_OWNER] > 0)
		draw_owner(t, g, at->x[COL_OWNER], y, at->w[COL_OWNER]);
	if (at->w[COL_GATEWAY] > 0)
		draw_gateway(t, g, at->x[COL_GATEWAY], y, at->w[COL_GATEWAY], c->quiet);
	show_left(left, t->valid_until, c->now_ms);
	(void)draw_right(g, at->x[COL_VALID], y, at->w[COL_VALID],
	    show_date_role(t->valid_until, c->now_ms), left);
	if (strcmp(t->who, "-") == 0)
		(void)draw_text(g, at->x[COL_WHO], y, at->w[COL_WHO], ROLE_DIM, "\xe2\x80\x93");
	else
		(void)draw_text(g, at->x[COL_WHO], y, at->w[COL_WHO],
		    strncmp(t->who, "you", 3) == 0 ? ROLE_STATE_WARN : ROLE_TEXT, t->who);
}

static struct rect
list_rows(struct rect r)
{
	return r.h > 3 ? rect_below(r, 1) : r;
}

static void
draw_list(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap *s = c->snap;
	struct rect rows = list_rows(r);
	struct table at = table_place(r.w < NARROW ? narrow_columns : columns, COL_COUNT, r);

	if (s->trees.total == 0) {
		view_empty(g, r, "no secured tree is known yet",
		    "trees come from the profile and from discovery");
		return;
	}
	if (rows.y != r.y)
		table_heads(&at, g, r.y);
	for (uint32_t i = 0; i < s->trees.n && (int)i < rows.h; i++) {
		draw_tree(c, &s->tree[i], &at, g, rows.y + (int)i);
		view_row_mark(g, rect_row(rows, (int)i), s->tree[i].id == s->trees.id,
		    c->focus == 0);
	}
}

/* Returns the rows of the page; g may be empty. */
static int
draw_page(const struct ownership *o, const struct view_ctx *c, struct grid *g, struct rect r)
{
	struct sheet s;

	sheet_begin(&s, g, r, o->scroll);
	if (o->changes)
		page_tree_changes(&s, c);
	else
		page_tree(&s, c);
	return sheet_end(&s);
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	if (pane == 0)
		draw_list(c, g, r);
	else if (c->snap->tree_detail.known)
		(void)draw_page(state, c, g, r);
}

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct ownership *o = state;
	int h = list_rows(c->layout.pane[0]).h;

	r->trees = o->trees;
	r->trees.rows = (uint32_t)(h > 0 ? h : 1);
	r->chain = (struct snap_cursor){ .rows = SNAP_CHAIN };
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct ownership *o = state;
	struct rect r = c->layout.pane[1];
	uint64_t before = o->trees.id;
	struct grid nothing;

	view_cursor_took(&o->trees, &c->snap->trees, false);
	if (before != o->trees.id)
		o->scroll = 0;
	if (rect_empty(r) || !c->snap->tree_detail.known)
		return false;
	grid_init(&nothing);
	nothing.ascii = c->ascii;
	sheet_clamp(&o->scroll, draw_page(o, c, &nothing, r), r.h);
	return false;
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	struct ownership *o = state;

	if (a == ACTION_CHANGES) {
		o->changes = !o->changes;
		o->scroll = 0;
		ask->set_focus = c->layout.folded || rect_empty(c->layout.pane[1]);
		ask->focus = 1;
		return true;
	}
	if (c->focus == 1 && sheet_act(&o->scroll, c->layout.pane[1].h, a))
		return true;
	if (c->focus == 1 && (a == ACTION_STEP_OUT || a == ACTION_BACK)) {
		ask->set_focus = true;
		return true;
	}
	if (c->focus == 0 && (a == ACTION_OPEN || a == ACTION_STEP_IN)) {
		ask->set_focus = true;
		ask->focus = 1;
		return true;
	}
	return c->focus == 0 && view_cursor_act(&o->trees, a);
}

static void
target(const void *state, const struct view_ctx *c, struct view_target *t)
{
	(void)state;
	page_tree_target(c, t);
}

static void
go(void *state, uint64_t node)
{
	struct ownership *o = state;

	o->trees = (struct snap_cursor){ .id = node };
	o->scroll = 0;
}

static const enum action hints[] = { ACTION_OPEN, ACTION_ACCEPT, ACTION_CHANGES, ACTION_TRANSFER,
	ACTION_HALT, ACTION_PIN, ACTION_EDIT, ACTION_CANCEL, ACTION_HELP };

const struct view view_ownership = {
	.screen = SNAP_OWNERSHIP,
	.name = "Ownership",
	.context = CONTEXT_OWNERSHIP,
	.show = ACTION_SCREEN_OWNERSHIP,
	.split = SPLIT_STACK,
	.percent = 32,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct ownership),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = go,
};
