#include "core/model/topictree.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/model/topictree_priv.h"

#define TABLE_MIN 1024 /* slots; always at most half full */
#define ROOT 1

_Static_assert(sizeof(struct topic_node) == 120, "the budget of 450 B a topic counts on it");
_Static_assert(sizeof(struct topic_leaf) == 56, "the budget of 450 B a topic counts on it");

/* ---- life */

struct topictree *
topictree_new(void)
{
	struct topictree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	slab_init(&t->nodes, sizeof(struct topic_node));
	slab_init(&t->leaves, sizeof(struct topic_leaf));
	t->table = calloc(TABLE_MIN, sizeof *t->table);
	t->mask = TABLE_MIN - 1;
	if (t->table == NULL || getrandom(t->key, sizeof t->key, 0) != sizeof t->key ||
	    slab_new(&t->nodes) != ROOT) {
		topictree_free(t);
		return NULL;
	}
	topictree_root(t)->id = ROOT;
	topictree_root(t)->flags = TOPIC_OPEN;
	return t;
}

static void
free_name(struct topic_node *n)
{
	if (n->name_n > TOPICTREE_NAME_INLINE)
		free(n->name.far);
}

static void
free_leaf(struct topictree *t, struct topic_node *n)
{
	struct topic_leaf *l = topictree_leaf(t, n);

	if (l == NULL)
		return;
	window_done(&l->window);
	slab_free(&t->leaves, n->leaf);
	n->leaf = 0;
}

void
topictree_free(struct topictree *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 1; i <= t->nodes.used; i++) {
		struct topic_node *n = node_at(t, i);

		if (topictree_number(n) != i)
			continue; /* freed: its id is a link of the slab or zero */
		free_leaf(t, n);
		free_name(n);
	}
	slab_done(&t->leaves);
	slab_done(&t->nodes);
	free(t->table);
	free(t);
}

/* ---- names */

uint32_t
topictree_number(const struct topic_node *n)
{
	return (uint32_t)n->id;
}

uint32_t
topictree_last_number(const struct topictree *t)
{
	return t->nodes.used;
}

struct topic_node *
topictree_at(const struct topictree *t, uint32_t number)
{
	return node_at(t, number);
}

struct topic_node *
topictree_root(const struct topictree *t)
{
	return node_at(t, ROOT);
}

struct topic_node *
topictree_by_id(const struct topictree *t, uint64_t id)
{
	uint32_t i = (uint32_t)id;
	struct topic_node *n;

	if (i <= ROOT || i > t->nodes.used)
		return NULL;
	n = node_at(t, i);
	return n->id == id ? n : NULL;
}

struct span
topictree_name(const struct topic_node *n)
{
	return (struct span){ n->name_n > TOPICTREE_NAME_INLINE ? n->name.far : n->name.near,
		n->name_n };
}

static bool
set_name(struct topic_node *n, struct span name)
{
	uint8_t *to = n->name.near;

	if (name.n > TOPICTREE_NAME_INLINE) {
		if ((to = malloc(name.n)) == NULL)
			return false;
		n->name.far = to;
	}
	if (name.n != 0)
		memcpy(to, name.p, name.n);
	n->name_n = (uint16_t)name.n;
	return true;
}

static size_t
topic_length(const struct topictree *t, const struct topic_node *n)
{
	size_t total = n->name_n;

	for (uint32_t p = n->parent; p > ROOT; p = node_at(t, p)->parent)
		total += 1 + (size_t)node_at(t, p)->name_n;
	return total;
}

size_t
topictree_topic(const struct topictree *t, const struct topic_node *n, uint8_t *out, size_t cap)
{
	size_t total = topic_length(t, n), at = total;

	for (;;) {
		struct span name = topictree_name(n);

		at -= name.n;
		if (at < cap && name.n != 0)
			memcpy(out + at, name.p, name.n < cap - at ? name.n : cap - at);
		if (n->parent <= ROOT)
			return total;
		if (--at < cap)
			out[at] = '/';
		n = node_at(t, n->parent);
	}
}

unsigned
topictree_depth(const struct topictree *t, const struct topic_node *n)
{
	unsigned depth = 0;

	for (; n->parent != 0; n = node_at(t, n->parent))
		depth++;
	return depth;
}

