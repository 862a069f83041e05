#include "ui/term_restore.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define STACK_BYTES 65536 /* the handler needs little; a chained one of a sanitizer more */

static const int crashes[] = { SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE };
#define N_CRASHES (sizeof crashes / sizeof crashes[0])

static struct {
	volatile sig_atomic_t armed;
	bool kept, installed, at_exit;
	int fd, stderr_fd;
	pid_t pid;
	struct termios settings;
	char bytes[TERM_RESTORE_MAX];
	size_t n;
	struct sigaction before[N_CRASHES];
	char stack[STACK_BYTES];
} state;

enum mq_err
term_restore_keep(int fd, struct mq_error *e)
{
	state.kept = tcgetattr(fd, &state.settings) == 0;
	return state.kept ? MQ_OK : mq_fail_errno(e, MQ_EIO, "cannot read the terminal's settings");
}

void
term_restore_write(int fd, const char *bytes, size_t n)
{
	while (n != 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* the terminal is gone; nobody to tell */
		bytes += done;
		n -= (size_t)done;
	}
}

void
term_restore_now(void)
{
	int saved = errno;

	if (!state.armed || getpid() != state.pid)
		return;
	state.armed = 0;
	term_restore_write(state.fd, state.bytes, state.n);
	if (state.kept)
		(void)tcsetattr(state.fd, TCSANOW, &state.settings); /* may be gone */
	if (state.stderr_fd >= 0)
		(void)dup2(state.stderr_fd, STDERR_FILENO); /* the report of a crash, if there is one */
	errno = saved;
}

static void
on_crash(int sig, siginfo_t *info, void *context)
{
	(void)context;
	term_restore_now();
	for (size_t i = 0; i < N_CRASHES; i++)
		if (crashes[i] == sig)
			(void)sigaction(sig, &state.before[i], NULL); /* cannot fail for these */
	/* A fault happens again on return and meets the handler before us, with its address. What
	 * somebody sent has to be sent again. */
	if (info->si_code <= 0)
		(void)raise(sig);
}

static void
install(void)
{
	stack_t old, own = { .ss_sp = state.stack, .ss_size = sizeof state.stack };
	struct sigaction sa = { .sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	/* A stack that overflowed needs another one; a sanitizer may have brought its own. */
	if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE) != 0)
		(void)sigaltstack(&own, NULL); /* without it all but stack overflows still work */
	(void)sigemptyset(&sa.sa_mask);
	for (size_t i = 0; i < N_CRASHES; i++)
		(void)sigaction(crashes[i], &sa, &state.before[i]);
	if (!state.at_exit)
		state.at_exit = atexit(term_restore_now) == 0;
	state.installed = true;
}

void
term_restore_arm(int fd, const char *bytes, size_t n, int stderr_fd)
{
	state.armed = 0;
	state.fd = fd;
	state.stderr_fd = stderr_fd;
	state.n = n < sizeof state.bytes ? n : sizeof state.bytes;
	memcpy(state.bytes, bytes, state.n);
	state.pid = getpid();
	if (!state.installed)
		install();
	state.armed = 1;
}

void
term_restore_disarm(void)
{
	state.armed = 0;
}

void
term_restore_uninstall(void)
{
	if (!state.installed)
		return;
	for (size_t i = 0; i < N_CRASHES; i++)
		(void)sigaction(crashes[i], &state.before[i], NULL); /* cannot fail for these */
	state.installed = false;
}
