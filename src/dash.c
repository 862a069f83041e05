#include "src/dash.h"

#include <errno.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/net/engine.h"
#include "src/dash_evidence.h"
#include "src/dash_owner.h"
#include "src/osc52.h"
#include "ui/app.h"
#include "ui/script.h"
#include "ui/term_curses.h"
#include "ui/term_mem.h"

#define POLL_MAX_MS 60000 /* a clock that was set is noticed at least then */
#define SCREEN_MAX (1u << 20)

struct dash {
	const struct dash_options *o;
	const struct setup *s;
	struct clock clock;
	struct theme theme;
	struct keymap *keys;
	struct term *term;
	struct engine *engine;
	struct snap_view *view;
	struct dash_owner *owner;
	struct app *app;
	int signals;
	bool asked_to_end; /* by a signal */
	unsigned frames; /* presented so far */
};

/* ---- what the app asks of the outside */

static void
port_build(void *arg, const struct snap_request *r, struct snap *out)
{
	struct dash *d = arg;

	snap_build(d->view, r, out);
	if (dash_owner_fill(d->owner, r, out))
		snap_build(d->view, r, out);
}

static bool
port_filter_step(void *arg)
{
	struct dash *d = arg;

	return snap_filter_step(d->view);
}

static enum mq_err
port_decide(void *arg, const struct app_decision *decision, struct mq_error *e)
{
	struct dash *d = arg;

	return dash_owner_decide(d->owner, decision, e);
}

static enum mq_err
port_job(void *arg, enum action a, struct span tree, struct mq_error *e)
{
	struct dash *d = arg;

	return dash_owner_job(d->owner, a, tree, e);
}

static bool
port_stop(void *arg)
{
	struct dash *d = arg;

	return dash_owner_stop(d->owner);
}

static void
port_question(void *arg, struct app_question *q)
{
	struct dash *d = arg;

	dash_owner_question(d->owner, q);
}

static void
port_answer(void *arg, uint64_t question, struct span text)
{
	struct dash *d = arg;

	dash_owner_answer(d->owner, question, text);
}

static enum mq_err
port_evidence(void *arg, uint64_t topic, uint32_t serial, char path[APP_PATH_MAX],
    struct mq_error *e)
{
	struct dash *d = arg;

	return dash_evidence_save(d->engine, d->s->state_dir, topic, serial, path, e);
}

static void
port_clipboard(void *arg, struct span text)
{
	struct dash *d = arg;

	osc52_send(d->term->out_fd, text);
}

static const char *
port_attack_name(void *arg, size_t i)
{
	struct dash *d = arg;

	return d->o->attacks.name(d->o->attacks.arg, i);
}

static enum mq_err
port_attack(void *arg, size_t i, char words[APP_ATTACK_WORDS], struct mq_error *e)
{
	struct dash *d = arg;

	_Static_assert(APP_ATTACK_WORDS == DASH_ATTACK_WORDS, "the same sentence");
	return d->o->attacks.run(d->o->attacks.arg, i, words, e);
}

/* ---- starting */

static bool
load_theme(struct dash *d)
{
	const char *dirs[] = { d->s->paths.theme_dir, MQGP_DATADIR "/themes", NULL };
	struct buf errors;
	bool ok;

	buf_init(&errors, 4096);
	ok = theme_load(&d->theme, d->s->config.theme, dirs, &errors) == MQ_OK;
	if (!ok)
		setup_complain(buf_cstr(&errors) != NULL ? buf_cstr(&errors) : "the theme is damaged");
	buf_done(&errors);
	return ok;
}

