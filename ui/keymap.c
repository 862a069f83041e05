#include "ui/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/base/words.h"

struct binding {
	enum context context;
	struct key key[2];
	int n; /* keys */
	enum action action;
	bool own; /* the operator's, not a default */
};

struct keymap {
	struct binding at[KEYMAP_MAX];
	size_t n;
	bool allowed[ACTION_COUNT];
};

static enum mq_err
refuse(struct mq_error *e, const char *what, struct span name)
{
	char shown[64];

	utf8_safe(shown, sizeof shown, name);
	return mq_fail(e, MQ_EINVAL, "%s: %s", what, shown);
}

static bool
is_prefix(const struct binding *a, const struct binding *b)
{
	for (int i = 0; i < a->n && i < b->n; i++)
		if (!key_eq(a->key[i], b->key[i]))
			return false;
	return a->n <= b->n;
}

static bool
same_keys(const struct binding *a, const struct binding *b)
{
	return a->n == b->n && is_prefix(a, b);
}

/* "g" or "g g". */
static bool
parse_keys(struct span s, struct binding *b)
{
	for (b->n = 0; b->n < 2 && s.n != 0; b->n++) {
		struct span one = { s.p, 0 };

		while (one.n < s.n && s.p[one.n] != ' ')
			one.n++;
		if (!key_parse(one, &b->key[b->n]))
			return false;
		s.n -= one.n;
		s.p += one.n;
		if (s.n == 1) /* a blank and nothing behind it */
			return false;
		if (s.n != 0) {
			s.p++;
			s.n--;
		}
	}
	return b->n != 0 && s.n == 0;
}

static bool
is_capital(struct key k)
{
	return k.mods == 0 && k.code >= 'A' && k.code <= 'Z';
}

/* C-c and Escape lead out of everything, on every screen. */
static bool
is_way_out(const struct binding *b)
{
	for (int i = 0; i < b->n; i++)
		if (key_eq(b->key[i], key_ctrl('c')) || key_eq(b->key[i], key_of(K_ESCAPE)))
			return true;
	return false;
}

static const struct binding *
find_same(const struct keymap *km, const struct binding *b)
{
	for (size_t i = 0; i < km->n; i++)
		if (km->at[i].context == b->context && same_keys(&km->at[i], b))
			return &km->at[i];
	return NULL;
}

/* The rules an operator's binding must keep. */
static enum mq_err
check_binding(const struct keymap *km, const struct binding *b, struct span keys,
    struct mq_error *e)
{
	const struct binding *same = find_same(km, b);

	if (is_way_out(b) && (same == NULL || same->action != b->action))
		return refuse(e, "C-c and Escape keep their meaning", keys);
	if (b->context == CONTEXT_PROMPT && key_is_text(b->key[0]))
		return refuse(e, "a character could not be typed any more", keys);
	if (action_danger(b->action) > 0 && key_is_text(b->key[b->n - 1]) &&
	    !is_capital(b->key[b->n - 1]))
		return refuse(e, "what acts needs a capital, a function key or C- or M-", keys);
	for (size_t i = 0; i < km->n; i++) {
		const struct binding *other = &km->at[i];

		if (other->own && other->context == b->context && other != same &&
		    (is_prefix(other, b) || is_prefix(b, other)))
			return refuse(e, "one binding begins with another", keys);
	}
	if (same != NULL && same->own)
		return refuse(e, "bound twice", keys);
	return MQ_OK;
}

/* Adds a binding; defaults of the same context that it hides are removed. */
static enum mq_err
add(struct keymap *km, const struct binding *b, struct mq_error *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < km->n; i++) {
		const struct binding *old = &km->at[i];

		if (old->own || old->context != b->context || !(is_prefix(old, b) || is_prefix(b, old)))
			km->at[kept++] = *old;
	}
	km->n = kept;
	if (km->n == KEYMAP_MAX)
		return mq_fail(e, MQ_ELIMIT, "more than %d key bindings", KEYMAP_MAX);
	km->at[km->n++] = *b;
	return MQ_OK;
}

