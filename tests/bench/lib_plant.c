#include "tests/bench/lib_plant.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/conf/bundle.h"
#include "core/conf/compose.h"
#include "core/conf/topic.h"
#include "core/wire/keyblob.h"

#define READY_NS 60000000000 /* keys are made, gpg is asked: a loaded machine takes its time */
#define PROBE_NS 50000000

static bool
complain(const char *what, const struct mq_error *e)
{
	(void)fprintf(stderr, "plant: %s%s%s\n", what, e != NULL ? ": " : "",
	    e != NULL ? e->text : "");
	return false;
}

/* ---- keys */

/* Waits for the answer to a request. Free *a with pgp_answer_done, always. */
static bool
answered(struct plant *p, enum mq_err asked, const uint32_t *id, struct pgp_answer *a)
{
	memset(a, 0, sizeof *a);
	if (asked != MQ_OK || pgp_wait(p->pgp, *id, a) != MQ_OK)
		return complain("gpg cannot be asked", NULL);
	if (a->err != MQ_OK) {
		struct mq_error e = { .code = a->err };

		(void)snprintf(e.text, sizeof e.text, "%s", a->text);
		return complain("gpg", &e);
	}
	return true;
}

static bool
make_key(struct plant *p, const char *user_id, struct fpr *out)
{
	struct pgp_answer a;
	uint32_t id = 0;
	bool ok = answered(p, pgp_generate(p->pgp, user_id, NULL, &id), &id, &a);

	*out = a.fpr;
	pgp_answer_done(&a);
	return ok;
}

static bool
make_home(struct plant *p)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .home = p->home, .own_home = true };
	struct mq_error e;

	(void)snprintf(p->dir, sizeof p->dir, "/tmp/mqgp-XXXXXX");
	if (mkdtemp(p->dir) == NULL)
		return complain("no folder below /tmp", NULL);
	(void)snprintf(p->home, sizeof p->home, "%s/gpg", p->dir);
	(void)snprintf(p->run, sizeof p->run, "%s/run", p->dir);
	(void)snprintf(p->state, sizeof p->state, "%s/state", p->dir);
	if (file_private_dir(p->home, &e) != MQ_OK || file_private_dir(p->run, &e) != MQ_OK ||
	    pgp_open(&p->pgp, &o, &e) != MQ_OK)
		return complain("no keys", &e);
	return make_key(p, "Owner <owner@bench.invalid>", &p->owner) &&
	    make_key(p, "Gateway <gateway@bench.invalid>", &p->gateway);
}

/* ---- what is retained */

static bool
retain(struct plant *p, int fd, const struct plant_tree *t, enum topic_slot slot, const char *fpr,
    struct span payload)
{
	struct buf topic;
	bool ok;

	(void)p;
	buf_init(&topic, 512);
	ok = topic_put_slot(&topic, span_of(t->topic), "mqgp.conf", slot, 1, fpr) == MQ_OK &&
	    mqtt3_publish_retained(fd, buf_span(&topic), payload);
	buf_done(&topic);
	return ok || complain("the broker does not take a message", NULL);
}

static bool
retain_key(struct plant *p, int fd, const struct plant_tree *t)
{
	struct pgp_answer a;
	uint32_t id = 0;
	bool ok = answered(p, pgp_export(p->pgp, &p->owner, &id), &id, &a) &&
	    retain(p, fd, t, SLOT_PGP, p->owner.hex, buf_span(&a.out));

	pgp_answer_done(&a);
	return ok;
}

static bool
retain_blob(struct plant *p, int fd, const struct plant_tree *t)
{
	uint8_t clear[KEYBLOB_CLEAR];
	struct pgp_answer a;
	uint32_t id = 0;
	bool ok;

	keyblob_clear(clear, 1, t->secret);
	ok = answered(p, pgp_encrypt(p->pgp, &p->owner, 1, (struct span){ clear, sizeof clear }, &id),
	    &id, &a) && retain(p, fd, t, SLOT_KEYS, NULL, buf_span(&a.out));
	pgp_answer_done(&a);
	return ok;
}

