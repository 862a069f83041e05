#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/lib_dash.h"

static void
keys_stand_with_their_use_and_expiry(void **state)
{
	static const enum action down[] = { ACTION_DOWN, ACTION_DOWN, ACTION_OPEN };
	struct dash *d = dash_new();

	(void)state;
	dash_golden("keys", d, &view_keys, NULL, 0);
	dash_golden("keys-revoked", d, &view_keys, down, 3);
	dash_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_stand_with_their_use_and_expiry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
