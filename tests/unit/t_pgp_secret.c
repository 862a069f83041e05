#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/trust/pgp.h"
#include "core/trust/pgp_wire.h"
#include "tests/unit/lib_pgp.h"

/* gpg calibrates its passphrase hash to 300 ms; this makes it quick. */
#define QUICK_AGENT "s2k-count 65536\n"

struct fixture {
	char dir[32], home[48], run[48];
	struct pgp *secret, *verify;
	struct fpr alice; /* unprotected */
};

static void
ask(struct pgp *p, uint32_t id, struct pgp_answer *a)
{
	assert_int_equal(pgp_wait(p, id, a), MQ_OK);
	if (a->err != MQ_OK)
		assert_true(a->text[0] != '\0');
}

static struct fpr
generate(struct pgp *p, const char *uid, const char *passphrase)
{
	struct pgp_answer a;
	struct fpr f;
	uint32_t id;

	assert_int_equal(pgp_generate(p, uid, passphrase, &id), MQ_OK);
	ask(p, id, &a);
	assert_string_equal(a.text, "");
	assert_int_equal(a.err, MQ_OK);
	f = a.fpr;
	pgp_answer_done(&a);
	return f;
}

static void
open_home(struct fixture *f, const char *home, struct pgp **out)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .home = home, .own_home = true };
	char path[64];

	(void)f;
	assert_int_equal(file_private_dir(home, NULL), MQ_OK);
	(void)snprintf(path, sizeof path, "%s/gpg-agent.conf", home);
	assert_int_equal(file_write(path, QUICK_AGENT, sizeof QUICK_AGENT - 1, NULL), MQ_OK);
	assert_int_equal(pgp_open(out, &o, NULL), MQ_OK);
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct pgp_options o = { .kind = PGP_VERIFY_CHILD };

	(void)snprintf(f->dir, sizeof f->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	(void)snprintf(f->home, sizeof f->home, "%s/h", f->dir);
	(void)snprintf(f->run, sizeof f->run, "%s/r", f->dir);
	o.run_dir = f->run;
	open_home(f, f->home, &f->secret);
	assert_int_equal(pgp_open(&f->verify, &o, NULL), MQ_OK);
	f->alice = generate(f->secret, "Alice <alice@owner.example.invalid>", NULL);
	*state = f;
	return 0;
}

static bool
agent_ends(const char *home)
{
	char path[64];

	(void)snprintf(path, sizeof path, "%s/S.gpg-agent", home);
	for (int i = 0; i < 200; i++) {
		if (access(path, F_OK) != 0)
			return true;
		(void)poll(NULL, 0, 10);
	}
	return false;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	pgp_close(f->secret);
	pgp_close(f->verify);
	assert_true(agent_ends(f->home));
	assert_int_equal(file_remove_tree(f->dir, NULL), MQ_OK);
	free(f);
	return 0;
}

static enum mq_err
sign(struct pgp *p, const struct fpr *key, const char *text, struct pgp_answer *a)
{
	uint32_t id;

	assert_int_equal(pgp_sign(p, key, span_of(text), &id), MQ_OK);
	ask(p, id, a);
	return a->err;
}

/* Tells the verify child of a key in the secret home. */
static void
publish(struct fixture *f, const struct fpr *key)
{
	struct pgp_answer a, b;
	uint32_t id;

	assert_int_equal(pgp_export(f->secret, key, &id), MQ_OK);
	ask(f->secret, id, &a);
	assert_int_equal(a.err, MQ_OK);
	assert_int_equal(pgp_import(f->verify, key, buf_span(&a.out), &id), MQ_OK);
	ask(f->verify, id, &b);
	assert_int_equal(b.err, MQ_OK);
	pgp_answer_done(&a);
	pgp_answer_done(&b);
}

static enum verdict
verify(struct fixture *f, const char *text, struct span sig)
{
	struct pgp_answer a;
	enum verdict v;
	uint32_t id;

	assert_int_equal(pgp_verify(f->verify, span_of(text), sig, &id), MQ_OK);
	ask(f->verify, id, &a);
	v = a.sig.verdict;
	pgp_answer_done(&a);
	return v;
}

static struct buf
encrypt(struct pgp *p, const struct fpr *to, size_t n, struct span clear)
{
	struct pgp_answer a;
	struct buf out;
	uint32_t id;

	assert_int_equal(pgp_encrypt(p, to, n, clear, &id), MQ_OK);
	ask(p, id, &a);
	assert_string_equal(a.text, "");
	assert_int_equal(a.err, MQ_OK);
	out = a.out;
	keytable_done(&a.keys);
	return out;
}

