#include "tests/unit/lib_gateway.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/conf/compose.h"
#include "core/trust/armor.h"
#include "core/wire/envelope.h"
#include "core/wire/keyblob.h"

#define URL "mqtt://127.0.0.1:1883"
#define CODE "ABCDEFGHIJKLMNOP"
#define QUIET_ROUNDS 3
#define DEADLINE_ROUNDS 2000

/* ---- the broker */

static struct bench_slot *
find_slot(const struct bench *b, const char *topic)
{
	for (size_t i = 0; i < b->n_slots; i++)
		if (strcmp(b->slot[i].topic, topic) == 0)
			return (struct bench_slot *)(uintptr_t)&b->slot[i];
	return NULL;
}

static void
retain(struct bench *b, const char *topic, struct span payload)
{
	struct bench_slot *s = find_slot(b, topic);

	if (s == NULL) {
		assert_true(b->n_slots < BENCH_SLOTS);
		s = &b->slot[b->n_slots++];
		s->topic = strdup(topic);
		buf_init(&s->payload, 1U << 20);
	}
	buf_reset(&s->payload);
	assert_int_equal(buf_put(&s->payload, payload.p, payload.n), MQ_OK);
	s->news = true;
}

static enum mq_err
port_publish(void *arg, struct span topic, struct span payload, int qos, bool retained, uint64_t id)
{
	struct bench *b = arg;
	struct topic_parts at = topic_split(topic);
	struct bench_value *v;
	char *name;

	(void)qos;
	(void)id;
	if (!b->up)
		return MQ_ENET;
	if (at.slot == SLOT_NONE) {
		if (b->refuse_data != MQ_OK)
			return b->refuse_data;
		assert_true(b->n_values < BENCH_DATA);
		v = &b->value[b->n_values++];
		v->topic = span_dup(topic);
		v->retain = retained;
		buf_init(&v->envelope, 1U << 20);
		return buf_put(&v->envelope, payload.p, payload.n);
	}
	if (b->refuse_topic != NULL && at.slot != SLOT_STATUS && at.slot != SLOT_RECEIPT &&
	    strcmp(topic_slot_name(at.slot), b->refuse_topic) == 0)
		return MQ_EAGAIN;
	name = span_dup(topic);
	retain(b, name, payload);
	free(name);
	return MQ_OK;
}

static enum mq_err
port_subscribe(void *arg, struct span filter, int qos)
{
	struct bench *b = arg;
	struct bench_slot *s;

	assert_int_equal(qos, 1);
	assert_true(b->n_subs < BENCH_SLOTS);
	b->sub[b->n_subs] = span_dup(filter);
	if ((s = find_slot(b, b->sub[b->n_subs++])) != NULL)
		s->news = true;
	return MQ_OK;
}

static void
port_unsubscribe(void *arg, struct span filter)
{
	struct bench *b = arg;

	for (size_t i = 0; i < b->n_subs; i++)
		if (span_is(filter, b->sub[i])) {
			free(b->sub[i]);
			b->sub[i] = b->sub[--b->n_subs];
			return;
		}
	fail_msg("unsubscribed what was not subscribed");
}

static bool
is_subscribed(const struct bench *b, const char *topic)
{
	for (size_t i = 0; i < b->n_subs; i++)
		if (strcmp(b->sub[i], topic) == 0)
			return true;
	return false;
}

/* One delivery; false: nothing to deliver. */
static bool
deliver(struct bench *b)
{
	for (size_t i = 0; b->up && i < b->n_slots; i++) {
		struct bench_slot *s = &b->slot[i];
		struct buf copy;

		if (!s->news || !is_subscribed(b, s->topic))
			continue;
		s->news = false;
		buf_init(&copy, 1U << 20);
		assert_int_equal(buf_put(&copy, s->payload.p, s->payload.n), MQ_OK);
		gateway_message(b->g, span_of(s->topic), buf_span(&copy));
		buf_done(&copy);
		return true;
	}
	return false;
}

