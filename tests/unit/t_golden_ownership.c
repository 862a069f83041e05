#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_dash.h"

static void
trees_stand_with_their_state_and_who_acts(void **state)
{
	static const enum action down[] = { ACTION_DOWN };
	struct dash *d = dash_new();

	(void)state;
	dash_golden("ownership", d, &view_ownership, NULL, 0);
	dash_golden("ownership-good", d, &view_ownership, down, 1);
	dash_free(d);
}

static void
the_page_of_a_tree_is_reached_and_left(void **state)
{
	static const enum action open[] = { ACTION_OPEN };
	static const enum action changes[] = { ACTION_DOWN, ACTION_CHANGES };
	static const enum action hostile[] = { ACTION_LAST, ACTION_OPEN, ACTION_LAST };
	struct dash *d = dash_new();

	(void)state;
	dash_golden("ownership-page", d, &view_ownership, open, 1);
	dash_golden("ownership-changes", d, &view_ownership, changes, 2);
	dash_golden("ownership-hostile", d, &view_ownership, hostile, 3);
	dash_free(d);
}

static void
without_trees_it_says_so(void **state)
{
	struct dash *d = dash_new_empty();

	(void)state;
	dash_golden("ownership-empty", d, &view_ownership, NULL, 0);
	dash_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trees_stand_with_their_state_and_who_acts),
		cmocka_unit_test(the_page_of_a_tree_is_reached_and_left),
		cmocka_unit_test(without_trees_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
