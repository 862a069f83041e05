#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"

static void
numbers_have_one_spelling(void **state)
{
	static const char *const bad[] = { "", "00", "01", "+1", "-1", " 1", "1 ", "4294967296",
		"99999999999", "1a" };
	uint32_t v = 7;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_u32(span_of(bad[i]), &v));
	assert_int_equal(v, 7);
	assert_true(text_u32(span_of("0"), &v));
	assert_int_equal(v, 0);
	assert_true(text_u32(span_of("4294967295"), &v));
	assert_int_equal(v, UINT32_MAX);
}

static void
times_are_real_gregorian_dates(void **state)
{
	static const char *const bad[] = { "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
		"1999-12-31T23:59:59Z", "2106-01-01T00:00:00Z", "2026-01-01T00:00:00",
		"2026-01-01 00:00:00Z", "2026-1-01T00:00:00Z0" };
	char back[TEXT_TIME_MAX];
	int64_t t = 0;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_time(span_of(bad[i]), &t));
	assert_true(text_time(span_of("2000-01-01T00:00:00Z"), &t));
	assert_int_equal(t, 946684800);
	assert_true(text_time(span_of("2024-02-29T12:34:56Z"), &t));
	assert_int_equal(t, 1709210096);
	text_put_time(back, t);
	assert_string_equal(back, "2024-02-29T12:34:56Z");
}

static void
base64_is_canonical(void **state)
{
	static const char *const bad[] = { "", "QQ", "QQ=", "QR==", "QUI", "Q=QQ", "QQ==\n", "QQ==QQ==", "Q-==",
		"QU\xff\xff", "\x80\x90\xa0\xb0" };
	struct buf out;

	(void)state;
	buf_init(&out, 64);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(text_unbase64(span_of(bad[i]), &out));
	assert_int_equal(out.n, 0);
	assert_true(text_unbase64(span_of("QUI="), &out));
	assert_true(span_is(buf_span(&out), "AB"));
	buf_reset(&out);
	assert_int_equal(text_base64(&out, (const uint8_t *)"ABCD", 4), MQ_OK);
	assert_true(span_is(buf_span(&out), "QUJDRA=="));
	buf_done(&out);
}

static void
hex_has_one_case(void **state)
{
	uint8_t out[2] = { 1, 2 };
	char hex[5];

	(void)state;
	assert_false(text_unhex(span_of("ABcd"), 'a', out, 2));
	assert_false(text_unhex(span_of("abc"), 'a', out, 2));
	assert_true(text_unhex(span_of("ab0d"), 'a', out, 2));
	text_hex_upper(hex, out, 2);
	assert_string_equal(hex, "AB0D");
}

static void
counts_and_durations_fit_their_columns(void **state)
{
	char c[8], d[16];

	(void)state;
	text_count(c, 984);
	assert_string_equal(c, "984");
	text_count(c, 12431);
	assert_string_equal(c, "12.4k");
	text_count(c, UINT64_MAX);
	assert_string_equal(c, "18.4E");
	text_duration(d, 400);
	assert_string_equal(d, "0.4 s");
	text_duration(d, 3600 * 1000 * 23 + 12 * 60000);
	assert_string_equal(d, "23 h 12 min");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_one_spelling),
		cmocka_unit_test(times_are_real_gregorian_dates),
		cmocka_unit_test(base64_is_canonical),
		cmocka_unit_test(hex_has_one_case),
		cmocka_unit_test(counts_and_durations_fit_their_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
