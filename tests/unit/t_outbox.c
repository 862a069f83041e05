#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/owner/outbox.h"

#define TREE "plant/pump"
#define BODY "#!mqgp.conf 1\nheartbeat=10\n"
#define BUNDLE "MQGP-BUNDLE 1\nnot judged here\n"
#define BLOB "sealed"

struct fixture {
	char dir[32];
	char box[PATH_MAX];
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	char id[33];

	(void)snprintf(f->dir, sizeof f->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	topic_id(id, span_of(TREE));
	(void)snprintf(f->box, sizeof f->box, "%s/outbox/%s", f->dir, id);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, NULL), MQ_OK);
	free(f);
	return 0;
}

static struct outbox *
open_box(struct fixture *f)
{
	struct outbox *b;
	struct mq_error e = { 0 };
	enum mq_err r = outbox_open(&b, f->dir, span_of(TREE), &e);

	assert_string_equal(e.text, "");
	assert_int_equal(r, MQ_OK);
	return b;
}

static struct outbox_meta
meta_of(uint32_t base)
{
	struct outbox_meta m = { .kind = "edit", .base_revision = base, .revision = base + 1,
		.new_epoch = 4, .complete = true };

	memset(m.base_hash, (int)base, HASH_BYTES);
	memset(m.hash, 0xab, HASH_BYTES);
	return m;
}

static void
fill_secret(uint8_t secret[32])
{
	memset(secret, 0x5a, 32);
}

/* From wherever it stands to the end, as the tool does it. */
static void
walk(struct fixture *f)
{
	struct outbox *b = open_box(f);
	struct outbox_meta m = meta_of(7);
	uint8_t secret[32];

	fill_secret(secret);
	if (outbox_meta(b)->step < OUTBOX_O1)
		assert_int_equal(outbox_put_draft(b, &m, span_of(BODY), NULL), MQ_OK);
	if (outbox_meta(b)->step < OUTBOX_O2)
		assert_int_equal(outbox_put_signed(b, &m, span_of(BUNDLE), secret, span_of(BLOB), NULL),
		    MQ_OK);
	for (int s = OUTBOX_O3; s <= OUTBOX_O7; s++)
		if (outbox_meta(b)->step < (enum outbox_step)s)
			assert_int_equal(outbox_reach(b, (enum outbox_step)s, NULL), MQ_OK);
	outbox_close(b);
}

static void
die_at(struct fixture *f, const char *step)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setenv("MQGP_CRASH_AT", step, 1);
		walk(f);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
check_files(struct outbox *b)
{
	enum outbox_step step = outbox_meta(b)->step;
	uint8_t secret[32], want[32];
	struct buf out;

	buf_init(&out, 65536);
	assert_int_equal(outbox_get_draft(b, &out, NULL), MQ_OK);
	assert_true(span_is(buf_span(&out), BODY));
	buf_reset(&out);
	if (step >= OUTBOX_O2) {
		assert_int_equal(outbox_get_bundle(b, &out, NULL), MQ_OK);
		assert_true(span_is(buf_span(&out), BUNDLE));
		assert_int_equal(outbox_meta(b)->revision, 8);
		assert_int_equal(outbox_meta(b)->new_epoch, 4);
		assert_true(outbox_meta(b)->complete);
	}
	if (step >= OUTBOX_O2 && step < OUTBOX_O7) {
		buf_reset(&out);
		fill_secret(want);
		assert_int_equal(outbox_get_epoch(b, secret, &out, NULL), MQ_OK);
		assert_memory_equal(secret, want, 32);
		assert_true(span_is(buf_span(&out), BLOB));
	}
	buf_done(&out);
}

static void
a_crash_at_any_step_leaves_that_step_and_the_rest_can_follow(void **state)
{
	static const char *const steps[] = { "O1", "O2", "O3", "O4", "O5", "O6", "O7" };
	struct fixture *f = *state;
	struct outbox_meta m;

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		struct outbox *b;

		die_at(f, steps[i]);
		b = open_box(f);
		assert_string_equal(outbox_step_name(outbox_meta(b)->step), steps[i]);
		check_files(b);
		outbox_close(b);
		walk(f);
		assert_int_equal(outbox_peek(f->dir, span_of(TREE), &m), MQ_OK);
		assert_int_equal(m.step, OUTBOX_O7);
		assert_int_equal(file_remove_tree(f->box, NULL), MQ_OK);
	}
}

