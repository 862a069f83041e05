/*
 * Screen 1, its left half: the tree of topics, and what keys do on the screen.
 *
 * The verdict stands in columns of its own at the left, numbers at the right; the name in between
 * can reach neither.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/view_topics.h"

#define VERDICT_X 1  /* glyph and letter, after the cursor's mark */
#define NAME_X 4
#define NAME_LEAST 14 /* columns of a name before its badge is cut */
#define BADGE_CUT 8   /* fewer columns show the glyph alone */
#define INDENT 2
#define INDENT_MAX 12 /* levels; deeper ones stand below each other */
#define COUNT_W 7
#define SPARK_W 5
#define BAD_W 7
#define AGE_W 7

/* Which columns a pane has room for. */
struct columns {
	int end; /* of name and badge */
	int bad_x, count_x, spark_x, age_x; /* 0: not shown */
};

static struct columns
columns_of(struct rect r, bool quiet)
{
	struct columns c = { .end = r.x + r.w - 1 };

	if (r.w >= 64 && !quiet)
		c.age_x = c.end -= AGE_W;
	if (r.w >= 44)
		c.spark_x = c.end -= SPARK_W + 1;
	if (r.w >= 34)
		c.count_x = c.end -= COUNT_W + 1;
	if (r.w >= 72)
		c.bad_x = c.end -= BAD_W + 1;
	c.end -= c.end < r.x + r.w - 1; /* a gap */
	return c;
}

/* ---- rows */

/* A branch shows the worst below; a topic what its last message was. */
static void
draw_mark(struct grid *g, struct rect row, const struct snap_topic *t)
{
	enum verdict_class c = t->children ? t->worst : t->now;

	if (t->has_value && !t->children)
		(void)view_verdict(g, row.x + VERDICT_X, row.y, t->verdict, 0);
	else if (t->count != 0)
		(void)draw_glyph(g, row.x + VERDICT_X, row.y, glyph_of_class(c), role_of_class(c));
}

static void
draw_numbers(struct grid *g, struct rect row, const struct columns *col,
    const struct snap_topic *t, bool stale)
{
	uint32_t spark[SNAP_SPARK];
	char age[8], bad[8];

	for (int i = 0; i < SNAP_SPARK; i++)
		spark[i] = t->spark[i];
	if (col->bad_x != 0 && t->by_class[CLASS_BAD] != 0) {
		text_count(bad, t->by_class[CLASS_BAD]);
		(void)draw_right(g, col->bad_x, row.y, BAD_W, ROLE_TEXT, bad);
		(void)draw_glyph(g, col->bad_x + BAD_W - 2 - draw_text_width(bad), row.y, GLYPH_BAD,
		    ROLE_VERDICT_BAD);
	}
	if (col->count_x != 0)
		(void)draw_number(g, col->count_x, row.y, COUNT_W, ROLE_TEXT, t->count);
	if (col->spark_x != 0 && t->count != 0) /* the newest slot still grows: it would flicker */
		(void)draw_spark(g, col->spark_x, row.y, SPARK_W, ROLE_SPARK, spark, SNAP_SPARK - 1);
	view_age(age, t->age_ms);
	if (col->age_x != 0)
		(void)draw_right(g, col->age_x, row.y, AGE_W, stale ? ROLE_STALE : ROLE_DIM, age);
}

/* Where a search text stands in a name. */
static void
mark_match(struct grid *g, int x, int y, int max, struct span name, struct span search)
{
	for (size_t at = 0; search.n != 0 && at + search.n <= name.n; at++) {
		size_t same = 0;
		int from, w;

		while (same < search.n && (name.p[at + same] | 0x20) == (search.p[same] | 0x20))
			same++;
		if (same < search.n)
			continue;
		from = draw_untrusted_width(g, (struct span){ name.p, at });
		w = draw_untrusted_width(g, (struct span){ name.p + at, search.n });
		if (from < max)
			grid_overlay(g, rect_of(x + from, y, w < max - from ? w : max - from, 1),
			    ROLE_MATCH);
		return;
	}
}

