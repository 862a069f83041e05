/*
 * A page of lines that may be longer than the pane that shows it.
 *
 * Everything is drawn at its place and clipped, so a page costs what it holds; pages are bounded by
 * what a snap holds. Drawn into an empty grid it only counts its rows, which is how a screen keeps
 * its scrolling inside the page. UI thread only.
 */
#ifndef MQGP_UI_SHEET_H
#define MQGP_UI_SHEET_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "ui/action.h"
#include "ui/grid.h"

#define SHEET_LABEL 10 /* columns of the names on the left */

struct sheet {
	struct grid *g;
	struct rect r; /* one blank inside the pane on either side */
	struct rect clip, pane;
	int rows;      /* used so far */
	int scroll;
};

void sheet_begin(struct sheet *s, struct grid *g, struct rect r, int scroll);
int sheet_end(struct sheet *s); /* the rows of the whole page */
/* The y of a new row. */
int sheet_next(struct sheet *s);
void sheet_skip(struct sheet *s, int rows); /* rows that were drawn below the last one */
void sheet_gap(struct sheet *s);	    /* a blank row, but not at the top */
/* A row of our own words. */
void sheet_line(struct sheet *s, enum role role, const char *text);
/* A gap and a title. */
void sheet_head(struct sheet *s, const char *title);
/* A row that begins with a name; returns its y, *x is where the rest begins. Narrow panes put the
 * rest below the name. */
int sheet_field(struct sheet *s, const char *name, int *x);
/* The same with its words, wrapped and indented; untrusted. */
void sheet_words(struct sheet *s, const char *name, enum role role, struct span text);
/* A field of digits to compare; returns what is left on its last row for a word behind them: *x and
 * *y say where. */
int sheet_hex(struct sheet *s, const char *name, struct span digits, int *x, int *y);
/* Columns from x to the right side. */
int sheet_room(const struct sheet *s, int x);

/* Scrolls by an action (up, down, pages, first, last); true if it was one. */
bool sheet_act(int *scroll, int height, enum action a);
/* Keeps scroll inside a page of so many rows. */
void sheet_clamp(int *scroll, int rows, int height);

#endif
