#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

static void
a_gateway_that_was_away_follows_the_log_in_one_commit(void **state)
{
	struct world *w = *state;
	struct draft eight = world_next(w), nine, ten;

	eight.heartbeat = 8;
	nine = draft_after(&eight);
	ten = draft_after(&nine);
	publish_log(w, &eight, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &ten, "A"), V_GAP);
	assert_unchanged(w, 7);
	assert_false(w->r.stored);
	publish_log(w, &nine, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &ten, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 10);
	assert_int_equal(w->s.n_committed, 4);
	assert_int_equal(w->committed[1].revision, 8);
	assert_int_equal(w->committed[2].revision, 9);
	/* what is now history is recognised as such */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &eight, "A"), V_ROLLBACK);
	assert_unchanged(w, 10);
}

static void
a_run_that_does_not_reach_the_candidate_commits_nothing(void **state)
{
	struct world *w = *state;
	struct draft eight = world_next(w), other = eight, nine = draft_after(&eight);

	other.heartbeat++;
	publish_log(w, &other, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	publish_log(w, &eight, "a");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	publish_log(w, &eight, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "C"), V_NOT_OWNER);
	assert_unchanged(w, 7);
	nine.offer_until = nine.issued + 48 * HOUR; /* the last one fails: the first is not kept either */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_OFFER_UNTIL);
	assert_unchanged(w, 7);
	assert_int_equal(w->s.n_committed, 1);
}

static void
only_past_windows_keys_and_places_are_forgiven_in_a_run(void **state)
{
	struct world *w = *state;
	struct draft eight = world_next(w), nine;

	eight.epoch++;
	eight.secret = 't'; /* its blob is gone long since */
	eight.until = w->now - 1;
	eight.from = eight.until - HOUR;
	eight.url = "mqtts://gw@other.example.org";
	nine = draft_after(&eight);
	nine.until = w->now + HOUR;
	publish_log(w, &eight, "A");
	w->slot.new_place = true;
	assert_int_equal(judge(w, SLOT_SECURE, &nine, "A"), V_VERIFIED);
	assert_true(w->r.commit);
	assert_int_equal(w->r.n_run, 1);
	w->slot.new_place = false; /* the running connection is still that of revision 7 */
	assert_int_equal(judge(w, SLOT_SECURE, &nine, "A"), V_WAITING_SECURE);
	assert_false(w->r.stored); /* pend/ holds successors of N only */
	eight.issued = w->now + 301;
	nine = draft_after(&eight);
	publish_log(w, &eight, "A");
	assert_int_equal(judge(w, SLOT_SECURE, &nine, "A"), V_GAP);
	assert_unchanged(w, 7);
}

static void
a_transfer_that_was_not_committed_in_time_is_dead_in_a_run_too(void **state)
{
	struct world *w = *state;
	struct draft eight = offer_to(w, "B"), nine;

	nine = draft_after(&eight);
	nine.epoch++;
	nine.secret = 't';
	w->blob = 't';
	publish_log(w, &eight, "AB");
	w->now = eight.offer_until;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "B"), V_NOT_OWNER);
	assert_unchanged(w, 7);
	w->now--;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "B"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
	assert_false(w->s.rekey_due); /* revision 9 was the rekey */
}

static void
the_rekey_after_a_transfer_is_due_inside_a_run(void **state)
{
	struct world *w = *state;
	struct draft eight = offer_to(w, "B"), nine = draft_after(&eight);

	publish_log(w, &eight, "AB");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "B"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_EPOCH);
	assert_unchanged(w, 7);
}

static void
a_delay_inside_a_run_is_waited_for(void **state)
{
	struct world *w = *state;
	struct draft d = w->current, eight, nine;

	d.transfer_delay = HOUR;
	world_run(w, &d);
	eight = world_next(w);
	eight.transfer_delay = 0;
	nine = draft_after(&eight);
	publish_log(w, &eight, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	assert_int_equal(w->s.n_moments, 1);
	assert_int_equal(w->moment[0].at, w->now);
	w->now += HOUR - 1;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	assert_int_equal(w->s.n_moments, 1); /* recorded once, never changed */
	w->now++;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
}

static void
a_halted_or_recovering_tree_is_not_run_over(void **state)
{
	struct world *w = *state;
	struct draft eight = world_next(w), nine = draft_after(&eight);

	publish_log(w, &eight, "A");
	w->s.halted_by = HALTED_BY_RECOVERY;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	assert_unchanged(w, 7);
	w->s.halted_by = HALTED_BY_OWNER; /* an owners' halt ends with any commit */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
	assert_int_equal(w->s.halted_by, HALTED_NO);
}

static void
signatures_kept_for_the_successor_count_in_the_run(void **state)
{
	struct world *w = *state;
	struct draft eight = offer_to(w, "B"), nine = draft_after(&eight);

	nine.epoch++;
	nine.secret = 't';
	w->blob = 't';
	(void)judge_and_follow(w, SLOT_NEXT, &eight, "A");
	publish_log(w, &eight, "B");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "B"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
	assert_int_equal(w->s.n_pending, 0);
}

static void
a_log_entry_with_another_number_ends_the_run(void **state)
{
	struct world *w = *state;
	struct draft eight = world_next(w), nine = draft_after(&eight), ten = draft_after(&nine);

	/* log/8 holds revision 9: it must neither count nor start a run of its own */
	publish_log(w, &nine, "A");
	buf_reset(&w->log[0]);
	put_bundle(&w->log[0], &nine, "A", 0);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &ten, "A"), V_GAP);
	assert_unchanged(w, 7);
}

static void
a_fresh_gateway_follows_from_the_genesis(void **state)
{
	static const uint8_t key[32] = "the key that a label's code gave";
	struct world *w = *state;
	struct draft one = w->current, two;

	one.revision = 1;
	memset(one.prev, 0, sizeof one.prev);
	one.claim_key = key;
	two = draft_after(&one);
	two.claim_key = NULL;
	world_unclaim(w);
	w->s.claim_key = key;
	publish_log(w, &one, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &two, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 2);
	assert_int_equal(w->s.n_committed, 2);
}

static void
a_dashboard_takes_the_delays_of_a_run_from_the_receipt(void **state)
{
	struct world *w = *state;
	struct draft d = w->current, eight, nine;
	uint8_t hash[HASH_BYTES];

	d.transfer_delay = HOUR;
	world_run(w, &d);
	w->policy.dashboard = true;
	eight = world_next(w);
	eight.transfer_delay = 0;
	nine = draft_after(&eight);
	draft_hash(&nine, hash);
	publish_log(w, &eight, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_GAP);
	w->s.gateway_runs = hash;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &nine, "A"), V_VERIFIED);
	w->s.gateway_runs = NULL;
	assert_int_equal(w->n->revision, 9);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
	const struct CMUnitTest tests[] = {
		T(a_gateway_that_was_away_follows_the_log_in_one_commit),
		T(a_run_that_does_not_reach_the_candidate_commits_nothing),
		T(only_past_windows_keys_and_places_are_forgiven_in_a_run),
		T(a_transfer_that_was_not_committed_in_time_is_dead_in_a_run_too),
		T(the_rekey_after_a_transfer_is_due_inside_a_run),
		T(a_delay_inside_a_run_is_waited_for),
		T(a_halted_or_recovering_tree_is_not_run_over),
		T(signatures_kept_for_the_successor_count_in_the_run),
		T(a_log_entry_with_another_number_ends_the_run),
		T(a_fresh_gateway_follows_from_the_genesis),
		T(a_dashboard_takes_the_delays_of_a_run_from_the_receipt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
