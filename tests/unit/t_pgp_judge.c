#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/pgp_judge.h"

#define PRIMARY "917370A5B57D6E66F9879B0E2D8D843BD4281CA0"
#define SUBKEY "1F68D3C07E875A035DEC86C109D1D21E4CBA0896"
#define OTHER "2CCE7382B6529A7251C8CF065151218AF820ACD6"
#define VALID SUBKEY " 2024-03-01 1709280000 0 4 0 22 8 00 " PRIMARY
#define NOW 1750000000

struct fixture {
	struct keytable keys;
	struct sigwalk walk;
	struct pgp_status status;
	struct pgp_sig sig;
};

static struct fpr
fpr(const char *hex)
{
	struct fpr f;

	assert_true(fpr_parse(span_of(hex), &f));
	return f;
}

static struct subkey
signing_key(const char *hex)
{
	return (struct subkey){ .fpr = fpr(hex), .algo = 22, .bits = 256, .can_sign = true };
}

static int
setup(void **state)
{
	static struct fixture f;
	struct pgpkey owner = { .n = 2 }, other = { .n = 1 };

	memset(&f, 0, sizeof f);
	owner.sub[0] = signing_key(PRIMARY);
	owner.sub[1] = signing_key(SUBKEY);
	other.sub[0] = signing_key(OTHER);
	assert_int_equal(keytable_add(&f.keys, &owner), MQ_OK);
	assert_int_equal(keytable_add(&f.keys, &other), MQ_OK);
	f.walk = (struct sigwalk){ .fpr = fpr(SUBKEY), .ctime = 1709280000, .hash = 8, .pk = 22 };
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	keytable_done(&f->keys);
	return 0;
}

/* Lines "WORD args", NULL behind the last. */
static enum verdict
judge(struct fixture *f, const char *const *lines)
{
	char word[64];

	pgp_status_reset(&f->status);
	memset(&f->sig, 0, sizeof f->sig);
	for (; *lines != NULL; lines++) {
		size_t n = strcspn(*lines, " ");

		(void)snprintf(word, sizeof word, "%.*s", (int)n, *lines);
		pgp_status_line(&f->status, word, (*lines)[n] == ' ' ? *lines + n + 1 : "");
	}
	return sig_by_gpg(&f->status, &f->walk, &f->keys, &f->sig);
}
#define JUDGE(f, ...) judge(f, (const char *const[]){ __VA_ARGS__, NULL })

static void
only_the_whole_of_good_lines_is_good(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(JUDGE(f, "NEWSIG", "KEY_CONSIDERED x 0", "GOODSIG x me", "VALIDSIG " VALID),
	    SIG_GOOD);
	assert_string_equal(f->sig.primary.hex, PRIMARY);
	assert_int_equal(JUDGE(f, "NEWSIG", "GOODSIG x me"), V_SYS_ERROR);
	assert_int_equal(JUDGE(f, "NEWSIG", "VALIDSIG " VALID), V_SYS_ERROR);
	assert_int_equal(JUDGE(f, "GOODSIG x me", "VALIDSIG " VALID), V_SYS_ERROR);
	assert_int_equal(JUDGE(f, "NEWSIG"), V_SYS_ERROR);
	assert_int_equal(judge(f, (const char *const[]){ NULL }), V_SYS_ERROR);
}

static void
two_results_or_a_strange_line_are_no_verdict(void **state)
{
	static const char *const strange[] = { "GOODSIG y you", "BADSIG y you", "NEWSIG", "NODATA 4",
		"UNEXPECTED 0", "FAILURE gpg-exit 33554433", "ERROR verify 1", "PLAINTEXT 62 0 x",
		"BEGIN_DECRYPTION", "VALIDSIG " VALID, "EXPKEYSIG x me", "ERRSIG x 22 8 00 1 9 -" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++)
		assert_int_equal(JUDGE(f, "NEWSIG", "GOODSIG x me", "VALIDSIG " VALID, strange[i]),
		    V_SYS_ERROR);
}

