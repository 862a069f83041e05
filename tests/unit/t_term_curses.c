#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

#include "core/base/utf8.h"
#include "ui/draw.h"
#include "ui/term_curses.h"
#include "ui/term_mem.h"

#include <curses.h>

/* Curses keeps what it allocated for a terminal type that it then refused. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:new_prescr\n";
}

/* The same grid on a memory terminal and on curses that writes to nowhere. */
struct twins {
	struct term *mem, *curses;
	struct grid g;
	int fd;
	struct buf want, got;
};

static struct term *
open_curses(const char *name, int fd, enum colour_wish wish, struct mq_error *e)
{
	struct theme theme;
	struct term_options o = { .theme = &theme, .colour = wish, .name = name, .in_fd = fd, .out_fd = fd };

	assert_int_equal(theme_load(&theme, "default", NULL, NULL), MQ_OK);
	return term_curses_new(&o, e);
}

static void
twins_open(struct twins *t, const char *name, const char *locale, enum colour_wish wish)
{
	struct theme theme;
	struct mq_error e;

	assert_non_null(setlocale(LC_CTYPE, locale));
	assert_int_equal(theme_load(&theme, "default", NULL, NULL), MQ_OK);
	t->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_true(t->fd >= 0);
	t->curses = open_curses(name, t->fd, wish, &e);
	if (t->curses == NULL)
		fail_msg("%s", e.text);
	t->mem = term_mem_new(80, 24, &theme, t->curses->level, t->curses->ascii);
	grid_init(&t->g);
	t->g.ascii = t->curses->ascii;
	t->g.shows = t->curses->shows;
	buf_init(&t->want, 1 << 20);
	buf_init(&t->got, 1 << 20);
}

static void
twins_close(struct twins *t)
{
	term_free(t->curses);
	term_free(t->mem);
	grid_done(&t->g);
	buf_done(&t->want);
	buf_done(&t->got);
	assert_int_equal(close(t->fd), 0);
}

/* What curses believes to be on the screen, in the form of term_mem_text. */
static void
read_curses(struct buf *out, int w, int h)
{
	assert_int_equal(LINES, h);
	assert_int_equal(COLS, w);
	for (int y = 0; y < h; y++) {
		size_t keep = out->n;

		for (int x = 0; x < w;) {
			wchar_t text[CCHARW_MAX + 1];
			char bytes[4];
			attr_t attr;
			short pair;
			cchar_t cell;
			int width;

			assert_int_equal(mvin_wch(y, x, &cell), OK);
			assert_int_equal(getcchar(&cell, text, &attr, &pair, NULL), OK);
			for (int i = 0; text[i] != L'\0'; i++)
				assert_int_equal(buf_put(out, bytes, utf8_encode((uint32_t)text[i], bytes)), MQ_OK);
			if (text[0] != L' ' || text[1] != L'\0')
				keep = out->n;
			width = wcwidth(text[0]);
			x += width > 0 ? width : 1;
		}
		out->n = keep;
		assert_int_equal(buf_putc(out, '\n'), MQ_OK);
	}
}

static void
present_and_compare(struct twins *t)
{
	term_present(t->mem, &t->g);
	term_present(t->curses, &t->g);
	buf_reset(&t->want);
	buf_reset(&t->got);
	assert_int_equal(term_mem_text(t->mem, &t->want), MQ_OK);
	read_curses(&t->got, t->g.w, t->g.h);
	assert_string_equal(buf_cstr(&t->got), buf_cstr(&t->want));
}

