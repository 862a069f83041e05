/*
 * Data (PROTOCOL 3.8): values wait in clear in a bounded queue and are sealed at the moment they
 * are handed to the link. So a new conf needs no second sealing, and a number is used up only by a
 * message that really left: what the link refuses leaves no gap.
 */
#include "core/flow/gateway_impl.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/crashpoint.h"
#include "core/base/log.h"
#include "core/wire/envelope.h"

#define INDEX_START 256 /* power of two */
#define MQTT_NAME_MAX 65535

enum mq_err
gateway_data_init(struct gateway *g)
{
	struct gateway_data *d = &g->data;

	buf_init(&d->envelope, ENV_PAYLOAD_MAX + ENV_OVERHEAD_MAX);
	d->last = &d->first;
	d->next_id = 1;
	randombytes_buf(d->hash_key, sizeof d->hash_key);
	d->key_block = secret_new(GATEWAY_TOPIC_KEYS * sizeof *d->key);
	d->index = calloc(INDEX_START, sizeof *d->index);
	d->index_size = INDEX_START;
	if (d->key_block.p == NULL || d->index == NULL)
		return MQ_ENOMEM;
	d->key = (struct env_topic_key *)(void *)d->key_block.p; /* sodium_malloc aligns the end */
	return MQ_OK;
}

/* ---- topics */

static size_t
slot_of(const struct gateway_data *d, struct span name)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint64_t v;

	(void)crypto_shorthash(h, name.p, name.n, d->hash_key);
	v = rd64(h);
	return (size_t)v & (d->index_size - 1);
}

static struct span
name_of(const struct gateway_topic *t)
{
	return (struct span){ t->name, t->n };
}

static void
index_add(struct gateway_data *d, size_t at)
{
	size_t i = slot_of(d, name_of(&d->topic[at]));

	while (d->index[i] != 0)
		i = (i + 1) & (d->index_size - 1);
	d->index[i] = (uint32_t)at + 1;
}

/* At most half full. */
static bool
grow(struct gateway_data *d)
{
	struct gateway_topic *topics;
	uint32_t *index;

	if (d->n_topics == d->cap) {
		size_t cap = d->cap != 0 ? 2 * d->cap : INDEX_START / 2;

		if ((topics = realloc(d->topic, cap * sizeof *topics)) == NULL)
			return false;
		d->topic = topics;
		d->cap = cap;
	}
	if (2 * (d->n_topics + 1) <= d->index_size)
		return true;
	if ((index = calloc(2 * d->index_size, sizeof *index)) == NULL)
		return false;
	free(d->index);
	d->index = index;
	d->index_size *= 2;
	for (size_t i = 0; i < d->n_topics; i++)
		index_add(d, i);
	return true;
}

static void
forget_topics(struct gateway_data *d)
{
	for (size_t i = 0; i < d->n_topics; i++)
		free(d->topic[i].name);
	d->n_topics = d->n_order = 0;
	memset(d->index, 0, d->index_size * sizeof *d->index);
	memset(d->key_of, 0, sizeof d->key_of);
	if (d->key_block.p != NULL)
		sodium_memzero(d->key_block.p, d->key_block.n);
}

static struct gateway_topic *
find_topic(struct gateway_data *d, struct span name)
{
	for (size_t i = slot_of(d, name); d->index[i] != 0; i = (i + 1) & (d->index_size - 1))
		if (span_eq(name_of(&d->topic[d->index[i] - 1]), name))
			return &d->topic[d->index[i] - 1];
	return NULL;
}

/* Counters are never forgotten within a boot: when there are too many, a new boot begins. */
static bool
new_boot(struct gateway *g)
{
	struct mq_error e;

	if (gwstore_boot(g->o.store, &e) != MQ_OK) {
		gateway_store_failed(g, &e);
		return false;
	}
	g->n = 0;
	forget_topics(&g->data);
	return true;
}

static struct gateway_topic *
topic_entry(struct gateway *g, struct span name)
{
	struct gateway_data *d = &g->data;
	struct gateway_topic *t = find_topic(d, name);

	if (t != NULL && t->ctr != UINT32_MAX)
		return t;
	if ((t != NULL || d->n_topics == GATEWAY_TOPICS_MAX) && !new_boot(g))
		return NULL;
	if (!grow(d))
		return NULL;
	t = &d->topic[d->n_topics];
	memset(t, 0, sizeof *t);
	if ((t->name = (uint8_t *)span_dup(name)) == NULL)
		return NULL;
	t->n = name.n;
	env_topic8(t->topic8, name);
	env_chain_start(t->chain, g->cur->hash, name);
	index_add(d, d->n_topics++);
	return t;
}