/* ---- time */

static bool
gpg_works(const struct bench *b)
{
	int64_t v = pgp_next_timeout_ms(b->verify);
	int64_t s = b->secret != NULL ? pgp_next_timeout_ms(b->secret) : -1;

	return v >= 0 || s >= 0;
}

void
bench_settle(struct bench *b)
{
	int quiet = 0;

	for (int i = 0; i < DEADLINE_ROUNDS && quiet < QUIET_ROUNDS; i++) {
		bool moved = deliver(b);

		gateway_poll(b->g);
		if (moved) {
			quiet = 0;
		} else if (gpg_works(b) || desk_next_timeout_ms(b->desk) >= 0) {
			struct pollfd fd[2] = { { pgp_fd(b->verify), POLLIN, 0 },
				{ b->secret != NULL ? pgp_fd(b->secret) : -1, POLLIN, 0 } };

			(void)poll(fd, 2, 5);
			clock_advance(&b->clock, 20); /* budgets fill up again */
			quiet = 0;
		} else {
			clock_advance(&b->clock, GATEWAY_TICK_MS);
			quiet++;
		}
	}
	assert_int_equal(quiet, QUIET_ROUNDS);
}

void
bench_pass(struct bench *b, int64_t seconds)
{
	clock_advance(&b->clock, seconds * 1000);
	bench_settle(b);
}

/* ---- start and end */

static void
open_engines(struct bench *b)
{
	struct pgp_options v = { .kind = PGP_VERIFY_CHILD },
			   s = { .kind = PGP_SECRET_CHILD, .own_home = true };
	char run[48], home[64];

	(void)snprintf(run, sizeof run, "%s/run", b->dir);
	(void)snprintf(home, sizeof home, "%s/gnupg", b->state);
	v.run_dir = run;
	s.home = home;
	assert_int_equal(pgp_open(&b->verify, &v, NULL), MQ_OK);
	if (!b->identity.is_edkey)
		assert_int_equal(pgp_open(&b->secret, &s, NULL), MQ_OK);
	b->desk = desk_new(b->verify, b->secret, &b->clock);
	assert_non_null(b->desk);
}

enum mq_err
bench_start(struct bench *b, struct mq_error *e)
{
	struct gateway_options o = { .clock = &b->clock, .identity = b->identity,
		.own_key = buf_span(&b->own_key), .topic = span_of(BENCH_TREE), .url = URL,
		.level = "mqgp.conf", .floor = SUITE_HMAC,
		.port = { b, port_publish, port_subscribe, port_unsubscribe } };
	enum mq_err r;

	if ((r = gwstore_open(&b->store, b->state, e)) != MQ_OK)
		return r;
	open_engines(b);
	o.store = b->store;
	o.desk = b->desk;
	o.verify = b->verify;
	if (b->has_anchor) {
		o.anchor[0] = b->anchor;
		o.n_anchor = o.anchor_threshold = 1;
	}
	if ((r = gateway_new(&b->g, &o, e)) != MQ_OK || (r = gateway_start(b->g, e)) != MQ_OK)
		return r;
	b->up = true;
	gateway_link(b->g, true);
	bench_settle(b);
	return MQ_OK;
}

void
bench_stop(struct bench *b)
{
	gateway_free(b->g);
	desk_free(b->desk);
	pgp_close(b->secret);
	pgp_close(b->verify);
	gwstore_close(b->store);
	b->g = NULL;
	b->desk = NULL;
	b->secret = b->verify = NULL;
	b->store = NULL;
	for (size_t i = 0; i < b->n_subs; i++)
		free(b->sub[i]);
	b->n_subs = 0;
}

void
bench_restart(struct bench *b)
{
	struct mq_error e;

	bench_stop(b);
	assert_int_equal(bench_start(b, &e), MQ_OK);
}

