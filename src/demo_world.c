#include "src/demo_world.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/utf8.h"
#include "src/demo_child.h"
#include "src/demo_trees.h"

#define ROUND_MS 50 /* how late a test that no descriptor announces may be looked at */
#define LINE_MAX_BYTES 512

static const char *const trees[] = { DEMO_TREE_COOLING, DEMO_TREE_SECURITY, NULL };

void
demo_tell(struct demo_world *w, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES], safe[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	utf8_safe(safe, sizeof safe, span_of(line));
	if (w->progress != NULL)
		w->progress(w->arg, safe);
}

/* ---- the plant */

static void
on_reading(void *arg, enum demo_site site, const char *subtopic, const char *value)
{
	struct demo_world *w = arg;
	char topic[DEMO_TOPIC_MAX];

	switch (site) {
	case DEMO_COOLING:
		demo_gateway_feed(&w->gateway[DEMO_GATEWAY_COOLING], subtopic, value);
		return;
	case DEMO_SECURITY:
		demo_gateway_feed(&w->gateway[DEMO_GATEWAY_SECURITY], subtopic, value);
		return;
	case DEMO_WEATHER:
		(void)snprintf(topic, sizeof topic, DEMO_TREE_WEATHER "/%s", subtopic);
		(void)demo_wire_publish(w->wire, span_of(topic), span_of(value), false,
		    NULL); /* the next reading comes soon */
		return;
	}
}

static void
on_tick(void *arg)
{
	struct demo_world *w = arg;

	demo_plant_tick(&w->plant, on_reading, w);
	(void)loop_after(w->loop, DEMO_TICK_MS, on_tick, w, NULL); /* its own slot is free again */
}

static void
on_wire(void *arg, int fd, short revents)
{
	struct demo_world *w = arg;

	(void)fd;
	(void)revents;
	demo_wire_take(w->wire);
}

/* ---- children and signals */

static bool
has_ended(pid_t *pid)
{
	int status;

	if (*pid <= 0 || waitpid(*pid, &status, WNOHANG) != *pid)
		return false;
	*pid = 0;
	return true;
}

static void
on_signal(void *arg, int signal)
{
	struct demo_world *w = arg;

	if (signal != SIGCHLD) {
		w->quit = true;
		return;
	}
	demo_guest_look(&w->guest);
	if (has_ended(&w->broker.pid))
		w->died = "the broker";
	if (has_ended(&w->gateway[DEMO_GATEWAY_COOLING].pid))
		w->died = "the gateway of " DEMO_TREE_COOLING;
	if (has_ended(&w->gateway[DEMO_GATEWAY_SECURITY].pid))
		w->died = "the gateway of " DEMO_TREE_SECURITY;
}

/* ---- start */

static enum mq_err
start_loop(struct demo_world *w, struct mq_error *e)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	sigset_t set;

	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL); /* SIGCHLD: the others are blocked by main */
	if ((w->loop = loop_new(w->clock)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	return loop_signals(w->loop, &set, on_signal, w, e);
}

static enum mq_err
start_owners(struct demo_world *w, struct mq_error *e)
{
	char gpg[DEMO_FIND_MAX];
	enum mq_err r;

	demo_tell(w, "making throw-away keys for owners A and B");
	if ((r = demo_child_find("gpg", "gnupg", gpg, e)) != MQ_OK)
		return r;
	for (int i = 0; i < DEMO_OWNERS; i++)
		if ((r = demo_owner_make(&w->owner[i], w->place.dir, (char)('a' + i), e)) !=
			MQ_OK ||
		    (r = demo_owner_configure(&w->owner[i], w->broker.url, trees, e)) != MQ_OK)
			return r;
	for (int i = 0; i < DEMO_OWNERS; i++) {
		char shown[45];

		fpr_groups(&w->owner[i].key, shown);
		demo_tell(w, "  owner %c: %s", 'A' + i, shown);
	}
	return demo_owners_meet(&w->owner[DEMO_A], &w->owner[DEMO_B], e);
}

static enum mq_err
start_gateways(struct demo_world *w, struct mq_error *e)
{
	enum mq_err r;

	for (unsigned i = 0; i < DEMO_GATEWAYS; i++) {
		char shown[80];

		if ((r = demo_gateway_make(&w->gateway[i], w->place.dir, i, trees[i],
			 i == DEMO_GATEWAY_COOLING, w->broker.url, e)) != MQ_OK ||
		    (r = demo_gateway_start(&w->gateway[i], e)) != MQ_OK)
			return r;
		conf_put_gateway(&w->gateway[i].id, shown);
		demo_tell(w, "gateway of %s runs: %s", trees[i], shown);
	}
	return MQ_OK;
}

static enum mq_err
start_feeding(struct demo_world *w, struct mq_error *e)
{
	enum mq_err r;

	if ((r = demo_wire_open(&w->wire, w->broker.url, trees, e)) != MQ_OK)
		return r;
	demo_plant_init(&w->plant, (uint64_t)clock_wall_ms(&w->clock));
	(void)snprintf(w->outsider.home, sizeof w->outsider.home, "%s/o", w->place.dir);
	if (loop_watch(w->loop, demo_wire_fd(w->wire), POLLIN, on_wire, w) != MQ_OK ||
	    loop_after(w->loop, DEMO_TICK_MS, on_tick, w, NULL) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the loop is full");
	return MQ_OK;
}

enum mq_err
demo_world_start(struct demo_world *w, bool joinable, struct mq_error *e)
{
	enum mq_err r;

	w->clock = clock_real();
	for (int i = 0; i < DEMO_GATEWAYS; i++)
		w->gateway[i].fifo = -1;
	if ((r = demo_place_make(&w->place, joinable, e)) != MQ_OK || (r = start_loop(w, e)) != MQ_OK)
		return r;
	demo_tell(w, "starting a private broker");
	if ((r = demo_broker_start(&w->broker, w->place.dir, e)) != MQ_OK)
		return r;
	demo_tell(w, "  %s, files in %s", w->broker.url, w->place.dir);
	if ((r = start_owners(w, e)) != MQ_OK || (r = start_gateways(w, e)) != MQ_OK)
		return r;
	return start_feeding(w, e);
}

/* ---- going on */

enum mq_err
demo_world_until(struct demo_world *w, demo_test *test, void *arg, int64_t ms, struct mq_error *e)
{
	int64_t end = clock_mono_ms(&w->clock) + ms;

	while (!test(arg, w)) {
		if (w->quit)
			return mq_fail(e, MQ_ECANCEL, "asked to end");
		if (w->died != NULL)
			return mq_fail(e, MQ_EIO, "%s ended by itself", w->died);
		if (ms >= 0 && clock_mono_ms(&w->clock) >= end)
			return mq_fail(e, MQ_ETIMEOUT, "nothing for %d s", (int)(ms / 1000));
		if (loop_once(w->loop, ROUND_MS) != MQ_OK)
			return mq_fail(e, MQ_EIO, "cannot wait for events");
	}
	return MQ_OK;
}

void
demo_world_stop(struct demo_world *w)
{
	demo_outsider_done(&w->outsider);
	for (int i = 0; i < DEMO_GATEWAYS; i++)
		demo_gateway_stop(&w->gateway[i]);
	demo_wire_close(w->wire);
	demo_broker_stop(&w->broker);
	for (int i = 0; i < DEMO_OWNERS; i++)
		demo_owner_done(&w->owner[i]);
	loop_free(w->loop);
	demo_place_leave(&w->place);
}
