/* The link: what is subscribed, and what the broker said about it (PROTOCOL 3.2). */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/net/engine_impl.h"

static const char *const levels[] = { "mqgp.conf", "mqgp_conf" };

static void
subscribe(struct engine *e, struct span filter, int qos)
{
	struct mqtt_filter f = { filter, qos };
	char shown[256];

	if (mqtt_subscribe(e->mqtt, &f, 1) != MQ_OK) {
		model_blind(e->model)->denied++;
		return;
	}
	(void)snprintf(shown, sizeof shown, "%.*s", (int)(filter.n > 250 ? 250 : filter.n),
	    (const char *)filter.p);
	(void)connlog_set_sub(model_connlog(e->model), shown, qos, -1, "");
}

/* Wide filters use QoS 0: a stock broker gives a QoS 1 subscriber only its queue of retained
 * messages, and a conf that is not delivered looks like a tree that is not secured. */
void
engine_subscribe_start(struct engine *e)
{
	const struct profile *p = e->o.profile;
	struct buf b;

	buf_init(&b, 1024);
	for (size_t l = 0; l < 2; l++)
		for (uint32_t depth = 1; depth <= p->discover_depth; depth++) {
			buf_reset(&b);
			for (uint32_t i = 0; i < depth; i++)
				(void)buf_puts(&b, "+/");
			(void)buf_printf(&b, "%s/#", levels[l]);
			if (b.err == MQ_OK)
				subscribe(e, buf_span(&b), 0);
		}
	for (size_t i = 0; i < p->subscribe.n; i++)
		subscribe(e, span_of(p->subscribe.s[i]), 0);
	buf_done(&b);
}

void
engine_subscribe_tree(struct engine *e, struct engine_tree *t)
{
	static const char *const slots[] = { "", "/secure", "/next", "/log/+", "/keys/+",
		"/receipt", "/status", "/halt", "/ca" };
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 64);
	for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
		buf_reset(&b);
		(void)buf_put(&b, t->topic, t->topic_n);
		(void)buf_printf(&b, "/%s%s", t->level, slots[i]);
		if (b.err == MQ_OK)
			subscribe(e, buf_span(&b), 1);
	}
	buf_done(&b);
}

static bool
was_asked(struct engine_tree *t, const struct fpr *f)
{
	for (size_t i = 0; i < t->n_asked; i++)
		if (fpr_eq(&t->asked[i], f))
			return true;
	return false;
}

/* Certificates of the people a conf names, and, once there is a conf, the data itself. */
void
engine_subscribe_wanted(struct engine *e, struct engine_tree *t)
{
	struct fpr want[64];
	size_t n = follow_wanted_keys(t->follow, want, 64);
	struct span tree = { t->topic, t->topic_n };
	bool waited = clock_mono_ms(&e->clock) - t->since_ms > ENGINE_DATA_WAIT_MS;
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	for (size_t i = 0; i < n && t->n_asked < 64; i++) {
		if (was_asked(t, &want[i]))
			continue;
		buf_reset(&b);
		t->asked[t->n_asked++] = want[i];
		if (topic_put_slot(&b, tree, t->level, SLOT_PGP, 0, want[i].hex) == MQ_OK)
			subscribe(e, buf_span(&b), 1);
	}
	if (!t->data_subscribed &&
	    (follow_current(t->follow) != NULL || (t->named && waited))) {
		buf_reset(&b);
		(void)buf_put(&b, t->topic, t->topic_n);
		(void)buf_puts(&b, "/#");
		t->data_subscribed = true;
		if (b.err == MQ_OK)
			subscribe(e, buf_span(&b), 0);
	}
	buf_done(&b);
}

enum mq_err
engine_make_link(struct engine *e, struct mq_error *err)
{
	struct secret password = { 0 }, passphrase = { 0 };
	struct mqtt_options o;
	enum mq_err r;

	memset(&o, 0, sizeof o);
	o.q = (struct mqtt_queues){ e->data, e->control, e->events };
	o.clock = e->clock;
	if ((r = profile_password(e->o.profile, &password, err)) == MQ_OK &&
	    (r = profile_passphrase(e->o.profile, &passphrase, err)) == MQ_OK &&
	    (r = profile_link(e->o.profile, &password, &passphrase, &o, err)) == MQ_OK &&
	    (r = mqtt_new(&e->mqtt, &o, err)) == MQ_OK)
		engine_subscribe_start(e);
	secret_free(&password);
	secret_free(&passphrase);
	return r;
}

/* ---- events */

