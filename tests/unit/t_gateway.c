#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/conf/compose.h"
#include "tests/unit/lib_gateway.h"

static int
with_openpgp(void **state)
{
	struct bench *b = malloc(sizeof *b);

	bench_open(b, true);
	*state = b;
	return 0;
}

static int
without_openpgp(void **state)
{
	struct bench *b = malloc(sizeof *b);

	bench_open(b, false);
	*state = b;
	return 0;
}

static int
end(void **state)
{
	bench_close(*state);
	free(*state);
	return 0;
}

static bool
says(struct span payload, const char *words)
{
	return memmem(payload.p, payload.n, words, strlen(words)) != NULL;
}

static void
an_unclaimed_gateway_shows_its_keys_and_publishes_no_data(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	assert_int_equal(bench_state(b), GS_UNCLAIMED);
	assert_true(says(bench_slot(b, ""), "nobody owns this tree yet"));
	assert_true(says(bench_slot(b, ""), "\ngateway=openpgp4:"));
	assert_true(says(bench_slot(b, ""), "\ndata-key=0 gateway ed25519:"));
	assert_false(says(bench_slot(b, ""), "owner="));
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_UNCLAIMED);
	assert_int_equal(r.revision, 0);
	assert_int_equal(r.boot, 1);
	bench_is_silent(b);
}

static void
the_right_claim_makes_an_owner_and_data_flows(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char path[80];

	bench_claim(b);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_ACTIVE);
	assert_int_equal(r.revision, 1);
	assert_memory_equal(r.conf, b->conf->hash, HASH_BYTES);
	assert_int_equal(r.boot, 2); /* a commit is a new boot */
	assert_int_equal(r.n_pending + r.n_rejected, 0);
	assert_true(says(bench_slot(b, ""), "\nrevision=1\n"));
	bench_value_is_good(b);
	(void)snprintf(path, sizeof path, "%s/claim.key", b->state);
	assert_false(file_exists(path)); /* used up */
}

static void
a_wrong_claim_changes_nothing(void **state)
{
	struct bench *b = *state;

	bench_genesis(b);
	b->claim[0] ^= 1;
	bench_sign(b, "a", "secure log next");
	assert_int_equal(bench_state(b), GS_UNCLAIMED);
	assert_int_equal(b->store->n_pend, 0);
	b->claim[0] ^= 1;
	bench_sign(b, "a", "secure");
	assert_int_equal(bench_state(b), GS_ACTIVE);
}

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
an_update_with_a_new_epoch_is_adopted_and_the_old_key_erased(void **state)
{
	struct bench *b = *state;
	char old[80];

	bench_claim(b);
	bench_value_is_good(b);
	(void)snprintf(old, sizeof old, "%s/epoch/1.key", b->state);
	assert_true(file_exists(old));
	bench_next(b);
	bench_rekey(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_value_is_good(b);
	bench_pass(b, 2);
	assert_false(file_exists(old)); /* grace is 0 */
	bench_restart(b);
	assert_int_equal(bench_state(b), GS_ACTIVE);
	bench_value_is_good(b);
}

static void
without_its_epoch_key_a_candidate_waits(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	struct buf blob;

	bench_claim(b);
	bench_next(b);
	bench_rekey(b);
	buf_init(&blob, 65536);
	assert_int_equal(buf_put(&blob, bench_slot(b, "keys/2").p, bench_slot(b, "keys/2").n), MQ_OK);
	bench_publish(b, "keys/2", (struct span){ NULL, 0 });
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 1);
	assert_int_equal(bench_state(b), GS_PENDING);
	bench_receipt(b, &r);
	assert_int_equal(r.n_pending, 1);
	assert_int_equal(r.pending[0].a, 1);
	bench_publish(b, "keys/2", buf_span(&blob));
	bench_settle(b);
	assert_int_equal(bench_revision(b), 2);
	buf_done(&blob);
}

/* A offers to B: other owner and an end. */
static void
draft_offer(struct bench *b)
{
	char owner[64], until[TEXT_TIME_MAX];

	(void)snprintf(owner, sizeof owner, "openpgp4:%s", bench_b(b)->fpr.hex);
	text_put_time(until, clock_wall(&b->clock) + 86400);
	bench_next(b);
	body_remove(&b->body, "owner");
	body_add(&b->body, "owner", owner);
	body_set(&b->body, "offer-until", until);
}

