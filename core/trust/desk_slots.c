#include "core/trust/desk_slots.h"

#include <stdlib.h>

#include "core/trust/desk.h"

struct slot_entry {
	enum topic_slot slot;
	uint32_t number;
	uint8_t *p;
	size_t n;
};

struct tree_entry {
	uint8_t *topic;
	size_t topic_n;
	struct slot_entry slot[DESK_SLOTS_MAX];
	size_t n_slots, bytes;
	bool known;
	struct desk_bucket runs;
};

struct desk_slots {
	struct tree_entry **tree;
	size_t n_trees;
	size_t bytes, strange; /* strange: of trees that nobody vouched for */
	uint64_t dropped;
};

struct desk_slots *
desk_slots_new(void)
{
	struct desk_slots *d = calloc(1, sizeof *d);

	if (d != NULL && (d->tree = calloc(DESK_TREES_MAX, sizeof(struct tree_entry *))) == NULL) {
		free(d);
		d = NULL;
	}
	return d;
}

void
desk_slots_free(struct desk_slots *d)
{
	if (d == NULL)
		return;
	for (size_t t = 0; t < d->n_trees; t++) {
		for (size_t i = 0; i < d->tree[t]->n_slots; i++)
			free(d->tree[t]->slot[i].p);
		free(d->tree[t]->topic);
		free(d->tree[t]);
	}
	free(d->tree);
	free(d);
}

static struct tree_entry *
find_tree(const struct desk_slots *d, struct span topic)
{
	for (size_t i = 0; i < d->n_trees; i++)
		if (span_eq((struct span){ d->tree[i]->topic, d->tree[i]->topic_n }, topic))
			return d->tree[i];
	return NULL;
}

static struct tree_entry *
make_tree(struct desk_slots *d, struct span topic)
{
	struct tree_entry *t = find_tree(d, topic);

	if (t != NULL || d->n_trees == DESK_TREES_MAX || (t = calloc(1, sizeof *t)) == NULL)
		return t;
	if ((t->topic = (uint8_t *)span_dup(topic)) == NULL) {
		free(t);
		return NULL;
	}
	t->topic_n = topic.n;
	d->tree[d->n_trees++] = t;
	return t;
}

static struct slot_entry *
find_slot(struct tree_entry *t, enum topic_slot slot, uint32_t number)
{
	for (size_t i = 0; i < t->n_slots; i++)
		if (t->slot[i].slot == slot && t->slot[i].number == number)
			return &t->slot[i];
	return NULL;
}

static void
count(struct desk_slots *d, struct tree_entry *t, size_t more, size_t less)
{
	d->bytes += more;
	d->bytes -= less;
	t->bytes += more;
	t->bytes -= less;
	if (t->known)
		return;
	d->strange += more;
	d->strange -= less;
}

static bool
fits(const struct desk_slots *d, const struct tree_entry *t, size_t n)
{
	return d->bytes + n <= DESK_BYTES_MAX &&
	    (t->known || (d->strange + n <= DESK_STRANGE_BYTES && t->bytes + n <= DESK_STRANGER_BYTES));
}

bool
desk_slots_put(struct desk_slots *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span payload)
{
	struct tree_entry *t = make_tree(d, tree);
	struct slot_entry *s = t != NULL ? find_slot(t, slot, number) : NULL;
	uint8_t *copy;

	if (t == NULL || (s == NULL && t->n_slots == DESK_SLOTS_MAX) || !fits(d, t, payload.n) ||
	    (copy = (uint8_t *)span_dup(payload)) == NULL) {
		d->dropped++;
		return false;
	}
	if (s == NULL) {
		s = &t->slot[t->n_slots++];
		*s = (struct slot_entry){ .slot = slot, .number = number };
	}
	count(d, t, payload.n, s->n);
	free(s->p);
	s->p = copy;
	s->n = payload.n;
	return true;
}

void
desk_slots_vouch(struct desk_slots *d, struct span tree)
{
	struct tree_entry *t = make_tree(d, tree);

	if (t == NULL || t->known)
		return;
	d->strange -= t->bytes;
	t->known = true;
}

static void
drop_slot(struct desk_slots *d, struct tree_entry *t, struct slot_entry *s)
{
	count(d, t, 0, s->n);
	free(s->p);
	*s = t->slot[--t->n_slots];
}

void
desk_slots_forget(struct desk_slots *d, struct span tree, enum topic_slot slot, uint32_t number)
{
	struct tree_entry *t = find_tree(d, tree);
	struct slot_entry *s = t != NULL ? find_slot(t, slot, number) : NULL;

	if (s != NULL)
		drop_slot(d, t, s);
}

void
desk_slots_forget_tree(struct desk_slots *d, struct span tree)
{
	size_t i = 0;

	while (i < d->n_trees &&
	    !span_eq((struct span){ d->tree[i]->topic, d->tree[i]->topic_n }, tree))
		i++;
	if (i == d->n_trees)
		return;
	while (d->tree[i]->n_slots != 0)
		drop_slot(d, d->tree[i], &d->tree[i]->slot[0]);
	free(d->tree[i]->topic);
	free(d->tree[i]);
	d->tree[i] = d->tree[--d->n_trees];
}

bool
desk_slots_get(const struct desk_slots *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span *payload)
{
	struct tree_entry *t = find_tree(d, tree);
	struct slot_entry *s = t != NULL ? find_slot(t, slot, number) : NULL;

	if (s == NULL)
		return false;
	*payload = (struct span){ s->p, s->n };
	return true;
}

void
desk_slots_forget_log(struct desk_slots *d, struct span tree, uint32_t before)
{
	struct tree_entry *t = find_tree(d, tree);

	if (t == NULL)
		return;
	for (size_t i = t->n_slots; i-- > 0;)
		if (t->slot[i].slot == SLOT_LOG && t->slot[i].number < before)
			drop_slot(d, t, &t->slot[i]);
}

uint64_t
desk_slots_dropped(const struct desk_slots *d)
{
	return d->dropped;
}

struct desk_bucket *
desk_slots_bucket(struct desk_slots *d, struct span tree, double tokens, int64_t now_ms)
{
	struct tree_entry *t = make_tree(d, tree);

	if (t == NULL)
		return NULL;
	if (t->runs.at_ms == 0)
		t->runs = (struct desk_bucket){ tokens, now_ms != 0 ? now_ms : 1 };
	return &t->runs;
}
