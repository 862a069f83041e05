#include "tests/unit/lib_plant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ui/term_mem.h"

#define NOW 1795203727 /* 2026-11-20 19:42:07 UTC */
#define ASKED_MAX 65536

/* ---- what the app sees of the outside */

static void
port_build(void *arg, const struct snap_request *r, struct snap *out)
{
	struct plant *p = arg;

	snap_build(p->v, r, out);
}

static bool
port_filter_step(void *arg)
{
	struct plant *p = arg;

	return snap_filter_step(p->v);
}

static void
note(struct plant *p, const char *verb, struct span what)
{
	assert_int_equal(buf_printf(&p->asked, "%s %.*s\n", verb, (int)what.n, (const char *)what.p),
	    MQ_OK);
}

static enum mq_err
say_no(struct plant *p, struct mq_error *e)
{
	return p->answer == MQ_OK ? MQ_OK : mq_fail(e, p->answer, "refused, as the test wants it");
}

static enum mq_err
port_decide(void *arg, const struct app_decision *d, struct mq_error *e)
{
	note(arg, action_name(d->action), d->tree);
	return say_no(arg, e);
}

static enum mq_err
port_job(void *arg, enum action a, struct span tree, struct mq_error *e)
{
	note(arg, action_name(a), tree);
	return say_no(arg, e);
}

static void
port_question(void *arg, struct app_question *q)
{
	struct plant *p = arg;

	*q = p->question;
}

static void
port_answer(void *arg, uint64_t question, struct span text)
{
	struct plant *p = arg;

	(void)question;
	note(p, "answer", text.p != NULL ? text : span_of("no"));
	p->question.kind = APP_ASK_NOTHING;
}

static enum mq_err
port_evidence(void *arg, uint64_t topic, uint32_t serial, char path[APP_PATH_MAX],
    struct mq_error *e)
{
	(void)topic;
	(void)serial;
	(void)snprintf(path, APP_PATH_MAX, "/h/ops/evidence-4014.mqgp");
	note(arg, "evidence", span_of(path));
	return say_no(arg, e);
}

/* ---- what is in the plant */

static void
party(struct model_party *out, const char *fpr, const char *label)
{
	memset(out, 0, sizeof *out);
	(void)snprintf(out->fpr, sizeof out->fpr, "%s", fpr);
	(void)snprintf(out->label, sizeof out->label, "%s", label);
}

static struct model_tree *
add_tree(struct plant *p, const char *topic, const char *owner, const char *label)
{
	struct model_tree *t = model_tree_add(p->m, span_of(topic));

	assert_non_null(t);
	t->state_word = "ACTIVE";
	t->state_class = CLASS_GOOD;
	t->pin = PIN_PINNED;
	t->revision = 7;
	t->epoch = 3;
	memset(t->conf_hash, 0xab, sizeof t->conf_hash);
	(void)snprintf(t->suite, sizeof t->suite, "xchacha20poly1305 + ed25519");
	(void)snprintf(t->own, sizeof t->own, "%s", label);
	party(&t->owner[0], owner, label);
	t->n_owners = t->threshold = 1;
	(void)snprintf(t->gateway, sizeof t->gateway, "openpgp4:%s", PLANT_FPR);
	t->issued = NOW - 86400;
	t->valid_until = NOW + 180 * 86400;
	(void)snprintf(t->gw_state, sizeof t->gw_state, "active");
	t->gw_revision = 7;
	t->receipt_ms = (NOW - 40) * INT64_C(1000);
	t->heartbeat_ms = (NOW - 9) * INT64_C(1000);
	t->heartbeat_s = 30;
	return t;
}

static void
add_offer(struct model_tree *t)
{
	struct model_offer o = { .revision = 13, .verdict = V_PARTIAL, .a = 1, .b = 1, .d = 1,
		.transfer = true, .for_us = true, .issued = NOW - 4800,
		.offer_until = NOW + 83520 };

	memset(o.hash, 0xcd, sizeof o.hash);
	party(&o.from[0], PLANT_OTHER, "ops-london");
	o.from[0].signed_it = true;
	party(&o.to[0], PLANT_NIGHT, "night-shift");
	o.to[0].ours = true;
	o.n_from = o.n_to = 1;
	(void)snprintf(o.what, sizeof o.what, "owner 6074\xe2\x80\xa6" "3395 becomes D390\xe2\x80\xa6" "4822");
	assert_int_equal(model_tree_set_offers(t, &o, 1), MQ_OK);
	t->state_word = "PENDING-TRANSFER";
	t->state_class = CLASS_ATTENTION;
	t->revision = 12;
	(void)snprintf(t->who, sizeof t->who, "you: accept");
}