static void
a_transfer_needs_both_and_then_a_new_epoch(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	draft_offer(b);
	bench_publish_cert(b, bench_b(b));
	bench_sign(b, "a", "next");
	assert_int_equal(bench_state(b), GS_PENDING);
	bench_receipt(b, &r);
	assert_int_equal(r.n_pending, 1);
	assert_int_equal(r.pending[0].a * 1000 + r.pending[0].c, 1000);
	bench_value_is_good(b);
	bench_sign(b, "b", "secure log"); /* B's copy carries B's signature only */
	assert_int_equal(bench_revision(b), 1);
	assert_int_equal(bench_state(b), GS_WAITING_SECURE); /* complete, but not by itself there */
	bench_sign(b, "ab", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_receipt(b, &r);
	assert_true(r.rekey_due);
	bench_next(b);
	bench_sign(b, "b", "secure log");
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_REJECTED);
	assert_string_equal(r.reason, "epoch");
	assert_int_equal(bench_revision(b), 2);
	bench_next(b);
	bench_rekey(b);
	bench_sign(b, "b", "secure log");
	assert_int_equal(bench_revision(b), 3);
	bench_receipt(b, &r);
	assert_false(r.rekey_due);
}

static void
of_two_complete_rivals_one_wins_and_the_other_is_told(void **state)
{
	struct bench *b = *state;
	uint8_t first[HASH_BYTES];
	struct receipt r;

	bench_claim(b);
	bench_next(b);
	body_set(&b->body, "transfer-delay", "10"); /* moves authority: N's delay, 0, applies */
	bench_sign(b, "a", "next");		    /* complete, waits for its place */
	memcpy(first, b->conf->hash, HASH_BYTES);
	assert_int_equal(bench_state(b), GS_WAITING_SECURE);
	bench_next(b);
	body_set(&b->body, "heartbeat", "60");
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_receipt(b, &r);
	assert_memory_equal(r.conf, b->conf->hash, HASH_BYTES);
	assert_int_equal(r.n_rejected, 1);
	assert_memory_equal(r.rejected[0].hash, first, HASH_BYTES);
	assert_string_equal(r.rejected[0].code, "FORK");
}

static void
what_moves_authority_waits_for_its_delay_also_over_a_restart(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	bench_next(b);
	body_set(&b->body, "transfer-delay", "3600");
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_next(b);
	body_set(&b->body, "transfer-delay", "60");
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_DELAYED);
	bench_value_is_good(b);
	bench_pass(b, 1800);
	bench_restart(b);
	assert_int_equal(bench_state(b), GS_DELAYED);
	bench_pass(b, 1200);
	assert_int_equal(bench_revision(b), 2);
	bench_pass(b, 700); /* 3600 since it was complete, not since the restart */
	assert_int_equal(bench_revision(b), 3);
}

static void
a_halt_stops_data_and_voids_what_waits(void **state)
{
	struct bench *b = *state;
	uint8_t voided[HASH_BYTES];
	struct receipt r;

	bench_claim(b);
	bench_next(b);
	body_set(&b->body, "heartbeat", "40");
	bench_sign(b, "a", "next");
	memcpy(voided, b->conf->hash, HASH_BYTES);
	assert_int_equal(b->store->n_pend, 1);
	bench_halt(b, "a", clock_wall(&b->clock));
	assert_int_equal(bench_state(b), GS_HALTED);
	assert_int_equal(b->store->n_pend, 0);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_HALTED);
	assert_int_equal(r.n_rejected, 1);
	assert_memory_equal(r.rejected[0].hash, voided, HASH_BYTES);
	assert_true(says(bench_slot(b, ""), "halted by an owner: stolen-key"));
	bench_is_silent(b);
	bench_restart(b);
	assert_int_equal(bench_state(b), GS_HALTED);
	bench_sign(b, "a", "secure log"); /* the voided one, for good */
	assert_int_equal(bench_state(b), GS_HALTED);
	bench_next(b);
	body_set(&b->body, "heartbeat", "50");
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
	assert_int_equal(bench_state(b), GS_ACTIVE);
	bench_value_is_good(b);
}

