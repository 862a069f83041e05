#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/compose.h"
#include "tests/unit/lib_gateway.h"

static void
an_unclaimed_gateway_shows_its_keys_and_publishes_no_data(void **state)
{
	struct bench *b = *state;
	struct receipt r;

	assert_int_equal(bench_state(b), GS_UNCLAIMED);
	assert_true(bench_says(bench_slot(b, ""), "nobody owns this tree yet"));
	assert_true(bench_says(bench_slot(b, ""), "\ngateway=openpgp4:"));
	assert_true(bench_says(bench_slot(b, ""), "\ndata-key=0 gateway ed25519:"));
	assert_false(bench_says(bench_slot(b, ""), "owner="));
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
	assert_true(bench_says(bench_slot(b, ""), "\nrevision=1\n"));
	bench_value_is_good(b);
	(void)snprintf(path, sizeof path, "%s/claim.key", b->state);
	assert_false(file_exists(path)); /* used up */
}

static void
a_receipt_that_somebody_cleared_is_said_again(void **state)
{
	struct bench *b = *state;
	struct receipt before, after;

	bench_claim(b);
	bench_receipt(b, &before);
	bench_publish(b, "receipt", span_of(""));
	assert_int_equal(bench_slot(b, "receipt").n, 0);
	bench_pass(b, 61);
	bench_receipt(b, &after);
	assert_int_equal(after.state, GS_ACTIVE);
	assert_true(after.n > before.n);
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
	assert_true(bench_says(bench_slot(b, ""), "halted by an owner: stolen-key"));
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
a_recovery_stands_against_the_owners_and_commits_after_its_delay(void **state)
{
	struct bench *b = *state;
	char b_key[64], until[TEXT_TIME_MAX];
	struct receipt r;

	bench_genesis(b);
	(void)snprintf(b_key, sizeof b_key, "openpgp4:%s", bench_b(b)->fpr.hex);
	body_add(&b->body, "recovery", b_key);
	body_set(&b->body, "recovery-threshold", "1");
	body_set(&b->body, "recovery-delay", "3600");
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 1);
	bench_publish_cert(b, bench_b(b));
	bench_settle(b);
	bench_next(b);
	text_put_time(until, clock_wall(&b->clock) + 86400);
	body_set(&b->body, "kind", "recovery");
	body_set(&b->body, "epoch", "2"); /* A loses access */
	body_remove(&b->body, "recovery");
	body_remove(&b->body, "recovery-threshold");
	body_remove(&b->body, "recovery-delay");
	body_remove(&b->body, "owner");
	body_add(&b->body, "owner", b_key);
	body_set(&b->body, "offer-until", until);
	bench_sign(b, "b", "secure log");
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_DELAYED);
	assert_string_equal(r.reason, "recovery-pending");
	bench_next(b); /* the thief who holds the owner key */
	bench_sign(b, "a", "next");
	assert_int_equal(bench_revision(b), 1);
	bench_pass(b, 3700);
	assert_int_equal(bench_revision(b), 2);
	bench_receipt(b, &r);
	assert_int_equal(r.state, GS_ACTIVE);
}

static void
an_encrypted_bundle_is_read_and_adopted(void **state)
{
	struct bench *b = *state;
	struct buf clear, sealed;

	bench_claim(b);
	bench_next(b);
	bench_sign(b, "a", "log");
	buf_init(&clear, BUNDLE_MAX);
	buf_init(&sealed, BUNDLE_MAX);
	assert_int_equal(buf_put(&clear, bench_slot(b, "log/2").p, bench_slot(b, "log/2").n), MQ_OK);
	assert_int_equal(bench_revision(b), 1);
	owner_encrypt(&b->a, &sealed, buf_span(&clear), &b->identity.fpr, buf_span(&b->own_key));
	bench_publish(b, "secure", buf_span(&sealed));
	bench_settle(b);
	assert_int_equal(bench_revision(b), 2);
	bench_value_is_good(b);
	buf_done(&clear);
	buf_done(&sealed);
}

#define T(f) cmocka_unit_test_setup_teardown(f, bench_with_openpgp, bench_end)
#define T1(f) cmocka_unit_test_setup_teardown(f, bench_without_openpgp, bench_end)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(an_unclaimed_gateway_shows_its_keys_and_publishes_no_data),
		T(the_right_claim_makes_an_owner_and_data_flows),
		T1(a_receipt_that_somebody_cleared_is_said_again),
		T1(a_wrong_claim_changes_nothing),
		T(an_update_with_a_new_epoch_is_adopted_and_the_old_key_erased),
		T(without_its_epoch_key_a_candidate_waits),
		T(a_transfer_needs_both_and_then_a_new_epoch),
		T1(of_two_complete_rivals_one_wins_and_the_other_is_told),
		T1(what_moves_authority_waits_for_its_delay_also_over_a_restart),
		T1(a_halt_stops_data_and_voids_what_waits),
		T1(a_halt_by_a_stranger_is_nothing),
		T1(a_stranger_changes_nothing_and_is_named_in_the_receipt),
		T1(another_broker_in_a_conf_waits_for_its_place),
		T1(a_gateway_that_missed_two_revisions_runs_through_the_log),
		T1(a_gateway_without_openpgp_signs_its_data),
		T1(a_recovery_stands_against_the_owners_and_commits_after_its_delay),
		T(an_encrypted_bundle_is_read_and_adopted),
	};

	pgp_child_main(argc, argv);
	bench_quiet(); /* refusals are what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
