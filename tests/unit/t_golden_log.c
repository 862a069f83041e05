#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_dash.h"

static void
tab_goes_through_the_lists(void **state)
{
	static const enum action tabs[] = { ACTION_PANE_NEXT, ACTION_PANE_NEXT, ACTION_PANE_NEXT,
		ACTION_PANE_NEXT };
	struct dash *d = dash_new();

	(void)state;
	dash_golden("log", d, &view_log, NULL, 0);
	dash_golden("log-connection", d, &view_log, tabs, 1);
	dash_golden("log-subscriptions", d, &view_log, tabs, 2);
	dash_golden("log-program", d, &view_log, tabs, 4);
	dash_free(d);
}

static void
before_the_first_connection_nothing_is_claimed(void **state)
{
	static const enum action tabs[] = { ACTION_PANE_NEXT, ACTION_PANE_NEXT, ACTION_PANE_NEXT };
	struct dash *d = dash_new_empty();

	(void)state;
	dash_golden("log-empty", d, &view_log, tabs, 3);
	dash_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tab_goes_through_the_lists),
		cmocka_unit_test(before_the_first_connection_nothing_is_claimed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
