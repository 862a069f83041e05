/* Random histories: owners, thieves and recovery keys publish, sign, halt and revoke in any order
 * on any slot. After every step the invariants of PROTOCOL 6 and 3.11 are looked up in the bodies
 * themselves, without the code under test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_accept.h"

#define WORLDS 400
#define STEPS 120
#define DRAFTS 12
#define DELAY HOUR
#define RECOVERY_DELAY (2 * HOUR)
#define SEEN_MAX 512

struct first_seen {
	uint8_t hash[HASH_BYTES];
	int64_t at; /* first complete and kept */
};

struct story {
	struct world w;
	uint64_t seed;
	struct draft draft[DRAFTS];
	unsigned focus; /* what most of them talk about just now */
	struct first_seen seen[SEEN_MAX];
	size_t n_seen;
	unsigned commits, transfers, recoveries, runs;
};

static unsigned
pick(struct story *t, unsigned n)
{
	t->seed ^= t->seed << 13;
	t->seed ^= t->seed >> 7;
	t->seed ^= t->seed << 17;
	return (unsigned)(t->seed >> 20) % n;
}

static const char *
one_of(struct story *t, const char *const *list, unsigned n)
{
	return list[pick(t, n)];
}

static struct draft
random_draft(struct story *t)
{
	static const char *const owners[] = { "A", "B", "AB", "ABC", "C" };
	struct draft from = pick(t, 3) == 0 ? t->draft[t->focus] : t->w.current;
	struct draft d = draft_after(&from);

	d.issued = t->w.now;
	if (pick(t, 2) == 0) {
		d.owners = one_of(t, owners, 5);
		d.threshold = 1 + pick(t, (unsigned)strlen(d.owners));
	}
	if (strcmp(d.owners, from.owners) != 0 || d.threshold != from.threshold ||
	    pick(t, 10) == 0)
		d.offer_until = d.issued + 12 * HOUR;
	if (pick(t, 3) == 0)
		d.heartbeat = 1 + pick(t, 100);
	d.recovery_kind = pick(t, 5) == 0;
	if (pick(t, 4) != 0) {
		d.epoch++;
		d.secret = (char)('a' + d.epoch % 26);
	}
	return d;
}

/* ---- invariants */

static unsigned
members(const struct fpr *list, size_t n, const struct accept_result *r)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < r->n_signers; j++)
			count += strcmp(list[i].hex, r->signer[j].hex) == 0;
	return count;
}

static bool
same_owners(const struct conf *a, const struct conf *b)
{
	return a->n_owners == b->n_owners && a->threshold == b->threshold &&
	    memcmp(a->owner, b->owner, a->n_owners * sizeof a->owner[0]) == 0;
}

static int64_t
first_seen(const struct story *t, const uint8_t hash[HASH_BYTES])
{
	for (size_t i = 0; i < t->n_seen; i++)
		if (memcmp(t->seen[i].hash, hash, HASH_BYTES) == 0)
			return t->seen[i].at;
	return t->w.now;
}

static void
see(struct story *t)
{
	const struct accept_result *r = &t->w.r;

	for (size_t i = 0; i < r->n_moments; i++) {
		assert_int_equal(r->moment[i].at, t->w.now); /* new ones only, dated now */
		assert_true(t->n_seen < SEEN_MAX);
		memcpy(t->seen[t->n_seen].hash, r->moment[i].hash, HASH_BYTES);
		t->seen[t->n_seen++].at = t->w.now;
	}
}

static void
check_authority(const struct conf *n, const struct conf *c, const struct accept_result *r)
{
	if (c->kind == KIND_RECOVERY)
		assert_true(members(n->recovery, n->n_recovery, r) >= n->recovery_threshold);
	else
		assert_true(members(n->owner, n->n_owners, r) >= n->threshold);
	assert_true(members(c->owner, c->n_owners, r) >= c->threshold);
}

static void
check_waited(const struct story *t, const struct conf *n, const struct conf *c)
{
	int64_t since = first_seen(t, c->hash);

	if (c->kind == KIND_RECOVERY)
		assert_true(t->w.now >= since + n->recovery_delay);
	else if (!same_owners(n, c))
		assert_true(t->w.now >= since + n->transfer_delay);
}

/* n -> c as one link of the chain; real: n is what the gateway ran. */
static void
check_link(const struct story *t, const struct conf *n, const struct conf *c, bool real,
    bool rekey_due)
{
	assert_int_equal(c->revision, n->revision + 1);
	assert_memory_equal(c->prev, n->hash, HASH_BYTES);
	assert_true(c->issued >= n->issued);
	if (rekey_due)
		assert_int_equal(c->epoch, n->epoch + 1);
	if (!same_owners(n, c))
		assert_true(c->has_offer_until && t->w.now < c->offer_until);
	check_waited(t, n, c);
	if (real && t->w.s.halted_by == HALTED_BY_RECOVERY)
		assert_int_equal(c->kind, KIND_RECOVERY);
}

