/*
 * A crew of threads for one batch at a time: n equal jobs, claimed one by one, the caller works
 * too, and crew_run returns when all are done.
 *
 * For batches of signature checks: no queue, no allocation per batch. One thread owns a crew. Jobs
 * must not touch each other's results; what they wrote is visible to the caller afterwards.
 */
#ifndef MQGP_CORE_NET_CREW_H
#define MQGP_CORE_NET_CREW_H

#include <stddef.h>

#define CREW_MAX 64 /* helpers; more cores than that need another design */

struct crew;

typedef void crew_fn(void *arg, size_t i);

/* helpers: threads besides the caller; 0 is legal and runs everything in the caller. NULL without
 * memory or threads. The helpers block all signals. */
struct crew *crew_new(unsigned helpers);
void crew_free(struct crew *c);
/* Calls fn(arg, i) once for every i < n, in no particular order. */
void crew_run(struct crew *c, crew_fn *fn, void *arg, size_t n);
unsigned crew_size(const struct crew *c); /* threads that work, the caller included */

#endif
