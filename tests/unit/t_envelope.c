#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/wire/envelope.h"

/* Both ends of a tree: gateway key 0, operator key 3, one epoch secret. */
struct side {
	struct conf_data_key key[2];
	uint8_t sk[2][64];
	uint8_t secret[32];
	struct env_conf conf;
	uint8_t *scratch;
	struct buf payload;
};

static const char topic_text[] = "plant/line 4/rpm";

static void
make_side(struct side *s, enum suite suite)
{
	uint8_t seed[32] = { 1 };

	memset(s, 0, sizeof *s);
	for (int i = 0; i < 2; i++) {
		seed[1] = (uint8_t)i;
		assert_int_equal(crypto_sign_seed_keypair(s->key[i].pk, s->sk[i], seed), 0);
	}
	s->key[0].role = ROLE_GATEWAY;
	s->key[1].role = ROLE_OPERATOR;
	s->key[1].index = 3;
	memset(s->secret, 0x5e, sizeof s->secret);
	memset(s->conf.conf_hash, 0xc0, HASH_BYTES);
	s->conf.suite = suite;
	s->conf.rev = 7;
	s->conf.epoch = 3;
	s->conf.keys = s->key;
	s->conf.n_keys = 2;
	s->conf.epoch_secret = s->secret;
	s->scratch = malloc(ENV_SCRATCH(ENV_PAYLOAD_MAX));
	assert_non_null(s->scratch);
	buf_init(&s->payload, ENV_PAYLOAD_MAX);
}

static void
done_side(struct side *s)
{
	free(s->scratch);
	buf_done(&s->payload);
}

static enum mq_err
seal(struct side *s, uint8_t type, struct span topic, struct span message)
{
	const struct env_seal in = {
		.type = type,
		.flags = ENV_FLAG_RETAIN,
		.kid = type == ENV_TYPE_COMMAND ? 3 : 0,
		.seq = UINT64_C(9) << 32 | 41,
		.time_ms = 1780000000123,
		.data_sk = s->sk[type == ENV_TYPE_COMMAND],
		.data_pk = s->key[type == ENV_TYPE_COMMAND].pk,
	};

	buf_reset(&s->payload);
	return env_seal(&s->conf, &in, topic, message, NULL, &s->payload);
}

static enum verdict
open_as(struct side *s, struct span topic, struct span payload, struct env_opened *o)
{
	env_open(&s->conf, topic, payload, NULL, s->scratch, o);
	return o->verdict;
}

static void
what_is_sealed_opens_again_in_every_suite_and_size(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 63, 64, 65, 256, 4096,
		ENV_PAYLOAD_MAX - ENV_OVERHEAD_MAX };
	static const size_t overhead[] = { 0, 104, 72, 136, 72 };
	uint8_t *text = malloc(ENV_PAYLOAD_MAX);
	struct env_opened o;
	struct side s;

	(void)state;
	assert_non_null(text);
	for (enum suite suite = SUITE_ED25519; suite <= SUITE_HMAC; suite++)
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct span message = { text, sizes[i] };

			make_side(&s, suite);
			randombytes_buf(text, sizes[i]);
			assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), message), MQ_OK);
			assert_int_equal(s.payload.n, sizes[i] + overhead[suite]);
			assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NONE);
			assert_true(span_eq(o.clear, message));
			assert_int_equal(o.group, suite == SUITE_XCHACHA || suite == SUITE_HMAC);
			assert_false(o.sealed);
			assert_true(o.h.seq == (UINT64_C(9) << 32 | 41));
			assert_true(o.h.time_ms == 1780000000123);
			assert_int_equal(o.h.flags, ENV_FLAG_RETAIN);
			done_side(&s);
		}
	free(text);
}

