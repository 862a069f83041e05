#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/conf/topic.h"

#define LONG_128 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" \
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LEVELS_31 "a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/1/2/3/4/5"

static bool
decodes(const char *value, bool allow_non_ascii)
{
	uint8_t topic[TOPIC_CONF_MAX];
	struct buf back;
	size_t n = 0;
	bool ok = topic_decode(span_of(value), allow_non_ascii, topic, &n);

	if (!ok)
		return false;
	buf_init(&back, 2048);
	assert_int_equal(topic_encode(&back, (struct span){ topic, n }), MQ_OK);
	assert_true(span_is(buf_span(&back), value));
	buf_done(&back);
	return true;
}

static void
a_conf_topic_has_one_spelling(void **state)
{
	static const char *const good[] = { "a", "chernobyl/unit1/cooling_plant", "a b", "./..",
		"~a:b-c.d_e", "%21", "a%25b", LEVELS_31 "/6",
		LONG_128 LONG_128 LONG_128 LONG_128, "MQGP.CONF", "mqgp.conf2", "a/%24SYS" };
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", "%24SYS/x", " a", "a ", "%20a",
		"a%20", "a+b", "%2B", "a/%23", "#", "a%2b", "a%2fb", "a%2Fb", "%41", "a%", "a%2", "a%GG",
		"mqgp.conf", "a/mqgp.conf", "a/mqgp.conf/x", "mqgp_conf/x", "%00", "a%1F", "a%7F",
		LEVELS_31 "/6/7", LONG_128 LONG_128 LONG_128 LONG_128 "a" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(decodes(good[i], false));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_false(decodes(bad[i], false));
		assert_false(decodes(bad[i], true));
	}
}

static void
non_ascii_is_local_policy_and_some_code_points_never_stand(void **state)
{
	static const char *const allowed[] = { "%C3%A9", "a%E2%82%ACb", "%F0%9F%98%80", "%C2%A0",
		"%E2%81%9F", "%EF%BF%BC", "%F3%9F%BF%BD", "%F3%A1%80%80", "%F4%8F%BF%BD" };
	static const char *const never[] = { "%C2%80", "%C2%9F", "%D8%9C", "%E1%A0%8E", "%E2%80%8B",
		"%E2%80%8F", "%E2%80%A8", "%E2%80%AE", "%E2%81%A0", "%E2%81%AF", "%EF%BB%BF",
		"%EF%BF%B9", "%EF%BF%BB", "%EF%BF%BE", "%EF%BF%BF", "%F0%9F%BF%BE", "%F4%8F%BF%BF",
		"%F3%A0%80%80", "%F3%A0%BF%BF",
		/* no UTF-8 at all: overlong, surrogate, cut, above U+10FFFF */
		"%C0%AF", "%E0%80%AF", "%ED%A0%80", "%C3", "%A9", "%F4%90%80%80", "%FF" };

	(void)state;
	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
		assert_true(decodes(allowed[i], true));
		assert_false(decodes(allowed[i], false));
	}
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		assert_false(decodes(never[i], true));
}

static void
a_delivered_name_may_not_hold_what_mqtt_forbids(void **state)
{
	static const struct span bad[] = { { (const uint8_t *)"", 0 }, { (const uint8_t *)"a\0b", 3 },
		{ (const uint8_t *)"a/+/b", 5 }, { (const uint8_t *)"#", 1 },
		{ (const uint8_t *)"\x1b[2J", 4 }, { (const uint8_t *)"\x7f", 1 },
		{ (const uint8_t *)"\xc2\x9b", 2 }, { (const uint8_t *)"\xef\xbb\xbf", 3 },
		{ (const uint8_t *)"\xff", 1 } };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(topic_delivered_ok(bad[i]));
	assert_true(topic_delivered_ok(span_of("$SYS/x")));
	assert_true(topic_delivered_ok(span_of("//")));
	assert_true(topic_delivered_ok(span_of("a\xe2\x80\xae")));
}

