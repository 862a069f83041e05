#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_broker.h"
#include "tests/unit/lib_link.h"

static void
open_to(struct link *l, const struct broker *b)
{
	const char *urls[] = { b->url };
	struct mqtt_options o = link_options(urls, 1);

	link_open(l, &o);
}

static void
messages_of_any_bytes_go_both_ways(void **state)
{
	static const uint8_t bytes[] = { 0, 1, 2, 0, 255, 128, 0 };
	struct mqtt_message *msg;
	struct mqtt_event *ev;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	open_to(&l, &b);
	link_subscribe(&l, "a/#", 0);
	ev = link_event(&l, MQTT_EVENT_CONNECTED);
	assert_int_equal(ev->version, 5);
	assert_false(ev->session_present);
	assert_true(mqtt_connected(l.m));
	free(ev);
	ev = link_event(&l, MQTT_EVENT_SUBSCRIBED);
	assert_true(span_is(ev->filter, "a/#"));
	assert_int_equal(ev->qos, 0);
	free(ev);
	assert_int_equal(mqtt_publish(l.m, span_of("a/b"), (struct span){ bytes, sizeof bytes }, 1,
	    false, 77), MQ_OK);
	msg = link_message(l.data);
	assert_int_equal(msg->topic_n, 3);
	assert_memory_equal(msg->topic, "a/b", 4);
	assert_int_equal(msg->n, sizeof bytes);
	assert_memory_equal(msg->payload, bytes, sizeof bytes);
	assert_false(msg->retained);
	assert_int_equal(msg->qos, 0);
	assert_true(msg->wall_ms > 1700000000000);
	free(msg);
	ev = link_event(&l, MQTT_EVENT_PUBLISHED);
	assert_int_equal(ev->id, 77);
	free(ev);
	link_publish(&l, "a/empty", "", 0, false, 0);
	msg = link_message(l.data);
	assert_int_equal(msg->n, 0);
	free(msg);
	assert_int_equal(mqtt_counts(l.m).received, 2);
	link_close(&l);
	broker_stop(&b);
}

static void
retained_control_messages_have_their_own_queue(void **state)
{
	struct mqtt_message *msg;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	open_to(&l, &b);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	link_publish(&l, "plant/mqgp.conf/secure", "conf", 1, true, 1);
	link_publish(&l, "plant/mqgp_conf/halt", "halt", 1, true, 2);
	link_publish(&l, "plant/mqgp.config", "data", 1, true, 3);
	link_expect(&l, MQTT_EVENT_PUBLISHED);
	link_expect(&l, MQTT_EVENT_PUBLISHED);
	link_expect(&l, MQTT_EVENT_PUBLISHED);
	link_subscribe(&l, "plant/#", 1);
	for (int i = 0; i < 2; i++) {
		msg = link_message(l.control);
		assert_true(msg->retained);
		assert_int_equal(msg->qos, 1);
		assert_memory_equal(msg->topic, "plant/mqgp", 10);
		free(msg);
	}
	msg = link_message(l.data);
	assert_memory_equal(msg->payload, "data", 5);
	assert_true(msg->retained);
	free(msg);
	link_subscribe(&l, "plant/mqgp.config", 1); /* asking again brings the stored copy again */
	msg = link_message(l.data);
	assert_true(msg->retained);
	free(msg);
	link_publish(&l, "plant/mqgp.config", "live", 1, true, 0);
	msg = link_message(l.data);
	assert_memory_equal(msg->payload, "live", 5);
	assert_false(msg->retained); /* retain as published is off */
	free(msg);
	link_close(&l);
	broker_stop(&b);
}

static void
topics_that_cannot_be_published_are_refused(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} bad[] = { { "", 0 }, { "a/+", 3 }, { "#", 1 }, { "a\0b", 3 }, { "\xff", 1 } };
	struct mqtt_filter f = { span_of("a/#/b"), 0 };
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	open_to(&l, &b);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(mqtt_publish(l.m, (struct span){ (const uint8_t *)bad[i].p, bad[i].n },
		    span_of("x"), 0, false, 0), MQ_EINVAL);
	assert_int_equal(mqtt_subscribe(l.m, &f, 1), MQ_EINVAL);
	link_close(&l);
	broker_stop(&b);
}

