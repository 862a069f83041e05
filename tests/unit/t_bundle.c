#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/conf/bundle.h"

#define HEAD "MQGP-BUNDLE 1\nbody-bytes: 5\n"
#define CLAIM "claim: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n"
#define FOUR(x) x x x x

static void
the_first_byte_tells_the_form(void **state)
{
	static uint8_t big[BUNDLE_MAX + 1] = { 'M' };
	const uint8_t pgp[] = { 0x84 };
	bool encrypted = true;

	(void)state;
	assert_int_equal(bundle_form(span_of(""), false, &encrypted), V_CLEARED);
	assert_false(encrypted);
	assert_int_equal(bundle_form(span_of("M"), false, &encrypted), V_NONE);
	assert_int_equal(bundle_form(span_of("-----BEGIN"), false, &encrypted), V_UNSIGNED);
	assert_int_equal(bundle_form(span_of("#!mqgp.conf 1\n"), false, &encrypted), V_UNSIGNED);
	assert_int_equal(bundle_form((struct span){ pgp, 1 }, false, &encrypted), V_NONE);
	assert_true(encrypted);
	assert_int_equal(bundle_form((struct span){ pgp, 1 }, true, &encrypted), V_UNSIGNED);
	assert_false(encrypted);
	assert_int_equal(bundle_form((struct span){ big, BUNDLE_MAX }, false, &encrypted), V_NONE);
	assert_int_equal(bundle_form((struct span){ big, sizeof big }, false, &encrypted), V_OVERSIZE);
}

static void
a_bundle_has_one_spelling(void **state)
{
	static const char *const good[] = { HEAD "\nbody\n", HEAD "sig: QQ==\n\nbody\n",
		HEAD CLAIM "\nbody\n", HEAD CLAIM "sig: QUI=\nsig: QUJD\n\n\n\n\n\n\n",
		HEAD FOUR(FOUR("sig: QQ==\n")) "\nbody\n" };
	static const char *const bad[] = { "", "M", "MQGP-BUNDLE 1", "MQGP-BUNDLE 1\n",
		"MQGP-BUNDLE 2\nbody-bytes: 5\n\nbody\n", "MQGP-BUNDLE 1 \nbody-bytes: 5\n\nbody\n",
		"MQGP-BUNDLE 1\r\nbody-bytes: 5\n\nbody\n", "MQGP-BUNDLE 1\nbody-bytes: 05\n\nbody\n",
		"MQGP-BUNDLE 1\nbody-bytes: 0\n\n", "MQGP-BUNDLE 1\nbody-bytes:  5\n\nbody\n",
		"MQGP-BUNDLE 1\nbody-bytes: 4\n\nbody\n", "MQGP-BUNDLE 1\nbody-bytes: 6\n\nbody\n",
		"MQGP-BUNDLE 1\nbody-bytes: 32769\n\nbody\n", "MQGP-BUNDLE 1\n\nbody\n",
		"MQGP-BUNDLE 1\n" CLAIM "body-bytes: 5\n\nbody\n", HEAD "body\n",
		HEAD "sig: QQ==\n" CLAIM "\nbody\n", HEAD CLAIM CLAIM "\nbody\n",
		HEAD "claim: 0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n\nbody\n",
		HEAD "claim: 0f\n\nbody\n", HEAD "sig: \n\nbody\n", HEAD "sig:QQ==\n\nbody\n",
		HEAD "sig:  QQ==\n\nbody\n", HEAD "sig: QQ\n\nbody\n", HEAD "sig: QR==\n\nbody\n",
		HEAD "sig: Q=Q=\n\nbody\n", HEAD "sig: QQ== \n\nbody\n", HEAD "Sig: QQ==\n\nbody\n",
		HEAD "note: x\n\nbody\n", HEAD " \nbody\n", HEAD "\r\nbody\n", HEAD,
		HEAD "sig: QQ==\n" FOUR(FOUR("sig: QQ==\n")) "\nbody\n" };
	struct bundle b;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(bundle_parse(span_of(good[i]), &b), V_NONE);
		assert_int_equal(b.body.n, 5);
		bundle_done(&b);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(bundle_parse(span_of(bad[i]), &b), V_MALFORMED);
}

