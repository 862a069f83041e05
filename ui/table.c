#include "ui/table.h"

#include "ui/draw.h"

/* Columns that are shown, and what is left of w when each has its least width. */
static int
least(const struct column *c, size_t n, int w, unsigned *shares)
{
	int used = 0;

	*shares = 0;
	for (size_t i = 0; i < n; i++) {
		if (w < c[i].from)
			continue;
		used += c[i].width + (used != 0 ? TABLE_GAP : 0);
		*shares += c[i].share;
	}
	return w - 2 - used;
}

struct table
table_place(const struct column *column, size_t n, struct rect r)
{
	struct table t = { .column = column, .n = n < TABLE_COLUMNS ? n : TABLE_COLUMNS };
	unsigned shares;
	int left = least(column, t.n, r.w, &shares), x = r.x + 1, end = r.x + r.w - 1;

	for (size_t i = 0; i < t.n; i++) {
		const struct column *c = &column[i];
		int more = 0;

		if (r.w < c->from || x >= end)
			continue;
		if (c->share != 0 && left > 0) {
			more = (int)((unsigned)left * c->share / shares);
			left -= more;
			shares -= c->share;
		}
		t.x[i] = x;
		t.w[i] = c->width + more < end - x ? c->width + more : end - x;
		x += t.w[i] + TABLE_GAP;
	}
	return t;
}

void
table_heads(const struct table *t, struct grid *g, int y)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->w[i] > 0 && t->column[i].right)
			(void)draw_right(g, t->x[i], y, t->w[i], ROLE_HEADING, t->column[i].head);
		else if (t->w[i] > 0)
			(void)draw_text(g, t->x[i], y, t->w[i], ROLE_HEADING, t->column[i].head);
}
