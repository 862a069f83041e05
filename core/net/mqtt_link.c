#include "core/net/mqtt_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

/*
 * The link's life, one phase after the other:
 *
 *   PAUSE --due--> DIAL --dialed--> CONNECT --CONNACK--> UP --lost--> PAUSE
 *                    \--failed--------/ next version, next address, or PAUSE after the last one
 *   UP --stop--> GOODBYE --> END
 *
 * Paho hides why a connection without CONNACK ended. Since the dial thread just proved that the
 * address accepts connections, such an end means that the broker did not like the packet: MQTT 5
 * is then given up for this address (RabbitMQ 3.10 closes, NATS and aedes answer code 1).
 */

#define DIAL_MS 40000	    /* name servers may take half a minute; the dial thread bounds the rest */
#define GOODBYE_POLL_MS 20  /* looking for the last open publish to end */
#define MAILS_AT_ONCE 64
#define BACKLOG_MS 1000 /* looking after a backlog that nobody said could move */

static const struct span nothing = { NULL, 0 };

static int64_t
now_ms(const struct mqtt *m)
{
	return clock_mono_ms(&m->real);
}

static void
enter(struct mqtt *m, enum phase phase, int64_t ms)
{
	m->phase = phase;
	m->due_ms = ms >= 0 ? now_ms(m) + ms : 0;
}

static struct mqtt_event *
link_event(struct mqtt *m, enum mqtt_event_kind kind, int code, const char *words)
{
	struct mqtt_event *ev = event_new(m, kind, words, nothing, NULL);

	if (ev != NULL) {
		ev->url = m->at;
		ev->code = code;
		ev->version = m->speaking;
	}
	return ev;
}

/* ---- publishes
 *
 * MQTT 5 brokers take only so many unacknowledged publishes (mosquitto: 20). Paho keeps to that but
 * after a full window often looks again only a second later (4 000 publishes took 36 s, this way
 * 0.14 s), so the backlog is kept here and Paho never sees a full window. Order is kept.
 */

static void
send_backlog(struct mqtt *m)
{
	struct mail *mail;

	atomic_store(&m->told_to_go_on, false); /* before looking: a later word is heard */
	while ((mail = m->backlog) != NULL) {
		if (mail->qos > m->max_qos)
			mail->qos = m->max_qos;
		if (mail->qos > 0 && atomic_load(&m->in_flight) >= m->window)
			break;
		if ((m->backlog = mail->next) == NULL)
			m->backlog_end = &m->backlog;
		mail->in_flight = mail->qos > 0;
		if (mail->in_flight)
			atomic_fetch_add(&m->in_flight, 1);
		if (paho_publish(m, mail) != 0)
			publish_done(mail, NO_CODE, "the MQTT library did not take it");
	}
	atomic_store(&m->has_backlog, m->backlog != NULL);
}

static void
publish(struct mqtt *m, struct mail *mail)
{
	if (m->phase != PHASE_UP) {
		publish_done(mail, NO_CODE, "the connection ended before it was sent");
		return;
	}
	*m->backlog_end = mail;
	m->backlog_end = &mail->next;
	atomic_store(&m->has_backlog, true); /* before the window is looked at: no word is missed */
	send_backlog(m);
}

static void
drop_backlog(struct mqtt *m)
{
	struct mail *mail;

	while ((mail = m->backlog) != NULL) {
		m->backlog = mail->next;
		publish_done(mail, NO_CODE, "the connection ended before it was sent");
	}
	m->backlog_end = &m->backlog;
	atomic_store(&m->has_backlog, false);
}

/* ---- attempts */

/* On the dial thread. */
static void
on_dial(void *arg, const struct dial_report *r)
{
	struct mqtt *m = arg;
	struct span words = span_of(r->words != NULL ? r->words : "");
	char uri[96];
	struct mail *mail = NULL;

	switch (r->kind) {
	case DIAL_CERTIFICATE:
		mail = mail_new(m, MAIL_CERTIFICATE,
		    (struct span){ (const uint8_t *)r->facts, sizeof *r->facts }, nothing);
		break;
	case DIAL_READY:
		(void)snprintf(uri, sizeof uri, "tcp://%s:%u", r->host, r->port);
		mail = mail_new(m, MAIL_DIALED, span_of(uri), nothing);
		break;
	case DIAL_FAILED:
		mail = mail_new(m, MAIL_DIAL_FAILED, words, nothing);
		break;
	case DIAL_CLOSED:
		mail = mail_new(m, MAIL_DIAL_CLOSED, words, nothing);
		if (mail != NULL)
			mail->flag = r->alarm;
		break;
	}
	mail_send(m, mail);
}

