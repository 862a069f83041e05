/*
 * One link to a broker, kept alive: connects to the first of 1..8 addresses that answers, MQTT 5
 * first and 3.1.1 on a new handle where 5 is refused, subscribes again after every connect, and
 * tries again after a loss with growing, jittered pauses.
 *
 * No function waits for the network. What happens arrives on queues the owner gave: messages on
 * data and control, everything about the link on events. All functions may be called from any
 * thread; mqtt_free from none of the queues' producers. Each queue has one consumer, the owner, who
 * frees what it takes. Bounded: outstanding publishes (MQTT_OUT_MAX, MQTT_OUT_BYTES), filters
 * (MQTT_FILTERS_MAX), and the queues by their makers.
 */
#ifndef MQGP_CORE_NET_MQTT_H
#define MQGP_CORE_NET_MQTT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/wakeq.h"
#include "core/net/tls.h"
#include "core/trust/secret.h"

#define MQTT_URLS_MAX 8		  /* addresses of one profile */
#define MQTT_FILTERS_MAX 16384	  /* about 2000 trees with their control topics */
#define MQTT_OUT_MAX 4096	  /* publishes accepted and not yet finished */
#define MQTT_OUT_BYTES (16U << 20) /* the same in bytes */
#define MQTT_TOPIC_MAX 65535	  /* the length field of the protocol */
#define MQTT_KEEPALIVE 10	  /* seconds; a silent death is noticed after about twice that */

struct mqtt;

/* A message as it arrived. One allocation: free() it. Bytes are the broker's word, untrusted; the
 * topic may hold NUL and invalid UTF-8. */
struct mqtt_message {
	uint8_t *topic; /* topic_n bytes and a NUL */
	size_t topic_n;
	uint8_t *payload; /* n bytes and a NUL */
	size_t n;
	uint8_t qos;
	bool retained; /* a stored copy, served because we subscribed */
	bool dup;
	int64_t wall_ms, mono_ms; /* arrival */
};

enum mqtt_event_kind {
	MQTT_EVENT_CONNECTING,	/* words: the address */
	MQTT_EVENT_CERTIFICATE, /* cert; sent for every TLS handshake, refused ones too */
	MQTT_EVENT_CONNECTED,	/* version, session_present, max_qos */
	MQTT_EVENT_REFUSED,	/* an attempt failed: code, words; another one follows by itself */
	MQTT_EVENT_LOST,	/* the connection ended: code, words */
	MQTT_EVENT_SUBSCRIBED,	/* filter, qos granted */
	MQTT_EVENT_DENIED,	/* filter, code, words; asked again by itself later */
	MQTT_EVENT_PUBLISHED,	/* id: PUBACK, or handed to the socket with QoS 0 */
	MQTT_EVENT_UNPUBLISHED, /* id, code, words: refused, or the link ended first: fate unknown */
	MQTT_EVENT_ROOM,	/* a publish was refused with MQ_EAGAIN; there is room again */
	MQTT_EVENT_STOPPED,	/* the last event after mqtt_stop */
};

/* One allocation: free() it. Pointers lead into it. */
struct mqtt_event {
	enum mqtt_event_kind kind;
	int64_t wall_ms, mono_ms;
	unsigned url;	     /* which address of the list */
	int version;	     /* 5 or 4 (3.1.1) */
	bool session_present;
	uint8_t qos;	     /* SUBSCRIBED: granted; CONNECTED: the most a publish may use */
	int code;	     /* MQTT reason code, or negative where no broker gave one */
	uint64_t id;	     /* of the publish */
	int64_t retry_ms;    /* REFUSED, LOST: pause before the next attempt; 0: at once */
	struct span filter;
	const char *words;   /* a sentence, safe to show; never NULL */
	const struct tls_facts *cert; /* CERTIFICATE, else NULL */
};

