#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

/* ---- transfer */

static void
a_transfer_needs_both_owners_and_leaves_a_rekey_due(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "B");

	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_PARTIAL);
	assert_lines(w, 1, 1, 0, 1);
	assert_true(w->r.stored);
	assert_unchanged(w, 7);
	/* B publishes the same bytes with its own signature alone; A's was kept */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "B"), V_WAITING_SECURE);
	assert_int_equal(w->r.n_signers, 2);
	assert_int_equal(w->s.n_pending, 1);
	assert_int_equal(w->pending[0].n_sigs, 2);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
	assert_true(conf_is_owner(w->n, &(struct fpr){ .hex = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB" }));
	assert_int_equal(w->n->n_owners, 1);
	assert_true(w->s.rekey_due);
	assert_int_equal(w->s.n_pending, 0);
}

static void
secure_must_carry_both_signatures_itself(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "B");

	(void)judge_and_follow(w, SLOT_NEXT, &d, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "B"), V_WAITING_SECURE);
	assert_unchanged(w, 7);
	assert_true(w->r.complete);
}

static void
the_new_owner_alone_cannot_take_over(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "B");

	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "B"), V_NOT_OWNER);
	assert_int_equal(w->s.n_pending, 0);
	/* nor can a third person accept what was offered to B */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "AC"), V_PARTIAL);
	assert_lines(w, 1, 1, 0, 1);
	assert_int_equal(w->r.sig[1], V_NOT_OWNER);
	assert_int_equal(w->r.flags, FLAG_JUNK_SIG);
	assert_unchanged(w, 7);
}

static void
take_over(struct world *w)
{
	struct draft d = offer_to(w, "B");

	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_true(w->s.rekey_due);
}

static void
the_take_over_revision_must_bring_a_new_epoch(void **state)
{
	struct world *w = *state;
	struct draft d;

	take_over(w);
	d = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "B"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_EPOCH);
	assert_true(w->s.rekey_due);
	assert_int_equal(w->n->revision, 8);
	d.epoch++;
	d.secret = 't';
	w->blob = 't';
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "B"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
	assert_false(w->s.rekey_due);
}

static void
an_offer_ends_at_its_second(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "B");

	(void)judge_and_follow(w, SLOT_NEXT, &d, "A");
	w->now = d.offer_until;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_OFFER_EXPIRED);
	assert_false(w->r.stored);
	assert_unchanged(w, 7);
	w->now = d.offer_until - 1;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
}

static void
a_cancel_kills_the_offer_for_good(void **state)
{
	struct world *w = *state;
	struct draft offer = offer_to(w, "B"), cancel = world_next(w);

	(void)judge_and_follow(w, SLOT_NEXT, &offer, "A");
	cancel.heartbeat = 31;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &cancel, "A"), V_VERIFIED);
	assert_int_equal(w->r.flags, FLAG_RIVAL);
	assert_int_equal(w->n->revision, 8);
	assert_int_equal(w->s.n_pending, 0);
	/* what is left on `next` is no alarm, a complete late acceptance is evidence */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &offer, "A"), V_FORK);
	assert_int_equal(w->r.flags, FLAG_INCOMPLETE);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &offer, "AB"), V_FORK);
	assert_int_equal(w->r.flags, 0);
	assert_int_equal(w->n->heartbeat, 31);
	assert_int_equal(w->s.n_pending, 0);
}

static void
of_two_transfers_the_first_commit_wins(void **state)
{
	struct world *w = *state;
	struct draft to_b = offer_to(w, "B"), to_c = offer_to(w, "C");

	(void)judge_and_follow(w, SLOT_NEXT, &to_b, "A");
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &to_c, "A"), V_PARTIAL);
	assert_int_equal(w->r.flags, FLAG_RIVAL);
	assert_int_equal(w->s.n_pending, 2);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &to_c, "AC"), V_VERIFIED);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &to_b, "AB"), V_FORK);
	assert_int_equal(w->r.flags, 0);
	assert_int_equal(w->n->revision, 8);
	assert_string_equal(w->n->owner[0].hex, fpr_of('C').hex);
	/* and the winner seen again changes nothing */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &to_c, "AC"), V_VERIFIED);
	assert_unchanged(w, 8);
}

