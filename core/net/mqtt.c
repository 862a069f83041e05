#include "core/net/mqtt_int.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/conf/topic.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS 60000

static const struct span nothing = { NULL, 0 };

/* ---- mails and events */

struct mail *
mail_new(struct mqtt *m, enum mail_kind kind, struct span a, struct span b)
{
	struct mail *mail = malloc(sizeof *mail + a.n + b.n + 2);

	if (mail == NULL)
		return NULL;
	memset(mail, 0, sizeof *mail);
	mail->kind = kind;
	mail->m = m;
	mail->attempt = atomic_load(&m->attempt);
	mail->bytes_n = a.n;
	mail->bytes_m = b.n;
	if (a.n != 0)
		memcpy(mail->bytes, a.p, a.n);
	mail->bytes[a.n] = 0;
	if (b.n != 0)
		memcpy(mail->bytes + a.n + 1, b.p, b.n);
	mail->bytes[a.n + 1 + b.n] = 0;
	return mail;
}

void
mail_send(struct mqtt *m, struct mail *mail)
{
	if (mail == NULL || !wakeq_push(m->mails, mail, 0)) {
		atomic_fetch_add(&m->no_memory, 1);
		free(mail);
	}
}

struct mqtt_event *
event_new(struct mqtt *m, enum mqtt_event_kind kind, const char *words, struct span filter,
    const struct tls_facts *cert)
{
	size_t words_n = strlen(words) + 1;
	struct mqtt_event *ev;
	uint8_t *tail;
	struct tls_facts *facts;

	/* the facts stand first behind the event: only they need alignment */
	ev = malloc(sizeof *ev + (cert != NULL ? sizeof *cert : 0) + words_n + filter.n + 1);
	if (ev == NULL)
		return NULL;
	memset(ev, 0, sizeof *ev);
	ev->kind = kind;
	ev->wall_ms = clock_wall_ms(&m->clock);
	ev->mono_ms = clock_mono_ms(&m->clock);
	facts = (struct tls_facts *)(ev + 1);
	tail = (uint8_t *)facts;
	if (cert != NULL) {
		*facts = *cert;
		ev->cert = facts;
		tail += sizeof *facts;
	}
	memcpy(tail, words, words_n);
	ev->words = (const char *)tail;
	tail += words_n;
	if (filter.n != 0)
		memcpy(tail, filter.p, filter.n);
	tail[filter.n] = 0;
	ev->filter = (struct span){ tail, filter.n };
	return ev;
}

void
event_send(struct mqtt *m, struct mqtt_event *ev)
{
	if (ev == NULL || !wakeq_push(m->q.events, ev, 0)) {
		atomic_fetch_add(&m->no_memory, 1);
		free(ev);
	}
}

/* ---- publishing */

/* Tells the owner that a refused publish may be tried again; whoever sees the room first tells. */
static void
offer_room(struct mqtt *m)
{
	if (atomic_load(&m->out_n) <= MQTT_OUT_MAX / 2 &&
	    atomic_load(&m->out_bytes) <= MQTT_OUT_BYTES / 2 &&
	    atomic_exchange(&m->want_room, false))
		event_send(m, event_new(m, MQTT_EVENT_ROOM, "room for more messages", nothing, NULL));
}

void
publish_done(struct mail *mail, int code, const char *words)
{
	struct mqtt *m = mail->m;
	char text[MQ_ERROR_TEXT] = "published";
	struct mqtt_event *ev;

	if (mail->counted) {
		atomic_fetch_sub(&m->out_n, 1);
		atomic_fetch_sub(&m->out_bytes, mail->bytes_n + mail->bytes_m);
	}
	if (mail->in_flight) {
		atomic_fetch_sub(&m->in_flight, 1);
		if (atomic_load(&m->has_backlog) && !atomic_exchange(&m->told_to_go_on, true))
			mail_send(m, mail_new(m, MAIL_GO_ON, nothing, nothing));
	}
	if (mail->id != 0) {
		if (code != 0 && words == NULL)
			mqtt_code_words(text, sizeof text, code, 5, "");
		ev = event_new(m, code == 0 ? MQTT_EVENT_PUBLISHED : MQTT_EVENT_UNPUBLISHED,
		    words != NULL ? words : text, (struct span){ mail->bytes, mail->bytes_n }, NULL);
		if (ev != NULL) {
			ev->id = mail->id;
			ev->code = code;
		}
		event_send(m, ev);
	}
	offer_room(m);
	free(mail);
}

static bool
publish_topic_ok(struct span t)
{
	return t.n != 0 && t.n <= MQTT_TOPIC_MAX && utf8_valid(t) && memchr(t.p, 0, t.n) == NULL &&
	    memchr(t.p, '+', t.n) == NULL && memchr(t.p, '#', t.n) == NULL;
}

