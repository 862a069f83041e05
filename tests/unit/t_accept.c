#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

/* ---- updates */

static void
an_update_on_secure_is_committed_at_once(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);
	uint8_t hash[HASH_BYTES];

	d.heartbeat = 10;
	draft_hash(&d, hash);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->r.flags, 0);
	assert_int_equal(w->r.n_signers, 1);
	assert_int_equal(w->n->revision, 8);
	assert_int_equal(w->n->heartbeat, 10);
	assert_memory_equal(w->n->hash, hash, HASH_BYTES);
	assert_false(w->s.rekey_due);
	/* and the next one still works */
	d = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 9);
}

static void
an_update_on_next_waits_until_its_place_shows_it(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	publish_place(w, &w->current, "A");
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_WAITING_SECURE);
	assert_true(w->r.stored);
	assert_unchanged(w, 7);
	publish_place(w, &d, "a"); /* the body alone is not enough */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_WAITING_SECURE);
	publish_place(w, &d, "A");
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
	assert_int_equal(w->s.n_pending, 0);
}

static void
another_broker_counts_only_on_its_own_connection(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.url = "mqtts://gw@other.example.org";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_WAITING_SECURE);
	w->slot.new_place = true;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_string_equal(w->n->url_host, "other.example.org");
}

static void
n_itself_changes_nothing_and_is_leftover_on_next(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_unchanged(w, 7);
	w->revoked = "A"; /* its signer may be revoked since: N is known by its hash */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->r.sig[0], V_REVOKED_KEY);
	assert_int_equal(w->r.flags, FLAG_JUNK_SIG);
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_ROLLBACK);
	assert_int_equal(w->r.flags, FLAG_LEFTOVER | FLAG_JUNK_SIG);
	assert_unchanged(w, 7);
	w->now = d.until; /* its window still counts */
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_CONF_EXPIRED);
	assert_unchanged(w, 7);
}

static void
an_outstanding_answer_decides_nothing(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	w->answers_wait = true;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_NONE);
	assert_true(w->r.pending);
	assert_int_equal(w->asked, 2); /* all of them, so that they are checked together */
	assert_false(w->r.stored);
	assert_unchanged(w, 7);
	w->answers_wait = false;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_false(w->r.pending);
}

static void
an_encrypted_bundle_is_judged_by_what_is_inside(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);
	struct buf b;

	buf_init(&b, 2 * BUNDLE_MAX);
	(void)buf_puts(&b, "\x85x");
	assert_int_equal(judge_bytes(w, SLOT_SECURE, buf_span(&b)), V_NEEDS_KEY);
	buf_reset(&b);
	(void)buf_puts(&b, "\x85k#!mqgp.conf 1\n");
	assert_int_equal(judge_bytes(w, SLOT_SECURE, buf_span(&b)), V_MALFORMED);
	assert_int_equal(w->r.line, 0);
	buf_reset(&b);
	(void)buf_puts(&b, "\x85k");
	put_bundle(&b, &d, "A", 0);
	assert_int_equal(judge_bytes(w, SLOT_SECURE, buf_span(&b)), V_VERIFIED);
	aftermath(w);
	assert_int_equal(w->n->revision, 8);
	buf_done(&b);
}

/* ---- form and gate */

static void
the_form_comes_before_everything_else(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);
	uint8_t *large = calloc(1, BUNDLE_MAX + 1);

	assert_non_null(large);
	assert_int_equal(judge_bytes(w, SLOT_SECURE, (struct span){ large, BUNDLE_MAX + 1 }), V_OVERSIZE);
	free(large);
	assert_int_equal(judge_bytes(w, SLOT_SECURE, span_of("")), V_CLEARED);
	assert_int_equal(judge_bytes(w, SLOT_SECURE, span_of("#!mqgp.conf 1\n")), V_UNSIGNED);
	assert_int_equal(judge_bytes(w, SLOT_SECURE, span_of("MQGP")), V_MALFORMED);
	assert_int_equal(judge(w, SLOT_SECURE, &d, ""), V_UNSIGNED);
	assert_int_equal(w->r.flags, 0);
	assert_int_equal(judge(w, SLOT_SECURE, &w->current, ""), V_UNSIGNED); /* also a known hash */
	d.claim_key = w->s.data_key;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_MALFORMED); /* claim, but not genesis */
	assert_int_equal(w->r.line, 0);
	assert_int_equal(w->asked, 0);
	assert_unchanged(w, 7);
}

