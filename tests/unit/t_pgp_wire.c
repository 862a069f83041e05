#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/pgp_wire.h"

#define FPR_A "917370A5B57D6E66F9879B0E2D8D843BD4281CA0"
#define FPR_B "1F68D3C07E875A035DEC86C109D1D21E4CBA0896"
#define HEAD 4

static struct fpr
fpr(const char *hex)
{
	struct fpr f;

	assert_true(fpr_parse(span_of(hex), &f));
	return f;
}

static struct buf
frame_of_request(const struct pgp_request *q)
{
	struct buf b;

	buf_init(&b, PGP_FRAME_MAX);
	assert_int_equal(pgp_wire_put_request(&b, q), MQ_OK);
	return b;
}

static struct span
body(const struct buf *b)
{
	struct span frame;

	assert_int_equal(pgp_wire_frame(b, &frame), MQ_OK);
	assert_int_equal(frame.n, b->n - HEAD);
	return frame;
}

static void
requests_come_back_as_they_went(void **state)
{
	const struct pgp_request t[] = {
		{ .id = 1, .op = PGP_OP_VERIFY, .data = span_of("body"), .sig = span_of("sig") },
		{ .id = 2, .op = PGP_OP_SIGN, .fpr = { fpr(FPR_A) }, .n_fprs = 1,
		    .flags = PGP_WIRE_PASSPHRASE, .passphrase = span_of("word") },
		{ .id = 3, .op = PGP_OP_SIGN, .fpr = { fpr(FPR_A) }, .n_fprs = 1,
		    .flags = PGP_WIRE_PROMPT, .data = span_of("x") },
		{ .id = 4, .op = PGP_OP_ENCRYPT, .fpr = { fpr(FPR_A), fpr(FPR_B) }, .n_fprs = 2,
		    .data = span_of("clear") },
		{ .id = UINT32_MAX, .op = PGP_OP_LIST, .flags = PGP_WIRE_SECRET_ONLY },
		{ .id = 6, .op = PGP_OP_GENERATE, .data = span_of("Alice") },
	};
	struct pgp_request q;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
		struct buf b = frame_of_request(&t[i]);

		assert_int_equal(pgp_wire_get_request(body(&b), &q), MQ_OK);
		assert_int_equal(q.id, t[i].id);
		assert_int_equal(q.op, t[i].op);
		assert_int_equal(q.flags, t[i].flags);
		assert_int_equal(q.n_fprs, t[i].n_fprs);
		for (size_t j = 0; j < q.n_fprs; j++)
			assert_true(fpr_eq(&q.fpr[j], &t[i].fpr[j]));
		assert_true(span_eq(q.data, t[i].data));
		assert_true(span_eq(q.sig, t[i].sig));
		assert_true(span_eq(q.passphrase, t[i].passphrase));
		buf_done(&b);
	}
}

static void
requests_of_another_shape_do_not_travel(void **state)
{
	const struct pgp_request t[] = {
		{ .op = PGP_OP_COUNT },
		{ .op = PGP_OP_SIGN },					    /* no key */
		{ .op = PGP_OP_VERIFY, .n_fprs = 1, .fpr = { fpr(FPR_A) } }, /* a key */
		{ .op = PGP_OP_LIST, .data = span_of("x") },
		{ .op = PGP_OP_LIST, .flags = PGP_WIRE_PROMPT },
		{ .op = PGP_OP_GENERATE },				    /* no user ID */
		{ .op = PGP_OP_DECRYPT, .passphrase = span_of("word") },    /* not meant */
		{ .op = PGP_OP_VERIFY, .data = { (const uint8_t *)"", PGP_DATA_MAX + 1 } },
	};
	struct buf b;

	(void)state;
	buf_init(&b, PGP_FRAME_MAX);
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_int_equal(pgp_wire_put_request(&b, &t[i]), MQ_EINVAL);
	assert_int_equal(b.n, 0);
	buf_done(&b);
}

static struct pgpkey
some_key(void)
{
	struct pgpkey k = { .n = 2, .revoked = true, .secret = true, .uid = "Al\xc3\xa9" };

	k.sub[0] = (struct subkey){ .fpr = fpr(FPR_A), .algo = 22, .bits = 256, .can_sign = true,
		.revoked = true, .created = 1704888000, .expires = 1893456000 };
	k.sub[1] = (struct subkey){ .fpr = fpr(FPR_B), .algo = 1, .bits = 4096, .can_encrypt = true,
		.secret = true, .invalid = true };
	return k;
}

static struct buf
frame_of_answer(void)
{
	struct pgpkey k = some_key();
	struct pgp_answer a;
	struct buf b;

	buf_init(&b, PGP_FRAME_MAX);
	pgp_answer_init(&a, 7, PGP_OP_IMPORT);
	a.err = MQ_EPERM;
	a.sig = (struct pgp_sig){ (enum verdict)SIG_GOOD, fpr(FPR_A), fpr(FPR_B), 1709280000 };
	a.decrypt = V_NEEDS_KEY;
	a.remote_agent = true;
	a.fpr = fpr(FPR_B);
	(void)snprintf(a.text, sizeof a.text, "a sentence");
	assert_int_equal(buf_puts(&a.out, "bytes"), MQ_OK);
	assert_int_equal(keytable_add(&a.keys, &k), MQ_OK);
	assert_int_equal(pgp_wire_put_answer(&b, &a), MQ_OK);
	pgp_answer_done(&a);
	return b;
}

