/* Any bytes as an envelope, under all four suites: nothing authenticates that we did not seal, and
 * whatever is sealed opens. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/wire/envelope.h"

static const char topic[] = "plant/line 4/rpm";

/* Never authentic; the outcome must be one that env_open may give. */
static void
open_foreign(const struct env_conf *c, struct span payload)
{
	uint8_t *scratch = malloc(ENV_SCRATCH(payload.n));
	struct env_opened o;

	require(scratch != NULL);
	env_open(c, span_of(topic), payload, NULL, scratch, &o);
	require(o.verdict != V_NONE && o.clear.p == NULL && !verdict_is_green(o.verdict));
	require(o.verdict == V_MALFORMED || o.verdict == V_NEEDS_CONF || o.verdict == V_DOWNGRADE ||
	    o.verdict == V_UNKNOWN_KEY || o.verdict == V_NEEDS_KEY || o.verdict == V_BAD_SIG ||
	    o.verdict == V_DECRYPT_FAIL);
	require(payload.n >= ENV_HEADER || o.verdict == V_MALFORMED);
	free(scratch);
}

static void
seal_and_open(const struct env_conf *c, const struct env_seal *in, struct span message)
{
	struct env_opened o;
	struct buf out;
	uint8_t *scratch;

	buf_init(&out, ENV_PAYLOAD_MAX);
	require(env_seal(c, in, span_of(topic), message, NULL, &out) == MQ_OK);
	require((scratch = malloc(ENV_SCRATCH(out.n))) != NULL);
	env_open(c, span_of(topic), buf_span(&out), NULL, scratch, &o);
	require(o.verdict == V_NONE && span_eq(o.clear, message));
	free(scratch);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t seed[32] = { 1 };
	struct conf_data_key key = { .role = ROLE_GATEWAY };
	uint8_t sk[64], secret[32] = { 2 };
	struct env_conf c = { .keys = &key, .n_keys = 1, .rev = 7, .epoch = 1 };
	const struct env_seal in = { .type = ENV_TYPE_DATA, .seq = n, .data_sk = sk, .data_pk = key.pk,
		.rand16 = seed };
	struct span payload = { data, n };
	struct env_header h;

	require(sodium_init() >= 0 && crypto_sign_seed_keypair(key.pk, sk, seed) == 0);
	require(!env_read_header(payload, &h) || env_has_magic(payload));
	for (c.suite = SUITE_ED25519; c.suite <= SUITE_HMAC; c.suite++) {
		c.epoch_secret = secret;
		open_foreign(&c, payload);
		if (n <= 4096)
			seal_and_open(&c, &in, payload);
		c.epoch_secret = NULL;
		open_foreign(&c, payload);
	}
	return 0;
}
