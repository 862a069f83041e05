#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

#define DAY (24 * HOUR)

/* N with a recovery set of E and F (both needed) and a delay of one day. */
static void
with_recovery(struct world *w)
{
	struct draft d = w->current;

	d.recovery = "EF";
	d.recovery_threshold = 2;
	d.recovery_delay = DAY;
	world_run(w, &d);
	w->blob = 't';
}

/* A recovery of N that names new owners; who leaves makes a new epoch due. */
static struct draft
recovery_to(const struct world *w, const char *owners)
{
	struct draft d = world_next(w);

	d.recovery_kind = true;
	d.owners = owners;
	d.offer_until = d.issued + 7 * DAY;
	d.epoch++;
	d.secret = 't';
	return d;
}

static void
assert_recovery_pending(const struct world *w)
{
	assert_int_equal(w->r.verdict, V_REJECTED);
	assert_int_equal(w->r.reason, REASON_RECOVERY_PENDING);
	assert_true(w->r.flags & FLAG_RIVAL);
	assert_false(w->r.stored);
	assert_unchanged(w, 7);
}

static void
a_recovery_needs_its_set_and_the_owners_it_names(void **state)
{
	struct world *w = *state;
	struct draft d;

	with_recovery(w);
	d = recovery_to(w, "B");
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "E"), V_PARTIAL);
	assert_lines(w, 1, 2, 0, 1);
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "F"), V_PARTIAL);
	assert_lines(w, 2, 2, 0, 1);
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
	/* the owner of N opens the gate, but counts for neither line */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &d, "A"), V_PARTIAL);
	assert_lines(w, 2, 2, 0, 1);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &d, "BEF"), V_DELAYED);
	assert_int_equal(w->r.due_at, w->now + DAY);
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), 0);
	assert_unchanged(w, 7);
}

static void
a_standing_recovery_beats_every_update_and_commits(void **state)
{
	struct world *w = *state;
	struct draft recovery, update, other;

	with_recovery(w);
	recovery = recovery_to(w, "B");
	update = world_next(w);
	other = recovery_to(w, "C");
	(void)judge_and_follow(w, SLOT_SECURE, &recovery, "BEF");
	(void)judge_and_follow(w, SLOT_SECURE, &update, "A");
	assert_recovery_pending(w);
	(void)judge_and_follow(w, SLOT_SECURE, &other, "CEF");
	assert_recovery_pending(w);
	w->now += DAY;
	(void)judge_and_follow(w, SLOT_SECURE, &update, "A");
	assert_recovery_pending(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BEF"), V_VERIFIED);
	assert_int_equal(w->n->revision, 8);
	assert_string_equal(w->n->owner[0].hex, fpr_of('B').hex);
	assert_false(w->s.rekey_due); /* kind=recovery is no hand-over by the old owner */
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &update, "A"), V_FORK);
	assert_unchanged(w, 8);
}

static void
an_update_committed_first_makes_the_recovery_a_fork(void **state)
{
	struct world *w = *state;
	struct draft recovery, update;

	with_recovery(w);
	recovery = recovery_to(w, "B");
	update = world_next(w);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &update, "A"), V_VERIFIED);
	assert_int_equal(judge_and_follow(w, SLOT_SECURE, &recovery, "BEF"), V_FORK);
	assert_unchanged(w, 8);
	assert_int_equal(w->s.n_pending, 0);
}

static void
a_recovery_stops_standing_when_a_condition_falls(void **state)
{
	struct world *w = *state;
	struct draft recovery, update;

	with_recovery(w);
	recovery = recovery_to(w, "B");
	recovery.suite = "xchacha20poly1305";
	recovery.until = recovery.offer_until - HOUR;
	update = world_next(w);
	(void)judge_and_follow(w, SLOT_SECURE, &recovery, "BEF");
	w->revoked = "F"; /* its signatures no longer satisfy the line */
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
	assert_int_equal(judge(w, SLOT_SECURE, &update, "A"), V_VERIFIED);
	w->revoked = NULL;
	assert_int_equal(judge(w, SLOT_SECURE, &update, "A"), V_REJECTED);
	w->policy.floor = SUITE_ED25519_XCHACHA; /* it could never be applied here */
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
	w->policy.floor = SUITE_HMAC;
	w->now = recovery.until - 1;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), 0);
	w->now++;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
	w->now = recovery.offer_until;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
	assert_int_equal(judge(w, SLOT_SECURE, &update, "A"), V_VERIFIED);
}