static void
answers_come_back_as_they_went(void **state)
{
	struct buf b = frame_of_answer();
	struct pgpkey want = some_key();
	struct pgp_answer a;

	(void)state;
	assert_int_equal(pgp_wire_get_answer(body(&b), &a), MQ_OK);
	assert_int_equal(a.id, 7);
	assert_int_equal(a.op, PGP_OP_IMPORT);
	assert_int_equal(a.err, MQ_EPERM);
	assert_int_equal(a.sig.verdict, SIG_GOOD);
	assert_string_equal(a.sig.primary.hex, FPR_A);
	assert_string_equal(a.sig.signer.hex, FPR_B);
	assert_int_equal(a.sig.ctime, 1709280000);
	assert_int_equal(a.decrypt, V_NEEDS_KEY);
	assert_true(a.remote_agent);
	assert_string_equal(a.fpr.hex, FPR_B);
	assert_string_equal(a.text, "a sentence");
	assert_true(span_is(buf_span(&a.out), "bytes"));
	assert_int_equal(a.keys.n, 1);
	assert_int_equal(a.keys.key[0].n, 2);
	assert_string_equal(a.keys.key[0].uid, want.uid);
	assert_true(a.keys.key[0].revoked && a.keys.key[0].secret && !a.keys.key[0].expired);
	assert_int_equal(a.keys.key[0].sub[0].expires, 1893456000);
	assert_int_equal(a.keys.key[0].sub[1].bits, 4096);
	assert_true(a.keys.key[0].sub[1].invalid && !a.keys.key[0].sub[1].can_sign);
	pgp_answer_done(&a);
	buf_done(&b);
}

static void
a_frame_that_is_cut_or_longer_is_refused(void **state)
{
	struct pgp_request w = { .op = PGP_OP_IMPORT, .fpr = { fpr(FPR_A) }, .n_fprs = 1,
		.data = span_of("certificate") }, q;
	struct buf request = frame_of_request(&w), answer = frame_of_answer();
	struct pgp_answer a;
	struct span s;

	(void)state;
	s = body(&request);
	for (s.n--; s.n > 0; s.n--)
		assert_int_equal(pgp_wire_get_request(s, &q), MQ_EFORMAT);
	s = body(&answer);
	for (s.n--; s.n > 0; s.n--)
		assert_int_equal(pgp_wire_get_answer(s, &a), MQ_EFORMAT);
	assert_int_equal(buf_u8(&request, 0), MQ_OK);
	assert_int_equal(pgp_wire_get_request((struct span){ request.p + HEAD, request.n - HEAD }, &q),
	    MQ_EFORMAT);
	assert_int_equal(buf_u8(&answer, 0), MQ_OK);
	assert_int_equal(pgp_wire_get_answer((struct span){ answer.p + HEAD, answer.n - HEAD }, &a),
	    MQ_EFORMAT);
	buf_done(&request);
	buf_done(&answer);
}

static void
a_child_cannot_grant_a_green_verdict(void **state)
{
	struct buf b = frame_of_answer();
	struct pgp_answer a;

	(void)state;
	be16(b.p + HEAD + 6, V_VERIFIED);
	assert_int_equal(pgp_wire_get_answer(body(&b), &a), MQ_EFORMAT);
	be16(b.p + HEAD + 6, V_BAD_SIG);
	be16(b.p + HEAD + 8, SIG_GOOD); /* a decryption is never GOOD */
	assert_int_equal(pgp_wire_get_answer(body(&b), &a), MQ_EFORMAT);
	buf_done(&b);
}

static void
frames_are_taken_one_by_one_and_wiped(void **state)
{
	struct pgp_request w = { .id = 1, .op = PGP_OP_LIST };
	struct buf one = frame_of_request(&w), rx;
	struct span frame;

	(void)state;
	buf_init(&rx, PGP_FRAME_MAX);
	for (size_t i = 0; i < one.n; i++) {
		assert_int_equal(pgp_wire_frame(&rx, &frame), MQ_EAGAIN);
		assert_int_equal(buf_u8(&rx, one.p[i]), MQ_OK);
	}
	assert_int_equal(buf_put(&rx, one.p, one.n), MQ_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pgp_wire_frame(&rx, &frame), MQ_OK);
		pgp_wire_consume(&rx, frame);
	}
	assert_int_equal(rx.n, 0);
	for (size_t i = 0; i < 2 * one.n; i++)
		assert_int_equal(rx.p[i], 0);
	assert_int_equal(buf_u32(&rx, PGP_FRAME_MAX), MQ_OK);
	assert_int_equal(pgp_wire_frame(&rx, &frame), MQ_EFORMAT);
	buf_done(&rx);
	buf_done(&one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_come_back_as_they_went),
		cmocka_unit_test(requests_of_another_shape_do_not_travel),
		cmocka_unit_test(answers_come_back_as_they_went),
		cmocka_unit_test(a_frame_that_is_cut_or_longer_is_refused),
		cmocka_unit_test(a_child_cannot_grant_a_green_verdict),
		cmocka_unit_test(frames_are_taken_one_by_one_and_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
