#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "tests/unit/lib_gateway.h"

static void
after_a_start_nothing_leaves_until_the_conf_was_seen(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	b->slot[0].news = false;
	bench_stop(b);
	for (size_t i = 0; i < b->n_slots; i++) /* the broker lost everything */
		buf_reset(&b->slot[i].payload);
	assert_int_equal(bench_start(b, NULL), MQ_OK);
	assert_int_equal(bench_state(b), GS_AWAIT);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_AWAIT);
	assert_int_equal(r.boot, 3);
	bench_is_silent(b);
	assert_int_equal(bench_slot(b, "log/1").n, 0); /* it does not prove its conf to itself */
	bench_sign(b, "a", "log");
	assert_int_equal(bench_state(b), GS_ACTIVE);
	bench_value_is_good(b);
}

static void
what_does_not_belong_on_secure_is_healed_once_a_minute(void **state)
{
	struct bench *b = *state;
	struct span ours;

	bench_claim(b);
	ours = buf_span(&b->store->cur);
	bench_publish(b, "secure", span_of("plain text"));
	bench_settle(b);
	assert_true(span_eq(bench_slot(b, "secure"), ours));
	bench_publish(b, "secure", (struct span){ NULL, 0 });
	bench_settle(b);
	assert_int_equal(bench_slot(b, "secure").n, 0); /* not yet */
	assert_int_equal(bench_state(b), GS_ACTIVE);
	bench_pass(b, 61);
	assert_true(span_eq(bench_slot(b, "secure"), ours));
	assert_int_equal(bench_state(b), GS_ACTIVE);
}

static void
an_old_revision_on_secure_is_told_and_healed(void **state)
{
	struct bench *b = *state;
	struct buf old;
	struct receipt r;

	bench_claim(b);
	buf_init(&old, BUNDLE_MAX);
	assert_int_equal(buf_put(&old, bench_slot(b, "secure").p, bench_slot(b, "secure").n), MQ_OK);
	bench_next(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_publish(b, "secure", buf_span(&old));
	bench_settle(b);
	assert_int_equal(bench_revision(b), 2);
	bench_receipt(b, &r);
	assert_string_equal(r.rejected[0].code, "ROLLBACK");
	assert_true(span_eq(bench_slot(b, "secure"), buf_span(&b->store->cur)));
	bench_value_is_good(b);
	buf_done(&old);
}

static void
a_conf_that_stays_away_longer_than_its_lease_silences(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	b->refuse_topic = "secure"; /* nothing can be healed */
	bench_publish(b, "secure", (struct span){ NULL, 0 });
	bench_publish(b, "log/1", (struct span){ NULL, 0 });
	bench_settle(b);
	bench_value_is_good(b);
	bench_pass(b, 59 - 10);
	bench_value_is_good(b);
	bench_pass(b, 20);
	assert_int_equal(bench_state(b), GS_AWAIT);
	bench_is_silent(b);
	bench_sign(b, "a", "secure");
	assert_int_equal(bench_state(b), GS_ACTIVE);
}

static void
an_expired_conf_stops_or_continues_as_it_says(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	bench_pass(b, 181 * 86400);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_FAILSAFE);
	assert_string_equal(r.reason, "conf-expired");
	bench_is_silent(b);
}

static void
an_expired_conf_may_say_that_data_continues(void **state)
{
	struct bench *b = *state;

	bench_genesis(b);
	body_set(&b->body, "on-expiry", "continue");
	bench_sign(b, "a", "secure log");
	bench_pass(b, 181 * 86400);
	assert_int_equal(bench_state(b), GS_FAILSAFE);
	bench_value_is_good(b);
	bench_restart(b);
	assert_int_equal(bench_state(b), GS_FAILSAFE);
	bench_value_is_good(b);
}

static void
a_clock_before_what_is_known_is_not_believed(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	bench_stop(b);
	b->clock.wall_ms -= INT64_C(7) * 86400 * 1000;
	assert_int_equal(bench_start(b, NULL), MQ_OK);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_FAILSAFE);
	assert_string_equal(r.reason, "clock");
	bench_is_silent(b);
	bench_pass(b, 7 * 86400);
	assert_int_equal(bench_state(b), GS_ACTIVE);
}

static void
when_too_few_owners_are_left_the_gateway_halts(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	struct buf cert;
	char what[64];

	bench_claim(b);
	cert = owner_revoked(&b->a);
	(void)snprintf(what, sizeof what, "pgp/%s", b->a.fpr.hex);
	bench_publish(b, what, buf_span(&cert));
	bench_settle(b);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_HALTED);
	assert_string_equal(r.reason, "no-quorum");
	bench_is_silent(b);
	bench_restart(b); /* what is revoked stays revoked */
	assert_int_equal(bench_state(b), GS_HALTED);
	buf_done(&cert);
}

