#include "core/net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/net/relay.h"

struct dial {
	pthread_mutex_t lock; /* held while reporting: abandon waits for a report under way */
	bool abandoned;
	dial_report_fn *fn;
	void *arg;
	atomic_int refs; /* the thread's and the caller's */
	int cancel;	 /* eventfd, readable once abandoned */
	struct url url;
	struct tls_options tls;
};

static void
unref(struct dial *d)
{
	if (atomic_fetch_sub(&d->refs, 1) != 1)
		return;
	tls_options_done(&d->tls);
	(void)close(d->cancel); /* an eventfd has nothing to flush */
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

static void
report(struct dial *d, const struct dial_report *r)
{
	(void)pthread_mutex_lock(&d->lock);
	if (!d->abandoned)
		d->fn(d->arg, r);
	(void)pthread_mutex_unlock(&d->lock);
}

static void
report_failure(struct dial *d, const struct mq_error *e)
{
	report(d, &(struct dial_report){ .kind = DIAL_FAILED, .words = e->text });
}

/* Waits for events on fd. MQ_ECANCEL when abandoned, MQ_ETIMEOUT after the deadline. */
static enum mq_err
wait_for(struct dial *d, int fd, short events, int64_t deadline)
{
	struct clock clock = clock_real();
	struct pollfd p[2] = { { .fd = fd, .events = events }, { .fd = d->cancel, .events = POLLIN } };

	for (;;) {
		int64_t left = deadline - clock_mono_ms(&clock);
		int n = left > 0 ? poll(p, 2, (int)left) : 0;

		if (n == 0)
			return MQ_ETIMEOUT;
		if (n < 0 && errno != EINTR)
			return MQ_EIO;
		if (n > 0)
			return p[1].revents != 0 ? MQ_ECANCEL : MQ_OK;
	}
}

static enum mq_err
connect_to(struct dial *d, const struct addrinfo *a, int *out, struct mq_error *e)
{
	struct clock clock = clock_real();
	int fd = socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
	int one = 1, why = 0;
	socklen_t n = sizeof why;
	enum mq_err r = MQ_OK;

	if (fd < 0)
		return mq_fail_errno(e, MQ_EIO, "no socket for %s", d->url.host);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* only a speed-up */
	if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
		why = errno;
		if (why == EINPROGRESS &&
		    (r = wait_for(d, fd, POLLOUT, clock_mono_ms(&clock) + DIAL_CONNECT_MS)) == MQ_OK &&
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) != 0)
			why = errno;
	}
	if (r == MQ_OK && why == 0) {
		*out = fd;
		return MQ_OK;
	}
	(void)close(fd); /* nothing was written */
	if (r == MQ_ETIMEOUT)
		return mq_fail(e, r, "%s does not answer on port %u", d->url.host, d->url.port);
	errno = why;
	return mq_fail_errno(e, r == MQ_OK ? MQ_ENET : r, "cannot connect to %s port %u", d->url.host,
	    d->url.port);
}

/* Tries every address of the host. where gets the one that answered. */
static enum mq_err
reach(struct dial *d, int *fd, struct sockaddr_storage *where, struct mq_error *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *list = NULL;
	enum mq_err r = MQ_ENET;
	char port[8];
	int rc;

	(void)snprintf(port, sizeof port, "%u", d->url.port);
	if ((rc = getaddrinfo(d->url.host, port, &hints, &list)) != 0)
		return mq_fail(e, MQ_ENET, "the name %s cannot be resolved: %s", d->url.host,
		    gai_strerror(rc));
	for (const struct addrinfo *a = list; a != NULL && r != MQ_OK && r != MQ_ECANCEL; a = a->ai_next)
		if ((r = connect_to(d, a, fd, e)) == MQ_OK)
			memcpy(where, a->ai_addr, a->ai_addrlen);
	freeaddrinfo(list);
	return r;
}

static void
put_host(char out[64], const struct sockaddr_storage *a)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	/* inet_ntop cannot fail for the two families getaddrinfo gives */
	if (a->ss_family == AF_INET6) {
		memcpy(&v6, a, sizeof v6);
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
		(void)snprintf(out, 64, "[%s]", text);
	} else {
		memcpy(&v4, a, sizeof v4);
		(void)inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
		(void)snprintf(out, 64, "%s", text);
	}
}

