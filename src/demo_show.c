/* The demo on a terminal: a world behind a dashboard, or one more dashboard in it. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "src/demo_host.h"
#include "src/demo_run.h"
#include "src/demo_watch.h"
#include "src/setup.h"

static void
print_line(void *arg, const char *line)
{
	(void)arg;
	(void)printf("%s\n", line);
	(void)fflush(stdout); /* whoever waits wants progress */
}

static bool
guest_is_over(void *arg, struct demo_world *w)
{
	(void)arg;
	return w->guest.over;
}

static enum mq_err
play(struct demo_world *w, struct demo_host *h, struct mq_error *e)
{
	enum mq_err r;

	if ((r = demo_world_start(w, true, e)) != MQ_OK || (r = demo_claim_all(w, e)) != MQ_OK ||
	    (r = demo_pin_all(w, &w->owner[DEMO_B], e)) != MQ_OK ||
	    (r = demo_host_open(h, w, e)) != MQ_OK)
		return r;
	demo_tell(w, "opening the dashboard of owner A: F9 stages attacks; in another terminal, "
	    "'mqgp demo --as b' joins as owner B");
	if ((r = demo_guest_start(&w->guest, w->place.dir, 'a', e)) != MQ_OK)
		return r;
	return demo_world_until(w, guest_is_over, NULL, -1, e);
}

int
demo_interactive(void)
{
	struct demo_world w = { .progress = print_line };
	struct demo_host h = { .door = -1 };
	struct mq_error e = { 0 };
	enum mq_err r = play(&w, &h, &e);
	int status = demo_guest_end(&w.guest);

	demo_host_close(&h);
	demo_world_stop(&w);
	if (r == MQ_ECANCEL)
		return EXIT_GOOD; /* a signal asked for it */
	if (r != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	print_line(NULL, "the demo is over; everything is stopped and removed");
	return status;
}

/* ---- joining */

static int
open_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set); /* these cannot fail with valid signals */
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Until the dashboard ends, a signal comes, or the demo is over: its end of the line hangs up. */
static bool
wait_for_end(struct demo_guest *g, int signals, int line)
{
	struct signalfd_siginfo info;
	struct pollfd fd[] = { { .fd = signals, .events = POLLIN }, { .fd = line, .events = POLLIN } };

	while (!g->over) {
		if (poll(fd, 2, -1) < 0)
			continue; /* EINTR: a stopped job that goes on */
		if ((fd[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			return true;
		while (read(signals, &info, sizeof info) == (ssize_t)sizeof info) {
			if (info.ssi_signo != SIGCHLD)
				return false;
			demo_guest_look(g);
		}
	}
	return false;
}

int
demo_join(char letter)
{
	char dir[DEMO_DIR_MAX];
	struct demo_guest g = { .pid = 0 };
	struct mq_error e = { 0 };
	int line = -1, signals, status = EXIT_SYSTEM;
	bool ended = false;

	if (demo_place_find(dir, &e) != MQ_OK || demo_call(dir, &line, &e) != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	signals = open_signals();
	if (signals < 0)
		(void)mq_fail_errno(&e, MQ_EIO, "no descriptor for signals");
	else if (demo_guest_start(&g, dir, letter, &e) == MQ_OK) {
		ended = wait_for_end(&g, signals, line);
		status = demo_guest_end(&g);
	}
	(void)close(line); /* now the demo may remove its folder */
	if (signals >= 0)
		(void)close(signals);
	if (e.code != MQ_OK)
		setup_complain(e.text);
	if (ended)
		print_line(NULL, "the demo was ended");
	return status;
}
