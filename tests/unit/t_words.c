#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/words.h"

/* The words of a line, a bar behind each; or what is wrong. */
static const char *
split(const char *text, size_t max)
{
	static char out[256];
	char line[256], *word[8];
	const char *wrong;
	size_t n;

	assert_true(strlen(text) < sizeof line);
	memcpy(line, text, strlen(text) + 1);
	if ((wrong = words_split(line, word, max, &n)) != NULL)
		return wrong;
	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)strcat(strcat(out, word[i]), "|");
	return out;
}

static void
quotes_hold_blanks_and_comments_end_a_line(void **state)
{
	(void)state;
	assert_string_equal(split("", 8), "");
	assert_string_equal(split("  # nothing", 8), "");
	assert_string_equal(split("bind\ttopics \"g g\" first # twice\r", 8), "bind|topics|g g|first|");
	assert_string_equal(split("a#b \"#\" \"\" c", 8), "a#b|#||c|");
	assert_string_equal(split("\"say \\\"x\\\" \\\\ \\n\" \\", 8), "say \"x\" \\ \\n|\\|");
}

static void
mistakes_are_named(void **state)
{
	(void)state;
	assert_string_equal(split("a \"b c", 8), "a quote is not closed");
	assert_string_equal(split("a \"b\\\"", 8), "a quote is not closed");
	assert_string_equal(split("\"b\"c", 8), "text follows a closing quote without a blank");
	assert_string_equal(split("a b c", 2), "too many words");
}

static bool
refuse_b(void *arg, const struct words *w, struct mq_error *e)
{
	(*(int *)arg)++;
	if (strcmp(w->word[0], "b") != 0)
		return true;
	(void)mq_fail(e, MQ_EFORMAT, "b is refused");
	return false;
}

static void
every_line_is_looked_at_and_every_error_numbered(void **state)
{
	struct buf errors;
	int lines = 0;

	(void)state;
	buf_init(&errors, 1024);
	assert_int_equal(words_each(span_of("a\n\n# x\nb\n\xff\n\x01\nb 2"), refuse_b, &lines, &errors), 4);
	assert_int_equal(lines, 3);
	assert_string_equal(buf_cstr(&errors), "line 4: b is refused\nline 5: not UTF-8\n"
					       "line 6: a control character\nline 7: b is refused\n");
	buf_done(&errors);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotes_hold_blanks_and_comments_end_a_line),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(every_line_is_looked_at_and_every_error_numbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
