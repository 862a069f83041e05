/*
 * A small poll(2) loop: file descriptors and timers with callbacks, a wake-up from other threads,
 * and signals as events.
 *
 * One thread owns a loop and calls everything but loop_wake and loop_stop, which any thread may.
 * Callbacks may add and remove anything, themselves included. Bounded by LOOP_FDS and LOOP_TIMERS.
 */
#ifndef MQGP_CORE_NET_LOOP_H
#define MQGP_CORE_NET_LOOP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"

#define LOOP_FDS 64    /* queues, children, terminal, signals: a handful in practice */
#define LOOP_TIMERS 64 /* a timer per duty, not per topic */

struct loop;

typedef void loop_fd_fn(void *arg, int fd, short revents);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signal);

/* The clock drives the timers; it must be a real one unless a test moves it. */
struct loop *loop_new(struct clock clock);
void loop_free(struct loop *l); /* closes what the loop opened, not what it watched */
/* Watches fd; watching it again replaces events, fn and arg. MQ_ELIMIT. */
enum mq_err loop_watch(struct loop *l, int fd, short events, loop_fd_fn *fn, void *arg);
void loop_unwatch(struct loop *l, int fd);
/* Calls fn once, in ms from now (0: in the next round). *id (may be NULL) serves loop_cancel and is
 * never 0. A periodic duty sets its timer again. MQ_ELIMIT. */
enum mq_err loop_after(struct loop *l, int64_t ms, loop_timer_fn *fn, void *arg, uint64_t *id);
void loop_cancel(struct loop *l, uint64_t id); /* 0 and past timers are fine */
/* Delivers these signals through the loop. They must be blocked already (before any thread exists:
 * sigprocmask first in main). */
enum mq_err loop_signals(struct loop *l, const sigset_t *set, loop_signal_fn *fn, void *arg,
    struct mq_error *e);
/* One round: waits at most max_ms (-1: as long as it takes) and calls what is due. */
enum mq_err loop_once(struct loop *l, int64_t max_ms);
/* Rounds until loop_stop. */
enum mq_err loop_run(struct loop *l);
void loop_stop(struct loop *l); /* any thread; async-signal-safe */
void loop_wake(struct loop *l); /* any thread: ends the present wait */

#endif
