#include "tests/unit/lib_dash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_golden.h"
#include "ui/frame.h"

#define NOW INT64_C(1795203727) /* 2026-11-20 19:42:07 */
#define DAY INT64_C(86400)

static const char tree_ok[] = "chernobyl/unit1/cooling_plant";
static const char tree_offer[] = "bankofengland/londonbranch/security";
static const char tree_empty[] = "demo/empty";
static const char tree_hostile[] = "evil/\x1b[31m\xe2\x80\xae" "gnihtyreve/ACTIVE";

static const char fpr_a[] = "479662EAD3902C23A94CA28DBA5E149C18AA6CCD";
static const char fpr_b[] = "607400BEA328EF86FCDD3A57789B3BE9576A3395";
static const char fpr_c[] = "D3902C23A94CA28DBA5E149C167A14AAAA694822";
static const char gateway[] = "openpgp4:18AAA270E72CF9A535092A8B410A61245E0FE04F";

/* ---- people and revisions */

static struct model_party
party(const char *fpr, const char *label)
{
	struct model_party p;

	memset(&p, 0, sizeof p);
	memcpy(p.fpr, fpr, sizeof p.fpr);
	(void)snprintf(p.label, sizeof p.label, "%s", label);
	return p;
}

static struct model_revision
revision(uint32_t n, int64_t issued, const char *signer, const char *label, const char *what)
{
	struct model_revision r = { .revision = n, .epoch = 1 + n / 4, .issued = issued,
		.valid_until = issued + 182 * DAY };

	memset(r.hash, (int)n, sizeof r.hash);
	if (signer != NULL) {
		r.signer[0] = party(signer, label);
		r.n_signers = 1;
	}
	(void)snprintf(r.what, sizeof r.what, "%s", what);
	return r;
}

/* ---- trees */

static struct model_tree *
add_tree(struct dash *d, const char *topic, enum tree_state state, uint32_t rev)
{
	struct model_tree *t = model_tree_add(d->model, span_of(topic));

	assert_non_null(t);
	t->state = (int)state;
	t->state_word = tree_state_word(state);
	t->state_class = tree_state_class(state);
	t->sticky = tree_state_is_sticky(state);
	t->revision = rev;
	if (rev == 0)
		return t;
	t->epoch = 1 + rev / 4;
	t->threshold = 1;
	t->issued = (NOW - 2 * DAY);
	memset(t->conf_hash, 0xa4, sizeof t->conf_hash);
	(void)snprintf(t->gateway, sizeof t->gateway, "%s", gateway);
	(void)snprintf(t->suite, sizeof t->suite, "ed25519+xchacha20poly1305");
	(void)snprintf(t->gw_state, sizeof t->gw_state, "active");
	t->gw_revision = rev;
	t->receipt_ms = (NOW - 3) * 1000;
	t->heartbeat_ms = (NOW - 2) * 1000;
	t->heartbeat_s = 30;
	t->pin = PIN_PINNED;
	return t;
}

static void
add_good(struct dash *d)
{
	struct model_tree *t = add_tree(d, tree_ok, TREE_ACTIVE, 7);
	const struct model_revision chain[] = {
		revision(1, NOW - 90 * DAY, NULL, "", "everything is new"),
		revision(2, NOW - 80 * DAY, fpr_a, "John Doe", "heartbeat 60 -> 30 s"),
		revision(3, NOW - 60 * DAY, fpr_a, "John Doe", "reader added: 9C1A...02EF"),
		revision(4, NOW - 40 * DAY, fpr_a, "John Doe", "epoch 1 -> 2"),
		revision(5, NOW - 30 * DAY, fpr_a, "John Doe", "grace 300 -> 600 s; max-age 300 -> 600 s"),
		revision(6, NOW - 20 * DAY, fpr_a, "John Doe", "new dates only"),
		revision(7, NOW - 2 * DAY, fpr_a, "John Doe",
		    "heartbeat 30 -> 10 s; url host broker1.example -> broker.example; transfer-delay 0 -> 3600 s"),
	};

	t->owner[0] = party(fpr_a, "John Doe <john.doe@doedomain.net>");
	t->owner[0].ours = true;
	t->n_owners = 1;
	t->valid_until = NOW + 180 * DAY;
	(void)snprintf(t->own, sizeof t->own, "john.doe");
	(void)snprintf(t->who, sizeof t->who, "-");
	t->verdicts[V_VERIFIED] = 12041;
	t->verdicts[V_REPLAY] = 2;
	t->verdicts[V_UNSIGNED] = 1;
	t->verdicts[V_STALE_REV] = 13;
	assert_int_equal(model_tree_set_chain(t, chain, sizeof chain / sizeof chain[0]), MQ_OK);
}

