/* The desk's store of control payloads, and a token bucket a tree; only desk*.c includes this. */
#ifndef MQGP_CORE_TRUST_DESK_SLOTS_H
#define MQGP_CORE_TRUST_DESK_SLOTS_H

#include "core/conf/topic.h"

struct desk_bucket {
	double tokens;
	int64_t at_ms;
};

struct desk_slots;

struct desk_slots *desk_slots_new(void); /* NULL without memory */
void desk_slots_free(struct desk_slots *s);
bool desk_slots_put(struct desk_slots *s, struct span tree, enum topic_slot slot, uint32_t number,
    struct span payload);
bool desk_slots_get(const struct desk_slots *s, struct span tree, enum topic_slot slot,
    uint32_t number, struct span *payload);
/* From now on this tree is no stranger: strangers share DESK_STRANGE_BYTES, so that what they publish
 * leaves room for the others. */
void desk_slots_vouch(struct desk_slots *s, struct span tree);
void desk_slots_forget(struct desk_slots *s, struct span tree, enum topic_slot slot,
    uint32_t number);
void desk_slots_forget_tree(struct desk_slots *s, struct span tree);
void desk_slots_forget_log(struct desk_slots *s, struct span tree, uint32_t before);
uint64_t desk_slots_dropped(const struct desk_slots *s);
/* The bucket of a tree; a new one begins with these tokens. NULL: too many trees. */
struct desk_bucket *desk_slots_bucket(struct desk_slots *s, struct span tree, double tokens,
    int64_t now_ms);

#endif
