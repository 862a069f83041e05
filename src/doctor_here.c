/* The machine the program runs on: terminal, clock, memory. */
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/trust/secret.h"
#include "src/doctor.h"
#include "ui/term_curses.h"
#include "ui/term_restore.h"

#define COLUMNS_MIN 20 /* below these the dashboard says "too small" */
#define ROWS_MIN 5
#define COLUMNS_GOOD 80
#define ROWS_GOOD 24
#define TIME_BUILT 1767225600 /* 2026-01-01: no such program ran before */

/* ---- terminal */

static void
look_at_size(struct doctor *d, int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		doctor_say(d, HEALTH_ATTENTION, "terminal", "run stty rows 24 columns 80",
		    "does not say how large it is");
	else if (size.ws_col < COLUMNS_MIN || size.ws_row < ROWS_MIN)
		doctor_say(d, HEALTH_BAD, "terminal", "make the window larger",
		    "%ux%u is too small for the dashboard", size.ws_col, size.ws_row);
	else if (size.ws_col < COLUMNS_GOOD || size.ws_row < ROWS_GOOD)
		doctor_say(d, HEALTH_ATTENTION, "terminal", "80x24 and more show two panes",
		    "%ux%u is small", size.ws_col, size.ws_row);
	else
		doctor_say(d, HEALTH_OK, "terminal", NULL, "%ux%u", size.ws_col, size.ws_row);
}

static void
look_at_type(struct doctor *d)
{
	const char *name = getenv("TERM");
	struct mq_error e;
	struct buf reset;
	int colours = 0;

	buf_init(&reset, TERM_RESTORE_MAX);
	if (name == NULL || term_curses_reset_bytes(NULL, &reset, &colours, &e) != MQ_OK)
		doctor_say(d, HEALTH_BAD, "terminal", "set TERM, e.g. to xterm; mqgp watch needs none",
		    "the type %.60s is not known here", name != NULL ? name : "(TERM is not set)");
	else if (colours < 8)
		doctor_say(d, HEALTH_OK, "terminal", NULL, "%.60s, without colours", name);
	else
		doctor_say(d, HEALTH_OK, "terminal", NULL, "%.60s, %d colours%s", name, colours,
		    getenv("NO_COLOR") != NULL ? ", but NO_COLOR is set" : "");
	buf_done(&reset);
}

void
doctor_terminal(struct doctor *d)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		doctor_say(d, HEALTH_ATTENTION, "terminal", "with ssh, use -t; mqgp watch needs none",
		    "there is none: no dashboard, no questions");
		return;
	}
	look_at_type(d);
	look_at_size(d, fd);
	(void)close(fd); /* only looked at */
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		doctor_say(d, HEALTH_ATTENTION, "terminal", "set LANG=C.UTF-8; else ASCII is drawn",
		    "the locale is not UTF-8 (%.40s)", nl_langinfo(CODESET));
}

/* ---- clock */

static int64_t
newest_change(const char *dir)
{
	static const char *const names[] = { "pins", "audit.db", "windows.db" };
	char path[PATH_MAX];
	int64_t newest = 0;
	struct stat st;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (file_join(path, sizeof path, dir, names[i]) == MQ_OK && stat(path, &st) == 0 &&
		    st.st_mtime > newest)
			newest = st.st_mtime;
	return newest;
}

static void
look_at_clock(struct doctor *d)
{
	static const char todo[] = "set the clock: dates of confs and signatures depend on it";
	char now[TEXT_TIME_MAX], newest[TEXT_TIME_MAX];
	int64_t t = clock_wall(&d->clock), changed = newest_change(d->s.state_dir);
	struct timex tx;

	memset(&tx, 0, sizeof tx);
	text_put_time(now, t);
	text_put_time(newest, changed);
	if (t < TIME_BUILT)
		doctor_say(d, HEALTH_BAD, "clock", todo, "%s is before this program was made", now);
	else if (changed > t + 300)
		doctor_say(d, HEALTH_BAD, "clock", todo, "%s, but something was saved at %s", now,
		    newest);
	else if (adjtimex(&tx) == TIME_ERROR)
		doctor_say(d, HEALTH_ATTENTION, "clock", "run a time service, or compare with a watch",
		    "%s, not synchronised", now);
	else
		doctor_say(d, HEALTH_OK, "clock", NULL, "%s, synchronised", now);
}

/* ---- memory */

void
doctor_machine(struct doctor *d)
{
	look_at_clock(d);
	if (secret_memory_check())
		doctor_say(d, HEALTH_OK, "memory", NULL, "keys can be kept out of the swap");
	else
		doctor_say(d, HEALTH_ATTENTION, "memory", "raise it: ulimit -l 8192, or LimitMEMLOCK=",
		    "memory cannot be locked: keys may reach the swap");
	secret_harden_process();
	if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
		doctor_say(d, HEALTH_OK, "core dumps", NULL, "this program writes none");
	else
		doctor_say(d, HEALTH_ATTENTION, "core dumps", "do not use a debug build with real keys",
		    "a crash may write keys to the disk");
}
