#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/topictree.h"

#define MODEL_MAX 4096

/* The naive model: every node by its full name, everything else computed by looking at all. */
struct plain {
	char topic[64];
	uint64_t count[4];
	bool open, leaf;
	unsigned own;
	uint64_t id;
};
struct naive {
	struct plain p[MODEL_MAX];
	size_t n;
};

static uint32_t
next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* Order of the screen: level by level, so '/' sorts below everything. */
static int
by_levels(const void *a, const void *b)
{
	const char *x = ((const struct plain *)a)->topic, *y = ((const struct plain *)b)->topic;

	while (*x != '\0' && *x == *y) {
		x++;
		y++;
	}
	if (*x == *y)
		return 0;
	if (*x == '\0' || *y == '\0')
		return *x == '\0' ? -1 : 1;
	if (*x == '/' || *y == '/')
		return *x == '/' ? -1 : 1;
	return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
}

static struct plain *
naive_find(struct naive *m, const char *topic)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->p[i].topic, topic) == 0)
			return &m->p[i];
	return NULL;
}

static bool
is_below(const char *topic, const char *above)
{
	size_t n = strlen(above);

	return strncmp(topic, above, n) == 0 && topic[n] == '/';
}

static void
naive_add(struct naive *m, const char *topic)
{
	for (size_t i = 1; i <= strlen(topic); i++) {
		char prefix[64] = { 0 };

		if (topic[i] != '/' && topic[i] != '\0')
			continue;
		memcpy(prefix, topic, i);
		if (naive_find(m, prefix) != NULL)
			continue;
		memset(&m->p[m->n], 0, sizeof m->p[0]);
		memcpy(m->p[m->n].topic, prefix, sizeof prefix);
		m->n++;
	}
}

static void
naive_count(struct naive *m, const char *topic, unsigned class)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(topic, m->p[i].topic) == 0 || is_below(topic, m->p[i].topic))
			m->p[i].count[class]++;
	if (class > naive_find(m, topic)->own)
		naive_find(m, topic)->own = class;
}

static void
naive_remove(struct naive *m, const char *topic)
{
	naive_find(m, topic)->leaf = false;
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < m->n && !again; i++) {
			bool kids = false;

			if (strcmp(m->p[i].topic, topic) != 0 && !is_below(topic, m->p[i].topic))
				continue;
			for (size_t k = 0; k < m->n; k++)
				kids |= is_below(m->p[k].topic, m->p[i].topic);
			if (kids || m->p[i].leaf)
				continue;
			m->p[i] = m->p[--m->n];
			again = true;
		}
	}
}

static bool
naive_visible(struct naive *m, const struct plain *p)
{
	for (size_t i = 0; i < m->n; i++)
		if (is_below(p->topic, m->p[i].topic) && !m->p[i].open)
			return false;
	return true;
}

static unsigned
naive_worst(struct naive *m, const struct plain *p)
{
	unsigned worst = p->own;

	for (size_t i = 0; i < m->n; i++)
		if (is_below(m->p[i].topic, p->topic) && m->p[i].own > worst)
			worst = m->p[i].own;
	return worst;
}

static void
check_node(struct naive *m, struct topictree *t, struct plain *p, struct topic_node *walked)
{
	struct topic_node *n = topictree_find(t, span_of(p->topic));
	char back[64] = { 0 };

	assert_ptr_equal(n, walked);
	assert_int_equal(topictree_topic(t, n, (uint8_t *)back, sizeof back), strlen(p->topic));
	assert_string_equal(back, p->topic);
	for (int c = 0; c < 4; c++)
		assert_int_equal(n->count[c], p->count[c]);
	assert_int_equal(n->worst, naive_worst(m, p));
	assert_ptr_equal(topictree_by_id(t, n->id), n);
}

static void
check_jumps(struct topictree *t, struct topic_node **all, size_t n, unsigned class)
{
	struct topic_node *want = NULL;

	for (size_t i = n; i-- > 0;) {
		assert_ptr_equal(topictree_next_worst(t, all[i], class), want);
		if (all[i]->own >= class)
			want = all[i];
	}
	want = NULL;
	for (size_t i = 0; i < n; i++) {
		assert_ptr_equal(topictree_prev_worst(t, all[i], class), want);
		if (all[i]->own >= class)
			want = all[i];
	}
}

