/* mqgp config show, mqgp config test: what is in force and where it came from; what is wrong. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/config/keywords.h"
#include "src/commands.h"
#include "src/print.h"
#include "src/setup.h"
#include "ui/keymap.h"
#include "ui/theme.h"

const struct opt config_options[] = {
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};

/* ---- show */

static void
add_item(void *arg, const struct config_item *item)
{
	json_t *list = arg, *o = json_object(), *origin;

	if (item->origin == CONFIG_DEFAULT)
		origin = json_string("default");
	else if (item->origin == CONFIG_ENVIRONMENT)
		origin = json_string("environment");
	else
		origin = json_integer(item->origin);
	(void)json_object_set_new(o, "profile", print_word(item->profile));
	(void)json_object_set_new(o, "keyword", print_word(item->keyword));
	(void)json_object_set_new(o, "value", print_word(item->value));
	(void)json_object_set_new(o, "origin", origin);
	(void)json_array_append_new(list, o);
}

static int
show_json(const struct config *c)
{
	json_t *o = json_object(), *values = json_array();

	if (config_each(c, add_item, values) != MQ_OK) {
		json_decref(values);
		values = NULL; /* print_json says that memory ran out */
	}
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "path", print_word(c->path));
	if (json_object_set_new(o, "values", values) != 0) {
		json_decref(o);
		o = NULL;
	}
	return print_json(o);
}

static int
show_text(const struct config *c)
{
	struct buf b;
	int r;

	buf_init(&b, 4 * CONFIG_MAX);
	(void)config_show(&b, c); /* sticks in b.err, looked at below */
	if (b.err == MQ_OK)
		r = print_text(buf_span(&b));
	else {
		setup_complain("out of memory for the answer");
		r = EXIT_SYSTEM;
	}
	buf_done(&b);
	return r;
}

int
cmd_config_show(const struct opts *o)
{
	struct setup s;
	int r = setup_load(&s, o, SETUP_CONFIG_ONLY);

	if (r == OPTS_GO)
		r = opts_given(o, "json") ? show_json(&s.config) : show_text(&s.config);
	setup_done(&s);
	return r;
}

/* ---- test */

static void __attribute__((format(printf, 3, 4)))
add_error(struct config_errors *errors, uint32_t line, const char *fmt, ...)
{
	struct config_error *e;
	va_list ap;

	if (errors->n == CONFIG_ERRORS_MAX)
		return;
	e = &errors->at[errors->n++];
	e->line = line;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
}

static uint32_t
line_of(const uint32_t *origin, const char *keyword)
{
	const struct keyword *k = config_keyword(span_of(keyword));
	uint32_t line = k != NULL ? origin[k - config_keywords] : 0;

	return line != CONFIG_ENVIRONMENT ? line : 0;
}

static void
test_screen(const struct config *c, const struct paths *paths, struct config_errors *errors)
{
	const char *const dirs[] = { paths->theme_dir, MQGP_DATADIR "/themes", NULL };
	struct keymap *km = keymap_new();
	struct theme theme;
	struct mq_error e;
	struct buf why;

	buf_init(&why, sizeof e.text);
	if (theme_load(&theme, c->theme, dirs, &why) != MQ_OK)
		add_error(errors, line_of(c->origin, "theme"), "theme %.60s: %.200s", c->theme,
		    why.n != 0 ? buf_cstr(&why) : "cannot be read");
	for (size_t i = 0; km != NULL && i < c->bind_n; i++) {
		const struct config_bind *b = &c->bind[i];

		if (keymap_bind(km, span_of(b->context), span_of(b->key), span_of(b->action), &e) !=
		    MQ_OK)
			add_error(errors, b->line, "%.300s", e.text);
	}
	keymap_free(km);
	buf_done(&why);
}

static void
test_profile(const struct profile *p, struct config_errors *errors)
{
	const struct {
		const char *keyword, *path;
		bool secret;
	} files[] = {
		{ "password-file", p->password_file, true },
		{ "ca", p->ca, false },
		{ "cert", p->cert, false },
		{ "key", p->key, true },
		{ "key-passphrase-file", p->key_passphrase_file, true },
	};
	struct mq_error e;
	struct buf b;
	enum mq_err r;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (files[i].path == NULL)
			continue;
		buf_init(&b, CONFIG_MAX);
		r = files[i].secret ? file_read_private(files[i].path, &b, &e) :
				      file_read(files[i].path, &b, &e);
		if (r != MQ_OK)
			add_error(errors, line_of(p->origin, files[i].keyword), "%s of profile %s: %.200s",
			    files[i].keyword, p->name, e.text);
		buf_wipe(&b);
	}
}

static int
test_json(const char *path, const struct config_errors *errors)
{
	json_t *o = json_object(), *list = json_array();

	for (size_t i = 0; i < errors->n; i++) {
		json_t *one = json_object();

		(void)json_object_set_new(one, "line", json_integer(errors->at[i].line));
		(void)json_object_set_new(one, "text", print_word(errors->at[i].text));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "path", print_word(path));
	(void)json_object_set_new(o, "present", json_boolean(file_exists(path)));
	(void)json_object_set_new(o, "ok", json_boolean(errors->n == 0));
	(void)json_object_set_new(o, "errors", list);
	return print_json(o);
}

static int
test_text(const struct setup *s, const struct config_errors *errors)
{
	char text[PATH_MAX + 64];

	setup_complain_config(s, errors);
	if (errors->n != 0)
		return EXIT_GOOD; /* all is said */
	if (s->config.path == NULL)
		(void)snprintf(text, sizeof text, "%s does not exist; the defaults are in force",
		    s->config_path);
	else
		(void)snprintf(text, sizeof text, "%s is well: %zu profile%s", s->config_path,
		    s->config.profile_n, s->config.profile_n == 1 ? "" : "s");
	return print_text(span_of(text));
}

/* The file as a whole, then what its words lead to. */
int
cmd_config_test(const struct opts *o)
{
	struct config_errors *errors = calloc(1, sizeof *errors);
	struct setup s;
	int r;

	if (errors == NULL) {
		setup_complain("out of memory");
		return EXIT_SYSTEM;
	}
	if ((r = setup_examine(&s, o, errors)) == OPTS_GO) {
		if (errors->n == 0)
			test_screen(&s.config, &s.paths, errors);
		for (size_t i = 0; i < s.config.profile_n; i++)
			test_profile(&s.config.profile[i], errors);
		r = opts_given(o, "json") ? test_json(s.config_path, errors) : test_text(&s, errors);
	}
	if (r == EXIT_GOOD && errors->n != 0)
		r = EXIT_USAGE;
	setup_done(&s);
	free(errors);
	return r;
}
