#include "src/demo_place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/file.h"

#define SWEEP_TRIES 100 /* of SWEEP_NAP_MS: children that were told to end may still write */
#define SWEEP_NAP_MS 50
#define BASE_TRIES 100 /* another demo's end may remove the folder between our steps */

static const char short_temp[] = "/tmp";

/* The temp folder, or /tmp where sockets below the temp folder would have names too long, or its
 * name would need quotes in a configuration. */
static void
find_base(char out[DEMO_BASE_MAX])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "/._-";
	const char *temp = getenv("TMPDIR");
	int n = -1;

	if (temp != NULL && temp[0] == '/' && temp[strspn(temp, plain)] == '\0')
		n = snprintf(out, DEMO_BASE_MAX, "%s/mqgp-demo-%lu", temp, (unsigned long)getuid());
	if (n < 0 || n >= DEMO_BASE_MAX)
		(void)snprintf(out, DEMO_BASE_MAX, "%s/mqgp-demo-%lu", short_temp,
		    (unsigned long)getuid());
}

static void
put(char out[DEMO_PATH_MAX], const char *dir, const char *name)
{
	(void)snprintf(out, DEMO_PATH_MAX, "%.*s/%.60s", DEMO_DIR_MAX, dir, name);
}

/* ---- which instances live */

static bool
is_alive(const char *dir)
{
	char path[DEMO_PATH_MAX];
	enum mq_err r;
	int fd;

	put(path, dir, "lock");
	if ((r = file_lock(path, 0, &fd, NULL)) == MQ_OK)
		(void)close(fd); /* gives the lock back */
	return r == MQ_EAGAIN;
}

/* Where `current` leads; false if it leads nowhere. */
static bool
read_current(const char *base, char dir[DEMO_DIR_MAX])
{
	char path[DEMO_PATH_MAX], name[8];
	ssize_t n;

	put(path, base, "current");
	if ((n = readlink(path, name, sizeof name)) <= 0 || (size_t)n >= sizeof name ||
	    memchr(name, '/', (size_t)n) != NULL)
		return false;
	name[n] = '\0';
	(void)snprintf(dir, DEMO_DIR_MAX, "%.*s/%s", DEMO_BASE_MAX - 1, base, name);
	return true;
}

static bool
current_is_alive(const char *base, char dir[DEMO_DIR_MAX])
{
	return read_current(base, dir) && is_alive(dir);
}

static void
forget_current(const char *base, const char *dir)
{
	char path[DEMO_PATH_MAX], now[DEMO_DIR_MAX];

	put(path, base, "current");
	if (read_current(base, now) && strcmp(now, dir) == 0)
		(void)unlink(path); /* a name that leads nowhere does no harm either */
}

/* ---- making and removing, one process at a time */

/* Opens and locks the base; somebody may remove it meanwhile, so it is looked at again. */
static enum mq_err
lock_base(const char *base, int *fd, struct mq_error *e)
{
	struct stat held, named;
	enum mq_err r;

	for (int i = 0; i < BASE_TRIES; i++) {
		if ((r = file_private_dir(base, e)) != MQ_OK)
			return r;
		*fd = open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (*fd >= 0 && flock(*fd, LOCK_EX) == 0 && fstat(*fd, &held) == 0 &&
		    stat(base, &named) == 0 && held.st_ino == named.st_ino)
			return MQ_OK;
		if (*fd >= 0)
			(void)close(*fd);
	}
	return mq_fail(e, MQ_EIO, "cannot use the folder %s", base);
}

static void
sweep(const char *base, const char *dir)
{
	for (int i = 0; i < SWEEP_TRIES; i++) {
		if (file_remove_tree(dir, NULL) == MQ_OK && !file_exists(dir))
			break;
		(void)poll(NULL, 0, SWEEP_NAP_MS);
	}
	forget_current(base, dir);
	(void)rmdir(base); /* fails while other instances live */
}

