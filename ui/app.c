#include "ui/app.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/app_impl.h"

#define NOTICE_MAX 512
#define BUILDS_MAX 4	   /* answers a frame waits for while a cursor settles */
#define TICK_MS 1000	   /* ages are shown to the second ... */
#define IDLE_MS 60000	   /* ... until nothing came for a minute; then once a minute */
#define AGAIN_MS 5	   /* between two pieces of bounded work */
#define LINK_UP_VALUE 2	   /* snap_status.link */

/* ---- life */

/* Keys for what the outside cannot do are neither offered nor obeyed. */
static void
allow_keys(struct app *a)
{
	static const enum action later[] = { ACTION_MOUSE, ACTION_COMMAND };

	if (a->read_only)
		keymap_read_only(a->keys);
	for (size_t i = 0; i < sizeof later / sizeof later[0]; i++)
		keymap_allow(a->keys, later[i], false);
	for (int act = 0; act < ACTION_COUNT; act++) {
		bool decision = act == ACTION_PIN || act == ACTION_UNPIN || act == ACTION_ACKNOWLEDGE;

		if (action_danger((enum action)act) > 0 &&
		    (decision ? a->port.decide == NULL : a->port.job == NULL))
			keymap_allow(a->keys, (enum action)act, false);
	}
	if (a->port.evidence == NULL)
		keymap_allow(a->keys, ACTION_EVIDENCE, false);
	if (a->port.n_attacks == 0)
		keymap_allow(a->keys, ACTION_ATTACKS, false);
}

static bool
add_screens(struct app *a)
{
	const struct view *v;

	for (size_t i = 0; (v = view_nth(i)) != NULL; i++) {
		struct app_screen *s = &a->screen[a->n_screens];

		s->view = v;
		s->state = calloc(1, v->state_size != 0 ? v->state_size : 1);
		if (s->state == NULL)
			return false;
		a->n_screens++;
	}
	return true;
}

struct app *
app_new(const struct app_options *o)
{
	struct app *a = calloc(1, sizeof *a);

	if (a == NULL)
		return NULL;
	a->port = o->port;
	a->keys = o->keys;
	a->read_only = o->read_only;
	a->quiet = o->quiet;
	a->next_tick = -1;
	a->stale_snap = true;
	(void)snprintf(a->profile, sizeof a->profile, "%s", o->profile != NULL ? o->profile : "");
	buf_init(&a->notice, NOTICE_MAX);
	grid_init(&a->grid);
	frame_init(&a->frame, o->fps);
	a->snap = calloc(1, sizeof *a->snap);
	if (a->snap == NULL || !add_screens(a) ||
	    lineedit_init(&a->line, SNAP_FILTER_MAX, false) != MQ_OK) {
		app_free(a);
		return NULL;
	}
	allow_keys(a);
	return a;
}

void
app_free(struct app *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->n_screens; i++)
		free(a->screen[i].state);
	app_copy_done(&a->copy);
	lineedit_done(&a->line);
	lineedit_done(&a->answer);
	buf_done(&a->notice);
	grid_done(&a->grid);
	free(a->held);
	free(a->snap);
	free(a);
}

/* ---- what is said */

void
app_say(struct app *a, enum role role, struct span text)
{
	buf_reset(&a->notice);
	/* What does not fit is left out. */
	(void)buf_put(&a->notice, text.p, text.n < NOTICE_MAX ? text.n : NOTICE_MAX);
	a->notice_role = role;
	frame_touch(&a->frame);
}

