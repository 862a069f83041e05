#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/conf/conf.h"
#include "core/conf/conf_fields.h"
#include "tests/unit/lib_conf.h"

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


static const struct conf_policy strict = { .allow_non_ascii = false };

static void
the_sample_parses_into_its_fields(void **state)
{
	struct conf *c = sample_conf(NULL, NULL), *copy;

	(void)state;
	assert_string_equal(c->url_host, "broker.example.org");
	assert_string_equal(c->url_user, "gw-unit1");
	assert_int_equal(c->url_port, 8883);
	assert_true(c->url_tls);
	assert_true(span_is(conf_topic(c), "chernobyl/unit1/cooling_plant"));
	assert_int_equal(c->suite, SUITE_ED25519_XCHACHA);
	assert_int_equal(c->password_alg, PASSWORD_B2_EPOCH);
	assert_int_equal(c->security, SECURITY_TLS);
	assert_int_equal(c->revision, 7);
	assert_int_equal(c->issued, SAMPLE_NOW);
	assert_int_equal(c->n_owners, 2);
	assert_true(conf_is_owner(c, &c->owner[1]));
	assert_false(conf_is_reader(c, &c->owner[1]));
	assert_int_equal(c->recovery_delay, 86400);
	assert_int_equal(c->prev[0], 0xa4);
	assert_non_null(conf_find_key(c, 0, ROLE_GATEWAY));
	assert_null(conf_find_key(c, 0, ROLE_OPERATOR));
	assert_true(span_is(conf_body(c), sample_body()));
	copy = conf_dup(c);
	conf_free(c);
	assert_true(span_is(conf_body(copy), sample_body()));
	conf_free(copy);
	conf_free(NULL);
}

static void
urls_have_hosts_addresses_users_and_ports(void **state)
{
	static const struct {
		const char *url, *host, *user;
		unsigned port;
	} good[] = {
		{ "mqtt://h", "h", "", 1883 }, { "mqtts://a.b-c", "a.b-c", "", 8883 },
		{ "mqtts://[::1]", "::1", "", 8883 }, { "mqtt://[fe80::1]:1", "fe80::1", "", 1 },
		{ "mqtt://U.s~e_r-1@127.0.0.1:65535", "127.0.0.1", "U.s~e_r-1", 65535 },
	};
	static const char *const bad[] = { "h", "mqtt://", "http://h", "MQTT://h", "mqtt://H",
		"mqtt://h/", "mqtt://h:", "mqtt://h:0", "mqtt://h:01", "mqtt://h:65536", "mqtt://@h",
		"mqtt://u:p@h", "mqtt://u@v@h", "mqtt://.h", "mqtt://h.", "mqtt://-h", "mqtt://h-",
		"mqtt://a..b", "mqtt://::1", "mqtt://[:]", "mqtt://[::1", "mqtt://[::1]1",
		"mqtt://[::1]:", "mqtt://[::G]", "mqtt://[]", "mqtt://h_x", "mqtt://u%20@h", "mqtt://h?x",
		"mqtt://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@h" };
	struct conf c;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		memset(&c, 0, sizeof c);
		assert_true(conf_type_url.read(&conf_fields[KEY_URL], span_of(good[i].url), &strict, &c));
		assert_string_equal(c.url, good[i].url);
		assert_string_equal(c.url_host, good[i].host);
		assert_string_equal(c.url_user, good[i].user);
		assert_int_equal(c.url_port, good[i].port);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(conf_field_accepts(KEY_URL, span_of(bad[i])));
}

