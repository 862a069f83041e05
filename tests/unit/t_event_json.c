/* The lines of `watch --json` against what scripts may rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "src/event_json.h"

#define WALL INT64_C(1795203727123) /* 2026-11-20T19:42:07.123Z */

static json_t *
parsed(struct buf *b)
{
	json_error_t e;
	json_t *o;

	assert_non_null(buf_cstr(b));
	assert_int_equal(b->p[b->n - 1], '\n');
	assert_null(memchr(b->p, '\n', b->n - 1)); /* one object, one line */
	for (size_t i = 0; i + 1 < b->n; i++)
		assert_in_range(b->p[i], 0x20, 0x7e); /* nothing a terminal could act on */
	if ((o = json_loadb((const char *)b->p, b->n, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e)) == NULL)
		fail_msg("%s: %s", e.text, b->p);
	buf_done(b);
	return o;
}

static json_t *
told(struct engine_event *ev)
{
	struct buf b;

	ev->wall_ms = WALL;
	buf_init(&b, 4 << 20);
	assert_int_equal(event_put_json(&b, ev), MQ_OK);
	return parsed(&b);
}

static void
expect(json_t *o, const char *name, const char *text)
{
	assert_string_equal(json_string_value(json_object_get(o, name)), text);
}

static void
expect_number(json_t *o, const char *name, json_int_t n)
{
	assert_true(json_is_integer(json_object_get(o, name)));
	assert_int_equal(json_integer_value(json_object_get(o, name)), n);
}

static bool
has(json_t *o, const char *name)
{
	return json_object_get(o, name) != NULL;
}

static struct judgement
good(const char *value)
{
	struct judgement j = { .verdict = verdict_grant(V_VERIFIED), .have_header = true,
		.flags = FLAG_RETAINED | FLAG_LOST, .lost = 3, .clear = span_of(value) };

	j.h = (struct env_header){ .rev = 7, .epoch = 3, .kid = 0,
		.seq = UINT64_C(12) << 32 | 4014 };
	return j;
}

static void
a_green_message_has_its_value_and_all_members(void **state)
{
	struct judgement j = good("21.5");
	struct engine_event ev = { .kind = EVENT_MSG, .topic = span_of("plant/temp"),
		.tree = span_of("plant"), .payload = span_of("0123456789"), .j = &j,
		.retained = true, .qos = 1 };
	json_t *o = told(&ev);

	(void)state;
	expect_number(o, "v", 1);
	expect(o, "ev", "msg");
	expect(o, "t", "2026-11-20T19:42:07.123Z");
	expect(o, "topic", "plant/temp");
	expect(o, "tree", "plant");
	expect(o, "scheme", "mqgp");
	expect(o, "verdict", "VERIFIED");
	expect(o, "class", "good");
	assert_int_equal(json_array_size(json_object_get(o, "flags")), 2);
	assert_string_equal(json_string_value(json_array_get(json_object_get(o, "flags"), 0)),
	    "RETAINED");
	assert_true(json_is_string(json_object_get(o, "reason")));
	expect_number(o, "rev", 7);
	expect_number(o, "epoch", 3);
	expect_number(o, "kid", 0);
	expect(o, "seq", "51539611566");
	expect_number(o, "lost", 3);
	assert_true(json_is_true(json_object_get(o, "retain")));
	expect_number(o, "qos", 1);
	expect_number(o, "size", 10);
	expect(o, "value", "21.5");
	assert_false(has(o, "raw_b64"));
	json_decref(o);
}

static void
bytes_that_are_not_green_are_never_a_value(void **state)
{
	(void)state;
	for (int v = 0; v < V_COUNT; v++) {
		struct judgement j = good("21.5"); /* even if somebody forgot to clear it */
		struct engine_event ev = { .kind = EVENT_MSG, .topic = span_of("plant/temp"),
			.payload = span_of("abc"), .j = &j };
		bool shown = v == V_VERIFIED || v == V_VERIFIED_GROUP;
		json_t *o;

		j.verdict = (enum verdict)v;
		o = told(&ev);
		assert_int_equal(has(o, "value"), shown);
		assert_int_equal(has(o, "raw_b64"), !shown);
		assert_false(has(o, "value_b64"));
		if (!shown)
			expect(o, "raw_b64", "YWJj");
		json_decref(o);
	}
}

