/* What an engine remembers over a restart, and what it says when it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "tests/unit/lib_watcher.h"

static void
a_pin_its_revision_and_keys_survive_a_restart(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	watcher_halt(&f->w);
	site_data(&f->s, "nobody", 1, "1");
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	assert_false(watcher_was(&f->w, &f->s, "UNPINNED"));
	assert_false(watcher_was(&f->w, &f->s, "AWAITING-OWNER"));
	assert_int_equal(watcher_count(&f->w, EVENT_CONF, &f->s, CLASS_BAD), 0);
	assert_int_equal(watcher_row(&f->w, &f->s)->pin, PIN_PINNED);
}

static void
a_conflict_stays_told_over_restarts_until_somebody_acknowledges_it(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_data(&f->s, "temp", 1, "1");
	site_data(&f->s, "temp", 1, "2");
	(void)watcher_state(&f->w, &f->s, "CONFLICT");
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "CONFLICT");
	/* a conf that verifies does not clear it */
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "CONFLICT");
	assert_int_equal(watcher_do(&f->w, INTENT_ACK, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	assert_false(watcher_was(&f->w, &f->s, "CONFLICT"));
}

static void
a_rollback_behind_the_pin_is_refused_after_a_restart(void **state)
{
	struct scene *f = *state;
	struct buf old;

	scene_active(f);
	buf_init(&old, BUNDLE_MAX);
	assert_int_equal(buf_put(&old, f->s.bundle.p, f->s.bundle.n), MQ_OK);
	site_next(&f->s);
	site_set(&f->s, "max-age", "77");
	site_sign(&f->s, "a");
	site_show(&f->s, "secure");
	(void)watcher_state(&f->w, &f->s, "PENDING-UPDATE");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	watcher_halt(&f->w);
	site_put(&f->s, "log/1", span_of("")); /* nothing but the pin knows better */
	site_put(&f->s, "secure", buf_span(&old));
	watcher_start(&f->w);
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_ROLLBACK).cls, CLASS_BAD);
	assert_int_equal(watcher_row(&f->w, &f->s)->revision, 2);
	buf_done(&old);
}

static void
a_message_seen_before_the_restart_is_a_replay_after_it(void **state)
{
	struct scene *f = *state;
	struct buf old;
	char filter[160], topic[160];

	scene_active(f);
	buf_init(&old, 4096);
	site_seal(&f->s, "temp", 1, "1", &old);
	works_publish(f->p, site_topic(&f->s, "temp", topic), buf_span(&old), false);
	site_data(&f->s, "temp", 80, "2");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, site_topic(&f->s, "#", filter));
	works_publish(f->p, topic, buf_span(&old), false);
	(void)watcher_msg(&f->w, &f->s, "temp", V_REPLAY);
	site_data(&f->s, "temp", 81, "3");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	buf_done(&old);
}

