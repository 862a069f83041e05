#include "core/model/audit.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/model/audit_db.h"

#define BATCH 64	/* rows in one transaction: one flush of the disk */
#define RETRY_MS 1000	/* after a write that failed */

struct audit {
	pthread_mutex_t lock; /* of everything but db and the batch at work */
	pthread_cond_t work, done;
	pthread_t thread;
	bool has_thread, stop, failing;
	struct audit_item *first, *last; /* waiting */
	size_t n_waiting;
	uint64_t queued, written, failures; /* ever */
	uint64_t lost, lost_told;
	struct audit_line tail[AUDIT_TAIL]; /* ring */
	uint64_t n_tail;
	uint64_t n_memory; /* rows without a file */
	struct audit_db db;
};

/* ---- rows */

static size_t
limited(struct span s, size_t max)
{
	return s.n < max ? s.n : max;
}

static struct span
copy_field(uint8_t **at, struct span s, size_t max)
{
	struct span copy = { *at, limited(s, max) };

	if (copy.n != 0)
		memcpy(*at, s.p, copy.n);
	*at += copy.n;
	return copy;
}

static struct audit_item *
make_item(const struct audit_row *row)
{
	struct span who = span_of(row->who), kind = span_of(row->kind);
	size_t n = limited(who, AUDIT_WHO - 1) + limited(kind, AUDIT_KIND - 1) +
	    limited(row->tree, AUDIT_TREE) + limited(row->text, AUDIT_TEXT) +
	    limited(row->detail, AUDIT_DETAIL);
	struct audit_item *i = calloc(1, sizeof *i + n);
	uint8_t *at;

	if (i == NULL)
		return NULL;
	at = i->bytes;
	i->time_ms = row->time_ms;
	i->who = copy_field(&at, who, AUDIT_WHO - 1);
	i->kind = copy_field(&at, kind, AUDIT_KIND - 1);
	i->tree = copy_field(&at, row->tree, AUDIT_TREE);
	i->text = copy_field(&at, row->text, AUDIT_TEXT);
	i->detail = copy_field(&at, row->detail, AUDIT_DETAIL);
	return i;
}

static void
free_items(struct audit_item *list)
{
	struct audit_item *next;

	for (; list != NULL; list = next) {
		next = list->next;
		free(list);
	}
}

/* Under the lock: onto the screen's ring and into the queue. */
static void
enqueue(struct audit *a, struct audit_item *i)
{
	i->place = a->n_tail++;
	audit_line_of(&a->tail[i->place % AUDIT_TAIL], i, a->has_thread ? 0 : ++a->n_memory);
	a->tail[i->place % AUDIT_TAIL].place = i->place + 1;
	if (!a->has_thread) {
		free(i);
		return;
	}
	if (a->last == NULL)
		a->first = i;
	else
		a->last->next = i;
	a->last = i;
	a->n_waiting++;
	a->queued++;
	(void)pthread_cond_signal(&a->work); /* initialised: cannot fail */
}

bool
audit_append(struct audit *a, const struct audit_row *row)
{
	struct audit_item *i = make_item(row);
	bool room;

	(void)pthread_mutex_lock(&a->lock); /* a plain mutex that was initialised cannot fail */
	room = i != NULL && a->n_waiting < AUDIT_QUEUE;
	if (room)
		enqueue(a, i);
	else
		a->lost++;
	(void)pthread_mutex_unlock(&a->lock);
	if (!room)
		free(i);
	return room;
}

/* ---- the writer */

/* Under the lock: what was lost becomes a row, as soon as rows can be written again. */
static void
tell_lost(struct audit *a)
{
	struct clock clock = clock_real();
	struct audit_row row = { .who = "mqgp", .kind = "lost" };
	struct audit_item *i;
	struct buf text;

	if (a->lost == a->lost_told || a->failing)
		return;
	buf_init(&text, AUDIT_TEXT);
	(void)buf_printf(&text, "%llu rows were not written", /* fits; if not, the row is empty */
	    (unsigned long long)(a->lost - a->lost_told));
	row.time_ms = clock_wall_ms(&clock);
	row.text = buf_span(&text);
	if ((i = make_item(&row)) != NULL) {
		enqueue(a, i);
		a->lost_told = a->lost;
	}
	buf_done(&text);
}