static void
add_chain(struct model_tree *t, uint32_t last)
{
	static const char *const what[] = { "first conf", "epoch 1 to 2",
		("reader added: 9C1A\xe2\x80\xa6" "02EF"), "heartbeat 60 to 30 s" };
	struct model_revision r[4];

	memset(r, 0, sizeof r);
	for (uint32_t i = 0; i < 4; i++) {
		r[i].revision = last - 3 + i;
		r[i].epoch = i + 1;
		memset(r[i].hash, (int)(0x10 + i), sizeof r[i].hash);
		r[i].issued = NOW - (int64_t)(4 - i) * 86400;
		r[i].valid_until = r[i].issued + 180 * 86400;
		party(&r[i].signer[0], t->owner[0].fpr, t->owner[0].label);
		r[i].n_signers = 1;
		(void)snprintf(r[i].what, sizeof r[i].what, "%s", what[i]);
	}
	assert_int_equal(model_tree_set_chain(t, r, 4), MQ_OK);
}

struct topic_node *
plant_message(struct plant *p, const char *tree, const char *topic, enum verdict v,
    struct span payload)
{
	struct model_msg msg = { .topic = span_of(topic), .tree = span_of(tree) };
	static uint32_t sequence;
	struct topic_node *n;

	msg.h = (struct history_msg){ .verdict = v, .raw = payload, .size = payload.n,
		.received_ms = clock_wall_ms(&p->clock) };
	if (tree[0] != '\0') {
		sequence = (uint32_t)(clock_mono_ms(&p->clock) / 250 + 3000);
		msg.h.envelope = v != V_UNSIGNED;
		msg.h.rev = 7;
		msg.h.epoch = 3;
		msg.h.seq = UINT64_C(12) << 32 | sequence;
		msg.h.claimed_ms = msg.h.received_ms;
	}
	if (v == V_VERIFIED) {
		msg.h.value = payload;
		msg.h.current = true;
		msg.h.size += 120;
	}
	model_lock(p->m);
	n = model_message(p->m, &msg);
	model_unlock(p->m);
	assert_non_null(n);
	return n;
}

static void
connect_model(struct plant *p)
{
	struct model_conn *c = model_conn(p->m);

	c->link = LINK_UP;
	(void)snprintf(c->broker, sizeof c->broker, "mqtts://broker.example:8883");
	(void)snprintf(c->tls, sizeof c->tls, "TLSv1.3");
	(void)snprintf(c->protocol, sizeof c->protocol, "MQTT 5");
	c->cert_pin = PIN_PINNED;
	c->since_ms = (NOW - 600) * INT64_C(1000);
}

/* Two minutes of a plant that runs, with a few attacks in it. */
static void
run_plant(struct plant *p)
{
	static const char temp[] = PLANT_TREE "/temp";
	char text[64];

	for (int i = 0; i < 480; i++) {
		/* a slow wave without a mathematics library */
		int phase = i % 160, wave = phase < 80 ? phase : 160 - phase;

		clock_advance(&p->clock, 250);
		(void)snprintf(text, sizeof text, "%d.%d \xc2\xb0" "C", 20 + wave / 20, wave / 2 % 10);
		(void)plant_message(p, PLANT_TREE, temp, V_VERIFIED, span_of(text));
		if (i % 2 == 0)
			(void)plant_message(p, PLANT_TREE, PLANT_TREE "/pressure", V_VERIFIED,
			    span_of("1013"));
		if (i % 10 == 0)
			(void)plant_message(p, "", "plain/meter", V_PLAIN,
			    span_of("{\"kwh\":4711,\"ok\":true,\"phase\":[1,2,3]}"));
		if (i == 200)
			(void)plant_message(p, PLANT_TREE, PLANT_TREE "/valve", V_VERIFIED, span_of("open"));
		if (i == 470)
			(void)plant_message(p, PLANT_TREE, PLANT_TREE "/valve", V_UNSIGNED, span_of("shut"));
	}
	clock_advance(&p->clock, 150);
	(void)plant_message(p, PLANT_TREE, temp, V_REPLAY, span_of("21.1"));
	(void)plant_message(p, PLANT_BANK, PLANT_BANK "/door", V_VERIFIED, span_of("closed"));
	(void)plant_message(p, "", "plain/\xe2\x80\xae" "evil\x1b[31m/\xd0\xb0\xd1\x80\xd1\x80le", V_PLAIN,
	    span_of("\x1b]0;owned\x07 VERIFIED\n ACTIVE \xe2\x80\xae"));
	(void)plant_message(p, "", "plain/bytes", V_PLAIN, (struct span){ (const uint8_t *)"\0\1\2\xff\xfe", 5 });
	(void)plant_message(p, "", "plain/\xe6\xb0\xb4\xe4\xbd\x8d", V_PLAIN, span_of("12 \xe7\xb1\xb3"));
	clock_advance(&p->clock, 250);
}

