#include "core/net/mqtt_int.h"

#include <stdlib.h>
#include <string.h>

#include <MQTTAsync.h>

/*
 * Everything that knows Paho. Its callbacks run on two threads that all clients of the process
 * share, with Paho's one lock held: they copy, push and return. messageArrived always returns 1;
 * 0 would not slow the broker, it would make Paho hoard messages. Handles are made and destroyed by
 * the link thread only, never in a callback. A destroyed handle has answered every request, so the
 * memory of a request belongs to its callback once Paho took it.
 */

#define WRITERS_MAX 65535 /* no limit of Paho's own below ours */

void
paho_setup(void)
{
	/* A trace would be written over the screen. MQTTAsync_global_init is not called: it makes
	 * locks and conditions anew that the threads of another link may be waiting on. */
	if (getenv("MQTT_C_CLIENT_TRACE") != NULL)
		(void)unsetenv("MQTT_C_CLIENT_TRACE"); /* the name is valid: cannot fail */
}

/* ---- callbacks: Paho's threads, or the link thread within paho_close */

static int
on_message(void *context, char *topic, int topic_len, MQTTAsync_message *msg)
{
	struct mqtt *m = context;
	size_t n = topic_len > 0 ? (size_t)topic_len : strlen(topic);
	size_t payload_n = msg->payloadlen > 0 ? (size_t)msg->payloadlen : 0;
	struct mqtt_message *c = NULL;
	bool control = m->q.control != NULL && mqtt_is_control((struct span){ (uint8_t *)topic, n });

	atomic_fetch_add(&m->received, 1);
	if (n != 0 && topic[0] == '$' && atomic_load(&m->dollar_filters) == 0) {
		atomic_fetch_add(&m->broker_topics, 1); /* NATS lets # match its own records */
		goto out;
	}
	if ((c = malloc(sizeof *c + n + payload_n + 2)) == NULL) {
		atomic_fetch_add(&m->no_memory, 1);
		goto out;
	}
	c->topic = (uint8_t *)(c + 1);
	c->topic_n = n;
	c->payload = c->topic + n + 1;
	c->n = payload_n;
	memcpy(c->topic, topic, n);
	c->topic[n] = 0;
	if (payload_n != 0)
		memcpy(c->payload, msg->payload, payload_n);
	c->payload[payload_n] = 0;
	c->qos = (uint8_t)msg->qos;
	c->retained = msg->retained != 0;
	c->dup = msg->dup != 0;
	c->wall_ms = clock_wall_ms(&m->clock);
	c->mono_ms = clock_mono_ms(&m->clock);
	if (!wakeq_push(control ? m->q.control : m->q.data, c, sizeof *c + n + payload_n)) {
		atomic_fetch_add(control ? &m->control_lost : &m->no_memory, 1);
		free(c);
	}
out:
	MQTTAsync_freeMessage(&msg);
	MQTTAsync_free(topic);
	return 1;
}

static void
report(struct mqtt *m, enum mail_kind kind, int code)
{
	struct mail *mail = mail_new(m, kind, (struct span){ NULL, 0 }, (struct span){ NULL, 0 });

	if (mail != NULL)
		mail->code = code;
	mail_send(m, mail);
}

static void
report_connected(struct mqtt *m, bool session_present, int max_qos, uint64_t window)
{
	struct mail *mail = mail_new(m, MAIL_CONNACK, (struct span){ NULL, 0 },
	    (struct span){ NULL, 0 });

	if (mail != NULL) {
		mail->flag = session_present;
		mail->qos = max_qos;
		mail->id = window;
	}
	mail_send(m, mail);
}

/* A number from CONNACK, or what its absence means. */
static int
property(MQTTAsync_successData5 *data, enum MQTTPropertyCodes code, int absent)
{
	return MQTTProperties_hasProperty(&data->properties, code) ?
	    (int)MQTTProperties_getNumericValue(&data->properties, code) : absent;
}

static void
on_lost(void *context, char *cause)
{
	(void)cause; /* always NULL in 1.3.12 */
	report(context, MAIL_LOST, NO_CODE);
}

static void
on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code)
{
	(void)properties;
	report(context, MAIL_LOST, (int)code);
}

static void
on_connect5(void *context, MQTTAsync_successData5 *data)
{
	int window = property(data, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, MQTT_OUT_MAX);

	report_connected(context, data->alt.connect.sessionPresent != 0,
	    property(data, MQTTPROPERTY_CODE_MAXIMUM_QOS, 2), window > 0 ? (uint64_t)window : 1);
}

static void
on_connect3(void *context, MQTTAsync_successData *data)
{
	report_connected(context, data->alt.connect.sessionPresent != 0, 2, MQTT_OUT_MAX);
}

static void
on_refused5(void *context, MQTTAsync_failureData5 *data)
{
	report(context, MAIL_CONNACK, data->code > 0 ? data->code : NO_CODE);
}

static void
on_refused3(void *context, MQTTAsync_failureData *data)
{
	report(context, MAIL_CONNACK, data->code > 0 ? data->code : NO_CODE);
}

/* The context of a SUBSCRIBE is the mail that will carry the answer. */
static void
answer(struct mail *mail, int code)
{
	mail->code = code;
	mail_send(mail->m, mail);
}

static void
on_subscribed5(void *context, MQTTAsync_successData5 *data)
{
	answer(context, (int)data->reasonCode);
}

static void
on_subscribed3(void *context, MQTTAsync_successData *data)
{
	answer(context, data->alt.qos);
}

