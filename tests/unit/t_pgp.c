#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/trust/pgp.h"
#include "tests/unit/lib_pgp.h"

/* ---- a verify child and the files of the openpgp vectors */

#define DATA "tests/vectors/data/openpgp/"
#define OWNER "917370A5B57D6E66F9879B0E2D8D843BD4281CA0"
#define OWNER_SUB "1F68D3C07E875A035DEC86C109D1D21E4CBA0896"
#define ADOPTER "F7954E256E4B8CE1BAD9F198C3773A1BD78BBF95"
#define REVOKED "2C3E193EC5E86724F5BDFC72A87F2C889919A4FF"
#define EXPIRED "8E52C007B9AEDE32CD49D5F396D221419B727A33"
#define STRANGER_FILE "keys/stranger.asc"

struct fixture {
	char run[32];
	struct pgp *pgp;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD };

	(void)snprintf(f->run, sizeof f->run, "/tmp/mqgp-XXXXXX");
	o.run_dir = mkdtemp(f->run);
	assert_int_equal(pgp_open(&f->pgp, &o, NULL), MQ_OK);
	*state = f;
	return 0;
}

static unsigned
entries(const char *path)
{
	DIR *dir = opendir(path);
	unsigned n = 0;

	assert_non_null(dir);
	for (struct dirent *d; (d = readdir(dir)) != NULL;)
		n += d->d_name[0] != '.';
	(void)closedir(dir);
	return n;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	pgp_close(f->pgp);
	assert_int_equal(entries(f->run), 0); /* nothing stays behind */
	assert_int_equal(file_remove_tree(f->run, NULL), MQ_OK);
	free(f);
	return 0;
}

static struct buf
load(const char *name)
{
	char path[256];
	struct buf b;

	buf_init(&b, 1 << 20);
	(void)snprintf(path, sizeof path, DATA "%s", name);
	assert_int_equal(file_read(path, &b, NULL), MQ_OK);
	return b;
}

static enum mq_err
import_bytes(struct pgp *p, const char *fpr, struct span cert, struct pgp_answer *a)
{
	struct fpr want = pgp_fpr(fpr);
	uint32_t id;

	assert_int_equal(pgp_import(p, &want, cert, &id), MQ_OK);
	assert_int_equal(pgp_wait(p, id, a), MQ_OK);
	assert_int_equal(a->id, id);
	return a->err;
}

static enum mq_err
import_file(struct pgp *p, const char *fpr, const char *name)
{
	struct buf cert = load(name);
	struct pgp_answer a;
	enum mq_err r = import_bytes(p, fpr, buf_span(&cert), &a);

	if (r != MQ_OK)
		assert_true(a.text[0] != '\0');
	pgp_answer_done(&a);
	buf_done(&cert);
	return r;
}

static struct pgp_sig
verify_files(struct pgp *p, const char *data_name, const char *sig_name)
{
	struct buf data = load(data_name), sig = load(sig_name);
	struct pgp_answer a;
	struct pgp_sig s;
	uint32_t id;

	assert_int_equal(pgp_verify(p, buf_span(&data), buf_span(&sig), &id), MQ_OK);
	assert_int_equal(pgp_wait(p, id, &a), MQ_OK);
	assert_int_equal(a.generation, pgp_keys(p)->generation);
	s = a.sig;
	pgp_answer_done(&a);
	buf_done(&data);
	buf_done(&sig);
	return s;
}

/* ---- verifying */

static void
a_good_signature_names_its_key_and_subkey(void **state)
{
	struct fixture *f = *state;
	struct pgp_sig s;

	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	s = verify_files(f->pgp, "data/conf", "sig/good-subkey.sig");
	assert_int_equal(s.verdict, SIG_GOOD);
	assert_string_equal(s.primary.hex, OWNER);
	assert_string_equal(s.signer.hex, OWNER_SUB);
	assert_int_equal(s.ctime, 1709280000);
}

