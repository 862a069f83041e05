#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/utf8.h"
#include "ui/draw.h"
#include "ui/plot.h"
#include "ui/term_mem.h"

/* A grid and the memory terminal that reads it back as text. */
struct sheet {
	struct grid g;
	struct term *t;
	struct buf text;
};

static struct sheet
sheet_of(int w, int h, bool ascii)
{
	struct theme theme = theme_mono();
	struct sheet s;

	grid_init(&s.g);
	assert_int_equal(grid_resize(&s.g, w, h), MQ_OK);
	s.g.ascii = ascii;
	s.t = term_mem_new(w, h, &theme, COLOUR_MONO, ascii);
	assert_non_null(s.t);
	buf_init(&s.text, 1 << 20);
	return s;
}

static const char *
text_of(struct sheet *s)
{
	buf_reset(&s->text);
	term_present(s->t, &s->g);
	assert_int_equal(term_mem_text(s->t, &s->text), MQ_OK);
	return buf_cstr(&s->text);
}

static void
sheet_done(struct sheet *s)
{
	grid_done(&s->g);
	term_free(s->t);
	buf_done(&s->text);
}

static struct span
bytes(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static void
hostile_text_is_shown_escaped(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *shown;
	} cases[] = {
		{ "a\x1b[2Jb", 6, "a\\x1b[2Jb\n" },
		{ "\r\n\t\b", 4, "\\x0d\\x0a\\x09\\x08\n" },
		{ "\x7f", 1, "\\x7f\n" },
		{ "nul\0x", 5, "nul\\x00x\n" },
		{ "\xc2\x9b" "31m", 5, "\\u009b31m\n" },
		{ "\x9b\xff\xc0\x80", 4, "\\x9b\\xff\\xc0\\x80\n" },
		{ "\xe2\x80\xae" "evil", 7, "\\u202eevil\n" },
		{ "\xe2\x81\xa8", 3, "\\u2068\n" },
		{ "a\xe2\x80\x8b" "b", 5, "a\\u200bb\n" },
		{ "\xf3\xa0\x81\x81", 4, "\\U000e0041\n" },
		{ "\xef\xbb\xbf", 3, "\\ufeff\n" },
		{ "\xee\x80\x80", 3, "\\ue000\n" },
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80\n" },
		{ "\xcc\x81x", 3, "\\u0301x\n" }, /* a mark without a base would sit on our label */
		{ "\xe6\xb0\xb4!", 4, "\xe6\xb0\xb4!\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sheet s = sheet_of(40, 1, false);
		int used = draw_untrusted(&s.g, 0, 0, 40, ROLE_TEXT, bytes(cases[i].in, cases[i].n));

		assert_string_equal(text_of(&s), cases[i].shown);
		assert_int_equal(used, draw_untrusted_width(&s.g, bytes(cases[i].in, cases[i].n)));
		sheet_done(&s);
	}
}

static void
no_cell_holds_a_control_code_point_whatever_comes(void **state)
{
	struct sheet s = sheet_of(80, 1, false);
	uint32_t seed = 12345;
	uint8_t in[64];

	(void)state;
	for (int round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof in; i++) {
			seed = seed * 1664525u + 1013904223u;
			in[i] = (uint8_t)(seed >> 24);
		}
		grid_clear(&s.g);
		s.g.ascii = round % 2 != 0;
		(void)draw_untrusted(&s.g, 0, 0, round % 90, ROLE_TEXT, bytes(in, sizeof in));
		for (int x = 0; x < 80; x++) {
			const struct cell *c = grid_at(&s.g, x, 0);
			int width;

			if (c->width == 0)
				continue;
			assert_int_equal(utf8_classify(c->cp[0], &width), UTF8_PLAIN);
			assert_int_equal(width, c->width);
			assert_true(!s.g.ascii || c->cp[0] < 0x7f || c->cp[0] == GLYPH_ELLIPSIS);
		}
	}
	sheet_done(&s);
}

static void
escapes_have_a_role_that_data_cannot_have(void **state)
{
	struct sheet s = sheet_of(20, 1, false);

	(void)state;
	(void)draw_untrusted(&s.g, 0, 0, 20, ROLE_STRONG, bytes("\\x1b\x1b", 5));
	assert_string_equal(text_of(&s), "\\x1b\\x1b\n"); /* looks alike ... */
	assert_int_equal(grid_at(&s.g, 0, 0)->role, ROLE_STRONG);
	assert_int_equal(grid_at(&s.g, 4, 0)->role, ROLE_ESCAPE); /* ... but is told apart */
	sheet_done(&s);
}