static enum verdict
decrypt(struct pgp *p, struct span message, struct pgp_answer *a)
{
	uint32_t id;

	assert_int_equal(pgp_decrypt(p, message, &id), MQ_OK);
	assert_int_equal(pgp_wait(p, id, a), MQ_OK);
	if (a->decrypt != V_NONE)
		assert_int_equal(a->out.n, 0);
	return a->decrypt;
}

/* ---- keys */

static void
a_new_key_signs_and_encrypts_and_is_listed(void **state)
{
	struct fixture *f = *state;
	const struct pgpkey *k;
	struct pgp_answer a;
	uint32_t id;

	for (int secret_only = 0; secret_only < 2; secret_only++) {
		assert_int_equal(pgp_list(f->secret, secret_only != 0, &id), MQ_OK);
		ask(f->secret, id, &a);
		assert_int_equal(a.err, MQ_OK);
		assert_int_equal(a.keys.n, 1);
		k = keytable_primary(&a.keys, &f->alice);
		assert_non_null(k);
		assert_true(k->secret);
		assert_int_equal(k->n, 2);
		assert_true(subkey_may_sign(k, &k->sub[0]));
		assert_int_equal(k->sub[0].algo, 22);
		assert_int_equal(k->sub[0].expires, 0);
		assert_true(k->sub[1].can_encrypt);
		assert_int_equal(k->sub[1].algo, 18);
		assert_string_equal(k->uid, "Alice <alice@owner.example.invalid>");
		pgp_answer_done(&a);
	}
}

static void
a_user_id_with_control_characters_is_refused(void **state)
{
	struct fixture *f = *state;
	struct pgp_answer a;
	uint32_t id;

	assert_int_equal(pgp_generate(f->secret, "Bob\nKey-Type: RSA", NULL, &id), MQ_OK);
	ask(f->secret, id, &a);
	assert_int_equal(a.err, MQ_EINVAL);
	pgp_answer_done(&a);
}

static void
a_certificate_is_imported_so_that_we_can_encrypt_to_it(void **state)
{
	struct fixture *f = *state;
	struct pgp *other;
	struct pgp_answer a, b;
	struct buf message, secret;
	char home[64];
	struct fpr bob;
	uint32_t id;

	(void)snprintf(home, sizeof home, "%s/o", f->dir);
	open_home(f, home, &other);
	bob = generate(other, "Bob", NULL);
	assert_int_equal(pgp_export(other, &bob, &id), MQ_OK);
	ask(other, id, &a);
	/* not before it is known, and not as another one */
	assert_int_equal(pgp_encrypt(f->secret, &bob, 1, span_of("x"), &id), MQ_OK);
	ask(f->secret, id, &b);
	assert_int_equal(b.err, MQ_ENOENT);
	pgp_answer_done(&b);
	assert_int_equal(pgp_import(f->secret, &f->alice, buf_span(&a.out), &id), MQ_OK);
	ask(f->secret, id, &b);
	assert_int_equal(b.err, MQ_EFORMAT);
	pgp_answer_done(&b);
	assert_int_equal(pgp_import(f->secret, &bob, buf_span(&a.out), &id), MQ_OK);
	ask(f->secret, id, &b);
	assert_int_equal(b.err, MQ_OK);
	pgp_answer_done(&b);
	pgp_answer_done(&a);

	/* what is encrypted to Bob alone, Alice cannot read */
	message = encrypt(f->secret, &bob, 1, span_of("for Bob"));
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_NEEDS_KEY);
	assert_int_equal(a.err, MQ_OK);
	pgp_answer_done(&a);
	assert_int_equal(decrypt(other, buf_span(&message), &a), V_NONE);
	assert_true(span_is(buf_span(&a.out), "for Bob"));
	pgp_answer_done(&a);
	buf_done(&message);

	secret = secret_key_file(f->dir);
	assert_int_equal(pgp_import(f->secret, &bob, buf_span(&secret), &id), MQ_OK);
	ask(f->secret, id, &b);
	assert_int_equal(b.err, MQ_EFORMAT);
	pgp_answer_done(&b);
	buf_done(&secret);
	pgp_close(other);
	assert_true(agent_ends(home));
}

/* ---- signing */

static void
a_signature_made_here_is_good_there(void **state)
{
	struct fixture *f = *state;
	struct pgp_answer a;

	publish(f, &f->alice);
	assert_int_equal(sign(f->secret, &f->alice, "a body", &a), MQ_OK);
	assert_string_equal(a.sig.signer.hex, f->alice.hex);
	assert_int_equal(verify(f, "a body", buf_span(&a.out)), SIG_GOOD);
	assert_int_equal(verify(f, "another body", buf_span(&a.out)), V_BAD_SIG);
	pgp_answer_done(&a);
}

