/*
 * Drawing into a grid. Every function takes a position and the most columns it may use, clips, and
 * returns the columns used, so that a row is `x += draw_...`.
 *
 * draw_text is for our own words. Whatever came from the network, a file or a key goes through
 * draw_untrusted: C0, C1, DEL, bidi, invisible and invalid bytes are shown escaped in ROLE_ESCAPE,
 * and the mark of a cut is drawn in ROLE_CUT, so that data cannot imitate either.
 */
#ifndef MQGP_UI_DRAW_H
#define MQGP_UI_DRAW_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "ui/glyph.h"
#include "ui/grid.h"

/* Our own UTF-8 text, cut with an ellipsis when it is longer than max columns. */
int draw_text(struct grid *g, int x, int y, int max, enum role role, const char *text);
/* The same, right-aligned in w columns. */
int draw_right(struct grid *g, int x, int y, int w, enum role role, const char *text);
/* Text of strangers. */
int draw_untrusted(struct grid *g, int x, int y, int max, enum role role, struct span text);
/* Columns draw_untrusted would use without limit. */
int draw_untrusted_width(const struct grid *g, struct span text);
int draw_text_width(const char *text);
/* Bytes of text that draw_untrusted shows in max columns; ends between characters. */
size_t draw_untrusted_fit(const struct grid *g, struct span text, int max);
/* One glyph of ours. */
int draw_glyph(struct grid *g, int x, int y, enum glyph glyph, enum role role);

/* Right-aligned in w columns, digits in groups of three; does not fit: "12.4k" form. */
int draw_number(struct grid *g, int x, int y, int w, enum role role, uint64_t n);
/* "18AAA270 E72CF9A5 ..." from n bytes: groups of 8 upper-case hex digits. */
int draw_fingerprint(struct grid *g, int x, int y, int max, enum role role, const uint8_t *p,
    size_t n);
/* "4796...6CCD" */
int draw_fingerprint_short(struct grid *g, int x, int y, int max, enum role role, const uint8_t *p,
    size_t n);

/* Lines join where they meet or cross other lines. */
void draw_hline(struct grid *g, int x, int y, int w, enum role role);
void draw_vline(struct grid *g, int x, int y, int h, enum role role);
/* A blank box with a frame and a title in it (may be NULL). Returns the inside. */
struct rect draw_box(struct grid *g, struct rect r, enum role role, const char *title,
    enum role title_role);

/* The last w values as bars of 8 levels, scaled to the largest; 0 is the lowest bar. */
int draw_spark(struct grid *g, int x, int y, int w, enum role role, const uint32_t *value,
    size_t n);
/* A bar: done of total. */
int draw_progress(struct grid *g, int x, int y, int w, uint64_t done, uint64_t total);

#endif