static bool
load_keys(struct dash *d)
{
	const struct config *c = &d->s->config;
	struct mq_error e;
	bool ok = true;

	if ((d->keys = keymap_new()) == NULL)
		return false;
	for (size_t i = 0; i < c->bind_n; i++) {
		const struct config_bind *b = &c->bind[i];
		char text[MQ_ERROR_TEXT + 300];

		if (keymap_bind(d->keys, span_of(b->context), span_of(b->key), span_of(b->action), &e) ==
		    MQ_OK)
			continue;
		(void)snprintf(text, sizeof text, "%.255s:%u: %s", c->path != NULL ? c->path : "bind",
		    b->line, e.text);
		setup_complain(text);
		ok = false;
	}
	return ok;
}

static enum colour_wish
colour_of(const struct config *c)
{
	switch ((enum config_colour)c->colour) {
	case CONFIG_COLOUR_AUTO:
		return COLOUR_WISH_AUTO;
	case CONFIG_COLOUR_ALWAYS:
		return COLOUR_WISH_ALWAYS;
	case CONFIG_COLOUR_NEVER:
		return COLOUR_WISH_NEVER;
	case CONFIG_COLOUR_16:
		return COLOUR_WISH_16;
	case CONFIG_COLOUR_256:
		return COLOUR_WISH_256;
	}
	return COLOUR_WISH_AUTO;
}

static int
open_terminal(struct dash *d)
{
	const struct config *c = &d->s->config;
	struct term_options o = { .theme = &d->theme, .colour = colour_of(c), .ascii = c->ascii,
		.esc_delay_ms = (int)c->esc_delay_ms, .in_fd = STDIN_FILENO, .out_fd = STDOUT_FILENO };
	struct mq_error e = { 0 };

	(void)setlocale(LC_CTYPE, ""); /* an unknown locale stays C, which means ASCII */
	if (d->o->w != 0) {
		d->term = term_mem_new(d->o->w, d->o->h, &d->theme,
		    theme_level(o.colour, 256, getenv("NO_COLOR")), o.ascii);
		return d->term != NULL ? OPTS_GO : EXIT_SYSTEM;
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		setup_complain("the dashboard needs a terminal; 'mqgp watch' prints the same as lines");
		return EXIT_SYSTEM;
	}
	if ((d->term = term_curses_new(&o, &e)) != NULL)
		return OPTS_GO;
	setup_complain(e.text);
	return EXIT_SYSTEM;
}

static void
log_to_model(void *arg, enum log_level level, const char *line)
{
	model_log(arg, (int)level, line);
}

static enum mq_err
start_engine(struct dash *d, struct mq_error *e)
{
	struct engine_options eo = { .profile = d->s->profile, .clock = d->clock,
		.state_dir = d->s->state_dir, .run_dir = d->s->paths.runtime_dir,
		.trees = d->o->trees, .n_trees = d->o->n_trees, .who = d->s->who };
	const struct intent ring = { .kind = INTENT_RING };
	enum mq_err r = engine_start(&d->engine, &eo, e);

	if (r != MQ_OK)
		return r;
	log_set_sink(log_to_model, engine_model(d->engine));
	(void)engine_do(d->engine, &ring, NULL); /* without gpg nobody is known by it */
	d->view = snap_view_new(engine_model(d->engine));
	return d->view != NULL ? MQ_OK : mq_fail(e, MQ_ENOMEM, "out of memory");
}

static enum mq_err
start_app(struct dash *d, struct mq_error *e)
{
	const struct dash_owner_options oo = { .engine = d->engine, .profile = d->s->profile,
		.state_dir = d->s->state_dir, .run_dir = d->s->paths.runtime_dir, .who = d->s->who,
		.clock = &d->clock, .term = d->term };
	struct app_options ao = { .keys = d->keys, .read_only = d->o->read_only,
		.quiet = d->s->config.quiet_screen, .fps = (int)d->s->config.fps,
		.profile = d->s->profile->name,
		.port = { .arg = d, .build = port_build, .filter_step = port_filter_step,
		    .decide = port_decide, .job = port_job, .stop = port_stop, .question = port_question,
		    .answer = port_answer, .evidence = port_evidence,
		    .clipboard = d->s->config.clipboard ? port_clipboard : NULL,
		    .n_attacks = d->o->attacks.n, .attack_name = port_attack_name,
		    .attack = port_attack } };
	enum mq_err r = dash_owner_new(&d->owner, &oo, e);

	if (r != MQ_OK)
		return r;
	d->app = app_new(&ao);
	return d->app != NULL ? MQ_OK : mq_fail(e, MQ_ENOMEM, "out of memory");
}