static void
a_key_that_is_not_here_cannot_sign(void **state)
{
	struct fixture *f = *state;
	struct fpr none = pgp_fpr("00000000000000000000000000000000000000AA");
	struct pgp_answer a;

	assert_int_equal(sign(f->secret, &none, "a body", &a), MQ_ENOENT);
	pgp_answer_done(&a);
}

static void
a_locked_key_says_so_and_takes_the_right_passphrase_only(void **state)
{
	struct fixture *f = *state;
	struct fpr carol = generate(f->secret, "Carol", "right one");
	struct secret wrong = secret_copy("wrong one", 9), right = secret_copy("right one", 9);
	struct buf message = encrypt(f->secret, &carol, 1, span_of("for Carol"));
	struct pgp_answer a;

	publish(f, &carol);
	pgp_close(f->secret); /* ends the agent, which has cached the passphrase */
	open_home(f, f->home, &f->secret);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_EPERM);
	assert_true(strstr(a.text, "passphrase") != NULL);
	assert_false(a.remote_agent);
	assert_int_equal(a.out.n, 0);
	pgp_answer_done(&a);
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_NEEDS_KEY);
	assert_int_equal(a.err, MQ_EPERM);
	pgp_answer_done(&a);

	assert_int_equal(pgp_set_passphrase(f->secret, &wrong), MQ_OK);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_EPERM);
	assert_true(strstr(a.text, "wrong passphrase") != NULL);
	pgp_answer_done(&a);
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_NEEDS_KEY);
	assert_int_equal(a.err, MQ_EPERM);
	pgp_answer_done(&a);

	assert_int_equal(pgp_set_passphrase(f->secret, &right), MQ_OK);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_OK);
	assert_int_equal(verify(f, "a body", buf_span(&a.out)), SIG_GOOD);
	pgp_answer_done(&a);
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_NONE);
	pgp_answer_done(&a);

	/* the agent remembers it now */
	assert_int_equal(pgp_set_passphrase(f->secret, NULL), MQ_OK);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_OK);
	pgp_answer_done(&a);
	buf_done(&message);
	secret_free(&wrong);
	secret_free(&right);
}

/* ---- asking a person, played by a script */

#define PINENTRY                                                                                   \
	"#!/bin/bash\n"                                                                            \
	"echo $$ >%s/pid\n"                                                                        \
	"echo 'OK ready'\n"                                                                        \
	"while read -r word rest; do\n"                                                            \
	"	case $word in\n"                                                                    \
	"	GETPIN) %s ;;\n"                                                                    \
	"	GETINFO) echo \"D $$\"; echo OK ;;\n"                                               \
	"	BYE) echo OK; exit 0 ;;\n"                                                          \
	"	*) echo OK ;;\n"                                                                    \
	"	esac\n"                                                                             \
	"done\n"

/* Anew, with a person who does this when asked for a passphrase. */
static void
open_with_person(struct fixture *f, const char *on_getpin)
{
	char path[64], text[1024];

	pgp_close(f->secret);
	assert_true(agent_ends(f->home));
	(void)snprintf(path, sizeof path, "%s/pinentry", f->dir);
	(void)snprintf(text, sizeof text, PINENTRY, f->dir, on_getpin);
	assert_int_equal(file_write_mode(path, text, strlen(text), 0700, NULL), MQ_OK);
	open_home(f, f->home, &f->secret);
	(void)snprintf(text, sizeof text, "pinentry-program %s\n" QUICK_AGENT, path);
	(void)snprintf(path, sizeof path, "%s/gpg-agent.conf", f->home);
	assert_int_equal(file_write(path, text, strlen(text), NULL), MQ_OK);
}

static void
a_person_is_asked_only_after_leave_was_given(void **state)
{
	struct fixture *f = *state;
	struct fpr carol = generate(f->secret, "Carol", "right one");
	struct pgp_answer a;
	char pid[64];

	(void)snprintf(pid, sizeof pid, "%s/pid", f->dir);
	open_with_person(f, "echo 'D right one'; echo OK");
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_EPERM);
	pgp_answer_done(&a);
	assert_false(file_exists(pid));
	pgp_set_prompt(f->secret, true);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_OK);
	assert_true(file_exists(pid));
	pgp_answer_done(&a);
}

