#include "tests/unit/lib_works.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/compose.h"
#include "core/trust/pgp_proc.h"
#include "core/wire/keyblob.h"
#include "tests/unit/lib_pgp.h"

#define GATEWAY "18AAA2701B2C3D4E5F60718293A4B5C6D7E86CCD" /* nobody encrypts to it */
#define TIME_MAX 32

static const char letters[PEOPLE] = { 'a', 'b', 'm' };
static const char *const names[PEOPLE] = {
	"Alice <alice@owner.example.invalid>", "Bob <bob@owner.example.invalid>",
	"\xd0\x90lice <alice@owner.example.invalid>", /* a Cyrillic A */
};

static enum person
person_of(char letter)
{
	for (int i = 0; i < PEOPLE; i++)
		if (letters[i] == letter)
			return (enum person)i;
	fail_msg("nobody is called %c", letter);
	return ALICE;
}

/* ---- the works */

static struct pgp_answer
answer(struct works *p, uint32_t id)
{
	struct pgp_answer a;

	assert_int_equal(pgp_wait(p->secret, id, &a), MQ_OK);
	if (a.err != MQ_OK)
		fail_msg("gpg: %s", a.text);
	return a;
}

static void
make_person(struct works *p, enum person who)
{
	struct pgp_answer a;
	uint32_t id;

	assert_int_equal(pgp_generate(p->secret, names[who], NULL, &id), MQ_OK);
	a = answer(p, id);
	p->who[who] = a.fpr;
	pgp_answer_done(&a);
	assert_int_equal(pgp_export(p->secret, &p->who[who], &id), MQ_OK);
	a = answer(p, id);
	p->cert[who] = a.out; /* armored; what is published is binary */
	keytable_done(&a.keys);
}

/* pgp/<FPR> carries packets, not armor. */
static struct buf
dearmored(const char *home, struct span armored)
{
	static const char *const args[] = { "--dearmor", NULL };

	return run_gpg(home, args, armored);
}

void
works_open(struct works *p, const struct broker_options *options)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .own_home = true };
	struct broker_options open = { 0 };
	struct mqtt_options mo;
	const char *url[1];

	memset(p, 0, sizeof *p);
	(void)snprintf(p->dir, sizeof p->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	(void)snprintf(p->home, sizeof p->home, "%s/h", p->dir);
	assert_int_equal(file_private_dir(p->home, NULL), MQ_OK);
	o.home = p->home;
	assert_int_equal(pgp_open(&p->secret, &o, NULL), MQ_OK);
	for (int i = 0; i < PEOPLE; i++) {
		struct buf armored;

		make_person(p, (enum person)i);
		armored = p->cert[i];
		p->cert[i] = dearmored(p->home, buf_span(&armored));
		buf_done(&armored);
	}
	assert_true(broker_start(&p->broker, options != NULL ? options : &open));
	url[0] = p->broker.url;
	mo = link_options(url, 1);
	link_open(&p->link, &mo);
	p->link_open = true;
	link_expect(&p->link, MQTT_EVENT_CONNECTED);
}

void
works_close(struct works *p)
{
	if (p->link_open)
		link_close(&p->link);
	broker_stop(&p->broker);
	pgp_close(p->secret);
	for (int i = 0; i < PEOPLE; i++)
		buf_done(&p->cert[i]);
	assert_int_equal(file_remove_tree(p->dir, NULL), MQ_OK);
}

/* True when it arrived; false: the link ended first. */
static bool
arrived(struct works *p, uint64_t id)
{
	for (;;) {
		struct mqtt_event *ev = link_event_any(&p->link);
		bool done = ev->id == id && ev->kind == MQTT_EVENT_PUBLISHED;
		bool lost = ev->id == id && ev->kind == MQTT_EVENT_UNPUBLISHED;

		free(ev);
		if (done || lost)
			return done;
	}
}

