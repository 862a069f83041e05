#include "core/base/words.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"

const char *
words_split(char *line, char *word[], size_t max, size_t *n)
{
	char *in = line, *out;

	for (*n = 0;;) {
		bool quoted;

		in += strspn(in, " \t\r");
		if (*in == '\0' || *in == '#')
			return NULL;
		if (*n == max)
			return "too many words";
		quoted = *in == '"';
		in += quoted;
		word[(*n)++] = out = in;
		while (*in != '\0' && (quoted ? *in != '"' : strchr(" \t\r", *in) == NULL)) {
			if (quoted && in[0] == '\\' && (in[1] == '"' || in[1] == '\\'))
				in++;
			*out++ = *in++;
		}
		if (quoted && *in++ != '"')
			return "a quote is not closed";
		if (*in != '\0' && strchr(" \t\r", *in) == NULL)
			return "text follows a closing quote without a blank";
		in += *in != '\0';
		*out = '\0';
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

static const char *
look_at_bytes(struct span line)
{
	if (!utf8_valid(line))
		return "not UTF-8";
	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] < 0x20 && line.p[i] != '\t' && line.p[i] != '\r') || line.p[i] == 0x7f)
			return "a control character";
	return NULL;
}

/* NULL if the line is fine; else why not, maybe in e. */
static const char *
read_line(struct span line, words_line *each, void *arg, struct mq_error *e)
{
	const char *reason = look_at_bytes(line);
	char *text = reason == NULL ? span_dup(line) : NULL;
	struct words w;

	if (reason == NULL && text == NULL)
		reason = "out of memory";
	if (reason == NULL)
		reason = words_split(text, w.word, WORDS_MAX, &w.n);
	if (reason == NULL && w.n != 0 && !each(arg, &w, e))
		reason = e->text;
	free(text);
	return reason;
}

size_t
words_each(struct span text, words_line *each, void *arg, struct buf *errors)
{
	struct rd rd = rd_of(text.p, text.n);
	size_t wrong = 0;
	unsigned number = 0;

	while (!rd_end(&rd)) {
		struct mq_error e = { MQ_OK, "" };
		struct span line;
		const char *reason;

		if (!rd_line(&rd, &line)) { /* a last line without its end is still a line */
			line = (struct span){ rd.p, rd_left(&rd) };
			rd.p = rd.end;
		}
		number++;
		if ((reason = read_line(line, each, arg, &e)) == NULL)
			continue;
		wrong++;
		words_error(errors, number, reason);
	}
	return wrong;
}
