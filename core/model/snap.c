#include "core/model/snap.h"

#include <stdlib.h>
#include <string.h>

#include "core/model/snap_priv.h"

/* ---- life */

struct snap_view *
snap_view_new(struct model *m)
{
	struct snap_view *v = calloc(1, sizeof *v);

	if (v == NULL)
		return NULL;
	v->m = m;
	v->shown.found = calloc(SNAP_FILTER_RESULTS, sizeof *v->shown.found);
	v->next.found = calloc(SNAP_FILTER_RESULTS, sizeof *v->next.found);
	v->audit = calloc(SNAP_ROWS, sizeof *v->audit);
	v->log = calloc(SNAP_ROWS, sizeof *v->log);
	v->topic = malloc(SNAP_TOPIC_MAX);
	if (v->shown.found == NULL || v->next.found == NULL || v->audit == NULL ||
	    v->log == NULL || v->topic == NULL) {
		snap_view_free(v);
		return NULL;
	}
	return v;
}

void
snap_view_free(struct snap_view *v)
{
	if (v == NULL)
		return;
	free(v->topic);
	free(v->log);
	free(v->audit);
	free(v->next.found);
	free(v->shown.found);
	free(v);
}

/* ---- texts */

struct snap_text
snap_put(struct snap *s, struct span bytes, size_t max)
{
	struct snap_text t = { .at = s->arena_n };
	size_t n = bytes.n < max ? bytes.n : max;

	if (n > SNAP_ARENA - s->arena_n)
		n = SNAP_ARENA - s->arena_n;
	if (n != 0)
		memcpy(s->arena + s->arena_n, bytes.p, n);
	s->arena_n += (uint32_t)n;
	t.n = (uint32_t)n;
	t.cut = n < bytes.n;
	return t;
}

struct span
snap_span(const struct snap *s, struct snap_text t)
{
	return (struct span){ s->arena + t.at, t.n };
}

struct span
snap_topic_of(struct snap_view *v, const struct topic_node *n)
{
	size_t length = topictree_topic(model_topics(v->m), n, v->topic, SNAP_TOPIC_MAX);

	return (struct span){ v->topic, length < SNAP_TOPIC_MAX ? length : SNAP_TOPIC_MAX };
}

const struct model_tree *
snap_tree_at(struct work *w, const struct topic_node *n)
{
	return n->flags & TOPIC_TREE ? model_tree_find(w->m, snap_topic_of(w->v, n)) : NULL;
}

/* ---- lists */

static uint64_t
clamp(int64_t v, uint64_t max)
{
	return v < 0 ? 0 : (uint64_t)v > max ? max : (uint64_t)v;
}

static int64_t
limited_move(const struct snap_cursor *c)
{
	return c->move > SNAP_MOVE_END ? SNAP_MOVE_END :
	    c->move < -SNAP_MOVE_END   ? -SNAP_MOVE_END :
					 c->move;
}

uint64_t
snap_place(const struct snap_cursor *c, uint64_t total, uint64_t pos, struct snap_list *out)
{
	uint64_t rows = c->rows < SNAP_ROWS ? c->rows : SNAP_ROWS, at, last_top;

	memset(out, 0, sizeof *out);
	out->total = total;
	if (total == 0)
		return 0;
	pos = clamp((int64_t)pos + limited_move(c), total - 1);
	if (rows == 0)
		return pos;
	at = clamp((int64_t)c->at + (c->page ? 0 : limited_move(c)), rows - 1);
	last_top = total > rows ? total - rows : 0;
	out->top = pos < at ? 0 : pos - at < last_top ? pos - at : last_top;
	out->at = (uint32_t)(pos - out->top);
	out->n = (uint32_t)(total - out->top < rows ? total - out->top : rows);
	return pos;
}

void
snap_place_feed(const struct snap_cursor *c, uint64_t total, uint64_t newest,
    struct snap_list *out)
{
	uint64_t pos = c->id == 0 || c->id > newest ? 0 : newest - c->id;

	pos = snap_place(c, total, pos < total ? pos : total - (total != 0), out);
	out->id = total == 0 ? 0 : newest - pos;
}

/* ---- what every screen shows */

static void
fill_link(struct work *w)
{
	const struct model_conn *c = model_conn(w->m);
	struct snap_status *st = &w->s->status;

	st->link = (int)c->link;
	memcpy(st->broker, c->broker, sizeof st->broker);
	memcpy(st->tls, c->tls, sizeof st->tls);
	memcpy(st->protocol, c->protocol, sizeof st->protocol);
	st->cert_pinned = c->cert_pin == PIN_PINNED;
	st->cert_changed = c->cert_pin == PIN_CHANGED;
	st->since_ms = c->since_ms;
	st->retry_ms = c->retry_ms;
	st->now_ms = w->wall_ms;
}

