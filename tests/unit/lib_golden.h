/*
 * Golden screens: what a memory terminal shows, compared with a file of tests/golden.
 *
 * NAME.WxH.txt holds the text and, below a line "-- looks --", the plane of looks with its legend;
 * NAME.WxH.mono.txt the same without colours; NAME.WxH.ascii.txt the text in ASCII mode. A missing
 * or different file fails the test and shows the lines that differ; UPDATE=1 in the environment
 * writes the files anew, to be reviewed as a diff.
 */
#ifndef MQGP_TESTS_UNIT_LIB_GOLDEN_H
#define MQGP_TESTS_UNIT_LIB_GOLDEN_H

#include "ui/frame.h"
#include "ui/term.h"

enum golden_kind { GOLDEN_COLOUR, GOLDEN_MONO, GOLDEN_ASCII };

/* A memory terminal of that kind: the default theme with 256 colours, or the mono theme. */
struct term *golden_term(int w, int h, enum golden_kind kind);
/* Compares what was presented last; fails the running cmocka test if it differs. */
void golden_check(const struct term *t, const char *name, enum golden_kind kind);

/* Draws one screen onto t and presents it. */
typedef void golden_draw(void *arg, struct term *t);
/* The five sizes in colour (20x5, 40x10, 80x24, 110x30, 200x50), mono and ASCII at 80x24. */
void golden_screens(const char *name, golden_draw *draw, void *arg);
/* The same for a frame with these parts. */
void golden_frames(const char *name, struct layout_wish wish, const struct frame_parts *parts);

#endif
