/* MQG1 envelopes: sealed byte for byte, and opened through the whole pipeline of verdicts. */
#include "tests/vectors/vectors.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/verdict/judge.h"

/* What seal and open cases share: the conf that both sides hold. */
struct scene {
	struct conf conf;
	struct env_conf env;
	uint8_t epoch_secret[32];
};

static bool
read_scene(const json_t *in, struct scene *s, struct buf *diff)
{
	uint64_t rev = 0, epoch = 0, suite = 0;
	bool ok;

	memset(s, 0, sizeof *s);
	ok = vec_number(in, "rev", UINT32_MAX, &rev, diff) &&
	    vec_number(in, "epoch", UINT32_MAX, &epoch, diff) &&
	    vec_number(in, "suite", SUITE_HMAC, &suite, diff) &&
	    vec_hex(in, "conf_hash", s->conf.hash, HASH_BYTES, diff) &&
	    vec_hex(in, "data_pk", s->conf.data_key[0].pk, 32, diff);
	s->conf.revision = (uint32_t)rev;
	s->conf.epoch = (uint32_t)epoch;
	s->conf.suite = (enum suite)suite;
	s->conf.n_data_keys = 1;
	s->conf.max_payload = s->conf.max_age = UINT32_MAX; /* not what these cases are about */
	if (ok && !vec_absent(in, "epoch_secret"))
		ok = vec_hex(in, "epoch_secret", s->epoch_secret, 32, diff);
	env_conf_of(&s->env, &s->conf, vec_absent(in, "epoch_secret") ? NULL : s->epoch_secret);
	return ok;
}

static bool
read_seal(const json_t *in, struct env_seal *s, uint8_t sk[64], uint8_t rand16[16],
    struct buf *diff)
{
	uint64_t type = 0, flags = 0, kid = 0;
	uint8_t seed[32], pk[32];

	if (!vec_number(in, "type", UINT8_MAX, &type, diff) ||
	    !vec_number(in, "flags", UINT8_MAX, &flags, diff) ||
	    !vec_number(in, "kid", UINT8_MAX, &kid, diff) ||
	    !vec_number(in, "seq", UINT64_MAX, &s->seq, diff) ||
	    !vec_number(in, "time", UINT64_MAX, &s->time_ms, diff) ||
	    !vec_hex(in, "data_seed", seed, 32, diff) || !vec_hex(in, "rand", rand16, 16, diff))
		return false;
	(void)crypto_sign_seed_keypair(pk, sk, seed); /* never fails */
	s->type = (uint8_t)type;
	s->flags = (uint8_t)flags;
	s->kid = (uint8_t)kid;
	s->data_sk = sk;
	s->rand16 = rand16;
	return true;
}

/* The stand-in for a body only has to be hashed. */
static bool
same_hash(const json_t *in, struct buf *diff)
{
	uint8_t hash[HASH_BYTES];
	struct buf body;
	bool ok;

	buf_init(&body, CONF_BODY_MAX);
	ok = vec_hex_bytes(in, "body_hex", &body, diff);
	conf_hash(hash, buf_span(&body));
	ok = ok && vec_same_hex(in, "conf_hash", (struct span){ hash, sizeof hash }, diff);
	buf_done(&body);
	return ok;
}

enum vector_result
vector_seal(const struct vector_case *c, struct buf *diff)
{
	struct env_seal in = { .type = 0 };
	struct scene s;
	struct span topic;
	struct buf message, out;
	uint8_t sk[64], rand16[16];

	buf_init(&message, ENV_PAYLOAD_MAX);
	buf_init(&out, ENV_PAYLOAD_MAX);
	if (read_scene(c->inputs, &s, diff) && read_seal(c->inputs, &in, sk, rand16, diff) &&
	    vec_text(c->inputs, "topic", &topic, diff) && same_hash(c->inputs, diff) &&
	    vec_hex_bytes(c->inputs, "message", &message, diff)) {
		in.data_pk = s.conf.data_key[0].pk;
		if (env_seal(&s.env, &in, topic, buf_span(&message), NULL, &out) != MQ_OK)
			(void)buf_puts(diff, "env_seal refused; ");
		else
			(void)vec_same_hex(c->expect, "payload", buf_span(&out), diff);
	}
	buf_done(&message);
	buf_done(&out);
	return vec_result(diff);
}

static bool
known_topic(void *arg, const uint8_t topic8[8], struct span *topic)
{
	const json_t *known = arg;
	uint8_t hint[8];

	for (size_t i = 0; i < json_array_size(known); i++) {
		const json_t *t = json_array_get(known, i);
		struct span name = { (const uint8_t *)json_string_value(t), json_string_length(t) };

		env_topic8(hint, name);
		if (memcmp(hint, topic8, sizeof hint) == 0) {
			*topic = name;
			return true;
		}
	}
	return false;
}

static void
compare_opened(const struct vector_case *c, const struct judgement *j, struct buf *diff)
{
	(void)vec_same_verdict(c->expect, j->verdict, diff);
	if (!vec_absent(c->expect, "right_topic"))
		(void)vec_same_span(c->expect, "right_topic", j->right_topic, diff);
	if (!vec_absent(c->expect, "plaintext"))
		(void)vec_same_hex(c->expect, "plaintext", j->clear, diff);
	else if (j->clear.p != NULL)
		(void)buf_puts(diff, "content given where none is expected; ");
	if (!vec_absent(c->expect, "seq"))
		(void)vec_same_number(c->expect, "seq", j->h.seq, diff);
	if (!vec_absent(c->expect, "time"))
		(void)vec_same_number(c->expect, "time", j->h.time_ms, diff);
	if (!vec_absent(c->expect, "retained_by_publisher"))
		(void)vec_same_flag(c->expect, "retained_by_publisher",
		    (j->h.flags & ENV_FLAG_RETAIN) != 0, diff);
}

enum vector_result
vector_open(const struct vector_case *c, struct buf *diff)
{
	static const uint8_t digest_key[16];
	struct judge_message m = { .qos = 0 };
	struct judge_tree tree = { .n_revs = 1, .by_hint = known_topic };
	struct window w = { .any = false };
	struct judge_job job = { .needs_crypto = false };
	struct scene s;
	struct buf payload;

	buf_init(&payload, 2 * ENV_PAYLOAD_MAX);
	if (!read_scene(c->inputs, &s, diff) || !vec_text(c->inputs, "topic", &m.topic, diff) ||
	    !vec_hex_bytes(c->inputs, "payload", &payload, diff))
		goto out;
	m.payload = buf_span(&payload);
	tree.rev[0] = (struct judge_rev){ .env = s.env, .conf = &s.conf };
	tree.arg = json_object_get(c->inputs, "known_topics");
	judge_begin(&job, &m, &tree);
	if ((job.scratch = malloc(ENV_SCRATCH(payload.n))) == NULL) {
		(void)buf_puts(diff, "no memory; ");
		goto out;
	}
	judge_crypto(&job);
	judge_finish(&job, &w, digest_key, 0);
	compare_opened(c, &job.j, diff);
out:
	free(job.scratch);
	window_done(&w);
	buf_done(&payload);
	return vec_result(diff);
}