/* ---- thresholds */

static void
two_of_three_are_collected_over_two_messages(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.owners = "ABC";
	d.threshold = 2;
	d.offer_until = d.issued + 48 * HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_false(w->s.rekey_due); /* A stayed: no full hand-over */
	d = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "BB"), V_PARTIAL);
	assert_lines(w, 1, 2, 1, 2);
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "C"), V_WAITING_SECURE);
	assert_lines(w, 2, 2, 2, 2);
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_WAITING_SECURE);
	assert_lines(w, 3, 2, 3, 2); /* counts are not capped */
	assert_int_equal(w->s.n_pending, 1);
	assert_int_equal(w->pending[0].n_sigs, 3);
	publish_place(w, &d, "BC");
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "B"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
}

static void
a_kept_signature_stops_counting_when_its_key_is_revoked(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "B");

	(void)judge_and_follow(w, SLOT_NEXT, &d, "A");
	w->revoked = "A";
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "B"), V_NOT_OWNER);
	assert_int_equal(w->r.n_signers, 0);
	assert_unchanged(w, 7);
}

/* ---- delay */

static void
what_moves_authority_waits_from_its_completion(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;
	int64_t complete;

	d.transfer_delay = HOUR;
	d.revision++;
	draft_hash(&w->current, d.prev);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED); /* N had no delay */
	d = offer_to(w, "B");
	(void)judge_and_follow(w, SLOT_NEXT, &d, "A");
	assert_int_equal(w->pending[0].complete_at, 0);
	complete = w->now += 10 * HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_DELAYED);
	assert_int_equal(w->r.due_at, complete + HOUR);
	assert_int_equal(w->pending[0].complete_at, complete);
	w->now += HOUR - 1;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_DELAYED);
	assert_int_equal(w->pending[0].complete_at, complete);
	w->now++;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
}

static void
a_clock_below_the_floor_does_not_shorten_a_delay(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	d.transfer_delay = HOUR;
	world_run(w, &d); /* N with a delay */
	d = world_next(w);
	d.recovery = "E";
	d.recovery_threshold = 1;
	w->s.time_floor = w->now + 60;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_DELAYED);
	assert_int_equal(w->r.complete_at, w->now + 60);
	assert_int_equal(w->pending[0].complete_at, w->now + 60);
}

static void
every_authority_or_place_field_waits_and_no_other(void **state)
{
	struct world *w = *state;
	struct draft d = w->current, c;

	d.transfer_delay = HOUR;
	d.recovery = "E";
	d.recovery_threshold = 1;
	d.recovery_delay = HOUR;
	world_run(w, &d);
	w->slot.new_place = true;
#define DELAYED_IF(change)                                                                         \
	do {                                                                                       \
		c = world_next(w);                                                                 \
		change;                                                                            \
		assert_int_equal(judge(w, SLOT_SECURE, &c, "AB"), V_DELAYED);                      \
	} while (0)
	DELAYED_IF((c.owners = "AB", c.offer_until = c.issued + HOUR * 48));
	DELAYED_IF(c.recovery = "EF");
	DELAYED_IF(c.recovery_delay = 0);
	DELAYED_IF(c.transfer_delay = 0);
	DELAYED_IF(c.url = "mqtts://gw@broker.example.org:8884");
	DELAYED_IF(c.security =
		"tls-ca-b2:5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e5b6e");
#undef DELAYED_IF
	c = world_next(w);
	c.topic = "plant/unit2";
	c.from_topic = "plant/unit1";
	assert_int_equal(judge(w, SLOT_NEXT, &c, "A"), V_DELAYED);
	c = world_next(w);
	c.heartbeat = 5;
	c.readers = "1";
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &c, "A"), V_VERIFIED);
	assert_int_equal(w->n->heartbeat, 5);
}

