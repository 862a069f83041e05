#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/flow/tree_facts.h"

#define NOW 1750000000

/* A tree in perfect order. */
static struct tree_facts
sound(void)
{
	return (struct tree_facts){ .now = NOW, .has_conf = true, .valid_until = NOW + 1000,
		.lease = 100, .owners = 2, .threshold = 1, .pinned = true, .info_copy = true,
		.secure_copy = true, .secure_verdict = V_VERIFIED, .gateway = GS_ACTIVE,
		.gateway_runs_ours = true };
}

static void
assert_state(const struct tree_facts *f, enum tree_state want)
{
	assert_string_equal(tree_state_word(tree_state_of(f)), tree_state_word(want));
}

static void
nothing_known_is_an_unsecured_tree(void **state)
{
	const struct tree_facts none = { 0 };
	struct tree_facts f = sound();

	(void)state;
	assert_state(&none, TREE_UNSECURED);
	assert_state(&f, TREE_ACTIVE);
	f.gateway = GS_NONE; /* a conf but no word of the gateway yet: no colour */
	f.gateway_runs_ours = false;
	assert_state(&f, TREE_UNKNOWN);
	assert_int_equal(tree_state_class(TREE_UNKNOWN), CLASS_NEUTRAL);
}

/* Facts that bring about one state each, from the weakest to the strongest. */
static void
the_highest_row_wins(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	assert_state(&f, TREE_ACTIVE);
	f.echo_missing = true;
	assert_state(&f, TREE_NO_ECHO);
	f.pinned = false;
	assert_state(&f, TREE_UNPINNED);
	f.owners_expired = 1;
	assert_state(&f, TREE_OWNER_KEY_EXPIRED);
	f.rekey_due = true;
	assert_state(&f, TREE_REKEY_DUE);
	f.pending_update = true;
	assert_state(&f, TREE_PENDING_UPDATE);
	f.unconfirmed_since = NOW - TREE_RECEIPT_OVERDUE_S - 1;
	assert_state(&f, TREE_NO_RECEIPT);
	f.pending_transfer = true;
	assert_state(&f, TREE_PENDING_TRANSFER);
	f.secure_copy = false;
	assert_state(&f, TREE_AWAITING_OWNER);
	f.split_unknown = true;
	assert_state(&f, TREE_SPLIT);
	f.heartbeats_missed = 3;
	assert_state(&f, TREE_SILENT);
	f.gateway = GS_FAILSAFE;
	assert_state(&f, TREE_FAILSAFE);
	f.now = f.valid_until;
	assert_state(&f, TREE_CONF_EXPIRED);
	f.owners_revoked = 2;
	assert_state(&f, TREE_OWNER_REVOKED);
	f.halted = true;
	assert_state(&f, TREE_HALTED);
	f.recovery_stands = true;
	assert_state(&f, TREE_RECOVERY_PENDING);
	f.gateway_changed = true;
	assert_state(&f, TREE_GATEWAY_CHANGED);
	f.conflict = true;
	assert_state(&f, TREE_CONFLICT);
}

static void
states_stand_in_the_order_of_their_class(void **state)
{
	(void)state;
	assert_int_equal(tree_state_class(TREE_CONFLICT), CLASS_BAD);
	assert_int_equal(tree_state_class(TREE_SILENT), CLASS_BAD);
	assert_int_equal(tree_state_class(TREE_SPLIT), CLASS_ATTENTION);
	assert_int_equal(tree_state_class(TREE_NO_ECHO), CLASS_ATTENTION);
	assert_int_equal(tree_state_class(TREE_ACTIVE), CLASS_GOOD);
	assert_int_equal(tree_state_class(TREE_CLAIMABLE), CLASS_NEUTRAL);
	for (int a = 1; a < TREE_STATE_COUNT; a++) {
		enum tree_state back = TREE_UNKNOWN;

		assert_true(tree_state_from_word(span_of(tree_state_word((enum tree_state)a)), &back));
		assert_int_equal(back, a);
		for (int b = a + 1; b < TREE_STATE_COUNT; b++)
			assert_int_not_equal(tree_state_letter((enum tree_state)a),
			    tree_state_letter((enum tree_state)b));
	}
	assert_true(tree_state_is_sticky(TREE_CONFLICT));
	assert_true(tree_state_is_sticky(TREE_GATEWAY_CHANGED));
	assert_false(tree_state_is_sticky(TREE_HALTED));
}

static void
a_cleared_secure_copy_is_bridged_for_the_lease(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.secure_copy = false;
	f.secure_cleared_at = NOW - 99;
	assert_state(&f, TREE_ACTIVE);
	f.secure_cleared_at = NOW - 100;
	assert_state(&f, TREE_AWAITING_OWNER);
	f = sound();
	f.gateway = GS_AWAIT;
	assert_state(&f, TREE_AWAITING_OWNER);
}

