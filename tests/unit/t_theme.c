#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "ui/theme.h"

static const char *const shipped[] = { "default", "light", "mono", "colourblind" };

static enum mq_err
parse(const char *text, struct theme *out, char report[1024])
{
	struct buf errors;
	enum mq_err err;

	buf_init(&errors, 1023);
	err = theme_parse(out, span_of(text), NULL, NULL, &errors);
	memcpy(report, errors.n != 0 ? buf_cstr(&errors) : "", errors.n + 1);
	buf_done(&errors);
	return err;
}

static void
every_shipped_theme_parses_and_is_built_in(void **state)
{
	struct theme t;
	struct buf errors, file;

	(void)state;
	buf_init(&errors, 4096);
	buf_init(&file, THEME_MAX_BYTES);
	for (size_t i = 0; i < 4; i++) {
		char path[64] = "themes/";

		assert_int_equal(theme_load(&t, shipped[i], NULL, &errors), MQ_OK);
		assert_int_equal(errors.n, 0);
		buf_reset(&file);
		(void)strcat(strcat(path, shipped[i]), ".theme");
		assert_int_equal(file_read(path, &file, NULL), MQ_OK);
		assert_true(span_eq(buf_span(&file), theme_builtin(span_of(shipped[i]))));
	}
	buf_done(&errors);
	buf_done(&file);
}

static void
the_fallback_uses_attributes_only_and_tells_the_verdicts_apart(void **state)
{
	struct theme t = theme_mono();
	struct look good = theme_look(&t, COLOUR_MONO, ROLE_VERDICT_GOOD, ROLE_TEXT);
	struct look warn = theme_look(&t, COLOUR_MONO, ROLE_VERDICT_ATTENTION, ROLE_TEXT);
	struct look bad = theme_look(&t, COLOUR_MONO, ROLE_VERDICT_BAD, ROLE_TEXT);

	(void)state;
	for (int r = 0; r < ROLE_COUNT; r++) {
		assert_int_equal(t.role[r].fg, THEME_DEFAULT);
		assert_int_equal(t.role[r].bg16, THEME_DEFAULT);
	}
	assert_false(look_eq(good, warn));
	assert_false(look_eq(good, bad));
	assert_false(look_eq(warn, bad));
}

static void
every_theme_tells_the_verdicts_apart_without_colour(void **state)
{
	struct theme t;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(theme_load(&t, shipped[i], NULL, NULL), MQ_OK);
		assert_int_not_equal(t.role[ROLE_VERDICT_BAD].attr, t.role[ROLE_VERDICT_GOOD].attr);
		assert_int_not_equal(t.role[ROLE_STATE_BAD].attr, t.role[ROLE_STATE_OK].attr);
		assert_int_not_equal(t.role[ROLE_CURSOR].attr, t.role[ROLE_TEXT].attr);
		assert_int_not_equal(t.role[ROLE_FOCUS].attr, t.role[ROLE_BORDER].attr);
		assert_int_equal(t.role[ROLE_TEXT].fg, THEME_DEFAULT);
		assert_int_equal(t.role[ROLE_TEXT].bg, THEME_DEFAULT);
	}
}

static void
a_theme_overrides_what_it_inherits(void **state)
{
	struct theme t;
	char report[1024];

	(void)state;
	assert_int_equal(parse("# mine\ntheme 1\ninherit mono\n"
			       "role state.ok fg 75 fg16 brightblue attr bold,underline # good\n",
			     &t, report), MQ_OK);
	assert_int_equal(t.role[ROLE_STATE_OK].fg, 75);
	assert_int_equal(t.role[ROLE_STATE_OK].fg16, 12);
	assert_int_equal(t.role[ROLE_STATE_OK].attr, ATTR_BOLD | ATTR_UNDERLINE);
	assert_int_equal(t.role[ROLE_CURSOR].attr, ATTR_REVERSE);
}

static void
every_error_is_told_with_its_line(void **state)
{
	struct theme t = theme_mono(), before = t;
	char report[1024];

	(void)state;
	assert_int_equal(parse("theme 1\ninherit mono\nrole nope attr bold\nrole dim fg 256 fg16 red\n"
			       "role dim fg 7\nrole strong attr loud\ncolour red\nrole key attr bold\n"
			       "role key attr dim\nrole cut \"attr\nrole tab fg 1 fg 2\n",
			     &t, report), MQ_EFORMAT);
	assert_string_equal(report,
	    "line 3: there is no role of this name: nope\n"
	    "line 4: not a colour (0..255 or default): 256\n"
	    "line 5: a colour needs its 16-colour twin (fg16, bg16): dim\n"
	    "line 6: not an attribute (none bold dim italic underline reverse): loud\n"
	    "line 7: a theme has the words inherit and role, not: colour\n"
	    "line 9: this role is defined twice: key\n"
	    "line 10: a quote is not closed\n"
	    "line 11: given twice: fg\n");
	assert_memory_equal(&t, &before, sizeof t);
	assert_int_equal(parse("role dim attr bold\n", &t, report), MQ_EFORMAT);
	assert_string_equal(report, "line 1: a theme begins with: theme 1, not: role\n");
	assert_int_equal(parse("", &t, report), MQ_EFORMAT);
	assert_int_equal(parse("theme 1\nrole text attr none\n", &t, report), MQ_EFORMAT);
	assert_string_equal(report, "line 2: role dim is missing and nothing is inherited\n");
}