/* Is topic the full name of n? Compared from the end, where names differ first. */
static bool
is_topic(const struct topictree *t, const struct topic_node *n, struct span topic)
{
	for (;;) {
		struct span name = topictree_name(n);

		if (name.n > topic.n || (name.n != 0 &&
		    memcmp(topic.p + topic.n - name.n, name.p, name.n) != 0))
			return false;
		topic.n -= name.n;
		if (n->parent <= ROOT)
			return topic.n == 0;
		if (topic.n == 0 || topic.p[--topic.n] != '/')
			return false;
		n = node_at(t, n->parent);
	}
}

/* ---- the table */

static uint32_t
hash_of(const struct topictree *t, struct span topic)
{
	return (uint32_t)window_digest(t->key, topic);
}

static struct topic_node *
look_up(const struct topictree *t, struct span topic, uint32_t hash)
{
	for (size_t i = hash & t->mask; t->table[i] != 0; i = (i + 1) & t->mask) {
		struct topic_node *n = node_at(t, t->table[i]);

		if (n->hash == hash && is_topic(t, n, topic))
			return n;
	}
	return NULL;
}

static void
put(const struct topictree *t, uint32_t *table, size_t mask, uint32_t number)
{
	size_t i = node_at(t, number)->hash & mask;

	while (table[i] != 0)
		i = (i + 1) & mask;
	table[i] = number;
}

static bool
make_room(struct topictree *t)
{
	size_t mask = t->mask * 2 + 1;
	uint32_t *table;

	if (((size_t)t->nodes.alive + 1) * 2 <= t->mask + 1)
		return true;
	if ((table = calloc(mask + 1, sizeof *table)) == NULL)
		return false;
	for (size_t i = 0; i <= t->mask; i++)
		if (t->table[i] != 0)
			put(t, table, mask, t->table[i]);
	free(t->table);
	t->table = table;
	t->mask = mask;
	return true;
}

/* Takes a number out and closes the gap, so that no probe ends too early. */
static void
take_out(struct topictree *t, const struct topic_node *n)
{
	size_t hole = n->hash & t->mask;

	while (t->table[hole] != topictree_number(n))
		hole = (hole + 1) & t->mask;
	for (size_t i = (hole + 1) & t->mask; t->table[i] != 0; i = (i + 1) & t->mask) {
		size_t home = node_at(t, t->table[i])->hash & t->mask;

		if (((i - home) & t->mask) < ((i - hole) & t->mask))
			continue;
		t->table[hole] = t->table[i];
		hole = i;
	}
	t->table[hole] = 0;
}

/* ---- finding and making */

struct topic_node *
topictree_find(const struct topictree *t, struct span topic)
{
	return topic.n == 0 ? NULL : look_up(t, topic, hash_of(t, topic));
}

static struct topic_node *
make_node(struct topictree *t, uint32_t parent, struct span name, uint32_t hash)
{
	struct topic_node *n;
	uint32_t i;

	if (!make_room(t) || (i = slab_new(&t->nodes)) == 0)
		return NULL;
	n = node_at(t, i);
	if (!set_name(n, name)) {
		slab_free(&t->nodes, i);
		return NULL;
	}
	n->id = (uint64_t)++t->made << 32 | i;
	n->parent = parent;
	n->hash = hash;
	put(t, t->table, t->mask, i);
	toporder_insert(t, n);
	return n;
}

/* Frees n and its parents as far as nothing keeps them. */
void
topictree_prune(struct topictree *t, struct topic_node *n)
{
	while (n->parent != 0 && n->kids == 0 && n->leaf == 0 && !(n->flags & TOPIC_TREE)) {
		struct topic_node *parent = node_at(t, n->parent);

		toporder_remove(t, n);
		take_out(t, n);
		free_name(n);
		slab_free(&t->nodes, topictree_number(n));
		n = parent;
	}
}

/* Ends of the topic's prefixes that are nodes: behind each level, the last one takes the rest. */
static size_t
split_levels(struct span topic, size_t end[TOPICTREE_DEPTH_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < topic.n && n < TOPICTREE_DEPTH_MAX - 1; i++)
		if (topic.p[i] == '/')
			end[n++] = i;
	end[n++] = topic.n;
	return n;
}