static void
two_terminals_never_work_on_one_tree(void **state)
{
	struct fixture *f = *state;
	struct outbox *first = open_box(f), *second, *other;
	struct mq_error e;

	assert_int_equal(outbox_open(&second, f->dir, span_of(TREE), &e), MQ_EAGAIN);
	assert_non_null(strstr(e.text, "another terminal"));
	assert_int_equal(outbox_open(&other, f->dir, span_of("plant/valve"), NULL), MQ_OK);
	outbox_close(other);
	outbox_close(first);
	outbox_close(open_box(f));
}

static void
a_damaged_meta_is_kept_aside_and_named(void **state)
{
	struct fixture *f = *state;
	struct outbox *b;
	struct mq_error e;
	char path[PATH_MAX + 8];

	walk(f);
	(void)snprintf(path, sizeof path, "%s/meta", f->box);
	assert_int_equal(file_write(path, "#!mqgp.outbox 1\nstep=O9\n", 24, NULL), MQ_OK);
	assert_int_equal(outbox_open(&b, f->dir, span_of(TREE), &e), MQ_ESTATE);
	assert_non_null(strstr(e.text, "meta.damaged"));
	b = open_box(f);
	assert_int_equal(outbox_meta(b)->step, OUTBOX_EMPTY);
	outbox_close(b);
}

static void
a_draft_of_another_base_is_kept(void **state)
{
	struct fixture *f = *state;
	struct outbox *b = open_box(f);
	struct outbox_meta first = meta_of(7), second = meta_of(8);
	char path[PATH_MAX + 16];
	struct buf out;

	assert_int_equal(outbox_put_draft(b, &first, span_of("the first\n"), NULL), MQ_OK);
	assert_int_equal(outbox_put_draft(b, &second, span_of("the second\n"), NULL), MQ_OK);
	buf_init(&out, 64);
	(void)snprintf(path, sizeof path, "%s/draft.7", f->box);
	assert_int_equal(file_read(path, &out, NULL), MQ_OK);
	assert_true(span_is(buf_span(&out), "the first\n"));
	buf_reset(&out);
	assert_int_equal(outbox_get_draft(b, &out, NULL), MQ_OK);
	assert_true(span_is(buf_span(&out), "the second\n"));
	buf_done(&out);
	outbox_close(b);
}

static void
what_is_given_up_keeps_its_bundle_and_loses_its_secret(void **state)
{
	struct fixture *f = *state;
	struct outbox *b = open_box(f);
	struct outbox_meta m = meta_of(7);
	char path[PATH_MAX + 32];
	uint8_t secret[32];

	fill_secret(secret);
	assert_int_equal(outbox_put_signed(b, &m, span_of(BUNDLE), secret, span_of(BLOB), NULL), MQ_OK);
	assert_int_equal(outbox_give_up(b, "cancelled", NULL), MQ_OK);
	assert_int_equal(outbox_meta(b)->step, OUTBOX_EMPTY);
	(void)snprintf(path, sizeof path, "%s/8.bundle.cancelled", f->box);
	assert_true(file_exists(path));
	(void)snprintf(path, sizeof path, "%s/secret", f->box);
	assert_false(file_exists(path));
	outbox_close(b);
}

static void
a_tree_without_an_outbox_has_nothing_to_peek_at(void **state)
{
	struct fixture *f = *state;
	struct outbox_meta m;

	assert_int_equal(outbox_peek(f->dir, span_of(TREE), &m), MQ_ENOENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_crash_at_any_step_leaves_that_step_and_the_rest_can_follow, setup, teardown),
		cmocka_unit_test_setup_teardown(two_terminals_never_work_on_one_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(a_damaged_meta_is_kept_aside_and_named, setup, teardown),
		cmocka_unit_test_setup_teardown(a_draft_of_another_base_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_given_up_keeps_its_bundle_and_loses_its_secret,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(a_tree_without_an_outbox_has_nothing_to_peek_at, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
