#include "core/model/model.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/model_priv.h"

#define KEEP_INFO (64u << 10) /* of unprotected copies: a conf with its comments */

/* ---- life */

struct model *
model_new(const struct clock *clock, size_t history_budget)
{
	struct model *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->clock = clock;
	if (pthread_mutex_init(&m->lock, NULL) != 0) {
		free(m);
		return NULL;
	}
	if (pthread_mutex_init(&m->log_lock, NULL) != 0) {
		(void)pthread_mutex_destroy(&m->lock); /* nobody holds it */
		free(m);
		return NULL;
	}
	m->topics = topictree_new();
	if (m->topics != NULL)
		m->history = history_new(m->topics, history_budget);
	m->failure = calloc(MODEL_FAILURES, sizeof *m->failure);
	m->log = calloc(MODEL_LOG_LINES, sizeof *m->log);
	m->unverified = calloc(MODEL_UNVERIFIED_MAX + 1, sizeof *m->unverified);
	if (m->history == NULL || m->failure == NULL || m->log == NULL || m->unverified == NULL ||
	    connlog_init(&m->connlog) != MQ_OK) {
		model_free(m);
		return NULL;
	}
	return m;
}

static void
free_conf_text(struct model_conf_text *c)
{
	free(c->current);
	free(c->draft);
	free(c->meaning);
	memset(c, 0, sizeof *c);
}

void
model_free(struct model *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_trees; i++)
		model_tree_free(m->tree[i]);
	free(m->tree);
	history_free(m->history);
	topictree_free(m->topics);
	connlog_done(&m->connlog);
	free_conf_text(&m->conf_text);
	free(m->failure);
	free(m->log);
	free(m->unverified);
	free(m->key);
	(void)pthread_mutex_destroy(&m->log_lock); /* nobody holds them */
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

void
model_lock(struct model *m)
{
	(void)pthread_mutex_lock(&m->lock); /* a plain mutex that was initialised cannot fail */
}

void
model_unlock(struct model *m)
{
	(void)pthread_mutex_unlock(&m->lock);
}

/* ---- parts */

struct topictree *
model_topics(struct model *m)
{
	return m->topics;
}

struct history *
model_history(struct model *m)
{
	return m->history;
}

struct connlog *
model_connlog(struct model *m)
{
	return &m->connlog;
}

struct model_conn *
model_conn(struct model *m)
{
	return &m->conn;
}

struct model_blind *
model_blind(struct model *m)
{
	return &m->blind;
}

struct model_pipeline *
model_pipeline(struct model *m)
{
	return &m->pipeline;
}

const struct clock *
model_clock(const struct model *m)
{
	return m->clock;
}

uint64_t
model_changes(const struct model *m)
{
	return m->changes;
}

void
model_touch(struct model *m)
{
	m->changes++;
}

const uint64_t *
model_verdicts(const struct model *m)
{
	return m->verdicts;
}

void
model_set_audit(struct model *m, struct audit *a)
{
	m->audit = a;
}

struct audit *
model_audit(const struct model *m)
{
	return m->audit;
}

/* ---- topics on which nothing verified: least recently used goes first */

static void
unverified_unlink(struct model *m, uint16_t i)
{
	struct unverified *u = &m->unverified[i];

	m->unverified[u->prev].next = u->next;
	m->unverified[u->next].prev = u->prev;
}

static void
unverified_drop(struct model *m, struct topic_leaf *l)
{
	if (l->lru == 0)
		return;
	unverified_unlink(m, l->lru);
	m->unverified[l->lru].next = m->unverified_free;
	m->unverified_free = l->lru;
	l->lru = 0;
}

/* Takes a topic out of the model, with its history. */
static void
forget_topic(struct model *m, struct topic_node *n, uint64_t *counter)
{
	struct topic_leaf *l = topictree_leaf(m->topics, n);

	if (l != NULL)
		unverified_drop(m, l);
	history_forget(m->history, n, true);
	topictree_remove(m->topics, n);
	++*counter;
}

/* n is used now. The list is a ring through element 0, whose prev is the least recently used. */
static void
unverified_touch(struct model *m, struct topic_node *n, struct topic_leaf *l)
{
	struct unverified *u = m->unverified;

	if (l->lru != 0) {
		unverified_unlink(m, l->lru);
	} else {
		if (m->unverified_free == 0 && m->unverified_used == MODEL_UNVERIFIED_MAX)
			forget_topic(m, topictree_at(m->topics, u[u[0].prev].node),
			    &m->blind.unverified_evicted);
		l->lru = m->unverified_free;
		if (l->lru != 0)
			m->unverified_free = u[l->lru].next;
		else
			l->lru = ++m->unverified_used;
		u[l->lru].node = topictree_number(n);
	}
	u[l->lru].prev = 0;
	u[l->lru].next = u[0].next;
	u[u[0].next].prev = l->lru;
	u[0].next = l->lru;
}

