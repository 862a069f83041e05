#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/grid.h"

#define WIDE 0x6c34u	 /* a wide ideograph */
#define ACUTE 0x0301u	 /* a combining mark */

static struct grid
grid_of(int w, int h)
{
	struct grid g;

	grid_init(&g);
	assert_int_equal(grid_resize(&g, w, h), MQ_OK);
	return g;
}

static uint32_t
cp_at(const struct grid *g, int x, int y)
{
	return grid_at(g, x, y)->cp[0];
}

static void
a_new_grid_is_blank_and_bounded(void **state)
{
	struct grid g = grid_of(3, 2);

	(void)state;
	for (int y = 0; y < 2; y++)
		for (int x = 0; x < 3; x++)
			assert_int_equal(cp_at(&g, x, y), ' ');
	assert_null(grid_at(&g, 3, 0));
	assert_null(grid_at(&g, 0, -1));
	assert_int_equal(grid_resize(&g, -5, 1 << 30), MQ_OK);
	assert_int_equal(g.w, 0);
	assert_int_equal(g.h, GRID_MAX_SIDE);
	grid_done(&g);
}

static void
nothing_outside_the_clip_changes(void **state)
{
	struct grid g = grid_of(5, 3);
	struct rect old = grid_clip(&g, rect_of(1, 1, 2, 1));

	(void)state;
	for (int y = -2; y < 5; y++)
		for (int x = -2; x < 8; x++)
			(void)grid_put(&g, x, y, 'x', ROLE_DIM);
	grid_unclip(&g, old);
	for (int y = 0; y < 3; y++)
		for (int x = 0; x < 5; x++)
			assert_int_equal(cp_at(&g, x, y), y == 1 && (x == 1 || x == 2) ? 'x' : ' ');
	grid_done(&g);
}

static void
a_clip_inside_a_clip_never_grows(void **state)
{
	struct grid g = grid_of(10, 2);
	struct rect outer = grid_clip(&g, rect_of(2, 0, 3, 1));

	(void)state;
	(void)grid_clip(&g, rect_of(0, 0, 10, 2));
	assert_int_equal(grid_put(&g, 0, 0, 'x', ROLE_TEXT), 1);
	assert_int_equal(grid_put(&g, 5, 0, 'x', ROLE_TEXT), 1);
	grid_unclip(&g, outer);
	assert_int_equal(cp_at(&g, 0, 0), ' ');
	assert_int_equal(cp_at(&g, 5, 0), ' ');
	grid_done(&g);
}

static void
a_wide_character_at_the_edge_becomes_a_space(void **state)
{
	struct grid g = grid_of(4, 1);

	(void)state;
	(void)grid_put(&g, 3, 0, 'x', ROLE_TEXT);
	assert_int_equal(grid_put(&g, 3, 0, WIDE, ROLE_DIM), 2);
	assert_int_equal(cp_at(&g, 3, 0), ' ');
	assert_int_equal(grid_at(&g, 3, 0)->width, 1);
	assert_int_equal(grid_put(&g, -1, 0, WIDE, ROLE_DIM), 2);
	assert_int_equal(cp_at(&g, 0, 0), ' ');
	assert_int_equal(grid_put(&g, 2, 0, WIDE, ROLE_DIM), 2);
	assert_int_equal(cp_at(&g, 2, 0), WIDE);
	assert_int_equal(grid_at(&g, 3, 0)->width, 0);
	grid_done(&g);
}

static void
overwriting_half_of_a_wide_character_blanks_the_other(void **state)
{
	struct grid g = grid_of(6, 1);

	(void)state;
	(void)grid_put(&g, 2, 0, WIDE, ROLE_TEXT);
	(void)grid_put(&g, 3, 0, 'x', ROLE_TEXT);
	assert_int_equal(cp_at(&g, 2, 0), ' ');
	assert_int_equal(grid_at(&g, 2, 0)->width, 1);
	assert_int_equal(cp_at(&g, 3, 0), 'x');
	(void)grid_put(&g, 2, 0, WIDE, ROLE_TEXT);
	(void)grid_put(&g, 2, 0, 'y', ROLE_TEXT);
	assert_int_equal(cp_at(&g, 3, 0), ' ');
	assert_int_equal(grid_at(&g, 3, 0)->width, 1);
	/* a wide one over the halves of two */
	(void)grid_put(&g, 0, 0, WIDE, ROLE_TEXT);
	(void)grid_put(&g, 2, 0, WIDE, ROLE_TEXT);
	(void)grid_put(&g, 1, 0, WIDE, ROLE_TEXT);
	assert_int_equal(cp_at(&g, 0, 0), ' ');
	assert_int_equal(cp_at(&g, 1, 0), WIDE);
	assert_int_equal(grid_at(&g, 2, 0)->width, 0);
	assert_int_equal(cp_at(&g, 3, 0), ' ');
	assert_int_equal(grid_at(&g, 3, 0)->width, 1);
	grid_done(&g);
}

