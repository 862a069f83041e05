#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/window.h"

#define STEPS 200000
#define BOOT(b, n) ((uint64_t)(b) << 32 | (n))
#define SEEN_MAX 4096 /* power of two: the model forgets what is far behind */

/* What 3.8 says, in its simplest form: every number ever seen with its digest. */
struct naive {
	struct {
		uint64_t seq, digest;
		bool used;
	} seen[SEEN_MAX];
	uint64_t hi;
	bool any;
};

static bool
naive_seen(const struct naive *m, uint64_t seq, uint64_t *digest)
{
	size_t i = seq & (SEEN_MAX - 1);

	if (!m->seen[i].used || m->seen[i].seq != seq)
		return false;
	*digest = m->seen[i].digest;
	return true;
}

static void
naive_add(struct naive *m, uint64_t seq, uint64_t digest)
{
	size_t i = seq & (SEEN_MAX - 1);

	m->seen[i].seq = seq;
	m->seen[i].digest = digest;
	m->seen[i].used = true;
}

static enum window_result
naive_check(struct naive *m, uint64_t seq, uint64_t digest, bool retained, uint32_t *lost)
{
	uint64_t old;

	*lost = 0;
	if (!m->any || seq > m->hi) {
		if (m->any && seq >> 32 == m->hi >> 32)
			*lost = (uint32_t)(seq - m->hi - 1);
		m->any = true;
		m->hi = seq;
		naive_add(m, seq, digest);
		return WINDOW_NEW;
	}
	if (m->hi - seq < 64 && naive_seen(m, seq, &old)) {
		if (old != digest)
			return WINDOW_EQUIVOCATION;
		return retained && seq != m->hi ? WINDOW_STALE_RETAINED : WINDOW_DUPLICATE;
	}
	if (retained)
		return WINDOW_STALE_RETAINED;
	if (m->hi - seq >= 64 || seq >> 32 != m->hi >> 32)
		return WINDOW_REPLAY;
	naive_add(m, seq, digest);
	return WINDOW_LATE;
}

static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13; /* xorshift64: the same walk on every machine */
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A number near the newest one, mostly a little ahead, sometimes far away or of the next boot. */
static uint64_t
random_seq(const struct naive *m, uint64_t *rng)
{
	uint64_t kind = next_random(rng) % 100, r = next_random(rng);

	if (!m->any)
		return BOOT(3, 1);
	if (kind < 40)
		return m->hi + 1 + r % 3;
	if (kind < 75)
		return m->hi - r % 70;
	if (kind < 90)
		return m->hi + r % 80;
	if (kind < 95)
		return m->hi - r % 200;
	if (kind < 98)
		return BOOT((m->hi >> 32) + 1, 1 + r % 4);
	return BOOT(m->hi >> 32, UINT32_MAX - r % 8); /* the next boot is only a few numbers away */
}

static void
a_random_walk_agrees_with_the_naive_model(void **state)
{
	struct naive *m = calloc(1, sizeof *m);
	struct window w = { .any = false };
	uint64_t rng = UINT64_C(0x9e3779b97f4a7c15);
	unsigned results[WINDOW_NO_MEMORY + 1] = { 0 };

	(void)state;
	assert_non_null(m);
	for (int i = 0; i < STEPS; i++) {
		uint64_t seq = random_seq(m, &rng), digest = seq * 31 + (next_random(&rng) % 10 == 0);
		bool retained = next_random(&rng) % 4 == 0;
		uint32_t lost = 7, want_lost = 7;
		enum window_result want = naive_check(m, seq, digest, retained, &want_lost);
		enum window_result got = window_check(&w, seq, digest, retained, &lost);

		assert_int_equal(got, want);
		assert_int_equal(lost, want_lost);
		assert_true(w.hi == m->hi);
		results[got]++;
		if (w.hi >> 32 > 1000000) { /* begin anew before boots run out */
			window_done(&w);
			memset(m, 0, sizeof *m);
		}
	}
	for (int r = WINDOW_NEW; r < WINDOW_NO_MEMORY; r++)
		assert_true(results[r] > 100); /* the walk went everywhere */
	window_done(&w);
	free(m);
}

static void
a_window_grows_1_4_16_64_as_numbers_come(void **state)
{
	static const struct {
		unsigned count;
		uint8_t slots;
	} at[] = { { 1, 1 }, { 2, 4 }, { 4, 4 }, { 5, 16 }, { 16, 16 }, { 17, 64 }, { 500, 64 } };
	struct window w = { .any = false };
	unsigned n = 0;
	uint32_t lost;

	(void)state;
	assert_int_equal(w.slots, 0);
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		for (; n < at[i].count; n++)
			assert_int_equal(window_check(&w, BOOT(1, n + 1), n, false, &lost), WINDOW_NEW);
		assert_int_equal(w.slots, at[i].slots);
		for (unsigned k = 0; k < n && k < 64; k++) {
			uint64_t seq = BOOT(1, n - k);

			assert_int_equal(window_check(&w, seq, n - k - 1, false, &lost), WINDOW_DUPLICATE);
			assert_int_equal(window_check(&w, seq, 99999, false, &lost), WINDOW_EQUIVOCATION);
		}
	}
	window_done(&w);
	assert_false(w.any);
	assert_int_equal(w.slots, 0);
}

static void
a_topic_with_far_apart_numbers_never_allocates(void **state)
{
	struct window w = { .any = false };
	uint32_t lost;

	(void)state;
	for (uint64_t i = 1; i < 100; i++)
		assert_int_equal(window_check(&w, i * 64, i, false, &lost), WINDOW_NEW);
	assert_int_equal(w.slots, 1);
	assert_int_equal(lost, 63);
	window_done(&w);
}

