/* The verdict pipeline from end to end: nothing is green but the exact bytes that the gateway made,
 * on the topic it made them for, once.
 *
 * Byte 0 chooses suite, keys held and kind of input; the rest is a payload of its own, or edits
 * (position, position, value) of an envelope that was sealed with the right keys. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/verdict/judge.h"

#define EDIT 3 /* bytes of input to one edit */
#define NOW_MS INT64_C(1795168800000)

static const char home[] = "plant/line 4/rpm", elsewhere[] = "plant/line 4/rpn";
static const uint8_t digest_key[16] = { 1 }, secret[32] = { 2 }, seed[32] = { 3 };

struct world {
	uint8_t sk[64];
	struct conf conf;
	struct judge_tree tree;
	struct window window;
};

static bool
by_hint(void *arg, const uint8_t topic8[8], struct span *topic)
{
	(void)arg;
	(void)topic8;
	*topic = span_of(home);
	return true;
}

static void
world_init(struct world *w, uint8_t choice)
{
	memset(w, 0, sizeof *w);
	w->conf.suite = (enum suite)(1 + choice % 4);
	w->conf.revision = 7;
	w->conf.epoch = 3;
	w->conf.max_age = 300;
	w->conf.max_payload = 65536;
	w->conf.n_data_keys = 1;
	require(crypto_sign_seed_keypair(w->conf.data_key[0].pk, w->sk, seed) == 0);
	w->tree = (struct judge_tree){ .topic = span_of("plant"), .n_revs = 1, .grace_s = 60,
		.by_hint = by_hint };
	env_conf_of(&w->tree.rev[0].env, &w->conf, (choice & 4) != 0 ? secret : NULL);
	w->tree.rev[0].conf = &w->conf;
}

static enum verdict
judge(struct world *w, const char *topic, struct span payload, bool retained)
{
	struct judge_message m = { .topic = span_of(topic), .payload = payload,
		.retained = retained, .now_ms = NOW_MS };
	struct judge_job job;
	enum verdict v;

	judge_begin(&job, &m, &w->tree);
	require((job.scratch = malloc(ENV_SCRATCH(payload.n))) != NULL);
	judge_crypto(&job);
	judge_finish(&job, &w->window, digest_key, 0);
	v = job.j.verdict;
	require(v != V_NONE && verdict_is_green(v) == (verdict_class(v) == CLASS_GOOD));
	require(verdict_is_green(v) || (!job.j.current && job.j.clear.n == 0));
	free(job.scratch);
	return v;
}

static void
make(struct world *w, uint64_t seq, struct buf *out)
{
	const struct env_seal in = { .type = ENV_TYPE_DATA, .seq = seq, .time_ms = (uint64_t)NOW_MS,
		.data_sk = w->sk, .data_pk = w->conf.data_key[0].pk, .rand16 = seed };
	struct env_conf c;

	env_conf_of(&c, &w->conf, secret);
	require(env_seal(&c, &in, span_of(home), span_of("21.5"), NULL, out) == MQ_OK);
}

static void
edited(struct world *w, const uint8_t *data, size_t n)
{
	struct buf original, copy;
	enum verdict v;
	bool same;

	buf_init(&original, 4096);
	buf_init(&copy, 4096);
	make(w, 5, &original);
	require(buf_put(&copy, original.p, original.n) == MQ_OK);
	for (; n >= EDIT; n -= EDIT, data += EDIT)
		copy.p[(data[0] << 8 | data[1]) % copy.n] ^= data[2];
	if (n == 1)
		copy.n -= data[0] % copy.n; /* cut */
	same = span_eq(buf_span(&copy), buf_span(&original));
	v = judge(w, home, buf_span(&copy), false);
	require(!verdict_is_green(v) || same);
	require(!same || verdict_is_green(v) || v == V_NEEDS_KEY);
	require(!verdict_is_green(judge(w, elsewhere, buf_span(&original), false)));
	/* the untouched one is green once at most, whatever came before */
	v = judge(w, home, buf_span(&original), true);
	require(verdict_is_green(v) == (!same && (w->tree.rev[0].env.epoch_secret != NULL ||
						     w->conf.suite == SUITE_ED25519 ||
						     w->conf.suite == SUITE_ED25519_XCHACHA)));
	require(!verdict_is_green(judge(w, home, buf_span(&original), false)));
	buf_done(&copy);
	buf_done(&original);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world w;

	require(sodium_init() >= 0);
	if (n == 0)
		return 0;
	world_init(&w, data[0]);
	if ((data[0] & 8) != 0)
		edited(&w, data + 1, n - 1);
	else
		require(!verdict_is_green(judge(&w, home, (struct span){ data + 1, n - 1 },
		    (data[0] & 16) != 0)));
	window_done(&w.window);
	return 0;
}
