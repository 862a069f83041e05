/*
 * Screen 3: how much of every tree verified, and each message that did not, with its reason.
 *
 * First pane: trees by class of verdict, the worst codes named. Second pane: the failures, newest
 * first; the app explains the one under the cursor (why) and saves it (evidence).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/page_tree.h"
#include "ui/show.h"
#include "ui/table.h"
#include "ui/view.h"

#define CODES_SHOWN 6 /* verdict codes named in a row */

struct verify {
	struct snap_cursor trees, failures;
};

/* ---- the matrix */

enum { COL_BADGE, COL_TREE, COL_GOOD, COL_ATTENTION, COL_BAD, COL_NEUTRAL, COL_CODES, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_BADGE] = { "", 1, 0, 0, false },
	[COL_TREE] = { "tree", 8, 3, 0, false },
	[COL_GOOD] = { "good", 7, 0, 0, true },
	[COL_ATTENTION] = { "look", 7, 0, 60, true },
	[COL_BAD] = { "bad", 7, 0, 34, true },
	[COL_NEUTRAL] = { "neutral", 7, 0, 90, true },
	[COL_CODES] = { "what it was", 16, 2, 70, false },
};

static const struct {
	int column;
	enum verdict_class class;
} classes[] = {
	{ COL_GOOD, CLASS_GOOD },
	{ COL_ATTENTION, CLASS_ATTENTION },
	{ COL_BAD, CLASS_BAD },
	{ COL_NEUTRAL, CLASS_NEUTRAL },
};
#define CLASSES (sizeof classes / sizeof classes[0])

static uint64_t
count_of(const uint64_t verdicts[V_COUNT], enum verdict_class class)
{
	uint64_t n = class == CLASS_NEUTRAL ? verdicts[V_NONE] : 0; /* leftovers */

	for (int v = V_NONE + 1; v < V_COUNT; v++)
		n += verdict_class((enum verdict)v) == class ? verdicts[v] : 0;
	return n;
}

/* "REPLAY 2  UNSIGNED 1": what is bad first, then what wants a look. */
static void
draw_codes(const uint64_t verdicts[V_COUNT], struct grid *g, int x, int y, int w)
{
	static const enum verdict_class order[] = { CLASS_BAD, CLASS_ATTENTION };
	int end = x + w, shown = 0;
	char text[48];

	for (int i = 0; i < 2 * V_COUNT && shown < CODES_SHOWN && x < end; i++) {
		enum verdict v = (enum verdict)(i % V_COUNT);

		if (v == V_NONE || verdicts[v] == 0 || verdict_class(v) != order[i / V_COUNT])
			continue;
		(void)snprintf(text, sizeof text, "%s %" PRIu64, verdict_code(v), verdicts[v]);
		x += draw_text(g, x, y, end - x, i < V_COUNT ? ROLE_TEXT : ROLE_DIM, text) + 2;
		shown++;
	}
}

static void
draw_counts(const uint64_t verdicts[V_COUNT], const struct table *at, struct grid *g, int y)
{
	for (size_t i = 0; i < CLASSES; i++) {
		int col = classes[i].column;
		uint64_t n = count_of(verdicts, classes[i].class);
		bool loud = n != 0 && (col == COL_ATTENTION || col == COL_BAD);

		if (at->w[col] > 0)
			(void)draw_number(g, at->x[col], y, at->w[col],
			    loud ? role_of_class(classes[i].class) : n != 0 ? ROLE_TEXT : ROLE_DIM, n);
	}
	if (at->w[COL_CODES] > 0)
		draw_codes(verdicts, g, at->x[COL_CODES], y, at->w[COL_CODES]);
}

/* The heading and the sum of everything stand above the trees where there is room. */
static struct rect
tree_rows(struct rect r)
{
	return r.h > 4 ? rect_below(r, 2) : r;
}

static void
draw_matrix(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap *s = c->snap;
	struct table at = table_place(columns, COL_COUNT, r);
	struct rect rows = tree_rows(r);

	if (rows.y != r.y) {
		table_heads(&at, g, r.y);
		(void)draw_text(g, at.x[COL_TREE], r.y + 1, at.w[COL_TREE], ROLE_DIM, "everything");
		draw_counts(s->verdicts, &at, g, r.y + 1);
	}
	for (uint32_t i = 0; i < s->trees.n && (int)i < rows.h; i++) {
		const struct snap_tree *t = &s->tree[i];
		int y = rows.y + (int)i;

		(void)view_state(g, at.x[COL_BADGE], y, 1, t->cls, t->state_word);
		(void)show_topic(g, at.x[COL_TREE], y, at.w[COL_TREE], ROLE_TEXT,
		    snap_span(s, t->topic));
		draw_counts(t->verdicts, &at, g, y);
		view_row_mark(g, rect_row(rows, (int)i), t->id == s->trees.id, c->focus == 0);
	}
}

/* ---- the failures */

enum { COL_MARK, COL_TIME, COL_CODE, COL_TOPIC, COL_REASON, FEED_COUNT };