static void
topics_of_the_broker_come_only_when_asked_for(void **state)
{
	struct mqtt_message *msg;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .extra = "sys_interval 1\n" }));
	open_to(&l, &b);
	link_subscribe(&l, "$SYS/broker/version", 0);
	msg = link_message(l.data);
	assert_memory_equal(msg->topic, "$SYS/broker/version", 20);
	free(msg);
	link_close(&l);
	broker_stop(&b);
}

static void
after_a_crash_of_the_broker_the_link_returns_and_subscribes_again(void **state)
{
	struct mqtt_message *msg;
	struct mqtt_event *ev;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	open_to(&l, &b);
	link_subscribe(&l, "x/+", 1);
	link_expect(&l, MQTT_EVENT_SUBSCRIBED);
	broker_kill(&b);
	ev = link_event(&l, MQTT_EVENT_LOST);
	assert_true(ev->words[0] != 0);
	assert_true(ev->retry_ms >= 15 && ev->retry_ms <= 25);
	free(ev);
	assert_int_equal(mqtt_publish(l.m, span_of("x/1"), span_of("y"), 1, false, 5), MQ_ENET);
	ev = link_event(&l, MQTT_EVENT_REFUSED);
	assert_non_null(strstr(ev->words, "Connection refused"));
	free(ev);
	assert_true(broker_restart(&b));
	link_expect(&l, MQTT_EVENT_CONNECTED);
	ev = link_event(&l, MQTT_EVENT_SUBSCRIBED);
	assert_true(span_is(ev->filter, "x/+"));
	free(ev);
	link_publish(&l, "x/1", "back", 1, false, 0);
	msg = link_message(l.data);
	assert_memory_equal(msg->payload, "back", 5);
	free(msg);
	link_close(&l);
	broker_stop(&b);
}

static void
a_wrong_password_is_refused_in_words(void **state)
{
	const struct broker_options with_users = { .user = "ops", .password = "secret" };
	struct secret wrong = secret_copy("wrong", 5), right = secret_copy("secret", 6);
	enum mqtt_version versions[] = { MQTT_VERSION_AUTO, MQTT_VERSION_3 };
	const char *urls[1];
	struct mqtt_options o;
	struct mqtt_event *ev;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &with_users));
	urls[0] = b.url;
	for (size_t i = 0; i < 2; i++) {
		o = link_options(urls, 1);
		o.user = "ops";
		o.password = &wrong;
		o.version = versions[i];
		link_open(&l, &o);
		ev = link_event(&l, MQTT_EVENT_REFUSED);
		assert_int_equal(ev->code, i == 0 ? 0x87 : 5);
		assert_non_null(strstr(ev->words, "user"));
		assert_non_null(strstr(ev->words, "ops"));
		free(ev);
		ev = link_event(&l, MQTT_EVENT_CONNECTING); /* no other version: it is the password */
		assert_int_equal(ev->version, i == 0 ? 5 : 4);
		free(ev);
		link_close(&l);
	}
	o.password = &right;
	link_open(&l, &o);
	ev = link_event(&l, MQTT_EVENT_CONNECTED);
	assert_int_equal(ev->version, 4);
	free(ev);
	link_close(&l);
	secret_free(&wrong);
	secret_free(&right);
	broker_stop(&b);
}

/* mosquitto's acl_file never denies a SUBSCRIBE: it grants it and delivers nothing. What it denies
 * openly is a publish, and only MQTT 5 has an answer for that; mosquitto 2.0.11 then also ends the
 * connection. t_mqtt_evil.c has denied filters. */
static void
a_publish_against_the_rules_is_reported(void **state)
{
	struct mqtt_event *ev;
	struct broker b;
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .acl = "topic readwrite ok/#\n" }));
	open_to(&l, &b);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	link_publish(&l, "forbidden/x", "x", 1, false, 9);
	ev = link_event(&l, MQTT_EVENT_UNPUBLISHED);
	assert_int_equal(ev->id, 9);
	assert_int_equal(ev->code, 0x87);
	assert_non_null(strstr(ev->words, "rules"));
	free(ev);
	link_close(&l);
	broker_stop(&b);
}