static void
a_person_who_says_no_cancels(void **state)
{
	struct fixture *f = *state;
	struct fpr carol = generate(f->secret, "Carol", "right one");
	struct pgp_answer a;

	open_with_person(f, "echo 'ERR 83886179 cancelled'");
	pgp_set_prompt(f->secret, true);
	assert_int_equal(sign(f->secret, &carol, "a body", &a), MQ_ECANCEL);
	pgp_answer_done(&a);
}

static void
cancelling_ends_a_dialog_that_nobody_answers(void **state)
{
	struct fixture *f = *state;
	struct fpr carol = generate(f->secret, "Carol", "right one");
	struct pgp_answer a;
	char pid[64];
	uint32_t id;

	(void)snprintf(pid, sizeof pid, "%s/pid", f->dir);
	open_with_person(f, "exec sleep 600");
	pgp_set_prompt(f->secret, true);
	assert_int_equal(pgp_sign(f->secret, &carol, span_of("a body"), &id), MQ_OK);
	assert_int_equal(pgp_next_timeout_ms(f->secret), -1);
	for (int i = 0; i < 500 && !file_exists(pid); i++) {
		assert_int_equal(pgp_poll(f->secret, &a), MQ_EAGAIN);
		(void)poll(NULL, 0, 10);
	}
	assert_true(file_exists(pid));
	/* the child has to hear of the dialog before it can end it */
	(void)poll(NULL, 0, 200);
	pgp_cancel(f->secret);
	assert_int_equal(pgp_wait(f->secret, id, &a), MQ_OK);
	assert_int_equal(a.err, MQ_ECANCEL);
	pgp_answer_done(&a);
	assert_true(process_of_file_ends(pid));
}

/* The agent of another home through its extra socket is what ssh forwards. */
static void
a_forwarded_agent_is_told_apart_from_a_locked_key(void **state)
{
	struct fixture *f = *state;
	struct pgp_options o = { .kind = PGP_SECRET_CHILD };
	struct pgp_answer a, b;
	char home[64], path[80], text[128];
	struct pgp *p;
	uint32_t id;

	(void)snprintf(home, sizeof home, "%s/f", f->dir);
	(void)snprintf(path, sizeof path, "%s/S.gpg-agent", home);
	(void)snprintf(text, sizeof text, "%%Assuan%%\nsocket=%s/S.gpg-agent.extra\n", f->home);
	o.home = home;
	assert_int_equal(pgp_open(&p, &o, NULL), MQ_OK);
	assert_int_equal(file_write(path, text, strlen(text), NULL), MQ_OK);
	assert_int_equal(pgp_export(f->secret, &f->alice, &id), MQ_OK);
	ask(f->secret, id, &a);
	assert_int_equal(pgp_import(p, &f->alice, buf_span(&a.out), &id), MQ_OK);
	ask(p, id, &b);
	assert_int_equal(b.err, MQ_OK);
	pgp_answer_done(&a);
	pgp_answer_done(&b);

	assert_int_equal(sign(p, &f->alice, "a body", &a), MQ_EPERM);
	assert_true(a.remote_agent);
	assert_true(strstr(a.text, "your own machine") != NULL);
	pgp_answer_done(&a);
	pgp_set_prompt(p, true);
	assert_int_equal(sign(p, &f->alice, "a body", &a), MQ_OK);
	pgp_answer_done(&a);
	pgp_close(p);
}

/* ---- decrypting */

static void
what_was_encrypted_comes_back(void **state)
{
	struct fixture *f = *state;
	struct fpr twice[2] = { f->alice, f->alice };
	struct buf message, clear;
	struct pgp_answer a;

	buf_init(&clear, PGP_CLEAR_MAX);
	while (clear.n < PGP_CLEAR_MAX - 1024)
		(void)buf_u8(&clear, (uint8_t)(clear.n * 7));
	message = encrypt(f->secret, twice, 2, buf_span(&clear));
	assert_true(message.p[0] >= 0x80);
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_NONE);
	assert_true(span_eq(buf_span(&a.out), buf_span(&clear)));
	pgp_answer_done(&a);
	buf_done(&message);
	buf_done(&clear);
}

static void
a_damaged_message_fails_and_gives_nothing(void **state)
{
	struct fixture *f = *state;
	struct buf message = encrypt(f->secret, &f->alice, 1, span_of("0123456789abcdef"));
	struct pgp_answer a;

	message.p[message.n - 1] ^= 1;
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_DECRYPT_FAIL);
	pgp_answer_done(&a);
	message.n -= 5;
	assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_DECRYPT_FAIL);
	pgp_answer_done(&a);
	buf_done(&message);
}

