#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/key.h"
#include "ui/keymap.h"

static struct key
key(const char *name)
{
	struct key k = { K_NONE, 0 };

	assert_true(key_parse(span_of(name), &k));
	return k;
}

static enum action
feed(const struct keymap *km, struct keymap_state *st, enum context c, const char *name)
{
	enum action a;

	(void)keymap_feed(km, st, c, key(name), &a);
	return a;
}

/* What one key does on its own. */
static enum action
action_of(const struct keymap *km, enum context c, const char *name)
{
	struct keymap_state st = { { K_NONE, 0 } };

	return feed(km, &st, c, name);
}

static enum mq_err
bind(struct keymap *km, const char *context, const char *keys, const char *action,
    struct mq_error *e)
{
	return keymap_bind(km, span_of(context), span_of(keys), span_of(action), e);
}

static void
key_names_are_those_of_tmux(void **state)
{
	static const char *const names[] = { "Down", "Enter", "C-l", "F1", "F20", "x", "G", "?", "Space",
		"C-Space", "M-x", "C-M-x", "S-Up", "C-Right", "BTab", "PgUp", "DC", "IC", "BSpace", "-",
		"M--", "\xc3\xa9", "Escape", "C-\\" };
	char name[KEY_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		key_print(key(names[i]), name);
		assert_string_equal(name, names[i]);
	}
	assert_true(key_eq(key("NPage"), key("PgDn")));
	assert_true(key_eq(key("C-L"), key("C-l")));
	assert_true(key_eq(key("S-Tab"), key("BTab")));
	key_label(key("Enter"), name);
	assert_string_equal(name, "enter");
	key_label(key("C-Right"), name);
	assert_string_equal(name, "C-\xe2\x86\x92");
}

static void
what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "C-", "C-C-x", "F0", "F21", "F01", "downn", "xy", "S-x",
		"C-1", "\x1b", "\xe2\x80\xae", "\xff" };
	struct key k;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(key_parse(span_of(bad[i]), &k));
}

static void
every_default_line_is_a_valid_binding_of_its_own(void **state)
{
	struct keymap *km = keymap_new();
	struct buf dump, errors;

	(void)state;
	assert_non_null(km);
	buf_init(&dump, 1 << 16);
	buf_init(&errors, 1 << 16);
	/* what is dumped can be used as it is: the rules for operators hold for the defaults */
	assert_int_equal(bind(km, "log", "\"", "why", NULL), MQ_OK);
	assert_int_equal(bind(km, "log", "\\ #", "help", NULL), MQ_OK);
	assert_int_equal(keymap_dump(km, &dump), MQ_OK);
	keymap_free(km);
	km = keymap_new();
	assert_int_equal(keymap_parse(km, buf_span(&dump), &errors), MQ_OK);
	assert_int_equal(errors.n, 0);
	keymap_free(km);
	buf_done(&dump);
	buf_done(&errors);
}

static void
every_action_has_a_key_a_name_and_a_sentence(void **state)
{
	struct keymap *km = keymap_new();
	char label[32];

	(void)state;
	for (int a = 1; a < ACTION_COUNT; a++) {
		enum action again;
		bool found = false;

		for (int c = 0; c < CONTEXT_COUNT; c++)
			found = found || keymap_hint(km, (enum context)c, (enum action)a, label, sizeof label);
		if (!found)
			fail_msg("no key for %s", action_name((enum action)a));
		assert_true(action_from_name(span_of(action_name((enum action)a)), &again));
		assert_int_equal(again, a);
		assert_true(strlen(action_sentence((enum action)a)) > 5);
		assert_true(strlen(action_label((enum action)a)) > 1);
	}
	keymap_free(km);
}

static void
a_key_is_looked_up_in_its_context_then_in_global(void **state)
{
	struct keymap *km = keymap_new();

	(void)state;
	assert_int_equal(action_of(km, CONTEXT_TOPICS, "N"), ACTION_SEARCH_PREVIOUS);
	assert_int_equal(action_of(km, CONTEXT_OWNERSHIP, "N"), ACTION_RENEW);
	assert_int_equal(action_of(km, CONTEXT_LOG, "C-l"), ACTION_REDRAW);
	assert_int_equal(action_of(km, CONTEXT_LOG, "T"), ACTION_NONE);
	assert_int_equal(action_of(km, CONTEXT_PROMPT, "Enter"), ACTION_LINE_ACCEPT);
	assert_int_equal(action_of(km, CONTEXT_PROMPT, "q"), ACTION_NONE); /* letters are text there */
	assert_int_equal(action_of(km, CONTEXT_PROMPT, "PgUp"), ACTION_NONE);
	keymap_free(km);
}