static void
hang_up(struct mqtt *m)
{
	atomic_store(&m->up, false);
	paho_close(m);
	drop_backlog(m);
	dial_abandon(m->dial);
	m->dial = NULL;
	m->relayed = false;
}

static int
version_of(const struct mqtt *m, const struct address *a)
{
	if (m->version != MQTT_VERSION_AUTO)
		return m->version == MQTT_VERSION_5 ? 5 : 4;
	return a->version != 0 ? a->version : 5;
}

static void attempt_failed(struct mqtt *m, int code, const char *words);

/* version 0: what is known of this address, else 5. */
static void
begin_attempt(struct mqtt *m, unsigned at, int version)
{
	struct address *a = &m->address[at];
	char words[MQ_ERROR_TEXT];

	m->at = at;
	m->speaking = version != 0 ? version : version_of(m, a);
	m->why = (struct mq_error){ .code = MQ_OK };
	m->alarm = false;
	m->max_qos = 2;
	atomic_fetch_add(&m->attempt, 1);
	(void)snprintf(words, sizeof words, "connecting to %s with MQTT %s", a->shown,
	    m->speaking == 5 ? "5" : "3.1.1");
	event_send(m, link_event(m, MQTT_EVENT_CONNECTING, 0, words));
	enter(m, PHASE_DIAL, DIAL_MS);
	if (dial_start(&m->dial, &a->url, &m->tls, on_dial, m) != MQ_OK) {
		m->dial = NULL;
		m->at = (unsigned)m->addresses - 1; /* a pause, not the next address */
		attempt_failed(m, NO_CODE, "no memory or threads for a connection");
	}
}

static void
pause_after(struct mqtt *m, struct mqtt_event *ev)
{
	int64_t ms = mqtt_pause_ms(m->rounds, m->retry_min_ms, m->retry_max_ms, randombytes_random());

	m->rounds++;
	if (ev != NULL)
		ev->retry_ms = ms;
	event_send(m, ev);
	m->at = 0;
	enter(m, PHASE_PAUSE, ms);
}

static bool
should_fall_back(const struct mqtt *m, int code)
{
	return m->version == MQTT_VERSION_AUTO && m->speaking == 5 &&
	    m->address[m->at].version == 0 && m->phase == PHASE_CONNECT && !m->alarm &&
	    (code == NO_CODE || code == CODE_3_VERSION || code == CODE_VERSION);
}

/* An attempt ended before CONNACK said yes. */
static void
attempt_failed(struct mqtt *m, int code, const char *words)
{
	bool fall_back = should_fall_back(m, code);
	struct mqtt_event *ev = link_event(m, MQTT_EVENT_REFUSED, code, words);

	hang_up(m);
	if (fall_back) {
		event_send(m, ev);
		begin_attempt(m, m->at, 4);
	} else if (m->at + 1 < m->addresses) {
		event_send(m, ev);
		begin_attempt(m, m->at + 1, 0);
	} else {
		pause_after(m, ev);
	}
}

static void
connack_refused(struct mqtt *m, int code)
{
	const struct address *a = &m->address[m->at];
	const char *user = m->user != NULL ? m->user : a->url.user;
	bool login = code == 4 || code == 5 || code == 0x86 || code == 0x87;
	char words[MQ_ERROR_TEXT];

	if (code == NO_CODE && m->why.text[0] != 0)
		(void)snprintf(words, sizeof words, "%s", m->why.text);
	else if (code == NO_CODE)
		(void)snprintf(words, sizeof words, "%s closed the connection without an answer to "
		    "MQTT %s", a->shown, m->speaking == 5 ? "5" : "3.1.1");
	else
		mqtt_code_words(words, sizeof words, code, m->speaking, login ? user : "");
	attempt_failed(m, code, words);
}

