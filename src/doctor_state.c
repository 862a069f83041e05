/* The files of a profile: owner, mode, room, and whether they are whole. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/model/audit.h"
#include "core/trust/pins.h"
#include "src/doctor.h"

#define ROOM_MIN (16u << 20) /* bytes; a day of windows and audit rows */
#define PROBE "doctor.probe"

/* ---- folders */

/* True if the folder is there and could be used. */
static bool
look_at_folder(struct doctor *d, const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0) {
		doctor_say(d, HEALTH_OK, "state", NULL, "%.250s is not there yet", path);
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		doctor_say(d, HEALTH_BAD, "state", "move it away", "%.250s is no folder", path);
	else if (st.st_uid != geteuid())
		doctor_say(d, HEALTH_BAD, "state", "chown it to you, or use another XDG_STATE_HOME",
		    "%.250s belongs to user %u", path, st.st_uid);
	else if ((st.st_mode & 077) != 0)
		doctor_say(d, HEALTH_BAD, "state", "chmod 700 it, then look at who could have changed it",
		    "%.250s is open to others (mode %03o)", path, st.st_mode & 0777);
	else
		return true;
	return false;
}

/* A full or read-only disk is found by writing. */
static void
look_at_room(struct doctor *d)
{
	char path[PATH_MAX];
	struct statvfs fs;
	struct mq_error e;

	if (file_join(path, sizeof path, d->s.state_dir, PROBE) != MQ_OK)
		return;
	if (file_write(path, PROBE, sizeof PROBE, &e) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "disk", "make room, or mount it writable", "%.300s", e.text);
	else if (statvfs(path, &fs) == 0 && fs.f_bavail < ROOM_MIN / fs.f_frsize)
		doctor_say(d, HEALTH_ATTENTION, "disk", "make room before it is full",
		    "only %llu KiB are left for %.200s",
		    (unsigned long long)fs.f_bavail * fs.f_frsize / 1024, d->s.state_dir);
	else
		doctor_say(d, HEALTH_OK, "disk", NULL, "%.250s can be written", d->s.state_dir);
	(void)file_unlink(path, NULL); /* empty, and named for what it is */
}

/* What was set aside waits for somebody to look at it. */
static void
look_for_damaged(struct doctor *d)
{
	DIR *dir = opendir(d->s.state_dir);
	const struct dirent *de;

	while (dir != NULL && (de = readdir(dir)) != NULL)
		if (strstr(de->d_name, ".damaged-") != NULL)
			doctor_say(d, HEALTH_ATTENTION, "state",
			    "look at it or restore a backup, then move it away",
			    "%.120s was found damaged and kept in %.150s", de->d_name, d->s.state_dir);
	if (dir != NULL)
		(void)closedir(dir); /* read only */
}

/* ---- files */

static bool
look_at_file(struct doctor *d, const char *name, char path[PATH_MAX])
{
	struct stat st;

	if (file_join(path, PATH_MAX, d->s.state_dir, name) != MQ_OK || lstat(path, &st) != 0)
		return false;
	if (S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return true;
	doctor_say(d, HEALTH_BAD, "state", "chown it to you and chmod 600 it",
	    "%.250s is not a private file of yours", path);
	return false;
}

static unsigned
lines_in(struct span s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void
look_at_pins(struct doctor *d)
{
	char path[PATH_MAX];
	struct span line;
	struct pin pin;
	struct buf b;
	struct rd r;
	unsigned n = 0;

	if (!look_at_file(d, "pins", path))
		return;
	buf_init(&b, PINS_BYTES_MAX);
	if (file_read_private(path, &b, NULL) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "pins", "look at the file", "%.250s cannot be read", path);
	else {
		for (r = rd_of(b.p, b.n); rd_line(&r, &line); n++)
			if (pins_parse_line(line, &pin) != MQ_OK)
				break;
		if (rd_end(&r) && n == lines_in(buf_span(&b)))
			doctor_say(d, HEALTH_OK, "pins", NULL, "%u pinned tree%s", n, n == 1 ? "" : "s");
		else
			doctor_say(d, HEALTH_BAD, "pins", "correct the line or restore a backup",
			    "%.200s is damaged in line %u", path, n + 1);
	}
	buf_done(&b);
}

static void
look_at_audit(struct doctor *d)
{
	char path[PATH_MAX];
	struct audit_check c = { 0 };
	struct mq_error e;

	if (!look_at_file(d, "audit.db", path))
		return;
	if (audit_verify(path, &c, &e) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "audit log", "restore a backup; mqgp sets it aside", "%.300s",
		    e.text);
	else if (c.broken != 0)
		doctor_say(d, HEALTH_BAD, "audit log", "somebody changed it: compare with an export",
		    "%s", c.why);
	else
		doctor_say(d, HEALTH_OK, "audit log", NULL, "%llu rows, all whole",
		    (unsigned long long)c.rows);
}

void
doctor_state(struct doctor *d)
{
	static const char *const below[] = { "outbox", "keys" };
	char path[PATH_MAX];

	if (d->s.profile == NULL || !look_at_folder(d, d->s.state_dir))
		return;
	for (size_t i = 0; i < sizeof below / sizeof below[0]; i++)
		if (file_join(path, sizeof path, d->s.state_dir, below[i]) == MQ_OK &&
		    file_exists(path))
			(void)look_at_folder(d, path);
	look_at_room(d);
	look_for_damaged(d);
	look_at_pins(d);
	look_at_audit(d);
	(void)look_at_file(d, "windows.db", path);
}

/* ---- credentials for the broker */

void
doctor_credentials(struct doctor *d)
{
	const struct profile *p = d->s.profile;
	const struct {
		const char *keyword, *path;
		bool secret;
	} files[] = {
		{ "password-file", p != NULL ? p->password_file : NULL, true },
		{ "key", p != NULL ? p->key : NULL, true },
		{ "key-passphrase-file", p != NULL ? p->key_passphrase_file : NULL, true },
		{ "ca", p != NULL ? p->ca : NULL, false },
		{ "cert", p != NULL ? p->cert : NULL, false },
	};
	struct mq_error e;
	struct buf b;
	enum mq_err r;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (files[i].path == NULL)
			continue;
		buf_init(&b, CONFIG_MAX);
		r = files[i].secret ? file_read_private(files[i].path, &b, &e) :
				      file_read(files[i].path, &b, &e);
		buf_wipe(&b);
		if (r == MQ_OK)
			doctor_say(d, HEALTH_OK, "credentials", NULL, "%s %.250s", files[i].keyword,
			    files[i].path);
		else
			doctor_say(d, HEALTH_BAD, "credentials", files[i].secret ?
			    "it must be there, yours, and chmod 600" : "it must be there and readable",
			    "%s: %.250s", files[i].keyword, e.text);
	}
}
