/* The table of secured trees: sorted by topic, rows that stay where they are. */
#include <stdlib.h>
#include <string.h>

#include "core/model/model_priv.h"

void
model_tree_free(struct model_tree *t)
{
	free(t->offer);
	free(t->chain);
	free(t);
}

static struct span
topic_of(const struct model_tree *t)
{
	return (struct span){ t->topic, t->topic_n };
}

static int
compare(struct span a, struct span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* Index of topic, or where it belongs; *there says which. */
static size_t
place_of(const struct model *m, struct span topic, bool *there)
{
	size_t low = 0, high = m->n_trees;

	*there = false;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = compare(topic_of(m->tree[mid]), topic);

		if (c == 0) {
			*there = true;
			return mid;
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct model_tree *
model_tree_find(struct model *m, struct span topic)
{
	bool there;
	size_t i = place_of(m, topic, &there);

	return there ? m->tree[i] : NULL;
}

static bool
make_room(struct model *m)
{
	size_t cap = m->cap_trees == 0 ? 16 : m->cap_trees * 2;
	struct model_tree **p;

	if (m->n_trees < m->cap_trees)
		return true;
	if ((p = realloc(m->tree, cap * sizeof *p)) == NULL)
		return false;
	m->tree = p;
	m->cap_trees = cap;
	return true;
}

struct model_tree *
model_tree_add(struct model *m, struct span topic)
{
	struct model_tree *t;
	struct topic_node *n;
	bool there;
	size_t i = place_of(m, topic, &there);

	if (there)
		return m->tree[i];
	if (topic.n == 0 || topic.n > sizeof t->topic || m->n_trees >= MODEL_TREES_MAX ||
	    !make_room(m) || (t = calloc(1, sizeof *t)) == NULL)
		return NULL;
	if ((n = topictree_add(m->topics, topic)) == NULL) {
		free(t);
		return NULL;
	}
	n->flags |= TOPIC_TREE;
	topictree_reveal(m->topics, n); /* what people came to see is on the first screen */
	topictree_open(m->topics, n, true);
	t->id = n->id;
	memcpy(t->topic, topic.p, topic.n);
	t->topic_n = topic.n;
	t->state_word = "";
	memmove(m->tree + i + 1, m->tree + i, (m->n_trees - i) * sizeof(struct model_tree *));
	m->tree[i] = t;
	m->n_trees++;
	m->changes++;
	return t;
}

void
model_tree_remove(struct model *m, struct span topic)
{
	struct topic_node *n;
	struct model_tree *t;
	bool there;
	size_t i = place_of(m, topic, &there);

	if (!there)
		return;
	t = m->tree[i];
	if ((n = topictree_by_id(m->topics, t->id)) != NULL) {
		n->flags &= (uint8_t)~TOPIC_TREE;
		topictree_prune(m->topics, n);
	}
	model_tree_free(t);
	m->n_trees--;
	memmove(m->tree + i, m->tree + i + 1, (m->n_trees - i) * sizeof(struct model_tree *));
	m->changes++;
}

struct model_tree *
model_tree_covering(struct model *m, struct span topic)
{
	for (size_t n = topic.n; n > 0; n--) {
		struct model_tree *t;

		if (n != topic.n && topic.p[n] != '/')
			continue;
		if ((t = model_tree_find(m, (struct span){ topic.p, n })) != NULL)
			return t;
	}
	return NULL;
}

struct model_tree *
model_tree_by_id(struct model *m, uint64_t id)
{
	for (size_t i = 0; i < m->n_trees; i++)
		if (m->tree[i]->id == id)
			return m->tree[i];
	return NULL;
}

size_t
model_trees(const struct model *m)
{
	return m->n_trees;
}

struct model_tree *
model_tree_nth(struct model *m, size_t i)
{
	return i < m->n_trees ? m->tree[i] : NULL;
}

enum mq_err
model_tree_set_chain(struct model_tree *t, const struct model_revision *r, size_t n)
{
	struct model_revision *copy;

	if (n > MODEL_REVISIONS_MAX) { /* the newest ones */
		r += n - MODEL_REVISIONS_MAX;
		n = MODEL_REVISIONS_MAX;
	}
	if ((copy = calloc(n + 1, sizeof *copy)) == NULL)
		return MQ_ENOMEM;
	if (n != 0)
		memcpy(copy, r, n * sizeof *copy);
	free(t->chain);
	t->chain = copy;
	t->n_chain = n;
	return MQ_OK;
}

enum mq_err
model_tree_set_offers(struct model_tree *t, const struct model_offer *o, size_t n)
{
	struct model_offer *copy;

	if (n > MODEL_OFFERS_MAX)
		n = MODEL_OFFERS_MAX;
	if ((copy = calloc(n + 1, sizeof *copy)) == NULL)
		return MQ_ENOMEM;
	if (n != 0)
		memcpy(copy, o, n * sizeof *copy);
	free(t->offer);
	t->offer = copy;
	t->n_offers = n;
	return MQ_OK;
}
