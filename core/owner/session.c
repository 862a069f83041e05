/*
 * Everything lives on one thread: session_until pumps the link's queues, the OpenPGP children and
 * the follower until its test holds. session_state.c has what comes from and goes to the disk.
 */
#include "core/owner/session_impl.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"

#define QUEUE_ITEMS 8192
#define QUEUE_BYTES (32u << 20)
#define EVENT_ITEMS (MQTT_OUT_MAX + MQTT_FILTERS_MAX)
#define EVENT_BYTES (64u << 20)
#define PUMP_MS 200 /* times pass for the follower at least this often */

/* ---- what is subscribed */

/* log/ only where a chain has to be followed: judging old signatures takes gpg a while. */
#define LOG_FILTER "/log/+"
static const struct {
	enum topic_slot slot;
	const char *suffix;
	bool vital; /* without it nothing can be said */
} filters[] = {
	{ SLOT_SECURE, "/secure", true }, { SLOT_NEXT, "/next", true }, { SLOT_KEYS, "/keys/+", false }, { SLOT_RECEIPT, "/receipt", true },
	{ SLOT_STATUS, "/status", false }, { SLOT_HALT, "/halt", false }, { SLOT_INFO, "", false },
};
#define N_FILTERS (sizeof filters / sizeof filters[0])

static enum mq_err
put_filter(struct session *s, const char *suffix, struct buf *out)
{
	buf_reset(out);
	(void)buf_put(out, s->tree, s->tree_n); /* errors stick */
	return buf_printf(out, "/%s%s", s->o.profile->control_level, suffix);
}

static enum mq_err
subscribe(struct session *s, struct span filter)
{
	struct mqtt_filter f = { filter, 1 };
	enum mq_err r = mqtt_subscribe(s->mqtt, &f, 1);

	if (r == MQ_OK)
		s->asked++;
	return r;
}

static enum mq_err
subscribe_tree(struct session *s)
{
	enum mq_err r = MQ_OK;
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	for (size_t i = 0; i < N_FILTERS && r == MQ_OK; i++)
		if ((r = put_filter(s, filters[i].suffix, &b)) == MQ_OK)
			r = subscribe(s, buf_span(&b));
	buf_done(&b);
	return r;
}

void
session_want_key(struct session *s, const struct fpr *f)
{
	struct buf b;

	for (size_t i = 0; i < s->n_certs; i++)
		if (fpr_eq(&s->cert[i].fpr, f))
			return;
	if (s->n_certs == SESSION_CERTS_MAX)
		return;
	buf_init(&b, TOPIC_CONF_MAX + 128);
	if (topic_put_slot(&b, session_tree(s), s->o.profile->control_level, SLOT_PGP, 0, f->hex) ==
		MQ_OK && subscribe(s, buf_span(&b)) == MQ_OK) {
		s->cert[s->n_certs].fpr = *f;
		buf_init(&s->cert[s->n_certs++].bytes, PGP_CERT_MAX);
	}
	buf_done(&b);
}

static void
want_keys(struct session *s)
{
	struct fpr want[SESSION_CERTS_MAX];
	size_t n = follow_wanted_keys(s->follow, want, SESSION_CERTS_MAX);

	for (size_t i = 0; i < n; i++)
		session_want_key(s, &want[i]);
}

/* ---- what arrives */

static struct session_seen *
seen_of(struct session *s, enum topic_slot slot, uint32_t number)
{
	struct session_seen *x;

	for (size_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].slot == slot && s->seen[i].number == number)
			return &s->seen[i];
	if (s->n_seen == DESK_SLOTS_MAX)
		return NULL;
	x = &s->seen[s->n_seen++];
	memset(x, 0, sizeof *x);
	x->slot = slot;
	x->number = number;
	return x;
}

