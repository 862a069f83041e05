/*
 * mqgp watch: the engine without a screen, one line an event.
 *
 * The observer renders on the engine's thread and pushes the line onto a bounded queue; writing,
 * which may block on a slow reader, happens here. Lines that do not fit are counted, not waited for.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/wakeq.h"
#include "core/conf/topic.h"
#include "core/net/engine.h"
#include "src/commands.h"
#include "src/event_json.h"
#include "src/setup.h"

#define LINES_MAX 65536
#define LINES_BYTES (64u << 20) /* a reader may pause for a while */
#define LINE_MAX_BYTES (4u << 20) /* the largest payload, six bytes of JSON each, and its topic */
#define TREES_MAX 64

const struct opt watch_options[] = {
	{ "json", 'j', NULL, "one JSON object a line" },
	{ "count", 'n', "N", "end after N messages" },
	{ "for", 't', "SECONDS", "end after this time" },
	{ "fail-on", 0, "bad", "exit 1 if anything was bad, tree states included" },
	{ "no-keys", 0, NULL, "do not use the keys of your keyring: sealed content stays sealed" },
	{ 0 },
};

struct line {
	size_t n;
	bool message, bad;
	uint32_t lost;
	uint64_t dropped;
	char text[];
};

struct watch {
	bool json;
	struct wakeq *lines;
	atomic_bool connected;
	atomic_ulong unwritten; /* lines that did not fit */
	struct watch_sum sum;
	uint32_t count, seconds;
	bool fail_on_bad;
};

static void
observe(void *arg, const struct engine_event *ev)
{
	struct watch *w = arg;
	struct line *l;
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	if (ev->kind == EVENT_LINK && ev->link == CONN_CONNECTED)
		atomic_store(&w->connected, true);
	if ((w->json ? event_put_json(&b, ev) : event_put_words(&b, ev)) == MQ_OK &&
	    (l = malloc(sizeof *l + b.n)) != NULL) {
		*l = (struct line){ .n = b.n, .message = ev->kind == EVENT_MSG,
			.bad = event_class(ev) == CLASS_BAD };
		l->lost = ev->kind == EVENT_MSG ? ev->j->lost : 0;
		l->dropped = ev->kind == EVENT_DROP ? ev->n : 0;
		memcpy(l->text, b.p, b.n);
		if (!wakeq_push(w->lines, l, l->n)) {
			free(l);
			atomic_fetch_add(&w->unwritten, 1);
		}
	} else
		atomic_fetch_add(&w->unwritten, 1);
	buf_done(&b);
}

static bool
write_all(const char *p, size_t n)
{
	while (n != 0) {
		ssize_t k = write(STDOUT_FILENO, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return false;
		p += k;
		n -= (size_t)k;
	}
	return true;
}

/* False: enough, or nobody reads any more. */
static bool
take_lines(struct watch *w)
{
	struct line *l;
	bool go_on = true;

	while (go_on && (l = wakeq_take(w->lines)) != NULL) {
		w->sum.messages += l->message;
		w->sum.bad += l->bad;
		w->sum.lost += l->lost;
		w->sum.dropped += l->dropped;
		go_on = write_all(l->text, l->n) &&
		    !(w->count != 0 && w->sum.messages >= w->count);
		free(l);
	}
	return go_on;
}

static void
run(struct watch *w, int signals)
{
	struct clock clock = clock_real();
	int64_t until = clock_mono_ms(&clock) + (int64_t)w->seconds * 1000;

	for (;;) {
		struct pollfd fd[] = { { wakeq_fd(w->lines), POLLIN, 0 }, { signals, POLLIN, 0 } };
		int64_t left = until - clock_mono_ms(&clock);

		if (w->seconds != 0 && left <= 0) {
			(void)take_lines(w); /* what happened in time is told */
			return;
		}
		if (poll(fd, 2, w->seconds != 0 ? (int)(left > 60000 ? 60000 : left) : -1) < 0 &&
		    errno != EINTR)
			return;
		if (!take_lines(w) || (fd[1].revents & POLLIN) != 0)
			return;
	}
}

static int
finish(struct watch *w, const struct setup *s)
{
	struct buf b;

	buf_init(&b, 4096);
	w->sum.dropped += atomic_load(&w->unwritten);
	if (event_put_end(&b, &w->sum, w->json) == MQ_OK)
		(void)write_all((const char *)b.p, b.n); /* nobody may be reading any more */
	buf_done(&b);
	if (w->seconds != 0 && !atomic_load(&w->connected)) {
		char text[200];

		(void)snprintf(text, sizeof text, "%.120s could not be reached", s->profile->broker.s[0]);
		setup_complain(text);
		return EXIT_SYSTEM;
	}
	return w->fail_on_bad && w->sum.bad != 0 ? EXIT_UNMET : EXIT_GOOD;
}

static int
read_options(struct watch *w, const struct opts *o)
{
	const char *fail = opts_value(o, "fail-on");
	int r;

	w->json = opts_given(o, "json");
	w->fail_on_bad = fail != NULL;
	if (fail != NULL && strcmp(fail, "bad") != 0)
		return opts_usage(o, "--fail-on takes 'bad'");
	if ((r = opts_u32(o, "count", UINT32_MAX, &w->count)) != OPTS_GO)
		return r;
	return opts_u32(o, "for", 86400 * 365, &w->seconds);
}

static int
watch(struct watch *w, const struct opts *o, struct setup *s)
{
	uint8_t topic[TREES_MAX][TOPIC_CONF_MAX];
	struct span trees[TREES_MAX];
	struct engine_options eo = { .profile = s->profile, .clock = clock_real(),
		.state_dir = s->state_dir, .run_dir = s->paths.runtime_dir, .trees = trees,
		.no_secret = opts_given(o, "no-keys"), .who = s->who, .observe = observe, .arg = w };
	struct mq_error e = { 0 };
	struct engine *engine;
	sigset_t set;
	int signals;

	if (s->n_operands > TREES_MAX)
		return opts_usage(o, "at most %d trees", TREES_MAX);
	for (size_t i = 0; i < s->n_operands; i++) {
		if (!setup_tree(s, s->operands[i], topic[i], &trees[i].n))
			return EXIT_USAGE;
		trees[i].p = topic[i];
	}
	eo.n_trees = s->n_operands;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->lines = wakeq_new(LINES_MAX, LINES_BYTES, false, free);
	if (signals < 0 || w->lines == NULL || engine_start(&engine, &eo, &e) != MQ_OK) {
		setup_complain(e.code != MQ_OK ? e.text : "out of memory or descriptors");
		return e.code != MQ_OK ? setup_status(e.code) : EXIT_SYSTEM;
	}
	run(w, signals);
	engine_stop(engine);
	(void)close(signals);
	return finish(w, s);
}

int
cmd_watch(const struct opts *o)
{
	struct watch w;
	struct setup s;
	int r;

	memset(&w, 0, sizeof w);
	if ((r = read_options(&w, o)) != OPTS_GO)
		return r;
	if ((r = setup_load(&s, o, SETUP_PROFILE)) == OPTS_GO)
		r = watch(&w, o, &s);
	wakeq_free(w.lines);
	setup_done(&s);
	return r;
}
