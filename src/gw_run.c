/* mqgpd run: the gateway of core/flow, its link, its source and its signals in one loop. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/wakeq.h"
#include "core/net/loop.h"
#include "core/trust/armor.h"
#include "core/wire/keyblob.h"
#include "src/gw.h"
#include "src/gw_source.h"
#include "src/sdnotify.h"

#define CONTROL_MAX 8192 /* messages of a burst of retained ones, with room */
#define CONTROL_BYTES (64U << 20)
#define STOP_MS 3000 /* for the last messages: mqtt_stop takes two seconds at most */
#define BAD_LOGIN_V5 134
#define BAD_LOGIN_V3 4

const struct opt gw_run_options[] = {
	{ "state", 's', "DIR", "the folder that 'mqgpd init' made" },
	{ "source", 0, "SOURCE", "- or a FIFO: lines SUBTOPIC<TAB>VALUE; or mqtt://HOST[:PORT]/FILTER" },
	{ "qos", 'q', "N", "0 or 1: how values are published" },
	{ "retain", 'r', NULL, "publish every value retained" },
	{ "source-user", 0, "NAME", "log in to the source's broker with this name" },
	{ "source-password-file", 0, "FILE", "its password, a file with mode 0600" },
	{ "source-ca", 0, "FILE", "trust this CA for the certificate of the source's broker" },
	{ "verbose", 'v', NULL, "log more" },
	{ 0 },
};

struct daemon {
	struct gw_home home;
	struct clock clock;
	struct gwstore *store;
	struct pgp *verify, *secret;
	struct desk *desk;
	struct gateway *gateway;
	struct loop *loop;
	struct source *source;
	struct mqtt *link;
	struct wakeq *data, *control, *events;
	struct secret password;
	uint32_t password_epoch; /* of a password derived from the epoch key; 0: a given one */
	int watched_fd[2];	 /* of the children, as the loop knows them */
	bool stopped, link_ended;
	enum gateway_state told;
};

/* ---- port */

static enum mq_err
port_publish(void *arg, struct span topic, struct span payload, int qos, bool retain, uint64_t id)
{
	struct daemon *d = arg;

	return mqtt_publish(d->link, topic, payload, qos, retain, id);
}

static enum mq_err
port_subscribe(void *arg, struct span filter, int qos)
{
	struct daemon *d = arg;
	struct mqtt_filter f = { filter, qos };

	return mqtt_subscribe(d->link, &f, 1);
}

static void
port_unsubscribe(void *arg, struct span filter)
{
	struct daemon *d = arg;

	(void)mqtt_unsubscribe(d->link, &filter, 1); /* what still comes is not looked at */
}

/* ---- the link */

