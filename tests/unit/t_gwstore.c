#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/conf/bundle.h"
#include "core/flow/gwstore.h"

struct place {
	char dir[32], state[48];
	struct gwmeta_rev rev[4]; /* of the bundles 1..3 */
	struct buf bundle[4];
};

/* The body is not parsed by the store: any text will do. */
static void
make_bundle(struct place *p, uint32_t n)
{
	struct bundle_sig sig = { (uint8_t *)(uintptr_t) "\x88\x01\x02", 3 };
	char body[32];

	(void)snprintf(body, sizeof body, "#!mqgp.conf 1\nn=%u\n", n);
	buf_init(&p->bundle[n], BUNDLE_MAX);
	assert_int_equal(bundle_print(&p->bundle[n], span_of(body), NULL, &sig, 1), MQ_OK);
	conf_hash(p->rev[n].hash, span_of(body));
	p->rev[n].revision = n;
}

static int
setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	const uint8_t claim[32] = { 7 };

	assert_true(sodium_init() >= 0);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->state, sizeof p->state, "%s/s", p->dir);
	for (uint32_t n = 1; n <= 3; n++)
		make_bundle(p, n);
	assert_int_equal(gwstore_create(p->state, NULL, claim, NULL), MQ_OK);
	*state = p;
	return 0;
}

static int
teardown(void **state)
{
	struct place *p = *state;

	for (uint32_t n = 1; n <= 3; n++)
		buf_done(&p->bundle[n]);
	assert_int_equal(file_remove_tree(p->dir, NULL), MQ_OK);
	free(p);
	return 0;
}

static struct gwstore *
open_store(const struct place *p)
{
	struct gwstore *s = NULL;
	struct mq_error e = { .text = "" };

	if (gwstore_open(&s, p->state, &e) != MQ_OK)
		fail_msg("%s", e.text);
	return s;
}

static enum mq_err
commit(struct gwstore *s, const struct place *p, uint32_t n)
{
	struct mq_error e;
	enum mq_err r = gwstore_put_pending(s, p->rev[n].hash, buf_span(&p->bundle[n]), &e);

	return r != MQ_OK ? r : gwstore_commit(s, &p->rev[n], 1, (struct span){ NULL, 0 }, n == 2, &e);
}

static void
a_new_gateway_has_a_data_key_a_claim_and_nothing_else(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);

	assert_false(s->damaged);
	assert_int_equal(s->data_sk.n, 64);
	assert_int_equal(s->claim.n, 32);
	assert_null(gwmeta_newest(&s->meta));
	assert_int_equal(s->cur.n + s->prev.n + s->n_pend + s->n_epochs, 0);
	gwstore_close(s);
	assert_int_equal(gwstore_create(p->state, NULL, NULL, NULL), MQ_EEXIST);
}

static void
what_was_committed_is_there_after_a_restart(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	uint32_t boot = s->meta.boot;

	assert_int_equal(commit(s, p, 1), MQ_OK);
	assert_int_equal(s->claim.n, 0); /* used up */
	assert_int_equal(gwstore_put_pending(s, p->rev[3].hash, buf_span(&p->bundle[3]), NULL), MQ_OK);
	assert_int_equal(commit(s, p, 2), MQ_OK); /* empties pend/, the rival too */
	assert_true(s->meta.rekey_due);
	gwstore_close(s);
	s = open_store(p);
	assert_true(span_eq(buf_span(&s->cur), buf_span(&p->bundle[2])));
	assert_true(span_eq(buf_span(&s->prev), buf_span(&p->bundle[1])));
	assert_int_equal(s->n_pend, 0);
	assert_int_equal(gwmeta_newest(&s->meta)->revision, 2);
	assert_true(s->meta.boot >= boot + 2);
	assert_int_equal(s->claim.n, 0);
	gwstore_close(s);
}

/* Commits revision 2 over 1 in a child that dies at this step. */
static void
commit_and_die(const struct place *p, const char *step)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct gwstore *s = open_store(p);

		(void)setenv("MQGP_CRASH_AT", step, 1);
		if (strcmp(step, "S9") == 0)
			(void)gwstore_erase_epoch(s, 1, NULL);
		else
			(void)commit(s, p, 2);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

static void
killed_at_any_step_a_commit_happened_or_did_not(void **state)
{
	static const struct {
		const char *step;
		bool happened, pending;
	} rows[] = {
		{ "S1", false, true },
		{ "S4", false, true },
		{ "S5", true, false },
		{ "S6", true, false },
	};
	const struct place *p = *state;
	struct gwstore *s = open_store(p);

	assert_int_equal(commit(s, p, 1), MQ_OK);
	gwstore_close(s);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t n = rows[i].happened ? 2 : 1, boot;

		commit_and_die(p, rows[i].step);
		s = open_store(p);
		assert_false(s->damaged);
		assert_true(span_eq(buf_span(&s->cur), buf_span(&p->bundle[n])));
		assert_int_equal(gwmeta_newest(&s->meta)->revision, n);
		assert_int_equal(s->meta.n_committed, n);
		assert_int_equal(s->meta.n_next, 0);
		assert_int_equal(s->n_pend, rows[i].pending ? 1 : 0);
		assert_true(span_eq(buf_span(&s->prev), rows[i].happened ? buf_span(&p->bundle[1]) :
									   (struct span){ NULL, 0 }));
		boot = s->meta.boot;
		assert_int_equal(gwstore_boot(s, NULL), MQ_OK);
		assert_int_equal(s->meta.boot, boot + 1);
		gwstore_close(s);
		if (!rows[i].happened)
			continue;
		assert_int_equal(file_remove_tree(p->state, NULL), MQ_OK); /* back to revision 1 */
		assert_int_equal(gwstore_create(p->state, NULL, NULL, NULL), MQ_OK);
		s = open_store(p);
		assert_int_equal(commit(s, p, 1), MQ_OK);
		gwstore_close(s);
	}
}

