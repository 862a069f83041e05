#include "core/net/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"

/* Bytes on their way in one direction: at..n are still to be written. */
struct lane {
	uint8_t p[RELAY_BUFFER];
	size_t at, n;
	bool ended; /* no more will be read */
};

struct relay {
	struct tls *t;
	int tls_fd, fd;
	short tls_wants, fd_wants; /* what the next poll is for */
	struct lane in, out;	   /* from and to the broker */
	bool moved;		   /* bytes moved in this round: try again before waiting */
	struct mq_error *e;
};

enum mq_err
relay_door(int *fd, uint16_t *port, struct mq_error *e)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof a) != 0 || listen(s, 1) != 0 ||
	    getsockname(s, (struct sockaddr *)&a, &n) != 0) {
		(void)mq_fail_errno(e, MQ_EIO, "no port on 127.0.0.1 for the TLS relay");
		if (s >= 0)
			(void)close(s); /* never used */
		return MQ_EIO;
	}
	*fd = s;
	*port = ntohs(a.sin_port);
	return MQ_OK;
}

/* The fields of a line of /proc/net/tcp that are asked for: local address and owner. */
static bool
line_is(char *line, const char *local, uid_t uid)
{
	char *save = NULL, *word = strtok_r(line, " \t\n", &save);
	uint64_t owner;

	for (int field = 0; word != NULL; field++, word = strtok_r(NULL, " \t\n", &save)) {
		if (field == 1 && strcmp(word, local) != 0)
			return false;
		if (field == 7)
			return text_u64(span_of(word), UINT32_MAX, &owner) && owner == uid;
	}
	return false;
}

/*
 * Is the other end of this loopback connection a socket of our own user? Anybody on this machine
 * may connect to the door before Paho does, and would talk to the broker with our client
 * certificate. TCP has no SO_PEERCRED; the kernel's table of sockets names the owner. If it cannot
 * be read nobody is let in.
 */
static bool
peer_is_ours(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	char local[32], line[512];
	bool found = false;
	FILE *table;

	if (getpeername(fd, (struct sockaddr *)&a, &n) != 0 || a.sin_family != AF_INET ||
	    (table = fopen("/proc/self/net/tcp", "re")) == NULL)
		return false;
	(void)snprintf(local, sizeof local, "%08X:%04X", a.sin_addr.s_addr, ntohs(a.sin_port));
	while (!found && fgets(line, sizeof line, table) != NULL)
		found = line_is(line, local, geteuid());
	(void)fclose(table); /* only read */
	return found;
}

static enum mq_err
let_in(struct relay *r, int door, int cancel)
{
	struct clock clock = clock_real();
	int64_t deadline = clock_mono_ms(&clock) + RELAY_ACCEPT_MS;
	struct pollfd p[2] = { { .fd = door, .events = POLLIN }, { .fd = cancel, .events = POLLIN } };
	int one = 1;

	while (r->fd < 0) {
		int64_t left = deadline - clock_mono_ms(&clock);

		if (left <= 0)
			return mq_fail(r->e, MQ_ETIMEOUT, "nobody came to the TLS relay");
		if (poll(p, 2, (int)left) < 0 && errno != EINTR)
			return mq_fail_errno(r->e, MQ_EIO, "poll failed");
		if (p[1].revents != 0)
			return mq_fail(r->e, MQ_ECANCEL, "cancelled");
		r->fd = accept4(door, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (r->fd < 0 && errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			return mq_fail_errno(r->e, MQ_EIO, "the TLS relay takes no connection");
		if (r->fd >= 0 && !peer_is_ours(r->fd)) {
			(void)close(r->fd); /* a stranger's */
			r->fd = -1;
		}
	}
	(void)setsockopt(r->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* only a speed-up */
	return MQ_OK;
}

/* Remembers what TLS waits for. False: it ended, e says how. */
static bool
note_tls(struct relay *r, enum tls_state s)
{
	switch (s) {
	case TLS_DONE:
		return true;
	case TLS_WANT_READ:
		r->tls_wants |= POLLIN;
		return true;
	case TLS_WANT_WRITE:
		r->tls_wants |= POLLOUT;
		return true;
	case TLS_CLOSED:
		return false;
	case TLS_FAILED:
		r->e->code = MQ_EPERM;
		return false;
	}
	return false;
}

/* Each pump moves what it can without waiting. False: the relay is over. */
static bool
pump_in(struct relay *r)
{
	struct lane *l = &r->in;
	size_t got;

	if (l->at == l->n && !l->ended) {
		enum tls_state s = tls_read(r->t, l->p, sizeof l->p, &got, r->e);

		l->at = 0;
		l->n = got;
		r->moved |= got > 0;
		l->ended = !note_tls(r, s);
	}
	while (l->at < l->n) {
		ssize_t put = send(r->fd, l->p + l->at, l->n - l->at, MSG_NOSIGNAL);

		if (put < 0 && (errno == EAGAIN || errno == EINTR)) {
			r->fd_wants |= POLLOUT;
			return true;
		}
		if (put < 0)
			return false;
		l->at += (size_t)put;
	}
	return !l->ended;
}

static bool
pump_out(struct relay *r)
{
	struct lane *l = &r->out;
	size_t done;

	if (l->at == l->n && !l->ended) {
		ssize_t got = recv(r->fd, l->p, sizeof l->p, 0);

		if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
			r->fd_wants |= POLLIN;
			return true;
		}
		l->at = 0;
		l->n = got > 0 ? (size_t)got : 0;
		r->moved |= got > 0;
		l->ended = got <= 0;
		if (l->ended)
			(void)mq_fail(r->e, MQ_ENET, "the connection was ended from here");
	}
	while (l->at < l->n) {
		enum tls_state s = tls_write(r->t, l->p + l->at, l->n - l->at, &done, r->e);

		if (s != TLS_DONE)
			return note_tls(r, s);
		l->at += done;
	}
	return !l->ended;
}

static enum mq_err
copy_both_ways(struct relay *r, int cancel)
{
	for (;;) {
		struct pollfd p[3];

		r->tls_wants = r->fd_wants = 0;
		r->moved = false;
		r->e->code = MQ_ENET;
		if (!pump_in(r) || !pump_out(r))
			return r->e->code;
		/* A side that nothing is wanted from is left out, or its hang-up would end every
		 * wait at once while the other side is slow. */
		p[0] = (struct pollfd){ r->tls_wants != 0 ? r->tls_fd : -1, r->tls_wants, 0 };
		p[1] = (struct pollfd){ r->fd_wants != 0 ? r->fd : -1, r->fd_wants, 0 };
		p[2] = (struct pollfd){ cancel, POLLIN, 0 };
		if (poll(p, 3, r->moved ? 0 : -1) < 0 && errno != EINTR)
			return mq_fail_errno(r->e, MQ_EIO, "poll failed");
		if (p[2].revents != 0)
			return mq_fail(r->e, MQ_ECANCEL, "cancelled");
	}
}

enum mq_err
relay_run(struct tls *t, int tls_fd, int door, int cancel, int *plain, struct mq_error *e)
{
	struct relay *r = calloc(1, sizeof *r);
	enum mq_err result;

	*plain = -1;
	if (r == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the TLS relay");
	r->t = t;
	r->tls_fd = tls_fd;
	r->fd = -1;
	r->e = e;
	if ((result = let_in(r, door, cancel)) == MQ_OK) {
		result = copy_both_ways(r, cancel);
		tls_goodbye(t);
	}
	*plain = r->fd;
	free(r);
	return result;
}