static void
an_unchecked_standing_recovery_decides_nothing(void **state)
{
	struct world *w = *state;
	struct draft recovery;

	with_recovery(w);
	recovery = recovery_to(w, "B");
	(void)judge_and_follow(w, SLOT_SECURE, &recovery, "BEF");
	w->answers_wait = true;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -2);
}

static void
of_two_complete_recoveries_the_first_complete_one_stands(void **state)
{
	struct world *w = *state;
	struct draft b, c;

	with_recovery(w);
	b = recovery_to(w, "B");
	c = recovery_to(w, "C");
	(void)judge_and_follow(w, SLOT_NEXT, &b, "BE");
	(void)judge_and_follow(w, SLOT_NEXT, &c, "CE");
	assert_int_equal(w->s.n_pending, 2);
	w->now += 60;
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &c, "F"), V_DELAYED);
	w->now += 60;
	(void)judge_and_follow(w, SLOT_NEXT, &b, "F");
	assert_recovery_pending(w);
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), 1);
	/* equal moments: the smaller hash */
	w->pending[1].complete_at = 0; /* out of the way for a moment, so that b completes, too */
	assert_int_equal(judge_and_follow(w, SLOT_NEXT, &b, "F"), V_DELAYED);
	w->pending[1].complete_at = w->pending[0].complete_at;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now),
	    memcmp(w->pending[0].conf->hash, w->pending[1].conf->hash, HASH_BYTES) < 0 ? 0 : 1);
	for (size_t i = 0; i < 2; i++)
		w->pending[i].complete_at = 0;
	assert_int_equal(accept_standing_recovery(&w->s, &w->policy, &w->env, w->now), -1);
}

static void
a_full_store_keeps_the_strongest_and_the_standing_one(void **state)
{
	struct world *w = *state;
	unsigned a_of[ACCEPT_PENDING_MAX] = { 1, 0, 2, 1 };
	struct draft d;

	with_recovery(w);
	for (unsigned i = 0; i < 4; i++) {
		d = recovery_to(w, "B");
		d.heartbeat += i;
		(void)judge_and_follow(w, SLOT_NEXT, &d, "E");
		if (i == 2)
			assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 0, a_of, -1), -1);
	}
	assert_int_equal(w->s.n_pending, 4);
	assert_int_equal(accept_replaces(&w->s, KIND_NORMAL, 0, a_of, -1), -1);
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 0, a_of, -1), -2);
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 1, a_of, -1), 1);
	a_of[1] = 1;
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 2, a_of, -1), 3); /* the youngest */
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 2, a_of, 3), 1);
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 1, a_of, -1), -2);
	for (unsigned i = 0; i < 4; i++) /* keys revoked since make the standing one look weak */
		a_of[i] = 2;
	a_of[0] = 0;
	assert_int_equal(accept_replaces(&w->s, KIND_RECOVERY, 2, a_of, 0), -2);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_start, world_stop)
	const struct CMUnitTest tests[] = {
		T(a_recovery_needs_its_set_and_the_owners_it_names),
		T(a_standing_recovery_beats_every_update_and_commits),
		T(an_update_committed_first_makes_the_recovery_a_fork),
		T(a_recovery_stops_standing_when_a_condition_falls),
		T(an_unchecked_standing_recovery_decides_nothing),
		T(of_two_complete_recoveries_the_first_complete_one_stands),
		T(a_full_store_keeps_the_strongest_and_the_standing_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
