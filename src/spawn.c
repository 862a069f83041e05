#include "src/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/clock.h"

#define NAP_MS 5 /* between two looks at a child that has a deadline */

extern char **environ;

/* A copy above 2 of what the child shall get: descriptors may then be placed in any order, even if
 * the caller exchanges 1 and 2. */
static int
copy_above_stdio(int wanted, int target)
{
	int fd, copy;

	if (wanted == SPAWN_KEEP)
		return fcntl(target, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (wanted != SPAWN_NULL)
		return fcntl(wanted, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if ((fd = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 || fd > STDERR_FILENO)
		return fd;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	(void)close(fd); /* only read from and written to by nobody */
	return copy;
}

static int
describe_files(posix_spawn_file_actions_t *files, const struct spawn *s, const int copies[3])
{
	int r = 0;

	/* First, while this descriptor is still the terminal. */
	if (s->foreground)
		r = posix_spawn_file_actions_addtcsetpgrp_np(files, copies[0]);
	for (int target = 0; target < 3 && r == 0; target++)
		r = posix_spawn_file_actions_adddup2(files, copies[target], target);
	if (r == 0)
		r = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
	return r;
}

static int
describe_process(posix_spawnattr_t *attr, const struct spawn *s)
{
	short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
	sigset_t none, all;

	if (s->own_group || s->foreground)
		flags |= POSIX_SPAWN_SETPGROUP;
	if (sigemptyset(&none) != 0 || sigfillset(&all) != 0)
		return EINVAL;
	(void)posix_spawnattr_setsigmask(attr, &none); /* these three only fill the structure */
	(void)posix_spawnattr_setsigdefault(attr, &all);
	(void)posix_spawnattr_setpgroup(attr, 0);
	return posix_spawnattr_setflags(attr, flags);
}

/* posix_spawn takes arrays of writable strings for historical reasons and writes to none of them. */
static char *const *
as_vector(const char *const *strings)
{
	union {
		const char *const *ours;
		char *const *theirs;
	} u = { .ours = strings };

	return u.theirs;
}

enum mq_err
spawn_start(const struct spawn *s, pid_t *pid, struct mq_error *e)
{
	const int wanted[3] = { s->in, s->out, s->err };
	int copies[3] = { -1, -1, -1 }, failed = 0;
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;

	if (posix_spawn_file_actions_init(&files) != 0)
		return mq_fail(e, MQ_ENOMEM, "cannot start %s: out of memory", s->argv[0]);
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&files); /* only frees */
		return mq_fail(e, MQ_ENOMEM, "cannot start %s: out of memory", s->argv[0]);
	}
	for (int i = 0; i < 3 && failed == 0; i++)
		if ((copies[i] = copy_above_stdio(wanted[i], i)) < 0)
			failed = errno;
	if (failed == 0)
		failed = describe_files(&files, s, copies);
	if (failed == 0)
		failed = describe_process(&attr, s);
	if (failed == 0)
		failed = posix_spawnp(pid, s->argv[0], &files, &attr, as_vector(s->argv),
		    s->env != NULL ? as_vector(s->env) : environ);
	for (int i = 0; i < 3; i++)
		if (copies[i] >= 0)
			(void)close(copies[i]); /* duplicates: nothing is pending on them */
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	if (failed == 0)
		return MQ_OK;
	errno = failed;
	return mq_fail_errno(e, failed == ENOENT ? MQ_ENOENT : MQ_EIO, "cannot start %s", s->argv[0]);
}

/* One look at a child: MQ_OK when it ended and was reaped, MQ_ETIMEOUT when it did not. */
static enum mq_err
reap(pid_t pid, int flags, int *status, struct mq_error *e)
{
	pid_t got;

	do
		got = waitpid(pid, status, flags);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot wait for process %ld", (long)pid);
	return got == 0 ? MQ_ETIMEOUT : MQ_OK;
}

static int
exit_code(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

enum mq_err
spawn_wait(pid_t pid, int timeout_ms, int *code, struct mq_error *e)
{
	struct clock clock = clock_real();
	int64_t deadline = clock_mono_ms(&clock) + timeout_ms;
	enum mq_err r;
	int status;

	while ((r = reap(pid, timeout_ms < 0 ? 0 : WNOHANG, &status, e)) == MQ_ETIMEOUT) {
		if (clock_mono_ms(&clock) >= deadline)
			return mq_fail(e, MQ_ETIMEOUT, "process %ld is still running", (long)pid);
		(void)poll(NULL, 0, NAP_MS); /* waking early is fine */
	}
	if (r == MQ_OK)
		*code = exit_code(status);
	return r;
}

/* Makes a process group the one that the terminal listens to. A background process that asks for
 * this is stopped by SIGTTOU, so that signal is kept away meanwhile. */
static void
give_terminal(int tty, pid_t group)
{
	sigset_t ttou, before;

	(void)sigemptyset(&ttou); /* fixed arguments: cannot fail */
	(void)sigaddset(&ttou, SIGTTOU);
	(void)pthread_sigmask(SIG_BLOCK, &ttou, &before);
	(void)tcsetpgrp(tty, group); /* fails when the terminal is gone; then nothing listens */
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

enum mq_err
spawn_foreground(const struct spawn *s, int *code, struct mq_error *e)
{
	struct spawn with_terminal = *s;
	int tty = s->in == SPAWN_KEEP ? STDIN_FILENO : s->in, status = 0;
	enum mq_err r;
	pid_t pid;

	with_terminal.foreground = true;
	if ((r = spawn_start(&with_terminal, &pid, e)) != MQ_OK)
		return r;
	while ((r = reap(pid, WUNTRACED, &status, e)) == MQ_OK && WIFSTOPPED(status)) {
		give_terminal(tty, pid);
		(void)kill(-pid, SIGCONT); /* not reaped yet, so the group exists */
	}
	give_terminal(tty, getpgrp());
	if (r == MQ_OK)
		*code = exit_code(status);
	return r;
}

void
spawn_stop(pid_t pid, bool group, int grace_ms)
{
	pid_t target = group ? -pid : pid;
	int code;

	(void)kill(target, SIGTERM); /* fails only if it ended already and waits to be reaped */
	if (spawn_wait(pid, grace_ms, &code, NULL) != MQ_ETIMEOUT)
		return;
	(void)kill(target, SIGKILL);
	(void)spawn_wait(pid, -1, &code, NULL); /* cannot be refused by the child */
}
