#include "tests/unit/lib_evil.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKET_MAX 65536
#define LOOK_MS 20 /* how often a wait looks whether the test is over */

/* Waits until fd can be read. False: the test is over. */
static bool
readable(struct evil *e, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (!atomic_load(&e->stop))
		if (poll(&p, 1, LOOK_MS) > 0)
			return true;
	return false;
}

static bool
take(struct evil *e, int fd, uint8_t *p, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t got = readable(e, fd) ? recv(fd, p + at, n - at, 0) : 0;

		if (got <= 0)
			return false;
		at += (size_t)got;
	}
	return true;
}

static bool
take_packet(struct evil *e, int fd, uint8_t *type, uint8_t *p, size_t *n)
{
	uint8_t c;

	*n = 0;
	if (!take(e, fd, type, 1))
		return false;
	for (int shift = 0; shift < 28; shift += 7) {
		if (!take(e, fd, &c, 1))
			return false;
		*n |= (size_t)(c & 127) << shift;
		if ((c & 128) == 0)
			return *n <= PACKET_MAX && take(e, fd, p, *n);
	}
	return false;
}

static void
give(int fd, const uint8_t *p, size_t n)
{
	(void)send(fd, p, n, MSG_NOSIGNAL); /* if the client is gone the next read says so */
}

/* False: hang up. */
static bool
on_connect(struct evil *e, int fd, bool five)
{
	uint8_t ack[] = { 0x20, five ? 3 : 2, 0, 0, 0 };

	atomic_fetch_add(five ? &e->connects5 : &e->connects3, 1);
	if (e->o.never_connacks)
		return true;
	if (five && e->o.closes_on_5)
		return false;
	ack[3] = five ? (uint8_t)e->o.code_for_5 : 0;
	if (five && e->o.code_for_5 == 1)
		ack[1] = 2; /* a 3.1.1 broker answers in 3.1.1 */
	give(fd, ack, (size_t)ack[1] + 2);
	return ack[3] == 0;
}

static void
on_subscribe(struct evil *e, int fd, bool five, const uint8_t *p, size_t n)
{
	bool denied = atomic_fetch_add(&e->subscribes, 1) < e->o.denials;
	uint8_t qos = p[n - 1] & 3;
	uint8_t ack[6] = { 0x90, five ? 4 : 3, p[0], p[1], 0, 0 };

	if (e->o.grants >= 0 && qos > e->o.grants)
		qos = (uint8_t)e->o.grants;
	ack[five ? 5 : 4] = denied ? 0x80 : qos;
	give(fd, ack, (size_t)ack[1] + 2);
	if (!denied && e->o.after_suback_n != 0)
		give(fd, e->o.after_suback, e->o.after_suback_n);
}

static void
on_publish(struct evil *e, int fd, uint8_t type, const uint8_t *p)
{
	size_t topic_n = (size_t)p[0] << 8 | p[1];
	int qos = type >> 1 & 3;
	uint8_t ack[] = { 0x40, 2, p[2 + topic_n], p[3 + topic_n] };

	atomic_fetch_add(&e->publishes, 1);
	if (qos > atomic_load(&e->most_qos))
		atomic_store(&e->most_qos, qos);
	if (qos == 1)
		give(fd, ack, sizeof ack);
}

static void
converse(struct evil *e, int fd)
{
	static const uint8_t pong[] = { 0xd0, 0 };
	uint8_t type, p[PACKET_MAX];
	bool five = false, going = true;
	size_t n;

	while (going && take_packet(e, fd, &type, p, &n)) {
		if (type == 0x10) {
			five = n > 6 && p[6] == 5;
			going = on_connect(e, fd, five);
		} else if (type == 0x82 && n > 4) {
			on_subscribe(e, fd, five, p, n);
		} else if (type >> 4 == 3 && n > 4) {
			on_publish(e, fd, type, p);
		} else if (type == 0xc0) {
			give(fd, pong, sizeof pong);
		}
	}
}

static void *
serve(void *arg)
{
	struct evil *e = arg;

	while (readable(e, e->fd)) {
		int fd = accept(e->fd, NULL, NULL);

		if (fd < 0)
			continue;
		converse(e, fd);
		(void)close(fd);
	}
	return NULL;
}

bool
evil_start(struct evil *e, const struct evil_options *o)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;

	memset(e, 0, sizeof *e);
	e->o = *o;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	e->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (e->fd < 0 || bind(e->fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(e->fd, 8) != 0 ||
	    getsockname(e->fd, (struct sockaddr *)&a, &n) != 0)
		return false;
	(void)snprintf(e->url, sizeof e->url, "mqtt://127.0.0.1:%u", ntohs(a.sin_port));
	return pthread_create(&e->thread, NULL, serve, e) == 0;
}

void
evil_stop(struct evil *e)
{
	atomic_store(&e->stop, true);
	(void)pthread_join(e->thread, NULL);
	(void)close(e->fd);
}