/* " r7"; out is "" without a revision. */
static void
revision_words(const struct snap_topic *t, char out[16])
{
	out[0] = '\0';
	if (t->tree_revision != 0)
		(void)snprintf(out, 16, " r%u", t->tree_revision);
}

/* Columns a badge takes of those that are left: all of it, its word cut, or its glyph alone. */
static int
badge_width(const struct snap_topic *t, int left)
{
	char rev[16];
	int word;

	if (t->tree_state == NULL)
		return 0;
	revision_words(t, rev);
	word = 2 + draw_text_width(t->tree_state);
	if (word + draw_text_width(rev) <= left)
		return word + draw_text_width(rev);
	return word <= left ? word : left >= BADGE_CUT ? left : 1;
}

static void
draw_badge(struct grid *g, int x, int y, int max, const struct snap_topic *t)
{
	char rev[16];
	int used = view_state(g, x, y, max, t->tree_class, t->tree_state);

	revision_words(t, rev);
	if (draw_text_width(rev) <= max - used)
		(void)draw_text(g, x + used, y, max - used, ROLE_DIM, rev);
}

static void
draw_row(const struct view_ctx *c, struct grid *g, struct rect row, const struct columns *col,
    const struct snap_topic *t)
{
	int level = c->snap->filtered || t->depth == 0 ? 0 : t->depth - 1;
	int x = row.x + NAME_X + INDENT * (level < INDENT_MAX ? level : INDENT_MAX), badge, w;
	struct span name = snap_span(c->snap, t->name);

	draw_mark(g, row, t);
	if (x > col->end - 6) /* a deep level in a narrow pane */
		x = col->end - 6 > row.x + NAME_X ? col->end - 6 : row.x + NAME_X;
	if (t->children && !c->snap->filtered)
		(void)draw_glyph(g, x, row.y, t->open ? GLYPH_OPENED : GLYPH_CLOSED, ROLE_DIM);
	x += c->snap->filtered ? 0 : 2;
	w = draw_untrusted_width(g, name);
	badge = badge_width(t, col->end - x - 2 - (w < NAME_LEAST ? w : NAME_LEAST));
	w = col->end - x - (badge != 0 ? badge + 2 : 0);
	if (name.n == 0)
		w = draw_text(g, x, row.y, w, ROLE_ESCAPE, "(empty)");
	else
		w = draw_untrusted(g, x, row.y, w, t->control ? ROLE_DIM : ROLE_TEXT, name);
	mark_match(g, x, row.y, w, name, c->search);
	if (badge != 0)
		draw_badge(g, x + w + 2, row.y, badge, t);
	draw_numbers(g, row, col, t, c->stale);
}

static void
draw_nothing(const struct view_ctx *c, struct grid *g, struct rect r)
{
	if (c->snap->filtered)
		view_empty(g, r, c->snap->filter_running ? "looking ..." : "nothing matches the filter",
		    "Escape shows everything again");
	else if (c->snap->status.link == 0)
		view_empty(g, r, "not connected", "screen 4 says what was tried, and why it failed");
	else
		view_empty(g, r, "nothing has arrived yet",
		    "topics appear as soon as the broker delivers them");
}

static void
draw_tree(const struct view_ctx *c, struct grid *g, struct rect r)
{
	struct columns col = columns_of(r, c->quiet);

	if (c->snap->topics.n == 0)
		draw_nothing(c, g, r);
	for (uint32_t i = 0; i < c->snap->topics.n && (int)i < r.h; i++) {
		struct rect row = rect_row(r, (int)i);
		const struct snap_topic *t = &c->snap->topic[i];

		draw_row(c, g, row, &col, t);
		view_row_mark(g, row, i == c->snap->topics.at, c->focus == TOPICS_TREE);
		if (i == c->snap->topics.at && c->focus == TOPICS_TREE)
			grid_cursor(g, row.x, row.y, false);
	}
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	if (pane == TOPICS_TREE)
		draw_tree(c, g, r);
	else
		topics_draw_detail(state, c, g, r);
}

