/*
 * A short look at trees: the engine without a screen until it has judged what lies on the broker.
 *
 * For commands that answer once (status, pin, ack): the same judgement as the dashboard's. Main
 * thread only.
 */
#ifndef MQGP_SRC_LOOKER_H
#define MQGP_SRC_LOOKER_H

#include "core/net/engine.h"
#include "src/setup.h"

#define LOOKER_TREES_MAX 64
#define LOOKER_CONNECT_MS 15000
#define LOOKER_QUIET_MS 800    /* nothing new about any tree for so long, and all is known */
#define LOOKER_PATIENT_MS 4000 /* the same, though something is missing: gpg may be slow */
#define LOOKER_MAX_MS 12000  /* a busy broker never gets quiet */

struct looker;

/* trees: decoded; n 0: those of the profile and what discovery finds. OPTS_GO, or the exit status
 * after a sentence on standard error. */
int looker_open(struct looker **out, const struct setup *s, const struct span *trees, size_t n);
void looker_close(struct looker *l);
struct engine *looker_engine(struct looker *l);

#endif