/* ---- the loop */

/* What libraries print would stand across the screen: it becomes lines of the log. */
static void
take_stderr(struct dash *d)
{
	char text[1024];
	size_t n = term_read_stderr(d->term, text, sizeof text - 1);

	for (size_t at = 0; at < n;) {
		size_t line = strcspn(text + at, "\n");

		text[n] = '\0';
		line = line < n - at ? line : n - at;
		text[at + line] = '\0';
		if (line != 0)
			log_warn("a library says: %s", text + at);
		at += line + 1;
	}
}

static void
take_terminal_wish(struct dash *d)
{
	const struct input resized = { .kind = INPUT_RESIZE };

	switch (app_terminal_wish(d->app)) {
	case APP_TERMINAL_NOTHING:
		return;
	case APP_TERMINAL_STOP:
		(void)term_stop(d->term); /* a terminal that is gone says so as a hang-up */
		break;
	case APP_TERMINAL_REDRAW:
		term_redraw(d->term);
		break;
	}
	app_event(d->app, &resized);
}

static void
take_notice(struct dash *d)
{
	char text[MQ_ERROR_TEXT];
	enum role role;

	if (dash_owner_notice(d->owner, &role, text))
		app_say(d->app, role, span_of(text));
}

/* Waits at most so long for something to do; false: a signal asked for the end. */
static bool
wait_for_work(struct dash *d, int timeout)
{
	int64_t now = clock_mono_ms(&d->clock);
	bool drawing = app_wait(d->app, now) == 0 && !term_writable(d->term);
	struct pollfd fd[] = {
		{ .fd = d->signals, .events = POLLIN },
		{ .fd = engine_fd(d->engine), .events = POLLIN },
		{ .fd = dash_owner_fd(d->owner), .events = POLLIN },
		{ .fd = d->term->in_fd, .events = POLLIN },
		{ .fd = d->term->stderr_fd, .events = POLLIN },
		{ .fd = drawing ? d->term->out_fd : -1, .events = POLLOUT },
	};
	uint64_t woken;

	if (poll(fd, sizeof fd / sizeof fd[0], drawing && timeout == 0 ? POLL_MAX_MS : timeout) < 0 &&
	    errno != EINTR)
		return false;
	if ((fd[1].revents & POLLIN) != 0 && read(fd[1].fd, &woken, sizeof woken) > 0)
		app_changed(d->app, clock_mono_ms(&d->clock));
	d->asked_to_end = (fd[0].revents & POLLIN) != 0;
	return !d->asked_to_end;
}

/* One turn: wait, take what came, draw if it is time. False: the end. */
static bool
turn(struct dash *d, int most_ms)
{
	struct input in;
	int wait = app_wait(d->app, clock_mono_ms(&d->clock));
	int64_t now;

	if (wait < 0 || wait > most_ms)
		wait = most_ms;
	if (!wait_for_work(d, wait))
		return false;
	while (!app_over(d->app) && term_read(d->term, &in)) {
		app_event(d->app, &in);
		take_terminal_wish(d);
	}
	take_stderr(d);
	now = clock_mono_ms(&d->clock);
	if (dash_owner_step(d->owner))
		app_changed(d->app, now);
	take_notice(d);
	app_step(d->app, now);
	if (app_over(d->app))
		return false;
	if (app_due(d->app, now, term_writable(d->term))) {
		if (app_draw(d->app, d->term, now) != MQ_OK)
			return false;
		d->frames++;
	}
	return true;
}