static enum mq_err
shake_hands(struct dial *d, struct tls *t, int fd, struct mq_error *e)
{
	struct clock clock = clock_real();
	int64_t deadline = clock_mono_ms(&clock) + DIAL_TLS_MS;
	enum tls_state s;
	enum mq_err r;

	while ((s = tls_handshake(t, e)) == TLS_WANT_READ || s == TLS_WANT_WRITE) {
		r = wait_for(d, fd, s == TLS_WANT_READ ? POLLIN : POLLOUT, deadline);
		if (r == MQ_ETIMEOUT)
			return mq_fail(e, r, "%s accepts connections but does not answer in TLS",
			    d->url.host);
		if (r != MQ_OK)
			return r;
	}
	if (tls_presented(t) != NULL)
		report(d, &(struct dial_report){ .kind = DIAL_CERTIFICATE, .facts = tls_presented(t) });
	return s == TLS_DONE ? MQ_OK : MQ_ENET;
}

/* The TLS half of the work: handshake, then relay until either side ends. */
static void
serve_tls(struct dial *d, int fd)
{
	struct mq_error e = { .code = MQ_OK };
	struct dial_report ready = { .kind = DIAL_READY, .host = "127.0.0.1" };
	struct dial_report closed = { .kind = DIAL_CLOSED, .words = e.text };
	struct tls *t = NULL;
	int door = -1, plain = -1;

	if (tls_open(&t, &d->tls, d->url.host, fd, &e) != MQ_OK ||
	    shake_hands(d, t, fd, &e) != MQ_OK || relay_door(&door, &ready.port, &e) != MQ_OK) {
		report_failure(d, &e);
	} else {
		report(d, &ready);
		closed.alarm = relay_run(t, fd, door, d->cancel, &plain, &e) == MQ_EPERM;
		report(d, &closed);
		if (plain >= 0)
			(void)close(plain); /* what was sent still arrives */
	}
	tls_free(t);
	if (door >= 0)
		(void)close(door); /* a listening socket has nothing to flush */
}

static void *
dial_thread(void *arg)
{
	struct dial *d = arg;
	struct dial_report ready = { .kind = DIAL_READY, .port = d->url.port };
	struct sockaddr_storage where = { .ss_family = AF_UNSPEC };
	struct mq_error e = { .code = MQ_OK };
	int fd = -1;

	if (reach(d, &fd, &where, &e) != MQ_OK) {
		report_failure(d, &e);
	} else if (d->url.tls) {
		serve_tls(d, fd);
	} else {
		put_host(ready.host, &where);
		report(d, &ready);
	}
	if (fd >= 0)
		(void)close(fd); /* the relay flushed it; without TLS nothing was written */
	unref(d);
	return NULL;
}

static enum mq_err
start_thread(struct dial *d)
{
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t thread;
	int rc;

	if (pthread_attr_init(&attr) != 0)
		return MQ_ENOMEM;
	(void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED); /* a legal constant */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &attr, dial_thread, d);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_attr_destroy(&attr);
	return rc == 0 ? MQ_OK : MQ_ENOMEM;
}

enum mq_err
dial_start(struct dial **out, const struct url *url, const struct tls_options *tls,
    dial_report_fn *fn, void *arg)
{
	struct dial *d = calloc(1, sizeof *d);

	if (d == NULL)
		return MQ_ENOMEM;
	d->url = *url;
	d->fn = fn;
	d->arg = arg;
	atomic_init(&d->refs, 2);
	if (pthread_mutex_init(&d->lock, NULL) != 0) {
		free(d);
		return MQ_ENOMEM;
	}
	d->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->cancel < 0 || tls_options_copy(&d->tls, tls) != MQ_OK || start_thread(d) != MQ_OK) {
		if (d->cancel >= 0)
			(void)close(d->cancel); /* nothing was written to it */
		tls_options_done(&d->tls);
		(void)pthread_mutex_destroy(&d->lock);
		free(d);
		return MQ_ENOMEM;
	}
	*out = d;
	return MQ_OK;
}

void
dial_abandon(struct dial *d)
{
	if (d == NULL)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->abandoned = true;
	(void)pthread_mutex_unlock(&d->lock);
	(void)eventfd_write(d->cancel, 1); /* cannot fail: the counter is 0 */
	unref(d);
}