static bool
retain_conf(struct plant *p, int fd, const struct plant_tree *t)
{
	struct bundle_sig sig;
	struct pgp_answer a;
	struct buf bundle;
	uint32_t id = 0;
	bool ok = answered(p, pgp_sign(p->pgp, &p->owner, conf_body(t->conf), &id), &id, &a);

	buf_init(&bundle, BUNDLE_MAX);
	sig = (struct bundle_sig){ a.out.p, a.out.n };
	ok = ok && bundle_print(&bundle, conf_body(t->conf), NULL, &sig, 1) == MQ_OK &&
	    retain(p, fd, t, SLOT_SECURE, NULL, buf_span(&bundle));
	buf_done(&bundle);
	pgp_answer_done(&a);
	return ok;
}

static bool
compose(struct plant *p, struct plant_tree *t, enum suite suite)
{
	const struct conf_policy policy = { 0 };
	struct conf_genesis g = { .url = p->broker.url, .topic = span_of(t->topic),
		.gateway = { .fpr = p->gateway }, .owner = &p->owner, .n_owners = 1, .threshold = 1 };
	uint8_t key_id[HASH_BYTES];
	struct clock clock = clock_real();
	struct mq_error e;
	struct buf body;
	bool ok;

	randombytes_buf(t->secret, sizeof t->secret);
	(void)crypto_sign_keypair(t->data_pk, t->data_sk); /* cannot fail */
	memcpy(g.data_key, t->data_pk, sizeof g.data_key);
	keyblob_key_id(key_id, 1, t->secret);
	g.epoch_key_id = key_id;
	buf_init(&body, CONF_BODY_MAX);
	ok = conf_new_genesis(&g, clock_wall(&clock), &body, &e) == MQ_OK &&
	    conf_edit_set(&body, span_of("encryption-alg"), span_of(suite_name(suite)), &e) == MQ_OK &&
	    /* there is no gateway: nobody shall miss it */
	    conf_edit_set(&body, span_of("heartbeat"), span_of("86400"), &e) == MQ_OK;
	if (ok && suite == SUITE_ED25519) /* a conf names no key that nothing uses */
		ok = conf_edit_remove(&body, span_of("epoch-key-id"), (struct span){ NULL, 0 }, &e) ==
		    MQ_OK;
	if (!ok || conf_parse(buf_span(&body), &policy, &t->conf, NULL) != MQ_OK)
		ok = complain("no conf", &e);
	buf_done(&body);
	if (ok)
		env_conf_of(&t->env, t->conf, t->secret);
	return ok;
}

static bool
make_tree(struct plant *p, enum suite suite, int fd)
{
	struct plant_tree *t = &p->tree[suite];

	(void)snprintf(t->topic, sizeof t->topic, "bench/suite%d", (int)suite);
	(void)snprintf(t->filter, sizeof t->filter, "%s/line/#", t->topic);
	return compose(p, t, suite) && retain_key(p, fd, t) && retain_conf(p, fd, t) &&
	    (suite == SUITE_ED25519 || retain_blob(p, fd, t));
}

bool
plant_start(struct plant *p)
{
	/* what somebody finds who only installs it: 1000 messages may wait for a slow reader */
	const struct broker_options o = { .extra = "max_queued_messages 1000\n" };
	bool ok;
	int fd;

	memset(p, 0, sizeof *p);
	if (sodium_init() < 0 || !broker_start(&p->broker, &o))
		return complain("mosquitto does not start", NULL);
	if (!make_home(p))
		return false;
	if ((fd = mqtt3_connect(p->broker.port, "bench-owner")) < 0)
		return complain("the broker does not answer", NULL);
	ok = true;
	for (enum suite s = SUITE_ED25519; ok && s <= SUITE_HMAC; s++)
		ok = make_tree(p, s, fd);
	(void)close(fd);
	return ok;
}

void
plant_stop(struct plant *p)
{
	for (size_t i = 0; i < PLANT_SUITES; i++)
		conf_free(p->tree[i].conf);
	pgp_close(p->pgp);
	broker_stop(&p->broker);
	if (p->dir[0] != 0)
		(void)file_remove_tree(p->dir, NULL); /* what stays is below /tmp */
}

static bool
seal(struct plant_tree *t, struct span topic, uint32_t counter, struct packets *out)
{
	struct clock clock = clock_real();
	struct env_seal in = { .type = ENV_TYPE_DATA, .data_sk = t->data_sk, .data_pk = t->data_pk,
		.time_ms = (uint64_t)clock_wall_ms(&clock), .seq = (uint64_t)1 << 32 | counter };
	char message[PLANT_PAYLOAD + 1];
	struct buf envelope;
	bool ok;

	(void)snprintf(message, sizeof message, "%-*u", PLANT_PAYLOAD, (unsigned)counter);
	buf_init(&envelope, PLANT_PAYLOAD + ENV_OVERHEAD_MAX);
	ok = env_seal(&t->env, &in, topic, span_of(message), NULL, &envelope) == MQ_OK &&
	    packets_add(out, topic, buf_span(&envelope));
	buf_done(&envelope);
	return ok || complain("a message cannot be sealed", NULL);
}