static void
fill_blind(struct work *w)
{
	const struct model_blind *b = model_blind(w->m);
	struct snap_status *st = &w->s->status;

	st->lost = b->lost;
	st->dropped = b->dropped_here;
	st->dropped_broker = b->dropped_broker;
	st->denied = connlog_denied(model_connlog(w->m));
	st->held_out = b->held_out;
	st->malformed_topics = b->malformed_topics;
	st->retained_seen = b->retained_seen;
	st->unverified_evicted = b->unverified_evicted;
	st->topics_evicted = b->topics_evicted;
	st->evicted = history_evicted(model_history(w->m));
	st->clock_jumps = b->clock_jumps;
	st->last_jump_ms = b->last_jump_ms;
	st->takeovers = b->takeovers;
	st->no_memory = b->no_memory;
}

static void
fill_counts(struct work *w)
{
	const struct topic_node *root = topictree_root(w->t);
	struct snap_status *st = &w->s->status;

	model_rates(w->m, st->rate);
	memcpy(st->count, root->count, sizeof st->count);
	st->messages = topictree_messages(root);
	st->topics = topictree_topics(w->t);
	st->history_bytes = history_bytes(model_history(w->m));
	st->history_budget = history_budget(model_history(w->m));
	st->changes = model_changes(w->m);
	st->trees = (uint32_t)model_trees(w->m);
	st->trees_good = st->trees_need_you = st->trees_bad = 0;
	st->valid_until = 0;
	for (size_t i = 0; i < st->trees; i++) {
		const struct model_tree *t = model_tree_nth(w->m, i);
		enum verdict_class c = t->state_class;

		if (t->valid_until != 0 &&
		    (st->valid_until == 0 || t->valid_until < st->valid_until))
			st->valid_until = t->valid_until;
		st->trees_good += c == CLASS_GOOD;
		st->trees_need_you += c >= CLASS_ATTENTION;
		st->trees_bad += c == CLASS_BAD;
	}
	memcpy(w->s->verdicts, model_verdicts(w->m), sizeof w->s->verdicts);
}

/* Everything that a screen may leave empty. Rows behind a list's n are never looked at. */
static void
clear(struct snap *s)
{
	static const struct snap_list none;

	s->arena_n = 0;
	s->topics = s->trees = s->failures = s->conns = s->subs = s->logs = s->audits = none;
	s->keys = s->detail.history = s->tree_detail.chain = none;
	s->detail.known = s->tree_detail.known = s->why.known = s->cert.known = false;
	s->filtered = s->filter_running = s->filter_more = s->op_bounded = false;
	s->search_wrapped = false;
	s->filter_count = s->audit_lost = 0;
	s->filter_error[0] = '\0';
	s->search = SNAP_SEARCH_IDLE;
	s->conf_current = s->conf_draft = s->conf_meaning = (struct snap_text){ 0, 0, false };
}

static void
fill_screen(struct work *w)
{
	switch (w->r->screen) {
	case SNAP_TOPICS:
		snap_fill_topics(w);
		return;
	case SNAP_OWNERSHIP:
	case SNAP_VERIFY:
	case SNAP_CONFIG:
		snap_fill_trees(w);
		return;
	case SNAP_LOG:
		snap_fill_log(w);
		return;
	case SNAP_KEYS:
		snap_fill_keys(w);
		return;
	}
}

void
snap_build(struct snap_view *v, const struct snap_request *r, struct snap *out)
{
	struct work w = { .v = v, .m = v->m, .t = model_topics(v->m), .r = r, .s = out };

	clear(out);
	model_lock(v->m);
	w.wall_ms = clock_wall_ms(model_clock(v->m));
	w.mono_ms = clock_mono_ms(model_clock(v->m));
	fill_link(&w);
	fill_blind(&w);
	fill_counts(&w);
	snap_fill_pipeline(&w);
	fill_screen(&w);
	snap_fill_why(&w);
	model_unlock(v->m);
}

bool
snap_filter_step(struct snap_view *v)
{
	bool more;

	model_lock(v->m);
	more = snap_scan_step(v, clock_mono_ms(model_clock(v->m)));
	model_unlock(v->m);
	return more;
}
