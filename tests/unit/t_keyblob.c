#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/text.h"
#include "core/wire/keyblob.h"

static void
make_secret(uint8_t secret[32])
{
	for (int i = 0; i < 32; i++)
		secret[i] = (uint8_t)i;
}

/* Expected values here: python3 hashlib.blake2b and base64. */
static void
the_key_id_is_the_hash_of_the_protocol(void **state)
{
	uint8_t secret[32], id[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	(void)state;
	make_secret(secret);
	keyblob_key_id(id, 3, secret);
	text_hex(hex, id, sizeof id);
	assert_string_equal(hex, "d9fb60f70c310b905d5c83fa403b01481d7cfa8953c652d11934e38fad1ac455");
}

static void
the_broker_password_is_derived_from_secret_url_and_user(void **state)
{
	char password[33], other[33];
	uint8_t secret[32];

	(void)state;
	make_secret(secret);
	keyblob_mqtt_password(password, secret, "mqtts://gw-unit1@broker.example.org:8883", "gw-unit1");
	assert_string_equal(password, "_rbnC70PlFgMWFuwXSU_wXuaPud6XPuQ");
	keyblob_mqtt_password(other, secret, "mqtts://gw-unit1@broker.example.org:8884", "gw-unit1");
	assert_string_not_equal(password, other);
}

static void
a_blob_opens_only_for_its_epoch_and_key_id(void **state)
{
	uint8_t secret[32], id[HASH_BYTES], out[32] = { 0 }, clear[KEYBLOB_CLEAR + 1];
	const uint8_t zeros[32] = { 0 };

	(void)state;
	make_secret(secret);
	keyblob_clear(clear, 3, secret);
	keyblob_key_id(id, 3, secret);
	assert_memory_equal(clear, "MQGPKEY1\0\0\0\3", 12);
	assert_false(keyblob_open((struct span){ clear, KEYBLOB_CLEAR }, 4, id, out));
	assert_false(keyblob_open((struct span){ clear, KEYBLOB_CLEAR - 1 }, 3, id, out));
	assert_false(keyblob_open((struct span){ clear, KEYBLOB_CLEAR + 1 }, 3, id, out));
	assert_false(keyblob_open((struct span){ NULL, 0 }, 3, id, out));
	for (size_t bit = 0; bit < 8 * KEYBLOB_CLEAR; bit++) {
		clear[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(keyblob_open((struct span){ clear, KEYBLOB_CLEAR }, 3, id, out));
		clear[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	id[0] ^= 1;
	assert_false(keyblob_open((struct span){ clear, KEYBLOB_CLEAR }, 3, id, out));
	assert_memory_equal(out, zeros, sizeof out);
	id[0] ^= 1;
	assert_true(keyblob_open((struct span){ clear, KEYBLOB_CLEAR }, 3, id, out));
	assert_memory_equal(out, secret, sizeof out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_id_is_the_hash_of_the_protocol),
		cmocka_unit_test(the_broker_password_is_derived_from_secret_url_and_user),
		cmocka_unit_test(a_blob_opens_only_for_its_epoch_and_key_id),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
