#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

/* N with E as its recovery key and an hour of transfer delay. */
static void
guarded(struct world *w)
{
	struct draft d = w->current;

	d.recovery = "E";
	d.recovery_threshold = 1;
	d.recovery_delay = HOUR;
	d.transfer_delay = HOUR;
	world_run(w, &d);
}

static void
any_one_owner_halts_and_a_later_successor_ends_it(void **state)
{
	struct world *w = *state;
	struct draft d;

	guarded(w);
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED);
	assert_int_equal(w->h.by, HALTED_BY_OWNER);
	assert_string_equal(w->h.reason, "stolen-key");
	follow_halt(w);
	d = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
	assert_int_equal(w->s.halted_by, HALTED_NO);
}

static void
a_halt_voids_what_was_on_its_way_for_good(void **state)
{
	struct world *w = *state;
	struct draft theft;

	guarded(w);
	theft = offer_to(w, "B");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &theft, "AB"), V_DELAYED);
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED);
	assert_int_equal(w->h.n_voids, 1);
	assert_int_equal(w->h.voids[0], 0);
	follow_halt(w);
	w->now += 2 * HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &theft, "AB"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_HALTED);
	assert_unchanged(w, 7);
	/* out of the store it is still void */
	accept_candidate_done(&w->pending[0]);
	w->s.n_pending = 0;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &theft, "AB"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_HALTED);
	assert_unchanged(w, 7);
}

static void
only_a_newer_halt_voids_again(void **state)
{
	struct world *w = *state;
	struct draft later;

	guarded(w);
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED);
	follow_halt(w);
	later = offer_to(w, "B");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &later, "AB"), V_DELAYED);
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED); /* the same order again */
	assert_int_equal(w->h.n_voids, 0);
	assert_int_equal(judge_halt(w, w->now - 1, "A"), V_VERIFIED);
	assert_int_equal(w->h.n_voids, 0);
	assert_int_equal(judge_halt(w, w->now + 1, "A"), V_VERIFIED);
	assert_int_equal(w->h.n_voids, 1);
}

static void
a_halt_by_recovery_ends_only_with_a_recovery(void **state)
{
	struct world *w = *state;
	struct draft update, recovery;

	guarded(w);
	assert_int_equal(judge_halt(w, w->now, "AE"), V_VERIFIED); /* one recovery key is enough */
	assert_int_equal(w->h.by, HALTED_BY_RECOVERY);
	assert_int_equal(w->h.n_signers, 2);
	follow_halt(w);
	assert_int_equal(judge_halt(w, w->now + 1, "A"), V_VERIFIED);
	follow_halt(w); /* an owners' halt does not weaken it */
	assert_int_equal(w->s.halted_by, HALTED_BY_RECOVERY);
	update = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &update, "A"), V_REJECTED);
	assert_int_equal(w->r.reason, REASON_HALTED);
	assert_unchanged(w, 7);
	recovery = world_next(w);
	recovery.recovery_kind = true;
	recovery.owners = "B";
	recovery.offer_until = recovery.issued + 72 * HOUR;
	recovery.epoch++;
	recovery.secret = w->blob = 't';
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BE"), V_DELAYED);
	w->now += HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BE"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
	assert_int_equal(w->s.halted_by, HALTED_NO);
}

static void
a_halt_never_voids_a_recovery(void **state)
{
	struct world *w = *state;
	struct draft recovery, update;

	guarded(w);
	recovery = world_next(w);
	recovery.recovery_kind = true;
	recovery.owners = "B";
	recovery.offer_until = recovery.issued + 72 * HOUR;
	recovery.epoch++;
	recovery.secret = w->blob = 't';
	update = world_next(w);
	update.recovery = "F";
	update.epoch++;
	update.secret = 't';
	(void)judge_and_follow(w, SLOT_NEXT, &update, "A");
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BE"), V_DELAYED);
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED);
	assert_int_equal(w->h.n_voids, 1);
	assert_int_equal(w->pending[w->h.voids[0]].conf->kind, KIND_NORMAL);
	follow_halt(w);
	w->now += HOUR;
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BE"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
}