static void
a_tree_that_is_unpinned_is_a_first_contact_after_the_restart(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	assert_int_equal(watcher_do(&f->w, INTENT_UNPIN, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
	assert_int_equal(watcher_audit(&f->w, "unpin", ""), 1);
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "UNPINNED");
}

static void
a_second_engine_on_the_same_folder_says_that_it_saves_no_windows(void **state)
{
	struct scene *f = *state;
	struct watcher second;
	char topic[160];

	scene_active(f);
	watcher_init(&second, f->p);
	(void)snprintf(second.state, sizeof second.state, "%s", f->w.state);
	watcher_tree(&second, &f->s);
	watcher_start(&second);
	watcher_log(&second, "windows not saved");
	(void)watcher_state(&second, &f->s, "ACTIVE"); /* pins are shared */
	(void)watcher_filter(&second, CONN_SUBSCRIBED, site_topic(&f->s, "#", topic));
	site_data(&f->s, "temp", 1, "1");
	watcher_total(&second, V_VERIFIED, 1);
	watcher_total(&f->w, V_VERIFIED, 1);
	watcher_close(&second);
}

static void
damaged_state_is_named_and_kept_aside(void **state)
{
	struct scene *f = *state;
	char path[160];

	scene_active(f);
	watcher_halt(&f->w);
	(void)snprintf(path, sizeof path, "%s/pins", f->w.state);
	assert_int_equal(file_write(path, "rubbish\n", 8, NULL), MQ_OK);
	watcher_start(&f->w);
	watcher_log(&f->w, "pins");
	(void)watcher_state(&f->w, &f->s, "UNPINNED"); /* nothing is believed that is not known */
	(void)snprintf(path, sizeof path, "%s/pins.damaged-1", f->w.state);
	assert_true(file_exists(path));
}

/* ---- gpg */

/* A gpg that obeys a file: "good" runs the real one, "hang" waits, anything else fails. */
static void
fake_gpg(struct scene *f, char path[128])
{
	static const char text[] = "#!/bin/sh\n"
				   "case $(cat \"$0.mode\") in\n"
				   "good) exec /usr/bin/gpg \"$@\";;\n"
				   "hang) exec sleep 1000;;\n"
				   "esac\nexit 2\n";

	(void)snprintf(path, 128, "%s/gpg%u", f->p->dir, f->p->watchers);
	assert_int_equal(file_write(path, text, sizeof text - 1, NULL), MQ_OK);
	assert_int_equal(chmod(path, 0700), 0);
}

static void
gpg_is(const char *path, const char *mode)
{
	char name[140];

	(void)snprintf(name, sizeof name, "%s.mode", path);
	assert_int_equal(file_write(name, mode, strlen(mode), NULL), MQ_OK);
}

static void
without_gpg_a_conf_is_neither_good_nor_bad_until_gpg_is_back(void **state)
{
	struct scene *f = *state;
	char path[128];

	fake_gpg(f, path);
	gpg_is(path, "good");
	assert_int_equal(setenv("MQGP_GPG", path, 1), 0);
	scene_active(f);
	gpg_is(path, "gone");
	site_next(&f->s);
	site_set(&f->s, "max-age", "77");
	site_sign(&f->s, "a");
	site_show(&f->s, "secure");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_SYS_ERROR).cls, CLASS_ATTENTION);
	assert_int_equal(watcher_row(&f->w, &f->s)->revision, 1);
	assert_int_equal(watcher_count(&f->w, EVENT_TREE, &f->s, CLASS_BAD), 0);
	site_data(&f->s, "temp", 1, "1"); /* data need no gpg */
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	gpg_is(path, "good");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED).revision, 2);
	assert_int_equal(watcher_count(&f->w, EVENT_CONF, &f->s, CLASS_BAD), 0);
	assert_int_equal(unsetenv("MQGP_GPG"), 0);
}

static void
a_gpg_that_hangs_is_ended_and_asked_again(void **state)
{
	struct scene *f = *state;
	char path[128];

	fake_gpg(f, path);
	gpg_is(path, "good");
	assert_int_equal(setenv("MQGP_GPG", path, 1), 0);
	site_run(&f->s);
	watcher_init(&f->w, f->p);
	f->w.gpg_deadline_ms = 1500;
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	scene_pin(f);
	gpg_is(path, "hang");
	site_next(&f->s);
	site_set(&f->s, "max-age", "77");
	site_sign(&f->s, "a");
	site_show(&f->s, "secure");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_SYS_ERROR).cls, CLASS_ATTENTION);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	gpg_is(path, "good");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED).revision, 2);
	assert_int_equal(unsetenv("MQGP_GPG"), 0);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
	const struct CMUnitTest tests[] = {
		T(a_pin_its_revision_and_keys_survive_a_restart),
		T(a_conflict_stays_told_over_restarts_until_somebody_acknowledges_it),
		T(a_rollback_behind_the_pin_is_refused_after_a_restart),
		T(a_message_seen_before_the_restart_is_a_replay_after_it),
		T(a_tree_that_is_unpinned_is_a_first_contact_after_the_restart),
		T(a_second_engine_on_the_same_folder_says_that_it_saves_no_windows),
		T(damaged_state_is_named_and_kept_aside),
		T(without_gpg_a_conf_is_neither_good_nor_bad_until_gpg_is_back),
		T(a_gpg_that_hangs_is_ended_and_asked_again),
	};

	pgp_child_main(argc, argv);
	return sodium_init() < 0 ? 1 :
	    cmocka_run_group_tests(tests, scene_group_start, scene_group_stop);
}