/* An own key and the claim of CODE, as `mqgpd init` makes them. */
static void
make_identity(struct bench *b, bool openpgp)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	struct owner key;

	(void)crypto_sign_keypair(b->data_pk, sk);
	buf_init(&b->own_key, PGP_CERT_MAX);
	assert_int_equal(gwstore_make_dirs(b->state, NULL), MQ_OK);
	if (openpgp) {
		owner_open(&key, b->state, "gnupg");
		b->identity.fpr = key.fpr;
		assert_int_equal(buf_put(&b->own_key, key.cert.p, key.cert.n), MQ_OK);
		owner_close(&key);
	} else {
		b->identity.is_edkey = true;
		memcpy(b->identity.pk, b->data_pk, sizeof b->identity.pk);
	}
	assert_true(claim_key(CODE, &b->identity, b->claim));
	assert_int_equal(gwstore_create(b->state, sk, b->claim, NULL), MQ_OK);
	sodium_memzero(sk, sizeof sk);
}

void
bench_open(struct bench *b, bool openpgp)
{
	struct clock real = clock_real();
	struct mq_error e;

	memset(b, 0, sizeof *b);
	assert_true(sodium_init() >= 0);
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	(void)snprintf(b->state, sizeof b->state, "%s/s", b->dir);
	b->clock = clock_fixed(clock_wall(&real));
	clock_advance(&b->clock, 1000); /* monotonic zero is a special value nowhere */
	buf_init(&b->body, CONF_BODY_MAX);
	make_identity(b, openpgp);
	owner_open(&b->a, b->dir, "a");
	assert_int_equal(bench_start(b, &e), MQ_OK);
}

void
bench_close(struct bench *b)
{
	bench_stop(b);
	owner_close(&b->a);
	if (b->has_b)
		owner_close(&b->b);
	for (size_t i = 0; i < b->n_slots; i++) {
		free(b->slot[i].topic);
		buf_done(&b->slot[i].payload);
	}
	for (size_t i = 0; i < b->n_values; i++) {
		free(b->value[i].topic);
		buf_done(&b->value[i].envelope);
	}
	conf_free(b->conf);
	buf_done(&b->body);
	buf_done(&b->own_key);
	assert_int_equal(file_remove_tree(b->dir, NULL), MQ_OK);
}

struct owner *
bench_b(struct bench *b)
{
	if (!b->has_b)
		owner_open(&b->b, b->dir, "b");
	b->has_b = true;
	return &b->b;
}

/* ---- people */

static char *
control_topic(const char *what)
{
	char *name;

	assert_true(asprintf(&name, BENCH_TREE "/mqgp.conf%s%s", what[0] != 0 ? "/" : "", what) > 0);
	return name;
}

void
bench_publish(struct bench *b, const char *what, struct span payload)
{
	char *name = control_topic(what);

	retain(b, name, payload);
	free(name);
}

struct span
bench_slot(const struct bench *b, const char *what)
{
	char *name = control_topic(what);
	struct bench_slot *s = find_slot(b, name);

	free(name);
	return s != NULL ? buf_span(&s->payload) : (struct span){ NULL, 0 };
}

void
bench_publish_cert(struct bench *b, const struct owner *o)
{
	char what[64];

	(void)snprintf(what, sizeof what, "pgp/%s", o->fpr.hex);
	bench_publish(b, what, buf_span(&o->cert));
}

static void
publish_blob(struct bench *b, uint32_t epoch)
{
	struct buf blob;
	char what[32];

	buf_init(&blob, 65536);
	owner_blob(&b->a, &blob, epoch, b->epoch_secret, &b->identity.fpr, buf_span(&b->own_key));
	(void)snprintf(what, sizeof what, "keys/%u", epoch);
	bench_publish(b, what, buf_span(&blob));
	buf_done(&blob);
}

