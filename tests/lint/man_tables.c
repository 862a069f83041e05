/*
 * The tables of the manual, made from the program's own: `man_tables NAME` prints one as mdoc, and
 * `man_tables words` every word of the protocol that a page has to explain. The lint test
 * man_tables.test compares them with what stands in the pages; UPDATE=1 rewrites the pages.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/config/config.h"
#include "core/conf/accept.h"
#include "core/conf/topic.h"
#include "core/model/tree_state.h"
#include "core/verdict/judge.h"
#include "core/wire/receipt.h"
#include "ui/action.h"
#include "ui/keymap.h"

#define TABLE_MAX (1u << 20)
#define ROWS_MAX 256

/* A sentence on a line of its own: what mdoc could take for a request or an escape is masked. */
static void
put_sentence(struct buf *out, const char *s)
{
	char first = s[0] >= 'a' && s[0] <= 'z' ? (char)(s[0] - 'a' + 'A') : s[0];

	if (first == '.' || first == '\'')
		(void)buf_puts(out, "\\&");
	for (const char *c = s; *c != 0; c++)
		if (*c == '\\')
			(void)buf_puts(out, "\\e");
		else
			(void)buf_putc(out, c == s ? first : *c);
	(void)buf_puts(out, s[strlen(s) - 1] == '?' ? "\n" : ".\n");
}

/* A word that ends like a sentence is still a word. */
static void
put_word(struct buf *out, const char *word)
{
	(void)buf_printf(out, ".It Li %s%s", word,
	    strchr(".,;:?!", word[strlen(word) - 1]) != NULL ? "\\&" : "");
}

static void
put_verdicts(struct buf *out)
{
	(void)buf_puts(out, ".Bl -tag -width Ds\n");
	for (int i = V_NONE + 1; i < V_COUNT; i++) {
		enum verdict v = (enum verdict)i;

		put_word(out, verdict_code(v));
		(void)buf_printf(out, " No ( \\&%c , %s , %s )\n", verdict_letter(v),
		    phase_name(verdict_phase(v)), verdict_class_name(verdict_class(v)));
		put_sentence(out, verdict_sentence(v));
	}
	(void)buf_puts(out, ".El\n");
}

static void
put_tree_states(struct buf *out)
{
	(void)buf_puts(out, ".Bl -tag -width Ds\n");
	for (int i = TREE_UNKNOWN + 1; i < TREE_STATE_COUNT; i++) {
		enum tree_state s = (enum tree_state)i;

		put_word(out, tree_state_word(s));
		(void)buf_printf(out, " No ( \\&%c , %s%s )\n", tree_state_letter(s),
		    verdict_class_name(tree_state_class(s)), tree_state_is_sticky(s) ? " , sticky" : "");
		put_sentence(out, tree_state_sentence(s));
	}
	(void)buf_puts(out, ".El\n");
}

/* ---- keys */

/* The default keys of an action as they are written in the configuration. */
static void
put_keys(struct buf *out, enum action a, enum context c)
{
	struct rd r = rd_of(keymap_defaults(), strlen(keymap_defaults()));
	struct span line;
	char head[64];
	bool first = true;

	(void)snprintf(head, sizeof head, "bind %s ", context_name(c));
	while (rd_line(&r, &line)) {
		const char *name = action_name(a);
		size_t key_n = line.n - strlen(name);
		struct span key = { line.p + strlen(head), 0 };

		if (!span_starts(line, head) || line.n <= strlen(head) + strlen(name) + 1 ||
		    memcmp(line.p + key_n, name, strlen(name)) != 0 || line.p[key_n - 1] != ' ')
			continue;
		key.n = key_n - 1 - strlen(head);
		(void)buf_puts(out, first ? ".It Ic \\&" : " , \\&");
		(void)buf_put(out, key.p, key.n);
		first = false;
	}
	(void)buf_puts(out, "\n");
}

static const char *
danger_words(int danger)
{
	return danger == 1 ? "Acts." : "Acts, once the last eight hexadecimal digits were typed.";
}

static void
put_context(struct buf *out, const struct keymap *km, enum context c)
{
	static struct help_row row[ROWS_MAX];
	size_t n = keymap_help(km, c, row, ROWS_MAX);
	bool any = false;

	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		if (row[i].context != c)
			continue;
		if (!any)
			(void)buf_printf(out, ".Ss In the context %s\n.Bl -tag -width Ds\n",
			    context_name(c));
		any = true;
		put_keys(out, row[i].action, c);
		put_sentence(out, action_sentence(row[i].action));
		if (action_danger(row[i].action) != 0)
			(void)buf_printf(out, "%s\n", danger_words(action_danger(row[i].action)));
	}
	if (any)
		(void)buf_puts(out, ".El\n");
}

static void
put_keymap(struct buf *out)
{
	struct keymap *km = keymap_new();

	if (km == NULL)
		exit(3);
	for (int c = 0; c < CONTEXT_COUNT; c++)
		put_context(out, km, (enum context)c);
	keymap_free(km);
}

/* ---- settings and words */

static void
put_settings(struct buf *out)
{
	(void)config_put_man(out); /* its error stays in out */
}

static void
put_words(struct buf *out)
{
	for (int i = 0; i < FLAG_COUNT; i++)
		(void)buf_printf(out, "%s\n", flag_code((enum flag_bit)i));
	for (int i = GS_NONE + 1; i <= GS_FAILSAFE; i++)
		(void)buf_printf(out, "%s\n", gateway_state_name((enum gateway_state)i));
	for (int i = SLOT_SECURE; i < SLOT_OTHER; i++)
		(void)buf_printf(out, "%s\n", topic_slot_name((enum topic_slot)i));
	for (int i = SUITE_ED25519; i <= SUITE_HMAC; i++)
		(void)buf_printf(out, "%s\n", suite_name((enum suite)i));
	for (int i = REASON_NONE + 1; i < (int)REASON_EPOCH + 1; i++)
		(void)buf_printf(out, "%s\n", accept_reason_name((enum accept_reason)i));
}

static const struct {
	const char *name;
	void (*put)(struct buf *out);
} tables[] = {
	{ "verdicts", put_verdicts }, { "tree-states", put_tree_states }, { "keys", put_keymap },
	{ "settings", put_settings }, { "words", put_words },
};

int
main(int argc, char **argv)
{
	struct buf out;
	size_t i = 0;

	while (argc == 2 && i < sizeof tables / sizeof tables[0] &&
	    strcmp(argv[1], tables[i].name) != 0)
		i++;
	if (argc != 2 || i == sizeof tables / sizeof tables[0]) {
		(void)fprintf(stderr, "usage: man_tables verdicts|tree-states|keys|settings|words\n");
		return 2;
	}
	buf_init(&out, TABLE_MAX);
	tables[i].put(&out);
	if (buf_cstr(&out) == NULL)
		return 3;
	(void)fputs((const char *)out.p, stdout);
	buf_done(&out);
	return 0;
}
