/*
 * What a screen is: one row of a table. The app owns everything that is the same on all of them
 * (status line, tabs, footer, help, prompts, dialogs, acting keys) and asks the screen for the rest.
 *
 * One frame: layout, view.request (which rows are wanted), snap_build, view.took (remember where
 * the cursors stand), view.draw once a pane. A key goes to view.act first, then to the app. A
 * screen never acts by itself: it says in view.target what is under the cursor, and the app does
 * E, S, P, T, A, X, H, I, U, V, R, N, K, x, y and v with that. Drawing must not fail for any
 * rectangle, and draws text of strangers only through draw_untrusted. UI thread only.
 */
#ifndef MQGP_UI_VIEW_H
#define MQGP_UI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/model/snap.h"
#include "ui/action.h"
#include "ui/draw.h"
#include "ui/keymap.h"
#include "ui/layout.h"

#define VIEW_COPIES 8
#define VIEW_MESSAGE_MAX 160
#define VIEW_SCREENS 6

/* What the app tells a screen; borrowed for the call. */
struct view_ctx {
	const struct snap *snap; /* of the last request; NULL in request */
	const struct keymap *keys; /* the operator's, for hints: keymap_hint */
	struct layout layout;	 /* where the panes are now */
	int w, h;		 /* of the whole screen */
	int focus;		 /* pane that has the keys */
	struct span search, filter; /* typed on this screen; n == 0: none */
	bool read_only, ascii, paused, quiet; /* quiet: no ages, nothing that ticks */
	bool stale;		 /* the link is down: everything is "as of as_of_ms" */
	int64_t as_of_ms;	 /* wall */
	int64_t now_ms;		 /* wall */
};

/* What a key asks of the app besides what the screen did itself. Zeroed before act. */
struct view_ask {
	bool set_focus;
	int focus;
	enum snap_screen screen; /* not 0: go there... */
	uint64_t topic;		 /* ...with the cursor on this node (topic or tree) */
	bool why;		 /* explain the target's message */
	char message[VIEW_MESSAGE_MAX]; /* "" none; may quote hostile text */
	enum role role;		 /* of the message; ROLE_TEXT: an ordinary one */
};

/* What is under the cursor: what acting keys, evidence, why and copy mean now. Zeroed before. */
struct view_target {
	uint64_t topic; /* node, 0: no message here */
	uint32_t serial; /* of the message; 0: the newest */
	struct span topic_name;
	struct span tree; /* n == 0: no secured tree */
	uint64_t tree_id;
	bool known;		/* conf_hash and gateway are what the person sees */
	uint8_t conf_hash[32];
	char gateway[80];	/* "openpgp4:..." or bare hex */
	struct {
		const char *what; /* "value", "topic", "owner's fingerprint"; static */
		struct span text;
	} copy[VIEW_COPIES];
	size_t n_copies;
};

struct view {
	enum snap_screen screen;
	const char *name;
	enum context context;
	enum action show; /* ACTION_SCREEN_* */
	enum split split;
	int percent;
	const enum action *hints; /* footer, in order of importance */
	size_t n_hints;
	size_t state_size; /* zeroed at start */
	/* Fills cursors, op, filter and search; screen is set. The pane sizes are in c->layout. */
	void (*request)(const void *state, const struct view_ctx *c, struct snap_request *r);
	/* Takes the answer. True: ask again soon, work was bounded. */
	bool (*took)(void *state, const struct view_ctx *c);
	void (*draw)(const void *state, const struct view_ctx *c, int pane, struct grid *g,
	    struct rect r);
	/* False: the key means nothing to this screen. */
	bool (*act)(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask);
	void (*target)(const void *state, const struct view_ctx *c, struct view_target *t);
	/* Puts the cursor on a node; NULL: cannot. */
	void (*go)(void *state, uint64_t node);
};

extern const struct view view_topics, view_ownership, view_verify, view_log, view_config, view_keys;
/* By order of the digit keys; screens that are not built are left out. */
const struct view *view_nth(size_t i); /* NULL: fewer */

/* ---- what screens share */

/* Moves a cursor by an action (up, down, pages, first, last, follow); true if it was one. follow
 * and first put a list with the newest on top back to following. */
bool view_cursor_act(struct snap_cursor *c, enum action a);
/* What the answer says becomes the next request's cursor. newest_first: on the first row the list
 * is followed, not the thing that stood there. */
void view_cursor_took(struct snap_cursor *c, const struct snap_list *l, bool newest_first);
/* Marks a selected row: text stays, ">" stands in the first column. The second and third are for a
 * verdict, which keeps its own colours. */
void view_row_mark(struct grid *g, struct rect row, bool selected, bool focused);
/* "0.4 s", "12 s", "3 min", "2 h", "5 d": at most 6 columns, no jitter. -1: "". */
void view_age(char out[8], int64_t ms);
/* Wall milliseconds as "19:42:07" (UTC). 0: "". */
void view_time(char out[9], int64_t ms);
/* "2026-11-20 19:42" of Unix seconds (UTC). 0: "". */
void view_date(char out[17], int64_t s);
/* Class glyph and letter of a verdict, two columns, where data never reaches. */
int view_verdict(struct grid *g, int x, int y, enum verdict v, unsigned flags);
/* State glyph and word of a tree: "* ACTIVE". Returns columns used. */
int view_state(struct grid *g, int x, int y, int max, enum verdict_class c, const char *word);
enum role view_state_role(enum verdict_class c);
/* A fingerprint given as hex text: five groups of 8, or "4796...6CCD". */
int view_fpr(struct grid *g, int x, int y, int max, enum role role, const char *hex);
int view_fpr_short(struct grid *g, int x, int y, int max, enum role role, const char *hex);
/* "label   text" with the label in w columns, dim. Returns x behind the label. */
int view_label(struct grid *g, int x, int y, int w, const char *label);
/* Our own prose, broken into lines at blanks and LF; returns rows used. */
int view_wrap(struct grid *g, struct rect r, enum role role, struct span text);
/* Text of strangers, broken where a line is full and nowhere else: LF is shown escaped. */
int view_wrap_exact(struct grid *g, struct rect r, enum role role, struct span text);
/* One sentence in the middle of an empty pane, and what to do below it. */
void view_empty(struct grid *g, struct rect r, const char *what, const char *then);
bool view_in(enum action a, const enum action *list, size_t n);

#endif