static void
a_stranger_learns_nothing_but_that_he_is_one(void **state)
{
	struct world *w = *state;
	struct draft d = offer_to(w, "C");

	d.topic = "another/tree"; /* nothing behind the gate is told */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "C"), V_NOT_OWNER);
	assert_int_equal(w->r.flags, 0);
	assert_int_equal(w->r.n_signers, 0);
	w->unknown = "C";
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "C"), V_UNKNOWN_KEY);
	assert_int_equal(w->s.n_pending, 0);
	assert_unchanged(w, 7);
}

static void
a_failed_gate_tells_the_worst_signature(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	w->revoked = "B";
	w->unknown = "C";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "CD"), V_NOT_OWNER);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "CDa"), V_BAD_SIG);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "CDaB"), V_REVOKED_KEY);
	assert_int_equal(w->r.n_sigs, 4);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "CDaBA"), V_VERIFIED);
	assert_int_equal(w->r.flags, FLAG_JUNK_SIG);
	assert_int_equal(w->r.n_signers, 1);
}

static void
old_signatures_are_told(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	w->signed_early = true;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->r.flags, FLAG_SIG_SKEW);
	assert_int_equal(w->n->revision, 8);
}

/* ---- topic, gateway, history */

static void
a_conf_of_another_tree_or_gateway_is_refused(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.topic = "plant/unit2";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_WRONG_TOPIC);
	assert_int_equal(judge(w, SLOT_NEXT, &d, "A"), V_WRONG_TOPIC);
	d = world_next(w);
	w->slot.tree = span_of("plant/unit2");
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_WRONG_TOPIC);
	w->slot.tree = w->s.topic;
	w->s.gateway.fpr = fpr_of('8');
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_WRONG_GATEWAY);
	w->s.gateway.fpr = fpr_of('9');
	d.gateway_key = "0202020202020202020202020202020202020202020202020202020202020202";
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_WRONG_GATEWAY);
	memset(w->s.next_data_key, 2, sizeof w->s.next_data_key);
	w->s.has_next_data_key = true;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->data_key[0].pk[0], 2);
}

static void
a_move_is_offered_on_the_old_tree_and_seen_on_the_new(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.topic = "plant/unit2";
	d.from_topic = "plant/unit1";
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_WAITING_SECURE);
	w->slot.tree = span_of("plant/unit2");
	assert_int_equal(judge(w, SLOT_NEXT, &d, "A"), V_WRONG_TOPIC);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_true(span_is(conf_topic(w->n), "plant/unit2"));
}

static void
a_log_entry_must_stand_at_its_number(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	publish_place(w, &d, "A");
	assert_int_equal(judge(w, SLOT_LOG, &d, "A"), V_VERIFIED);
	w->slot.rev = 9;
	{
		struct buf b;

		buf_init(&b, BUNDLE_MAX);
		put_bundle(&b, &d, "A", 0);
		assert_int_equal(judge_bytes(w, SLOT_LOG, buf_span(&b)), V_WRONG_TOPIC);
		buf_done(&b);
	}
	assert_unchanged(w, 7);
}

static void
history_does_not_come_back(void **state)
{
	struct world *w = *state;
	struct draft seven = w->current, d = world_next(w), other;

	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(judge(w, SLOT_SECURE, &seven, "A"), V_ROLLBACK);
	w->revoked = "A"; /* a rollback is named one whoever signed it */
	assert_int_equal(judge(w, SLOT_SECURE, &seven, "A"), V_ROLLBACK);
	w->revoked = NULL;
	other = seven;
	other.heartbeat++;
	assert_int_equal(judge(w, SLOT_SECURE, &other, "A"), V_FORK);
	assert_int_equal(w->r.flags, 0);
	other = world_next(w);
	other.prev[0] ^= 1;
	assert_int_equal(judge(w, SLOT_SECURE, &other, "A"), V_FORK);
	assert_unchanged(w, 8);
}

/* ---- time */

static void
time_windows_are_half_open(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);

	d.from = w->now + 1;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_NOT_YET);
	assert_int_equal(w->r.due_at, d.from);
	assert_int_equal(w->s.n_pending, 1);
	assert_int_equal(w->pending[0].complete_at, w->now); /* it was complete */
	w->now++;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	d = world_next(w);
	d.issued = w->now + 300;
	d.from = d.issued - 10 * HOUR;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	d.issued++;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_NOT_YET);
	d = world_next(w);
	w->now = d.until - 1;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	w->now++;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_CONF_EXPIRED);
	assert_unchanged(w, 7);
}

/* ---- genesis */

static struct draft
genesis(const struct world *w)
{
	struct draft d = w->current;

	d.revision = 1;
	memset(d.prev, 0, sizeof d.prev);
	return d;
}