static void
a_cut_is_marked_outside_of_the_data(void **state)
{
	struct sheet s = sheet_of(20, 1, false);

	(void)state;
	assert_int_equal(draw_untrusted(&s.g, 0, 0, 5, ROLE_TEXT, span_of("abcdefgh")), 5);
	assert_string_equal(text_of(&s), "abcd\xe2\x80\xa6\n");
	assert_int_equal(grid_at(&s.g, 4, 0)->role, ROLE_CUT);
	grid_clear(&s.g);
	assert_int_equal(draw_untrusted(&s.g, 0, 0, 5, ROLE_TEXT, span_of("abcde")), 5);
	assert_string_equal(text_of(&s), "abcde\n");
	grid_clear(&s.g); /* neither an escape nor a wide character is split */
	assert_int_equal(draw_untrusted(&s.g, 0, 0, 5, ROLE_TEXT, span_of("ab\x1bz")), 3);
	assert_string_equal(text_of(&s), "ab\xe2\x80\xa6\n");
	grid_clear(&s.g);
	assert_int_equal(draw_untrusted(&s.g, 0, 0, 4, ROLE_TEXT, span_of("ab\xe6\xb0\xb4z")), 3);
	assert_string_equal(text_of(&s), "ab\xe2\x80\xa6\n");
	assert_int_equal(draw_untrusted(&s.g, 0, 0, 0, ROLE_TEXT, span_of("x")), 0);
	assert_int_equal(draw_untrusted(&s.g, 0, 0, -3, ROLE_TEXT, span_of("x")), 0);
	sheet_done(&s);
}

static void
marks_are_two_at_most_and_their_number_costs_nothing(void **state)
{
	static uint8_t flood[1 << 16];
	struct sheet s = sheet_of(10, 1, false);

	(void)state;
	for (size_t i = 0; i + 1 < sizeof flood; i += 2)
		memcpy(flood + i, i == 0 ? "ee" : "\xcc\x81", 2);
	(void)draw_untrusted(&s.g, 0, 0, 10, ROLE_TEXT, bytes(flood, sizeof flood));
	assert_string_equal(text_of(&s), "ee\xcc\x81\xcc\x81\xe2\x80\xa6\n");
	sheet_done(&s);
}

static void
ascii_mode_escapes_data_and_replaces_our_glyphs(void **state)
{
	struct sheet s = sheet_of(40, 1, true);
	int x;

	(void)state;
	x = draw_glyph(&s.g, 0, 0, GLYPH_TICK, ROLE_VERDICT_GOOD) + 1;
	x += draw_text(&s.g, x, 0, 10, ROLE_TEXT, "a \xe2\x86\x92 b");
	x += draw_untrusted(&s.g, x + 1, 0, 20, ROLE_TEXT, span_of("\xe2\x9c\x93\xc3\xa9"));
	assert_string_equal(text_of(&s), "o a > b \\u2713\\u00e9\n");
	sheet_done(&s);
}

static bool
latin_only(uint32_t cp, int width)
{
	return cp < 0x250 && width == 1;
}

static void
what_the_terminal_measures_otherwise_is_escaped(void **state)
{
	struct sheet s = sheet_of(40, 1, false);

	(void)state;
	s.g.shows = latin_only;
	(void)draw_untrusted(&s.g, 0, 0, 40, ROLE_TEXT, span_of("\xc3\xa9\xe6\xb0\xb4"));
	assert_string_equal(text_of(&s), "\xc3\xa9\\u6c34\n");
	sheet_done(&s);
}

static void
numbers_are_right_aligned_and_do_not_jitter(void **state)
{
	struct sheet s = sheet_of(10, 4, false);

	(void)state;
	assert_int_equal(draw_number(&s.g, 0, 0, 8, ROLE_TEXT, 7), 8);
	assert_int_equal(draw_number(&s.g, 0, 1, 8, ROLE_TEXT, 12041), 8);
	assert_int_equal(draw_number(&s.g, 0, 2, 8, ROLE_TEXT, UINT64_MAX), 8);
	assert_int_equal(draw_number(&s.g, 0, 3, 0, ROLE_TEXT, 5), 0);
	assert_string_equal(text_of(&s), "       7\n  12 041\n   18.4E\n\n");
	sheet_done(&s);
}

static void
fingerprints_come_in_groups(void **state)
{
	static const uint8_t fpr[20] = { 0x18, 0xaa, 0xa2, 0x70, 0xe7, 0x2c, 0xf9, 0xa5, [18] = 0xf0, 0x4f };
	struct sheet s = sheet_of(50, 2, false);

	(void)state;
	assert_int_equal(draw_fingerprint(&s.g, 0, 0, 50, ROLE_FINGERPRINT, fpr, 20), 44);
	assert_int_equal(draw_fingerprint_short(&s.g, 0, 1, 50, ROLE_FINGERPRINT, fpr, 20), 9);
	assert_string_equal(text_of(&s),
	    "18AAA270 E72CF9A5 00000000 00000000 0000F04F\n18AA\xe2\x80\xa6" "F04F\n");
	sheet_done(&s);
}

static void
lines_join_where_they_meet(void **state)
{
	struct sheet s = sheet_of(7, 4, false);

	(void)state;
	draw_hline(&s.g, 0, 0, 7, ROLE_BORDER);
	draw_hline(&s.g, 0, 3, 7, ROLE_BORDER);
	draw_vline(&s.g, 3, 0, 4, ROLE_BORDER);
	draw_hline(&s.g, 3, 2, 4, ROLE_BORDER);
	assert_string_equal(text_of(&s),
	    "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\xac\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n"
	    "   \xe2\x94\x82\n"
	    "   \xe2\x94\x9c\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n"
	    "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\xb4\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n");
	sheet_done(&s);
}

