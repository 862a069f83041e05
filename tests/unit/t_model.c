#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/model.h"

static struct model *
new_model(size_t budget)
{
	static const struct clock clock = { .fixed = true, .wall_ms = 1795000000000 };
	struct model *m = model_new(&clock, budget);

	assert_non_null(m);
	return m;
}

static struct topic_node *
deliver(struct model *m, const char *tree, const char *topic, enum verdict v, const char *payload)
{
	struct model_msg msg = { .topic = span_of(topic), .tree = span_of(tree) };

	msg.h = (struct history_msg){ .verdict = v, .raw = span_of(payload),
		.size = strlen(payload), .received_ms = 1795000000000 };
	if (verdict_is_green(v)) {
		msg.h.value = msg.h.raw;
		msg.h.current = true;
	}
	return model_message(m, &msg);
}

static struct topic_leaf *
leaf(struct model *m, const char *topic)
{
	struct topic_node *n = topictree_find(model_topics(m), span_of(topic));

	return n == NULL ? NULL : topictree_leaf(model_topics(m), n);
}

static void
a_message_is_counted_up_its_path_and_for_its_tree(void **state)
{
	struct model *m = new_model(1 << 20);
	struct model_tree *t = model_tree_add(m, span_of("a/T"));
	struct topic_node *n;
	uint64_t before;

	(void)state;
	before = model_changes(m);
	n = deliver(m, "a/T", "a/T/x", verdict_grant(V_VERIFIED), "1");
	assert_non_null(n);
	deliver(m, "a/T", "a/T/x", V_REPLAY, "0");
	assert_true(model_changes(m) > before);
	assert_int_equal(topictree_messages(topictree_find(model_topics(m), span_of("a"))), 2);
	assert_int_equal(topictree_find(model_topics(m), span_of("a/T"))->worst, CLASS_BAD);
	assert_int_equal(t->verdicts[V_REPLAY], 1);
	assert_int_equal(t->last_bad_ms, 1795000000000);
	assert_int_equal(model_verdicts(m)[V_REPLAY], 1);
	assert_int_equal(n->flags & (TOPIC_SECURED | TOPIC_VERIFIED), TOPIC_SECURED | TOPIC_VERIFIED);
	assert_int_equal(model_failures(m), 1);
	assert_int_equal(model_failure_nth(m, 0)->topic, n->id);
	assert_int_equal(model_failure_nth(m, 0)->tree, t->id);
	model_free(m);
}

static void
history_seen_again_is_no_rollback_in_the_counts(void **state)
{
	struct model *m = new_model(1 << 20);
	struct model_tree *t = model_tree_add(m, span_of("T"));
	struct model_msg msg = { .topic = span_of("T/mqgp.conf/log/1"), .tree = span_of("T"),
		.control = true, .h = { .verdict = V_ROLLBACK, .flags = FLAG_LEFTOVER } };

	(void)state;
	assert_non_null(model_message(m, &msg));
	assert_int_equal(t->verdicts[V_ROLLBACK], 0);
	assert_int_equal(t->verdicts[V_NONE], 1);
	msg.h.flags = 0;
	assert_non_null(model_message(m, &msg));
	assert_int_equal(t->verdicts[V_ROLLBACK], 1);
	assert_int_equal(model_verdicts(m)[V_ROLLBACK], 1);
	model_free(m);
}

static void
a_duplicate_is_neither_counted_nor_kept(void **state)
{
	struct model *m = new_model(1 << 20);
	struct topic_node *n = deliver(m, "T", "T/x", verdict_grant(V_VERIFIED), "1");

	(void)state;
	assert_ptr_equal(deliver(m, "T", "T/x", V_DUPLICATE, "1"), n);
	assert_int_equal(topictree_messages(n), 1);
	assert_int_equal(leaf(m, "T/x")->entries, 1);
	assert_int_equal(leaf(m, "T/x")->verdict, V_VERIFIED);
	assert_int_equal(model_verdicts(m)[V_DUPLICATE], 1);
	model_free(m);
}