static void
no_flipped_bit_anywhere_still_authenticates(void **state)
{
	struct env_opened o;
	struct side s;

	(void)state;
	for (enum suite suite = SUITE_ED25519; suite <= SUITE_HMAC; suite++) {
		make_side(&s, suite);
		assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("21.5 C")), MQ_OK);
		for (size_t bit = 0; bit < 8 * s.payload.n; bit++) {
			s.payload.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_not_equal(
			    open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NONE);
			assert_null(o.clear.p);
			s.payload.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NONE);
		done_side(&s);
	}
}

static void
no_shorter_and_no_longer_payload_authenticates(void **state)
{
	uint8_t longer[512] = { 0 };
	struct env_opened o;
	struct side s;

	(void)state;
	for (enum suite suite = SUITE_ED25519; suite <= SUITE_HMAC; suite++) {
		make_side(&s, suite);
		assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("21.5 C")), MQ_OK);
		for (size_t n = 0; n < s.payload.n; n++) {
			/* a copy of exactly n bytes: the sanitizer sees a read behind them */
			uint8_t *cut = malloc(n + (n == 0));

			assert_non_null(cut);
			memcpy(cut, s.payload.p, n);
			assert_int_not_equal(
			    open_as(&s, span_of(topic_text), (struct span){ cut, n }, &o), V_NONE);
			free(cut);
		}
		memcpy(longer, s.payload.p, s.payload.n);
		assert_int_not_equal(open_as(&s, span_of(topic_text),
					 (struct span){ longer, s.payload.n + 1 }, &o), V_NONE);
		done_side(&s);
	}
}

static enum verdict
refusal(enum suite suite)
{
	return suite == SUITE_XCHACHA ? V_DECRYPT_FAIL : V_BAD_SIG;
}

static void
another_topic_conf_key_or_epoch_secret_does_not_authenticate(void **state)
{
	struct env_opened o;
	struct side s;

	(void)state;
	for (enum suite suite = SUITE_ED25519; suite <= SUITE_HMAC; suite++) {
		make_side(&s, suite);
		assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("21.5 C")), MQ_OK);
		assert_int_equal(open_as(&s, span_of("plant/line 4/rpM"), buf_span(&s.payload), &o),
		    refusal(suite));
		assert_int_equal(open_as(&s, span_of(""), buf_span(&s.payload), &o), refusal(suite));
		s.conf.conf_hash[31] ^= 1;
		assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o),
		    refusal(suite));
		s.conf.conf_hash[31] ^= 1;
		s.key[0] = (struct conf_data_key){ .role = ROLE_GATEWAY };
		memcpy(s.key[0].pk, s.key[1].pk, 32);
		assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o),
		    refusal(suite));
		done_side(&s);
	}
}

static void
the_order_of_checks_before_crypto_is_that_of_the_protocol(void **state)
{
	struct env_opened o;
	struct side s;
	uint8_t *p;

	(void)state;
	make_side(&s, SUITE_XCHACHA);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("x")), MQ_OK);
	p = s.payload.p;
	s.conf.epoch_secret = NULL;
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NEEDS_KEY);
	p[15] ^= 1; /* epoch */
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_UNKNOWN_KEY);
	p[15] ^= 1;
	p[7] = 1; /* kid */
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_UNKNOWN_KEY);
	assert_int_equal(open_as(&s, span_of(topic_text), (struct span){ p, 71 }, &o), V_MALFORMED);
	p[5] = 1; /* suite */
	assert_int_equal(open_as(&s, span_of(topic_text), (struct span){ p, 71 }, &o), V_DOWNGRADE);
	p[11] ^= 1; /* rev */
	assert_int_equal(open_as(&s, span_of(topic_text), (struct span){ p, 71 }, &o), V_NEEDS_CONF);
	p[6] = 2; /* reserved flag */
	assert_int_equal(open_as(&s, span_of(topic_text), (struct span){ p, 71 }, &o), V_MALFORMED);
	assert_false(env_has_magic((struct span){ p, 3 }));
	assert_true(env_has_magic((struct span){ p, 4 }));
	done_side(&s);
}

