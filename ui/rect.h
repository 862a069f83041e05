/*
 * Rectangles of cells. Plain data, pure functions; w and h may be 0, never negative.
 */
#ifndef MQGP_UI_RECT_H
#define MQGP_UI_RECT_H

#include <stdbool.h>

struct rect {
	int x, y, w, h;
};

static inline struct rect
rect_of(int x, int y, int w, int h)
{
	return (struct rect){ x, y, w > 0 ? w : 0, h > 0 ? h : 0 };
}

static inline bool
rect_empty(struct rect r)
{
	return r.w <= 0 || r.h <= 0;
}

static inline struct rect
rect_intersect(struct rect a, struct rect b)
{
	int x = a.x > b.x ? a.x : b.x, y = a.y > b.y ? a.y : b.y;
	int r = a.x + a.w < b.x + b.w ? a.x + a.w : b.x + b.w;
	int d = a.y + a.h < b.y + b.h ? a.y + a.h : b.y + b.h;

	return rect_of(x, y, r - x, d - y);
}

/* r without a margin of dx columns left and right and dy rows above and below. */
static inline struct rect
rect_inset(struct rect r, int dx, int dy)
{
	return rect_of(r.x + dx, r.y + dy, r.w - 2 * dx, r.h - 2 * dy);
}

/* One row of r, counted from its top; empty outside. */
static inline struct rect
rect_row(struct rect r, int row)
{
	return row < 0 || row >= r.h ? rect_of(r.x, r.y, 0, 0) : rect_of(r.x, r.y + row, r.w, 1);
}

/* r without its first n rows / columns. */
static inline struct rect
rect_below(struct rect r, int n)
{
	n = n < 0 ? 0 : n > r.h ? r.h : n;
	return rect_of(r.x, r.y + n, r.w, r.h - n);
}

static inline struct rect
rect_right(struct rect r, int n)
{
	n = n < 0 ? 0 : n > r.w ? r.w : n;
	return rect_of(r.x + n, r.y, r.w - n, r.h);
}

/* A w x h rectangle in the middle of r, cut to r. */
static inline struct rect
rect_centre(struct rect r, int w, int h)
{
	w = w > r.w ? r.w : w;
	h = h > r.h ? r.h : h;
	return rect_of(r.x + (r.w - w) / 2, r.y + (r.h - h) / 2, w, h);
}

#endif