static void
unverified_topics_of_secured_trees_are_bounded(void **state)
{
	struct model *m = new_model(64 << 20);
	char name[32], payload[1001];

	(void)state;
	memset(payload, 'x', sizeof payload - 1);
	payload[sizeof payload - 1] = '\0';
	deliver(m, "T", "T/good", verdict_grant(V_VERIFIED), "1");
	deliver(m, "T", "T/f0", V_UNSIGNED, payload);
	for (int i = 1; i < MODEL_UNVERIFIED_MAX + 100; i++) {
		(void)snprintf(name, sizeof name, "T/f%d", i);
		deliver(m, "T", name, V_UNSIGNED, payload);
		if (i % 1000 == 0) /* stays because it is used */
			deliver(m, "T", "T/f0", V_UNSIGNED, payload);
	}
	assert_int_equal(topictree_topics(model_topics(m)), MODEL_UNVERIFIED_MAX + 1);
	assert_int_equal(model_blind(m)->unverified_evicted, 100);
	assert_non_null(leaf(m, "T/f0"));
	assert_null(leaf(m, "T/f1"));
	assert_non_null(leaf(m, "T/good"));
	assert_int_equal(leaf(m, "T/f0")->newest->raw_n, HISTORY_PREVIEW);
	assert_int_equal(leaf(m, "T/f0")->newest->size, 1000);
	assert_true(leaf(m, "T/f0")->newest->bits & HISTORY_CUT);
	model_free(m);
}

static void
a_topic_that_verifies_leaves_the_list_of_the_unverified(void **state)
{
	struct model *m = new_model(64 << 20);
	char name[32];

	(void)state;
	deliver(m, "T", "T/x", V_NEEDS_CONF, "1");
	assert_int_not_equal(leaf(m, "T/x")->lru, 0);
	deliver(m, "T", "T/x", verdict_grant(V_VERIFIED), "2");
	assert_int_equal(leaf(m, "T/x")->lru, 0);
	for (int i = 0; i < MODEL_UNVERIFIED_MAX + 1; i++) {
		(void)snprintf(name, sizeof name, "T/f%d", i);
		deliver(m, "T", name, V_UNSIGNED, "");
	}
	assert_non_null(leaf(m, "T/x"));
	assert_int_equal(model_blind(m)->unverified_evicted, 1);
	model_free(m);
}

static void
plain_topics_are_bounded_by_the_budget(void **state)
{
	struct model *m = new_model(64 << 10);
	char name[32];

	(void)state;
	deliver(m, "T", "T/x", verdict_grant(V_VERIFIED), "2");
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof name, "p/%d", i);
		assert_non_null(deliver(m, "", name, V_PLAIN, "value"));
	}
	assert_true(history_bytes(model_history(m)) <= 64 << 10);
	assert_int_equal(topictree_topics(model_topics(m)) + model_blind(m)->topics_evicted, 5001);
	assert_null(leaf(m, "p/0"));
	assert_non_null(leaf(m, "p/4999"));
	assert_non_null(leaf(m, "T/x")->verified);
	assert_int_equal(topictree_messages(topictree_find(model_topics(m), span_of("p"))), 5000);
	model_free(m);
}

static void
the_covering_tree_is_the_deepest_one(void **state)
{
	struct model *m = new_model(1 << 20);
	struct model_tree *outer = model_tree_add(m, span_of("a")), *inner, *side;

	(void)state;
	inner = model_tree_add(m, span_of("a/b/c"));
	side = model_tree_add(m, span_of("a/b-side"));
	assert_ptr_equal(model_tree_add(m, span_of("a")), outer);
	assert_ptr_equal(model_tree_covering(m, span_of("a/b/c/d")), inner);
	assert_ptr_equal(model_tree_covering(m, span_of("a/b/c")), inner);
	assert_ptr_equal(model_tree_covering(m, span_of("a/b/cc")), outer);
	assert_ptr_equal(model_tree_covering(m, span_of("a/b-side/x")), side);
	assert_null(model_tree_covering(m, span_of("b")));
	assert_ptr_equal(model_tree_by_id(m, inner->id), inner);
	assert_ptr_equal(model_tree_nth(m, 0), outer);
	model_tree_remove(m, span_of("a/b/c"));
	assert_ptr_equal(model_tree_covering(m, span_of("a/b/c/d")), outer);
	assert_null(topictree_find(model_topics(m), span_of("a/b/c")));
	assert_int_equal(model_trees(m), 2);
	model_free(m);
}

