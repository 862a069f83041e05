#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/conf/conf.h"

#define OWNER "479662EA1B2C3D4E5F60718293A4B5C6D7E86CCD"

static void
a_fingerprint_is_forty_upper_hex_digits(void **state)
{
	struct fpr f, g;
	char groups[45], brief[16];

	(void)state;
	assert_false(fpr_parse(span_of("479662ea1b2c3d4e5f60718293a4b5c6d7e86ccd"), &f));
	assert_false(fpr_parse(span_of("93A4B5C6D7E86CCD"), &f));
	assert_false(fpr_parse(span_of(OWNER "0"), &f));
	assert_true(fpr_parse(span_of(OWNER), &f));
	fpr_groups(&f, groups);
	assert_string_equal(groups, "479662EA 1B2C3D4E 5F607182 93A4B5C6 D7E86CCD");
	fpr_short(&f, brief);
	assert_string_equal(brief, "4796\xe2\x80\xa6" "6CCD");
	g = f;
	assert_true(fpr_eq(&f, &g));
	g.hex[39] = 'E';
	assert_false(fpr_eq(&f, &g));
}

static void
a_gateway_is_a_fingerprint_or_an_ed25519_key(void **state)
{
	static const char *const bad[] = { "", OWNER, "openpgp4:", "openpgp4:" OWNER "0", "ed25519:00",
		"ed25519:0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f" };
	static const char *const good[] = { "openpgp4:" OWNER,
		"ed25519:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f" };
	struct conf_gateway g[2];
	char back[80];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(conf_read_gateway(span_of(bad[i]), &g[0]));
	for (size_t i = 0; i < 2; i++) {
		assert_true(conf_read_gateway(span_of(good[i]), &g[i]));
		conf_put_gateway(&g[i], back);
		assert_string_equal(back, good[i]);
		assert_true(conf_same_gateway(&g[i], &g[i]));
	}
	assert_false(conf_same_gateway(&g[0], &g[1]));
}

static void
a_suite_meets_a_floor_when_it_has_all_its_properties(void **state)
{
	static const bool meets[5][5] = {
		/* have 1 2 3 4 against floor 1 2 3 4 */
		[1] = { 0, 1, 0, 0, 1 },
		[2] = { 0, 0, 1, 0, 1 },
		[3] = { 0, 1, 1, 1, 1 },
		[4] = { 0, 0, 0, 0, 1 },
	};

	(void)state;
	for (int have = 1; have <= 4; have++) {
		for (int floor = 1; floor <= 4; floor++)
			assert_int_equal(suite_meets_floor((enum suite)have, (enum suite)floor),
			    meets[have][floor]);
		assert_int_equal(suite_from_name(span_of(suite_name((enum suite)have))), have);
		assert_int_equal(suite_needs_epoch_key((enum suite)have), have != 1);
	}
	assert_int_equal(suite_from_name(span_of("")), SUITE_NONE);
	assert_int_equal(suite_from_name(span_of("rot13")), SUITE_NONE);
}

static void
the_hash_is_blake2b_256(void **state)
{
	uint8_t h[HASH_BYTES];
	char hex[65];

	(void)state;
	conf_hash(h, span_of("abc"));
	text_hex(hex, h, sizeof h);
	assert_string_equal(hex,
	    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fingerprint_is_forty_upper_hex_digits),
		cmocka_unit_test(a_gateway_is_a_fingerprint_or_an_ed25519_key),
		cmocka_unit_test(a_suite_meets_a_floor_when_it_has_all_its_properties),
		cmocka_unit_test(the_hash_is_blake2b_256),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
