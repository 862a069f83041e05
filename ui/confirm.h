/*
 * A decision: the operator types the last 8 hex digits of what is concerned, or nothing happens.
 *
 * No is the default and every way out but the typed word is No. Nothing counts before the dialog
 * was shown; a paste never counts. The target is fixed when it opens: if it changes meanwhile the
 * dialog says so and can only be closed. Pure state machine; the view draws it.
 */
#ifndef MQGP_UI_CONFIRM_H
#define MQGP_UI_CONFIRM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "ui/action.h"
#include "ui/grid.h"
#include "ui/input.h"

#define CONFIRM_WORD 8 /* hex digits */

enum confirm_state { CONFIRM_OPEN, CONFIRM_YES, CONFIRM_NO };

struct confirm {
	enum confirm_state state;
	enum action action;
	bool shown;		      /* a frame with it was presented */
	bool changed;		      /* the target is not what it was */
	char want[CONFIRM_WORD + 1];  /* upper-case hex */
	char typed[CONFIRM_WORD + 1];
	size_t n;
	const char *hint;	      /* what to tell the operator now */
};

/* hex: 8 digits or more, of which the last 8 are wanted; false if it is not that. */
bool confirm_open(struct confirm *c, enum action a, struct span hex);
/* After the first frame with the dialog was presented and term_flush_input() was called. */
void confirm_shown(struct confirm *c);
/* The thing to be decided about is another one now. */
void confirm_target_changed(struct confirm *c);
/* One event; a is what the prompt context says about a key (ACTION_NONE: nothing). */
enum confirm_state confirm_input(struct confirm *c, const struct input *in, enum action a);
/* Title, the lines that say what will happen, the word asked for, the field. */
struct confirm_text {
	const char *title;
	const struct span *line; /* untrusted */
	size_t n_lines;
	const char *what; /* "the key", "the conf": whose last 8 digits */
	struct span hex;  /* in full */
};
void confirm_draw(const struct confirm *c, const struct confirm_text *t, struct grid *g,
    struct rect r);

#endif