static enum mq_err
read_binding(struct span context, struct span keys, struct span action, struct binding *b,
    struct mq_error *e)
{
	if (!context_from_name(context, &b->context))
		return refuse(e, "there is no context of this name", context);
	if (!parse_keys(keys, b))
		return refuse(e, "not a key, nor two keys with one blank between", keys);
	if (!action_from_name(action, &b->action))
		return refuse(e, "there is no action of this name", action);
	if (!action_in_context(b->action, b->context))
		return refuse(e, "this action does nothing in that context", action);
	return MQ_OK;
}

enum mq_err
keymap_bind(struct keymap *km, struct span context, struct span keys, struct span action,
    struct mq_error *e)
{
	struct binding b = { .own = true };
	enum mq_err err;

	if ((err = read_binding(context, keys, action, &b, e)) != MQ_OK ||
	    (err = check_binding(km, &b, keys, e)) != MQ_OK)
		return err;
	return add(km, &b, e);
}

static bool
parse_own(void *arg, const struct words *w, struct mq_error *e)
{
	if (w->n != 4 || strcmp(w->word[0], "bind") != 0) {
		(void)mq_fail(e, MQ_EFORMAT, "a binding is: bind CONTEXT \"KEY\" ACTION");
		return false;
	}
	return keymap_bind(arg, span_of(w->word[1]), span_of(w->word[2]), span_of(w->word[3]), e) == MQ_OK;
}

static bool
parse_default(void *arg, const struct words *w, struct mq_error *e)
{
	struct binding b = { .own = false };

	return w->n == 4 &&
	    read_binding(span_of(w->word[1]), span_of(w->word[2]), span_of(w->word[3]), &b, e) == MQ_OK &&
	    add(arg, &b, e) == MQ_OK;
}

enum mq_err
keymap_parse(struct keymap *km, struct span text, struct buf *errors)
{
	return words_each(text, parse_own, km, errors) == 0 ? MQ_OK : MQ_EFORMAT;
}

struct keymap *
keymap_new(void)
{
	struct keymap *km = calloc(1, sizeof *km);

	if (km == NULL)
		return NULL;
	for (int a = 0; a < ACTION_COUNT; a++)
		km->allowed[a] = true;
	if (words_each(span_of(keymap_defaults()), parse_default, km, NULL) != 0) {
		free(km); /* a test looks at every line of the defaults */
		return NULL;
	}
	return km;
}

void
keymap_free(struct keymap *km)
{
	free(km);
}

void
keymap_allow(struct keymap *km, enum action a, bool allowed)
{
	km->allowed[a] = allowed;
}

void
keymap_read_only(struct keymap *km)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (action_danger((enum action)a) > 0)
			km->allowed[a] = false;
}

bool
keymap_allowed(const struct keymap *km, enum action a)
{
	return km->allowed[a];
}

/* What the keys so far mean in one context. */
static enum keymap_result
look_up(const struct keymap *km, enum context c, const struct binding *typed,
    const struct binding **found)
{
	enum keymap_result result = KEYMAP_NOTHING;

	for (size_t i = 0; i < km->n; i++) {
		const struct binding *b = &km->at[i];

		if (b->context != c || !km->allowed[b->action] || !is_prefix(typed, b))
			continue;
		if (b->n == typed->n) {
			*found = b;
			return KEYMAP_ACTION;
		}
		result = KEYMAP_PENDING;
	}
	return result;
}

static enum keymap_result
look_up_all(const struct keymap *km, enum context c, const struct binding *typed,
    const struct binding **found)
{
	enum keymap_result result = look_up(km, c, typed, found);

	if (result == KEYMAP_NOTHING && c != CONTEXT_PROMPT)
		result = look_up(km, CONTEXT_GLOBAL, typed, found);
	return result;
}

enum keymap_result
keymap_feed(const struct keymap *km, struct keymap_state *st, enum context c, struct key k,
    enum action *out)
{
	struct binding typed = { .key = { st->first, k }, .n = 2 };
	const struct binding *found = NULL;
	enum keymap_result result = KEYMAP_NOTHING;

	*out = ACTION_NONE;
	if (st->first.code != K_NONE)
		result = look_up_all(km, c, &typed, &found);
	st->first = key_of(K_NONE);
	if (result == KEYMAP_NOTHING) {
		typed.key[0] = k;
		typed.n = 1;
		result = look_up_all(km, c, &typed, &found);
	}
	if (result == KEYMAP_PENDING)
		st->first = k;
	if (result != KEYMAP_ACTION)
		return result;
	*out = found->action;
	return found->action == ACTION_NONE ? KEYMAP_NOTHING : KEYMAP_ACTION;
}

