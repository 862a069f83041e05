/*
 * Screen 6: the keys that decide over the trees, with what they are for and how long they last.
 *
 * First pane: one row a key. Second pane: the key under the cursor in full, to be compared.
 */
#include <stdio.h>
#include <string.h>

#include "ui/sheet.h"
#include "ui/show.h"
#include "ui/table.h"
#include "ui/view.h"

#define NARROW 56

struct keys {
	struct snap_cursor keys;
	int scroll;
};

enum { COL_STATE, COL_FPR, COL_USE, COL_ALGO, COL_EXPIRES, COL_UID, COL_COUNT };

static const struct column columns[COL_COUNT] = {
	[COL_STATE] = { "state", 9, 0, 0, false },
	[COL_FPR] = { "key", 9, 0, 0, false },
	[COL_USE] = { "use", 14, 2, 0, false },
	[COL_ALGO] = { "kind", 7, 0, 70, false },
	[COL_EXPIRES] = { "expires", 7, 0, 0, true },
	[COL_UID] = { "named", 12, 3, 76, false },
};
static const struct column narrow_columns[COL_COUNT] = {
	[COL_STATE] = { "", 1, 0, 0, false },
	[COL_FPR] = { "key", 9, 0, 0, false },
	[COL_USE] = { "use", 5, 1, 0, false },
	[COL_ALGO] = { "", 0, 0, 255, false },
	[COL_EXPIRES] = { "expires", 7, 0, 36, true },
	[COL_UID] = { "", 0, 0, 255, false },
};

static const char *
state_of(const struct snap_key *k, enum verdict_class *class)
{
	*class = CLASS_BAD;
	if (k->revoked)
		return "revoked";
	if (k->expired)
		return "expired";
	*class = k->ours ? CLASS_GOOD : CLASS_NEUTRAL;
	return k->ours ? "yours" : "known";
}

static void
draw_expiry(const struct view_ctx *c, const struct snap_key *k, struct grid *g, int x, int y, int w)
{
	char left[SHOW_TEXT];

	show_left(left, k->expires, c->now_ms);
	(void)draw_right(g, x, y, w, show_date_role(k->expires, c->now_ms),
	    k->expires == 0 ? "never" : left);
}

static void
draw_key(const struct view_ctx *c, const struct snap_key *k, const struct table *at, struct grid *g,
    int y)
{
	enum verdict_class class;
	const char *word = state_of(k, &class);

	(void)view_state(g, at->x[COL_STATE], y, at->w[COL_STATE], class, word);
	(void)view_fpr_short(g, at->x[COL_FPR], y, at->w[COL_FPR], ROLE_FINGERPRINT, k->fpr);
	(void)draw_untrusted(g, at->x[COL_USE], y, at->w[COL_USE], ROLE_TEXT, span_of(k->use));
	(void)draw_untrusted(g, at->x[COL_ALGO], y, at->w[COL_ALGO], ROLE_DIM, span_of(k->algo));
	if (at->w[COL_EXPIRES] > 0)
		draw_expiry(c, k, g, at->x[COL_EXPIRES], y, at->w[COL_EXPIRES]);
	(void)draw_untrusted(g, at->x[COL_UID], y, at->w[COL_UID], ROLE_DIM, span_of(k->uid));
}

static struct rect
list_rows(struct rect r)
{
	return r.h > 3 ? rect_below(r, 1) : r;
}

/* Index among the rows copied of the key under the cursor. */
static const struct snap_key *
under_cursor(const struct snap *s)
{
	uint64_t i = s->keys.id - 1 - s->keys.top;

	return s->keys.id != 0 && i < s->keys.n ? &s->key[i] : NULL;
}

static void
draw_list(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap *s = c->snap;
	struct rect rows = list_rows(r);
	struct table at = table_place(r.w < NARROW ? narrow_columns : columns, COL_COUNT, r);

	if (s->keys.total == 0) {
		view_empty(g, r, "no key is known yet", "keys come with the trees that name them");
		return;
	}
	if (rows.y != r.y)
		table_heads(&at, g, r.y);
	for (uint32_t i = 0; i < s->keys.n && (int)i < rows.h; i++) {
		draw_key(c, &s->key[i], &at, g, rows.y + (int)i);
		view_row_mark(g, rect_row(rows, (int)i), s->keys.top + i + 1 == s->keys.id,
		    c->focus == 0);
	}
}

