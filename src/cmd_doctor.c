/* mqgp doctor: what would go wrong here, and what to do about it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "src/commands.h"
#include "src/doctor.h"
#include "src/print.h"
#include "src/stop.h"

#define ANSWER_MAX (1u << 20)

const struct opt doctor_options[] = {
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ "no-broker", 0, NULL, "do not connect to anything" },
	{ 0 },
};

void
doctor_say(struct doctor *d, enum health h, const char *what, const char *todo, const char *fmt, ...)
{
	struct doctor_line *l;
	va_list ap;

	if (d->n == DOCTOR_LINES_MAX)
		return;
	l = &d->line[d->n++];
	l->health = h;
	l->what = what;
	l->todo = todo;
	va_start(ap, fmt);
	(void)vsnprintf(l->text, sizeof l->text, fmt, ap);
	va_end(ap);
}

static const char *
health_word(enum health h)
{
	static const char *const words[] = { [HEALTH_OK] = "ok", [HEALTH_ATTENTION] = "attention",
		[HEALTH_BAD] = "bad" };

	return words[h];
}

/* ---- configuration */

static void
check_config(struct doctor *d)
{
	const char *path = d->s.config_path;

	for (size_t i = 0; i < d->errors->n; i++)
		doctor_say(d, HEALTH_BAD, "config", "correct it, then run mqgp config test",
		    "%.120s:%u: %.180s", path, d->errors->at[i].line, d->errors->at[i].text);
	if (d->errors->n != 0)
		return;
	if (d->s.profile == NULL)
		doctor_say(d, HEALTH_ATTENTION, "config", "give a broker's URL, or write a profile there",
		    "no profile in %.250s", path);
	else if (d->s.profile == &d->s.own)
		doctor_say(d, HEALTH_OK, "config", NULL, "a broker from the command line");
	else
		doctor_say(d, HEALTH_OK, "config", NULL, "profile %s of %.200s", d->s.profile->name,
		    path);
}

/* ---- answer */

static int
answer_json(const struct doctor *d, enum health worst)
{
	json_t *o = json_object(), *lines = json_array();

	for (size_t i = 0; i < d->n; i++) {
		json_t *l = json_object();

		(void)json_object_set_new(l, "what", json_string(d->line[i].what));
		(void)json_object_set_new(l, "health", json_string(health_word(d->line[i].health)));
		(void)json_object_set_new(l, "text", print_word(d->line[i].text));
		(void)json_object_set_new(l, "todo", print_word(d->line[i].todo));
		(void)json_array_append_new(lines, l);
	}
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "health", json_string(health_word(worst)));
	(void)json_object_set_new(o, "checks", lines);
	return print_json(o);
}

static int
answer_words(const struct doctor *d)
{
	struct buf b;
	int r;

	buf_init(&b, ANSWER_MAX);
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_line *l = &d->line[i];

		(void)buf_printf(&b, "%-10s %-12s ", health_word(l->health), l->what);
		(void)utf8_put_safe(&b, span_of(l->text), false); /* one line, whatever it quotes */
		(void)buf_putc(&b, '\n');
		if (l->todo != NULL)
			(void)buf_printf(&b, "%-10s %-12s -> %s\n", "", "", l->todo);
	}
	r = print_text(buf_span(&b));
	buf_done(&b);
	return r;
}

static int
answer(const struct doctor *d, bool json)
{
	enum health worst = HEALTH_OK;
	int r;

	for (size_t i = 0; i < d->n; i++)
		if (d->line[i].health > worst)
			worst = d->line[i].health;
	r = json ? answer_json(d, worst) : answer_words(d);
	return r == EXIT_GOOD && worst == HEALTH_BAD ? EXIT_SYSTEM : r;
}

/* ---- all of it */

static void
run(struct doctor *d, bool broker)
{
	static void (*const checks[])(struct doctor *d) = { check_config, doctor_terminal,
		doctor_machine, doctor_state, doctor_credentials, doctor_pgp };

	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		checks[i](d);
	if (broker)
		doctor_brokers(d);
}

int
cmd_doctor(const struct opts *o)
{
	struct config_errors *errors = calloc(1, sizeof *errors);
	struct doctor d;
	int r = EXIT_SYSTEM;

	memset(&d, 0, sizeof d);
	d.stop = -1;
	d.line = calloc(DOCTOR_LINES_MAX, sizeof *d.line);
	if (errors == NULL || d.line == NULL)
		setup_complain("out of memory");
	else if ((r = setup_examine(&d.s, o, errors)) == OPTS_GO) {
		d.errors = errors;
		d.clock = clock_real();
		d.stop = stop_open();
		run(&d, !opts_given(o, "no-broker"));
		r = answer(&d, opts_given(o, "json"));
	}
	if (errors != NULL && d.line != NULL)
		setup_done(&d.s);
	free(d.line);
	free(errors);
	return stop_close(d.stop, r);
}