static void
bad_results_have_their_codes(void **state)
{
	static const struct {
		const char *line;
		enum verdict v;
	} t[] = {
		{ "BADSIG 09D1D21E4CBA0896 me", V_BAD_SIG },
		{ "REVKEYSIG x me", V_REVOKED_KEY },
		{ "EXPKEYSIG x me", V_EXPIRED_KEY },
		{ "EXPSIG x me", V_EXPIRED_SIG },
		{ "ERRSIG x 22 8 00 1709280000 9 -", V_UNKNOWN_KEY },
		{ "ERRSIG x 22 8 00 1709280000 39 -", V_SIG_TIME },
		{ "ERRSIG x 22 8 00 1709280000 1 -", V_SYS_ERROR },
		{ "ERRSIG x 22", V_SYS_ERROR },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		assert_int_equal(JUDGE(f, "NEWSIG", t[i].line, "FAILURE gpg-exit 33554433"), t[i].v);
		assert_int_equal(JUDGE(f, "NEWSIG", t[i].line, t[i].line), V_SYS_ERROR);
	}
	assert_int_equal(JUDGE(f, "NEWSIG", "REVKEYSIG x me", "VALIDSIG " VALID), V_REVOKED_KEY);
}

static void
a_valid_line_about_anything_else_is_no_verdict(void **state)
{
	static const char *const lies[] = {
		OTHER " 2024-03-01 1709280000 0 4 0 22 8 00 " OTHER, /* another signer */
		SUBKEY " 2024-03-01 1709280001 0 4 0 22 8 00 " PRIMARY, /* another time */
		SUBKEY " 2024-03-01 1709280000 5 4 0 22 8 00 " PRIMARY, /* expires */
		SUBKEY " 2024-03-01 1709280000 0 3 0 22 8 00 " PRIMARY, /* version 3 */
		SUBKEY " 2024-03-01 1709280000 0 4 0 1 8 00 " PRIMARY,	/* RSA */
		SUBKEY " 2024-03-01 1709280000 0 4 0 22 2 00 " PRIMARY, /* SHA-1 */
		SUBKEY " 2024-03-01 1709280000 0 4 0 22 8 01 " PRIMARY, /* text mode */
		SUBKEY " 2024-03-01 1709280000 0 4 0 22 8 00 " OTHER,	/* another primary */
		SUBKEY " 2024-03-01 1709280000 0 4 0 22 8 00",		/* cut */
		SUBKEY, "", "4CBA0896",
	};
	char line[160];
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		(void)snprintf(line, sizeof line, "VALIDSIG %s", lies[i]);
		assert_int_equal(JUDGE(f, "NEWSIG", "GOODSIG x me", line), V_SYS_ERROR);
		assert_int_equal(JUDGE(f, "NEWSIG", "EXPKEYSIG x me", line), V_SYS_ERROR);
	}
}

static void
our_table_overrules_a_good_line(void **state)
{
	struct fixture *f = *state;
	struct pgpkey *k = &f->keys.key[0];
	struct pgp_sig sig = { .primary = fpr(PRIMARY), .signer = fpr(SUBKEY) };

	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), SIG_GOOD);
	k->sub[1].expires = NOW + 1;
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), SIG_GOOD);
	k->sub[1].expires = NOW;
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), V_EXPIRED_KEY);
	k->sub[1].expires = 0;
	k->sub[0].expires = NOW;
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), V_EXPIRED_KEY);
	k->sub[1].revoked = true;
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), V_REVOKED_KEY);
	k->sub[1].revoked = false;
	k->revoked = true;
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), V_REVOKED_KEY);
	sig.primary = fpr(OTHER);
	assert_int_equal(sig_after_gpg(&f->keys, NOW, &sig), V_SYS_ERROR);
}

/* A version 4 EdDSA signature by SUBKEY: octets 30..33 hold the time, 36..39 the expiry. */
static const uint8_t packet[] = { 0x88, 45, 4, 0, 22, 8, 0, 35, 22, 33, 4, 0x1f, 0x68, 0xd3, 0xc0,
	0x7e, 0x87, 0x5a, 0x03, 0x5d, 0xec, 0x86, 0xc1, 0x09, 0xd1, 0xd2, 0x1e, 0x4c, 0xba, 0x08, 0x96,
	5, 2, 0x65, 0xe1, 0x8d, 0x80, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0 };

