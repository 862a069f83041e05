#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/trust/msgwalk.h"

#define SPAN(...) ((struct span){ (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }) })
#define PKESK 0x84, 2, 3, 0
#define SEIPD 0xd2, 2, 1, 0

static void
session_keys_and_one_container_pass(void **state)
{
	size_t n = 0;

	(void)state;
	assert_null(msgwalk_read(SPAN(PKESK, SEIPD), &n));
	assert_int_equal(n, 1);
	assert_null(msgwalk_read(SPAN(PKESK, 0xc1, 0, SEIPD), &n));
	assert_int_equal(n, 2);
	assert_null(msgwalk_read(SPAN(PKESK, 0xd2, 0xe9, 1), &n)); /* partial length, as gpg writes it */
	assert_null(msgwalk_read(SPAN(PKESK, 0xa4, 2, 1, 0), &n)); /* gpg says what lacks integrity */
}

static void
everything_else_is_refused(void **state)
{
	static const uint8_t skesk_only[] = { 0x8c, 2, 4, 9, SEIPD };
	static const uint8_t skesk_behind[] = { PKESK, 0x8c, 2, 4, 9, SEIPD };
	static const uint8_t skesk_before[] = { 0x8c, 2, 4, 9, PKESK, SEIPD };
	static const uint8_t literal[] = { 0xcb, 2, 'b', 0 };
	static const uint8_t one_pass[] = { 0xc4, 2, 3, 0 };
	static const uint8_t compressed[] = { 0xa3, 1, 0 };
	static const uint8_t no_key[] = { SEIPD };
	static const uint8_t key_only[] = { PKESK };
	static const uint8_t key_cut[] = { 0x84, 3, 3, 0 };
	static const uint8_t key_partial[] = { 0xc1, 0xe1, 3, 0, SEIPD };
	static const uint8_t marker[] = { 0xca, 3, 'P', 'G', 'P', PKESK, SEIPD };
	static const uint8_t armor[] = "-----BEGIN PGP MESSAGE-----";
	const struct span t[] = { { skesk_only, sizeof skesk_only },
		{ skesk_behind, sizeof skesk_behind }, { skesk_before, sizeof skesk_before },
		{ literal, sizeof literal }, { one_pass, sizeof one_pass },
		{ compressed, sizeof compressed }, { no_key, sizeof no_key },
		{ key_only, sizeof key_only }, { key_cut, sizeof key_cut },
		{ key_partial, sizeof key_partial }, { marker, sizeof marker },
		{ armor, sizeof armor - 1 }, { NULL, 0 } };
	size_t n = 77;

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
		assert_non_null(msgwalk_read(t[i], &n));
	assert_int_equal(n, 77);
}

static void
recipients_are_bounded(void **state)
{
	uint8_t p[2 * (MSGWALK_RECIPIENTS_MAX + 1) + 4];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof p; i += 2) {
		p[i] = 0xc1;
		p[i + 1] = 0;
	}
	p[sizeof p - 4] = 0xd2;
	assert_non_null(msgwalk_read((struct span){ p, sizeof p }, &n));
	assert_null(msgwalk_read((struct span){ p + 2, sizeof p - 2 }, &n));
	assert_int_equal(n, MSGWALK_RECIPIENTS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_keys_and_one_container_pass),
		cmocka_unit_test(everything_else_is_refused),
		cmocka_unit_test(recipients_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
