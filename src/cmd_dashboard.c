/*
 * mqgp without a command: the dashboard, on a terminal or driven by a script.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "src/commands.h"
#include "src/dash.h"
#include "src/dash_first.h"
#include "ui/keymap.h"

#define TREES_MAX 64
#define SCRIPT_MAX (1u << 20)
#define SIDE_MAX 500 /* columns or rows of a screen in memory */

const struct opt dashboard_options[] = {
	{ "read-only", 'r', NULL, "look only: no key acts" },
	{ "headless", 0, "WxH", "no terminal: a screen of this size in memory, driven by --script" },
	{ "script", 0, "FILE", "keys and expectations for --headless" },
	{ "save-screen", 0, "FILE", "write the last screen of --headless there" },
	{ "dump-keys", 0, NULL, "print every key as lines for the configuration" },
	{ "reset-terminal", 0, NULL, "give back a terminal that a killed program left behind" },
	{ 0 },
};

static int
dump_keys(void)
{
	struct keymap *km = keymap_new();
	struct buf b;
	int status = EXIT_SYSTEM;

	buf_init(&b, SCRIPT_MAX);
	if (km != NULL && keymap_dump(km, &b) == MQ_OK &&
	    fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0)
		status = EXIT_GOOD;
	buf_done(&b);
	keymap_free(km);
	return status;
}

/* "110x30" */
static bool
read_size(const char *text, int *w, int *h)
{
	char *end;
	long a = strtol(text, &end, 10), b;

	if (end == text || *end != 'x')
		return false;
	text = end + 1;
	b = strtol(text, &end, 10);
	if (end == text || *end != '\0' || a < 1 || b < 1 || a > SIDE_MAX || b > SIDE_MAX)
		return false;
	*w = (int)a;
	*h = (int)b;
	return true;
}

static int
read_options(struct dash_options *d, const struct opts *o, struct buf *script)
{
	const char *size = opts_value(o, "headless"), *file = opts_value(o, "script");
	struct mq_error e;

	d->read_only = opts_given(o, "read-only");
	d->save_screen = opts_value(o, "save-screen");
	if ((size != NULL) != (file != NULL) || (d->save_screen != NULL && size == NULL))
		return opts_usage(o, "--headless WxH and --script FILE belong together");
	if (size == NULL)
		return OPTS_GO;
	if (!read_size(size, &d->w, &d->h))
		return opts_usage(o, "--headless takes a size like 110x30");
	if (file_read(file, script, &e) != MQ_OK) {
		setup_complain(e.text);
		return EXIT_USAGE;
	}
	d->script = buf_span(script);
	return OPTS_GO;
}

static int
run(struct dash_options *d, const struct opts *o, struct setup *s)
{
	uint8_t topic[TREES_MAX][512];
	struct span trees[TREES_MAX];

	if (s->n_operands > TREES_MAX)
		return opts_usage(o, "at most %d trees", TREES_MAX);
	for (size_t i = 0; i < s->n_operands; i++) {
		if (!setup_tree(s, s->operands[i], topic[i], &trees[i].n))
			return EXIT_USAGE;
		trees[i].p = topic[i];
	}
	d->setup = s;
	d->trees = trees;
	d->n_trees = s->n_operands;
	return dash_run(d);
}

int
cmd_dashboard(const struct opts *o)
{
	struct dash_options d;
	struct setup s;
	struct buf script;
	int r;

	if (opts_given(o, "reset-terminal"))
		return reset_terminal();
	if (opts_given(o, "dump-keys"))
		return dump_keys();
	memset(&d, 0, sizeof d);
	buf_init(&script, SCRIPT_MAX);
	if ((r = read_options(&d, o, &script)) != OPTS_GO) {
		buf_done(&script);
		return r;
	}
	r = setup_load(&s, o, SETUP_PROFILE_OPTIONAL);
	if (r == OPTS_GO && s.profile == NULL)
		r = d.w == 0 && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? dash_first(&s) :
		    opts_usage(o, "no broker: give a URL like mqtts://broker.example, or a profile in %s",
			s.paths.config_file);
	if (r == OPTS_GO)
		r = run(&d, o, &s);
	setup_done(&s);
	buf_done(&script);
	return r;
}
