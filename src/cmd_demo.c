/* mqgp demo: the main job on a private broker with throw-away keys; nothing of the user is touched. */
#include <string.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/dash.h"
#include "src/demo_host.h"
#include "src/demo_run.h"

const struct opt demo_options[] = {
	{ "as", 0, "a|b", "join the demo that runs, as owner A or B" },
	{ "dashboard", 0, "DIR", NULL }, /* what the demo starts: a dashboard with F9 */
	{ 0 },
};

static const char *
attack_name(void *arg, size_t i)
{
	(void)arg;
	return demo_attacks[i].name;
}

static enum mq_err
attack(void *arg, size_t i, char words[DASH_ATTACK_WORDS], struct mq_error *e)
{
	_Static_assert(DASH_ATTACK_WORDS >= DEMO_ANSWER_MAX, "an answer is shown whole");
	const int *line = arg;

	return demo_ask(*line, i, words, e);
}

static int
open_dashboard(const struct opts *o, const char *dir)
{
	int line = -1;
	struct setup s;
	struct dash_options d = { .setup = &s,
		.attacks = { .arg = &line, .n = DEMO_ATTACKS, .name = attack_name, .run = attack } };
	struct mq_error e;
	int r;

	if ((r = setup_load(&s, o, SETUP_PROFILE)) == OPTS_GO) {
		r = EXIT_SYSTEM;
		if (demo_call(dir, &line, &e) == MQ_OK)
			r = dash_run(&d);
		else
			setup_complain(e.text);
	}
	if (line >= 0)
		(void)close(line);
	setup_done(&s);
	return r;
}

int
cmd_demo(const struct opts *o)
{
	const char *as = opts_value(o, "as"), *dir = opts_value(o, "dashboard");

	if (dir != NULL)
		return open_dashboard(o, dir);
	if (as != NULL && strcmp(as, "a") != 0 && strcmp(as, "b") != 0)
		return opts_usage(o, "--as takes 'a' or 'b'");
	if (as != NULL)
		return demo_join(as[0]);
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? demo_interactive() :
							       demo_headless();
}
