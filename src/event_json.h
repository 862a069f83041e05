/*
 * One engine event as one line: JSON (CONTRACT, `watch --json`) or words for people.
 *
 * Bytes whose verdict is not green appear only as raw_b64, never as value. Both forms are safe on a
 * terminal. Pure.
 */
#ifndef MQGP_SRC_EVENT_JSON_H
#define MQGP_SRC_EVENT_JSON_H

#include "core/net/engine.h"

/* Appends the line with its LF. */
enum mq_err event_put_json(struct buf *out, const struct engine_event *ev);
enum mq_err event_put_words(struct buf *out, const struct engine_event *ev);
struct watch_sum {
	uint64_t messages, bad, lost, dropped;
};
enum mq_err event_put_end(struct buf *out, const struct watch_sum *sum, bool json);
/* The class of an event that has one, else CLASS_NEUTRAL. */
enum verdict_class event_class(const struct engine_event *ev);

#endif
