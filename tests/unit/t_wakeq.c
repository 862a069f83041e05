#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>

#include "core/base/wakeq.h"

#define PRODUCERS 3
#define EACH 5000

static int dropped[8];

static void
count_drop(void *item)
{
	(*(int *)item)++;
}

static bool
readable(const struct wakeq *q)
{
	struct pollfd p = { .fd = wakeq_fd(q), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static int
clear_drops(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++)
		dropped[i] = 0;
	return 0;
}

static void
items_come_out_in_order_and_wake_the_consumer(void **state)
{
	struct wakeq *q = wakeq_new(3, 100, false, count_drop);
	int item[3];
	void *got[4];

	(void)state;
	assert_non_null(q);
	for (int round = 0; round < 5; round++) { /* the ring wraps */
		assert_false(readable(q));
		assert_true(wakeq_push(q, &item[0], 1));
		assert_true(readable(q));
		assert_true(wakeq_push(q, &item[1], 1));
		assert_ptr_equal(wakeq_take(q), &item[0]);
		assert_true(readable(q));
		assert_true(wakeq_push(q, &item[2], 1));
		assert_int_equal(wakeq_take_many(q, got, 4), 2);
		assert_ptr_equal(got[0], &item[1]);
		assert_ptr_equal(got[1], &item[2]);
		assert_null(wakeq_take(q));
	}
	assert_false(readable(q));
	wakeq_free(q);
}

static void
a_full_queue_refuses_and_the_caller_keeps_the_item(void **state)
{
	struct wakeq *q = wakeq_new(2, 10, false, count_drop);

	(void)state;
	assert_true(wakeq_push(q, &dropped[0], 4));
	assert_false(wakeq_push(q, &dropped[1], 7)); /* bytes */
	assert_true(wakeq_push(q, &dropped[1], 6));
	assert_false(wakeq_push(q, &dropped[2], 0)); /* items */
	assert_int_equal(wakeq_length(q), 2);
	assert_int_equal(wakeq_evicted(q), 0);
	wakeq_free(q);
	assert_int_equal(dropped[0], 1);
	assert_int_equal(dropped[1], 1);
	assert_int_equal(dropped[2], 0);
}

static void
an_evicting_queue_drops_its_oldest_and_counts(void **state)
{
	struct wakeq *q = wakeq_new(4, 10, true, count_drop);

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_true(wakeq_push(q, &dropped[i], 2));
	assert_true(wakeq_push(q, &dropped[4], 5));
	assert_int_equal(wakeq_evicted(q), 2);
	assert_int_equal(dropped[0], 1);
	assert_int_equal(dropped[1], 1);
	assert_ptr_equal(wakeq_take(q), &dropped[2]);
	assert_true(wakeq_push(q, &dropped[5], 1000)); /* larger than the budget: alone */
	assert_int_equal(wakeq_length(q), 1);
	assert_ptr_equal(wakeq_take(q), &dropped[5]);
	assert_int_equal(dropped[3] + dropped[4], 2);
	wakeq_free(q);
}

static void *
produce(void *arg)
{
	static int item;
	struct wakeq *q = arg;

	for (int i = 0; i < EACH; i++)
		if (!wakeq_push(q, &item, 1))
			return arg;
	return NULL;
}

static void
nothing_is_lost_between_threads(void **state)
{
	struct wakeq *q = wakeq_new(PRODUCERS * EACH, PRODUCERS * EACH, false, NULL);
	struct pollfd p = { .events = POLLIN };
	pthread_t thread[PRODUCERS];
	size_t taken = 0, n;
	void *items[64], *failed;

	(void)state;
	p.fd = wakeq_fd(q);
	for (int i = 0; i < PRODUCERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, produce, q), 0);
	while (taken < PRODUCERS * EACH) {
		assert_int_equal(poll(&p, 1, 20000), 1);
		while ((n = wakeq_take_many(q, items, 64)) != 0)
			taken += n;
	}
	for (int i = 0; i < PRODUCERS; i++) {
		assert_int_equal(pthread_join(thread[i], &failed), 0);
		assert_null(failed);
	}
	assert_false(readable(q));
	wakeq_free(q);
}

static void
an_impossible_queue_is_refused(void **state)
{
	(void)state;
	assert_null(wakeq_new(0, 10, true, NULL));
	wakeq_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(items_come_out_in_order_and_wake_the_consumer, clear_drops),
		cmocka_unit_test_setup(a_full_queue_refuses_and_the_caller_keeps_the_item, clear_drops),
		cmocka_unit_test_setup(an_evicting_queue_drops_its_oldest_and_counts, clear_drops),
		cmocka_unit_test(nothing_is_lost_between_threads),
		cmocka_unit_test(an_impossible_queue_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
