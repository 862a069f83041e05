#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/layout.h"
#include "ui/term_mem.h"

static const struct layout_wish side = { .split = SPLIT_SIDE, .percent = 47 };
static const struct layout_wish stack = { .split = SPLIT_STACK, .percent = 30 };

static bool
overlap(struct rect a, struct rect b)
{
	return !rect_empty(rect_intersect(a, b));
}

static void
parts_never_overlap_and_never_leave_the_screen(void **state)
{
	(void)state;
	for (int w = 0; w < 260; w += 7)
		for (int h = 0; h < 80; h++)
			for (int split = 0; split < 3; split++) {
				struct layout_wish wish = { .split = (enum split)split, .focus = h % 2 };
				struct layout l = layout_of(w, h, wish);
				struct rect part[] = { l.status, l.tabs, l.pane[0], l.pane[1], l.footer };

				for (int i = 0; i < 5; i++) {
					assert_true(part[i].x >= 0 && part[i].y >= 0);
					assert_true(part[i].x + part[i].w <= w && part[i].y + part[i].h <= h);
					for (int j = 0; j < i; j++)
						assert_false(overlap(part[i], part[j]));
				}
				assert_true(l.too_small || !rect_empty(l.pane[0]) || !rect_empty(l.pane[1]));
			}
}

static void
two_panes_fold_into_the_focused_one_when_narrow(void **state)
{
	struct layout_wish wish = side;
	struct layout l = layout_of(100, 30, wish);

	(void)state;
	assert_false(l.folded);
	assert_int_equal(l.pane[0].w, 47);
	assert_int_equal(l.rule_column, 47);
	assert_int_equal(l.pane[1].x, 48);
	assert_int_equal(l.pane[1].x + l.pane[1].w, 100);
	l = layout_of(99, 30, wish);
	assert_true(l.folded);
	assert_int_equal(l.pane[0].w, 99);
	assert_true(rect_empty(l.pane[1]));
	wish.focus = 1;
	l = layout_of(99, 30, wish);
	assert_true(rect_empty(l.pane[0]));
	assert_int_equal(l.pane[1].w, 99);
}

static void
a_stack_folds_when_low(void **state)
{
	struct layout l = layout_of(80, 24, stack);

	(void)state;
	assert_false(l.folded);
	assert_int_equal(l.pane[0].h + 1 + l.pane[1].h, 24 - 5);
	assert_int_equal(l.rule_middle, l.pane[0].y + l.pane[0].h);
	assert_true(layout_of(80, 19, stack).folded);
}

static void
zoom_shows_one_pane_though_there_is_room(void **state)
{
	struct layout_wish wish = side;
	struct layout l;

	(void)state;
	wish.zoom = true;
	wish.focus = 1;
	l = layout_of(200, 50, wish);
	assert_true(rect_empty(l.pane[0]));
	assert_int_equal(l.pane[1].w, 200);
}

static void
a_small_screen_says_what_it_needs(void **state)
{
	struct theme theme = theme_mono();
	struct term *t = term_mem_new(19, 5, &theme, COLOUR_MONO, false);
	struct layout l = layout_of(19, 5, side);
	struct buf text;
	struct grid g;

	(void)state;
	grid_init(&g);
	buf_init(&text, 1024);
	assert_true(l.too_small);
	assert_false(layout_of(20, 5, side).too_small);
	assert_true(layout_of(20, 4, side).too_small);
	assert_int_equal(grid_resize(&g, 19, 5), MQ_OK);
	layout_draw_lines(&l, &g);
	term_present(t, &g);
	assert_int_equal(term_mem_text(t, &text), MQ_OK);
	assert_string_equal(buf_cstr(&text), "too small (need 20\xe2\x80\xa6\n\n\n\n\n");
	buf_done(&text);
	grid_done(&g);
	term_free(t);
}

static void
lines_meet_in_joints(void **state)
{
	struct layout l = layout_of(110, 30, side);
	struct grid g;

	(void)state;
	grid_init(&g);
	assert_int_equal(grid_resize(&g, 110, 30), MQ_OK);
	layout_draw_lines(&l, &g);
	assert_int_equal(grid_at(&g, l.rule_column, l.rule_top)->cp[0], 0x252c);
	assert_int_equal(grid_at(&g, l.rule_column, l.rule_bottom)->cp[0], 0x2534);
	assert_int_equal(grid_at(&g, l.rule_column, 15)->cp[0], 0x2502);
	grid_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_never_overlap_and_never_leave_the_screen),
		cmocka_unit_test(two_panes_fold_into_the_focused_one_when_narrow),
		cmocka_unit_test(a_stack_folds_when_low),
		cmocka_unit_test(zoom_shows_one_pane_though_there_is_room),
		cmocka_unit_test(a_small_screen_says_what_it_needs),
		cmocka_unit_test(lines_meet_in_joints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
