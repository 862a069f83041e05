/* What the gateway says of itself: receipt, heartbeat, info copy, mirror, self-heal (3.2, 3.6, 3.10). */
#include "core/flow/gateway_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/base/crashpoint.h"
#include "core/base/log.h"
#include "core/base/text.h"

#define SECURE_WAIT_MS 5000 /* a retained message comes at once; after this there is none */
#define STATUS_MIN_MS 1000  /* pings are echoed at most once a second (3.10) */

static enum mq_err
publish_slot(struct gateway *g, enum topic_slot slot, uint32_t number, const char *fpr,
    struct span payload, bool retain)
{
	struct buf topic;
	enum mq_err r;

	buf_init(&topic, 2 * TOPIC_CONF_MAX);
	r = topic_put_slot(&topic, gateway_tree(g), g->level, slot, number, fpr);
	if (r == MQ_OK)
		r = g->o.port.publish(g->o.port.arg, buf_span(&topic), payload, 1, retain, 0);
	if (r != MQ_OK && r != MQ_ENET && r != MQ_EAGAIN)
		log_error("cannot publish slot=%s why=%s", topic_slot_name(slot), mq_err_name(r));
	buf_done(&topic);
	return r;
}

void
gateway_forget_said(struct gateway *g)
{
	g->said_any = g->info_said = g->mirrored = g->own_key_said = false;
	g->status_due = true;
}

/* Without a boot id nothing can be signed that a dashboard would take for new. */
static bool
can_sign(const struct gateway *g)
{
	return g->o.store->meta.boot != 0 && g->o.store->data_sk.n == 64;
}

static void
fill_head(const struct gateway *g, struct receipt *r)
{
	const struct gwmeta_rev *newest = gwmeta_newest(&g->o.store->meta);
	struct span tree = gateway_tree(g);

	memset(r, 0, sizeof *r);
	memcpy(r->topic, tree.p, tree.n);
	r->topic_n = tree.n;
	r->gateway = g->o.identity;
	r->boot = g->o.store->meta.boot;
	r->state = g->state;
	if (g->cur != NULL) {
		r->revision = g->cur->revision;
		memcpy(r->conf, g->cur->hash, HASH_BYTES);
	} else if (newest != NULL) { /* damaged state: what we ran last */
		r->revision = newest->revision;
		memcpy(r->conf, newest->hash, HASH_BYTES);
	}
}

/* ---- receipt */

static void
add_pending(const struct gateway *g, struct receipt *r, size_t i)
{
	struct receipt_pending *p = &r->pending[r->n_pending];

	if (r->n_pending == RECEIPT_ITEMS_MAX)
		return;
	p->revision = g->kept[i].conf->revision;
	memcpy(p->hash, g->kept[i].conf->hash, HASH_BYTES);
	p->a = g->cand[i].a;
	p->b = g->cand[i].b;
	p->c = g->cand[i].c;
	p->d = g->cand[i].d;
	r->n_pending++;
}

static void
fill_receipt(const struct gateway *g, struct receipt *r)
{
	fill_head(g, r);
	if (g->standing >= 0)
		add_pending(g, r, (size_t)g->standing);
	for (size_t i = g->n_cand; i-- > 0;) /* the youngest first */
		if ((int)i != g->standing)
			add_pending(g, r, i);
	for (size_t i = 0; i < g->n_rejected; i++) {
		r->rejected[i].revision = g->rejected[i].revision;
		memcpy(r->rejected[i].hash, g->rejected[i].hash, HASH_BYTES);
		(void)snprintf(r->rejected[i].code, sizeof r->rejected[i].code, "%s",
		    g->rejected[i].code);
	}
	r->n_rejected = g->n_rejected;
	(void)snprintf(r->reason, sizeof r->reason, "%s", g->reason);
	r->rekey_due = g->o.store->meta.rekey_due;
}

/* News about N or candidates go out at once; what strangers can cause, once a second. */
static bool
receipt_is_due(const struct gateway *g, const struct receipt *now)
{
	struct receipt a, b;

	if (!g->said_any)
		return true;
	memcpy(&a, now, sizeof a);
	memcpy(&b, &g->said, sizeof b);
	if (memcmp(&a, &b, sizeof a) == 0) /* anybody can clear it: said again now and then */
		return gateway_mono(g) - g->receipt_ms >= GATEWAY_HEAL_MS;
	a.n_rejected = b.n_rejected = 0;
	memset(a.rejected, 0, sizeof a.rejected);
	memset(b.rejected, 0, sizeof b.rejected);
	return memcmp(&a, &b, sizeof a) != 0 ||
	    gateway_mono(g) - g->receipt_ms >= GATEWAY_RECEIPT_MS;
}

static enum mq_err
sign_and_publish(struct gateway *g, struct receipt *r, enum topic_slot slot, bool retain)
{
	struct buf text;
	enum mq_err err;

	buf_init(&text, RECEIPT_MAX);
	r->n = ++g->n;
	r->time = clock_wall(g->o.clock);
	err = receipt_print(r, g->o.store->data_sk.p, &text);
	if (err != MQ_OK)
		log_error("cannot write slot=%s why=%s", topic_slot_name(slot), mq_err_name(err));
	else
		err = publish_slot(g, slot, 0, NULL, buf_span(&text), retain);
	buf_done(&text);
	return err;
}

static void
say_receipt(struct gateway *g)
{
	struct receipt now, out;

	fill_receipt(g, &now);
	if (!can_sign(g) || !receipt_is_due(g, &now))
		return;
	out = now;
	if (sign_and_publish(g, &out, SLOT_RECEIPT, true) != MQ_OK)
		return;
	if (g->said_any && memcmp(&g->said, &now, sizeof now) == 0)
		g->own_key_said = false; /* a reminder brings the key along */
	memcpy(&g->said, &now, sizeof now); /* with its padding: compared as bytes */
	g->said_any = true;
	g->receipt_ms = gateway_mono(g);
}

