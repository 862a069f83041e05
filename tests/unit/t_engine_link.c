/* The engine and its broker: loss and return, refused filters, what a stall costs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/unit/lib_evil.h"
#include "tests/unit/lib_watcher.h"

static const struct snap_sub *
sub_of(const struct snap *snap, const char *filter)
{
	for (uint32_t i = 0; i < snap->subs.n; i++)
		if (span_is(snap_span(snap, snap->sub[i].filter), filter))
			return &snap->sub[i];
	fail_msg("no row for %s", filter);
	return NULL;
}

static void
a_broker_that_dies_and_returns_is_told_and_everything_goes_on(void **state)
{
	struct scene *f = *state;
	char filter[160];

	scene_active(f);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	broker_kill(&f->p->broker);
	(void)watcher_link(&f->w, CONN_LOST);
	assert_int_equal(watcher_snap(&f->w, SNAP_LOG)->status.link, 0);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE"); /* no news is no verdict */
	assert_true(broker_restart(&f->p->broker));
	(void)watcher_link(&f->w, CONN_CONNECTED);
	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, site_topic(&f->s, "#", filter));
	site_data(&f->s, "temp", 2, "2");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	assert_int_equal(watcher_count(&f->w, EVENT_TREE, &f->s, CLASS_BAD), 0);
	/* the broker forgot everything; the owner and the gateway say it again */
	site_show(&f->s, "secure");
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_VERIFIED);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
}

static void
granted_and_wanted_qos_are_shown(void **state)
{
	struct scene *f = *state;
	char filter[160];
	const struct snap *snap;

	scene_active(f);
	snap = watcher_snap(&f->w, SNAP_LOG);
	assert_int_equal(sub_of(snap, site_control(&f->s, "secure", filter))->wanted_qos, 1);
	assert_int_equal(sub_of(snap, filter)->granted, 1);
	assert_int_equal(sub_of(snap, site_topic(&f->s, "#", filter))->wanted_qos, 0);
	assert_int_equal(sub_of(snap, filter)->granted, 0);
}

/* Some brokers say no while they are busy; one says no for a while, then yes. */
static void
a_denied_filter_is_shown_and_asked_for_again(void **state)
{
	struct scene *f = *state;
	struct evil_options o = { .denials = 1, .grants = -1 };
	struct evil evil;
	struct seen denied;

	site_sign(&f->s, "a");
	assert_true(evil_start(&evil, &o));
	watcher_init(&f->w, f->p);
	free(f->w.profile.broker.s[0]);
	f->w.profile.broker.s[0] = strdup(evil.url);
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	denied = watcher_link(&f->w, CONN_DENIED);
	assert_int_equal(denied.n, 0x80);
	assert_int_equal(watcher_snap(&f->w, SNAP_LOG)->status.denied, 1);
	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, denied.topic);
	assert_int_equal(watcher_snap(&f->w, SNAP_LOG)->status.denied, 0);
	watcher_halt(&f->w);
	evil_stop(&evil);
}

static void
what_the_broker_says_of_itself_is_a_claim(void **state)
{
	struct scene *f = *state;
	char *filter = strdup("$SYS/broker/version");
	struct seen seen;

	watcher_init(&f->w, f->p);
	f->w.profile.subscribe.s = calloc(1, sizeof(char *));
	f->w.profile.subscribe.s[0] = filter;
	f->w.profile.subscribe.n = 1;
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	seen = watcher_msg(&f->w, NULL, filter, V_BROKER_CLAIM);
	assert_int_equal(seen.cls, CLASS_NEUTRAL);
	assert_string_equal(seen.value, "");
}

static void
plain_topics_are_shown_as_plain(void **state)
{
	struct scene *f = *state;
	struct seen seen;

	watcher_init(&f->w, f->p);
	f->w.profile.subscribe.s = calloc(1, sizeof(char *));
	f->w.profile.subscribe.s[0] = strdup("plain/#");
	f->w.profile.subscribe.n = 1;
	watcher_start(&f->w);
	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, "plain/#");
	works_publish(f->p, "plain/temp", span_of("21"), false);
	seen = watcher_msg(&f->w, NULL, "plain/temp", V_PLAIN);
	assert_int_equal(seen.cls, CLASS_NEUTRAL);
}

/* A broker with a short queue, and a stall: what is missing afterwards is told with its cause. */
static void
a_gap_after_a_stall_names_the_brokers_setting(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_data(&f->s, "temp", 1, "1");
	site_data(&f->s, "temp", 41, "2");
	assert_int_equal(watcher_msg(&f->w, &f->s, "temp", V_VERIFIED).lost, 0);
	assert_int_equal(watcher_msg(&f->w, &f->s, "temp", V_VERIFIED).lost, 39);
	watcher_log(&f->w, "39 messages were lost on the way here");
	watcher_log(&f->w, "max_queued_messages");
	assert_int_equal(watcher_snap(&f->w, SNAP_LOG)->status.lost, 39);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
	const struct CMUnitTest tests[] = {
		T(granted_and_wanted_qos_are_shown),
		T(a_denied_filter_is_shown_and_asked_for_again),
		T(what_the_broker_says_of_itself_is_a_claim),
		T(plain_topics_are_shown_as_plain),
		T(a_gap_after_a_stall_names_the_brokers_setting),
		T(a_broker_that_dies_and_returns_is_told_and_everything_goes_on),
	};

	pgp_child_main(argc, argv);
	return sodium_init() < 0 ? 1 :
	    cmocka_run_group_tests(tests, scene_group_start, scene_group_stop);
}