void
plant_init_empty(struct plant *p)
{
	memset(p, 0, sizeof *p);
	p->clock = clock_fixed(NOW - 121);
	p->m = model_new(&p->clock, 8 << 20);
	assert_non_null(p->m);
	p->v = snap_view_new(p->m);
	assert_non_null(p->v);
	buf_init(&p->asked, ASKED_MAX);
	connect_model(p);
}

void
plant_init(struct plant *p)
{
	struct model_tree *t;

	plant_init_empty(p);
	t = add_tree(p, PLANT_TREE, PLANT_OWNER, "john.doe");
	add_chain(t, 7);
	t = add_tree(p, PLANT_BANK, PLANT_OTHER, "ops-london");
	add_chain(t, 12);
	add_offer(t);
	t = add_tree(p, "demo/empty", "", "");
	t->state_word = "CLAIMABLE";
	t->state_class = CLASS_NEUTRAL;
	t->pin = PIN_NONE;
	t->revision = t->epoch = t->n_owners = 0;
	t->valid_until = 0;
	(void)snprintf(t->who, sizeof t->who, "anybody with the code");
	run_plant(p);
}

void
plant_start(struct plant *p)
{
	struct app_options o = { .fps = 30, .profile = "plant", .read_only = p->read_only,
		.port = { .arg = p, .build = port_build, .filter_step = port_filter_step,
		    .decide = port_decide, .job = port_job, .question = port_question,
		    .answer = port_answer, .evidence = port_evidence } };

	app_free(p->app);
	keymap_free(p->keys);
	snap_view_free(p->v);
	p->v = snap_view_new(p->m);
	p->keys = o.keys = keymap_new();
	assert_true(p->v != NULL && p->keys != NULL);
	p->app = app_new(&o);
	assert_non_null(p->app);
}

void
plant_done(struct plant *p)
{
	app_free(p->app);
	keymap_free(p->keys);
	snap_view_free(p->v);
	model_free(p->m);
	buf_done(&p->asked);
}

/* ---- driving */

void
plant_frame(struct plant *p, struct term *t)
{
	struct input in;

	for (int i = 0; i < 64; i++) { /* bounded work comes to its end */
		while (term_read(t, &in))
			app_event(p->app, &in);
		app_step(p->app, clock_mono_ms(&p->clock));
		assert_int_equal(app_draw(p->app, t, clock_mono_ms(&p->clock)), MQ_OK);
		if (app_wait(p->app, clock_mono_ms(&p->clock)) > 5 ||
		    app_wait(p->app, clock_mono_ms(&p->clock)) < 0)
			return;
	}
}

void
plant_keys(struct plant *p, struct term *t, const char *names)
{
	while (*names != '\0') {
		size_t n = strcspn(names, " ");
		struct key k;

		if (!key_parse((struct span){ (const uint8_t *)names, n }, &k))
			fail_msg("no key: %s", names);
		assert_true(term_mem_key(t, k));
		plant_frame(p, t);
		names += n + (names[n] == ' ');
	}
}

void
plant_type(struct plant *p, struct term *t, const char *text)
{
	assert_true(term_mem_type(t, span_of(text)));
	plant_frame(p, t);
}

struct golden_run {
	struct plant *p;
	const char *keys;
};

static void
draw_golden(void *arg, struct term *t)
{
	const struct golden_run *run = arg;

	plant_start(run->p);
	plant_frame(run->p, t);
	plant_keys(run->p, t, run->keys);
}

void
plant_golden(struct plant *p, const char *name, const char *keys)
{
	struct golden_run run = { p, keys };

	golden_screens(name, draw_golden, &run);
}

bool
plant_shows(const struct term *t, const char *text)
{
	struct buf screen;
	bool found;

	buf_init(&screen, 1 << 20);
	assert_int_equal(term_mem_text(t, &screen), MQ_OK);
	found = strstr(buf_cstr(&screen), text) != NULL;
	buf_done(&screen);
	return found;
}
