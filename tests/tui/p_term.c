/*
 * The curses back end on a real pseudo-terminal. The program runs itself as a child ("--child"),
 * types into it, feeds what it writes to libvterm and looks at the raw bytes, the screen, the
 * terminal's settings and how the child ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <vterm.h>

#include "core/base/clock.h"
#include "core/base/utf8.h"
#include "ui/draw.h"
#include "ui/frame.h"
#include "ui/term_curses.h"

#define DEADLINE_MS 20000
#define HANGUP_EXIT 7

/* ---- the child */

struct child {
	struct term *t;
	struct grid g;
	struct buf keys;   /* names of all keys so far */
	struct buf errors; /* what came through standard error */
	int signals;
};

static const char hostile[] = "plant/\x1b]0;owned\x07\x1b[2J\x9b" "31m\xc2\x9b\r\n\xe2\x80\xae/\xe6\xb0\xb4";

static void
child_draw(struct child *c)
{
	int w, h;

	term_size(c->t, &w, &h);
	if (grid_resize(&c->g, w, h) != MQ_OK)
		abort();
	c->g.ascii = c->t->ascii;
	c->g.shows = c->t->shows;
	(void)draw_box(&c->g, grid_rect(&c->g), ROLE_BORDER, "term", ROLE_FOCUS);
	(void)draw_untrusted(&c->g, 1, 1, w - 2, ROLE_TEXT, span_of(hostile));
	(void)draw_untrusted(&c->g, 1, 2, w - 2, ROLE_STRONG, buf_span(&c->keys));
	(void)draw_untrusted(&c->g, 1, 3, w - 2, ROLE_TEXT, buf_span(&c->errors));
	(void)draw_number(&c->g, 1, 4, 8, ROLE_TEXT, (uint64_t)(w * 1000 + h));
	(void)draw_text(&c->g, w - 1, h - 1, 1, ROLE_VERDICT_BAD, "#");
	grid_cursor(&c->g, 5, 2, true);
	term_present(c->t, &c->g);
}

/* While the terminal is not ours: what an editor would do. */
static void
child_hand_over(struct child *c)
{
	static const char said[] = "HANDED OVER\n";
	struct termios now;

	(void)term_suspend(c->t);
	if (tcgetattr(0, &now) == 0 && (now.c_lflag & ICANON) != 0)
		(void)!write(1, said, sizeof said - 1);
	(void)!write(2, said, sizeof said - 1); /* standard error is back, too */
	(void)term_resume(c->t);
}

static void
child_key(struct child *c, struct key k)
{
	char name[KEY_NAME_MAX];
	volatile uintptr_t nowhere = 4096; /* not NULL: that would be the sanitizer's to report */

	key_print(k, name);
	(void)buf_printf(&c->keys, "%s ", name);
	if (key_eq(k, key_of('q'))) {
		term_free(c->t);
		_exit(0);
	}
	if (key_eq(k, key_of('X')))
		exit(3);
	if (key_eq(k, key_of('S')))
		*(volatile int *)nowhere = 1;
	if (key_eq(k, key_of('A')))
		abort();
	if (key_eq(k, key_of('e')))
		(void)!write(2, "library says hello", 18);
	if (key_eq(k, key_of('u')))
		child_hand_over(c);
	if (key_eq(k, key_ctrl('z')))
		(void)term_stop(c->t);
	if (key_eq(k, key_of('l')))
		term_redraw(c->t);
}

static void
child_input(struct child *c)
{
	struct input in;

	while (term_read(c->t, &in)) {
		if (in.kind == INPUT_HANGUP) {
			term_free(c->t);
			_exit(HANGUP_EXIT);
		}
		if (in.kind == INPUT_PASTE)
			(void)buf_printf(&c->keys, "paste(%.*s) ", (int)in.paste.n, (const char *)in.paste.p);
		if (in.kind == INPUT_KEY)
			child_key(c, in.key);
	}
}

