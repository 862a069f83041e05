/*
 * Reaching a broker before MQTT is spoken: resolve, connect, and for mqtts the whole of TLS.
 *
 * Paho resolves names while it holds the lock of every client in the process, tells "refused" and
 * "closed" apart by nothing, and never shows the certificate, so a pin could only be checked on a
 * different connection than the one that then carries the password. So a dial thread of our own
 * does all that. For mqtt:// it finds an address that accepts connections, and Paho connects
 * there. For mqtts:// it holds the TLS connection itself, judged in its handshake, and relays it to
 * a port on the loopback interface that takes exactly one connection, and only from a socket of
 * this user: Paho speaks plain MQTT to that.
 *
 * The thread is detached and keeps what it needs: dial_abandon returns at once even while a name
 * server is silent. Reports come on the dial thread, never after dial_abandon returned.
 */
#ifndef MQGP_CORE_NET_DIAL_H
#define MQGP_CORE_NET_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/net/tls.h"
#include "core/net/url.h"

#define DIAL_CONNECT_MS 8000 /* per address of a host; a broker that takes longer is not there */
#define DIAL_TLS_MS 8000     /* for the handshake */

enum dial_kind {
	DIAL_CERTIFICATE, /* facts; before READY or FAILED */
	DIAL_READY,	  /* host and port for Paho */
	DIAL_FAILED,	  /* words; nothing follows */
	DIAL_CLOSED,	  /* after READY, TLS only: the relay ended; words */
};

struct dial_report {
	enum dial_kind kind;
	char host[64]; /* numeric, [v6] in brackets */
	uint16_t port;
	bool alarm; /* CLOSED: TLS said why (an alert), it did not just end */
	const char *words;
	const struct tls_facts *facts;
};

typedef void dial_report_fn(void *arg, const struct dial_report *report);

struct dial;

/* Starts a thread with all signals blocked. tls is copied; fn must not call back into dial. */
enum mq_err dial_start(struct dial **out, const struct url *url, const struct tls_options *tls,
    dial_report_fn *fn, void *arg);
/* Ends relay and connection and forgets d; NULL is fine. */
void dial_abandon(struct dial *d);

#endif