static void
without_the_epoch_key_suite_3_is_verified_but_stays_sealed(void **state)
{
	struct env_opened o;
	struct side s;

	(void)state;
	make_side(&s, SUITE_ED25519_XCHACHA);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("secret")), MQ_OK);
	s.conf.epoch_secret = NULL;
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NONE);
	assert_true(o.sealed);
	assert_null(o.clear.p);
	s.payload.p[60] ^= 1;
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_BAD_SIG);
	assert_false(o.sealed);
	done_side(&s);
}

static void
a_data_key_has_one_role(void **state)
{
	struct env_opened o;
	struct side s;

	(void)state;
	make_side(&s, SUITE_ED25519);
	assert_int_equal(seal(&s, ENV_TYPE_COMMAND, span_of(topic_text), span_of("stop")), MQ_OK);
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_NONE);
	assert_int_equal(o.h.type, ENV_TYPE_COMMAND);
	s.payload.p[4] = ENV_TYPE_DATA; /* an operator's key makes no data */
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_UNKNOWN_KEY);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("21")), MQ_OK);
	s.payload.p[4] = ENV_TYPE_COMMAND; /* and a gateway's key no commands */
	assert_int_equal(open_as(&s, span_of(topic_text), buf_span(&s.payload), &o), V_UNKNOWN_KEY);
	done_side(&s);
}

static void
a_cached_topic_key_gives_the_same_answers(void **state)
{
	struct env_topic_key key;
	struct env_opened o;
	struct side s;

	(void)state;
	for (enum suite suite = SUITE_XCHACHA; suite <= SUITE_HMAC; suite++) {
		make_side(&s, suite);
		assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("21.5")), MQ_OK);
		env_topic_key(&key, &s.conf, s.key[0].pk, span_of(topic_text));
		env_open(&s.conf, span_of(topic_text), buf_span(&s.payload), &key, s.scratch, &o);
		assert_int_equal(o.verdict, V_NONE);
		assert_true(span_is(o.clear, "21.5"));
		key.k[0] ^= 1;
		env_open(&s.conf, span_of(topic_text), buf_span(&s.payload), &key, s.scratch, &o);
		assert_int_equal(o.verdict, suite == SUITE_HMAC ? V_BAD_SIG : V_DECRYPT_FAIL);
		done_side(&s);
	}
}

static void
sealing_says_what_is_missing(void **state)
{
	struct env_seal in = { .type = ENV_TYPE_DATA };
	uint8_t *big = calloc(1, ENV_PAYLOAD_MAX);
	struct side s;

	(void)state;
	assert_non_null(big);
	make_side(&s, SUITE_ED25519_XCHACHA);
	in.data_pk = s.key[0].pk;
	assert_int_equal(env_seal(&s.conf, &in, span_of("a"), span_of("m"), NULL, &s.payload),
	    MQ_EINVAL); /* no secret key */
	in.data_sk = s.sk[0];
	s.conf.epoch_secret = NULL;
	assert_int_equal(env_seal(&s.conf, &in, span_of("a"), span_of("m"), NULL, &s.payload),
	    MQ_EINVAL); /* no epoch secret */
	s.conf.epoch_secret = s.secret;
	in.flags = 2;
	assert_int_equal(env_seal(&s.conf, &in, span_of("a"), span_of("m"), NULL, &s.payload),
	    MQ_EINVAL);
	in.flags = 0;
	assert_int_equal(env_seal(&s.conf, &in, span_of("a"), (struct span){ big, ENV_PAYLOAD_MAX },
			     NULL, &s.payload), MQ_ELIMIT);
	assert_int_equal(s.payload.n, 0);
	assert_int_equal(env_seal(&s.conf, &in, span_of("a"), span_of("m"), NULL, &s.payload), MQ_OK);
	done_side(&s);
	free(big);
}

