/*
 * mqgp verify: judges a bundle, a halt order or an evidence file without a network.
 *
 * A conf goes through accept_judge as a dashboard's first contact: the owners named with --owner
 * vouch for it, else the conf's own owners do, and that is said. A message goes through the same
 * pipeline as a live one; only its freshness cannot be known here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/topic.h"
#include "src/commands.h"
#include "src/stop.h"
#include "src/verify.h"

#define FILE_MAX (2u << 20) /* evidence in base64 */
#define HALT_MAGIC "#!mqgp.halt 1\n"
#define EVIDENCE_MAGIC "#!mqgp.evidence 1\n"
#define HALT_SKEW 300 /* as 3.5: issued may be so far ahead */

const struct opt verify_options[] = {
	{ "tree", 't', "TOPIC", "the tree it is for; must be given" },
	{ "owner", 'o', "FPR", "an owner you know; may be given often" },
	{ "threshold", 0, "N", "so many of them must have signed (default: as the conf says)" },
	{ "key", 'k', "FILE", "use this public certificate, too; may be given often" },
	{ "at", 0, "TIME", "judge as of this time, e.g. 2026-11-20T10:00:00Z" },
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};

/* ---- options */

static int
read_owners(struct verify *v)
{
	const char *word;

	for (; (word = opts_nth(v->o, "owner", v->n_owners)) != NULL; v->n_owners++) {
		if (v->n_owners == CONF_OWNERS_MAX)
			return opts_usage(v->o, "at most %d owners", CONF_OWNERS_MAX);
		if (!keyring_read_fpr(word, &v->owner[v->n_owners]))
			return opts_usage(v->o, "'%.60s' is no fingerprint of 40 hex digits", word);
	}
	return opts_u32(v->o, "threshold", CONF_OWNERS_MAX, &v->threshold);
}

static int
read_options(struct verify *v)
{
	const char *tree = opts_value(v->o, "tree"), *at = opts_value(v->o, "at");
	int64_t t = 0;
	int r;

	if (tree == NULL)
		return opts_usage(v->o, "--tree TOPIC: a bundle is good for one tree only");
	if (!setup_tree(&v->s, tree, v->topic, &v->topic_n))
		return EXIT_USAGE;
	if (at != NULL && !text_time(span_of(at), &t))
		return opts_usage(v->o, "--at takes a time like 2026-11-20T10:00:00Z");
	v->clock = at != NULL ? clock_fixed(t) : clock_real();
	v->ring.at = t;
	if ((r = read_owners(v)) != OPTS_GO)
		return r;
	if (v->n_owners == 0 && v->threshold != 0)
		return opts_usage(v->o, "--threshold counts the owners given with --owner");
	return OPTS_GO;
}

/* ---- what is it */

static enum mq_err
read_input(struct verify *v, struct mq_error *e)
{
	enum mq_err r = file_read(v->o->operands[0], &v->file, e);

	v->payload = buf_span(&v->file);
	if (r != MQ_OK || !span_starts(v->payload, EVIDENCE_MAGIC))
		return r;
	v->kind = VERIFY_EVIDENCE;
	r = evidence_parse(v->payload, &v->evidence, e);
	v->payload = buf_span(&v->evidence.bundle);
	return r;
}

/* The bundle's bytes in clear, as far as it has them. */
static struct span
clear_bundle(const struct verify *v)
{
	return v->encrypted ? buf_span(&v->clear) : v->payload;
}

static enum mq_err
open_bundle(struct verify *v, struct mq_error *e)
{
	if (bundle_form(v->payload, false, &v->encrypted) != V_NONE)
		v->encrypted = false; /* accept_judge says what is wrong with it */
	return v->encrypted ? verify_decrypt(v, e) : MQ_OK;
}

/* ---- the questions of accept_judge */

static enum accept_answer
answer_verify(void *arg, struct span body, struct span sig, struct pgp_sig *out)
{
	struct verify *v = arg;
	struct mq_error e;

	if (verify_signature(v, body, sig, out, &e) != MQ_OK) {
		out->verdict = V_SYS_ERROR;
		(void)snprintf(v->note, sizeof v->note, "%s", e.text);
	}
	return ACCEPT_HAVE;
}

static enum accept_answer
answer_decrypt(void *arg, struct span message, enum verdict *out, struct buf *clear)
{
	const struct verify *v = arg;

	(void)message; /* there is only one */
	*out = v->decrypt;
	if (v->decrypt == V_NONE && buf_put(clear, v->clear.p, v->clear.n) != MQ_OK)
		*out = V_SYS_ERROR;
	return ACCEPT_HAVE;
}