static void
judged(void *arg, struct follow *f, const struct follow_event *ev)
{
	struct session *s = arg;
	struct session_seen *x = ev->slot == SLOT_PGP ? NULL : seen_of(s, ev->slot, ev->number);

	(void)f;
	s->news_ms = clock_mono_ms(s->o.clock);
	if (x == NULL)
		return;
	x->judged = true;
	x->v.verdict = ev->verdict;
	x->v.revision = ev->revision;
	memcpy(x->v.reason, ev->reason, sizeof x->v.reason);
	memcpy(x->v.partial, ev->partial, sizeof x->v.partial);
	memcpy(x->v.hash, ev->hash, sizeof x->v.hash);
}

static void
keep_cert(struct session *s, const char *fpr, struct span payload)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (strcmp(s->cert[i].fpr.hex, fpr) == 0) {
			buf_reset(&s->cert[i].bytes);
			(void)buf_put(&s->cert[i].bytes, payload.p, payload.n); /* too large: none */
		}
}

/* The same bytes served again have their judgement already. */
static void
note_payload(struct session_seen *x, struct span payload)
{
	uint8_t digest[HASH_BYTES];

	conf_hash(digest, payload);
	if (memcmp(digest, x->digest, HASH_BYTES) != 0)
		x->judged = false;
	memcpy(x->digest, digest, HASH_BYTES);
}

static void
take_message(struct session *s, const struct mqtt_message *m)
{
	struct span topic = { m->topic, m->topic_n }, payload = { m->payload, m->n };
	struct topic_parts at;
	struct session_seen *x;

	if (!topic_delivered_ok(topic))
		return;
	at = topic_split(topic);
	if (at.slot == SLOT_NONE || !span_eq(at.tree, session_tree(s)))
		return;
	s->news_ms = clock_mono_ms(s->o.clock);
	if (at.slot == SLOT_PGP)
		keep_cert(s, at.fpr, payload);
	else if ((x = seen_of(s, at.slot, at.number)) != NULL) {
		note_payload(x, payload);
		if (at.slot == SLOT_INFO) {
			buf_reset(&s->info);
			(void)buf_put(&s->info, payload.p, payload.n); /* too large: none */
		}
	}
	follow_control(s->follow, &at, payload, m->retained, m->qos);
}

static bool
is_vital(struct session *s, struct span filter)
{
	bool vital = false;
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	for (size_t i = 0; i < N_FILTERS && !vital; i++)
		vital = filters[i].vital && put_filter(s, filters[i].suffix, &b) == MQ_OK &&
		    span_eq(buf_span(&b), filter);
	buf_done(&b);
	return vital;
}

/* No other attempt will go better: user name, password or client id are refused. */
static bool
is_final(int code)
{
	static const int finals[] = { 2, 4, 5, 0x85, 0x86, 0x87, 0x8a, 0x8c };

	for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++)
		if (code == finals[i])
			return true;
	return false;
}

static void
take_event(struct session *s, const struct mqtt_event *ev)
{
	switch (ev->kind) {
	case MQTT_EVENT_CONNECTED:
		s->up = s->was_up = true;
		s->granted = 0;
		s->news_ms = clock_mono_ms(s->o.clock);
		(void)snprintf(s->broker, sizeof s->broker, "%s", mqtt_url_shown(s->mqtt, ev->url));
		follow_link(s->follow, true);
		break;
	case MQTT_EVENT_REFUSED:
		(void)snprintf(s->words, sizeof s->words, "%s", ev->words);
		s->refused = !s->was_up &&
		    (is_final(ev->code) || (ev->retry_ms != 0 && !s->o.patient));
		break;
	case MQTT_EVENT_LOST:
	case MQTT_EVENT_STOPPED:
		if (s->up)
			follow_link(s->follow, false);
		s->up = false;
		(void)snprintf(s->words, sizeof s->words, "%s", ev->words);
		break;
	case MQTT_EVENT_DENIED:
		s->granted++;
		if (is_vital(s, ev->filter)) {
			s->denied = true;
			(void)snprintf(s->words, sizeof s->words, "subscription to %.*s: %s",
			    (int)(ev->filter.n > 120 ? 120 : ev->filter.n),
			    (const char *)ev->filter.p, ev->words);
		}
		break;
	case MQTT_EVENT_SUBSCRIBED:
		s->granted++;
		s->news_ms = clock_mono_ms(s->o.clock);
		break;
	case MQTT_EVENT_PUBLISHED:
	case MQTT_EVENT_UNPUBLISHED:
		if (ev->id == s->publish_id) {
			s->publish_over = true;
			s->publish_code = ev->kind == MQTT_EVENT_PUBLISHED ? 0 : ev->code != 0 ? ev->code : -1;
			(void)snprintf(s->words, sizeof s->words, "%s", ev->words);
		}
		break;
	case MQTT_EVENT_CONNECTING:
	case MQTT_EVENT_CERTIFICATE:
	case MQTT_EVENT_ROOM:
		break;
	}
}

