#include "ui/plot.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "ui/draw.h"

#define LABEL_MAX 8	 /* columns of an axis label */
#define BRAILLE 0x2800	 /* code point without dots */
#define DOTS_X 2	 /* dots of a braille cell */
#define DOTS_Y 4

/* The range of values one column of dots shows. */
struct bucket {
	double low, high;
	bool any;
};

struct canvas {
	struct grid *g;
	struct rect r;	  /* cells of the curve */
	int w, h;	  /* dots */
	uint8_t *bits;	  /* braille dots of each cell */
	double low, high; /* value range of the axis */
};

static struct bucket
bucket_of(const double *value, size_t n, size_t column, size_t columns)
{
	size_t from = column * n / columns, to = (column + 1) * n / columns;
	struct bucket b = { 0, 0, false };

	for (size_t i = from; i < (to > from ? to : from + 1) && i < n; i++) {
		if (!isfinite(value[i]))
			continue;
		b.low = b.any && b.low < value[i] ? b.low : value[i];
		b.high = b.any && b.high > value[i] ? b.high : value[i];
		b.any = true;
	}
	return b;
}

static void
dot(struct canvas *c, int x, int y)
{
	static const uint8_t bit[DOTS_Y][DOTS_X] = { { 1, 8 }, { 2, 16 }, { 4, 32 }, { 64, 128 } };
	int dx = c->w / c->r.w, dy = c->h / c->r.h;

	c->bits[y / dy * c->r.w + x / dx] |= bit[y % dy][x % dx];
}

/* Row of dots of a value, 0 at the top. */
static int
row_of(const struct canvas *c, double v)
{
	return (int)lround((c->high - v) / (c->high - c->low) * (c->h - 1));
}

static void
draw_curve(struct canvas *c, const double *value, size_t n)
{
	int before_top = 0, before_bottom = 0;
	bool joined = false;

	for (int x = 0; x < c->w; x++) {
		struct bucket b = bucket_of(value, n, (size_t)x, (size_t)c->w);
		int top = b.any ? row_of(c, b.high) : 0, bottom = b.any ? row_of(c, b.low) : -1;
		int from = top, to = bottom;

		/* A steep step stays one line: reach to the column before. */
		if (b.any && joined && before_bottom < top)
			from = before_bottom + 1;
		if (b.any && joined && before_top > bottom)
			to = before_top - 1;
		for (int y = from; y <= to; y++)
			dot(c, x, y);
		joined = b.any;
		before_top = top;
		before_bottom = bottom;
	}
	for (int i = 0; i < c->r.w * c->r.h; i++)
		if (c->bits[i] != 0)
			(void)grid_put(c->g, c->r.x + i % c->r.w, c->r.y + i / c->r.w,
			    c->g->ascii ? '*' : BRAILLE + c->bits[i], ROLE_PLOT);
}

static void
draw_axis(struct grid *g, struct rect r, const struct canvas *c)
{
	int digits = c->high - c->low < 1 ? 3 : c->high - c->low < 10 ? 1 : 0;
	char label[32];

	for (int y = 0; y < r.h; y++) {
		bool labelled = y == 0 || y == r.h - 1 || (r.h >= 5 && y == r.h / 2);
		double v = r.h == 1 ? c->high : c->high - (c->high - c->low) * y / (r.h - 1);

		if (labelled) {
			if (fabs(v) < 1e6)
				(void)snprintf(label, sizeof label, "%.*f", digits, v);
			else
				(void)snprintf(label, sizeof label, "%.2g", v);
			(void)draw_right(g, r.x, r.y + y, LABEL_MAX, ROLE_AXIS, label);
		}
		(void)draw_glyph(g, r.x + LABEL_MAX + 1, r.y + y, labelled ? GLYPH_VL : GLYPH_V,
		    ROLE_AXIS);
	}
}

void
plot_draw(struct grid *g, struct rect r, const double *value, size_t n)
{
	struct bucket all = n != 0 ? bucket_of(value, n, 0, 1) : (struct bucket){ 0, 0, false };
	struct canvas c = { .g = g, .r = rect_right(r, LABEL_MAX + 2) };
	struct rect old;

	if (rect_empty(c.r) || !all.any)
		return;
	c.w = c.r.w * (g->ascii ? 1 : DOTS_X);
	c.h = c.r.h * (g->ascii ? 1 : DOTS_Y);
	c.low = all.low;
	c.high = all.high;
	if (!(c.high - c.low > 0)) { /* a flat line runs through the middle */
		double pad = fabs(c.high) > 1 ? fabs(c.high) / 10 : 1;

		c.low -= pad;
		c.high += pad;
	}
	if (!isfinite(c.high - c.low) || (c.bits = calloc((size_t)c.r.w, (size_t)c.r.h)) == NULL)
		return;
	old = grid_clip(g, r);
	draw_axis(g, r, &c);
	draw_curve(&c, value, n);
	grid_unclip(g, old);
	free(c.bits);
}
