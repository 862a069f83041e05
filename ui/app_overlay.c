/*
 * What lies over a screen: help, why, copies, dialogs.
 */
#include <stdio.h>
#include <string.h>

#include "ui/advice.h"
#include "ui/app_impl.h"
#include "ui/choice.h"

#define HELP_KEYS 16 /* columns of key names */
#define WHY_W 84
#define WHY_LABEL 10

/* ---- help */

static void
draw_help(struct app *a, struct grid *g, struct rect r)
{
	struct help_row row[APP_HELP_ROWS];
	const struct view *v = app_here(a)->view;
	size_t n = keymap_help(a->keys, v->context, row, APP_HELP_ROWS);
	char title[48];
	struct rect in;

	n = n < APP_HELP_ROWS ? n : APP_HELP_ROWS;
	(void)snprintf(title, sizeof title, "keys on screen %s", v->name);
	in = draw_box(g, rect_centre(r, 92, (int)n + 2), ROLE_DIALOG, title, ROLE_DIALOG_TITLE);
	if (a->scroll + (size_t)in.h > n)
		a->scroll = n > (size_t)in.h ? n - (size_t)in.h : 0;
	for (int y = 0; y < in.h && a->scroll + (size_t)y < n; y++) {
		const struct help_row *h = &row[a->scroll + (size_t)y];
		int keys = in.w > 60 ? HELP_KEYS : in.w / 3;
		enum role role = action_danger(h->action) >= 2 ? ROLE_NOTICE_WARN : ROLE_DIALOG;

		(void)draw_text(g, in.x + 1, in.y + y, keys - 1, ROLE_KEY, h->keys);
		(void)draw_text(g, in.x + 1 + keys, in.y + y, in.w - keys - 2, role,
		    action_sentence(h->action));
	}
}

/* ---- why */

static enum glyph
phase_glyph(enum snap_phase_state s, enum verdict_class c)
{
	switch (s) {
	case SNAP_PHASE_PASSED:
		return GLYPH_TICK;
	case SNAP_PHASE_FAILED:
		return c == CLASS_ATTENTION ? GLYPH_WARN : GLYPH_BAD;
	case SNAP_PHASE_ENDED:
	case SNAP_PHASE_NOT_REACHED:
		break;
	}
	return GLYPH_MIDDOT;
}

static enum role
phase_role(enum snap_phase_state s, enum verdict_class c)
{
	switch (s) {
	case SNAP_PHASE_PASSED:
		return ROLE_VERDICT_GOOD;
	case SNAP_PHASE_FAILED:
		return c == CLASS_ATTENTION ? ROLE_VERDICT_ATTENTION : ROLE_VERDICT_BAD;
	case SNAP_PHASE_ENDED:
	case SNAP_PHASE_NOT_REACHED:
		break;
	}
	return ROLE_DIM;
}

/* Phases behind the last one that was reached say nothing. */
static int
phases_shown(const struct snap_why *w)
{
	int n = (int)w->n;

	while (n > 0 && w->phase[n - 1].state == SNAP_PHASE_NOT_REACHED)
		n--;
	return n;
}

/* One line of the checklist; what failed may take two rows. */
static int
draw_phase(struct grid *g, struct rect r, const struct snap_phase *p, enum verdict_class c)
{
	struct rect text = rect_right(r, 2 + WHY_LABEL);

	text.h = p->state == SNAP_PHASE_FAILED && text.h > 1 ? 2 : 1;
	(void)draw_glyph(g, r.x, r.y, phase_glyph(p->state, c), phase_role(p->state, c));
	(void)draw_text(g, r.x + 2, r.y, WHY_LABEL - 1, ROLE_DIM, p->name);
	(void)view_wrap(g, text, ROLE_DIALOG, span_of(p->text));
	return draw_untrusted_width(g, span_of(p->text)) > text.w ? text.h : 1;
}