bool
plant_seal(struct plant *p, enum suite suite, size_t n, struct packets *out)
{
	struct plant_tree *t = &p->tree[suite];
	char topic[64];

	for (size_t i = 0; i < n; i++) {
		(void)snprintf(topic, sizeof topic, "%s/line/spindle%02zu/temperature", t->topic,
		    i % PLANT_TOPICS);
		if (!seal(t, span_of(topic), ++t->counter[i % PLANT_TOPICS], out))
			return false;
	}
	return true;
}

bool
plant_probe(struct plant *p, enum suite suite)
{
	struct plant_tree *t = &p->tree[suite];
	struct publisher one;
	struct packets packets;
	char topic[64];
	bool ok;

	(void)snprintf(topic, sizeof topic, "%s/line/probe", t->topic);
	packets_init(&packets);
	ok = seal(t, span_of(topic), ++t->probes, &packets) &&
	    publisher_start(&one, p->broker.port, &packets, 0) && publisher_finish(&one);
	packets_done(&packets);
	return ok;
}

/* ---- the engine */

static void
observe(void *arg, const struct engine_event *ev)
{
	struct watch *w = arg;

	if (ev->kind == EVENT_DROP)
		atomic_fetch_add(&w->dropped, ev->n);
	if (ev->kind != EVENT_MSG)
		return;
	if (!verdict_is_green(ev->j->verdict)) {
		atomic_fetch_add(&w->other, 1);
		return;
	}
	atomic_store(&w->last_ns, bench_now());
	if (atomic_fetch_add(&w->verified, 1) == 0)
		atomic_store(&w->first_ns, atomic_load(&w->last_ns));
}

/* Sends messages one by one until one is verified: from then on every message is. */
static bool
probe(struct watch *w, enum suite suite)
{
	int64_t until = bench_now() + READY_NS;
	uint64_t judged = 0, before;

	while (atomic_load(&w->verified) == 0) {
		if (bench_now() > until || !plant_probe(w->plant, suite))
			return complain("the engine verifies nothing", NULL);
		bench_pause(PROBE_NS);
	}
	do { /* those that were held until the conf came */
		before = judged;
		bench_pause(2 * PROBE_NS);
		judged = atomic_load(&w->verified) + atomic_load(&w->other);
	} while (judged != before);
	return true;
}

bool
watch_start(struct watch *w, struct plant *p, enum suite suite)
{
	struct span tree = span_of(p->tree[suite].topic);
	struct config_env env = { .home = p->dir };
	struct engine_options o = { .profile = &w->profile, .clock = clock_real(),
		.state_dir = p->state, .run_dir = p->run, .trees = &tree, .n_trees = 1,
		.who = "bench", .observe = observe, .arg = w };
	struct mq_error e;

	memset(w, 0, sizeof *w);
	w->plant = p;
	if (file_private_dir(p->state, &e) != MQ_OK ||
	    profile_init(&w->profile, "bench", &env) != MQ_OK ||
	    profile_add_broker(&w->profile, p->broker.url, &e) != MQ_OK ||
	    (w->profile.gnupg_home = strdup(p->home)) == NULL)
		return complain("no profile", NULL);
	w->profile.discover_depth = 0; /* the other suites' trees are not this turn's */
	if (engine_start(&w->engine, &o, &e) != MQ_OK)
		return complain("the engine does not start", &e);
	if (!probe(w, suite))
		return false;
	atomic_store(&w->verified, 0);
	atomic_store(&w->other, 0);
	return true;
}

bool
watch_wait(struct watch *w, uint64_t n, int64_t deadline_ns)
{
	while (atomic_load(&w->verified) + atomic_load(&w->other) < n) {
		if (bench_now() > deadline_ns)
			return false;
		bench_pause(PROBE_NS);
	}
	return true;
}

void
watch_stop(struct watch *w)
{
	engine_stop(w->engine);
	profile_done(&w->profile);
	(void)file_remove_tree(w->plant->state, NULL); /* the next turn knows nothing */
	memset(w, 0, sizeof *w);
}