static void
no_cell_takes_what_may_not_be_drawn(void **state)
{
	static const uint32_t bad[] = { 0, '\n', 0x1b, 0x7f, 0x9b, 0xad, 0x200b, 0x200d, 0x202e,
		0x2068, 0xfe0f, 0xfeff, 0xe000, 0xe0041, 0xd800, 0x110000, ACUTE };
	struct grid g = grid_of(1, 1);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(grid_put(&g, 0, 0, bad[i], ROLE_TEXT), 1);
		assert_int_equal(cp_at(&g, 0, 0), '?');
	}
	grid_done(&g);
}

static void
a_cell_takes_two_marks_and_nothing_else(void **state)
{
	struct grid g = grid_of(2, 1);

	(void)state;
	(void)grid_put(&g, 0, 0, 'e', ROLE_TEXT);
	grid_combine(&g, 0, 0, 0x202e);
	grid_combine(&g, 0, 0, 'x');
	assert_int_equal(grid_at(&g, 0, 0)->cp[1], 0);
	for (int i = 0; i < 5; i++)
		grid_combine(&g, 0, 0, ACUTE + (uint32_t)i);
	assert_int_equal(grid_at(&g, 0, 0)->cp[1], ACUTE);
	assert_int_equal(grid_at(&g, 0, 0)->cp[2], ACUTE + 1);
	(void)grid_put(&g, 0, 0, 'f', ROLE_TEXT);
	assert_int_equal(grid_at(&g, 0, 0)->cp[1], 0);
	grid_combine(&g, 5, 5, ACUTE);
	grid_done(&g);
}

static void
an_overlay_changes_the_look_and_keeps_the_text(void **state)
{
	struct grid g = grid_of(3, 1);

	(void)state;
	(void)grid_put(&g, 1, 0, 'x', ROLE_VERDICT_BAD);
	grid_overlay(&g, rect_of(-5, 0, 50, 1), ROLE_CURSOR);
	assert_int_equal(cp_at(&g, 1, 0), 'x');
	assert_int_equal(grid_at(&g, 1, 0)->role, ROLE_VERDICT_BAD);
	assert_int_equal(grid_at(&g, 1, 0)->over, ROLE_CURSOR);
	grid_done(&g);
}

static void
an_empty_grid_takes_every_call(void **state)
{
	struct grid g = grid_of(0, 0);

	(void)state;
	(void)grid_put(&g, 0, 0, WIDE, ROLE_TEXT);
	grid_combine(&g, 0, 0, ACUTE);
	grid_fill(&g, rect_of(-1, -1, 9, 9), ROLE_TEXT);
	grid_overlay(&g, rect_of(-1, -1, 9, 9), ROLE_CURSOR);
	grid_cursor(&g, 0, 0, true);
	assert_false(g.cursor_visible);
	grid_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_grid_is_blank_and_bounded),
		cmocka_unit_test(nothing_outside_the_clip_changes),
		cmocka_unit_test(a_clip_inside_a_clip_never_grows),
		cmocka_unit_test(a_wide_character_at_the_edge_becomes_a_space),
		cmocka_unit_test(overwriting_half_of_a_wide_character_blanks_the_other),
		cmocka_unit_test(no_cell_takes_what_may_not_be_drawn),
		cmocka_unit_test(a_cell_takes_two_marks_and_nothing_else),
		cmocka_unit_test(an_overlay_changes_the_look_and_keeps_the_text),
		cmocka_unit_test(an_empty_grid_takes_every_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
