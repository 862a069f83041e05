/*
 * Every broker address of the profile on a link of its own: what the network, TLS and MQTT say, and
 * whether the topics of the profile's trees may be read.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/topic.h"
#include "core/net/mqtt.h"
#include "core/net/url.h"
#include "src/doctor.h"

#define CONNECT_MS 20000 /* name, connection, TLS and CONNECT at their own deadlines */
#define GRANT_MS 5000
#define ROUND_MS 200
#define QUEUE_ITEMS (MQTT_OUT_MAX + 64)
#define QUEUE_BYTES (8u << 20)
#define CERT_SOON_DAYS 30
#define DAY 86400
#define TREES_MAX 16

struct visit {
	struct doctor *d;
	const char *url;
	struct mqtt *mqtt;
	struct wakeq *data, *events;
	bool up, refused, cert_seen;
	size_t asked, answered;
};

/* ---- what the broker said */

static void
tell_certificate(struct visit *v, const struct tls_facts *f)
{
	char until[TEXT_TIME_MAX];
	int64_t left = f->not_after - clock_wall(&v->d->clock);

	if (v->cert_seen) /* 3.1.1 after 5 shakes hands again */
		return;
	v->cert_seen = true;
	text_put_time(until, f->not_after);
	if (f->pin_set && !f->pin_ok)
		doctor_say(v->d, HEALTH_BAD, "certificate",
		    "ask the broker's operator; change tls-pin only after comparing",
		    "%.80s: not the pinned one; %.100s", v->url, f->subject);
	else if (left < 0)
		doctor_say(v->d, HEALTH_BAD, "certificate", "it must be renewed by the broker's operator",
		    "%.80s: ended at %s; %.100s", v->url, until, f->subject);
	else
		doctor_say(v->d, left < CERT_SOON_DAYS * DAY ? HEALTH_ATTENTION : HEALTH_OK,
		    "certificate", left < CERT_SOON_DAYS * DAY ? "it should be renewed" : NULL,
		    "%.80s: %.100s, until %s, %s, %s%s", v->url, f->subject, until, f->protocol,
		    f->chain_checked ? "chain and name checked" : "chain not checked",
		    f->pin_set ? ", pin ok" : "");
}

static void
tell_connected(struct visit *v, const struct mqtt_event *ev)
{
	const struct profile *p = v->d->s.profile;
	struct url url;
	bool tls = url_read(&url, span_of(v->url), NULL) == MQ_OK && url.tls;

	v->up = true;
	doctor_say(v->d, HEALTH_OK, "broker", NULL, "%.120s answers, MQTT %s", v->url,
	    ev->version == 5 ? "5" : "3.1.1");
	if (!tls && p->password_file != NULL)
		doctor_say(v->d, HEALTH_ATTENTION, "broker", "use an mqtts:// address",
		    "%.120s carries the password in clear", v->url);
}

static void
take_event(struct visit *v, const struct mqtt_event *ev)
{
	switch (ev->kind) {
	case MQTT_EVENT_CERTIFICATE:
		tell_certificate(v, ev->cert);
		break;
	case MQTT_EVENT_CONNECTED:
		tell_connected(v, ev);
		break;
	case MQTT_EVENT_REFUSED:
	case MQTT_EVENT_LOST:
		if (!v->up && !v->refused)
			doctor_say(v->d, HEALTH_BAD, "broker",
			    "check address, network, credentials and TLS settings", "%.120s: %.180s",
			    v->url, ev->words);
		v->refused = true;
		break;
	case MQTT_EVENT_DENIED:
		v->answered++;
		doctor_say(v->d, HEALTH_BAD, "broker", "the broker's operator must allow it",
		    "%.80s refuses to send %.*s: %.80s", v->url, (int)(ev->filter.n < 100 ?
			ev->filter.n : 100), (const char *)ev->filter.p, ev->words);
		break;
	case MQTT_EVENT_SUBSCRIBED:
		v->answered++;
		break;
	case MQTT_EVENT_CONNECTING:
	case MQTT_EVENT_PUBLISHED:
	case MQTT_EVENT_UNPUBLISHED:
	case MQTT_EVENT_ROOM:
	case MQTT_EVENT_STOPPED:
		break;
	}
}

/* ---- one visit */

