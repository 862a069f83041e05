#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "core/base/log.h"

struct seen {
	int lines;
	enum log_level level;
	char text[8192];
};

static void
remember(void *arg, enum log_level level, const char *line)
{
	struct seen *s = arg;

	s->lines++;
	s->level = level;
	(void)snprintf(s->text, sizeof s->text, "%s", line);
}

static void
lines_reach_the_sink_escaped(void **state)
{
	struct seen s = { 0 };

	(void)state;
	log_set_sink(remember, &s);
	log_warn("envelope refused tree=%s seq=%d", "a\x1b[2Jb\n", 41);
	assert_int_equal(s.lines, 1);
	assert_int_equal(s.level, LOG_LEVEL_WARN);
	assert_string_equal(s.text, "envelope refused tree=a\\x1b[2Jb\\x0a seq=41");
	log_set_sink(NULL, NULL);
}

static void
the_level_decides_what_is_written(void **state)
{
	struct seen s = { 0 };

	(void)state;
	log_set_sink(remember, &s);
	log_set_level(LOG_LEVEL_WARN);
	log_info("not this");
	log_debug("nor this");
	assert_int_equal(s.lines, 0);
	log_error("this");
	assert_int_equal(s.level, LOG_LEVEL_ERROR);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("and this");
	assert_string_equal(s.text, "and this");
	assert_int_equal(s.lines, 2);
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(NULL, NULL);
}

static void
endless_text_is_cut(void **state)
{
	struct seen s = { 0 };
	char endless[9000];
	size_t n;

	(void)state;
	memset(endless, '\a', sizeof endless - 1);
	endless[sizeof endless - 1] = '\0';
	log_set_sink(remember, &s);
	log_info("%s", endless);
	n = strlen(s.text);
	assert_in_range(n, 1000, 4095);
	assert_string_equal(s.text + n - 3, "...");
	log_set_sink(NULL, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_reach_the_sink_escaped),
		cmocka_unit_test(the_level_decides_what_is_written),
		cmocka_unit_test(endless_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