/* The derived key of a topic; direct-mapped, so that a flood of topics costs no memory. */
static const struct env_topic_key *
topic_key(struct gateway *g, const struct env_conf *c, const struct gateway_topic *t)
{
	struct gateway_data *d = &g->data;
	uint32_t position = (uint32_t)(t - d->topic) + 1;
	size_t at = position % GATEWAY_TOPIC_KEYS;

	if (c->epoch_secret == NULL)
		return NULL;
	if (d->key_of[at] != position) {
		env_topic_key(&d->key[at], c, g->data_pk, name_of(t));
		d->key_of[at] = position;
	}
	return &d->key[at];
}

/* ---- sending */

static enum mq_err
send_one(struct gateway *g, const struct gateway_value *v)
{
	struct gateway_data *d = &g->data;
	const struct span name = { v->bytes, v->topic_n }, value = { v->bytes + v->topic_n, v->n };
	const struct secret *secret = gwstore_epoch_secret(g->o.store, g->cur->epoch);
	struct gateway_topic *t = topic_entry(g, name);
	struct env_seal in = { .type = ENV_TYPE_DATA, .flags = v->retain ? ENV_FLAG_RETAIN : 0,
		.data_sk = g->o.store->data_sk.p, .data_pk = g->data_pk };
	struct env_conf c;
	enum mq_err r;

	if (t == NULL)
		return MQ_ENOMEM;
	env_conf_of(&c, g->cur, suite_needs_epoch_key(g->cur->suite) && secret != NULL ? secret->p :
										       NULL);
	in.seq = (uint64_t)g->o.store->meta.boot << 32 | (t->ctr + 1);
	in.time_ms = (uint64_t)clock_wall_ms(g->o.clock);
	buf_reset(&d->envelope);
	if ((r = env_seal(&c, &in, name, value, topic_key(g, &c, t), &d->envelope)) != MQ_OK)
		return r;
	r = g->o.port.publish(g->o.port.arg, name, buf_span(&d->envelope), v->qos, v->retain,
	    v->qos != 0 ? d->next_id : 0);
	if (r != MQ_OK)
		return r;
	d->next_id++;
	t->ctr++;
	env_chain_next(t->chain, buf_span(&d->envelope));
	return MQ_OK;
}

static void
pop(struct gateway_data *d)
{
	struct gateway_value *v = d->first;

	d->first = v->next;
	if (d->first == NULL)
		d->last = &d->first;
	d->n_queued--;
	d->bytes_queued -= v->topic_n + v->n;
	free(v);
}

void
gateway_data_flush(struct gateway *g)
{
	struct gateway_data *d = &g->data;

	while (d->first != NULL && g->link_up && gateway_publishes(g)) {
		enum mq_err r = send_one(g, d->first);

		if (r == MQ_ENET || r == MQ_EAGAIN)
			return;
		if (r == MQ_OK)
			d->sent++;
		else {
			d->lost++;
			log_error("a value could not be published why=%s", mq_err_name(r));
		}
		pop(d);
		if (g->committed_now && r == MQ_OK) {
			g->committed_now = false;
			crash_point("S8");
		}
	}
}

void
gateway_data_drop_queue(struct gateway *g)
{
	g->data.withheld += g->data.n_queued;
	while (g->data.first != NULL)
		pop(&g->data);
}

void
gateway_data_reboot(struct gateway *g)
{
	forget_topics(&g->data);
}

void
gateway_data_done(struct gateway *g)
{
	struct gateway_data *d = &g->data;

	while (d->first != NULL)
		pop(d);
	if (d->index != NULL)
		forget_topics(d);
	free(d->topic);
	free(d->order);
	free(d->index);
	secret_free(&d->key_block);
	buf_done(&d->envelope);
}

/* ---- values in */

static bool
has_control_level(struct span topic)
{
	return topic_split(topic).slot != SLOT_NONE;
}

