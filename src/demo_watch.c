#include "src/demo_watch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/demo_trees.h"
#include "src/event_json.h"

#define PIN_MS 20000

struct seen {
	char topic[DEMO_TOPIC_MAX];
	enum verdict verdict;
	bool bad;
};

struct demo_watch {
	struct engine *engine;
	pthread_mutex_t lock; /* everything below */
	struct seen ring[DEMO_SEEN_MAX];
	uint64_t n;
	struct demo_tree_view tree[DEMO_GATEWAYS];
};

static const char *const trees[DEMO_GATEWAYS] = { DEMO_TREE_COOLING, DEMO_TREE_SECURITY };

/* ---- on the engine's thread */

static void
note(struct demo_watch *v, const struct engine_event *ev, enum verdict verdict)
{
	struct seen *s = &v->ring[v->n++ % DEMO_SEEN_MAX];

	(void)snprintf(s->topic, sizeof s->topic, "%.*s", (int)ev->topic.n,
	    (const char *)ev->topic.p);
	s->verdict = verdict;
	s->bad = event_class(ev) == CLASS_BAD;
}

static void
note_tree(struct demo_watch *v, struct span tree, const struct model_tree *row)
{
	for (size_t i = 0; i < DEMO_GATEWAYS; i++) {
		struct demo_tree_view *t = &v->tree[i];

		if (!span_is(tree, trees[i]))
			continue;
		t->known = true;
		t->revision = row->revision;
		t->gw_revision = row->gw_revision;
		t->pin = row->pin;
		t->rekey_due = row->rekey_due;
		memcpy(t->hash, row->conf_hash, sizeof t->hash);
		memcpy(t->gateway, row->gateway, sizeof t->gateway);
		(void)snprintf(t->state, sizeof t->state, "%s", row->state_word);
		(void)snprintf(t->owner, sizeof t->owner, "%s",
		    row->n_owners != 0 ? row->owner[0].fpr : "");
	}
}

static void
observe(void *arg, const struct engine_event *ev)
{
	struct demo_watch *v = arg;

	(void)pthread_mutex_lock(&v->lock);
	switch (ev->kind) {
	case EVENT_MSG:
		note(v, ev, ev->j->verdict);
		break;
	case EVENT_CONF:
		note(v, ev, ev->conf->verdict);
		break;
	case EVENT_TREE:
		note_tree(v, ev->tree, ev->row);
		break;
	case EVENT_LINK:
	case EVENT_DROP:
		break;
	}
	(void)pthread_mutex_unlock(&v->lock);
}

/* ---- on the main thread */

enum mq_err
demo_watch_start(struct demo_watch **out, struct demo_world *w, const struct demo_owner *o,
    struct mq_error *e)
{
	struct demo_watch *v = calloc(1, sizeof *v);
	struct engine_options eo = { .profile = o->profile, .clock = w->clock,
		.state_dir = o->state_dir, .run_dir = o->paths.runtime_dir, .who = "demo",
		.observe = observe, .arg = v };
	enum mq_err r;

	if (v == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	(void)pthread_mutex_init(&v->lock, NULL); /* default attributes cannot fail here */
	if ((r = engine_start(&v->engine, &eo, e)) != MQ_OK) {
		demo_watch_stop(v);
		return r;
	}
	*out = v;
	return MQ_OK;
}

void
demo_watch_stop(struct demo_watch *v)
{
	if (v == NULL)
		return;
	if (v->engine != NULL)
		engine_stop(v->engine);
	(void)pthread_mutex_destroy(&v->lock);
	free(v);
}

uint64_t
demo_watch_mark(struct demo_watch *v)
{
	uint64_t n;

	(void)pthread_mutex_lock(&v->lock);
	n = v->n;
	(void)pthread_mutex_unlock(&v->lock);
	return n;
}

/* The first one after `since` that is still remembered. Under the lock. */
static uint64_t
first_since(const struct demo_watch *v, uint64_t since)
{
	uint64_t oldest = v->n > DEMO_SEEN_MAX ? v->n - DEMO_SEEN_MAX : 0;

	return oldest > since ? oldest : since;
}

bool
demo_watch_alarm(struct demo_watch *v, uint64_t since, char *topic, enum verdict *verdict)
{
	bool found = false;

	(void)pthread_mutex_lock(&v->lock);
	for (uint64_t i = first_since(v, since); i < v->n && !found; i++) {
		const struct seen *s = &v->ring[i % DEMO_SEEN_MAX];

		if ((found = s->bad)) {
			memcpy(topic, s->topic, sizeof s->topic);
			*verdict = s->verdict;
		}
	}
	(void)pthread_mutex_unlock(&v->lock);
	return found;
}

bool
demo_watch_saw(struct demo_watch *v, uint64_t since, const char *topic, enum verdict verdict,
    uint64_t *at)
{
	bool found = false;
	uint64_t i;

	(void)pthread_mutex_lock(&v->lock);
	for (i = first_since(v, since); i < v->n && !found; i++) {
		const struct seen *s = &v->ring[i % DEMO_SEEN_MAX];

		found = s->verdict == verdict && strcmp(s->topic, topic) == 0;
	}
	(void)pthread_mutex_unlock(&v->lock);
	if (found && at != NULL)
		*at = i;
	return found;
}

struct demo_tree_view
demo_watch_tree(struct demo_watch *v, const char *tree)
{
	struct demo_tree_view view = { .known = false };

	(void)pthread_mutex_lock(&v->lock);
	for (size_t i = 0; i < DEMO_GATEWAYS; i++)
		if (strcmp(tree, trees[i]) == 0)
			view = v->tree[i];
	(void)pthread_mutex_unlock(&v->lock);
	return view;
}

/* ---- pinning */

static bool
knows_all(void *arg, struct demo_world *w)
{
	struct demo_watch *v = arg;
	bool all = true;

	(void)w;
	for (size_t i = 0; i < DEMO_GATEWAYS; i++)
		all &= demo_watch_tree(v, trees[i]).revision != 0;
	return all;
}

static enum mq_err
pin(struct demo_watch *v, const struct demo_gateway *g, struct mq_error *e)
{
	const struct demo_tree_view t = demo_watch_tree(v, g->tree);
	struct intent i = { .kind = INTENT_PIN, .tree_n = strlen(g->tree) };
	char gateway[80];

	conf_put_gateway(&g->id, gateway);
	if (strcmp(gateway, t.gateway) != 0)
		return mq_fail(e, MQ_EPERM, "the gateway of %s is not the one we made", g->tree);
	memcpy(i.tree, g->tree, i.tree_n);
	memcpy(i.hash, t.hash, sizeof i.hash);
	return engine_do(v->engine, &i, e);
}

enum mq_err
demo_pin_all(struct demo_world *w, const struct demo_owner *o, struct mq_error *e)
{
	struct demo_watch *v;
	enum mq_err r;

	if ((r = demo_watch_start(&v, w, o, e)) != MQ_OK)
		return r;
	r = demo_world_until(w, knows_all, v, PIN_MS, e);
	for (size_t i = 0; i < DEMO_GATEWAYS && r == MQ_OK; i++)
		r = pin(v, &w->gateway[i], e);
	demo_watch_stop(v);
	return r;
}
