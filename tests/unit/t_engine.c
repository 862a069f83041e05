/* The engine on a real broker with real gpg: first contact, and data with every verdict it can get
 * on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/net/engine_impl.h"
#include "tests/unit/lib_watcher.h"

/* ---- first contact */

static void
a_tree_is_unpinned_at_first_contact_and_active_once_pinned(void **state)
{
	struct scene *f = *state;
	const struct snap_tree *row;

	watcher_open(&f->w, f->p, &f->s);
	site_run(&f->s);
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
	assert_int_equal(watcher_do(&f->w, INTENT_PIN, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	row = watcher_row(&f->w, &f->s);
	assert_non_null(row);
	assert_string_equal(row->state_word, "ACTIVE");
	assert_int_equal(row->cls, CLASS_GOOD);
	assert_int_equal(row->revision, 1);
	assert_int_equal(row->pin, PIN_PINNED);
	assert_string_equal(row->owner, f->p->who[ALICE].hex);
	assert_string_equal(row->gw_state, "active");
	assert_int_equal(watcher_audit(&f->w, "pin", "pinned"), 1);
}

static void
an_honest_tree_raises_no_alarm_in_whatever_order_it_arrives(void **state)
{
	struct scene *f = *state;

	scene_active(f); /* retained, so in the broker's order: keys and log before secure */
	assert_int_equal(watcher_count(&f->w, EVENT_CONF, &f->s, CLASS_BAD), 0);
	assert_int_equal(watcher_count(&f->w, EVENT_TREE, &f->s, CLASS_BAD), 0);
	assert_false(watcher_was(&f->w, &f->s, "UNSECURED"));
	assert_int_equal(watcher_audit(&f->w, "verdict", ""), 0);
}

static void
a_tree_is_found_by_discovery(void **state)
{
	struct scene *f = *state;

	watcher_init(&f->w, f->p);
	f->w.profile.discover_depth = 3;
	watcher_start(&f->w);
	site_run(&f->s);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
	scene_pin(f);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
}

static void
a_pin_on_what_is_no_longer_shown_is_refused(void **state)
{
	struct scene *f = *state;
	struct intent i = { .kind = INTENT_PIN };
	struct mq_error e = { 0 };

	site_run(&f->s);
	watcher_open(&f->w, f->p, &f->s);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
	i.tree_n = strlen(f->s.topic);
	memcpy(i.tree, f->s.topic, i.tree_n);
	memset(i.hash, 7, sizeof i.hash);
	assert_int_equal(engine_do(f->w.e, &i, &e), MQ_EAGAIN);
	i.tree[0] = 'x';
	assert_int_equal(engine_do(f->w.e, &i, &e), MQ_ENOENT);
	assert_int_equal(watcher_audit(&f->w, "pin", ""), 0);
}

/* ---- data */

static void
data_is_verified_with_its_value(void **state)
{
	struct scene *f = *state;
	struct seen m;

	scene_active(f);
	site_data(&f->s, "temp", 1, "21.5");
	m = watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	assert_string_equal(m.value, "21.5");
	assert_int_equal(m.cls, CLASS_GOOD);
	site_data(&f->s, "temp", 4, "21.6");
	m = watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	assert_int_equal(m.lost, 2);
	watcher_log(&f->w, "max_queued_messages");
}

static void
run_suite(struct scene *f, const char *suite, bool with_key, enum verdict expected)
{
	struct seen m;

	site_set(&f->s, "encryption-alg", suite);
	f->w.no_secret = !with_key;
	site_run(&f->s);
	watcher_init(&f->w, f->p);
	f->w.no_secret = !with_key;
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	scene_pin(f);
	site_data(&f->s, "temp", 1, "21.5");
	m = watcher_msg(&f->w, &f->s, "temp", expected);
	assert_string_equal(m.value, with_key ? "21.5" : "");
}

static void
suite_2_is_verified_for_the_group(void **state)
{
	run_suite(*state, "xchacha20poly1305", true, V_VERIFIED_GROUP);
}

static void
suite_4_is_verified_for_the_group(void **state)
{
	run_suite(*state, "hmac-sha256", true, V_VERIFIED_GROUP);
}

static void
suite_2_without_the_key_cannot_be_checked_and_says_so(void **state)
{
	run_suite(*state, "xchacha20poly1305", false, V_NEEDS_KEY);
}

static void
suite_4_without_the_key_cannot_be_checked_and_says_so(void **state)
{
	run_suite(*state, "hmac-sha256", false, V_NEEDS_KEY);
}

static void
suite_3_without_the_key_is_verified_and_stays_sealed(void **state)
{
	run_suite(*state, "ed25519+xchacha20poly1305", false, V_VERIFIED_SEALED);
}

/* The value of a topic as the Topics screen shows it. */
static const struct snap_detail *
detail_of(struct scene *f, const char *below)
{
	struct snap_cursor all = { .rows = SNAP_ROWS };
	struct snap_request r = { .screen = SNAP_TOPICS, .topics = all, .history = all,
		.op = SNAP_OP_FIND };
	char topic[160];

	(void)site_topic(&f->s, below, topic);
	r.search_n = (uint16_t)strlen(below);
	memcpy(r.search, below, r.search_n);
	for (int tries = 0; tries < 10; tries++) {
		snap_build(f->w.view, &r, f->w.snap);
		if (f->w.snap->detail.known &&
		    span_is(snap_span(f->w.snap, f->w.snap->detail.topic), topic))
			return &f->w.snap->detail;
		r.topics.id = f->w.snap->topics.id;
		r.op = SNAP_OP_FIND_NEXT;
	}
	fail_msg("%s is not on the screen", topic);
	return NULL;
}

static void
plain_text_is_an_alarm_and_the_verified_value_stays(void **state)
{
	struct scene *f = *state;
	const struct snap_detail *d;
	char topic[160];
	struct seen m;

	scene_active(f);
	site_data(&f->s, "temperature", 1, "21.5");
	(void)watcher_msg(&f->w, &f->s, "temperature", V_VERIFIED);
	works_publish(f->p, site_topic(&f->s, "temperature", topic), span_of("99"), false);
	m = watcher_msg(&f->w, &f->s, "temperature", V_UNSIGNED);
	assert_string_equal(m.value, "");
	assert_int_equal(m.cls, CLASS_BAD);
	d = detail_of(f, "temperature");
	assert_true(d->has_verified);
	assert_true(span_is(snap_span(f->w.snap, d->value), "21.5"));
	assert_int_equal(d->last.verdict, V_UNSIGNED);
	assert_int_equal(watcher_audit(&f->w, "verdict", "UNSIGNED"), 1);
	/* the next good one works */
	site_data(&f->s, "temperature", 2, "21.6");
	(void)watcher_msg(&f->w, &f->s, "temperature", V_VERIFIED);
}

static void
the_same_bytes_are_a_duplicate_and_older_ones_a_replay(void **state)
{
	struct scene *f = *state;
	struct buf old;
	char topic[160];

	scene_active(f);
	buf_init(&old, 4096);
	site_seal(&f->s, "temp", 1, "1", &old);
	works_publish(f->p, site_topic(&f->s, "temp", topic), buf_span(&old), false);
	works_publish(f->p, topic, buf_span(&old), false);
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	(void)watcher_msg(&f->w, &f->s, "temp", V_DUPLICATE);
	site_data(&f->s, "temp", 70, "2");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	works_publish(f->p, topic, buf_span(&old), false);
	assert_int_equal(watcher_msg(&f->w, &f->s, "temp", V_REPLAY).cls, CLASS_BAD);
	buf_done(&old);
}

static void
two_messages_with_one_number_are_a_conflict_until_acknowledged(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_data(&f->s, "temp", 1, "1");
	site_data(&f->s, "temp", 1, "2");
	(void)watcher_msg(&f->w, &f->s, "temp", V_EQUIVOCATION);
	(void)watcher_state(&f->w, &f->s, "CONFLICT");
	site_status(&f->s); /* news do not clear it */
	(void)watcher_conf(&f->w, &f->s, SLOT_STATUS, V_VERIFIED);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "CONFLICT");
	assert_true(watcher_row(&f->w, &f->s)->sticky);
	assert_int_equal(watcher_do(&f->w, INTENT_ACK, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	assert_int_equal(watcher_audit(&f->w, "ack", "acknowledged"), 1);
}

static void
a_message_on_a_neighbours_topic_is_named_for_what_it_is(void **state)
{
	struct scene *f = *state;
	struct buf b;
	char topic[160];
	struct seen m;

	scene_active(f);
	site_data(&f->s, "valve", 1, "open");
	(void)watcher_msg(&f->w, &f->s, "valve", V_VERIFIED);
	buf_init(&b, 4096);
	site_seal(&f->s, "valve", 2, "shut", &b);
	works_publish(f->p, site_topic(&f->s, "temp", topic), buf_span(&b), false);
	m = watcher_msg(&f->w, &f->s, "temp", V_WRONG_TOPIC);
	assert_string_equal(m.right, site_topic(&f->s, "valve", topic));
	assert_string_equal(m.value, "");
	buf_done(&b);
}

static void
a_forged_message_and_a_weaker_suite_are_refused(void **state)
{
	struct scene *f = *state;
	struct buf b;
	char topic[160];

	scene_active(f);
	buf_init(&b, 4096);
	site_seal(&f->s, "temp", 1, "1", &b);
	b.p[b.n - 1] ^= 1;
	works_publish(f->p, site_topic(&f->s, "temp", topic), buf_span(&b), false);
	(void)watcher_msg(&f->w, &f->s, "temp", V_BAD_SIG);
	b.p[b.n - 1] ^= 1;
	b.p[5] = SUITE_ED25519;
	works_publish(f->p, topic, buf_span(&b), false);
	(void)watcher_msg(&f->w, &f->s, "temp", V_DOWNGRADE);
	b.p[5] = SUITE_ED25519_XCHACHA;
	works_publish(f->p, topic, buf_span(&b), false);
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	buf_done(&b);
}

static void
messages_of_an_unknown_revision_are_judged_when_the_conf_comes(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_next(&f->s);
	site_sign(&f->s, "a");
	site_adopt(&f->s);
	site_data(&f->s, "temp", 1, "early");
	site_data(&f->s, "temp", 2, "bird");
	site_show(&f->s, "secure");
	site_receipt(&f->s, GS_ACTIVE);
	assert_string_equal(watcher_msg(&f->w, &f->s, "temp", V_VERIFIED).value, "early");
	assert_string_equal(watcher_msg(&f->w, &f->s, "temp", V_VERIFIED).value, "bird");
	assert_int_equal(watcher_count(&f->w, EVENT_MSG, &f->s, CLASS_ATTENTION), 0);
}

/* More topics than the cache of keys has places: neighbours in one batch collide in it. */
static void
ten_thousand_topics_verify_each_with_its_own_key(void **state)
{
	struct scene *f = *state;
	struct buf b;
	char below[32], topic[160];

	scene_active(f);
	buf_init(&b, 4096);
	for (unsigned i = 0; i < 20000; i++) {
		unsigned n = i - 10000; /* the second time, two that share a place meet */

		buf_reset(&b);
		(void)snprintf(below, sizeof below, "t%u", i < 10000 ? i :
			n < 8192 ? n % 2 * ENGINE_KEYS + n / 2 : n);
		site_seal(&f->s, below, i < 10000 ? 1 : 2, "1", &b);
		works_shout(f->p, site_topic(&f->s, below, topic), buf_span(&b));
	}
	buf_done(&b);
	watcher_total(&f->w, V_VERIFIED, 20000);
	assert_int_equal(watcher_msgs(&f->w, V_DECRYPT_FAIL) + watcher_msgs(&f->w, V_BAD_SIG), 0);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
	const struct CMUnitTest tests[] = {
		T(a_tree_is_unpinned_at_first_contact_and_active_once_pinned),
		T(an_honest_tree_raises_no_alarm_in_whatever_order_it_arrives),
		T(a_tree_is_found_by_discovery),
		T(a_pin_on_what_is_no_longer_shown_is_refused),
		T(data_is_verified_with_its_value),
		T(suite_2_is_verified_for_the_group),
		T(suite_4_is_verified_for_the_group),
		T(suite_2_without_the_key_cannot_be_checked_and_says_so),
		T(suite_4_without_the_key_cannot_be_checked_and_says_so),
		T(suite_3_without_the_key_is_verified_and_stays_sealed),
		T(plain_text_is_an_alarm_and_the_verified_value_stays),
		T(the_same_bytes_are_a_duplicate_and_older_ones_a_replay),
		T(two_messages_with_one_number_are_a_conflict_until_acknowledged),
		T(a_message_on_a_neighbours_topic_is_named_for_what_it_is),
		T(a_forged_message_and_a_weaker_suite_are_refused),
		T(messages_of_an_unknown_revision_are_judged_when_the_conf_comes),
		T(ten_thousand_topics_verify_each_with_its_own_key),
	};

	pgp_child_main(argc, argv);
	return sodium_init() < 0 ? 1 :
	    cmocka_run_group_tests(tests, scene_group_start, scene_group_stop);
}
