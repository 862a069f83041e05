/* gpg: is it there, does its home work, and can the person's key sign? */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/owner/signer.h"
#include "core/trust/pgp_child_args.h"
#include "src/doctor.h"
#include "src/spawn.h"

#define VERSION_MS 5000 /* of gpg --version, which asks nobody */
#define VERSION_LINE 100

/* ---- the program */

/* The first line of what fd gives within the time; "" if there is none. */
static void
read_first_line(int fd, char line[VERSION_LINE])
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t n = 0;
	ssize_t got;

	while (n < VERSION_LINE - 1 && poll(&p, 1, VERSION_MS) > 0 &&
	    (got = read(fd, line + n, VERSION_LINE - 1 - n)) > 0)
		n += (size_t)got;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
}

static enum mq_err
ask_version(char line[VERSION_LINE], struct mq_error *e)
{
	const char *const argv[] = { pgp_program(), "--version", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL, .own_group = true };
	int fd[2], code = 0;
	enum mq_err r;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) != 0)
		return mq_fail_errno(e, MQ_EIO, "cannot make a pipe");
	s.out = fd[1];
	r = spawn_start(&s, &pid, e);
	(void)close(fd[1]); /* the child's */
	if (r == MQ_OK) {
		read_first_line(fd[0], line);
		if ((r = spawn_wait(pid, VERSION_MS, &code, e)) == MQ_ETIMEOUT)
			spawn_stop(pid, true, 0);
	}
	(void)close(fd[0]); /* only read */
	if (r == MQ_OK && (code != 0 || strncmp(line, "gpg (GnuPG) ", 12) != 0))
		r = mq_fail(e, MQ_ECRYPTO, "%s is not GnuPG", pgp_program());
	return r;
}

static bool
look_at_program(struct doctor *d)
{
	char line[VERSION_LINE];
	struct mq_error e;

	if (ask_version(line, &e) != MQ_OK) {
		doctor_say(d, HEALTH_BAD, "gpg", "apt install gnupg; without it nothing is verified",
		    "%.250s", e.text);
		return false;
	}
	if (strncmp(line + 12, "2.", 2) != 0 || line[14] == '0' || line[14] == '1') {
		doctor_say(d, HEALTH_BAD, "gpg", "install GnuPG 2.2 or newer", "%s is too old", line);
		return false;
	}
	doctor_say(d, HEALTH_OK, "gpg", NULL, "%s", line);
	return true;
}

/* ---- the home */

static void
home_path(const struct doctor *d, char *out, size_t size)
{
	const char *home = getenv("HOME"), *given = getenv("GNUPGHOME");

	if (d->s.profile != NULL && d->s.profile->gnupg_home != NULL)
		given = d->s.profile->gnupg_home;
	if (given != NULL && given[0] != '\0')
		(void)snprintf(out, size, "%s", given);
	else
		(void)snprintf(out, size, "%s/.gnupg", home != NULL ? home : "");
}

static bool
look_at_home(struct doctor *d)
{
	char path[PATH_MAX], run[64];
	struct stat st;

	home_path(d, path, sizeof path);
	(void)snprintf(run, sizeof run, "/run/user/%u", (unsigned)geteuid());
	if (stat(path, &st) != 0)
		doctor_say(d, HEALTH_ATTENTION, "gpg home", "mqgp key new makes it, and a key",
		    "%.250s is not there", path);
	else if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		doctor_say(d, HEALTH_BAD, "gpg home", "chown it to you and chmod 700 it",
		    "%.250s is open to others or not yours", path);
	else if (strlen(path) > PGP_HOME_MAX && !file_exists(run))
		doctor_say(d, HEALTH_BAD, "gpg home", "use a shorter path, e.g. a symbolic link to it",
		    "%.200s is too long for the agent's sockets (%zu bytes, at most %d)", path,
		    strlen(path), PGP_HOME_MAX);
	else {
		doctor_say(d, HEALTH_OK, "gpg home", NULL, "%.250s", path);
		return true;
	}
	return false;
}

/* ---- the key */

static void
look_at_key(struct doctor *d, struct signer *s)
{
	const char *profile_key = d->s.profile != NULL ? d->s.profile->sign_key : NULL;
	struct mq_error e;
	struct fpr key;
	char words[64], groups[45];

	if (signer_choose(s, NULL, profile_key, NULL, 0, &key, &e) != MQ_OK) {
		doctor_say(d, e.code == MQ_ENOENT || e.code == MQ_EINVAL ? HEALTH_ATTENTION : HEALTH_BAD,
		    "sign-key", "watching needs none; signing does", "%.250s", e.text);
		return;
	}
	fpr_groups(&key, groups);
	if (signer_check(s, &key, words, &e) == MQ_OK)
		doctor_say(d, HEALTH_OK, "sign-key", NULL, "%s can sign: %s", groups, words);
	else
		doctor_say(d, HEALTH_BAD, "sign-key",
		    "is the agent running, the card inserted, the agent forwarded (ssh -R)?",
		    "%s cannot sign: %.200s", groups, e.text);
}

void
doctor_pgp(struct doctor *d)
{
	static const struct owner_ui nobody; /* nobody is asked here */
	const char *home = d->s.profile != NULL ? d->s.profile->gnupg_home : NULL;
	struct signer *s = NULL;
	struct mq_error e;

	if (!look_at_program(d) || !look_at_home(d))
		return;
	if (signer_open(&s, home, &nobody, d->stop, &e) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "gpg", "see the gpg home", "%.250s", e.text);
	else
		look_at_key(d, s);
	signer_close(s);
}
