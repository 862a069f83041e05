#include "src/demo_guest.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/commands.h"
#include "src/demo_child.h"
#include "src/demo_owner.h"
#include "src/setup.h"
#include "src/spawn.h"

#define STOP_MS 5000 /* it saves its windows and says goodbye to the broker */

enum mq_err
demo_guest_start(struct demo_guest *g, const char *dir, char letter, struct mq_error *e)
{
	char self[PATH_MAX];
	const char *argv[] = { self, "demo", "--dashboard", dir, NULL };
	struct demo_settings settings;
	struct demo_child c = { .argv = argv, .setting = settings.list, .out = -1 };
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n <= 0)
		return mq_fail_errno(e, MQ_EIO, "cannot find this program");
	self[n] = '\0';
	memset(g, 0, sizeof *g);
	g->have_settings = tcgetattr(STDIN_FILENO, &g->settings) == 0;
	demo_owner_settings(&settings, dir, letter);
	return demo_child_start(&c, &g->pid, e);
}

void
demo_guest_look(struct demo_guest *g)
{
	int status;

	if (g->pid <= 0 || waitpid(g->pid, &status, WNOHANG | WUNTRACED) != g->pid)
		return;
	if (WIFSTOPPED(status)) { /* ^Z: then the whole job stops, as with any program */
		(void)raise(SIGSTOP);
		(void)kill(g->pid, SIGCONT); /* `fg` wakes the whole job, `kill -CONT` only us */
		return;
	}
	g->status = status;
	g->pid = 0;
	g->over = true;
}

int
demo_guest_end(struct demo_guest *g)
{
	if (g->pid > 0)
		spawn_stop(g->pid, false, STOP_MS);
	g->pid = 0;
	if (!g->over || WIFEXITED(g->status))
		return g->over ? WEXITSTATUS(g->status) : EXIT_GOOD;
	(void)reset_terminal(); /* says itself what it cannot do */
	if (g->have_settings)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &g->settings); /* nothing better is left */
	setup_complain("the dashboard was ended by a signal");
	return EXIT_SYSTEM;
}