static bool
has_outcome(const struct visit *v)
{
	return v->up || v->refused;
}

static bool
is_answered(const struct visit *v)
{
	return v->answered >= v->asked || v->refused;
}

/* False: told to stop, or the time is over. */
static bool
wait_until(struct visit *v, bool (*done)(const struct visit *v), int64_t ms)
{
	int64_t until = clock_mono_ms(&v->d->clock) + ms;

	while (!done(v)) {
		struct pollfd p[] = { { wakeq_fd(v->events), POLLIN, 0 }, { v->d->stop, POLLIN, 0 } };
		struct mqtt_event *ev;
		void *message;

		if (clock_mono_ms(&v->d->clock) >= until || poll(p, 2, ROUND_MS) < 0 ||
		    p[1].revents != 0)
			return false;
		while ((ev = wakeq_take(v->events)) != NULL) {
			take_event(v, ev);
			free(ev);
		}
		while ((message = wakeq_take(v->data)) != NULL)
			free(message); /* what was retained there is not our business */
	}
	return true;
}

static void
ask_for_trees(struct visit *v)
{
	const struct profile *p = v->d->s.profile;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t n;
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 64);
	for (size_t i = 0; i < p->tree.n && i < TREES_MAX; i++) {
		struct mqtt_filter f = { .qos = 1 };

		buf_reset(&b);
		if (!topic_decode(span_of(p->tree.s[i]), p->allow_non_ascii, topic, &n))
			continue; /* the configuration was checked */
		(void)buf_put(&b, topic, n);
		if (buf_printf(&b, "/%s/#", p->control_level) != MQ_OK)
			continue;
		f.filter = buf_span(&b);
		v->asked += mqtt_subscribe(v->mqtt, &f, 1) == MQ_OK;
	}
	buf_done(&b);
	if (v->asked != 0 && !wait_until(v, is_answered, GRANT_MS))
		doctor_say(v->d, HEALTH_ATTENTION, "broker", "try again; is the broker busy?",
		    "%.120s did not answer every subscription", v->url);
}

static enum mq_err
open_link(struct visit *v, const struct secret *password, const struct secret *passphrase,
    struct mq_error *e)
{
	struct mqtt_options o;
	enum mq_err r;

	memset(&o, 0, sizeof o);
	v->data = wakeq_new(QUEUE_ITEMS, QUEUE_BYTES, true, free);
	v->events = wakeq_new(QUEUE_ITEMS, QUEUE_BYTES, false, free);
	if (v->data == NULL || v->events == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory or descriptors");
	if ((r = profile_link(v->d->s.profile, password, passphrase, &o, e)) != MQ_OK)
		return r;
	o.urls = &v->url;
	o.urls_n = 1;
	o.clock = v->d->clock;
	o.q.data = v->data;
	o.q.events = v->events;
	if ((r = mqtt_new(&v->mqtt, &o, e)) != MQ_OK)
		return r;
	return mqtt_start(v->mqtt, e);
}

static void
visit(struct doctor *d, const char *url, const struct secret *password,
    const struct secret *passphrase)
{
	struct visit v = { .d = d, .url = url };
	struct mq_error e;

	if (open_link(&v, password, passphrase, &e) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "broker", "check the profile", "%.120s: %.180s", url, e.text);
	else if (!wait_until(&v, has_outcome, CONNECT_MS))
		doctor_say(d, HEALTH_BAD, "broker", "check address and network", "%.120s is silent", url);
	else if (v.up)
		ask_for_trees(&v);
	if (v.mqtt != NULL && v.up)
		(void)mqtt_stop(v.mqtt); /* an orderly end is a courtesy */
	mqtt_free(v.mqtt);
	wakeq_free(v.events);
	wakeq_free(v.data);
}

void
doctor_brokers(struct doctor *d)
{
	const struct profile *p = d->s.profile;
	struct secret password = { NULL, 0 }, passphrase = { NULL, 0 };

	if (p == NULL)
		return;
	(void)profile_password(p, &password, NULL); /* told with the credentials */
	(void)profile_passphrase(p, &passphrase, NULL);
	for (size_t i = 0; i < p->broker.n; i++)
		visit(d, p->broker.s[i], &password, &passphrase);
	secret_free(&passphrase);
	secret_free(&password);
}