/* ---- status */

void
gateway_say_status(struct gateway *g)
{
	struct receipt r;
	unsigned pages, page = 0;

	if (!can_sign(g))
		return;
	do {
		fill_head(g, &r);
		r.is_status = true;
		r.lost_link = g->data.lost;
		if (page == 0) {
			memcpy(r.echo, g->echo, sizeof r.echo);
			r.n_echo = g->n_echo;
		}
		pages = gateway_data_page(g, page, &r);
		if (pages > 1) {
			r.page = page + 1;
			r.pages = pages;
		}
		if (sign_and_publish(g, &r, SLOT_STATUS, page == 0) != MQ_OK)
			return;
	} while (++page < pages);
	g->status_ms = gateway_mono(g);
	g->status_due = false;
	g->n_echo = 0;
}

static bool
status_is_due(const struct gateway *g)
{
	int64_t beat = g->cur != NULL ? g->cur->heartbeat : GATEWAY_HEARTBEAT_S;
	int64_t since = gateway_mono(g) - g->status_ms;

	return since >= beat * 1000 || (g->status_due && (g->status_ms == 0 || since >= STATUS_MIN_MS));
}

/* ---- info copy */

static void
say_info(struct gateway *g)
{
	char at[TEXT_TIME_MAX];
	uint8_t digest[HASH_BYTES];
	struct buf body, notes, all;

	buf_init(&body, CONF_BODY_MAX);
	buf_init(&notes, GATEWAY_NOTES_MAX * (GATEWAY_NOTE_MAX + 8));
	buf_init(&all, BUNDLE_MAX);
	if (gateway_put_info(g, &body, &notes) != MQ_OK)
		goto out;
	(void)buf_put(&all, notes.p, notes.n);
	(void)buf_put(&all, body.p, body.n);
	conf_hash(digest, buf_span(&all));
	if (g->info_said && memcmp(digest, g->info_digest, sizeof digest) == 0)
		goto out;
	text_put_time(at, clock_wall(g->o.clock));
	buf_reset(&all);
	(void)buf_printf(&all, "## Error messages from gateway generated at %s\n", at);
	(void)buf_put(&all, notes.p, notes.n);
	if (buf_put(&all, body.p, body.n) == MQ_OK &&
	    publish_slot(g, SLOT_INFO, 0, NULL, buf_span(&all), true) == MQ_OK) {
		memcpy(g->info_digest, digest, sizeof digest);
		g->info_said = true;
	}
out:
	buf_done(&all);
	buf_done(&notes);
	buf_done(&body);
}

/* ---- mirror and self-heal */

/* Only after N was seen: a gateway that proves N to itself would not be fail-closed at boot. */
static void
say_mirror(struct gateway *g)
{
	if (g->mirrored || g->cur == NULL || !g->present_once)
		return;
	g->mirrored = publish_slot(g, SLOT_LOG, g->cur->revision, NULL,
	    buf_span(&g->o.store->cur), true) == MQ_OK;
}

/* What may only lack a key or an entry of log/ gets some time; the rest is wrong for good. */
static bool
is_foreign(const struct gateway *g, const struct gateway_seen *seen)
{
	int64_t wait = 0;

	if (!seen->any || seen->pending || seen->since_ms == 0 || seen->verdict == V_SYS_ERROR)
		return false;
	if (seen->verdict == V_GAP || seen->verdict == V_UNKNOWN_KEY || seen->verdict == V_NOT_OWNER ||
	    seen->verdict == V_NEEDS_KEY)
		wait = GATEWAY_SETTLE_MS;
	return gateway_mono(g) - seen->since_ms >= wait;
}

/* The broker lost its retained messages: nothing came although we asked. */
static bool
secure_is_gone(const struct gateway *g)
{
	return g->secure_ms < g->link_ms && gateway_mono(g) - g->link_ms >= SECURE_WAIT_MS;
}

static void
heal(struct gateway *g)
{
	int64_t now = gateway_mono(g);

	if (g->cur == NULL || !g->present_once || g->o.store->damaged || g->unfinished ||
	    (g->healed_ms != 0 && now - g->healed_ms < GATEWAY_HEAL_MS))
		return;
	if (!is_foreign(g, &g->secure) && !is_foreign(g, &g->log_n) && !secure_is_gone(g))
		return;
	if (publish_slot(g, SLOT_SECURE, 0, NULL, buf_span(&g->o.store->cur), true) != MQ_OK)
		return;
	g->healed_ms = now + 1; /* 0 means never */
	g->mirrored = false;
	log_warn("conf published again: something else lay in its place revision=%u",
	    g->cur->revision);
}

static void
say_own_key(struct gateway *g)
{
	if (g->own_key_said || g->own_key.n == 0 || g->o.identity.is_edkey)
		return;
	g->own_key_said = publish_slot(g, SLOT_PGP, 0, g->o.identity.fpr.hex,
	    buf_span(&g->own_key), true) == MQ_OK;
}

void
gateway_say(struct gateway *g)
{
	if (!g->link_up || !g->started)
		return;
	say_own_key(g);
	heal(g);
	say_info(g);
	say_mirror(g);
	say_receipt(g);
	if (g->committed_now && g->said_any) {
		crash_point("S7");
		if (!gateway_publishes(g)) /* else S8 is the first value */
			g->committed_now = false;
	}
	if (status_is_due(g))
		gateway_say_status(g);
}