/* ---- up and down */

static void
came_up(struct mqtt *m, const struct mail *mail)
{
	struct address *a = &m->address[m->at];
	struct mqtt_event *ev;
	char words[MQ_ERROR_TEXT];

	if (mail->qos < m->max_qos)
		m->max_qos = mail->qos;
	m->window = mail->id < MQTT_OUT_MAX ? (size_t)mail->id : MQTT_OUT_MAX;
	a->version = m->speaking;
	m->up_since_ms = now_ms(m);
	enter(m, PHASE_UP, -1);
	(void)snprintf(words, sizeof words, "connected to %s with MQTT %s", a->shown,
	    m->speaking == 5 ? "5" : "3.1.1");
	if ((ev = link_event(m, MQTT_EVENT_CONNECTED, 0, words)) != NULL) {
		ev->session_present = mail->flag;
		ev->qos = (uint8_t)m->max_qos;
	}
	atomic_store(&m->up, true); /* before the event: its reader may publish at once */
	event_send(m, ev);
	filters_all(m);
}

static void
went_down(struct mqtt *m, int code)
{
	char words[MQ_ERROR_TEXT];

	if (code != NO_CODE)
		mqtt_code_words(words, sizeof words, code, m->speaking, "");
	else if (m->why.text[0] != 0)
		(void)snprintf(words, sizeof words, "%s", m->why.text);
	else
		(void)snprintf(words, sizeof words, "%s closed the connection or fell silent",
		    m->address[m->at].shown);
	if (now_ms(m) - m->up_since_ms >= STEADY_MS)
		m->rounds = 0;
	hang_up(m);
	pause_after(m, link_event(m, MQTT_EVENT_LOST, code, words));
}

static void
end(struct mqtt *m)
{
	hang_up(m);
	enter(m, PHASE_END, -1);
	event_send(m, link_event(m, MQTT_EVENT_STOPPED, 0, "stopped"));
}

static void
stop(struct mqtt *m)
{
	if (m->phase == PHASE_UP)
		enter(m, PHASE_GOODBYE, GOODBYE_MS);
	else if (m->phase != PHASE_GOODBYE && m->phase != PHASE_END)
		end(m);
}

/* First the publishes under way, then DISCONNECT, then, with TLS, the relay's last bytes. */
static void
say_goodbye(struct mqtt *m, bool late)
{
	if (m->handle != NULL && (atomic_load(&m->out_n) == 0 || late)) {
		paho_close(m);
		enter(m, PHASE_GOODBYE, GOODBYE_MS);
		late = false;
	}
	if (m->handle == NULL && (!m->relayed || late))
		end(m);
}

/* ---- the thread */

static void
note_certificate(struct mqtt *m, const struct mail *mail)
{
	struct mqtt_event *ev;
	struct tls_facts facts;
	bool good;

	memcpy(&facts, mail->bytes, sizeof facts); /* on_dial put exactly one */
	good = !facts.pin_set || facts.pin_ok;
	ev = event_new(m, MQTT_EVENT_CERTIFICATE,
	    good ? "the broker presented a certificate" : "the certificate does not match the pin",
	    nothing, &facts);
	if (ev != NULL)
		ev->url = m->at;
	event_send(m, ev);
}

static void
dialed(struct mqtt *m, const struct mail *mail)
{
	char words[MQ_ERROR_TEXT];
	int rc;

	enter(m, PHASE_CONNECT, CONNACK_MS);
	m->relayed = m->address[m->at].url.tls;
	if ((rc = paho_connect(m, (const char *)mail->bytes)) == 0)
		return;
	(void)snprintf(words, sizeof words, "the MQTT library cannot connect (code %d)", rc);
	m->alarm = true; /* not the broker's doing: no other version helps */
	attempt_failed(m, NO_CODE, words);
}

