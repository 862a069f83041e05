#include "src/demo_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/base/utf8.h"
#include "src/spawn.h"

#define ENV_ALL_MAX 512		/* variables a child gets; the rest is left out */
#define ASK_TIMEOUT_MS 30000	/* a key generator may wait for the machine */

extern char **environ;

static bool
same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

static bool
is_set(const char *const *setting, const char *variable)
{
	for (; setting != NULL && *setting != NULL; setting++)
		if (same_name(*setting, variable))
			return true;
	return false;
}

/* Our environment with the settings over it. */
static void
compose_env(const char *out[ENV_ALL_MAX], const char *const *setting)
{
	size_t n = 0;

	for (const char *const *s = setting; s != NULL && *s != NULL && n + 1 < ENV_ALL_MAX; s++)
		out[n++] = *s;
	for (char **v = environ; *v != NULL && n + 1 < ENV_ALL_MAX; v++)
		if (!is_set(setting, *v))
			out[n++] = *v;
	out[n] = NULL;
}

/* execve takes arrays of writable strings for historical reasons and writes to none of them. */
static char *const *
as_vector(const char *const *strings)
{
	union {
		const char *const *ours;
		char *const *theirs;
	} u = { .ours = strings };

	return u.theirs;
}

static _Noreturn void
become(const struct demo_child *c, const char *const *env, pid_t parent)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(127);
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &standard, NULL); /* some cannot be set */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->out >= 0) {
		(void)setsid(); /* keys of the terminal are for who owns it */
		int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (null < 0 || dup2(null, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->out, 2) < 0)
			_exit(127);
	}
	(void)close_range(3, ~0U, 0);
	(void)execve(c->argv[0], as_vector(c->argv), as_vector(env));
	_exit(127);
}

enum mq_err
demo_child_start(const struct demo_child *c, pid_t *pid, struct mq_error *e)
{
	const char *env[ENV_ALL_MAX];
	pid_t self = getpid(), child;

	compose_env(env, c->setting);
	if ((child = fork()) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot start %s", c->argv[0]);
	if (child == 0)
		become(c, env, self);
	*pid = child;
	return MQ_OK;
}

/* The last line of what a program said, safe to show. */
static void
last_line(const struct buf *b, char out[200])
{
	struct span s = buf_span(b);
	size_t from;

	while (s.n != 0 && s.p[s.n - 1] == '\n')
		s.n--;
	for (from = s.n; from != 0 && s.p[from - 1] != '\n'; from--)
		continue;
	utf8_safe(out, 200, (struct span){ s.p + from, s.n - from });
}

static enum mq_err
read_all(int fd, struct buf *out)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof part)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || buf_put(out, part, (size_t)n) != MQ_OK)
			return MQ_EIO;
	}
	return MQ_OK;
}

enum mq_err
demo_child_ask(const char *const *argv, const char *const *setting, struct buf *out,
    struct mq_error *e)
{
	struct demo_child c = { .argv = argv, .setting = setting };
	int ends[2], code = 0;
	char said[200];
	enum mq_err r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make a pipe");
	c.out = ends[1];
	r = demo_child_start(&c, &pid, e);
	(void)close(ends[1]);
	if (r == MQ_OK) {
		r = read_all(ends[0], out);
		if (spawn_wait(pid, ASK_TIMEOUT_MS, &code, NULL) != MQ_OK)
			spawn_stop(pid, false, 0);
		last_line(out, said);
		if (r != MQ_OK || code != 0)
			r = mq_fail(e, MQ_EIO, "%s failed: %s", argv[0], said);
	}
	(void)close(ends[0]);
	return r;
}

static bool
find_in(struct span dir, const char *name, char path[DEMO_FIND_MAX])
{
	int n = snprintf(path, DEMO_FIND_MAX, "%.*s/%s", (int)dir.n, (const char *)dir.p, name);

	return dir.n != 0 && n > 0 && n < DEMO_FIND_MAX && access(path, X_OK) == 0;
}

enum mq_err
demo_child_find(const char *name, const char *package, char path[DEMO_FIND_MAX],
    struct mq_error *e)
{
	static const char *const more[] = { "/usr/sbin", "/usr/local/sbin", "/sbin" };
	const char *at = getenv("PATH");

	for (; at != NULL && *at != '\0'; at += strcspn(at, ":"), at += *at == ':') {
		struct span dir = { (const uint8_t *)at, strcspn(at, ":") };

		if (dir.n < DEMO_FIND_MAX && find_in(dir, name, path))
			return MQ_OK;
	}
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
		if (find_in(span_of(more[i]), name, path))
			return MQ_OK;
	return mq_fail(e, MQ_ENOENT, "%s is not installed; install it with: apt install %s", name,
	    package);
}
