#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/flow/gwmeta.h"

static struct gwmeta
sample(void)
{
	struct gwmeta m;
	uint8_t h[HASH_BYTES];

	gwmeta_init(&m);
	m.boot = 12;
	m.time_floor = 1800000000;
	m.halted_by = HALTED_BY_RECOVERY;
	m.halt_issued = 1799999999;
	memcpy(m.halt_reason, "stolen-key", 11);
	for (uint32_t r = 1; r <= 3; r++) {
		m.next[0].revision = r;
		memset(m.next[0].hash, (int)r, HASH_BYTES);
		m.n_next = 1;
		if (r < 3)
			assert_int_equal(gwmeta_commit(&m), MQ_OK);
	}
	m.halted_by = HALTED_BY_RECOVERY;
	m.halt_issued = 1799999999;
	memcpy(m.halt_reason, "stolen-key", 11);
	m.next_rekey_due = true;
	memset(h, 0xaa, sizeof h);
	assert_true(gwmeta_add_void(&m, h));
	assert_true(gwmeta_add_void(&m, h));
	gwmeta_set_complete(&m, h, 1800000100);
	gwmeta_set_complete(&m, h, 1900000000);
	return m;
}

static void
what_is_written_reads_back_the_same(void **state)
{
	struct gwmeta m = sample(), back;
	struct buf a, b;

	(void)state;
	buf_init(&a, GWMETA_MAX);
	buf_init(&b, GWMETA_MAX);
	gwmeta_init(&back);
	assert_int_equal(gwmeta_print(&m, &a), MQ_OK);
	assert_int_equal(gwmeta_parse(buf_span(&a), &back, NULL), MQ_OK);
	assert_int_equal(gwmeta_print(&back, &b), MQ_OK);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	assert_int_equal(back.n_voided, 1);
	assert_int_equal(back.complete[0].at, 1800000100);
	assert_int_equal(gwmeta_newest(&back)->revision, 2);
	gwmeta_done(&m);
	gwmeta_done(&back);
	buf_done(&a);
	buf_done(&b);
}

static void
every_cut_and_every_changed_byte_of_the_frame_is_refused_or_told(void **state)
{
	struct gwmeta m = sample(), back;
	struct mq_error e;
	struct buf a;

	(void)state;
	buf_init(&a, GWMETA_MAX);
	gwmeta_init(&back);
	assert_int_equal(gwmeta_print(&m, &a), MQ_OK);
	for (size_t n = 0; n < a.n; n++) {
		assert_int_equal(gwmeta_parse((struct span){ a.p, n }, &back, &e), MQ_ESTATE);
		assert_int_equal(back.n_committed, 0);
	}
	assert_int_equal(buf_puts(&a, "x"), MQ_OK);
	assert_int_equal(gwmeta_parse(buf_span(&a), &back, &e), MQ_ESTATE);
	gwmeta_done(&m);
	buf_done(&a);
}

static void
a_commit_clears_halt_void_list_and_complete_at(void **state)
{
	struct gwmeta m = sample();

	(void)state;
	assert_int_equal(gwmeta_commit(&m), MQ_OK);
	assert_int_equal(gwmeta_newest(&m)->revision, 3);
	assert_int_equal(m.halted_by, HALTED_NO);
	assert_int_equal(m.n_voided + m.n_complete + m.n_next, 0);
	assert_true(m.rekey_due);
	m.n_next = 1; /* revision 3 once more: no history goes backwards */
	assert_int_equal(gwmeta_commit(&m), MQ_ESTATE);
	gwmeta_done(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_reads_back_the_same),
		cmocka_unit_test(every_cut_and_every_changed_byte_of_the_frame_is_refused_or_told),
		cmocka_unit_test(a_commit_clears_halt_void_list_and_complete_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
