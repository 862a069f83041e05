#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_golden.h"
#include "ui/confirm.h"
#include "ui/draw.h"
#include "ui/footer.h"
#include "ui/plot.h"

/* Every role and every kind of drawing on one screen. */
static void
draw_roles(void *arg, struct grid *g, struct rect r)
{
	(void)arg;
	for (int i = 0; i < ROLE_COUNT; i++) {
		struct rect row = rect_row(r, i % (r.h > 0 ? r.h : 1));
		int x = row.x + i / (r.h > 0 ? r.h : 1) * 24;

		(void)draw_text(g, x, row.y, 20, (enum role)i, role_name((enum role)i));
	}
	grid_overlay(g, rect_row(r, 3), ROLE_CURSOR);
}

static void
draw_sheet(void *arg, struct grid *g, struct rect r)
{
	static const double value[] = { 20, 20.5, 21, 21.5, 21.5, 22, 23.5, 24, 23, 22, 21, 21, 20.5 };
	static const uint32_t rate[] = { 3, 4, 6, 7, 9, 9, 7, 5, 3, 1, 0, 2 };
	static const uint8_t fpr[20] = { 0x18, 0xaa, 0xa2, 0x70, 0xe7, 0x2c, 0xf9, 0xa5, 0x35, 0x09,
		0x2a, 0x8b, 0x41, 0x0a, 0x61, 0x24, 0x5e, 0x0f, 0xe0, 0x4f };
	int x = r.x + 1;

	(void)arg;
	for (int c = CLASS_NEUTRAL; c <= CLASS_BAD; c++) {
		x += draw_glyph(g, x, r.y, glyph_of_class((enum verdict_class)c),
			 role_of_class((enum verdict_class)c)) + 1;
		x += draw_glyph(g, x, r.y, glyph_of_state((enum verdict_class)c), ROLE_TEXT) + 1;
	}
	(void)draw_untrusted(g, r.x + 1, r.y + 1, r.w - 2, ROLE_TEXT,
	    span_of("plant/\xe6\xb0\xb4/\x1b[31mred\xe2\x80\xae/\xd7\xa9\xd7\x9c"));
	(void)draw_number(g, r.x + 1, r.y + 2, 8, ROLE_TEXT, 12041);
	(void)draw_spark(g, r.x + 11, r.y + 2, 12, ROLE_SPARK, rate, 12);
	(void)draw_progress(g, r.x + 1, r.y + 3, r.w - 2, 3, 7);
	(void)draw_fingerprint(g, r.x + 1, r.y + 4, r.w - 2, ROLE_FINGERPRINT, fpr, 20);
	plot_draw(g, rect_of(r.x, r.y + 6, r.w, r.h - 6), value, 13);
}

static void
draw_footer(void *arg, struct grid *g, struct rect r)
{
	static const enum action hints[] = { ACTION_OPEN, ACTION_WHY, ACTION_SEARCH, ACTION_FILTER,
		ACTION_NEXT_FAILURE, ACTION_COPY, ACTION_EDIT, ACTION_HELP };
	struct footer f = { .keys = arg, .context = CONTEXT_TOPICS, .hints = hints,
		.n_hints = sizeof hints / sizeof hints[0], .notice = span_of("saved \x07"),
		.notice_role = ROLE_NOTICE };

	footer_draw(&f, g, r);
}

static void
draw_dialog(void *arg, struct grid *g, struct rect r)
{
	static const char fpr[] = "607400BEA328EF86FCDD3A57789B3BE9576A3395";
	const struct span lines[] = { span_of("You become the owner of bankofengland/londonbranch."),
		span_of("From now on only your key can change it.") };
	struct confirm_text text = { "accept this tree", lines, 2, "your key", span_of(fpr) };
	struct confirm c;

	(void)arg;
	assert_true(confirm_open(&c, ACTION_ACCEPT, span_of(fpr)));
	confirm_draw(&c, &text, g, r);
}

static void
every_kind_of_drawing_looks_as_reviewed(void **state)
{
	struct keymap *km = keymap_new();
	struct frame_parts parts = { .arg = km, .pane = { draw_roles, draw_sheet }, .footer = draw_footer };
	struct layout_wish wish = { .split = SPLIT_SIDE, .percent = 50 };

	(void)state;
	golden_frames("toolkit", wish, &parts);
	wish.focus = 1;
	golden_frames("toolkit-detail", wish, &parts);
	keymap_free(km);
}

static void
a_confirmation_looks_as_reviewed(void **state)
{
	struct keymap *km = keymap_new();
	struct frame_parts parts = { .arg = km, .footer = draw_footer, .overlay = draw_dialog };

	(void)state;
	golden_frames("confirm", (struct layout_wish){ .split = SPLIT_STACK }, &parts);
	keymap_free(km);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_drawing_looks_as_reviewed),
		cmocka_unit_test(a_confirmation_looks_as_reviewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
