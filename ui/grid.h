/*
 * The screen as data: a grid of cells that views draw into and a back end shows.
 *
 * A cell holds one base character of width 1 or 2, at most two combining marks, a role (what it
 * means; the theme says how that looks) and an optional second role laid over it (cursor row,
 * search match). grid_put() is the only way into a cell and admits nothing that core/base/utf8.h
 * would not draw as itself, so no cell ever holds a control, bidi or invisible code point. All
 * drawing clips: any rectangle and any coordinate is allowed, including 0x0. UI thread only.
 */
#ifndef MQGP_UI_GRID_H
#define MQGP_UI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "ui/rect.h"
#include "ui/role.h"

#define GRID_MAX_SIDE 1000 /* columns or rows; larger terminals show an upper left part */

struct cell {
	uint32_t cp[3];	 /* base and two combining marks; 0 where there is none */
	uint8_t width;	 /* 1 or 2; 0: right half of the wide cell before it */
	uint8_t role;	 /* enum role */
	uint8_t over;	 /* enum role laid over, ROLE_TEXT for none */
};

struct grid {
	int w, h;
	struct cell *cell; /* w * h, row by row */
	struct rect clip;
	/* How the terminal limits what is drawn; the app copies both from the back end. */
	bool ascii;				  /* data outside ASCII is escaped */
	bool (*shows)(uint32_t cp, int width);	  /* NULL: everything of our own table */
	/* Where the hardware cursor stands, for screen readers and line editors. */
	int cursor_x, cursor_y;
	bool cursor_visible;
};

/* An empty 0x0 grid. grid_done frees; safe on a zeroed struct. */
void grid_init(struct grid *g);
void grid_done(struct grid *g);
/* Blanks the grid at a new size (clamped to 0..GRID_MAX_SIDE). On MQ_ENOMEM it is 0x0. */
enum mq_err grid_resize(struct grid *g, int w, int h);
/* Blanks everything and opens the clip rectangle fully. */
void grid_clear(struct grid *g);
struct rect grid_rect(const struct grid *g);

/* Narrows clipping to r; returns the old clip for grid_unclip. */
struct rect grid_clip(struct grid *g, struct rect r);
void grid_unclip(struct grid *g, struct rect old);

/* Puts a base character; returns its width (1 or 2) even when it was clipped away. What may not be
 * drawn as itself becomes '?'. A wide character that does not fit before the clip's edge becomes a
 * space; the other half of a wide character that is hit is blanked. */
int grid_put(struct grid *g, int x, int y, uint32_t cp, enum role role);
/* Adds a combining mark to the cell at x, y; a third mark and anything else is dropped. */
void grid_combine(struct grid *g, int x, int y, uint32_t cp);
/* Blanks r with a role. */
void grid_fill(struct grid *g, struct rect r, enum role role);
/* Lays a role over r: the text stays, the look changes. */
void grid_overlay(struct grid *g, struct rect r, enum role over);
void grid_cursor(struct grid *g, int x, int y, bool visible);
/* NULL outside of the grid. */
const struct cell *grid_at(const struct grid *g, int x, int y);

#endif