static void
add_offered(struct dash *d)
{
	struct model_tree *t = add_tree(d, tree_offer, TREE_PENDING_TRANSFER, 12);
	struct model_offer o = { .revision = 13, .verdict = V_PARTIAL, .a = 1, .b = 1, .d = 1,
		.transfer = true, .for_us = true, .issued = NOW - 3600,
		.offer_until = NOW + DAY - 2880, .due_at = NOW + 3600 };
	const struct model_revision chain[] = {
		revision(10, NOW - 50 * DAY, fpr_b, "ops-london", "the oldest one known here"),
		revision(11, NOW - 40 * DAY, fpr_b, "ops-london", "reader added: 9C1A...02EF"),
		revision(12, NOW - 11 * DAY, fpr_b, "ops\xe2\x80\xaenodnol\x1b]0;owned\x07", "owner added"),
	};

	o.from[0] = party(fpr_b, "ops-london");
	o.from[0].signed_it = true;
	o.to[0] = party(fpr_c, "night\x9b" "shift \xe6\x97\xa5\xe6\x9c\xac");
	o.to[0].ours = true;
	o.n_from = o.n_to = 1;
	(void)snprintf(o.what, sizeof o.what, "owner 6074...3395 -> D390...4822");
	t->owner[0] = party(fpr_b, "ops-london");
	t->n_owners = 1;
	t->valid_until = NOW + 29 * DAY;
	t->pin = PIN_NONE;
	t->drift = true;
	(void)snprintf(t->drift_what, sizeof t->drift_what, "max-age 300, signed is 600");
	(void)snprintf(t->own, sizeof t->own, "ops-london");
	(void)snprintf(t->who, sizeof t->who, "you: accept");
	t->verdicts[V_VERIFIED_SEALED] = 991;
	t->verdicts[V_PARTIAL] = 1;
	assert_int_equal(model_tree_set_offers(t, &o, 1), MQ_OK);
	assert_int_equal(model_tree_set_chain(t, chain, sizeof chain / sizeof chain[0]), MQ_OK);
}

static void
add_strange(struct dash *d)
{
	struct model_tree *t = add_tree(d, tree_empty, TREE_CLAIMABLE, 0);

	(void)snprintf(t->who, sizeof t->who, "anybody with the code");
	t = add_tree(d, tree_hostile, TREE_CONFLICT, 3);
	t->owner[0] = party(fpr_c, "\xe2\x9c\x93 VERIFIED\r\n");
	t->owner[0].revoked = true;
	t->n_owners = 1;
	t->valid_until = NOW - 5;
	t->pin = PIN_CHANGED;
	(void)snprintf(t->own, sizeof t->own, "\xe2\x97\x8f ACTIVE");
	(void)snprintf(t->gw_state, sizeof t->gw_state, "failsafe");
	(void)snprintf(t->gw_reason, sizeof t->gw_reason, "expired");
	(void)snprintf(t->who, sizeof t->who, "you: compare, then acknowledge");
}

/* ---- messages that failed */

static void
fail_at(struct dash *d, const char *tree, const char *topic, enum verdict v, const char *reason, int ago)
{
	struct model_msg msg = { .topic = span_of(topic), .tree = span_of(tree) };

	msg.h = (struct history_msg){ .verdict = v, .raw = span_of("21.1"), .size = 4,
		.received_ms = (NOW - ago) * 1000, .reason = reason, .seq = 41 };
	assert_non_null(model_message(d->model, &msg));
}

static void
add_failures(struct dash *d)
{
	fail_at(d, tree_ok, "chernobyl/unit1/cooling_plant/valve", V_UNSIGNED, "plain", 300);
	fail_at(d, tree_offer, "bankofengland/londonbranch/security/door", V_FORK, "prev", 200);
	fail_at(d, tree_ok, "chernobyl/unit1/cooling_plant/\xe2\x80\xaeVERIFIED", V_BAD_SIG, "signature", 65);
	fail_at(d, tree_ok, "chernobyl/unit1/cooling_plant/temp", V_REPLAY, "behind", 2);
	fail_at(d, tree_ok, "chernobyl/unit1/cooling_plant/temp", V_REPLAY, "behind", 1);
}

/* ---- connection, log, keys */

