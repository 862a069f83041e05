/*
 * What keys do: first a dialog, then a prompt, then the screen, then the app.
 */
#include <string.h>

#include "ui/app_impl.h"

static bool
searchable(struct app *a, enum action act)
{
	struct view_ctx c = app_ctx(a);
	struct view_ask ask = { .focus = 0 };

	return app_here(a)->view->act(app_here(a)->state, &c, act, &ask);
}

/* ---- going */

bool
app_go(struct app *a, enum snap_screen s, uint64_t node)
{
	for (size_t i = 0; i < a->n_screens; i++) {
		if (a->screen[i].view->screen != s)
			continue;
		a->now = i;
		if (node != 0 && a->screen[i].view->go != NULL)
			a->screen[i].view->go(a->screen[i].state, node);
		a->over = OVER_NONE;
		app_refresh(a);
		return true;
	}
	return false;
}

static void
do_ask(struct app *a, const struct view_ask *ask)
{
	if (ask->set_focus)
		app_here(a)->focus = ask->focus;
	if (ask->message[0] != '\0')
		app_say(a, ask->role, span_of(ask->message));
	if (ask->why) {
		struct view_target t = app_target(a);

		a->why_topic = t.topic;
		a->why_serial = t.serial;
		a->over = t.topic != 0 ? OVER_WHY : OVER_NONE;
	}
	if (ask->screen != 0)
		(void)app_go(a, ask->screen, ask->topic); /* a screen that is not there: stay */
}

void
app_leave(struct app *a)
{
	const struct snap *s = a->snap;

	if (s->pipeline.n != 0 && !s->pipeline.finished && !a->quit_asked) {
		a->quit_asked = true;
		app_sayf(a, ROLE_NOTICE_WARN, "%s is not finished; again leaves, and it resumes later",
		    s->pipeline.title);
		return;
	}
	a->over_now = true;
}

/* ---- prompts */

enum action
app_prompt_action(struct app *a, const struct input *in)
{
	struct keymap_state st = { { K_NONE, 0 } };
	enum action act = ACTION_NONE;

	if (in->kind == INPUT_KEY &&
	    keymap_feed(a->keys, &st, CONTEXT_PROMPT, in->key, &act) == KEYMAP_ACTION)
		return act;
	return ACTION_NONE;
}

static void
set_typed(struct app *a, struct span text)
{
	struct app_screen *s = app_here(a);
	bool search = a->prompt == PROMPT_SEARCH;
	size_t n = text.n < SNAP_FILTER_MAX ? text.n : SNAP_FILTER_MAX;

	if (n != 0)
		memcpy(search ? s->search : s->filter, text.p, n);
	*(search ? &s->search_n : &s->filter_n) = n;
	(void)searchable(a, search ? ACTION_SEARCH : ACTION_FILTER); /* it was when it was opened */
	app_refresh(a);
}

static void
open_prompt(struct app *a, enum app_prompt prompt)
{
	const struct app_screen *s = app_here(a);
	bool search = prompt == PROMPT_SEARCH;
	struct span now = { search ? s->search : s->filter, search ? s->search_n : s->filter_n };

	if (!searchable(a, search ? ACTION_SEARCH : ACTION_FILTER)) {
		app_sayf(a, ROLE_NOTICE, "nothing to %s here", search ? "search" : "filter");
		return;
	}
	if (now.n != 0)
		memcpy(a->before, now.p, now.n);
	a->before_n = now.n;
	a->prompt = prompt;
	if (search)
		now.n = 0;
	lineedit_set(&a->line, now);
}

