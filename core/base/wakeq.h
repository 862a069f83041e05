/*
 * A bounded queue of pointers between threads that wakes a poll loop.
 *
 * Many producers, one consumer. The consumer polls wakeq_fd() for POLLIN and then takes until
 * empty. When the queue is full a push either fails or evicts the oldest item, as the queue was
 * made; evictions are counted. Thread-safe.
 */
#ifndef MQGP_CORE_BASE_WAKEQ_H
#define MQGP_CORE_BASE_WAKEQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wakeq;

typedef void wakeq_drop(void *item); /* frees what was evicted or left at wakeq_free */

/* Bounded by items and by bytes (the cost given to push). evict: a full queue drops its oldest
 * item instead of refusing. NULL without memory. */
struct wakeq *wakeq_new(size_t max_items, size_t max_bytes, bool evict, wakeq_drop *drop);
void wakeq_free(struct wakeq *q);
/* Takes ownership of item when it returns true. False: full (never with evict). An empty queue
 * takes any one item, however large. */
bool wakeq_push(struct wakeq *q, void *item, size_t cost);
/* The oldest item, now the caller's, or NULL. */
void *wakeq_take(struct wakeq *q);
/* Takes up to n items under one lock; returns how many. */
size_t wakeq_take_many(struct wakeq *q, void **items, size_t n);
size_t wakeq_length(struct wakeq *q);
uint64_t wakeq_evicted(struct wakeq *q);
int wakeq_fd(const struct wakeq *q); /* eventfd; drained by wakeq_take when the queue gets empty */

#endif