void
works_publish(struct works *p, const char *topic, struct span payload, bool retain)
{
	for (;;) {
		enum mq_err r = mqtt_publish(p->link.m, span_of(topic), payload, 1, retain, ++p->id);

		if (r == MQ_ENET)
			link_expect(&p->link, MQTT_EVENT_CONNECTED);
		else {
			assert_int_equal(r, MQ_OK);
			if (arrived(p, p->id))
				return;
		}
	}
}

void
works_shout(struct works *p, const char *topic, struct span payload)
{
	enum mq_err r;

	while ((r = mqtt_publish(p->link.m, span_of(topic), payload, 0, false, ++p->id)) ==
	    MQ_EAGAIN)
		link_expect(&p->link, MQTT_EVENT_ROOM);
	assert_int_equal(r, MQ_OK);
}

struct buf
works_sign(struct works *p, enum person who, struct span data)
{
	struct pgp_answer a;
	uint32_t id;

	assert_int_equal(pgp_sign(p->secret, &p->who[who], data, &id), MQ_OK);
	a = answer(p, id);
	keytable_done(&a.keys);
	return a.out;
}

struct buf
works_encrypt(struct works *p, const char *readers, struct span clear)
{
	struct fpr to[PEOPLE];
	struct pgp_answer a;
	size_t n = 0;
	uint32_t id;

	for (const char *c = readers; *c != 0; c++)
		to[n++] = p->who[person_of(*c)];
	assert_int_equal(pgp_encrypt(p->secret, to, n, clear, &id), MQ_OK);
	a = answer(p, id);
	keytable_done(&a.keys);
	return a.out;
}

/* gpg keeps a revocation ready for every key it makes, with a colon that has to go first. */
struct buf
works_revoked(struct works *p, enum person who)
{
	static const char *const import[] = { "--import", NULL };
	static const char *const export[] = { "--export", NULL };
	char home[64], path[160];
	struct buf rev, out;
	char *colon;

	(void)snprintf(home, sizeof home, "%s/v", p->dir);
	assert_int_equal(file_private_dir(home, NULL), MQ_OK);
	(void)snprintf(path, sizeof path, "%s/openpgp-revocs.d/%s.rev", p->home, p->who[who].hex);
	buf_init(&rev, 65536);
	assert_int_equal(file_read(path, &rev, NULL), MQ_OK);
	colon = strstr(buf_cstr(&rev), ":-----BEGIN");
	assert_non_null(colon);
	*colon = '\n';
	out = run_gpg(home, import, buf_span(&p->cert[who]));
	buf_done(&out);
	out = run_gpg(home, import, buf_span(&rev));
	buf_done(&out);
	buf_done(&rev);
	out = run_gpg(home, export, (struct span){ NULL, 0 });
	pgp_proc_kill_agent(home);
	assert_int_equal(file_remove_tree(home, NULL), MQ_OK);
	return out;
}

/* ---- a site: its confs */

static void
set_key_id(struct site *s, uint32_t epoch)
{
	char value[8 + 2 * HASH_BYTES] = "b2-256:";
	uint8_t id[HASH_BYTES];

	keyblob_key_id(id, epoch, s->secret);
	text_hex(value + strlen(value), id, HASH_BYTES);
	site_set(s, "epoch-key-id", value);
}

void
site_init(struct site *s, struct works *p, const char *topic)
{
	struct conf_genesis g = { .url = "mqtt://127.0.0.1", .own = "mailto:alice@owner.example",
		.topic = span_of(topic), .owner = &p->who[ALICE], .n_owners = 1, .threshold = 1 };
	struct clock clock = clock_real();
	uint8_t id[HASH_BYTES];
	struct mq_error e = { 0 };

	memset(s, 0, sizeof *s);
	s->p = p;
	(void)snprintf(s->topic, sizeof s->topic, "%s", topic);
	crypto_sign_keypair(s->pk, s->sk);
	randombytes_buf(s->secret, sizeof s->secret);
	assert_true(fpr_parse(span_of(GATEWAY), &g.gateway.fpr));
	memcpy(g.data_key, s->pk, sizeof s->pk);
	keyblob_key_id(id, 1, s->secret);
	g.epoch_key_id = id;
	buf_init(&s->draft, CONF_BODY_MAX);
	buf_init(&s->bundle, BUNDLE_MAX);
	if (conf_new_genesis(&g, clock_wall(&clock), &s->draft, &e) != MQ_OK)
		fail_msg("%s", e.text);
	site_set(s, "transfer-delay", "0");
	s->boot = 1;
}

