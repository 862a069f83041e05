/*
 * Screen 5: the verified revision beside the one that is being made, what that means, and how far
 * the work on it has come.
 *
 * Two panes where there is room: what stands, and what is being done. Folded there is one page with
 * what is being done first.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/model/model.h"
#include "ui/page_tree.h"
#include "ui/sheet.h"
#include "ui/view.h"

#define NUMBER_W 4    /* columns of a line number */
#define STEP_W 22     /* columns of the title of a step */
#define STEP_NARROW 48 /* columns below which a time has no room */
#define LINES_MAX 4096 /* of a text; a conf has at most 32768 bytes */

struct config {
	struct snap_cursor trees;
	int scroll[2];
};

/* ---- the pipeline */

static const struct {
	enum glyph glyph;
	enum role role;
} step_marks[] = {
	[STEP_WAITING] = { GLYPH_MIDDOT, ROLE_STATE_IDLE },
	[STEP_RUNNING] = { GLYPH_HALF, ROLE_STATE_WARN },
	[STEP_DONE] = { GLYPH_TICK, ROLE_STATE_OK },
	[STEP_FAILED] = { GLYPH_BAD, ROLE_STATE_BAD },
	[STEP_SKIPPED] = { GLYPH_DASH, ROLE_STATE_IDLE },
};

/* A step is one row; where it stopped, and what goes on now, it may say more. */
static void
draw_step_text(struct sheet *s, const struct snap_step *step, int y)
{
	bool loud = step->state == STEP_FAILED || step->state == STEP_RUNNING;
	int x = s->r.x + 1 + 2 + STEP_W + 1, room = s->r.x + s->r.w - 10 - x;
	enum role role = step->state == STEP_FAILED ? ROLE_NOTICE_WARN : ROLE_DIM;
	struct span text = span_of(step->text);

	if (room >= STEP_NARROW / 2 && (!loud || draw_untrusted_width(s->g, text) <= room)) {
		(void)draw_untrusted(s->g, x, y, room, role, text);
	} else if (loud && text.n != 0) {
		x = s->r.x + 1 + 2;
		y = sheet_next(s);
		sheet_skip(s, view_wrap(s->g, rect_of(x, y, sheet_room(s, x), LINES_MAX), role, text) - 1);
	}
}

static void
draw_step(struct sheet *s, const struct snap_step *step)
{
	int state = step->state >= STEP_WAITING && step->state <= STEP_SKIPPED ? step->state : STEP_WAITING;
	bool quiet = state == STEP_WAITING || state == STEP_SKIPPED;
	int y = sheet_next(s), x = s->r.x + 1;
	char time[9] = "";

	if (state == STEP_DONE || state == STEP_FAILED)
		view_time(time, step->time_ms);
	(void)draw_glyph(s->g, x, y, step_marks[state].glyph, step_marks[state].role);
	(void)draw_text(s->g, x + 2, y, STEP_W,
	    quiet ? ROLE_DIM : state == STEP_FAILED ? ROLE_STRONG : ROLE_TEXT, step->title);
	if (s->r.w >= STEP_NARROW)
		(void)draw_right(s->g, s->r.x + s->r.w - 8, y, 8, ROLE_DIM, time);
	draw_step_text(s, step, y);
}

static void
draw_pipeline(struct sheet *s, const struct snap_pipeline *p, int focus)
{
	const char *end = "Escape stops here";
	bool past = false;

	sheet_gap(s);
	(void)draw_untrusted(s->g, s->r.x, sheet_next(s), s->r.w, focus ? ROLE_FOCUS : ROLE_HEADING,
	    span_of(p->title));
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->failed && p->step[i].state == STEP_WAITING)
			continue; /* it will not come to that */
		draw_step(s, &p->step[i]);
		past = past || (p->step[i].final && p->step[i].state != STEP_WAITING);
	}
	if (p->finished)
		end = p->failed ? "stopped" : "done";
	else if (past)
		end = "Escape stops waiting; push goes on later";
	(void)draw_text(s->g, s->r.x + 1, sheet_next(s), s->r.w - 1,
	    p->failed ? ROLE_NOTICE_WARN : ROLE_DIM, end);
}

/* ---- texts */

static struct span
take_line(struct span *text)
{
	const uint8_t *lf = memchr(text->p, '\n', text->n);
	struct span line = { text->p, lf != NULL ? (size_t)(lf - text->p) : text->n };
	size_t step = lf != NULL ? line.n + 1 : line.n;

	text->p += step;
	text->n -= step;
	return line;
}

static void
draw_body(struct sheet *s, const char *title, struct span text, enum role role)
{
	char number[12];

	sheet_gap(s);
	sheet_line(s, role, title);
	for (int i = 1; text.n != 0 && i <= LINES_MAX; i++) {
		struct span line = take_line(&text);
		int y = sheet_next(s), x = s->r.x + NUMBER_W + 1;

		(void)snprintf(number, sizeof number, "%d", i);
		(void)draw_right(s->g, s->r.x, y, NUMBER_W, ROLE_DIM, number);
		(void)draw_untrusted(s->g, x, y, sheet_room(s, x),
		    line.n != 0 && line.p[0] == '#' ? ROLE_DIM : ROLE_TEXT, line);
	}
}

/* Lines that say what is wrong begin with "line N:", weakened protection with "WEAKER: ". */
static enum role
meaning_role(struct span line)
{
	if (span_starts(line, "line "))
		return ROLE_NOTICE_WARN;
	return span_starts(line, "WEAKER: ") ? ROLE_DIFF_REMOVE : ROLE_TEXT;
}

