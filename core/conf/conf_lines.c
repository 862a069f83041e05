#include "core/conf/conf_lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct conf_lines
conf_lines_of(struct span body, const char *magic)
{
	return (struct conf_lines){ rd_of(body.p, body.n), magic, 0 };
}

bool
conf_word_ok(struct span s)
{
	if (s.n == 0 || s.n > CONF_KEY_MAX || s.p[0] < 'a' || s.p[0] > 'z')
		return false;
	for (size_t i = 1; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
			return false;
	}
	return true;
}

int
conf_value_order(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int d = n != 0 ? memcmp(a.p, b.p, n) : 0;

	return d != 0 ? d : (a.n > b.n) - (a.n < b.n);
}

static const char *
split_pair(struct conf_line *line)
{
	const uint8_t *eq = memchr(line->text.p, '=', line->text.n);
	struct span key, value;

	if (eq == NULL)
		return "neither a comment nor key=value";
	key = (struct span){ line->text.p, (size_t)(eq - line->text.p) };
	value = (struct span){ eq + 1, line->text.n - key.n - 1 };
	if (!conf_word_ok(key))
		return "not a key: 1-32 of a-z 0-9 -, beginning with a letter, no blank before =";
	if (value.n == 0)
		return "the value is empty";
	if (value.p[0] == ' ' || value.p[value.n - 1] == ' ')
		return "a value neither begins nor ends with a blank";
	line->key = key;
	line->value = value;
	return NULL;
}

static const char *
judge(struct conf_line *line, const char *magic)
{
	if (line->text.n > CONF_LINE_MAX)
		return "longer than 1024 bytes";
	for (size_t i = 0; i < line->text.n; i++)
		if (line->text.p[i] < 0x20 || line->text.p[i] > 0x7e)
			return "a byte outside printable ASCII (tab, CR, non-ASCII)";
	if (line->number == 1)
		return span_is(line->text, magic) ? NULL : "the first line is not the magic line";
	if (span_starts(line->text, "#!"))
		return "a second magic line";
	if (line->text.n == 0 || line->text.p[0] == '#')
		return NULL;
	return split_pair(line);
}

bool
conf_lines_next(struct conf_lines *l, struct conf_line *out)
{
	bool whole;

	if (rd_end(&l->r))
		return false;
	*out = (struct conf_line){ .number = ++l->number };
	whole = rd_line(&l->r, &out->text);
	if (!whole) {
		out->text = (struct span){ l->r.p, rd_left(&l->r) };
		l->r.p = l->r.end;
	}
	out->wrong = judge(out, l->magic);
	if (!whole && out->wrong == NULL)
		out->wrong = "no line feed at its end";
	if (out->wrong != NULL)
		out->key.n = out->value.n = 0;
	return true;
}

void
conf_errors_add(struct conf_errors *e, unsigned line, struct span key, const char *fmt, ...)
{
	size_t at = e->n;
	struct conf_error *new;
	va_list ap;

	e->total++;
	while (at > 0 && line != 0 && (e->e[at - 1].line > line || e->e[at - 1].line == 0))
		at--;
	if (at == CONF_ERRORS_MAX)
		return;
	if (e->n < CONF_ERRORS_MAX)
		e->n++;
	memmove(&e->e[at + 1], &e->e[at], (e->n - 1 - at) * sizeof e->e[0]);
	new = &e->e[at];
	new->line = line;
	(void)snprintf(new->key, sizeof new->key, "%.*s", (int)key.n, (const char *)key.p);
	va_start(ap, fmt);
	(void)vsnprintf(new->text, sizeof new->text, fmt, ap); /* cut if too long */
	va_end(ap);
	e->line = e->e[0].line;
}