/* ---- messages */

static void
count_rate(struct model *m, enum verdict_class c)
{
	int64_t second = clock_mono_ms(m->clock) / 1000;

	if (second > m->rate_second) {
		bool next = second == m->rate_second + 1;

		for (int i = 0; i < TOPICTREE_CLASSES; i++) {
			m->rate_last[i] = next ? m->rate_now[i] : 0;
			m->rate_now[i] = 0;
		}
		m->rate_second = second;
	}
	m->rate_now[c]++;
}

void
model_rates(const struct model *m, uint32_t out[TOPICTREE_CLASSES])
{
	int64_t behind = clock_mono_ms(m->clock) / 1000 - m->rate_second;

	for (int i = 0; i < TOPICTREE_CLASSES; i++)
		out[i] = behind <= 0 ? m->rate_last[i] : behind == 1 ? m->rate_now[i] : 0;
}

void
model_count_only(struct model *m, enum verdict v)
{
	m->verdicts[v]++;
	count_rate(m, verdict_class(v));
	m->blind.malformed_topics += v == V_MALFORMED_TOPIC;
	m->blind.held_out += v == V_RATE_LIMITED;
	m->changes++;
}

static void
add_failure(struct model *m, const struct topic_node *n, const struct model_msg *msg,
    const struct model_tree *tree, uint32_t serial)
{
	struct model_failure *f = &m->failure[m->n_failures % MODEL_FAILURES];
	const char *reason = msg->h.reason == NULL ? "" : msg->h.reason;
	size_t reason_n = strnlen(reason, sizeof f->reason - 1);

	memset(f, 0, sizeof *f);
	f->n = ++m->n_failures;
	f->time_ms = msg->h.received_ms;
	f->topic = n->id;
	f->tree = tree == NULL ? 0 : tree->id;
	f->serial = serial;
	f->verdict = msg->h.verdict;
	f->flags = msg->h.flags;
	f->seq = msg->h.seq;
	memcpy(f->reason, reason, reason_n);
	f->name_n = (uint16_t)(msg->topic.n < sizeof f->name ? msg->topic.n : sizeof f->name);
	memcpy(f->name, msg->topic.p, f->name_n);
}

/* How much to keep of a message on this topic. Nobody vouched for anything there: a preview. */
static size_t
keep_of(const struct topic_node *n, enum verdict v)
{
	if (!(n->flags & TOPIC_SECURED) || (n->flags & TOPIC_VERIFIED))
		return SIZE_MAX;
	if (v == V_INFO || v == V_INFO_MISMATCH)
		return KEEP_INFO;
	return HISTORY_PREVIEW;
}

/* Makes room; a topic that lost its last entry goes too, unless somebody vouched for it. */
static void
evict(struct model *m, const struct topic_node *just)
{
	while (history_over(m->history)) {
		struct topic_node *n = history_evict(m->history);
		struct topic_leaf *l;

		if (n == NULL)
			return;
		l = topictree_leaf(m->topics, n);
		if (n == just || l->newest != NULL || (n->flags & TOPIC_VERIFIED) || l->window.any)
			continue;
		forget_topic(m, n, n->flags & TOPIC_SECURED ? &m->blind.unverified_evicted :
							      &m->blind.topics_evicted);
	}
}

static struct topic_node *
no_room(struct model *m)
{
	m->blind.no_memory++;
	return NULL;
}

static void
set_flags(struct model *m, struct topic_node *n, struct topic_leaf *l, const struct model_msg *msg)
{
	n->flags |= msg->tree.n != 0 ? TOPIC_SECURED : 0;
	n->flags |= msg->control ? TOPIC_CONTROL : 0;
	n->flags |= verdict_is_green(msg->h.verdict) ? TOPIC_VERIFIED : 0;
	if ((n->flags & TOPIC_VERIFIED) || l->window.any)
		unverified_drop(m, l);
	else if (n->flags & TOPIC_SECURED)
		unverified_touch(m, n, l);
}

/* Attention is told when it begins, not again with every message. */
static bool
is_news(enum verdict before, enum verdict v, enum verdict_class c)
{
	return c == CLASS_BAD || (c == CLASS_ATTENTION && v != before);
}

static void
count_message(struct model *m, const struct model_msg *msg, struct model_tree *tree,
    enum verdict_class c)
{
	/* what lies in log/ is old, and in order */
	enum verdict as = c == verdict_class(msg->h.verdict) ? msg->h.verdict : V_NONE;

	m->verdicts[as]++;
	count_rate(m, c);
	m->changes++;
	if (tree == NULL)
		return;
	tree->verdicts[as]++;
	if (c == CLASS_BAD)
		tree->last_bad_ms = msg->h.received_ms;
}

