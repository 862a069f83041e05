#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/net/loop.h"

struct world {
	struct loop *l;
	int pipe[2][2];
	char log[64];
	size_t n;
	int last_signal;
};

static void
setup(struct world *w)
{
	memset(w, 0, sizeof *w);
	w->l = loop_new(clock_real());
	assert_non_null(w->l);
	assert_int_equal(pipe(w->pipe[0]), 0);
	assert_int_equal(pipe(w->pipe[1]), 0);
}

static void
teardown(struct world *w)
{
	loop_free(w->l);
	for (int i = 0; i < 4; i++)
		(void)close(w->pipe[i / 2][i % 2]);
}

static void
note(struct world *w, char c)
{
	assert_true(w->n < sizeof w->log - 1);
	w->log[w->n++] = c;
}

static void
on_read(void *arg, int fd, short revents)
{
	struct world *w = arg;
	char c;

	assert_true((revents & POLLIN) != 0);
	assert_int_equal(read(fd, &c, 1), 1);
	note(w, c);
}

static void
on_read_unwatch_both(void *arg, int fd, short revents)
{
	struct world *w = arg;

	on_read(arg, fd, revents);
	loop_unwatch(w->l, w->pipe[0][0]);
	loop_unwatch(w->l, w->pipe[1][0]);
}

static void
put(struct world *w, int pipe_no, char c)
{
	assert_int_equal(write(w->pipe[pipe_no][1], &c, 1), 1);
}

static void
readable_descriptors_are_called(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	assert_int_equal(loop_watch(w.l, w.pipe[0][0], POLLIN, on_read, &w), MQ_OK);
	assert_int_equal(loop_watch(w.l, w.pipe[1][0], POLLIN, on_read, &w), MQ_OK);
	put(&w, 0, 'a');
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	put(&w, 1, 'b');
	put(&w, 0, 'c');
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_int_equal(loop_once(w.l, 0), MQ_OK);
	assert_string_equal(w.log, "acb");
	assert_int_equal(loop_watch(w.l, -1, POLLIN, on_read, &w), MQ_EINVAL);
	teardown(&w);
}

static void
a_callback_may_unwatch_itself_and_others(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	assert_int_equal(loop_watch(w.l, w.pipe[0][0], POLLIN, on_read_unwatch_both, &w), MQ_OK);
	assert_int_equal(loop_watch(w.l, w.pipe[1][0], POLLIN, on_read, &w), MQ_OK);
	put(&w, 0, 'a');
	put(&w, 1, 'b');
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_int_equal(loop_once(w.l, 0), MQ_OK);
	assert_string_equal(w.log, "a");
	assert_int_equal(loop_watch(w.l, w.pipe[1][0], POLLIN, on_read, &w), MQ_OK);
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_string_equal(w.log, "ab");
	teardown(&w);
}

static void
on_timer_x(void *arg)
{
	note(arg, 'x');
}
static void
on_timer_y(void *arg)
{
	note(arg, 'y');
}
static void
on_timer_again(void *arg)
{
	struct world *w = arg;

	note(w, 'z');
	if (w->n < 5)
		assert_int_equal(loop_after(w->l, 0, on_timer_again, w, NULL), MQ_OK);
	else
		loop_stop(w->l);
}

static void
timers_run_in_order_and_can_be_cancelled(void **state)
{
	struct world w;
	uint64_t id = 0;

	(void)state;
	setup(&w);
	assert_int_equal(loop_after(w.l, 2, on_timer_y, &w, NULL), MQ_OK);
	assert_int_equal(loop_after(w.l, 0, on_timer_x, &w, NULL), MQ_OK);
	assert_int_equal(loop_after(w.l, 0, on_timer_y, &w, &id), MQ_OK);
	assert_true(id != 0);
	loop_cancel(w.l, id);
	loop_cancel(w.l, 0);
	while (w.n < 2)
		assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_string_equal(w.log, "xy");
	loop_cancel(w.l, id);
	for (int i = 0; i < LOOP_TIMERS; i++)
		assert_int_equal(loop_after(w.l, 1000000, on_timer_x, &w, NULL), MQ_OK);
	assert_int_equal(loop_after(w.l, 0, on_timer_x, &w, NULL), MQ_ELIMIT);
	teardown(&w);
}

static void
a_timer_set_by_a_timer_waits_for_the_next_round(void **state)
{
	struct world w;

	(void)state;
	setup(&w);
	assert_int_equal(loop_after(w.l, 0, on_timer_again, &w, NULL), MQ_OK);
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_string_equal(w.log, "z");
	assert_int_equal(loop_run(w.l), MQ_OK);
	assert_string_equal(w.log, "zzzzz");
	teardown(&w);
}

static void *
stop_from_elsewhere(void *arg)
{
	loop_stop(arg);
	return NULL;
}

static void
another_thread_ends_the_wait(void **state)
{
	struct world w;
	pthread_t t;

	(void)state;
	setup(&w);
	assert_int_equal(pthread_create(&t, NULL, stop_from_elsewhere, w.l), 0);
	assert_int_equal(loop_run(w.l), MQ_OK);
	assert_int_equal(pthread_join(t, NULL), 0);
	loop_wake(w.l);
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	teardown(&w);
}

static void
on_signal(void *arg, int signal)
{
	struct world *w = arg;

	w->last_signal = signal;
}

static void
signals_arrive_as_events(void **state)
{
	struct world w;
	sigset_t set, old;

	(void)state;
	setup(&w);
	assert_int_equal(sigemptyset(&set), 0);
	assert_int_equal(sigaddset(&set, SIGUSR1), 0);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, &old), 0);
	assert_int_equal(loop_signals(w.l, &set, on_signal, &w, NULL), MQ_OK);
	assert_int_equal(kill(getpid(), SIGUSR1), 0);
	assert_int_equal(loop_once(w.l, -1), MQ_OK);
	assert_int_equal(w.last_signal, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &old, NULL), 0);
	teardown(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readable_descriptors_are_called),
		cmocka_unit_test(a_callback_may_unwatch_itself_and_others),
		cmocka_unit_test(timers_run_in_order_and_can_be_cancelled),
		cmocka_unit_test(a_timer_set_by_a_timer_waits_for_the_next_round),
		cmocka_unit_test(another_thread_ends_the_wait),
		cmocka_unit_test(signals_arrive_as_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