static void
damaged_state_is_named_and_never_data(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	struct buf after;
	char path[80];

	bench_claim(b);
	bench_stop(b);
	(void)snprintf(path, sizeof path, "%s/cur.bundle", b->state);
	assert_int_equal(file_write(path, "scribble", 8, NULL), MQ_OK);
	assert_int_equal(bench_start(b, NULL), MQ_OK);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_FAILSAFE);
	assert_string_equal(r.reason, "state-damaged");
	assert_int_equal(r.revision, 1);
	assert_true(bench_says(bench_slot(b, ""), "cur.bundle"));
	bench_is_silent(b);
	buf_init(&after, 64);
	assert_int_equal(file_read(path, &after, NULL), MQ_OK);
	assert_true(span_is(buf_span(&after), "scribble"));
	buf_done(&after);
}

static void
a_damaged_meta_is_kept_and_nothing_is_signed(void **state)
{
	struct bench *b = *state;
	struct buf after;
	char path[80];

	bench_claim(b);
	bench_stop(b);
	bench_publish(b, "receipt", (struct span){ NULL, 0 });
	(void)snprintf(path, sizeof path, "%s/meta", b->state);
	assert_int_equal(file_write(path, "scribble", 8, NULL), MQ_OK);
	assert_int_equal(bench_start(b, NULL), MQ_OK);
	assert_int_equal(bench_state(b), GS_FAILSAFE);
	assert_int_equal(bench_slot(b, "receipt").n, 0);
	assert_true(bench_says(bench_slot(b, ""), "meta"));
	buf_init(&after, 64);
	assert_int_equal(file_read(path, &after, NULL), MQ_OK);
	assert_true(span_is(buf_span(&after), "scribble"));
	buf_done(&after);
}

static void
a_lost_epoch_key_is_fetched_again(void **state)
{
	struct bench *b = *state;
	char path[80];

	bench_claim(b);
	bench_stop(b);
	(void)snprintf(path, sizeof path, "%s/epoch/1.key", b->state);
	assert_int_equal(file_unlink(path, NULL), MQ_OK);
	assert_int_equal(bench_start(b, NULL), MQ_OK);
	assert_int_equal(bench_state(b), GS_ACTIVE);
	assert_true(file_exists(path));
	bench_value_is_good(b);
}

static void
a_disk_that_refuses_loses_nothing(void **state)
{
	struct bench *b = *state;
	char pend[80], aside[80];

	bench_claim(b);
	(void)snprintf(pend, sizeof pend, "%s/pend", b->state);
	(void)snprintf(aside, sizeof aside, "%s/aside", b->state);
	assert_int_equal(rename(pend, aside), 0);
	bench_next(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 1);
	assert_true(bench_says(bench_slot(b, ""), "## disk: "));
	bench_value_is_good(b);
	assert_int_equal(rename(aside, pend), 0);
	bench_pass(b, 2);
	assert_int_equal(bench_revision(b), 2);
	assert_false(bench_says(bench_slot(b, ""), "## disk: "));
	bench_value_is_good(b);
}

static void
what_was_not_subscribed_is_not_looked_at(void **state)
{
	struct bench *b = *state;
	struct buf stray;

	bench_claim(b);
	buf_init(&stray, 256);
	assert_int_equal(topic_put_slot(&stray, span_of(BENCH_TREE), "mqgp.conf", SLOT_LOG, 77, NULL),
	    MQ_OK);
	gateway_message(b->g, buf_span(&stray), bench_slot(b, "secure"));
	gateway_message(b->g, span_of("other/mqgp.conf/secure"), bench_slot(b, "secure"));
	bench_settle(b);
	assert_int_equal(bench_state(b), GS_ACTIVE);
	assert_false(desk_get(b->desk, span_of(BENCH_TREE), SLOT_LOG, 77, &(struct span){ 0 }));
	buf_done(&stray);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_with_openpgp, bench_end)
#define T1(f) cmocka_unit_test_setup_teardown(f, bench_without_openpgp, bench_end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(after_a_start_nothing_leaves_until_the_conf_was_seen),
		T1(what_does_not_belong_on_secure_is_healed_once_a_minute),
		T1(an_old_revision_on_secure_is_told_and_healed),
		T1(a_conf_that_stays_away_longer_than_its_lease_silences),
		T1(an_expired_conf_stops_or_continues_as_it_says),
		T1(an_expired_conf_may_say_that_data_continues),
		T1(a_clock_before_what_is_known_is_not_believed),
		T1(when_too_few_owners_are_left_the_gateway_halts),
		T1(damaged_state_is_named_and_never_data),
		T1(a_damaged_meta_is_kept_and_nothing_is_signed),
		T(a_lost_epoch_key_is_fetched_again),
		T1(a_disk_that_refuses_loses_nothing),
		T1(what_was_not_subscribed_is_not_looked_at),
	};

	pgp_child_main(argc, argv);
	bench_quiet(); /* refusals are what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
