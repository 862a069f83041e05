/*
 * A terminal in memory: what was presented can be read back as text and as a plane of styles, and
 * keys are put in by the program. For tests and for --headless.
 */
#ifndef MQGP_UI_TERM_MEM_H
#define MQGP_UI_TERM_MEM_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "ui/term.h"
#include "ui/theme.h"

/* NULL without memory. theme is copied. Free with term_free. */
struct term *term_mem_new(int w, int h, const struct theme *theme, enum colour_level level,
    bool ascii);
/* A new size: the app sees INPUT_RESIZE. */
void term_mem_resize(struct term *t, int w, int h);
/* Queues a key; false when too many wait already. */
bool term_mem_key(struct term *t, struct key k);
/* Queues one key per character of valid UTF-8. */
bool term_mem_type(struct term *t, struct span text);
/* Queues a paste (copied, cut at INPUT_PASTE_MAX). */
bool term_mem_paste(struct term *t, struct span text);
void term_mem_hangup(struct term *t);
/* While false, term_writable() says no. */
void term_mem_set_writable(struct term *t, bool writable);

/* The screen: h lines of UTF-8, right blanks trimmed, LF after each. */
enum mq_err term_mem_text(const struct term *t, struct buf *out);
/* The looks: one letter per cell ('.': the terminal's own), then a legend "a fg 75 bold". */
enum mq_err term_mem_styles(const struct term *t, struct buf *out);
unsigned term_mem_frames(const struct term *t);
unsigned term_mem_bells(const struct term *t);
bool term_mem_suspended(const struct term *t);
/* The last grid presented. */
const struct grid *term_mem_grid(const struct term *t);

#endif