static void
bad_expired_revoked_and_unknown_are_told_apart(void **state)
{
	static const struct {
		const char *data, *sig;
		enum verdict v;
	} t[] = {
		{ "data/conf_bitflip", "sig/good-subkey.sig", V_BAD_SIG },
		{ "data/conf", "sig/expired-key-sig-before.sig", V_EXPIRED_KEY },
		{ "data/conf", "sig/revoked-key.sig", V_REVOKED_KEY },
		{ "data/conf", "sig/unknown-key.sig", V_UNKNOWN_KEY },
		{ "data/conf", "sig/future-sig.sig", V_SIG_TIME },
		{ "data/conf", "sig/two-owner-stranger.sig", V_MALFORMED_SIG },
		{ "data/conf", "sig/compressed-bomb.sig", V_MALFORMED_SIG },
		{ "data/conf", "sig/sha1-eddsa.sig", V_WEAK_ALG },
	};
	struct fixture *f = *state;

	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	assert_int_equal(import_file(f->pgp, REVOKED, "keys/revoked.asc"), MQ_OK);
	assert_int_equal(import_file(f->pgp, EXPIRED, "keys/expired.asc"), MQ_OK);
	assert_int_equal(pgp_keys(f->pgp)->n, 3);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_int_equal(verify_files(f->pgp, t[i].data, t[i].sig).verdict, t[i].v);
}

static void
a_certificate_that_claims_a_foreign_subkey_denies_nothing(void **state)
{
	static const char *const first[] = { "keys/adopter.asc", "keys/owner.asc" };
	static const char *const first_fpr[] = { ADOPTER, OWNER };
	struct fixture *f = *state;
	struct pgp_sig s;

	for (int order = 0; order < 2; order++) {
		assert_int_equal(import_file(f->pgp, first_fpr[order], first[order]), MQ_OK);
		assert_int_equal(import_file(f->pgp, first_fpr[!order], first[!order]), MQ_OK);
		s = verify_files(f->pgp, "data/conf", "sig/good-subkey.sig");
		assert_int_equal(s.verdict, SIG_GOOD);
		assert_string_equal(s.primary.hex, OWNER);
		s = verify_files(f->pgp, "data/conf_bitflip", "sig/good-subkey.sig");
		assert_int_equal(s.verdict, V_BAD_SIG);
		assert_int_equal(teardown(state) | setup(state), 0);
		f = *state;
	}
}

static void
an_import_changes_the_generation_and_what_is_known(void **state)
{
	struct fixture *f = *state;
	uint64_t before = pgp_keys(f->pgp)->generation;
	struct fpr owner = pgp_fpr(OWNER);

	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/good-subkey.sig").verdict,
	    V_UNKNOWN_KEY);
	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	assert_int_equal(pgp_keys(f->pgp)->generation, before + 1);
	assert_non_null(keytable_primary(pgp_keys(f->pgp), &owner));
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/good-subkey.sig").verdict, SIG_GOOD);
}

static void
only_exactly_the_public_key_asked_for_is_imported(void **state)
{
	struct fixture *f = *state;
	struct buf owner = load("keys/owner.asc"), stranger = load(STRANGER_FILE), secret;
	struct pgp_answer a;
	uint32_t id;
	struct fpr want = pgp_fpr(OWNER);

	assert_int_equal(import_file(f->pgp, OWNER, STRANGER_FILE), MQ_EFORMAT);
	assert_int_equal(import_file(f->pgp, OWNER, "data/binary"), MQ_EFORMAT);
	assert_int_equal(import_file(f->pgp, OWNER_SUB, "keys/owner.asc"), MQ_EFORMAT);
	assert_int_equal(buf_put(&owner, stranger.p, stranger.n), MQ_OK);
	assert_int_equal(import_bytes(f->pgp, OWNER, buf_span(&owner), &a), MQ_EFORMAT);
	pgp_answer_done(&a);
	secret = secret_key_file(f->run);
	assert_int_equal(import_bytes(f->pgp, OWNER, buf_span(&secret), &a), MQ_EFORMAT);
	pgp_answer_done(&a);
	while (owner.n <= PGP_CERT_MAX)
		assert_int_equal(buf_putc(&owner, '\n'), MQ_OK);
	assert_int_equal(pgp_import(f->pgp, &want, buf_span(&owner), &id), MQ_ELIMIT);
	assert_int_equal(pgp_keys(f->pgp)->n, 0);
	assert_int_equal(pgp_keys(f->pgp)->generation, 0);
	/* and the next good one still works */
	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	buf_done(&owner);
	buf_done(&stranger);
	buf_done(&secret);
}