static const struct column feed_columns[FEED_COUNT] = {
	[COL_MARK] = { "", 2, 0, 0, false },
	[COL_TIME] = { "time", 8, 0, 36, false },
	[COL_CODE] = { "verdict", 15, 0, 50, false },
	[COL_TOPIC] = { "topic", 10, 3, 0, false },
	[COL_REASON] = { "reason", 12, 3, 76, false },
};

static struct rect
feed_rows(struct rect r)
{
	return r.h > 4 ? rect_below(r, 1) : r;
}

static void
draw_failure(const struct view_ctx *c, const struct snap_failure *f, const struct table *at,
    struct grid *g, int y)
{
	struct span reason = span_of(f->reason[0] != '\0' ? f->reason : verdict_sentence(f->verdict));
	char time[9];

	view_time(time, f->time_ms);
	(void)draw_text(g, at->x[COL_TIME], y, at->w[COL_TIME], ROLE_DIM, time);
	(void)view_verdict(g, at->x[COL_MARK], y, f->verdict, f->flags);
	(void)draw_text(g, at->x[COL_CODE], y, at->w[COL_CODE], ROLE_STRONG, verdict_code(f->verdict));
	(void)show_topic(g, at->x[COL_TOPIC], y, at->w[COL_TOPIC], ROLE_TEXT,
	    snap_span(c->snap, f->name));
	(void)draw_untrusted(g, at->x[COL_REASON], y, at->w[COL_REASON], ROLE_DIM, reason);
}

static void
draw_feed(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap *s = c->snap;
	struct table at = table_place(feed_columns, FEED_COUNT, r);
	struct rect rows = feed_rows(r);

	if (s->failures.total == 0) {
		view_empty(g, r, "nothing failed", "every message that does is listed here");
		return;
	}
	if (rows.y != r.y)
		table_heads(&at, g, r.y);
	for (uint32_t i = 0; i < s->failures.n && (int)i < rows.h; i++) {
		draw_failure(c, &s->failure[i], &at, g, rows.y + (int)i);
		view_row_mark(g, rect_row(rows, (int)i), s->failure[i].n == s->failures.id,
		    c->focus == 1);
	}
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	(void)state;
	if (pane == 0)
		draw_matrix(c, g, r);
	else
		draw_feed(c, g, r);
}

/* ---- keys */

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct verify *v = state;
	int trees = tree_rows(c->layout.pane[0]).h, failures = feed_rows(c->layout.pane[1]).h;

	r->trees = v->trees;
	r->trees.rows = (uint32_t)(trees > 0 ? trees : 1);
	r->failures = v->failures;
	r->failures.rows = (uint32_t)(failures > 0 ? failures : 1);
	r->chain = (struct snap_cursor){ .rows = 1 };
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct verify *v = state;

	view_cursor_took(&v->trees, &c->snap->trees, false);
	view_cursor_took(&v->failures, &c->snap->failures, true);
	return false;
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	struct verify *v = state;

	if (a == ACTION_NEXT_FAILURE || a == ACTION_PREVIOUS_FAILURE) {
		if (c->focus == 1)
			v->failures.move += a == ACTION_NEXT_FAILURE ? 1 : -1;
		ask->set_focus = true;
		ask->focus = 1;
		return true;
	}
	if (c->focus == 0 && (a == ACTION_OPEN || a == ACTION_STEP_IN)) {
		ask->set_focus = true;
		ask->focus = 1;
		return true;
	}
	if (c->focus == 1 && a == ACTION_OPEN && c->snap->failures.total != 0) {
		ask->why = true;
		return true;
	}
	if (c->focus == 1 && (a == ACTION_STEP_OUT || a == ACTION_BACK)) {
		ask->set_focus = true;
		return true;
	}
	return view_cursor_act(c->focus == 0 ? &v->trees : &v->failures, a);
}

static const struct snap_failure *
under_cursor(const struct snap *s)
{
	for (uint32_t i = 0; i < s->failures.n; i++)
		if (s->failure[i].n == s->failures.id)
			return &s->failure[i];
	return NULL;
}

static void
target(const void *state, const struct view_ctx *c, struct view_target *t)
{
	const struct snap_failure *f = c->focus == 1 ? under_cursor(c->snap) : NULL;

	(void)state;
	if (c->focus == 0) {
		page_tree_target(c, t);
		return;
	}
	if (f == NULL)
		return;
	t->topic = f->topic;
	t->serial = f->serial;
	t->topic_name = snap_span(c->snap, f->name);
	t->copy[0].what = "topic";
	t->copy[0].text = t->topic_name;
	t->n_copies = 1;
}

static void
go(void *state, uint64_t node)
{
	struct verify *v = state;

	v->trees = (struct snap_cursor){ .id = node };
}

static const enum action hints[] = { ACTION_WHY, ACTION_EVIDENCE, ACTION_NEXT_FAILURE,
	ACTION_PANE_NEXT, ACTION_COPY, ACTION_ACKNOWLEDGE, ACTION_PAUSE, ACTION_HELP };

const struct view view_verify = {
	.screen = SNAP_VERIFY,
	.name = "Verify",
	.context = CONTEXT_VERIFY,
	.show = ACTION_SCREEN_VERIFY,
	.split = SPLIT_STACK,
	.percent = 35,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct verify),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = go,
};