void
site_done(struct site *s)
{
	buf_done(&s->draft);
	buf_done(&s->bundle);
	conf_free(s->conf);
	conf_free(s->runs);
}

void
site_set(struct site *s, const char *key, const char *value)
{
	struct mq_error e = { 0 };

	if (conf_edit_set(&s->draft, span_of(key), span_of(value), &e) != MQ_OK)
		fail_msg("%s=%s: %s", key, value, e.text);
}

void
site_add(struct site *s, const char *key, const char *value)
{
	struct mq_error e = { 0 };

	if (conf_edit_add(&s->draft, span_of(key), span_of(value), &e) != MQ_OK)
		fail_msg("%s=%s: %s", key, value, e.text);
}

void
site_remove(struct site *s, const char *key, const char *value)
{
	assert_int_equal(conf_edit_remove(&s->draft, span_of(key), span_of(value), NULL), MQ_OK);
}

void
site_owner(struct site *s, enum person who)
{
	char value[64];

	(void)snprintf(value, sizeof value, "openpgp4:%s", s->p->who[who].hex);
	site_remove(s, "owner", "");
	site_add(s, "owner", value);
}

void
site_next(struct site *s)
{
	struct clock clock = clock_real();
	struct buf made;

	buf_init(&made, CONF_BODY_MAX);
	assert_int_equal(conf_successor(s->conf, clock_wall(&clock), &made, NULL), MQ_OK);
	buf_done(&s->draft);
	s->draft = made;
}

void
site_rekey(struct site *s)
{
	char value[16];

	randombytes_buf(s->secret, sizeof s->secret);
	(void)snprintf(value, sizeof value, "%u", s->conf->epoch + 1);
	site_set(s, "epoch", value);
	set_key_id(s, s->conf->epoch + 1);
}

void
site_sign(struct site *s, const char *by)
{
	const struct conf_policy policy = { false };
	struct bundle_sig sig[BUNDLE_SIGS_MAX];
	struct conf_errors errors;
	struct buf made[BUNDLE_SIGS_MAX];
	size_t n = strlen(by);

	conf_free(s->conf);
	s->conf = NULL;
	if (conf_parse(buf_span(&s->draft), &policy, &s->conf, &errors) != MQ_OK)
		fail_msg("line %u: %s", errors.e[0].line, errors.e[0].text);
	for (size_t i = 0; i < n; i++) {
		made[i] = works_sign(s->p, person_of(by[i]), buf_span(&s->draft));
		sig[i] = (struct bundle_sig){ made[i].p, made[i].n };
	}
	buf_reset(&s->bundle);
	assert_int_equal(bundle_print(&s->bundle, buf_span(&s->draft), NULL, sig, n), MQ_OK);
	for (size_t i = 0; i < n; i++)
		buf_done(&made[i]);
}

/* ---- a site: what it publishes */

const char *
site_control(const struct site *s, const char *name, char out[160])
{
	(void)snprintf(out, 160, "%s/mqgp.conf%s%s", s->topic, name[0] != 0 ? "/" : "", name);
	return out;
}

const char *
site_topic(const struct site *s, const char *below, char out[160])
{
	(void)snprintf(out, 160, "%s/%s", s->topic, below);
	return out;
}

void
site_put(struct site *s, const char *slot, struct span payload)
{
	char topic[160];

	works_publish(s->p, site_control(s, slot, topic), payload, true);
}

