/*
 * Countdowns, and digits to compare: what several screens write the same way. Pure but for drawing.
 */
#ifndef MQGP_UI_SHOW_H
#define MQGP_UI_SHOW_H

#include <stdint.h>

#include "core/base/buf.h"
#include "ui/grid.h"

#define SHOW_TEXT 24
#define SHOW_SOON_S (30 * 86400) /* a date that is nearer than this is amber */

/* What is left or has passed in one unit, "now" below a second: "5 s", "12 min", "23 h", "180 d". */
void show_span(char out[SHOW_TEXT], int64_t ms);
/* The same in two units: "23 h 12 min". */
void show_span_long(char out[SHOW_TEXT], int64_t ms);
/* "over", else show_span of what is left; a dash for a date of 0, which is unknown. */
void show_left(char out[SHOW_TEXT], int64_t unix_s, int64_t now_ms);
/* How far a date is: in order, amber when it is near, red when it has passed. */
enum role show_date_role(int64_t unix_s, int64_t now_ms);

/* Digits of a fingerprint or hash; what stands before a colon ("openpgp4:") is left out. */
struct span show_digits(const char *text);
/* In groups of 8, upper case, over as many rows of w columns as they need; the last group, which
 * is the one people type, is strong. Returns the rows. */
int show_hex(struct grid *g, int x, int y, int w, struct span digits);
/* Columns of n digits on one row. */
int show_hex_width(size_t digits);
/* A topic that is too long keeps its end, which tells it from its neighbours: "…/unit1/temp". */
int show_topic(struct grid *g, int x, int y, int max, enum role role, struct span topic);

#endif