static void
add_connection(struct dash *d)
{
	static const struct {
		enum conn_kind kind;
		int code, ago;
		const char *words;
	} events[] = {
		{ CONN_CONNECTING, 0, 7300, "" },
		{ CONN_REFUSED, 135, 7299, "not authorised \x1b[2J\xe2\x80\xae" },
		{ CONN_CONNECTING, 0, 7200, "" },
		{ CONN_CONNECTED, 0, 7199, "" },
		{ CONN_DENIED, 135, 7198, "plant/secret/#" },
		{ CONN_SUBSCRIBED, 0, 7198, "14 filters" },
	};
	struct connlog *log = model_connlog(d->model);
	struct model_conn *c = model_conn(d->model);

	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
		struct conn_event e = { .time_ms = (NOW - events[i].ago) * 1000, .kind = events[i].kind,
			.code = events[i].code, .duration_ms = events[i].kind == CONN_CONNECTED ? 212 : -1,
			.session_present = events[i].kind == CONN_CONNECTED };

		(void)snprintf(e.broker, sizeof e.broker, "mqtts://broker.example:8883");
		(void)snprintf(e.words, sizeof e.words, "%s", events[i].words);
		connlog_add(log, &e);
	}
	assert_int_equal(connlog_set_sub(log, "+/mqgp.conf/#", 0, 0, ""), MQ_OK);
	assert_int_equal(connlog_set_sub(log, "chernobyl/unit1/cooling_plant/mqgp.conf/#", 1, 0, ""), MQ_OK);
	assert_int_equal(connlog_set_sub(log, "plant/secret/#", 0, 135, "not authorised"), MQ_OK);
	assert_int_equal(connlog_set_sub(log, "plant/#", 0, -1, ""), MQ_OK);
	c->link = LINK_UP;
	(void)snprintf(c->broker, sizeof c->broker, "mqtts://broker.example:8883");
	(void)snprintf(c->tls, sizeof c->tls, "TLSv1.3");
	(void)snprintf(c->protocol, sizeof c->protocol, "MQTT 5");
	c->since_ms = (NOW - 7199) * 1000;
	c->cert_known = true;
	(void)snprintf(c->cert_subject, sizeof c->cert_subject, "CN=broker.example");
	(void)snprintf(c->cert_issuer, sizeof c->cert_issuer, "CN=\xe2\x80\xaePlant CA");
	c->cert_expires = NOW + 21 * DAY;
	memset(c->cert_sha256, 'b', 64);
	c->cert_pin = PIN_PINNED;
	model_blind(d->model)->denied = 1;
	model_blind(d->model)->lost = 17;
	model_blind(d->model)->retained_seen = 12;
	model_log(d->model, 1, "subscription refused filter=plant/secret/# code=135");
	model_log(d->model, 2, "connected broker=broker.example:8883");
}

static void
add_keys(struct dash *d)
{
	static const struct {
		const char *fpr, *uid, *use, *algo;
		int64_t expires;
		bool ours, revoked;
	} rows[] = {
		{ fpr_a, "John Doe <john.doe@doedomain.net>", "owner of 1 tree", "Ed25519", NOW + 400 * DAY,
		    true, false },
		{ fpr_b, "ops-london", "owner of 1 tree", "RSA", NOW + 12 * DAY, false, false },
		{ fpr_c, "\xe2\x97\x8f yours\x1b[0m \xe2\x80\xae", "recovery key of 2", "Ed25519", 0, false,
		    true },
		{ "18AAA270E72CF9A535092A8B410A61245E0FE04F", "gateway", "gateway", "Ed25519", 0, false,
		    false },
	};
	struct model_key k[4];

	memset(k, 0, sizeof k);
	for (size_t i = 0; i < 4; i++) {
		memcpy(k[i].fpr, rows[i].fpr, sizeof k[i].fpr);
		(void)snprintf(k[i].uid, sizeof k[i].uid, "%s", rows[i].uid);
		(void)snprintf(k[i].use, sizeof k[i].use, "%s", rows[i].use);
		(void)snprintf(k[i].algo, sizeof k[i].algo, "%s", rows[i].algo);
		k[i].created = NOW - 300 * DAY;
		k[i].expires = rows[i].expires;
		k[i].ours = k[i].secret = rows[i].ours;
		k[i].revoked = rows[i].revoked;
	}
	assert_int_equal(model_set_keys(d->model, k, 4), MQ_OK);
}

