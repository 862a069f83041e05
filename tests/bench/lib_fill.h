/* A model full of topics of one verified tree: what the benches of memory and frames look at. */
#ifndef MQGP_TESTS_BENCH_LIB_FILL_H
#define MQGP_TESTS_BENCH_LIB_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/model/model.h"

#define FILL_TREE "plant"
#define FILL_PAYLOAD 100
#define FILL_BUDGET ((size_t)1 << 30)

/* One verified message on topic number i: 1000 topics a branch, or all on one level. Ends the
 * program without memory. */
void fill_deliver(struct model *m, size_t i, bool flat);
/* One on each of that many topics, in no order that a cache likes. */
void fill_model(struct model *m, size_t topics, bool flat);
/* Everything is open on the screen. */
void fill_open(struct model *m);

#endif
