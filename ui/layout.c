#include "ui/layout.h"

#include <stdio.h>

#include "ui/draw.h"

#define TABS_FROM 8   /* rows from which the names of screens are shown */
#define RULES_FROM 12 /* rows from which lines separate the parts */

static int
share(int total, int percent)
{
	return total * (percent > 0 && percent < 100 ? percent : 50) / 100;
}

static void
split_panes(struct layout *l, struct rect body, struct layout_wish wish)
{
	bool side = wish.split == SPLIT_SIDE && l->w >= LAYOUT_WIDE;
	bool stack = wish.split == SPLIT_STACK && l->h >= LAYOUT_TALL;
	int focus = wish.focus == 1 && wish.split != SPLIT_ONE ? 1 : 0, first;

	l->folded = wish.split != SPLIT_ONE && (wish.zoom || !(side || stack));
	if (wish.split == SPLIT_ONE || l->folded) {
		l->pane[focus] = body;
	} else if (side) {
		first = share(body.w, wish.percent);
		l->pane[0] = rect_of(body.x, body.y, first, body.h);
		l->pane[1] = rect_right(body, first + 1);
		l->rule_column = body.x + first;
	} else {
		first = share(body.h, wish.percent);
		l->pane[0] = rect_of(body.x, body.y, body.w, first);
		l->pane[1] = rect_below(body, first + 1);
		l->rule_middle = body.y + first;
	}
}

struct layout
layout_of(int w, int h, struct layout_wish wish)
{
	struct layout l = { .rule_top = -1, .rule_bottom = -1, .rule_middle = -1, .rule_column = -1,
		.w = w, .h = h };
	int top = 0, bottom = h;

	if (w < LAYOUT_MIN_W || h < LAYOUT_MIN_H) {
		l.too_small = true;
		return l;
	}
	l.status = rect_of(0, top++, w, 1);
	if (h >= TABS_FROM)
		l.tabs = rect_of(0, top++, w, 1);
	l.footer = rect_of(0, --bottom, w, 1);
	if (h >= RULES_FROM) {
		l.rule_top = top++;
		l.rule_bottom = --bottom;
	}
	split_panes(&l, rect_of(0, top, w, bottom - top), wish);
	return l;
}

void
layout_draw_lines(const struct layout *l, struct grid *g)
{
	char sentence[48];

	if (l->too_small) {
		(void)snprintf(sentence, sizeof sentence, "too small (need %dx%d)", LAYOUT_MIN_W,
		    LAYOUT_MIN_H);
		(void)draw_text(g, 0, 0, l->w, ROLE_STATE_WARN, sentence);
		return;
	}
	if (l->rule_top >= 0)
		draw_hline(g, 0, l->rule_top, l->w, ROLE_BORDER);
	if (l->rule_bottom >= 0)
		draw_hline(g, 0, l->rule_bottom, l->w, ROLE_BORDER);
	if (l->rule_middle >= 0)
		draw_hline(g, 0, l->rule_middle, l->w, ROLE_BORDER);
	if (l->rule_column >= 0) {
		int from = l->rule_top >= 0 ? l->rule_top : l->pane[0].y;
		int to = l->rule_bottom >= 0 ? l->rule_bottom + 1 : l->pane[0].y + l->pane[0].h;

		draw_vline(g, l->rule_column, from, to - from, ROLE_BORDER);
	}
}
