#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/trust/pins.h"

#define FPR_A "479662EA0000000000000000000000000000AAAA"
#define FPR_B "607400BE0000000000000000000000000000BBBB"
#define HASH "0101010101010101010101010101010101010101010101010101010101010101"

static struct pin
sample(const char *topic, uint32_t revision)
{
	struct pin p;

	memset(&p, 0, sizeof p);
	p.topic_n = strlen(topic);
	memcpy(p.topic, topic, p.topic_n);
	assert_true(fpr_parse(span_of(FPR_A), &p.gateway.fpr));
	assert_true(fpr_parse(span_of(FPR_B), &p.owner[0]));
	p.n_owners = 1;
	p.revision = revision;
	memset(p.hash, 1, sizeof p.hash);
	return p;
}

static int
make_folder(void **state)
{
	char *dir = strdup("/tmp/mqgp-XXXXXX");

	*state = dir;
	return dir == NULL || mkdtemp(dir) == NULL;
}

static int
remove_folder(void **state)
{
	int bad = file_remove_tree(*state, NULL) != MQ_OK;

	free(*state);
	return bad;
}

static void
path_in(void **state, char out[256])
{
	assert_int_equal(file_join(out, 256, *state, "pins"), MQ_OK);
}

static void
a_line_reads_back_and_nothing_else_reads(void **state)
{
	static const char *const bad[] = { "", FPR_A, FPR_A " 7 " HASH " pinned " FPR_B,
		FPR_A " 0 " HASH " pinned " FPR_B " a/b", FPR_A " 07 " HASH " pinned " FPR_B " a/b",
		FPR_A " 7 " HASH " trusted " FPR_B " a/b", FPR_A " 7 " HASH " pinned " FPR_B ", a/b",
		FPR_A " 7 " HASH " pinned  a/b", FPR_A " 7 " HASH " pinned " FPR_B " a/#",
		FPR_A "  7 " HASH " pinned " FPR_B " a/b" };
	struct pin pin = sample("plant/line 4/x", 7), back;
	struct buf line;

	(void)state;
	buf_init(&line, 4096);
	assert_int_equal(pins_print_line(&pin, &line), MQ_OK);
	assert_true(span_is(buf_span(&line),
	    FPR_A " 7 " HASH " pinned " FPR_B " plant/line 4/x\n"));
	assert_int_equal(pins_parse_line((struct span){ line.p, line.n - 1 }, &back), MQ_OK);
	assert_memory_equal(&pin, &back, sizeof pin);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(pins_parse_line(span_of(bad[i]), &back), MQ_EFORMAT);
	buf_done(&line);
}

static void
two_terminals_do_not_lose_each_others_pins(void **state)
{
	struct pin one = sample("a/b", 7), two = sample("c/d", 3), older = sample("a/b", 6);
	struct pins *first, *second, *third;
	char path[256];

	path_in(state, path);
	assert_int_equal(pins_open(&first, path, NULL), MQ_OK);
	assert_int_equal(pins_open(&second, path, NULL), MQ_OK);
	assert_int_equal(pins_set(first, &one, NULL), MQ_OK);
	assert_int_equal(pins_set(second, &two, NULL), MQ_OK);
	assert_int_equal(pins_set(second, &older, NULL), MQ_EAGAIN);
	assert_int_equal(pins_open(&third, path, NULL), MQ_OK);
	assert_int_equal(pins_count(third), 2);
	assert_int_equal(pins_find(third, span_of("a/b"))->revision, 7);
	assert_int_equal(pins_remove(third, span_of("a/b"), NULL), MQ_OK);
	assert_null(pins_find(third, span_of("a/b")));
	assert_int_equal(pins_remove(third, span_of("a/b"), NULL), MQ_ENOENT);
	pins_close(first);
	pins_close(second);
	pins_close(third);
}

static void
a_damaged_file_is_named_kept_aside_and_pins_nothing(void **state)
{
	static const char damaged[] = FPR_A " 7 " HASH " pinned " FPR_B " a/b\nxx\n";
	struct mq_error e;
	struct pins *p;
	char path[256];

	path_in(state, path);
	assert_int_equal(file_write(path, damaged, sizeof damaged - 1, NULL), MQ_OK);
	assert_int_equal(pins_open(&p, path, &e), MQ_ESTATE);
	assert_non_null(strstr(e.text, "damaged at line 2"));
	assert_non_null(strstr(e.text, "kept as"));
	assert_int_equal(pins_count(p), 0);
	assert_false(file_exists(path));
	pins_close(p);
}

static void
a_pin_that_would_damage_the_file_is_refused(void **state)
{
	struct pin good = sample("a/b", 7), bad[] = { good, good, good };
	struct pins *p, *again;
	char path[256];

	path_in(state, path);
	bad[0].n_owners = 0;
	bad[1].revision = 0;
	bad[2].topic_n = 0;
	assert_int_equal(pins_open(&p, path, NULL), MQ_OK);
	assert_int_equal(pins_set(p, &good, NULL), MQ_OK);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(pins_set(p, &bad[i], NULL), MQ_EINVAL);
	assert_int_equal(pins_open(&again, path, NULL), MQ_OK);
	assert_int_equal(pins_count(again), 1);
	pins_close(again);
	/* a file damaged by somebody else takes nothing from what is known here */
	assert_int_equal(file_write(path, "xx\n", 3, NULL), MQ_OK);
	assert_int_equal(pins_set(p, &good, NULL), MQ_ESTATE);
	assert_non_null(pins_find(p, span_of("a/b")));
	pins_close(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_reads_back_and_nothing_else_reads),
		cmocka_unit_test_setup_teardown(two_terminals_do_not_lose_each_others_pins,
		    make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_named_kept_aside_and_pins_nothing,
		    make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_pin_that_would_damage_the_file_is_refused,
		    make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