struct mqtt_queues {
	struct wakeq *data;    /* struct mqtt_message; evicts the oldest */
	struct wakeq *control; /* topics with a level mqgp.conf or mqgp_conf; NULL: data takes them */
	struct wakeq *events;  /* struct mqtt_event; must hold MQTT_OUT_MAX and some */
};

enum mqtt_version { MQTT_VERSION_AUTO, MQTT_VERSION_5, MQTT_VERSION_3 };

/* Everything is copied by mqtt_new; the queues are borrowed and must outlive the link. */
struct mqtt_options {
	const char *const *urls; /* mqtt://[user@]host[:port] or mqtts://..., tried in order */
	size_t urls_n;
	const char *user;	       /* NULL: the url's user, if any */
	const struct secret *password; /* NULL: none */
	const char *client_id;	       /* NULL: mqgp-<16 hex>, random */
	enum mqtt_version version;
	struct tls_options tls;	       /* for mqtts addresses */
	struct span will_topic;	       /* n 0: no will */
	struct span will_payload;
	int will_qos;
	bool will_retain;
	int retry_min_ms, retry_max_ms; /* 0: 1000 and 60000 */
	struct mqtt_queues q;
	struct clock clock; /* stamps arrivals; waiting always uses the real one */
};

struct mqtt_filter {
	struct span filter;
	int qos;
};

struct mqtt_counts {
	uint64_t received;	/* all messages that arrived */
	uint64_t control_lost;	/* refused by a full control queue: subscribe again */
	uint64_t broker_topics; /* $... topics nobody asked for, dropped */
	uint64_t no_memory;	/* messages or events lost for want of memory or room */
};

/* Checks and copies the options; MQ_EINVAL with a sentence for a bad address. Connects nothing. */
enum mq_err mqtt_new(struct mqtt **out, const struct mqtt_options *o, struct mq_error *e);
/* Ends the link, waits for its thread and frees. After mqtt_stop it waits for the orderly end, else
 * about a tenth of a second. Nothing is pushed to the queues after it returned. */
void mqtt_free(struct mqtt *m);
enum mq_err mqtt_start(struct mqtt *m, struct mq_error *e);
/* Asks for an orderly end: what was accepted for publishing goes out first, within two seconds;
 * then DISCONNECT (the will stays unsent) and MQTT_EVENT_STOPPED. */
enum mq_err mqtt_stop(struct mqtt *m);
/* Adds filters to those kept subscribed (a known one takes the new QoS and is asked for again,
 * which makes the broker send its retained messages). MQ_EINVAL: not a filter; MQ_ELIMIT. */
enum mq_err mqtt_subscribe(struct mqtt *m, const struct mqtt_filter *f, size_t n);
enum mq_err mqtt_unsubscribe(struct mqtt *m, const struct span *filters, size_t n);
/* Hands a message to the link. MQ_ENET while not connected (nothing is queued for later: what must
 * not be lost is the owner's journal), MQ_EAGAIN while too much is outstanding (MQTT_EVENT_ROOM
 * tells when to go on), MQ_EINVAL for a topic that cannot be published to. For every accepted
 * publish with id != 0 exactly one PUBLISHED or UNPUBLISHED follows. */
enum mq_err mqtt_publish(struct mqtt *m, struct span topic, struct span payload, int qos,
    bool retain, uint64_t id);
bool mqtt_connected(struct mqtt *m);
struct mqtt_counts mqtt_counts(struct mqtt *m);
/* "connecting", "connected", ... as in watch --json. */
const char *mqtt_event_name(enum mqtt_event_kind k);
/* The URL with its user and default port spelled out, as events and screens show it. */
const char *mqtt_url_shown(struct mqtt *m, unsigned url);

/* True if a level of topic is mqgp.conf or mqgp_conf: such messages are never evicted. */
bool mqtt_is_control(struct span topic);
/* The pause before attempt n (0, 1, 2 ...): min doubled n times, at most max, spread by
 * random/UINT32_MAX over 75..125 % so that many clients do not return at once. */
int64_t mqtt_pause_ms(unsigned n, int min_ms, int max_ms, uint32_t random);

#endif