static enum accept_answer
no_log(void *arg, struct span tree, uint32_t rev, struct buf *out)
{
	(void)arg, (void)tree, (void)rev, (void)out;
	return ACCEPT_ABSENT;
}

static enum accept_answer
no_place(void *arg, const struct conf *c, struct buf *out)
{
	(void)arg, (void)c, (void)out;
	return ACCEPT_ABSENT;
}

static enum accept_answer
no_blob(void *arg, uint32_t epoch, struct buf *out)
{
	(void)arg, (void)epoch, (void)out;
	return ACCEPT_ABSENT;
}

/* ---- a conf */

/* The threshold among the owners named: as given, else the conf's own, else all of them. */
static uint32_t
threshold_of(const struct verify *v, const struct conf *c)
{
	uint32_t n = (uint32_t)v->n_owners;

	if (v->threshold != 0)
		return v->threshold;
	return c != NULL && c->threshold < n ? c->threshold : n;
}

static void
judge_conf(struct verify *v, const struct conf *c)
{
	const struct accept_state state = { .anchor_owner = v->owner,
		.n_anchor_owners = v->n_owners, .anchor_threshold = threshold_of(v, c) };
	const struct accept_policy policy = { .floor = SUITE_HMAC, .dashboard = true,
		.allow_non_ascii = v->s.profile != NULL && v->s.profile->allow_non_ascii };
	const struct accept_env env = { v, answer_verify, answer_decrypt, no_log, no_place, no_blob };
	const struct accept_slot slot = { .tree = { v->topic, v->topic_n }, .name = SLOT_SECURE };

	accept_judge(&state, &policy, &env, &slot, v->payload, clock_wall(&v->clock), &v->conf);
}

/* ---- a halt order */

/* Against N it cannot be judged here: only whether somebody signed it who you say owns the tree. */
static enum verdict
judge_signers(struct verify *v)
{
	enum verdict worst[BUNDLE_SIGS_MAX];

	if (v->n_owners == 0)
		return V_NEEDS_CONF;
	for (size_t i = 0; i < v->n_halt_sigs; i++) {
		struct pgp_sig *s = &v->halt_sig[i];
		bool owner = false;

		for (size_t k = 0; k < v->n_owners; k++)
			owner = owner || fpr_eq(&s->primary, &v->owner[k]);
		if ((int)s->verdict == (int)SIG_GOOD && owner)
			return V_NONE;
		worst[i] = (int)s->verdict == (int)SIG_GOOD ? V_NOT_OWNER : s->verdict;
	}
	return worst[0];
}

static enum verdict
halt_fails(struct verify *v, const struct bundle *b)
{
	const struct conf_policy policy = { .allow_non_ascii = true };
	struct conf_errors *errors = calloc(1, sizeof *errors);
	enum verdict verdict = V_NONE;
	struct mq_error e;

	if (errors == NULL)
		return V_SYS_ERROR;
	if (halt_parse(b->body, &policy, &v->halt, errors) != MQ_OK) {
		v->halt_line = errors->line;
		verdict = V_MALFORMED;
	} else if (b->n_sigs == 0)
		verdict = V_UNSIGNED;
	free(errors);
	if (verdict != V_NONE)
		return verdict;
	for (; v->n_halt_sigs < b->n_sigs; v->n_halt_sigs++)
		if (verify_signature(v, b->body,
			(struct span){ b->sig[v->n_halt_sigs].p, b->sig[v->n_halt_sigs].n },
			&v->halt_sig[v->n_halt_sigs], &e) != MQ_OK)
			return V_SYS_ERROR;
	if ((verdict = judge_signers(v)) != V_NONE)
		return verdict;
	if (!span_eq((struct span){ v->halt.topic, v->halt.topic_n },
		(struct span){ v->topic, v->topic_n }))
		return V_WRONG_TOPIC;
	return v->halt.issued > clock_wall(&v->clock) + HALT_SKEW ? V_NOT_YET : V_NONE;
}

static void
judge_halt(struct verify *v, const struct bundle *b)
{
	v->kind = VERIFY_HALT;
	v->halt_verdict = halt_fails(v, b);
	if (v->halt_verdict == V_NONE) /* a named owner signed it, for this tree */
		v->halt_verdict = verdict_grant(V_VERIFIED);
}

