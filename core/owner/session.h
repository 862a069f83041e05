/*
 * A conversation with the broker about one tree: a link, a desk and a follower of its own.
 *
 * For work that has a beginning and an end (the owner's tools), not for watching: calls wait, each
 * no longer than it is told to, and return MQ_ECANCEL as soon as the cancel descriptor is readable.
 * A lost link is taken up again by itself; a publish counts only with the broker's PUBACK. Belongs
 * to one thread. Bounded: one tree, SESSION_CERTS_MAX certificates.
 */
#ifndef MQGP_CORE_OWNER_SESSION_H
#define MQGP_CORE_OWNER_SESSION_H

#include "core/config/config.h"
#include "core/flow/follow.h"
#include "core/trust/keystore.h"
#include "core/trust/pins.h"

#define SESSION_CERTS_MAX 128	 /* owners, recovery keys, readers, gateway */
#define SESSION_CONNECT_MS 15000 /* name, TCP, TLS, CONNECT of several addresses */
#define SESSION_QUIET_MS 1000	 /* retained messages arrive at once; this long nothing: all is there */
#define SESSION_STILL_MS 300	 /* the same later on: nothing retained is on its way any more */
#define SESSION_SETTLE_MS 15000
#define SESSION_PUBLISH_MS 30000 /* a broker that restarts needs a while */

struct session;

struct session_options {
	const struct profile *profile; /* borrowed */
	const char *state_dir;	/* pins, certificates and bundles of before; NULL: a stranger's view */
	const char *run_dir;	/* short 0700 folder for the verify home */
	const struct clock *clock; /* borrowed */
	struct span tree;	/* copied */
	int cancel_fd;		/* -1: none */
	bool patient;		/* a broker that is not there may be restarting: try again */
	bool decrypt;		/* with the person's keys, without asking for passphrases */
};

/* Opens state and starts to connect. */
enum mq_err session_open(struct session **out, const struct session_options *o, struct mq_error *e);
void session_close(struct session *s);

/* ---- waiting */

typedef bool session_test(void *arg, struct session *s);
/* Works until test is true: MQ_OK. MQ_ETIMEOUT, MQ_ECANCEL, or MQ_ENET with the broker's words when
 * the first connection failed on every address or a subscription is denied. */
enum mq_err session_until(struct session *s, session_test *test, void *arg, int timeout_ms,
    struct mq_error *e);
/* Connected, every filter granted, and nothing new for SESSION_QUIET_MS. */
enum mq_err session_settle(struct session *s, struct mq_error *e);

/* ---- acting */

/* Publishes retained with QoS 1 and waits for the PUBACK, over reconnects if need be. */
enum mq_err session_publish(struct session *s, enum topic_slot slot, uint32_t number,
    const char *fpr, struct span payload, struct mq_error *e);
/* Asks for a certificate on pgp/<FPR>, besides those the tree itself wants. */
void session_want_key(struct session *s, const struct fpr *f);
/* The last payload seen on pgp/<FPR>: n == 0 if there is none. Not judged. */
struct span session_cert(const struct session *s, const struct fpr *f);
/* Gives the verify child a certificate that lies at hand, and keeps it. MQ_EFORMAT: not that key. */
enum mq_err session_import(struct session *s, const struct fpr *f, struct span cert,
    struct mq_error *e);

/* ---- what it knows */

struct follow *session_follow(struct session *s);
struct desk *session_desk(struct session *s);
struct pins *session_pins(struct session *s);	      /* NULL: a stranger */
struct keystore *session_keys(struct session *s);     /* NULL: a stranger */
const struct keytable *session_keytable(struct session *s);
const char *session_broker(const struct session *s); /* the address in use, for people */
/* The newest judgement of a slot (number: log, keys). False: nothing came or it is not judged. */
struct session_verdict {
	enum verdict verdict;
	char reason[96], partial[24];
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
};
bool session_verdict(const struct session *s, enum topic_slot slot, uint32_t number,
    struct session_verdict *out);
/* The last payload of a slot, borrowed until the next wait; false: none came. */
bool session_payload(const struct session *s, enum topic_slot slot, uint32_t number,
    struct span *payload);

#endif
