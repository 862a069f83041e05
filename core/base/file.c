#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"

#define FILE_CHUNK 16384
#define LOCK_RETRY_MS 10 /* between two tries for a lock */
#define SET_ASIDE_MAX 1000 /* damaged copies of one file; then somebody has to look */
#define TREE_FDS 16 /* folders held open while a tree is removed */

static void
close_quietly(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd); /* what matters was fsynced or only read */
	errno = saved;
}

static void
unlink_quietly(const char *path)
{
	int saved = errno;

	(void)unlink(path); /* cleaning up after an error that is reported already */
	errno = saved;
}

/* The code for what open, rename and their kin just reported in errno. */
static enum mq_err
code_of_errno(void)
{
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return MQ_ENOENT;
	case EACCES:
	case EPERM:
	case ELOOP: /* a symlink where none is followed */
		return MQ_EPERM;
	case EEXIST:
		return MQ_EEXIST;
	case ENOMEM:
		return MQ_ENOMEM;
	default:
		return MQ_EIO;
	}
}

static enum mq_err
format_path(char *out, size_t size, const char *path, const char *suffix)
{
	int n = snprintf(out, size, "%s%s", path, suffix);

	return n < 0 || (size_t)n >= size ? MQ_ELIMIT : MQ_OK;
}

/* Makes the names in the folder of path durable. */
static enum mq_err
sync_folder_of(const char *path, struct mq_error *e)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	size_t n = slash == path ? 1 : slash != NULL ? (size_t)(slash - path) : 0;
	int fd;

	if (n >= sizeof folder)
		return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
	if (n != 0) {
		memcpy(folder, path, n);
		folder[n] = '\0';
	}
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0) {
		close_quietly(fd);
		return mq_fail_errno(e, MQ_EIO, "cannot make changes in folder %s durable", folder);
	}
	close_quietly(fd);
	return MQ_OK;
}

static int
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n != 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

enum mq_err
file_write(const char *path, const void *p, size_t n, struct mq_error *e)
{
	return file_write_mode(path, p, n, 0600, e);
}