static void
draw_meaning(struct sheet *s, struct span text)
{
	sheet_head(s, "next revision");
	for (int i = 0; text.n != 0 && i < LINES_MAX; i++) {
		struct span line = take_line(&text);
		int y = sheet_next(s), x = s->r.x + 3, rows;
		enum role role = meaning_role(line);

		(void)draw_glyph(s->g, s->r.x + 1, y, role == ROLE_TEXT ? GLYPH_MIDDOT : GLYPH_WARN,
		    role == ROLE_TEXT ? ROLE_DIM : ROLE_STATE_WARN);
		rows = view_wrap(s->g, rect_of(x, y, sheet_room(s, x), LINES_MAX), role, line);
		sheet_skip(s, rows - 1);
	}
}

static void
draw_current(struct sheet *s, const struct view_ctx *c, bool focused)
{
	const struct snap_tree *t = &c->snap->tree_detail.row;
	struct span text = snap_span(c->snap, c->snap->conf_current);
	char title[48];

	(void)snprintf(title, sizeof title, "revision %" PRIu32 ", verified", t->revision);
	if (text.n != 0) {
		draw_body(s, title, text, focused ? ROLE_FOCUS : ROLE_HEADING);
		return;
	}
	sheet_gap(s);
	sheet_line(s, ROLE_DIM, t->revision == 0 ? "no verified revision" : "its text is not here yet");
}

/* The work: everything about the next revision. */
static void
draw_work(struct sheet *s, const struct view_ctx *c, bool focused)
{
	const struct snap *n = c->snap;
	struct span draft = snap_span(n, n->conf_draft), meaning = snap_span(n, n->conf_meaning);

	if (n->pipeline.n != 0 && n->pipeline.tree == n->tree_detail.row.id)
		draw_pipeline(s, &n->pipeline, focused);
	if (meaning.n != 0)
		draw_meaning(s, meaning);
	if (draft.n != 0)
		draw_body(s, "draft", draft, ROLE_HEADING);
	if (s->rows <= 1 && !c->layout.folded)
		sheet_line(s, ROLE_DIM, c->read_only ? "nothing is being changed" :
		    "nothing is being changed; E begins an edit");
}

/* Which tree, and that there are others. */
static void
draw_tree(struct sheet *s, const struct view_ctx *c)
{
	const struct snap_tree *t = &c->snap->tree_detail.row;
	int y = sheet_next(s), used;

	used = draw_untrusted(s->g, s->r.x, y, s->r.w, ROLE_STRONG, snap_span(c->snap, t->topic)) + 2;
	used += view_state(s->g, s->r.x + used, y, s->r.w - used, t->cls, t->state_word) + 2;
	if (c->snap->trees.total > 1)
		(void)draw_text(s->g, s->r.x + used, y, s->r.w - used, ROLE_DIM,
		    "\xe2\x86\x90 \xe2\x86\x92 other trees");
}

static int
draw_page(const struct config *o, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	bool folded = c->layout.folded;
	struct sheet s;

	sheet_begin(&s, g, r, o->scroll[pane]);
	if (pane == 0 || folded)
		draw_tree(&s, c);
	if (pane == 1 || folded)
		draw_work(&s, c, c->focus == pane);
	if (pane == 0 || folded)
		draw_current(&s, c, c->focus == pane);
	return sheet_end(&s);
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	if (c->snap->tree_detail.known)
		(void)draw_page(state, c, pane, g, r);
	else if (pane == 0 || c->layout.folded)
		view_empty(g, r, "no secured tree is known yet",
		    "its conf is shown here once it verifies");
}

/* ---- keys */

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct config *o = state;

	(void)c;
	r->trees = o->trees;
	r->trees.rows = 1;
	r->chain = (struct snap_cursor){ .rows = 1 };
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct config *o = state;
	uint64_t before = o->trees.id;
	struct grid nothing;

	view_cursor_took(&o->trees, &c->snap->trees, false);
	if (before != o->trees.id)
		o->scroll[0] = o->scroll[1] = 0;
	grid_init(&nothing);
	nothing.ascii = c->ascii;
	for (int i = 0; c->snap->tree_detail.known && i < 2; i++)
		if (!rect_empty(c->layout.pane[i]))
			sheet_clamp(&o->scroll[i], draw_page(o, c, i, &nothing, c->layout.pane[i]),
			    c->layout.pane[i].h);
	return false;
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	struct config *o = state;
	int focus = c->focus == 1;

	if (a == ACTION_STEP_IN || a == ACTION_STEP_OUT) {
		o->trees.move += a == ACTION_STEP_IN ? 1 : -1;
		return true;
	}
	if (a == ACTION_CHANGES) {
		o->scroll[1] = 0;
		ask->set_focus = true;
		ask->focus = 1;
		return true;
	}
	return sheet_act(&o->scroll[focus], c->layout.pane[focus].h, a);
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
	struct config *o = state;

	*o = (struct config){ .trees = { .id = node } };
}

static const enum action hints[] = { ACTION_EDIT, ACTION_PUSH, ACTION_CHANGES, ACTION_RENEW,
	ACTION_REKEY, ACTION_CANCEL, ACTION_PANE_NEXT, ACTION_HELP };

const struct view view_config = {
	.screen = SNAP_CONFIG,
	.name = "Config",
	.context = CONTEXT_CONFIG,
	.show = ACTION_SCREEN_CONFIG,
	.split = SPLIT_SIDE,
	.percent = 40,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct config),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = go,
};
