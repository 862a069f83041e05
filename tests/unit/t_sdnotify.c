#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/file.h"
#include "src/sdnotify.h"

static char dir[] = "/tmp/mqgp-XXXXXX";
static int manager = -1;

static void
listen_at(const char *path, socklen_t length)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, path, length);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&a,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)), 0);
}

static int
open_manager(void **state)
{
	struct sockaddr_un a;

	(void)state;
	memcpy(dir, "/tmp/mqgp-XXXXXX", sizeof dir);
	if (mkdtemp(dir) == NULL || file_join(a.sun_path, sizeof a.sun_path, dir, "notify") != MQ_OK)
		return -1;
	listen_at(a.sun_path, (socklen_t)strlen(a.sun_path));
	return setenv("NOTIFY_SOCKET", a.sun_path, 1);
}

static int
close_manager(void **state)
{
	(void)state;
	if (close(manager) != 0 || unsetenv("NOTIFY_SOCKET") != 0)
		return -1;
	return file_remove_tree(dir, NULL);
}

static void
expect(const char *message)
{
	char got[2048];
	ssize_t n = recv(manager, got, sizeof got - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	got[n] = '\0';
	assert_string_equal(got, message);
}

static void
the_manager_is_told_each_state(void **state)
{
	char got[256];

	(void)state;
	assert_true(sdnotify_ready());
	expect("READY=1");
	assert_true(sdnotify_stopping());
	expect("STOPPING=1");
	assert_true(sdnotify_watchdog());
	expect("WATCHDOG=1");
	assert_true(sdnotify_reloading());
	got[recv(manager, got, sizeof got - 1, MSG_DONTWAIT)] = '\0';
	assert_int_equal(strncmp(got, "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
}

static void
a_status_is_one_safe_line(void **state)
{
	char longer[2000];

	(void)state;
	assert_true(sdnotify_status("ACTIVE rev=%d tree=%s", 7, "a\nREADY=1\x1b"));
	expect("STATUS=ACTIVE rev=7 tree=a\\x0aREADY=1\\x1b");
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_true(sdnotify_status("%s", longer));
	assert_int_equal(recv(manager, longer, sizeof longer, MSG_DONTWAIT), SDNOTIFY_MAX - 1);
}

static void
abstract_sockets_work_and_nobody_listening_is_no_error(void **state)
{
	char name[64];

	(void)state;
	assert_false(sdnotify_ready()); /* nothing set */
	(void)snprintf(name, sizeof name, "@mqgp-test-%ld", (long)getpid());
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	assert_false(sdnotify_ready()); /* nobody there */
	name[0] = '\0';
	listen_at(name, (socklen_t)(1 + strlen(name + 1)));
	assert_true(sdnotify_ready());
	expect("READY=1");
	assert_int_equal(close(manager), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", "relative", 1), 0);
	assert_false(sdnotify_ready());
	assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
}

static void
the_watchdog_runs_at_half_the_interval_and_only_for_us(void **state)
{
	char pid[32];

	(void)state;
	assert_int_equal(sdnotify_watchdog_ms(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "30000000", 1), 0);
	assert_int_equal(sdnotify_watchdog_ms(), 15000);
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(sdnotify_watchdog_ms(), 0);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	assert_int_equal(setenv("WATCHDOG_PID", pid, 1), 0);
	assert_int_equal(sdnotify_watchdog_ms(), 15000);
	assert_int_equal(setenv("WATCHDOG_USEC", "soon", 1), 0);
	assert_int_equal(sdnotify_watchdog_ms(), 0);
	assert_int_equal(unsetenv("WATCHDOG_USEC") + unsetenv("WATCHDOG_PID"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_manager_is_told_each_state, open_manager, close_manager),
		cmocka_unit_test_setup_teardown(a_status_is_one_safe_line, open_manager, close_manager),
		cmocka_unit_test(abstract_sockets_work_and_nobody_listening_is_no_error),
		cmocka_unit_test(the_watchdog_runs_at_half_the_interval_and_only_for_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
