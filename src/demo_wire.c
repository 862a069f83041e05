#include "src/demo_wire.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf/conf.h"
#include "core/net/mqtt.h"

#define INBOX_ITEMS 4096
#define INBOX_BYTES (4u << 20)
#define OURS 32 /* publishes of our own that may still come back */

struct heard {
	uint8_t *topic;
	size_t topic_n;
	struct mqtt_message *m[DEMO_KEPT]; /* ring */
	size_t n;			    /* ever */
};

struct demo_wire {
	struct mqtt *link;
	struct wakeq *inbox, *events;
	struct heard heard[DEMO_TOPICS];
	size_t n_heard;
	uint8_t ours[OURS][HASH_BYTES];
	size_t n_ours;
};

static enum mq_err
subscribe(struct demo_wire *w, const char *const *trees)
{
	enum mq_err r = MQ_OK;
	struct buf b;

	buf_init(&b, 1024);
	for (; *trees != NULL && r == MQ_OK; trees++) {
		struct mqtt_filter f = { .qos = 0 };

		buf_reset(&b);
		if ((r = buf_printf(&b, "%s/#", *trees)) != MQ_OK)
			break;
		f.filter = buf_span(&b);
		r = mqtt_subscribe(w->link, &f, 1);
	}
	buf_done(&b);
	return r;
}

enum mq_err
demo_wire_open(struct demo_wire **out, const char *url, const char *const *trees,
    struct mq_error *e)
{
	struct demo_wire *w = calloc(1, sizeof *w);
	struct mqtt_options o = { .urls = &url, .urls_n = 1, .client_id = "mqgp-demo",
		.clock = clock_real() };
	enum mq_err r;

	if (w == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	w->inbox = wakeq_new(INBOX_ITEMS, INBOX_BYTES, true, free);
	w->events = wakeq_new(2 * MQTT_OUT_MAX, INBOX_BYTES, true, free);
	if (w->inbox == NULL || w->events == NULL) {
		demo_wire_close(w);
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	}
	o.q = (struct mqtt_queues){ .data = w->inbox, .events = w->events };
	if ((r = mqtt_new(&w->link, &o, e)) != MQ_OK || (r = subscribe(w, trees)) != MQ_OK ||
	    (r = mqtt_start(w->link, e)) != MQ_OK) {
		demo_wire_close(w);
		return r;
	}
	*out = w;
	return MQ_OK;
}

void
demo_wire_close(struct demo_wire *w)
{
	if (w == NULL)
		return;
	if (w->link != NULL)
		mqtt_free(w->link);
	for (size_t i = 0; i < w->n_heard; i++) {
		free(w->heard[i].topic);
		for (size_t k = 0; k < DEMO_KEPT; k++)
			free(w->heard[i].m[k]);
	}
	wakeq_free(w->inbox);
	wakeq_free(w->events);
	free(w);
}

int
demo_wire_fd(const struct demo_wire *w)
{
	return wakeq_fd(w->inbox);
}

/* ---- recording */

/* n_heard if it is not known. */
static size_t
find(const struct demo_wire *w, struct span topic)
{
	size_t i = 0;

	while (i < w->n_heard &&
	    !span_eq(topic, (struct span){ w->heard[i].topic, w->heard[i].topic_n }))
		i++;
	return i;
}

static struct heard *
find_or_add(struct demo_wire *w, struct span topic)
{
	size_t i = find(w, topic);
	struct heard *h;

	if (i < w->n_heard)
		return &w->heard[i];
	if (i == DEMO_TOPICS)
		return NULL;
	h = &w->heard[i];
	if ((h->topic = (uint8_t *)span_dup(topic)) == NULL)
		return NULL;
	h->topic_n = topic.n;
	w->n_heard++;
	return h;
}

static bool
is_ours(const struct demo_wire *w, struct span payload)
{
	uint8_t hash[HASH_BYTES];

	conf_hash(hash, payload);
	for (size_t i = 0; i < OURS && i < w->n_ours; i++)
		if (memcmp(w->ours[i], hash, sizeof hash) == 0)
			return true;
	return false;
}

void
demo_wire_take(struct demo_wire *w)
{
	struct mqtt_message *m;

	for (void *event; (event = wakeq_take(w->events)) != NULL;)
		free(event); /* the link keeps itself alive; nobody reads about it here */
	while ((m = wakeq_take(w->inbox)) != NULL) {
		struct span payload = { m->payload, m->n };
		struct heard *h = NULL;

		if (m->n != 0 && !is_ours(w, payload))
			h = find_or_add(w, (struct span){ m->topic, m->topic_n });
		if (h == NULL) {
			free(m);
			continue;
		}
		free(h->m[h->n % DEMO_KEPT]);
		h->m[h->n++ % DEMO_KEPT] = m;
	}
}

struct span
demo_wire_heard(const struct demo_wire *w, struct span topic, unsigned back)
{
	size_t i = find(w, topic);
	const struct heard *h = &w->heard[i];
	const struct mqtt_message *m;

	if (i == w->n_heard || back >= DEMO_KEPT || back >= h->n)
		return (struct span){ NULL, 0 };
	m = h->m[(h->n - 1 - back) % DEMO_KEPT];
	return (struct span){ m->payload, m->n };
}

enum mq_err
demo_wire_publish(struct demo_wire *w, struct span topic, struct span payload, bool retain,
    struct mq_error *e)
{
	enum mq_err r;

	conf_hash(w->ours[w->n_ours++ % OURS], payload);
	r = mqtt_publish(w->link, topic, payload, 0, retain, 0);
	return r == MQ_OK ? MQ_OK : mq_fail(e, r, "the demo's own link to the broker is down");
}