static void
what_is_not_encrypted_to_a_key_is_refused(void **state)
{
	static const char *const literal[] = { "--store", NULL };
	static const char *const inline_signed[] = { "--sign", NULL };
	static const char *const symmetric[] = { "--pinentry-mode", "loopback", "--passphrase", "x",
		"--symmetric", NULL };
	const char *const both[] = { "--pinentry-mode", "loopback", "--passphrase", "x",
		"--trust-model", "always", "--recipient", ((struct fixture *)*state)->alice.hex,
		"--symmetric", "--encrypt", NULL };
	const char *const *const kinds[] = { literal, inline_signed, symmetric, both };
	struct fixture *f = *state;
	struct pgp_answer a;
	struct buf message;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		message = run_gpg(f->home, kinds[i], span_of("text"));
		assert_int_equal(decrypt(f->secret, buf_span(&message), &a), V_DECRYPT_FAIL);
		assert_int_equal(a.err, MQ_OK);
		pgp_answer_done(&a);
		buf_done(&message);
	}
}

static void
a_plaintext_beyond_the_limit_is_malformed(void **state)
{
	struct fixture *f = *state;
	const char *const args[] = { "--trust-model", "always", "--recipient", f->alice.hex,
		"--encrypt", NULL };
	struct pgp_answer a;
	struct buf message;
	uint8_t *zeros = calloc(1, 16 << 20);

	assert_non_null(zeros);
	for (size_t n = PGP_CLEAR_MAX; n <= 16 << 20; n = n == PGP_CLEAR_MAX ? n + 1 : 16 << 20) {
		message = run_gpg(f->home, args, (struct span){ zeros, n });
		assert_true(message.n < PGP_MESSAGE_MAX);
		assert_int_equal(decrypt(f->secret, buf_span(&message), &a),
		    n == PGP_CLEAR_MAX ? V_NONE : V_MALFORMED);
		assert_int_equal(a.err, MQ_OK);
		pgp_answer_done(&a);
		buf_done(&message);
		if (n == 16 << 20)
			break;
	}
	free(zeros);
}

static void
cancelling_answers_what_waits_and_the_next_request_works(void **state)
{
	struct fixture *f = *state;
	struct pgp_answer a;
	uint32_t id;

	assert_int_equal(pgp_sign(f->secret, &f->alice, span_of("x"), &id), MQ_OK);
	pgp_cancel(f->secret);
	assert_int_equal(pgp_wait(f->secret, id, &a), MQ_OK);
	assert_int_equal(a.err, MQ_ECANCEL);
	pgp_answer_done(&a);
	assert_int_equal(sign(f->secret, &f->alice, "x", &a), MQ_OK);
	pgp_answer_done(&a);
}

static void
a_missing_gpg_is_a_system_error_with_a_sentence(void **state)
{
	struct fixture *f = *state;
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .home = f->home,
		.gpg = "/nonexistent/gpg" };
	static const uint8_t message[] = { 0x84, 1, 0, 0xd2, 1, 0 };
	struct pgp_answer a;
	struct pgp *p;

	assert_int_equal(pgp_open(&p, &o, NULL), MQ_OK);
	assert_int_equal(sign(p, &f->alice, "x", &a), MQ_ECRYPTO);
	assert_true(strstr(a.text, "install gnupg") != NULL);
	pgp_answer_done(&a);
	assert_int_equal(decrypt(p, (struct span){ message, sizeof message }, &a), V_SYS_ERROR);
	assert_int_equal(a.err, MQ_ECRYPTO);
	pgp_answer_done(&a);
	pgp_close(p);
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
		T(a_new_key_signs_and_encrypts_and_is_listed),
		T(a_user_id_with_control_characters_is_refused),
		T(a_certificate_is_imported_so_that_we_can_encrypt_to_it),
		T(a_signature_made_here_is_good_there),
		T(a_key_that_is_not_here_cannot_sign),
		T(a_locked_key_says_so_and_takes_the_right_passphrase_only),
		T(a_person_is_asked_only_after_leave_was_given),
		T(a_person_who_says_no_cancels),
		T(cancelling_ends_a_dialog_that_nobody_answers),
		T(a_forwarded_agent_is_told_apart_from_a_locked_key),
		T(what_was_encrypted_comes_back),
		T(a_damaged_message_fails_and_gives_nothing),
		T(what_is_not_encrypted_to_a_key_is_refused),
		T(a_plaintext_beyond_the_limit_is_malformed),
		T(cancelling_answers_what_waits_and_the_next_request_works),
		T(a_missing_gpg_is_a_system_error_with_a_sentence),
	};

	pgp_child_main(argc, argv);
	log_set_sink(quiet, NULL); /* losing children is what is tested */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
