#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/typing.h"

static struct typing typing; /* large: its queue holds thousands of events */

static void
send(const char *text)
{
	for (; *text != '\0'; text++)
		typing_char(&typing, (uint32_t)(unsigned char)*text);
}

/* One wake-up that brought this. */
static void
wake(const char *text, int64_t now)
{
	typing_begin(&typing, now);
	send(text);
	typing_end(&typing, now);
}

/* All waiting events as text: key names and "paste(...)". */
static const char *
events(void)
{
	static char out[8192];
	struct input in;
	char name[KEY_NAME_MAX];
	size_t n = 0;

	out[0] = '\0';
	while (inputq_take(&typing.queue, &in) && n < sizeof out - 200) {
		if (in.kind == INPUT_PASTE) {
			memcpy(out + n, in.paste_cut ? "cut(" : "paste(", in.paste_cut ? 4 : 6);
			n += in.paste_cut ? 4 : 6;
			memcpy(out + n, in.paste.p, in.paste.n < 100 ? in.paste.n : 100);
			n += in.paste.n < 100 ? in.paste.n : 100;
			memcpy(out + n, ") ", 3);
			n += 2;
			continue;
		}
		key_print(in.key, name);
		memcpy(out + n, name, strlen(name));
		n += strlen(name);
		memcpy(out + n++, " ", 2);
	}
	return out;
}

static int
begin(void **state)
{
	(void)state;
	typing_init(&typing, true);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	typing_done(&typing);
	return 0;
}

static void
control_characters_are_keys(void **state)
{
	(void)state;
	wake("a\r\n\t\x7f\x08\x03\x1a\x1c", 0);
	assert_string_equal(events(), "a Enter Enter Tab BSpace C-h C-c C-z C-\\ ");
	typing_begin(&typing, 0);
	typing_char(&typing, 0);
	typing_char(&typing, 0xe9);
	typing_char(&typing, 0x9b); /* C1 */
	typing_char(&typing, 0x202e);
	typing_end(&typing, 0);
	assert_string_equal(events(), "C-Space \xc3\xa9 ");
}

static void
escape_is_a_key_alone_and_alt_before_another(void **state)
{
	(void)state;
	wake("\x1b", 0);
	wake("x", 1);
	wake("\x1bx", 2);
	wake("\x1b\x1b", 3);
	assert_string_equal(events(), "Escape x M-x Escape Escape ");
	typing_begin(&typing, 4);
	typing_char(&typing, 0x1b);
	typing_key(&typing, key_of(K_UP));
	typing_end(&typing, 4);
	assert_string_equal(events(), "M-Up ");
}

static void
unknown_sequences_are_swallowed_whole(void **state)
{
	(void)state;
	wake("\x1b[99;5~j\x1bOzk\x1b[?1;2cl\x1b[<0;3;4Mm", 0);
	assert_string_equal(events(), "j k l m ");
	wake("\x1b[99", 1); /* also when it comes in two pieces */
	wake(";5~x", 2);
	assert_string_equal(events(), "x ");
	wake("\x1b[", 3);
	wake("H", 4);
	assert_string_equal(events(), "H ");
}

static void
marked_text_is_one_paste(void **state)
{
	(void)state;
	typing_begin(&typing, 0);
	send("a");
	typing_paste_begin(&typing);
	send("EP\x1b[Z\rq");
	typing_key(&typing, key_of(K_F1));
	typing_end(&typing, 0);
	assert_string_equal(events(), "a ");
	typing_begin(&typing, 100);
	send("\x03");
	typing_paste_end(&typing);
	send("b");
	typing_end(&typing, 100);
	assert_string_equal(events(), "paste(EP\x1b[Z\nq\x03) b ");
}

static void
a_paste_without_end_ends_by_silence(void **state)
{
	(void)state;
	typing_begin(&typing, 0);
	typing_paste_begin(&typing);
	send("text");
	typing_end(&typing, 0);
	wake("more", TYPING_SILENCE_MS);
	assert_string_equal(events(), "");
	wake("q", 2 * TYPING_SILENCE_MS + 1);
	assert_string_equal(events(), "cut(textmore) q ");
}

static void
a_paste_is_bounded(void **state)
{
	struct input in;

	(void)state;
	typing_begin(&typing, 0);
	typing_paste_begin(&typing);
	for (int i = 0; i < INPUT_PASTE_MAX + 5; i++)
		typing_char(&typing, 'x');
	typing_paste_end(&typing);
	typing_end(&typing, 0);
	assert_true(inputq_take(&typing.queue, &in));
	assert_int_equal(in.kind, INPUT_PASTE);
	assert_true(in.paste_cut);
	assert_int_equal(in.paste.n, INPUT_PASTE_MAX);
}

static void
a_burst_is_a_paste_where_pastes_are_not_marked(void **state)
{
	(void)state;
	wake("EPTAXHIRNKqqqqqqqq", 0);
	assert_string_equal(events(), "E P T A X H I R N K q q q q q q q q ");
	typing_done(&typing);
	typing_init(&typing, false);
	wake("EPTAXHIRNK\tqqqqqqqq\r", 0);
	assert_string_equal(events(), "paste(EPTAXHIRNK\tqqqqqqqq) Enter ");
	wake("EPTAXHIRNKqqqqqq", 1); /* not more than 16 */
	assert_string_equal(events(), "E P T A X H I R N K q q q q q q ");
	wake("jjjjjjjjjjjjjjjjjjjjjj", 2); /* a held key */
	assert_int_equal(typing.queue.n, 22);
}

static void
a_full_queue_drops_and_survives(void **state)
{
	struct input in;
	size_t n = 0;

	(void)state;
	typing_begin(&typing, 0);
	for (int i = 0; i < INPUTQ_MAX + 100; i++)
		typing_char(&typing, 'x');
	typing_paste_begin(&typing);
	typing_paste_end(&typing);
	typing_end(&typing, 0);
	while (inputq_take(&typing.queue, &in))
		n++;
	assert_int_equal(n, INPUTQ_MAX);
	wake("y", 1);
	assert_string_equal(events(), "y ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(control_characters_are_keys, begin, end),
		cmocka_unit_test_setup_teardown(escape_is_a_key_alone_and_alt_before_another, begin, end),
		cmocka_unit_test_setup_teardown(unknown_sequences_are_swallowed_whole, begin, end),
		cmocka_unit_test_setup_teardown(marked_text_is_one_paste, begin, end),
		cmocka_unit_test_setup_teardown(a_paste_without_end_ends_by_silence, begin, end),
		cmocka_unit_test_setup_teardown(a_paste_is_bounded, begin, end),
		cmocka_unit_test_setup_teardown(a_burst_is_a_paste_where_pastes_are_not_marked, begin, end),
		cmocka_unit_test_setup_teardown(a_full_queue_drops_and_survives, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