/* Is this binding what its keys do in context c? */
static bool
is_live(const struct keymap *km, enum context c, const struct binding *b)
{
	struct binding first = { .key = { b->key[0] }, .n = 1 };
	const struct binding *found = NULL;

	if (!km->allowed[b->action] || (b->context != c && b->context != CONTEXT_GLOBAL))
		return false;
	if (b->context == c)
		return true;
	return c != CONTEXT_PROMPT && look_up(km, c, &first, &found) == KEYMAP_NOTHING;
}

static void
binding_label(const struct binding *b, char *out, size_t size)
{
	char one[KEY_NAME_MAX], two[KEY_NAME_MAX] = "";

	key_label(b->key[0], one);
	if (b->n == 2)
		key_label(b->key[1], two);
	(void)snprintf(out, size, "%s%s%s", one, b->n == 2 ? " " : "", two);
}

/* The next live binding of an action from *at on: those of the context first, then global. */
static const struct binding *
next_live(const struct keymap *km, enum context c, enum action a, size_t *at)
{
	for (; *at < 2 * km->n; (*at)++) {
		const struct binding *b = &km->at[*at % km->n];
		bool second = *at >= km->n;

		if (b->action != a || (b->context == c) == second || !is_live(km, c, b))
			continue;
		(*at)++;
		return b;
	}
	return NULL;
}

bool
keymap_hint(const struct keymap *km, enum context c, enum action a, char *out, size_t size)
{
	size_t at = 0;
	const struct binding *b = next_live(km, c, a, &at);

	if (b != NULL)
		binding_label(b, out, size);
	return b != NULL;
}

static bool
help_row(const struct keymap *km, enum context c, enum action a, struct help_row *row)
{
	const struct binding *b;
	size_t at = 0, used = 0;

	row->action = a;
	row->keys[0] = '\0';
	while ((b = next_live(km, c, a, &at)) != NULL) {
		char label[2 * KEY_NAME_MAX];
		size_t need;

		binding_label(b, label, sizeof label);
		if (used == 0)
			row->context = b->context;
		need = strlen(label) + (used != 0 ? 2 : 0);
		if (used + need >= sizeof row->keys)
			break;
		(void)snprintf(row->keys + used, sizeof row->keys - used, "%s%s",
		    used != 0 ? ", " : "", label);
		used += need;
	}
	return used != 0;
}

size_t
keymap_help(const struct keymap *km, enum context c, struct help_row *out, size_t max)
{
	size_t n = 0;

	for (int pass = 0; pass < 2; pass++)
		for (int a = 1; a < ACTION_COUNT; a++) {
			struct help_row row;

			if (!help_row(km, c, (enum action)a, &row) || (row.context == c) != (pass == 0))
				continue;
			if (n < max)
				out[n] = row;
			n++;
		}
	return n;
}

/* The keys of a binding in quotes, as words_split reads them. */
static void
quote_keys(const struct binding *b, char *out)
{
	char name[KEY_NAME_MAX];

	*out++ = '"';
	for (int i = 0; i < b->n; i++) {
		key_print(b->key[i], name);
		if (i != 0)
			*out++ = ' ';
		for (const char *c = name; *c != '\0'; c++) {
			if (*c == '"' || *c == '\\')
				*out++ = '\\';
			*out++ = *c;
		}
	}
	*out++ = '"';
	*out = '\0';
}

enum mq_err
keymap_dump(const struct keymap *km, struct buf *out)
{
	/* Errors stick in out->err. */
	(void)buf_puts(out, "# bind CONTEXT \"KEY\" ACTION: lines for the configuration file\n");
	for (int c = 0; c < CONTEXT_COUNT; c++) {
		(void)buf_printf(out, "\n# %s\n", context_name((enum context)c));
		for (size_t i = 0; i < km->n; i++) {
			const struct binding *b = &km->at[i];
			char quoted[4 * KEY_NAME_MAX];

			if (b->context != (enum context)c)
				continue;
			quote_keys(b, quoted);
			(void)buf_printf(out, "bind %-9s %-10s %-18s # %s\n", context_name(b->context),
			    quoted, action_name(b->action), action_sentence(b->action));
		}
	}
	return out->err;
}
