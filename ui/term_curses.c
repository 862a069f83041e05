#include "ui/term_curses.h"

#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include <curses.h>

#include "core/base/clock.h"
#include "ui/glyph.h"
#include "ui/stderr_catch.h"
#include "ui/term_restore.h"
#include "ui/typing.h"

#define ESC_DELAY_MS 25
/* Pastes come between marks. */
static const char mark_pastes[] = "\033[?2004h", leave_pastes[] = "\033[?2004l";

struct term_curses {
	struct term term; /* first: a struct term * is one of these */
	SCREEN *screen;
	FILE *in, *out;
	struct theme theme;
	struct grid last; /* what curses was given; valid says whether all of it */
	bool valid, up, default_colours;
	struct clock clock;
	struct typing typing;
	int paste_begin, paste_end; /* key codes we defined for the marks of a paste */
	struct stderr_catch errors;
	struct buf restore; /* the bytes that give the terminal back, for a crash */
};

static struct term_curses *
tc(struct term *t)
{
	return (struct term_curses *)t;
}

/* ---- capabilities */

/* A string capability; NULL if the terminal has none. */
static const char *
capability(const char *name)
{
	const char *s = tigetstr(name);

	return s == (const char *)-1 || s == NULL || s[0] == '\0' ? NULL : s;
}

/* Appends a capability without its padding ("$<5>"). */
static void
put_capability(struct buf *out, const char *name)
{
	const char *s = capability(name), *end;

	for (; s != NULL && *s != '\0'; s++) {
		if (s[0] == '$' && s[1] == '<' && (end = strchr(s, '>')) != NULL)
			s = end;
		else
			(void)buf_putc(out, *s); /* sticks in out->err */
	}
}

/* A terminal that moves its cursor by ESC [ takes (or ignores) private modes of that kind, too. */
static bool
is_ansi(void)
{
	const char *cup = capability("cup");

	return cup != NULL && strncmp(cup, "\033[", 2) == 0;
}

static void
put_restore(struct buf *out)
{
	put_capability(out, "sgr0");
	put_capability(out, "cnorm");
	put_capability(out, "rmkx");
	if (is_ansi())
		(void)buf_puts(out, leave_pastes); /* sticks in out->err */
	put_capability(out, "rmcup");
	(void)buf_puts(out, "\r");
}

enum mq_err
term_curses_reset_bytes(const char *name, struct buf *out, int *colours,
    struct mq_error *e)
{
	FILE *nowhere = fopen("/dev/null", "r+e");
	SCREEN *screen = nowhere != NULL ? newterm(name, nowhere, nowhere) : NULL;
	enum mq_err err;

	if (screen != NULL) {
		put_restore(out);
		if (colours != NULL)
			*colours = tigetnum("colors");
		(void)endwin(); /* nothing was drawn */
		delscreen(screen);
		err = out->err;
	} else {
		err = mq_fail(e, MQ_ENOENT, "this terminal type is not known here: try TERM=xterm");
	}
	if (nowhere != NULL)
		(void)fclose(nowhere);
	return err;
}

static bool
locale_shows(uint32_t cp, int width)
{
	return wcwidth((wchar_t)cp) == width;
}

/* ---- taking and giving back */

static void
take_terminal(struct term_curses *c)
{
	c->up = true;
	c->valid = false;
	stderr_catch_begin(&c->errors);
	c->term.stderr_fd = c->errors.read_fd;
	term_restore_arm(c->term.out_fd, (const char *)c->restore.p, c->restore.n, c->errors.saved);
	(void)clearok(stdscr, TRUE); /* curses calls on stdscr fail only before newterm */
	(void)refresh();
	if (is_ansi())
		term_restore_write(c->term.out_fd, mark_pastes, sizeof mark_pastes - 1);
	(void)flushinp();
	typing_flush(&c->typing);
}

static void
give_terminal(struct term_curses *c)
{
	if (!c->up)
		return;
	c->up = false;
	if (is_ansi())
		term_restore_write(c->term.out_fd, leave_pastes, sizeof leave_pastes - 1);
	(void)endwin(); /* a terminal that is gone cannot be told */
	term_restore_disarm();
	stderr_catch_end(&c->errors);
}

