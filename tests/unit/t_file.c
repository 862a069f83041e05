#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"

static char dir[] = "/tmp/mqgp-XXXXXX";
static char path[PATH_MAX]; /* DIR/f, not there when a test begins */

static const char *
in_dir(const char *name)
{
	static char out[4][PATH_MAX];
	static int turn;

	turn = (turn + 1) % 4;
	assert_int_equal(file_join(out[turn], sizeof out[turn], dir, name), MQ_OK);
	return out[turn];
}

static int
make_dir(void **state)
{
	(void)state;
	memcpy(dir, "/tmp/mqgp-XXXXXX", sizeof dir);
	if (mkdtemp(dir) == NULL)
		return -1;
	return file_join(path, sizeof path, dir, "f");
}

static int
remove_dir(void **state)
{
	(void)state;
	return file_remove_tree(dir, NULL) == MQ_OK && !file_exists(dir) ? 0 : -1;
}

static int
entries_in_dir(void)
{
	DIR *d = opendir(dir);
	int n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	assert_int_equal(closedir(d), 0);
	return n - 2;
}

static void
expect_content(const char *file, const char *text)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	assert_int_equal(file_read(file, &b, NULL), MQ_OK);
	assert_string_equal(buf_cstr(&b), text);
	buf_done(&b);
}

static void
a_written_file_replaces_the_old_one_and_leaves_nothing_else(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_write(path, "one", 3, NULL), MQ_OK);
	assert_int_equal(file_write(path, "two!", 4, NULL), MQ_OK);
	expect_content(path, "two!");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(file_write_mode(path, "", 0, 0644, NULL), MQ_OK);
	expect_content(path, "");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(entries_in_dir(), 1);
}

static void
writing_replaces_a_symlink_and_not_its_target(void **state)
{
	(void)state;
	assert_int_equal(file_write(in_dir("target"), "keep", 4, NULL), MQ_OK);
	assert_int_equal(symlink("target", path), 0);
	assert_int_equal(file_write(path, "new", 3, NULL), MQ_OK);
	expect_content(in_dir("target"), "keep");
	expect_content(path, "new");
}

static void
failures_name_the_path_and_leave_no_temporary_file(void **state)
{
	struct mq_error e = { 0 };

	(void)state;
	assert_int_equal(file_write(in_dir("no/such"), "x", 1, &e), MQ_ENOENT);
	assert_non_null(strstr(e.text, "no/such"));
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(file_write(path, "x", 1, &e), MQ_EIO); /* a folder is in the way */
	assert_int_equal(entries_in_dir(), 1);
}

static void
reading_is_bounded_and_all_or_nothing(void **state)
{
	static char large[70000];
	struct mq_error e = { 0 };
	struct buf b;

	(void)state;
	memset(large, 'x', sizeof large);
	assert_int_equal(file_write(path, large, sizeof large, NULL), MQ_OK);
	buf_init(&b, sizeof large + 1);
	assert_int_equal(buf_putc(&b, '>'), MQ_OK);
	assert_int_equal(file_read(path, &b, &e), MQ_OK);
	assert_int_equal(b.n, sizeof large + 1);
	buf_done(&b);
	buf_init(&b, sizeof large);
	assert_int_equal(buf_putc(&b, '>'), MQ_OK);
	assert_int_equal(file_read(path, &b, &e), MQ_ELIMIT);
	assert_true(span_is(buf_span(&b), ">"));
	assert_int_equal(file_read(in_dir("none"), &b, &e), MQ_ENOENT);
	buf_done(&b);
}

static void
a_secret_file_that_others_may_read_is_refused(void **state)
{
	struct mq_error e = { 0 };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	assert_int_equal(file_write(path, "pw", 2, NULL), MQ_OK);
	assert_int_equal(file_read_private(path, &b, &e), MQ_OK);
	assert_true(span_is(buf_span(&b), "pw"));
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(file_read_private(path, &b, &e), MQ_EPERM);
	assert_non_null(strstr(e.text, "chmod 600"));
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink("f", in_dir("link")), 0);
	assert_int_equal(file_read_private(in_dir("link"), &b, &e), MQ_EPERM);
	assert_int_equal(file_read_private(dir, &b, &e), MQ_EPERM);
	assert_true(span_is(buf_span(&b), "pw"));
	buf_wipe(&b);
}