static void
a_claim_code_makes_the_first_owner(void **state)
{
	static const uint8_t key[32] = "the key that a label's code gave";
	struct world *w = *state;
	struct draft d = genesis(w), stranger;

	world_unclaim(w);
	w->blob = 's';
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_NOT_OWNER); /* no way in at all */
	w->s.claim_key = key;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_NOT_OWNER);
	d.claim_key = w->s.data_key; /* a wrong one */
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_NOT_OWNER);
	d.claim_key = key;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "B"), V_PARTIAL);
	assert_lines(w, 1, 1, 0, 1);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 1);
	assert_false(w->s.rekey_due);
	stranger = d; /* the code is used up */
	stranger.owners = "B";
	assert_int_equal(judge(w, SLOT_SECURE, &stranger, "B"), V_NOT_OWNER);
	assert_int_equal(w->n->revision, 1);
}

static void
factory_owners_sign_the_genesis(void **state)
{
	struct world *w = *state;
	struct fpr factory[2] = { fpr_of('A'), fpr_of('B') };
	struct draft d = genesis(w);

	world_unclaim(w);
	w->s.anchor_owner = factory;
	w->s.n_anchor_owners = 2;
	w->s.anchor_threshold = 2;
	w->blob = 's';
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_PARTIAL);
	assert_lines(w, 1, 2, 1, 1);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->n->revision, 1);
}

/* ---- dashboards */

static void
a_dashboard_without_a_pin_trusts_secure_provisionally(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	world_unclaim(w);
	w->policy.dashboard = true;
	d.owners = "AB";
	d.threshold = 2;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_PARTIAL);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "C"), V_NOT_OWNER);
	assert_int_equal(judge(w, SLOT_NEXT, &d, "AB"), V_GAP);
	assert_false(w->r.commit);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->n->revision, 7);
	d = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_false(w->r.unpinned);
	assert_int_equal(w->n->revision, 8);
}

static void
owners_somebody_vouches_for_stand_before_those_the_conf_names(void **state)
{
	struct fpr named[2];
	struct draft d;
	struct world *w = *state;

	d = world_next(w);
	d.owners = "B";
	d.offer_until = d.issued + HOUR;
	world_unclaim(w);
	w->policy.dashboard = true;
	w->s.anchor_owner = named;
	w->s.n_anchor_owners = 1;
	w->s.anchor_threshold = 1;
	named[0] = fpr_of('C');
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_NOT_OWNER); /* B calls itself the owner */
	named[0] = fpr_of('A');
	assert_int_equal(judge(w, SLOT_SECURE, &d, "B"), V_NOT_OWNER);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "A"), V_PARTIAL);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
	assert_int_equal(w->r.a, 1);
	assert_int_equal(w->r.c, 1);
	assert_false(w->r.unpinned);
	named[1] = fpr_of('B');
	w->s.n_anchor_owners = 2;
	w->s.anchor_threshold = 2;
	assert_int_equal(judge(w, SLOT_SECURE, &d, "B"), V_PARTIAL);
	assert_int_equal(judge(w, SLOT_SECURE, &d, "AB"), V_VERIFIED);
}

static void
a_dashboard_waits_for_the_receipt_where_the_gateway_waits(void **state)
{
	struct world *w = *state;
	struct draft d = w->current;

	d.transfer_delay = HOUR;
	world_run(w, &d);
	w->policy.dashboard = true;
	d = offer_to(w, "B");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "AB"), V_DELAYED);
	w->now += 2 * HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "AB"), V_DELAYED);
	w->s.gateway_runs = w->pending[0].conf->hash;
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "AB"), V_VERIFIED);
	w->s.gateway_runs = NULL;
	assert_int_equal(w->n->revision, 8);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
	const struct CMUnitTest tests[] = {
		T(an_update_on_secure_is_committed_at_once),
		T(an_update_on_next_waits_until_its_place_shows_it),
		T(another_broker_counts_only_on_its_own_connection),
		T(n_itself_changes_nothing_and_is_leftover_on_next),
		T(an_outstanding_answer_decides_nothing),
		T(an_encrypted_bundle_is_judged_by_what_is_inside),
		T(the_form_comes_before_everything_else),
		T(a_stranger_learns_nothing_but_that_he_is_one),
		T(a_failed_gate_tells_the_worst_signature),
		T(old_signatures_are_told),
		T(a_conf_of_another_tree_or_gateway_is_refused),
		T(a_move_is_offered_on_the_old_tree_and_seen_on_the_new),
		T(a_log_entry_must_stand_at_its_number),
		T(history_does_not_come_back),
		T(time_windows_are_half_open),
		T(a_claim_code_makes_the_first_owner),
		T(factory_owners_sign_the_genesis),
		T(a_dashboard_without_a_pin_trusts_secure_provisionally),
		T(owners_somebody_vouches_for_stand_before_those_the_conf_names),
		T(a_dashboard_waits_for_the_receipt_where_the_gateway_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
