/* The parts of the demo that need neither broker nor gpg: its place, its children, its plant. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/conf/topic.h"
#include "src/demo_child.h"
#include "src/demo_place.h"
#include "src/demo_plant.h"
#include "src/spawn.h"

struct fixture {
	char dir[32], base[64];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	(void)snprintf(f->dir, sizeof f->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->base, sizeof f->base, "%s/mqgp-demo-%lu", f->dir, (unsigned long)getuid());
	assert_int_equal(setenv("TMPDIR", f->dir, 1), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, NULL), MQ_OK);
	assert_int_equal(unsetenv("TMPDIR"), 0);
	free(f);
	return 0;
}

/* ---- the place */

static void
a_place_is_private_found_by_others_and_gone_afterwards(void **state)
{
	const struct fixture *f = *state;
	struct demo_place p;
	char found[DEMO_DIR_MAX];
	struct mq_error e;
	struct stat st;

	assert_int_equal(demo_place_find(found, &e), MQ_ENOENT);
	assert_non_null(strstr(e.text, "no demo is running"));
	assert_int_equal(demo_place_make(&p, true, &e), MQ_OK);
	assert_int_equal(stat(p.dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(demo_place_find(found, &e), MQ_OK);
	assert_string_equal(found, p.dir);
	demo_place_leave(&p);
	assert_false(file_exists(f->base));
	assert_int_equal(demo_place_find(found, &e), MQ_ENOENT);
}

static void
a_second_joinable_place_is_refused_but_one_for_itself_is_not(void **state)
{
	struct demo_place first, second;
	char found[DEMO_DIR_MAX];
	struct mq_error e;

	(void)state;
	assert_int_equal(demo_place_make(&first, true, NULL), MQ_OK);
	assert_int_equal(demo_place_make(&second, true, &e), MQ_EEXIST);
	assert_int_equal(demo_place_make(&second, false, NULL), MQ_OK);
	demo_place_leave(&second);
	assert_int_equal(demo_place_find(found, NULL), MQ_OK);
	assert_string_equal(found, first.dir);
	demo_place_leave(&first);
}

static void
what_a_crash_of_the_machine_left_is_swept_by_the_next_start(void **state)
{
	const struct fixture *f = *state;
	char left[80], lock[96], link[80], found[DEMO_DIR_MAX];
	struct demo_place p;

	(void)snprintf(left, sizeof left, "%s/abcdef", f->base);
	(void)snprintf(lock, sizeof lock, "%s/lock", left);
	(void)snprintf(link, sizeof link, "%s/current", f->base);
	assert_int_equal(file_private_dir(left, NULL), MQ_OK);
	assert_int_equal(file_write(lock, "", 0, NULL), MQ_OK);
	assert_int_equal(symlink("abcdef", link), 0);
	assert_int_equal(demo_place_find(found, NULL), MQ_ENOENT); /* nobody holds the lock */
	assert_int_equal(demo_place_make(&p, true, NULL), MQ_OK);
	assert_false(file_exists(left));
	demo_place_leave(&p);
}

static void
the_broom_works_when_its_maker_is_killed(void **state)
{
	const struct fixture *f = *state;
	struct demo_place p;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (demo_place_make(&p, true, NULL) == MQ_OK)
			(void)raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	for (int i = 0; i < 500 && file_exists(f->base); i++)
		(void)usleep(10000);
	assert_false(file_exists(f->base));
}

static void
a_temp_folder_with_too_long_a_name_is_not_used(void **state)
{
	struct demo_place p;

	(void)state;
	assert_int_equal(setenv("TMPDIR", "/tmp/a-folder-whose-name-leaves-no-room-for-sockets", 1), 0);
	assert_int_equal(demo_place_make(&p, false, NULL), MQ_OK);
	assert_memory_equal(p.dir, "/tmp/mqgp-demo-", 15);
	demo_place_leave(&p);
}

/* ---- children */

static void
a_child_gets_the_settings_over_the_environment(void **state)
{
	const char *argv[] = { "/bin/sh", "-c", "printf '%s %s' \"$DEMO_A\" \"$DEMO_B\"", NULL };
	const char *setting[] = { "DEMO_A=new", NULL };
	struct buf said;

	(void)state;
	assert_int_equal(setenv("DEMO_A", "old", 1), 0);
	assert_int_equal(setenv("DEMO_B", "kept", 1), 0);
	buf_init(&said, 100);
	assert_int_equal(demo_child_ask(argv, setting, &said, NULL), MQ_OK);
	assert_string_equal(buf_cstr(&said), "new kept");
	buf_done(&said);
}

static void
what_a_failing_child_said_last_is_the_error(void **state)
{
	const char *argv[] = { "/bin/sh", "-c", "echo first; echo it was so >&2; exit 4", NULL };
	struct mq_error e;
	struct buf said;

	(void)state;
	buf_init(&said, 100);
	assert_int_equal(demo_child_ask(argv, NULL, &said, &e), MQ_EIO);
	assert_non_null(strstr(e.text, "it was so"));
	buf_done(&said);
}

static void
a_child_dies_with_its_parent(void **state)
{
	const char *argv[] = { "/bin/sleep", "100", NULL };
	int ends[2];
	struct demo_child c = { .argv = argv };
	pid_t parent, child = 0;
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	if ((parent = fork()) == 0) {
		c.out = ends[1]; /* open in the child for as long as it lives */
		_exit(demo_child_start(&c, &child, NULL) == MQ_OK ? 0 : 1);
	}
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_int_equal(read(ends[0], &byte, 1), 0); /* ends when the child is gone */
	assert_int_equal(close(ends[0]), 0);
}

static void
a_program_that_is_missing_is_named_with_its_package(void **state)
{
	char path[DEMO_FIND_MAX];
	struct mq_error e;

	(void)state;
	assert_int_equal(demo_child_find("no-such-program", "some-package", path, &e), MQ_ENOENT);
	assert_non_null(strstr(e.text, "apt install some-package"));
	assert_int_equal(demo_child_find("sh", "dash", path, &e), MQ_OK);
	assert_int_equal(access(path, X_OK), 0);
}

/* ---- the plant */

struct readings {
	unsigned n[3];
	unsigned flow;
	double temp_low, temp_high;
};

static void
count(void *arg, enum demo_site site, const char *subtopic, const char *value)
{
	struct readings *r = arg;
	char *end;
	double number;

	assert_true(topic_delivered_ok(span_of(subtopic)));
	assert_in_range(strlen(value), 1, DEMO_VALUE_MAX - 1);
	assert_null(strpbrk(value, "\t\n"));
	r->n[site]++;
	r->flow += strcmp(subtopic, "flow") == 0;
	if (site != DEMO_COOLING || strcmp(subtopic, "temp") != 0)
		return;
	number = strtod(value, &end);
	assert_int_equal(*end, '\0');
	r->temp_low = number < r->temp_low ? number : r->temp_low;
	r->temp_high = number > r->temp_high ? number : r->temp_high;
}

static void
an_hour_of_the_plant_is_lively_and_plausible(void **state)
{
	struct readings r = { .temp_low = 1000, .temp_high = -1000 };
	struct demo_plant p;

	(void)state;
	demo_plant_init(&p, 7);
	for (int i = 0; i < 36000; i++)
		demo_plant_tick(&p, count, &r);
	assert_int_equal(r.flow, 36000);
	assert_true(r.n[DEMO_COOLING] > r.flow + 7000);
	assert_true(r.n[DEMO_SECURITY] > 4000);
	assert_true(r.n[DEMO_WEATHER] > 5000);
	assert_true(r.temp_low > 5 && r.temp_high < 40 && r.temp_high - r.temp_low > 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_place_is_private_found_by_others_and_gone_afterwards, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_second_joinable_place_is_refused_but_one_for_itself_is_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_a_crash_of_the_machine_left_is_swept_by_the_next_start, setup, teardown),
		cmocka_unit_test_setup_teardown(the_broom_works_when_its_maker_is_killed, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(a_temp_folder_with_too_long_a_name_is_not_used, setup,
		    teardown),
		cmocka_unit_test(a_child_gets_the_settings_over_the_environment),
		cmocka_unit_test(what_a_failing_child_said_last_is_the_error),
		cmocka_unit_test(a_child_dies_with_its_parent),
		cmocka_unit_test(a_program_that_is_missing_is_named_with_its_package),
		cmocka_unit_test(an_hour_of_the_plant_is_lively_and_plausible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