/* ---- without a terminal */

/* Until a frame was presented or the time is over, but not before every key typed so far shows. */
static bool
pump(void *arg, int64_t until_ms)
{
	struct dash *d = arg;
	unsigned frames = d->frames;
	bool go_on = true;

	do {
		int64_t left = until_ms - clock_mono_ms(&d->clock);

		if (app_busy(d->app) || left > POLL_MAX_MS)
			left = POLL_MAX_MS; /* the app says when it wants to draw */
		go_on = turn(d, left < 0 ? 0 : (int)left);
	} while (go_on && (app_busy(d->app) ||
			      (d->frames == frames && clock_mono_ms(&d->clock) < until_ms)));
	return go_on;
}

static int
save_screen(struct dash *d)
{
	struct mq_error e;
	struct buf b;
	enum mq_err r;

	buf_init(&b, SCREEN_MAX);
	r = term_mem_text(d->term, &b);
	if (r == MQ_OK)
		r = file_write_mode(d->o->save_screen, b.p, b.n, 0644, &e);
	else
		(void)mq_fail(&e, r, "no memory for the screen");
	buf_done(&b);
	if (r != MQ_OK)
		setup_complain(e.text);
	return r == MQ_OK ? EXIT_GOOD : EXIT_SYSTEM;
}

static int
run_script(struct dash *d)
{
	const struct script_host host = { .term = d->term, .clock = &d->clock, .arg = d,
		.pump = pump };
	struct buf report;
	enum mq_err r;
	int status = EXIT_GOOD;

	buf_init(&report, SCREEN_MAX);
	r = script_run(&host, d->o->script, &report);
	if (d->asked_to_end) { /* the script could not go on: no fault of its own */
		buf_done(&report);
		return EXIT_GOOD;
	}
	if (report.n != 0)
		(void)fwrite(report.p, 1, report.n, stderr); /* of our own screen: already escaped */
	buf_done(&report);
	if (r != MQ_OK)
		status = r == MQ_ETIMEOUT ? EXIT_UNMET : r == MQ_EFORMAT ? EXIT_USAGE : EXIT_SYSTEM;
	if (d->o->save_screen != NULL && save_screen(d) != EXIT_GOOD && status == EXIT_GOOD)
		status = EXIT_SYSTEM;
	return status;
}

/* ---- all of it */

static int
open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these cannot fail with valid signals */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void
stop(struct dash *d)
{
	app_free(d->app);
	dash_owner_free(d->owner);
	log_set_sink(NULL, NULL);
	snap_view_free(d->view);
	if (d->engine != NULL)
		engine_stop(d->engine);
	if (d->signals >= 0)
		(void)close(d->signals);
	keymap_free(d->keys);
}

int
dash_run(const struct dash_options *o)
{
	struct dash d = { .o = o, .s = o->setup, .clock = clock_real(), .signals = -1 };
	struct mq_error e = { 0 };
	int status = EXIT_GOOD;

	if (!load_theme(&d) || !load_keys(&d)) {
		keymap_free(d.keys);
		return EXIT_USAGE;
	}
	if ((status = open_terminal(&d)) != OPTS_GO) {
		keymap_free(d.keys);
		return status;
	}
	status = EXIT_GOOD;
	if ((d.signals = open_signals()) < 0)
		(void)mq_fail_errno(&e, MQ_EIO, "no descriptor for signals");
	else if (start_engine(&d, &e) == MQ_OK && start_app(&d, &e) == MQ_OK) {
		if (o->w != 0)
			status = run_script(&d);
		else
			while (turn(&d, POLL_MAX_MS))
				continue;
	}
	term_free(d.term); /* first: stopping may take a moment, and errors are for a sane terminal */
	stop(&d);
	if (e.code == MQ_OK)
		return status;
	setup_complain(e.text);
	return setup_status(e.code);
}
