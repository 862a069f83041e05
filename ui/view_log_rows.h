/*
 * The four lists of the Log screen: what a row of each looks like.
 */
#ifndef MQGP_UI_VIEW_LOG_ROWS_H
#define MQGP_UI_VIEW_LOG_ROWS_H

#include "ui/view.h"

enum log_list { LOG_CONNECTION, LOG_SUBS, LOG_AUDIT, LOG_PROGRAM };
#define LOG_LISTS 4

const char *log_list_name(enum log_list l);
const struct snap_list *log_list_of(enum log_list l, const struct snap *s);
void log_list_draw(enum log_list l, const struct view_ctx *c, struct grid *g, struct rect r);
void log_list_target(enum log_list l, const struct view_ctx *c, struct view_target *t);

#endif
