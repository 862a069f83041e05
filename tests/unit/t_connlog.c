#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/connlog.h"

static void
the_ring_keeps_the_newest_events(void **state)
{
	struct connlog c;

	(void)state;
	assert_int_equal(connlog_init(&c), MQ_OK);
	assert_null(connlog_nth(&c, 0));
	for (int i = 1; i <= CONNLOG_EVENTS + 10; i++)
		connlog_add(&c, &(struct conn_event){ .time_ms = i, .kind = CONN_LOST });
	assert_int_equal(connlog_count(&c), CONNLOG_EVENTS);
	assert_int_equal(connlog_nth(&c, 0)->time_ms, CONNLOG_EVENTS + 10);
	assert_int_equal(connlog_nth(&c, 0)->n, CONNLOG_EVENTS + 10);
	assert_int_equal(connlog_nth(&c, CONNLOG_EVENTS - 1)->time_ms, 11);
	assert_null(connlog_nth(&c, CONNLOG_EVENTS));
	connlog_done(&c);
}

static void
words_that_fill_their_field_are_cut(void **state)
{
	struct conn_event e = { .kind = CONN_REFUSED };
	struct connlog c;

	(void)state;
	assert_int_equal(connlog_init(&c), MQ_OK);
	memset(e.words, 'x', sizeof e.words);
	memset(e.broker, 'y', sizeof e.broker);
	connlog_add(&c, &e);
	assert_int_equal(strlen(connlog_nth(&c, 0)->words), CONNLOG_WORDS - 1);
	assert_int_equal(strlen(connlog_nth(&c, 0)->broker), CONNLOG_BROKER - 1);
	connlog_done(&c);
}

static void
a_subscription_has_one_row_and_refusals_are_counted(void **state)
{
	struct connlog c;

	(void)state;
	assert_int_equal(connlog_init(&c), MQ_OK);
	assert_int_equal(connlog_set_sub(&c, "a/#", 0, -1, NULL), MQ_OK);
	assert_int_equal(connlog_set_sub(&c, "b/#", 1, -1, NULL), MQ_OK);
	assert_int_equal(connlog_set_sub(&c, "a/#", 0, 135, "not authorized"), MQ_OK);
	assert_int_equal(c.n_subs, 2);
	assert_string_equal(c.sub[0].words, "not authorized");
	assert_int_equal(connlog_denied(&c), 1);
	connlog_ask_again(&c);
	assert_int_equal(connlog_denied(&c), 0);
	assert_int_equal(c.sub[0].granted, -1);
	connlog_remove_sub(&c, "a/#");
	connlog_remove_sub(&c, "never there");
	assert_int_equal(c.n_subs, 1);
	assert_string_equal(c.sub[0].filter, "b/#");
	connlog_done(&c);
}

static void
the_table_of_subscriptions_is_bounded(void **state)
{
	struct connlog c;
	char name[] = "t0000";

	(void)state;
	assert_int_equal(connlog_init(&c), MQ_OK);
	for (int i = 0; i < CONNLOG_SUBS_MAX; i++) {
		for (int k = 0, v = i; k < 4; k++, v /= 10)
			name[4 - k] = (char)('0' + v % 10);
		assert_int_equal(connlog_set_sub(&c, name, 0, 0, NULL), MQ_OK);
	}
	assert_int_equal(connlog_set_sub(&c, "more", 0, 0, NULL), MQ_ELIMIT);
	assert_int_equal(connlog_set_sub(&c, "t0007", 0, 1, NULL), MQ_OK);
	connlog_done(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ring_keeps_the_newest_events),
		cmocka_unit_test(words_that_fill_their_field_are_cut),
		cmocka_unit_test(a_subscription_has_one_row_and_refusals_are_counted),
		cmocka_unit_test(the_table_of_subscriptions_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