static void
what_lies_on_secure_is_invalid_only_without_a_good_conf(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.secure_verdict = V_BAD_SIG;
	assert_state(&f, TREE_ACTIVE);
	f.has_conf = false;
	assert_state(&f, TREE_CONF_INVALID);
	f.secure_verdict = V_NOT_OWNER;
	assert_state(&f, TREE_CONF_INVALID);
	f.secure_verdict = V_SYS_ERROR; /* neither good nor bad */
	assert_state(&f, TREE_UNKNOWN);
}

static void
two_missed_heartbeats_are_no_silence(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.heartbeats_missed = 2;
	assert_state(&f, TREE_ACTIVE);
	f.heartbeats_missed = 3;
	assert_state(&f, TREE_SILENT);
}

static void
an_update_is_pending_until_a_receipt_names_it(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.gateway_runs_ours = false;
	f.unconfirmed_since = NOW - TREE_RECEIPT_OVERDUE_S;
	assert_state(&f, TREE_PENDING_UPDATE);
	assert_string_equal(tree_who_acts(&f), "the gateway");
	f.now++;
	assert_state(&f, TREE_NO_RECEIPT);
	f.unconfirmed_since = 0;
	f.gateway_runs_ours = true;
	assert_state(&f, TREE_ACTIVE);
	f.gateway = GS_DELAYED; /* it weighs a candidate that we have not seen */
	assert_state(&f, TREE_PENDING_UPDATE);
	f.gateway = GS_REJECTED; /* it refused one and runs on */
	assert_state(&f, TREE_ACTIVE);
}

static void
a_receipt_alone_halts_or_claims(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.gateway = GS_HALTED;
	assert_state(&f, TREE_HALTED);
	f = (struct tree_facts){ .info_copy = true, .info_ownerless = true };
	assert_state(&f, TREE_CLAIMABLE);
	assert_string_equal(tree_who_acts(&f), "anybody with the code");
}

static void
too_few_unrevoked_owners_are_an_alarm(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	f.owners = 3;
	f.threshold = 2;
	f.owners_revoked = 1;
	assert_state(&f, TREE_ACTIVE);
	f.owners_revoked = 2;
	assert_state(&f, TREE_OWNER_REVOKED);
}

static void
whose_turn_it_is_follows_the_auth_lines(void **state)
{
	struct tree_facts f = sound();

	(void)state;
	assert_int_equal(tree_turn_of(0, 1, 0, 1, true, true), TURN_US_SIGN);
	assert_int_equal(tree_turn_of(0, 1, 1, 1, false, true), TURN_OLD_OWNERS);
	assert_int_equal(tree_turn_of(1, 1, 0, 1, false, true), TURN_US_ACCEPT);
	assert_int_equal(tree_turn_of(2, 1, 0, 1, true, false), TURN_NEW_OWNERS);
	assert_int_equal(tree_turn_of(1, 1, 1, 1, true, true), TURN_GATEWAY);
	assert_string_equal(tree_who_acts(&f), "-");
	f.pending_transfer = true;
	f.turn = TURN_US_ACCEPT;
	assert_string_equal(tree_who_acts(&f), "you: accept");
	f.turn = TURN_NEW_OWNERS;
	assert_string_equal(tree_who_acts(&f), "the new owners: accept");
	f.turn = TURN_GATEWAY;
	assert_string_equal(tree_who_acts(&f), "the gateway");
	f.pending_transfer = false;
	f.pending_update = true;
	f.turn = TURN_OLD_OWNERS;
	assert_string_equal(tree_who_acts(&f), "the owners: sign");
	f = sound();
	f.rekey_due = true;
	assert_string_equal(tree_who_acts(&f), "the new owners: rekey");
	f.owner_is_us = true;
	assert_string_equal(tree_who_acts(&f), "you: rekey");
	f.halted = true;
	f.halted_by = HALTED_BY_RECOVERY;
	assert_string_equal(tree_who_acts(&f), "the recovery keys: publish a recovery");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_is_an_unsecured_tree),
		cmocka_unit_test(the_highest_row_wins),
		cmocka_unit_test(states_stand_in_the_order_of_their_class),
		cmocka_unit_test(a_cleared_secure_copy_is_bridged_for_the_lease),
		cmocka_unit_test(what_lies_on_secure_is_invalid_only_without_a_good_conf),
		cmocka_unit_test(two_missed_heartbeats_are_no_silence),
		cmocka_unit_test(an_update_is_pending_until_a_receipt_names_it),
		cmocka_unit_test(a_receipt_alone_halts_or_claims),
		cmocka_unit_test(too_few_unrevoked_owners_are_an_alarm),
		cmocka_unit_test(whose_turn_it_is_follows_the_auth_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