/* Removes what a crash of the machine or of a broom left. */
static void
sweep_dead(const char *base)
{
	DIR *d = opendir(base);
	const struct dirent *entry;
	char path[DEMO_PATH_MAX];
	struct stat st;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		put(path, base, entry->d_name);
		if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && !is_alive(path)) {
			(void)file_remove_tree(path, NULL); /* tried again at the next start */
			forget_current(base, path);
		}
	}
	if (d != NULL)
		(void)closedir(d); /* only read from */
}

static enum mq_err
name_current(const struct demo_place *p, struct mq_error *e)
{
	char path[DEMO_PATH_MAX], temp[DEMO_PATH_MAX];

	put(path, p->base, "current");
	put(temp, p->dir, "current");
	if (symlink(strrchr(p->dir, '/') + 1, temp) != 0 || rename(temp, path) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make %s", path);
	return MQ_OK;
}

static enum mq_err
make_dir(struct demo_place *p, bool joinable, struct mq_error *e)
{
	char path[DEMO_PATH_MAX], other[DEMO_DIR_MAX];
	enum mq_err r;

	sweep_dead(p->base);
	if (joinable && current_is_alive(p->base, other))
		return mq_fail(e, MQ_EEXIST,
		    "a demo is running already; 'mqgp demo --as a' and '--as b' join it");
	(void)snprintf(p->dir, sizeof p->dir, "%.*s/XXXXXX", DEMO_BASE_MAX - 1, p->base);
	if (mkdtemp(p->dir) == NULL)
		return mq_fail_errno(e, MQ_EIO, "cannot make a folder in %s", p->base);
	put(path, p->dir, "lock");
	if ((r = file_lock(path, 0, &p->lock, e)) != MQ_OK)
		return r;
	return joinable ? name_current(p, e) : MQ_OK;
}

/* ---- the broom */

static _Noreturn void
be_broom(const struct demo_place *p, int wait_on)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t all;
	ssize_t n;
	char c;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)setsid(); /* whoever ends the terminal's processes must leave this one */
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd); /* nobody may wait for the end of our output */
	do
		n = read(wait_on, &c, 1);
	while (n > 0 || (n < 0 && errno == EINTR));
	sweep(p->base, p->dir);
	_exit(0);
}

/* base: locked; a lock lasts as long as anybody has its descriptor. */
static enum mq_err
start_broom(struct demo_place *p, int base, struct mq_error *e)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make a pipe");
	if ((p->broom = fork()) < 0) {
		(void)close(ends[0]);
		(void)close(ends[1]);
		return mq_fail_errno(e, MQ_EIO, "cannot start a process");
	}
	if (p->broom == 0) {
		(void)close(ends[1]);
		(void)close(base);
		be_broom(p, ends[0]);
	}
	(void)close(ends[0]);
	p->leash = ends[1];
	return MQ_OK;
}

/* ---- */

enum mq_err
demo_place_make(struct demo_place *p, bool joinable, struct mq_error *e)
{
	enum mq_err r;
	int base;

	*p = (struct demo_place){ .lock = -1, .leash = -1, .broom = -1 };
	find_base(p->base);
	if ((r = lock_base(p->base, &base, e)) != MQ_OK)
		return r;
	if ((r = make_dir(p, joinable, e)) == MQ_OK)
		r = start_broom(p, base, e);
	(void)close(base);
	if (r == MQ_OK)
		return MQ_OK;
	if (p->lock >= 0) {
		sweep(p->base, p->dir);
		(void)close(p->lock);
	}
	return r;
}

void
demo_place_leave(struct demo_place *p)
{
	int status;

	if (p->broom <= 0)
		return;
	(void)close(p->leash);
	while (waitpid(p->broom, &status, 0) < 0 && errno == EINTR)
		continue;
	(void)close(p->lock);
	p->broom = -1;
}

enum mq_err
demo_place_find(char dir[DEMO_DIR_MAX], struct mq_error *e)
{
	char base[DEMO_BASE_MAX];
	struct stat st;

	find_base(base);
	if (lstat(base, &st) != 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0 || !current_is_alive(base, dir))
		return mq_fail(e, MQ_ENOENT, "no demo is running; start one with 'mqgp demo'");
	return MQ_OK;
}