static void
private_folders_are_made_with_their_parents_and_checked(void **state)
{
	struct mq_error e = { 0 };
	struct stat st;

	(void)state;
	assert_int_equal(file_private_dir(in_dir("a/b/c/"), &e), MQ_OK);
	assert_int_equal(stat(in_dir("a/b"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(file_private_dir(in_dir("a/b/c"), &e), MQ_OK);
	assert_int_equal(chmod(in_dir("a/b/c"), 0750), 0);
	assert_int_equal(file_private_dir(in_dir("a/b/c"), &e), MQ_EPERM);
	assert_int_equal(symlink("a", in_dir("link")), 0);
	assert_int_equal(file_private_dir(in_dir("link/"), &e), MQ_EPERM);
	assert_int_equal(file_write(path, "", 0, NULL), MQ_OK);
	assert_int_equal(file_private_dir(path, &e), MQ_EPERM);
	assert_int_not_equal(file_private_dir(in_dir("f/x"), &e), MQ_OK);
}

static void
a_rename_may_be_repeated_after_a_crash(void **state)
{
	(void)state;
	assert_int_equal(mkdir(in_dir("sub"), 0700), 0);
	assert_int_equal(file_write(path, "x", 1, NULL), MQ_OK);
	assert_int_equal(file_rename(path, in_dir("sub/g"), NULL), MQ_OK);
	assert_int_equal(file_rename(path, in_dir("sub/g"), NULL), MQ_OK);
	assert_false(file_exists(path));
	expect_content(in_dir("sub/g"), "x");
	assert_int_equal(file_rename(path, in_dir("h"), NULL), MQ_ENOENT);
}

static void
a_link_replaces_and_may_be_repeated(void **state)
{
	(void)state;
	assert_int_equal(file_write(path, "new", 3, NULL), MQ_OK);
	assert_int_equal(file_write(in_dir("g"), "old", 3, NULL), MQ_OK);
	assert_int_equal(file_link(path, in_dir("g"), NULL), MQ_OK);
	assert_int_equal(file_link(path, in_dir("g"), NULL), MQ_OK);
	expect_content(in_dir("g"), "new");
	expect_content(path, "new");
	assert_int_equal(entries_in_dir(), 2);
	assert_int_equal(file_link(in_dir("none"), in_dir("g"), NULL), MQ_ENOENT);
	assert_int_equal(entries_in_dir(), 2);
}

static void
removing_what_is_not_there_is_fine(void **state)
{
	(void)state;
	assert_int_equal(file_write(path, "x", 1, NULL), MQ_OK);
	assert_int_equal(file_unlink(path, NULL), MQ_OK);
	assert_int_equal(file_unlink(path, NULL), MQ_OK);
	assert_int_equal(file_remove_tree(in_dir("none"), NULL), MQ_OK);
}

static void
a_shredded_file_is_overwritten_before_it_goes(void **state)
{
	static char key[20000], zeros[sizeof key];
	struct buf b;

	(void)state;
	memset(key, 'k', sizeof key);
	assert_int_equal(file_write(path, key, sizeof key, NULL), MQ_OK);
	assert_int_equal(link(path, in_dir("witness")), 0);
	assert_int_equal(file_shred(path, NULL), MQ_OK);
	assert_false(file_exists(path));
	buf_init(&b, sizeof key);
	assert_int_equal(file_read(in_dir("witness"), &b, NULL), MQ_OK);
	assert_int_equal(b.n, sizeof key);
	assert_memory_equal(b.p, zeros, sizeof key);
	buf_done(&b);
	assert_int_equal(file_shred(path, NULL), MQ_OK);
}

static void
damaged_files_are_kept_side_by_side(void **state)
{
	char kept[PATH_MAX], tiny[10];

	(void)state;
	for (int i = 1; i <= 2; i++) {
		char expected[PATH_MAX];

		assert_int_equal(file_write(path, "bad", 3, NULL), MQ_OK);
		assert_int_equal(file_set_aside(path, kept, sizeof kept, NULL), MQ_OK);
		(void)snprintf(expected, sizeof expected, "%.40s/f.damaged-%d", dir, i);
		assert_string_equal(kept, expected);
		expect_content(kept, "bad");
		assert_false(file_exists(path));
	}
	assert_int_equal(file_set_aside(path, kept, sizeof kept, NULL), MQ_ENOENT);
	assert_int_equal(file_set_aside(path, tiny, sizeof tiny, NULL), MQ_ELIMIT);
}

static void
a_lock_is_exclusive_until_it_is_closed(void **state)
{
	struct mq_error e = { 0 };
	int first = -1, second = -1;

	(void)state;
	assert_int_equal(file_lock(path, 0, &first, &e), MQ_OK);
	assert_int_equal(file_lock(path, 0, &second, &e), MQ_EAGAIN);
	assert_int_equal(file_lock(path, 15, &second, &e), MQ_EAGAIN);
	assert_int_equal(second, -1);
	assert_int_equal(close(first), 0);
	assert_int_equal(file_lock(path, 0, &second, &e), MQ_OK);
	assert_int_equal(close(second), 0);
}

static void
removing_a_tree_does_not_follow_links(void **state)
{
	(void)state;
	assert_int_equal(file_private_dir(in_dir("tree/deep"), NULL), MQ_OK);
	assert_int_equal(file_private_dir(in_dir("other"), NULL), MQ_OK);
	assert_int_equal(file_write(in_dir("other/keep"), "x", 1, NULL), MQ_OK);
	assert_int_equal(symlink("../other", in_dir("tree/link")), 0);
	assert_int_equal(file_remove_tree(in_dir("tree"), NULL), MQ_OK);
	assert_false(file_exists(in_dir("tree")));
	expect_content(in_dir("other/keep"), "x");
}

static void
joined_paths_have_one_slash(void **state)
{
	char out[6];

	(void)state;
	assert_int_equal(file_join(out, sizeof out, "a/", "bc"), MQ_OK);
	assert_string_equal(out, "a/bc");
	assert_int_equal(file_join(out, sizeof out, "ab", "cd"), MQ_OK);
	assert_string_equal(out, "ab/cd");
	assert_int_equal(file_join(out, sizeof out, "ab", "cde"), MQ_ELIMIT);
}

#define in_folder(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_folder(a_written_file_replaces_the_old_one_and_leaves_nothing_else),
		in_folder(writing_replaces_a_symlink_and_not_its_target),
		in_folder(failures_name_the_path_and_leave_no_temporary_file),
		in_folder(reading_is_bounded_and_all_or_nothing),
		in_folder(a_secret_file_that_others_may_read_is_refused),
		in_folder(private_folders_are_made_with_their_parents_and_checked),
		in_folder(a_rename_may_be_repeated_after_a_crash),
		in_folder(a_link_replaces_and_may_be_repeated),
		in_folder(removing_what_is_not_there_is_fine),
		in_folder(a_shredded_file_is_overwritten_before_it_goes),
		in_folder(damaged_files_are_kept_side_by_side),
		in_folder(a_lock_is_exclusive_until_it_is_closed),
		in_folder(removing_a_tree_does_not_follow_links),
		cmocka_unit_test(joined_paths_have_one_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