static void
draw_sample(struct grid *g)
{
	struct rect in = draw_box(g, grid_rect(g), ROLE_BORDER, "sample", ROLE_FOCUS);

	(void)draw_untrusted(g, in.x, in.y, in.w, ROLE_TEXT, span_of("\x1b[31m\r\n\xe2\x80\xae \xc2\x9b"));
	(void)draw_untrusted(g, in.x, in.y + 1, in.w, ROLE_STRONG,
	    span_of("e\xcc\x81\xcc\x82\xcc\x83 \xe6\xb0\xb4\xe6\xb0\xb4 \xf0\x9f\xab\xa8 \xd7\xa9"));
	(void)draw_glyph(g, in.x, in.y + 2, GLYPH_TICK, ROLE_VERDICT_GOOD);
	for (int x = 0; x < g->w; x++) /* to the bottom right corner */
		(void)grid_put(g, x, g->h - 1, '0' + (uint32_t)x % 10, ROLE_TEXT);
	grid_overlay(g, rect_of(0, 2, g->w, 1), ROLE_CURSOR);
}

static void
curses_shows_the_grid_where_memory_says(void **state)
{
	static const int size[][2] = { { 80, 24 }, { 20, 5 }, { 200, 50 }, { 1, 1 }, { 2, 1 }, { 110, 30 } };
	struct twins t;

	(void)state;
	twins_open(&t, "xterm-256color", "C.UTF-8", COLOUR_WISH_ALWAYS);
	assert_false(t.curses->ascii);
	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
		assert_int_equal(grid_resize(&t.g, size[i][0], size[i][1]), MQ_OK);
		draw_sample(&t.g);
		present_and_compare(&t);
	}
	assert_int_equal(grid_resize(&t.g, 0, 0), MQ_OK);
	term_present(t.curses, &t.g); /* nothing to show, nothing happens */
	twins_close(&t);
}

static void
changes_alone_lead_to_the_same_screen(void **state)
{
	static const uint32_t some[] = { 'a', ' ', 0x6c34, 'x', 0xe9, 0x6c34, 0x2500 };
	struct twins t;
	uint32_t seed = 7;

	(void)state;
	twins_open(&t, "xterm-256color", "C.UTF-8", COLOUR_WISH_ALWAYS);
	assert_int_equal(grid_resize(&t.g, 13, 4), MQ_OK);
	for (int round = 0; round < 400; round++) {
		for (int i = 0; i < 6; i++) {
			seed = seed * 1664525u + 1013904223u;
			(void)grid_put(&t.g, (int)(seed >> 8) % 13, (int)(seed >> 16) % 4,
			    some[(seed >> 24) % 7], (enum role)((seed >> 20) % ROLE_COUNT));
		}
		if (round % 50 == 49)
			term_redraw(t.curses);
		present_and_compare(&t);
	}
	twins_close(&t);
}

static void
without_utf8_everything_is_ascii(void **state)
{
	struct twins t;

	(void)state;
	twins_open(&t, "xterm", "C", COLOUR_WISH_ALWAYS);
	assert_true(t.curses->ascii);
	assert_int_equal(grid_resize(&t.g, 80, 24), MQ_OK);
	draw_sample(&t.g);
	present_and_compare(&t);
	assert_true(utf8_is_ascii(buf_span(&t.got)));
	twins_close(&t);
}

static attr_t
attr_at(int x, int y)
{
	wchar_t text[CCHARW_MAX + 1];
	attr_t attr;
	short pair;
	cchar_t cell;

	assert_int_equal(mvin_wch(y, x, &cell), OK);
	assert_int_equal(getcchar(&cell, text, &attr, &pair, NULL), OK);
	return attr;
}

