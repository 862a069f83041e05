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
a_verified_value_stands_above_the_replay(void **state)
{
	plant_golden(*state, "topics-detail", "o ] ] Enter");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_tree_of_topics_looks_as_reviewed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_verified_value_stands_above_the_replay, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