static void
check_all(struct naive *m, struct topictree *t)
{
	static struct topic_node *all[MODEL_MAX];
	struct topic_node *n = topictree_walk(t, topictree_root(t), true), *before = NULL;
	size_t rows = 0;

	qsort(m->p, m->n, sizeof m->p[0], by_levels);
	assert_int_equal(topictree_nodes(t), m->n);
	for (size_t i = 0; i < m->n; i++) {
		assert_non_null(n);
		check_node(m, t, &m->p[i], n);
		assert_ptr_equal(topictree_walk_back(t, n), before);
		if (naive_visible(m, &m->p[i])) {
			assert_ptr_equal(topictree_nth(t, rows), n);
			assert_int_equal(topictree_row(t, n), rows);
			rows++;
		}
		all[i] = before = n;
		n = topictree_walk(t, n, true);
	}
	assert_null(n);
	assert_int_equal(topictree_rows(t), rows);
	assert_null(topictree_nth(t, rows));
	check_jumps(t, all, m->n, CLASS_BAD);
}

static void
random_topic(uint32_t *seed, char out[64])
{
	static const char *const levels[] = { "a", "b", "", "cc", "a longer level than sixteen",
		"d", "0", "a0", "\x01", "\xff" };
	size_t n = 1 + next_random(seed) % 4;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		const char *level = levels[next_random(seed) % 10];

		if (strlen(out) + strlen(level) + 2 > 60)
			break;
		if (i != 0)
			memcpy(out + strlen(out), "/", 2);
		memcpy(out + strlen(out), level, strlen(level) + 1);
	}
	if (out[0] == '\0' || out[0] == '/') /* the naive model cannot name an empty first level */
		memcpy(out, "z", 2);
}

static void
acknowledge(struct naive *m, struct topictree *t, struct plain *p)
{
	char topic[64];

	memcpy(topic, p->topic, sizeof topic);
	topictree_acknowledge(t, topictree_find(t, span_of(topic)));
	for (size_t i = 0; i < m->n; i++)
		if ((strcmp(m->p[i].topic, topic) == 0 || is_below(m->p[i].topic, topic)) &&
		    m->p[i].own >= CLASS_ATTENTION)
			m->p[i].own = CLASS_NEUTRAL; /* no leaf here ever says it is green */
}

static void
step(struct naive *m, struct topictree *t, uint32_t *seed)
{
	struct plain *p = m->n == 0 ? NULL : &m->p[next_random(seed) % m->n];
	unsigned class = next_random(seed) % 4;
	char topic[64];

	switch (p == NULL ? 0 : next_random(seed) % 8) {
	case 0:
	case 1:
		random_topic(seed, topic);
		naive_add(m, topic);
		naive_find(m, topic)->leaf = true;
		assert_non_null(topictree_make_leaf(t, topictree_add(t, span_of(topic))));
		break;
	case 2:
	case 3:
		if (p->leaf)
			naive_count(m, p->topic, class);
		if (p->leaf)
			topictree_count(t, topictree_find(t, span_of(p->topic)), class, 0);
		break;
	case 4:
	case 5:
		p->open = !p->open;
		topictree_open(t, topictree_find(t, span_of(p->topic)), p->open);
		break;
	case 6:
		if (next_random(seed) % 4 == 0)
			acknowledge(m, t, p);
		break;
	default:
		memcpy(topic, p->topic, sizeof topic);
		topictree_remove(t, topictree_find(t, span_of(topic)));
		naive_remove(m, topic);
		break;
	}
}

/* Removing a failure leaves its parents' class as it is computed from what is left. */
static void
random_operations_agree_with_a_naive_model(void **state)
{
	static struct naive m;
	struct topictree *t = topictree_new();
	uint32_t seed = 7;

	(void)state;
	assert_non_null(t);
	memset(&m, 0, sizeof m);
	for (int i = 0; i < 6000; i++) {
		step(&m, t, &seed);
		if (i % 20 == 0)
			check_all(&m, t);
	}
	check_all(&m, t);
	topictree_free(t);
}

static void
ids_are_never_used_again(void **state)
{
	struct topictree *t = topictree_new();
	uint64_t last = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct topic_node *n = topictree_add(t, span_of("a/b"));
		uint64_t id = n->id;

		assert_true(id != last && id != 0);
		assert_null(topictree_by_id(t, last));
		last = id;
		topictree_make_leaf(t, n);
		topictree_remove(t, n);
		assert_int_equal(topictree_nodes(t), 0);
	}
	assert_null(topictree_by_id(t, UINT64_MAX));
	assert_null(topictree_by_id(t, 1));
	topictree_free(t);
}