void
bench_take(struct bench *b)
{
	struct conf_errors errors;
	struct conf *c = NULL;

	memset(&errors, 0, sizeof errors);
	if (conf_parse(buf_span(&b->body), &(struct conf_policy){ false }, &c, &errors) != MQ_OK)
		fail_msg("line %u %s: %s", errors.e[0].line, errors.e[0].key, errors.e[0].text);
	conf_free(b->conf);
	b->conf = c;
}

void
bench_genesis(struct bench *b)
{
	struct conf_genesis g = { .url = URL, .topic = span_of(BENCH_TREE), .gateway = b->identity,
		.owner = &b->a.fpr, .n_owners = 1, .threshold = 1 };
	uint8_t id[HASH_BYTES];
	struct mq_error e;

	memcpy(g.data_key, b->data_pk, sizeof g.data_key);
	randombytes_buf(b->epoch_secret, sizeof b->epoch_secret);
	keyblob_key_id(id, 1, b->epoch_secret);
	g.epoch_key_id = b->identity.is_edkey ? NULL : id;
	buf_reset(&b->body);
	assert_int_equal(conf_new_genesis(&g, clock_wall(&b->clock), &b->body, &e), MQ_OK);
	body_set(&b->body, "transfer-delay", "0");
	body_set(&b->body, "grace", "0");
	body_set(&b->body, "lease", "60");
	bench_take(b);
	bench_publish_cert(b, &b->a);
	if (g.epoch_key_id != NULL)
		publish_blob(b, 1);
}

static const struct conf *
current(const struct bench *b)
{
	struct gateway_view v;

	gateway_look(b->g, &v);
	assert_non_null(v.current);
	return v.current;
}

void
bench_next(struct bench *b)
{
	struct mq_error e;

	buf_reset(&b->body);
	assert_int_equal(conf_successor(current(b), clock_wall(&b->clock), &b->body, &e), MQ_OK);
}

void
bench_rekey(struct bench *b)
{
	uint32_t epoch = current(b)->epoch + 1;
	char value[80] = "b2-256:", number[16];
	uint8_t id[HASH_BYTES];

	randombytes_buf(b->epoch_secret, sizeof b->epoch_secret);
	keyblob_key_id(id, epoch, b->epoch_secret);
	text_hex(value + 7, id, sizeof id);
	(void)snprintf(number, sizeof number, "%u", epoch);
	body_set(&b->body, "epoch", number);
	body_set(&b->body, "epoch-key-id", value);
	publish_blob(b, epoch);
}

static size_t
people(struct bench *b, const char *letters, struct owner **out)
{
	size_t n = 0;

	for (; *letters != 0; letters++)
		out[n++] = *letters == 'a' ? &b->a : bench_b(b);
	return n;
}

void
bench_sign(struct bench *b, const char *signers, const char *slots)
{
	struct owner *who[4];
	uint8_t mac[32];
	struct buf bundle;
	char log[24];
	size_t n = people(b, signers, who);

	bench_take(b);
	buf_init(&bundle, BUNDLE_MAX);
	claim_mac(b->claim, buf_span(&b->body), mac);
	owner_bundle(&bundle, buf_span(&b->body), b->conf->revision == 1 ? mac : NULL, who, n);
	(void)snprintf(log, sizeof log, "log/%u", b->conf->revision);
	if (strstr(slots, "log") != NULL)
		bench_publish(b, log, buf_span(&bundle));
	if (strstr(slots, "secure") != NULL)
		bench_publish(b, "secure", buf_span(&bundle));
	if (strstr(slots, "next") != NULL)
		bench_publish(b, "next", buf_span(&bundle));
	buf_done(&bundle);
	bench_settle(b);
}

void
bench_claim(struct bench *b)
{
	bench_genesis(b);
	bench_sign(b, "a", "secure log");
	assert_int_equal(bench_revision(b), 1);
	assert_int_equal(bench_state(b), GS_ACTIVE);
}