static void
draw_why_of(const struct snap *s, struct grid *g, struct rect r)
{
	const struct snap_why *w = &s->why;
	const char *words = advice_of(w->entry.verdict);
	int n = phases_shown(w), wide = r.w < WHY_W ? r.w : WHY_W, first = 0, y;
	int lines = wide > 8 ? draw_text_width(words) / (wide - 8) + 1 : 1;
	char title[48];
	struct rect in;

	(void)snprintf(title, sizeof title, "why %s", verdict_code(w->entry.verdict));
	lines += n > 0 && w->phase[n - 1].state == SNAP_PHASE_FAILED; /* that one may be long */
	in = draw_box(g, rect_centre(r, WHY_W, n + lines + 5), ROLE_DIALOG, title,
	    w->entry.cls == CLASS_BAD ? ROLE_DANGER : ROLE_DIALOG_TITLE);
	in = rect_inset(in, 1, 0);
	(void)draw_untrusted(g, in.x, in.y, in.w, ROLE_STRONG, snap_span(s, w->topic));
	y = in.h > n + lines + 1 ? 2 : 1;
	if (n > in.h - y) /* the check that failed is the one to see */
		first = n - (in.h - y > 2 ? in.h - y - 1 : 1);
	for (int i = first; i < n && y < in.h; i++)
		y += draw_phase(g, rect_below(in, y), &w->phase[i], w->entry.cls);
	(void)view_wrap(g, rect_below(in, y + 1), ROLE_DIALOG, span_of(words));
}

static void
draw_why(struct app *a, struct grid *g, struct rect r)
{
	const struct snap *s = app_ctx(a).snap;
	struct rect in;

	if (s->why.known) {
		draw_why_of(s, g, r);
		return;
	}
	in = draw_box(g, rect_centre(r, 44, 3), ROLE_DIALOG, "why", ROLE_DIALOG_TITLE);
	(void)draw_text(g, in.x + 1, in.y, in.w - 2, ROLE_DIALOG, "this message is not kept any more");
}

/* ---- menus */

static size_t
menu_rows(const struct app *a)
{
	return a->over == OVER_COPY ? a->copy.n : a->port.n_attacks;
}

static void
draw_menu(struct app *a, struct grid *g, struct rect r)
{
	bool copy = a->over == OVER_COPY;
	size_t n = menu_rows(a);
	struct rect in = draw_box(g, rect_centre(r, copy ? 72 : 52, (int)n + 2), ROLE_DIALOG,
	    copy ? "copy" : "stage an attack", copy ? ROLE_DIALOG_TITLE : ROLE_DANGER);

	for (size_t i = 0; i < n && (int)i < in.h; i++) {
		struct rect row = rect_row(in, (int)i);
		char key[4];

		(void)snprintf(key, sizeof key, "%u", (unsigned)(i + 1) % 10);
		(void)draw_text(g, row.x + 3, row.y, 2, ROLE_KEY, key);
		if (copy) {
			(void)draw_text(g, row.x + 6, row.y, 20, ROLE_DIALOG, a->copy.at[i].what);
			(void)draw_untrusted(g, row.x + 27, row.y, row.w - 28, ROLE_DIM,
			    buf_span(&a->copy.at[i].text));
		} else {
			(void)draw_text(g, row.x + 6, row.y, row.w - 7, ROLE_DIALOG,
			    a->port.attack_name(a->port.arg, i));
		}
		view_row_mark(g, row, i == a->chosen, true);
	}
}

static void
menu_key(struct app *a, enum action act, struct key k)
{
	void (*take)(struct app *, size_t) = a->over == OVER_COPY ? app_copy_take : app_attack_take;
	size_t n = menu_rows(a);

	if (act == ACTION_UP && a->chosen > 0)
		a->chosen--;
	else if (act == ACTION_DOWN && a->chosen + 1 < n)
		a->chosen++;
	else if (act == ACTION_OPEN)
		take(a, a->chosen);
	else if (k.mods == 0 && k.code >= '1' && k.code < '1' + n)
		take(a, k.code - '1');
}

/* Nothing but the text, from the first column on: for the terminal's own selection. */
static void
draw_plain(struct app *a, struct grid *g, struct rect r)
{
	struct span text = buf_span(&a->copy.at[a->copy.taken].text);

	grid_fill(g, r, ROLE_TEXT);
	(void)view_wrap_exact(g, rect_of(r.x, r.y, r.w, r.h - 1), ROLE_TEXT, text);
	(void)draw_text(g, r.x, r.y + r.h - 1, r.w, ROLE_DIM,
	    "select with your terminal; any key goes back");
}

/* ---- dialogs */

static void
draw_confirm(struct app *a, struct grid *g, struct rect r)
{
	const struct app_question *q = &a->pending.text;
	struct span line[APP_QUESTION_LINES];
	struct confirm_text t = { .title = q->title, .line = line, .n_lines = q->n_lines,
		.what = q->what, .hex = span_of(q->hex) };

	for (size_t i = 0; i < q->n_lines && i < APP_QUESTION_LINES; i++)
		line[i] = span_of(q->line[i]);
	confirm_draw(&a->pending.confirm, &t, g, r);
}

