#include "core/base/wakeq.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct slot {
	void *item;
	size_t cost;
};

struct wakeq {
	pthread_mutex_t lock;
	struct slot *ring;
	size_t max_items, max_bytes;
	size_t first, n, bytes;
	uint64_t evicted;
	wakeq_drop *drop;
	bool evict;
	int fd; /* readable exactly while n > 0 */
};

static void
lock(struct wakeq *q)
{
	(void)pthread_mutex_lock(&q->lock); /* a plain mutex used in pairs: cannot fail */
}

static void
unlock(struct wakeq *q)
{
	(void)pthread_mutex_unlock(&q->lock);
}

struct wakeq *
wakeq_new(size_t max_items, size_t max_bytes, bool evict, wakeq_drop *drop)
{
	struct wakeq *q = calloc(1, sizeof *q);

	if (q == NULL)
		return NULL;
	q->ring = max_items != 0 ? calloc(max_items, sizeof *q->ring) : NULL;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->ring == NULL || q->fd < 0 || pthread_mutex_init(&q->lock, NULL) != 0) {
		if (q->fd >= 0)
			(void)close(q->fd); /* nothing was written to it */
		free(q->ring);
		free(q);
		return NULL;
	}
	q->max_items = max_items;
	q->max_bytes = max_bytes;
	q->evict = evict;
	q->drop = drop;
	return q;
}

/* Takes the oldest item out of a queue that has one. */
static void *
pop(struct wakeq *q)
{
	struct slot taken = q->ring[q->first];
	eventfd_t count;

	q->first = (q->first + 1) % q->max_items;
	q->n--;
	q->bytes -= taken.cost;
	if (q->n == 0)
		(void)eventfd_read(q->fd, &count); /* only resets the wake-up */
	return taken.item;
}

void
wakeq_free(struct wakeq *q)
{
	if (q == NULL)
		return;
	while (q->n != 0) {
		void *item = pop(q);

		if (q->drop != NULL)
			q->drop(item);
	}
	(void)close(q->fd); /* an eventfd has nothing to flush */
	(void)pthread_mutex_destroy(&q->lock);
	free(q->ring);
	free(q);
}

/* An empty queue takes any one item, or a message larger than the budget could never pass. */
static bool
fits(const struct wakeq *q, size_t cost)
{
	if (q->n == 0)
		return true;
	return q->n < q->max_items && q->bytes <= q->max_bytes && cost <= q->max_bytes - q->bytes;
}

bool
wakeq_push(struct wakeq *q, void *item, size_t cost)
{
	lock(q);
	while (!fits(q, cost)) {
		void *oldest;

		if (!q->evict) {
			unlock(q);
			return false;
		}
		oldest = pop(q);
		q->evicted++;
		unlock(q); /* freeing may be slow: never while the consumer waits for the lock */
		if (q->drop != NULL)
			q->drop(oldest);
		lock(q);
	}
	q->ring[(q->first + q->n) % q->max_items] = (struct slot){ item, cost };
	q->bytes += cost;
	if (q->n++ == 0)
		(void)eventfd_write(q->fd, 1); /* cannot fail: the counter was 0 */
	unlock(q);
	return true;
}

void *
wakeq_take(struct wakeq *q)
{
	void *item = NULL;

	lock(q);
	if (q->n != 0)
		item = pop(q);
	unlock(q);
	return item;
}

size_t
wakeq_take_many(struct wakeq *q, void **items, size_t n)
{
	size_t taken = 0;

	lock(q);
	while (taken < n && q->n != 0)
		items[taken++] = pop(q);
	unlock(q);
	return taken;
}

size_t
wakeq_length(struct wakeq *q)
{
	size_t n;

	lock(q);
	n = q->n;
	unlock(q);
	return n;
}

uint64_t
wakeq_evicted(struct wakeq *q)
{
	uint64_t n;

	lock(q);
	n = q->evicted;
	unlock(q);
	return n;
}

int
wakeq_fd(const struct wakeq *q)
{
	return q->fd;
}