static void
filters_match_as_mqtt_says(void **state)
{
	static const struct {
		const char *filter, *topic;
		bool match;
	} cases[] = {
		{ "#", "a", true }, { "#", "a/b", true }, { "#", "$SYS/x", false },
		{ "+/x", "$SYS/x", false }, { "$SYS/#", "$SYS/x", true }, { "a/#", "a", true },
		{ "a/#", "ab", false }, { "a/+", "a", false }, { "a/+", "a/", true },
		{ "+", "a", true }, { "+", "a/b", false }, { "+/+", "/a", true },
		{ "/+", "/a", true }, { "a/+/c", "a/b/c", true }, { "a/+/c", "a/b/d", false },
		{ "a/b", "a/b", true }, { "a/b", "a/b/c", false }, { "a/b/c", "a/b", false },
		{ "+/mqgp.conf/#", "t/mqgp.conf", true }, { "+/mqgp.conf/#", "t/mqgp.conf/log/7", true },
	};
	static const char *const bad_filters[] = { "", "a#", "#/a", "a+/b", "a/#/", "a\n", "a/+b" };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(topic_filter_ok(span_of(cases[i].filter)));
		assert_int_equal(topic_matches(span_of(cases[i].filter), span_of(cases[i].topic)),
		    cases[i].match);
	}
	for (size_t i = 0; i < sizeof bad_filters / sizeof bad_filters[0]; i++)
		assert_false(topic_filter_ok(span_of(bad_filters[i])));
	assert_true(topic_below(span_of("a/b"), span_of("a")));
	assert_true(topic_below(span_of("a"), span_of("a")));
	assert_false(topic_below(span_of("ab"), span_of("a")));
	assert_false(topic_below(span_of("a"), span_of("a/b")));
}

#define FPR "479662EA1B2C3D4E5F60718293A4B5C6D7E86CCD"

static void
a_control_name_is_split_and_put_together_again(void **state)
{
	static const struct {
		const char *topic, *tree;
		enum topic_slot slot;
		uint32_t number;
	} cases[] = {
		{ "t/mqgp.conf", "t", SLOT_INFO, 0 },
		{ "mqgp.conf/secure", "", SLOT_SECURE, 0 },
		{ "a/b/mqgp.conf/secure", "a/b", SLOT_SECURE, 0 },
		{ "t/mqgp.conf/next", "t", SLOT_NEXT, 0 },
		{ "t/mqgp.conf/log/4294967295", "t", SLOT_LOG, 4294967295U },
		{ "t/mqgp.conf/keys/3", "t", SLOT_KEYS, 3 },
		{ "t/mqgp.conf/ca", "t", SLOT_CA, 0 },
		{ "t/mqgp.conf/receipt", "t", SLOT_RECEIPT, 0 },
		{ "t/mqgp.conf/status", "t", SLOT_STATUS, 0 },
		{ "t/mqgp.conf/halt", "t", SLOT_HALT, 0 },
		{ "t/mqgp.conf/pgp/" FPR, "t", SLOT_PGP, 0 },
		{ "t/mqgp.conf/ping", "t", SLOT_PING, 0 },
	};
	static const char *const other[] = { "t/mqgp.conf/", "t/mqgp.conf/log", "t/mqgp.conf/log/0",
		"t/mqgp.conf/log/07", "t/mqgp.conf/log/4294967296", "t/mqgp.conf/log/7/8",
		"t/mqgp.conf/secure/", "t/mqgp.conf/Secure", "t/mqgp.conf/pgp/479662ea",
		"t/mqgp.conf/x/mqgp.conf/secure" };
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct topic_parts p = topic_split(span_of(cases[i].topic));

		assert_int_equal(p.slot, cases[i].slot);
		assert_true(span_is(p.tree, cases[i].tree));
		assert_int_equal(p.number, cases[i].number);
		assert_string_equal(p.fpr, p.slot == SLOT_PGP ? FPR : "");
		buf_reset(&b);
		assert_int_equal(topic_put_slot(&b, p.tree, "mqgp.conf", p.slot, p.number, p.fpr), MQ_OK);
		assert_true(span_is(buf_span(&b), cases[i].topic));
	}
	buf_done(&b);
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		struct topic_parts p = topic_split(span_of(other[i]));

		assert_int_equal(p.slot, SLOT_OTHER);
		assert_true(span_is(p.tree, "t"));
		assert_int_equal(p.number, 0);
	}
	assert_int_equal(topic_split(span_of("t/mqgp_conf/halt")).slot, SLOT_HALT);
	assert_int_equal(topic_split(span_of("t/valve")).slot, SLOT_NONE);
	assert_int_equal(topic_put_slot(&b, span_of("t"), "mqgp.conf", SLOT_OTHER, 0, ""), MQ_EINVAL);
	assert_string_equal(topic_slot_name(SLOT_SECURE), "secure");
	assert_string_equal(topic_slot_name(SLOT_NONE), "data");
}

static void
the_id_of_a_topic_is_half_its_hash(void **state)
{
	char id[33];

	(void)state;
	topic_id(id, span_of("abc"));
	assert_string_equal(id, "bddd813c634239723171ef3fee98579b");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conf_topic_has_one_spelling),
		cmocka_unit_test(non_ascii_is_local_policy_and_some_code_points_never_stand),
		cmocka_unit_test(a_delivered_name_may_not_hold_what_mqtt_forbids),
		cmocka_unit_test(filters_match_as_mqtt_says),
		cmocka_unit_test(a_control_name_is_split_and_put_together_again),
		cmocka_unit_test(the_id_of_a_topic_is_half_its_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
