#include "src/dash_first.h"

#include <stdio.h>
#include <string.h>

#include "src/person.h"

#define LINE 256

static void
say(const char *text)
{
	(void)printf("%s", text);
	(void)fflush(stdout); /* a terminal that is gone ends the question anyway */
}

/* Until it is an address, or the person gave up. */
static enum mq_err
ask_broker(struct profile *p)
{
	struct mq_error e;
	char line[LINE];
	enum mq_err r;

	for (;;) {
		if ((r = person_line("Address of the broker", line, sizeof line, &e)) != MQ_OK)
			return r;
		if (line[0] == '\0')
			return MQ_ECANCEL;
		if (profile_add_broker(p, line, &e) == MQ_OK)
			return MQ_OK;
		setup_complain(e.text);
	}
}

/* An empty answer keeps nothing. */
static enum mq_err
offer_to_save(struct setup *s)
{
	struct mq_error e;
	char line[LINE];
	enum mq_err r;

	for (;;) {
		if ((r = person_line("Name of a profile to save it as (empty: do not save)", line,
			 sizeof line, &e)) != MQ_OK || line[0] == '\0')
			return r;
		if (!config_name_ok(span_of(line))) {
			setup_complain("a name has 1 to 40 letters, digits, '-', '_' and '.'");
			continue;
		}
		(void)snprintf(s->own.name, sizeof s->own.name, "%.40s", line); /* checked above */
		if ((r = config_save_profile(s->paths.config_file, &s->own, &e)) != MQ_OK) {
			setup_complain(e.text);
			continue;
		}
		say("Saved in ");
		say(s->paths.config_file);
		say("\n");
		return MQ_OK;
	}
}

int
dash_first(struct setup *s)
{
	struct config_env env = config_env_real();
	struct mq_error e;
	enum mq_err r;

	say("mqgp has no configuration yet. Which broker shall it watch?\n"
	    "For example mqtts://broker.example:8883, or mqtt://127.0.0.1 without TLS.\n"
	    "User, password file and certificates are lines of the configuration.\n"
	    "An empty line leaves.\n");
	if (profile_init(&s->own, "adhoc", &env) != MQ_OK) {
		setup_complain("out of memory");
		return EXIT_SYSTEM;
	}
	if ((r = ask_broker(&s->own)) != MQ_OK || (r = offer_to_save(s)) != MQ_OK)
		return r == MQ_ECANCEL ? EXIT_GOOD : setup_status(r);
	s->profile = &s->own;
	if (paths_make_profile(&s->paths, s->own.name, s->state_dir, sizeof s->state_dir, &e) != MQ_OK ||
	    paths_make_runtime(&s->paths, &e) != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	return OPTS_GO;
}
