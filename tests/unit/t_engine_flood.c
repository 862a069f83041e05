/* The engine under floods: everything stays bounded, is counted, and the good ones get through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/unit/lib_watcher.h"

#define CONFS 10000
#define TOPICS 100000
#define TREES 3000

/* The bundle of another body each time, with a signature that some other body has. */
static void
put_fake(struct scene *f, struct span sig, unsigned n, struct buf *out)
{
	struct buf body;

	buf_init(&body, CONF_BODY_MAX);
	assert_int_equal(buf_put(&body, f->s.draft.p, f->s.draft.n), MQ_OK);
	assert_int_equal(buf_printf(&body, "# %u\n", n), MQ_OK);
	buf_reset(out);
	assert_int_equal(bundle_print(out, buf_span(&body), NULL,
	    &(struct bundle_sig){ (uint8_t *)(uintptr_t)sig.p, sig.n }, 1), MQ_OK);
	buf_done(&body);
}

static void
flood_confs(struct scene *f, enum person signer, unsigned n)
{
	struct buf sig, fake;
	char topic[160];

	buf_init(&fake, BUNDLE_MAX);
	site_next(&f->s);
	sig = works_sign(f->p, signer, span_of("something else"));
	for (unsigned i = 0; i < n; i++) {
		put_fake(f, buf_span(&sig), i, &fake);
		works_shout(f->p, site_control(&f->s, i % 2 != 0 ? "secure" : "next", topic),
		    buf_span(&fake));
	}
	buf_done(&fake);
	buf_done(&sig);
}

static void
fake_confs_of_strangers_cost_no_gpg_and_change_nothing(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	flood_confs(f, MALLORY, CONFS);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	/* a broker may drop some of a flood; those that arrived were refused one by one */
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_UNKNOWN_KEY);
	assert_in_range(watcher_confs(&f->w, V_UNKNOWN_KEY), 1, CONFS);
	assert_int_equal(watcher_confs(&f->w, V_RATE_LIMITED), 0);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	assert_int_equal(watcher_confs(&f->w, V_SYS_ERROR), 0);
}

static void
fake_confs_in_an_owners_name_are_limited_and_the_real_one_gets_through(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	flood_confs(f, ALICE, 2000);
	site_set(&f->s, "max-age", "77");
	site_sign(&f->s, "a");
	site_show(&f->s, "secure");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED).revision, 2);
	assert_in_range(watcher_confs(&f->w, V_BAD_SIG), 1, 60); /* gpg runs: 5, and one a second */
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	assert_int_equal(watcher_state(&f->w, &f->s, "ACTIVE").revision, 2);
}

static void
junk_under_many_names_leaves_room_for_what_there_is_one_of(void **state)
{
	struct scene *f = *state;
	char topic[160], name[80];

	watcher_open(&f->w, f->p, &f->s);
	for (unsigned i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof name, "log/%u", 1000 + i);
		works_shout(f->p, site_control(&f->s, name, topic), span_of("MQGP-BUNDLE 1\n"));
		(void)snprintf(name, sizeof name, "keys/%u", 1000 + i);
		works_shout(f->p, site_control(&f->s, name, topic), span_of("\x99junk"));
		(void)snprintf(name, sizeof name, "pgp/%040u", 1000 + i);
		works_shout(f->p, site_control(&f->s, name, topic), span_of("\x99junk"));
	}
	site_run(&f->s);
	scene_pin(f);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
}

static void
plain_text_on_many_topics_is_bounded(void **state)
{
	struct scene *f = *state;
	char topic[160], below[32];
	const struct snap *snap;

	scene_active(f);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	for (unsigned i = 0; i < TOPICS; i++) {
		(void)snprintf(below, sizeof below, "x%u", i);
		works_shout(f->p, site_topic(&f->s, below, topic), span_of("99"));
	}
	watcher_total(&f->w, V_UNSIGNED, TOPICS);
	site_data(&f->s, "temp", 2, "2");
	watcher_total(&f->w, V_VERIFIED, 2);
	snap = watcher_snap(&f->w, SNAP_TOPICS);
	assert_true(snap->status.topics < MODEL_UNVERIFIED_MAX + 1000);
	assert_int_equal(snap->status.unverified_evicted > TOPICS / 2, 1);
	assert_int_equal(snap->status.lost, 0);
	/* one line in the audit log, not a hundred thousand */
	assert_in_range(watcher_audit(&f->w, "verdict", "UNSIGNED"), 1, 20);
}

static void
trees_that_anybody_made_up_do_not_crowd_out_real_ones(void **state)
{
	struct scene *f = *state;
	char topic[160];

	watcher_init(&f->w, f->p);
	f->w.profile.discover_depth = 3;
	watcher_start(&f->w);
	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, "+/+/+/mqgp.conf/#");
	for (unsigned i = 0; i < TREES; i++) {
		(void)snprintf(topic, sizeof topic, "fake/t%u/mqgp.conf/secure", i);
		works_shout(f->p, topic, span_of("MQGP-BUNDLE 1\n"));
	}
	site_run(&f->s);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
	for (unsigned i = 0; i < TREES; i++) {
		(void)snprintf(topic, sizeof topic, "fake/u%u/mqgp.conf/secure", i);
		works_shout(f->p, topic, span_of("MQGP-BUNDLE 1\n"));
	}
	scene_pin(f);
	site_data(&f->s, "temp", 1, "1");
	watcher_total(&f->w, V_VERIFIED, 1);
	assert_in_range(watcher_snap(&f->w, SNAP_OWNERSHIP)->trees.total, 1, MODEL_TREES_MAX);
}

static void
what_does_not_fit_into_the_inbox_is_counted_and_told(void **state)
{
	struct scene *f = *state;
	uint64_t dropped = 0;
	char topic[160];

	site_run(&f->s);
	watcher_init(&f->w, f->p);
	f->w.inbox = 100;
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	scene_pin(f);
	model_lock(engine_model(f->w.e)); /* the engine stalls */
	for (unsigned i = 0; i < 5000; i++)
		works_shout(f->p, site_topic(&f->s, "x", topic), span_of("99"));
	site_data(&f->s, "temp", 1, "1"); /* acknowledged: all the others are on their way */
	model_unlock(engine_model(f->w.e));
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	while (dropped + watcher_msgs(&f->w, V_UNSIGNED) < 5000) {
		struct seen seen = watcher_drop(&f->w);

		assert_string_equal(seen.text, "inbox");
		dropped += seen.n;
	}
	assert_true(dropped != 0);
	assert_int_equal(watcher_snap(&f->w, SNAP_TOPICS)->status.dropped, dropped);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
	const struct CMUnitTest tests[] = {
		T(fake_confs_of_strangers_cost_no_gpg_and_change_nothing),
		T(fake_confs_in_an_owners_name_are_limited_and_the_real_one_gets_through),
		T(junk_under_many_names_leaves_room_for_what_there_is_one_of),
		T(plain_text_on_many_topics_is_bounded),
		T(trees_that_anybody_made_up_do_not_crowd_out_real_ones),
		T(what_does_not_fit_into_the_inbox_is_counted_and_told),
	};

	pgp_child_main(argc, argv);
	return sodium_init() < 0 ? 1 :
	    cmocka_run_group_tests(tests, scene_group_start, scene_group_stop);
}
