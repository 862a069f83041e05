#include "ui/view.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

/* ---- cursors */

bool
view_cursor_act(struct snap_cursor *c, enum action a)
{
	int64_t page = c->rows > 1 ? c->rows - 1 : 1, half = c->rows > 1 ? c->rows / 2 : 1;
	const struct {
		enum action action;
		int64_t by;
		bool page;
	} moves[] = {
		{ ACTION_UP, -1, false }, { ACTION_DOWN, 1, false },
		{ ACTION_PAGE_UP, -page, true }, { ACTION_PAGE_DOWN, page, true },
		{ ACTION_HALF_UP, -half, true }, { ACTION_HALF_DOWN, half, true },
		{ ACTION_FIRST, -SNAP_MOVE_END, false }, { ACTION_LAST, SNAP_MOVE_END, false },
		{ ACTION_FOLLOW, -SNAP_MOVE_END, false },
	};

	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (moves[i].action == a) {
			c->move += moves[i].by;
			c->page = moves[i].page;
			return true;
		}
	return false;
}

void
view_cursor_took(struct snap_cursor *c, const struct snap_list *l, bool newest_first)
{
	bool follows = newest_first && l->top == 0 && l->at == 0;

	c->id = follows ? 0 : l->id;
	c->at = l->at;
	c->move = 0;
	c->page = false;
}

bool
view_in(enum action a, const enum action *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == a)
			return true;
	return false;
}

/* ---- words */

void
view_age(char out[8], int64_t ms)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		out[0] = '\0';
	else if (s < 10)
		(void)snprintf(out, 8, "%d.%d s", (int)s, (int)(ms % 1000 / 100));
	else if (s < 100)
		(void)snprintf(out, 8, "%d s", (int)s);
	else if (s < 100 * 60)
		(void)snprintf(out, 8, "%d min", (int)(s / 60));
	else if (s < 48 * 3600)
		(void)snprintf(out, 8, "%d h", (int)(s / 3600));
	else
		(void)snprintf(out, 8, "%d d", (int)(s / 86400 > 9999 ? 9999 : s / 86400));
}

void
view_time(char out[9], int64_t ms)
{
	char iso[26];

	out[0] = '\0';
	if (ms <= 0)
		return;
	text_put_time_ms(iso, ms);
	memcpy(out, iso + 11, 8);
	out[8] = '\0';
}

void
view_date(char out[17], int64_t s)
{
	char iso[TEXT_TIME_MAX];

	out[0] = '\0';
	if (s <= 0)
		return;
	text_put_time(iso, s);
	memcpy(out, iso, 16);
	out[10] = ' ';
	out[16] = '\0';
}

/* ---- pieces */

void
view_row_mark(struct grid *g, struct rect row, bool selected, bool focused)
{
	if (!selected || rect_empty(row))
		return;
	(void)draw_text(g, row.x, row.y, 1, ROLE_STRONG, ">");
	grid_overlay(g, rect_of(row.x, row.y, 1, 1), focused ? ROLE_CURSOR : ROLE_CURSOR_AWAY);
	grid_overlay(g, rect_right(row, 3), focused ? ROLE_CURSOR : ROLE_CURSOR_AWAY);
}

int
view_verdict(struct grid *g, int x, int y, enum verdict v, unsigned flags)
{
	enum verdict_class c = verdict_class_of(v, flags);
	const char letter[2] = { verdict_letter(v), '\0' };

	if (v == V_NONE)
		return 2;
	(void)draw_glyph(g, x, y, glyph_of_class(c), role_of_class(c));
	(void)draw_text(g, x + 1, y, 1, role_of_class(c), letter);
	return 2;
}

enum role
view_state_role(enum verdict_class c)
{
	switch (c) {
	case CLASS_GOOD:
		return ROLE_STATE_OK;
	case CLASS_ATTENTION:
		return ROLE_STATE_WARN;
	case CLASS_BAD:
		return ROLE_STATE_BAD;
	case CLASS_NEUTRAL:
		break;
	}
	return ROLE_STATE_IDLE;
}

