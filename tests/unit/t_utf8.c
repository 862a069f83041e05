#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/utf8.h"

#define nitems(a) (sizeof(a) / sizeof((a)[0]))

static void
expect_safe(const void *text, size_t n, bool ascii_only, const char *shown)
{
	struct buf out;

	buf_init(&out, 4096);
	assert_int_equal(utf8_put_safe(&out, (struct span){ text, n }, ascii_only), MQ_OK);
	assert_string_equal(buf_cstr(&out), shown);
	buf_done(&out);
}

static void
plain_text_is_drawn_as_itself(void **state)
{
	static const char *const same[] = { "", "pump 3 = 21.5 C", "\\x1b", "Größe", "цех", "温度",
		"€±√", "Å", "e\xcc\x81", "\xf0\x9f\x94\x92", "שלום" };

	(void)state;
	for (size_t i = 0; i < nitems(same); i++)
		expect_safe(same[i], strlen(same[i]), false, same[i]);
}

static void
dangerous_code_points_are_escaped(void **state)
{
	static const struct {
		uint32_t cp;
		const char *shown;
	} rows[] = {
		{ 0x00, "\\x00" }, { 0x07, "\\x07" }, { 0x0a, "\\x0a" }, { 0x1b, "\\x1b" },
		{ 0x7f, "\\x7f" }, { 0x80, "\\u0080" }, { 0x9b, "\\u009b" }, { 0xad, "\\u00ad" },
		{ 0x34f, "\\u034f" }, { 0x61c, "\\u061c" }, { 0x115f, "\\u115f" },
		{ 0x180e, "\\u180e" }, { 0x200b, "\\u200b" }, { 0x200d, "\\u200d" },
		{ 0x200e, "\\u200e" }, { 0x2028, "\\u2028" }, { 0x2029, "\\u2029" },
		{ 0x202e, "\\u202e" }, { 0x2060, "\\u2060" }, { 0x2068, "\\u2068" },
		{ 0x378, "\\u0378" }, { 0x3164, "\\u3164" }, { 0xe000, "\\ue000" },
		{ 0xfe0f, "\\ufe0f" }, { 0xfeff, "\\ufeff" }, { 0xfff9, "\\ufff9" },
		{ 0xfffe, "\\ufffe" }, { 0x1d173, "\\U0001d173" }, { 0xe0041, "\\U000e0041" },
		{ 0xe0100, "\\U000e0100" }, { 0xf0000, "\\U000f0000" }, { 0x10ffff, "\\U0010ffff" },
	};
	enum utf8_kind kind;
	char bytes[4];
	int width;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		expect_safe(bytes, utf8_encode(rows[i].cp, bytes), false, rows[i].shown);
		kind = utf8_classify(rows[i].cp, &width);
		assert_int_equal(kind, UTF8_ESCAPE);
		assert_int_equal(width, strlen(rows[i].shown));
	}
}

static void
invalid_bytes_are_shown_one_by_one(void **state)
{
	(void)state;
	expect_safe("a\xff", 2, false, "a\\xff");
	expect_safe("\xc0\xaf", 2, false, "\\xc0\\xaf");	     /* overlong '/' */
	expect_safe("\xed\xa0\x80", 3, false, "\\xed\\xa0\\x80"); /* surrogate */
	expect_safe("\xf4\x90\x80\x80", 4, false, "\\xf4\\x90\\x80\\x80");
	expect_safe("\xe2\x82", 2, false, "\\xe2\\x82"); /* cut short */
	expect_safe("\xe2\x82z", 3, false, "\\xe2\\x82z");
	assert_false(utf8_valid((struct span){ (const uint8_t *)"\xc0\xaf", 2 }));
	assert_false(utf8_valid((struct span){ (const uint8_t *)"\xe2\x82", 2 }));
	assert_true(utf8_valid((struct span){ (const uint8_t *)"a\0b", 3 }));
	assert_true(utf8_valid((struct span){ NULL, 0 }));
}

static void
at_most_two_marks_sit_on_a_base(void **state)
{
	(void)state;
	expect_safe("a\xcc\x81\xcc\x82\xcc\x83\xcc\x84z", 10, false, "a\xcc\x81\xcc\x82z");
	/* A mark without a base would sit on the label before the text. */
	expect_safe("\xcc\x81", 2, false, "\\u0301");
	expect_safe("\n\xcc\x81", 3, false, "\\x0a\\u0301");
}

