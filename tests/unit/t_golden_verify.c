#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_dash.h"

static void
verdicts_are_counted_and_failures_listed(void **state)
{
	static const enum action feed[] = { ACTION_NEXT_FAILURE, ACTION_NEXT_FAILURE };
	struct dash *d = dash_new();

	(void)state;
	dash_golden("verify", d, &view_verify, NULL, 0);
	dash_golden("verify-feed", d, &view_verify, feed, 2);
	dash_free(d);
}

static void
without_failures_it_says_so(void **state)
{
	struct dash *d = dash_new_empty();

	(void)state;
	dash_golden("verify-empty", d, &view_verify, NULL, 0);
	dash_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts_are_counted_and_failures_listed),
		cmocka_unit_test(without_failures_it_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