static void
rows_one_to_five_need_no_gpg_and_keep_their_order(void **state)
{
	struct fixture *f = *state;
	struct span sig = { packet, sizeof packet };
	uint8_t copy[sizeof packet];

	assert_int_equal(sig_before_gpg(sig, &f->keys, NOW, &f->sig), V_NONE);
	assert_string_equal(f->sig.signer.hex, SUBKEY);
	assert_string_equal(f->sig.primary.hex, PRIMARY);
	assert_int_equal(f->sig.ctime, 1709280640);
	f->keys.key[0].sub[1].can_sign = false;
	assert_int_equal(sig_before_gpg(sig, &f->keys, NOW, &f->sig), V_WEAK_ALG);
	memcpy(copy, packet, sizeof copy);
	copy[12] ^= 1; /* a key that nobody knows comes before what it may do */
	sig.p = copy;
	assert_int_equal(sig_before_gpg(sig, &f->keys, NOW, &f->sig), V_UNKNOWN_KEY);
	assert_int_equal(sig_before_gpg(sig, &f->keys, 1709280640 - 300, &f->sig), V_UNKNOWN_KEY);
	assert_int_equal(sig_before_gpg(sig, &f->keys, 1709280640 - 301, &f->sig), V_SIG_TIME);
	copy[42] = 1;
	assert_int_equal(sig_before_gpg(sig, &f->keys, 1709280640 - 301, &f->sig), V_EXPIRED_SIG);
	copy[5] = 2;
	assert_int_equal(sig_before_gpg(sig, &f->keys, NOW, &f->sig), V_WEAK_ALG);
	copy[3] = 1;
	assert_int_equal(sig_before_gpg(sig, &f->keys, NOW, &f->sig), V_MALFORMED_SIG);
}

static enum verdict
opened(const char *const *words)
{
	struct pgp_status s;

	pgp_status_reset(&s);
	for (; *words != NULL; words++)
		pgp_status_line(&s, *words, "");
	return decrypt_by_gpg(&s);
}
#define OPENED(...) opened((const char *const[]){ __VA_ARGS__, NULL })

static void
a_plaintext_counts_only_with_its_integrity(void **state)
{
	(void)state;
	assert_int_equal(OPENED("ENC_TO", "BEGIN_DECRYPTION", "PLAINTEXT", "DECRYPTION_OKAY",
	    "GOODMDC"), V_NONE);
	assert_int_equal(OPENED("ENC_TO", "BEGIN_DECRYPTION", "PLAINTEXT", "DECRYPTION_OKAY"),
	    V_DECRYPT_FAIL);
	assert_int_equal(OPENED("ENC_TO", "BEGIN_DECRYPTION", "PLAINTEXT", "GOODMDC"),
	    V_DECRYPT_FAIL);
	assert_int_equal(OPENED("PLAINTEXT"), V_DECRYPT_FAIL);
	assert_int_equal(OPENED("ENC_TO", "BEGIN_DECRYPTION", "PLAINTEXT", "PLAINTEXT",
	    "DECRYPTION_OKAY", "GOODMDC"), V_DECRYPT_FAIL);
	assert_int_equal(OPENED("ENC_TO", "ENC_TO", "NO_SECKEY"), V_DECRYPT_FAIL);
	assert_int_equal(OPENED("ENC_TO", "ENC_TO", "NO_SECKEY", "NO_SECKEY"), V_NEEDS_KEY);
	assert_int_equal(OPENED("NODATA"), V_DECRYPT_FAIL);
}

static void
a_pinentry_is_known_by_its_number(void **state)
{
	struct pgp_status s;

	(void)state;
	pgp_status_reset(&s);
	pgp_status_line(&s, "PINENTRY_LAUNCHED", "3129 curses 1.2.1 /dev/pts/0 xterm - 0/0 0");
	assert_int_equal(s.pinentry_pid, 3129);
	pgp_status_reset(&s);
	pgp_status_line(&s, "PINENTRY_LAUNCHED", "-1 x");
	pgp_status_line(&s, "PINENTRY_LAUNCHED", "1 x");
	pgp_status_line(&s, "PINENTRY_LAUNCHED", NULL);
	assert_int_equal(s.pinentry_pid, 0);
	pgp_status_line(&s, "", "");
	assert_int_equal(s.total, 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(only_the_whole_of_good_lines_is_good),
		T(two_results_or_a_strange_line_are_no_verdict),
		T(bad_results_have_their_codes),
		T(a_valid_line_about_anything_else_is_no_verdict),
		T(our_table_overrules_a_good_line),
		T(rows_one_to_five_need_no_gpg_and_keep_their_order),
		cmocka_unit_test(a_plaintext_counts_only_with_its_integrity),
		cmocka_unit_test(a_pinentry_is_known_by_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
