#include "ui/grid.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"

static const struct cell blank = { .cp = { ' ' }, .width = 1, .role = ROLE_TEXT };

void
grid_init(struct grid *g)
{
	memset(g, 0, sizeof *g);
}

void
grid_done(struct grid *g)
{
	free(g->cell);
	memset(g, 0, sizeof *g);
}

static int
clamp_side(int n)
{
	return n < 0 ? 0 : n > GRID_MAX_SIDE ? GRID_MAX_SIDE : n;
}

enum mq_err
grid_resize(struct grid *g, int w, int h)
{
	struct cell *cell;

	w = clamp_side(w);
	h = clamp_side(h);
	if (w != g->w || h != g->h) {
		cell = realloc(g->cell, ((size_t)w * (size_t)h + 1) * sizeof *cell);
		if (cell == NULL) {
			g->w = g->h = 0;
			g->clip = rect_of(0, 0, 0, 0);
			return MQ_ENOMEM;
		}
		g->cell = cell;
		g->w = w;
		g->h = h;
	}
	grid_clear(g);
	return MQ_OK;
}

void
grid_clear(struct grid *g)
{
	size_t n = (size_t)g->w * (size_t)g->h;

	for (size_t i = 0; i < n; i++)
		g->cell[i] = blank;
	g->clip = grid_rect(g);
	g->cursor_x = g->cursor_y = 0;
	g->cursor_visible = false;
}

struct rect
grid_rect(const struct grid *g)
{
	return rect_of(0, 0, g->w, g->h);
}

struct rect
grid_clip(struct grid *g, struct rect r)
{
	struct rect old = g->clip;

	g->clip = rect_intersect(old, r);
	return old;
}

void
grid_unclip(struct grid *g, struct rect old)
{
	g->clip = old;
}

static bool
inside(const struct grid *g, int x, int y)
{
	return x >= g->clip.x && x < g->clip.x + g->clip.w && y >= g->clip.y &&
	    y < g->clip.y + g->clip.h;
}

static struct cell *
at(struct grid *g, int x, int y)
{
	return &g->cell[(size_t)y * (size_t)g->w + (size_t)x];
}

/* The text of a cell becomes a blank; what it means stays. */
static void
blank_text(struct cell *c)
{
	memcpy(c->cp, blank.cp, sizeof c->cp);
	c->width = 1;
}

/* Makes the cell at x, y free to be overwritten: no half of a wide character may stay behind, even
 * if its other half lies outside of the clip. */
static struct cell *
claim(struct grid *g, int x, int y)
{
	struct cell *c = at(g, x, y);

	if (c->width == 0)
		blank_text(c - 1);
	else if (c->width == 2)
		blank_text(c + 1);
	return c;
}

int
grid_put(struct grid *g, int x, int y, uint32_t cp, enum role role)
{
	struct cell *c;
	int width;

	if (utf8_classify(cp, &width) != UTF8_PLAIN) {
		cp = '?';
		width = 1;
	}
	if (width == 2 && !(inside(g, x, y) && inside(g, x + 1, y))) {
		/* Half of it would be cut off: a blank where it is visible. */
		if (inside(g, x + 1, y))
			(void)grid_put(g, x + 1, y, ' ', role);
		if (inside(g, x, y))
			(void)grid_put(g, x, y, ' ', role);
		return 2;
	}
	if (!inside(g, x, y))
		return width;
	c = claim(g, x, y);
	if (width == 2)
		*claim(g, x + 1, y) = (struct cell){ .role = (uint8_t)role };
	*c = (struct cell){ .cp = { cp }, .width = (uint8_t)width, .role = (uint8_t)role };
	return width;
}

void
grid_combine(struct grid *g, int x, int y, uint32_t cp)
{
	struct cell *c;
	int width;

	if (!inside(g, x, y) || utf8_classify(cp, &width) != UTF8_COMBINING)
		return;
	c = at(g, x, y);
	if (c->width == 0)
		return;
	for (int i = 1; i < 3; i++)
		if (c->cp[i] == 0) {
			c->cp[i] = cp;
			return;
		}
}

void
grid_fill(struct grid *g, struct rect r, enum role role)
{
	r = rect_intersect(r, g->clip);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			(void)grid_put(g, x, y, ' ', role);
}

void
grid_overlay(struct grid *g, struct rect r, enum role over)
{
	r = rect_intersect(r, g->clip);
	for (int y = r.y; y < r.y + r.h; y++)
		for (int x = r.x; x < r.x + r.w; x++)
			at(g, x, y)->over = (uint8_t)over;
}

void
grid_cursor(struct grid *g, int x, int y, bool visible)
{
	if (!inside(g, x, y))
		return;
	g->cursor_x = x;
	g->cursor_y = y;
	g->cursor_visible = visible;
}

const struct cell *
grid_at(const struct grid *g, int x, int y)
{
	if (x < 0 || y < 0 || x >= g->w || y >= g->h)
		return NULL;
	return &g->cell[(size_t)y * (size_t)g->w + (size_t)x];
}
