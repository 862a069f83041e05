/*
 * Shared by the files of the app: its state, and who does what.
 *
 *	app.c		life, frames, time
 *	app_keys.c	what keys do
 *	app_act.c	acting: decisions, jobs, evidence, copies
 *	app_frame.c	tab line, footer, prompts
 *	app_status.c	status line
 *	app_overlay.c	help, why, copies, dialogs
 */
#ifndef MQGP_UI_APP_IMPL_H
#define MQGP_UI_APP_IMPL_H

#include "ui/app.h"
#include "ui/confirm.h"
#include "ui/frame.h"
#include "ui/lineedit.h"
#include "ui/view.h"

#define APP_HELP_ROWS 128

/* A screen and what is remembered of it while another one is shown. */
struct app_screen {
	const struct view *view;
	void *state;
	int focus;
	bool zoom;
	uint8_t search[SNAP_FILTER_MAX], filter[SNAP_FILTER_MAX];
	size_t search_n, filter_n;
};

enum app_prompt { PROMPT_NONE, PROMPT_SEARCH, PROMPT_FILTER };

/* What lies over the screen and takes the keys. */
enum app_over {
	OVER_NONE, OVER_HELP, OVER_WHY, OVER_COPY, OVER_PLAIN, OVER_ATTACKS, OVER_CONFIRM,
	OVER_QUESTION,
};

struct app_copy {
	size_t n;
	size_t taken; /* shown as plain text */
	struct {
		const char *what;
		struct buf text;
	} at[VIEW_COPIES];
};

/* A decision on its way: confirmed by a word, or a question of a job. */
struct app_pending {
	struct confirm confirm;
	enum action action;
	uint64_t question; /* 0: our own decision */
	uint64_t tree_id;
	uint8_t tree[SNAP_NAME_MAX];
	size_t tree_n;
	uint8_t hash[32];
	struct app_question text;
	size_t chosen; /* among the answers that fit; 0: what is typed counts */
};

struct app {
	struct app_port port;
	struct keymap *keys;
	struct keymap_state key_state;
	bool read_only, quiet, over_now, quit_asked;
	char profile[64];
	struct app_screen screen[VIEW_SCREENS];
	size_t n_screens, now; /* index of the one shown */
	struct snap *snap;     /* the newest answer */
	struct snap *held;     /* what is shown while the view is paused; NULL: never was */
	bool built;	       /* snap holds an answer */
	bool stale_snap, stale_held; /* another one must be built before drawing */
	bool paused;
	uint64_t paused_at;    /* messages when the view was held */
	bool again, filtering; /* bounded work goes on */
	struct frame frame;
	int64_t last_change;   /* monotonic */
	int64_t next_tick;     /* monotonic, -1: none */
	enum app_terminal wish;
	struct grid grid;
	/* notice */
	struct buf notice;
	enum role notice_role;
	/* prompt and overlays */
	enum app_prompt prompt;
	struct lineedit line;
	uint8_t before[SNAP_FILTER_MAX]; /* what Escape brings back */
	size_t before_n;
	enum app_over over;
	size_t scroll;	       /* of help */
	size_t chosen;	       /* row of a menu */
	uint64_t why_topic;
	uint32_t why_serial;
	struct app_copy copy;
	struct app_pending pending;
	struct lineedit answer;
};

static inline struct app_screen *
app_here(struct app *a)
{
	return &a->screen[a->now];
}

/* app.c */
struct view_ctx app_ctx(const struct app *a);
struct layout_wish app_wish(const struct app *a);
void app_pause(struct app *a);
void app_settle(struct app *a);	/* asks anew for what is stale: then the cursors stand where they were moved */
void app_refresh(struct app *a);	/* build anew for the next frame, draw at once */
void app_sayf(struct app *a, enum role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* app_keys.c */
void app_key(struct app *a, const struct input *in);
bool app_go(struct app *a, enum snap_screen s, uint64_t node);
void app_leave(struct app *a);
enum action app_prompt_action(struct app *a, const struct input *in);

/* app_act.c */
void app_act(struct app *a, enum action act);
void app_evidence(struct app *a, uint64_t topic, uint32_t serial);
void app_copy_open(struct app *a);
void app_copy_take(struct app *a, size_t i);
void app_attack_take(struct app *a, size_t i);
void app_copy_done(struct app_copy *c);
struct view_target app_target(const struct app *a);
void app_question_check(struct app *a);
void app_pending_check(struct app *a); /* the target may have changed */
void app_pending_input(struct app *a, const struct input *in);
void app_answer_input(struct app *a, const struct input *in);

/* app_frame.c, app_status.c: parts of struct frame_parts, arg is the app */
void app_draw_status(void *arg, struct grid *g, struct rect r);
void app_draw_tabs(void *arg, struct grid *g, struct rect r);
void app_draw_footer(void *arg, struct grid *g, struct rect r);

/* app_overlay.c */
void app_draw_overlay(void *arg, struct grid *g, struct rect r);
bool app_overlay_act(struct app *a, enum action act, struct key k); /* false: no overlay */

#endif
