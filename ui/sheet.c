#include "ui/sheet.h"

#include <string.h>

#include "ui/draw.h"
#include "ui/show.h"
#include "ui/view.h"

#define NARROW 40 /* columns below which names stand above what they name */
#define ROWS_MAX 4096 /* of one text, wrapped */
#define FAR 1000000 /* rows: beyond the end of any page */

void
sheet_begin(struct sheet *s, struct grid *g, struct rect r, int scroll)
{
	memset(s, 0, sizeof *s);
	s->g = g;
	s->pane = r;
	s->r = rect_inset(r, 1, 0);
	s->scroll = scroll;
	s->clip = grid_clip(g, r);
}

int
sheet_end(struct sheet *s)
{
	grid_unclip(s->g, s->clip);
	return s->rows;
}

int
sheet_next(struct sheet *s)
{
	return s->pane.y - s->scroll + s->rows++;
}

void
sheet_skip(struct sheet *s, int rows)
{
	s->rows += rows > 0 ? rows : 0;
}

void
sheet_gap(struct sheet *s)
{
	if (s->rows != 0)
		s->rows++;
}

int
sheet_room(const struct sheet *s, int x)
{
	return s->r.x + s->r.w - x;
}

void
sheet_line(struct sheet *s, enum role role, const char *text)
{
	(void)draw_text(s->g, s->r.x, sheet_next(s), s->r.w, role, text);
}

void
sheet_head(struct sheet *s, const char *title)
{
	sheet_gap(s);
	sheet_line(s, ROLE_HEADING, title);
}

int
sheet_field(struct sheet *s, const char *name, int *x)
{
	int y = sheet_next(s);

	(void)draw_text(s->g, s->r.x, y, s->r.w, ROLE_DIM, name);
	*x = s->r.x + SHEET_LABEL;
	if (s->r.w >= NARROW)
		return y;
	*x = s->r.x + 1;
	return *name != '\0' ? sheet_next(s) : y;
}

void
sheet_words(struct sheet *s, const char *name, enum role role, struct span text)
{
	int x, y = sheet_field(s, name, &x);

	sheet_skip(s, view_wrap(s->g, rect_of(x, y, sheet_room(s, x), ROWS_MAX), role, text) - 1);
}

int
sheet_hex(struct sheet *s, const char *name, struct span digits, int *x, int *y)
{
	int rows, width = show_hex_width(digits.n);

	*y = sheet_field(s, name, x);
	rows = show_hex(s->g, *x, *y, sheet_room(s, *x), digits);
	sheet_skip(s, rows - 1);
	if (rows == 1 && sheet_room(s, *x) >= width + 12) {
		*x += width + 2;
	} else { /* no room behind: the row below */
		*y = sheet_next(s);
	}
	return sheet_room(s, *x);
}

bool
sheet_act(int *scroll, int height, enum action a)
{
	int page = height > 1 ? height - 1 : 1, half = height > 1 ? height / 2 : 1;
	const struct {
		enum action action;
		int by;
	} moves[] = { { ACTION_UP, -1 }, { ACTION_DOWN, 1 }, { ACTION_PAGE_UP, -page },
		{ ACTION_PAGE_DOWN, page }, { ACTION_HALF_UP, -half }, { ACTION_HALF_DOWN, half },
		{ ACTION_FIRST, -FAR }, { ACTION_LAST, FAR } };

	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (moves[i].action == a) {
			*scroll += moves[i].by;
			*scroll = *scroll < 0 ? 0 : *scroll > FAR ? FAR : *scroll;
			return true;
		}
	return false;
}

void
sheet_clamp(int *scroll, int rows, int height)
{
	int most = rows > height ? rows - height : 0;

	*scroll = *scroll < 0 ? 0 : *scroll > most ? most : *scroll;
}
