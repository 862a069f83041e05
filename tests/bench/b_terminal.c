/*
 * What the shipped dashboard writes to a terminal of 80x24: bytes a second while 10 000 messages a
 * second arrive, bytes and CPU when nothing happens, and whether anything is lost while nobody reads
 * the terminal for ten seconds. The program runs on a pseudo-terminal; a terminal emulator reads the
 * screen back.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vterm.h>

#include "core/base/text.h"
#include "tests/bench/lib_plant.h"

#define COLUMNS 80
#define ROWS 24
#define RATE 10000
#define STALL_RATE 50000 /* while nobody reads */
#define BUSY_S 20
#define SETTLE_S 75 /* ages are shown to the second for a minute after the last message */
#define IDLE_S 60
#define MOST_IDLE 1 /* frames in that time: the clock's minute */
#define FRAME_GAP 20000000 /* bytes that come closer together belong to one frame */
#define STALL_S 10
#define READY_S 60
#define MOST_BYTES 4096 /* a second, mean */
#define SECOND 1000000000

struct terminal {
	int fd;
	pid_t pid;
	VTerm *vt;
	VTermScreen *screen;
	uint64_t bytes, frames;
	int64_t last_ns;
};

static void
die(const char *what)
{
	(void)fprintf(stderr, "b_terminal: %s\n", what);
	exit(1);
}

/* The program beside this one: build/X/tests/bench/b_terminal and build/X/mqgp. */
static void
find_program(char out[PATH_MAX])
{
	char self[PATH_MAX - 32];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n <= 0)
		die("where am I?");
	self[n] = 0;
	for (int up = 0; up < 3; up++)
		if ((slash = strrchr(self, '/')) != NULL)
			*slash = 0;
	(void)snprintf(out, PATH_MAX, "%s/mqgp", self);
}

static void
become_dashboard(const struct plant *p, enum suite suite, const char *program)
{
	(void)setenv("TERM", "xterm-256color", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	(void)setenv("HOME", p->dir, 1);
	(void)setenv("GNUPGHOME", p->home, 1);
	(void)setenv("XDG_RUNTIME_DIR", p->run, 1);
	(void)unsetenv("XDG_CONFIG_HOME");
	(void)unsetenv("XDG_STATE_HOME");
	(void)execl(program, "mqgp", p->broker.url, p->tree[suite].topic, (char *)NULL);
	_exit(127);
}

static void
open_terminal(struct terminal *t, const struct plant *p, enum suite suite)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
	char program[PATH_MAX];

	memset(t, 0, sizeof *t);
	find_program(program);
	t->pid = forkpty(&t->fd, NULL, NULL, &size);
	if (t->pid < 0)
		die("no pseudo-terminal");
	if (t->pid == 0)
		become_dashboard(p, suite, program);
	t->vt = vterm_new(ROWS, COLUMNS);
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_enable_altscreen(t->screen, 1);
	vterm_screen_reset(t->screen, 1);
}

/* Reads what the program writes, for so long. */
static void
read_for(struct terminal *t, int64_t ns)
{
	int64_t until = bench_now() + ns;

	for (int64_t left = ns; left > 0; left = until - bench_now()) {
		struct pollfd fd = { t->fd, POLLIN, 0 };
		char bytes[65536];
		ssize_t n;

		if (poll(&fd, 1, (int)(left / 1000000 + 1)) <= 0)
			continue;
		if ((n = read(t->fd, bytes, sizeof bytes)) <= 0)
			die("the program ended");
		t->bytes += (uint64_t)n;
		t->frames += bench_now() - t->last_ns > FRAME_GAP;
		t->last_ns = bench_now();
		(void)vterm_input_write(t->vt, bytes, (size_t)n);
	}
}

static void
row_text(const struct terminal *t, int row, char out[COLUMNS + 1])
{
	for (int x = 0; x < COLUMNS; x++) {
		VTermScreenCell cell;

		if (vterm_screen_get_cell(t->screen, (VTermPos){ row, x }, &cell) != 1)
			die("no such cell");
		out[x] = cell.chars[0] >= ' ' && cell.chars[0] < 127 ? (char)cell.chars[0] : ' ';
	}
	out[COLUMNS] = 0;
}

static bool
shows(const struct terminal *t, const char *what)
{
	char row[COLUMNS + 1];

	for (int y = 0; y < ROWS; y++) {
		row_text(t, y, row);
		if (strstr(row, what) != NULL)
			return true;
	}
	return false;
}

static void
press(const struct terminal *t, const char *keys)
{
	if (write(t->fd, keys, strlen(keys)) != (ssize_t)strlen(keys))
		die("the terminal takes no keys");
}

/* Clock ticks of all its threads. */
static uint64_t
cpu_ticks(pid_t pid)
{
	char path[64], line[1024], *save = NULL, *word;
	uint64_t sum = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	if ((f = fopen(path, "r")) == NULL || fgets(line, sizeof line, f) == NULL)
		die("no /proc");
	(void)fclose(f); /* only read */
	word = strtok_r(line, " ", &save);
	for (int field = 1; word != NULL; field++, word = strtok_r(NULL, " ", &save)) {
		uint64_t v = 0;

		if ((field == 14 || field == 15) && text_u64(span_of(word), UINT64_MAX, &v))
			sum += v;
	}
	return sum;
}

