#include "src/person.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/utf8.h"
#include "src/spawn.h"

#define LINE_BYTES 256
#define EDITOR_WORDS 16

/* ---- the terminal */

static int
open_tty(struct mq_error *e)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		(void)mq_fail(e, MQ_ENOENT, "there is no terminal to ask on");
	return fd;
}

static void
put(int fd, const char *text)
{
	struct buf safe;
	size_t done = 0;

	buf_init(&safe, 1u << 20);
	for (const char *at = text; *at != 0;) {
		size_t n = strcspn(at, "\n");

		(void)utf8_put_safe(&safe, (struct span){ (const uint8_t *)at, n }, false);
		if (at[n] == '\n')
			(void)buf_putc(&safe, '\n');
		at += n + (at[n] == '\n');
	}
	while (done < safe.n) {
		ssize_t n = write(fd, safe.p + done, safe.n - done);

		if (n < 0 && errno != EINTR)
			break; /* nobody is there to read it */
		done += n > 0 ? (size_t)n : 0;
	}
	buf_done(&safe);
}

/* One line without its LF. Signals are blocked in this program: Ctrl-C arrives as a character. */
static enum mq_err
read_line(int fd, bool echo, char *line, size_t size, struct mq_error *e)
{
	struct termios was, now;
	size_t n = 0;
	bool tty = tcgetattr(fd, &was) == 0, stopped = false;
	char c = 0;

	if (tty) {
		now = was;
		if (!echo)
			now.c_lflag &= ~(tcflag_t)ECHO;
		now.c_cc[VINTR] = _POSIX_VDISABLE;
		now.c_cc[VSUSP] = _POSIX_VDISABLE;
		now.c_cc[VEOL] = 3;
		(void)tcsetattr(fd, TCSAFLUSH, &now); /* flushes what was typed before the question */
	}
	for (;;) {
		ssize_t got = read(fd, &c, 1);

		if (got < 0 && errno == EINTR)
			continue;
		stopped = got <= 0 || c == 3;
		if (stopped || c == '\n')
			break;
		if (n + 1 < size)
			line[n++] = c;
	}
	line[n] = 0;
	if (tty)
		(void)tcsetattr(fd, TCSANOW, &was);
	if (tty && (!echo || stopped))
		put(fd, "\n");
	return stopped ? mq_fail(e, MQ_ECANCEL, "stopped") : MQ_OK;
}

enum mq_err
person_secret(const char *prompt, struct secret *out, struct mq_error *e)
{
	char line[LINE_BYTES];
	int fd = open_tty(e);
	enum mq_err r;

	if (fd < 0)
		return MQ_ENOENT;
	put(fd, prompt);
	put(fd, ": ");
	r = read_line(fd, false, line, sizeof line, e);
	if (r == MQ_OK) {
		*out = secret_copy(line, strlen(line));
		if (out->p == NULL && line[0] != 0)
			r = mq_fail(e, MQ_ENOMEM, "no guarded memory");
	}
	sodium_memzero(line, sizeof line);
	(void)close(fd);
	return r;
}

enum mq_err
person_line(const char *prompt, char *line, size_t size, struct mq_error *e)
{
	int fd = open_tty(e);
	enum mq_err r;

	if (fd < 0)
		return MQ_ENOENT;
	put(fd, prompt);
	put(fd, ": ");
	r = read_line(fd, true, line, size, e);
	(void)close(fd);
	return r;
}

/* ---- confirmation */

static enum mq_err
compare(const char *typed, const char *expected, struct mq_error *e)
{
	if (strcasecmp(typed, expected) == 0)
		return MQ_OK;
	return mq_fail(e, MQ_ECANCEL, "not confirmed: the last 8 digits are others");
}