static int
child_main(void)
{
	struct theme theme;
	struct term_options o = { .theme = &theme, .in_fd = 0, .out_fd = 1 };
	struct child c = { .t = NULL };
	struct mq_error e;
	sigset_t set;

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGWINCH);
	(void)sigaddset(&set, SIGTSTP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	c.signals = signalfd(-1, &set, SFD_CLOEXEC);
	buf_init(&c.keys, 4096);
	buf_init(&c.errors, 4096);
	if (theme_load(&theme, "default", NULL, NULL) != MQ_OK ||
	    (c.t = term_curses_new(&o, &e)) == NULL)
		return 2;
	for (;;) {
		struct pollfd p[] = { { .fd = 0, .events = POLLIN }, { .fd = c.signals, .events = POLLIN },
			{ .fd = c.t->stderr_fd, .events = POLLIN } };
		struct signalfd_siginfo si;
		char text[256];
		size_t n;

		child_draw(&c);
		(void)poll(p, 3, -1);
		if ((p[1].revents & POLLIN) != 0 && read(c.signals, &si, sizeof si) == sizeof si &&
		    si.ssi_signo == SIGTERM) {
			term_free(c.t);
			_exit(0);
		}
		while ((n = term_read_stderr(c.t, text, sizeof text)) != 0)
			(void)buf_put(&c.errors, text, n);
		child_input(&c);
	}
}

/* ---- the test's side */

struct pty {
	int master, slave;
	pid_t pid;
	struct termios before;
	VTerm *vt;
	VTermScreen *screen;
	struct buf raw;
	int w, h;
};

static void
pty_start(struct pty *p, const char *term, int w, int h)
{
	struct winsize ws = { .ws_row = (unsigned short)h, .ws_col = (unsigned short)w };

	p->w = w;
	p->h = h;
	assert_int_equal(openpty(&p->master, &p->slave, NULL, NULL, &ws), 0);
	assert_int_equal(tcgetattr(p->slave, &p->before), 0);
	p->vt = vterm_new(h, w);
	vterm_set_utf8(p->vt, 1);
	p->screen = vterm_obtain_screen(p->vt);
	vterm_screen_enable_altscreen(p->screen, 1);
	vterm_screen_reset(p->screen, 1);
	buf_init(&p->raw, 1 << 24);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		(void)close(p->master);
		(void)login_tty(p->slave);
		(void)setenv("TERM", term, 1);
		(void)unsetenv("NO_COLOR");
		(void)unsetenv("LINES");
		(void)unsetenv("COLUMNS");
		(void)execl("/proc/self/exe", "p_term", "--child", (char *)NULL);
		_exit(127);
	}
}

static void
pty_done(struct pty *p)
{
	vterm_free(p->vt);
	buf_done(&p->raw);
	if (p->master >= 0)
		assert_int_equal(close(p->master), 0);
	if (p->slave >= 0)
		assert_int_equal(close(p->slave), 0);
}

/* Reads what there is within ms; false if there was nothing. */
static bool
pty_read(struct pty *p, int ms)
{
	struct pollfd pfd = { .fd = p->master, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	if (poll(&pfd, 1, ms) != 1 || (n = read(p->master, bytes, sizeof bytes)) <= 0)
		return false;
	assert_int_equal(buf_put(&p->raw, bytes, (size_t)n), MQ_OK);
	(void)vterm_input_write(p->vt, bytes, (size_t)n);
	return true;
}

/* One row of the screen as text, right blanks trimmed. */
static void
pty_row(const struct pty *p, int y, struct buf *out)
{
	size_t keep = out->n;

	for (int x = 0; x < p->w;) {
		VTermPos at = { .row = y, .col = x };
		VTermScreenCell cell;
		char bytes[4];

		assert_int_equal(vterm_screen_get_cell(p->screen, at, &cell), 1);
		if (cell.chars[0] == 0)
			assert_int_equal(buf_putc(out, ' '), MQ_OK);
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i] != 0; i++)
			assert_int_equal(buf_put(out, bytes, utf8_encode(cell.chars[i], bytes)), MQ_OK);
		if (cell.chars[0] != 0 && cell.chars[0] != ' ')
			keep = out->n;
		x += cell.width > 0 ? cell.width : 1;
	}
	out->n = keep;
}

