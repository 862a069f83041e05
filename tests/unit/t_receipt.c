#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/wire/receipt.h"

#define TREE "plant/line 4"
#define GATEWAY "openpgp4:8B7ECF858B776B2F0825FFF73CBC65BBD592FFF3"

/* A gateway with its conf and key, and the text it wrote last. */
struct scene {
	struct conf conf;
	struct conf_gateway gateway;
	uint8_t sk[64];
	struct receipt r;
	struct buf text;
};

static void
set_up(struct scene *s)
{
	static const uint8_t seed[32] = { 4 };

	memset(s, 0, sizeof *s);
	assert_int_equal(crypto_sign_seed_keypair(s->conf.data_key[0].pk, s->sk, seed), 0);
	s->conf.n_data_keys = 1;
	memset(s->conf.hash, 0xab, HASH_BYTES);
	assert_true(conf_read_gateway(span_of(GATEWAY), &s->gateway));
	memcpy(s->r.topic, TREE, s->r.topic_n = strlen(TREE));
	s->r.gateway = s->gateway;
	s->r.boot = 12;
	s->r.n = 345;
	s->r.time = 1780000000;
	s->r.state = GS_ACTIVE;
	s->r.revision = 7;
	memcpy(s->r.conf, s->conf.hash, HASH_BYTES);
	buf_init(&s->text, 2 * RECEIPT_MAX);
}

static void
print(struct scene *s)
{
	buf_reset(&s->text);
	assert_int_equal(receipt_print(&s->r, s->sk, &s->text), MQ_OK);
}

static const struct conf *
find(void *arg, const uint8_t hash[HASH_BYTES])
{
	const struct conf *c = arg;

	return memcmp(c->hash, hash, HASH_BYTES) == 0 ? c : NULL;
}

static enum verdict
judge(struct scene *s, const struct receipt_last *last)
{
	struct receipt out;
	unsigned line;

	return receipt_judge(buf_span(&s->text), s->r.is_status, span_of(TREE), &s->gateway, find,
	    &s->conf, last, &out, &line);
}

static void
everything_a_receipt_can_say_is_read_back(void **state)
{
	struct receipt back;
	struct scene s;
	unsigned line = 9;

	(void)state;
	set_up(&s);
	s.r.n_pending = 2;
	s.r.pending[0] = (struct receipt_pending){ 8, { 1 }, 1, 2, 0, 1 };
	s.r.pending[1] = (struct receipt_pending){ 8, { 2 }, 3, 2, 1, 1 };
	s.r.n_rejected = 1;
	s.r.rejected[0] = (struct receipt_rejected){ 8, { 3 }, "WRONG-GATEWAY" };
	memcpy(s.r.reason, "offer-expired", 14);
	s.r.has_next_data_key = true;
	memset(s.r.next_data_key, 0x77, 32);
	memset(s.r.next_pop, 0x88, 64);
	s.r.rekey_due = true;
	s.r.kid = 0;
	print(&s);
	assert_int_equal(receipt_parse(buf_span(&s.text), false, &back, &line), V_NONE);
	assert_true(back.signed_n != 0 && back.signed_n < s.text.n);
	assert_int_equal(back.topic_n, s.r.topic_n);
	assert_memory_equal(back.topic, s.r.topic, s.r.topic_n);
	assert_memory_equal(back.pending, s.r.pending, sizeof s.r.pending);
	assert_int_equal(back.n_rejected, 1);
	assert_int_equal(back.rejected[0].revision, 8);
	assert_memory_equal(back.rejected[0].hash, s.r.rejected[0].hash, HASH_BYTES);
	assert_string_equal(back.rejected[0].code, "WRONG-GATEWAY");
	assert_string_equal(back.reason, s.r.reason);
	assert_memory_equal(back.next_data_key, s.r.next_data_key, 32);
	assert_memory_equal(back.next_pop, s.r.next_pop, 64);
	assert_true(back.rekey_due && back.has_next_data_key);
	assert_int_equal(back.state, GS_ACTIVE);
	assert_int_equal(judge(&s, NULL), V_VERIFIED);
	buf_done(&s.text);
}

static void
everything_a_status_can_say_is_read_back(void **state)
{
	struct receipt back;
	struct scene s;
	unsigned line = 9;

	(void)state;
	set_up(&s);
	s.r.is_status = true;
	s.r.lost_link = UINT64_MAX;
	s.r.n_echo = STATUS_ECHO_MAX;
	memset(s.r.echo, 0x1e, sizeof s.r.echo);
	s.r.n_ck = STATUS_CK_MAX;
	for (unsigned i = 0; i < STATUS_CK_MAX; i++) {
		s.r.ck[i].topic8[0] = (uint8_t)(2 * i);
		s.r.ck[i].seq = UINT64_C(12) << 32 | i;
		memset(s.r.ck[i].chain, (int)i, 16);
	}
	s.r.page = 1;
	s.r.pages = 3;
	print(&s);
	assert_true(s.text.n <= RECEIPT_MAX);
	assert_int_equal(receipt_parse(buf_span(&s.text), true, &back, &line), V_NONE);
	assert_true(back.lost_link == UINT64_MAX);
	assert_memory_equal(back.echo, s.r.echo, sizeof s.r.echo);
	assert_memory_equal(back.ck, s.r.ck, sizeof s.r.ck);
	assert_int_equal(back.page, 1);
	assert_int_equal(back.pages, 3);
	assert_int_equal(judge(&s, NULL), V_VERIFIED);
	buf_done(&s.text);
}