static void
two_seals_of_one_message_differ_in_their_nonce(void **state)
{
	uint8_t first[256];
	struct side s;
	size_t n;

	(void)state;
	make_side(&s, SUITE_XCHACHA);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("same")), MQ_OK);
	memcpy(first, s.payload.p, n = s.payload.n);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, span_of(topic_text), span_of("same")), MQ_OK);
	assert_int_equal(s.payload.n, n);
	assert_memory_equal(first, s.payload.p, ENV_HEADER);
	assert_memory_not_equal(first + ENV_HEADER, s.payload.p + ENV_HEADER, 16);
	done_side(&s);
}

static void
the_longest_topic_of_mqtt_fits(void **state)
{
	uint8_t *name = malloc(UINT16_MAX + 1);
	struct env_opened o;
	struct side s;

	(void)state;
	assert_non_null(name);
	memset(name, 'x', UINT16_MAX + 1);
	make_side(&s, SUITE_ED25519_XCHACHA);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, (struct span){ name, UINT16_MAX }, span_of("m")),
	    MQ_OK);
	assert_int_equal(open_as(&s, (struct span){ name, UINT16_MAX }, buf_span(&s.payload), &o),
	    V_NONE);
	assert_int_equal(open_as(&s, (struct span){ name, UINT16_MAX + 1 }, buf_span(&s.payload), &o),
	    V_MALFORMED_TOPIC);
	assert_int_equal(seal(&s, ENV_TYPE_DATA, (struct span){ name, UINT16_MAX + 1 },
			     span_of("m")), MQ_EINVAL);
	done_side(&s);
	free(name);
}

/* Expected bytes: python3 hashlib.blake2b(digest_size=32). */
static void
hints_and_chains_are_the_hashes_of_the_protocol(void **state)
{
	static const uint8_t hint[8] = { 0x67, 0x17, 0x90, 0x21, 0x24, 0xf5, 0x36, 0xe8 };
	static const uint8_t start[16] = {
		0x3a, 0x24, 0xf6, 0x9e, 0x09, 0x1d, 0xce, 0x16,
		0x7d, 0xb9, 0x76, 0x83, 0x29, 0x06, 0x66, 0x92 };
	static const uint8_t next[16] = {
		0x3a, 0xf5, 0xab, 0x76, 0x96, 0x5f, 0xd4, 0xdd,
		0xa2, 0xa2, 0x55, 0x52, 0x58, 0x7a, 0xe2, 0xe6 };
	uint8_t out[8], chain[16], hash[HASH_BYTES];

	(void)state;
	env_topic8(out, span_of("a/b"));
	assert_memory_equal(out, hint, 8);
	memset(hash, 0x11, sizeof hash);
	env_chain_start(chain, hash, span_of("a/b"));
	assert_memory_equal(chain, start, 16);
	env_chain_next(chain, span_of("envelope"));
	assert_memory_equal(chain, next, 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_sealed_opens_again_in_every_suite_and_size),
		cmocka_unit_test(no_flipped_bit_anywhere_still_authenticates),
		cmocka_unit_test(no_shorter_and_no_longer_payload_authenticates),
		cmocka_unit_test(another_topic_conf_key_or_epoch_secret_does_not_authenticate),
		cmocka_unit_test(the_order_of_checks_before_crypto_is_that_of_the_protocol),
		cmocka_unit_test(without_the_epoch_key_suite_3_is_verified_but_stays_sealed),
		cmocka_unit_test(a_data_key_has_one_role),
		cmocka_unit_test(a_cached_topic_key_gives_the_same_answers),
		cmocka_unit_test(sealing_says_what_is_missing),
		cmocka_unit_test(two_seals_of_one_message_differ_in_their_nonce),
		cmocka_unit_test(the_longest_topic_of_mqtt_fits),
		cmocka_unit_test(hints_and_chains_are_the_hashes_of_the_protocol),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
