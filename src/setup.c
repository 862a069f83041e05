#include "src/setup.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/utf8.h"
#include "core/conf/topic.h"
#include "core/model/audit.h"

void
setup_complain(const char *text)
{
	char safe[1024];

	utf8_safe(safe, sizeof safe, span_of(text));
	(void)fprintf(stderr, "mqgp: %s\n", safe);
}

int
setup_status(enum mq_err r)
{
	switch (r) {
	case MQ_OK:
		return EXIT_GOOD;
	case MQ_EINVAL:
	case MQ_EFORMAT:
	case MQ_ELIMIT:
	case MQ_ENOENT:
	case MQ_EEXIST:
	case MQ_EPERM:
		return EXIT_USAGE;
	case MQ_ECANCEL:
	case MQ_EAGAIN:
		return EXIT_UNMET;
	case MQ_ENOMEM:
	case MQ_EIO:
	case MQ_ETIMEOUT:
	case MQ_ENET:
	case MQ_ECRYPTO:
	case MQ_ESTATE:
		return EXIT_SYSTEM;
	}
	return EXIT_SYSTEM;
}

static void
find_who(struct setup *s)
{
	char host[64] = "localhost";
	const struct passwd *pw = getpwuid(getuid());

	(void)gethostname(host, sizeof host - 1); /* the default stays */
	host[sizeof host - 1] = 0;
	(void)snprintf(s->who, sizeof s->who, "%.40s@%s", pw != NULL ? pw->pw_name : "unknown",
	    host);
}

/* OPTS_GO also with errors in the file. */
static int
load_config(struct setup *s, const struct opts *o, struct config_errors *errors)
{
	const char *given = opts_value(o, "config");
	struct config_env env = config_env_real();
	struct paths_env penv = paths_env_real();
	struct mq_error e;

	if (paths_find(&s->paths, &penv, &e) != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	s->config_path = given != NULL ? given : s->paths.config_file;
	if (config_load(&s->config, s->config_path, &env, errors) != MQ_OK) {
		config_free(&s->config); /* half of a configuration is worse than none */
		config_init(&s->config, &env);
	} else if (given != NULL && s->config.path == NULL) {
		errors->n = 1;
		errors->at[0].line = 0;
		(void)snprintf(errors->at[0].text, sizeof errors->at[0].text,
		    "the file does not exist");
	}
	return OPTS_GO;
}

void
setup_complain_config(const struct setup *s, const struct config_errors *errors)
{
	char text[MQ_ERROR_TEXT + PATH_MAX + 32];

	for (size_t i = 0; i < errors->n; i++) {
		const struct config_error *e = &errors->at[i];

		if (e->line != 0)
			(void)snprintf(text, sizeof text, "%s:%u: %s", s->config_path, e->line, e->text);
		else
			(void)snprintf(text, sizeof text, "%s: %s", s->config_path, e->text);
		setup_complain(text);
	}
}

static int
choose_profile(struct setup *s, const struct opts *o)
{
	const char *name = opts_value(o, "profile");
	struct config_env env = config_env_real();
	struct mq_error e;

	if (s->n_operands != 0 && strstr(s->operands[0], "://") != NULL) {
		if (name != NULL)
			return opts_usage(o, "give a profile or a broker URL, not both");
		if (profile_init(&s->own, "adhoc", &env) != MQ_OK ||
		    profile_add_broker(&s->own, s->operands[0], &e) != MQ_OK) {
			setup_complain(e.text);
			return EXIT_USAGE;
		}
		s->profile = &s->own;
		s->operands++;
		s->n_operands--;
		return OPTS_GO;
	}
	s->profile = config_profile(&s->config, name);
	if (s->profile == NULL && name != NULL) {
		char text[160];

		(void)snprintf(text, sizeof text,
		    "there is no profile \"%.60s\"; 'mqgp config show' lists what there is", name);
		setup_complain(text);
		return EXIT_USAGE;
	}
	return OPTS_GO;
}

static int
find_state_dir(struct setup *s)
{
	if (s->profile == NULL || paths_profile_dir(&s->paths, s->profile->name, s->state_dir,
		sizeof s->state_dir) == MQ_OK)
		return OPTS_GO;
	setup_complain("the state folder's path is too long");
	return EXIT_SYSTEM;
}

static void
begin(struct setup *s, const struct opts *o)
{
	struct config_env env = config_env_real();

	memset(s, 0, sizeof *s);
	config_init(&s->config, &env);
	s->operands = o->operands;
	s->n_operands = o->operand_count;
	find_who(s);
}

int
setup_examine(struct setup *s, const struct opts *o, struct config_errors *errors)
{
	int r;

	begin(s, o);
	if ((r = load_config(s, o, errors)) != OPTS_GO)
		return r;
	if (errors->n != 0 && opts_given(o, "profile"))
		return OPTS_GO; /* it may be there, for all we know */
	return (r = choose_profile(s, o)) != OPTS_GO ? r : find_state_dir(s);
}

int
setup_load(struct setup *s, const struct opts *o, enum setup_need need)
{
	struct config_errors errors;
	struct mq_error e;
	int r;

	begin(s, o);
	errors.n = 0;
	if ((r = load_config(s, o, &errors)) != OPTS_GO)
		return r;
	if (errors.n != 0) {
		setup_complain_config(s, &errors);
		return EXIT_USAGE;
	}
	if (need == SETUP_CONFIG_ONLY || (r = choose_profile(s, o)) != OPTS_GO)
		return r;
	if (s->profile == NULL)
		return need != SETUP_PROFILE ? OPTS_GO :
		    opts_usage(o, "no broker: give a URL like mqtts://broker.example, or a profile "
				  "in %s", s->paths.config_file);
	if (need == SETUP_LOOK)
		return find_state_dir(s);
	if (paths_make_profile(&s->paths, s->profile->name, s->state_dir, sizeof s->state_dir,
		&e) != MQ_OK ||
	    paths_make_runtime(&s->paths, &e) != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	return OPTS_GO;
}

void
setup_done(struct setup *s)
{
	profile_done(&s->own);
	config_free(&s->config);
}

bool
setup_tree(const struct setup *s, const char *word, uint8_t topic[512], size_t *n)
{
	char text[200];

	if (topic_decode(span_of(word), s->profile != NULL && s->profile->allow_non_ascii, topic, n))
		return true;
	(void)snprintf(text, sizeof text, "\"%.120s\" is not a topic a conf may name", word);
	setup_complain(text);
	return false;
}

void
setup_note(const struct setup *s, const char *kind, struct span tree, const char *text,
    const char *detail)
{
	struct clock clock = clock_real();
	struct audit_row row = { .time_ms = clock_wall_ms(&clock), .who = s->who, .kind = kind,
		.tree = tree, .text = span_of(text), .detail = span_of(detail) };
	char path[PATH_MAX];
	struct mq_error e = { 0 };
	struct audit *a = NULL;

	if (s->profile == NULL)
		return;
	if (file_join(path, sizeof path, s->state_dir, "audit.db") != MQ_OK) {
		setup_complain("the path of the audit log is too long");
		return;
	}
	if (audit_open(path, &a, &e) == MQ_OK && audit_append(a, &row) && audit_flush(a) == MQ_OK &&
	    audit_lost(a) == 0)
		e.text[0] = e.code != MQ_OK ? e.text[0] : '\0'; /* a damaged file was set aside */
	else if (e.text[0] == '\0')
		(void)mq_fail(&e, MQ_EIO, "done, but not written to the audit log: %s", path);
	if (e.text[0] != '\0')
		setup_complain(e.text);
	audit_close(a);
}
