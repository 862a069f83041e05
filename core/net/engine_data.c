/* Data messages: a batch is judged on the crew, then finished in order of arrival (PROTOCOL 4). */
#include <stdlib.h>
#include <string.h>

#include "core/net/engine_impl.h"

#define HINT_LOOKS 2048 /* topics of a tree that are compared with one hint */

/* Everything env_open may write for one message, wherever a hint may lead it. */
static size_t
scratch_of(const struct mqtt_message *m)
{
	return ENV_SCRATCH(m->n);
}

static bool
grow_scratch(struct engine *e, size_t n)
{
	uint8_t *grown;

	if (n <= e->scratch_n)
		return true;
	free(e->scratch);
	e->scratch_n = 0;
	if ((grown = e->scratch = malloc(n)) != NULL)
		e->scratch_n = n;
	return grown != NULL;
}

/* A tree counts as secured once it has a verified conf, or somebody has reason to expect one. */
static const struct judge_tree *
judge_tree_of(const struct engine_tree *t)
{
	const struct follow_marks *m;
	const struct judge_tree *jt;

	if (t == NULL)
		return NULL;
	jt = follow_judge_tree(t->follow);
	m = follow_marks(t->follow);
	return jt->n_revs != 0 || m->pinned || (m->secure_seen && !m->secure_cleared) ? jt : NULL;
}

/* The topic key is worth a BLAKE2b per message: keep the last few thousand. The job gets a copy:
 * another topic of the same batch may take the place in the cache. */
static const struct env_topic_key *
topic_key(struct engine *e, const struct judge_job *job, const struct topic_node *node,
    struct env_topic_key *copy)
{
	const struct env_conf *c = &job->rev->env;
	const struct conf_data_key *k;
	struct engine_key *slot;

	if (node == NULL || c->epoch_secret == NULL || c->suite == SUITE_ED25519)
		return NULL;
	k = conf_find_key(job->rev->conf, job->j.h.kid, ROLE_GATEWAY);
	if (k == NULL)
		return NULL;
	slot = &e->key[node->id & (ENGINE_KEYS - 1)];
	if (slot->node != node->id || memcmp(slot->conf_hash, c->conf_hash, 8) != 0 ||
	    memcmp(slot->pk, k->pk, 8) != 0) {
		env_topic_key(&slot->key, c, k->pk, job->m.topic);
		slot->node = node->id;
		memcpy(slot->conf_hash, c->conf_hash, 8);
		memcpy(slot->pk, k->pk, 8);
	}
	*copy = slot->key;
	return copy;
}

static void
begin(struct engine *e, size_t i, const struct mqtt_message *m)
{
	struct judge_job *job = &e->job[i];
	struct judge_message jm = { .topic = { m->topic, m->topic_n },
		.payload = { m->payload, m->n }, .retained = m->retained, .qos = m->qos,
		.now_ms = m->wall_ms };
	const struct engine_tree *t = engine_covering(e, jm.topic);

	judge_begin(job, &jm, judge_tree_of(t));
	if (job->needs_crypto)
		job->key = topic_key(e, job, topictree_find(model_topics(e->model), jm.topic),
		    &e->batch_key[i]);
}

static bool
hold(struct engine *e, struct mqtt_message *m)
{
	if (e->n_held == ENGINE_HELD_MAX)
		return false;
	e->held[e->n_held++] = (struct engine_held){ m, m->mono_ms + ENGINE_HELD_MS };
	return true;
}

/* Could this message be opened if we waited for gpg to decrypt the epoch's key? */
static bool
awaits_key(struct engine *e, const struct judge_job *job)
{
	struct engine_tree *t;

	if (!job->needs_crypto ||
	    (job->opened.verdict != V_NEEDS_KEY && !(job->opened.verdict == V_NONE && job->opened.sealed)))
		return false;
	t = engine_find_tree(e, job->tree->topic);
	return t != NULL && follow_awaits_key(t->follow, job->rev->env.epoch);
}

static const char *
reason_word(const struct judgement *j)
{
	return j->stale_retained ? "stale-retained" : NULL;
}

