#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/filter.h"
#include "core/model/history.h"

static struct filter
parse(const char *typed)
{
	struct filter f;

	assert_int_equal(filter_parse(span_of(typed), &f, NULL), MQ_OK);
	return f;
}

static bool
matches(const char *typed, const char *topic)
{
	struct filter f = parse(typed);
	struct topictree *t = topictree_new();
	bool r = filter_matches(&f, t, topictree_add(t, span_of(topic)), span_of(topic));

	topictree_free(t);
	return r;
}

static void
text_matches_anywhere_in_the_topic(void **state)
{
	(void)state;
	assert_true(matches("", "a/b"));
	assert_true(matches("a/b", "xa/by"));
	assert_true(matches("TEMP", "a/TEMP"));
	assert_false(matches("TEMP", "a/temp"));
	assert_true(matches("temp", "a/TeMp"));
	assert_false(matches("longer than that", "a"));
	assert_false(matches("!temp", "a/temp"));
	assert_true(matches("!temp", "a/b"));
	assert_false(matches("!", "a/b"));
}

static void
wildcards_match_whole_topics(void **state)
{
	(void)state;
	assert_true(matches("a/+/c", "a/b/c"));
	assert_false(matches("a/+/c", "x/a/b/c"));
	assert_true(matches("a/#", "a"));
	assert_true(matches("!a/#", "b"));
}

static void
a_tree_matches_itself_and_what_is_below(void **state)
{
	(void)state;
	assert_true(matches("tree:a/b", "a/b"));
	assert_true(matches("tree:a/b", "a/b/c"));
	assert_false(matches("tree:a/b", "a/bc"));
}

static void
verdicts_match_what_was_seen(void **state)
{
	struct topictree *t = topictree_new();
	struct history *h = history_new(t, 1 << 20);
	struct topic_node *n = topictree_add(t, span_of("a"));
	struct filter bad = parse("verdict:bad"), replay = parse("verdict:replay"),
		      none = parse("!verdict:BAD-SIG");

	(void)state;
	assert_false(filter_matches(&bad, t, n, span_of("a")));
	assert_non_null(history_add(h, n, &(struct history_msg){ .verdict = V_REPLAY }, 10));
	assert_non_null(history_add(h, n, &(struct history_msg){ .verdict = V_PLAIN }, 10));
	topictree_count(t, n, CLASS_BAD, 0);
	assert_true(filter_matches(&bad, t, n, span_of("a")));
	assert_true(filter_matches(&replay, t, n, span_of("a")));
	assert_true(filter_matches(&none, t, n, span_of("a")));
	history_free(h);
	topictree_free(t);
}

static void
a_search_finds_a_branch_once(void **state)
{
	struct topictree *t = topictree_new();
	struct topic_node *n = topictree_add(t, span_of("plant/pump"));
	struct filter branch = parse("plant"), both = parse("t/p"), leaf = parse("ump");

	(void)state;
	assert_true(filter_matches_here(&branch, t, topictree_parent(t, n), span_of("plant")));
	assert_false(filter_matches_here(&branch, t, n, span_of("plant/pump")));
	assert_true(filter_matches_here(&both, t, n, span_of("plant/pump")));
	assert_true(filter_matches_here(&leaf, t, n, span_of("plant/pump")));
	topictree_free(t);
}

static void
what_cannot_be_meant_gets_a_sentence(void **state)
{
	static const char *const wrong[] = { "verdict:", "verdict:nonsense", "a/b+", "#/a", "a#" };
	struct filter f = { .n = 77 };
	uint8_t lots[FILTER_MAX + 1];
	struct mq_error e;

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		e.text[0] = '\0';
		assert_int_equal(filter_parse(span_of(wrong[i]), &f, &e), MQ_EFORMAT);
		assert_string_not_equal(e.text, "");
	}
	memset(lots, 'x', sizeof lots);
	assert_int_equal(filter_parse((struct span){ lots, sizeof lots }, &f, &e), MQ_ELIMIT);
	assert_int_equal(f.n, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_matches_anywhere_in_the_topic),
		cmocka_unit_test(wildcards_match_whole_topics),
		cmocka_unit_test(a_tree_matches_itself_and_what_is_below),
		cmocka_unit_test(verdicts_match_what_was_seen),
		cmocka_unit_test(a_search_finds_a_branch_once),
		cmocka_unit_test(what_cannot_be_meant_gets_a_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
