#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/conf/change.h"
#include "core/conf/diff.h"
#include "tests/unit/lib_conf.h"

#define READER_LINE "reader=openpgp4:" SAMPLE_READER "\n"

static const struct diff_line *
find(const struct diff *d, const char *text)
{
	for (size_t i = 0; i < d->n; i++)
		if (strstr(d->line[i].text, text) != NULL)
			return &d->line[i];
	return NULL;
}

static struct diff *
diff_of(const char *from, const char *to, enum suite floor)
{
	struct diff *d = malloc(sizeof *d);
	struct conf *old = sample_conf(NULL, NULL), *new = sample_conf(from, to);

	assert_non_null(d);
	conf_diff(old, new, floor, d);
	for (size_t i = 1; i < d->n; i++)
		assert_true(d->line[i - 1].weight >= d->line[i].weight);
	conf_free(old);
	conf_free(new);
	return d;
}

static void
each_change_is_told_by_its_meaning(void **state)
{
	static const struct {
		const char *from, *to, *text;
		enum diff_weight weight;
		bool weaker;
	} cases[] = {
		{ "heartbeat=30", "heartbeat=10", "heartbeat 30 -> 10 s", DIFF_CHANGE, false },
		{ "threshold=1\nrecovery=", "threshold=2\nrecovery=", "threshold 1 -> 2",
		    DIFF_AUTHORITY, false },
		{ "transfer-delay=3600", "transfer-delay=0", "transfer-delay 3600 -> 0 s",
		    DIFF_AUTHORITY, true },
		{ "owner=openpgp4:" SAMPLE_OWNER_2 "\n", "",
		    "owner removed: 607400BE 1B2C3D4E 5F607182 93A4B5C6 D7E86CCD", DIFF_AUTHORITY,
		    false },
		{ READER_LINE, "", "reader removed: 1B8381AE", DIFF_SECURITY, false },
		{ "kind=normal", "kind=recovery", "signed by recovery keys", DIFF_AUTHORITY, false },
		{ "on-expiry=stop", "on-expiry=continue", "on-expiry stop -> continue", DIFF_SECURITY,
		    true },
		{ "own=mailto:john.doe@doedomain.net\n", "", "own removed: mailto", DIFF_CHANGE, false },
		{ "kind=", "offer-until=2026-12-01T00:00:00Z\nkind=", "offer-until 2026-12-01",
		    DIFF_NOTE, false },
		{ "revision=7", "revision=8", "another history", DIFF_AUTHORITY, true },
		{ "revision=7", "revision=8", "revision 7 -> 8", DIFF_NOTE, false },
		{ "security=tls", "security=tls-spki-sha256:"
		    "ba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fcc",
		    "network-security tls -> tls-spki", DIFF_SECURITY, false },
		{ "ed25519+xchacha20poly1305", "hmac-sha256",
		    "encryption-alg ed25519+xchacha20poly1305 -> hmac-sha256", DIFF_SECURITY, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct diff *d = diff_of(cases[i].from, cases[i].to, SUITE_HMAC);
		const struct diff_line *line = find(d, cases[i].text);

		assert_non_null(line);
		assert_int_equal(line->weight, cases[i].weight);
		assert_int_equal(line->weaker, cases[i].weaker);
		free(d);
	}
}

static void
comments_and_order_do_not_count(void **state)
{
	struct diff *d = diff_of("## comments stay welcome\n", "# other words\nx-note=1\n", SUITE_HMAC);

	(void)state;
	assert_int_equal(d->n, 1); /* prev is told with each revision */
	assert_non_null(find(d, "prev b2-256:a4218b17"));
	free(d);
	d = diff_of("lease=86400\non-expiry=stop\n", "on-expiry=stop\nlease=86400\n", SUITE_HMAC);
	assert_int_equal(d->n, 1);
	free(d);
}

static void
a_suite_below_the_local_floor_is_called_refused(void **state)
{
	struct diff *d = diff_of("ed25519+xchacha20poly1305", "xchacha20poly1305", SUITE_ED25519_XCHACHA);

	(void)state;
	assert_true(find(d, "below the local floor ed25519+xchacha20poly1305: refused")->weaker);
	free(d);
}

static void
a_genesis_tells_everything(void **state)
{
	struct diff *d = malloc(sizeof *d);
	struct conf *c = sample_conf(NULL, NULL);

	(void)state;
	assert_non_null(d);
	conf_diff(NULL, c, SUITE_HMAC, d);
	assert_non_null(find(d, "owner 479662EA 1B2C3D4E"));
	assert_non_null(find(d, "heartbeat 30 s"));
	assert_non_null(find(d, "own mailto"));
	assert_int_equal(d->n, 30);
	conf_free(c);
	free(d);
}

static void
no_byte_of_a_long_value_is_cut_away(void **state)
{
	char value[1001], told[1100] = "";
	struct diff *d;
	struct buf own;

	(void)state;
	memset(value, 'a', 1000);
	value[1000] = 0;
	value[999] = 'z';
	buf_init(&own, 2000);
	assert_int_equal(buf_printf(&own, "own=%s", value), MQ_OK);
	d = diff_of("own=mailto:john.doe@doedomain.net", buf_cstr(&own), SUITE_HMAC);
	for (size_t i = 0; i < d->n; i++)
		if (d->line[i].weight == DIFF_CHANGE)
			strncat(told, d->line[i].text + (told[0] != 0 ? 2 : 0), DIFF_TEXT);
	assert_non_null(strstr(told, value));
	buf_done(&own);
	free(d);
}

static void
a_hand_over_excuses_old_owners_but_not_readers(void **state)
{
	struct conf *n = sample_conf(NULL, NULL);
	struct conf *c = sample_conf("owner=openpgp4:" SAMPLE_OWNER_1 "\nowner=openpgp4:" SAMPLE_OWNER_2,
	    "owner=openpgp4:98B761A47EF02A3C5512C2A6B0AB5A5068455C33");
	struct diff *d = malloc(sizeof *d);

	(void)state;
	assert_non_null(d);
	c->revision = 8;
	assert_true(change_full_hand_over(n, c));
	assert_true(change_is_transfer(n, c));
	assert_false(change_takes_access(n, c));
	conf_diff(n, c, SUITE_HMAC, d);
	assert_non_null(find(d, "hand-over: no owner of revision 7 stays"));
	assert_non_null(find(d, "takes effect 3600 s after its last signature"));
	assert_null(find(d, "the gateway refuses this"));
	c->n_readers = 0;
	assert_true(change_takes_access(n, c));
	conf_diff(n, c, SUITE_HMAC, d);
	assert_true(find(d, "the gateway refuses this")->weaker);
	c->epoch++;
	conf_diff(n, c, SUITE_HMAC, d);
	assert_null(find(d, "the gateway refuses this"));
	assert_false(change_is_transfer(n, n));
	conf_free(n);
	conf_free(c);
	free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_change_is_told_by_its_meaning),
		cmocka_unit_test(comments_and_order_do_not_count),
		cmocka_unit_test(a_suite_below_the_local_floor_is_called_refused),
		cmocka_unit_test(a_genesis_tells_everything),
		cmocka_unit_test(no_byte_of_a_long_value_is_cut_away),
		cmocka_unit_test(a_hand_over_excuses_old_owners_but_not_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
