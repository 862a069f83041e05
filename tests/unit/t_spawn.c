#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "src/spawn.h"

/* Runs sh -c SCRIPT with standard output in a pipe; returns the exit code. */
static int
run_script(const char *script, char *said, size_t size, struct spawn s)
{
	const char *argv[] = { "sh", "-c", script, NULL };
	struct mq_error e = { 0 };
	int pipe_fd[2], code = -1;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	s.argv = argv;
	s.in = SPAWN_NULL;
	s.out = pipe_fd[1];
	if (spawn_start(&s, &pid, &e) != MQ_OK)
		fail_msg("%s", e.text);
	assert_int_equal(close(pipe_fd[1]), 0);
	while (n < size - 1 && (got = read(pipe_fd[0], said + n, size - 1 - n)) > 0)
		n += (size_t)got;
	said[n] = '\0';
	assert_int_equal(close(pipe_fd[0]), 0);
	assert_int_equal(spawn_wait(pid, -1, &code, &e), MQ_OK);
	return code;
}

static void
a_program_gets_its_arguments_and_descriptors_and_no_others(void **state)
{
	char said[256];
	int leak = open("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */

	(void)state;
	assert_true(leak > 2);
	assert_int_equal(run_script("ls /proc/self/fd | tr '\\n' ' '; exit 7", said, sizeof said,
			     (struct spawn){ .err = SPAWN_KEEP }),
	    7);
	assert_string_equal(said, "0 1 2 3 "); /* 3 is the folder that ls itself reads */
	assert_int_equal(close(leak), 0);
}

static void
one_descriptor_may_be_output_and_errors(void **state)
{
	const char *argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	int pipe_fd[2], code = -1;
	char said[32] = "";
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	assert_int_equal(spawn_start(&(struct spawn){ .argv = argv, .in = SPAWN_NULL, .out = pipe_fd[1],
				     .err = pipe_fd[1] }, &pid, NULL), MQ_OK);
	assert_int_equal(spawn_wait(pid, 20000, &code, NULL), MQ_OK);
	assert_int_equal(code, 0);
	assert_int_equal(read(pipe_fd[0], said, sizeof said - 1), 8);
	assert_string_equal(said, "out\nerr\n");
	assert_int_equal(close(pipe_fd[0]), 0);
	assert_int_equal(close(pipe_fd[1]), 0);
}

static void
signals_are_as_a_program_expects_them(void **state)
{
	sigset_t all, before;
	char said[256], *end;

	(void)state;
	assert_int_equal(sigfillset(&all), 0);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &all, &before), 0);
	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	assert_int_equal(run_script("sed -nE 's/^Sig(Blk|Ign):[[:space:]]*//p' /proc/self/status", said,
			     sizeof said, (struct spawn){ .err = SPAWN_KEEP }),
	    0);
	assert_int_equal(strtoull(said, &end, 16), 0);
	/* Bits 31 and 32 are signals that the C library keeps for itself. */
	assert_int_equal(strtoull(end, &end, 16) & 0x7fffffff, 0);
	assert_string_equal(end, "\n");
	assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
	assert_true(signal(SIGPIPE, SIG_DFL) != SIG_ERR);
}

static void
the_environment_can_be_replaced(void **state)
{
	const char *env[] = { "MQGP_ONLY=this", "PATH=/usr/bin:/bin", NULL };
	char said[256];

	(void)state;
	assert_int_equal(run_script("printf %s \"$MQGP_ONLY$HOME\"", said, sizeof said,
			     (struct spawn){ .env = env, .err = SPAWN_NULL }),
	    0);
	assert_string_equal(said, "this");
}

static void
a_missing_program_is_named(void **state)
{
	const char *argv[] = { "no-such-program-here", NULL };
	struct mq_error e = { 0 };
	pid_t pid = 77;

	(void)state;
	assert_int_equal(spawn_start(&(struct spawn){ .argv = argv, .in = SPAWN_NULL, .out = SPAWN_NULL,
				     .err = SPAWN_NULL }, &pid, &e), MQ_ENOENT);
	assert_non_null(strstr(e.text, "no-such-program-here"));
}

static void
a_child_that_ignores_the_polite_signal_is_killed_with_its_group(void **state)
{
	const char *argv[] = { "sh", "-c", "trap '' TERM; echo ready; cat /dev/zero >/dev/null", NULL };
	int pipe_fd[2], code = -1;
	char byte[16];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	assert_int_equal(spawn_start(&(struct spawn){ .argv = argv, .in = SPAWN_NULL, .out = pipe_fd[1],
				     .err = SPAWN_NULL, .own_group = true }, &pid, NULL), MQ_OK);
	assert_int_equal(close(pipe_fd[1]), 0);
	assert_int_equal(read(pipe_fd[0], byte, 6), 6);
	assert_int_equal(getpgid(pid), pid);
	assert_int_equal(spawn_wait(pid, 0, &code, NULL), MQ_ETIMEOUT);
	spawn_stop(pid, true, 20);
	assert_int_equal(kill(pid, 0), -1); /* reaped */
	assert_int_equal(errno, ESRCH);
	assert_int_equal(read(pipe_fd[0], byte, 1), 0); /* cat held the other end, too */
	assert_int_equal(close(pipe_fd[0]), 0);
	assert_int_equal(spawn_wait(pid, 0, &code, NULL), MQ_EIO);
}

static void
death_by_signal_is_told_apart_from_exit(void **state)
{
	char said[8];

	(void)state;
	assert_int_equal(run_script("kill -9 $$", said, sizeof said, (struct spawn){ .err = SPAWN_KEEP }),
	    128 + SIGKILL);
}

/* What a program with a terminal does to run an editor; its exit status is a step that failed. */
static int
edit_on_terminal(void)
{
	const char *argv[] = { "sh", "-c", "read line; kill -STOP $$; read more; exit 9", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_KEEP, .out = SPAWN_KEEP, .err = SPAWN_KEEP };
	int code = -1;

	if (spawn_foreground(&s, &code, NULL) != MQ_OK)
		return 1;
	if (code != 9)
		return 2;
	return tcgetpgrp(STDIN_FILENO) == getpgrp() ? 0 : 3;
}

static void
an_editor_owns_the_terminal_and_gives_it_back(void **state)
{
	int terminal, status = -1;
	pid_t pid = forkpty(&terminal, NULL, NULL, NULL);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(edit_on_terminal());
	assert_int_equal(write(terminal, "one\ntwo\n", 8), 8);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(close(terminal), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_gets_its_arguments_and_descriptors_and_no_others),
		cmocka_unit_test(one_descriptor_may_be_output_and_errors),
		cmocka_unit_test(signals_are_as_a_program_expects_them),
		cmocka_unit_test(the_environment_can_be_replaced),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(a_child_that_ignores_the_polite_signal_is_killed_with_its_group),
		cmocka_unit_test(death_by_signal_is_told_apart_from_exit),
		cmocka_unit_test(an_editor_owns_the_terminal_and_gives_it_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
