#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/history.h"

struct fixture {
	struct topictree *t;
	struct history *h;
};

static void
set_up(struct fixture *f, size_t budget)
{
	f->t = topictree_new();
	assert_non_null(f->t);
	f->h = history_new(f->t, budget);
	assert_non_null(f->h);
}

static void
tear_down(struct fixture *f)
{
	history_free(f->h);
	topictree_free(f->t);
}

static struct history_msg
message(enum verdict v, const char *raw)
{
	struct history_msg m = { .verdict = v, .raw = span_of(raw), .size = strlen(raw) };

	m.current = verdict_is_green(v);
	if (m.current)
		m.value = m.raw;
	return m;
}

static struct history_entry *
add(struct fixture *f, const char *topic, unsigned flags, enum verdict v, const char *raw)
{
	struct history_msg m = message(v, raw);
	struct topic_node *n = topictree_add(f->t, span_of(topic));

	n->flags |= (uint8_t)flags;
	return history_add(f->h, n, &m, SIZE_MAX);
}

static struct topic_leaf *
leaf(struct fixture *f, const char *topic)
{
	return topictree_leaf(f->t, topictree_find(f->t, span_of(topic)));
}

static void
an_entry_keeps_what_came(void **state)
{
	static const uint8_t raw[] = { 0, 1, 2, 0xff };
	struct history_msg m = { .verdict = V_REPLAY, .flags = FLAG_RETAINED, .reason = "late",
		.raw = { raw, sizeof raw }, .size = sizeof raw, .received_ms = 11, .claimed_ms = 12,
		.envelope = true, .seq = UINT64_MAX, .rev = 3, .epoch = 4, .kid = 7, .lost = 9,
		.retained = true, .qos = 2 };
	struct history_entry *e;
	struct fixture f;

	(void)state;
	set_up(&f, 1 << 20);
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, SIZE_MAX);
	assert_int_equal(e->verdict, V_REPLAY);
	assert_int_equal(e->flags, FLAG_RETAINED);
	assert_true(span_is(history_reason(e), "late"));
	assert_true(span_eq(history_raw(e), m.raw));
	assert_int_equal(history_value(e).n, 0);
	assert_int_equal(e->received_ms, 11);
	assert_int_equal(e->claimed_ms, 12);
	assert_true(e->seq == UINT64_MAX && e->rev == 3 && e->epoch == 4 && e->lost == 9);
	assert_int_equal(history_kid(e), 7);
	assert_int_equal(history_qos(e), 2);
	assert_int_equal(e->bits & (HISTORY_RETAINED | HISTORY_ENVELOPE | HISTORY_CUT),
	    HISTORY_RETAINED | HISTORY_ENVELOPE);
	tear_down(&f);
}

static void
what_is_cut_is_marked(void **state)
{
	struct history_msg m = message(V_UNSIGNED, "0123456789");
	struct history_entry *e;
	struct fixture f;

	(void)state;
	set_up(&f, 1 << 20);
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, 4);
	assert_int_equal(e->size, 10);
	assert_true(span_is(history_raw(e), "0123"));
	assert_true(e->bits & HISTORY_CUT);
	m.raw.n = 0; /* OVERSIZE: only the length is known */
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, 4);
	assert_true(e->bits & HISTORY_CUT);
	tear_down(&f);
}

static void
content_that_was_sent_in_clear_is_kept_once(void **state)
{
	static const char envelope[] = "header:21.5:signature";
	struct history_msg m = message(verdict_grant(V_VERIFIED), envelope);
	struct history_entry *e;
	struct fixture f;
	size_t before;

	(void)state;
	set_up(&f, 1 << 20);
	m.value = (struct span){ m.raw.p + 7, 4 };
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, SIZE_MAX);
	assert_true(span_is(history_raw(e), envelope));
	assert_true(span_is(history_value(e), "21.5"));
	assert_ptr_equal(history_value(e).p, history_raw(e).p + 7);
	before = history_bytes(f.h);
	m.value = span_of("21.5, decrypted from elsewhere"); /* sealed: both are kept */
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, SIZE_MAX);
	assert_true(span_is(history_raw(e), envelope));
	assert_true(span_eq(history_value(e), m.value));
	assert_true(history_bytes(f.h) - before > before);
	m.value = (struct span){ m.raw.p + 7, 4 };
	e = history_add(f.h, topictree_add(f.t, span_of("a")), &m, 8); /* the cut ends inside it */
	assert_true(span_is(history_raw(e), "header:2"));
	assert_true(span_is(history_value(e), "21.5"));
	assert_true(e->bits & HISTORY_CUT);
	tear_down(&f);
}

static void
an_unverified_message_never_replaces_the_verified_value(void **state)
{
	struct history_entry *good;
	struct fixture f;

	(void)state;
	set_up(&f, 1 << 20);
	good = add(&f, "a", TOPIC_SECURED | TOPIC_VERIFIED, verdict_grant(V_VERIFIED), "21.5");
	add(&f, "a", 0, V_REPLAY, "99");
	add(&f, "a", 0, V_UNSIGNED, "98");
	assert_ptr_equal(leaf(&f, "a")->verified, good);
	assert_true(span_is(history_value(leaf(&f, "a")->verified), "21.5"));
	assert_true(span_is(history_raw(leaf(&f, "a")->newest), "98"));
	assert_int_equal(leaf(&f, "a")->entries, 3);
	assert_ptr_equal(history_nth(leaf(&f, "a"), 2), good);
	assert_ptr_equal(history_find(leaf(&f, "a"), good->serial), good);
	assert_null(history_nth(leaf(&f, "a"), 3));
	tear_down(&f);
}