static void
a_stranger_cannot_halt(void **state)
{
	struct world *w = *state;

	guarded(w);
	assert_int_equal(judge_halt(w, w->now, "C"), V_NOT_OWNER);
	assert_int_equal(w->h.by, HALTED_NO);
	w->unknown = "C";
	assert_int_equal(judge_halt(w, w->now, "C"), V_UNKNOWN_KEY);
	assert_int_equal(judge_halt(w, w->now, "Ca"), V_BAD_SIG);
	assert_int_equal(judge_halt(w, w->now, ""), V_UNSIGNED);
	assert_int_equal(judge_halt(w, w->now, "aA"), V_VERIFIED);
	assert_int_equal(w->h.sig[0], V_BAD_SIG);
}

static void
a_halt_is_bound_to_tree_gateway_revision_and_body(void **state)
{
	struct world *w = *state;
	struct draft d = world_next(w);
	struct conf *seven = w->n, other = *seven;

	w->slot.tree = span_of("plant/unit2");
	assert_int_equal(judge_halt(w, w->now, "A"), V_WRONG_TOPIC);
	w->slot.tree = w->s.topic;
	w->s.gateway.fpr = fpr_of('8');
	assert_int_equal(judge_halt(w, w->now, "A"), V_WRONG_GATEWAY);
	w->s.gateway.fpr = fpr_of('9');
	other.hash[0] ^= 1;
	w->s.current = &other;
	assert_int_equal(judge_halt(w, w->now, "A"), V_FORK);
	w->s.current = seven;
	assert_int_equal(judge_halt(w, w->now + 300, "A"), V_VERIFIED);
	assert_int_equal(judge_halt(w, w->now + 301, "A"), V_NOT_YET);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "A"), V_VERIFIED);
	w->n = seven; /* an order for what is history now */
	assert_int_equal(judge_halt(w, w->now, "A"), V_ROLLBACK);
	w->n = w->s.current;
	w->s.current = seven; /* and one for a revision this gateway has not */
	assert_int_equal(judge_halt(w, w->now, "A"), V_GAP);
	w->s.current = w->n;
	assert_int_equal(judge_halt(w, w->now, "A"), V_VERIFIED);
}

static void
an_unclaimed_gateway_obeys_nobody(void **state)
{
	struct world *w = *state;
	const struct fpr factory = fpr_of('A');
	struct conf *n = conf_dup(w->n);

	assert_non_null(n);
	world_unclaim(w);
	w->s.anchor_owner = &factory;
	w->s.n_anchor_owners = w->s.anchor_threshold = 1;
	w->n = n;
	assert_int_equal(judge_halt(w, w->now, "A"), V_GAP);
	assert_int_equal(w->h.by, HALTED_NO);
	conf_free(n);
}

static void
a_halt_order_is_a_plain_bundle_of_its_own_kind(void **state)
{
	struct world *w = *state;
	struct buf b;

	w->slot.name = SLOT_HALT;
	buf_init(&b, BUNDLE_MAX);
	put_bundle(&b, &w->current, "A", 0); /* a conf on `halt` */
	accept_halt(&w->s, &w->policy, &w->env, &w->slot, buf_span(&b), w->now, &w->h);
	assert_int_equal(w->h.verdict, V_MALFORMED);
	assert_int_equal(w->h.line, 1);
	accept_halt(&w->s, &w->policy, &w->env, &w->slot, span_of("\x85k"), w->now, &w->h);
	assert_int_equal(w->h.verdict, V_UNSIGNED); /* never encrypted */
	accept_halt(&w->s, &w->policy, &w->env, &w->slot, span_of(""), w->now, &w->h);
	assert_int_equal(w->h.verdict, V_CLEARED);
	assert_int_equal(w->asked, 0);
	buf_done(&b);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
	const struct CMUnitTest tests[] = {
		T(any_one_owner_halts_and_a_later_successor_ends_it),
		T(a_halt_voids_what_was_on_its_way_for_good),
		T(only_a_newer_halt_voids_again),
		T(a_halt_by_recovery_ends_only_with_a_recovery),
		T(a_halt_never_voids_a_recovery),
		T(a_stranger_cannot_halt),
		T(a_halt_is_bound_to_tree_gateway_revision_and_body),
		T(an_unclaimed_gateway_obeys_nobody),
		T(a_halt_order_is_a_plain_bundle_of_its_own_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
