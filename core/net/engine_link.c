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

static const char *const slots[] = { "", "/secure", "/next", "/log/+", "/keys/+", "/receipt",
	"/status", "/halt", "/ca" };
#define N_SLOTS (sizeof slots / sizeof slots[0])

static bool
put_filter(struct buf *b, const struct engine_tree *t, const char *level, const char *below)
{
	buf_reset(b);
	(void)buf_put(b, t->topic, t->topic_n);
	(void)buf_printf(b, "/%s%s", level, below);
	return b->err == MQ_OK;
}

/* A dashboard listens to both names of the level. What nobody named and nothing verified is not
 * worth filters of its own: it was found by a wide one, which goes on delivering. */
void
engine_subscribe_tree(struct engine *e, struct engine_tree *t)
{
	struct buf b;

	if (!t->named && follow_current(t->follow) == NULL)
		return;
	t->narrow = true;
	follow_reread(t->follow);
	buf_init(&b, TOPIC_CONF_MAX + 64);
	for (size_t l = 0; l < 2; l++)
		for (size_t i = 0; i < N_SLOTS; i++)
			if (put_filter(&b, t, levels[l], slots[i]))
				subscribe(e, buf_span(&b), 1);
	buf_done(&b);
}

static void
unsubscribe(struct engine *e, struct span filter)
{
	char shown[256];

	(void)mqtt_unsubscribe(e->mqtt, &filter, 1); /* what stays is only of no use */
	(void)snprintf(shown, sizeof shown, "%.*s", (int)(filter.n > 250 ? 250 : filter.n),
	    (const char *)filter.p);
	connlog_remove_sub(model_connlog(e->model), shown);
}

/* A lost control message may have been a conf: everything retained is asked for again. */
void
engine_reread(struct engine *e)
{
	int64_t now = clock_mono_ms(&e->clock);

	if (e->reread_ms != 0 && now - e->reread_ms < ENGINE_REREAD_MS)
		return;
	e->reread_ms = now;
	engine_subscribe_start(e);
	for (size_t i = 0; i < e->n_trees; i++)
		engine_subscribe_tree(e, e->tree[i]);
}

static bool
was_asked(struct engine_tree *t, const struct fpr *f)
{
	size_t n = t->n_asked < ENGINE_ASKED_MAX ? t->n_asked : ENGINE_ASKED_MAX;

	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&t->asked[i], f))
			return true;
	return false;
}

static void
ask_cert(struct engine *e, struct engine_tree *t, const struct fpr *f)
{
	struct fpr *place = &t->asked[t->n_asked % ENGINE_ASKED_MAX];
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	for (size_t l = 0; l < 2; l++) {
		struct span tree = { t->topic, t->topic_n };

		buf_reset(&b);
		if (t->n_asked >= ENGINE_ASKED_MAX &&
		    topic_put_slot(&b, tree, levels[l], SLOT_PGP, 0, place->hex) == MQ_OK)
			unsubscribe(e, buf_span(&b));
		buf_reset(&b);
		if (topic_put_slot(&b, tree, levels[l], SLOT_PGP, 0, f->hex) == MQ_OK)
			subscribe(e, buf_span(&b), 1);
	}
	buf_done(&b);
	*place = *f;
	t->n_asked++;
}

static void
subscribe_data(struct engine *e, struct engine_tree *t)
{
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 8);
	(void)buf_put(&b, t->topic, t->topic_n);
	(void)buf_puts(&b, "/#");
	t->data_subscribed = true;
	if (b.err == MQ_OK)
		subscribe(e, buf_span(&b), 0);
	buf_done(&b);
}

/* Certificates of the people a conf names, and, once there is a conf, the data itself. */
void
engine_subscribe_wanted(struct engine *e, struct engine_tree *t)
{
	struct fpr want[ENGINE_ASKED_MAX];
	size_t n = follow_wanted_keys(t->follow, want, ENGINE_ASKED_MAX);
	bool waited = clock_mono_ms(&e->clock) - t->since_ms > ENGINE_DATA_WAIT_MS;
	bool known = follow_current(t->follow) != NULL;

	for (size_t i = 0; i < n; i++)
		if (!was_asked(t, &want[i]))
			ask_cert(e, t, &want[i]);
	if (known && (!t->narrow || follow_marks(t->follow)->crowded))
		engine_subscribe_tree(e, t);
	if (!t->data_subscribed && (known || (t->named && waited)))
		subscribe_data(e, t);
}

/* The tree is forgotten: its filters go. */
void
engine_unsubscribe_tree(struct engine *e, struct engine_tree *t)
{
	size_t n = t->n_asked < ENGINE_ASKED_MAX ? t->n_asked : ENGINE_ASKED_MAX;
	struct span tree = { t->topic, t->topic_n };
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	for (size_t l = 0; l < 2; l++) {
		for (size_t i = 0; i < n; i++) {
			buf_reset(&b);
			if (topic_put_slot(&b, tree, levels[l], SLOT_PGP, 0, t->asked[i].hex) == MQ_OK)
				unsubscribe(e, buf_span(&b));
		}
		for (size_t i = 0; t->narrow && i < N_SLOTS; i++)
			if (put_filter(&b, t, levels[l], slots[i]))
				unsubscribe(e, buf_span(&b));
	}
	buf_done(&b);
}

/* A gap in what a gateway numbered, while the link was up: somebody between dropped it. */
void
engine_tell_losses(struct engine *e)
{
	uint64_t lost = model_blind(e->model)->lost - e->lost_told;
	int64_t now = clock_mono_ms(&e->clock);
	char text[MODEL_TEXT];

	if (lost == 0 || (e->loss_ms != 0 && now - e->loss_ms < ENGINE_LOSS_MS))
		return;
	e->loss_ms = now;
	e->lost_told += lost;
	(void)snprintf(text, sizeof text,
	    "%llu message%s lost on the way here: a broker drops what a slow reader leaves waiting; "
	    "raise its queue (mosquitto: max_queued_messages, max_queued_bytes)",
	    (unsigned long long)lost, lost == 1 ? " was" : "s were");
	model_log(e->model, 1, text);
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
	if (up)
		e->up_ms = clock_mono_ms(&e->clock);
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
		told.filter = ev->filter;
		if (row.kind == CONN_SUBSCRIBED)
			told.code = ev->qos;
		(void)snprintf(row.words, sizeof row.words, "%.120s: %.70s", filter, ev->words);
	}
	if (row.kind != CONN_SUBSCRIBED)
		connlog_add(model_connlog(e->model), &row);
	told.link = row.kind;
	told.broker = row.broker;
	engine_observe(e, &told);
	model_touch(e->model);
}
