/*
 * A link under test: its queues, and waiting for what arrives on them with a deadline.
 */
#ifndef MQGP_TESTS_UNIT_LIB_LINK_H
#define MQGP_TESTS_UNIT_LIB_LINK_H

#include <stdint.h>

#include "core/net/mqtt.h"

struct link {
	struct mqtt *m;
	struct wakeq *data, *control, *events;
};

/* Options for quick tests: retries after 20 to 200 ms, queues to be filled by link_open. */
struct mqtt_options link_options(const char *const *urls, size_t n);
void link_open(struct link *l, struct mqtt_options *o);
void link_close(struct link *l);
/* The next event of that kind; others are freed. Fails the test after a deadline. free() it. */
struct mqtt_event *link_event(struct link *l, enum mqtt_event_kind kind);
struct mqtt_event *link_event_any(struct link *l);
/* The same as link_event, and frees it. */
void link_expect(struct link *l, enum mqtt_event_kind kind);
struct mqtt_message *link_message(struct wakeq *q);
void link_subscribe(struct link *l, const char *filter, int qos);
void link_publish(struct link *l, const char *topic, const char *payload, int qos, bool retain,
    uint64_t id);

#endif