static void
prompt_input(struct app *a, const struct input *in)
{
	enum action act = app_prompt_action(a, in);

	a->line.refused = NULL;
	if (in->kind == INPUT_PASTE)
		lineedit_paste(&a->line, in->paste);
	else if (act == ACTION_BACK || act == ACTION_LEAVE)
		set_typed(a, (struct span){ a->before, a->before_n });
	else if (act == ACTION_SUSPEND || act == ACTION_REDRAW)
		a->wish = act == ACTION_SUSPEND ? APP_TERMINAL_STOP : APP_TERMINAL_REDRAW;
	else if (act == ACTION_NONE)
		(void)lineedit_key(&a->line, in->key); /* a key that is no text does nothing */
	else
		(void)lineedit_act(&a->line, act); /* LINE_ACCEPT is taken below */
	if (act == ACTION_BACK || act == ACTION_LEAVE || act == ACTION_LINE_ACCEPT) {
		a->prompt = PROMPT_NONE;
		return;
	}
	set_typed(a, lineedit_text(&a->line));
	if (a->line.refused != NULL)
		app_sayf(a, ROLE_NOTICE_WARN, "%s", a->line.refused);
}

/* ---- one action each */

/* The screens about trees show the tree one comes from; but work that goes on stays in view. */
static uint64_t
tree_to_show(const struct app *a, enum snap_screen to)
{
	const struct snap_pipeline *p = &a->snap->pipeline;
	enum snap_screen from = a->screen[a->now].view->screen;

	if (from == to || (to != SNAP_OWNERSHIP && to != SNAP_CONFIG))
		return 0;
	if (to == SNAP_CONFIG && p->n != 0 && !p->finished)
		return p->tree;
	return app_target(a).tree_id;
}

static void
do_screen(struct app *a, enum action act)
{
	for (size_t i = 0; i < a->n_screens; i++)
		if (a->screen[i].view->show == act) {
			enum snap_screen to = a->screen[i].view->screen;

			(void)app_go(a, to, tree_to_show(a, to)); /* it is there */
		}
}

static void
do_pane(struct app *a, enum action act)
{
	struct app_screen *s = app_here(a);

	(void)act;
	if (s->view->split != SPLIT_ONE)
		s->focus = !s->focus; /* of two panes, next and previous are the other one */
	app_refresh(a);
}

static void
do_zoom(struct app *a, enum action act)
{
	(void)act;
	app_here(a)->zoom = !app_here(a)->zoom;
	app_refresh(a);
}

static void
do_help(struct app *a, enum action act)
{
	(void)act;
	a->over = OVER_HELP;
	a->scroll = 0;
}

static void
do_prompt(struct app *a, enum action act)
{
	open_prompt(a, act == ACTION_SEARCH ? PROMPT_SEARCH : PROMPT_FILTER);
}

static void
do_why(struct app *a, enum action act)
{
	struct view_ask ask = { .why = true };

	(void)act;
	do_ask(a, &ask);
	if (a->over != OVER_WHY)
		app_sayf(a, ROLE_NOTICE, "no message here to explain");
	app_refresh(a);
}

static void
do_evidence(struct app *a, enum action act)
{
	struct view_target t = app_target(a);

	(void)act;
	app_evidence(a, t.topic, t.serial);
}

static void
do_copy(struct app *a, enum action act)
{
	(void)act;
	app_copy_open(a);
}

static void
do_pause(struct app *a, enum action act)
{
	(void)act;
	app_pause(a);
}

/* One level back; false: there is none. */
static bool
back(struct app *a)
{
	struct app_screen *s = app_here(a);

	if (s->zoom)
		s->zoom = false;
	else if (s->focus != 0)
		s->focus = 0;
	else
		return false;
	app_refresh(a);
	return true;
}

static void
do_back(struct app *a, enum action act)
{
	struct app_screen *s = app_here(a);
	bool filtered = s->filter_n != 0;

	(void)act;
	if (s->view->screen == SNAP_CONFIG && a->port.stop != NULL && a->port.stop(a->port.arg)) {
		app_sayf(a, ROLE_NOTICE, "stopping");
		return;
	}
	if (back(a) || (s->filter_n == 0 && s->search_n == 0))
		return;
	a->prompt = filtered ? PROMPT_FILTER : PROMPT_SEARCH;
	set_typed(a, (struct span){ NULL, 0 });
	a->prompt = PROMPT_NONE;
}

