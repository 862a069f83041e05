#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/lib_broker.h"
#include "tests/unit/lib_link.h"

/* Paho 1.3.12 forgets topic and payload of the one publish it was writing when the connection
 * broke. Only this program breaks connections that way, so all others still look for leaks. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libpaho-mqtt3as";
}

static void
open_to(struct link *l, const struct broker *b)
{
	const char *urls[] = { b->url };
	struct mqtt_options o = link_options(urls, 1);

	link_open(l, &o);
}

/* Notes the end of a publish. False: some other event. */
static bool
note_end(struct mqtt_event *ev, uint8_t *ends, uint64_t *published)
{
	bool end = ev->kind == MQTT_EVENT_PUBLISHED || ev->kind == MQTT_EVENT_UNPUBLISHED;

	if (end)
		ends[ev->id]++;
	if (ev->kind == MQTT_EVENT_PUBLISHED)
		(*published)++;
	free(ev);
	return end;
}

static void
every_accepted_publish_ends_in_exactly_one_event(void **state)
{
	enum { COUNT = 12000 }; /* several times what may be outstanding */
	uint8_t *ends = calloc(COUNT + 1, 1);
	uint64_t accepted = 0, ended = 0, published = 0;
	struct mqtt_event *ev;
	struct broker b;
	struct link l;
	enum mq_err r;

	(void)state;
	assert_non_null(ends);
	assert_true(broker_start(&b, &(struct broker_options){ .tls = false }));
	open_to(&l, &b);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	while (accepted < COUNT) {
		r = mqtt_publish(l.m, span_of("t"), span_of("payload"), 1, false, accepted + 1);
		accepted += r == MQ_OK;
		if (accepted == COUNT / 2)
			broker_kill(&b); /* with thousands under way */
		if (r == MQ_ENET)
			break;
		if (r == MQ_OK)
			continue;
		assert_int_equal(r, MQ_EAGAIN);
		do { /* ROOM comes once there is some */
			ev = link_event_any(&l);
			r = ev->kind == MQTT_EVENT_ROOM || ev->kind == MQTT_EVENT_LOST ? MQ_OK : MQ_EAGAIN;
			ended += note_end(ev, ends, &published);
		} while (r != MQ_OK);
	}
	while (ended < accepted)
		ended += note_end(link_event_any(&l), ends, &published);
	assert_true(published >= COUNT / 2 - MQTT_OUT_MAX && published < COUNT);
	for (uint64_t i = 1; i <= accepted; i++)
		assert_int_equal(ends[i], 1);
	assert_int_equal(ends[0], 0);
	assert_int_equal(mqtt_counts(l.m).no_memory, 0);
	free(ends);
	link_close(&l);
	broker_stop(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_accepted_publish_ends_in_exactly_one_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