static void
a_halt_by_a_stranger_is_nothing(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	bench_publish_cert(b, bench_b(b));
	bench_halt(b, "b", clock_wall(&b->clock));
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
a_stranger_changes_nothing_and_is_named_in_the_receipt(void **state)
{
	struct bench *b = *state;
	char owner[64];
	struct receipt r;

	bench_claim(b);
	(void)snprintf(owner, sizeof owner, "openpgp4:%s", bench_b(b)->fpr.hex);
	bench_publish_cert(b, bench_b(b));
	bench_next(b);
	body_remove(&b->body, "owner");
	body_add(&b->body, "owner", owner);
	bench_sign(b, "b", "secure next log");
	assert_int_equal(bench_revision(b), 1);
	assert_int_equal(b->store->n_pend, 0);
	bench_pass(b, 2);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_ACTIVE);
	assert_string_equal(r.rejected[0].code, "UNKNOWN-KEY");
	bench_value_is_good(b);
}

static void
another_broker_in_a_conf_waits_for_its_place(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	bench_claim(b);
	bench_next(b);
	body_set(&b->body, "url", "mqtt://127.0.0.1:1999");
	bench_sign(b, "a", "secure next log");
	assert_int_equal(bench_revision(b), 1);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_WAITING_SECURE);
	assert_int_equal(r.n_pending, 1);
	bench_value_is_good(b);
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
	assert_true(says(bench_slot(b, ""), "cur.bundle"));
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
	assert_true(says(bench_slot(b, ""), "meta"));
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
	assert_true(says(bench_slot(b, ""), "## disk: "));
	bench_value_is_good(b);
	assert_int_equal(rename(aside, pend), 0);
	bench_pass(b, 2);
	assert_int_equal(bench_revision(b), 2);
	assert_false(says(bench_slot(b, ""), "## disk: "));
	bench_value_is_good(b);
}

static void
values_wait_for_the_link_and_what_does_not_fit_is_counted(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char text[16];

	bench_claim(b);
	b->up = false;
	gateway_link(b->g, false);
	for (int i = 0; i < GATEWAY_QUEUE_MAX + 10; i++) {
		(void)snprintf(text, sizeof text, "%d", i);
		assert_int_equal(gateway_data(b->g, span_of("t"), span_of(text), 0, false), MQ_OK);
	}
	assert_false(gateway_wants_data(b->g));
	assert_int_equal(b->n_values, 0);
	b->up = true;
	gateway_link(b->g, true);
	bench_settle(b);
	assert_int_equal(b->n_values, GATEWAY_QUEUE_MAX);
	assert_int_equal(rd64(b->value[0].envelope.p + 16) & UINT32_MAX, 1); /* no gap in numbers */
	bench_pass(b, 31);
	bench_status(b, &r);
	assert_int_equal(r.lost_link, 10);
	assert_int_equal(r.n_ck, 1);
	assert_int_equal(r.ck[0].seq & UINT32_MAX, GATEWAY_QUEUE_MAX);
}

static void
what_is_too_large_or_no_topic_is_refused(void **state)
{
	struct bench *b = *state;
	char *large = calloc(1, 70000);

	bench_claim(b);
	assert_int_equal(gateway_data(b->g, span_of("t"), (struct span){ (uint8_t *)large, 65537 }, 0,
	    false), MQ_ELIMIT);
	assert_int_equal(gateway_data(b->g, span_of(""), span_of("1"), 0, false), MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, span_of("a/+"), span_of("1"), 0, false), MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, span_of("mqgp.conf/secure"), span_of("1"), 0, false),
	    MQ_EINVAL);
	assert_int_equal(gateway_data(b->g, (struct span){ (const uint8_t *)"a\0b", 3 }, span_of("1"),
	    0, false), MQ_EINVAL);
	assert_int_equal(b->n_values, 0);
	free(large);
}