static void
draw_question(struct app *a, struct grid *g, struct rect r)
{
	const struct app_question *q = &a->pending.text;
	int choices = (int)(q->n_choices < CHOICE_ROWS ? q->n_choices : CHOICE_ROWS);
	struct rect in = draw_box(g, rect_centre(r, 78, (int)q->n_lines + 5 + choices), ROLE_DIALOG,
	    q->title, action_danger(q->action) >= 3 ? ROLE_DANGER : ROLE_DIALOG_TITLE);
	int x = in.x + 1, y = in.y;

	for (size_t i = 0; i < q->n_lines && y < in.y + in.h - 1 - choices; i++)
		(void)draw_untrusted(g, in.x + 1, y++, in.w - 2,
		    q->refused && i + 1 == q->n_lines ? ROLE_NOTICE_WARN : ROLE_DIALOG,
		    span_of(q->line[i]));
	y += y + 1 < in.y + in.h;
	x += draw_text(g, x, y, in.w / 2, ROLE_DIALOG, q->what);
	x += draw_text(g, x, y, 2, ROLE_DIALOG, ": ");
	lineedit_draw(&a->answer, g, rect_of(x, y, in.x + in.w - 1 - x, 1));
	if (choices != 0 && y + 1 < in.y + in.h)
		choice_draw(q, lineedit_text(&a->answer), a->pending.chosen, g, rect_below(in, y + 1 - in.y));
	if (a->answer.refused != NULL && y + 1 < in.y + in.h)
		(void)draw_text(g, in.x + 1, in.y + in.h - 1, in.w - 2, ROLE_NOTICE_WARN,
		    a->answer.refused);
}

static void (*const draw_over[])(struct app *, struct grid *, struct rect) = {
	[OVER_NONE] = NULL,
	[OVER_HELP] = draw_help,
	[OVER_WHY] = draw_why,
	[OVER_COPY] = draw_menu,
	[OVER_PLAIN] = draw_plain,
	[OVER_ATTACKS] = draw_menu,
	[OVER_CONFIRM] = draw_confirm,
	[OVER_QUESTION] = draw_question,
};

void
app_draw_overlay(void *arg, struct grid *g, struct rect r)
{
	struct app *a = arg;
	struct layout l = app_ctx(a).layout;
	struct rect body = l.pane[0].w != 0 ? l.pane[0] : l.pane[1];

	if (draw_over[a->over] == NULL)
		return;
	body = rect_of(0, body.y, r.w, l.footer.y - body.y);
	draw_over[a->over](a, g, a->over == OVER_PLAIN ? r : body);
}

/* ---- keys of those that only show */

static void
scroll_by(struct app *a, enum action act, int page)
{
	const struct {
		enum action action;
		int by;
	} moves[] = { { ACTION_UP, -1 }, { ACTION_DOWN, 1 }, { ACTION_PAGE_UP, -page },
		{ ACTION_PAGE_DOWN, page }, { ACTION_HALF_UP, -page / 2 },
		{ ACTION_HALF_DOWN, page / 2 }, { ACTION_FIRST, -100000 }, { ACTION_LAST, 100000 } };

	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (moves[i].action == act && moves[i].by < 0)
			a->scroll = a->scroll > (size_t)-moves[i].by ? a->scroll - (size_t)-moves[i].by : 0;
		else if (moves[i].action == act)
			a->scroll += (size_t)moves[i].by; /* drawing stops at the end */
}

bool
app_overlay_act(struct app *a, enum action act, struct key k)
{
	static const enum action leaving[] = { ACTION_BACK, ACTION_BACK_OR_QUIT, ACTION_LEAVE };

	if (a->over == OVER_NONE)
		return false;
	if (act == ACTION_SUSPEND || act == ACTION_REDRAW) {
		a->wish = act == ACTION_SUSPEND ? APP_TERMINAL_STOP : APP_TERMINAL_REDRAW;
		return true;
	}
	if (view_in(act, leaving, sizeof leaving / sizeof leaving[0]) || a->over == OVER_PLAIN ||
	    (a->over == OVER_HELP && act == ACTION_HELP) ||
	    (a->over == OVER_WHY && act == ACTION_WHY)) {
		a->over = OVER_NONE;
		app_refresh(a);
	} else if (a->over == OVER_COPY || a->over == OVER_ATTACKS) {
		menu_key(a, act, k);
	} else if (a->over == OVER_HELP) {
		scroll_by(a, act, app_ctx(a).layout.h / 2);
	} else if (act == ACTION_EVIDENCE) {
		app_evidence(a, a->why_topic, a->why_serial);
	}
	return true;
}
