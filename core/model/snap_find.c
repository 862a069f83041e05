/* Filter and search: a bounded piece of the tree a call, so that a million topics never hold up a
 * frame. A filter's list is built beside the one that is shown and replaces it when complete. */
#include <string.h>

#include "core/model/snap_priv.h"

#define SCAN_STEP 1500	   /* nodes a call: a few hundred microseconds */
#define SCAN_PAUSE_MS 1000 /* between two scans of one filter */

/* ---- filter */

static void
start_scan(struct snap_view *v)
{
	struct topictree *t = model_topics(v->m);
	struct topic_node *first = topictree_first(t, topictree_root(t));

	v->next.n = 0;
	v->next.count = 0;
	v->next.at = first == NULL ? 0 : first->id;
	v->scanning = true;
	v->scanned_changes = model_changes(v->m);
}

static void
take_filter(struct snap_view *v, struct span typed)
{
	struct mq_error e = { 0 };

	memcpy(v->typed, typed.p, typed.n);
	v->typed_n = (uint16_t)typed.n;
	v->filtered = typed.n != 0;
	v->scanning = v->complete = v->wrong = false;
	v->shown.n = v->next.n = 0;
	v->shown.count = v->next.count = 0;
	v->error[0] = '\0';
	if (!v->filtered)
		return;
	if (filter_parse(typed, &v->filter, &e) != MQ_OK) {
		v->wrong = true; /* says why, and hides nothing */
		v->filtered = false;
		memcpy(v->error, e.text, sizeof v->error - 1);
		v->error[sizeof v->error - 1] = '\0';
		return;
	}
	start_scan(v);
}

static void
finish_scan(struct snap_view *v, int64_t mono_ms)
{
	struct snap_scan done = v->next;

	v->next = v->shown;
	v->shown = done;
	v->complete = true;
	v->scanning = false;
	v->scanned_ms = mono_ms;
}

static void
scan_node(struct snap_view *v, const struct topictree *t, const struct topic_node *n)
{
	if (n->leaf == 0 || !filter_matches(&v->filter, t, n, snap_topic_of(v, n)))
		return;
	v->next.count++;
	if (v->next.n < SNAP_FILTER_RESULTS)
		v->next.found[v->next.n++] = n->id;
}

bool
snap_scan_step(struct snap_view *v, int64_t mono_ms)
{
	struct topictree *t = model_topics(v->m);
	struct topic_node *n;

	if (!v->filtered)
		return false;
	if (!v->scanning) {
		if (mono_ms - v->scanned_ms < SCAN_PAUSE_MS ||
		    v->scanned_changes == model_changes(v->m))
			return false;
		start_scan(v);
	}
	if (v->next.at != 0 && topictree_by_id(t, v->next.at) == NULL)
		start_scan(v); /* its place is gone */
	n = topictree_by_id(t, v->next.at);
	for (int i = 0; n != NULL && i < SCAN_STEP; i++) {
		scan_node(v, t, n);
		n = topictree_walk(t, n, true);
	}
	v->next.at = n == NULL ? 0 : n->id;
	if (n == NULL)
		finish_scan(v, mono_ms);
	return v->scanning;
}

struct snap_scan *
snap_results(struct snap_view *v)
{
	return v->complete ? &v->shown : &v->next;
}

static void
drop_result(struct snap_scan *s, uint32_t i)
{
	s->n--;
	s->count--;
	memmove(s->found + i, s->found + i + 1, (s->n - i) * sizeof *s->found);
}

struct topic_node *
snap_result(struct snap_view *v, uint32_t i)
{
	struct snap_scan *s = snap_results(v);

	while (i < s->n) {
		struct topic_node *n = topictree_by_id(model_topics(v->m), s->found[i]);

		if (n != NULL)
			return n;
		drop_result(s, i);
	}
	return NULL;
}

bool
snap_result_row(struct snap_view *v, const struct topic_node *n, uint64_t *row)
{
	const struct snap_scan *s = snap_results(v);

	for (uint32_t i = 0; n != NULL && i < s->n; i++)
		if (s->found[i] == n->id) {
			*row = i;
			return true;
		}
	return false;
}

void
snap_find_init(struct work *w)
{
	struct span typed = { w->r->filter, w->r->filter_n };
	struct snap_view *v = w->v;

	if (typed.n > SNAP_FILTER_MAX)
		typed.n = SNAP_FILTER_MAX;
	if (!span_eq(typed, (struct span){ v->typed, v->typed_n }))
		take_filter(v, typed);
	(void)snap_scan_step(v, w->mono_ms); /* the answer is in v->scanning */
	memcpy(w->s->filter_error, v->error, sizeof v->error);
}

/* ---- jumps */