static void
ascii_form_has_only_printable_ascii(void **state)
{
	(void)state;
	expect_safe("Größe", strlen("Größe"), true, "Gr\\u00f6\\u00dfe");
	expect_safe("e\xcc\x81", 3, true, "e\\u0301");
	expect_safe("\xf0\x9f\x94\x92~", 5, true, "\\U0001f512~");
}

static void
widths_come_from_the_pinned_table(void **state)
{
	static const struct {
		uint32_t cp;
		enum utf8_kind kind;
		int width;
	} rows[] = {
		{ 'a', UTF8_PLAIN, 1 }, { ' ', UTF8_PLAIN, 1 }, { 0xa0, UTF8_PLAIN, 1 },
		{ 0xe9, UTF8_PLAIN, 1 }, { 0x26a0, UTF8_PLAIN, 1 }, { 0x301, UTF8_COMBINING, 0 },
		{ 0x20dd, UTF8_COMBINING, 0 }, { 0x4e00, UTF8_PLAIN, 2 }, { 0xff21, UTF8_PLAIN, 2 },
		{ 0xac00, UTF8_PLAIN, 2 }, { 0x1f512, UTF8_PLAIN, 2 }, { 0x5d0, UTF8_PLAIN, 1 },
	};
	int width;

	(void)state;
	for (size_t i = 0; i < nitems(rows); i++) {
		assert_int_equal(utf8_classify(rows[i].cp, &width), rows[i].kind);
		assert_int_equal(width, rows[i].width);
	}
}

static void
every_code_point_survives_the_round_trip(void **state)
{
	enum utf8_kind kind, again;
	uint32_t back;
	char bytes[4];
	int width;
	size_t n;

	(void)state;
	for (uint32_t cp = 0; cp <= 0x10ffff; cp++) {
		n = utf8_encode(cp, bytes);
		if (cp >= 0xd800 && cp <= 0xdfff) {
			assert_int_equal(n, 0);
			continue;
		}
		if (utf8_next((struct span){ (const uint8_t *)bytes, n }, &back, &kind, &width) != n ||
		    back != cp || kind == UTF8_INVALID)
			fail_msg("U+%04X", (unsigned)cp);
		if ((again = utf8_classify(cp, &width)) != kind)
			fail_msg("U+%04X is %d and %d", (unsigned)cp, kind, again);
		if (kind == UTF8_PLAIN && width != 1 && width != 2)
			fail_msg("U+%04X has width %d", (unsigned)cp, width);
	}
}

static void
fixed_arrays_are_cut_with_dots_between_characters(void **state)
{
	char out[9], tiny[3], none = 'x';

	(void)state;
	utf8_safe(out, sizeof out, span_of("12345678"));
	assert_string_equal(out, "12345678");
	utf8_safe(out, sizeof out, span_of("123456789"));
	assert_string_equal(out, "12345...");
	utf8_safe(out, sizeof out, span_of("123\x1b" "56789"));
	assert_string_equal(out, "123...");
	utf8_safe(out, sizeof out, span_of("1234ööö"));
	assert_string_equal(out, "1234...");
	utf8_safe(tiny, sizeof tiny, span_of("123456"));
	assert_string_equal(tiny, "..");
	utf8_safe(&none, 0, span_of("1"));
	assert_int_equal(none, 'x');
	utf8_safe(out, sizeof out, (struct span){ NULL, 0 });
	assert_string_equal(out, "");
}

static void
a_full_buffer_is_reported(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 6);
	assert_int_equal(utf8_put_safe(&out, span_of("a\x1b\x1b"), false), MQ_ELIMIT);
	assert_string_equal((char *)memcpy((char[7]){ 0 }, out.p, out.n), "a\\x1b");
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text_is_drawn_as_itself),
		cmocka_unit_test(dangerous_code_points_are_escaped),
		cmocka_unit_test(invalid_bytes_are_shown_one_by_one),
		cmocka_unit_test(at_most_two_marks_sit_on_a_base),
		cmocka_unit_test(ascii_form_has_only_printable_ascii),
		cmocka_unit_test(widths_come_from_the_pinned_table),
		cmocka_unit_test(every_code_point_survives_the_round_trip),
		cmocka_unit_test(fixed_arrays_are_cut_with_dots_between_characters),
		cmocka_unit_test(a_full_buffer_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