/* Under the lock. */
static struct audit_item *
take_batch(struct audit *a)
{
	struct audit_item *batch = a->first, *end = batch;

	for (int n = 1; n < BATCH && end->next != NULL; n++)
		end = end->next;
	a->first = end->next;
	if (a->first == NULL)
		a->last = NULL;
	end->next = NULL;
	return batch;
}

static size_t
count_items(const struct audit_item *list)
{
	size_t n = 0;

	for (; list != NULL; list = list->next)
		n++;
	return n;
}

/* Under the lock. */
static void
pause_before_retry(struct audit *a)
{
	struct clock clock = clock_real();
	int64_t at = clock_mono_ms(&clock) + RETRY_MS;
	struct timespec until = { .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };

	while (!a->stop && pthread_cond_timedwait(&a->work, &a->lock, &until) == 0)
		continue;
}

/* Under the lock, which is released while the disk works. False: the batch must wait. */
static bool
write_batch(struct audit *a, struct audit_item *batch)
{
	struct mq_error e = { 0 };
	uint64_t n = 0;
	enum mq_err r;

	(void)pthread_mutex_unlock(&a->lock);
	r = audit_db_append(&a->db, batch, &n, &e);
	if (r != MQ_OK && !a->failing)
		log_error("%s", e.text);
	(void)pthread_mutex_lock(&a->lock);
	a->failing = r != MQ_OK;
	a->failures += r != MQ_OK;
	if (r != MQ_OK)
		return false;
	for (const struct audit_item *i = batch; i != NULL; i = i->next, n++) {
		struct audit_line *l = &a->tail[i->place % AUDIT_TAIL];

		if (a->n_tail - i->place <= AUDIT_TAIL)
			l->n = n;
	}
	return true;
}

static void *
writer(void *arg)
{
	struct audit *a = arg;
	struct audit_item *batch = NULL;

	(void)pthread_mutex_lock(&a->lock);
	for (;;) {
		size_t n;

		while (a->first == NULL && batch == NULL && !a->stop)
			(void)pthread_cond_wait(&a->work, &a->lock);
		if (a->first == NULL && batch == NULL)
			break;
		if (batch == NULL)
			batch = take_batch(a);
		n = count_items(batch);
		if (write_batch(a, batch)) {
			a->n_waiting -= n;
			a->written += n;
			free_items(batch);
			batch = NULL;
			tell_lost(a);
		} else if (a->stop) {
			a->lost += a->n_waiting;
			break;
		} else {
			(void)pthread_cond_broadcast(&a->done);
			pause_before_retry(a);
			continue;
		}
		(void)pthread_cond_broadcast(&a->done);
	}
	free_items(batch);
	(void)pthread_cond_broadcast(&a->done);
	(void)pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ---- life */

static enum mq_err
init_locks(struct audit *a)
{
	pthread_condattr_t attr;

	if (pthread_condattr_init(&attr) != 0)
		return MQ_ENOMEM;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC); /* known to every Linux */
	if (pthread_mutex_init(&a->lock, NULL) != 0 || pthread_cond_init(&a->work, &attr) != 0 ||
	    pthread_cond_init(&a->done, &attr) != 0) {
		(void)pthread_condattr_destroy(&attr); /* never fails */
		return MQ_ENOMEM;
	}
	(void)pthread_condattr_destroy(&attr);
	return MQ_OK;
}

/* Opens the file, or a new one if it is damaged; *aside then names the damaged one. */
static enum mq_err
open_db(struct audit *a, const char *path, char aside[PATH_MAX], struct mq_error *e)
{
	enum mq_err r = audit_db_open(&a->db, path, e);

	if (r != MQ_ESTATE)
		return r;
	if ((r = audit_db_set_aside(path, aside, PATH_MAX, e)) != MQ_OK)
		return r;
	return audit_db_open(&a->db, path, e);
}