/* ---- reasons */

static void
assert_rejected(const struct world *w, enum accept_reason reason)
{
	assert_int_equal(w->r.verdict, V_REJECTED);
	assert_string_equal(accept_reason_name(w->r.reason), accept_reason_name(reason));
	assert_false(w->r.stored);
	assert_unchanged(w, 7);
}

static void
each_reason_has_its_own_cause(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.issued = w->current.issued - 1;
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_ISSUED);
	d = world_next(w);
	d.offer_until = d.issued + 48 * HOUR;
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_OFFER_UNTIL);
	d = offer_to(w, "B");
	d.offer_until = 0;
	(void)judge_and_follow(w, SLOT_SECURE, &d, "AB");
	assert_rejected(w, REASON_OFFER_UNTIL);
	d = world_next(w);
	d.from_topic = "plant/unit0";
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_FROM_TOPIC);
	d = world_next(w);
	d.recovery_kind = true;
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_NO_RECOVERY);
	assert_int_equal(w->s.n_pending, 0);
}

static void
the_local_floor_holds_against_an_owner(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	w->policy.floor = SUITE_ED25519_XCHACHA;
	d.suite = "ed25519";
	d.secret = '\0';
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_FLOOR);
	w->policy.floor = SUITE_ED25519;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
}

static void
an_epoch_changes_together_with_its_key(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.secret = 't'; /* new key, old epoch: its id differs */
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_EPOCH);
	d = world_next(w);
	d.epoch += 2;
	d.secret = 't';
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_EPOCH);
	d.epoch = 2;
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_EPOCH);
}

static void
who_loses_access_forces_a_new_epoch(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	d.readers = "12";
	world_run(w, &d);
	d = world_next(w);
	d.readers = "1";
	(void)judge_and_follow(w, SLOT_SECURE, &d, "A");
	assert_rejected(w, REASON_EPOCH);
	d.epoch++;
	d.secret = 't';
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_KEY_MISMATCH);
	assert_int_equal(w->s.n_pending, 1);
	w->blob = 's'; /* somebody put another key there */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_KEY_MISMATCH);
	w->blob = 't';
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->epoch, 4);
	assert_int_equal(w->s.n_pending, 0);
}

static void
a_full_hand_over_need_not_rekey_for_the_old_owner_but_for_a_reader(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	d.readers = "1A"; /* an owner may be listed as a reader, too */
	world_run(w, &d);
	d = offer_to(w, "B");
	d.readers = "1";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	d.readers = NULL;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_EPOCH);
	d = offer_to(w, "BC"); /* not full: A stays out, but A is no owner any more either */
	d.owners = "AB";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_false(w->r.rekey_due);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
	const struct CMUnitTest tests[] = {
		T(a_transfer_needs_both_owners_and_leaves_a_rekey_due),
		T(secure_must_carry_both_signatures_itself),
		T(the_new_owner_alone_cannot_take_over),
		T(the_take_over_revision_must_bring_a_new_epoch),
		T(an_offer_ends_at_its_second),
		T(a_cancel_kills_the_offer_for_good),
		T(of_two_transfers_the_first_commit_wins),
		T(two_of_three_are_collected_over_two_messages),
		T(a_kept_signature_stops_counting_when_its_key_is_revoked),
		T(what_moves_authority_waits_from_its_completion),
		T(a_clock_below_the_floor_does_not_shorten_a_delay),
		T(every_authority_or_place_field_waits_and_no_other),
		T(each_reason_has_its_own_cause),
		T(the_local_floor_holds_against_an_owner),
		T(an_epoch_changes_together_with_its_key),
		T(who_loses_access_forces_a_new_epoch),
		T(a_full_hand_over_need_not_rekey_for_the_old_owner_but_for_a_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
