#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/flow/gateway_impl.h"
#include "tests/unit/lib_gateway.h"

static void
values_wait_for_the_link_and_what_does_not_fit_is_counted(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char text[16];

	bench_claim(b);
	b->up = false;
	gateway_link(b->g, false);
	for (int i = 0; i < GATEWAY_QUEUE_MAX + 10; i++) {
		(void)snprintf(text, sizeof text, "%d", i);
		assert_int_equal(gateway_data(b->g, span_of("t"), span_of(text), 0, false), MQ_OK);
	}
	assert_false(gateway_wants_data(b->g));
	assert_int_equal(b->n_values, 0);
	b->up = true;
	gateway_link(b->g, true);
	bench_settle(b);
	assert_int_equal(b->n_values, GATEWAY_QUEUE_MAX);
	assert_int_equal(rd64(b->value[0].envelope.p + 16) & UINT32_MAX, 1); /* no gap in numbers */
	bench_pass(b, 31);
	bench_status(b, &r);
	assert_int_equal(r.lost_link, 10);
	assert_int_equal(r.n_ck, 1);
	assert_int_equal(r.ck[0].seq & UINT32_MAX, GATEWAY_QUEUE_MAX);
}

static void
what_is_too_large_or_no_topic_is_refused(void **state)
{
	struct bench *b = *state;
	char *large = calloc(1, 70000);

	bench_claim(b);
	assert_int_equal(gateway_data(b->g, span_of("t"), (struct span){ (uint8_t *)large, 65537 }, 0,
	    false), MQ_ELIMIT);
	assert_int_equal(gateway_data(b->g, span_of(""), span_of("1"), 0, false), MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, span_of("a/+"), span_of("1"), 0, false), MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, span_of("mqgp.conf/secure"), span_of("1"), 0, false),
	    MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, (struct span){ (const uint8_t *)"a\0b", 3 }, span_of("1"),
	    0, false), MQ_EINVAL);
	assert_int_equal(b->n_values, 0);
	free(large);
}

static void
a_ping_comes_back_in_the_next_status(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char hex[33];

	bench_claim(b);
	bench_pass(b, 2);
	bench_publish(b, "ping", span_of("00112233445566778899aabbccddeeff"));
	bench_pass(b, 2);
	bench_status(b, &r);
	assert_int_equal(r.n_echo, 1);
	text_hex(hex, r.echo[0], 16);
	assert_string_equal(hex, "00112233445566778899aabbccddeeff");
	bench_publish(b, "ping", span_of("00112233445566778899AABBCCDDEEFF"));
	bench_pass(b, 31);
	bench_status(b, &r);
	assert_int_equal(r.n_echo, 0);
}

static uint64_t
seq_of(const struct bench *b, size_t i)
{
	return rd64(b->value[i].envelope.p + 16);
}

static void
a_counter_that_is_used_up_costs_a_new_boot(void **state)
{
	struct bench *b = *state;
	uint32_t boot;

	bench_claim(b);
	bench_value_is_good(b);
	boot = (uint32_t)(seq_of(b, 0) >> 32);
	b->g->data.topic[0].ctr = UINT32_MAX - 1;
	bench_value_is_good(b);
	assert_int_equal(seq_of(b, 1), (uint64_t)boot << 32 | UINT32_MAX);
	bench_value_is_good(b);
	assert_int_equal(seq_of(b, 2), (uint64_t)(boot + 1) << 32 | 1);
	assert_int_equal(b->store->meta.boot, boot + 1); /* on disk before the message */
}

static void
every_topic_has_its_counter_and_its_line_in_a_status_of_pages(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char topic[16];

	bench_claim(b);
	for (int i = 0; i < 2 * STATUS_CK_MAX + 1; i++) {
		(void)snprintf(topic, sizeof topic, "t%d", i);
		assert_int_equal(gateway_data(b->g, span_of(topic), span_of("1"), 0, false), MQ_OK);
		assert_int_equal(seq_of(b, (size_t)i) & UINT32_MAX, 1);
	}
	bench_pass(b, 31);
	bench_status(b, &r); /* the bench keeps the last page that came */
	assert_int_equal(r.pages, 3);
	assert_int_equal(r.page, 3);
	assert_int_equal(r.n_ck, 1);
}

static void
retained_values_say_so_under_the_signature(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	assert_int_equal(gateway_data(b->g, span_of("t"), span_of("1"), 1, true), MQ_OK);
	assert_true(b->value[0].retain);
	assert_int_equal(b->value[0].envelope.p[6], 1);
}

static void
what_the_link_refuses_for_now_keeps_its_number(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	b->refuse_data = MQ_EAGAIN;
	assert_int_equal(gateway_data(b->g, span_of("t"), span_of("1"), 0, false), MQ_OK);
	assert_int_equal(gateway_data(b->g, span_of("t"), span_of("2"), 0, false), MQ_OK);
	assert_int_equal(b->n_values, 0);
	b->refuse_data = MQ_OK;
	gateway_room(b->g);
	assert_int_equal(b->n_values, 2);
	assert_int_equal(seq_of(b, 0) & UINT32_MAX, 1);
	assert_int_equal(seq_of(b, 1) & UINT32_MAX, 2);
}

static void
values_that_wait_leave_under_the_conf_of_the_moment(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	b->refuse_data = MQ_EAGAIN;
	assert_int_equal(gateway_data(b->g, span_of("t"), span_of("1"), 0, false), MQ_OK);
	bench_next(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	b->refuse_data = MQ_OK;
	gateway_room(b->g);
	assert_int_equal(b->n_values, 1);
	assert_int_equal(rd32(b->value[0].envelope.p + 8), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_with_openpgp, bench_end)
#define T1(f) cmocka_unit_test_setup_teardown(f, bench_without_openpgp, bench_end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T1(values_wait_for_the_link_and_what_does_not_fit_is_counted),
		T1(what_is_too_large_or_no_topic_is_refused),
		T1(a_ping_comes_back_in_the_next_status),
		T1(a_counter_that_is_used_up_costs_a_new_boot),
		T1(every_topic_has_its_counter_and_its_line_in_a_status_of_pages),
		T1(retained_values_say_so_under_the_signature),
		T1(what_the_link_refuses_for_now_keeps_its_number),
		T1(values_that_wait_leave_under_the_conf_of_the_moment),
	};

	pgp_child_main(argc, argv);
	bench_quiet(); /* refusals are what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
