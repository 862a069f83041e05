#include "src/looker.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define ROUND_MS 100

struct looker {
	struct engine *engine;
	struct clock clock;
	int signals;
	atomic_llong news_ms; /* monotonic: a tree was judged */
	atomic_bool up, refused;
	char words[MQ_ERROR_TEXT]; /* written before refused is set, read after */
};

/* Engine thread. */
static void
observe(void *arg, const struct engine_event *ev)
{
	struct looker *l = arg;

	if (ev->kind == EVENT_CONF || ev->kind == EVENT_TREE)
		atomic_store(&l->news_ms, clock_mono_ms(&l->clock));
	if (ev->kind != EVENT_LINK)
		return;
	if (ev->link == CONN_CONNECTED) {
		atomic_store(&l->news_ms, clock_mono_ms(&l->clock));
		atomic_store(&l->up, true);
	}
	if (ev->link == CONN_REFUSED && !atomic_load(&l->refused)) {
		(void)snprintf(l->words, sizeof l->words, "%s: %s", ev->broker, ev->words);
		atomic_store(&l->refused, true);
	}
}

static int
unreachable(struct looker *l, const struct setup *s)
{
	char text[MQ_ERROR_TEXT + 64];

	if (atomic_load(&l->refused))
		(void)snprintf(text, sizeof text, "cannot reach %s", l->words);
	else
		(void)snprintf(text, sizeof text, "%.200s does not answer", s->profile->broker.s[0]);
	setup_complain(text);
	return EXIT_SYSTEM;
}

/* Every tree shown has its conf and the gateway's word: nothing slow is missing. */
static bool
all_known(struct looker *l)
{
	struct model *m = engine_model(l->engine);
	bool all = true;

	model_lock(m);
	for (size_t i = 0; i < model_trees(m); i++) {
		const struct model_tree *t = model_tree_nth(m, i);

		all &= t->revision != 0 && t->gw_state[0] != 0;
	}
	all &= model_trees(m) != 0;
	model_unlock(m);
	return all;
}

static bool
is_judged(struct looker *l, int64_t now)
{
	int64_t quiet = now - atomic_load(&l->news_ms);

	return quiet > LOOKER_QUIET_MS && (quiet > LOOKER_PATIENT_MS || all_known(l));
}

static int
wait_until_judged(struct looker *l, const struct setup *s)
{
	int64_t began = clock_mono_ms(&l->clock);

	for (;;) {
		struct pollfd p = { l->signals, POLLIN, 0 };
		int64_t now = clock_mono_ms(&l->clock);
		bool up = atomic_load(&l->up);

		if (poll(&p, 1, ROUND_MS) > 0)
			return EXIT_GOOD;
		if (!up && (atomic_load(&l->refused) || now - began > LOOKER_CONNECT_MS))
			return unreachable(l, s);
		if (up && (is_judged(l, now) || now - began > LOOKER_CONNECT_MS + LOOKER_MAX_MS))
			return OPTS_GO;
	}
}

int
looker_open(struct looker **out, const struct setup *s, const struct span *trees, size_t n)
{
	struct looker *l = calloc(1, sizeof *l);
	struct engine_options eo = { .profile = s->profile, .clock = clock_real(),
		.state_dir = s->state_dir, .run_dir = s->paths.runtime_dir, .trees = trees,
		.n_trees = n, .who = s->who, .observe = observe, .arg = l };
	struct mq_error e = { 0 };
	sigset_t set;
	enum mq_err r;
	int status;

	if (l == NULL)
		return EXIT_SYSTEM;
	l->clock = clock_real();
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (l->signals < 0 || (r = engine_start(&l->engine, &eo, &e)) != MQ_OK) {
		setup_complain(e.code != MQ_OK ? e.text : "out of descriptors");
		status = e.code != MQ_OK ? setup_status(e.code) : EXIT_SYSTEM;
		l->engine = NULL;
	} else
		status = wait_until_judged(l, s);
	if (status == OPTS_GO)
		*out = l;
	else
		looker_close(l);
	return status;
}

void
looker_close(struct looker *l)
{
	if (l == NULL)
		return;
	if (l->engine != NULL)
		engine_stop(l->engine);
	if (l->signals >= 0)
		(void)close(l->signals);
	free(l);
}

struct engine *
looker_engine(struct looker *l)
{
	return l->engine;
}