static enum mq_err
curses_suspend(struct term *t)
{
	give_terminal(tc(t));
	return MQ_OK;
}

static enum mq_err
curses_resume(struct term *t)
{
	if (!tc(t)->up)
		take_terminal(tc(t));
	return MQ_OK;
}

static enum mq_err
curses_stop(struct term *t)
{
	struct sigaction plain = { .sa_handler = SIG_DFL }, before;
	sigset_t only, mask;

	give_terminal(tc(t));
	(void)sigemptyset(&only);
	(void)sigaddset(&only, SIGTSTP);
	(void)sigaction(SIGTSTP, &plain, &before); /* valid signal, valid action */
	(void)kill(0, SIGTSTP);
	/* Stops here; runs on after SIGCONT. */
	(void)pthread_sigmask(SIG_UNBLOCK, &only, &mask);
	(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	(void)sigaction(SIGTSTP, &before, NULL);
	take_terminal(tc(t));
	return MQ_OK;
}

static void
curses_free(struct term *t)
{
	struct term_curses *c = tc(t);

	give_terminal(c);
	term_restore_uninstall();
	stderr_catch_done(&c->errors);
	if (c->screen != NULL)
		delscreen(c->screen);
	if (c->out != NULL)
		(void)fclose(c->out); /* curses writes by itself; nothing is buffered here */
	if (c->in != NULL)
		(void)fclose(c->in);
	typing_done(&c->typing);
	grid_done(&c->last);
	buf_done(&c->restore);
	free(c);
}

/* ---- drawing */

static void
curses_size(struct term *t, int *w, int *h)
{
	struct winsize ws;

	if (ioctl(t->out_fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 && ws.ws_row > 0) {
		*w = ws.ws_col;
		*h = ws.ws_row;
	} else {
		*w = COLS;
		*h = LINES;
	}
}

static short
curses_colour(const struct term_curses *c, int16_t colour, short fallback)
{
	if (colour != THEME_DEFAULT)
		return colour;
	return c->default_colours ? -1 : fallback;
}

static void
curses_look(const struct term_curses *c, const struct cell *cell, attr_t *attr, int *pair)
{
	static const struct {
		uint8_t ours;
		attr_t theirs;
	} attrs[] = { { ATTR_BOLD, A_BOLD }, { ATTR_DIM, A_DIM }, { ATTR_ITALIC, A_ITALIC },
		{ ATTR_UNDERLINE, A_UNDERLINE }, { ATTR_REVERSE, A_REVERSE } };
	struct look l = theme_look(&c->theme, c->term.level, (enum role)cell->role,
	    (enum role)cell->over);

	*attr = A_NORMAL;
	*pair = 0;
	for (size_t i = 0; i < sizeof attrs / sizeof attrs[0]; i++)
		if ((l.attr & attrs[i].ours) != 0)
			*attr |= attrs[i].theirs;
	if (l.fg != THEME_DEFAULT || l.bg != THEME_DEFAULT)
		*pair = alloc_pair(curses_colour(c, l.fg, COLOR_WHITE), curses_colour(c, l.bg, COLOR_BLACK));
	if (*pair < 0)
		*pair = 0; /* more pairs than the terminal has: attributes remain */
}

/* Puts one wide string into the cell at x, y; the last cell of the screen must not be written in
 * the common way, which would scroll. */
static void
put_wide(const struct term_curses *c, int x, int y, const wchar_t *text, attr_t attr, int pair)
{
	cchar_t out;

	if (setcchar(&out, text, attr, 0, &pair) != OK)
		return;
	if (x == c->last.w - 1 && y == c->last.h - 1)
		(void)mvins_wch(y, x, &out); /* x, y lie on the screen */
	else
		(void)mvadd_wch(y, x, &out);
}

static void
put_cell(const struct term_curses *c, int x, int y, const struct cell *cell)
{
	wchar_t text[4] = { (wchar_t)glyph_shown(cell->cp[0], c->term.ascii) };
	size_t n = 1;
	attr_t attr;
	int pair;

	curses_look(c, cell, &attr, &pair);
	if (!c->term.ascii && wcwidth(text[0]) != cell->width) {
		/* The locale disagrees with the grid: a place-holder of the right width. */
		for (int i = 0; i < cell->width; i++)
			put_wide(c, x + i, y, L"?", attr, pair);
		return;
	}
	for (int i = 1; i < 3 && !c->term.ascii && cell->cp[i] != 0; i++)
		if (wcwidth((wchar_t)cell->cp[i]) == 0)
			text[n++] = (wchar_t)cell->cp[i];
	put_wide(c, x, y, text, attr, pair);
}

static bool
same_cell(const struct cell *a, const struct cell *b)
{
	return memcmp(a->cp, b->cp, sizeof a->cp) == 0 && a->width == b->width && a->role == b->role &&
	    a->over == b->over;
}

/* Follows the grid's size; false if there is nothing to draw on. */
static bool
follow_size(struct term_curses *c, const struct grid *g)
{
	if (g->w < 1 || g->h < 1)
		return false;
	if (LINES != g->h || COLS != g->w) {
		if (resizeterm(g->h, g->w) != OK)
			return false;
		c->valid = false;
	}
	if (c->last.w != g->w || c->last.h != g->h) {
		if (grid_resize(&c->last, g->w, g->h) != MQ_OK)
			return false;
		c->valid = false;
	}
	return true;
}

static void
curses_present(struct term *t, const struct grid *g)
{
	struct term_curses *c = tc(t);
	bool whole;

	if (!c->up || !follow_size(c, g))
		return;
	whole = !c->valid;
	if (whole)
		(void)erase();
	for (int y = 0; y < g->h; y++)
		for (int x = 0; x < g->w; x++) {
			size_t i = (size_t)y * (size_t)g->w + (size_t)x;

			if (g->cell[i].width == 0 || (!whole && same_cell(&g->cell[i], &c->last.cell[i])))
				continue;
			put_cell(c, x, y, &g->cell[i]);
		}
	memcpy(c->last.cell, g->cell, (size_t)g->w * (size_t)g->h * sizeof *g->cell);
	c->valid = true;
	(void)curs_set(g->cursor_visible ? 1 : 0); /* not every terminal can hide it */
	(void)move(g->cursor_y, g->cursor_x);
	(void)refresh(); /* says OK though the line is dead; reading tells */
}

static bool
curses_writable(struct term *t)
{
	struct pollfd p = { .fd = t->out_fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
curses_redraw(struct term *t)
{
	tc(t)->valid = false;
	(void)clearok(stdscr, TRUE); /* fails only before newterm */
}

static void
curses_bell(struct term *t)
{
	if (tc(t)->up)
		(void)beep(); /* a silent terminal is fine */
}

static size_t
curses_read_stderr(struct term *t, char *out, size_t size)
{
	return stderr_catch_read(&tc(t)->errors, out, size);
}

/* ---- reading */

/* Curses' name of a key with modifiers: "kRIT5" is C-Right. */
static struct key
key_of_name(const char *name)
{
	static const struct {
		const char *name;
		uint32_t code;
	} bases[] = { { "kUP", K_UP }, { "kDN", K_DOWN }, { "kLFT", K_LEFT }, { "kRIT", K_RIGHT },
		{ "kHOM", K_HOME }, { "kEND", K_END }, { "kDC", K_DELETE }, { "kIC", K_INSERT },
		{ "kNXT", K_PAGE_DOWN }, { "kPRV", K_PAGE_UP } };
	size_t n = name != NULL ? strlen(name) : 0;
	int modifier = n != 0 ? name[n - 1] - '1' : 0; /* bits: shift, alt, control */

	for (size_t i = 0; n > 3 && modifier >= 1 && modifier <= 7 &&
	     i < sizeof bases / sizeof bases[0]; i++)
		if (strlen(bases[i].name) == n - 1 && strncmp(name, bases[i].name, n - 1) == 0)
			return (struct key){ bases[i].code,
				(uint8_t)((modifier & 1 ? MOD_SHIFT : 0) | (modifier & 2 ? MOD_ALT : 0) |
					  (modifier & 4 ? MOD_CTRL : 0)) };
	return key_of(K_NONE);
}

static struct key
key_of_code(int code)
{
	static const struct {
		int theirs;
		struct key ours;
	} keys[] = { { KEY_UP, { K_UP, 0 } }, { KEY_DOWN, { K_DOWN, 0 } }, { KEY_LEFT, { K_LEFT, 0 } },
		{ KEY_RIGHT, { K_RIGHT, 0 } }, { KEY_HOME, { K_HOME, 0 } }, { KEY_END, { K_END, 0 } },
		{ KEY_PPAGE, { K_PAGE_UP, 0 } },
		{ KEY_NPAGE, { K_PAGE_DOWN, 0 } }, { KEY_IC, { K_INSERT, 0 } },
		{ KEY_DC, { K_DELETE, 0 } }, { KEY_BACKSPACE, { K_BACKSPACE, 0 } },
		{ KEY_ENTER, { K_ENTER, 0 } }, { KEY_BTAB, { K_BTAB, 0 } },
		{ KEY_SR, { K_UP, MOD_SHIFT } }, { KEY_SF, { K_DOWN, MOD_SHIFT } },
		{ KEY_SLEFT, { K_LEFT, MOD_SHIFT } }, { KEY_SRIGHT, { K_RIGHT, MOD_SHIFT } },
		{ KEY_SHOME, { K_HOME, MOD_SHIFT } }, { KEY_SEND, { K_END, MOD_SHIFT } },
		{ KEY_SPREVIOUS, { K_PAGE_UP, MOD_SHIFT } }, { KEY_SNEXT, { K_PAGE_DOWN, MOD_SHIFT } },
		{ KEY_SIC, { K_INSERT, MOD_SHIFT } }, { KEY_SDC, { K_DELETE, MOD_SHIFT } } };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (keys[i].theirs == code)
			return keys[i].ours;
	if (code >= KEY_F(1) && code <= KEY_F(20))
		return key_of(K_F1 + (uint32_t)(code - KEY_F(1)));
	return key_of_name(keyname(code));
}

static void
read_code(struct term_curses *c, int code)
{
	struct key k = key_of_code(code);

	if (code == c->paste_begin)
		typing_paste_begin(&c->typing);
	else if (code == c->paste_end)
		typing_paste_end(&c->typing);
	else if (code == KEY_RESIZE)
		(void)inputq_put(&c->typing.queue, INPUT_RESIZE); /* the size is asked for anyway */
	else if (k.code != K_NONE)
		typing_key(&c->typing, k);
}

/* Everything that waits now. */
static void
read_all(struct term_curses *c)
{
	wint_t got;
	int kind;

	typing_begin(&c->typing, clock_mono_ms(&c->clock));
	while (c->typing.queue.n < INPUTQ_MAX / 2 && (kind = get_wch(&got)) != ERR) {
		if (kind == KEY_CODE_YES)
			read_code(c, (int)got);
		else
			typing_char(&c->typing, (uint32_t)got);
	}
	typing_end(&c->typing, clock_mono_ms(&c->clock));
}

static bool
curses_read(struct term *t, struct input *out)
{
	struct term_curses *c = tc(t);
	struct pollfd p = { .fd = t->in_fd, .events = POLLIN };

	if (!c->up)
		return false;
	if (c->typing.queue.n == 0) {
		/* A line that is gone reads as endless nothing. */
		if (poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
			*out = (struct input){ .kind = INPUT_HANGUP };
			return true;
		}
		read_all(c);
	}
	return inputq_take(&c->typing.queue, out);
}

static void
curses_flush_input(struct term *t)
{
	if (tc(t)->up)
		(void)flushinp(); /* always OK */
	typing_flush(&tc(t)->typing);
}

/* ---- starting */

static const struct term_ops curses_ops = {
	.free = curses_free,
	.size = curses_size,
	.present = curses_present,
	.read = curses_read,
	.flush_input = curses_flush_input,
	.writable = curses_writable,
	.redraw = curses_redraw,
	.suspend = curses_suspend,
	.resume = curses_resume,
	.stop = curses_stop,
	.bell = curses_bell,
	.read_stderr = curses_read_stderr,
};

/* A key code for a sequence: the one it has, or one that nothing has. */
static int
define_sequence(const char *sequence)
{
	int code = key_defined(sequence);
	char *taken;

	if (code > 0)
		return code;
	for (code = KEY_MAX + 1; (taken = keybound(code, 0)) != NULL; code++)
		free(taken);
	return define_key(sequence, code) == OK ? code : ERR;
}

static void
define_keys(struct term_curses *c)
{
	/* Both forms: not every terminal follows the keypad mode it was told. */
	static const struct {
		const char *sequence;
		int code;
	} keys[] = { { "\033[A", KEY_UP }, { "\033OA", KEY_UP }, { "\033[B", KEY_DOWN },
		{ "\033OB", KEY_DOWN }, { "\033[C", KEY_RIGHT }, { "\033OC", KEY_RIGHT },
		{ "\033[D", KEY_LEFT }, { "\033OD", KEY_LEFT }, { "\033[H", KEY_HOME },
		{ "\033OH", KEY_HOME }, { "\033[F", KEY_END }, { "\033OF", KEY_END },
		{ "\033[Z", KEY_BTAB } };

	for (size_t i = 0; is_ansi() && i < sizeof keys / sizeof keys[0]; i++)
		if (key_defined(keys[i].sequence) == 0)
			(void)define_key(keys[i].sequence, keys[i].code); /* no memory: one key less */
	c->paste_begin = is_ansi() ? define_sequence("\033[200~") : ERR;
	c->paste_end = is_ansi() ? define_sequence("\033[201~") : ERR;
}

static void
start_modes(struct term_curses *c, const struct term_options *o)
{
	/* Each of these fails only before newterm. */
	(void)raw();
	(void)noecho();
	(void)nonl();
	(void)intrflush(stdscr, FALSE);
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)leaveok(stdscr, FALSE);
	(void)scrollok(stdscr, FALSE);
	(void)typeahead(-1);
	(void)set_escdelay(o->esc_delay_ms > 0 ? o->esc_delay_ms : ESC_DELAY_MS);
	c->term.level = theme_level(o->colour, tigetnum("colors"), getenv("NO_COLOR"));
	if (c->term.level != COLOUR_MONO && start_color() != OK)
		c->term.level = COLOUR_MONO;
	c->default_colours = c->term.level != COLOUR_MONO && use_default_colors() == OK;
	if (c->term.level == COLOUR_MONO)
		c->theme = theme_mono();
	define_keys(c);
}

static enum mq_err
start(struct term_curses *c, const struct term_options *o, struct mq_error *e)
{
	static const char hint[] = "try TERM=xterm, or run mqgp watch";
	const char *name = o->name != NULL ? o->name : getenv("TERM");
	enum mq_err err;

	if (name == NULL || name[0] == '\0')
		return mq_fail(e, MQ_ENOENT, "TERM is not set: %s", hint);
	if (isatty(o->out_fd) && (err = term_restore_keep(o->out_fd, e)) != MQ_OK)
		return err;
	c->in = fdopen(dup(o->in_fd), "re");
	c->out = fdopen(dup(o->out_fd), "we");
	if (c->in == NULL || c->out == NULL)
		return mq_fail_errno(e, MQ_EIO, "cannot open the terminal");
	(void)use_tioctl(TRUE);
	if ((c->screen = newterm(name, c->out, c->in)) == NULL)
		return mq_fail(e, MQ_ENOENT, "terminal type %s is not known here: %s", name, hint);
	if (capability("cup") == NULL) {
		(void)endwin(); /* nothing was drawn */
		return mq_fail(e, MQ_ENOENT, "terminal type %s cannot place text: %s", name, hint);
	}
	start_modes(c, o);
	put_restore(&c->restore);
	typing_init(&c->typing, capability("BE") != NULL);
	return c->restore.err;
}

struct term *
term_curses_new(const struct term_options *o, struct mq_error *e)
{
	struct term_curses *c = calloc(1, sizeof *c);
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	if (c == NULL) {
		(void)mq_fail(e, MQ_ENOMEM, "no memory for the screen");
		return NULL;
	}
	c->term = (struct term){ .ops = &curses_ops, .ascii = o->ascii || !utf8, .shows = locale_shows,
		.in_fd = o->in_fd, .out_fd = o->out_fd, .stderr_fd = -1 };
	c->theme = *o->theme;
	c->clock = clock_real();
	stderr_catch_init(&c->errors);
	buf_init(&c->restore, TERM_RESTORE_MAX);
	if (start(c, o, e) != MQ_OK) {
		curses_free(&c->term);
		return NULL;
	}
	take_terminal(c);
	return &c->term;
}
