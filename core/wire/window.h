/*
 * The replay window of one (tree, data key, epoch, topic): PROTOCOL 3.8 and 5.
 *
 * Called after authentication only. Digests are SipHash-2-4 of the whole envelope under a local
 * random key. Grows 1, 4, 16, 64 slots as messages come, so that a topic with one retained value
 * costs little. Plain data + one allocation; not thread-safe (the engine owns it).
 */
#ifndef MQGP_CORE_WIRE_WINDOW_H
#define MQGP_CORE_WIRE_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

enum window_result {
	WINDOW_NEW,
	WINDOW_LATE,
	WINDOW_DUPLICATE,
	WINDOW_EQUIVOCATION,
	WINDOW_REPLAY,
	WINDOW_STALE_RETAINED, /* retained copy older than the newest known */
	WINDOW_NO_MEMORY,      /* could not grow: neither good nor bad */
};
struct window {
	uint64_t hi;
	uint64_t have;	/* bit b: seq hi-b was seen */
	uint64_t *dig;	/* slots entries, slot = seq mod slots; owned */
	uint8_t slots;	/* 0, 1, 4, 16, 64 */
	bool any;
};
void window_done(struct window *w);
/* lost: seq-hi-1 within one boot for WINDOW_NEW, else 0. retained: RETAIN=1 rules of 3.8. */
enum window_result window_check(struct window *w, uint64_t seq, uint64_t digest, bool retained,
    uint32_t *lost);
uint64_t window_digest(const uint8_t key[16], struct span envelope);
/* Fixed-size form for windows.db; window_load rejects anything else. */
enum mq_err window_save(const struct window *w, struct buf *out);
bool window_load(struct window *w, struct span bytes);

#endif
