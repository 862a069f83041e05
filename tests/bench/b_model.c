/* What a million topics cost: memory, messages a second, and the time of a frame's snapshot. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/model/model.h"
#include "core/model/snap.h"
#include "tests/bench/lib_fill.h"

#define FRAMES 300

/* CPU of this thread: what else runs on the machine does not count. */
static double
now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0)
		exit(3);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
resident(void)
{
	unsigned long total = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &total, &pages) != 2)
		exit(3);
	(void)fclose(f); /* only read */
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int
by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
frames(struct model *m, struct snap *s, const char *what, const char *filter)
{
	static double took[FRAMES];
	struct snap_view *v = snap_view_new(m);
	struct snap_request r = { .screen = SNAP_TOPICS, .filter_n = (uint16_t)strlen(filter) };
	size_t rows = topictree_rows(model_topics(m));

	if (v == NULL)
		exit(3);
	memcpy(r.filter, filter, r.filter_n);
	r.topics.rows = 50;
	for (int i = 0; i < FRAMES; i++) {
		double from = now();

		/* From the first row to anywhere, so that nothing is in a cache. */
		r.topics.move = (int64_t)((uint64_t)i * 2654435761u % rows);
		snap_build(v, &r, s);
		took[i] = now() - from;
		if (s->topics.n != 50 && !s->filter_running)
			exit(3);
	}
	qsort(took, FRAMES, sizeof took[0], by_time);
	printf("  %-34s median %6.3f ms  99%% %6.3f ms\n", what, took[FRAMES / 2] * 1e3,
	    took[FRAMES * 99 / 100] * 1e3);
	snap_view_free(v);
}

static void
measure(size_t topics, bool flat, struct snap *s)
{
	struct clock clock = clock_real();
	size_t before, used;
	struct model *m;
	double from, add, again;

	(void)malloc_trim(0); /* the last round's memory is not this one's */
	before = resident();
	used = mallinfo2().uordblks + mallinfo2().hblkhd;
	if ((m = model_new(&clock, FILL_BUDGET)) == NULL)
		exit(3);
	from = now();
	fill_model(m, topics, flat);
	add = now() - from;
	printf("%zu topics, %s\n", topics, flat ? "one level" : "1000 a branch");
	printf("  memory a topic                     %zu B resident, %zu B allocated\n",
	    (resident() - before) / topics,
	    (mallinfo2().uordblks + mallinfo2().hblkhd - used) / topics);
	from = now();
	for (size_t i = 0; i < topics; i++)
		fill_deliver(m, i * 6151 % topics, flat);
	again = now() - from;
	printf("  messages a second                  %.0f new topics, %.0f known ones\n",
	    (double)topics / add, (double)topics / again);
	fill_open(m);
	frames(m, s, "snapshot of 50 rows", "");
	frames(m, s, "the same while a filter looks", "sensor00");
	model_free(m);
}

int
main(void)
{
	struct snap *s = malloc(sizeof *s);

	if (s == NULL)
		return 3;
	measure(1000, false, s);
	measure(100000, false, s);
	measure(1000000, false, s);
	measure(1000000, true, s);
	free(s);
	return 0;
}