static void
other_answer(void *arg, struct pgp_answer *a)
{
	struct session *s = arg;

	s->news_ms = clock_mono_ms(s->o.clock);
	if (a->op != PGP_OP_IMPORT || !follow_import_answer(s->follow, a) || a->err != MQ_OK)
		return;
	desk_forget_verdicts(s->desk); /* a revocation may have come */
	if (s->keys != NULL && a->out.n != 0)
		(void)keystore_put_cert(s->keys, &a->fpr, buf_span(&a->out), NULL); /* comes again */
}

/* What we knew and what is there may be more than one revision, and other owners, apart; once no
 * certificate is on its way that would explain it. A first contact has nothing to follow from. */
static bool
needs_log(const struct session *s)
{
	static const enum topic_slot slots[] = { SLOT_SECURE, SLOT_NEXT };
	struct session_verdict v;
	bool strange = false;

	for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
		strange |= session_verdict(s, slots[i], 0, &v) &&
		    (v.verdict == V_GAP || verdict_class(v.verdict) == CLASS_BAD);
	return strange && !s->has_log && follow_current(s->follow) != NULL &&
	    clock_mono_ms(s->o.clock) - s->news_ms > SESSION_STILL_MS;
}

static void
subscribe_log(struct session *s)
{
	struct buf b;

	buf_init(&b, TOPIC_CONF_MAX + 128);
	s->has_log = put_filter(s, LOG_FILTER, &b) == MQ_OK && subscribe(s, buf_span(&b)) == MQ_OK;
	buf_done(&b);
}

/* ---- the pump */

static void
take_all(struct session *s)
{
	struct mqtt_message *m;
	struct mqtt_event *ev;

	while ((ev = wakeq_take(s->events)) != NULL) {
		take_event(s, ev);
		free(ev);
	}
	while ((m = wakeq_take(s->messages)) != NULL) {
		take_message(s, m);
		free(m);
	}
	if (desk_poll(s->desk))
		s->news_ms = clock_mono_ms(s->o.clock);
	if (follow_run(s->follow))
		s->news_ms = clock_mono_ms(s->o.clock);
	want_keys(s);
	if (needs_log(s))
		subscribe_log(s);
}