/* With password-alg=b2-epoch the broker knows the password that the epoch key gives. */
static enum mq_err
choose_password(struct daemon *d, const struct conf *c, struct mqtt_options *mo, struct mq_error *e)
{
	const struct secret *epoch = c != NULL ? gwstore_epoch_secret(d->store, c->epoch) : NULL;
	char text[33];

	secret_free(&d->password);
	d->password_epoch = 0;
	if (c == NULL || c->password_alg != PASSWORD_B2_EPOCH || epoch == NULL)
		return profile_password(&d->home.settings, &d->password, e);
	keyblob_mqtt_password(text, epoch->p, c->url, c->url_user);
	d->password = secret_copy(text, strlen(text));
	explicit_bzero(text, sizeof text);
	if (d->password.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the password");
	d->password_epoch = c->epoch;
	mo->user = c->url_user;
	return MQ_OK;
}

static enum mq_err
open_link(struct daemon *d, const struct conf *c, struct mq_error *e)
{
	static const char offline[] = "offline";
	struct mqtt_options mo = { .clock = d->clock };
	struct secret passphrase = { NULL, 0 };
	struct buf will;
	enum mq_err r;

	buf_init(&will, 2 * TOPIC_CONF_MAX);
	if ((r = profile_passphrase(&d->home.settings, &passphrase, e)) != MQ_OK)
		goto out;
	mo.user = d->home.settings.user;
	if ((r = choose_password(d, c, &mo, e)) != MQ_OK)
		goto out;
	{
		const char *user = mo.user;

		if ((r = profile_link(&d->home.settings, &d->password, &passphrase, &mo, e)) != MQ_OK)
			goto out;
		mo.user = user;
	}
	r = topic_put_slot(&will, c != NULL ? conf_topic(c) :
	    (struct span){ d->home.topic, d->home.topic_n }, d->home.settings.control_level,
	    SLOT_STATUS, 0, NULL);
	if (r != MQ_OK) {
		(void)mq_fail(e, r, "no memory for the last will");
		goto out;
	}
	mo.will_topic = buf_span(&will);
	mo.will_payload = span_of(offline);
	mo.will_qos = 1; /* not retained: the signed status stays for those who come later */
	mo.q = (struct mqtt_queues){ d->data, d->control, d->events };
	if ((r = mqtt_new(&d->link, &mo, e)) == MQ_OK)
		r = mqtt_start(d->link, e);
out:
	secret_free(&passphrase);
	buf_done(&will);
	return r;
}

static void
reopen_link(struct daemon *d)
{
	struct gateway_view v;
	struct mq_error e;

	gateway_link(d->gateway, false);
	mqtt_free(d->link);
	d->link = NULL;
	gateway_look(d->gateway, &v);
	if (open_link(d, v.current, &e) != MQ_OK) {
		log_error("no link: %s", e.text);
		gw_complain(e.text);
		loop_stop(d->loop);
		d->stopped = true;
		return;
	}
	gateway_resubscribe(d->gateway);
}

/* The epoch changed and the broker wants the new password. */
static bool
password_is_old(struct daemon *d, const struct mqtt_event *ev)
{
	struct gateway_view v;

	if (ev->code != BAD_LOGIN_V5 && ev->code != BAD_LOGIN_V3)
		return false;
	gateway_look(d->gateway, &v);
	return v.current != NULL && v.current->password_alg == PASSWORD_B2_EPOCH &&
	    v.current->epoch != d->password_epoch;
}

/* Acts on one event; true: the link has to be made anew. */
static bool
take_event(struct daemon *d, const struct mqtt_event *ev)
{
	switch (ev->kind) {
	case MQTT_EVENT_CONNECTED:
		log_info("connected: %s", ev->words);
		gateway_note(d->gateway, GATEWAY_NOTE_LINK, "");
		gateway_link(d->gateway, true);
		break;
	case MQTT_EVENT_LOST:
		log_warn("link lost: %s", ev->words);
		gateway_link(d->gateway, false);
		break;
	case MQTT_EVENT_REFUSED:
		log_warn("no link: %s", ev->words);
		return password_is_old(d, ev);
	case MQTT_EVENT_DENIED:
		log_warn("subscription denied: %s", ev->words);
		gateway_note(d->gateway, GATEWAY_NOTE_LINK,
		    "the broker denies the gateway a subscription");
		break;
	case MQTT_EVENT_UNPUBLISHED:
		gateway_lost(d->gateway, 1);
		break;
	case MQTT_EVENT_ROOM:
		gateway_room(d->gateway);
		break;
	case MQTT_EVENT_STOPPED:
		d->link_ended = true;
		break;
	case MQTT_EVENT_CONNECTING:
	case MQTT_EVENT_CERTIFICATE:
	case MQTT_EVENT_SUBSCRIBED:
	case MQTT_EVENT_PUBLISHED:
		break;
	}
	return false;
}

static void
events(void *arg, int fd, short revents)
{
	struct daemon *d = arg;
	struct mqtt_event *ev;
	bool anew = false;

	(void)fd;
	(void)revents;
	while ((ev = wakeq_take(d->events)) != NULL) {
		anew |= take_event(d, ev);
		free(ev);
	}
	if (anew)
		reopen_link(d);
}

static void
control(void *arg, int fd, short revents)
{
	struct daemon *d = arg;
	struct mqtt_message *m;

	(void)fd;
	(void)revents;
	while ((m = wakeq_take(d->control)) != NULL) {
		gateway_message(d->gateway, (struct span){ m->topic, m->topic_n },
		    (struct span){ m->payload, m->n });
		free(m);
	}
}

/* Nothing below the tree is subscribed: what a broker sends all the same is thrown away. */
static void
stray(void *arg, int fd, short revents)
{
	struct daemon *d = arg;
	void *m;

	(void)fd;
	(void)revents;
	while ((m = wakeq_take(d->data)) != NULL)
		free(m);
}

/* ---- signals and service manager */

static void
reload(struct daemon *d)
{
	struct profile fresh;

	(void)sdnotify_reloading();
	if (!gw_settings_load(d->home.dir, &fresh)) {
		log_error("mqgpd.conf was not taken: the old settings stay");
		profile_done(&fresh);
	} else if (strcmp(fresh.tree.s[0], d->home.settings.tree.s[0]) != 0 ||
	    strcmp(fresh.control_level, d->home.settings.control_level) != 0) {
		log_error("tree and control-level change with a restart only: the old settings stay");
		profile_done(&fresh);
	} else {
		profile_done(&d->home.settings);
		d->home.settings = fresh;
		log_info("mqgpd.conf was read again");
		reopen_link(d);
	}
	(void)sdnotify_ready();
}

static void
on_signal(void *arg, int signal)
{
	struct daemon *d = arg;

	if (signal == SIGHUP) {
		reload(d);
		return;
	}
	d->stopped = true;
	loop_stop(d->loop);
}

static void
watchdog(void *arg)
{
	struct daemon *d = arg;

	(void)sdnotify_watchdog();
	(void)loop_after(d->loop, sdnotify_watchdog_ms(), watchdog, d, NULL);
}

static void
tell_state(struct daemon *d)
{
	struct gateway_view v;

	gateway_look(d->gateway, &v);
	if (v.state == d->told)
		return;
	d->told = v.state;
	(void)sdnotify_status("%s%s%s, revision %u", gateway_state_name(v.state),
	    v.reason[0] != 0 ? " " : "", v.reason, v.current != NULL ? v.current->revision : 0);
}

/* ---- start */

static enum mq_err
open_engines(struct daemon *d, struct mq_error *e)
{
	struct pgp_options po = { .kind = PGP_VERIFY_CHILD };
	char run[PATH_MAX];
	enum mq_err r;

	if ((r = gw_run_dir(d->home.dir, run, e)) != MQ_OK)
		return r;
	po.run_dir = run;
	if ((r = pgp_open(&d->verify, &po, e)) != MQ_OK)
		return r;
	if (!d->home.identity.is_edkey && (r = gw_open_secret(d->home.dir, &d->secret, e)) != MQ_OK)
		return r;
	d->desk = desk_new(d->verify, d->secret, &d->clock);
	return d->desk != NULL ? MQ_OK : mq_fail(e, MQ_ENOMEM, "no memory");
}

static enum mq_err
open_gateway(struct daemon *d, struct mq_error *e)
{
	struct gateway_options go = { .store = d->store, .desk = d->desk, .verify = d->verify,
		.clock = &d->clock, .identity = d->home.identity,
		.topic = { d->home.topic, d->home.topic_n }, .url = d->home.settings.broker.s[0],
		.level = d->home.settings.control_level, .n_anchor = d->home.n_anchor,
		.anchor_threshold = d->home.anchor_threshold,
		.floor = (enum suite)d->home.settings.min_suite,
		.allow_non_ascii = d->home.settings.allow_non_ascii,
		.port = { d, port_publish, port_subscribe, port_unsubscribe } };
	struct buf key;
	enum mq_err r = MQ_OK;

	memcpy(go.anchor, d->home.anchor, sizeof go.anchor);
	buf_init(&key, PGP_CERT_MAX);
	if (d->home.own_key.n != 0 && armor_open(&key, buf_span(&d->home.own_key)) != MQ_OK)
		r = mq_fail(e, MQ_ESTATE, "gateway.asc is damaged");
	go.own_key = buf_span(&key);
	if (r == MQ_OK)
		r = gateway_new(&d->gateway, &go, e);
	buf_done(&key);
	return r;
}

static enum mq_err
open_loop(struct daemon *d, struct mq_error *e)
{
	sigset_t set;

	d->loop = loop_new(d->clock);
	d->data = wakeq_new(64, 1U << 20, true, free);
	d->control = wakeq_new(CONTROL_MAX, CONTROL_BYTES, false, free);
	d->events = wakeq_new(4 * MQTT_OUT_MAX, 16U << 20, false, free);
	if (d->loop == NULL || d->data == NULL || d->control == NULL || d->events == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory");
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if (loop_watch(d->loop, wakeq_fd(d->data), POLLIN, stray, d) != MQ_OK ||
	    loop_watch(d->loop, wakeq_fd(d->control), POLLIN, control, d) != MQ_OK ||
	    loop_watch(d->loop, wakeq_fd(d->events), POLLIN, events, d) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "too many descriptors");
	return loop_signals(d->loop, &set, on_signal, d, e);
}

static enum mq_err
open_source(struct daemon *d, const struct opts *o, uint32_t qos, struct mq_error *e)
{
	struct source_options so = { .what = opts_value(o, "source"),
		.user = opts_value(o, "source-user"),
		.password_file = opts_value(o, "source-password-file"),
		.ca = opts_value(o, "source-ca"), .qos = (int)qos, .retain = opts_given(o, "retain"),
		.gateway = d->gateway, .loop = d->loop,
		.tree = { d->home.topic, d->home.topic_n } };

	return so.what != NULL ? source_open(&d->source, &so, e) : MQ_OK;
}

static enum mq_err
open_all(struct daemon *d, const struct opts *o, uint32_t qos, struct mq_error *e)
{
	struct gateway_view v;
	enum mq_err r;

	if ((r = gwstore_open(&d->store, d->home.dir, e)) != MQ_OK ||
	    (r = open_engines(d, e)) != MQ_OK || (r = open_gateway(d, e)) != MQ_OK ||
	    (r = open_loop(d, e)) != MQ_OK)
		return r;
	/* The link first: starting the gateway subscribes on it. Nothing is read from it before the
	 * loop runs. */
	gateway_look(d->gateway, &v);
	if ((r = open_link(d, v.current, e)) != MQ_OK ||
	    (r = gateway_start(d->gateway, e)) != MQ_OK)
		return r;
	return open_source(d, o, qos, e);
}

/* ---- the loop */

/* A child's descriptor changes when it is started again. */
static void
child_readable(void *arg, int fd, short revents)
{
	(void)arg;
	(void)fd;
	(void)revents; /* gateway_poll follows in this round */
}

static void
watch_children(struct daemon *d)
{
	const int now[2] = { pgp_fd(d->verify), d->secret != NULL ? pgp_fd(d->secret) : -1 };

	for (int i = 0; i < 2; i++) {
		if (d->watched_fd[i] == now[i])
			continue;
		if (d->watched_fd[i] >= 0)
			loop_unwatch(d->loop, d->watched_fd[i]);
		d->watched_fd[i] = now[i];
	}
	for (int i = 0; i < 2; i++) /* the number of one may be the old number of the other */
		if (now[i] >= 0 &&
		    loop_watch(d->loop, now[i], POLLIN, child_readable, d) != MQ_OK)
			d->watched_fd[i] = -1; /* the tick looks after it */
}

static void
turn(struct daemon *d, int64_t most_ms)
{
	int64_t ms = gateway_next_ms(d->gateway);

	watch_children(d);
	(void)loop_once(d->loop, ms < most_ms ? ms : most_ms); /* a failing poll is a round too */
	gateway_poll(d->gateway);
	if (d->source != NULL)
		source_turn(d->source);
	tell_state(d);
}

static void
say_goodbye(struct daemon *d)
{
	int64_t until = clock_mono_ms(&d->clock) + STOP_MS;

	(void)sdnotify_stopping();
	source_close(d->source);
	d->source = NULL;
	gateway_stop(d->gateway);
	if (d->link == NULL || mqtt_stop(d->link) != MQ_OK)
		return;
	while (!d->link_ended && clock_mono_ms(&d->clock) < until)
		(void)loop_once(d->loop, 100);
}

static void
close_all(struct daemon *d)
{
	source_close(d->source);
	mqtt_free(d->link);
	gateway_free(d->gateway);
	desk_free(d->desk);
	pgp_close(d->secret);
	pgp_close(d->verify);
	loop_free(d->loop);
	wakeq_free(d->data);
	wakeq_free(d->control);
	wakeq_free(d->events);
	secret_free(&d->password);
	gwstore_close(d->store);
	gw_home_done(&d->home);
}

static void
to_stderr(void *arg, enum log_level level, const char *line)
{
	static const char *const words[] = { "error", "warning", "info", "debug" };

	(void)arg;
	(void)fprintf(stderr, "mqgpd: %s: %s\n", words[level], line);
}

int
gw_run(const struct opts *o)
{
	struct daemon d = { .clock = clock_real(), .watched_fd = { -1, -1 } };
	char dir[PATH_MAX];
	uint32_t qos = 0;
	struct mq_error e;
	int status;

	if ((status = gw_state_dir(o, dir)) != OPTS_GO ||
	    (status = opts_u32(o, "qos", 1, &qos)) != OPTS_GO)
		return status;
	log_set_sink(to_stderr, NULL);
	log_set_level(opts_given(o, "verbose") ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if ((status = gw_home_load(&d.home, dir)) != OPTS_GO) {
		gw_home_done(&d.home);
		return status;
	}
	if (open_all(&d, o, qos, &e) != MQ_OK) {
		status = gw_fail(&e);
		close_all(&d);
		return status;
	}
	if (!secret_memory_check())
		log_warn("memory cannot be locked: keys may reach the swap space");
	(void)sdnotify_ready();
	if (sdnotify_watchdog_ms() > 0)
		watchdog(&d);
	while (!d.stopped)
		turn(&d, GATEWAY_TICK_MS);
	status = d.link != NULL ? EXIT_GOOD : EXIT_SYSTEM;
	say_goodbye(&d);
	close_all(&d);
	return status;
}