static void
an_erased_epoch_key_stays_erased(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	const uint8_t secret[32] = { 1 };

	for (uint32_t epoch = 1; epoch <= 2; epoch++)
		assert_int_equal(gwstore_put_epoch(s, epoch, secret, NULL), MQ_OK);
	gwstore_close(s);
	commit_and_die(p, "S9");
	s = open_store(p);
	assert_null(gwstore_epoch_secret(s, 1));
	assert_non_null(gwstore_epoch_secret(s, 2));
	assert_memory_equal(gwstore_epoch_secret(s, 2)->p, secret, 32);
	gwstore_close(s);
}

static void
only_one_process_has_the_folder_but_others_may_look(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p), *other = NULL;
	struct mq_error e;

	assert_int_equal(gwstore_open(&other, p->state, &e), MQ_EAGAIN);
	assert_non_null(strstr(e.text, "another mqgpd"));
	assert_int_equal(gwstore_peek(&other, p->state, &e), MQ_OK);
	assert_int_equal(other->data_sk.n, 64);
	gwstore_close(other);
	assert_int_equal(gwstore_open(&other, p->state, &e), MQ_EAGAIN); /* looking took no lock */
	gwstore_close(s);
	gwstore_close(open_store(p));
}

static void
a_folder_that_others_can_read_is_refused(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = NULL;
	struct mq_error e;

	assert_int_equal(chmod(p->state, 0750), 0);
	assert_int_equal(gwstore_open(&s, p->state, &e), MQ_EPERM);
	assert_int_equal(chmod(p->state, 0700), 0);
	assert_int_equal(gwstore_open(&s, "/nonexistent/x", &e), MQ_ENOENT);
	assert_non_null(strstr(e.text, "mqgpd init"));
}

static void
every_damaged_file_is_named_and_left_alone(void **state)
{
	static const char *const names[] = { "meta", "cur.bundle", "data.key" };
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	char path[80];

	assert_int_equal(commit(s, p, 1), MQ_OK);
	gwstore_close(s);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct buf good, after;

		buf_init(&good, GWMETA_MAX);
		buf_init(&after, GWMETA_MAX);
		(void)snprintf(path, sizeof path, "%s/%s", p->state, names[i]);
		assert_int_equal(file_read(path, &good, NULL), MQ_OK);
		assert_int_equal(file_write(path, "scribble\n", 9, NULL), MQ_OK);
		s = open_store(p);
		assert_true(s->damaged);
		assert_non_null(strstr(s->why.text, names[i]));
		gwstore_close(s);
		assert_int_equal(file_read(path, &after, NULL), MQ_OK);
		assert_true(span_is(buf_span(&after), "scribble\n"));
		assert_int_equal(file_write(path, good.p, good.n, NULL), MQ_OK);
		buf_done(&good);
		buf_done(&after);
	}
	s = open_store(p);
	assert_false(s->damaged);
	gwstore_close(s);
}

static void
a_bundle_that_was_never_committed_is_no_conf(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	char path[80];

	assert_int_equal(commit(s, p, 1), MQ_OK);
	gwstore_close(s);
	(void)snprintf(path, sizeof path, "%s/cur.bundle", p->state);
	assert_int_equal(file_write(path, p->bundle[3].p, p->bundle[3].n, NULL), MQ_OK);
	s = open_store(p);
	assert_true(s->damaged);
	gwstore_close(s);
	assert_int_equal(file_unlink(path, NULL), MQ_OK);
	s = open_store(p);
	assert_true(s->damaged);
	gwstore_close(s);
}

static void
a_candidate_whose_bytes_changed_is_no_candidate(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	char path[160], hex[2 * HASH_BYTES + 1];

	assert_int_equal(gwstore_put_pending(s, p->rev[1].hash, buf_span(&p->bundle[1]), NULL), MQ_OK);
	gwstore_close(s);
	(void)sodium_bin2hex(hex, sizeof hex, p->rev[1].hash, HASH_BYTES);
	(void)snprintf(path, sizeof path, "%s/pend/%s.bundle", p->state, hex);
	assert_int_equal(file_write(path, p->bundle[2].p, p->bundle[2].n, NULL), MQ_OK);
	s = open_store(p);
	assert_false(s->damaged);
	assert_int_equal(s->n_pend, 0);
	gwstore_close(s);
}

static void
the_last_boot_number_is_never_passed(void **state)
{
	const struct place *p = *state;
	struct gwstore *s = open_store(p);
	struct mq_error e;

	s->meta.boot = UINT32_MAX - 1;
	assert_int_equal(gwstore_boot(s, &e), MQ_OK);
	assert_int_equal(gwstore_boot(s, &e), MQ_ELIMIT);
	assert_int_equal(s->meta.boot, UINT32_MAX);
	gwstore_close(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_new_gateway_has_a_data_key_a_claim_and_nothing_else),
		T(what_was_committed_is_there_after_a_restart),
		T(killed_at_any_step_a_commit_happened_or_did_not),
		T(an_erased_epoch_key_stays_erased),
		T(only_one_process_has_the_folder_but_others_may_look),
		T(a_folder_that_others_can_read_is_refused),
		T(every_damaged_file_is_named_and_left_alone),
		T(a_bundle_that_was_never_committed_is_no_conf),
		T(a_candidate_whose_bytes_changed_is_no_candidate),
		T(the_last_boot_number_is_never_passed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