static void
what_would_not_be_read_is_not_printed(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s);
	s.r.boot = 0;
	assert_int_equal(receipt_print(&s.r, s.sk, &s.text), MQ_EINVAL);
	s.r.boot = 1;
	s.r.state = GS_NONE;
	assert_int_equal(receipt_print(&s.r, s.sk, &s.text), MQ_EINVAL);
	s.r.state = GS_ACTIVE;
	memcpy(s.r.reason, "two words", 10);
	assert_int_equal(receipt_print(&s.r, s.sk, &s.text), MQ_EINVAL);
	s.r.is_status = true;
	s.r.n_ck = 2; /* the same topic twice */
	assert_int_equal(receipt_print(&s.r, s.sk, &s.text), MQ_EINVAL);
	assert_int_equal(s.text.n, 0);
	buf_done(&s.text);
}

static void
no_flipped_bit_is_verified(void **state)
{
	struct scene s;

	(void)state;
	set_up(&s);
	print(&s);
	for (size_t bit = 0; bit < 8 * s.text.n; bit++) {
		s.text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(verdict_is_green(judge(&s, NULL)));
		s.text.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(judge(&s, NULL), V_VERIFIED);
	buf_done(&s.text);
}

static void
verdicts_come_in_the_order_of_the_protocol(void **state)
{
	struct receipt_last last = { .any = false };
	struct receipt newer;
	struct scene s;

	(void)state;
	set_up(&s);
	assert_int_equal(judge(&s, NULL), V_CLEARED);
	assert_int_equal(buf_puts(&s.text, "online"), MQ_OK);
	assert_int_equal(judge(&s, NULL), V_UNSIGNED);
	s.r.is_status = true;
	assert_int_equal(judge(&s, NULL), V_LINK_HINT);
	s.r.is_status = false;
	print(&s);
	newer = s.r;
	newer.n++;
	receipt_remember(&last, &newer, span_of("newer"));
	/* everything below is wrong at once; each repair uncovers the next */
	s.conf.hash[0] ^= 1;
	s.conf.data_key[0].role = ROLE_OPERATOR;
	s.conf.data_key[0].pk[0] ^= 1;
	s.gateway.fpr.hex[0] = '0';
	s.r.topic[0] = 'q';
	print(&s);
	assert_int_equal(judge(&s, &last), V_NEEDS_CONF);
	s.conf.hash[0] ^= 1;
	assert_int_equal(judge(&s, &last), V_UNKNOWN_KEY);
	s.conf.data_key[0].role = ROLE_GATEWAY;
	assert_int_equal(judge(&s, &last), V_BAD_SIG);
	s.conf.data_key[0].pk[0] ^= 1;
	assert_int_equal(judge(&s, &last), V_WRONG_TOPIC);
	s.r.topic[0] = 'p';
	print(&s);
	assert_int_equal(judge(&s, &last), V_WRONG_GATEWAY);
	s.gateway = s.r.gateway;
	assert_int_equal(judge(&s, &last), V_REPLAY);
	receipt_remember(&last, &s.r, buf_span(&s.text));
	assert_int_equal(judge(&s, &last), V_DUPLICATE);
	receipt_remember(&last, &s.r, span_of("other bytes"));
	assert_int_equal(judge(&s, &last), V_EQUIVOCATION);
	s.r.n++;
	print(&s);
	assert_int_equal(judge(&s, &last), V_VERIFIED);
	last.boot++;
	assert_int_equal(judge(&s, &last), V_REPLAY);
	buf_done(&s.text);
}

static unsigned
line_of(const char *text, bool status)
{
	struct receipt out;
	unsigned line = 99;

	assert_int_equal(receipt_parse(span_of(text), status, &out, &line), V_MALFORMED);
	return line;
}

#define ZEROS16 "0000000000000000"
#define ZEROS64 ZEROS16 ZEROS16 ZEROS16 ZEROS16
#define HEAD                                                                                       \
	"#!mqgp.receipt 1\ntopic=a/b\ngateway=" GATEWAY "\nboot=1\nn=2\ntime=2026-11-20T10:00:05Z\n"  \
	"state=active\nrevision=7\nconf=b2-256:" ZEROS64 "\n"
#define SIG "sig=ed25519:0:" ZEROS64 ZEROS64 "\n"

static void
the_line_of_an_error_is_the_first_wrong_one(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{ "#!mqgp.receipt 2\n", 1 },
		{ "#!mqgp.receipt 1 \n", 1 },
		{ "#!mqgp.receipt 1", 1 }, /* no LF */
		{ "#!mqgp.receipt 1\n", 0 }, /* everything is missing */
		{ HEAD, 0 }, /* no signature */
		{ HEAD "reason=x\ttab\nstate=active\n", 10 }, /* bytes first */
		{ "#!mqgp.receipt 1\nboot=x\nreason=\x80\n", 3 },
		{ HEAD SIG "x", 11 }, /* line end before grammar */
		{ HEAD SIG "\n", 11 },
		{ HEAD SIG SIG, 11 },
		{ HEAD "\n" SIG, 10 },
		{ HEAD "# comment\n" SIG, 10 },
		{ HEAD "colour=red\n" SIG, 10 },
		{ HEAD "reason=\n" SIG, 10 },
		{ HEAD "reason=Word\n" SIG, 10 },
		{ HEAD "reason=a\nreason=b\n" SIG, 11 },
		{ HEAD "rekey-due=no\n" SIG, 10 },
		{ HEAD "rekey-due=yes\nreason=a\n" SIG, 11 }, /* order */
		{ HEAD "boot=1\n" SIG, 10 },
		{ HEAD "lost-link=1\n" SIG, 10 }, /* of a status */
		{ HEAD "pending=8 b2-256:" ZEROS64 " sigs=1/2\n" SIG, 10 },
		{ HEAD "pending=08 b2-256:" ZEROS64 " sigs=1/2+0/1\n" SIG, 10 },
		{ HEAD "pending=8 b2-256:" ZEROS64 " sigs=1/2+0/1 \n" SIG, 10 },
		{ HEAD "rejected=8 b2-256:" ZEROS64 " fork\n" SIG, 10 },
		{ HEAD "rejected=8 b2-256:" ZEROS64 "\n" SIG, 10 },
		{ HEAD "sig=ed25519:8:" ZEROS64 ZEROS64 "\n", 10 },
		{ HEAD "sig=ed25519:00:" ZEROS64 ZEROS64 "\n", 10 },
		{ HEAD "sig=ed25519:0:" ZEROS64 "\n", 10 },
		{ HEAD "sig=\n", 10 },
		{ "#!mqgp.receipt 1\ntopic=a/b\nboot=1\n" SIG, 0 }, /* gateway is missing */
		{ "#!mqgp.receipt 1\ntopic=a/b\nboot=1\ngateway=" GATEWAY "\n" SIG, 4 },
		{ "#!mqgp.receipt 1\ntopic=a//b\n" SIG, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (line_of(cases[i].text, false) != cases[i].line)
			fail_msg("case %zu: line %u", i, line_of(cases[i].text, false));
}

static void
lists_have_a_limit(void **state)
{
	char text[4096] = HEAD;

	(void)state;
	for (int i = 0; i < RECEIPT_ITEMS_MAX + 1; i++)
		(void)strncat(text, "rejected=8 b2-256:" ZEROS64 " FORK\n",
		    sizeof text - strlen(text) - 1);
	(void)strncat(text, SIG, sizeof text - strlen(text) - 1);
	assert_int_equal(line_of(text, false), 10 + RECEIPT_ITEMS_MAX);
}

static void
more_than_8192_bytes_are_malformed_as_a_whole(void **state)
{
	char *text = malloc(RECEIPT_MAX + 2);

	(void)state;
	assert_non_null(text);
	memset(text, '\x01', RECEIPT_MAX + 1);
	memcpy(text, "#!mqgp.receipt 1\n", 17);
	text[RECEIPT_MAX + 1] = '\0';
	assert_int_equal(line_of(text, false), 0);
	text[RECEIPT_MAX] = '\0';
	assert_int_equal(line_of(text, false), 2);
	free(text);
}

static void
a_new_data_key_is_proven_for_this_gateway_and_this_old_key(void **state)
{
	uint8_t seed[32] = { 9 }, pk[32], sk[64], pop[64], old[32] = { 1 };
	struct conf_gateway g, ed = { .is_edkey = true };

	(void)state;
	assert_int_equal(crypto_sign_seed_keypair(pk, sk, seed), 0);
	assert_true(conf_read_gateway(span_of(GATEWAY), &g));
	receipt_pop(pop, &g, old, sk);
	assert_true(receipt_pop_ok(pop, &g, old, pk));
	assert_false(receipt_pop_ok(pop, &ed, old, pk));
	old[0] ^= 1;
	assert_false(receipt_pop_ok(pop, &g, old, pk));
	receipt_pop(pop, &ed, old, sk);
	assert_true(receipt_pop_ok(pop, &ed, old, pk));
	pop[5] ^= 1;
	assert_false(receipt_pop_ok(pop, &ed, old, pk));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_a_receipt_can_say_is_read_back),
		cmocka_unit_test(everything_a_status_can_say_is_read_back),
		cmocka_unit_test(what_would_not_be_read_is_not_printed),
		cmocka_unit_test(no_flipped_bit_is_verified),
		cmocka_unit_test(verdicts_come_in_the_order_of_the_protocol),
		cmocka_unit_test(the_line_of_an_error_is_the_first_wrong_one),
		cmocka_unit_test(lists_have_a_limit),
		cmocka_unit_test(more_than_8192_bytes_are_malformed_as_a_whole),
		cmocka_unit_test(a_new_data_key_is_proven_for_this_gateway_and_this_old_key),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