static void
what_is_not_utf8_is_base64(void **state)
{
	struct judgement j = good("");
	struct engine_event ev = { .kind = EVENT_MSG, .j = &j, .payload = span_of("x") };
	static const char *const bad[] = { "\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"a\x80" };
	static const char *const fine[] = { ("gr\xc3\xbc\xc3\x9f" "e"), "\xef\xbf\xbe", "\x1b[2J", "\x7f",
		"\xc2\x9b", "" };
	json_t *o;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ev.topic = j.clear = span_of(bad[i]);
		o = told(&ev);
		assert_true(has(o, "topic_b64") && has(o, "value_b64"));
		assert_false(has(o, "topic") || has(o, "value"));
		json_decref(o);
	}
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
		ev.topic = j.clear = span_of(fine[i]);
		o = told(&ev);
		assert_false(has(o, "topic_b64") || has(o, "value_b64"));
		expect(o, "value", fine[i]);
		json_decref(o);
	}
	ev.topic = j.clear = (struct span){ (const uint8_t *)"a\0b", 3 };
	o = told(&ev);
	assert_int_equal(json_string_length(json_object_get(o, "value")), 3);
	json_decref(o);
}

static void
the_largest_message_fits_into_a_line(void **state)
{
	struct judgement j = good("");
	struct engine_event ev = { .kind = EVENT_MSG, .topic = span_of("t"), .j = &j };
	uint8_t *p = malloc(ENV_PAYLOAD_MAX);
	json_t *o;

	(void)state;
	assert_non_null(p);
	memset(p, 1, ENV_PAYLOAD_MAX); /* six bytes each in JSON */
	j.clear = ev.payload = (struct span){ p, ENV_PAYLOAD_MAX };
	o = told(&ev);
	assert_int_equal(json_string_length(json_object_get(o, "value")), ENV_PAYLOAD_MAX);
	json_decref(o);
	free(p);
}

static void
a_plain_message_names_no_tree(void **state)
{
	struct judgement j = { .verdict = V_PLAIN };
	struct engine_event ev = { .kind = EVENT_MSG, .topic = span_of("a"), .j = &j,
		.payload = span_of("1") };
	json_t *o = told(&ev);

	(void)state;
	assert_true(json_is_null(json_object_get(o, "tree")));
	expect(o, "scheme", "plain");
	expect(o, "class", "neutral");
	assert_false(has(o, "rev") || has(o, "seq"));
	json_decref(o);
}

static void
a_conf_event_has_slot_and_auth_lines(void **state)
{
	struct follow_event c = { .slot = SLOT_NEXT, .verdict = V_PARTIAL, .cls = CLASS_ATTENTION,
		.partial = "1/1+0/1", .revision = 8, .flags = FLAG_RIVAL, .payload = span_of("x") };
	struct engine_event ev = { .kind = EVENT_CONF, .topic = span_of("p/mqgp.conf/next"),
		.tree = span_of("p"), .conf = &c };
	json_t *o;

	(void)state;
	memset(c.hash, 0xab, sizeof c.hash);
	o = told(&ev);
	expect(o, "ev", "conf");
	expect(o, "slot", "next");
	expect(o, "verdict", "PARTIAL");
	expect(o, "class", "attention");
	expect(o, "partial", "1/1+0/1");
	expect_number(o, "revision", 8);
	assert_int_equal(json_string_length(json_object_get(o, "conf")), 64);
	assert_int_equal(json_array_size(json_object_get(o, "flags")), 1);
	assert_false(has(o, "value") || has(o, "raw_b64"));
	json_decref(o);
	for (int s = SLOT_INFO; s < SLOT_OTHER; s++) {
		static const char *const names[] = { "info", "secure", "next", "log", "keys", "ca",
			"receipt", "status", "halt", "pgp", "ping" };

		c.slot = (enum topic_slot)s;
		o = told(&ev);
		expect(o, "slot", names[s - SLOT_INFO]);
		json_decref(o);
	}
}

