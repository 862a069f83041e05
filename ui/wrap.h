/*
 * Text over several rows: broken at blanks where there are any, at LF always. What is drawn is
 * untrusted and escaped as in ui/draw.h; a CR before LF counts as part of the line end.
 */
#ifndef MQGP_UI_WRAP_H
#define MQGP_UI_WRAP_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "ui/grid.h"

/* Takes the next line of at most w columns off rest; false when nothing is left. limits says what
 * the terminal shows. */
bool wrap_next(const struct grid *limits, struct span *rest, int w, struct span *line);
/* Rows that text takes in w columns, at most max. */
int wrap_rows(const struct grid *limits, struct span text, int w, int max);
/* Draws text into r from its skip-th row on; returns the rows drawn. */
int wrap_draw(struct grid *g, struct rect r, enum role role, struct span text, int skip);

#endif