/* The row after or before n in the order of the screen, round the end. */
static struct topic_node *
neighbour(struct work *w, const struct topic_node *n, bool back)
{
	struct topic_node *next = back ? topictree_walk_back(w->t, n) :
					 topictree_walk(w->t, n, true);

	if (next != NULL)
		return next;
	w->v->search_wrapped = true;
	next = back ? topictree_last(w->t, topictree_root(w->t)) :
		      topictree_first(w->t, topictree_root(w->t));
	while (back && next != NULL && next->kids != 0)
		next = topictree_last(w->t, next);
	return next;
}

static struct topic_node *
found(struct work *w, struct topic_node *n)
{
	w->s->search = SNAP_SEARCH_FOUND;
	w->s->search_wrapped = w->v->search_wrapped;
	topictree_reveal(w->t, n);
	return n;
}

/* Where a search goes on, or begins: the same words from the same row go on. */
static struct topic_node *
search_start(struct work *w, struct topic_node *from, struct span typed)
{
	struct snap_view *v = w->v;
	struct topic_node *n = topictree_by_id(w->t, v->search_at);

	if (n != NULL && v->search_from == from->id && v->search_op == w->r->op &&
	    span_eq(typed, (struct span){ v->searched, v->searched_n }))
		return n;
	memcpy(v->searched, typed.p, typed.n);
	v->searched_n = (uint16_t)typed.n;
	v->search_op = w->r->op;
	v->search_from = from->id;
	v->search_wrapped = false;
	return w->r->op == SNAP_OP_FIND ? from :
					  neighbour(w, from, w->r->op == SNAP_OP_FIND_PREV);
}

/* Among all topics, a bounded piece a call. */
static struct topic_node *
find_in_tree(struct work *w, struct topic_node *from, struct span typed, const struct filter *f)
{
	struct topic_node *n = search_start(w, from, typed);
	struct snap_view *v = w->v;

	v->search_at = 0;
	for (int i = 0; i < SCAN_STEP; i++) {
		if (filter_matches_here(f, w->t, n, snap_topic_of(v, n)))
			return found(w, n);
		if (n == from && (w->r->op != SNAP_OP_FIND || v->search_wrapped)) {
			w->s->search = SNAP_SEARCH_NONE;
			return from;
		}
		n = neighbour(w, n, w->r->op == SNAP_OP_FIND_PREV);
	}
	v->search_at = n->id;
	w->s->search = SNAP_SEARCH_MORE;
	return from;
}

/* What a jump looks for in the flat list of a filter. */
static bool
is_target(struct work *w, const struct topic_node *n, const struct filter *f)
{
	if (f == NULL)
		return n->own >= CLASS_BAD;
	return filter_matches(f, w->t, n, snap_topic_of(w->v, n));
}

static struct topic_node *
find_in_results(struct work *w, struct topic_node *from, const struct filter *f, bool back)
{
	uint32_t total = snap_results(w->v)->n;
	uint64_t row = 0;

	w->s->search = SNAP_SEARCH_NONE;
	if (total == 0)
		return from;
	if (!snap_result_row(w->v, from, &row))
		row = 0;
	for (uint32_t i = w->r->op == SNAP_OP_FIND ? 0 : 1; i <= total; i++) {
		uint64_t at = (row + (back ? total - i : i)) % total;
		struct topic_node *n = snap_result(w->v, (uint32_t)at);

		if (n == NULL || !is_target(w, n, f))
			continue;
		w->s->search = SNAP_SEARCH_FOUND;
		return n;
	}
	return from;
}

static struct topic_node *
find_failure(struct work *w, struct topic_node *from, bool back)
{
	struct topic_node *n = back ? topictree_prev_worst(w->t, from, CLASS_BAD) :
				      topictree_next_worst(w->t, from, CLASS_BAD);

	w->s->search = SNAP_SEARCH_NONE;
	w->v->search_wrapped = false;
	return n == NULL ? from : found(w, n);
}

struct topic_node *
snap_jump(struct work *w, struct topic_node *n)
{
	bool failure = w->r->op == SNAP_OP_NEXT_FAILURE || w->r->op == SNAP_OP_PREV_FAILURE;
	bool back = w->r->op == SNAP_OP_FIND_PREV || w->r->op == SNAP_OP_PREV_FAILURE;
	struct span typed = { w->r->search, w->r->search_n };
	struct filter f;

	if (typed.n > SNAP_FILTER_MAX)
		typed.n = SNAP_FILTER_MAX;
	if (!failure && (typed.n == 0 || filter_parse(typed, &f, NULL) != MQ_OK)) {
		w->s->search = SNAP_SEARCH_NONE;
		return n;
	}
	if (w->v->filtered)
		return find_in_results(w, n, failure ? NULL : &f, back);
	return failure ? find_failure(w, n, back) : find_in_tree(w, n, typed, &f);
}