enum mq_err
mqtt_publish(struct mqtt *m, struct span topic, struct span payload, int qos, bool retain,
    uint64_t id)
{
	size_t bytes = topic.n + payload.n, out_n, out_bytes;
	struct mail *mail;

	if (!publish_topic_ok(topic) || qos < 0 || qos > 2)
		return MQ_EINVAL;
	if (bytes > MQTT_OUT_BYTES)
		return MQ_ELIMIT;
	if (!atomic_load(&m->up))
		return MQ_ENET;
	if ((mail = mail_new(m, MAIL_PUBLISH, topic, payload)) == NULL)
		return MQ_ENOMEM;
	mail->qos = qos;
	mail->flag = retain;
	mail->id = id;
	mail->counted = true;
	out_n = atomic_fetch_add(&m->out_n, 1);
	out_bytes = atomic_fetch_add(&m->out_bytes, bytes);
	if (out_n < MQTT_OUT_MAX && out_bytes <= MQTT_OUT_BYTES - bytes &&
	    wakeq_push(m->mails, mail, 0))
		return MQ_OK;
	free(mail);
	atomic_fetch_sub(&m->out_n, 1);
	atomic_fetch_sub(&m->out_bytes, bytes);
	atomic_store(&m->want_room, true);
	offer_room(m); /* the last open publish may have ended just before we wanted room */
	return MQ_EAGAIN;
}

/* ---- filters */

static enum mq_err
send_filters(struct mqtt *m, enum mail_kind kind, const struct mqtt_filter *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!topic_filter_ok(f[i].filter) || f[i].qos < 0 || f[i].qos > 2)
			return MQ_EINVAL;
	for (size_t i = 0; i < n; i++) {
		struct mail *mail = mail_new(m, kind, f[i].filter, nothing);

		if (mail == NULL)
			return MQ_ENOMEM;
		mail->qos = f[i].qos;
		if (!wakeq_push(m->mails, mail, 0)) {
			free(mail);
			return MQ_EAGAIN;
		}
	}
	return MQ_OK;
}

enum mq_err
mqtt_subscribe(struct mqtt *m, const struct mqtt_filter *f, size_t n)
{
	return n > MQTT_FILTERS_MAX ? MQ_ELIMIT : send_filters(m, MAIL_SUBSCRIBE, f, n);
}

enum mq_err
mqtt_unsubscribe(struct mqtt *m, const struct span *filters, size_t n)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < n && r == MQ_OK; i++)
		r = send_filters(m, MAIL_UNSUBSCRIBE, &(struct mqtt_filter){ filters[i], 0 }, 1);
	return r;
}

/* ---- making and ending */

static enum mq_err
copy_addresses(struct mqtt *m, const struct mqtt_options *o, struct mq_error *e)
{
	if (o->urls_n == 0 || o->urls_n > MQTT_URLS_MAX)
		return mq_fail(e, MQ_EINVAL, "a link needs 1 to %d broker addresses", MQTT_URLS_MAX);
	for (size_t i = 0; i < o->urls_n; i++) {
		struct address *a = &m->address[i];
		char where[URL_HOST_MAX + 16];
		const char *user;
		enum mq_err r = url_read(&a->url, span_of(o->urls[i]), e);

		if (r != MQ_OK)
			return r;
		url_put_address(where, sizeof where, &a->url);
		user = a->url.user;
		(void)snprintf(a->shown, sizeof a->shown, "%s://%s%s%s",
		    a->url.tls ? "mqtts" : "mqtt", user, *user != 0 ? "@" : "", where);
	}
	m->addresses = o->urls_n;
	return MQ_OK;
}

static enum mq_err
copy_client_id(struct mqtt *m, const struct mqtt_options *o, struct mq_error *e)
{
	uint8_t random[8];
	char hex[2 * sizeof random + 1];

	if (o->client_id != NULL && strlen(o->client_id) >= sizeof m->client_id)
		return mq_fail(e, MQ_EINVAL, "the client id is longer than %zu bytes",
		    sizeof m->client_id - 1);
	randombytes_buf(random, sizeof random);
	text_hex(hex, random, sizeof random);
	(void)snprintf(m->client_id, sizeof m->client_id, "%s%s",
	    o->client_id != NULL ? o->client_id : "mqgp-", o->client_id != NULL ? "" : hex);
	return MQ_OK;
}

static enum mq_err
copy_will(struct mqtt *m, const struct mqtt_options *o, struct mq_error *e)
{
	if (o->will_topic.n == 0)
		return MQ_OK;
	if (!publish_topic_ok(o->will_topic) || o->will_qos < 0 || o->will_qos > 2 ||
	    o->will_payload.n > MQTT_TOPIC_MAX)
		return mq_fail(e, MQ_EINVAL, "the will cannot be published like this");
	m->has_will = true;
	m->will_qos = o->will_qos;
	m->will_retain = o->will_retain;
	m->will_payload_n = o->will_payload.n;
	m->will_topic = span_dup(o->will_topic);
	m->will_payload = (uint8_t *)span_dup(o->will_payload);
	return m->will_topic != NULL && m->will_payload != NULL ? MQ_OK : MQ_ENOMEM;
}