static bool
pty_shows(const struct pty *p, const char *text)
{
	struct buf all;
	bool found;

	buf_init(&all, 1 << 20);
	for (int y = 0; y < p->h; y++) {
		pty_row(p, y, &all);
		assert_int_equal(buf_putc(&all, '\n'), MQ_OK);
	}
	found = strstr(buf_cstr(&all), text) != NULL;
	buf_done(&all);
	return found;
}

static void
pty_wait(struct pty *p, const char *text)
{
	struct clock clock = clock_real();
	int64_t end = clock_mono_ms(&clock) + DEADLINE_MS;

	while (!pty_shows(p, text) && clock_mono_ms(&clock) < end)
		(void)pty_read(p, 200);
	if (pty_shows(p, text))
		return;
	for (int y = 0; y < p->h; y++) {
		struct buf row;

		buf_init(&row, 1 << 16);
		pty_row(p, y, &row);
		print_message("# %.*s\n", (int)row.n, (const char *)row.p);
		buf_done(&row);
	}
	fail_msg("never shown: %s", text);
}

static void
pty_type(const struct pty *p, const char *text)
{
	assert_int_equal(write(p->master, text, strlen(text)), strlen(text));
}

/* Waits for the end of the child, reading what it still writes; its wait status. */
static int
pty_join(struct pty *p)
{
	struct clock clock = clock_real();
	int64_t end = clock_mono_ms(&clock) + DEADLINE_MS;
	int status = -1;

	while (waitpid(p->pid, &status, WNOHANG) == 0) {
		if (clock_mono_ms(&clock) >= end) {
			(void)kill(p->pid, SIGKILL);
			(void)waitpid(p->pid, &status, 0);
			fail_msg("the child did not end");
		}
		if (p->master >= 0)
			(void)pty_read(p, 50);
		else
			(void)poll(NULL, 0, 20);
	}
	while (p->master >= 0 && pty_read(p, 0))
		continue;
	return status;
}

static size_t
last_of(const struct buf *b, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = b->n - n + 1; i > 0; i--)
		if (memcmp(b->p + i - 1, text, n) == 0)
			return i;
	return 0;
}

/* The terminal is as it was: settings, main screen, no paste marks, cursor visible. */
static void
assert_restored(const struct pty *p)
{
	struct termios now;

	assert_int_equal(tcgetattr(p->slave, &now), 0);
	assert_int_equal(now.c_iflag, p->before.c_iflag);
	assert_int_equal(now.c_oflag, p->before.c_oflag);
	assert_int_equal(now.c_cflag, p->before.c_cflag);
	assert_int_equal(now.c_lflag, p->before.c_lflag);
	assert_memory_equal(now.c_cc, p->before.c_cc, sizeof now.c_cc);
	assert_true(last_of(&p->raw, "\033[?1049l") > last_of(&p->raw, "\033[?1049h"));
	assert_true(last_of(&p->raw, "\033[?2004l") > last_of(&p->raw, "\033[?2004h"));
	assert_true(last_of(&p->raw, "\033[?25h") > last_of(&p->raw, "\033[?25l"));
}

/* Length of the escape sequence at b: one that a screen program sends; 0 for any other. */
static size_t
allowed_sequence(const uint8_t *b, size_t n)
{
	static const char title_kept[] = "\033[22;0;0t", title_back[] = "\033[23;0;0t"; /* by smcup, rmcup */
	size_t i = 2, whole = sizeof title_kept - 1;

	if (n < 2)
		return 0;
	if (n >= whole && (memcmp(b, title_kept, whole) == 0 || memcmp(b, title_back, whole) == 0))
		return whole;
	if (strchr("=>78M", b[1]) != NULL)
		return 2;
	if (b[1] == '(' || b[1] == ')')
		return n >= 3 && strchr("0B", b[2]) != NULL ? 3 : 0;
	if (b[1] != '[')
		return 0; /* no OSC, DCS, APC */
	while (i < n && ((b[i] >= '0' && b[i] <= '9') || b[i] == ';' || b[i] == '?'))
		i++;
	if (i < n && b[2] == '?' && b[i] == 'c')
		return i + 1; /* the Linux console's shape of the cursor */
	return i < n && strchr("@ABCDGHJKLMPSTXZbdhlmr", b[i]) != NULL ? i + 1 : 0;
}

