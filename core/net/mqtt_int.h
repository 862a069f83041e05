/*
 * Inside of the link, for core/net/mqtt*.c only.
 *
 * Three kinds of threads meet here. Callers put mails into a queue; Paho's two threads and the dial
 * thread do the same with what they saw; the link's own thread takes them one by one and is the
 * only one that makes, uses and destroys the Paho handle and touches what stands under "link
 * thread" below. Finished publishes and messages skip it: they go straight to the owner's queues.
 */
#ifndef MQGP_CORE_NET_MQTT_INT_H
#define MQGP_CORE_NET_MQTT_INT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/net/dial.h"
#include "core/net/mqtt.h"
#include "core/net/url.h"

#define MAILS_MAX 65536 /* a command and an answer for each filter and publish that may be open */
#define CONNACK_MS 10000 /* from connecting to CONNACK */
#define GOODBYE_MS 2000 /* for what is under way when the owner stops */
#define STEADY_MS 10000 /* a connection that held this long starts the pauses anew */
#define NO_CODE (-1)	/* no broker gave a reason code */

/* Reason codes we decide by; 3.1.1 has 1..5 and 0x80, MQTT 5 the rest. */
#define CODE_3_VERSION 1
#define CODE_VERSION 0x84
#define CODE_FIRST_FAILURE 0x80

enum mail_kind {
	MAIL_SUBSCRIBE,	  /* bytes: filter, qos */
	MAIL_UNSUBSCRIBE, /* bytes: filter */
	MAIL_PUBLISH,	  /* bytes: topic, NUL, payload */
	MAIL_STOP,
	MAIL_QUIT,
	MAIL_CERTIFICATE, /* bytes: struct tls_facts */
	MAIL_DIALED,	  /* bytes: uri for Paho */
	MAIL_DIAL_FAILED, /* bytes: words */
	MAIL_DIAL_CLOSED, /* bytes: words; flag: alarm */
	MAIL_CONNACK,	  /* code 0: connected; flag: session present; qos: maximum; id: window */
	MAIL_LOST,	  /* code: reason or NO_CODE */
	MAIL_SUBACK,	  /* bytes: filter; code: granted QoS or failure */
	MAIL_GO_ON,	  /* the broker acknowledged something and the backlog may move */
};

/* bytes: n bytes, a NUL, m bytes, a NUL. */
struct mail {
	enum mail_kind kind;
	struct mqtt *m;
	unsigned attempt; /* of the connection it is about */
	int code;
	int qos;
	bool flag;
	bool counted; /* a publish that is outstanding */
	bool in_flight; /* a publish that waits for the broker's acknowledgement */
	struct mail *next; /* in the backlog */
	uint64_t id;
	size_t bytes_n, bytes_m;
	uint8_t bytes[];
};

enum phase {
	PHASE_IDLE,
	PHASE_PAUSE,
	PHASE_DIAL,
	PHASE_CONNECT,
	PHASE_UP,
	PHASE_GOODBYE,
	PHASE_END,
};

struct filter {
	uint8_t *p; /* n bytes and a NUL */
	size_t n;
	uint32_t hash; /* looking among thousands must not compare bytes */
	int qos;	      /* asked for */
	int granted;	      /* NO_CODE: not answered; >= 0x80: denied */
	unsigned denials;     /* since connected */
	int64_t ask_again_ms; /* 0: not planned */
};

struct address {
	struct url url;
	char shown[URL_USER_MAX + URL_HOST_MAX + 24];
	int version; /* 0: not known yet, else what it spoke */
};

struct mqtt {
	/* constant after mqtt_new */
	struct address address[MQTT_URLS_MAX];
	size_t addresses;
	char *user;
	struct secret password;
	char client_id[64];
	enum mqtt_version version;
	struct tls_options tls;
	char *will_topic;
	uint8_t *will_payload;
	size_t will_payload_n;
	int will_qos;
	bool will_retain, has_will;
	int retry_min_ms, retry_max_ms;
	struct mqtt_queues q;
	struct clock clock, real;

	/* any thread */
	struct wakeq *mails;
	pthread_mutex_t lock; /* started */
	bool started;
	pthread_t thread;
	atomic_bool up, want_room, has_backlog, told_to_go_on;
	atomic_uint attempt;
	atomic_size_t out_n, out_bytes, in_flight;
	atomic_int dollar_filters; /* filters that ask for $... topics */
	atomic_ullong received, control_lost, broker_topics, no_memory;

	/* link thread */
	enum phase phase;
	int64_t due_ms;	      /* when the phase acts by itself; 0: never */
	unsigned at;	      /* address in use */
	unsigned rounds;      /* failed passes through the list */
	int speaking;	      /* version of this attempt */
	int64_t up_since_ms;
	int max_qos;
	size_t window; /* publishes with QoS > 0 the broker takes unacknowledged */
	struct mail *backlog, **backlog_end;
	bool quit, relayed;
	struct dial *dial;
	void *handle; /* MQTTAsync */
	struct mq_error why; /* what the dial thread said about the end of this attempt */
	bool alarm;	     /* TLS gave the reason: no other MQTT version helps */
	struct filter *filter;
	size_t filters, filters_cap;
	int64_t ask_again_ms; /* the earliest of the filters'; 0: none */
};

/* mqtt.c */
struct mail *mail_new(struct mqtt *m, enum mail_kind kind, struct span a, struct span b);
void mail_send(struct mqtt *m, struct mail *mail); /* counts it as lost if there is no room */
struct mqtt_event *event_new(struct mqtt *m, enum mqtt_event_kind kind, const char *words,
    struct span filter, const struct tls_facts *cert);
void event_send(struct mqtt *m, struct mqtt_event *ev); /* NULL is counted */
/* Ends an accepted publish: event, room, memory. code 0: done. words NULL: from the code. */
void publish_done(struct mail *mail, int code, const char *words);

/* mqtt_link.c */
void *mqtt_link_thread(void *arg);

/* mqtt_filters.c, link thread */
void filters_add(struct mqtt *m, const struct mail *mail);
void filters_drop(struct mqtt *m, const struct mail *mail);
void filters_answered(struct mqtt *m, const struct mail *mail);
void filters_all(struct mqtt *m);  /* after a connect */
void filters_tick(struct mqtt *m); /* asks again for what is due */

/* mqtt_words.c: a sentence for a reason code; version 5 or 4. */
void mqtt_code_words(char *out, size_t size, int code, int version, const char *user);

/* mqtt_paho.c: the only file that knows MQTTAsync.h. Link thread. 0 or a negative Paho code. */
int paho_connect(struct mqtt *m, const char *uri);
void paho_close(struct mqtt *m); /* DISCONNECT if connected; every open request is answered first */
int paho_subscribe(struct mqtt *m, const struct filter *f);
int paho_unsubscribe(struct mqtt *m, const struct filter *f);
int paho_publish(struct mqtt *m, struct mail *mail); /* 0: the callbacks own mail now */
void paho_setup(void);

#endif