static void
a_revoked_key_stays_revoked_when_an_old_copy_comes_again(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(import_file(f->pgp, REVOKED, "keys/revoked_before.asc"), MQ_OK);
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/revoked-key.sig").verdict, SIG_GOOD);
	assert_int_equal(import_file(f->pgp, REVOKED, "keys/revoked.asc"), MQ_OK);
	assert_int_equal(import_file(f->pgp, REVOKED, "keys/revoked_before.asc"), MQ_OK);
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/revoked-key.sig").verdict,
	    V_REVOKED_KEY);
	assert_true(pgp_keys(f->pgp)->key[0].revoked);
	/* a new child learns the merged certificate, not the copies */
	pgp_cancel(f->pgp);
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/revoked-key.sig").verdict,
	    V_REVOKED_KEY);
}

static void
a_new_child_knows_the_whole_ring(void **state)
{
	struct fixture *f = *state;
	uint64_t generation;

	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	assert_int_equal(import_file(f->pgp, REVOKED, "keys/revoked.asc"), MQ_OK);
	generation = pgp_keys(f->pgp)->generation;
	pgp_cancel(f->pgp);
	assert_int_equal(pgp_fd(f->pgp), -1);
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/good-subkey.sig").verdict, SIG_GOOD);
	assert_int_equal(pgp_keys(f->pgp)->n, 2);
	assert_true(pgp_keys(f->pgp)->generation > generation);
}

static void
a_full_queue_says_so(void **state)
{
	struct fixture *f = *state;
	struct buf sig = load("sig/good-subkey.sig");
	struct fpr owner = pgp_fpr(OWNER);
	struct pgp_answer a;
	uint32_t id, last, first = 0;
	unsigned n = 0;

	while (pgp_verify(f->pgp, span_of("data"), buf_span(&sig), &id) == MQ_OK && n++ < 1000)
		first = first == 0 ? id : first;
	assert_int_equal(n, PGP_QUEUE_MAX);
	/* what a ring needs at its start has room of its own */
	for (unsigned i = 0; i < 2 * PGP_QUEUE_MAX; i++)
		assert_int_equal(pgp_import(f->pgp, &owner, span_of("no key"), &last), MQ_OK);
	assert_int_equal(pgp_wait(f->pgp, id, &a), MQ_OK);
	pgp_answer_done(&a);
	/* the others were kept, in order */
	assert_int_equal(pgp_poll(f->pgp, &a), MQ_OK);
	assert_int_equal(a.id, first);
	pgp_answer_done(&a);
	assert_int_equal(pgp_wait(f->pgp, 9999, &a), MQ_EINVAL);
	buf_done(&sig);
}

/* ---- an engine that fails */

static void
write_script(const char *path, const char *text)
{
	assert_int_equal(file_write_mode(path, text, strlen(text), 0700, NULL), MQ_OK);
}

