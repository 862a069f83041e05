#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/file.h"
#include "ui/draw.h"
#include "ui/script.h"
#include "ui/term_mem.h"

/* An app that shows what was typed, and after three seconds the word "late". */
struct echo {
	struct term *t;
	struct grid g;
	struct clock clock;
	struct buf typed;
	int pumps;
	bool ended;
};

static bool
pump(void *arg, int64_t until)
{
	struct echo *a = arg;
	struct input in;
	char name[KEY_NAME_MAX];
	int w, h;

	a->pumps++;
	while (!a->ended && term_read(a->t, &in)) {
		if (in.kind != INPUT_KEY)
			continue;
		a->ended = key_eq(in.key, key_of('q'));
		key_print(in.key, name);
		(void)buf_printf(&a->typed, "%s ", name);
	}
	if (until > clock_mono_ms(&a->clock))
		clock_advance(&a->clock, until - clock_mono_ms(&a->clock));
	term_size(a->t, &w, &h);
	assert_int_equal(grid_resize(&a->g, w, h), MQ_OK);
	(void)draw_untrusted(&a->g, 0, 0, w, ROLE_TEXT, buf_span(&a->typed));
	if (clock_mono_ms(&a->clock) >= 3000)
		(void)draw_text(&a->g, 0, 1, w, ROLE_TEXT, "late");
	term_present(a->t, &a->g);
	return !a->ended;
}

/* Runs a script on a fresh app; report is what it says. */
static enum mq_err
run(const char *script, char report[4096], int64_t *took)
{
	struct theme theme = theme_mono();
	struct echo a = { .t = term_mem_new(30, 3, &theme, COLOUR_MONO, false) };
	struct script_host h = { .term = a.t, .clock = &a.clock, .arg = &a, .pump = pump };
	struct buf out;
	enum mq_err err;

	a.clock = clock_fixed(1700000000);
	grid_init(&a.g);
	buf_init(&a.typed, 4096);
	buf_init(&out, 4095);
	err = script_run(&h, span_of(script), &out);
	memcpy(report, out.n != 0 ? buf_cstr(&out) : "", out.n + 1);
	if (took != NULL)
		*took = clock_mono_ms(&a.clock);
	if (err == MQ_EFORMAT)
		assert_int_equal(a.pumps, 0);
	buf_done(&out);
	buf_done(&a.typed);
	grid_done(&a.g);
	term_free(a.t);
	return err;
}

static void
a_script_types_waits_and_passes(void **state)
{
	char report[4096];
	int64_t took;

	(void)state;
	assert_int_equal(run("# a comment\n\nkey Down\nkey C-l\ntype a b\n"
			     "wait \"^Down C-l a Space b$\"\nabsent \"late|never\"\n"
			     "wait \"late\" 5\nresize 40x2\nwait \"late\"",
			     report, &took), MQ_OK);
	assert_string_equal(report, "");
	assert_in_range(took, 3000, 3050); /* waits no longer than it must */
}

static void
the_first_unmet_expectation_ends_it_with_line_and_screen(void **state)
{
	char report[4096];
	int64_t took;

	(void)state;
	assert_int_equal(run("key a\nwait \"never\" 2\nkey b\n", report, &took), MQ_ETIMEOUT);
	assert_string_equal(report, "line 2: wait \"never\" 2: not on the screen after 2 s\na\n\n\n");
	assert_int_equal(took, 2000);
	assert_int_equal(run("key a\n\nabsent \"^a\"\n", report, NULL), MQ_ETIMEOUT);
	assert_string_equal(report, "line 3: absent \"^a\": on the screen\na\n\n\n");
	assert_int_equal(run("wait \"never\"\n", report, &took), MQ_ETIMEOUT);
	assert_int_equal(took, SCRIPT_WAIT_S * 1000);
}

static void
an_app_that_ends_is_not_waited_for(void **state)
{
	char report[4096];
	int64_t took;

	(void)state;
	assert_int_equal(run("key q\nwait \"q\"\n", report, &took), MQ_OK);
	assert_int_equal(run("key q\nwait \"late\"\n", report, &took), MQ_ETIMEOUT);
	assert_int_equal(took, 0);
	assert_int_equal(run("key q\ntype more\n", report, &took), MQ_ETIMEOUT);
	assert_non_null(strstr(report, "the program has ended"));
}

static void
a_mistake_is_told_before_anything_runs(void **state)
{
	char report[4096];

	(void)state;
	assert_int_equal(run("key a\nkey Downn\npress x\nwait never\nwait \"(\"\nwait \"x\" soon\n"
			     "absent \"x\" 3\nresize 10\nresize 2000x2\nsave\ntype\n",
			     report, NULL), MQ_EFORMAT);
	assert_string_equal(report,
	    "line 2: not the name of a key\n"
	    "line 3: a command is key, type, wait, absent, resize or save\n"
	    "line 4: a regular expression in double quotes is missing\n"
	    "line 5: not an extended regular expression\n"
	    "line 6: seconds are a number, 0 to 3600\n"
	    "line 7: nothing may follow\n"
	    "line 8: a size is WxH, at most 1000 each\n"
	    "line 9: a size is WxH, at most 1000 each\n"
	    "line 10: the name of a file is missing\n"
	    "line 11: nothing to type\n");
}

static void
quotes_inside_a_regex_need_no_escape(void **state)
{
	char report[4096];

	(void)state;
	assert_int_equal(run("type \"x\"\nwait \"\" x \"\" 1\n", report, NULL), MQ_OK);
}

static void
a_saved_screen_is_trimmed_text(void **state)
{
	char dir[] = "/tmp/mqgp-XXXXXX", script[256], path[64], report[4096];
	struct buf saved;

	(void)state;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/screen", dir);
	(void)snprintf(script, sizeof script, "type \xc3\xa9\nresize 5x2\nsave %s\n", path);
	assert_int_equal(run(script, report, NULL), MQ_OK);
	buf_init(&saved, 4096);
	assert_int_equal(file_read(path, &saved, NULL), MQ_OK);
	assert_string_equal(buf_cstr(&saved), "\xc3\xa9\n\n");
	buf_done(&saved);
	(void)snprintf(script, sizeof script, "save %s/no/such/folder\n", dir);
	assert_int_equal(run(script, report, NULL), MQ_ENOENT);
	assert_non_null(strstr(report, "line 1: save"));
	assert_int_equal(file_remove_tree(dir, NULL), MQ_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_script_types_waits_and_passes),
		cmocka_unit_test(the_first_unmet_expectation_ends_it_with_line_and_screen),
		cmocka_unit_test(an_app_that_ends_is_not_waited_for),
		cmocka_unit_test(a_mistake_is_told_before_anything_runs),
		cmocka_unit_test(quotes_inside_a_regex_need_no_escape),
		cmocka_unit_test(a_saved_screen_is_trimmed_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