static bool
cancelled(const struct session *s)
{
	struct pollfd p = { s->o.cancel_fd, POLLIN, 0 };

	return s->o.cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

static void
wait_for_news(struct session *s, int64_t ms)
{
	struct pollfd p[] = { { wakeq_fd(s->messages), POLLIN, 0 }, { wakeq_fd(s->events), POLLIN, 0 },
		{ pgp_fd(s->verify), POLLIN, 0 },
		{ s->secret != NULL ? pgp_fd(s->secret) : -1, POLLIN, 0 },
		{ s->o.cancel_fd, POLLIN, 0 } };
	int64_t due = desk_next_timeout_ms(s->desk);

	if (due >= 0 && due < ms)
		ms = due;
	(void)poll(p, sizeof p / sizeof p[0], (int)(ms < PUMP_MS ? ms : PUMP_MS));
}

static enum mq_err
link_trouble(struct session *s, struct mq_error *e)
{
	if (s->denied)
		return mq_fail(e, MQ_ENET, "the broker denies a %s; give this user the right to read "
		    "below %s", s->words, s->o.profile->control_level);
	if (s->refused)
		return mq_fail(e, MQ_ENET, "cannot reach %s: %s", mqtt_url_shown(s->mqtt, 0), s->words);
	return MQ_OK;
}

enum mq_err
session_until(struct session *s, session_test *test, void *arg, int timeout_ms, struct mq_error *e)
{
	int64_t until = clock_mono_ms(s->o.clock) + timeout_ms;
	enum mq_err r;

	for (;;) {
		int64_t left;

		take_all(s);
		if (test(arg, s))
			return MQ_OK;
		if ((r = link_trouble(s, e)) != MQ_OK)
			return r;
		if (cancelled(s))
			return mq_fail(e, MQ_ECANCEL, "stopped");
		if ((left = until - clock_mono_ms(s->o.clock)) <= 0)
			break;
		wait_for_news(s, left);
	}
	return s->up ? mq_fail(e, MQ_ETIMEOUT, "no answer within %d s", timeout_ms / 1000) :
	    mq_fail(e, MQ_ENET, "no connection to %s: %s", mqtt_url_shown(s->mqtt, 0),
		s->words[0] != 0 ? s->words : "it does not answer");
}

/* Every payload that came has its judgement. */
static bool
all_judged(const struct session *s)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (!s->seen[i].judged && s->seen[i].slot != SLOT_PING)
			return false;
	return true;
}

static bool
is_quiet(void *arg, struct session *s)
{
	int64_t quiet = clock_mono_ms(s->o.clock) - s->news_ms;
	int64_t enough = s->was_settled ? SESSION_STILL_MS : SESSION_QUIET_MS;

	(void)arg;
	/* what cannot be judged (a certificate that never comes) must not hold up the rest */
	return s->up && s->granted >= s->asked &&
	    quiet >= (all_judged(s) ? enough : 3 * SESSION_QUIET_MS);
}

enum mq_err
session_settle(struct session *s, struct mq_error *e)
{
	enum mq_err r = session_until(s, is_quiet, NULL, s->was_up ? SESSION_SETTLE_MS :
	    SESSION_CONNECT_MS + SESSION_SETTLE_MS, e);

	s->was_settled = r == MQ_OK;
	return r;
}

/* ---- publishing */

static bool
is_up(void *arg, struct session *s)
{
	(void)arg;
	return s->up;
}

static bool
publish_is_over(void *arg, struct session *s)
{
	(void)arg;
	return s->publish_over;
}

/* MQ_EAGAIN: the link went away first, the fate is unknown: the same bytes again do no harm. */
static enum mq_err
publish_once(struct session *s, struct span topic, struct span payload, int64_t until,
    struct mq_error *e)
{
	int left = (int)(until - clock_mono_ms(s->o.clock));
	enum mq_err r;

	if (left <= 0)
		return mq_fail(e, MQ_ENET, "the broker did not acknowledge in time: %s", s->words);
	if ((r = session_until(s, is_up, NULL, left, e)) != MQ_OK)
		return r;
	s->publish_over = false;
	s->publish_id++;
	r = mqtt_publish(s->mqtt, topic, payload, 1, true, s->publish_id);
	if (r == MQ_ENET || r == MQ_EAGAIN) {
		wait_for_news(s, PUMP_MS);
		return MQ_EAGAIN;
	}
	if (r != MQ_OK)
		return mq_fail(e, r, "cannot publish");
	left = (int)(until - clock_mono_ms(s->o.clock));
	if ((r = session_until(s, publish_is_over, NULL, left > 0 ? left : 0, e)) != MQ_OK)
		return r;
	if (s->publish_code >= 0x80)
		return mq_fail(e, MQ_ENET, "the broker refuses to take %.*s: %s",
		    (int)(topic.n > 150 ? 150 : topic.n), (const char *)topic.p, s->words);
	return s->publish_code == 0 ? MQ_OK : MQ_EAGAIN;
}

enum mq_err
session_publish(struct session *s, enum topic_slot slot, uint32_t number, const char *fpr,
    struct span payload, struct mq_error *e)
{
	int64_t until = clock_mono_ms(s->o.clock) + SESSION_PUBLISH_MS;
	enum mq_err r;
	struct buf topic;

