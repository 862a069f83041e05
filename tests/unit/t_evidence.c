#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/wire/evidence.h"

static void
print(const struct evidence *e, struct buf *out)
{
	buf_init(out, EVIDENCE_MAX);
	assert_int_equal(evidence_print(out, e), MQ_OK);
}

static void
fill(struct evidence *e)
{
	evidence_init(e);
	assert_int_equal(buf_put(&e->topic, "a/\x1b\n/b", 6), MQ_OK);
	assert_int_equal(buf_puts(&e->tree, "a"), MQ_OK);
	assert_int_equal(buf_put(&e->payload, "\0\1\2MQG1", 7), MQ_OK);
	e->received_ms = 1795203727123;
	e->qos = 1;
	e->retain = true;
	e->verdict = V_REPLAY;
}

static void
what_is_printed_is_read_back(void **state)
{
	struct evidence in, out;
	struct buf text;

	(void)state;
	fill(&in);
	print(&in, &text);
	evidence_init(&out);
	assert_int_equal(evidence_parse(buf_span(&text), &out, NULL), MQ_OK);
	assert_true(span_eq(buf_span(&in.topic), buf_span(&out.topic)));
	assert_true(span_eq(buf_span(&in.payload), buf_span(&out.payload)));
	assert_true(span_eq(buf_span(&in.tree), buf_span(&out.tree)));
	assert_int_equal(out.bundle.n, 0);
	assert_true(out.received_ms == in.received_ms && out.retain);
	assert_int_equal(out.qos, 1);
	assert_int_equal(out.verdict, V_REPLAY);
	evidence_done(&out);
	evidence_done(&in);
	buf_done(&text);
}

static void
a_hostile_topic_stays_in_its_comment(void **state)
{
	struct evidence in;
	struct buf text;

	(void)state;
	fill(&in);
	print(&in, &text);
	assert_non_null(strstr(buf_cstr(&text), "## a/\\x1b\\x0a/b\n"));
	evidence_done(&in);
	buf_done(&text);
}

/* Every byte of it, changed or missing, is noticed or harmless; never a crash or a wrong accept of
 * a shorter file. */
static void
a_file_that_ends_early_is_refused(void **state)
{
	struct evidence in, out;
	struct buf text;

	(void)state;
	fill(&in);
	print(&in, &text);
	for (size_t n = 0; n < text.n; n++) {
		evidence_init(&out);
		assert_int_equal(evidence_parse((struct span){ text.p, n }, &out, NULL), MQ_EFORMAT);
		evidence_done(&out);
	}
	evidence_done(&in);
	buf_done(&text);
}

static void
an_error_names_its_line(void **state)
{
	struct mq_error e = { 0 };
	struct evidence out;

	(void)state;
	evidence_init(&out);
	assert_int_equal(evidence_parse(span_of("#!mqgp.evidence 1\ntopic=YQ==\nreceived=yesterday\n"),
			     &out, &e), MQ_EFORMAT);
	assert_string_equal(e.text, "line 3: the value is not well-formed");
	evidence_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_is_read_back),
		cmocka_unit_test(a_hostile_topic_stays_in_its_comment),
		cmocka_unit_test(a_file_that_ends_early_is_refused),
		cmocka_unit_test(an_error_names_its_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