/* The window lives in the topic's leaf; windows.db knows what it held before the last start. */
static struct window *
window_of(struct engine *e, const struct judge_job *job, struct topic_node **node)
{
	const struct conf_data_key *k = conf_find_key(job->rev->conf, job->j.h.kid,
	    job->j.h.type == ENV_TYPE_COMMAND ? ROLE_OPERATOR : ROLE_GATEWAY);
	struct topictree *t = model_topics(e->model);
	struct topic_leaf *leaf;
	uint16_t scope;

	*node = topictree_add(t, job->m.topic);
	leaf = *node != NULL ? topictree_make_leaf(t, *node) : NULL;
	if (leaf == NULL || k == NULL ||
	    windows_scope(e->windows, job->tree->topic, k->pk, job->j.h.epoch, &scope) != MQ_OK ||
	    windows_use(e->windows, &leaf->window, scope, job->m.topic) != MQ_OK)
		return NULL;
	return &leaf->window;
}

static void
finish_authentic(struct engine *e, struct judge_job *job)
{
	struct topic_node *node = NULL;
	struct window *w = window_of(e, job, &node);
	uint64_t hi, have;

	if (w == NULL) {
		job->j.verdict = V_SYS_ERROR; /* no memory for its window: we cannot know */
		job->needs_crypto = false;
		return;
	}
	hi = w->hi;
	have = w->have;
	judge_finish(job, w, windows_digest_key(e->windows), windows_last_persisted_ms(e->windows));
	if (w->hi != hi || w->have != have) /* also when the message was refused later on */
		(void)windows_mark(e->windows, w, (void *)(uintptr_t)topictree_number(node));
	if (verdict_is_green(job->j.verdict))
		node->flags |= TOPIC_VERIFIED;
	/* What passed while nobody listened here was not lost on its way. */
	if (node->last_ms < e->up_ms) {
		job->j.lost = 0;
		job->j.flags &= ~(unsigned)FLAG_LOST;
	}
}

static void
remember(struct engine *e, const struct judge_job *job, const struct mqtt_message *m)
{
	const struct judgement *j = &job->j;
	struct model_msg msg = { .topic = job->m.topic };
	struct history_msg *h = &msg.h;

	if (job->tree != NULL)
		msg.tree = job->tree->topic;
	h->verdict = j->verdict;
	h->flags = j->flags;
	h->reason = reason_word(j);
	h->current = j->current && verdict_is_green(j->verdict);
	h->raw = job->m.payload;
	h->value = j->clear;
	h->size = m->n;
	h->received_ms = m->wall_ms;
	h->envelope = j->have_header;
	h->claimed_ms = (int64_t)(j->h.time_ms & INT64_MAX);
	h->seq = j->h.seq;
	h->rev = j->h.rev;
	h->epoch = j->h.epoch;
	h->kid = j->h.kid & 7;
	h->lost = j->lost;
	h->retained = m->retained;
	h->qos = m->qos;
	(void)model_message(e->model, &msg); /* without memory it is counted there */
}

static void
tell(struct engine *e, struct judge_job *job, const struct mqtt_message *m)
{
	struct engine_event ev = { .kind = EVENT_MSG, .wall_ms = m->wall_ms,
		.topic = job->m.topic, .payload = job->m.payload, .j = &job->j,
		.retained = m->retained, .qos = m->qos };

	if (job->tree != NULL)
		ev.tree = job->tree->topic;
	engine_observe(e, &ev);
}

/* Ends one message: counts, remembers, tells. False: it is held and not ours to free. */
static bool
finish(struct engine *e, struct judge_job *job, struct mqtt_message *m, bool may_hold)
{
	struct engine_tree *t;

	if (judge_wants_window(job))
		finish_authentic(e, job);
	else
		judge_finish(job, NULL, NULL, 0);
	if (job->j.verdict == V_NEEDS_CONF && may_hold && hold(e, m))
		return false;
	if (job->j.verdict == V_MALFORMED_TOPIC || job->j.verdict == V_OVERSIZE)
		model_count_only(e->model, job->j.verdict);
	else
		remember(e, job, m);
	model_blind(e->model)->lost += job->j.lost;
	if (m->retained)
		model_blind(e->model)->retained_seen++;
	t = job->tree != NULL ? engine_find_tree(e, job->tree->topic) : NULL;
	if (t != NULL && job->j.verdict == V_EQUIVOCATION)
		follow_note_equivocation(t->follow);
	if (t != NULL && verdict_class(job->j.verdict) == CLASS_BAD)
		engine_audit_bad(e, t, job->j.verdict, job->m.topic);
	tell(e, job, m);
	return true;
}