int
view_state(struct grid *g, int x, int y, int max, enum verdict_class c, const char *word)
{
	int used;

	if (max <= 0 || word == NULL)
		return 0;
	used = draw_glyph(g, x, y, glyph_of_state(c), view_state_role(c));
	if (max <= 2)
		return used;
	return used + 1 + draw_text(g, x + used + 1, y, max - used - 1, view_state_role(c), word);
}

static bool
unhex_fpr(const char *hex, uint8_t out[20])
{
	const char *colon = strrchr(hex, ':');
	char upper[41] = "";
	size_t n;

	hex = colon != NULL ? colon + 1 : hex;
	n = strnlen(hex, 41);
	for (size_t i = 0; i < n && n == 40; i++)
		upper[i] = hex[i] >= 'a' && hex[i] <= 'f' ? (char)(hex[i] - 'a' + 'A') : hex[i];
	return n == 40 && text_unhex((struct span){ (const uint8_t *)upper, 40 }, 'A', out, 20);
}

int
view_fpr(struct grid *g, int x, int y, int max, enum role role, const char *hex)
{
	uint8_t fpr[20];

	if (!unhex_fpr(hex, fpr))
		return draw_untrusted(g, x, y, max, role, span_of(hex));
	return draw_fingerprint(g, x, y, max, role, fpr, sizeof fpr);
}

int
view_fpr_short(struct grid *g, int x, int y, int max, enum role role, const char *hex)
{
	uint8_t fpr[20];

	if (!unhex_fpr(hex, fpr))
		return draw_untrusted(g, x, y, max, role, span_of(hex));
	return draw_fingerprint_short(g, x, y, max, role, fpr, sizeof fpr);
}

int
view_label(struct grid *g, int x, int y, int w, const char *label)
{
	(void)draw_text(g, x, y, w > 1 ? w - 1 : 0, ROLE_DIM, label);
	return x + w;
}

/* Bytes of text that fit into w columns, at least one character. blank: where a line may be broken
 * instead, 0: nowhere. */
static size_t
line_fit(const struct grid *g, struct span text, int w, bool prose, size_t *blank)
{
	size_t at = 0;
	int used = 0;

	*blank = 0;
	while (at < text.n && !(prose && text.p[at] == '\n')) {
		struct span rest = { text.p + at, text.n - at };
		enum utf8_kind kind;
		int width;
		uint32_t cp;
		size_t n = utf8_next(rest, &cp, &kind, &width);

		used += draw_untrusted_width(g, (struct span){ rest.p, n });
		if (used > w && at != 0)
			break;
		if (prose && text.p[at] == ' ')
			*blank = at;
		at += n;
	}
	return at;
}

static int
wrap(struct grid *g, struct rect r, enum role role, struct span text, bool prose)
{
	int row = 0;

	for (; text.n != 0 && row < r.h && r.w > 0; row++) {
		size_t blank, n = line_fit(g, text, r.w, prose, &blank), skip = 0;

		if (prose && n < text.n && text.p[n] != '\n' && text.p[n] != ' ' && blank != 0)
			n = blank;
		if (prose && n < text.n)
			skip = text.p[n] == '\n' || text.p[n] == ' ';
		if (row == r.h - 1)
			n = text.n - skip; /* what is left is cut, and marked so */
		(void)draw_untrusted(g, r.x, r.y + row, r.w, role, (struct span){ text.p, n });
		text.p += n + skip;
		text.n -= n + skip;
	}
	return row;
}

int
view_wrap(struct grid *g, struct rect r, enum role role, struct span text)
{
	return wrap(g, r, role, text, true);
}

int
view_wrap_exact(struct grid *g, struct rect r, enum role role, struct span text)
{
	return wrap(g, r, role, text, false);
}

void
view_empty(struct grid *g, struct rect r, const char *what, const char *then)
{
	int y = r.y + r.h / 3, a = draw_text_width(what), b = draw_text_width(then);

	if (rect_empty(r))
		return;
	(void)draw_text(g, r.x + (a < r.w ? (r.w - a) / 2 : 0), y, r.w, ROLE_TEXT, what);
	if (y + 1 < r.y + r.h)
		(void)draw_text(g, r.x + (b < r.w ? (r.w - b) / 2 : 0), y + 1, r.w, ROLE_DIM, then);
}
