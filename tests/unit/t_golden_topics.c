#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_plant.h"

static int
set_up(void **state)
{
	static struct plant plant;

	plant_init(&plant);
	*state = &plant;
	return 0;
}

static int
set_up_empty(void **state)
{
	static struct plant plant;

	plant_init_empty(&plant);
	*state = &plant;
	return 0;
}

static int
tear_down(void **state)
{
	plant_done(*state);
	return 0;
}

static void
the_tree_of_topics_looks_as_reviewed(void **state)
{
	plant_golden(*state, "topics", "");
}

static void
a_verified_value_stands_above_what_failed(void **state)
{
	plant_golden(*state, "topics-detail", "] ] Enter");
}

static void
numbers_are_plotted_and_the_history_is_walked(void **state)
{
	plant_golden(*state, "topics-plot", "] Enter Down Down");
}

static void
hostile_names_and_payloads_cannot_leave_their_place(void **state)
{
	plant_golden(*state, "topics-hostile", "G o Down Down Down");
}

static void
why_says_which_check_failed(void **state)
{
	plant_golden(*state, "topics-why", "] v");
}

static void
help_shows_the_keys_of_this_screen(void **state)
{
	plant_golden(*state, "topics-help", "?");
}

static void
a_filter_hides_and_says_so(void **state)
{
	plant_golden(*state, "topics-filter", "f v e r d i c t : b a d Enter");
}

static void
a_prompt_stands_in_the_footer(void **state)
{
	plant_golden(*state, "topics-search", "/ v a l");
}

static void
copies_are_offered_in_a_menu(void **state)
{
	plant_golden(*state, "topics-copy", "] Enter y");
}

static void
a_lost_link_makes_everything_as_of(void **state)
{
	struct plant *p = *state;

	model_conn(p->m)->link = LINK_DOWN;
	model_conn(p->m)->since_ms = clock_wall_ms(&p->clock) - 3000;
	model_conn(p->m)->retry_ms = clock_wall_ms(&p->clock) + 4000;
	model_blind(p->m)->lost = 3;
	model_blind(p->m)->dropped_here = 17;
	plant_golden(p, "topics-lost", "] Enter");
}

static void
before_the_first_message_it_says_what_to_expect(void **state)
{
	plant_golden(*state, "topics-empty", "");
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_tree_of_topics_looks_as_reviewed),
		T(a_verified_value_stands_above_what_failed),
		T(numbers_are_plotted_and_the_history_is_walked),
		T(hostile_names_and_payloads_cannot_leave_their_place),
		T(why_says_which_check_failed),
		T(help_shows_the_keys_of_this_screen),
		T(a_filter_hides_and_says_so),
		T(a_prompt_stands_in_the_footer),
		T(copies_are_offered_in_a_menu),
		T(a_lost_link_makes_everything_as_of),
		cmocka_unit_test_setup_teardown(before_the_first_message_it_says_what_to_expect,
		    set_up_empty, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
