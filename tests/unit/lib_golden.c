#include "tests/unit/lib_golden.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "ui/term_mem.h"
#include "ui/theme.h"

#define FILE_MAX (1 << 20)
#define DIFF_LINES 40 /* shown of a difference */

struct term *
golden_term(int w, int h, enum golden_kind kind)
{
	struct theme theme;
	struct term *t;

	assert_int_equal(theme_load(&theme, kind == GOLDEN_COLOUR ? "default" : "mono", NULL, NULL),
	    MQ_OK);
	t = term_mem_new(w, h, &theme, kind == GOLDEN_COLOUR ? COLOUR_256 : COLOUR_MONO,
	    kind == GOLDEN_ASCII);
	assert_non_null(t);
	return t;
}

static struct span
take_line(struct span *text)
{
	struct span line = { text->p, 0 };
	size_t step;

	while (line.n < text->n && line.p[line.n] != '\n')
		line.n++;
	step = line.n < text->n ? line.n + 1 : line.n;
	text->p += step;
	text->n -= step;
	return line;
}

static void
show_difference(struct span want, struct span got)
{
	int shown = 0;

	for (int number = 1; (want.n != 0 || got.n != 0) && shown < DIFF_LINES; number++) {
		struct span w = take_line(&want), g = take_line(&got);

		if (span_eq(w, g))
			continue;
		(void)fprintf(stderr, "%4d -%.*s\n     +%.*s\n", number, (int)w.n, (const char *)w.p,
		    (int)g.n, (const char *)g.p);
		shown++;
	}
}

void
golden_check(const struct term *t, const char *name, enum golden_kind kind)
{
	static const char *const suffix[] = { [GOLDEN_COLOUR] = "", [GOLDEN_MONO] = ".mono",
		[GOLDEN_ASCII] = ".ascii" };
	const struct grid *g = term_mem_grid(t);
	const char *update = getenv("UPDATE");
	struct buf got, want;
	char path[256];
	bool same;

	buf_init(&got, FILE_MAX);
	buf_init(&want, FILE_MAX);
	assert_in_range(snprintf(path, sizeof path, "tests/golden/%s.%dx%d%s.txt", name, g->w, g->h,
			    suffix[kind]), 1, sizeof path - 1);
	assert_int_equal(term_mem_text(t, &got), MQ_OK);
	if (kind != GOLDEN_ASCII) {
		assert_int_equal(buf_puts(&got, "-- looks --\n"), MQ_OK);
		assert_int_equal(term_mem_styles(t, &got), MQ_OK);
	}
	if (update != NULL && strcmp(update, "1") == 0)
		assert_int_equal(file_write_mode(path, got.p, got.n, 0644, NULL), MQ_OK);
	(void)file_read(path, &want, NULL); /* one that is not there differs */
	same = span_eq(buf_span(&want), buf_span(&got));
	if (!same)
		show_difference(buf_span(&want), buf_span(&got));
	buf_done(&got);
	buf_done(&want);
	if (!same)
		fail_msg("%s is not what is shown (UPDATE=1 writes it anew)", path);
}

static void
one_screen(const char *name, int w, int h, enum golden_kind kind, golden_draw *draw, void *arg)
{
	struct term *t = golden_term(w, h, kind);

	draw(arg, t);
	golden_check(t, name, kind);
	term_free(t);
}

void
golden_screens(const char *name, golden_draw *draw, void *arg)
{
	static const int size[][2] = { { 20, 5 }, { 40, 10 }, { 80, 24 }, { 110, 30 }, { 200, 50 } };

	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++)
		one_screen(name, size[i][0], size[i][1], GOLDEN_COLOUR, draw, arg);
	one_screen(name, 80, 24, GOLDEN_MONO, draw, arg);
	one_screen(name, 80, 24, GOLDEN_ASCII, draw, arg);
}

struct frame_of {
	struct layout_wish wish;
	const struct frame_parts *parts;
};

static void
draw_frame(void *arg, struct term *t)
{
	const struct frame_of *f = arg;
	struct grid g;

	grid_init(&g);
	assert_int_equal(frame_draw(t, &g, f->wish, f->parts), MQ_OK);
	grid_done(&g);
}

void
golden_frames(const char *name, struct layout_wish wish, const struct frame_parts *parts)
{
	struct frame_of f = { wish, parts };

	golden_screens(name, draw_frame, &f);
}
