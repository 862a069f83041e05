/*
 * A series of numbers as a curve: braille dots, or stars in ASCII mode, with an axis on the left.
 */
#ifndef MQGP_UI_PLOT_H
#define MQGP_UI_PLOT_H

#include <stddef.h>

#include "ui/grid.h"

/* Draws value[0..n) over the whole width of r, oldest left. What is not finite is a hole. More
 * values than dots: each dot column shows the range of its share, so that no peak is lost. The
 * caller passes verified values only. */
void plot_draw(struct grid *g, struct rect r, const double *value, size_t n);

#endif
