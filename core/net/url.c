#include "core/net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define PORT_MQTT 1883
#define PORT_MQTTS 8883

static bool
all_of(struct span s, const char *extra)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    (c == 0 || strchr(extra, c) == NULL))
			return false;
	}
	return true;
}

/* Splits s at the first c: what stands before it goes to head, s keeps the rest. */
static bool
cut(struct span *s, uint8_t c, struct span *head)
{
	const uint8_t *at = s->n != 0 ? memchr(s->p, c, s->n) : NULL;

	if (at == NULL)
		return false;
	*head = (struct span){ s->p, (size_t)(at - s->p) };
	*s = (struct span){ at + 1, s->n - head->n - 1 };
	return true;
}

static bool
host_ok(struct span h)
{
	if (h.n == 0 || h.n >= URL_HOST_MAX || !all_of(h, ".-"))
		return false;
	if (strchr(".-", h.p[0]) != NULL || strchr(".-", h.p[h.n - 1]) != NULL)
		return false;
	return memmem(h.p, h.n, "..", 2) == NULL;
}

/* Takes "[v6]" or "host" off s; what is left is "" or ":port". */
static enum mq_err
read_host(struct url *u, struct span *s, struct mq_error *e)
{
	struct span host = *s;
	struct in6_addr ignored;
	const uint8_t *colon;

	if (s->n != 0 && s->p[0] == '[') {
		struct span rest = { s->p + 1, s->n - 1 };

		if (!cut(&rest, ']', &host) || host.n < 2 || host.n > 45 || !all_of(host, ":."))
			return mq_fail(e, MQ_EINVAL, "the address in [ ] is not an IPv6 address");
		*s = rest;
		u->ipv6 = true;
	} else {
		colon = s->n != 0 ? memchr(s->p, ':', s->n) : NULL;
		host.n = colon != NULL ? (size_t)(colon - s->p) : s->n;
		*s = (struct span){ s->p + host.n, s->n - host.n };
		if (!host_ok(host))
			return mq_fail(e, MQ_EINVAL,
			    "the broker's host name must be of a-z, 0-9, '.' and '-'");
	}
	memcpy(u->host, host.p, host.n);
	u->host[host.n] = 0;
	if (u->ipv6 && inet_pton(AF_INET6, u->host, &ignored) != 1)
		return mq_fail(e, MQ_EINVAL, "[%s] is not an IPv6 address", u->host);
	return MQ_OK;
}

enum mq_err
url_read(struct url *out, struct span text, struct mq_error *e)
{
	struct url u = { .port = 0 };
	struct span user, rest;
	uint64_t port;
	enum mq_err r;

	u.tls = span_starts(text, "mqtts://");
	if (!u.tls && !span_starts(text, "mqtt://"))
		return mq_fail(e, MQ_EINVAL,
		    "a broker's address begins with mqtt:// or, for TLS, mqtts://");
	u.port = u.tls ? PORT_MQTTS : PORT_MQTT;
	rest = (struct span){ text.p + (u.tls ? 8 : 7), text.n - (u.tls ? 8 : 7) };
	if (cut(&rest, '@', &user)) {
		if (user.n != 0 && memchr(user.p, ':', user.n) != NULL)
			return mq_fail(e, MQ_EINVAL, "a password does not belong into a broker's "
			    "address: use password-file");
		if (user.n == 0 || user.n >= URL_USER_MAX ||
		    !all_of(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._~-"))
			return mq_fail(e, MQ_EINVAL, "the user in the broker's address must be 1 to "
			    "64 of A-Z, a-z, 0-9 and ._~-: use the keyword user for others");
		memcpy(u.user, user.p, user.n);
	}
	if (rest.n != 0 && memchr(rest.p, '/', rest.n) != NULL)
		return mq_fail(e, MQ_EINVAL, "nothing may follow host and port in a broker's address");
	if ((r = read_host(&u, &rest, e)) != MQ_OK)
		return r;
	if (rest.n != 0) {
		struct span digits = { rest.p + 1, rest.n - 1 };

		if (rest.p[0] != ':' || !text_u64(digits, UINT16_MAX, &port) || port == 0)
			return mq_fail(e, MQ_EINVAL, "the broker's port must be 1 to 65535");
		u.port = (uint16_t)port;
	}
	*out = u;
	return MQ_OK;
}

void
url_put_address(char *out, size_t size, const struct url *u)
{
	(void)snprintf(out, size, u->ipv6 ? "[%s]:%u" : "%s:%u", u->host, u->port); /* cut is fine */
}
