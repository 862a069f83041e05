#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/net/url.h"

static void
addresses_are_read(void **state)
{
	static const struct {
		const char *text, *user, *address;
		bool tls;
	} good[] = {
		{ "mqtt://localhost", "", "localhost:1883", false },
		{ "mqtts://broker.example", "", "broker.example:8883", true },
		{ "mqtt://ops@127.0.0.1:65535", "ops", "127.0.0.1:65535", false },
		{ "mqtts://a._~-Z9@x-y.z:1", "a._~-Z9", "x-y.z:1", true },
		{ "mqtt://[::1]", "", "[::1]:1883", false },
		{ "mqtts://u@[2001:db8::1]:8884", "u", "[2001:db8::1]:8884", true },
	};
	char address[300];
	struct url u;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(url_read(&u, span_of(good[i].text), NULL), MQ_OK);
		assert_string_equal(u.user, good[i].user);
		assert_int_equal(u.tls, good[i].tls);
		url_put_address(address, sizeof address, &u);
		assert_string_equal(address, good[i].address);
	}
}

static void
everything_else_is_an_error_with_a_sentence(void **state)
{
	static const char *const bad[] = {
		"", "mqtt", "mqtt:/x", "tcp://x", "http://x", "MQTT://x", "mqtt://", "mqtts://",
		"mqtt://@x", "mqtt://a:b@x", "mqtt://a b@x", "mqtt://x/", "mqtt://x:1/", "mqtt://x:",
		"mqtt://x:0", "mqtt://x:65536", "mqtt://x:01", "mqtt://x:1a", "mqtt://x y", "mqtt://X",
		"mqtt://.x", "mqtt://x.", "mqtt://-x", "mqtt://x-", "mqtt://x..y", "mqtt://[", "mqtt://[]",
		"mqtt://[1]", "mqtt://[::1", "mqtt://[::g]", "mqtt://[::1]x", "mqtt://[127.0.0.1]",
		"mqtt://::1", "mqtt://x?", "mqtt://a@b@c", "mqtt://x\n",
	};
	struct mq_error e;
	struct url u = { .port = 7 };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		e.text[0] = 0;
		if (url_read(&u, span_of(bad[i]), &e) != MQ_EINVAL)
			fail_msg("accepted: %s", bad[i]);
		assert_true(strlen(e.text) > 10);
	}
	assert_int_equal(u.port, 7);
	assert_int_equal(url_read(&u, (struct span){ (const uint8_t *)"mqtt://a\0b", 10 }, NULL),
	    MQ_EINVAL);
}

static void
a_password_in_an_address_is_named_as_such(void **state)
{
	struct mq_error e;
	struct url u;

	(void)state;
	assert_int_equal(url_read(&u, span_of("mqtts://ops:secret@x"), &e), MQ_EINVAL);
	assert_non_null(strstr(e.text, "password-file"));
	assert_null(strstr(e.text, "secret"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_read),
		cmocka_unit_test(everything_else_is_an_error_with_a_sentence),
		cmocka_unit_test(a_password_in_an_address_is_named_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
