#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_evil.h"
#include "tests/unit/lib_link.h"

static void
open_to(struct link *l, const struct evil *e)
{
	const char *urls[] = { e->url };
	struct mqtt_options o = link_options(urls, 1);

	link_open(l, &o);
}

static void
expect_fall_back(const struct evil_options *how, int code)
{
	struct mqtt_event *ev;
	struct evil e;
	struct link l;

	assert_true(evil_start(&e, how));
	open_to(&l, &e);
	ev = link_event(&l, MQTT_EVENT_REFUSED);
	assert_int_equal(ev->version, 5);
	assert_int_equal(ev->code, code);
	assert_int_equal(ev->retry_ms, 0);
	free(ev);
	ev = link_event(&l, MQTT_EVENT_CONNECTED);
	assert_int_equal(ev->version, 4);
	free(ev);
	assert_int_equal(atomic_load(&e.connects5), 1);
	assert_int_equal(atomic_load(&e.connects3), 1);
	link_subscribe(&l, "a", 1);
	link_expect(&l, MQTT_EVENT_SUBSCRIBED);
	link_close(&l);
	evil_stop(&e);
}

static void
a_broker_that_closes_on_mqtt_5_is_spoken_to_in_3_1_1(void **state)
{
	(void)state;
	expect_fall_back(&(struct evil_options){ .closes_on_5 = true, .grants = -1 }, -1);
}

static void
a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1(void **state)
{
	(void)state;
	expect_fall_back(&(struct evil_options){ .code_for_5 = 1, .grants = -1 }, 1);
	expect_fall_back(&(struct evil_options){ .code_for_5 = 0x84, .grants = -1 }, 0x84);
}

static void
a_version_that_is_demanded_is_not_changed(void **state)
{
	const char *urls[1];
	struct mqtt_options o;
	struct evil e;
	struct link l;

	(void)state;
	assert_true(evil_start(&e, &(struct evil_options){ .closes_on_5 = true, .grants = -1 }));
	urls[0] = e.url;
	o = link_options(urls, 1);
	o.version = MQTT_VERSION_5;
	link_open(&l, &o);
	for (int i = 0; i < 3; i++)
		link_expect(&l, MQTT_EVENT_REFUSED);
	assert_int_equal(atomic_load(&e.connects3), 0);
	link_close(&l);
	evil_stop(&e);
}

static void
denied_filters_are_asked_for_again(void **state)
{
	struct mqtt_event *ev;
	struct evil e;
	struct link l;

	(void)state;
	assert_true(evil_start(&e, &(struct evil_options){ .denials = 3, .grants = -1 }));
	open_to(&l, &e);
	link_subscribe(&l, "a/b", 1);
	ev = link_event(&l, MQTT_EVENT_DENIED);
	assert_true(span_is(ev->filter, "a/b"));
	assert_int_equal(ev->code, 0x80);
	assert_non_null(strstr(ev->words, "refused"));
	free(ev);
	ev = link_event_any(&l); /* told once, not at every try */
	assert_int_equal(ev->kind, MQTT_EVENT_SUBSCRIBED);
	assert_int_equal(ev->qos, 1);
	free(ev);
	assert_int_equal(atomic_load(&e.subscribes), 4);
	link_close(&l);
	evil_stop(&e);
}

static void
publishes_are_capped_at_what_was_granted(void **state)
{
	struct mqtt_event *ev;
	struct evil e;
	struct link l;

	(void)state;
	assert_true(evil_start(&e, &(struct evil_options){ .grants = 1 }));
	open_to(&l, &e);
	link_subscribe(&l, "a/b", 2);
	ev = link_event(&l, MQTT_EVENT_SUBSCRIBED);
	assert_int_equal(ev->qos, 1);
	free(ev);
	link_publish(&l, "x", "y", 2, false, 3);
	link_expect(&l, MQTT_EVENT_PUBLISHED);
	assert_int_equal(atomic_load(&e.publishes), 1);
	assert_int_equal(atomic_load(&e.most_qos), 1);
	link_close(&l);
	evil_stop(&e);
}

static void
topics_no_broker_should_send_arrive_with_their_true_length(void **state)
{
	static const uint8_t bytes[] = {
		0x30, 10, 0, 5, 'a', 0, 'b', 0, 'c', 'x', 'y', 'z', /* NUL in the topic, MQTT 3.1.1 */
		0x30, 5, 0, 2, '$', 'x', '1',			     /* nobody asked for $x */
		0x30, 3, 0, 0, '2',				     /* an empty topic */
		0x31, 6, 0, 3, 'n', '/', '+', '3',		     /* a wildcard, retained */
	};
	struct evil_options how = { .closes_on_5 = true, .grants = -1, .after_suback = bytes,
		.after_suback_n = sizeof bytes };
	struct mqtt_message *msg;
	struct evil e;
	struct link l;

	(void)state;
	assert_true(evil_start(&e, &how));
	open_to(&l, &e);
	link_subscribe(&l, "a", 0);
	msg = link_message(l.data);
	assert_int_equal(msg->topic_n, 5);
	assert_memory_equal(msg->topic, "a\0b\0c", 6);
	assert_int_equal(msg->n, 3);
	assert_memory_equal(msg->payload, "xyz", 4);
	free(msg);
	msg = link_message(l.data);
	assert_int_equal(msg->topic_n, 0);
	assert_memory_equal(msg->payload, "2", 2);
	free(msg);
	msg = link_message(l.data);
	assert_memory_equal(msg->topic, "n/+", 4);
	assert_true(msg->retained);
	free(msg);
	assert_int_equal(mqtt_counts(l.m).broker_topics, 1);
	assert_int_equal(mqtt_counts(l.m).received, 4);
	link_close(&l);
	evil_stop(&e);
}

static void
a_silent_broker_does_not_hold_up_the_end(void **state)
{
	struct evil e;
	struct link l;

	(void)state;
	assert_true(evil_start(&e, &(struct evil_options){ .never_connacks = true }));
	open_to(&l, &e);
	link_expect(&l, MQTT_EVENT_CONNECTING);
	assert_int_equal(mqtt_stop(l.m), MQ_OK);
	link_expect(&l, MQTT_EVENT_STOPPED);
	link_close(&l);
	evil_stop(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_that_closes_on_mqtt_5_is_spoken_to_in_3_1_1),
		cmocka_unit_test(a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1),
		cmocka_unit_test(a_version_that_is_demanded_is_not_changed),
		cmocka_unit_test(denied_filters_are_asked_for_again),
		cmocka_unit_test(publishes_are_capped_at_what_was_granted),
		cmocka_unit_test(topics_no_broker_should_send_arrive_with_their_true_length),
		cmocka_unit_test(a_silent_broker_does_not_hold_up_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
