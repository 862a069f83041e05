#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/draw.h"
#include "ui/frame.h"
#include "ui/term_mem.h"

static void
the_first_frame_is_due_at_once_and_then_none(void **state)
{
	struct frame f;

	(void)state;
	frame_init(&f, 30);
	assert_true(frame_due(&f, 0, true));
	frame_drawn(&f, 0);
	assert_false(frame_due(&f, 1000000, true));
	assert_int_equal(frame_wait(&f, 1000000), -1);
}

static void
a_key_is_answered_at_once_but_not_faster_than_the_rate(void **state)
{
	struct frame f;

	(void)state;
	frame_init(&f, 30);
	frame_drawn(&f, 1000);
	frame_touch(&f);
	assert_false(frame_due(&f, 1032, true));
	assert_int_equal(frame_wait(&f, 1010), 23);
	assert_true(frame_due(&f, 1033, true));
	frame_drawn(&f, 1033);
	frame_touch(&f);
	assert_true(frame_due(&f, 5000, true)); /* after a pause there is nothing to wait for */
}

static void
data_alone_repaints_twice_a_second(void **state)
{
	struct frame f;
	int frames = 0;

	(void)state;
	frame_init(&f, 30);
	frame_drawn(&f, 0);
	for (int64_t now = 1; now <= 10000; now++) {
		frame_data(&f);
		if (frame_due(&f, now, true)) {
			frame_drawn(&f, now);
			frames++;
		}
	}
	assert_int_equal(frames, 20);
	frame_data(&f);
	frame_touch(&f);
	assert_true(frame_due(&f, 10033, true));
}

static void
a_terminal_that_cannot_take_a_frame_gets_none(void **state)
{
	struct frame f;

	(void)state;
	frame_init(&f, 30);
	assert_false(frame_due(&f, 100000, false));
	assert_true(frame_wanted(&f));
	assert_int_equal(frame_wait(&f, 100000), 0);
	assert_true(frame_due(&f, 100000, true));
}

static void
a_slow_line_has_its_own_rate(void **state)
{
	struct frame f;

	(void)state;
	frame_init(&f, 1);
	frame_drawn(&f, 0);
	frame_data(&f);
	assert_false(frame_due(&f, 999, true));
	assert_true(frame_due(&f, 1000, true));
	frame_init(&f, 0);
	assert_int_equal(f.least_ms, 33);
}

struct seen {
	char order[16];
	size_t n;
};

static void
part(struct seen *s, struct grid *g, char name)
{
	s->order[s->n++] = name;
	for (int y = 0; y < g->h; y++) /* tries to paint over everybody */
		for (int x = 0; x < g->w; x++)
			(void)grid_put(g, x, y, (uint32_t)(unsigned char)name, ROLE_TEXT);
}

static void
part_status(void *arg, struct grid *g, struct rect r)
{
	(void)r;
	part(arg, g, 's');
}

static void
part_pane(void *arg, struct grid *g, struct rect r)
{
	(void)r;
	part(arg, g, 'p');
}

static void
part_footer(void *arg, struct grid *g, struct rect r)
{
	(void)r;
	part(arg, g, 'f');
}

static void
part_overlay(void *arg, struct grid *g, struct rect r)
{
	(void)r;
	((struct seen *)arg)->order[((struct seen *)arg)->n++] = 'o';
	(void)draw_text(g, 5, 2, 2, ROLE_TEXT, "oo");
}

static void
parts_are_drawn_in_order_and_cannot_reach_each_other(void **state)
{
	struct theme theme = theme_mono();
	struct term *t = term_mem_new(20, 6, &theme, COLOUR_MONO, false);
	struct seen seen = { .n = 0 };
	struct frame_parts parts = { .arg = &seen, .status = part_status, .pane = { part_pane, part_pane },
		.footer = part_footer, .overlay = part_overlay };
	struct layout_wish wish = { .split = SPLIT_SIDE };
	struct buf text;
	struct grid g;

	(void)state;
	grid_init(&g);
	buf_init(&text, 4096);
	assert_int_equal(frame_draw(t, &g, wish, &parts), MQ_OK);
	assert_string_equal(seen.order, "spfo");
	assert_int_equal(term_mem_text(t, &text), MQ_OK);
	assert_string_equal(buf_cstr(&text), "ssssssssssssssssssss\npppppppppppppppppppp\n"
					     "pppppooppppppppppppp\npppppppppppppppppppp\n"
					     "pppppppppppppppppppp\nffffffffffffffffffff\n");
	for (int w = 0; w < 25; w += 4)
		for (int h = 0; h < 14; h++) {
			seen.n = 0;
			term_mem_resize(t, w, h);
			assert_int_equal(frame_draw(t, &g, wish, &parts), MQ_OK);
			assert_int_equal(term_mem_grid(t)->w, w);
			assert_int_equal(term_mem_grid(t)->h, h);
		}
	buf_done(&text);
	grid_done(&g);
	term_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_frame_is_due_at_once_and_then_none),
		cmocka_unit_test(a_key_is_answered_at_once_but_not_faster_than_the_rate),
		cmocka_unit_test(data_alone_repaints_twice_a_second),
		cmocka_unit_test(a_terminal_that_cannot_take_a_frame_gets_none),
		cmocka_unit_test(a_slow_line_has_its_own_rate),
		cmocka_unit_test(parts_are_drawn_in_order_and_cannot_reach_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
