/*
 * CPU of one frame: what the Topics screen costs from the model to the cells a terminal is given,
 * at a thousand, a hundred thousand and a million topics. Keys move the selection between frames,
 * and messages have arrived, so no frame is like the one before. Exit 1 if a million costs too much.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/model/snap.h"
#include "tests/bench/lib_fill.h"
#include "ui/app.h"
#include "ui/term_mem.h"

#define FRAMES 400
#define MESSAGES 20 /* between two frames */
#define MOST_MS 1.0 /* at a million topics */

struct screen {
	struct model *model;
	struct snap_view *view;
	struct keymap *keys;
	struct app *app;
	struct term *term;
};

static double
cpu_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		exit(3);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
build(void *arg, const struct snap_request *r, struct snap *out)
{
	struct screen *s = arg;

	snap_build(s->view, r, out);
}

static bool
filter_step(void *arg)
{
	struct screen *s = arg;

	return snap_filter_step(s->view);
}

static void
open_screen(struct screen *s, struct model *m, int w, int h)
{
	struct app_options o = { .port = { .arg = s, .build = build, .filter_step = filter_step },
		.fps = 30 };
	struct theme theme;

	s->model = m;
	if (theme_load(&theme, "default", NULL, NULL) != MQ_OK ||
	    (s->view = snap_view_new(m)) == NULL || (s->keys = keymap_new()) == NULL)
		exit(3);
	o.keys = s->keys;
	s->app = app_new(&o);
	s->term = term_mem_new(w, h, &theme, COLOUR_256, false);
	if (s->app == NULL || s->term == NULL)
		exit(3);
}

static void
close_screen(struct screen *s)
{
	term_free(s->term);
	app_free(s->app);
	keymap_free(s->keys);
	snap_view_free(s->view);
}

static void
press(struct screen *s, const char *name)
{
	struct input in = { .kind = INPUT_KEY };

	if (!key_parse(span_of(name), &in.key))
		exit(3);
	app_event(s->app, &in);
}

/* Nothing is proven by drawing an empty screen quickly. */
static void
expect_rows(const struct screen *s)
{
	struct buf text;

	buf_init(&text, 1u << 20);
	if (term_mem_text(s->term, &text) != MQ_OK || strstr(buf_cstr(&text), "sensor") == NULL) {
		(void)fprintf(stderr, "b_frame: no topics on the screen:\n%s", (char *)text.p);
		exit(1);
	}
	buf_done(&text);
}

static int
by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
frames(struct model *m, size_t topics, bool flat, int w, int h)
{
	static const char *const walk[] = { "Down", "PgDn", "PgDn", "Up", "End", "PgUp", "Home" };
	struct screen s = { 0 };
	double took[FRAMES];
	size_t next = 0;

	open_screen(&s, m, w, h);
	for (int i = 0; i < FRAMES; i++) {
		double from;

		for (int k = 0; k < MESSAGES; k++)
			fill_deliver(m, next++ * 6151 % topics, flat);
		press(&s, walk[(size_t)i % (sizeof walk / sizeof walk[0])]);
		from = cpu_ms();
		app_changed(s.app, i * 1000);
		app_step(s.app, i * 1000);
		if (app_draw(s.app, s.term, i * 1000) != MQ_OK)
			exit(3);
		took[i] = cpu_ms() - from;
	}
	expect_rows(&s);
	close_screen(&s);
	qsort(took, FRAMES, sizeof took[0], by_time);
	(void)printf("%7zu topics, %-13s %3dx%-2d  a frame: median %.3f ms, 99%% %.3f ms\n", topics,
	    flat ? "one level" : "1000 a branch", w, h, took[FRAMES / 2], took[FRAMES * 99 / 100]);
	return took[FRAMES / 2];
}

static double
measure(size_t topics, bool flat)
{
	struct clock clock = clock_real();
	struct model *m = model_new(&clock, FILL_BUDGET);
	double small, large;

	if (m == NULL)
		return 1e9;
	fill_model(m, topics, flat);
	fill_open(m);
	small = frames(m, topics, flat, 80, 24);
	large = frames(m, topics, flat, 200, 50);
	model_free(m);
	return small > large ? small : large;
}

int
main(void)
{
	double branches, flat;

	(void)measure(1000, false);
	(void)measure(100000, false);
	branches = measure(1000000, false);
	flat = measure(1000000, true);
	if (branches < MOST_MS && flat < MOST_MS)
		return 0;
	(void)printf("a frame of a million topics costs more than %.1f ms\n", MOST_MS);
	return 1;
}
