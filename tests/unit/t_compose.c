#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/conf/compose.h"
#include "tests/unit/lib_conf.h"

#define DAY 86400
#define OWNER_LOW "openpgp4:0000000000000000000000000000000000000001"
#define OWNER_MID "openpgp4:5000000000000000000000000000000000000001"
#define OWNER_HIGH "openpgp4:F000000000000000000000000000000000000001"

static const struct conf_policy strict = { .allow_non_ascii = false };

static struct conf *
parsed(const struct buf *body)
{
	struct conf *c = NULL;

	assert_int_equal(conf_parse(buf_span(body), &strict, &c, NULL), MQ_OK);
	return c;
}

static void
a_genesis_has_the_defaults_of_the_manual(void **state)
{
	static const struct fpr owners[] = { { SAMPLE_OWNER_2 }, { SAMPLE_OWNER_1 } };
	const uint8_t id[HASH_BYTES] = { 9 };
	struct conf_genesis g = { .url = "mqtts://gw@broker.example.org", .own = "plant office",
		.topic = span_of("a/b c"), .owner = owners, .n_owners = 2, .threshold = 2,
		.data_key = { 7 }, .epoch_key_id = id };
	struct mq_error e;
	struct conf *c;
	struct buf out;

	(void)state;
	assert_true(conf_read_gateway(span_of("openpgp4:" SAMPLE_GATEWAY), &g.gateway));
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(conf_new_genesis(&g, SAMPLE_NOW, &out, &e), MQ_OK);
	c = parsed(&out);
	assert_int_equal(c->revision, 1);
	assert_int_equal(c->suite, SUITE_ED25519_XCHACHA);
	assert_int_equal(c->security, SECURITY_TLS);
	assert_int_equal(c->valid_until - c->valid_from, 180 * DAY);
	assert_int_equal(c->issued, SAMPLE_NOW);
	assert_int_equal(c->on_expiry, EXPIRY_STOP);
	assert_int_equal(c->transfer_delay, 3600);
	assert_int_equal(c->grace, 600);
	assert_int_equal(c->heartbeat, 30);
	assert_int_equal(c->max_age, 300);
	assert_int_equal(c->max_payload, 65536);
	assert_int_equal(c->lease, DAY);
	assert_false(c->has_offer_until);
	assert_string_equal(c->owner[0].hex, SAMPLE_OWNER_1);
	assert_string_equal(c->own, "plant office");
	conf_free(c);
	buf_done(&out);
}

static void
a_genesis_without_openpgp_or_tls_fits_itself(void **state)
{
	static const struct fpr owner = { SAMPLE_OWNER_1 };
	struct conf_genesis g = { .url = "mqtt://127.0.0.1:1", .topic = span_of("t"), .owner = &owner,
		.n_owners = 1, .threshold = 1, .data_key = { 7 },
		.gateway = { .is_edkey = true, .pk = { 7 } } };
	struct mq_error e;
	struct conf *c;
	struct buf out;

	(void)state;
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(conf_new_genesis(&g, SAMPLE_NOW, &out, &e), MQ_OK);
	c = parsed(&out);
	assert_int_equal(c->suite, SUITE_ED25519);
	assert_int_equal(c->security, SECURITY_NONE);
	conf_free(c);
	/* what makes no conf is named */
	buf_reset(&out);
	g.threshold = 2;
	assert_int_equal(conf_new_genesis(&g, SAMPLE_NOW, &out, &e), MQ_EFORMAT);
	assert_non_null(strstr(e.text, "threshold"));
	g.topic = span_of("a/#");
	assert_int_equal(conf_new_genesis(&g, SAMPLE_NOW, &out, &e), MQ_EFORMAT);
	assert_non_null(strstr(e.text, "topic"));
	g.url = "http://h";
	assert_int_equal(conf_new_genesis(&g, SAMPLE_NOW, &out, &e), MQ_EFORMAT);
	assert_non_null(strstr(e.text, "url"));
	assert_int_equal(out.n, 0);
	buf_done(&out);
}

static void
a_successor_keeps_comments_and_order(void **state)
{
	struct buf odd = sample_with("kind=normal\n", "kind=recovery\n# mine\nx-note=1\n"
						      "offer-until=2026-12-01T00:00:00Z\n");
	struct conf *n, *c;
	struct mq_error e;
	struct buf out, want;

	(void)state;
	sample_replace(&odd, "url=", "from-topic=old/tree\n## place\nurl=");
	n = parsed(&odd);
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(conf_successor(n, SAMPLE_NOW + 5 * DAY, &out, &e), MQ_OK);
	c = parsed(&out);
	assert_int_equal(c->revision, 8);
	assert_memory_equal(c->prev, n->hash, HASH_BYTES);
	assert_int_equal(c->issued, SAMPLE_NOW + 5 * DAY);
	assert_int_equal(c->valid_until - c->valid_from, n->valid_until - n->valid_from);
	assert_int_equal(c->kind, KIND_NORMAL);
	assert_false(c->has_offer_until);
	assert_int_equal(c->from_topic_n, 0);
	/* nothing but those lines differs */
	want = sample_with("kind=normal\n", "kind=normal\n# mine\nx-note=1\n");
	sample_replace(&want, "url=", "## place\nurl=");
	sample_replace(&want, "revision=7", "revision=8");
	sample_replace(&want, "issued=2026-11-20", "issued=2026-11-25");
	sample_replace(&want, "valid-from=2026-11-20", "valid-from=2026-11-25");
	sample_replace(&want, "valid-until=2027-05-20", "valid-until=2027-05-25");
	assert_int_equal(conf_edit_set(&out, span_of("prev"), span_of("b2-256:a4218b17a4218b17"
		"a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17"), &e), MQ_OK);
	assert_true(span_eq(buf_span(&out), buf_span(&want)));
	conf_free(c);
	conf_free(n);
	buf_done(&odd);
	buf_done(&out);
	buf_done(&want);
}

