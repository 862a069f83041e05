#include "tests/unit/lib_link.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define DEADLINE_MS 30000 /* never reached unless the test fails */
#define ROOM (MQTT_OUT_MAX + 4096)

struct mqtt_options
link_options(const char *const *urls, size_t n)
{
	return (struct mqtt_options){
		.urls = urls,
		.urls_n = n,
		.retry_min_ms = 20,
		.retry_max_ms = 200,
		.clock = clock_real(),
	};
}

void
link_open(struct link *l, struct mqtt_options *o)
{
	struct mq_error e = { .text = "" };

	l->data = wakeq_new(100000, 64U << 20, true, free);
	l->control = wakeq_new(1000, 64U << 20, false, free);
	l->events = wakeq_new(ROOM, SIZE_MAX, false, free);
	assert_non_null(l->data);
	assert_non_null(l->control);
	assert_non_null(l->events);
	o->q = (struct mqtt_queues){ l->data, l->control, l->events };
	if (mqtt_new(&l->m, o, &e) != MQ_OK)
		fail_msg("%s", e.text);
	assert_int_equal(mqtt_start(l->m, &e), MQ_OK);
}

void
link_close(struct link *l)
{
	mqtt_free(l->m);
	wakeq_free(l->events);
	wakeq_free(l->control);
	wakeq_free(l->data);
}

static void *
take(struct wakeq *q, const char *what)
{
	struct pollfd p = { .fd = wakeq_fd(q), .events = POLLIN };
	void *item;

	while ((item = wakeq_take(q)) == NULL)
		if (poll(&p, 1, DEADLINE_MS) == 0)
			fail_msg("waited in vain for %s", what);
	return item;
}

struct mqtt_event *
link_event_any(struct link *l)
{
	return take(l->events, "any event");
}

struct mqtt_event *
link_event(struct link *l, enum mqtt_event_kind kind)
{
	for (;;) {
		struct mqtt_event *ev = take(l->events, mqtt_event_name(kind));

		if (ev->kind == kind)
			return ev;
		free(ev);
	}
}

void
link_expect(struct link *l, enum mqtt_event_kind kind)
{
	free(link_event(l, kind));
}

struct mqtt_message *
link_message(struct wakeq *q)
{
	return take(q, "a message");
}

void
link_subscribe(struct link *l, const char *filter, int qos)
{
	struct mqtt_filter f = { span_of(filter), qos };

	assert_int_equal(mqtt_subscribe(l->m, &f, 1), MQ_OK);
}

void
link_publish(struct link *l, const char *topic, const char *payload, int qos, bool retain,
    uint64_t id)
{
	assert_int_equal(mqtt_publish(l->m, span_of(topic), span_of(payload), qos, retain, id), MQ_OK);
}
