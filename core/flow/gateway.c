#include "core/flow/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/flow/gateway_impl.h"

#define ROUNDS_MAX 8 /* commits in one go; more are taken up at the next tick */
#define PING_DIGITS 32

struct span
gateway_tree(const struct gateway *g)
{
	return g->cur != NULL ? conf_topic(g->cur) : g->o.topic;
}

int64_t
gateway_mono(const struct gateway *g)
{
	return clock_mono_ms(g->o.clock);
}

void
gateway_store_failed(struct gateway *g, const struct mq_error *e)
{
	if (strcmp(g->trouble, e->text) != 0) /* once, not at every try */
		log_error("state not written: %s", e->text);
	(void)snprintf(g->trouble, sizeof g->trouble, "%.*s", GATEWAY_NOTE_MAX - 1, e->text);
}

void
gateway_store_works(struct gateway *g)
{
	if (g->trouble[0] != 0)
		log_info("state can be written again");
	g->trouble[0] = 0;
}

enum mq_err
gateway_new(struct gateway **out, const struct gateway_options *o, struct mq_error *e)
{
	struct gateway *g = calloc(1, sizeof *g);
	const struct secret *sk = &o->store->data_sk;
	enum mq_err r;

	if (g == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the gateway");
	g->o = *o;
	buf_init(&g->own_key, PGP_CERT_MAX);
	if (o->topic.n == 0 || o->topic.n > sizeof g->topic_bytes ||
	    strlen(o->url) >= sizeof g->url || strlen(o->level) >= sizeof g->level ||
	    buf_put(&g->own_key, o->own_key.p, o->own_key.n) != MQ_OK ||
	    gateway_data_init(g) != MQ_OK) {
		gateway_free(g);
		return mq_fail(e, MQ_EINVAL, "the tree, the broker or the key does not fit");
	}
	memcpy(g->topic_bytes, o->topic.p, o->topic.n);
	g->o.topic = (struct span){ g->topic_bytes, o->topic.n };
	memcpy(g->url, o->url, strlen(o->url) + 1);
	memcpy(g->level, o->level, strlen(o->level) + 1);
	g->o.url = g->url;
	g->o.level = g->level;
	if (sk->p != NULL)
		(void)crypto_sign_ed25519_sk_to_pk(g->data_pk, sk->p); /* always 0 */
	g->standing = -1;
	g->import_tokens = GATEWAY_IMPORT_BURST;
	g->start_ms = g->import_ms = g->tick_ms = gateway_mono(g);
	desk_on_other(o->desk, gateway_import_answer, g);
	if (!o->store->damaged && ((r = gateway_read_store(g, e)) != MQ_OK ||
				      (r = gateway_load(g, e)) != MQ_OK)) {
		gateway_free(g);
		return r;
	}
	*out = g;
	return MQ_OK;
}

void
gateway_free(struct gateway *g)
{
	if (g == NULL)
		return;
	desk_on_other(g->o.desk, NULL, NULL);
	for (size_t i = 0; i < g->n_cand; i++)
		accept_candidate_done(&g->kept[i]);
	gateway_certs_done(g);
	gateway_subs_done(g);
	gateway_data_done(g);
	conf_free(g->cur);
	conf_free(g->prev);
	free(g->committed);
	buf_done(&g->own_key);
	free(g);
}

enum mq_err
gateway_start(struct gateway *g, struct mq_error *e)
{
	struct gwstore *s = g->o.store;
	enum mq_err r;

	if (s->damaged)
		log_error("stored state is damaged: %s", s->why.text);
	/* A meta that cannot be read is kept as it is; without a boot id nothing gets signed. */
	if (!(s->damaged && s->meta.boot == 0) && (r = gwstore_boot(s, e)) != MQ_OK)
		return r;
	g->floor_saved = s->meta.time_floor;
	g->started = true;
	gateway_want_certs(g);
	if (g->cur != NULL)
		g->erase_ms = gateway_mono(g) + (int64_t)g->cur->grace * 1000;
	gateway_run(g);
	return MQ_OK;
}

/* ---- time */

/* What is verified moves the floor: no clock before the newest conf's making is believed. A clock
 * that is wrong today must not poison tomorrow, so the present only counts while N is valid. */
static void
raise_floor(struct gateway *g)
{
	struct gwmeta *m = &g->o.store->meta;
	int64_t now = clock_wall(g->o.clock);
	struct mq_error e;

	if (g->cur == NULL || g->o.store->damaged || g->unfinished)
		return;
	if (g->cur->issued > m->time_floor)
		m->time_floor = g->cur->issued;
	if (now > m->time_floor && now < g->cur->valid_until)
		m->time_floor = now;
	if (m->time_floor < g->floor_saved + GATEWAY_FLOOR_STEP)
		return;
	if (gwstore_save_meta(g->o.store, &e) != MQ_OK) {
		gateway_store_failed(g, &e);
		return;
	}
	gateway_store_works(g);
	g->floor_saved = m->time_floor;
}

/* ---- the round */

void
gateway_run(struct gateway *g)
{
	g->dirty = false;
	if (!g->started)
		return;
	if (!g->o.store->damaged && !gateway_loading(g) && gateway_finish(g))
		for (int round = 0; round < ROUNDS_MAX && gateway_judge_all(g); round++)
			;
	gateway_want_certs(g);
	gateway_import_some(g);
	gateway_decide(g);
	gateway_subscribe(g);
	gateway_say(g);
	gateway_erase_epochs(g);
	gateway_data_flush(g);
}

void
gateway_link(struct gateway *g, bool up)
{
	g->link_up = up;
	if (!up)
		return;
	g->link_ms = gateway_mono(g);
	gateway_forget_said(g);
	gateway_run(g);
}

void
gateway_room(struct gateway *g)
{
	gateway_say(g);
	gateway_data_flush(g);
}

static void
take_ping(struct gateway *g, struct span payload)
{
	uint8_t echo[16];

	if (payload.n != PING_DIGITS || !text_unhex(payload, 'a', echo, sizeof echo))
		return;
	if (g->n_echo == STATUS_ECHO_MAX) {
		g->n_echo--;
		memmove(g->echo[0], g->echo[1], g->n_echo * sizeof g->echo[0]);
	}
	memcpy(g->echo[g->n_echo++], echo, sizeof echo);
	g->status_due = true;
}

static void
take_control(struct gateway *g, const struct topic_parts *at, struct span payload)
{
	struct span before;

	if (payload.n > BUNDLE_MAX) /* one byte more is enough to be OVERSIZE */
		payload.n = BUNDLE_MAX + 1;
	if (at->slot == SLOT_SECURE && span_eq(at->tree, gateway_tree(g)))
		g->secure_ms = gateway_mono(g);
	if (desk_get(g->o.desk, at->tree, at->slot, at->number, &before) &&
	    span_eq(before, payload))
		return;
	if (!desk_put(g->o.desk, at->tree, at->slot, at->number, payload))
		log_warn("no room for a control message slot=%s", topic_slot_name(at->slot));
	g->dirty = true;
}

void
gateway_message(struct gateway *g, struct span topic, struct span payload)
{
	struct topic_parts at = topic_split(topic);
	struct fpr who;

	if (!gateway_subscribed(g, topic)) /* a broker may deliver what nobody asked for */
		return;
	if (at.slot == SLOT_PING)
		take_ping(g, payload);
	else if (at.slot == SLOT_PGP && fpr_parse(span_of(at.fpr), &who))
		gateway_cert_arrived(g, &who, payload);
	else
		take_control(g, &at, payload);
}

void
gateway_poll(struct gateway *g)
{
	int64_t now = gateway_mono(g);

	g->dirty |= desk_poll(g->o.desk);
	if (now - g->tick_ms >= GATEWAY_TICK_MS) {
		g->tick_ms = now;
		raise_floor(g);
		g->dirty = true;
	}
	if (g->dirty)
		gateway_run(g);
}

int64_t
gateway_next_ms(const struct gateway *g)
{
	int64_t tick = g->tick_ms + GATEWAY_TICK_MS - gateway_mono(g);
	int64_t desk = desk_next_timeout_ms(g->o.desk);

	if (g->dirty || tick < 0)
		return 0;
	return desk >= 0 && desk < tick ? desk : tick;
}

void
gateway_note(struct gateway *g, enum gateway_noter who, const char *sentence)
{
	(void)snprintf(g->note[who], sizeof g->note[who], "%.*s", GATEWAY_NOTE_MAX - 1, sentence);
	g->dirty = true;
}

void
gateway_stop(struct gateway *g)
{
	struct gwstore *s = g->o.store;
	struct mq_error e;

	gateway_data_flush(g);
	if (g->link_up && g->started)
		gateway_say_status(g);
	if (s->damaged || !g->started || s->meta.time_floor == g->floor_saved)
		return;
	if (gwstore_save_meta(s, &e) != MQ_OK)
		gateway_store_failed(g, &e);
}

void
gateway_look(const struct gateway *g, struct gateway_view *out)
{
	memset(out, 0, sizeof *out);
	out->state = g->state;
	memcpy(out->reason, g->reason, sizeof out->reason);
	out->publishing = gateway_publishes(g);
	out->current = g->cur;
	out->n_pending = g->n_cand;
	out->sent = g->data.sent;
	out->lost = g->data.lost;
	out->withheld = g->data.withheld;
	out->too_large = g->data.too_large;
	out->queued = g->data.n_queued;
	out->boot = g->o.store->meta.boot;
}
