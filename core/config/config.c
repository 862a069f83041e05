#include "core/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/base/words.h"
#include "core/config/keywords.h"

#define LINE_WORDS_MAX 64
#define PAIRED_HELP "a profile section begins with 'profile NAME'"

struct config_env
config_env_real(void)
{
	return (struct config_env){ getenv("HOME"), getenv("NO_COLOR"), getenv("GNUPGHOME"),
		getenv("ESCDELAY") };
}

bool
config_name_ok(struct span name)
{
	if (name.n == 0 || name.n > CONFIG_NAME_MAX || name.p[0] == '.' || name.p[0] == '-')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (memchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.",
			name.p[i], 65) == NULL)
			return false;
	return true;
}

static void
from_environment(void *base, bool profile, const struct config_env *env, uint32_t *origin)
{
	const struct {
		const char *keyword, *value;
	} take[] = {
		{ "colour", env->no_color != NULL && env->no_color[0] != 0 ? "never" : NULL },
		{ "esc-delay", env->esc_delay },
		{ "gnupg-home", env->gnupghome },
	};

	for (size_t i = 0; i < sizeof take / sizeof take[0]; i++) {
		const struct keyword *k = config_keyword(span_of(take[i].keyword));
		char text[4096];
		char *value[1] = { text };

		if (take[i].value == NULL || k->profile != profile)
			continue;
		(void)snprintf(text, sizeof text, "%s", take[i].value);
		if (keyword_set(k, base, value, env->home, NULL) == MQ_OK)
			origin[k - config_keywords] = CONFIG_ENVIRONMENT;
	}
}

void
config_init(struct config *c, const struct config_env *env)
{
	memset(c, 0, sizeof *c);
	(void)keyword_defaults(c, false, env->home); /* the table's own words */
	from_environment(c, false, env, c->origin);
}

enum mq_err
profile_init(struct profile *p, const char *name, const struct config_env *env)
{
	enum mq_err r;

	memset(p, 0, sizeof *p);
	(void)snprintf(p->name, sizeof p->name, "%s", name);
	if ((r = keyword_defaults(p, true, env->home)) == MQ_OK)
		from_environment(p, true, env, p->origin);
	return r;
}

static void
list_done(struct config_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->s[i]);
	free(l->s);
}

void
profile_done(struct profile *p)
{
	char *strings[] = { p->user, p->password_file, p->ca, p->cert, p->key,
		p->key_passphrase_file, p->tls_pin, p->control_level, p->sign_key, p->gnupg_home };

	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
		free(strings[i]);
	list_done(&p->broker);
	list_done(&p->tree);
	list_done(&p->subscribe);
	for (size_t i = 0; i < p->dialect_n; i++) {
		free(p->dialect[i].scheme);
		free(p->dialect[i].filter);
		free(p->dialect[i].file);
	}
	free(p->dialect);
	memset(p, 0, sizeof *p);
}

void
config_free(struct config *c)
{
	for (size_t i = 0; i < c->profile_n; i++)
		profile_done(&c->profile[i]);
	for (size_t i = 0; i < c->bind_n; i++) {
		free(c->bind[i].context);
		free(c->bind[i].key);
		free(c->bind[i].action);
	}
	free(c->profile);
	free(c->bind);
	free(c->theme);
	free(c->path);
	memset(c, 0, sizeof *c);
}

const struct profile *
config_profile(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->profile_n; i++)
		if (name == NULL || strcmp(c->profile[i].name, name) == 0)
			return &c->profile[i];
	return NULL;
}

/* ---- reading */

struct reader {
	struct config *c;
	struct profile *single; /* a file without sections */
	const struct config_env *env;
	struct config_errors *errors;
	uint32_t line;
	bool failed;
};

static void
complain(struct reader *r, const char *fmt, const char *what)
{
	struct config_error *at;

	r->failed = true;
	if (r->errors == NULL || r->errors->n == CONFIG_ERRORS_MAX)
		return;
	at = &r->errors->at[r->errors->n++];
	at->line = r->line;
	(void)snprintf(at->text, sizeof at->text, "%s%s", fmt, what);
}

static void
open_profile(struct reader *r, const char *name)
{
	struct profile *grown;

	if (r->single != NULL || !config_name_ok(span_of(name))) {
		complain(r, r->single != NULL ? "no profiles in this file" :
			"a profile's name is made of letters, digits, - _ and .", "");
		return;
	}
	if (config_profile(r->c, name) != NULL && r->c->profile_n != 0) {
		complain(r, "this profile was defined before: ", name);
		return;
	}
	grown = realloc(r->c->profile, (r->c->profile_n + 1) * sizeof *grown);
	if (grown == NULL) {
		complain(r, "out of memory", "");
		return;
	}
	r->c->profile = grown;
	if (profile_init(&grown[r->c->profile_n], name, r->env) != MQ_OK)
		complain(r, "out of memory", "");
	grown[r->c->profile_n++].line = r->line;
}

/* Where a keyword stores its value now; NULL after a complaint. */
static void *
target(struct reader *r, const struct keyword *k, uint32_t **origin)
{
	struct profile *p = r->single;

	if (p == NULL && r->c->profile_n != 0)
		p = &r->c->profile[r->c->profile_n - 1];
	if (k->profile && p == NULL) {
		complain(r, k->name, " belongs into a profile: " PAIRED_HELP);
		return NULL;
	}
	if (!k->profile && r->single != NULL) {
		complain(r, k->name, " has no meaning in this file");
		return NULL;
	}
	*origin = k->profile ? p->origin : r->c->origin;
	return k->profile ? (void *)p : (void *)r->c;
}

