#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/conf/bundle.h"

#define TOPIC "topic=chernobyl/unit1\n"
#define GATEWAY "gateway=openpgp4:18AAA2701B2C3D4E5F60718293A4B5C6D7E86CCD\n"
#define CONF "conf=b2-256:a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17\n"
#define REST "revision=7\n" CONF "issued=2026-11-20T10:00:00Z\n"
#define REASON "reason=stolen-key\n"
#define MAGIC "#!mqgp.halt 1\n"

static const struct conf_policy strict = { .allow_non_ascii = false };

static void
a_halt_order_has_six_keys_in_any_order(void **state)
{
	struct halt h, back;
	struct buf out;

	(void)state;
	assert_int_equal(halt_parse(span_of(MAGIC TOPIC GATEWAY REST REASON), &strict, &h, NULL), MQ_OK);
	assert_int_equal(h.revision, 7);
	assert_string_equal(h.reason, "stolen-key");
	assert_int_equal(h.issued, 1795168800);
	assert_int_equal(h.conf[0], 0xa4);
	assert_true(span_is((struct span){ h.topic, h.topic_n }, "chernobyl/unit1"));
	assert_int_equal(halt_parse(span_of(MAGIC "# why\n" REASON "\n" REST GATEWAY TOPIC), &strict,
			     &back, NULL), MQ_OK);
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(halt_print(&h, &out), MQ_OK);
	assert_true(span_is(buf_span(&out), MAGIC TOPIC GATEWAY REST REASON));
	buf_done(&out);
}

static void
wrong_halt_orders_name_their_line(void **state)
{
	static const struct {
		const char *body;
		unsigned line;
	} cases[] = {
		{ "", 0 },
		{ "#!mqgp.conf 1\n" TOPIC GATEWAY REST REASON, 1 },
		{ MAGIC TOPIC GATEWAY REST, 0 },
		{ MAGIC TOPIC GATEWAY REST REASON "x-note=1\n", 8 },
		{ MAGIC TOPIC TOPIC GATEWAY REST REASON, 3 },
		{ MAGIC TOPIC GATEWAY REST "reason=Stolen\n", 7 },
		{ MAGIC TOPIC GATEWAY REST "reason=a23456789012345678901234567890123\n", 7 },
		{ MAGIC TOPIC GATEWAY "revision=0\n" CONF "issued=2026-11-20T10:00:00Z\n" REASON, 4 },
		{ MAGIC "topic=%C3%A9\n" GATEWAY REST REASON, 2 },
		{ MAGIC TOPIC GATEWAY REST "reason=stolen-key", 7 },
		{ MAGIC TOPIC GATEWAY REST REASON "url=mqtt://h\n", 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct conf_errors errors;
		struct halt h;

		assert_int_equal(halt_parse(span_of(cases[i].body), &strict, &h, &errors), MQ_EFORMAT);
		assert_int_equal(errors.line, cases[i].line);
	}
}

static void
fields_that_make_no_order_are_not_printed(void **state)
{
	struct halt h;
	struct buf out;

	(void)state;
	assert_int_equal(halt_parse(span_of(MAGIC TOPIC GATEWAY REST REASON), &strict, &h, NULL), MQ_OK);
	h.reason[0] = 'S';
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(halt_print(&h, &out), MQ_EFORMAT);
	assert_int_equal(out.n, 0);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_halt_order_has_six_keys_in_any_order),
		cmocka_unit_test(wrong_halt_orders_name_their_line),
		cmocka_unit_test(fields_that_make_no_order_are_not_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