static void
crypto_job(void *arg, size_t i)
{
	judge_crypto(&((struct judge_job *)arg)[i]);
}

static void
judge_batch(struct engine *e, struct mqtt_message **m, size_t n, bool may_hold, bool may_wait)
{
	size_t need = 0, signatures = 0;

	for (size_t i = 0; i < n; i++)
		need += scratch_of(m[i]);
	if (!grow_scratch(e, need)) {
		model_blind(e->model)->no_memory += n;
		for (size_t i = 0; i < n; i++)
			free(m[i]);
		return;
	}
	need = 0;
	for (size_t i = 0; i < n; i++) {
		begin(e, i, m[i]);
		e->job[i].scratch = e->scratch + need;
		need += scratch_of(m[i]);
		if (e->job[i].needs_crypto && (e->job[i].rev->env.suite == SUITE_ED25519 ||
						  e->job[i].rev->env.suite == SUITE_ED25519_XCHACHA))
			signatures++;
	}
	/* A symmetric check costs less than waking a thread; a signature does not. */
	if (signatures > 3)
		crew_run(e->crew, crypto_job, e->job, n);
	else
		for (size_t i = 0; i < n; i++)
			judge_crypto(&e->job[i]);
	for (size_t i = 0; i < n; i++) {
		if (may_wait && awaits_key(e, &e->job[i]) && hold(e, m[i]))
			continue; /* its window has not moved: it will be judged as if it came then */
		if (finish(e, &e->job[i], m[i], may_hold))
			free(m[i]);
	}
}

/* Linear below one tree, for messages that failed only, and a few times a second: what it finds is
 * a better word for an alarm, which is red either way. */
bool
engine_known_topic(struct engine *e, struct span tree, const uint8_t topic8[8], struct span *topic)
{
	struct topictree *t = model_topics(e->model);
	const struct topic_node *top = topictree_find(t, tree), *n = top;
	uint8_t here[8];

	if (e->hints_left == 0)
		return false;
	e->hints_left--;
	for (unsigned left = HINT_LOOKS; n != NULL && left != 0; left--) {
		size_t len;

		n = topictree_walk(t, n, true);
		if (n == NULL || topictree_depth(t, n) <= topictree_depth(t, top))
			return false;
		if (topictree_leaf(t, n) == NULL ||
		    (len = topictree_topic(t, n, e->hint, sizeof e->hint)) > sizeof e->hint)
			continue;
		env_topic8(here, (struct span){ e->hint, len });
		if (memcmp(here, topic8, sizeof here) == 0) {
			*topic = (struct span){ e->hint, len };
			return true;
		}
	}
	return false;
}

/* Takes out up to a batch of those from *from on that are due. */
static size_t
take_held(struct engine *e, size_t *from, int64_t due, struct mqtt_message **out)
{
	size_t n = 0, kept = *from, i = *from;

	for (; i < e->n_held && n < ENGINE_BATCH; i++)
		if (e->held[i].until_ms <= due)
			out[n++] = e->held[i].m;
		else
			e->held[kept++] = e->held[i];
	memmove(&e->held[kept], &e->held[i], (e->n_held - i) * sizeof e->held[0]);
	e->n_held -= i - kept;
	*from = kept;
	return n;
}

/* In order of arrival. Expired ones are final; of the others those that still lack something are
 * held once more, behind. */
static void
judge_held(struct engine *e, int64_t due, bool may_hold)
{
	struct mqtt_message *again[ENGINE_BATCH];
	size_t from = 0, left = e->n_held, n;

	while (left != 0 && (n = take_held(e, &from, due, again)) != 0) {
		left -= n;
		judge_batch(e, again, n, may_hold, may_hold);
	}
}

void
engine_retry_held(struct engine *e, bool expired_only)
{
	judge_held(e, expired_only ? clock_mono_ms(&e->clock) : INT64_MAX, !expired_only);
}

void
engine_take_data(struct engine *e, struct mqtt_message **m, size_t n)
{
	bool room = e->n_held + n <= ENGINE_HELD_MAX;

	/* What is held must not be overtaken: a window that moved on would call it a replay. */
	if (!room)
		judge_held(e, INT64_MAX, false);
	judge_batch(e, m, n, true, room);
}