static void
empty_levels_are_levels(void **state)
{
	static const char *const topics[] = { "/", "/a", "a/", "a", "//", "a//b" };
	struct topictree *t = topictree_new();

	(void)state;
	for (size_t i = 0; i < 6; i++)
		assert_non_null(topictree_add(t, span_of(topics[i])));
	for (size_t i = 0; i < 6; i++) {
		struct topic_node *n = topictree_find(t, span_of(topics[i]));
		uint8_t out[8];

		assert_non_null(n);
		assert_int_equal(topictree_topic(t, n, out, sizeof out), strlen(topics[i]));
		assert_memory_equal(out, topics[i], strlen(topics[i]));
	}
	assert_null(topictree_find(t, span_of("")));
	assert_null(topictree_add(t, span_of("")));
	assert_int_equal(topictree_depth(t, topictree_find(t, span_of("a//b"))), 3);
	topictree_free(t);
}

static void
a_thousand_levels_cost_only_so_many_nodes(void **state)
{
	struct topictree *t = topictree_new();
	uint8_t topic[2001], out[2001];
	struct topic_node *n;

	(void)state;
	for (size_t i = 0; i < sizeof topic; i++)
		topic[i] = i % 2 ? '/' : 'x';
	n = topictree_add(t, (struct span){ topic, sizeof topic });
	assert_non_null(n);
	assert_int_equal(topictree_nodes(t), TOPICTREE_DEPTH_MAX);
	assert_int_equal(topictree_topic(t, n, out, sizeof out), sizeof topic);
	assert_memory_equal(out, topic, sizeof topic);
	assert_ptr_equal(topictree_find(t, (struct span){ topic, sizeof topic }), n);
	assert_null(topictree_find(t, (struct span){ topic, sizeof topic - 2 }));
	memset(out, '#', sizeof out);
	assert_int_equal(topictree_topic(t, n, out, 5), sizeof topic);
	assert_memory_equal(out, "x/x/x#", 6);
	topictree_free(t);
}

static void
rates_move_with_the_clock_and_survive_its_jumps(void **state)
{
	struct topictree *t = topictree_new();
	struct topic_node *n = topictree_add(t, span_of("a/b"));
	uint32_t r[TOPICTREE_RATE_SLOTS];

	(void)state;
	for (int i = 0; i < 1000; i++)
		topictree_count(t, n, CLASS_GOOD, 100000);
	topictree_count(t, n, CLASS_GOOD, 100000 + TOPICTREE_RATE_MS);
	topictree_count(t, n, CLASS_GOOD, 5); /* goes back: counted where we are */
	topictree_rates(topictree_parent(t, n), 100000 + TOPICTREE_RATE_MS, r);
	assert_int_equal(r[15], 2);
	assert_in_range(r[14], 1000 - 1000 / 16, 1000);
	assert_int_equal(r[13], 0);
	topictree_rates(n, 100000 + 3 * TOPICTREE_RATE_MS, r);
	assert_int_equal(r[13], 2);
	assert_in_range(r[12], 1000 - 1000 / 16, 1000);
	topictree_rates(n, 100000 + 40 * TOPICTREE_RATE_MS, r);
	for (int i = 0; i < TOPICTREE_RATE_SLOTS; i++)
		assert_int_equal(r[i], 0);
	topictree_count(t, n, CLASS_GOOD, 100000 + 40 * TOPICTREE_RATE_MS);
	topictree_rates(n, 100000 + 40 * TOPICTREE_RATE_MS, r);
	assert_int_equal(r[15], 1);
	assert_int_equal(r[0] + r[7] + r[14], 0);
	topictree_free(t);
}

static void
a_green_topic_is_green_again_once_its_failure_was_seen(void **state)
{
	struct topictree *t = topictree_new();
	struct topic_node *n = topictree_add(t, span_of("a/b")), *a = topictree_parent(t, n);

	(void)state;
	topictree_make_leaf(t, n)->verdict = (uint8_t)verdict_grant(V_VERIFIED);
	topictree_count(t, n, CLASS_BAD, 0);
	topictree_count(t, n, CLASS_GOOD, 0);
	assert_int_equal(a->worst, CLASS_BAD);
	assert_ptr_equal(topictree_next_worst(t, topictree_root(t), CLASS_BAD), n);
	topictree_acknowledge(t, a);
	assert_int_equal(a->worst, CLASS_GOOD);
	assert_int_equal(n->own, CLASS_GOOD);
	assert_int_equal(a->count[CLASS_BAD], 1);
	assert_null(topictree_next_worst(t, topictree_root(t), CLASS_BAD));
	topictree_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_a_naive_model),
		cmocka_unit_test(ids_are_never_used_again),
		cmocka_unit_test(empty_levels_are_levels),
		cmocka_unit_test(a_thousand_levels_cost_only_so_many_nodes),
		cmocka_unit_test(rates_move_with_the_clock_and_survive_its_jumps),
		cmocka_unit_test(a_green_topic_is_green_again_once_its_failure_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