	buf_init(&topic, TOPIC_CONF_MAX + 128);
	r = topic_put_slot(&topic, session_tree(s), s->o.profile->control_level, slot, number, fpr);
	if (r == MQ_OK)
		do
			r = publish_once(s, buf_span(&topic), payload, until, e);
		while (r == MQ_EAGAIN);
	buf_done(&topic);
	return r;
}

/* ---- open and close */

static enum mq_err
make_link(struct session *s, struct mq_error *e)
{
	struct secret password = { 0 }, passphrase = { 0 };
	struct mqtt_options o;
	enum mq_err r;

	memset(&o, 0, sizeof o);
	if ((r = profile_password(s->o.profile, &password, e)) == MQ_OK &&
	    (r = profile_passphrase(s->o.profile, &passphrase, e)) == MQ_OK &&
	    (r = profile_link(s->o.profile, &password, &passphrase, &o, e)) == MQ_OK) {
		o.q = (struct mqtt_queues){ s->messages, s->messages, s->events };
		o.clock = *s->o.clock;
		if ((r = mqtt_new(&s->mqtt, &o, e)) == MQ_OK && (r = subscribe_tree(s)) == MQ_OK)
			r = mqtt_start(s->mqtt, e);
	}
	secret_free(&password);
	secret_free(&passphrase);
	return r;
}

static enum mq_err
make_children(struct session *s, struct mq_error *e)
{
	struct pgp_options verify = { .kind = PGP_VERIFY_CHILD, .run_dir = s->o.run_dir };
	struct pgp_options secret = { .kind = PGP_SECRET_CHILD, .home = s->o.profile->gnupg_home };
	enum mq_err r = pgp_open(&s->verify, &verify, e);

	if (r == MQ_OK && s->o.decrypt)
		r = pgp_open(&s->secret, &secret, e);
	return r;
}

static enum mq_err
make_follow(struct session *s, struct mq_error *e)
{
	struct follow_options o = { .topic = session_tree(s), .clock = s->o.clock,
		.verify = s->verify, .floor = (enum suite)s->o.profile->min_suite,
		.allow_non_ascii = s->o.profile->allow_non_ascii, .judged = judged, .arg = s };

	s->messages = wakeq_new(QUEUE_ITEMS, QUEUE_BYTES, false, free);
	s->events = wakeq_new(EVENT_ITEMS, EVENT_BYTES, false, free);
	s->desk = desk_new(s->verify, s->secret, s->o.clock);
	o.desk = s->desk;
	if (s->messages == NULL || s->events == NULL || s->desk == NULL ||
	    (s->follow = follow_new(&o)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to follow the tree");
	desk_on_other(s->desk, other_answer, s);
	return MQ_OK;
}

enum mq_err
session_open(struct session **out, const struct session_options *o, struct mq_error *e)
{
	struct session *s = calloc(1, sizeof *s);
	enum mq_err r;

	if (s == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a session");
	s->o = *o;
	memcpy(s->tree, o->tree.p, o->tree.n);
	s->tree_n = o->tree.n;
	s->news_ms = clock_mono_ms(o->clock);
	buf_init(&s->info, BUNDLE_MAX);
	if ((r = make_children(s, e)) == MQ_OK && (r = make_follow(s, e)) == MQ_OK &&
	    (r = session_load(s, e)) == MQ_OK && (r = make_link(s, e)) == MQ_OK) {
		*out = s;
		return MQ_OK;
	}
	session_close(s);
	return r;
}

void
session_close(struct session *s)
{
	if (s == NULL)
		return;
	mqtt_free(s->mqtt);
	follow_free(s->follow);
	desk_free(s->desk);
	pgp_close(s->secret);
	pgp_close(s->verify);
	wakeq_free(s->messages);
	wakeq_free(s->events);
	pins_close(s->pins);
	keystore_close(s->keys);
	for (size_t i = 0; i < s->n_certs; i++)
		buf_done(&s->cert[i].bytes);
	buf_done(&s->info);
	free(s);
}