static void
acting_keys_are_capitals(void **state)
{
	struct keymap *km = keymap_new();
	struct mq_error e;

	(void)state;
	for (int c = 0; c < CONTEXT_COUNT; c++)
		for (char letter = 'a'; letter <= 'z'; letter++) {
			char name[2] = { letter, 0 };

			assert_int_equal(action_danger(action_of(km, (enum context)c, name)), 0);
		}
	assert_int_equal(bind(km, "ownership", "a", "accept", &e), MQ_EINVAL);
	assert_int_equal(bind(km, "ownership", "1", "halt", &e), MQ_EINVAL);
	assert_int_equal(bind(km, "ownership", "g a", "accept", &e), MQ_EINVAL);
	assert_int_equal(bind(km, "ownership", "g A", "accept", &e), MQ_OK);
	assert_int_equal(bind(km, "ownership", "M-a", "accept", &e), MQ_OK);
	keymap_free(km);
}

static void
read_only_removes_every_acting_key(void **state)
{
	struct keymap *km = keymap_new();
	struct help_row rows[ACTION_COUNT];

	(void)state;
	keymap_read_only(km);
	for (int c = 0; c < CONTEXT_COUNT; c++) {
		size_t n = keymap_help(km, (enum context)c, rows, ACTION_COUNT);

		for (char letter = 'A'; letter <= 'Z'; letter++) {
			char name[2] = { letter, 0 };

			assert_int_equal(action_danger(action_of(km, (enum context)c, name)), 0);
		}
		assert_in_range(n, 1, ACTION_COUNT);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(action_danger(rows[i].action), 0);
	}
	assert_false(keymap_allowed(km, ACTION_PUSH));
	keymap_free(km);
}

static void
an_operator_replaces_a_default(void **state)
{
	struct keymap *km = keymap_new();

	(void)state;
	assert_int_equal(bind(km, "topics", "n", "next-failure", NULL), MQ_OK);
	assert_int_equal(action_of(km, CONTEXT_TOPICS, "n"), ACTION_NEXT_FAILURE);
	assert_int_equal(action_of(km, CONTEXT_LOG, "n"), ACTION_SEARCH_NEXT);
	assert_int_equal(bind(km, "global", "j", "page-down", NULL), MQ_OK);
	assert_int_equal(action_of(km, CONTEXT_LOG, "j"), ACTION_PAGE_DOWN);
	assert_int_equal(bind(km, "log", "n", "none", NULL), MQ_OK);
	assert_int_equal(action_of(km, CONTEXT_LOG, "n"), ACTION_NONE);
	keymap_free(km);
}

static void
two_keys_in_a_row_work_and_the_first_alone_does_not(void **state)
{
	struct keymap *km = keymap_new();
	struct keymap_state st = { { K_NONE, 0 } };
	enum action a;

	(void)state;
	assert_int_equal(bind(km, "topics", "g g", "first", NULL), MQ_OK);
	assert_int_equal(keymap_feed(km, &st, CONTEXT_TOPICS, key("g"), &a), KEYMAP_PENDING);
	assert_int_equal(a, ACTION_NONE);
	assert_int_equal(keymap_feed(km, &st, CONTEXT_TOPICS, key("g"), &a), KEYMAP_ACTION);
	assert_int_equal(a, ACTION_FIRST);
	/* what completes nothing is looked up on its own */
	assert_int_equal(feed(km, &st, CONTEXT_TOPICS, "g"), ACTION_NONE);
	assert_int_equal(feed(km, &st, CONTEXT_TOPICS, "j"), ACTION_DOWN);
	assert_int_equal(feed(km, &st, CONTEXT_LOG, "g"), ACTION_FIRST);
	keymap_free(km);
}