void
bench_halt(struct bench *b, const char *signers, int64_t issued)
{
	struct halt h = { .gateway = b->identity, .issued = issued, .reason = "stolen-key" };
	struct gateway_view v;
	struct owner *who[4];
	struct buf body, bundle;

	gateway_look(b->g, &v);
	memcpy(h.topic, BENCH_TREE, sizeof BENCH_TREE - 1);
	h.topic_n = sizeof BENCH_TREE - 1;
	h.revision = v.current->revision;
	memcpy(h.conf, v.current->hash, HASH_BYTES);
	buf_init(&body, CONF_BODY_MAX);
	buf_init(&bundle, BUNDLE_MAX);
	assert_int_equal(halt_print(&h, &body), MQ_OK);
	owner_bundle(&bundle, buf_span(&body), NULL, who, people(b, signers, who));
	bench_publish(b, "halt", buf_span(&bundle));
	bench_settle(b);
	buf_done(&body);
	buf_done(&bundle);
}

/* ---- what came out */

enum gateway_state
bench_state(const struct bench *b)
{
	struct gateway_view v;

	gateway_look(b->g, &v);
	return v.state;
}

uint32_t
bench_revision(const struct bench *b)
{
	struct gateway_view v;

	gateway_look(b->g, &v);
	return v.current != NULL ? v.current->revision : 0;
}

static void
read_signed(const struct bench *b, const char *what, bool status, struct receipt *r)
{
	struct span text = bench_slot(b, what);
	unsigned line = 0;

	assert_int_equal(receipt_parse(text, status, r, &line), V_NONE);
	assert_int_equal(crypto_sign_verify_detached(r->sig, text.p, r->signed_n, b->data_pk), 0);
}

void
bench_receipt(const struct bench *b, struct receipt *r)
{
	read_signed(b, "receipt", false, r);
}

void
bench_status(const struct bench *b, struct receipt *r)
{
	read_signed(b, "status", true, r);
}

void
bench_is_silent(struct bench *b)
{
	size_t before = b->n_values;

	assert_int_equal(gateway_data(b->g, span_of("t"), span_of("1"), 0, false), MQ_OK);
	assert_int_equal(b->n_values, before);
}

void
bench_value_is_good(struct bench *b)
{
	static const char value[] = "21.5";
	const struct conf *c = current(b);
	size_t before = b->n_values;
	struct env_opened o;
	struct env_conf ec;
	uint8_t *scratch;

	assert_int_equal(gateway_data(b->g, span_of("t"), span_of(value), 0, false), MQ_OK);
	assert_int_equal(b->n_values, before + 1);
	assert_string_equal(b->value[before].topic, BENCH_TREE "/t");
	env_conf_of(&ec, c, c->has_epoch_key_id ? b->epoch_secret : NULL);
	scratch = malloc(ENV_SCRATCH(b->value[before].envelope.n));
	assert_non_null(scratch);
	env_open(&ec, span_of(BENCH_TREE "/t"), buf_span(&b->value[before].envelope), NULL, scratch,
	    &o);
	assert_int_equal(o.verdict, V_NONE);
	assert_int_equal(o.h.rev, c->revision);
	assert_true(span_is(o.clear, value));
	free(scratch);
}

/* ---- fixtures */

int
bench_with_openpgp(void **state)
{
	struct bench *b = malloc(sizeof *b);

	bench_open(b, true);
	*state = b;
	return 0;
}

int
bench_without_openpgp(void **state)
{
	struct bench *b = malloc(sizeof *b);

	bench_open(b, false);
	*state = b;
	return 0;
}

int
bench_end(void **state)
{
	bench_close(*state);
	free(*state);
	return 0;
}

static void
quiet(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	(void)level;
	(void)line;
}

void
bench_quiet(void)
{
	if (getenv("MQGP_TEST_LOG") == NULL)
		log_set_sink(quiet, NULL);
}

bool
bench_says(struct span payload, const char *words)
{
	return memmem(payload.p, payload.n, words, strlen(words)) != NULL;
}