static void
a_retained_copy_below_the_newest_is_stale_even_inside_the_window(void **state)
{
	struct window w = { .any = false };
	uint32_t lost;

	(void)state;
	assert_int_equal(window_check(&w, BOOT(1, 10), 10, false, &lost), WINDOW_NEW);
	assert_int_equal(window_check(&w, BOOT(1, 12), 12, false, &lost), WINDOW_NEW);
	assert_int_equal(lost, 1);
	assert_int_equal(window_check(&w, BOOT(1, 10), 10, true, &lost), WINDOW_STALE_RETAINED);
	assert_int_equal(window_check(&w, BOOT(1, 11), 11, true, &lost), WINDOW_STALE_RETAINED);
	assert_int_equal(window_check(&w, BOOT(1, 10), 11, true, &lost), WINDOW_EQUIVOCATION);
	assert_int_equal(window_check(&w, BOOT(1, 12), 12, true, &lost), WINDOW_DUPLICATE);
	assert_int_equal(window_check(&w, BOOT(1, 12), 13, true, &lost), WINDOW_EQUIVOCATION);
	/* and 11 was not marked as seen by its stale copy */
	assert_int_equal(window_check(&w, BOOT(1, 11), 11, false, &lost), WINDOW_LATE);
	window_done(&w);
}

static void
a_number_of_another_boot_is_never_late(void **state)
{
	struct window w = { .any = false };
	uint32_t lost = 5;

	(void)state;
	assert_int_equal(window_check(&w, BOOT(1, UINT32_MAX - 1), 1, false, &lost), WINDOW_NEW);
	assert_int_equal(window_check(&w, BOOT(2, 1), 2, false, &lost), WINDOW_NEW);
	assert_int_equal(lost, 0);
	assert_int_equal(window_check(&w, BOOT(1, UINT32_MAX), 3, false, &lost), WINDOW_REPLAY);
	assert_int_equal(window_check(&w, BOOT(1, UINT32_MAX - 1), 1, false, &lost),
	    WINDOW_DUPLICATE);
	window_done(&w);
}

static void
a_saved_window_judges_like_the_original(void **state)
{
	struct window w = { .any = false }, back = { .scope = 7 };
	struct buf bytes;
	uint64_t rng = 42;
	uint32_t lost;

	(void)state;
	buf_init(&bytes, WINDOW_SAVED_MAX);
	assert_int_equal(window_save(&w, &bytes), MQ_EINVAL);
	for (int i = 0; i < 300; i++) {
		uint64_t seq = BOOT(9, 1 + (uint64_t)i + next_random(&rng) % 20);

		(void)window_check(&w, seq, seq ^ 5, false, &lost); /* any result will do */
		buf_reset(&bytes);
		assert_int_equal(window_save(&w, &bytes), MQ_OK);
		assert_true(window_load(&back, buf_span(&bytes)));
		assert_int_equal(back.scope, 7);
		for (uint64_t k = 0; k < 64 && k < w.hi; k++) {
			uint64_t s = w.hi - k;
			bool seen = w.have >> k & 1;

			assert_true(back.hi == w.hi && back.have == w.have);
			if (seen)
				assert_int_equal(window_check(&back, s, s ^ 5, false, &lost),
				    WINDOW_DUPLICATE);
		}
		window_done(&back);
	}
	window_done(&w);
	buf_done(&bytes);
}

static void
damaged_saved_windows_are_refused(void **state)
{
	struct window w = { .any = false }, back = { .any = false };
	struct buf bytes;
	uint8_t copy[WINDOW_SAVED_MAX + 1];
	uint32_t lost;

	(void)state;
	buf_init(&bytes, WINDOW_SAVED_MAX);
	for (uint64_t s = 1; s <= 70; s++)
		assert_int_equal(window_check(&w, s, s, false, &lost), WINDOW_NEW);
	assert_int_equal(window_save(&w, &bytes), MQ_OK);
	assert_int_equal(bytes.n, WINDOW_SAVED_MAX);
	memcpy(copy, bytes.p, bytes.n);
	copy[bytes.n] = 0;
	for (size_t n = 0; n < bytes.n; n++)
		assert_false(window_load(&back, (struct span){ copy, n }));
	assert_false(window_load(&back, (struct span){ copy, bytes.n + 1 }));
	copy[15] &= 0xfe; /* the newest number itself was not seen */
	assert_false(window_load(&back, (struct span){ copy, bytes.n }));
	copy[15] |= 1;
	be64(copy, 10); /* numbers below zero */
	assert_false(window_load(&back, (struct span){ copy, bytes.n }));
	assert_false(back.any);
	window_done(&w);
	buf_done(&bytes);
}

static void
digests_depend_on_key_and_bytes(void **state)
{
	uint8_t a[16] = { 1 }, b[16] = { 2 };
	struct span x = span_of("MQG1 x"), y = span_of("MQG1 y");

	(void)state;
	assert_true(window_digest(a, x) == window_digest(a, x));
	assert_true(window_digest(a, x) != window_digest(a, y));
	assert_true(window_digest(a, x) != window_digest(b, x));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_random_walk_agrees_with_the_naive_model),
		cmocka_unit_test(a_window_grows_1_4_16_64_as_numbers_come),
		cmocka_unit_test(a_topic_with_far_apart_numbers_never_allocates),
		cmocka_unit_test(a_retained_copy_below_the_newest_is_stale_even_inside_the_window),
		cmocka_unit_test(a_number_of_another_boot_is_never_late),
		cmocka_unit_test(a_saved_window_judges_like_the_original),
		cmocka_unit_test(damaged_saved_windows_are_refused),
		cmocka_unit_test(digests_depend_on_key_and_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