static enum mq_err
copy_login(struct mqtt *m, const struct mqtt_options *o)
{
	if (o->user != NULL && (m->user = strdup(o->user)) == NULL)
		return MQ_ENOMEM;
	if (o->password != NULL && o->password->p != NULL) {
		m->password = secret_copy(o->password->p, o->password->n);
		if (m->password.p == NULL)
			return MQ_ENOMEM;
	}
	return tls_options_copy(&m->tls, &o->tls);
}

enum mq_err
mqtt_new(struct mqtt **out, const struct mqtt_options *o, struct mq_error *e)
{
	struct mqtt *m = calloc(1, sizeof *m);
	enum mq_err r;

	if (m == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a link");
	if (sodium_init() < 0 || pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return mq_fail(e, MQ_ENOMEM, "no memory for a link");
	}
	m->version = o->version;
	m->retry_min_ms = o->retry_min_ms != 0 ? o->retry_min_ms : RETRY_MIN_MS;
	m->retry_max_ms = o->retry_max_ms != 0 ? o->retry_max_ms : RETRY_MAX_MS;
	m->q = o->q;
	m->clock = o->clock;
	m->real = clock_real();
	m->backlog_end = &m->backlog;
	m->mails = wakeq_new(MAILS_MAX, SIZE_MAX, false, free);
	if ((r = copy_addresses(m, o, e)) != MQ_OK || (r = copy_client_id(m, o, e)) != MQ_OK ||
	    (r = copy_will(m, o, e)) != MQ_OK || (r = copy_login(m, o)) != MQ_OK ||
	    m->mails == NULL) {
		if (r == MQ_OK || r == MQ_ENOMEM)
			r = mq_fail(e, MQ_ENOMEM, "no memory for a link");
		mqtt_free(m);
		return r;
	}
	*out = m;
	return MQ_OK;
}

enum mq_err
mqtt_start(struct mqtt *m, struct mq_error *e)
{
	sigset_t all, old;
	enum mq_err r = MQ_OK;

	paho_setup();
	(void)pthread_mutex_lock(&m->lock); /* a plain mutex: cannot fail */
	if (!m->started) {
		(void)sigfillset(&all); /* Paho's threads inherit it: signals are the owner's */
		(void)pthread_sigmask(SIG_SETMASK, &all, &old);
		if (pthread_create(&m->thread, NULL, mqtt_link_thread, m) == 0)
			m->started = true;
		else
			r = mq_fail(e, MQ_ENOMEM, "no thread for the link to the broker");
		(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	(void)pthread_mutex_unlock(&m->lock);
	return r;
}

static enum mq_err
send_plain(struct mqtt *m, enum mail_kind kind)
{
	struct mail *mail = mail_new(m, kind, nothing, nothing);

	if (mail == NULL)
		return MQ_ENOMEM;
	if (wakeq_push(m->mails, mail, 0))
		return MQ_OK;
	free(mail);
	return MQ_EAGAIN;
}

enum mq_err
mqtt_stop(struct mqtt *m)
{
	atomic_store(&m->up, false); /* nothing new is accepted */
	return send_plain(m, MAIL_STOP);
}

void
mqtt_free(struct mqtt *m)
{
	if (m == NULL)
		return;
	if (m->started) {
		/* Without memory or room there is nothing to do but to try again. */
		while (send_plain(m, MAIL_QUIT) != MQ_OK)
			(void)poll(NULL, 0, 10);
		(void)pthread_join(m->thread, NULL);
	}
	wakeq_free(m->mails);
	for (size_t i = 0; i < m->filters; i++)
		free(m->filter[i].p);
	free(m->filter);
	tls_options_done(&m->tls);
	free(m->will_payload);
	free(m->will_topic);
	secret_free(&m->password);
	free(m->user);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

/* ---- questions */

bool
mqtt_connected(struct mqtt *m)
{
	return atomic_load(&m->up);
}

struct mqtt_counts
mqtt_counts(struct mqtt *m)
{
	return (struct mqtt_counts){
		.received = atomic_load(&m->received),
		.control_lost = atomic_load(&m->control_lost),
		.broker_topics = atomic_load(&m->broker_topics),
		.no_memory = atomic_load(&m->no_memory),
	};
}

const char *
mqtt_url_shown(struct mqtt *m, unsigned url)
{
	return url < m->addresses ? m->address[url].shown : "";
}

bool
mqtt_is_control(struct span topic)
{
	return topic_split(topic).slot != SLOT_NONE;
}

int64_t
mqtt_pause_ms(unsigned n, int min_ms, int max_ms, uint32_t random)
{
	int64_t pause = min_ms;

	while (n-- > 0 && pause < max_ms)
		pause *= 2;
	if (pause > max_ms)
		pause = max_ms;
	return pause * 3 / 4 + (int64_t)((uint64_t)pause / 2 * random / UINT32_MAX);
}
