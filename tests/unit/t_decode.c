#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/osc52.h"
#include "core/model/decode.h"

static void
assert_decodes(struct span value, enum decode_mode m, enum decode_mode as, const char *want)
{
	enum decode_mode got;
	struct buf out;

	buf_init(&out, DECODE_MAX);
	assert_int_equal(decode_value(&out, value, false, m, &got), MQ_OK);
	assert_int_equal(got, as);
	assert_string_equal(out.n != 0 ? buf_cstr(&out) : "", want);
	buf_done(&out);
}

static void
json_is_laid_out(void **state)
{
	(void)state;
	assert_decodes(span_of("{\"a\":1,\"b\":[true,\"x\"],\"c\":{}}"), DECODE_AUTO, DECODE_JSON,
	    "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    \"x\"\n  ],\n  \"c\": {}\n}");
}

static void
what_is_no_json_is_text_and_what_is_no_text_is_hex(void **state)
{
	(void)state;
	assert_decodes(span_of("{\"a\":"), DECODE_AUTO, DECODE_TEXT, "{\"a\":");
	assert_decodes(span_of("21.5"), DECODE_JSON, DECODE_TEXT, "21.5");
	assert_decodes((struct span){ (const uint8_t *)"\0A\xff", 3 }, DECODE_AUTO, DECODE_HEX,
	    "0000  00 41 ff                                         .A.");
}

static void
a_line_end_inside_a_string_makes_no_line(void **state)
{
	(void)state;
	assert_decodes(span_of("[\"a\nVERIFIED\"]"), DECODE_AUTO, DECODE_TEXT, "[\"a\nVERIFIED\"]");
}

static void
deep_nesting_is_shown_as_text(void **state)
{
	char deep[81];

	(void)state;
	memset(deep, '[', 40);
	memset(deep + 40, ']', 40);
	deep[80] = '\0';
	assert_decodes(span_of(deep), DECODE_AUTO, DECODE_TEXT, deep);
}

static void
a_cut_value_is_never_called_json(void **state)
{
	(void)state;
	assert_int_equal(decode_guess(span_of("{}"), true), DECODE_TEXT);
}

static void
nothing_in_a_copied_text_can_act_on_the_terminal(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 8192);
	assert_int_equal(osc52_put(&out, span_of("\x1b]52;c;?\x07"), "xterm-256color"), MQ_OK);
	assert_string_equal(buf_cstr(&out), "\x1b]52;c;G101MjtjOz8H\x07");
	buf_reset(&out);
	assert_int_equal(unsetenv("TMUX"), 0);
	assert_int_equal(osc52_put(&out, span_of("a"), "screen.xterm"), MQ_OK);
	assert_string_equal(buf_cstr(&out), "\x1bP\x1b]52;c;YQ==\x07\x1b\\");
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_laid_out),
		cmocka_unit_test(what_is_no_json_is_text_and_what_is_no_text_is_hex),
		cmocka_unit_test(a_line_end_inside_a_string_makes_no_line),
		cmocka_unit_test(deep_nesting_is_shown_as_text),
		cmocka_unit_test(a_cut_value_is_never_called_json),
		cmocka_unit_test(nothing_in_a_copied_text_can_act_on_the_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
