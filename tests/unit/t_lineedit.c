#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/lineedit.h"
#include "ui/term_mem.h"

static void
type(struct lineedit *le, const char *text)
{
	for (; *text != '\0'; text++)
		assert_true(lineedit_key(le, key_of((uint32_t)(unsigned char)*text)));
}

static void
expect(const struct lineedit *le, const char *text)
{
	struct span s = lineedit_text(le);

	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static void
typing_and_editing_work_in_the_middle(void **state)
{
	struct lineedit le;

	(void)state;
	assert_int_equal(lineedit_init(&le, 64, false), MQ_OK);
	type(&le, "plant unit");
	assert_true(lineedit_act(&le, ACTION_LINE_LEFT));
	assert_true(lineedit_act(&le, ACTION_LINE_RUB));
	expect(&le, "plant unt");
	type(&le, "i");
	assert_true(lineedit_act(&le, ACTION_LINE_RUB_WORD));
	expect(&le, "plant t");
	assert_true(lineedit_act(&le, ACTION_LINE_START));
	assert_true(lineedit_act(&le, ACTION_LINE_DELETE));
	expect(&le, "lant t");
	assert_true(lineedit_act(&le, ACTION_LINE_RIGHT));
	assert_true(lineedit_act(&le, ACTION_LINE_CUT_END));
	expect(&le, "l");
	assert_true(lineedit_act(&le, ACTION_LINE_RUB_ALL));
	expect(&le, "");
	assert_true(lineedit_act(&le, ACTION_LINE_RUB));
	assert_true(lineedit_act(&le, ACTION_LINE_DELETE));
	assert_true(lineedit_act(&le, ACTION_LINE_LEFT));
	assert_false(lineedit_act(&le, ACTION_HALT));
	lineedit_done(&le);
}

static void
characters_of_several_bytes_stay_whole(void **state)
{
	struct lineedit le;

	(void)state;
	assert_int_equal(lineedit_init(&le, 8, false), MQ_OK);
	assert_true(lineedit_key(&le, key_of(0xe9)));
	assert_true(lineedit_key(&le, key_of(0x6c34)));
	assert_true(lineedit_key(&le, key_of(0x6c34)));
	expect(&le, "\xc3\xa9\xe6\xb0\xb4\xe6\xb0\xb4");
	assert_true(lineedit_key(&le, key_of(0x6c34))); /* has no room, is not cut */
	assert_non_null(le.refused);
	expect(&le, "\xc3\xa9\xe6\xb0\xb4\xe6\xb0\xb4");
	assert_true(lineedit_act(&le, ACTION_LINE_LEFT));
	assert_true(lineedit_act(&le, ACTION_LINE_RUB));
	expect(&le, "\xc3\xa9\xe6\xb0\xb4");
	lineedit_done(&le);
}

static void
keys_that_are_no_text_are_not_inserted(void **state)
{
	struct lineedit le;

	(void)state;
	assert_int_equal(lineedit_init(&le, 64, false), MQ_OK);
	assert_false(lineedit_key(&le, key_ctrl('x')));
	assert_false(lineedit_key(&le, key_of(K_F1)));
	assert_false(lineedit_key(&le, key_of(0x1b)));
	assert_false(lineedit_key(&le, key_of(0x202e)));
	assert_false(lineedit_key(&le, (struct key){ 'x', MOD_ALT }));
	expect(&le, "");
	lineedit_done(&le);
}

static void
a_paste_becomes_one_line_without_controls(void **state)
{
	struct lineedit le;

	(void)state;
	assert_int_equal(lineedit_init(&le, 16, false), MQ_OK);
	lineedit_paste(&le, span_of("one\r\ntwo\nx\r\n"));
	expect(&le, "one two x");
	assert_null(le.refused);
	lineedit_clear(&le);
	lineedit_paste(&le, span_of("a\x1b[2J\x07\xe2\x80\xae" "b\xff"));
	expect(&le, "a[2Jb");
	assert_string_equal(le.refused, "control characters were left out");
	lineedit_paste(&le, span_of("0123456789abcdef"));
	expect(&le, "a[2Jb0123456789a");
	assert_string_equal(le.refused, "the line is full");
	lineedit_done(&le);
}

static void
a_secret_is_counted_not_shown_and_taken_once(void **state)
{
	struct theme theme = theme_mono();
	struct term *t = term_mem_new(10, 1, &theme, COLOUR_MONO, false);
	struct lineedit le;
	struct secret s;
	struct buf text;
	struct grid g;

	(void)state;
	grid_init(&g);
	assert_int_equal(grid_resize(&g, 10, 1), MQ_OK);
	assert_int_equal(lineedit_init(&le, 64, true), MQ_OK);
	type(&le, "hunter2");
	lineedit_draw(&le, &g, rect_of(0, 0, 10, 1));
	term_present(t, &g);
	buf_init(&text, 1024);
	assert_int_equal(term_mem_text(t, &text), MQ_OK);
	assert_string_equal(buf_cstr(&text), "*******\n");
	assert_int_equal(g.cursor_x, 7);
	s = lineedit_take(&le);
	assert_int_equal(s.n, 7);
	assert_memory_equal(s.p, "hunter2", 7);
	secret_free(&s);
	s = lineedit_take(&le);
	assert_null(s.p);
	expect(&le, "");
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(le.p[i], 0); /* wiped, not only forgotten */
	lineedit_done(&le);
	buf_done(&text);
	grid_done(&g);
	term_free(t);
}

static void
the_field_scrolls_to_the_cursor(void **state)
{
	struct lineedit le;
	struct grid g;

	(void)state;
	grid_init(&g);
	assert_int_equal(grid_resize(&g, 12, 1), MQ_OK);
	assert_int_equal(lineedit_init(&le, 64, false), MQ_OK);
	type(&le, "0123456789abcdefghij");
	lineedit_draw(&le, &g, rect_of(2, 0, 6, 1));
	assert_int_equal(grid_at(&g, 2, 0)->cp[0], 'f');
	assert_int_equal(g.cursor_x, 7);
	assert_true(g.cursor_visible);
	assert_true(lineedit_act(&le, ACTION_LINE_START));
	lineedit_draw(&le, &g, rect_of(2, 0, 6, 1));
	assert_int_equal(grid_at(&g, 2, 0)->cp[0], '0');
	assert_int_equal(g.cursor_x, 2);
	assert_int_equal(grid_at(&g, 8, 0)->cp[0], ' ');
	for (int w = 0; w < 4; w++)
		lineedit_draw(&le, &g, rect_of(0, 0, w, 1));
	lineedit_done(&le);
	grid_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typing_and_editing_work_in_the_middle),
		cmocka_unit_test(characters_of_several_bytes_stay_whole),
		cmocka_unit_test(keys_that_are_no_text_are_not_inserted),
		cmocka_unit_test(a_paste_becomes_one_line_without_controls),
		cmocka_unit_test(a_secret_is_counted_not_shown_and_taken_once),
		cmocka_unit_test(the_field_scrolls_to_the_cursor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