static void
a_hung_gpg_is_ended_and_the_next_request_works(void **state)
{
	struct clock clock = clock_real();
	struct fixture *f = *state;
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD, .run_dir = f->run, .deadline_ms = 400 };
	struct buf data = load("data/conf"), sig = load("sig/good-subkey.sig");
	char script[64], pidfile[64], text[256];
	struct pgp_answer a, b;
	uint32_t one, two;
	int64_t started;

	(void)snprintf(script, sizeof script, "%s/gpg", f->run);
	(void)snprintf(pidfile, sizeof pidfile, "%s/pid", f->run);
	write_script(script, "#!/bin/sh\nexec /usr/bin/gpg \"$@\"\n");
	pgp_close(f->pgp);
	o.gpg = script;
	assert_int_equal(pgp_open(&f->pgp, &o, NULL), MQ_OK);
	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);

	(void)snprintf(text, sizeof text, "#!/bin/sh\necho $$ >%s\nexec sleep 600\n", pidfile);
	write_script(script, text);
	started = clock_mono_ms(&clock);
	assert_int_equal(pgp_verify(f->pgp, buf_span(&data), buf_span(&sig), &one), MQ_OK);
	assert_int_equal(pgp_verify(f->pgp, buf_span(&data), buf_span(&sig), &two), MQ_OK);
	assert_int_equal(pgp_wait(f->pgp, one, &a), MQ_OK);
	assert_int_equal(pgp_wait(f->pgp, two, &b), MQ_OK);
	assert_true(clock_mono_ms(&clock) - started < 3000);
	assert_int_equal(a.err, MQ_ETIMEOUT);
	assert_int_equal(a.sig.verdict, V_SYS_ERROR);
	assert_int_equal(b.err, MQ_ETIMEOUT);
	assert_int_equal(b.sig.verdict, V_SYS_ERROR);
	assert_true(strstr(a.text, "did not answer") != NULL);
	pgp_answer_done(&a);
	pgp_answer_done(&b);
	assert_true(process_of_file_ends(pidfile));

	write_script(script, "#!/bin/sh\nexec /usr/bin/gpg \"$@\"\n");
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/good-subkey.sig").verdict, SIG_GOOD);
	assert_int_equal(file_unlink(script, NULL), MQ_OK);
	assert_int_equal(file_unlink(pidfile, NULL), MQ_OK);
	buf_done(&data);
	buf_done(&sig);
}

static void
a_gpg_that_answers_nothing_proves_nothing(void **state)
{
	struct fixture *f = *state;
	char script[64];
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD, .run_dir = f->run };

	(void)snprintf(script, sizeof script, "%s/gpg", f->run);
	write_script(script, "#!/bin/sh\nexec /usr/bin/gpg \"$@\"\n");
	pgp_close(f->pgp);
	o.gpg = script;
	assert_int_equal(pgp_open(&f->pgp, &o, NULL), MQ_OK);
	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_OK);
	write_script(script, "#!/bin/sh\nexit 0\n");
	assert_int_equal(verify_files(f->pgp, "data/conf", "sig/good-subkey.sig").verdict,
	    V_SYS_ERROR);
	assert_int_equal(file_unlink(script, NULL), MQ_OK);
}

static void
a_missing_gpg_is_a_system_error_with_a_sentence(void **state)
{
	struct fixture *f = *state;
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD, .run_dir = f->run,
		.gpg = "/nonexistent/gpg" };

	pgp_close(f->pgp);
	assert_int_equal(pgp_open(&f->pgp, &o, NULL), MQ_OK);
	assert_int_equal(import_file(f->pgp, OWNER, "keys/owner.asc"), MQ_ECRYPTO);
}

static void
a_path_too_long_for_sockets_is_refused_at_open(void **state)
{
	char path[128];
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD, .run_dir = path };
	struct mq_error e;
	struct pgp *p;

	(void)state;
	memset(path, 'x', sizeof path - 1);
	memcpy(path, "/tmp/", 5);
	path[sizeof path - 1] = '\0';
	assert_int_equal(pgp_open(&p, &o, &e), MQ_ELIMIT);
	assert_true(strstr(e.text, "too long") != NULL);
	assert_int_not_equal(access(path, F_OK), 0);
}

static void
quiet(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(a_good_signature_names_its_key_and_subkey),
		T(bad_expired_revoked_and_unknown_are_told_apart),
		T(a_certificate_that_claims_a_foreign_subkey_denies_nothing),
		T(an_import_changes_the_generation_and_what_is_known),
		T(only_exactly_the_public_key_asked_for_is_imported),
		T(a_revoked_key_stays_revoked_when_an_old_copy_comes_again),
		T(a_new_child_knows_the_whole_ring),
		T(a_full_queue_says_so),
		T(a_hung_gpg_is_ended_and_the_next_request_works),
		T(a_gpg_that_answers_nothing_proves_nothing),
		T(a_missing_gpg_is_a_system_error_with_a_sentence),
		cmocka_unit_test(a_path_too_long_for_sockets_is_refused_at_open),
	};

	pgp_child_main(argc, argv);
	log_set_sink(quiet, NULL); /* losing children is what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