static void
on_denied5(void *context, MQTTAsync_failureData5 *data)
{
	answer(context, (int)data->reasonCode >= CODE_FIRST_FAILURE ? (int)data->reasonCode : NO_CODE);
}

static void
on_denied3(void *context, MQTTAsync_failureData *data)
{
	answer(context, data->code == MQTT_BAD_SUBSCRIBE ? data->code : NO_CODE);
}

static void
on_published5(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	publish_done(context, 0, NULL);
}

static void
on_published3(void *context, MQTTAsync_successData *data)
{
	(void)data;
	publish_done(context, 0, NULL);
}

static void
on_unpublished5(void *context, MQTTAsync_failureData5 *data)
{
	int code = (int)data->reasonCode;

	publish_done(context, code >= CODE_FIRST_FAILURE ? code : NO_CODE, NULL);
}

static void
on_unpublished3(void *context, MQTTAsync_failureData *data)
{
	(void)data; /* 3.1.1 has no PUBACK that refuses */
	publish_done(context, NO_CODE, NULL);
}

/* ---- the link thread */

static int
make_handle(struct mqtt *m, const char *uri)
{
	MQTTAsync_createOptions o = MQTTAsync_createOptions_initializer;
	int rc;

	o.MQTTVersion = m->speaking == 5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
	o.maxBufferedMessages = WRITERS_MAX;
	rc = MQTTAsync_createWithOptions(&m->handle, uri, m->client_id, MQTTCLIENT_PERSISTENCE_NONE,
	    NULL, &o);
	if (rc != MQTTASYNC_SUCCESS) {
		m->handle = NULL;
		return rc;
	}
	rc = MQTTAsync_setCallbacks(m->handle, m, on_lost, on_message, NULL);
	return rc != MQTTASYNC_SUCCESS ? rc : MQTTAsync_setDisconnected(m->handle, m, on_disconnected);
}

static void
set_will(const struct mqtt *m, MQTTAsync_willOptions *w)
{
	w->topicName = m->will_topic;
	w->payload.data = m->will_payload;
	w->payload.len = (int)m->will_payload_n;
	w->qos = m->will_qos;
	w->retained = m->will_retain;
}

int
paho_connect(struct mqtt *m, const char *uri)
{
	MQTTAsync_connectOptions v5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_connectOptions v3 = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions *o = m->speaking == 5 ? &v5 : &v3;
	MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
	const struct url *url = &m->address[m->at].url;
	int rc = make_handle(m, uri);

	if (rc != MQTTASYNC_SUCCESS)
		return rc;
	o->context = m;
	o->keepAliveInterval = MQTT_KEEPALIVE;
	o->connectTimeout = 2 * CONNACK_MS / 1000; /* ours comes first */
	o->maxInflight = WRITERS_MAX;
	if (m->speaking == 5) {
		o->onSuccess5 = on_connect5;
		o->onFailure5 = on_refused5;
	} else {
		o->MQTTVersion = MQTTVERSION_3_1_1;
		o->onSuccess = on_connect3;
		o->onFailure = on_refused3;
	}
	if (m->user != NULL || url->user[0] != 0)
		o->username = m->user != NULL ? m->user : url->user;
	if (m->password.p != NULL) { /* Paho keeps a copy in plain memory until the handle ends */
		o->binarypwd.data = m->password.p;
		o->binarypwd.len = (int)m->password.n;
	}
	if (m->has_will) {
		set_will(m, &will);
		o->will = &will;
	}
	return MQTTAsync_connect(m->handle, o);
}

void
paho_close(struct mqtt *m)
{
	if (m->handle != NULL)
		MQTTAsync_destroy(&m->handle); /* sends DISCONNECT, answers what is open */
	m->handle = NULL;
}

int
paho_subscribe(struct mqtt *m, const struct filter *f)
{
	/* Zeros are what we want of MQTT 5: retain as published off (RETAIN then means "stored
	 * copy"), retained messages sent at every subscribe, no-local off. */
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	struct mail *mail = mail_new(m, MAIL_SUBACK, (struct span){ f->p, f->n },
	    (struct span){ NULL, 0 });
	int rc;

	if (mail == NULL)
		return MQTTASYNC_FAILURE;
	o.context = mail;
	if (m->speaking == 5) {
		o.onSuccess5 = on_subscribed5;
		o.onFailure5 = on_denied5;
	} else {
		o.onSuccess = on_subscribed3;
		o.onFailure = on_denied3;
	}
	if ((rc = MQTTAsync_subscribe(m->handle, (const char *)f->p, f->qos, &o)) != MQTTASYNC_SUCCESS)
		free(mail);
	return rc;
}

int
paho_unsubscribe(struct mqtt *m, const struct filter *f)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;

	return MQTTAsync_unsubscribe(m->handle, (const char *)f->p, &o);
}

int
paho_publish(struct mqtt *m, struct mail *mail)
{
	MQTTAsync_responseOptions o = MQTTAsync_responseOptions_initializer;
	MQTTAsync_message msg = MQTTAsync_message_initializer;

	o.context = mail;
	if (m->speaking == 5) {
		o.onSuccess5 = on_published5;
		o.onFailure5 = on_unpublished5;
	} else {
		o.onSuccess = on_published3;
		o.onFailure = on_unpublished3;
	}
	msg.payload = mail->bytes + mail->bytes_n + 1;
	msg.payloadlen = (int)mail->bytes_m;
	msg.qos = mail->qos;
	msg.retained = mail->flag;
	return MQTTAsync_sendMessage(m->handle, (const char *)mail->bytes, &msg, &o);
}