/* One keyword and its values; returns the words used, 0 after an error that makes the rest of the
 * line meaningless. */
static size_t
take_keyword(struct reader *r, char **word, size_t n)
{
	const struct keyword *k = config_keyword(span_of(word[0]));
	struct mq_error e = { 0 };
	uint32_t *origin = NULL;
	size_t values;
	void *base;

	if (strcmp(word[0], "profile") == 0) {
		if (n < 2)
			complain(r, "profile needs a name", "");
		else
			open_profile(r, word[1]);
		return 2;
	}
	if (k == NULL) {
		complain(r, "unknown keyword ", word[0]);
		return 0;
	}
	values = keyword_values(k);
	if (n < values + 1) {
		complain(r, k->name, values == 1 ? " needs a value" : " needs three values");
		return 0;
	}
	if ((base = target(r, k, &origin)) == NULL)
		return values + 1;
	/* what stands twice was meant once: lists excepted */
	if (k->type < KW_BROKER && origin[k - config_keywords] != CONFIG_DEFAULT &&
	    origin[k - config_keywords] != CONFIG_ENVIRONMENT)
		complain(r, k->name, " was set before");
	else if (keyword_set(k, base, word + 1, r->env->home, &e) != MQ_OK)
		complain(r, e.text, "");
	else
		origin[k - config_keywords] = r->line;
	if (k->type == KW_BIND && r->c->bind_n != 0)
		r->c->bind[r->c->bind_n - 1].line = r->line;
	return values + 1;
}

static void
read_line(struct reader *r, struct span line)
{
	char *text, *word[LINE_WORDS_MAX];
	const char *wrong;
	size_t n, used;

	for (size_t i = 0; i < line.n; i++)
		if ((line.p[i] < 0x20 && line.p[i] != '\t') || line.p[i] == 0x7f) {
			complain(r, "a control character", "");
			return;
		}
	if ((text = span_dup(line)) == NULL) {
		complain(r, "out of memory", "");
		return;
	}
	if ((wrong = words_split(text, word, LINE_WORDS_MAX, &n)) != NULL)
		complain(r, wrong, "");
	else
		for (size_t at = 0; at < n; at += used)
			if ((used = take_keyword(r, word + at, n - at)) == 0)
				break;
	free(text);
}

static enum mq_err
read_text(struct reader *r, struct span text)
{
	struct rd rd = rd_of(text.p, text.n);
	struct span line;

	if (!utf8_valid(text)) {
		complain(r, "the file is not UTF-8", "");
		return MQ_EFORMAT;
	}
	while (rd_line(&rd, &line)) {
		r->line++;
		read_line(r, line);
	}
	if (!rd_end(&rd)) { /* a last line without its end is still a line */
		r->line++;
		read_line(r, (struct span){ rd.p, rd_left(&rd) });
	}
	return r->failed ? MQ_EFORMAT : MQ_OK;
}

/* A profile must be usable: it needs a broker. */
static void
check_profiles(struct reader *r)
{
	for (size_t i = 0; i < r->c->profile_n; i++)
		if (r->c->profile[i].broker.n == 0) {
			r->line = r->c->profile[i].line;
			complain(r, "no broker in profile ", r->c->profile[i].name);
		}
}

enum mq_err
config_parse(struct config *c, struct span text, const char *path, const struct config_env *env,
    struct config_errors *errors)
{
	struct reader r = { .c = c, .env = env, .errors = errors };

	if (path != NULL && (c->path = strdup(path)) == NULL)
		return MQ_ENOMEM;
	(void)read_text(&r, text);
	check_profiles(&r);
	return r.failed ? MQ_EFORMAT : MQ_OK;
}

static enum mq_err
whole_file_error(struct config_errors *errors, enum mq_err r, const struct mq_error *e)
{
	if (errors != NULL) {
		errors->at[0].line = 0;
		(void)snprintf(errors->at[0].text, sizeof errors->at[0].text, "%s", e->text);
		errors->n = 1;
	}
	return r;
}

enum mq_err
config_load(struct config *c, const char *path, const struct config_env *env,
    struct config_errors *errors)
{
	struct mq_error e = { 0 };
	struct buf text;
	enum mq_err r;

	buf_init(&text, CONFIG_MAX);
	r = file_read_private(path, &text, &e);
	if (r == MQ_OK)
		r = config_parse(c, buf_span(&text), path, env, errors);
	else
		r = r == MQ_ENOENT ? MQ_OK : whole_file_error(errors, r, &e);
	buf_done(&text);
	return r;
}

enum mq_err
config_load_single(struct profile *p, const char *path, const struct config_env *env,
    struct config_errors *errors)
{
	struct config none = { 0 };
	struct reader r = { .c = &none, .single = p, .env = env, .errors = errors };
	struct mq_error e = { 0 };
	struct buf text;
	enum mq_err err;

	buf_init(&text, CONFIG_MAX);
	if ((err = profile_init(p, "gateway", env)) == MQ_OK) {
		err = file_read_private(path, &text, &e);
		err = err == MQ_OK ? read_text(&r, buf_span(&text)) :
				     whole_file_error(errors, err, &e);
	}
	buf_done(&text);
	return err;
}