static void
values_have_their_ranges(void **state)
{
	static const struct {
		enum conf_key key;
		const char *good, *bad;
	} cases[] = {
		{ KEY_REVISION, "4294967295", "0" }, { KEY_REVISION, "1", "4294967296" },
		{ KEY_THRESHOLD, "16", "17" }, { KEY_THRESHOLD, "1", "0" },
		{ KEY_TRANSFER_DELAY, "1209600", "1209601" }, { KEY_RECOVERY_DELAY, "0", "-1" },
		{ KEY_GRACE, "0", "" }, { KEY_HEARTBEAT, "1", "0" }, { KEY_MAX_AGE, "1", "0" },
		{ KEY_MAX_PAYLOAD, "1", "0" }, { KEY_LEASE, "0", "00" }, { KEY_EPOCH, "1", "0" },
		{ KEY_KIND, "recovery", "Recovery" }, { KEY_ON_EXPIRY, "continue", "go" },
		{ KEY_ENCRYPTION_ALG, "hmac-sha256", "3" }, { KEY_PASSWORD_ALG, "local", "none " },
		{ KEY_NETWORK_SECURITY, "tls", "tls-ca-b2:" }, { KEY_NETWORK_SECURITY, "none", "tlss" },
		{ KEY_OWN, "x", " x" },
		{ KEY_OWNER, "openpgp4:" SAMPLE_OWNER_1, "openpgp4:93A4B5C6D7E86CCD" },
		{ KEY_DATA_KEY,
		    "7 operator ed25519:03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf",
		    "8 gateway ed25519:03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf" },
		{ KEY_DATA_KEY,
		    "0 gateway ed25519:03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf",
		    "0  gateway ed25519:03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		assert_true(conf_field_accepts(cases[i].key, span_of(cases[i].good)));
		assert_false(conf_field_accepts(cases[i].key, span_of(cases[i].bad)));
	}
}

#define LONG_RUN(x) x x x x x x x x x x x x x x x x

static void
a_wrong_line_is_named_by_its_number(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned line;
	} cases[] = {
		{ "#!mqgp.conf 1", "#!mqgp.conf 2", 1 }, { "#!mqgp.conf 1", "\n#!mqgp.conf 1", 1 },
		{ "## comments", "#!comments", 2 }, { "stay", "st\tay", 2 }, { "stay", "st\x7f" "ay", 2 },
		{ "stay", LONG_RUN(LONG_RUN("stay")), 2 }, { "own=", "own =", 4 }, { "own=", "Own=", 4 },
		{ "own=mail", "own= mail", 4 }, { "doedomain.net", "doedomain.net ", 4 },
		{ "own=mailto", "owns=mailto", 4 }, { "revision=7\n", "revision=7\r\n", 9 },
		{ "threshold=1\n", "threshold=1\nthreshold=1\n", 20 },
		{ "owner=openpgp4:479662EA", "owner=openpgp4:679662EA", 18 },
		{ "owner=openpgp4:607400BE", "owner=openpgp4:479662EA", 18 },
		{ "grace=600", "x-a=1\nx-b=1\nx-a=1\ngrace=600", 29 },
		{ "grace=600", "x-a=1\nx-A=1\ngrace=600", 28 },
		{ "grace=600", "x-a=\ngrace=600", 27 },
		{ "grace=600", "grace", 27 }, { "grace=600", " grace=600", 27 },
		{ "##### eof\n", "##### eof", 33 }, { "##### eof\n", "##### eof\n ", 34 },
		/* the first in file order wins, whatever kind */
		{ "revision=7\n", "revision=7\nzzz=1\nrevision=8\n", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf body = sample_with(cases[i].from, cases[i].to);
		struct conf_errors errors;
		struct conf *c = NULL;

		assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_EFORMAT);
		assert_null(c);
		assert_int_equal(errors.line, cases[i].line);
		assert_int_equal(errors.e[0].line, cases[i].line);
		assert_int_equal(conf_parse(buf_span(&body), &strict, &c, NULL), MQ_EFORMAT);
		buf_done(&body);
	}
}

