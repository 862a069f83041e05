/* Homes of the verify child: made new at each start, nothing in them but what was imported. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/trust/pgp_child.h"

/* OPENPGP.md 1.4 says what each line is for. Not `trust-model always`: it makes no trustdb, and
 * without one gpg 2.2 dies of every listing that shows an expired or revoked key. */
static const char gpg_conf[] =
    "no-autostart\n"
    "lock-never\n"
    "no-auto-check-trustdb\n"
    "no-random-seed-file\n"
    "disable-dirmngr\n"
    "no-auto-key-retrieve\n"
    "no-auto-key-import\n"
    "no-symkey-cache\n"
    "import-options self-sigs-only\n"
    "weak-digest SHA1\n"
    "weak-digest RIPEMD160\n";

/* Not durable on purpose: the folder lives as long as this process. */
static enum mq_err
put_file(const char *dir, const char *name, const char *text, struct mq_error *e)
{
	char path[PGP_HOME_PATH_MAX + 32];
	size_t n = strlen(text);
	enum mq_err r;
	int fd;

	if ((r = file_join(path, sizeof path, dir, name)) != MQ_OK)
		return mq_fail(e, r, "path of the gpg home is too long: %s", dir);
	if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make %s", path);
	if (write(fd, text, n) != (ssize_t)n)
		r = mq_fail_errno(e, MQ_EIO, "cannot write %s", path);
	if (close(fd) != 0 && r == MQ_OK)
		r = mq_fail_errno(e, MQ_EIO, "cannot write %s", path);
	return r;
}

enum mq_err
pgp_home_make(const char *path, int64_t at, struct mq_error *e)
{
	char text[sizeof gpg_conf + 64];
	enum mq_err r = file_remove_tree(path, e);

	if (r != MQ_OK && r != MQ_ENOENT)
		return r;
	if (mkdir(path, 0700) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make the gpg home %s", path);
	(void)snprintf(text, sizeof text, "%s", gpg_conf);
	if (at != 0) /* the ! stops that clock */
		(void)snprintf(text, sizeof text, "%sfaked-system-time %lld!\n", gpg_conf,
		    (long long)at);
	if ((r = put_file(path, "gpg.conf", text, e)) != MQ_OK)
		return r;
	/* GnuPG 2.4 would write `use-keyboxd` into a common.conf of its own */
	return put_file(path, "common.conf", "", e);
}
