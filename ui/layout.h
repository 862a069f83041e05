/*
 * Where things are: pure arithmetic over the size of the screen, computed anew for each frame.
 */
#ifndef MQGP_UI_LAYOUT_H
#define MQGP_UI_LAYOUT_H

#include <stdbool.h>

#include "ui/grid.h"
#include "ui/rect.h"

#define LAYOUT_MIN_W 20
#define LAYOUT_MIN_H 5
#define LAYOUT_WIDE 100	 /* columns from which two panes stand side by side */
#define LAYOUT_TALL 20	 /* rows from which two panes stand one above the other */

enum split {
	SPLIT_ONE,  /* the screen has one pane */
	SPLIT_SIDE, /* list | detail, from LAYOUT_WIDE columns on */
	SPLIT_STACK, /* list over detail, from LAYOUT_TALL rows on */
};

struct layout_wish {
	enum split split;
	int percent; /* share of the first pane, 0: 50 */
	int focus;   /* 0 first pane, 1 second: the one that stays when there is room for one */
	bool zoom;   /* one pane, though there is room */
};

struct layout {
	bool too_small; /* only the sentence fits; layout_draw_lines writes it */
	bool folded;	/* the screen has two panes but shows one */
	struct rect status, tabs, footer;
	struct rect pane[2]; /* an empty one is not shown */
	int rule_top, rule_bottom, rule_middle; /* rows of horizontal lines, -1: none */
	int rule_column;			 /* column of the vertical line, -1: none */
	int w, h;
};

struct layout layout_of(int w, int h, struct layout_wish wish);
/* The lines between the parts, or "too small (need 20x5)". */
void layout_draw_lines(const struct layout *l, struct grid *g);

#endif