static void
rules_that_join_fields_are_errors_of_the_whole_body(void **state)
{
	static const struct {
		const char *from, *to, *key;
	} cases[] = {
		{ "url=mqtts:", "url=mqtt:", "network-security" },
		{ "gw-unit1@", "", "password-alg" },
		{ "password-alg", "from-topic=chernobyl/unit1/cooling_plant\npassword-alg", "from-topic" },
		{ "revision=7", "revision=1", "prev" },
		{ "revision=7\nprev=b2-256:a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17",
		    "revision=7\nprev=b2-256:00000000000000000000000000000000000000000000000000000000"
		    "00000000", "prev" },
		{ "valid-until=2027-05-20", "valid-until=2026-11-20", "valid-until" },
		{ "valid-until=2027-05-20T10:00:00Z", "valid-until=2027-12-25T10:00:01Z", "valid-until" },
		{ "kind", "offer-until=2026-11-20T10:00:00Z\nkind", "offer-until" },
		{ "kind", "offer-until=2026-12-20T10:00:01Z\nkind", "offer-until" },
		{ "gateway=openpgp4:" SAMPLE_GATEWAY, "gateway=openpgp4:" SAMPLE_OWNER_2, "gateway" },
		{ "gateway=openpgp4:" SAMPLE_GATEWAY, "gateway=openpgp4:" SAMPLE_RECOVERY, "gateway" },
		{ "data-key=0", "data-key=1", "data-key" },
		{ "data-key=0 gateway", "data-key=0 operator", "data-key" },
		{ "threshold=1\nrecovery", "threshold=3\nrecovery", "threshold" },
		{ "recovery=openpgp4:" SAMPLE_RECOVERY, "recovery=openpgp4:" SAMPLE_OWNER_1, "recovery" },
		{ "recovery-threshold=1", "recovery-threshold=2", "recovery-threshold" },
		{ "recovery-threshold=1\n", "", "recovery-threshold" },
		{ "recovery-delay=86400\n", "", "recovery-delay" },
		{ "epoch-key-id=b2-256:ba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fcc\n",
		    "", "epoch-key-id" },
		{ "epoch=3\n", "", "epoch" }, { "url=mqtts://gw-unit1@broker.example.org:8883\n", "", "url" },
		{ "owner=openpgp4:" SAMPLE_OWNER_1 "\nowner=openpgp4:" SAMPLE_OWNER_2 "\n", "", "owner" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf body = sample_with(cases[i].from, cases[i].to);
		struct conf_errors errors;
		struct conf *c = NULL;

		assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_EFORMAT);
		assert_int_equal(errors.line, 0);
		assert_string_equal(errors.e[0].key, cases[i].key);
		buf_done(&body);
	}
	conf_free(sample_conf("valid-until=2027-05-20T10:00:00Z", "valid-until=2027-12-25T10:00:00Z"));
	conf_free(sample_conf("kind", "offer-until=2026-12-20T10:00:00Z\nkind"));
}

static void
every_error_is_told_in_file_order_with_the_whole_body_last(void **state)
{
	struct buf body = sample_with("url=mqtts://gw-unit1@broker.example.org:8883", "url=x");
	struct conf_errors errors;
	struct conf *c = NULL;

	(void)state;
	sample_replace(&body, "grace=600", "x-a=1\nx-a=1\ngrace=x");
	sample_replace(&body, "lease=86400\n", "");
	sample_replace(&body, "recovery-delay=86400\n", "");
	assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_EFORMAT);
	assert_int_equal(errors.total, 5);
	assert_int_equal(errors.n, 5);
	assert_int_equal(errors.line, 3);
	assert_int_equal(errors.e[0].line, 3);
	assert_int_equal(errors.e[1].line, 27);
	assert_int_equal(errors.e[2].line, 28);
	assert_string_equal(errors.e[3].key, "lease");
	assert_string_equal(errors.e[4].key, "recovery-delay");
	assert_int_equal(errors.e[4].line, 0);
	buf_done(&body);
}

static void
the_size_of_a_body_is_looked_at_first(void **state)
{
	struct buf body = sample_with(NULL, NULL);
	struct conf_errors errors;
	struct conf *c = NULL;

	(void)state;
	assert_int_equal(conf_parse(span_of(""), &strict, &c, &errors), MQ_EFORMAT);
	assert_int_equal(errors.line, 0);
	while (body.n < CONF_BODY_MAX)
		assert_int_equal(buf_putc(&body, '\n'), MQ_OK);
	assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_OK);
	conf_free(c);
	assert_int_equal(buf_putc(&body, 'x'), MQ_OK);
	assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_EFORMAT);
	assert_int_equal(errors.line, 0);
	assert_int_equal(errors.total, 1);
	buf_done(&body);
}

