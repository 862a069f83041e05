#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/net/crew.h"

#define JOBS 500

struct batch {
	uint32_t calls[JOBS]; /* one writer each: a race would be ThreadSanitizer's to find */
	uint32_t result[JOBS];
	uint32_t salt;
};

static void
job(void *arg, size_t i)
{
	struct batch *b = arg;

	b->calls[i]++;
	b->result[i] = (uint32_t)i * 2654435761U ^ b->salt;
}

static void
run_and_check(struct crew *c, size_t n, uint32_t salt)
{
	struct batch b;

	memset(&b, 0, sizeof b);
	b.salt = salt;
	crew_run(c, job, &b, n);
	for (size_t i = 0; i < JOBS; i++) {
		assert_int_equal(b.calls[i], i < n ? 1 : 0);
		if (i < n)
			assert_int_equal(b.result[i], (uint32_t)i * 2654435761U ^ salt);
	}
}

static void
every_job_runs_exactly_once(void **state)
{
	struct crew *c = crew_new(3);

	(void)state;
	assert_non_null(c);
	assert_int_equal(crew_size(c), 4);
	for (uint32_t round = 0; round < 300; round++)
		run_and_check(c, round % 7 == 0 ? JOBS : round % 5, round);
	crew_free(c);
}

static void
a_crew_without_helpers_works_alone(void **state)
{
	struct crew *c = crew_new(0);

	(void)state;
	assert_non_null(c);
	run_and_check(c, JOBS, 7);
	crew_free(c);
	crew_free(NULL);
}

static void
an_empty_batch_and_an_idle_crew_end_cleanly(void **state)
{
	struct crew *c = crew_new(2);

	(void)state;
	assert_non_null(c);
	run_and_check(c, 0, 1);
	crew_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_runs_exactly_once),
		cmocka_unit_test(a_crew_without_helpers_works_alone),
		cmocka_unit_test(an_empty_batch_and_an_idle_crew_end_cleanly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