/* Reports about the connection of this attempt; older ones were dropped. */
static void
handle_report(struct mqtt *m, const struct mail *mail)
{
	const char *words = (const char *)mail->bytes;

	if (mail->kind == MAIL_CERTIFICATE) {
		note_certificate(m, mail);
	} else if (mail->kind == MAIL_DIALED && m->phase == PHASE_DIAL) {
		dialed(m, mail);
	} else if (mail->kind == MAIL_DIAL_FAILED && m->phase == PHASE_DIAL) {
		attempt_failed(m, NO_CODE, words);
	} else if (mail->kind == MAIL_DIAL_CLOSED) { /* Paho notices by itself a moment later */
		(void)mq_fail(&m->why, MQ_ENET, "%s", words);
		m->alarm = mail->flag;
		m->relayed = false;
	} else if (mail->kind == MAIL_CONNACK && m->phase == PHASE_CONNECT) {
		if (mail->code == 0)
			came_up(m, mail);
		else
			connack_refused(m, mail->code);
	} else if (mail->kind == MAIL_LOST && m->phase == PHASE_UP) {
		went_down(m, mail->code);
	} else if (mail->kind == MAIL_LOST && m->phase == PHASE_GOODBYE) {
		end(m);
	} else if (mail->kind == MAIL_SUBACK) {
		filters_answered(m, mail);
	}
}

static void
handle_mail(struct mqtt *m, struct mail *mail)
{
	switch (mail->kind) {
	case MAIL_PUBLISH:
		publish(m, mail);
		return; /* it owns the mail */
	case MAIL_SUBSCRIBE:
		filters_add(m, mail);
		break;
	case MAIL_UNSUBSCRIBE:
		filters_drop(m, mail);
		break;
	case MAIL_STOP:
		stop(m);
		break;
	case MAIL_QUIT:
		m->quit = true;
		break;
	case MAIL_GO_ON:
		break; /* every round of the thread looks at the backlog */
	case MAIL_CERTIFICATE:
	case MAIL_DIALED:
	case MAIL_DIAL_FAILED:
	case MAIL_DIAL_CLOSED:
	case MAIL_CONNACK:
	case MAIL_LOST:
	case MAIL_SUBACK:
		if (mail->attempt == atomic_load(&m->attempt))
			handle_report(m, mail);
		break;
	}
	free(mail);
}

static void
tick(struct mqtt *m)
{
	bool due = m->due_ms != 0 && now_ms(m) >= m->due_ms;

	switch (m->phase) {
	case PHASE_IDLE:
		begin_attempt(m, 0, 0);
		break;
	case PHASE_PAUSE:
		if (due)
			begin_attempt(m, 0, 0);
		break;
	case PHASE_DIAL:
		if (due)
			attempt_failed(m, NO_CODE, "the name server does not answer");
		break;
	case PHASE_CONNECT:
		if (due)
			attempt_failed(m, NO_CODE, "the broker does not answer to CONNECT");
		break;
	case PHASE_UP:
		filters_tick(m);
		send_backlog(m);
		break;
	case PHASE_GOODBYE:
		if (m->handle != NULL)
			send_backlog(m);
		say_goodbye(m, due);
		break;
	case PHASE_END:
		break;
	}
}

/* How long the thread may sleep. */
static int
patience(const struct mqtt *m)
{
	int64_t until = m->phase == PHASE_UP ? m->ask_again_ms : m->due_ms;
	int64_t left;

	if (m->phase == PHASE_GOODBYE)
		return GOODBYE_POLL_MS;
	if (until == 0)
		return m->backlog != NULL ? BACKLOG_MS : -1;
	left = until - now_ms(m);
	return left < 0 ? 0 : (int)left + 1;
}

void *
mqtt_link_thread(void *arg)
{
	struct mqtt *m = arg;
	void *mails[MAILS_AT_ONCE];

	while (!m->quit || m->phase == PHASE_GOODBYE) {
		struct pollfd p = { .fd = wakeq_fd(m->mails), .events = POLLIN };
		size_t n = wakeq_take_many(m->mails, mails, MAILS_AT_ONCE);

		for (size_t i = 0; i < n; i++)
			handle_mail(m, mails[i]);
		tick(m);
		if (n == 0 && (!m->quit || m->phase == PHASE_GOODBYE))
			(void)poll(&p, 1, patience(m)); /* an interrupted wait is a short one */
	}
	hang_up(m);
	return NULL;
}
