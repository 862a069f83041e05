#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/term_mem.h"
#include "ui/wrap.h"

/* The lines of a text at a width, one after another with a bar behind each. */
static const char *
wrapped(const char *text, int w)
{
	static char out[512];
	struct grid limits;
	struct span rest = span_of(text), line;
	size_t n = 0;

	grid_init(&limits);
	while (wrap_next(&limits, &rest, w, &line) && n + line.n + 2 < sizeof out) {
		memcpy(out + n, line.p, line.n);
		n += line.n;
		out[n++] = '|';
	}
	out[n] = '\0';
	return out;
}

static void
lines_break_at_blanks(void **state)
{
	(void)state;
	assert_string_equal(wrapped("An authentic message was sent again.", 12),
	    "An authentic|message was|sent again.|");
	assert_string_equal(wrapped("one  two", 4), "one |two|");
	assert_string_equal(wrapped("abc", 3), "abc|");
	assert_string_equal(wrapped("", 3), "");
}

static void
words_that_are_too_long_are_cut_between_characters(void **state)
{
	(void)state;
	assert_string_equal(wrapped("abcdefgh ij", 3), "abc|def|gh|ij|");
	assert_string_equal(wrapped("\xe6\xb0\xb4\xe6\xb0\xb4\xe6\xb0\xb4", 5),
	    "\xe6\xb0\xb4\xe6\xb0\xb4|\xe6\xb0\xb4|");
	assert_string_equal(wrapped("\xe6\xb0\xb4\xe6\xb0\xb4", 1), "\xe6\xb0\xb4|\xe6\xb0\xb4|");
}

static void
line_ends_are_kept(void **state)
{
	(void)state;
	assert_string_equal(wrapped("a\n\nb c\r\nd\n", 10), "a||b c|d|");
	assert_string_equal(wrapped("abc\nd", 3), "abc|d|");
}

static void
every_width_comes_to_an_end(void **state)
{
	struct span text = span_of("w\x1b[31m \xe2\x80\xae\xff\xe6\xb0\xb4 e\xcc\x81 \n\r\n  x");
	struct grid g;

	(void)state;
	grid_init(&g);
	assert_int_equal(grid_resize(&g, 20, 4), MQ_OK);
	for (int w = -1; w < 40; w++) {
		assert_in_range(wrap_rows(&g, text, w, 100), w > 0 ? 1 : 0, w > 0 ? 40 : 0);
		assert_in_range(wrap_draw(&g, rect_of(0, 0, w, 3), ROLE_TEXT, text, w % 3), 0, 3);
	}
	assert_int_equal(wrap_rows(&g, text, 1, 5), 5);
	grid_done(&g);
}

static void
drawing_can_begin_further_down(void **state)
{
	struct theme theme = theme_mono();
	struct term *t = term_mem_new(10, 2, &theme, COLOUR_MONO, false);
	struct buf out;
	struct grid g;

	(void)state;
	grid_init(&g);
	buf_init(&out, 1024);
	assert_int_equal(grid_resize(&g, 10, 2), MQ_OK);
	assert_int_equal(wrap_draw(&g, grid_rect(&g), ROLE_TEXT, span_of("one\ntwo\nthree\nfour"), 1), 2);
	term_present(t, &g);
	assert_int_equal(term_mem_text(t, &out), MQ_OK);
	assert_string_equal(buf_cstr(&out), "two\nthree\n");
	assert_int_equal(wrap_draw(&g, grid_rect(&g), ROLE_TEXT, span_of("one"), 7), 0);
	buf_done(&out);
	grid_done(&g);
	term_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_break_at_blanks),
		cmocka_unit_test(words_that_are_too_long_are_cut_between_characters),
		cmocka_unit_test(line_ends_are_kept),
		cmocka_unit_test(every_width_comes_to_an_end),
		cmocka_unit_test(drawing_can_begin_further_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
