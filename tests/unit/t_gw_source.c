#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "src/gw.h"
#include "src/gw_source.h"
#include "src/randomart.h"

static void
a_broker_as_source_is_an_address_and_a_filter(void **state)
{
	static const struct {
		const char *what, *url, *filter;
	} rows[] = {
		{ "mqtt://127.0.0.1:1884/plant/#", "mqtt://127.0.0.1:1884", "plant/#" },
		{ "mqtts://ops@[::1]/#", "mqtts://ops@[::1]", "#" },
		{ "mqtt://h//a", "mqtt://h", "/a" },
	};
	static const char *const wrong[] = { "mqtt://h", "mqtt://h/", "h/a", "mqtt://h/a#", "mqtt://h/#/a" };
	char *url, *filter;
	struct mq_error e;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(source_split(rows[i].what, &url, &filter, &e), MQ_OK);
		assert_string_equal(url, rows[i].url);
		assert_string_equal(filter, rows[i].filter);
		free(url);
		free(filter);
	}
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(source_split(wrong[i], &url, &filter, &e), MQ_EINVAL);
}

static void
what_the_filter_fixes_is_not_repeated_below_the_tree(void **state)
{
	static const struct {
		const char *filter, *topic, *below;
	} rows[] = {
		{ "plant/#", "plant/hall/rpm", "hall/rpm" },
		{ "plant/#", "plant", "plant" }, /* the parent matches too */
		{ "#", "plant/rpm", "plant/rpm" },
		{ "+/rpm", "hall/rpm", "hall/rpm" },
		{ "plant/+/rpm", "plant/hall/rpm", "hall/rpm" },
		{ "plant/hall/rpm", "plant/hall/rpm", "rpm" },
		{ "rpm", "rpm", "rpm" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct span below = source_subtopic(span_of(rows[i].filter), span_of(rows[i].topic));

		assert_true(span_is(below, rows[i].below));
	}
}

#define FPR_1 "479662EA1B2C3D4E5F60718293A4B5C6D7E86CCD"
#define FPR_2 "607400BE1B2C3D4E5F60718293A4B5C6D7E86CCD"

static void
owners_of_the_factory_are_read_strictly(void **state)
{
	static const char *const wrong[] = { "", "own-fpr=" FPR_1 "\n", "threshold=1\n",
		"own-fpr=" FPR_1 "\nthreshold=2\n", "own-fpr=" FPR_1 "\nthreshold=1",
		"own-fpr=479662ea1b2c3d4e5f60718293a4b5c6d7e86ccd\nthreshold=1\n",
		"own-fpr=" FPR_1 "\nthreshold=1\nthreshold=1\n",
		"own-fpr=" FPR_1 "\nthreshold=1\nwhat=1\n" };
	struct gw_home h;
	struct mq_error e;

	(void)state;
	memset(&h, 0, sizeof h);
	assert_int_equal(gw_factory_parse(span_of("# label\nown-fpr=" FPR_1 "\nown-fpr=" FPR_2
						  "\nthreshold=2\n"), &h, &e), MQ_OK);
	assert_int_equal(h.n_anchor, 2);
	assert_int_equal(h.anchor_threshold, 2);
	assert_string_equal(h.anchor[1].hex, FPR_2);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_int_equal(gw_factory_parse(span_of(wrong[i]), &h, &e), MQ_EFORMAT);
}

/* The example of the paper that analysed the walk ("The drunken bishop", 2009). */
static void
a_fingerprint_has_its_picture(void **state)
{
	static const uint8_t bytes[] = { 0xfc, 0x94, 0xb0, 0xc1, 0xe5, 0xb0, 0x98, 0x7c, 0x58, 0x43,
		0x99, 0x76, 0x97, 0xee, 0x9f, 0xb7 };
	static const char want[] = "+----[ED25519]----+\n"
				   "|       .=o.  .   |\n"
				   "|     . *+*. o    |\n"
				   "|      =.*..o     |\n"
				   "|       o + ..    |\n"
				   "|        S o.     |\n"
				   "|         o  .    |\n"
				   "|          .  . . |\n"
				   "|              o .|\n"
				   "|               E.|\n"
				   "+-----------------+\n";
	char art[RANDOMART_SIZE];

	(void)state;
	randomart(bytes, sizeof bytes, "ED25519", art);
	assert_string_equal(art, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_broker_as_source_is_an_address_and_a_filter),
		cmocka_unit_test(what_the_filter_fixes_is_not_repeated_below_the_tree),
		cmocka_unit_test(owners_of_the_factory_are_read_strictly),
		cmocka_unit_test(a_fingerprint_has_its_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