struct topic_node *
topictree_add(struct topictree *t, struct span topic)
{
	size_t end[TOPICTREE_DEPTH_MAX], n_levels, have;
	uint32_t hash[TOPICTREE_DEPTH_MAX];
	struct topic_node *n = NULL;

	if (topic.n == 0 || topic.n > UINT16_MAX)
		return NULL;
	n_levels = have = split_levels(topic, end);
	/* The deepest level that exists; an empty first level ("/a") has the empty name. */
	for (; have > 0 && n == NULL; have -= n == NULL) {
		struct span prefix = { topic.p, end[have - 1] };

		hash[have - 1] = hash_of(t, prefix);
		n = look_up(t, prefix, hash[have - 1]);
	}
	if (n == NULL)
		n = topictree_root(t);
	for (; have < n_levels; have++) {
		size_t from = have == 0 ? 0 : end[have - 1] + 1;
		struct span name = { topic.p + from, end[have] - from };
		struct topic_node *made = make_node(t, topictree_number(n), name, hash[have]);

		if (made == NULL) {
			topictree_prune(t, n);
			return NULL;
		}
		n = made;
	}
	return n;
}

struct topic_leaf *
topictree_leaf(const struct topictree *t, const struct topic_node *n)
{
	return n->leaf == 0 ? NULL : slab_at(&t->leaves, n->leaf);
}

struct topic_leaf *
topictree_make_leaf(struct topictree *t, struct topic_node *n)
{
	if (n->leaf == 0)
		n->leaf = slab_new(&t->leaves);
	return topictree_leaf(t, n);
}

void
topictree_remove(struct topictree *t, struct topic_node *n)
{
	free_leaf(t, n);
	topictree_prune(t, n);
}

size_t
topictree_nodes(const struct topictree *t)
{
	return t->nodes.alive - 1;
}

size_t
topictree_topics(const struct topictree *t)
{
	return t->leaves.alive;
}

struct topic_node *
topictree_parent(const struct topictree *t, const struct topic_node *n)
{
	return n->parent <= ROOT ? NULL : node_at(t, n->parent);
}

/* ---- counting */

/* Counts in one byte: exact below 16, then four bits of fraction and an exponent. */
static uint8_t
pack_count(uint32_t v)
{
	int shift;

	if (v < 16)
		return (uint8_t)v;
	shift = 27 - __builtin_clz(v); /* leaves 16..31 */
	if (shift > 14)
		return 0xff;
	return (uint8_t)((shift + 1) << 4 | ((v >> shift) & 15));
}

static uint32_t
unpack_count(uint8_t code)
{
	return code < 16 ? code : (uint32_t)(16 | (code & 15)) << ((code >> 4) - 1);
}

/* Moves on to slot; a clock that stood still or went back changes nothing. */
static void
roll(struct topic_node *n, uint32_t slot)
{
	uint32_t ahead = slot - n->now_slot;

	if (slot <= n->now_slot)
		return;
	n->rate[n->now_slot % TOPICTREE_RATE_SLOTS] = pack_count(n->now_count);
	if (ahead > TOPICTREE_RATE_SLOTS)
		ahead = TOPICTREE_RATE_SLOTS;
	for (uint32_t i = 0; i < ahead; i++)
		n->rate[(slot - i) % TOPICTREE_RATE_SLOTS] = 0;
	n->now_slot = slot;
	n->now_count = 0;
}

void
topictree_count(struct topictree *t, struct topic_node *n, enum verdict_class c, int64_t mono_ms)
{
	uint32_t slot = (uint32_t)(mono_ms / TOPICTREE_RATE_MS);
	bool worse = c > n->worst;

	if (c > n->own)
		n->own = c;
	if (worse)
		toporder_repair(t, n);
	for (struct topic_node *up = n; up != NULL; up = node_at(t, up->parent)) {
		roll(up, slot);
		up->now_count++;
		up->count[c]++;
		up->last_ms = mono_ms;
	}
}

uint64_t
topictree_messages(const struct topic_node *n)
{
	return n->count[0] + n->count[1] + n->count[2] + n->count[3];
}

void
topictree_rates(const struct topic_node *n, int64_t mono_ms, uint32_t out[TOPICTREE_RATE_SLOTS])
{
	int64_t last = mono_ms / TOPICTREE_RATE_MS;

	for (int64_t i = 0; i < TOPICTREE_RATE_SLOTS; i++) {
		int64_t slot = last - (TOPICTREE_RATE_SLOTS - 1) + i;
		int64_t back = (int64_t)n->now_slot - slot;

		if (back == 0)
			out[i] = n->now_count;
		else if (slot < 0 || back < 0 || back >= TOPICTREE_RATE_SLOTS)
			out[i] = 0;
		else
			out[i] = unpack_count(n->rate[slot % TOPICTREE_RATE_SLOTS]);
	}
}
