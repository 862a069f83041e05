/*
 * Broker addresses: mqtt://[user@]host[:port] and mqtts://..., the grammar of a conf's url
 * (PROTOCOL 3.3), so that what works on the command line can stand in a conf. Pure.
 */
#ifndef MQGP_CORE_NET_URL_H
#define MQGP_CORE_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define URL_HOST_MAX 254 /* 253 and a NUL */
#define URL_USER_MAX 65

struct url {
	bool tls;
	char user[URL_USER_MAX]; /* "" if there is none */
	char host[URL_HOST_MAX]; /* without brackets */
	bool ipv6;
	uint16_t port;
};

/* A password in the address, a path or an unknown scheme is an error with a sentence. */
enum mq_err url_read(struct url *out, struct span text, struct mq_error *e);
/* "host:port" or "[v6]:port". */
void url_put_address(char *out, size_t size, const struct url *u);

#endif
