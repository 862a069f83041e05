/*
 * The connection: what happened to it, and which subscriptions the broker granted.
 *
 * A ring of the last events and a small table. Text of the broker is hostile and kept as bytes that
 * must be drawn escaped. Owned by the engine thread; not thread-safe.
 */
#ifndef MQGP_CORE_MODEL_CONNLOG_H
#define MQGP_CORE_MODEL_CONNLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

#define CONNLOG_EVENTS 512 /* a night of reconnects at the longest back-off */
#define CONNLOG_SUBS_MAX 4096
#define CONNLOG_BROKER 160
#define CONNLOG_WORDS 200

enum conn_kind { /* `state` of "ev":"link" */
	CONN_CONNECTING, CONN_CONNECTED, CONN_LOST, CONN_REFUSED, CONN_SUBSCRIBED, CONN_DENIED,
	CONN_CLOSED,
};
const char *conn_kind_name(enum conn_kind k);

struct conn_event {
	uint64_t n; /* 1, 2, ... */
	int64_t time_ms;
	enum conn_kind kind;
	char broker[CONNLOG_BROKER];
	int code; /* reason code, 0 = none */
	char words[CONNLOG_WORDS]; /* of the code, or of the broker */
	int64_t duration_ms; /* how long it took, or how long the connection had stood; -1 unknown */
	bool session_present;
};

struct conn_sub {
	char *filter; /* owned, UTF-8 of ours */
	int wanted_qos;
	int granted; /* 0..2, 128 or more: refused with this code, -1: asked, no answer yet */
	char words[64]; /* why refused */
};

struct connlog {
	struct conn_event *ring;
	uint64_t n_events; /* ever */
	struct conn_sub *sub;
	size_t n_subs, cap_subs;
};

enum mq_err connlog_init(struct connlog *c);
void connlog_done(struct connlog *c);
/* Adds an event (n is set here). */
void connlog_add(struct connlog *c, const struct conn_event *e);
/* The i-th newest, 0 = newest; NULL: fewer are kept. */
const struct conn_event *connlog_nth(const struct connlog *c, size_t i);
size_t connlog_count(const struct connlog *c); /* kept */
/* Sets the row of a filter, adding it. granted as in struct conn_sub. */
enum mq_err connlog_set_sub(struct connlog *c, const char *filter, int wanted_qos, int granted,
    const char *words);
void connlog_remove_sub(struct connlog *c, const char *filter);
void connlog_ask_again(struct connlog *c); /* after a reconnect: every row waits for its answer */
size_t connlog_denied(const struct connlog *c);

#endif
