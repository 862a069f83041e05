/*
 * One line of typed text. Valid UTF-8 without controls at any time.
 *
 * In secret mode the bytes live in guarded memory, nothing but their number is drawn, and they can
 * be taken once. No history. UI thread only.
 */
#ifndef MQGP_UI_LINEEDIT_H
#define MQGP_UI_LINEEDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/trust/secret.h"
#include "ui/action.h"
#include "ui/grid.h"
#include "ui/input.h"

#define LINEEDIT_MAX 4096 /* bytes: a long topic filter, escaped, fits */

struct lineedit {
	uint8_t *p;	      /* max bytes: own heap, or held.p */
	size_t n, at, max;    /* bytes, cursor (at a character), limit */
	size_t scroll;	      /* first byte shown */
	bool secret;
	struct secret held;
	const char *refused;  /* why the last input was not taken whole; NULL: it was */
};

/* max bytes, at most LINEEDIT_MAX. */
enum mq_err lineedit_init(struct lineedit *le, size_t max, bool secret);
void lineedit_done(struct lineedit *le); /* wipes */
void lineedit_clear(struct lineedit *le);
/* Replaces the text; what is not text is left out. */
void lineedit_set(struct lineedit *le, struct span text);
/* Inserts a typed key; false if the key is not text. */
bool lineedit_key(struct lineedit *le, struct key k);
/* Inserts pasted text: line ends become one blank (a last one is dropped), controls and what would
 * be invisible are refused, the rest is kept up to max. */
void lineedit_paste(struct lineedit *le, struct span text);
/* LINE_* actions but accept and complete; true if it was one. */
bool lineedit_act(struct lineedit *le, enum action a);
struct span lineedit_text(const struct lineedit *le);
/* Moves a secret out; le is empty afterwards. p is NULL if nothing was typed. */
struct secret lineedit_take(struct lineedit *le);
/* Draws into one row and puts the hardware cursor. */
void lineedit_draw(struct lineedit *le, struct grid *g, struct rect r);

#endif