static void
a_tree_event_has_everything_it_promises(void **state)
{
	struct model_tree row = { .state_word = "PENDING-TRANSFER", .state_class = CLASS_ATTENTION,
		.revision = 7, .threshold = 1, .n_owners = 3, .gateway = "openpgp4:18AA",
		.valid_until = WALL / 1000, .who = "you: accept" };
	struct engine_event ev = { .kind = EVENT_TREE, .tree = span_of("p"), .row = &row };
	json_t *o;

	(void)state;
	memcpy(row.owner[0].fpr, "AAAA", 5);
	memcpy(row.owner[1].fpr, "BBBB", 5);
	memcpy(row.owner[2].fpr, "CCCC", 5);
	row.owner[2].recovery = true;
	memset(row.conf_hash, 1, sizeof row.conf_hash);
	o = told(&ev);
	expect(o, "ev", "tree");
	expect(o, "tree", "p");
	expect(o, "state", "PENDING-TRANSFER");
	expect(o, "class", "attention");
	expect_number(o, "revision", 7);
	assert_int_equal(json_string_length(json_object_get(o, "conf")), 64);
	assert_int_equal(json_array_size(json_object_get(o, "owners")), 2);
	expect_number(o, "threshold", 1);
	expect(o, "gateway", "openpgp4:18AA");
	expect(o, "valid_until", "2026-11-20T19:42:07Z");
	expect(o, "who", "you: accept");
	json_decref(o);
}

static void
link_and_drop_events_have_their_members(void **state)
{
	static const char *const states[] = { "connecting", "connected", "lost", "refused",
		"subscribed", "denied" };
	struct engine_event ev = { .kind = EVENT_LINK, .broker = "mqtt://h:1883",
		.words = "\x1b[31mno", .code = 135 };
	json_t *o;

	(void)state;
	for (int i = 0; i < 6; i++) {
		ev.link = (enum conn_kind)i;
		o = told(&ev);
		expect(o, "ev", "link");
		expect(o, "state", states[i]);
		expect(o, "broker", "mqtt://h:1883");
		expect(o, "words", "\x1b[31mno"); /* escaped on the line, whole when parsed */
		expect_number(o, "code", 135);
		json_decref(o);
	}
	ev = (struct engine_event){ .kind = EVENT_DROP, .where = "inbox", .n = 17 };
	o = told(&ev);
	expect(o, "ev", "drop");
	expect(o, "where", "inbox");
	expect_number(o, "n", 17);
	json_decref(o);
}

static void
the_end_adds_up(void **state)
{
	struct watch_sum sum = { 5, 1, 2, 3 };
	struct buf b;
	json_t *o;

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(event_put_end(&b, &sum, true), MQ_OK);
	o = parsed(&b);
	expect(o, "ev", "end");
	expect_number(o, "messages", 5);
	expect_number(o, "bad", 1);
	expect_number(o, "lost", 2);
	expect_number(o, "dropped", 3);
	json_decref(o);
}

static void
words_for_people_hold_no_control_bytes(void **state)
{
	struct judgement j = good("\x1b]52;c;evil\x07\xc2\x9b\xe2\x80\xae");
	struct engine_event ev = { .kind = EVENT_MSG, .topic = span_of("a\x1b[2J\xff"),
		.payload = span_of("x"), .j = &j, .wall_ms = WALL };
	struct buf b;

	(void)state;
	buf_init(&b, 65536);
	assert_int_equal(event_put_words(&b, &ev), MQ_OK);
	for (size_t i = 0; i + 1 < b.n; i++)
		assert_true(b.p[i] >= 0x20 && b.p[i] != 0x7f);
	assert_null(memmem(b.p, b.n, "\xc2\x9b", 2));
	assert_null(memmem(b.p, b.n, "\xe2\x80\xae", 3));
	buf_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_green_message_has_its_value_and_all_members),
		cmocka_unit_test(bytes_that_are_not_green_are_never_a_value),
		cmocka_unit_test(what_is_not_utf8_is_base64),
		cmocka_unit_test(the_largest_message_fits_into_a_line),
		cmocka_unit_test(a_plain_message_names_no_tree),
		cmocka_unit_test(a_conf_event_has_slot_and_auth_lines),
		cmocka_unit_test(a_tree_event_has_everything_it_promises),
		cmocka_unit_test(link_and_drop_events_have_their_members),
		cmocka_unit_test(the_end_adds_up),
		cmocka_unit_test(words_for_people_hold_no_control_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
