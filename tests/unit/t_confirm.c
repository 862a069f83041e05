#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/confirm.h"

static const char fpr[] = "607400BEA328EF86FCDD3A57789B3BE9576A3395";

static struct confirm
opened(void)
{
	struct confirm c;

	assert_true(confirm_open(&c, ACTION_ACCEPT, span_of(fpr)));
	confirm_shown(&c);
	return c;
}

static enum confirm_state
act(struct confirm *c, enum action a)
{
	const struct input in = { .kind = INPUT_KEY, .key = { K_ENTER, 0 } };

	return confirm_input(c, &in, a);
}

static enum confirm_state
type(struct confirm *c, const char *text)
{
	for (; *text != '\0'; text++) {
		const struct input in = { .kind = INPUT_KEY, .key = key_of((uint32_t)(unsigned char)*text) };

		(void)confirm_input(c, &in, ACTION_NONE);
	}
	return c->state;
}

static void
only_the_typed_word_is_yes(void **state)
{
	struct confirm c = opened();

	(void)state;
	assert_int_equal(type(&c, "576a3395"), CONFIRM_OPEN);
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_YES);
}

static void
no_is_the_default(void **state)
{
	static const enum action ways_out[] = { ACTION_LINE_ACCEPT, ACTION_BACK, ACTION_LEAVE };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct confirm c = opened();

		assert_int_equal(act(&c, ways_out[i]), CONFIRM_NO);
		(void)type(&c, "576A3395"); /* closed is closed */
		assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_NO);
	}
}

static void
a_wrong_word_asks_again(void **state)
{
	struct confirm c = opened();

	(void)state;
	(void)type(&c, "576A3394");
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_OPEN);
	assert_int_equal(c.n, 0);
	(void)type(&c, "576A339");
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_OPEN);
	(void)type(&c, "yes");
	assert_int_equal(c.n, 1); /* e is a hex digit, the others are nothing */
	(void)act(&c, ACTION_LINE_RUB);
	(void)act(&c, ACTION_LINE_RUB);
	(void)type(&c, "576A33950000"); /* more than 8 are not taken */
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_YES);
}

static void
a_paste_cannot_confirm(void **state)
{
	struct confirm c = opened();
	struct input in = { .kind = INPUT_PASTE, .paste = span_of("576A3395\n") };

	(void)state;
	(void)type(&c, "576A");
	assert_int_equal(confirm_input(&c, &in, ACTION_NONE), CONFIRM_OPEN);
	assert_int_equal(c.n, 0);
	assert_non_null(strstr(c.hint, "past"));
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_NO);
}

static void
keys_typed_before_it_was_shown_do_not_count(void **state)
{
	struct confirm c;

	(void)state;
	assert_true(confirm_open(&c, ACTION_HALT, span_of(fpr)));
	(void)type(&c, "576A3395");
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_OPEN);
	assert_int_equal(c.n, 0);
	confirm_shown(&c);
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_NO);
}

static void
a_target_that_changed_can_only_be_refused(void **state)
{
	struct confirm c = opened();

	(void)state;
	(void)type(&c, "576A3395");
	confirm_target_changed(&c);
	(void)type(&c, "576A3395");
	assert_int_equal(c.n, 0);
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_NO);
}

static void
a_terminal_that_is_gone_says_no(void **state)
{
	struct confirm c = opened();
	struct input in = { .kind = INPUT_HANGUP };

	(void)state;
	(void)type(&c, "576A3395");
	assert_int_equal(confirm_input(&c, &in, ACTION_NONE), CONFIRM_NO);
}

static void
without_eight_digits_there_is_no_dialog(void **state)
{
	struct confirm c;

	(void)state;
	assert_false(confirm_open(&c, ACTION_PIN, span_of("576A339")));
	assert_int_equal(c.state, CONFIRM_NO);
	assert_false(confirm_open(&c, ACTION_PIN, span_of("xyz00000 576A33")));
	assert_false(confirm_open(&c, ACTION_PIN, span_of("")));
	confirm_shown(&c);
	assert_int_equal(act(&c, ACTION_LINE_ACCEPT), CONFIRM_NO);
}

static void
it_is_drawn_at_every_size(void **state)
{
	const struct span lines[] = { span_of("tree  bank\x1b[2J"), span_of("") };
	const struct confirm_text text = { "accept", lines, 2, "your key", span_of(fpr) };
	struct confirm c = opened();
	struct grid g;

	(void)state;
	grid_init(&g);
	(void)type(&c, "57");
	for (int w = 0; w < 90; w += 3)
		for (int h = 0; h < 16; h++) {
			assert_int_equal(grid_resize(&g, w, h), MQ_OK);
			confirm_draw(&c, &text, &g, grid_rect(&g));
		}
	grid_done(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_typed_word_is_yes),
		cmocka_unit_test(no_is_the_default),
		cmocka_unit_test(a_wrong_word_asks_again),
		cmocka_unit_test(a_paste_cannot_confirm),
		cmocka_unit_test(keys_typed_before_it_was_shown_do_not_count),
		cmocka_unit_test(a_target_that_changed_can_only_be_refused),
		cmocka_unit_test(a_terminal_that_is_gone_says_no),
		cmocka_unit_test(without_eight_digits_there_is_no_dialog),
		cmocka_unit_test(it_is_drawn_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
