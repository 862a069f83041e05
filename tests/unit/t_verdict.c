#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/verdict/verdict.h"

static void
zero_is_nothing_known_and_only_green_can_be_granted(void **state)
{
	(void)state;
	assert_int_equal(V_NONE, 0);
	assert_int_equal(verdict_class(V_NONE), CLASS_NEUTRAL);
	for (int v = 0; v < V_COUNT; v++)
		assert_int_equal(verdict_grant((enum verdict)v),
		    v == V_VERIFIED || v == V_VERIFIED_SEALED || v == V_VERIFIED_GROUP ? v : V_NONE);
	assert_int_equal(verdict_grant((enum verdict)(V_COUNT + 7)), V_NONE);
}

static void
every_code_reads_back_and_no_two_are_alike(void **state)
{
	enum verdict back;

	(void)state;
	for (int v = 1; v < V_COUNT; v++) {
		assert_true(verdict_from_code(span_of(verdict_code((enum verdict)v)), &back));
		assert_int_equal(back, v);
	}
	assert_false(verdict_from_code(span_of("verified"), &back));
}

static void
leftovers_of_what_was_legitimate_raise_no_alarm(void **state)
{
	(void)state;
	assert_int_equal(verdict_class_of(V_ROLLBACK, 0), CLASS_BAD);
	assert_int_equal(verdict_class_of(V_ROLLBACK, FLAG_LEFTOVER), CLASS_NEUTRAL);
	assert_int_equal(verdict_class_of(V_FORK, FLAG_RIVAL), CLASS_BAD);
	assert_int_equal(verdict_class_of(V_FORK, FLAG_INCOMPLETE), CLASS_ATTENTION);
	assert_int_equal(verdict_class_of(V_UNSIGNED, FLAG_LEFTOVER | FLAG_INCOMPLETE), CLASS_BAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_is_nothing_known_and_only_green_can_be_granted),
		cmocka_unit_test(every_code_reads_back_and_no_two_are_alike),
		cmocka_unit_test(leftovers_of_what_was_legitimate_raise_no_alarm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
