#include "ui/script.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "ui/term_mem.h"

#define PUMP_MS 50		/* how long the app runs between two looks at the screen */
#define SCREEN_MAX (8u << 20)	/* bytes of the largest screen, marks included */

enum verb { VERB_NOTHING, VERB_KEY, VERB_TYPE, VERB_WAIT, VERB_ABSENT, VERB_RESIZE, VERB_SAVE };

/* One line, parsed. */
struct command {
	enum verb verb;
	struct key key;
	struct span text; /* of type, regex, file name */
	uint32_t seconds;
	int w, h;
};

static struct span
skip_blanks(struct span s)
{
	while (s.n != 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	return s;
}

static struct span
trim_end(struct span s)
{
	while (s.n != 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

static const char *
parse_key(struct span rest, struct command *c)
{
	return key_parse(trim_end(skip_blanks(rest)), &c->key) ? NULL : "not the name of a key";
}

static const char *
parse_type(struct span rest, struct command *c)
{
	if (rest.n < 2)
		return "nothing to type";
	c->text = (struct span){ rest.p + 1, rest.n - 1 }; /* behind one blank, to the end */
	return utf8_valid(c->text) ? NULL : "not UTF-8";
}

static enum mq_err
compile(struct span pattern, regex_t *out)
{
	char *text = span_dup(pattern);
	int err;

	if (text == NULL)
		return MQ_ENOMEM;
	err = memchr(pattern.p, '\0', pattern.n) != NULL ? REG_BADPAT :
	    regcomp(out, text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
	free(text);
	return err == 0 ? MQ_OK : MQ_EFORMAT;
}

/* "REGEX" up to the last quote of the line; the rest is handed back. */
static const char *
parse_regex(struct span rest, struct command *c, struct span *behind)
{
	regex_t re;
	size_t end;

	rest = trim_end(skip_blanks(rest));
	for (end = rest.n; end > 1 && rest.p[end - 1] != '"';)
		end--;
	if (end < 2 || rest.p[0] != '"')
		return "a regular expression in double quotes is missing";
	c->text = (struct span){ rest.p + 1, end - 2 };
	*behind = skip_blanks((struct span){ rest.p + end, rest.n - end });
	if (compile(c->text, &re) != MQ_OK)
		return "not an extended regular expression";
	regfree(&re);
	return NULL;
}

static const char *
parse_wait(struct span rest, struct command *c)
{
	struct span behind;
	const char *wrong = parse_regex(rest, c, &behind);

	c->seconds = SCRIPT_WAIT_S;
	if (wrong == NULL && behind.n != 0 &&
	    (!text_u32(behind, &c->seconds) || c->seconds > SCRIPT_MAX_WAIT_S))
		wrong = "seconds are a number, 0 to 3600";
	return wrong;
}

static const char *
parse_absent(struct span rest, struct command *c)
{
	struct span behind;
	const char *wrong = parse_regex(rest, c, &behind);

	return wrong == NULL && behind.n != 0 ? "nothing may follow" : wrong;
}

static const char *
parse_resize(struct span rest, struct command *c)
{
	struct span s = trim_end(skip_blanks(rest)), w = { s.p, 0 };
	uint64_t columns, rows;

	while (w.n < s.n && s.p[w.n] != 'x')
		w.n++;
	if (w.n == s.n || !text_u64(w, GRID_MAX_SIDE, &columns) ||
	    !text_u64((struct span){ s.p + w.n + 1, s.n - w.n - 1 }, GRID_MAX_SIDE, &rows))
		return "a size is WxH, at most 1000 each";
	c->w = (int)columns;
	c->h = (int)rows;
	return NULL;
}

static const char *
parse_save(struct span rest, struct command *c)
{
	c->text = trim_end(skip_blanks(rest));
	if (c->text.n == 0 || memchr(c->text.p, '\0', c->text.n) != NULL)
		return "the name of a file is missing";
	return NULL;
}

static const struct {
	const char *word;
	enum verb verb;
	const char *(*parse)(struct span rest, struct command *c);
} verbs[] = {
	{ "key", VERB_KEY, parse_key },
	{ "type", VERB_TYPE, parse_type },
	{ "wait", VERB_WAIT, parse_wait },
	{ "absent", VERB_ABSENT, parse_absent },
	{ "resize", VERB_RESIZE, parse_resize },
	{ "save", VERB_SAVE, parse_save },
};

/* NULL, or what is wrong with the line. */
static const char *
parse_command(struct span line, struct command *c)
{
	struct span s = skip_blanks(line), word = { s.p, 0 };

	memset(c, 0, sizeof *c);
	if (trim_end(s).n == 0 || s.p[0] == '#')
		return NULL;
	while (word.n < s.n && s.p[word.n] != ' ' && s.p[word.n] != '\t' && s.p[word.n] != '\r')
		word.n++;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (span_is(word, verbs[i].word)) {
			c->verb = verbs[i].verb;
			return verbs[i].parse((struct span){ s.p + word.n, s.n - word.n }, c);
		}
	return "a command is key, type, wait, absent, resize or save";
}

/* Takes a line off text. */
static struct span
next_line(struct span *text)
{
	struct span line = { text->p, 0 };

	while (line.n < text->n && line.p[line.n] != '\n')
		line.n++;
	text->p += line.n < text->n ? line.n + 1 : line.n;
	text->n -= line.n < text->n ? line.n + 1 : line.n;
	return line;
}

enum mq_err
script_check(struct span text, struct buf *errors)
{
	enum mq_err err = MQ_OK;
	struct command c;
	unsigned number = 0;

	while (text.n != 0) {
		const char *wrong = parse_command(next_line(&text), &c);

		number++;
		if (wrong == NULL)
			continue;
		err = MQ_EFORMAT;
		(void)buf_printf(errors, "line %u: %s\n", number, wrong); /* sticks in errors->err */
	}
	return err;
}

/* Is it on the screen now? */
static bool
on_screen(const struct script_host *h, regex_t *re)
{
	struct buf text;
	bool found;

	buf_init(&text, SCREEN_MAX);
	found = term_mem_text(h->term, &text) == MQ_OK && buf_cstr(&text) != NULL &&
	    regexec(re, buf_cstr(&text), 0, NULL, 0) == 0;
	buf_done(&text);
	return found;
}

/* Runs the app until what was typed is handled and drawn. */
static bool
settle(const struct script_host *h)
{
	return h->pump(h->arg, clock_mono_ms(h->clock));
}

static enum mq_err
run_wait(const struct script_host *h, const struct command *c)
{
	int64_t now = clock_mono_ms(h->clock), end = now + (int64_t)c->seconds * 1000;
	bool alive = settle(h), found;
	enum mq_err err;
	regex_t re;

	if ((err = compile(c->text, &re)) != MQ_OK)
		return err;
	while (!(found = on_screen(h, &re)) && alive && (now = clock_mono_ms(h->clock)) < end)
		alive = h->pump(h->arg, now + PUMP_MS < end ? now + PUMP_MS : end);
	regfree(&re);
	return found ? MQ_OK : MQ_ETIMEOUT;
}

static enum mq_err
run_absent(const struct script_host *h, const struct command *c)
{
	enum mq_err err;
	regex_t re;

	(void)settle(h); /* an app that ended still has its last screen */
	if ((err = compile(c->text, &re)) != MQ_OK)
		return err;
	err = on_screen(h, &re) ? MQ_ETIMEOUT : MQ_OK;
	regfree(&re);
	return err;
}

static enum mq_err
run_save(const struct script_host *h, const struct command *c, struct mq_error *e)
{
	char *path = span_dup(c->text);
	struct buf text;
	enum mq_err err;

	(void)settle(h); /* an app that ended still has its last screen */
	buf_init(&text, SCREEN_MAX);
	if (path == NULL || term_mem_text(h->term, &text) != MQ_OK)
		err = mq_fail(e, MQ_ENOMEM, "no memory to save the screen");
	else
		err = file_write_mode(path, text.p, text.n, 0644, e);
	free(path);
	buf_done(&text);
	return err;
}

static enum mq_err
run_input(const struct script_host *h, const struct command *c, struct mq_error *e)
{
	bool taken = true;

	if (c->verb == VERB_KEY)
		taken = term_mem_key(h->term, c->key);
	else if (c->verb == VERB_TYPE)
		taken = term_mem_type(h->term, c->text);
	else
		term_mem_resize(h->term, c->w, c->h);
	if (!taken)
		return mq_fail(e, MQ_ETIMEOUT, "the program does not read its keys");
	if (!settle(h) && c->verb != VERB_KEY)
		return mq_fail(e, MQ_ETIMEOUT, "the program has ended");
	return MQ_OK;
}

static enum mq_err
run_command(const struct script_host *h, const struct command *c, struct mq_error *e)
{
	enum mq_err err = MQ_OK;

	switch (c->verb) {
	case VERB_NOTHING:
		break;
	case VERB_KEY:
	case VERB_TYPE:
	case VERB_RESIZE:
		return run_input(h, c, e);
	case VERB_WAIT:
		if ((err = run_wait(h, c)) != MQ_OK)
			(void)mq_fail(e, err, "not on the screen after %u s", (unsigned)c->seconds);
		break;
	case VERB_ABSENT:
		if ((err = run_absent(h, c)) != MQ_OK)
			(void)mq_fail(e, err, "on the screen");
		break;
	case VERB_SAVE:
		return run_save(h, c, e);
	}
	return err;
}

/* Line, command and reason, then the screen as it was. */
static void
tell(const struct script_host *h, struct buf *report, unsigned number, struct span line,
    const struct mq_error *e)
{
	/* Errors stick in report->err. */
	(void)buf_printf(report, "line %u: ", number);
	(void)utf8_put_safe(report, trim_end(line), false);
	(void)buf_puts(report, ": ");
	(void)utf8_put_safe(report, span_of(e->text), false);
	(void)buf_puts(report, "\n");
	(void)term_mem_text(h->term, report);
}

enum mq_err
script_run(const struct script_host *h, struct span text, struct buf *report)
{
	struct mq_error e = { MQ_OK, "" };
	unsigned number = 0;
	enum mq_err err;

	if ((err = script_check(text, report)) != MQ_OK)
		return err;
	while (text.n != 0) {
		struct span line = next_line(&text);
		struct command c;

		number++;
		(void)parse_command(line, &c); /* was checked */
		if ((err = run_command(h, &c, &e)) != MQ_OK) {
			tell(h, report, number, line, &e);
			return err;
		}
	}
	return MQ_OK;
}
