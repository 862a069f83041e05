#include "tests/unit/lib_pgp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/trust/pgp_proc.h"

#define ARGS_MAX 24
#define OUT_MAX (4 << 20)
#define ENDS_TRIES 200
#define ENDS_MS 10

extern char **environ;

struct fpr
pgp_fpr(const char *hex)
{
	struct fpr f;

	assert_true(fpr_parse(span_of(hex), &f));
	return f;
}

bool
process_of_file_ends(const char *path)
{
	struct buf b;
	struct span s;
	uint64_t pid;

	buf_init(&b, 32);
	assert_int_equal(file_read(path, &b, NULL), MQ_OK);
	s = buf_span(&b);
	s.n--; /* LF */
	assert_true(text_u64(s, INT32_MAX, &pid));
	buf_done(&b);
	/* whoever inherits orphans takes a moment to bury them */
	for (int i = 0; i < ENDS_TRIES; i++) {
		if (kill((pid_t)pid, 0) != 0)
			return true;
		(void)poll(NULL, 0, ENDS_MS);
	}
	return false;
}

static char *
word(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return copy;
}

struct buf
run_gpg(const char *home, const char *const *args, struct span in)
{
	posix_spawn_file_actions_t files;
	char in_path[128], out_path[128], *argv[ARGS_MAX + 1] = { NULL };
	size_t n = 0;
	struct buf out;
	int status;
	pid_t pid;

	(void)snprintf(in_path, sizeof in_path, "%s/in", home);
	(void)snprintf(out_path, sizeof out_path, "%s/out", home);
	assert_int_equal(file_write(in_path, in.p, in.n, NULL), MQ_OK);
	argv[n++] = word("gpg");
	argv[n++] = word("--homedir");
	argv[n++] = word(home);
	argv[n++] = word("--batch");
	argv[n++] = word("--quiet");
	for (size_t i = 0; args[i] != NULL && n < ARGS_MAX; i++)
		argv[n++] = word(args[i]);
	assert_int_equal(posix_spawn_file_actions_init(&files), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&files, 0, in_path, O_RDONLY, 0), 0);
	assert_int_equal(posix_spawn_file_actions_addopen(&files, 1, out_path,
	    O_WRONLY | O_CREAT | O_TRUNC, 0600), 0);
	assert_int_equal(posix_spawn(&pid, "/usr/bin/gpg", &files, NULL, argv, environ), 0);
	(void)posix_spawn_file_actions_destroy(&files);
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
	buf_init(&out, OUT_MAX);
	assert_int_equal(file_read(out_path, &out, NULL), MQ_OK);
	assert_int_equal(file_unlink(in_path, NULL), MQ_OK);
	assert_int_equal(file_unlink(out_path, NULL), MQ_OK);
	for (size_t i = 0; i < n; i++)
		free(argv[i]);
	return out;
}

struct buf
secret_key_file(const char *dir)
{
	static const char *const make[] = { "--passphrase", "", "--quick-gen-key", "Test <t@e.invalid>",
		"ed25519", "sign", "never", NULL };
	static const char *const export[] = { "--armor", "--export-secret-keys", NULL };
	struct span none = { NULL, 0 };
	char home[64];
	struct buf b;

	(void)snprintf(home, sizeof home, "%s/k", dir);
	assert_int_equal(file_private_dir(home, NULL), MQ_OK);
	b = run_gpg(home, make, none);
	buf_done(&b);
	b = run_gpg(home, export, none);
	pgp_proc_kill_agent(home);
	assert_int_equal(file_remove_tree(home, NULL), MQ_OK);
	return b;
}