static void
the_chain_of_a_tree_keeps_the_newest_revisions(void **state)
{
	struct model *m = new_model(1 << 20);
	struct model_tree *t = model_tree_add(m, span_of("T"));
	static struct model_revision r[MODEL_REVISIONS_MAX + 6];

	(void)state;
	for (uint32_t i = 0; i < sizeof r / sizeof r[0]; i++)
		r[i].revision = i + 1;
	assert_int_equal(model_tree_set_chain(t, r, sizeof r / sizeof r[0]), MQ_OK);
	assert_int_equal(t->n_chain, MODEL_REVISIONS_MAX);
	assert_int_equal(t->chain[0].revision, 7);
	assert_int_equal(model_tree_set_chain(t, NULL, 0), MQ_OK);
	assert_int_equal(t->n_chain, 0);
	model_free(m);
}

static void
attention_is_told_when_it_begins_and_failures_always(void **state)
{
	struct model *m = new_model(1 << 20);

	(void)state;
	for (int i = 0; i < 5; i++)
		deliver(m, "T", "T/x", V_NEEDS_KEY, "1");
	assert_int_equal(model_failures(m), 1);
	for (int i = 0; i < MODEL_FAILURES + 5; i++)
		deliver(m, "T", "T/x", V_BAD_SIG, "1");
	assert_int_equal(model_failures(m), MODEL_FAILURES);
	assert_int_equal(model_failure_nth(m, 0)->n, MODEL_FAILURES + 6);
	assert_null(model_failure_nth(m, MODEL_FAILURES));
	model_free(m);
}

static void
the_log_keeps_its_last_lines(void **state)
{
	static struct model_log_line out[4];
	struct model *m = new_model(1 << 20);
	uint64_t newest;
	char line[32];

	(void)state;
	for (int i = 0; i < MODEL_LOG_LINES + 3; i++) {
		(void)snprintf(line, sizeof line, "line %d", i);
		model_log(m, 1, line);
	}
	assert_int_equal(model_log_lines(m, &newest), MODEL_LOG_LINES);
	assert_int_equal(newest, MODEL_LOG_LINES + 3);
	assert_int_equal(model_log_tail(m, out, 4, 1), 4);
	(void)snprintf(line, sizeof line, "line %d", MODEL_LOG_LINES + 1);
	assert_string_equal(out[0].text, line);
	assert_int_equal(model_log_tail(m, out, 4, MODEL_LOG_LINES - 1), 1);
	assert_string_equal(out[0].text, "line 3");
	model_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_counted_up_its_path_and_for_its_tree),
		cmocka_unit_test(history_seen_again_is_no_rollback_in_the_counts),
		cmocka_unit_test(a_duplicate_is_neither_counted_nor_kept),
		cmocka_unit_test(unverified_topics_of_secured_trees_are_bounded),
		cmocka_unit_test(a_topic_that_verifies_leaves_the_list_of_the_unverified),
		cmocka_unit_test(plain_topics_are_bounded_by_the_budget),
		cmocka_unit_test(the_covering_tree_is_the_deepest_one),
		cmocka_unit_test(the_chain_of_a_tree_keeps_the_newest_revisions),
		cmocka_unit_test(attention_is_told_when_it_begins_and_failures_always),
		cmocka_unit_test(the_log_keeps_its_last_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
