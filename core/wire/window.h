/*
 * The replay window of one (tree, data key, epoch, topic): PROTOCOL 3.8 and 5.
 *
 * Called after authentication only. Digests are SipHash-2-4 of the whole envelope under a local
 * random key. Grows 1, 4, 16, 64 slots as messages come: the first digest lies in the struct, so a
 * topic with one retained value costs 32 bytes and no allocation. Meant to be embedded in whatever
 * stands for the topic; windows.h keeps it across restarts. All zeros is an empty window. Not
 * thread-safe (the engine owns it).
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
	uint64_t have; /* bit b: seq hi-b was seen */
	union {
		uint64_t one;	/* slots == 1 */
		uint64_t *many; /* owned; slot = seq mod slots */
	} dig;
	uint32_t dirty; /* windows.c: its place in the list of unsaved ones, 0 = saved */
	uint16_t scope; /* windows.c: whose it is, 0 = nobody's yet */
	uint8_t slots;	/* 0, 1, 4, 16, 64: more than the highest bit of have */
	bool any;
};
#define WINDOW_BITS 64
#define WINDOW_SAVED_MAX (8 + 8 + 8 * WINDOW_BITS)

/* Frees the digests and empties the window; dirty and scope stay (windows.h owns them). */
void window_done(struct window *w);
/* lost: seq-hi-1 within one boot for WINDOW_NEW, else 0. retained: RETAIN=1 rules of 3.8. The
 * window changes for WINDOW_NEW and WINDOW_LATE only. */
enum window_result window_check(struct window *w, uint64_t seq, uint64_t digest, bool retained,
    uint32_t *lost);
uint64_t window_digest(const uint8_t key[16], struct span envelope);
/* The one form in windows.db: hi, have, then a digest for each bit of have, lowest bit first.
 * Appends at most WINDOW_SAVED_MAX bytes. MQ_EINVAL for an empty window. */
enum mq_err window_save(const struct window *w, struct buf *out);
/* Fills a fresh window; false for any other bytes and without memory. */
bool window_load(struct window *w, struct span bytes);

#endif