/* Nothing that data could have put there: no foreign sequence, control or bidi character. */
static void
assert_clean(const struct buf *raw)
{
	for (size_t i = 0; i < raw->n;) {
		struct span rest = { raw->p + i, raw->n - i };
		enum utf8_kind kind;
		uint32_t cp;
		int width;
		size_t n = utf8_next(rest, &cp, &kind, &width);

		if (cp == 0x1b) {
			n = allowed_sequence(rest.p, rest.n);
			if (n == 0)
				fail_msg("unexpected sequence: %.20s", (const char *)rest.p + 1);
		} else if (kind == UTF8_INVALID || (kind == UTF8_ESCAPE && strchr("\r\n\b\t\x0f\x0e", (int)cp) == NULL)) {
			fail_msg("byte %zu: U+%04X", i, (unsigned)cp);
		}
		i += n;
	}
}

static int
no_crash_report(int status)
{
	/* A sanitizer turns the signal into its own exit code after its report. */
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) != 0 ? SIGSEGV : 0;
}

static void
data_reaches_the_terminal_only_escaped(void **state)
{
	struct pty p;
	struct buf row;

	(void)state;
	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	pty_wait(&p, "\xe2\x94\x80#"); /* the bottom right corner */
	buf_init(&row, 4096);
	pty_row(&p, 1, &row);
	assert_string_equal(buf_cstr(&row),
	    "\xe2\x94\x82plant/\\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\u009b\\x0d\\x0a\\u202e/\xe6\xb0\xb4"
	    "                   \xe2\x94\x82");
	buf_done(&row);
	pty_type(&p, "q");
	assert_int_equal(pty_join(&p), 0);
	assert_clean(&p.raw);
	assert_restored(&p);
	pty_done(&p);
}

static void
keys_arrive_by_their_names(void **state)
{
	static const char *const terms[] = { "xterm-256color", "screen", "linux", "vt100" };

	(void)state;
	for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
		struct pty p;

		pty_start(&p, terms[i], 110, 24);
		pty_wait(&p, "110 024");
		pty_type(&p, "a\xc3\xa9\r\x03\x07\x1b[A\x1bOB\x1b[C\x1bOD\x1b[99;9~");
		pty_wait(&p, "a \xc3\xa9 Enter C-c C-g Up Down Right Left ");
		pty_type(&p, "\x1b");
		pty_wait(&p, "Left Escape");
		pty_type(&p, "\x1bx\t\x7f");
		pty_wait(&p, "Escape M-x Tab BSpace");
		pty_type(&p, "\x1b[200~Pq\x1b[201~.");
		pty_wait(&p, "BSpace paste(Pq) .");
		pty_type(&p, "q");
		assert_int_equal(pty_join(&p), 0);
		assert_clean(&p.raw);
		pty_done(&p);
	}
}

static void
modified_keys_are_told_apart(void **state)
{
	struct pty p;

	(void)state;
	pty_start(&p, "xterm-256color", 110, 24);
	pty_wait(&p, "110 024");
	pty_type(&p, "\x1b[1;5C\x1b[1;2A\x1b[3;5~\x1b[5~\x1b[6~\x1bOP\x1b[15~\x1b[Z");
	pty_wait(&p, "C-Right S-Up C-DC PgUp PgDn F1 F5 BTab");
	pty_type(&p, "q");
	assert_int_equal(pty_join(&p), 0);
	pty_done(&p);
}

