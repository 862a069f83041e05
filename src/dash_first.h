/*
 * The first start, when nothing is configured: asks for a broker, offers to save a profile.
 */
#ifndef MQGP_SRC_DASH_FIRST_H
#define MQGP_SRC_DASH_FIRST_H

#include "src/setup.h"

/* Makes s->own from what the person types and puts it in force. OPTS_GO or an exit status. Needs a
 * terminal. */
int dash_first(struct setup *s);

#endif