static void
data_that_looks_like_a_line_joins_nothing(void **state)
{
	struct sheet s = sheet_of(3, 1, false);

	(void)state;
	(void)draw_untrusted(&s.g, 0, 0, 3, ROLE_TEXT, span_of("\xe2\x94\x82\xe2\x94\x82\xe2\x94\x82"));
	draw_hline(&s.g, 0, 0, 3, ROLE_BORDER);
	assert_string_equal(text_of(&s), "\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n");
	sheet_done(&s);
}

static void
a_box_survives_every_size(void **state)
{
	struct sheet s = sheet_of(12, 3, true);
	struct rect in = draw_box(&s.g, rect_of(0, 0, 12, 3), ROLE_DIALOG, "why", ROLE_DIALOG_TITLE);

	(void)state;
	assert_int_equal(in.w, 10);
	assert_int_equal(in.h, 1);
	assert_string_equal(text_of(&s), "+ why -----+\n|          |\n+----------+\n");
	for (int w = 0; w < 15; w++)
		for (int h = 0; h < 5; h++)
			(void)draw_box(&s.g, rect_of(-2, -1, w, h), ROLE_DIALOG, "long title here", ROLE_TEXT);
	sheet_done(&s);
}

static void
sparks_and_bars_scale(void **state)
{
	static const uint32_t rate[] = { 99, 0, 1, 2, 3, 4, 5, 6, 7 };
	struct sheet s = sheet_of(10, 2, true);

	(void)state;
	assert_int_equal(draw_spark(&s.g, 0, 0, 8, ROLE_SPARK, rate, 9), 8);
	assert_int_equal(draw_progress(&s.g, 0, 1, 10, 3, 10), 10);
	assert_string_equal(text_of(&s), "_.-=+*%#\n###.......\n");
	grid_clear(&s.g);
	assert_int_equal(draw_spark(&s.g, 0, 0, 5, ROLE_SPARK, rate + 1, 2), 5);
	assert_int_equal(draw_progress(&s.g, 0, 1, 4, UINT64_MAX, UINT64_MAX), 4);
	assert_string_equal(text_of(&s), "   _#\n####\n");
	(void)draw_spark(&s.g, 0, 0, 0, ROLE_SPARK, rate, 9);
	(void)draw_progress(&s.g, 0, 0, 4, 5, 0);
	sheet_done(&s);
}

static void
a_plot_shows_range_and_holes(void **state)
{
	static const double v[] = { 20, 20, NAN, 24, 24 };
	struct sheet s = sheet_of(15, 3, true);

	(void)state;
	plot_draw(&s.g, rect_of(0, 0, 15, 3), v, 5);
	assert_string_equal(text_of(&s), "    24.0 +   **\n         |\n    20.0 +**\n");
	grid_clear(&s.g);
	s.g.ascii = false;
	plot_draw(&s.g, rect_of(0, 0, 15, 3), v, 5);
	assert_int_equal(grid_at(&s.g, 14, 0)->cp[0] >> 8, 0x28);
	assert_int_equal(grid_at(&s.g, 14, 0)->role, ROLE_PLOT);
	sheet_done(&s);
}

static void
a_plot_survives_every_input(void **state)
{
	static const double odd[] = { INFINITY, -INFINITY, 1e308, -1e308, NAN, 0, 5e-324 };
	struct sheet s = sheet_of(30, 8, false);
	double flat[400];

	(void)state;
	for (size_t i = 0; i < 400; i++)
		flat[i] = 21.5;
	for (int w = 0; w < 32; w++)
		for (int h = 0; h < 10; h++) {
			plot_draw(&s.g, rect_of(0, 0, w, h), odd, 7);
			plot_draw(&s.g, rect_of(-3, 2, w, h), odd + 4, 3);
			plot_draw(&s.g, rect_of(0, 0, w, h), flat, 400);
			plot_draw(&s.g, rect_of(0, 0, w, h), flat, 0);
		}
	sheet_done(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text_is_shown_escaped),
		cmocka_unit_test(no_cell_holds_a_control_code_point_whatever_comes),
		cmocka_unit_test(escapes_have_a_role_that_data_cannot_have),
		cmocka_unit_test(a_cut_is_marked_outside_of_the_data),
		cmocka_unit_test(marks_are_two_at_most_and_their_number_costs_nothing),
		cmocka_unit_test(ascii_mode_escapes_data_and_replaces_our_glyphs),
		cmocka_unit_test(what_the_terminal_measures_otherwise_is_escaped),
		cmocka_unit_test(numbers_are_right_aligned_and_do_not_jitter),
		cmocka_unit_test(fingerprints_come_in_groups),
		cmocka_unit_test(lines_join_where_they_meet),
		cmocka_unit_test(data_that_looks_like_a_line_joins_nothing),
		cmocka_unit_test(a_box_survives_every_size),
		cmocka_unit_test(sparks_and_bars_scale),
		cmocka_unit_test(a_plot_shows_range_and_holes),
		cmocka_unit_test(a_plot_survives_every_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
