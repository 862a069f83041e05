#include "ui/frame.h"

#include <limits.h>

void
frame_init(struct frame *f, int fps)
{
	*f = (struct frame){ .touched = true, .last = INT64_MIN / 2,
		.least_ms = 1000 / (fps >= 1 && fps <= 60 ? fps : 30) };
}

void
frame_touch(struct frame *f)
{
	f->touched = true;
}

void
frame_data(struct frame *f)
{
	f->changed = true;
}

bool
frame_wanted(const struct frame *f)
{
	return f->touched || f->changed;
}

/* When the next frame may be drawn. */
static int64_t
due_at(const struct frame *f)
{
	int64_t gap = f->touched ? f->least_ms : FRAME_DATA_MS;

	return f->last + (gap < f->least_ms ? f->least_ms : gap);
}

bool
frame_due(const struct frame *f, int64_t now, bool writable)
{
	return writable && frame_wanted(f) && now >= due_at(f);
}

int
frame_wait(const struct frame *f, int64_t now)
{
	int64_t left = due_at(f) - now;

	if (!frame_wanted(f))
		return -1;
	return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

void
frame_drawn(struct frame *f, int64_t now)
{
	f->touched = f->changed = false;
	f->last = now;
}

static void
draw_part(frame_part *part, void *arg, struct grid *g, struct rect r)
{
	struct rect old;

	if (part == NULL || rect_empty(r))
		return;
	old = grid_clip(g, r);
	part(arg, g, r);
	grid_unclip(g, old);
}

enum mq_err
frame_draw(struct term *t, struct grid *g, struct layout_wish wish, const struct frame_parts *p)
{
	struct layout l;
	enum mq_err err;
	int w, h;

	term_size(t, &w, &h);
	if ((err = grid_resize(g, w, h)) != MQ_OK)
		return err;
	g->ascii = t->ascii;
	g->shows = t->shows;
	l = layout_of(g->w, g->h, wish);
	layout_draw_lines(&l, g);
	draw_part(p->status, p->arg, g, l.status);
	draw_part(p->tabs, p->arg, g, l.tabs);
	draw_part(p->pane[0], p->arg, g, l.pane[0]);
	draw_part(p->pane[1], p->arg, g, l.pane[1]);
	draw_part(p->footer, p->arg, g, l.footer);
	if (!l.too_small)
		draw_part(p->overlay, p->arg, g, grid_rect(g));
	term_present(t, g);
	return MQ_OK;
}