static void
date_row(struct sheet *s, const struct view_ctx *c, const char *name, int64_t unix_s, bool ends)
{
	char date[17], left[SHOW_TEXT], text[64];

	view_date(date, unix_s);
	show_left(left, unix_s, c->now_ms);
	(void)snprintf(text, sizeof text, "%s%s%s%s", unix_s == 0 ? "never" : date,
	    ends && unix_s != 0 ? ", " : "", ends && unix_s != 0 ? left : "",
	    ends && unix_s * 1000 > c->now_ms ? " left" : "");
	sheet_words(s, name, ends ? show_date_role(unix_s, c->now_ms) : ROLE_TEXT, span_of(text));
}

static int
draw_page(const struct keys *o, const struct view_ctx *c, const struct snap_key *k, struct grid *g,
    struct rect r)
{
	enum verdict_class class;
	const char *word = state_of(k, &class);
	struct sheet s;
	int x, y;

	sheet_begin(&s, g, r, o->scroll);
	(void)sheet_hex(&s, "key", show_digits(k->fpr), &x, &y);
	(void)view_state(g, x, y, sheet_room(&s, x), class, word);
	sheet_words(&s, "named", ROLE_DIM, span_of(k->uid));
	sheet_words(&s, "use", ROLE_TEXT, span_of(k->use));
	sheet_words(&s, "kind", ROLE_TEXT, span_of(k->algo));
	if (k->secret)
		sheet_words(&s, "", ROLE_TEXT, span_of("its secret part is here"));
	if (k->created != 0)
		date_row(&s, c, "created", k->created, false);
	date_row(&s, c, "expires", k->expires, true);
	return sheet_end(&s);
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	const struct snap_key *k = under_cursor(c->snap);

	if (pane == 0)
		draw_list(c, g, r);
	else if (k != NULL)
		(void)draw_page(state, c, k, g, r);
}

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct keys *o = state;
	int h = list_rows(c->layout.pane[0]).h;

	r->keys = o->keys;
	r->keys.rows = (uint32_t)(h > 0 ? h : 1);
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct keys *o = state;
	const struct snap_key *k = under_cursor(c->snap);
	struct grid nothing;

	view_cursor_took(&o->keys, &c->snap->keys, false);
	grid_init(&nothing);
	nothing.ascii = c->ascii;
	if (k != NULL && !rect_empty(c->layout.pane[1]))
		sheet_clamp(&o->scroll, draw_page(o, c, k, &nothing, c->layout.pane[1]),
		    c->layout.pane[1].h);
	return false;
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	struct keys *o = state;

	if (c->focus == 1 && sheet_act(&o->scroll, c->layout.pane[1].h, a))
		return true;
	if (c->focus == 1 && (a == ACTION_STEP_OUT || a == ACTION_BACK)) {
		ask->set_focus = true;
		return true;
	}
	if (c->focus == 0 && (a == ACTION_OPEN || a == ACTION_STEP_IN)) {
		ask->set_focus = true;
		ask->focus = 1;
		o->scroll = 0;
		return true;
	}
	return c->focus == 0 && view_cursor_act(&o->keys, a);
}

static void
target(const void *state, const struct view_ctx *c, struct view_target *t)
{
	const struct snap_key *k = under_cursor(c->snap);

	(void)state;
	if (k == NULL)
		return;
	t->copy[0].what = "fingerprint";
	t->copy[0].text = show_digits(k->fpr);
	t->copy[1].what = "name";
	t->copy[1].text = span_of(k->uid);
	t->n_copies = 2;
}

static const enum action hints[] = { ACTION_OPEN, ACTION_COPY, ACTION_PANE_NEXT, ACTION_HELP };

const struct view view_keys = {
	.screen = SNAP_KEYS,
	.name = "Keys",
	.context = CONTEXT_KEYS,
	.show = ACTION_SCREEN_KEYS,
	.split = SPLIT_STACK,
	.percent = 60,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct keys),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = NULL,
};