static void
push(struct gateway_data *d, struct gateway_value *v)
{
	size_t cost = v->topic_n + v->n;

	while (d->first != NULL && (d->n_queued == GATEWAY_QUEUE_MAX ||
				       d->bytes_queued + cost > GATEWAY_QUEUE_BYTES)) {
		pop(d); /* the newest value is worth most */
		d->lost++;
	}
	*d->last = v;
	d->last = &v->next;
	d->n_queued++;
	d->bytes_queued += cost;
}

enum mq_err
gateway_data(struct gateway *g, struct span subtopic, struct span value, int qos, bool retain)
{
	struct span tree = gateway_tree(g), whole;
	struct gateway_value *v;

	if (!gateway_publishes(g)) {
		g->data.withheld++;
		return MQ_OK;
	}
	if (value.n > g->cur->max_payload || value.n > ENV_PAYLOAD_MAX) {
		g->data.too_large++;
		return MQ_ELIMIT;
	}
	if (subtopic.n == 0 || tree.n + 1 + subtopic.n > MQTT_NAME_MAX)
		return MQ_EINVAL;
	v = malloc(sizeof *v + tree.n + 1 + subtopic.n + value.n);
	if (v == NULL)
		return MQ_ENOMEM;
	*v = (struct gateway_value){ .topic_n = tree.n + 1 + subtopic.n, .n = value.n, .qos = qos,
		.retain = retain };
	memcpy(v->bytes, tree.p, tree.n);
	v->bytes[tree.n] = '/';
	memcpy(v->bytes + tree.n + 1, subtopic.p, subtopic.n);
	if (value.n != 0)
		memcpy(v->bytes + v->topic_n, value.p, value.n);
	whole = (struct span){ v->bytes, v->topic_n };
	if (!topic_delivered_ok(whole) || has_control_level(whole)) {
		free(v);
		return MQ_EINVAL;
	}
	push(&g->data, v);
	gateway_data_flush(g);
	return MQ_OK;
}

bool
gateway_wants_data(const struct gateway *g)
{
	return g->data.n_queued < GATEWAY_QUEUE_MAX &&
	    g->data.bytes_queued < GATEWAY_QUEUE_BYTES / 2;
}

void
gateway_lost(struct gateway *g, uint64_t n)
{
	g->data.lost += n;
}

/* ---- checkpoint lines */

static int
by_topic8(const void *a, const void *b)
{
	const struct gateway_order *x = a, *y = b;

	return memcmp(x->topic8, y->topic8, sizeof x->topic8);
}

static bool
sort_topics(struct gateway_data *d)
{
	struct gateway_order *order;

	if (d->n_order == d->n_topics)
		return true;
	if ((order = realloc(d->order, d->n_topics * sizeof *order)) == NULL)
		return false;
	d->order = order;
	d->n_order = d->n_topics;
	for (size_t i = 0; i < d->n_topics; i++) {
		memcpy(order[i].topic8, d->topic[i].topic8, sizeof order[i].topic8);
		order[i].at = (uint32_t)i;
	}
	qsort(order, d->n_order, sizeof *order, by_topic8);
	return true;
}

unsigned
gateway_data_page(struct gateway *g, unsigned page, struct receipt *r)
{
	struct gateway_data *d = &g->data;
	size_t pages, from = (size_t)page * STATUS_CK_MAX;

	r->n_ck = 0;
	if (d->n_topics == 0 || !sort_topics(d))
		return 1;
	for (size_t i = from; i < d->n_order && i < from + STATUS_CK_MAX; i++) {
		const struct gateway_topic *t = &d->topic[d->order[i].at];
		struct status_ck *ck = &r->ck[r->n_ck];

		if (t->ctr == 0 || (i > from && by_topic8(&d->order[i - 1], &d->order[i]) == 0))
			continue; /* nothing left yet; or two names with one hint: the first is told */
		memcpy(ck->topic8, t->topic8, sizeof ck->topic8);
		ck->seq = (uint64_t)g->o.store->meta.boot << 32 | t->ctr;
		memcpy(ck->chain, t->chain, sizeof ck->chain);
		r->n_ck++;
	}
	pages = (d->n_order + STATUS_CK_MAX - 1) / STATUS_CK_MAX;
	return pages < GATEWAY_PAGES_MAX ? (unsigned)pages : GATEWAY_PAGES_MAX;
}