static void
the_second_address_serves_when_the_first_is_dead(void **state)
{
	struct mqtt_event *ev;
	struct broker b;
	char dead[64];
	const char *urls[2] = { dead, b.url };
	struct mqtt_options o = link_options(urls, 2);
	struct link l;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	(void)snprintf(dead, sizeof dead, "mqtt://127.0.0.1:%u", free_port());
	link_open(&l, &o);
	ev = link_event(&l, MQTT_EVENT_REFUSED);
	assert_int_equal(ev->url, 0);
	assert_int_equal(ev->retry_ms, 0);
	free(ev);
	ev = link_event(&l, MQTT_EVENT_CONNECTED);
	assert_int_equal(ev->url, 1);
	assert_string_equal(mqtt_url_shown(l.m, 1), b.url);
	free(ev);
	link_close(&l);
	broker_stop(&b);
}

static void
stopping_sends_what_was_accepted_and_leaves_no_will(void **state)
{
	enum { COUNT = 500 };
	struct mqtt_message *msg;
	struct mqtt_options o;
	const char *urls[1];
	struct broker b;
	struct link l, watcher;

	(void)state;
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	urls[0] = b.url;
	open_to(&watcher, &b);
	link_subscribe(&watcher, "#", 1);
	link_expect(&watcher, MQTT_EVENT_SUBSCRIBED);
	o = link_options(urls, 1);
	o.will_topic = span_of("will");
	o.will_payload = span_of("gone");
	link_open(&l, &o);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	for (uint64_t i = 0; i < COUNT; i++)
		link_publish(&l, "t", "x", 1, false, 0);
	assert_int_equal(mqtt_stop(l.m), MQ_OK);
	assert_int_equal(mqtt_publish(l.m, span_of("t"), span_of("x"), 1, false, 0), MQ_ENET);
	mqtt_free(l.m); /* waits for the end */
	l.m = NULL;
	link_expect(&l, MQTT_EVENT_STOPPED);
	assert_int_equal(wakeq_length(l.events), 0);
	link_close(&l);
	link_publish(&watcher, "end", "", 1, false, 0);
	for (int i = 0; i <= COUNT; i++) {
		msg = link_message(watcher.data);
		assert_string_equal((char *)msg->topic, i < COUNT ? "t" : "end");
		free(msg);
	}
	link_close(&watcher);
	broker_stop(&b);
}

static void
pauses_double_up_to_a_limit_and_are_spread(void **state)
{
	(void)state;
	assert_int_equal(mqtt_pause_ms(0, 1000, 60000, 0), 750);
	assert_int_equal(mqtt_pause_ms(0, 1000, 60000, UINT32_MAX), 1250);
	assert_int_equal(mqtt_pause_ms(3, 1000, 60000, UINT32_MAX / 2), 7999);
	assert_int_equal(mqtt_pause_ms(6, 1000, 60000, 0), 45000);
	assert_int_equal(mqtt_pause_ms(4000000000U, 1000, 60000, UINT32_MAX), 75000);
}

static void
a_link_that_was_never_started_can_be_freed(void **state)
{
	static const char *const urls[] = { "mqtt://127.0.0.1", "http://127.0.0.1" };
	struct mqtt_options o = link_options(urls, 1);
	struct mq_error e;
	struct mqtt *m;

	(void)state;
	assert_int_equal(mqtt_new(&m, &o, NULL), MQ_OK);
	assert_string_equal(mqtt_url_shown(m, 0), "mqtt://127.0.0.1:1883");
	mqtt_free(m);
	o.urls_n = 2;
	assert_int_equal(mqtt_new(&m, &o, &e), MQ_EINVAL);
	assert_non_null(strstr(e.text, "mqtts://"));
	o.urls_n = 0;
	assert_int_equal(mqtt_new(&m, &o, &e), MQ_EINVAL);
	mqtt_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_of_any_bytes_go_both_ways),
		cmocka_unit_test(retained_control_messages_have_their_own_queue),
		cmocka_unit_test(topics_that_cannot_be_published_are_refused),
		cmocka_unit_test(topics_of_the_broker_come_only_when_asked_for),
		cmocka_unit_test(after_a_crash_of_the_broker_the_link_returns_and_subscribes_again),
		cmocka_unit_test(a_wrong_password_is_refused_in_words),
		cmocka_unit_test(a_publish_against_the_rules_is_reported),
		cmocka_unit_test(the_second_address_serves_when_the_first_is_dead),
		cmocka_unit_test(stopping_sends_what_was_accepted_and_leaves_no_will),
		cmocka_unit_test(pauses_double_up_to_a_limit_and_are_spread),
		cmocka_unit_test(a_link_that_was_never_started_can_be_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