static void
thousands_of_errors_are_counted_and_the_first_kept(void **state)
{
	struct conf_errors errors;
	struct conf *c = NULL;
	struct buf body;

	(void)state;
	buf_init(&body, CONF_BODY_MAX);
	assert_int_equal(buf_puts(&body, "#!mqgp.conf 1\n"), MQ_OK);
	for (int i = 0; i < 6000; i++)
		assert_int_equal(buf_puts(&body, "x-=1\n"), MQ_OK);
	assert_int_equal(conf_parse(buf_span(&body), &strict, &c, &errors), MQ_EFORMAT);
	assert_int_equal(errors.line, 3);
	assert_int_equal(errors.n, CONF_ERRORS_MAX);
	assert_int_equal(errors.e[CONF_ERRORS_MAX - 1].line, CONF_ERRORS_MAX + 2);
	assert_true(errors.total > 5999);
	buf_done(&body);
}

static void
a_printed_conf_parses_to_the_same_fields(void **state)
{
	struct conf *c = sample_conf("revision=7", "x-note=kept out\nrevision=7"), *back = NULL;
	struct mq_error e;
	struct buf out;

	(void)state;
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(conf_print(c, &out, &e), MQ_OK);
	assert_int_equal(conf_parse(buf_span(&out), &strict, &back, NULL), MQ_OK);
	assert_string_equal(back->url, c->url);
	assert_int_equal(back->n_owners, 2);
	free(back->body);
	back->body = c->body;
	back->body_n = c->body_n;
	memcpy(back->hash, c->hash, sizeof c->hash);
	assert_memory_equal(back, c, sizeof *c);
	back->body = NULL;
	conf_free(back);
	/* owners in any order come out sorted */
	c->owner[2] = c->owner[0];
	c->owner[0] = c->owner[1];
	c->owner[1] = c->owner[2];
	buf_reset(&out);
	assert_int_equal(conf_print(c, &out, &e), MQ_OK);
	/* fields that break a rule are refused by name */
	c->threshold = 9;
	out.n = 0;
	assert_int_equal(conf_print(c, &out, &e), MQ_EFORMAT);
	assert_non_null(strstr(e.text, "threshold"));
	assert_int_equal(out.n, 0);
	buf_done(&out);
	conf_free(c);
}

static void
count_pair(void *arg, struct span key, struct span value)
{
	unsigned *n = arg;

	assert_true(key.n != 0 && value.n != 0);
	(*n)++;
}

static void
pairs_come_raw_and_in_file_order(void **state)
{
	unsigned n = 0;

	(void)state;
	conf_each_pair(span_of(sample_body()), count_pair, &n);
	assert_int_equal(n, 30);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fingerprint_is_forty_upper_hex_digits),
		cmocka_unit_test(a_gateway_is_a_fingerprint_or_an_ed25519_key),
		cmocka_unit_test(a_suite_meets_a_floor_when_it_has_all_its_properties),
		cmocka_unit_test(the_hash_is_blake2b_256),
		cmocka_unit_test(the_sample_parses_into_its_fields),
		cmocka_unit_test(urls_have_hosts_addresses_users_and_ports),
		cmocka_unit_test(values_have_their_ranges),
		cmocka_unit_test(a_wrong_line_is_named_by_its_number),
		cmocka_unit_test(rules_that_join_fields_are_errors_of_the_whole_body),
		cmocka_unit_test(every_error_is_told_in_file_order_with_the_whole_body_last),
		cmocka_unit_test(the_size_of_a_body_is_looked_at_first),
		cmocka_unit_test(thousands_of_errors_are_counted_and_the_first_kept),
		cmocka_unit_test(a_printed_conf_parses_to_the_same_fields),
		cmocka_unit_test(pairs_come_raw_and_in_file_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
