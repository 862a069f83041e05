/* The phases of PROTOCOL 4 for data messages, and the attacks that end in each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/text.h"
#include "core/verdict/judge.h"
#include "tests/unit/lib_conf.h"

#define NOW_MS (SAMPLE_NOW * INT64_C(1000))

static const uint8_t digest_key[16] = { 1, 2, 3 };
static const uint8_t epoch_secret[32] = { 9 };

struct plant {
	uint8_t pk[32], sk[64];
	struct conf *conf;
	struct judge_tree tree;
	struct window window;
	struct buf payload;
	struct judge_job job;
	uint8_t *scratch;
	struct judge_message m;
	const char *elsewhere; /* what by_hint knows */
};

static bool
by_hint(void *arg, const uint8_t topic8[8], struct span *topic)
{
	struct plant *p = arg;
	uint8_t there[8];

	if (p->elsewhere == NULL)
		return false;
	*topic = span_of(p->elsewhere);
	env_topic8(there, *topic);
	return memcmp(there, topic8, 8) == 0;
}

static void
use_suite(struct plant *p, const char *suite, bool with_key)
{
	char key[128] = "data-key=0 gateway ed25519:", line[128];
	struct buf body = sample_with("encryption-alg=ed25519+xchacha20poly1305", suite);
	struct conf_policy policy = { false };
	const char *at, *end;

	text_hex(key + strlen(key), p->pk, 32);
	at = strstr(buf_cstr(&body), "data-key=0");
	end = strchr(at, '\n');
	memcpy(line, at, (size_t)(end - at));
	line[end - at] = 0;
	sample_replace(&body, line, key);
	conf_free(p->conf);
	p->conf = NULL;
	assert_int_equal(conf_parse(buf_span(&body), &policy, &p->conf, NULL), MQ_OK);
	buf_done(&body);
	p->tree = (struct judge_tree){ .topic = conf_topic(p->conf), .n_revs = 1,
		.grace_s = p->conf->grace, .by_hint = by_hint, .arg = p };
	env_conf_of(&p->tree.rev[0].env, p->conf, with_key ? epoch_secret : NULL);
	p->tree.rev[0].conf = p->conf;
}

static int
start(void **state)
{
	struct plant *p = calloc(1, sizeof *p);

	*state = p;
	crypto_sign_keypair(p->pk, p->sk);
	buf_init(&p->payload, 1 << 20);
	p->scratch = malloc(ENV_SCRATCH(1 << 20));
	use_suite(p, "encryption-alg=ed25519+xchacha20poly1305", true);
	return p->scratch == NULL;
}

static int
stop(void **state)
{
	struct plant *p = *state;

	conf_free(p->conf);
	window_done(&p->window);
	buf_done(&p->payload);
	free(p->scratch);
	free(p);
	return 0;
}

static void
seal_as(struct plant *p, const char *topic, uint64_t seq, const char *value, uint8_t type)
{
	struct env_conf c;
	struct env_seal s = { .type = type, .seq = seq, .time_ms = (uint64_t)NOW_MS,
		.data_sk = p->sk, .data_pk = p->pk };

	env_conf_of(&c, p->conf, epoch_secret);
	buf_reset(&p->payload);
	assert_int_equal(env_seal(&c, &s, span_of(topic), span_of(value), NULL, &p->payload), MQ_OK);
}

static void
seal(struct plant *p, const char *topic, uint64_t seq, const char *value)
{
	seal_as(p, topic, seq, value, ENV_TYPE_DATA);
}

static enum verdict
deliver(struct plant *p, const char *topic, bool retained, const struct judge_tree *tree)
{
	p->m = (struct judge_message){ .topic = span_of(topic), .payload = buf_span(&p->payload),
		.retained = retained, .now_ms = NOW_MS };
	judge_begin(&p->job, &p->m, tree);
	p->job.scratch = p->scratch;
	judge_crypto(&p->job);
	judge_finish(&p->job, &p->window, digest_key, 0);
	return p->job.j.verdict;
}

#define TEMP "chernobyl/unit1/cooling_plant/temp"
#define VALVE "chernobyl/unit1/cooling_plant/valve"