static void
identical_signatures_collapse_in_order(void **state)
{
	struct bundle b;

	(void)state;
	assert_int_equal(bundle_parse(span_of(HEAD CLAIM
		"sig: QUI=\nsig: QQ==\nsig: QUI=\nsig: QUJD\nsig: QQ==\n\nbody\n"), &b), V_NONE);
	assert_int_equal(b.n_sigs, 3);
	assert_memory_equal(b.sig[0].p, "AB", 2);
	assert_memory_equal(b.sig[1].p, "A", 1);
	assert_memory_equal(b.sig[2].p, "ABC", 3);
	assert_true(b.has_claim);
	assert_int_equal(b.claim[31], 0x0f);
	bundle_done(&b);
	assert_int_equal(b.n_sigs, 0);
}

static void
a_printed_bundle_parses_and_prints_the_same(void **state)
{
	static uint8_t raw[BUNDLE_SIG_BYTES_MAX + 1];
	struct bundle_sig sigs[BUNDLE_SIGS_MAX];
	uint8_t claim[32] = { 7 };
	struct buf out, again;
	struct bundle b;

	(void)state;
	buf_init(&out, 4 * BUNDLE_MAX);
	buf_init(&again, BUNDLE_MAX);
	for (size_t i = 0; i < BUNDLE_SIGS_MAX; i++)
		sigs[i] = (struct bundle_sig){ raw, BUNDLE_SIG_BYTES_MAX - i };
	/* the longest signature makes the longest line */
	assert_int_equal(bundle_print(&out, span_of("body\n"), claim, sigs, 3), MQ_OK);
	assert_int_equal(bundle_parse(buf_span(&out), &b), V_NONE);
	assert_int_equal(b.n_sigs, 3);
	assert_int_equal(b.sig[0].n, BUNDLE_SIG_BYTES_MAX);
	assert_int_equal(bundle_print(&again, b.body, b.claim, b.sig, b.n_sigs), MQ_OK);
	assert_true(span_eq(buf_span(&out), buf_span(&again)));
	bundle_done(&b);
	/* limits: all of them together, one signature too long, one too many, no body */
	buf_reset(&out);
	assert_int_equal(bundle_print(&out, span_of("body\n"), NULL, sigs, 16), MQ_ELIMIT);
	buf_reset(&out);
	sigs[0].n = BUNDLE_SIG_BYTES_MAX + 1;
	assert_int_equal(bundle_print(&out, span_of("body\n"), NULL, sigs, 1), MQ_ELIMIT);
	buf_reset(&out);
	assert_int_equal(bundle_print(&out, span_of("body\n"), NULL, sigs, 17), MQ_ELIMIT);
	assert_int_equal(bundle_print(&out, span_of(""), NULL, sigs, 0), MQ_ELIMIT);
	buf_done(&again);
	buf_done(&out);
}

static void
a_signature_of_4097_bytes_is_refused(void **state)
{
	static uint8_t raw[BUNDLE_SIG_BYTES_MAX + 1];
	struct bundle b;
	struct buf out;

	(void)state;
	buf_init(&out, BUNDLE_MAX);
	assert_int_equal(buf_puts(&out, HEAD "sig: "), MQ_OK);
	assert_int_equal(text_base64(&out, raw, sizeof raw), MQ_OK);
	assert_int_equal(buf_puts(&out, "\n\nbody\n"), MQ_OK);
	assert_int_equal(bundle_parse(buf_span(&out), &b), V_MALFORMED);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_byte_tells_the_form),
		cmocka_unit_test(a_bundle_has_one_spelling),
		cmocka_unit_test(identical_signatures_collapse_in_order),
		cmocka_unit_test(a_printed_bundle_parses_and_prints_the_same),
		cmocka_unit_test(a_signature_of_4097_bytes_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