static void
a_resize_is_followed(void **state)
{
	static const int size[][2] = { { 60, 20 }, { 20, 5 }, { 1, 1 }, { 132, 40 } };
	struct pty p;

	(void)state;
	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
		struct winsize ws = { .ws_col = (unsigned short)size[i][0], .ws_row = (unsigned short)size[i][1] };
		char text[16];

		p.w = size[i][0];
		p.h = size[i][1];
		vterm_set_size(p.vt, p.h, p.w);
		assert_int_equal(ioctl(p.master, TIOCSWINSZ, &ws), 0);
		if (p.h < 5)
			continue;
		(void)snprintf(text, sizeof text, "%d %03d", p.w, p.h);
		pty_wait(&p, text);
	}
	pty_type(&p, "q");
	assert_int_equal(pty_join(&p), 0);
	assert_restored(&p);
	pty_done(&p);
}

static void
a_child_gets_the_terminal_as_it_was(void **state)
{
	struct pty p;

	(void)state;
	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	pty_type(&p, "u");
	pty_wait(&p, "\xe2\x94\x82u ");
	assert_int_not_equal(last_of(&p.raw, "HANDED OVER\r\nHANDED OVER\r\n"), 0);
	assert_true(last_of(&p.raw, "\033[?1049h") > last_of(&p.raw, "HANDED OVER"));
	assert_true(last_of(&p.raw, "\033[?2004h") > last_of(&p.raw, "HANDED OVER"));
	pty_type(&p, "lx"); /* and everything works on */
	pty_wait(&p, "u l x ");
	assert_true(pty_shows(&p, "\\x1b]0;owned"));
	pty_type(&p, "q");
	assert_int_equal(pty_join(&p), 0);
	assert_restored(&p);
	pty_done(&p);
}

static void
what_libraries_print_does_not_reach_the_screen(void **state)
{
	struct pty p;

	(void)state;
	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	pty_type(&p, "e");
	pty_wait(&p, "\xe2\x94\x82library says hello"); /* in its place, drawn by us */
	pty_type(&p, "q");
	assert_int_equal(pty_join(&p), 0);
	pty_done(&p);
}

/* Ends the child in some way; the terminal must be as before. Returns the wait status. */
static int
end_by(const char *keys, int sig)
{
	struct pty p;
	int status;

	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	if (keys != NULL)
		pty_type(&p, keys);
	else
		assert_int_equal(kill(p.pid, sig), 0);
	status = pty_join(&p);
	assert_restored(&p);
	pty_done(&p);
	return status;
}

static void
the_terminal_is_restored_after_sigterm(void **state)
{
	(void)state;
	assert_int_equal(end_by(NULL, SIGTERM), 0);
}

static void
the_terminal_is_restored_after_exit_in_a_library(void **state)
{
	int status = end_by("X", 0);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void
the_terminal_is_restored_after_a_crash_and_the_signal_is_kept(void **state)
{
	int status;

	(void)state;
	assert_int_equal(no_crash_report(end_by("S", 0)), SIGSEGV);
	status = end_by("A", 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_int_equal(no_crash_report(end_by(NULL, SIGSEGV)), SIGSEGV);
}

static void
a_line_that_drops_ends_the_program_without_spinning(void **state)
{
	struct pty p;
	int status;

	(void)state;
	pty_start(&p, "xterm-256color", 80, 24);
	pty_wait(&p, "80 024");
	assert_int_equal(close(p.slave), 0);
	assert_int_equal(close(p.master), 0);
	p.slave = p.master = -1;
	status = pty_join(&p);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), HANGUP_EXIT);
	pty_done(&p);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(data_reaches_the_terminal_only_escaped),
		cmocka_unit_test(keys_arrive_by_their_names),
		cmocka_unit_test(modified_keys_are_told_apart),
		cmocka_unit_test(a_resize_is_followed),
		cmocka_unit_test(a_child_gets_the_terminal_as_it_was),
		cmocka_unit_test(what_libraries_print_does_not_reach_the_screen),
		cmocka_unit_test(the_terminal_is_restored_after_sigterm),
		cmocka_unit_test(the_terminal_is_restored_after_exit_in_a_library),
		cmocka_unit_test(the_terminal_is_restored_after_a_crash_and_the_signal_is_kept),
		cmocka_unit_test(a_line_that_drops_ends_the_program_without_spinning),
	};

	if (argc > 1 && strcmp(argv[1], "--child") == 0)
		return child_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
