#include "ui/theme.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/base/words.h"

static const struct {
	const char *name;
	uint8_t bit;
} attrs[] = { { "bold", ATTR_BOLD }, { "dim", ATTR_DIM }, { "italic", ATTR_ITALIC },
	{ "underline", ATTR_UNDERLINE }, { "reverse", ATTR_REVERSE } };

static const char *const colours16[16] = { "black", "red", "green", "yellow", "blue", "magenta",
	"cyan", "white", "brightblack", "brightred", "brightgreen", "brightyellow", "brightblue",
	"brightmagenta", "brightcyan", "brightwhite" };

#define BRIGHT_BLACK 8
#define N_ATTRS (sizeof attrs / sizeof attrs[0])

/* One theme file while it is read. */
struct parser {
	struct theme theme;
	bool defined[ROLE_COUNT]; /* here */
	bool known[ROLE_COUNT];	  /* here or inherited */
	bool versioned;
	theme_find *find;
	void *arg;
	int depth; /* of inheritance still allowed */
};

static bool parse_text(struct parser *p, struct span text, struct buf *errors);

static bool
wrong(struct mq_error *e, const char *what, const char *name)
{
	(void)mq_fail(e, MQ_EFORMAT, "%s: %.40s", what, name);
	return false;
}

static bool
parse_256(struct span s, int16_t *out)
{
	uint64_t v = 0;

	if (span_is(s, "default"))
		*out = THEME_DEFAULT;
	else if (text_u64(s, 255, &v))
		*out = (int16_t)v;
	else
		return false;
	return true;
}

static bool
parse_16(struct span s, int16_t *out)
{
	if (span_is(s, "default")) {
		*out = THEME_DEFAULT;
		return true;
	}
	for (int16_t i = 0; i < 16; i++)
		if (span_is(s, colours16[i])) {
			*out = i;
			return true;
		}
	return false;
}

static bool
parse_attr(struct span s, uint8_t *out)
{
	uint8_t bits = 0;

	if (span_is(s, "none")) {
		*out = 0;
		return true;
	}
	for (;;) {
		struct span one = { s.p, 0 };
		size_t i = 0;

		while (one.n < s.n && s.p[one.n] != ',')
			one.n++;
		while (i < N_ATTRS && !span_is(one, attrs[i].name))
			i++;
		if (i == N_ATTRS)
			return false;
		bits |= attrs[i].bit;
		if (one.n == s.n)
			break;
		s.p += one.n + 1;
		s.n -= one.n + 1;
	}
	*out = bits;
	return true;
}

/* "fg 75", "bg16 red", "attr bold": one property of a role. seen has a bit for each. */
static bool
parse_property(struct style *st, unsigned *seen, const char *name, const char *text,
    struct mq_error *e)
{
	struct span value = span_of(text);
	static const char *const names[] = { "fg", "bg", "fg16", "bg16", "attr" };
	bool ok[5];
	size_t i = 0;

	while (i < 5 && strcmp(name, names[i]) != 0)
		i++;
	if (i == 5)
		return wrong(e, "a role has fg, bg, fg16, bg16 and attr, not", name);
	if (*seen & 1u << i)
		return wrong(e, "given twice", name);
	*seen |= 1u << i;
	ok[0] = i != 0 || parse_256(value, &st->fg);
	ok[1] = i != 1 || parse_256(value, &st->bg);
	ok[2] = i != 2 || parse_16(value, &st->fg16);
	ok[3] = i != 3 || parse_16(value, &st->bg16);
	ok[4] = i != 4 || parse_attr(value, &st->attr);
	if (i < 2 && !ok[i])
		return wrong(e, "not a colour (0..255 or default)", text);
	if (i < 4 && !ok[i])
		return wrong(e, "not one of the 16 colour names", text);
	if (!ok[i])
		return wrong(e, "not an attribute (none bold dim italic underline reverse)", text);
	return true;
}