static void
a_ping_comes_back_in_the_next_status(void **state)
{
	struct bench *b = *state;
	struct receipt r;
	char hex[33];

	bench_claim(b);
	bench_pass(b, 2);
	bench_publish(b, "ping", span_of("00112233445566778899aabbccddeeff"));
	bench_pass(b, 2);
	bench_status(b, &r);
	assert_int_equal(r.n_echo, 1);
	text_hex(hex, r.echo[0], 16);
	assert_string_equal(hex, "00112233445566778899aabbccddeeff");
	bench_publish(b, "ping", span_of("00112233445566778899AABBCCDDEEFF"));
	bench_pass(b, 31);
	bench_status(b, &r);
	assert_int_equal(r.n_echo, 0);
}

static void
a_gateway_that_missed_two_revisions_runs_through_the_log(void **state)
{
	struct bench *b = *state;
	struct buf second;

	bench_claim(b);
	gateway_link(b->g, false);
	b->up = false;
	bench_next(b);
	bench_sign(b, "a", "log");
	buf_init(&second, CONF_BODY_MAX);
	assert_int_equal(conf_successor(b->conf, clock_wall(&b->clock), &second, NULL), MQ_OK);
	buf_reset(&b->body);
	assert_int_equal(buf_put(&b->body, second.p, second.n), MQ_OK);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 1);
	b->up = true;
	gateway_link(b->g, true);
	bench_settle(b);
	assert_int_equal(bench_revision(b), 3);
	bench_value_is_good(b);
	bench_restart(b);
	assert_int_equal(bench_revision(b), 3);
	assert_int_equal(bench_state(b), GS_ACTIVE);
	buf_done(&second);
}

static void
a_gateway_without_openpgp_signs_its_data(void **state)
{
	struct bench *b = *state;

	bench_claim(b);
	assert_int_equal(b->conf->suite, SUITE_ED25519);
	bench_value_is_good(b);
	bench_next(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 2);
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

static void
quiet(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

#define T(f) cmocka_unit_test_setup_teardown(f, with_openpgp, end)
#define T1(f) cmocka_unit_test_setup_teardown(f, without_openpgp, end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(an_unclaimed_gateway_shows_its_keys_and_publishes_no_data),
		T(the_right_claim_makes_an_owner_and_data_flows),
		T1(a_wrong_claim_changes_nothing),
		T(after_a_start_nothing_leaves_until_the_conf_was_seen),
		T(an_update_with_a_new_epoch_is_adopted_and_the_old_key_erased),
		T(without_its_epoch_key_a_candidate_waits),
		T(a_transfer_needs_both_and_then_a_new_epoch),
		T1(of_two_complete_rivals_one_wins_and_the_other_is_told),
		T1(what_moves_authority_waits_for_its_delay_also_over_a_restart),
		T1(a_halt_stops_data_and_voids_what_waits),
		T1(a_halt_by_a_stranger_is_nothing),
		T1(what_does_not_belong_on_secure_is_healed_once_a_minute),
		T1(an_old_revision_on_secure_is_told_and_healed),
		T1(a_conf_that_stays_away_longer_than_its_lease_silences),
		T1(a_stranger_changes_nothing_and_is_named_in_the_receipt),
		T1(another_broker_in_a_conf_waits_for_its_place),
		T1(an_expired_conf_stops_or_continues_as_it_says),
		T1(an_expired_conf_may_say_that_data_continues),
		T1(a_clock_before_what_is_known_is_not_believed),
		T1(when_too_few_owners_are_left_the_gateway_halts),
		T1(damaged_state_is_named_and_never_data),
		T1(a_damaged_meta_is_kept_and_nothing_is_signed),
		T(a_lost_epoch_key_is_fetched_again),
		T1(a_disk_that_refuses_loses_nothing),
		T1(values_wait_for_the_link_and_what_does_not_fit_is_counted),
		T1(what_is_too_large_or_no_topic_is_refused),
		T1(a_ping_comes_back_in_the_next_status),
		T1(a_gateway_that_missed_two_revisions_runs_through_the_log),
		T1(a_gateway_without_openpgp_signs_its_data),
		T1(what_was_not_subscribed_is_not_looked_at),
	};

	pgp_child_main(argc, argv);
	if (getenv("MQGP_TEST_LOG") == NULL)
		log_set_sink(quiet, NULL); /* refusals are what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