static void
an_error_quotes_hostile_text_escaped(void **state)
{
	struct theme t;
	char report[1024];

	(void)state;
	assert_int_equal(parse("theme 1\ninherit mono\nrole a\xe2\x80\xae attr bold\n", &t, report),
	    MQ_EFORMAT);
	assert_string_equal(report, "line 3: there is no role of this name: a\\u202e\n");
}

static bool
find_itself(void *arg, struct span name, struct buf *out)
{
	(*(int *)arg)++;
	return span_is(name, "loop") && buf_puts(out, "theme 1\ninherit loop\n") == MQ_OK;
}

static void
a_circle_of_themes_ends(void **state)
{
	struct theme t;
	int calls = 0;

	(void)state;
	assert_int_equal(theme_parse(&t, span_of("theme 1\ninherit loop\n"), find_itself, &calls, NULL),
	    MQ_EFORMAT);
	assert_int_equal(calls, THEME_MAX_DEPTH);
}

static void
a_theme_that_is_not_there_leaves_a_usable_one(void **state)
{
	static const char *const dirs[] = { "/nonexistent", NULL };
	struct theme t, mono = theme_mono();

	(void)state;
	memset(&t, 0, sizeof t);
	assert_int_equal(theme_load(&t, "../../etc/passwd", dirs, NULL), MQ_ENOENT);
	assert_memory_equal(&t, &mono, sizeof t);
}

static void
looks_fall_back_with_the_colours_of_the_terminal(void **state)
{
	struct theme t;
	char report[1024];
	struct look l;

	(void)state;
	assert_int_equal(parse("theme 1\ninherit mono\nrole state.ok fg 75 fg16 brightblue attr none\n"
			       "role match fg 208 fg16 yellow attr reverse\n", &t, report), MQ_OK);
	l = theme_look(&t, COLOUR_256, ROLE_STATE_OK, ROLE_TEXT);
	assert_int_equal(l.fg, 75);
	l = theme_look(&t, COLOUR_16, ROLE_STATE_OK, ROLE_TEXT);
	assert_int_equal(l.fg, 12);
	l = theme_look(&t, COLOUR_8, ROLE_STATE_OK, ROLE_TEXT);
	assert_int_equal(l.fg, 4);
	assert_int_equal(l.attr, ATTR_BOLD);
	assert_int_equal(theme_load(&t, "default", NULL, NULL), MQ_OK); /* grey is never black on black */
	l = theme_look(&t, COLOUR_8, ROLE_DIM, ROLE_TEXT);
	assert_int_equal(l.fg, THEME_DEFAULT);
	assert_int_equal(l.attr, ATTR_DIM);
	assert_int_equal(parse("theme 1\ninherit mono\nrole state.ok fg 75 fg16 brightblue attr none\n"
			       "role match fg 208 fg16 yellow attr reverse\n", &t, report), MQ_OK);
	l = theme_look(&t, COLOUR_MONO, ROLE_STATE_OK, ROLE_TEXT);
	assert_int_equal(l.fg, THEME_DEFAULT);
	l = theme_look(&t, COLOUR_256, ROLE_STATE_OK, ROLE_CURSOR);
	assert_int_equal(l.fg, 75);
	assert_int_equal(l.attr, ATTR_REVERSE);
	l = theme_look(&t, COLOUR_256, ROLE_STATE_OK, ROLE_MATCH);
	assert_int_equal(l.fg, 208);
	l = theme_look(&t, COLOUR_MONO, ROLE_VERDICT_BAD, ROLE_CURSOR);
	assert_int_equal(l.attr, ATTR_BOLD); /* reverse on reverse: still not the row's look */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shipped_theme_parses_and_is_built_in),
		cmocka_unit_test(the_fallback_uses_attributes_only_and_tells_the_verdicts_apart),
		cmocka_unit_test(every_theme_tells_the_verdicts_apart_without_colour),
		cmocka_unit_test(a_theme_overrides_what_it_inherits),
		cmocka_unit_test(every_error_is_told_with_its_line),
		cmocka_unit_test(an_error_quotes_hostile_text_escaped),
		cmocka_unit_test(a_circle_of_themes_ends),
		cmocka_unit_test(a_theme_that_is_not_there_leaves_a_usable_one),
		cmocka_unit_test(looks_fall_back_with_the_colours_of_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
