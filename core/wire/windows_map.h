/*
 * The windows nobody has asked for yet: (scope, topic hash) -> struct window, in one array.
 *
 * Open addressing with linear probing; shrinks as windows are taken out, so that after the first
 * storm of messages it is small again. Owns the digests of what it holds. Not thread-safe.
 */
#ifndef MQGP_CORE_WIRE_WINDOWS_MAP_H
#define MQGP_CORE_WIRE_WINDOWS_MAP_H

#include "core/base/err.h"
#include "core/wire/window.h"

#define WINDOWS_HASH 16 /* keyed BLAKE2b-128 of the topic */

struct windows_cell {
	uint8_t hash[WINDOWS_HASH];
	struct window win; /* win.scope 0: free */
};
struct windows_map {
	struct windows_cell *cell;
	size_t n, cap; /* cap: 0 or a power of two */
};

void windows_map_done(struct windows_map *m);
/* Moves *win, whose scope is not 0, into the map: *win is empty afterwards. MQ_EEXIST: the pair is
 * there already; MQ_ENOMEM. On an error *win is as before. */
enum mq_err windows_map_put(struct windows_map *m, const uint8_t hash[WINDOWS_HASH],
    struct window *win);
/* Moves the window out to *win; false and *win untouched: not there. */
bool windows_map_take(struct windows_map *m, uint16_t scope, const uint8_t hash[WINDOWS_HASH],
    struct window *win);
void windows_map_drop_scope(struct windows_map *m, uint16_t scope);

#endif