static enum mq_err
load_tail(struct audit *a, struct mq_error *e)
{
	struct audit_line *newest = calloc(AUDIT_TAIL, sizeof *newest);
	size_t n = 0;
	enum mq_err r;

	if (newest == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the audit log");
	if ((r = audit_db_tail(&a->db, newest, AUDIT_TAIL, &n, e)) == MQ_OK)
		while (n > 0) {
			newest[--n].place = a->n_tail + 1;
			a->tail[a->n_tail++ % AUDIT_TAIL] = newest[n];
		}
	free(newest);
	return r;
}

/* The new log begins by saying why it is new. */
static void
note_damage(struct audit *a, const char *aside, struct mq_error *e)
{
	struct clock clock = clock_real();
	struct audit_row row = { .time_ms = clock_wall_ms(&clock), .who = "mqgp", .kind = "damage",
		.text = span_of("the audit log was damaged; it was kept aside and a new one begun"),
		.detail = span_of(aside) };

	(void)mq_fail(e, MQ_ESTATE, "the audit log was damaged; it is kept as %s", aside);
	(void)audit_append(a, &row); /* the queue is empty; without memory it is counted */
}

enum mq_err
audit_open(const char *path, struct audit **out, struct mq_error *e)
{
	struct audit *a = calloc(1, sizeof *a);
	char aside[PATH_MAX] = "";
	enum mq_err r = MQ_OK;

	if (a == NULL || init_locks(a) != MQ_OK) {
		free(a);
		return mq_fail(e, MQ_ENOMEM, "no memory for the audit log");
	}
	if (path != NULL) {
		if ((r = open_db(a, path, aside, e)) != MQ_OK || (r = load_tail(a, e)) != MQ_OK)
			goto out;
		if (pthread_create(&a->thread, NULL, writer, a) != 0) {
			r = mq_fail(e, MQ_ENOMEM, "cannot start the audit log's writer");
			goto out;
		}
		a->has_thread = true;
	}
	if (e != NULL)
		*e = (struct mq_error){ .code = MQ_OK };
	if (aside[0] != '\0')
		note_damage(a, aside, e);
	*out = a;
	a = NULL;
out:
	audit_close(a);
	return r;
}

void
audit_close(struct audit *a)
{
	if (a == NULL)
		return;
	(void)pthread_mutex_lock(&a->lock);
	a->stop = true;
	(void)pthread_cond_signal(&a->work);
	(void)pthread_mutex_unlock(&a->lock);
	if (a->has_thread)
		(void)pthread_join(a->thread, NULL); /* ours, joinable, joined once */
	free_items(a->first);
	if (a->db.sql != NULL)
		audit_db_close(&a->db);
	(void)pthread_cond_destroy(&a->done); /* nobody waits any more */
	(void)pthread_cond_destroy(&a->work);
	(void)pthread_mutex_destroy(&a->lock);
	free(a);
}

enum mq_err
audit_flush(struct audit *a)
{
	uint64_t target, failures;
	enum mq_err r;

	(void)pthread_mutex_lock(&a->lock);
	target = a->queued;
	failures = a->failures;
	while (a->written < target && a->failures == failures)
		(void)pthread_cond_wait(&a->done, &a->lock);
	r = a->written >= target ? MQ_OK : MQ_EIO;
	(void)pthread_mutex_unlock(&a->lock);
	return r;
}

uint64_t
audit_lost(struct audit *a)
{
	uint64_t n;

	(void)pthread_mutex_lock(&a->lock);
	n = a->lost;
	(void)pthread_mutex_unlock(&a->lock);
	return n;
}

size_t
audit_lines(struct audit *a, uint64_t *newest)
{
	size_t n;

	(void)pthread_mutex_lock(&a->lock);
	*newest = a->n_tail;
	n = a->n_tail < AUDIT_TAIL ? (size_t)a->n_tail : AUDIT_TAIL;
	(void)pthread_mutex_unlock(&a->lock);
	return n;
}

size_t
audit_tail(struct audit *a, struct audit_line *out, size_t max, size_t skip)
{
	size_t kept, n = 0;

	(void)pthread_mutex_lock(&a->lock);
	kept = a->n_tail < AUDIT_TAIL ? (size_t)a->n_tail : AUDIT_TAIL;
	for (; n < max && skip + n < kept; n++)
		out[n] = a->tail[(a->n_tail - 1 - skip - n) % AUDIT_TAIL];
	(void)pthread_mutex_unlock(&a->lock);
	return n;
}