static void
a_good_message_is_green_and_its_content_readable(void **state)
{
	struct plant *p = *state;

	seal(p, TEMP, 5, "21.5");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	assert_true(span_is(p->job.j.clear, "21.5"));
	assert_true(p->job.j.current);
	assert_int_equal(p->job.j.flags, 0);
	assert_memory_equal(p->job.j.signer, p->pk, 32);
	assert_int_equal(p->window.hi, 5);
}

static void
the_suite_decides_which_green(void **state)
{
	struct plant *p = *state;

	use_suite(p, "encryption-alg=ed25519+xchacha20poly1305", false);
	seal(p, TEMP, 1, "x");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED_SEALED);
	assert_int_equal(p->job.j.clear.n, 0);
	use_suite(p, "encryption-alg=hmac-sha256", true);
	seal(p, TEMP, 2, "x");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED_GROUP);
	use_suite(p, "encryption-alg=xchacha20poly1305", false);
	seal(p, TEMP, 3, "x");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_NEEDS_KEY);
	assert_int_equal(p->window.hi, 2);
}

static void
no_flipped_bit_is_ever_green_nor_moves_the_window(void **state)
{
	struct plant *p = *state;
	struct buf good;

	seal(p, TEMP, 5, "21.5");
	buf_init(&good, 1 << 16);
	assert_int_equal(buf_put(&good, p->payload.p, p->payload.n), MQ_OK);
	for (size_t bit = 0; bit < good.n * 8; bit++) {
		buf_reset(&p->payload);
		assert_int_equal(buf_put(&p->payload, good.p, good.n), MQ_OK);
		p->payload.p[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(verdict_is_green(deliver(p, TEMP, false, &p->tree)));
		assert_false(p->window.any);
	}
	buf_done(&good);
	seal(p, TEMP, 5, "21.5");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
}

static void
forms_that_do_not_belong_are_named_before_any_crypto(void **state)
{
	struct plant *p = *state;
	static const uint8_t nul[] = "a\0b";

	buf_reset(&p->payload);
	(void)buf_puts(&p->payload, "99");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_UNSIGNED);
	assert_int_equal(deliver(p, "plant/x", false, NULL), V_PLAIN);
	assert_int_equal(deliver(p, "$SYS/broker/version", false, NULL), V_BROKER_CLAIM);
	assert_int_equal(deliver(p, "a/+/b", false, &p->tree), V_MALFORMED_TOPIC);
	p->m.topic = (struct span){ nul, 3 };
	judge_begin(&p->job, &p->m, &p->tree);
	assert_int_equal(p->job.j.verdict, V_MALFORMED_TOPIC);
	buf_reset(&p->payload);
	assert_int_equal(deliver(p, TEMP, true, &p->tree), V_CLEARED);
	(void)buf_puts(&p->payload, "MQG1");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_MALFORMED);
	buf_reset(&p->payload);
	while (p->payload.n <= ENV_PAYLOAD_MAX + ENV_OVERHEAD_MAX)
		(void)buf_puts(&p->payload, "0123456789abcdef");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_OVERSIZE);
	assert_false(p->window.any);
}

static void
replays_are_told_from_repetitions_and_contradictions(void **state)
{
	struct plant *p = *state;

	seal(p, TEMP, 100, "a");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_DUPLICATE);
	seal(p, TEMP, 100, "b");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_EQUIVOCATION);
	seal(p, TEMP, 103, "c");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	assert_int_equal(p->job.j.lost, 2);
	assert_int_equal(p->job.j.flags, FLAG_LOST);
	seal(p, TEMP, 101, "late");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	assert_int_equal(p->job.j.flags, FLAG_LATE);
	assert_false(p->job.j.current);
	seal(p, TEMP, 30, "old");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_REPLAY);
	seal(p, TEMP, 102, "stored");
	assert_int_equal(deliver(p, TEMP, true, &p->tree), V_REPLAY);
	assert_true(p->job.j.stale_retained);
	seal(p, TEMP, 104, "next");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
}

