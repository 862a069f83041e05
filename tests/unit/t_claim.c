#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/conf/bundle.h"

static void
a_code_is_read_as_people_type_it(void **state)
{
	static const char *const bad[] = { "", "KECMRZHHPIK5HYK", "KECMRZHHPIK5HYK44",
		"KECMRZHHPIK5HYK1", "KECMRZHHPIK5HYK0", "KECM_RZHHPIK5HYK4", "KECMRZHHPIK5HYK\xc3\xa9" };
	char code[17];

	(void)state;
	assert_true(claim_code_normalise(span_of("kecm-RZHH pik5--hyk4 "), code));
	assert_string_equal(code, "KECMRZHHPIK5HYK4");
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(claim_code_normalise(span_of(bad[i]), code));
	assert_false(claim_code_normalise((struct span){ (const uint8_t *)"KECMRZHHPIK5HYK\0", 16 }, code));
}

static void
a_new_code_reads_back(void **state)
{
	char grouped[20], other[20], code[17];

	(void)state;
	claim_code_new(grouped);
	claim_code_new(other);
	assert_int_equal(strlen(grouped), 19);
	assert_string_not_equal(grouped, other);
	assert_true(claim_code_normalise(span_of(grouped), code));
}

static void
the_key_is_bound_to_code_and_gateway(void **state)
{
	struct conf_gateway pgp, ed;
	uint8_t key[32], mac[32];
	char hex[65], first[65];

	(void)state;
	assert_true(conf_read_gateway(span_of("openpgp4:8B7ECF858B776B2F0825FFF73CBC65BBD592FFF3"),
	    &pgp));
	assert_true(conf_read_gateway(
	    span_of("ed25519:0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"), &ed));
	assert_true(claim_key("KECMRZHHPIK5HYK4", &pgp, key));
	text_hex(first, key, sizeof key);
	assert_string_equal(first, "5ec8231ed4897659853afbea873c0f70b44728ce1191b9a2cc256976c6f7ffc1");
	claim_mac(key, span_of("body"), mac);
	text_hex(hex, mac, sizeof mac);
	assert_string_equal(hex, "8bde62d3f6956a07fd780546ce7a08fbc5b7f92d158a51e44ee882ab4cbc19a5");
	assert_true(claim_key("KECMRZHHPIK5HYK4", &ed, key));
	text_hex(hex, key, sizeof key);
	assert_string_not_equal(hex, first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_code_is_read_as_people_type_it),
		cmocka_unit_test(a_new_code_reads_back),
		cmocka_unit_test(the_key_is_bound_to_code_and_gateway),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
