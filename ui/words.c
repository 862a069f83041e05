#include "ui/words.h"

#include "core/base/utf8.h"

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The quoted word at *at, which points behind its opening quote. */
static const char *
quoted(struct span line, size_t *at, struct span *word)
{
	size_t start = *at;

	while (*at < line.n && line.p[*at] != '"')
		(*at)++;
	if (*at == line.n)
		return "the closing quote is missing";
	*word = (struct span){ line.p + start, *at - start };
	(*at)++;
	if (*at < line.n && !is_blank(line.p[*at]))
		return "a blank must follow a closing quote";
	return NULL;
}

const char *
words_split(struct span line, struct words *out)
{
	size_t at = 0;
	const char *wrong;

	out->n = 0;
	if (!utf8_valid(line))
		return "not UTF-8";
	for (;;) {
		while (at < line.n && is_blank(line.p[at]))
			at++;
		if (at == line.n || line.p[at] == '#')
			return NULL;
		if (out->n == WORDS_MAX)
			return "too many words";
		if (line.p[at] == '"') {
			at++;
			if ((wrong = quoted(line, &at, &out->word[out->n])) != NULL)
				return wrong;
		} else {
			size_t start = at;

			while (at < line.n && !is_blank(line.p[at]))
				at++;
			out->word[out->n] = (struct span){ line.p + start, at - start };
		}
		out->n++;
	}
}

void
words_error(struct buf *errors, unsigned line, const char *sentence)
{
	if (errors == NULL)
		return;
	(void)buf_printf(errors, "line %u: ", line); /* a full buffer keeps the first errors */
	(void)utf8_put_safe(errors, span_of(sentence), false);
	(void)buf_putc(errors, '\n');
}

size_t
words_each(struct span text, words_line *each, void *arg, struct buf *errors)
{
	size_t wrong = 0;
	unsigned number = 0;

	while (text.n != 0) {
		struct span line = { text.p, 0 };
		struct mq_error e = { MQ_OK, "" };
		struct words w;
		const char *reason;

		while (line.n < text.n && line.p[line.n] != '\n')
			line.n++;
		text.n -= line.n < text.n ? line.n + 1 : line.n;
		text.p = text.n != 0 ? line.p + line.n + 1 : text.p;
		number++;
		reason = words_split(line, &w);
		if (reason == NULL && w.n != 0 && !each(arg, &w, &e))
			reason = e.text;
		if (reason == NULL)
			continue;
		wrong++;
		words_error(errors, number, reason);
	}
	return wrong;
}
