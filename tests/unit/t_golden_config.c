#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_dash.h"

static void
a_stopped_push_says_where_it_stopped(void **state)
{
	static const enum action next[] = { ACTION_STEP_IN };
	struct dash *d = dash_new();

	(void)state;
	dash_add_pipeline(d);
	dash_golden("config-pipeline", d, &view_config, next, 1);
	dash_free(d);
}

static void
without_a_draft_the_verified_text_stands(void **state)
{
	struct dash *d = dash_new();

	(void)state;
	dash_golden("config", d, &view_config, NULL, 0);
	dash_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stopped_push_says_where_it_stopped),
		cmocka_unit_test(without_a_draft_the_verified_text_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