static const struct {
	enum mqtt_event_kind from;
	enum conn_kind to;
} kinds[] = {
	{ MQTT_EVENT_CONNECTING, CONN_CONNECTING }, { MQTT_EVENT_CONNECTED, CONN_CONNECTED },
	{ MQTT_EVENT_REFUSED, CONN_REFUSED },	    { MQTT_EVENT_LOST, CONN_LOST },
	{ MQTT_EVENT_SUBSCRIBED, CONN_SUBSCRIBED }, { MQTT_EVENT_DENIED, CONN_DENIED },
	{ MQTT_EVENT_STOPPED, CONN_CLOSED },
};

static void
set_conn(struct engine *e, const struct mqtt_event *ev, enum conn_kind kind)
{
	struct model_conn *c = model_conn(e->model);

	if (kind == CONN_SUBSCRIBED || kind == CONN_DENIED)
		return;
	(void)snprintf(c->broker, sizeof c->broker, "%s", mqtt_url_shown(e->mqtt, ev->url));
	c->link = kind == CONN_CONNECTED ? LINK_UP : kind == CONN_CONNECTING ? LINK_CONNECTING :
									       LINK_DOWN;
	c->retry_ms = ev->retry_ms != 0 ? ev->wall_ms + ev->retry_ms : 0;
	if (kind == CONN_CONNECTED) {
		(void)snprintf(c->protocol, sizeof c->protocol, "%s",
		    ev->version == 5 ? "MQTT 5" : "MQTT 3.1.1");
		c->since_ms = ev->wall_ms;
	} else if (e->link_up)
		c->since_ms = ev->wall_ms;
}

static void
set_cert(struct engine *e, const struct tls_facts *facts)
{
	struct model_conn *c = model_conn(e->model);

	c->cert_known = true;
	(void)snprintf(c->tls, sizeof c->tls, "%s", facts->protocol);
	(void)snprintf(c->cert_subject, sizeof c->cert_subject, "%.159s", facts->subject);
	(void)snprintf(c->cert_issuer, sizeof c->cert_issuer, "%.159s", facts->issuer);
	c->cert_expires = facts->not_after;
	text_hex(c->cert_sha256, facts->cert_sha256, 32);
	c->cert_pin = !facts->pin_set ? PIN_NONE : facts->pin_ok ? PIN_PINNED : PIN_CHANGED;
}

static void
set_up(struct engine *e, bool up)
{
	if (e->link_up == up)
		return;
	e->link_up = up;
	for (size_t i = 0; i < e->n_trees; i++)
		follow_link(e->tree[i]->follow, up);
	connlog_ask_again(model_connlog(e->model));
}

void
engine_take_event(struct engine *e, const struct mqtt_event *ev)
{
	struct conn_event row = { .time_ms = ev->wall_ms, .code = ev->code, .duration_ms = -1,
		.session_present = ev->session_present };
	struct engine_event told = { .kind = EVENT_LINK, .wall_ms = ev->wall_ms,
		.words = ev->words, .code = ev->code };
	char filter[256];
	size_t k = 0;

	if (ev->kind == MQTT_EVENT_CERTIFICATE && ev->cert != NULL)
		set_cert(e, ev->cert);
	while (k < sizeof kinds / sizeof kinds[0] && kinds[k].from != ev->kind)
		k++;
	if (k == sizeof kinds / sizeof kinds[0])
		return;
	row.kind = kinds[k].to;
	(void)snprintf(row.broker, sizeof row.broker, "%s", mqtt_url_shown(e->mqtt, ev->url));
	(void)snprintf(row.words, sizeof row.words, "%s", ev->words);
	set_conn(e, ev, row.kind);
	if (row.kind == CONN_CONNECTED || row.kind == CONN_LOST || row.kind == CONN_CLOSED)
		set_up(e, row.kind == CONN_CONNECTED);
	if (ev->filter.n != 0) {
		(void)snprintf(filter, sizeof filter, "%.*s",
		    (int)(ev->filter.n > 250 ? 250 : ev->filter.n), (const char *)ev->filter.p);
		(void)connlog_set_sub(model_connlog(e->model), filter, -2,
		    row.kind == CONN_DENIED ? ev->code : ev->qos, ev->words);
		model_blind(e->model)->denied = connlog_denied(model_connlog(e->model));
		told.words = filter;
	}
	if (row.kind != CONN_SUBSCRIBED)
		connlog_add(model_connlog(e->model), &row);
	told.link = row.kind;
	told.broker = row.broker;
	engine_observe(e, &told);
	model_touch(e->model);
}