/* ---- a message */

/* Under the conf of the evidence, if that verified; without it nothing can be said. */
static enum mq_err
judge_message_of(struct verify *v, struct mq_error *e)
{
	struct judge_message m = { .topic = buf_span(&v->evidence.topic),
		.payload = buf_span(&v->evidence.payload), .retained = v->evidence.retain,
		.qos = (uint8_t)v->evidence.qos, .now_ms = clock_wall_ms(&v->clock) };
	struct judge_tree tree = { .topic = { v->topic, v->topic_n } };
	struct judge_job job;
	struct window window = { 0 };
	struct secret epoch = { NULL, 0 };
	uint8_t digest_key[16];

	if ((v->scratch = malloc(ENV_SCRATCH(m.payload.n))) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	if (v->conf.verdict == V_VERIFIED) {
		epoch = secret_new(32);
		if (epoch.p == NULL || v->ring.store == NULL ||
		    !keystore_get_epoch(v->ring.store, tree.topic, v->conf.conf->epoch, epoch.p))
			secret_free(&epoch);
		env_conf_of(&tree.rev[0].env, v->conf.conf, epoch.p);
		tree.rev[0].conf = v->conf.conf;
		tree.n_revs = 1;
		tree.grace_s = v->conf.conf->grace;
	}
	randombytes_buf(digest_key, sizeof digest_key);
	judge_begin(&job, &m, topic_below(m.topic, tree.topic) ? &tree : NULL);
	job.scratch = v->scratch;
	judge_crypto(&job);
	judge_finish(&job, &window, digest_key, 0);
	v->message = job.j;
	window_done(&window);
	secret_free(&epoch);
	return MQ_OK;
}

/* ---- all of it */

static enum mq_err
judge(struct verify *v, struct mq_error *e)
{
	const struct conf_policy policy = { .allow_non_ascii = true };
	struct bundle b = { 0 };
	struct conf *c = NULL;
	enum mq_err r;

	if ((r = read_input(v, e)) != MQ_OK || (r = open_bundle(v, e)) != MQ_OK)
		return r;
	if (bundle_parse(clear_bundle(v), &b) == V_NONE)
		(void)conf_parse(b.body, &policy, &c, NULL); /* only to know whose keys are needed */
	if ((r = verify_take_keys(v, c, e)) != MQ_OK)
		goto out;
	if (b.body.n != 0 && span_starts(b.body, HALT_MAGIC) && !v->encrypted)
		judge_halt(v, &b);
	else
		judge_conf(v, c);
	if (v->kind == VERIFY_EVIDENCE)
		r = judge_message_of(v, e);
out:
	conf_free(c);
	bundle_done(&b);
	return r;
}

static int
status_of(enum verdict verdict)
{
	if (verdict == V_SYS_ERROR)
		return EXIT_SYSTEM;
	return verdict_is_green(verdict) ? EXIT_GOOD : EXIT_UNMET;
}

static int
run(struct verify *v, int stop)
{
	int64_t at = v->ring.at;
	struct mq_error e;
	enum mq_err err;
	int r;

	if ((err = keyring_open(&v->ring, &v->s, stop, false, &e)) == MQ_OK) {
		v->ring.at = at;
		err = judge(v, &e);
	}
	if (err != MQ_OK) {
		setup_complain(e.text);
		return setup_status(err);
	}
	r = opts_given(v->o, "json") ? verify_tell_json(v) : verify_tell_words(v);
	return r != EXIT_GOOD ? r : status_of(verify_verdict(v));
}

int
cmd_verify(const struct opts *o)
{
	struct verify *v = calloc(1, sizeof *v);
	int r, stop = -1;

	if (v == NULL) {
		setup_complain("out of memory");
		return EXIT_SYSTEM;
	}
	v->o = o;
	v->ring.stop = -1;
	buf_init(&v->file, FILE_MAX);
	buf_init(&v->clear, BUNDLE_MAX);
	evidence_init(&v->evidence);
	if ((r = setup_load(&v->s, o, SETUP_LOOK)) == OPTS_GO && (r = read_options(v)) == OPTS_GO) {
		stop = stop_open();
		r = run(v, stop);
	}
	keyring_close(&v->ring);
	accept_result_done(&v->conf);
	evidence_done(&v->evidence);
	free(v->scratch);
	buf_wipe(&v->clear);
	buf_done(&v->file);
	setup_done(&v->s);
	free(v);
	return stop_close(stop, r);
}