enum mq_err
file_write_mode(const char *path, const void *p, size_t n, unsigned mode, struct mq_error *e)
{
	char temp[PATH_MAX];
	int fd;

	if (format_path(temp, sizeof temp, path, ".tmp-XXXXXX") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
	if ((fd = mkostemp(temp, O_CLOEXEC)) < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot create a file beside %s", path);
	if (fchmod(fd, (mode_t)mode) != 0 || write_all(fd, p, n) != 0 || fsync(fd) != 0 ||
	    rename(temp, path) != 0) {
		enum mq_err code = code_of_errno();

		close_quietly(fd);
		unlink_quietly(temp);
		return mq_fail_errno(e, code, "cannot write %s", path);
	}
	close_quietly(fd);
	return sync_folder_of(path, e);
}

/* Appends what fd gives to out, or nothing at all. */
static enum mq_err
read_all(int fd, const char *path, struct buf *out, struct mq_error *e)
{
	size_t before = out->n;
	uint8_t chunk[FILE_CHUNK];
	enum mq_err r = MQ_OK;
	ssize_t got = 1;

	while (r == MQ_OK && got != 0) {
		got = read(fd, chunk, sizeof chunk);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			r = mq_fail_errno(e, MQ_EIO, "cannot read %s", path);
		else if ((size_t)got > out->max - out->n)
			r = mq_fail(e, MQ_ELIMIT, "%s is larger than %zu bytes", path, out->max);
		else if ((r = buf_put(out, chunk, (size_t)got)) != MQ_OK)
			(void)mq_fail(e, r, "cannot read %s: %s", path, mq_err_name(r));
	}
	explicit_bzero(chunk, sizeof chunk); /* private files come through here as well */
	if (r != MQ_OK)
		out->n = before;
	return r;
}

enum mq_err
file_read(const char *path, struct buf *out, struct mq_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum mq_err r;

	if (fd < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot open %s", path);
	r = read_all(fd, path, out, e);
	close_quietly(fd);
	return r;
}

enum mq_err
file_read_private(const char *path, struct buf *out, struct mq_error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	enum mq_err r;

	if (fd < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot open %s", path);
	if (fstat(fd, &st) != 0)
		r = mq_fail_errno(e, MQ_EIO, "cannot look at %s", path);
	else if (!S_ISREG(st.st_mode))
		r = mq_fail(e, MQ_EPERM, "%s is not a plain file", path);
	else if (st.st_uid != geteuid())
		r = mq_fail(e, MQ_EPERM, "%s belongs to another user (uid %u)", path, st.st_uid);
	else if ((st.st_mode & 077) != 0)
		r = mq_fail(e, MQ_EPERM, "others may read or write %s; run: chmod 600 %s", path,
		    path);
	else
		r = read_all(fd, path, out, e);
	close_quietly(fd);
	return r;
}

/* One level of a private path: made if it is missing, and then durable. */
static enum mq_err
make_folder(const char *path, struct mq_error *e)
{
	if (mkdir(path, 0700) == 0)
		return sync_folder_of(path, e);
	if (errno == EEXIST)
		return MQ_OK;
	return mq_fail_errno(e, code_of_errno(), "cannot make folder %s", path);
}

enum mq_err
file_private_dir(const char *path, struct mq_error *e)
{
	char level[PATH_MAX];
	struct stat st;
	enum mq_err r;
	size_t n;

	if (format_path(level, sizeof level, path, "") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
	for (n = strlen(level); n > 1 && level[n - 1] == '/'; n--)
		level[n - 1] = '\0'; /* "dir/" would look through a symlink */
	for (char *at = level + 1; (at = strchr(at, '/')) != NULL; *at++ = '/') {
		*at = '\0';
		if ((r = make_folder(level, e)) != MQ_OK)
			return r;
	}
	if ((r = make_folder(level, e)) != MQ_OK)
		return r;
	if (lstat(level, &st) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot look at folder %s", level);
	if (!S_ISDIR(st.st_mode))
		return mq_fail(e, MQ_EPERM, "%s is not a folder", level);
	if (st.st_uid != geteuid())
		return mq_fail(e, MQ_EPERM, "folder %s belongs to another user (uid %u)", level,
		    st.st_uid);
	if ((st.st_mode & 077) != 0)
		return mq_fail(e, MQ_EPERM, "folder %s is open to others; run: chmod 700 %s", level,
		    level);
	return MQ_OK;
}

static bool
same_folder(const char *a, const char *b)
{
	const char *sa = strrchr(a, '/'), *sb = strrchr(b, '/');
	size_t na = sa != NULL ? (size_t)(sa - a) : 0, nb = sb != NULL ? (size_t)(sb - b) : 0;

	return (sa == NULL) == (sb == NULL) && na == nb && memcmp(a, b, na) == 0;
}

enum mq_err
file_rename(const char *from, const char *to, struct mq_error *e)
{
	enum mq_err r;

	if (rename(from, to) != 0 && !(errno == ENOENT && file_exists(to)))
		return mq_fail_errno(e, code_of_errno(), "cannot rename %s to %s", from, to);
	if ((r = sync_folder_of(to, e)) == MQ_OK && !same_folder(from, to))
		r = sync_folder_of(from, e);
	return r;
}

/* A name beside path that nobody has; link() refuses it if somebody takes it meanwhile. */
static enum mq_err
spare_name(char *out, size_t size, const char *path, struct mq_error *e)
{
	int fd;

	if (format_path(out, size, path, ".tmp-XXXXXX") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
	if ((fd = mkostemp(out, O_CLOEXEC)) < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot create a file beside %s", path);
	close_quietly(fd);
	if (unlink(out) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot remove %s", out);
	return MQ_OK;
}

enum mq_err
file_link(const char *from, const char *to, struct mq_error *e)
{
	char temp[PATH_MAX];
	enum mq_err r;

	if ((r = spare_name(temp, sizeof temp, to, e)) != MQ_OK)
		return r;
	if (link(from, temp) != 0)
		return mq_fail_errno(e, code_of_errno(), "cannot link %s to %s", from, to);
	if (rename(temp, to) != 0) {
		r = mq_fail_errno(e, code_of_errno(), "cannot link %s to %s", from, to);
		unlink_quietly(temp);
		return r;
	}
	unlink_quietly(temp); /* rename does nothing when both names are the same file already */
	return sync_folder_of(to, e);
}

enum mq_err
file_unlink(const char *path, struct mq_error *e)
{
	if (unlink(path) == 0)
		return sync_folder_of(path, e);
	if (errno == ENOENT)
		return MQ_OK;
	return mq_fail_errno(e, code_of_errno(), "cannot remove %s", path);
}

static int
overwrite_with_zeros(int fd)
{
	static const uint8_t zeros[FILE_CHUNK];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	for (off_t left = st.st_size; left > 0; left -= FILE_CHUNK)
		if (write_all(fd, zeros, left < FILE_CHUNK ? (size_t)left : FILE_CHUNK) != 0)
			return -1;
	return fsync(fd);
}

enum mq_err
file_shred(const char *path, struct mq_error *e)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return MQ_OK;
	if (fd < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot open %s", path);
	if (overwrite_with_zeros(fd) != 0) {
		close_quietly(fd);
		return mq_fail_errno(e, MQ_EIO, "cannot overwrite %s", path);
	}
	close_quietly(fd);
	return file_unlink(path, e);
}

bool
file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

enum mq_err
file_set_aside(const char *path, char *kept, size_t kept_size, struct mq_error *e)
{
	char name[PATH_MAX], suffix[32];

	for (int i = 1; i <= SET_ASIDE_MAX; i++) {
		(void)snprintf(suffix, sizeof suffix, ".damaged-%d", i);
		if (format_path(name, sizeof name, path, suffix) != MQ_OK ||
		    strlen(name) >= kept_size)
			return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
		if (renameat2(AT_FDCWD, path, AT_FDCWD, name, RENAME_NOREPLACE) == 0) {
			memcpy(kept, name, strlen(name) + 1);
			return sync_folder_of(path, e);
		}
		if (errno != EEXIST)
			return mq_fail_errno(e, code_of_errno(), "cannot set %s aside", path);
	}
	return mq_fail(e, MQ_ELIMIT, "%s was damaged %d times; remove old copies", path,
	    SET_ASIDE_MAX);
}

enum mq_err
file_join(char *out, size_t size, const char *dir, const char *name)
{
	size_t n = strlen(dir);
	int made = snprintf(out, size, "%s%s%s", dir, n != 0 && dir[n - 1] == '/' ? "" : "/", name);

	return made < 0 || (size_t)made >= size ? MQ_ELIMIT : MQ_OK;
}

enum mq_err
file_lock(const char *path, int wait_ms, int *fd, struct mq_error *e)
{
	int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct clock clock = clock_real();
	int64_t deadline = clock_mono_ms(&clock) + wait_ms;

	if (opened < 0)
		return mq_fail_errno(e, code_of_errno(), "cannot open lock %s", path);
	/* Polling, because a blocking flock has no deadline. */
	while (flock(opened, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			close_quietly(opened);
			return mq_fail_errno(e, MQ_EIO, "cannot lock %s", path);
		}
		if (clock_mono_ms(&clock) >= deadline) {
			close_quietly(opened);
			return mq_fail(e, MQ_EAGAIN, "%s is in use by another process", path);
		}
		(void)poll(NULL, 0, LOCK_RETRY_MS); /* a nap; woken early is fine */
	}
	*fd = opened;
	return MQ_OK;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	/* Sockets of a gpg-agent that is ending vanish by themselves. */
	return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

enum mq_err
file_remove_tree(const char *path, struct mq_error *e)
{
	if (nftw(path, remove_entry, TREE_FDS, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
		return MQ_OK;
	return mq_fail_errno(e, code_of_errno(), "cannot remove folder %s", path);
}
