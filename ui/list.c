#include "ui/list.h"

#include <string.h>

void
list_init(struct list *l, bool may_follow)
{
	memset(l, 0, sizeof *l);
	l->may_follow = l->follow = may_follow;
}

static void
set_row(struct list *l, const struct list_source *s, size_t row)
{
	l->row = row < s->n ? row : s->n - 1;
	l->id = s->id_at(s->arg, l->row);
}

/* The selected row is visible, and the screen is full if there is enough. */
static void
scroll(struct list *l, size_t n)
{
	size_t height = l->height > 0 ? (size_t)l->height : 1;
	size_t last_top = n > height ? n - height : 0;

	if (l->top > l->row)
		l->top = l->row;
	if (l->row - l->top >= height)
		l->top = l->row - height + 1;
	if (l->top > last_top)
		l->top = last_top;
}

void
list_sync(struct list *l, const struct list_source *s, int height)
{
	size_t row, offset = l->row - l->top;

	l->height = height;
	l->lost = false;
	if (s->n == 0) {
		l->lost = l->id != LIST_NOTHING;
		l->id = LIST_NOTHING;
		l->row = l->top = 0;
		return;
	}
	if (l->follow) {
		set_row(l, s, s->n - 1);
	} else if (l->id != LIST_NOTHING && s->row_of(s->arg, l->id, &row)) {
		/* Rows came or went above: the selection keeps its place on the screen. */
		l->row = row;
		l->top = row > offset ? row - offset : 0;
	} else {
		l->lost = l->id != LIST_NOTHING;
		set_row(l, s, l->row);
	}
	scroll(l, s->n);
}

void
list_select(struct list *l, const struct list_source *s, size_t row)
{
	if (s->n == 0)
		return;
	set_row(l, s, row);
	scroll(l, s->n);
}

bool
list_select_id(struct list *l, const struct list_source *s, uint64_t id)
{
	size_t row;

	if (!s->row_of(s->arg, id, &row))
		return false;
	l->follow = false;
	list_select(l, s, row);
	return true;
}

void
list_move(struct list *l, const struct list_source *s, long by)
{
	size_t far = by < 0 ? 0 - (size_t)by : (size_t)by;

	if (s->n == 0)
		return;
	if (by < 0) {
		l->follow = false;
		list_select(l, s, far > l->row ? 0 : l->row - far);
	} else {
		list_select(l, s, far > s->n - 1 - l->row ? s->n - 1 : l->row + far);
	}
}

bool
list_act(struct list *l, const struct list_source *s, enum action a)
{
	long page = l->height > 1 ? l->height - 1 : 1, half = l->height > 1 ? l->height / 2 : 1;
	const struct {
		enum action action;
		long by;
	} moves[] = { { ACTION_UP, -1 }, { ACTION_DOWN, 1 }, { ACTION_PAGE_UP, -page },
		{ ACTION_PAGE_DOWN, page }, { ACTION_HALF_UP, -half }, { ACTION_HALF_DOWN, half } };

	for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
		if (moves[i].action == a) {
			list_move(l, s, moves[i].by);
			return true;
		}
	if (a == ACTION_FIRST) {
		l->follow = false;
		list_select(l, s, 0);
	} else if (a == ACTION_LAST || a == ACTION_FOLLOW) {
		l->follow = l->may_follow;
		list_select(l, s, s->n != 0 ? s->n - 1 : 0);
	} else {
		return false;
	}
	return true;
}

int
list_cursor_line(const struct list *l)
{
	if (l->id == LIST_NOTHING || l->row < l->top || l->row - l->top >= (size_t)(l->height > 0 ? l->height : 0))
		return -1;
	return (int)(l->row - l->top);
}
