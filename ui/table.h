/*
 * Columns of a table: fixed ones, elastic ones that share what is left, and some that only a wide
 * pane shows. Placed anew for each frame; pure arithmetic but for the drawing of heads.
 */
#ifndef MQGP_UI_TABLE_H
#define MQGP_UI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/grid.h"

#define TABLE_COLUMNS 12
#define TABLE_GAP 2 /* blanks between columns */

struct column {
	const char *head; /* "" none */
	uint8_t width;	  /* at least, in columns */
	uint8_t share;	  /* of the columns left over; 0: fixed */
	uint8_t from;	  /* shown in panes at least this wide */
	bool right;	  /* numbers: the head is right-aligned, too */
};

/* Where the columns lie; w == 0: not shown. */
struct table {
	const struct column *column;
	size_t n;
	int x[TABLE_COLUMNS], w[TABLE_COLUMNS];
};

/* column is borrowed; at most TABLE_COLUMNS. One blank stays free on either side of r. */
struct table table_place(const struct column *column, size_t n, struct rect r);
void table_heads(const struct table *t, struct grid *g, int y);

#endif
