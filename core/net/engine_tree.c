/* Secured trees: found, followed, told. Control topics end up here. */
#include <stdlib.h>
#include <string.h>

#include "core/net/engine_impl.h"

static int
compare(const struct engine_tree *t, struct span topic)
{
	size_t n = t->topic_n < topic.n ? t->topic_n : topic.n;
	int c = memcmp(t->topic, topic.p, n);

	return c != 0 ? c : t->topic_n < topic.n ? -1 : t->topic_n > topic.n;
}

/* Position of the first tree that is not before topic. */
static size_t
lower_bound(const struct engine *e, struct span topic)
{
	size_t lo = 0, hi = e->n_trees;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (compare(e->tree[mid], topic) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct engine_tree *
engine_find_tree(struct engine *e, struct span topic)
{
	size_t i = lower_bound(e, topic);

	return i < e->n_trees && compare(e->tree[i], topic) == 0 ? e->tree[i] : NULL;
}

/* The deepest tree that covers a topic: its prefixes, longest first. */
struct engine_tree *
engine_covering(struct engine *e, struct span topic)
{
	struct span prefix = topic;
	struct engine_tree *t;

	if (e->n_trees == 0)
		return NULL;
	for (;;) {
		if (prefix.n <= TOPIC_CONF_MAX && (t = engine_find_tree(e, prefix)) != NULL)
			return t;
		while (prefix.n != 0 && prefix.p[prefix.n - 1] != '/')
			prefix.n--;
		if (prefix.n == 0)
			return NULL;
		prefix.n--;
	}
}

static bool
topic_by_hint(void *arg, const uint8_t topic8[8], struct span *topic)
{
	struct engine_tree *t = arg;

	return engine_known_topic(t->e, (struct span){ t->topic, t->topic_n }, topic8, topic);
}

static void judged(void *arg, struct follow *f, const struct follow_event *ev);

static struct engine_tree *
new_tree(struct engine *e, struct span topic, bool named)
{
	struct follow_options o = { .topic = topic, .desk = e->desk, .clock = &e->clock,
		.verify = e->verify, .floor = (enum suite)e->o.profile->min_suite,
		.allow_non_ascii = e->o.profile->allow_non_ascii, .judged = judged };
	struct engine_tree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->e = e;
	t->level = e->o.profile->control_level;
	t->named = named;
	t->since_ms = clock_mono_ms(&e->clock);
	t->told_state = -1;
	memcpy(t->topic, topic.p, topic.n);
	t->topic_n = topic.n;
	o.arg = t;
	if ((t->follow = follow_new(&o)) == NULL) {
		free(t);
		return NULL;
	}
	follow_set_hints(t->follow, topic_by_hint, t);
	return t;
}

static void
free_tree(struct engine_tree *t)
{
	follow_free(t->follow);
	free(t);
}

/* Every place is taken: the oldest one that nobody named, pinned or verified goes. Anybody can
 * publish what looks like a tree. */
static bool
drop_stranger(struct engine *e)
{
	size_t oldest = e->n_trees;

	for (size_t i = 0; i < e->n_trees; i++) {
		const struct engine_tree *t = e->tree[i];

		if (!t->named && follow_current(t->follow) == NULL &&
		    !follow_marks(t->follow)->pinned &&
		    (oldest == e->n_trees || t->since_ms < e->tree[oldest]->since_ms))
			oldest = i;
	}
	if (oldest == e->n_trees)
		return false;
	engine_unsubscribe_tree(e, e->tree[oldest]);
	model_tree_remove(e->model, (struct span){ e->tree[oldest]->topic, e->tree[oldest]->topic_n });
	desk_forget_tree(e->desk, (struct span){ e->tree[oldest]->topic, e->tree[oldest]->topic_n });
	free_tree(e->tree[oldest]);
	e->n_trees--;
	memmove(&e->tree[oldest], &e->tree[oldest + 1],
	    (e->n_trees - oldest) * sizeof e->tree[0]);
	return true;
}

struct engine_tree *
engine_add_tree(struct engine *e, struct span topic, bool named)
{
	struct engine_tree *t = engine_find_tree(e, topic), **grown;
	size_t at;

	if (t != NULL || !topic_conf_ok(topic, e->o.profile->allow_non_ascii))
		return t;
	if (e->n_trees == MODEL_TREES_MAX && !drop_stranger(e))
		return NULL;
	at = lower_bound(e, topic);
	if ((grown = realloc(e->tree, (e->n_trees + 1) * sizeof *grown)) == NULL)
		return NULL;
	e->tree = grown;
	if ((t = new_tree(e, topic, named)) == NULL)
		return NULL;
	if (model_tree_add(e->model, topic) == NULL) {
		free_tree(t);
		return NULL;
	}
	memmove(&e->tree[at + 1], &e->tree[at], (e->n_trees - at) * sizeof *grown);
	e->tree[at] = t;
	e->n_trees++;
	if (named)
		desk_vouch(e->desk, topic);
	engine_load_tree(e, t);
	engine_subscribe_tree(e, t);
	return t;
}

void
engine_free_trees(struct engine *e)
{
	for (size_t i = 0; i < e->n_trees; i++)
		free_tree(e->tree[i]);
	free(e->tree);
	e->tree = NULL;
	e->n_trees = 0;
}

/* ---- control payloads */

/* The level as spelled on the wire, so that answers go where the question came from. */
static const char *
level_of(struct span topic, struct span tree)
{
	struct span rest = { topic.p + tree.n + 1, topic.n - tree.n - 1 };

	return span_starts(rest, "mqgp_conf") ? "mqgp_conf" : "mqgp.conf";
}

static void
tell_unjudged(struct engine *e, const struct mqtt_message *m, enum verdict v)
{
	struct judgement j = { .verdict = v };
	struct engine_event ev = { .kind = EVENT_MSG, .wall_ms = m->wall_ms,
		.topic = { m->topic, m->topic_n }, .payload = { m->payload, m->n }, .j = &j,
		.retained = m->retained, .qos = m->qos };
	struct model_msg msg = { .topic = ev.topic };

	if (v == V_MALFORMED_TOPIC)
		model_count_only(e->model, v);
	else {
		msg.h = (struct history_msg){ .verdict = v, .raw = ev.payload, .size = m->n,
			.received_ms = m->wall_ms, .retained = m->retained, .qos = m->qos };
		(void)model_message(e->model, &msg);
	}
	engine_observe(e, &ev);
}

void
engine_take_control(struct engine *e, const struct mqtt_message *m)
{
	struct span topic = { m->topic, m->topic_n }, payload = { m->payload, m->n };
	struct topic_parts at;
	struct engine_tree *t;
	bool has_slot;

	if (topic.n > JUDGE_TOPIC_MAX || !topic_delivered_ok(topic)) {
		tell_unjudged(e, m, V_MALFORMED_TOPIC);
		return;
	}
	if (topic.p[0] == '$') {
		tell_unjudged(e, m, V_BROKER_CLAIM);
		return;
	}
	at = topic_split(topic);
	/* a follower knows its slots only: it could not even name what lies elsewhere */
	has_slot = at.slot != SLOT_NONE && at.slot != SLOT_OTHER && at.tree.n != 0 &&
	    at.tree.n <= TOPIC_CONF_MAX;
	t = has_slot ? engine_find_tree(e, at.tree) : NULL;
	if (t == NULL && has_slot && payload.n != 0 && at.slot != SLOT_PING)
		t = engine_add_tree(e, at.tree, false);
	if (t == NULL) {
		/* no conf can ever cover it, or there are too many trees: said, not believed */
		tell_unjudged(e, m, at.slot == SLOT_OTHER || at.slot == SLOT_NONE ? V_PLAIN :
			payload.n == 0 ? V_CLEARED : V_RATE_LIMITED);
		return;
	}
	t->level = level_of(topic, at.tree);
	if (m->retained)
		model_blind(e->model)->retained_seen++;
	follow_control(t->follow, &at, payload, m->retained, m->qos);
}

/* ---- what followers say */

static void
control_topic(const struct engine_tree *t, const struct follow_event *ev, struct buf *out)
{
	buf_init(out, TOPIC_CONF_MAX + 128);
	(void)topic_put_slot(out, (struct span){ t->topic, t->topic_n }, t->level, ev->slot,
	    ev->number, ev->fpr);
}

static void
judged(void *arg, struct follow *f, const struct follow_event *fe)
{
	struct engine_tree *t = arg;
	struct engine *e = t->e;
	struct span tree = { t->topic, t->topic_n };
	struct model_msg msg = { .tree = tree, .control = true };
	struct engine_event ev = { .kind = EVENT_CONF, .wall_ms = clock_wall_ms(&e->clock),
		.tree = tree, .conf = fe, .retained = fe->retained, .qos = fe->qos };
	struct buf topic;

	(void)f;
	control_topic(t, fe, &topic);
	if (topic.err != MQ_OK)
		return;
	ev.topic = msg.topic = buf_span(&topic);
	msg.h = (struct history_msg){ .verdict = fe->verdict, .flags = fe->flags,
		.calm = fe->cls == CLASS_NEUTRAL, .reason = fe->reason,
		.current = verdict_is_green(fe->verdict), .raw = fe->payload,
		.size = fe->payload.n, .received_ms = ev.wall_ms, .retained = fe->retained,
		.qos = fe->qos };
	/* keys/ carry ciphertext; everything else is text that may be shown */
	if (msg.h.current && fe->slot != SLOT_KEYS)
		msg.h.value = fe->payload;
	(void)model_message(e->model, &msg);
	if (fe->cls == CLASS_BAD)
		engine_audit_bad(e, t, fe->verdict, ev.topic);
	engine_observe(e, &ev);
	buf_done(&topic);
}

/* Imports asked for by followers, of which the first one that knows the id takes it; and the
 * person's own ring. */
void
engine_other_answer(void *arg, struct pgp_answer *a)
{
	struct engine *e = arg;
	bool ours = false;

	if (a->op == PGP_OP_LIST && a->err == MQ_OK) {
		keytable_done(&e->ring);
		e->ring = a->keys;
		keytable_init(&a->keys);
		engine_show_keys(e);
		model_touch(e->model);
	}
	if (a->op != PGP_OP_IMPORT)
		return;
	for (size_t i = 0; i < e->n_trees && !ours; i++)
		ours = follow_import_answer(e->tree[i]->follow, a);
	if (a->err == MQ_OK) {
		/* a revocation may have come: what its signatures were worth is asked again */
		desk_forget_key(e->desk, &a->fpr);
		for (size_t i = 0; i < e->n_trees; i++)
			follow_look_again(e->tree[i]->follow); /* one key, many trees */
		if (e->keys != NULL && a->out.n != 0)
			(void)keystore_put_cert(e->keys, &a->fpr, buf_span(&a->out), NULL);
	}
}

void
engine_run_trees(struct engine *e)
{
	for (size_t i = 0; i < e->n_trees; i++) {
		struct engine_tree *t = e->tree[i];
		size_t revs = follow_judge_tree(t->follow)->n_revs;

		if (follow_run(t->follow)) {
			engine_subscribe_wanted(e, t);
			engine_save_tree(e, t);
			engine_save_conflict(e, t);
			if (follow_judge_tree(t->follow)->n_revs != revs ||
			    follow_current(t->follow) != NULL)
				engine_retry_held(e, false);
		}
		engine_show_tree(e, t);
	}
}
