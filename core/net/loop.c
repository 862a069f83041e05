#include "core/net/loop.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct watch {
	int fd;
	short events;
	loop_fd_fn *fn; /* NULL: unwatched during this round */
	void *arg;
};

struct timer {
	uint64_t id;
	int64_t due_ms;
	loop_timer_fn *fn;
	void *arg;
};

struct loop {
	struct clock clock;
	struct watch watch[LOOP_FDS + 2]; /* and our own two */
	size_t watches;
	struct timer timer[LOOP_TIMERS];
	size_t timers;
	uint64_t last_id;
	bool in_round; /* places of watches stay as they are */
	atomic_bool stopped;
	int wake_fd, signal_fd;
	loop_signal_fn *signal_fn;
	void *signal_arg;
};

static void
woken(void *arg, int fd, short revents)
{
	eventfd_t count;

	(void)arg;
	(void)revents;
	(void)eventfd_read(fd, &count); /* only resets the wake-up */
}

struct loop *
loop_new(struct clock clock)
{
	struct loop *l = calloc(1, sizeof *l);

	if (l == NULL)
		return NULL;
	l->clock = clock;
	l->signal_fd = -1;
	l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (l->wake_fd < 0) {
		free(l);
		return NULL;
	}
	l->watch[l->watches++] = (struct watch){ l->wake_fd, POLLIN, woken, NULL };
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	if (l->signal_fd >= 0)
		(void)close(l->signal_fd); /* only read from */
	(void)close(l->wake_fd); /* an eventfd has nothing to flush */
	free(l);
}

/* ---- descriptors */

static struct watch *
find_watch(struct loop *l, int fd)
{
	for (size_t i = 0; i < l->watches; i++)
		if (l->watch[i].fd == fd && l->watch[i].fn != NULL)
			return &l->watch[i];
	return NULL;
}

enum mq_err
loop_watch(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg)
{
	struct watch *w = find_watch(l, fd);

	if (fd < 0 || fn == NULL)
		return MQ_EINVAL;
	if (w == NULL) {
		if (l->watches == sizeof l->watch / sizeof l->watch[0])
			return MQ_ELIMIT;
		w = &l->watch[l->watches++];
	}
	*w = (struct watch){ fd, events, fn, arg };
	return MQ_OK;
}

static void
forget_unwatched(struct loop *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->watches; i++)
		if (l->watch[i].fn != NULL)
			l->watch[kept++] = l->watch[i];
	l->watches = kept;
}

void
loop_unwatch(struct loop *l, int fd)
{
	struct watch *w = find_watch(l, fd);

	if (w == NULL)
		return;
	w->fn = NULL;
	if (!l->in_round)
		forget_unwatched(l);
}

/* ---- timers */

enum mq_err
loop_after(struct loop *l, int64_t ms, loop_timer_fn *fn, void *arg, uint64_t *id)
{
	if (l->timers == LOOP_TIMERS)
		return MQ_ELIMIT;
	l->timer[l->timers++] = (struct timer){
		.id = ++l->last_id,
		.due_ms = clock_mono_ms(&l->clock) + (ms > 0 ? ms : 0),
		.fn = fn,
		.arg = arg,
	};
	if (id != NULL)
		*id = l->last_id;
	return MQ_OK;
}

void
loop_cancel(struct loop *l, uint64_t id)
{
	for (size_t i = 0; i < l->timers; i++) {
		if (l->timer[i].id != id)
			continue;
		l->timer[i] = l->timer[--l->timers];
		return;
	}
}

/* The timer that is due first; of two equal ones the older. NULL if there is none. */
static struct timer *
next_timer(struct loop *l)
{
	struct timer *first = NULL;

	for (size_t i = 0; i < l->timers; i++) {
		struct timer *t = &l->timer[i];

		if (first == NULL || t->due_ms < first->due_ms ||
		    (t->due_ms == first->due_ms && t->id < first->id))
			first = t;
	}
	return first;
}

/* Calls what is due now; timers set meanwhile wait for the next round. */
static void
run_timers(struct loop *l)
{
	int64_t now = clock_mono_ms(&l->clock);
	uint64_t last = l->last_id;
	struct timer *t;

	while ((t = next_timer(l)) != NULL && t->due_ms <= now && t->id <= last) {
		struct timer due = *t;

		loop_cancel(l, due.id);
		due.fn(due.arg);
	}
}

static int
patience(struct loop *l, int64_t max_ms)
{
	struct timer *t = next_timer(l);
	int64_t ms = max_ms;

	if (t != NULL) {
		int64_t left = t->due_ms - clock_mono_ms(&l->clock);

		if (left < 0)
			left = 0;
		if (ms < 0 || left < ms)
			ms = left;
	}
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* ---- signals */

static void
signalled(void *arg, int fd, short revents)
{
	struct loop *l = arg;
	struct signalfd_siginfo info;

	(void)revents;
	while (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
		l->signal_fn(l->signal_arg, (int)info.ssi_signo);
}

enum mq_err
loop_signals(struct loop *l, const sigset_t *set, loop_signal_fn *fn, void *arg, struct mq_error *e)
{
	int fd = signalfd(l->signal_fd, set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return mq_fail_errno(e, MQ_EIO, "signals cannot be read");
	l->signal_fd = fd;
	l->signal_fn = fn;
	l->signal_arg = arg;
	return loop_watch(l, fd, POLLIN, signalled, l);
}

/* ---- rounds */

enum mq_err
loop_once(struct loop *l, int64_t max_ms)
{
	struct pollfd p[sizeof l->watch / sizeof l->watch[0]];
	size_t n = l->watches;
	int ready;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct pollfd){ .fd = l->watch[i].fd, .events = l->watch[i].events };
	ready = poll(p, n, patience(l, max_ms));
	if (ready < 0 && errno != EINTR)
		return MQ_EIO;
	l->in_round = true;
	for (size_t i = 0; ready > 0 && i < n; i++) {
		struct watch w = l->watch[i];

		/* fn is NULL or fd another one if a callback before this one unwatched it */
		if (p[i].revents != 0 && w.fn != NULL && w.fd == p[i].fd)
			w.fn(w.arg, w.fd, p[i].revents);
	}
	l->in_round = false;
	forget_unwatched(l);
	run_timers(l);
	return MQ_OK;
}

enum mq_err
loop_run(struct loop *l)
{
	enum mq_err r = MQ_OK;

	while (r == MQ_OK && !atomic_load(&l->stopped))
		r = loop_once(l, -1);
	return r;
}

void
loop_stop(struct loop *l)
{
	atomic_store(&l->stopped, true);
	loop_wake(l);
}

void
loop_wake(struct loop *l)
{
	uint64_t one = 1;

	/* write instead of eventfd_write: safe in a signal handler; it only fails when awake already */
	if (write(l->wake_fd, &one, sizeof one) < 0)
		return;
}