static void
looks_arrive_at_every_level(void **state)
{
	static const struct {
		const char *name;
		enum colour_wish wish;
		enum colour_level level;
	} cases[] = {
		{ "xterm-256color", COLOUR_WISH_ALWAYS, COLOUR_256 },
		{ "xterm-256color", COLOUR_WISH_NEVER, COLOUR_MONO },
		{ "linux", COLOUR_WISH_ALWAYS, COLOUR_8 },
		{ "vt100", COLOUR_WISH_ALWAYS, COLOUR_MONO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct twins t;

		twins_open(&t, cases[i].name, "C.UTF-8", cases[i].wish);
		assert_int_equal(t.curses->level, cases[i].level);
		assert_int_equal(grid_resize(&t.g, 80, 24), MQ_OK);
		(void)draw_text(&t.g, 0, 0, 10, ROLE_VERDICT_BAD, "BAD");
		(void)draw_text(&t.g, 0, 1, 10, ROLE_TEXT, "plain");
		grid_overlay(&t.g, rect_of(0, 1, 80, 1), ROLE_CURSOR);
		present_and_compare(&t);
		assert_true((attr_at(0, 0) & A_BOLD) != 0);
		assert_true((attr_at(0, 1) & A_REVERSE) != 0);
		assert_true((attr_at(0, 1) & A_BOLD) == 0);
		twins_close(&t);
	}
}

static void
a_terminal_that_cannot_is_refused_in_words(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct mq_error e = { MQ_OK, "" };

	(void)state;
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_null(open_curses("no-such-terminal", fd, COLOUR_WISH_AUTO, &e));
	assert_string_equal(e.text,
	    "terminal type no-such-terminal is not known here: try TERM=xterm, or run mqgp watch");
	assert_null(open_curses("dumb", fd, COLOUR_WISH_AUTO, &e));
	assert_non_null(strstr(e.text, "cannot place text"));
	assert_null(open_curses("", fd, COLOUR_WISH_AUTO, &e));
	assert_non_null(strstr(e.text, "TERM is not set"));
	assert_int_equal(close(fd), 0);
}

static void
the_colour_level_follows_wish_terminal_and_no_color(void **state)
{
	(void)state;
	assert_int_equal(theme_level(COLOUR_WISH_AUTO, 256, NULL), COLOUR_256);
	assert_int_equal(theme_level(COLOUR_WISH_AUTO, 256, ""), COLOUR_256);
	assert_int_equal(theme_level(COLOUR_WISH_AUTO, 256, "1"), COLOUR_MONO);
	assert_int_equal(theme_level(COLOUR_WISH_ALWAYS, 256, "1"), COLOUR_256);
	assert_int_equal(theme_level(COLOUR_WISH_ALWAYS, -1, NULL), COLOUR_MONO);
	assert_int_equal(theme_level(COLOUR_WISH_NEVER, 256, NULL), COLOUR_MONO);
	assert_int_equal(theme_level(COLOUR_WISH_16, 256, NULL), COLOUR_16);
	assert_int_equal(theme_level(COLOUR_WISH_256, 8, NULL), COLOUR_8);
	assert_int_equal(theme_level(COLOUR_WISH_AUTO, 16, NULL), COLOUR_16);
}

static void
the_reset_bytes_end_every_mode(void **state)
{
	struct buf out;
	int colours = 0;

	(void)state;
	buf_init(&out, 512);
	assert_int_equal(term_curses_reset_bytes("xterm-256color", &out, &colours, NULL), MQ_OK);
	assert_int_equal(colours, 256);
	assert_non_null(strstr(buf_cstr(&out), "\033[?1049l"));
	assert_non_null(strstr(buf_cstr(&out), "\033[?2004l"));
	assert_non_null(strstr(buf_cstr(&out), "\033[?12l\033[?25h"));
	buf_reset(&out);
	assert_int_equal(term_curses_reset_bytes("vt100", &out, NULL, NULL), MQ_OK);
	assert_null(strchr(buf_cstr(&out), '$')); /* padding is not sent as text */
	assert_int_equal(term_curses_reset_bytes("no-such-terminal", &out, NULL, NULL), MQ_ENOENT);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(curses_shows_the_grid_where_memory_says),
		cmocka_unit_test(changes_alone_lead_to_the_same_screen),
		cmocka_unit_test(without_utf8_everything_is_ascii),
		cmocka_unit_test(looks_arrive_at_every_level),
		cmocka_unit_test(a_terminal_that_cannot_is_refused_in_words),
		cmocka_unit_test(the_colour_level_follows_wish_terminal_and_no_color),
		cmocka_unit_test(the_reset_bytes_end_every_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