static void
a_successor_is_never_issued_before_its_predecessor(void **state)
{
	struct conf *n = sample_conf(NULL, NULL), *c;
	struct mq_error e;
	struct buf out;

	(void)state;
	buf_init(&out, CONF_BODY_MAX);
	assert_int_equal(conf_successor(n, SAMPLE_NOW - DAY, &out, &e), MQ_OK);
	c = parsed(&out);
	assert_int_equal(c->issued, n->issued);
	conf_free(c);
	n->revision = UINT32_MAX;
	buf_reset(&out);
	assert_int_equal(conf_successor(n, SAMPLE_NOW, &out, &e), MQ_ELIMIT);
	assert_non_null(strstr(e.text, "physical reset"));
	conf_free(n);
	buf_done(&out);
}

static void
single_lines_are_set_where_they_stand_or_where_they_belong(void **state)
{
	struct buf body = sample_with(NULL, NULL), want = sample_with("heartbeat=30", "heartbeat=10");
	struct mq_error e;

	(void)state;
	assert_int_equal(conf_edit_set(&body, span_of("heartbeat"), span_of("10"), &e), MQ_OK);
	assert_true(span_eq(buf_span(&body), buf_span(&want)));
	sample_replace(&want, "kind=", "offer-until=2026-12-01T00:00:00Z\nkind=");
	assert_int_equal(conf_edit_set(&body, span_of("offer-until"),
			     span_of("2026-12-01T00:00:00Z"), &e), MQ_OK);
	assert_true(span_eq(buf_span(&body), buf_span(&want)));
	assert_int_equal(conf_edit_set(&body, span_of("heartbeat"), span_of("0"), &e), MQ_EINVAL);
	assert_string_equal(e.text, "heartbeat: expected: seconds, at least 1");
	assert_int_equal(conf_edit_set(&body, span_of("hartbeat"), span_of("1"), &e), MQ_EINVAL);
	assert_int_equal(conf_edit_set(&body, span_of("owner"), span_of(OWNER_LOW), &e), MQ_EINVAL);
	assert_int_equal(conf_edit_set(&body, span_of("own"), span_of("a\nthreshold=9"), &e), MQ_EINVAL);
	assert_true(span_eq(buf_span(&body), buf_span(&want)));
	buf_done(&body);
	buf_done(&want);
}

static void
repeated_values_stay_ascending(void **state)
{
	struct buf body = sample_with(NULL, NULL), want = sample_with("owner=openpgp4:" SAMPLE_OWNER_1
		"\nowner=openpgp4:" SAMPLE_OWNER_2 "\n", "owner=" OWNER_LOW "\nowner=openpgp4:"
		SAMPLE_OWNER_1 "\nowner=" OWNER_MID "\nowner=openpgp4:" SAMPLE_OWNER_2 "\nowner="
		OWNER_HIGH "\n");
	static const char *const added[] = { OWNER_HIGH, OWNER_LOW, OWNER_MID };
	struct mq_error e;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(conf_edit_add(&body, span_of("owner"), span_of(added[i]), &e), MQ_OK);
	assert_true(span_eq(buf_span(&body), buf_span(&want)));
	assert_int_equal(conf_edit_add(&body, span_of("owner"), span_of(OWNER_LOW), &e), MQ_EEXIST);
	assert_int_equal(conf_edit_add(&body, span_of("epoch"), span_of("4"), &e), MQ_EINVAL);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(conf_edit_remove(&body, span_of("owner"), span_of(added[i]), &e), MQ_OK);
	assert_true(span_is(buf_span(&body), sample_body()));
	assert_int_equal(conf_edit_remove(&body, span_of("owner"), span_of(OWNER_LOW), &e), MQ_ENOENT);
	/* all of a key, and then the first again where the template has it */
	assert_int_equal(conf_edit_remove(&body, span_of("reader"), span_of(""), &e), MQ_OK);
	assert_int_equal(conf_edit_remove(&body, span_of("reader"), span_of(""), &e), MQ_ENOENT);
	assert_int_equal(conf_edit_add(&body, span_of("reader"), span_of("openpgp4:" SAMPLE_READER),
			     &e), MQ_OK);
	assert_true(span_is(buf_span(&body), sample_body()));
	buf_done(&body);
	buf_done(&want);
}

static void
a_full_draft_is_left_as_it_was(void **state)
{
	struct mq_error e;
	struct buf body;

	(void)state;
	buf_init(&body, 24);
	assert_int_equal(buf_puts(&body, "#!mqgp.conf 1\nepoch=3"), MQ_OK);
	assert_int_equal(conf_edit_set(&body, span_of("epoch"), span_of("12345"), &e), MQ_ELIMIT);
	assert_true(span_is(buf_span(&body), "#!mqgp.conf 1\nepoch=3\n"));
	assert_int_equal(conf_edit_set(&body, span_of("epoch"), span_of("14"), &e), MQ_OK);
	assert_true(span_is(buf_span(&body), "#!mqgp.conf 1\nepoch=14\n"));
	buf_done(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_genesis_has_the_defaults_of_the_manual),
		cmocka_unit_test(a_genesis_without_openpgp_or_tls_fits_itself),
		cmocka_unit_test(a_successor_keeps_comments_and_order),
		cmocka_unit_test(a_successor_is_never_issued_before_its_predecessor),
		cmocka_unit_test(single_lines_are_set_where_they_stand_or_where_they_belong),
		cmocka_unit_test(repeated_values_stay_ascending),
		cmocka_unit_test(a_full_draft_is_left_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
