#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/trust/armor.h"

/* gpg --enarmor of 99 01 02 03, with its checksum. */
static const char good[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: x\n\nmQECAw==\n=tCvr\n"
			   "-----END PGP PUBLIC KEY BLOCK-----\n";

static enum mq_err
open_text(const char *text, struct buf *out)
{
	buf_init(out, 64);
	return armor_open(out, span_of(text));
}

static void
the_bytes_come_out_and_the_checksum_is_checked(void **state)
{
	const char *cut = strstr(good, "=tCvr\n");
	char text[256];
	struct buf b;

	(void)state;
	assert_int_equal(open_text(good, &b), MQ_OK);
	assert_int_equal(b.n, 4);
	assert_memory_equal(b.p, "\x99\x01\x02\x03", 4);
	buf_done(&b);
	memcpy(text, good, sizeof good);
	text[cut - good + 1] = 'M';
	assert_int_equal(open_text(text, &b), MQ_EFORMAT);
	buf_done(&b);
	memmove(text + (cut - good), cut + 6, strlen(cut + 6) + 1); /* without it: fine */
	assert_int_equal(open_text(text, &b), MQ_OK);
	buf_done(&b);
}

static void
what_is_binary_already_stays_as_it_is(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(armor_open(&b, (struct span){ (const uint8_t *)"\x99\0\n", 3 }), MQ_OK);
	assert_int_equal(b.n, 3);
	buf_done(&b);
}

static void
what_is_neither_is_refused(void **state)
{
	static const char *const texts[] = { "", "plain\n", "-----BEGIN PGP X-----\n\nmQECAw==\n",
		"-----BEGIN PGP X-----\nmQECAw==\n-----END PGP X-----\n",
		"-----BEGIN PGP X-----\n\nmQ*CAw==\n-----END PGP X-----\n",
		"-----BEGIN PGP X-----\n\n-----END PGP X-----\n" };
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		assert_int_equal(open_text(texts[i], &b), MQ_EFORMAT);
		buf_done(&b);
	}
	buf_init(&b, 3);
	assert_int_equal(armor_open(&b, span_of(good)), MQ_ELIMIT);
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bytes_come_out_and_the_checksum_is_checked),
		cmocka_unit_test(what_is_binary_already_stays_as_it_is),
		cmocka_unit_test(what_is_neither_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
