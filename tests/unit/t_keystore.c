#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/trust/keystore.h"
#include "core/trust/pgp.h"

#define FPR_A "479662EA0000000000000000000000000000AAAA"
#define FPR_B "607400BE0000000000000000000000000000BBBB"

struct fixture {
	char dir[32], keys[48];
	struct keystore *k;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	(void)snprintf(f->dir, sizeof f->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->keys, sizeof f->keys, "%s/keys", f->dir);
	assert_int_equal(keystore_open(&f->k, f->keys, NULL), MQ_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	keystore_close(f->k);
	assert_int_equal(file_remove_tree(f->dir, NULL), MQ_OK);
	free(f);
	return 0;
}

static struct fpr
fpr(const char *hex)
{
	struct fpr f;

	assert_true(fpr_parse(span_of(hex), &f));
	return f;
}

static void
put_file(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	char path[160];

	assert_int_equal(file_join(path, sizeof path, f->keys, name), MQ_OK);
	assert_int_equal(file_write_mode(path, text, strlen(text), mode, NULL), MQ_OK);
}

static void
count(void *arg, const struct fpr *f)
{
	(void)f;
	++*(unsigned *)arg;
}

static void
certificates_are_kept_by_fingerprint(void **state)
{
	struct fixture *f = *state;
	struct fpr a = fpr(FPR_A), b = fpr(FPR_B);
	struct stat st;
	struct buf out;
	char path[160];
	unsigned n = 0;

	buf_init(&out, PGP_CERT_MAX);
	assert_int_equal(keystore_get_cert(f->k, &a, &out), MQ_ENOENT);
	assert_int_equal(keystore_put_cert(f->k, &a, span_of("old"), NULL), MQ_OK);
	assert_int_equal(keystore_put_cert(f->k, &a, span_of("new"), NULL), MQ_OK);
	assert_int_equal(keystore_put_cert(f->k, &b, span_of("other"), NULL), MQ_OK);
	assert_int_equal(keystore_get_cert(f->k, &a, &out), MQ_OK);
	assert_true(span_is(buf_span(&out), "new"));
	assert_int_equal(file_join(path, sizeof path, f->keys, FPR_A ".asc"), MQ_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* names that are no fingerprint are nobody's certificate */
	put_file(f, "readme.asc", "x", 0600);
	put_file(f, "479662ea0000000000000000000000000000aaaa.asc", "x", 0600);
	put_file(f, FPR_A ".asc.damaged-1", "x", 0600);
	assert_int_equal(keystore_each_cert(f->k, count, &n), MQ_OK);
	assert_int_equal(n, 2);
	buf_done(&out);
}

static void
a_certificate_over_the_limit_is_refused(void **state)
{
	struct fixture *f = *state;
	struct fpr a = fpr(FPR_A);
	uint8_t *big = calloc(1, PGP_CERT_MAX + 1);
	struct mq_error e;

	assert_non_null(big);
	assert_int_equal(keystore_put_cert(f->k, &a, (struct span){ big, PGP_CERT_MAX + 1 }, &e),
	    MQ_ELIMIT);
	assert_int_equal(keystore_put_cert(f->k, &a, (struct span){ big, PGP_CERT_MAX }, &e), MQ_OK);
	free(big);
}

static void
an_epoch_secret_comes_back_whole_or_not_at_all(void **state)
{
	struct fixture *f = *state;
	struct span tree = span_of("a/../b"), other = span_of("a/b");
	uint8_t secret[32], back[32] = { 0 };

	memset(secret, 7, sizeof secret);
	assert_false(keystore_get_epoch(f->k, tree, 3, back));
	assert_int_equal(keystore_put_epoch(f->k, tree, 3, secret, NULL), MQ_OK);
	assert_true(keystore_get_epoch(f->k, tree, 3, back));
	assert_memory_equal(back, secret, sizeof secret);
	assert_false(keystore_get_epoch(f->k, tree, 4, back));
	assert_false(keystore_get_epoch(f->k, other, 3, back));
	assert_int_equal(keystore_erase_epoch(f->k, tree, 3, NULL), MQ_OK);
	assert_int_equal(keystore_erase_epoch(f->k, tree, 3, NULL), MQ_OK);
	assert_false(keystore_get_epoch(f->k, tree, 3, back));
}

static void
a_secret_that_others_may_read_is_not_used(void **state)
{
	struct fixture *f = *state;
	struct span tree = span_of("a/b");
	char id[33], name[64];
	uint8_t back[32];

	topic_id(id, tree);
	(void)snprintf(name, sizeof name, "%s.3.epoch", id);
	put_file(f, name, "0123456789abcdef0123456789abcdef", 0644);
	assert_false(keystore_get_epoch(f->k, tree, 3, back));
	put_file(f, name, "0123456789abcdef0123456789abcde", 0600); /* one byte short */
	assert_false(keystore_get_epoch(f->k, tree, 3, back));
	put_file(f, name, "0123456789abcdef0123456789abcdef", 0600);
	assert_true(keystore_get_epoch(f->k, tree, 3, back));
}

static void
a_store_without_folder_keeps_nothing(void **state)
{
	struct fpr a = fpr(FPR_A);
	struct keystore *k;
	unsigned n = 0;
	struct buf out;

	(void)state;
	buf_init(&out, 16);
	assert_int_equal(keystore_open(&k, NULL, NULL), MQ_OK);
	assert_int_equal(keystore_put_cert(k, &a, span_of("x"), NULL), MQ_OK);
	assert_int_equal(keystore_get_cert(k, &a, &out), MQ_ENOENT);
	assert_int_equal(keystore_each_cert(k, count, &n), MQ_OK);
	assert_int_equal(n, 0);
	keystore_close(k);
}

static void
a_folder_that_others_may_enter_is_refused(void **state)
{
	struct fixture *f = *state;
	struct keystore *k;
	struct mq_error e;

	assert_int_equal(chmod(f->keys, 0755), 0);
	assert_int_equal(keystore_open(&k, f->keys, &e), MQ_EPERM);
	assert_non_null(strstr(e.text, "chmod 700"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(certificates_are_kept_by_fingerprint),
		T(a_certificate_over_the_limit_is_refused),
		T(an_epoch_secret_comes_back_whole_or_not_at_all),
		T(a_secret_that_others_may_read_is_not_used),
		cmocka_unit_test(a_store_without_folder_keeps_nothing),
		T(a_folder_that_others_may_enter_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