void
app_sayf(struct app *a, enum role role, const char *fmt, ...)
{
	char text[NOTICE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	app_say(a, role, span_of(text));
}

/* ---- events */

void
app_event(struct app *a, const struct input *in)
{
	frame_touch(&a->frame);
	switch (in->kind) {
	case INPUT_HANGUP:
		a->over_now = true;
		return;
	case INPUT_RESIZE:
		app_refresh(a);
		return;
	case INPUT_KEY:
	case INPUT_PASTE:
		app_key(a, in);
		return;
	}
}

enum app_terminal
app_terminal_wish(struct app *a)
{
	enum app_terminal wish = a->wish;

	a->wish = APP_TERMINAL_NOTHING;
	return wish;
}

void
app_changed(struct app *a, int64_t mono_ms)
{
	a->last_change = mono_ms;
	a->stale_snap = true;
	frame_data(&a->frame);
}

void
app_refresh(struct app *a)
{
	a->stale_snap = a->stale_held = true;
	frame_touch(&a->frame);
}

bool
app_over(const struct app *a)
{
	return a->over_now;
}

/* ---- time */

static void
plan_tick(struct app *a, int64_t mono_ms)
{
	int64_t wall = a->snap->status.now_ms;

	if (a->quiet)
		a->next_tick = -1;
	else if (mono_ms - a->last_change < IDLE_MS)
		a->next_tick = mono_ms + TICK_MS;
	else
		a->next_tick = mono_ms + IDLE_MS - (wall > 0 ? wall % IDLE_MS : 0);
}

void
app_step(struct app *a, int64_t mono_ms)
{
	app_question_check(a);
	if (a->next_tick >= 0 && mono_ms >= a->next_tick) {
		a->next_tick = mono_ms + TICK_MS; /* the frame plans the next one */
		a->stale_snap = true;
		frame_data(&a->frame);
	}
	if (a->filtering && a->port.filter_step != NULL) {
		a->filtering = a->port.filter_step(a->port.arg);
		if (!a->filtering)
			app_refresh(a);
	}
	if (a->again)
		app_refresh(a);
}

int
app_wait(const struct app *a, int64_t mono_ms)
{
	int wait = frame_wait(&a->frame, mono_ms);

	if (a->filtering || a->again)
		return wait < 0 || wait > AGAIN_MS ? AGAIN_MS : wait;
	if (a->next_tick >= 0) {
		int64_t left = a->next_tick > mono_ms ? a->next_tick - mono_ms : 0;

		if (wait < 0 || left < wait)
			wait = (int)left;
	}
	return wait;
}

bool
app_busy(const struct app *a)
{
	return a->frame.touched || a->filtering || a->again;
}

bool
app_due(const struct app *a, int64_t mono_ms, bool writable)
{
	return frame_due(&a->frame, mono_ms, writable);
}

/* ---- frames */

struct layout_wish
app_wish(const struct app *a)
{
	const struct app_screen *s = &a->screen[a->now];

	return (struct layout_wish){ .split = s->view->split, .percent = s->view->percent,
		.focus = s->focus, .zoom = s->zoom };
}

struct view_ctx
app_ctx(const struct app *a)
{
	const struct app_screen *s = &a->screen[a->now];
	const struct snap_status *st = &a->snap->status;
	struct view_ctx c = { .snap = a->paused && a->held != NULL ? a->held : a->snap,
		.keys = a->keys, .w = a->grid.w, .h = a->grid.h, .focus = s->focus,
		.layout = layout_of(a->grid.w, a->grid.h, app_wish(a)),
		.search = { s->search, s->search_n }, .filter = { s->filter, s->filter_n },
		.read_only = a->read_only, .ascii = a->grid.ascii, .paused = a->paused,
		.quiet = a->quiet };

	c.stale = a->built && st->link != LINK_UP_VALUE && st->messages != 0;
	c.as_of_ms = st->since_ms;
	c.now_ms = st->now_ms;
	return c;
}

/* Asks until the screen's cursors have settled. */
static void
build(struct app *a, struct snap *out)
{
	const struct app_screen *s = app_here(a);
	bool again = true;

	for (int i = 0; i < BUILDS_MAX && again; i++) {
		struct snap_request r = { .screen = s->view->screen };
		struct view_ctx c = app_ctx(a);

		c.snap = NULL;
		s->view->request(s->state, &c, &r);
		if (a->over == OVER_WHY) {
			r.why_topic = a->why_topic;
			r.why_serial = a->why_serial;
		}
		a->port.build(a->port.arg, &r, out);
		a->built = true;
		c = app_ctx(a);
		c.snap = out;
		again = s->view->took(s->state, &c);
	}
	a->again = again;
	a->filtering = out->filter_running;
}

/* The status line lives on while the view is held. */
static void
build_status(struct app *a)
{
	struct snap_request r = { .screen = SNAP_KEYS };

	a->port.build(a->port.arg, &r, a->snap);
}

void
app_settle(struct app *a)
{
	if (a->paused) {
		if (a->stale_held)
			build(a, a->held);
		if (a->stale_snap)
			build_status(a);
	} else if (a->stale_snap) {
		build(a, a->snap);
	}
	a->stale_snap = a->stale_held = false;
}

static void
draw_pane(struct app *a, int pane, struct grid *g, struct rect r)
{
	const struct app_screen *s = app_here(a);
	struct view_ctx c = app_ctx(a);

	s->view->draw(s->state, &c, pane, g, r);
}

static void
draw_first(void *arg, struct grid *g, struct rect r)
{
	draw_pane(arg, 0, g, r);
}

static void
draw_second(void *arg, struct grid *g, struct rect r)
{
	draw_pane(arg, 1, g, r);
}

enum mq_err
app_draw(struct app *a, struct term *t, int64_t mono_ms)
{
	struct frame_parts parts = { .arg = a, .status = app_draw_status, .tabs = app_draw_tabs,
		.pane = { draw_first, draw_second }, .footer = app_draw_footer,
		.overlay = app_draw_overlay };
	enum mq_err err;
	int w, h;

	term_size(t, &w, &h);
	if (w != a->grid.w || h != a->grid.h) {
		if ((err = grid_resize(&a->grid, w, h)) != MQ_OK)
			return err;
		a->stale_snap = a->stale_held = true;
	}
	a->grid.ascii = t->ascii;
	app_settle(a);
	app_pending_check(a);
	err = frame_draw(t, &a->grid, app_wish(a), &parts);
	frame_drawn(&a->frame, mono_ms);
	plan_tick(a, mono_ms);
	if (a->over == OVER_CONFIRM && !a->pending.confirm.shown) {
		term_flush_input(t); /* typed before it could be read */
		confirm_shown(&a->pending.confirm);
	}
	return err;
}

/* ---- holding the view */

void
app_pause(struct app *a)
{
	if (a->paused) {
		a->paused = false;
		app_refresh(a);
		return;
	}
	if (a->held == NULL && (a->held = malloc(sizeof *a->held)) == NULL) {
		app_sayf(a, ROLE_NOTICE_BAD, "out of memory");
		return;
	}
	*a->held = *a->snap;
	a->paused = true;
	a->paused_at = a->snap->status.messages;
	frame_touch(&a->frame);
}
