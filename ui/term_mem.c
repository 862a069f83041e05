#include "ui/term_mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "ui/glyph.h"
#include "ui/inputq.h"

#define LOOKS_MAX 52 /* letters of the legend */

struct term_mem {
	struct term term; /* first: a struct term * is one of these */
	struct theme theme;
	struct grid shown;
	int w, h;
	struct inputq queue;
	bool writable, suspended;
	unsigned frames, bells;
};

static struct term_mem *
mem(struct term *t)
{
	return (struct term_mem *)t;
}

static const struct term_mem *
mem_const(const struct term *t)
{
	return (const struct term_mem *)t;
}

static void
mem_flush(struct term *t)
{
	inputq_flush(&mem(t)->queue);
}

static void
mem_free(struct term *t)
{
	struct term_mem *m = mem(t);

	inputq_done(&m->queue);
	grid_done(&m->shown);
	free(m);
}

static void
mem_size(struct term *t, int *w, int *h)
{
	*w = mem(t)->w;
	*h = mem(t)->h;
}

static void
mem_present(struct term *t, const struct grid *g)
{
	struct term_mem *m = mem(t);

	if (m->suspended || grid_resize(&m->shown, g->w, g->h) != MQ_OK)
		return;
	memcpy(m->shown.cell, g->cell, (size_t)g->w * (size_t)g->h * sizeof *g->cell);
	m->shown.cursor_x = g->cursor_x;
	m->shown.cursor_y = g->cursor_y;
	m->shown.cursor_visible = g->cursor_visible;
	m->frames++;
}

static bool
mem_read(struct term *t, struct input *out)
{
	return inputq_take(&mem(t)->queue, out);
}

static bool
mem_writable(struct term *t)
{
	return mem(t)->writable;
}

static void
mem_redraw(struct term *t)
{
	(void)t; /* every present is whole */
}

static enum mq_err
mem_suspend(struct term *t)
{
	mem(t)->suspended = true;
	return MQ_OK;
}

static enum mq_err
mem_resume(struct term *t)
{
	mem(t)->suspended = false;
	mem_flush(t);
	return MQ_OK;
}

static enum mq_err
mem_stop(struct term *t)
{
	(void)t; /* there is no shell to return to */
	return MQ_OK;
}

static void
mem_bell(struct term *t)
{
	mem(t)->bells++;
}

static size_t
mem_read_stderr(struct term *t, char *out, size_t size)
{
	(void)t;
	(void)out;
	(void)size;
	return 0;
}

static const struct term_ops mem_ops = {
	.free = mem_free,
	.size = mem_size,
	.present = mem_present,
	.read = mem_read,
	.flush_input = mem_flush,
	.writable = mem_writable,
	.redraw = mem_redraw,
	.suspend = mem_suspend,
	.resume = mem_resume,
	.stop = mem_stop,
	.bell = mem_bell,
	.read_stderr = mem_read_stderr,
};

struct term *
term_mem_new(int w, int h, const struct theme *theme, enum colour_level level, bool ascii)
{
	struct term_mem *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->term = (struct term){ .ops = &mem_ops, .level = level, .ascii = ascii, .in_fd = -1,
		.out_fd = -1, .stderr_fd = -1 };
	m->theme = *theme;
	m->w = w;
	m->h = h;
	m->writable = true;
	return &m->term;
}

void
term_mem_resize(struct term *t, int w, int h)
{
	mem(t)->w = w;
	mem(t)->h = h;
	(void)inputq_put(&mem(t)->queue, INPUT_RESIZE); /* the size is asked for each frame anyway */
}

bool
term_mem_key(struct term *t, struct key k)
{
	return inputq_key(&mem(t)->queue, k);
}

bool
term_mem_type(struct term *t, struct span text)
{
	while (text.n != 0) {
		enum utf8_kind kind;
		uint32_t cp;
		int width;
		size_t n = utf8_next(text, &cp, &kind, &width);

		if (kind == UTF8_INVALID || !term_mem_key(t, key_of(cp)))
			return false;
		text.p += n;
		text.n -= n;
	}
	return true;
}

bool
term_mem_paste(struct term *t, struct span text)
{
	return inputq_paste(&mem(t)->queue, text, false);
}

void
term_mem_hangup(struct term *t)
{
	(void)inputq_put(&mem(t)->queue, INPUT_HANGUP); /* a full queue is read before it matters */
}

void
term_mem_set_writable(struct term *t, bool writable)
{
	mem(t)->writable = writable;
}

static void
put_cp(struct buf *out, uint32_t cp)
{
	char bytes[4];

	(void)buf_put(out, bytes, utf8_encode(cp, bytes)); /* sticks in out->err */
}

enum mq_err
term_mem_text(const struct term *t, struct buf *out)
{
	const struct grid *g = &mem_const(t)->shown;

	for (int y = 0; y < g->h; y++) {
		int last = g->w;

		while (last > 0 && grid_at(g, last - 1, y)->width == 1 &&
		    grid_at(g, last - 1, y)->cp[0] == ' ')
			last--;
		for (int x = 0; x < last; x++) {
			const struct cell *c = grid_at(g, x, y);

			if (c->width == 0)
				continue;
			put_cp(out, glyph_shown(c->cp[0], t->ascii));
			for (int i = 1; i < 3 && c->cp[i] != 0; i++)
				put_cp(out, c->cp[i]);
		}
		(void)buf_putc(out, '\n'); /* sticks in out->err */
	}
	return out->err;
}

/* The letter of a look, a new one if it was not seen before; '.' for the terminal's own. */
static char
look_letter(struct look *seen, size_t *n, struct look l)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	if (l.fg == THEME_DEFAULT && l.bg == THEME_DEFAULT && l.attr == 0)
		return '.';
	for (size_t i = 0; i < *n; i++)
		if (look_eq(seen[i], l))
			return letters[i];
	if (*n == LOOKS_MAX)
		return '?';
	seen[*n] = l;
	return letters[(*n)++];
}

enum mq_err
term_mem_styles(const struct term *t, struct buf *out)
{
	const struct term_mem *m = mem_const(t);
	struct look seen[LOOKS_MAX];
	size_t n = 0;
	char line[GRID_MAX_SIDE];

	for (int y = 0; y < m->shown.h; y++) {
		int last = 0;

		for (int x = 0; x < m->shown.w; x++) {
			const struct cell *c = grid_at(&m->shown, x, y);

			line[x] = look_letter(seen, &n, theme_look(&m->theme, t->level,
			    (enum role)c->role, (enum role)c->over));
			last = line[x] == '.' ? last : x + 1;
		}
		(void)buf_put(out, line, (size_t)last); /* sticks in out->err */
		(void)buf_putc(out, '\n');
	}
	for (size_t i = 0; i < n; i++) {
		(void)buf_printf(out, "%c", look_letter(seen, &n, seen[i]));
		look_print(out, seen[i]);
		(void)buf_putc(out, '\n');
	}
	return out->err;
}

unsigned
term_mem_frames(const struct term *t)
{
	return mem_const(t)->frames;
}

unsigned
term_mem_bells(const struct term *t)
{
	return mem_const(t)->bells;
}

bool
term_mem_suspended(const struct term *t)
{
	return mem_const(t)->suspended;
}

const struct grid *
term_mem_grid(const struct term *t)
{
	return &mem_const(t)->shown;
}