static void
a_stored_copy_is_unconfirmed_only_for_who_knows_nothing(void **state)
{
	struct plant *p = *state;

	seal(p, TEMP, 7, "a");
	assert_int_equal(deliver(p, TEMP, true, &p->tree), V_VERIFIED);
	assert_int_equal(p->job.j.flags, FLAG_RETAINED | FLAG_UNCONFIRMED);
	seal(p, TEMP, 8, "b");
	assert_int_equal(deliver(p, TEMP, true, &p->tree), V_VERIFIED);
	assert_int_equal(p->job.j.flags, FLAG_RETAINED);
}

static void
a_message_moved_to_another_topic_is_sent_home_by_name(void **state)
{
	struct plant *p = *state;

	seal(p, VALVE, 1, "open");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_BAD_SIG);
	p->elsewhere = VALVE;
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_WRONG_TOPIC);
	assert_true(span_is(p->job.j.right_topic, VALVE));
	assert_int_equal(p->job.j.clear.n, 0);
	assert_false(p->window.any);
}

static void
a_retired_revision_is_believed_for_its_grace_only(void **state)
{
	struct plant *p = *state;

	seal(p, TEMP, 1, "a");
	p->tree.rev[0].retired_ms = NOW_MS - (int64_t)p->tree.grace_s * 1000;
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	p->tree.rev[0].retired_ms--;
	seal(p, TEMP, 2, "b");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_STALE_REV);
	assert_int_equal(p->window.hi, 1);
	p->tree.n_revs = 0;
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_NEEDS_CONF);
}

static void
authentic_is_not_yet_allowed(void **state)
{
	struct plant *p = *state;

	p->conf->max_payload = 3;
	seal(p, TEMP, 1, "four");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_OVER_POLICY);
	assert_false(p->job.j.current);
	seal_as(p, TEMP, 2, "go", ENV_TYPE_COMMAND);
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_UNKNOWN_KEY); /* no operator key */
}

static void
clocks_that_disagree_are_told_but_decide_nothing(void **state)
{
	struct plant *p = *state;

	seal(p, TEMP, 1, "a");
	p->m = (struct judge_message){ .topic = span_of(TEMP), .payload = buf_span(&p->payload),
		.now_ms = NOW_MS + 3600 * 1000 };
	judge_begin(&p->job, &p->m, &p->tree);
	p->job.scratch = p->scratch;
	judge_crypto(&p->job);
	judge_finish(&p->job, &p->window, digest_key, 0);
	assert_int_equal(p->job.j.verdict, V_VERIFIED);
	assert_int_equal(p->job.j.flags, FLAG_SKEW | FLAG_AGED);
}

static void
after_an_unclean_stop_an_old_live_message_must_be_newer_than_all(void **state)
{
	struct plant *p = *state;
	struct env_conf c;
	struct env_seal s = { .type = 1, .seq = 9, .time_ms = (uint64_t)NOW_MS - 60000,
		.data_sk = p->sk, .data_pk = p->pk };

	seal(p, TEMP, 10, "a");
	assert_int_equal(deliver(p, TEMP, false, &p->tree), V_VERIFIED);
	env_conf_of(&c, p->conf, epoch_secret);
	buf_reset(&p->payload);
	assert_int_equal(env_seal(&c, &s, span_of(TEMP), span_of("b"), NULL, &p->payload), MQ_OK);
	p->m.payload = buf_span(&p->payload);
	judge_begin(&p->job, &p->m, &p->tree);
	p->job.scratch = p->scratch;
	judge_crypto(&p->job);
	judge_finish(&p->job, &p->window, digest_key, NOW_MS - 10000);
	assert_int_equal(p->job.j.verdict, V_REPLAY);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		T(a_good_message_is_green_and_its_content_readable),
		T(the_suite_decides_which_green),
		T(no_flipped_bit_is_ever_green_nor_moves_the_window),
		T(forms_that_do_not_belong_are_named_before_any_crypto),
		T(replays_are_told_from_repetitions_and_contradictions),
		T(a_stored_copy_is_unconfirmed_only_for_who_knows_nothing),
		T(a_message_moved_to_another_topic_is_sent_home_by_name),
		T(a_retired_revision_is_believed_for_its_grace_only),
		T(authentic_is_not_yet_allowed),
		T(clocks_that_disagree_are_told_but_decide_nothing),
		T(after_an_unclean_stop_an_old_live_message_must_be_newer_than_all),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
