#include "core/net/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/*
 * A batch is a number: helpers sleep until batch changes, then claim indexes from next until none
 * is left. The caller leaves only when every helper that joined the batch has left it, so a helper
 * that wakes up late finds either no work or the next batch, never half of one.
 */
struct crew {
	pthread_mutex_t lock;
	pthread_cond_t start, done;
	pthread_t thread[CREW_MAX];
	unsigned threads;
	unsigned long batch; /* under lock, as all up to here */
	unsigned inside;
	bool quit;
	crew_fn *fn; /* written under lock before batch changes */
	void *arg;
	size_t n;
	atomic_size_t next;
};

static void
work(struct crew *c, crew_fn *fn, void *arg, size_t n)
{
	size_t i;

	while ((i = atomic_fetch_add_explicit(&c->next, 1, memory_order_relaxed)) < n)
		fn(arg, i);
}

static void *
helper(void *arg)
{
	struct crew *c = arg;
	unsigned long seen = 0;

	(void)pthread_mutex_lock(&c->lock);
	for (;;) {
		crew_fn *fn;
		void *fn_arg;
		size_t n;

		while (!c->quit && c->batch == seen)
			(void)pthread_cond_wait(&c->start, &c->lock);
		if (c->quit)
			break;
		seen = c->batch;
		fn = c->fn;
		if (fn == NULL) /* that batch is over already */
			continue;
		fn_arg = c->arg;
		n = c->n;
		c->inside++;
		(void)pthread_mutex_unlock(&c->lock);
		work(c, fn, fn_arg, n);
		(void)pthread_mutex_lock(&c->lock);
		if (--c->inside == 0)
			(void)pthread_cond_signal(&c->done);
	}
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct crew *
crew_new(unsigned helpers)
{
	struct crew *c = calloc(1, sizeof *c);
	sigset_t all, old;

	if (c == NULL)
		return NULL;
	if (pthread_mutex_init(&c->lock, NULL) != 0 || pthread_cond_init(&c->start, NULL) != 0 ||
	    pthread_cond_init(&c->done, NULL) != 0) {
		free(c);
		return NULL;
	}
	if (helpers > CREW_MAX)
		helpers = CREW_MAX;
	(void)sigfillset(&all); /* cannot fail, as the next */
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	while (c->threads < helpers &&
	    pthread_create(&c->thread[c->threads], NULL, helper, c) == 0)
		c->threads++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (c->threads < helpers) {
		crew_free(c);
		return NULL;
	}
	return c;
}

void
crew_free(struct crew *c)
{
	if (c == NULL)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->quit = true;
	(void)pthread_cond_broadcast(&c->start);
	(void)pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->threads; i++)
		(void)pthread_join(c->thread[i], NULL);
	(void)pthread_cond_destroy(&c->done);
	(void)pthread_cond_destroy(&c->start);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

void
crew_run(struct crew *c, crew_fn *fn, void *arg, size_t n)
{
	if (n <= 1 || c->threads == 0) { /* waking anybody costs more than it gains */
		for (size_t i = 0; i < n; i++)
			fn(arg, i);
		return;
	}
	(void)pthread_mutex_lock(&c->lock);
	c->fn = fn;
	c->arg = arg;
	c->n = n;
	atomic_store_explicit(&c->next, 0, memory_order_relaxed);
	c->batch++;
	(void)pthread_cond_broadcast(&c->start);
	(void)pthread_mutex_unlock(&c->lock);
	work(c, fn, arg, n);
	(void)pthread_mutex_lock(&c->lock);
	c->fn = NULL; /* nobody joins any more */
	while (c->inside != 0)
		(void)pthread_cond_wait(&c->done, &c->lock);
	(void)pthread_mutex_unlock(&c->lock);
}

unsigned
crew_size(const struct crew *c)
{
	return c->threads + 1;
}
