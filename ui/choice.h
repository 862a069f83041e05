/*
 * Answers to choose from, below the line of a question that narrows them.
 *
 * What was typed must be part of the words of an answer, or of its digits (blanks do not count);
 * upper and lower case are the same. Answers that fit are numbered from 1; 0 is none. Pure.
 */
#ifndef MQGP_UI_CHOICE_H
#define MQGP_UI_CHOICE_H

#include "ui/app.h"
#include "ui/grid.h"

#define CHOICE_ROWS 6 /* shown at once, at most */

size_t choice_count(const struct app_question *q, struct span typed);
/* NULL: so many do not fit. */
const struct app_choice *choice_nth(const struct app_question *q, struct span typed, size_t n);
/* The rows around number `at`, which is marked. */
void choice_draw(const struct app_question *q, struct span typed, size_t at, struct grid *g,
    struct rect r);

#endif