/* What the operator would have seen, for whoever wants to know why a figure was missed. */
static void
show_screen(const struct terminal *t)
{
	char row[COLUMNS + 1];

	for (int y = 0; y < ROWS; y++) {
		row_text(t, y, row);
		(void)printf("  |%s|\n", row);
	}
}

/* ---- the three measurements */

static void
publish(struct publisher *pub, struct plant *p, struct packets *packets, enum suite suite,
    double rate, unsigned seconds)
{
	packets_init(packets);
	if (!plant_seal(p, suite, (size_t)rate * seconds, packets) ||
	    !publisher_start(pub, p->broker.port, packets, rate))
		die("no publisher");
}

static void
finish(struct publisher *pub, struct packets *packets)
{
	if (!publisher_finish(pub))
		die("the broker ended the publisher's connection");
	packets_done(packets);
}

static void
await_ready(struct terminal *t, struct plant *p, enum suite suite)
{
	int64_t until = bench_now() + (int64_t)READY_S * SECOND;

	while (!shows(t, "probe")) {
		if (bench_now() > until || !plant_probe(p, suite))
			die("the dashboard shows no message");
		press(t, "GO"); /* to the newest row, and open what is below it */
		read_for(t, SECOND / 2);
		press(t, "go");
		read_for(t, SECOND / 2);
	}
	read_for(t, 5 * (int64_t)SECOND); /* gpg, windows, the first states */
}

static bool
busy(struct terminal *t, struct plant *p, enum suite suite)
{
	struct packets packets;
	struct publisher pub;
	uint64_t before;
	double mean;

	publish(&pub, p, &packets, suite, RATE, BUSY_S + 2);
	read_for(t, SECOND);
	before = t->bytes;
	read_for(t, (int64_t)BUSY_S * SECOND);
	mean = (double)(t->bytes - before) / BUSY_S;
	finish(&pub, &packets);
	(void)printf("%dx%d, %d messages/s: %.0f bytes/s to the terminal%s\n", COLUMNS, ROWS, RATE, mean,
	    mean <= MOST_BYTES ? "" : "  TOO MANY");
	return mean <= MOST_BYTES;
}

static bool
idle(struct terminal *t)
{
	uint64_t ticks, bytes, frames;

	read_for(t, (int64_t)SETTLE_S * SECOND);
	ticks = cpu_ticks(t->pid);
	bytes = t->bytes;
	frames = t->frames;
	read_for(t, (int64_t)IDLE_S * SECOND);
	frames = t->frames - frames;
	(void)printf("idle for %d s: %llu frames, %llu bytes, %.2f ms of CPU a second%s\n", IDLE_S,
	    (unsigned long long)frames, (unsigned long long)(t->bytes - bytes),
	    (double)(cpu_ticks(t->pid) - ticks) * 1e3 / (double)sysconf(_SC_CLK_TCK) / IDLE_S,
	    frames <= MOST_IDLE ? "" : "  NOT QUIET");
	if (frames > MOST_IDLE)
		show_screen(t);
	return frames <= MOST_IDLE;
}

static bool
stalled(struct terminal *t, struct plant *p, enum suite suite)
{
	struct packets packets;
	struct publisher pub;
	bool ok;

	publish(&pub, p, &packets, suite, STALL_RATE, STALL_S + 2);
	read_for(t, SECOND);
	bench_pause((int64_t)STALL_S * SECOND);
	finish(&pub, &packets);
	read_for(t, 5 * (int64_t)SECOND);
	ok = shows(t, "unseen 0");
	(void)printf("%s, %d messages/s, terminal not read for %d s: %s\n", suite_name(suite), STALL_RATE,
	    STALL_S, ok ? "0 lost" : "LOST");
	if (!ok)
		show_screen(t);
	return ok;
}

static void
close_terminal(struct terminal *t)
{
	(void)kill(t->pid, SIGTERM);
	for (int64_t until = bench_now() + 5 * (int64_t)SECOND; bench_now() < until;) {
		struct pollfd fd = { t->fd, POLLIN, 0 };
		char bytes[4096];

		if (poll(&fd, 1, 100) > 0 && read(t->fd, bytes, sizeof bytes) <= 0)
			break;
	}
	(void)close(t->fd);
	(void)waitpid(t->pid, NULL, 0);
	vterm_free(t->vt);
}

int
main(int argc, char **argv)
{
	const enum suite suite = SUITE_XCHACHA;
	static struct plant p;
	struct terminal t;
	bool ok = false;

	pgp_child_main(argc, argv);
	if (plant_start(&p)) {
		open_terminal(&t, &p, suite);
		await_ready(&t, &p, suite);
		ok = busy(&t, &p, suite);
		ok = stalled(&t, &p, suite) && ok;
		ok = idle(&t) && ok;
		close_terminal(&t);
	}
	plant_stop(&p);
	return !ok;
}
