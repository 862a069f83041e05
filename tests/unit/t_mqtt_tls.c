#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "tests/unit/lib_broker.h"
#include "tests/unit/lib_link.h"

/* One broker for all tests of this file: making keys takes longer than the rest. */
struct world {
	struct broker b, strict;
	char ca[128], other_ca[128], client[128], client_key[128];
	const char *urls[1];
	uint8_t cert[32], spki[32]; /* digests of what the broker presents */
};

static struct mqtt_options
options(const struct world *w)
{
	struct mqtt_options o = link_options(w->urls, 1);

	o.tls.ca_file = w->ca;
	return o;
}

/* The sentence of the first refusal. */
static void
expect_refusal(struct mqtt_options *o, const char *words)
{
	struct mqtt_event *ev;
	struct link l;

	link_open(&l, o);
	ev = link_event(&l, MQTT_EVENT_REFUSED);
	if (strstr(ev->words, words) == NULL)
		fail_msg("\"%s\" does not speak of \"%s\"", ev->words, words);
	assert_int_equal(ev->version, 5);
	free(ev);
	ev = link_event(&l, MQTT_EVENT_CONNECTING); /* another MQTT version would not help */
	assert_int_equal(ev->version, 5);
	free(ev);
	assert_false(mqtt_connected(l.m));
	link_close(&l);
}

static void
expect_connection(struct mqtt_options *o)
{
	struct mqtt_message *msg;
	struct link l;

	link_open(&l, o);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	link_subscribe(&l, "t", 1);
	link_expect(&l, MQTT_EVENT_SUBSCRIBED);
	link_publish(&l, "t", "hello", 1, false, 1);
	msg = link_message(l.data);
	assert_memory_equal(msg->payload, "hello", 6);
	free(msg);
	link_close(&l);
}

static void
the_presented_certificate_is_reported(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	struct mqtt_event *ev;
	struct link l;

	link_open(&l, &o);
	ev = link_event(&l, MQTT_EVENT_CERTIFICATE);
	assert_non_null(ev->cert);
	assert_non_null(strstr(ev->cert->subject, "CN=server"));
	assert_non_null(strstr(ev->cert->issuer, "CN=Test CA"));
	assert_true(ev->cert->not_after > ev->wall_ms / 1000 + 29 * 86400);
	assert_true(ev->cert->not_before <= ev->wall_ms / 1000);
	assert_true(ev->cert->chain_checked);
	assert_false(ev->cert->pin_set);
	assert_string_equal(ev->cert->protocol, "TLSv1.3");
	memcpy(w->cert, ev->cert->cert_sha256, 32);
	memcpy(w->spki, ev->cert->spki_sha256, 32);
	assert_memory_not_equal(w->cert, w->spki, 32);
	free(ev);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	link_close(&l);
	expect_connection(&o);
}

static void
large_messages_pass_the_relay_both_ways(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	struct mqtt_message *msg;
	uint8_t *big = malloc(1 << 20);
	struct link l;

	assert_non_null(big);
	randombytes_buf(big, 1 << 20);
	link_open(&l, &o);
	link_subscribe(&l, "t", 1);
	link_expect(&l, MQTT_EVENT_SUBSCRIBED);
	for (uint64_t i = 1; i <= 8; i++)
		assert_int_equal(mqtt_publish(l.m, span_of("t"), (struct span){ big, 1 << 20 }, 1, false,
		    i), MQ_OK);
	for (int i = 0; i < 8; i++) {
		msg = link_message(l.data);
		assert_int_equal(msg->n, 1 << 20);
		assert_memory_equal(msg->payload, big, 1 << 20);
		free(msg);
	}
	link_close(&l);
	free(big);
}

static void
a_foreign_ca_is_refused(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);

	o.tls.ca_file = w->other_ca;
	expect_refusal(&o, "not signed by an authority trusted here");
	o.tls.ca_file = NULL; /* those of the system do not know it either */
	expect_refusal(&o, "not signed by an authority trusted here");
}

static void
a_name_the_certificate_does_not_have_is_refused(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	const char *urls[1];
	char url[64];

	(void)snprintf(url, sizeof url, "mqtts://127.0.0.1:%u", w->strict.port);
	urls[0] = url;
	o.urls = urls;
	o.tls.ca_file = w->other_ca;
	expect_refusal(&o, "the certificate is not for 127.0.0.1");
}

static void
a_pin_must_fit_even_if_the_ca_is_right(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	struct mqtt_event *ev;
	struct link l;

	o.tls.pin_kind = TLS_PIN_EITHER;
	memset(o.tls.pin, 0x55, 32);
	expect_refusal(&o, "does not match the pin");
	link_open(&l, &o);
	ev = link_event(&l, MQTT_EVENT_CERTIFICATE);
	assert_true(ev->cert->pin_set);
	assert_false(ev->cert->pin_ok);
	free(ev);
	link_close(&l);
	memcpy(o.tls.pin, w->cert, 32);
	expect_connection(&o);
	memcpy(o.tls.pin, w->spki, 32);
	expect_connection(&o);
	o.tls.pin_kind = TLS_PIN_SPKI;
	expect_connection(&o);
	memcpy(o.tls.pin, w->cert, 32);
	expect_refusal(&o, "does not match the pin");
}

static void
a_pin_alone_needs_no_ca(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);

	o.tls.ca_file = NULL;
	o.tls.pin_kind = TLS_PIN_EITHER;
	memcpy(o.tls.pin, w->spki, 32);
	expect_connection(&o);
	o.tls.pin[0] ^= 1;
	expect_refusal(&o, "does not match the pin");
}