void
dash_add_pipeline(struct dash *d)
{
	static const struct {
		const char *title, *text;
		enum model_step_state state;
		bool final;
	} steps[] = {
		{ "key can sign", "card 0006 1234", STEP_DONE, false },
		{ "edited and checked", "0 errors, 1 note", STEP_DONE, false },
		{ "meaning", "2 changes", STEP_DONE, false },
		{ "signed", "1 of 1 owners", STEP_DONE, false },
		{ "verified as a stranger", "", STEP_DONE, false },
		{ "base unchanged", "still revision 7", STEP_SKIPPED, false },
		{ "published", "keys/4 and log/8 are there; secure: the broker refused it: not authorised "
		    "\xe2\x80\xae\x1b[1m", STEP_FAILED, true },
		{ "read back", "", STEP_WAITING, true },
		{ "gateway's receipt", "", STEP_WAITING, true },
	};
	struct model_tree *t = model_tree_find(d->model, span_of(tree_ok));
	struct model_pipeline *p = model_pipeline(d->model);
	char current[2048] = "#!mqgp.conf 1\n# comments \xe2\x80\xae stay\n", draft[4096];
	size_t n = strlen(current);

	for (int i = 0; i < 30; i++)
		n += (size_t)snprintf(current + n, sizeof current - n, "x-line-%d=%d\n", i, i * 7);
	(void)snprintf(draft, sizeof draft, "%sheartbeat=10\n", current);
	assert_non_null(t);
	p->id = 1;
	p->tree = t->id;
	(void)snprintf(p->title, sizeof p->title, "push revision 8 of %s", tree_ok);
	p->n_steps = sizeof steps / sizeof steps[0];
	for (size_t i = 0; i < p->n_steps; i++) {
		(void)snprintf(p->step[i].title, sizeof p->step[i].title, "%s", steps[i].title);
		(void)snprintf(p->step[i].text, sizeof p->step[i].text, "%s", steps[i].text);
		p->step[i].state = steps[i].state;
		p->step[i].final = steps[i].final;
		p->step[i].time_ms = (NOW - 60 + (int64_t)i) * 1000;
	}
	p->finished = p->failed = true;
	assert_int_equal(model_set_conf_text(d->model, t->id, span_of(current), span_of(draft),
	    span_of("heartbeat 30 -> 10 s\nWEAKER: max-age 300 -> 3600 s, old values are believed longer\n"
		    "reader added: 9C1A...02EF \"auditor \xe2\x80\xae\"\n")), MQ_OK);
}

/* ---- life */

struct dash *
dash_new_empty(void)
{
	struct dash *d = calloc(1, sizeof *d);

	assert_non_null(d);
	d->clock = clock_fixed(NOW);
	d->model = model_new(&d->clock, 1 << 20);
	assert_non_null(d->model);
	d->view = snap_view_new(d->model);
	d->snap = malloc(sizeof *d->snap);
	assert_non_null(d->view);
	assert_non_null(d->snap);
	return d;
}

struct dash *
dash_new(void)
{
	struct dash *d = dash_new_empty();

	add_good(d);
	add_offered(d);
	add_strange(d);
	add_failures(d);
	add_connection(d);
	add_keys(d);
	return d;
}

void
dash_free(struct dash *d)
{
	snap_view_free(d->view);
	model_free(d->model);
	free(d->snap);
	free(d);
}

/* ---- screens */

struct shot {
	struct dash *d;
	const struct view *v;
	const enum action *keys;
	size_t n_keys;
	void *state;
	struct view_ctx ctx;
};

static void
look(struct shot *s)
{
	struct snap_request r;

	memset(&r, 0, sizeof r);
	r.screen = s->v->screen;
	s->ctx.layout = layout_of(s->ctx.w, s->ctx.h,
	    (struct layout_wish){ s->v->split, s->v->percent, s->ctx.focus, false });
	s->ctx.snap = NULL;
	s->v->request(s->state, &s->ctx, &r);
	snap_build(s->d->view, &r, s->d->snap);
	s->ctx.snap = s->d->snap;
	(void)s->v->took(s->state, &s->ctx);
}

static void
press(struct shot *s, enum action a)
{
	struct view_ask ask;

	memset(&ask, 0, sizeof ask);
	(void)s->v->act(s->state, &s->ctx, a, &ask);
	if (ask.set_focus)
		s->ctx.focus = ask.focus;
	look(s);
	look(s); /* the focus may have moved a pane */
}

static void
draw_first(void *arg, struct grid *g, struct rect r)
{
	struct shot *s = arg;

	s->v->draw(s->state, &s->ctx, 0, g, r);
}

static void
draw_second(void *arg, struct grid *g, struct rect r)
{
	struct shot *s = arg;

	s->v->draw(s->state, &s->ctx, 1, g, r);
}

static void
draw_shot(void *arg, struct term *t)
{
	struct shot *s = arg;
	struct frame_parts parts = { .arg = s, .pane = { draw_first, draw_second } };
	struct grid g;

	s->state = calloc(1, s->v->state_size);
	assert_non_null(s->state);
	memset(&s->ctx, 0, sizeof s->ctx);
	term_size(t, &s->ctx.w, &s->ctx.h);
	s->ctx.now_ms = NOW * 1000;
	s->ctx.ascii = t->ascii;
	look(s);
	for (size_t i = 0; i < s->n_keys; i++)
		press(s, s->keys[i]);
	grid_init(&g);
	assert_int_equal(frame_draw(t, &g, (struct layout_wish){ s->v->split, s->v->percent,
	    s->ctx.focus, false }, &parts), MQ_OK);
	grid_done(&g);
	free(s->state);
}

void
dash_golden(const char *name, struct dash *d, const struct view *v, const enum action *keys, size_t n)
{
	struct shot s = { .d = d, .v = v, .keys = keys, .n_keys = n };

	golden_screens(name, draw_shot, &s);
}