static enum mq_err
confirm(void *arg, const struct owner_question *q, struct mq_error *e)
{
	struct person *p = arg;
	char text[512], line[LINE_BYTES];
	enum mq_err r;
	int fd;

	if (p->confirm != NULL)
		return compare(p->confirm, q->expected, e);
	if ((fd = open_tty(NULL)) < 0)
		return mq_fail(e, MQ_ECANCEL, "nobody is there to confirm; look at the last 8 digits of "
		    "%s and give them with --confirm", q->of);
	put(fd, q->title);
	put(fd, "\n");
	put(fd, q->text);
	(void)snprintf(text, sizeof text, "%s: %s\nType its last %d digits to go on: ", q->of, q->full,
	    OWNER_CONFIRM_DIGITS);
	put(fd, text);
	r = read_line(fd, true, line, sizeof line, e);
	(void)close(fd);
	return r == MQ_OK ? compare(line, q->expected, e) : r;
}

enum mq_err
person_confirm(struct person *p, const char *title, const char *of, const char *full,
    struct mq_error *e)
{
	struct owner_question q = { .title = title, .text = "", .of = of };
	size_t n = strlen(full);

	(void)snprintf(q.full, sizeof q.full, "%s", full);
	(void)snprintf(q.expected, sizeof q.expected, "%s", full + n - OWNER_CONFIRM_DIGITS);
	return confirm(p, &q, e);
}

/* ---- editor */

/* $VISUAL and $EDITOR may carry options: words split at blanks, no shell. */
static size_t
editor_words(char *line, const char **argv)
{
	size_t n = 0;
	char *save = NULL;

	for (char *w = strtok_r(line, " \t", &save); w != NULL && n < EDITOR_WORDS;
	    w = strtok_r(NULL, " \t", &save))
		argv[n++] = w;
	return n;
}

static const char *
editor_name(void)
{
	static const char *const names[] = { "VISUAL", "EDITOR" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *name = getenv(names[i]);

		if (name != NULL && name[0] != 0)
			return name;
	}
	return "vi";
}

static enum mq_err
edit(void *arg, const char *path, struct mq_error *e)
{
	const char *argv[EDITOR_WORDS + 2] = { NULL };
	char line[LINE_BYTES];
	struct spawn s = { .argv = argv, .in = SPAWN_KEEP, .out = SPAWN_KEEP, .err = SPAWN_KEEP,
		.own_group = true, .foreground = true };
	enum mq_err r;
	int code, tty = open_tty(NULL);
	size_t n;

	(void)arg;
	(void)snprintf(line, sizeof line, "%s", editor_name());
	n = editor_words(line, argv);
	argv[n] = path;
	if (tty >= 0)
		s.in = s.out = s.err = tty;
	s.own_group = s.foreground = tty >= 0;
	r = tty >= 0 ? spawn_foreground(&s, &code, e) : MQ_OK;
	if (tty < 0) {
		pid_t pid;

		if ((r = spawn_start(&s, &pid, e)) == MQ_OK)
			r = spawn_wait(pid, -1, &code, e);
	} else
		(void)close(tty);
	if (r != MQ_OK || code == 0)
		return r;
	return mq_fail(e, MQ_ECANCEL, "the editor %s ended with status %d; the draft is kept: %s",
	    argv[0], code, path);
}

/* ---- pinentry */

static enum mq_err
lend_terminal(void *arg, const char *why, struct mq_error *e)
{
	int fd = open_tty(NULL);

	(void)arg;
	(void)e;
	if (fd < 0)
		return MQ_OK; /* a pinentry with a window may still ask */
	put(fd, why);
	put(fd, "\n");
	(void)close(fd);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGTSTP, SIG_IGN);
	return MQ_OK;
}

static void
take_terminal(void *arg)
{
	(void)arg;
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGQUIT, SIG_DFL);
	(void)signal(SIGTSTP, SIG_DFL);
}

static enum mq_err
passphrase(void *arg, const char *prompt, struct secret *out, struct mq_error *e)
{
	(void)arg;
	return person_secret(prompt, out, e);
}

void
person_ui(struct person *p, struct owner_ui *ui)
{
	ui->arg = p;
	ui->edit = edit;
	ui->confirm = confirm;
	ui->lend_terminal = lend_terminal;
	ui->take_terminal = take_terminal;
	ui->passphrase = passphrase;
}