static void
a_ca_given_as_bytes_must_have_its_hash(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	struct buf pem;

	buf_init(&pem, 65536);
	assert_int_equal(file_read(w->ca, &pem, NULL), MQ_OK);
	o.tls.ca_file = NULL;
	o.tls.ca_pem = buf_span(&pem);
	o.tls.ca_hash_set = true;
	assert_int_equal(crypto_generichash(o.tls.ca_hash, 32, pem.p, pem.n, NULL, 0), 0);
	expect_connection(&o);
	o.tls.ca_hash[31] ^= 1;
	expect_refusal(&o, "not the one named by its hash");
	buf_done(&pem);
}

static void
broken_files_become_sentences(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	char key[128];

	o.tls.ca_file = "/nowhere/ca.pem";
	expect_refusal(&o, "/nowhere/ca.pem");
	o.tls.ca_file = broker_file(&w->b, "mosquitto.conf", key);
	expect_refusal(&o, "holds no PEM certificate");
	o.tls.ca_file = w->ca;
	o.tls.cert_file = "/nowhere/client.pem";
	expect_refusal(&o, "/nowhere/client.pem");
	o.tls.cert_file = w->client;
	o.tls.key_file = "/nowhere/client.key";
	expect_refusal(&o, "/nowhere/client.key is not there");
}

static void
a_client_certificate_opens_a_broker_that_demands_one(void **state)
{
	struct world *w = *state;
	struct secret right = secret_copy("open sesame", 11), wrong = secret_copy("sesame", 6);
	struct mqtt_options o = options(w);
	const char *urls[] = { w->strict.url };

	o.urls = urls;
	o.tls.ca_file = w->other_ca; /* each broker has its own */
	expect_refusal(&o, "certificate required");
	o.tls.cert_file = w->client;
	o.tls.key_file = w->client_key;
	expect_refusal(&o, "passphrase");
	o.tls.key_passphrase = &wrong;
	expect_refusal(&o, "passphrase");
	o.tls.key_passphrase = &right;
	expect_connection(&o);
	secret_free(&right);
	secret_free(&wrong);
}

static void
a_broker_without_tls_is_told_apart(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	const char *urls[1];
	struct broker plain;
	char url[64];

	assert_true(broker_start(&plain, &(struct broker_options){ .tls = false }));
	(void)snprintf(url, sizeof url, "mqtts://127.0.0.1:%u", plain.port);
	urls[0] = url;
	o.urls = urls;
	expect_refusal(&o, "while keys were agreed upon"); /* mosquitto hangs up on the hello */
	broker_stop(&plain);
}

static void
a_lost_tls_connection_returns(void **state)
{
	struct world *w = *state;
	struct mqtt_options o = options(w);
	struct mqtt_event *ev;
	struct link l;

	link_open(&l, &o);
	link_expect(&l, MQTT_EVENT_CONNECTED);
	broker_kill(&w->b);
	ev = link_event(&l, MQTT_EVENT_LOST);
	assert_non_null(strstr(ev->words, "broker closed the connection"));
	free(ev);
	assert_true(broker_restart(&w->b));
	link_expect(&l, MQTT_EVENT_CONNECTED);
	assert_int_equal(mqtt_stop(l.m), MQ_OK);
	link_expect(&l, MQTT_EVENT_STOPPED);
	link_close(&l);
}

static void
pins_have_one_spelling(void **state)
{
	static const char *const bad[] = { "", "sha256:", "sha1:00", "sha256:0011",
		"SHA256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeefg",
		"sha256:00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff0" };
	struct tls_options o = { .pin_kind = TLS_PIN_NONE };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(tls_read_pin(&o, span_of(bad[i]), NULL), MQ_EFORMAT);
	assert_int_equal(o.pin_kind, TLS_PIN_NONE);
	assert_int_equal(tls_read_pin(&o, span_of("sha256:00112233445566778899AABBCCDDEEFF00112233"
	    "445566778899AABBCCDDEEFF"), NULL), MQ_OK);
	assert_int_equal(o.pin_kind, TLS_PIN_EITHER);
	assert_int_equal(o.pin[31], 0xff);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	if (w == NULL || !broker_start(&w->b, &(struct broker_options){ .tls = true }) ||
	    !broker_start(&w->strict, &(struct broker_options){ .tls = true, .names = "DNS:localhost",
		.client_certs = true }))
		return -1;
	(void)broker_file(&w->b, "ca.pem", w->ca);
	(void)broker_file(&w->strict, "ca.pem", w->other_ca);
	(void)broker_file(&w->strict, "client.pem", w->client);
	(void)broker_file(&w->strict, "client.key", w->client_key);
	w->urls[0] = w->b.url;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	broker_stop(&w->strict);
	broker_stop(&w->b);
	free(w);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_presented_certificate_is_reported),
		cmocka_unit_test(large_messages_pass_the_relay_both_ways),
		cmocka_unit_test(a_foreign_ca_is_refused),
		cmocka_unit_test(a_name_the_certificate_does_not_have_is_refused),
		cmocka_unit_test(a_pin_must_fit_even_if_the_ca_is_right),
		cmocka_unit_test(a_pin_alone_needs_no_ca),
		cmocka_unit_test(a_ca_given_as_bytes_must_have_its_hash),
		cmocka_unit_test(broken_files_become_sentences),
		cmocka_unit_test(a_client_certificate_opens_a_broker_that_demands_one),
		cmocka_unit_test(a_broker_without_tls_is_told_apart),
		cmocka_unit_test(a_lost_tls_connection_returns),
		cmocka_unit_test(pins_have_one_spelling),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
