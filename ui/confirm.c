#include "ui/confirm.h"

#include <stdio.h>
#include <string.h>

#include "ui/draw.h"

static const char hint_type[] = "anything but these 8 characters means No";
static const char hint_paste[] = "pasting does not count: compare and type";
static const char hint_wrong[] = "that is not it; type it again or leave with Escape";
static const char hint_changed[] = "it changed while you looked: leave with Escape and look again";

/* A hex digit in upper case, 0 if it is none. */
static char
hex_upper(uint32_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'))
		return (char)c;
	return c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : 0;
}

bool
confirm_open(struct confirm *c, enum action a, struct span hex)
{
	memset(c, 0, sizeof *c);
	c->state = CONFIRM_NO;
	if (hex.n < CONFIRM_WORD)
		return false;
	for (size_t i = 0; i < CONFIRM_WORD; i++)
		if ((c->want[i] = hex_upper(hex.p[hex.n - CONFIRM_WORD + i])) == 0)
			return false;
	c->state = CONFIRM_OPEN;
	c->action = a;
	c->hint = hint_type;
	return true;
}

void
confirm_shown(struct confirm *c)
{
	c->shown = true;
}

static void
forget(struct confirm *c, const char *hint)
{
	memset(c->typed, 0, sizeof c->typed);
	c->n = 0;
	c->hint = hint;
}

void
confirm_target_changed(struct confirm *c)
{
	c->changed = true;
	forget(c, hint_changed);
}

static void
accept(struct confirm *c)
{
	if (c->n == 0)
		c->state = CONFIRM_NO; /* the default */
	else if (c->n == CONFIRM_WORD && memcmp(c->typed, c->want, CONFIRM_WORD) == 0)
		c->state = CONFIRM_YES;
	else
		forget(c, hint_wrong);
}

enum confirm_state
confirm_input(struct confirm *c, const struct input *in, enum action a)
{
	char digit;

	if (c->state != CONFIRM_OPEN)
		return c->state;
	if (in->kind == INPUT_HANGUP || (in->kind == INPUT_KEY && (a == ACTION_BACK || a == ACTION_LEAVE)))
		return c->state = CONFIRM_NO;
	if (!c->shown || in->kind == INPUT_RESIZE)
		return c->state;
	if (c->changed) {
		if (in->kind == INPUT_KEY && a == ACTION_LINE_ACCEPT)
			c->state = CONFIRM_NO;
		return c->state;
	}
	if (in->kind == INPUT_PASTE) {
		forget(c, hint_paste);
	} else if (a == ACTION_LINE_ACCEPT) {
		accept(c);
	} else if (a == ACTION_LINE_RUB && c->n > 0) {
		c->typed[--c->n] = '\0';
	} else if (a == ACTION_LINE_RUB_ALL || a == ACTION_LINE_RUB_WORD) {
		forget(c, hint_type);
	} else if (a == ACTION_NONE && in->key.mods == 0 && c->n < CONFIRM_WORD &&
	    (digit = hex_upper(in->key.code)) != 0) {
		c->typed[c->n++] = digit;
		c->hint = hint_type;
	}
	return c->state;
}

/* The full hash in groups of 8, so that its end can be compared with what is asked for. */
static int
draw_hex(struct grid *g, struct rect r, struct span hex)
{
	int x = r.x, y = r.y;

	for (size_t i = 0; i < hex.n; i += CONFIRM_WORD) {
		size_t n = hex.n - i < CONFIRM_WORD ? hex.n - i : CONFIRM_WORD;
		bool last = i + n == hex.n;

		if (x + CONFIRM_WORD > r.x + r.w) {
			x = r.x;
			y++;
		}
		(void)draw_untrusted(g, x, y, CONFIRM_WORD, last ? ROLE_STRONG : ROLE_FINGERPRINT,
		    (struct span){ hex.p + i, n });
		x += CONFIRM_WORD + 1;
	}
	return y - r.y + 1;
}

/* Rows that draw_hex needs in w columns. */
static int
hex_rows(struct span hex, int w)
{
	int per_row = (w + 1) / (CONFIRM_WORD + 1);
	int groups = (int)((hex.n + CONFIRM_WORD - 1) / CONFIRM_WORD);

	return per_row <= 0 ? groups : (groups + per_row - 1) / per_row;
}

/* The last two rows: what is asked for and what was typed. They are there at any size. */
static void
draw_question(const struct confirm *c, const char *what, struct grid *g, struct rect in)
{
	int y = in.y + in.h - 2, x = in.x;

	if (in.h < 2)
		y = in.y;
	x += draw_text(g, x, y, in.w, ROLE_DIALOG, "type the last 8 of ");
	x += draw_text(g, x, y, in.x + in.w - x, ROLE_DIALOG, what);
	x += draw_text(g, x, y, in.x + in.w - x, ROLE_DIALOG, ": ");
	if (x + CONFIRM_WORD > in.x + in.w)
		x = in.x + in.w - CONFIRM_WORD;
	grid_fill(g, rect_of(x, y, CONFIRM_WORD, 1), ROLE_INPUT);
	(void)draw_text(g, x, y, CONFIRM_WORD, ROLE_INPUT, c->typed);
	grid_cursor(g, x + (int)c->n, y, true);
	if (in.h >= 2)
		(void)draw_text(g, in.x, y + 1, in.w,
		    c->hint == hint_type ? ROLE_INPUT_HINT : ROLE_NOTICE_WARN, c->hint);
}

/* The facts, as many as fit above the digits, which are worth more than the last of them. */
static void
draw_facts(const struct confirm_text *t, struct grid *g, struct rect in)
{
	int n = (int)t->n_lines, shown = n <= in.h ? n : in.h - 1;
	char more[40];

	for (int i = 0; i < shown; i++)
		(void)draw_untrusted(g, in.x, in.y + i, in.w, ROLE_DIALOG, t->line[i]);
	if (shown >= 0 && shown < n) {
		(void)snprintf(more, sizeof more, "and %d more lines: no room here", n - shown);
		(void)draw_text(g, in.x, in.y + shown, in.w, ROLE_NOTICE_WARN, more);
	}
}

void
confirm_draw(const struct confirm *c, const struct confirm_text *t, struct grid *g, struct rect r)
{
	int w = r.w < 78 ? r.w : 78, rows = hex_rows(t->hex, w - 4), left;
	int h = (int)t->n_lines + rows + 6;
	enum role title = action_danger(c->action) >= 3 ? ROLE_DANGER : ROLE_DIALOG_TITLE;
	struct rect in, old = grid_clip(g, r);
	bool fits;

	r = rect_centre(r, w, h);
	in = rect_inset(draw_box(g, r, ROLE_DIALOG, t->title, title), 1, 0);
	(void)grid_clip(g, in);
	fits = in.h >= rows + 4;
	left = fits ? in.h - rows - 4 : in.h - 2; /* the question, the digits between blank rows */
	draw_facts(t, g, rect_of(in.x, in.y, in.w, left));
	left = (int)t->n_lines < left ? (int)t->n_lines : left;
	if (fits)
		(void)draw_hex(g, rect_of(in.x, in.y + left + 1, in.w, rows), t->hex);
	draw_question(c, t->what, g, in);
	grid_unclip(g, old);
}