/* ---- asking */

static uint32_t
visible(int rows)
{
	return rows < 1 ? 1 : rows > SNAP_ROWS ? SNAP_ROWS : (uint32_t)rows;
}

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct topics_state *s = state;

	r->topics = s->tree;
	r->topics.rows = visible(c->layout.pane[TOPICS_TREE].h);
	r->history = s->history;
	r->op = s->op;
	memcpy(r->search, c->search.p, c->search.n);
	r->search_n = (uint16_t)c->search.n;
	memcpy(r->filter, c->filter.p, c->filter.n);
	r->filter_n = (uint16_t)c->filter.n;
}

/* A jump to a failure ends on the message that failed, also when others came since. */
static bool
jumped_to_failure(const struct topics_state *s, const struct view_ctx *c)
{
	return (s->op == SNAP_OP_NEXT_FAILURE || s->op == SNAP_OP_PREV_FAILURE) &&
	    c->snap->search == SNAP_SEARCH_FOUND && c->snap->detail.failed != 0;
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct topics_state *s = state;
	uint32_t rows = visible(topics_history_rows(c, s, c->layout.pane[TOPICS_DETAIL]));
	bool again = c->snap->search == SNAP_SEARCH_MORE, failure = jumped_to_failure(s, c);
	uint64_t entry = failure ? c->snap->detail.failed : 0;

	view_cursor_took(&s->tree, &c->snap->topics, false);
	s->tree.rows = visible(c->layout.pane[TOPICS_TREE].h);
	if (!again)
		s->op = SNAP_OP_NONE;
	if (failure || s->detail != c->snap->detail.id) { /* its history begins at the newest */
		again = again || s->history.id != entry;
		s->detail = c->snap->detail.id;
		s->history = (struct snap_cursor){ .id = entry, .rows = rows };
		return again;
	}
	again = again || s->history.rows != rows;
	/* What is held stays held although it is the newest; only moving to the top follows. */
	view_cursor_took(&s->history, &c->snap->detail.history,
	    s->history.id == 0 || s->history.move != 0);
	s->history.rows = rows;
	return again;
}

/* ---- keys */

static const struct snap_topic *
selected(const struct view_ctx *c)
{
	const struct snap_list *l = &c->snap->topics;

	return l->at < l->n ? &c->snap->topic[l->at] : NULL;
}

static bool
to_detail(const struct view_ctx *c, struct view_ask *ask)
{
	if (!c->snap->detail.has_last)
		return false;
	ask->set_focus = true;
	ask->focus = TOPICS_DETAIL;
	return true;
}

static bool
act_tree(struct topics_state *s, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	static const struct {
		enum action action;
		enum snap_op op;
	} ops[] = {
		{ ACTION_TOGGLE, SNAP_OP_TOGGLE }, { ACTION_OPEN, SNAP_OP_TOGGLE },
		{ ACTION_STEP_IN, SNAP_OP_STEP_IN }, { ACTION_STEP_OUT, SNAP_OP_STEP_OUT },
		{ ACTION_OPEN_BELOW, SNAP_OP_OPEN_BELOW },
		{ ACTION_CLOSE_BELOW, SNAP_OP_CLOSE_BELOW },
	};
	const struct snap_topic *t = selected(c);
	bool in = a == ACTION_OPEN || a == ACTION_STEP_IN;

	if (view_cursor_act(&s->tree, a))
		return true;
	if (in && t != NULL && (!t->children || c->snap->filtered) && to_detail(c, ask))
		return true;
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
		if (ops[i].action == a) {
			s->op = ops[i].op;
			return true;
		}
	return false;
}

static bool
act_detail(struct topics_state *s, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	(void)c;
	if (view_cursor_act(&s->history, a))
		return true;
	if (a == ACTION_STEP_OUT) {
		ask->set_focus = true;
		ask->focus = TOPICS_TREE;
		return true;
	}
	ask->why = a == ACTION_OPEN;
	return ask->why;
}