static void
check_commit(struct story *t, const char *revoked)
{
	const struct accept_result *r = &t->w.r;
	const struct conf *n = t->w.n;

	assert_int_equal(r->verdict, V_VERIFIED);
	for (size_t i = 0; i < r->n_run; i++) {
		check_link(t, n, r->run[i], i == 0, i == 0 && t->w.s.rekey_due);
		n = r->run[i];
	}
	check_link(t, n, r->conf, r->n_run == 0, r->n_run == 0 && t->w.s.rekey_due);
	check_authority(n, r->conf, r);
	for (size_t i = 0; i < r->n_signers; i++)
		assert_null(strchr(revoked, r->signer[i].hex[0]));
	t->commits++;
	t->runs += r->n_run != 0;
	t->transfers += !same_owners(n, r->conf);
	t->recoveries += r->conf->kind == KIND_RECOVERY;
}

static void
check_result(struct story *t)
{
	const struct accept_result *r = &t->w.r;
	int standing = accept_standing_recovery(&t->w.s, &t->w.policy, &t->w.env, t->w.now);

	assert_false(r->pending);
	assert_int_not_equal(r->verdict, V_NONE);
	if (r->stored)
		assert_int_equal(r->conf->revision, t->w.n->revision + 1);
	if (!r->commit)
		return;
	assert_false(r->stored);
	check_commit(t, t->w.revoked);
	if (standing >= 0) {
		const struct conf *first = r->n_run != 0 ? r->run[0] : r->conf;

		assert_memory_equal(first->hash, t->w.pending[standing].conf->hash, HASH_BYTES);
	}
}

/* ---- steps */

static const char *const hands[] = { "ABCEF", "ABCEF", "ABCEF", "ABCEF", "ABC", "A", "B", "AB", "ABC", "C", "E", "EF", "BEF", "AE", "aB", "D" };
#define N_HANDS (sizeof hands / sizeof hands[0])

static void
somebody_publishes(struct story *t)
{
	static const enum topic_slot slots[] = { SLOT_SECURE, SLOT_SECURE, SLOT_NEXT, SLOT_LOG };
	struct draft d = t->draft[pick(t, 3) == 0 ? pick(t, DRAFTS) : t->focus];
	bool committed;

	if (pick(t, 3) == 0)
		publish_log(&t->w, &d, "ABCEF");
	t->w.blob = d.secret;
	(void)judge(&t->w, slots[pick(t, 4)], &d, one_of(t, hands, N_HANDS));
	check_result(t);
	see(t);
	committed = t->w.r.commit;
	aftermath(&t->w);
	if (committed)
		t->w.current = d;
	assert_true(t->w.s.n_pending <= ACCEPT_PENDING_MAX);
	if (committed)
		assert_int_equal(t->w.s.n_pending, 0);
}

static void
somebody_halts(struct story *t)
{
	static const char *const halters[] = { "A", "B", "E", "D" };

	(void)judge_halt(&t->w, t->w.now, one_of(t, halters, 4));
	for (size_t i = 0; i < t->w.h.n_voids; i++)
		assert_int_equal(t->w.pending[t->w.h.voids[i]].conf->kind, KIND_NORMAL);
	if (t->w.s.n_voided + ACCEPT_PENDING_MAX < WORLD_HISTORY_MAX)
		follow_halt(&t->w);
}

static void
step(struct story *t)
{
	static const char *const revoked[] = { "", "", "", "A", "C", "F" };

	switch (pick(t, 16)) {
	case 0:
		if (pick(t, 4) == 0)
			somebody_halts(t);
		break;
	case 1:
		t->w.revoked = one_of(t, revoked, 6);
		break;
	case 2:
	case 3:
		t->focus = pick(t, DRAFTS);
		t->w.now += pick(t, 2 * HOUR);
		break;
	case 4:
	case 5:
		t->draft[pick(t, DRAFTS)] = random_draft(t);
		break;
	case 6:
	case 7:
	case 8:
		publish_log(&t->w, &t->draft[pick(t, DRAFTS)], one_of(t, hands, N_HANDS));
		break;
	default:
		somebody_publishes(t);
		break;
	}
}

static void
begin(struct story *t, uint64_t seed)
{
	struct draft d;

	memset(t, 0, sizeof *t);
	t->seed = seed * 2654435761U + 88172645463325252U;
	world_init(&t->w);
	d = t->w.current;
	d.owners = "AB";
	d.recovery = "EF";
	d.recovery_threshold = 2;
	d.recovery_delay = RECOVERY_DELAY;
	d.transfer_delay = DELAY;
	world_run(&t->w, &d);
	t->w.revoked = "";
	for (size_t i = 0; i < DRAFTS; i++)
		t->draft[i] = d;
	for (size_t i = 0; i < DRAFTS; i++)
		t->draft[i] = random_draft(t);
}

static void
no_history_breaks_the_chain_of_authority(void **state)
{
	static struct story t;
	unsigned commits = 0, transfers = 0, recoveries = 0, runs = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= WORLDS; seed++) {
		begin(&t, seed);
		for (unsigned i = 0; i < STEPS; i++)
			step(&t);
		commits += t.commits;
		transfers += t.transfers;
		recoveries += t.recoveries;
		runs += t.runs;
		world_done(&t.w);
	}
	print_message("%u commits, %u transfers, %u recoveries, %u runs\n", commits, transfers,
	    recoveries, runs);
	/* the walk went where it matters */
	assert_true(commits > WORLDS && transfers > 20 && recoveries > 10 && runs > 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_history_breaks_the_chain_of_authority),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