static bool
parse_role(struct parser *p, const struct words *w, struct mq_error *e)
{
	struct style st = { THEME_DEFAULT, THEME_DEFAULT, THEME_DEFAULT, THEME_DEFAULT, 0 };
	unsigned seen = 0;
	int role = 0;

	if (w->n < 4 || w->n % 2 != 0)
		return wrong(e, "a role line is: role NAME fg N fg16 NAME attr A,B", w->word[0]);
	while (role < ROLE_COUNT && strcmp(w->word[1], role_name((enum role)role)) != 0)
		role++;
	if (role == ROLE_COUNT)
		return wrong(e, "there is no role of this name", w->word[1]);
	if (p->defined[role])
		return wrong(e, "this role is defined twice", w->word[1]);
	for (size_t i = 2; i < w->n; i += 2)
		if (!parse_property(&st, &seen, w->word[i], w->word[i + 1], e))
			return false;
	if ((st.fg != THEME_DEFAULT && (seen & 4) == 0) || (st.bg != THEME_DEFAULT && (seen & 8) == 0))
		return wrong(e, "a colour needs its 16-colour twin (fg16, bg16)", w->word[1]);
	p->theme.role[role] = st;
	p->defined[role] = p->known[role] = true;
	return true;
}

static bool
parse_inherit(struct parser *p, const struct words *w, struct mq_error *e)
{
	struct parser base = { .find = p->find, .arg = p->arg, .depth = p->depth - 1 };
	struct buf text;
	struct span name, found;
	bool ok;

	if (w->n != 2)
		return wrong(e, "one name follows", w->word[0]);
	name = span_of(w->word[1]);
	for (int r = 0; r < ROLE_COUNT; r++)
		if (p->known[r])
			return wrong(e, "must stand once, before the first role", w->word[0]);
	if (p->depth == 0)
		return wrong(e, "themes inherit in a circle or too deeply", w->word[1]);
	buf_init(&text, THEME_MAX_BYTES);
	found = p->find != NULL && p->find(p->arg, name, &text) ? buf_span(&text) :
									theme_builtin(name);
	ok = found.n != 0 && parse_text(&base, found, NULL);
	buf_done(&text);
	if (!ok)
		return wrong(e, "no usable theme of this name to inherit from", w->word[1]);
	p->theme = base.theme;
	memcpy(p->known, base.known, sizeof p->known);
	return true;
}

static bool
parse_line(void *arg, const struct words *w, struct mq_error *e)
{
	struct parser *p = arg;

	if (!p->versioned) {
		p->versioned = w->n == 2 && strcmp(w->word[0], "theme") == 0 &&
		    strcmp(w->word[1], "1") == 0;
		return p->versioned || wrong(e, "a theme begins with: theme 1, not", w->word[0]);
	}
	if (strcmp(w->word[0], "role") == 0)
		return parse_role(p, w, e);
	if (strcmp(w->word[0], "inherit") == 0)
		return parse_inherit(p, w, e);
	return wrong(e, "a theme has the words inherit and role, not", w->word[0]);
}

static bool
parse_text(struct parser *p, struct span text, struct buf *errors)
{
	size_t n_wrong = words_each(text, parse_line, p, errors);
	unsigned last = 1;
	char reason[96];

	for (size_t i = 0; i + 1 < text.n; i++)
		last += text.p[i] == '\n';
	if (!p->versioned && n_wrong == 0) {
		words_error(errors, last, "a theme begins with: theme 1");
		return false;
	}
	for (int r = 0; r < ROLE_COUNT && n_wrong == 0; r++) {
		if (p->known[r])
			continue;
		(void)snprintf(reason, sizeof reason, "role %s is missing and nothing is inherited",
		    role_name((enum role)r));
		words_error(errors, last, reason);
		return false;
	}
	return n_wrong == 0;
}

enum mq_err
theme_parse(struct theme *out, struct span text, theme_find *find, void *arg, struct buf *errors)
{
	struct parser p = { .find = find, .arg = arg, .depth = THEME_MAX_DEPTH };

	if (text.n > THEME_MAX_BYTES) {
		words_error(errors, 1, "a theme file is at most 64 KiB");
		return MQ_ELIMIT;
	}
	if (!parse_text(&p, text, errors))
		return MQ_EFORMAT;
	*out = p.theme;
	return MQ_OK;
}

/* Where theme files lie: names up to a NULL. */
struct folders {
	const char *const *list;
};

/* A theme's file in the first folder that has it. */
static bool
find_file(void *arg, struct span name, struct buf *out)
{
	const char *const *dirs = ((const struct folders *)arg)->list;
	char file[80], path[PATH_MAX];

	if (name.n == 0 || name.n > 64 || name.p[0] == '.' || memchr(name.p, '/', name.n) != NULL ||
	    memchr(name.p, '\0', name.n) != NULL)
		return false;
	memcpy(file, name.p, name.n);
	memcpy(file + name.n, ".theme", sizeof ".theme");
	for (; dirs != NULL && *dirs != NULL; dirs++)
		if (file_join(path, sizeof path, *dirs, file) == MQ_OK && file_exists(path) &&
		    file_read(path, out, NULL) == MQ_OK)
			return true;
	return false;
}