struct topic_node *
model_message(struct model *m, const struct model_msg *msg)
{
	struct model_tree *tree = msg->tree.n == 0 ? NULL : model_tree_find(m, msg->tree);
	enum verdict_class c = history_class(&msg->h);
	enum verdict v = msg->h.verdict, before;
	struct history_entry *e;
	struct topic_node *n;
	struct topic_leaf *l;

	count_message(m, msg, tree, c);
	if ((n = topictree_add(m->topics, msg->topic)) == NULL)
		return no_room(m);
	if ((l = topictree_make_leaf(m->topics, n)) == NULL) {
		topictree_remove(m->topics, n);
		return no_room(m);
	}
	set_flags(m, n, l, msg);
	if (v == V_DUPLICATE)
		return n; /* neither counted nor kept: PROTOCOL 4.1 */
	before = (enum verdict)l->verdict;
	l->verdict = (uint8_t)v;
	l->cls = (uint8_t)c;
	topictree_count(m->topics, n, c, clock_mono_ms(m->clock));
	if ((e = history_add(m->history, n, &msg->h, keep_of(n, v))) == NULL)
		m->blind.no_memory++;
	if (is_news(before, v, c))
		add_failure(m, n, msg, tree, e == NULL ? 0 : e->serial);
	evict(m, n);
	return n;
}

/* ---- feeds */

size_t
model_failures(const struct model *m)
{
	return m->n_failures < MODEL_FAILURES ? (size_t)m->n_failures : MODEL_FAILURES;
}

const struct model_failure *
model_failure_nth(const struct model *m, size_t i)
{
	if (i >= model_failures(m))
		return NULL;
	return &m->failure[(m->n_failures - 1 - i) % MODEL_FAILURES];
}

void
model_log(struct model *m, int level, const char *text)
{
	struct model_log_line *l;
	size_t n = strnlen(text, sizeof l->text - 1);

	(void)pthread_mutex_lock(&m->log_lock); /* cannot fail, see model_lock */
	l = &m->log[m->n_log++ % MODEL_LOG_LINES];
	l->n = m->n_log;
	l->time_ms = clock_wall_ms(m->clock);
	l->level = level;
	memcpy(l->text, text, n);
	l->text[n] = '\0';
	(void)pthread_mutex_unlock(&m->log_lock);
}

size_t
model_log_lines(struct model *m, uint64_t *newest)
{
	size_t n;

	(void)pthread_mutex_lock(&m->log_lock);
	n = m->n_log < MODEL_LOG_LINES ? (size_t)m->n_log : MODEL_LOG_LINES;
	*newest = m->n_log;
	(void)pthread_mutex_unlock(&m->log_lock);
	return n;
}

size_t
model_log_tail(struct model *m, struct model_log_line *out, size_t max, size_t skip)
{
	size_t kept, n = 0;

	(void)pthread_mutex_lock(&m->log_lock);
	kept = m->n_log < MODEL_LOG_LINES ? (size_t)m->n_log : MODEL_LOG_LINES;
	for (; n < max && skip + n < kept; n++)
		out[n] = m->log[(m->n_log - 1 - skip - n) % MODEL_LOG_LINES];
	(void)pthread_mutex_unlock(&m->log_lock);
	return n;
}

enum mq_err
model_set_keys(struct model *m, const struct model_key *k, size_t n)
{
	struct model_key *copy;

	if (n > MODEL_KEYS_MAX)
		n = MODEL_KEYS_MAX;
	if (n == m->n_keys && n != 0 && memcmp(m->key, k, n * sizeof *k) == 0)
		return MQ_OK; /* asked every second: an idle screen must stay idle */
	if ((copy = calloc(n + 1, sizeof *copy)) == NULL)
		return MQ_ENOMEM;
	if (n != 0)
		memcpy(copy, k, n * sizeof *copy);
	free(m->key);
	m->key = copy;
	m->n_keys = n;
	m->changes++;
	return MQ_OK;
}

const struct model_key *
model_keys(const struct model *m, size_t *n)
{
	*n = m->n_keys;
	return m->key;
}

enum mq_err
model_set_conf_text(struct model *m, uint64_t tree, struct span current, struct span draft,
    struct span meaning)
{
	struct model_conf_text c = { .tree = tree };

	if (current.n != 0)
		c.current = span_dup(current);
	if (draft.n != 0)
		c.draft = span_dup(draft);
	if (meaning.n != 0)
		c.meaning = span_dup(meaning);
	if ((current.n != 0 && c.current == NULL) || (draft.n != 0 && c.draft == NULL) ||
	    (meaning.n != 0 && c.meaning == NULL)) {
		free_conf_text(&c);
		return MQ_ENOMEM;
	}
	free_conf_text(&m->conf_text);
	m->conf_text = c;
	m->changes++;
	return MQ_OK;
}

const struct model_conf_text *
model_conf_text(const struct model *m)
{
	return &m->conf_text;
}
