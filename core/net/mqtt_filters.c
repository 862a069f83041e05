#include "core/net/mqtt_int.h"

#include <stdlib.h>

#include <sodium.h>

/*
 * The filters a link keeps subscribed. Each goes out in a SUBSCRIBE of its own, because a broker
 * may grant some and deny others and Paho tells why only for a single one. Denied filters are asked
 * for again with growing pauses: NATS answers 0x80 while its cluster elects a leader.
 */

static uint32_t
hash_of(struct span s)
{
	uint32_t h = 2166136261U; /* FNV-1a: filters are the owner's own, nobody aims at it */

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 16777619U;
	return h;
}

static struct filter *
find_filter(struct mqtt *m, struct span s)
{
	uint32_t hash = hash_of(s);

	for (size_t i = 0; i < m->filters; i++)
		if (m->filter[i].hash == hash &&
		    span_eq((struct span){ m->filter[i].p, m->filter[i].n }, s))
			return &m->filter[i];
	return NULL;
}

static struct filter *
add_filter(struct mqtt *m, struct span s)
{
	struct filter *grown;
	size_t cap = m->filters_cap != 0 ? m->filters_cap * 2 : 32;
	uint8_t *copy;

	if (m->filters == MQTT_FILTERS_MAX)
		return NULL;
	if (m->filters == m->filters_cap) {
		if ((grown = realloc(m->filter, cap * sizeof *grown)) == NULL)
			return NULL;
		m->filter = grown;
		m->filters_cap = cap;
	}
	if ((copy = (uint8_t *)span_dup(s)) == NULL)
		return NULL;
	m->filter[m->filters] = (struct filter){ .p = copy, .n = s.n, .hash = hash_of(s) };
	if (s.p[0] == '$')
		atomic_fetch_add(&m->dollar_filters, 1);
	return &m->filter[m->filters++];
}

static void
filter_event(struct mqtt *m, enum mqtt_event_kind kind, struct span filter, int code,
    const char *words)
{
	struct mqtt_event *ev = event_new(m, kind, words, filter, NULL);

	if (ev != NULL) {
		ev->url = m->at;
		ev->version = m->speaking;
		ev->code = code;
		ev->qos = (uint8_t)(kind == MQTT_EVENT_SUBSCRIBED ? code : 0);
	}
	event_send(m, ev);
}

static void
plan_to_ask(struct mqtt *m, struct filter *f, int64_t ms)
{
	f->ask_again_ms = clock_mono_ms(&m->real) + ms;
	if (m->ask_again_ms == 0 || f->ask_again_ms < m->ask_again_ms)
		m->ask_again_ms = f->ask_again_ms;
}

static void
ask(struct mqtt *m, struct filter *f)
{
	f->granted = NO_CODE;
	f->ask_again_ms = 0;
	if (paho_subscribe(m, f) != 0)
		plan_to_ask(m, f, m->retry_min_ms);
}

void
filters_tick(struct mqtt *m)
{
	int64_t now = clock_mono_ms(&m->real);

	if (m->ask_again_ms == 0 || now < m->ask_again_ms)
		return;
	m->ask_again_ms = 0;
	for (size_t i = 0; i < m->filters; i++) {
		struct filter *f = &m->filter[i];

		if (f->ask_again_ms == 0)
			continue;
		if (f->ask_again_ms <= now)
			ask(m, f);
		else
			plan_to_ask(m, f, f->ask_again_ms - now);
	}
}

void
filters_answered(struct mqtt *m, const struct mail *mail)
{
	struct span name = { mail->bytes, mail->bytes_n };
	struct filter *f = find_filter(m, name);
	char words[MQ_ERROR_TEXT];

	if (f == NULL || m->phase != PHASE_UP || mail->code == NO_CODE)
		return;
	f->granted = mail->code;
	if (mail->code < CODE_FIRST_FAILURE) {
		f->denials = 0;
		if (f->qos == 2 && mail->code == 1 && m->max_qos == 2)
			m->max_qos = 1; /* NATS hangs up on a publish with QoS 2 */
		filter_event(m, MQTT_EVENT_SUBSCRIBED, name, mail->code, "subscribed");
		return;
	}
	plan_to_ask(m, f,
	    mqtt_pause_ms(f->denials, m->retry_min_ms, m->retry_max_ms, randombytes_random()));
	if (f->denials++ == 0) {
		mqtt_code_words(words, sizeof words, mail->code, m->speaking, "");
		filter_event(m, MQTT_EVENT_DENIED, name, mail->code, words);
	}
}

void
filters_add(struct mqtt *m, const struct mail *mail)
{
	struct span name = { mail->bytes, mail->bytes_n };
	struct filter *f = find_filter(m, name);

	if (f == NULL && (f = add_filter(m, name)) == NULL) {
		filter_event(m, MQTT_EVENT_DENIED, name, NO_CODE, "too many filters for one link");
		return;
	}
	f->qos = mail->qos;
	if (m->phase == PHASE_UP)
		ask(m, f);
}

void
filters_drop(struct mqtt *m, const struct mail *mail)
{
	struct filter *f = find_filter(m, (struct span){ mail->bytes, mail->bytes_n });

	if (f == NULL)
		return;
	if (m->phase == PHASE_UP)
		(void)paho_unsubscribe(m, f); /* a connection that cannot take it is ending anyway */
	if (f->p[0] == '$')
		atomic_fetch_sub(&m->dollar_filters, 1);
	free(f->p);
	*f = m->filter[--m->filters];
}

void
filters_all(struct mqtt *m)
{
	m->ask_again_ms = 0;
	for (size_t i = 0; i < m->filters; i++) {
		m->filter[i].denials = 0;
		ask(m, &m->filter[i]);
	}
}