static void
collisions_and_mistakes_are_told(void **state)
{
	static const char text[] = "bind topics \"x\" none\n"
				   "# mine\n"
				   "bind topics \"x\" why\n"
				   "bind nowhere x why\n"
				   "bind topics \"x y\" why\n"
				   "bind topics \"a b c\" why\n"
				   "bind topics b fly\n"
				   "bind log d decode\n"
				   "bind global C-c help\n"
				   "bind topics \"g Escape\" help\n"
				   "bind prompt y line-accept\n"
				   "unbind x\n"
				   "bind topics \"b\x1b\" help\n";
	struct keymap *km = keymap_new();
	struct buf errors;

	(void)state;
	buf_init(&errors, 4096);
	assert_int_equal(keymap_parse(km, span_of(text), &errors), MQ_EFORMAT);
	assert_string_equal(buf_cstr(&errors),
	    "line 3: bound twice: x\n"
	    "line 4: there is no context of this name: nowhere\n"
	    "line 5: one binding begins with another: x y\n"
	    "line 6: not a key, nor two keys with one blank between: a b c\n"
	    "line 7: there is no action of this name: fly\n"
	    "line 8: this action does nothing in that context: decode\n"
	    "line 9: C-c and Escape keep their meaning: C-c\n"
	    "line 10: C-c and Escape keep their meaning: g Escape\n"
	    "line 11: a character could not be typed any more: y\n"
	    "line 12: a binding is: bind CONTEXT \"KEY\" ACTION\n"
	    "line 13: a control character\n");
	assert_int_equal(action_of(km, CONTEXT_TOPICS, "x"), ACTION_NONE);
	buf_done(&errors);
	keymap_free(km);
}

static const struct help_row *
row_of(const struct help_row *rows, size_t n, enum action a)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].action == a)
			return &rows[i];
	return NULL;
}

static void
help_shows_the_keys_the_operator_has(void **state)
{
	struct keymap *km = keymap_new();
	struct help_row rows[ACTION_COUNT];
	char label[32];
	size_t n;

	(void)state;
	assert_int_equal(bind(km, "ownership", "F5", "renew", NULL), MQ_OK);
	assert_int_equal(bind(km, "global", "w", "why", NULL), MQ_OK);
	n = keymap_help(km, CONTEXT_OWNERSHIP, rows, ACTION_COUNT);
	assert_string_equal(row_of(rows, n, ACTION_RENEW)->keys, "N, F5");
	assert_int_equal(row_of(rows, n, ACTION_RENEW)->context, CONTEXT_OWNERSHIP);
	assert_string_equal(row_of(rows, n, ACTION_WHY)->keys, "v, w");
	assert_string_equal(row_of(rows, n, ACTION_DOWN)->keys, "j, \xe2\x86\x93");
	assert_null(row_of(rows, n, ACTION_SEARCH_PREVIOUS)); /* its key renews here */
	assert_null(row_of(rows, n, ACTION_LINE_RUB));
	assert_int_equal(rows[0].context, CONTEXT_OWNERSHIP); /* own keys first */
	assert_true(keymap_hint(km, CONTEXT_TOPICS, ACTION_OPEN, label, sizeof label));
	assert_string_equal(label, "enter");
	assert_false(keymap_hint(km, CONTEXT_LOG, ACTION_TRANSFER, label, sizeof label));
	assert_int_equal(keymap_help(km, CONTEXT_OWNERSHIP, rows, 3), n);
	keymap_free(km);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_names_are_those_of_tmux),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(every_default_line_is_a_valid_binding_of_its_own),
		cmocka_unit_test(every_action_has_a_key_a_name_and_a_sentence),
		cmocka_unit_test(a_key_is_looked_up_in_its_context_then_in_global),
		cmocka_unit_test(acting_keys_are_capitals),
		cmocka_unit_test(read_only_removes_every_acting_key),
		cmocka_unit_test(an_operator_replaces_a_default),
		cmocka_unit_test(two_keys_in_a_row_work_and_the_first_alone_does_not),
		cmocka_unit_test(collisions_and_mistakes_are_told),
		cmocka_unit_test(help_shows_the_keys_the_operator_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
