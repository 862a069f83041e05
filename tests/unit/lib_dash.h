/*
 * A model as an operator meets it on a bad day, and golden screens of one view of it.
 *
 * Three trees: one in order, one being handed over to us, one without an owner; a fourth with a
 * hostile name. Labels, topics, user ids and the broker's words hold escapes, bidi controls and
 * wide characters. Time stands still.
 */
#ifndef MQGP_TESTS_UNIT_LIB_DASH_H
#define MQGP_TESTS_UNIT_LIB_DASH_H

#include "core/base/clock.h"
#include "core/model/model.h"
#include "core/model/tree_state.h"
#include "core/model/snap.h"
#include "ui/view.h"

#define DASH_ACTIONS 8

struct dash {
	struct clock clock;
	struct model *model;
	struct snap_view *view;
	struct snap *snap;
};

struct dash *dash_new(void);	   /* with everything in it */
struct dash *dash_new_empty(void); /* before the first message */
void dash_free(struct dash *d);
/* A pipeline that was stopped in its middle, a draft and what it means. */
void dash_add_pipeline(struct dash *d);

/* Golden screens of a view after some keys; read_only as the option. */
void dash_golden(const char *name, struct dash *d, const struct view *v,
    const enum action *keys, size_t n);

#endif