void
site_show(struct site *s, const char *slot)
{
	site_put(s, slot, buf_span(&s->bundle));
}

void
site_certs(struct site *s, const char *people)
{
	for (; *people != 0; people++) {
		enum person who = person_of(*people);
		char slot[64];

		(void)snprintf(slot, sizeof slot, "pgp/%s", s->p->who[who].hex);
		site_put(s, slot, buf_span(&s->p->cert[who]));
	}
}

void
site_keys(struct site *s, const char *readers)
{
	uint8_t clear[KEYBLOB_CLEAR];
	struct buf blob;
	char slot[32];

	keyblob_clear(clear, s->conf->epoch, s->secret);
	blob = works_encrypt(s->p, readers, (struct span){ clear, sizeof clear });
	(void)snprintf(slot, sizeof slot, "keys/%u", s->conf->epoch);
	site_put(s, slot, buf_span(&blob));
	buf_done(&blob);
}

void
site_adopt(struct site *s)
{
	conf_free(s->runs);
	s->runs = conf_dup(s->conf);
	assert_non_null(s->runs);
	s->boot++;
	s->n = 0;
}

void
site_print(struct site *s, struct receipt *r, struct buf *out)
{
	struct clock clock = clock_real();
	size_t n = strlen(s->topic);

	memcpy(r->topic, s->topic, n);
	r->topic_n = n;
	r->gateway = s->conf->gateway;
	r->boot = r->boot != 0 ? r->boot : s->boot;
	r->n = r->n != 0 ? r->n : ++s->n;
	r->time = clock_wall(&clock);
	if (r->state == GS_NONE)
		r->state = GS_ACTIVE;
	if (r->revision == 0) {
		r->revision = s->runs->revision;
		memcpy(r->conf, s->runs->hash, HASH_BYTES);
	}
	assert_int_equal(receipt_print(r, s->sk, out), MQ_OK);
}

static void
say(struct site *s, const char *slot, struct receipt *r)
{
	struct buf b;

	buf_init(&b, RECEIPT_MAX);
	site_print(s, r, &b);
	site_put(s, slot, buf_span(&b));
	buf_done(&b);
}

void
site_receipt(struct site *s, enum gateway_state state)
{
	struct receipt r = { .state = state };

	say(s, "receipt", &r);
}

void
site_status(struct site *s)
{
	struct receipt r = { .is_status = true };

	say(s, "status", &r);
}

void
site_seal(struct site *s, const char *below, uint32_t n, const char *value, struct buf *out)
{
	struct clock clock = clock_real();
	struct env_seal in = { .type = ENV_TYPE_DATA, .seq = (uint64_t)s->boot << 32 | n,
		.time_ms = (uint64_t)clock_wall_ms(&clock), .data_sk = s->sk, .data_pk = s->pk };
	struct env_conf c;
	char topic[160];

	env_conf_of(&c, s->runs, s->secret);
	assert_int_equal(env_seal(&c, &in, span_of(site_topic(s, below, topic)), span_of(value), NULL,
	    out), MQ_OK);
}

void
site_data(struct site *s, const char *below, uint32_t n, const char *value)
{
	struct buf b;
	char topic[160];

	buf_init(&b, ENV_PAYLOAD_MAX + ENV_OVERHEAD_MAX);
	site_seal(s, below, n, value, &b);
	works_publish(s->p, site_topic(s, below, topic), buf_span(&b), false);
	buf_done(&b);
}

void
site_run(struct site *s)
{
	char slot[32];

	site_sign(s, "a");
	site_adopt(s);
	site_certs(s, "a");
	if (s->conf->has_epoch_key_id)
		site_keys(s, "a");
	(void)snprintf(slot, sizeof slot, "log/%u", s->conf->revision);
	site_show(s, slot);
	site_show(s, "secure");
	site_put(s, "", conf_body(s->conf));
	site_receipt(s, GS_ACTIVE);
	site_status(s);
}
