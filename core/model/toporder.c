/*
 * The order of siblings: a treap for each parent, with sums.
 *
 * Priorities are the nodes' keyed hashes, so that nobody who chooses names can unbalance it, and
 * depths stay near 2 ln n. Each node sums over its part of the treap the visible rows (sum) and the
 * worst class (under); a row number is found by descending, a change is repaired by descending to
 * the node and recomputing on the way back. There are no links upwards: the name is the way.
 */
#include <string.h>

#include "core/model/topictree.h"
#include "core/model/topictree_priv.h"

static int
compare(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static int
compare_nodes(const struct topic_node *a, const struct topic_node *b)
{
	return a == b ? 0 : compare(topictree_name(a), topictree_name(b));
}

static uint32_t
rows_of(const struct topictree *t, uint32_t treap)
{
	return treap == 0 ? 0 : node_at(t, treap)->sum;
}

static unsigned
worst_of(const struct topictree *t, uint32_t treap)
{
	return treap == 0 ? 0 : node_at(t, treap)->under;
}

/* n and what is below it, without its siblings. */
static uint32_t
own_rows(const struct topictree *t, const struct topic_node *n)
{
	return 1 + ((n->flags & TOPIC_OPEN) ? rows_of(t, n->kids) : 0);
}

static unsigned
worse(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static void
pull(const struct topictree *t, struct topic_node *n)
{
	unsigned sides = worse(worst_of(t, n->left), worst_of(t, n->right));

	n->sum = own_rows(t, n) + rows_of(t, n->left) + rows_of(t, n->right);
	n->worst = worse(n->own, worst_of(t, n->kids)) & 3;
	n->under = worse(n->worst, sides) & 3;
}

/* ---- changing */

/* Parts a treap at a name that is not in it. */
static void
split(const struct topictree *t, uint32_t treap, const struct topic_node *at, uint32_t *low,
    uint32_t *high)
{
	struct topic_node *n = node_at(t, treap);

	if (n == NULL) {
		*low = *high = 0;
		return;
	}
	if (compare_nodes(n, at) < 0) {
		split(t, n->right, at, &n->right, high);
		*low = treap;
	} else {
		split(t, n->left, at, low, &n->left);
		*high = treap;
	}
	pull(t, n);
}

static uint32_t
join(const struct topictree *t, uint32_t low, uint32_t high)
{
	struct topic_node *a = node_at(t, low), *b = node_at(t, high);

	if (a == NULL || b == NULL)
		return a == NULL ? high : low;
	if (a->hash > b->hash) {
		a->right = join(t, a->right, high);
		pull(t, a);
		return low;
	}
	b->left = join(t, low, b->left);
	pull(t, b);
	return high;
}

static uint32_t
insert(const struct topictree *t, uint32_t treap, struct topic_node *n)
{
	struct topic_node *at = node_at(t, treap);

	if (at == NULL || n->hash > at->hash) {
		split(t, treap, n, &n->left, &n->right);
		pull(t, n);
		return topictree_number(n);
	}
	if (compare_nodes(n, at) < 0)
		at->left = insert(t, at->left, n);
	else
		at->right = insert(t, at->right, n);
	pull(t, at);
	return treap;
}

static uint32_t
take(const struct topictree *t, uint32_t treap, const struct topic_node *n)
{
	struct topic_node *at = node_at(t, treap);

	if (at == n)
		return join(t, at->left, at->right);
	if (compare_nodes(n, at) < 0)
		at->left = take(t, at->left, n);
	else
		at->right = take(t, at->right, n);
	pull(t, at);
	return treap;
}

/* Recomputes the siblings on the way to n, n first. */
static void
repair_siblings(const struct topictree *t, uint32_t treap, struct topic_node *n)
{
	struct topic_node *at = node_at(t, treap);

	if (at != n)
		repair_siblings(t, compare_nodes(n, at) < 0 ? at->left : at->right, n);
	pull(t, at);
}

void
toporder_repair(struct topictree *t, struct topic_node *n)
{
	for (; n->parent != 0; n = node_at(t, n->parent))
		repair_siblings(t, node_at(t, n->parent)->kids, n);
	pull(t, n);
}

void
toporder_insert(struct topictree *t, struct topic_node *n)
{
	struct topic_node *parent = node_at(t, n->parent);

	parent->kids = insert(t, parent->kids, n);
	if (parent->flags & TOPIC_OPEN)
		toporder_repair(t, parent);
}

void
toporder_remove(struct topictree *t, struct topic_node *n)
{
	struct topic_node *parent = node_at(t, n->parent);

	parent->kids = take(t, parent->kids, n);
	toporder_repair(t, parent);
}

void
topictree_open(struct topictree *t, struct topic_node *n, bool open)
{
	if (n->parent == 0 || open == ((n->flags & TOPIC_OPEN) != 0))
		return;
	n->flags ^= TOPIC_OPEN;
	toporder_repair(t, n);
}

/* A treap of siblings and all below it. Returns what is left of the limit. */
static size_t
open_treap(const struct topictree *t, uint32_t treap, bool open, size_t left)
{
	struct topic_node *n = node_at(t, treap);

	if (n == NULL || left == 0)
		return left;
	left = open_treap(t, n->left, open, left - 1);
	if (n->kids != 0 && left > 0) {
		left = open_treap(t, n->kids, open, left);
		n->flags = (uint8_t)(open ? n->flags | TOPIC_OPEN : n->flags & ~TOPIC_OPEN);
	}
	left = open_treap(t, n->right, open, left);
	pull(t, n);
	return left;
}

bool
topictree_open_below(struct topictree *t, struct topic_node *n, bool open, size_t limit)
{
	size_t left = open_treap(t, n->kids, open, limit);

	if (n->kids != 0 && n->parent != 0)
		n->flags = (uint8_t)(open ? n->flags | TOPIC_OPEN : n->flags & ~TOPIC_OPEN);
	toporder_repair(t, n);
	return left > 0;
}

void
topictree_reveal(struct topictree *t, struct topic_node *n)
{
	while ((n = topictree_parent(t, n)) != NULL)
		topictree_open(t, n, true);
}

/* Calms a treap and everything below it, as far as anything needs it. */
static void
calm(const struct topictree *t, struct topic_node *n, bool siblings)
{
	const struct topic_leaf *l = topictree_leaf(t, n);

	if (n->kids != 0 && worst_of(t, n->kids) >= CLASS_ATTENTION)
		calm(t, node_at(t, n->kids), true);
	if (n->own >= CLASS_ATTENTION) {
		bool green = l != NULL && verdict_is_green((enum verdict)l->verdict);

		n->own = green ? CLASS_GOOD : CLASS_NEUTRAL;
	}
	if (siblings && worst_of(t, n->left) >= CLASS_ATTENTION)
		calm(t, node_at(t, n->left), true);
	if (siblings && worst_of(t, n->right) >= CLASS_ATTENTION)
		calm(t, node_at(t, n->right), true);
	pull(t, n);
}

void
topictree_acknowledge(struct topictree *t, struct topic_node *n)
{
	calm(t, n, false);
	toporder_repair(t, n);
}

/* ---- relatives */

static struct topic_node *
leftmost(const struct topictree *t, uint32_t treap)
{
	struct topic_node *n = node_at(t, treap);

	while (n != NULL && n->left != 0)
		n = node_at(t, n->left);
	return n;
}

static struct topic_node *
rightmost(const struct topictree *t, uint32_t treap)
{
	struct topic_node *n = node_at(t, treap);

	while (n != NULL && n->right != 0)
		n = node_at(t, n->right);
	return n;
}

struct topic_node *
topictree_first(const struct topictree *t, const struct topic_node *parent)
{
	return leftmost(t, parent->kids);
}

struct topic_node *
topictree_last(const struct topictree *t, const struct topic_node *parent)
{
	return rightmost(t, parent->kids);
}

struct topic_node *
topictree_after(const struct topictree *t, const struct topic_node *n)
{
	struct topic_node *at, *best = NULL;

	if (n->right != 0 || n->parent == 0)
		return leftmost(t, n->right);
	for (at = node_at(t, node_at(t, n->parent)->kids); at != n;) {
		bool below = compare_nodes(n, at) < 0;

		if (below)
			best = at;
		at = node_at(t, below ? at->left : at->right);
	}
	return best;
}

struct topic_node *
topictree_before(const struct topictree *t, const struct topic_node *n)
{
	struct topic_node *at, *best = NULL;

	if (n->left != 0 || n->parent == 0)
		return rightmost(t, n->left);
	for (at = node_at(t, node_at(t, n->parent)->kids); at != n;) {
		bool below = compare_nodes(n, at) < 0;

		if (!below)
			best = at;
		at = node_at(t, below ? at->left : at->right);
	}
	return best;
}

struct topic_node *
topictree_walk(const struct topictree *t, const struct topic_node *n, bool into)
{
	struct topic_node *next;

	if (into && n->kids != 0)
		return topictree_first(t, n);
	for (; n != NULL && n->parent != 0; n = topictree_parent(t, n))
		if ((next = topictree_after(t, n)) != NULL)
			return next;
	return NULL;
}

static struct topic_node *
deepest_last(const struct topictree *t, struct topic_node *n)
{
	while (n->kids != 0)
		n = topictree_last(t, n);
	return n;
}

struct topic_node *
topictree_walk_back(const struct topictree *t, const struct topic_node *n)
{
	struct topic_node *before = topictree_before(t, n);

	return before == NULL ? topictree_parent(t, n) : deepest_last(t, before);
}

/* ---- rows */

size_t
topictree_rows(const struct topictree *t)
{
	return rows_of(t, topictree_root(t)->kids);
}

struct topic_node *
topictree_nth(const struct topictree *t, size_t row)
{
	uint32_t at = topictree_root(t)->kids;

	if (row >= rows_of(t, at))
		return NULL;
	for (;;) {
		struct topic_node *n = node_at(t, at);
		uint32_t before = rows_of(t, n->left), own = own_rows(t, n);

		if (row < before) {
			at = n->left;
		} else if (row == before) {
			return n;
		} else if (row < before + own) {
			row -= before + 1;
			at = n->kids;
		} else {
			row -= before + own;
			at = n->right;
		}
	}
}

/* Rows of the siblings before n. */
static size_t
rows_before(const struct topictree *t, const struct topic_node *n)
{
	struct topic_node *at = node_at(t, node_at(t, n->parent)->kids);
	size_t rows = 0;

	while (at != n) {
		bool below = compare_nodes(n, at) < 0;

		if (!below)
			rows += rows_of(t, at->left) + own_rows(t, at);
		at = node_at(t, below ? at->left : at->right);
	}
	return rows + rows_of(t, n->left);
}

size_t
topictree_row(const struct topictree *t, const struct topic_node *n)
{
	const struct topic_node *shown = n;
	size_t row;

	for (const struct topic_node *p = topictree_parent(t, n); p != NULL;
	    p = topictree_parent(t, p))
		if (!(p->flags & TOPIC_OPEN))
			shown = p;
	row = rows_before(t, shown);
	while ((shown = topictree_parent(t, shown)) != NULL)
		row += 1 + rows_before(t, shown);
	return row;
}

/* ---- failures */

/* The first or last one in a treap that is as bad as c, itself or below. */
static struct topic_node *
edge_worst(const struct topictree *t, uint32_t treap, unsigned c, bool last)
{
	struct topic_node *n = node_at(t, treap);

	if (n == NULL || n->under < c)
		return NULL;
	for (;;) {
		uint32_t near = last ? n->right : n->left, far = last ? n->left : n->right;

		if (worst_of(t, near) >= c)
			n = node_at(t, near);
		else if (n->worst >= c)
			return n;
		else
			n = node_at(t, far);
	}
}

/* The nearest sibling behind (or before) n that is as bad as c, itself or below. */
static struct topic_node *
sibling_worst(const struct topictree *t, const struct topic_node *n, unsigned c, bool back)
{
	struct topic_node *at = node_at(t, node_at(t, n->parent)->kids), *best = NULL, *found;

	for (; at != n; at = node_at(t, compare_nodes(n, at) < 0 ? at->left : at->right)) {
		if ((compare_nodes(n, at) < 0) == back)
			continue; /* lies on the other side */
		if (at->worst >= c)
			best = at;
		else if ((found = edge_worst(t, back ? at->left : at->right, c, back)) != NULL)
			best = found;
	}
	found = edge_worst(t, back ? n->left : n->right, c, back);
	return found != NULL ? found : best;
}

struct topic_node *
topictree_next_worst(const struct topictree *t, const struct topic_node *n, enum verdict_class c)
{
	struct topic_node *f = edge_worst(t, n->kids, c, false);

	for (; f == NULL && n != NULL && n->parent != 0; n = topictree_parent(t, n))
		f = sibling_worst(t, n, c, false);
	while (f != NULL && f->own < c)
		f = edge_worst(t, f->kids, c, false);
	return f;
}

struct topic_node *
topictree_prev_worst(const struct topictree *t, const struct topic_node *n, enum verdict_class c)
{
	struct topic_node *f = NULL, *below;

	while (n != NULL && n->parent != 0) {
		if ((f = sibling_worst(t, n, c, true)) != NULL)
			break;
		if ((n = topictree_parent(t, n)) != NULL && n->own >= c)
			return topictree_by_id(t, n->id);
	}
	while (f != NULL && (below = edge_worst(t, f->kids, c, true)) != NULL)
		f = below;
	return f;
}