static void
a_late_message_is_kept_but_is_not_the_value(void **state)
{
	struct history_msg m = message(verdict_grant(V_VERIFIED), "late");
	struct history_entry *good;
	struct fixture f;

	(void)state;
	set_up(&f, 1 << 20);
	good = add(&f, "a", TOPIC_SECURED, verdict_grant(V_VERIFIED), "now");
	m.current = false;
	assert_non_null(history_add(f.h, topictree_find(f.t, span_of("a")), &m, SIZE_MAX));
	assert_ptr_equal(leaf(&f, "a")->verified, good);
	tear_down(&f);
}

static void
evict_all_over(struct fixture *f)
{
	while (history_over(f->h))
		assert_non_null(history_evict(f->h));
}

static void
a_flood_on_one_topic_evicts_its_own_past_only(void **state)
{
	struct history_entry *quiet, *good;
	struct fixture f;

	(void)state;
	set_up(&f, 64 << 10);
	quiet = add(&f, "quiet", 0, V_PLAIN, "value");
	good = add(&f, "loud", TOPIC_SECURED | TOPIC_VERIFIED, verdict_grant(V_VERIFIED), "21.5");
	for (int i = 0; i < 5000; i++) {
		add(&f, "loud", 0, V_UNSIGNED, "forged");
		evict_all_over(&f);
	}
	assert_true(history_bytes(f.h) <= history_budget(f.h));
	assert_ptr_equal(leaf(&f, "quiet")->newest, quiet);
	assert_ptr_equal(leaf(&f, "loud")->verified, good);
	assert_true(span_is(history_value(good), "21.5"));
	assert_int_equal(history_evicted(f.h) + history_entries(f.h), 5002);
	tear_down(&f);
}

static void
topic_name(char out[16], unsigned i)
{
	out[0] = 't';
	for (int k = 0; k < 6; k++, i /= 10)
		out[6 - k] = (char)('0' + i % 10);
	out[7] = '\0';
}

static void
plain_values_go_before_secured_ones_and_control_data_stays(void **state)
{
	struct history_entry *held, *secured;
	struct fixture f;
	unsigned alive = 0;
	char name[16];

	(void)state;
	set_up(&f, 64 << 10);
	held = add(&f, "T/mqgp.conf/secure", TOPIC_SECURED | TOPIC_CONTROL | TOPIC_VERIFIED,
	    verdict_grant(V_VERIFIED), "bundle");
	secured = add(&f, "T/x", TOPIC_SECURED | TOPIC_VERIFIED, verdict_grant(V_VERIFIED), "1");
	for (unsigned i = 0; i < 2000; i++) {
		topic_name(name, i);
		add(&f, name, 0, V_PLAIN, "plain");
		evict_all_over(&f);
	}
	for (unsigned i = 0; i < 2000; i++) {
		topic_name(name, i);
		alive += leaf(&f, name)->newest != NULL;
	}
	assert_int_equal(alive + history_evicted(f.h), 2000);
	assert_null(leaf(&f, "t000000")->newest);
	assert_non_null(leaf(&f, "t001999")->newest);
	assert_ptr_equal(leaf(&f, "T/x")->verified, secured);
	while (history_evict(f.h) != NULL)
		continue;
	assert_null(leaf(&f, "T/x")->newest);
	assert_ptr_equal(leaf(&f, "T/mqgp.conf/secure")->newest, held);
	assert_int_equal(history_entries(f.h), 1);
	tear_down(&f);
}

static void
the_last_verified_value_goes_last_of_its_topic(void **state)
{
	struct history_entry *good;
	struct fixture f;

	(void)state;
	set_up(&f, 64 << 10);
	good = add(&f, "a", TOPIC_SECURED, verdict_grant(V_VERIFIED), "good");
	for (int i = 0; i < 3; i++)
		add(&f, "a", 0, V_BAD_SIG, "bad");
	for (int i = 0; i < 3; i++) {
		assert_non_null(history_evict(f.h));
		assert_ptr_equal(leaf(&f, "a")->verified, good);
	}
	assert_ptr_equal(leaf(&f, "a")->newest, good);
	assert_non_null(history_evict(f.h));
	assert_null(leaf(&f, "a")->verified);
	assert_null(history_evict(f.h));
	assert_int_equal(history_bytes(f.h), 0);
	tear_down(&f);
}

static void
a_forgotten_topic_leaves_nothing_behind(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f, 64 << 10);
	for (int i = 0; i < 3; i++)
		add(&f, "a", 0, V_PLAIN, "x");
	history_forget(f.h, topictree_find(f.t, span_of("a")), true);
	assert_int_equal(history_entries(f.h), 0);
	assert_int_equal(history_bytes(f.h), 0);
	assert_int_equal(history_evicted(f.h), 3);
	assert_null(history_evict(f.h));
	tear_down(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_keeps_what_came),
		cmocka_unit_test(what_is_cut_is_marked),
		cmocka_unit_test(content_that_was_sent_in_clear_is_kept_once),
		cmocka_unit_test(an_unverified_message_never_replaces_the_verified_value),
		cmocka_unit_test(a_late_message_is_kept_but_is_not_the_value),
		cmocka_unit_test(a_flood_on_one_topic_evicts_its_own_past_only),
		cmocka_unit_test(plain_values_go_before_secured_ones_and_control_data_stays),
		cmocka_unit_test(the_last_verified_value_goes_last_of_its_topic),
		cmocka_unit_test(a_forgotten_topic_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