static void
do_quit(struct app *a, enum action act)
{
	if (act == ACTION_LEAVE || !back(a))
		app_leave(a);
}

static void
do_terminal(struct app *a, enum action act)
{
	a->wish = act == ACTION_SUSPEND ? APP_TERMINAL_STOP : APP_TERMINAL_REDRAW;
}

static void
do_attacks(struct app *a, enum action act)
{
	(void)act;
	a->chosen = 0;
	a->over = OVER_ATTACKS;
}

static const struct {
	enum action action;
	void (*run)(struct app *a, enum action act);
} actions[] = {
	{ ACTION_SCREEN_TOPICS, do_screen }, { ACTION_SCREEN_OWNERSHIP, do_screen },
	{ ACTION_SCREEN_VERIFY, do_screen }, { ACTION_SCREEN_LOG, do_screen },
	{ ACTION_SCREEN_CONFIG, do_screen }, { ACTION_SCREEN_KEYS, do_screen },
	{ ACTION_PANE_NEXT, do_pane }, { ACTION_PANE_PREVIOUS, do_pane },
	{ ACTION_ZOOM, do_zoom }, { ACTION_HELP, do_help },
	{ ACTION_SEARCH, do_prompt }, { ACTION_FILTER, do_prompt },
	{ ACTION_WHY, do_why }, { ACTION_EVIDENCE, do_evidence }, { ACTION_COPY, do_copy },
	{ ACTION_PAUSE, do_pause }, { ACTION_BACK, do_back }, { ACTION_BACK_OR_QUIT, do_quit },
	{ ACTION_LEAVE, do_quit }, { ACTION_SUSPEND, do_terminal }, { ACTION_REDRAW, do_terminal },
	{ ACTION_ATTACKS, do_attacks },
};

static void
app_action(struct app *a, enum action act)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (actions[i].action == act) {
			actions[i].run(a, act);
			return;
		}
	if (action_danger(act) > 0)
		app_act(a, act);
}

/* Search and filter open a prompt; the screen is asked while it is typed in. */
static bool
view_first(enum action act)
{
	return act != ACTION_SEARCH && act != ACTION_FILTER;
}

static void
screen_action(struct app *a, enum action act)
{
	struct app_screen *s = app_here(a);
	struct view_ask ask = { .role = ROLE_NOTICE };
	struct view_ctx c;

	if (act != ACTION_BACK_OR_QUIT && act != ACTION_LEAVE)
		a->quit_asked = false;
	if (a->built)
		app_settle(a); /* keys typed ahead mean what the ones before them chose */
	c = app_ctx(a);
	if (view_first(act) && a->built && s->view->act(s->state, &c, act, &ask)) {
		app_refresh(a);
		do_ask(a, &ask);
		return;
	}
	app_action(a, act);
}

void
app_key(struct app *a, const struct input *in)
{
	enum action act = ACTION_NONE;
	enum keymap_result found;

	buf_reset(&a->notice);
	if (a->over == OVER_CONFIRM) {
		app_pending_input(a, in);
	} else if (a->over == OVER_QUESTION) {
		app_answer_input(a, in);
	} else if (a->prompt != PROMPT_NONE) {
		prompt_input(a, in);
	} else if (in->kind == INPUT_PASTE) {
		app_sayf(a, ROLE_NOTICE, "pasted text was ignored: nothing is being typed here");
	} else {
		found = keymap_feed(a->keys, &a->key_state, app_here(a)->view->context, in->key,
		    &act);
		if (found != KEYMAP_ACTION)
			act = ACTION_NONE;
		if (!app_overlay_act(a, act, in->key) && act != ACTION_NONE)
			screen_action(a, act);
	}
}