static bool
act_decode(struct topics_state *s, struct view_ask *ask)
{
	s->decode = (enum decode_mode)((s->decode + 1) % DECODE_COUNT);
	(void)snprintf(ask->message, sizeof ask->message, "value as %s", decode_name(s->decode));
	return true;
}

/* Failures below are forgotten here; what sticks to a tree is decided on screen 2. */
static bool
act_acknowledge(struct topics_state *s, const struct view_ctx *c, struct view_ask *ask)
{
	static const char done[] = "failures here and below are acknowledged";
	const struct snap_topic *t = selected(c);

	if (t == NULL || t->tree_state != NULL)
		return false;
	s->op = SNAP_OP_ACKNOWLEDGE;
	memcpy(ask->message, done, sizeof done);
	return true;
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	static const struct {
		enum action action;
		enum snap_op op;
	} jumps[] = {
		{ ACTION_SEARCH_NEXT, SNAP_OP_FIND_NEXT }, { ACTION_SEARCH_PREVIOUS, SNAP_OP_FIND_PREV },
		{ ACTION_NEXT_FAILURE, SNAP_OP_NEXT_FAILURE },
		{ ACTION_PREVIOUS_FAILURE, SNAP_OP_PREV_FAILURE },
	};
	struct topics_state *s = state;

	for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++)
		if (jumps[i].action == a) {
			s->op = jumps[i].op;
			return true;
		}
	if (a == ACTION_SEARCH)
		s->op = c->search.n != 0 ? SNAP_OP_FIND : SNAP_OP_NONE;
	if (a == ACTION_SEARCH || a == ACTION_FILTER)
		return true;
	if (a == ACTION_DECODE)
		return act_decode(s, ask);
	if (a == ACTION_ACKNOWLEDGE)
		return act_acknowledge(s, c, ask);
	return c->focus == TOPICS_TREE ? act_tree(s, c, a, ask) : act_detail(s, c, a, ask);
}

/* ---- what is under the cursor */

static void
offer_copy(struct view_target *t, const char *what, struct span text)
{
	if (text.n == 0 || t->n_copies == VIEW_COPIES)
		return;
	t->copy[t->n_copies].what = what;
	t->copy[t->n_copies++].text = text;
}

static void
target(const void *state, const struct view_ctx *c, struct view_target *t)
{
	const struct topics_state *s = state;
	const struct snap_detail *d = &c->snap->detail;
	bool plain = d->has_last && d->last.verdict == V_PLAIN;

	if (!d->known)
		return;
	t->topic = d->has_last ? d->id : 0;
	t->serial = (uint32_t)s->history.id;
	t->topic_name = snap_span(c->snap, d->topic);
	t->tree = snap_span(c->snap, d->tree_topic);
	t->tree_id = d->tree;
	if (d->has_verified)
		offer_copy(t, "verified value", snap_span(c->snap, d->value));
	else if (plain)
		offer_copy(t, "value, not secured", snap_span(c->snap, d->last_value));
	offer_copy(t, "topic", t->topic_name);
	offer_copy(t, "tree", t->tree);
	offer_copy(t, "gateway", span_of(d->gateway));
	offer_copy(t, "owner's fingerprint", span_of(d->signer));
}

static void
go(void *state, uint64_t node)
{
	struct topics_state *s = state;

	s->tree.id = node;
	s->tree.move = 0;
}

static const enum action hints[] = {
	ACTION_OPEN, ACTION_WHY, ACTION_SEARCH, ACTION_FILTER, ACTION_NEXT_FAILURE, ACTION_HELP,
	ACTION_COPY, ACTION_EDIT, ACTION_EVIDENCE, ACTION_DECODE, ACTION_PAUSE, ACTION_ATTACKS,
};

const struct view view_topics = {
	.screen = SNAP_TOPICS,
	.name = "Topics",
	.context = CONTEXT_TOPICS,
	.show = ACTION_SCREEN_TOPICS,
	.split = SPLIT_SIDE,
	.percent = 48,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct topics_state),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = go,
};
