#include "core/trust/pgp_proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/trust/pgp.h"
#include "core/trust/pgp_child_args.h"

#define ENV_MAX 32
#define ENV_BYTES 4096 /* of one variable; longer ones are left away */
#define GPGCONF "/usr/bin/gpgconf"
#define AGENT_WAIT_MS 2000

/* All that gpg, gpg-agent and pinentry need. GPGME_DEBUG would write passphrases to a file. */
static const char *const env_names[] = { "PATH", "HOME", "USER", "LOGNAME", "TERM", "DISPLAY",
	"WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "GPG_TTY",
	"GNUPGHOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "COLORTERM",
	"PINENTRY_USER_DATA" };
/* And of these the verify child needs only what finds programs. */
#define ENV_VERIFY 1

struct env {
	char *v[ENV_MAX + 1];
	size_t n;
};

static bool
env_put(struct env *env, const char *name, const char *value)
{
	char *line;

	if (env->n == ENV_MAX || strlen(value) > ENV_BYTES)
		return true;
	if (asprintf(&line, "%s=%s", name, value) < 0)
		return false;
	env->v[env->n++] = line;
	return true;
}

static void
env_done(struct env *env)
{
	for (size_t i = 0; i < env->n; i++)
		free(env->v[i]);
}

/* The terminal on which pinentry may ask: its own standard files are /dev/null. */
static bool
env_put_tty(struct env *env)
{
	char name[64];

	for (int fd = 0; fd <= 2; fd++)
		if (getenv("GPG_TTY") == NULL && ttyname_r(fd, name, sizeof name) == 0)
			return env_put(env, "GPG_TTY", name);
	return true;
}

static bool
env_make(struct env *env, const struct pgp_proc_args *a)
{
	size_t n = a->verify ? ENV_VERIFY : sizeof env_names / sizeof env_names[0];

	for (size_t i = 0; i < n; i++) {
		const char *value = getenv(env_names[i]);

		if (a->home != NULL && strcmp(env_names[i], "GNUPGHOME") == 0)
			value = a->home; /* gpgconf and the agent's socket follow it */
		if (value != NULL && !env_put(env, env_names[i], value))
			return false;
	}
	if (a->home != NULL && !a->verify && getenv("GNUPGHOME") == NULL &&
	    !env_put(env, "GNUPGHOME", a->home))
		return false;
	return a->verify || env_put_tty(env);
}

/* Files and attributes that every child has; fd < 0: no socket. */
static int
spawn(pid_t *pid, const char *path, char *const *argv, char *const *envp, int fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int r;

	if ((r = posix_spawn_file_actions_init(&files)) != 0)
		return r;
	if ((r = posix_spawnattr_init(&attr)) != 0)
		goto out_files;
	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if ((r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
	    POSIX_SPAWN_SETSIGDEF)) != 0 ||
	    (r = posix_spawnattr_setpgroup(&attr, 0)) != 0 ||
	    (r = posix_spawnattr_setsigmask(&attr, &none)) != 0 ||
	    (r = posix_spawnattr_setsigdefault(&attr, &all)) != 0 ||
	    (fd >= 0 && (r = posix_spawn_file_actions_adddup2(&files, fd, PGP_CHILD_FD)) != 0) ||
	    (r = posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)) != 0 ||
	    (r = posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)) != 0 ||
	    (r = posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)) != 0 ||
	    (r = posix_spawn_file_actions_addclosefrom_np(&files,
	    fd >= 0 ? PGP_CHILD_FD + 1 : PGP_CHILD_FD)) != 0)
		goto out_attr;
	r = posix_spawn(pid, path, &files, &attr, argv, envp);
out_attr:
	(void)posix_spawnattr_destroy(&attr);
out_files:
	(void)posix_spawn_file_actions_destroy(&files);
	return r;
}

static enum mq_err
start_with(struct pgp_proc *p, const struct pgp_proc_args *a, char *const *envp, int fd,
    struct mq_error *e)
{
	char deadline[16], at[24], arg[] = PGP_CHILD_ARG, verify[] = PGP_KIND_VERIFY,
	    secret[] = PGP_KIND_SECRET, *self = NULL, *home = NULL, *gpg = NULL;
	enum mq_err r = MQ_ENOMEM;
	int err;

	(void)snprintf(deadline, sizeof deadline, "%d", a->deadline_ms > 0 ? a->deadline_ms : 0);
	(void)snprintf(at, sizeof at, "%lld", (long long)a->at);
	self = strdup(a->self);
	home = strdup(a->home != NULL ? a->home : "");
	gpg = strdup(a->gpg);
	if (self != NULL && home != NULL && gpg != NULL) {
		char *argv[] = { self, arg, a->verify ? verify : secret, home, gpg, deadline,
			at, NULL };

		err = spawn(&p->pid, a->self, argv, envp, fd);
		r = MQ_OK;
		if (err != 0) {
			errno = err;
			r = mq_fail_errno(e, MQ_EIO, "cannot start %s", a->self);
		}
	}
	free(gpg);
	free(home);
	free(self);
	return r;
}

enum mq_err
pgp_proc_start(struct pgp_proc *p, const struct pgp_proc_args *a, struct mq_error *e)
{
	struct env env = { .n = 0 };
	enum mq_err r;
	int fd[2] = { -1, -1 };

	*p = (struct pgp_proc){ 0, -1 };
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make a socket for the gpg helper");
	if (fcntl(fd[0], F_SETFL, O_NONBLOCK) != 0)
		r = mq_fail_errno(e, MQ_EIO, "cannot set up the socket of the gpg helper");
	else if (!env_make(&env, a))
		r = mq_fail(e, MQ_ENOMEM, "no memory to start the gpg helper");
	else
		r = start_with(p, a, env.v, fd[1], e);
	env_done(&env);
	(void)close(fd[1]); /* the child's */
	if (r == MQ_OK)
		p->fd = fd[0];
	else
		(void)close(fd[0]); /* nothing was sent */
	return r;
}

/* True when pid ended within ms. */
static bool
wait_for(pid_t pid, int ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { fd, POLLIN, 0 };
	bool ended = false;

	if (fd < 0)
		return false;
	ended = poll(&p, 1, ms) == 1;
	(void)close(fd); /* only watched */
	return ended;
}

static void
reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void
pgp_proc_end(struct pgp_proc *p, int grace_ms)
{
	if (p->fd >= 0) {
		(void)shutdown(p->fd, SHUT_RDWR); /* the child may be gone */
		(void)close(p->fd);
	}
	if (p->pid > 0) {
		if (grace_ms > 0)
			(void)wait_for(p->pid, grace_ms);
		/* not reaped yet, so the number is still this group's */
		(void)kill(-p->pid, SIGKILL);
		reap(p->pid);
	}
	*p = (struct pgp_proc){ 0, -1 };
}

void
pgp_proc_kill_agent(const char *home)
{
	struct pgp_proc_args a = { .home = home };
	char self[] = GPGCONF, homedir[] = "--homedir", kill_all[] = "--kill", all[] = "all";
	char *copy = strdup(home);
	char *argv[] = { self, homedir, copy, kill_all, all, NULL };
	struct env env = { .n = 0 };
	pid_t pid;

	if (copy != NULL && env_make(&env, &a) && spawn(&pid, GPGCONF, argv, env.v, -1) == 0) {
		if (!wait_for(pid, AGENT_WAIT_MS))
			(void)kill(-pid, SIGKILL);
		reap(pid);
	}
	env_done(&env);
	free(copy);
}