enum mq_err
theme_load(struct theme *out, const char *name, const char *const *dirs, struct buf *errors)
{
	struct folders folders = { dirs };
	struct buf file;
	struct span text;
	enum mq_err err;

	buf_init(&file, THEME_MAX_BYTES);
	text = find_file(&folders, span_of(name), &file) ? buf_span(&file) :
							      theme_builtin(span_of(name));
	if (text.n != 0) {
		err = theme_parse(out, text, find_file, &folders, errors);
	} else {
		words_error(errors, 0, "there is no theme of this name");
		err = MQ_ENOENT;
	}
	if (err != MQ_OK)
		*out = theme_mono();
	buf_done(&file);
	return err;
}

struct theme
theme_mono(void)
{
	struct theme t;

	/* Without the built-in text (never in a build that passed its tests) all is plain. */
	if (theme_parse(&t, theme_builtin(span_of("mono")), NULL, NULL, NULL) != MQ_OK)
		for (int r = 0; r < ROLE_COUNT; r++)
			t.role[r] = (struct style){ THEME_DEFAULT, THEME_DEFAULT, THEME_DEFAULT,
				THEME_DEFAULT, 0 };
	return t;
}

enum colour_level
theme_level(enum colour_wish wish, int colours, const char *no_color)
{
	bool refused = wish == COLOUR_WISH_NEVER ||
	    (wish == COLOUR_WISH_AUTO && no_color != NULL && no_color[0] != '\0');

	if (refused || colours < 8)
		return COLOUR_MONO;
	if (colours >= 256 && wish != COLOUR_WISH_16)
		return COLOUR_256;
	return colours >= 16 ? COLOUR_16 : COLOUR_8;
}

static struct look
style_look(const struct style *s, enum colour_level level)
{
	struct look l = { THEME_DEFAULT, THEME_DEFAULT, s->attr };

	switch (level) {
	case COLOUR_MONO:
		break;
	case COLOUR_256:
		l.fg = s->fg;
		l.bg = s->bg;
		break;
	case COLOUR_16:
		l.fg = s->fg16;
		l.bg = s->bg16;
		break;
	case COLOUR_8:
		l.fg = s->fg16 > 7 ? (int16_t)(s->fg16 - 8) : s->fg16;
		l.bg = s->bg16 > 7 ? (int16_t)(s->bg16 - 8) : s->bg16;
		if (s->fg16 == BRIGHT_BLACK) { /* bold black is invisible on black where bold is not bright */
			l.fg = THEME_DEFAULT;
			l.attr |= ATTR_DIM;
		} else if (s->fg16 > 7) {
			l.attr |= ATTR_BOLD;
		}
		break;
	}
	return l;
}

struct look
theme_look(const struct theme *t, enum colour_level level, enum role role, enum role over)
{
	struct look l = style_look(&t->role[(unsigned)role < ROLE_COUNT ? role : ROLE_TEXT], level);
	struct look o;

	if (over == ROLE_TEXT || (unsigned)over >= ROLE_COUNT)
		return l;
	o = style_look(&t->role[over], level);
	l.fg = o.fg != THEME_DEFAULT ? o.fg : l.fg;
	l.bg = o.bg != THEME_DEFAULT ? o.bg : l.bg;
	/* Reverse on reverse is plain again, so that a marked cell stays marked under the cursor. */
	l.attr = (uint8_t)(((l.attr | o.attr) & ~ATTR_REVERSE) | ((l.attr ^ o.attr) & ATTR_REVERSE));
	return l;
}

bool
look_eq(struct look a, struct look b)
{
	return a.fg == b.fg && a.bg == b.bg && a.attr == b.attr;
}

void
look_print(struct buf *out, struct look l)
{
	char separator = ' ';

	/* Errors stick in out->err. */
	if (l.fg != THEME_DEFAULT)
		(void)buf_printf(out, " fg %d", l.fg);
	if (l.bg != THEME_DEFAULT)
		(void)buf_printf(out, " bg %d", l.bg);
	for (size_t i = 0; i < N_ATTRS; i++) {
		if ((l.attr & attrs[i].bit) == 0)
			continue;
		(void)buf_putc(out, separator);
		(void)buf_puts(out, attrs[i].name);
		separator = ',';
	}
}
