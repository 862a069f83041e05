#include "tests/bench/lib_mqtt3.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS 2000000   /* a paced publisher writes every 2 ms what is due */
#define WRITE_MAX (64u << 10)
#define READ_MAX (64u << 10)
#define PACKETS_MAX ((size_t)1 << 30)

int64_t
bench_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		exit(3);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void
bench_pause(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	(void)nanosleep(&t, NULL); /* shorter is fine: callers look again */
}

/* ---- packets */

static void
put_length(struct buf *b, size_t n)
{
	do {
		(void)buf_u8(b, (uint8_t)((n & 127) | (n > 127 ? 128 : 0)));
		n >>= 7;
	} while (n != 0);
}

static void
put_string(struct buf *b, struct span s)
{
	(void)buf_u16(b, (uint16_t)s.n);
	(void)buf_put(b, s.p, s.n);
}

static void
put_publish(struct buf *b, struct span topic, struct span payload, bool retain)
{
	(void)buf_u8(b, retain ? 0x31 : 0x30);
	put_length(b, 2 + topic.n + payload.n);
	put_string(b, topic);
	(void)buf_put(b, payload.p, payload.n);
}

static bool
write_all(int fd, const uint8_t *p, size_t n)
{
	while (n != 0) {
		ssize_t put = send(fd, p, n, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return true;
}

static bool
read_all(int fd, uint8_t *p, size_t n)
{
	while (n != 0) {
		ssize_t got = recv(fd, p, n, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		n -= (size_t)got;
	}
	return true;
}

static bool
send_buf(int fd, struct buf *b)
{
	bool ok = b->err == MQ_OK && write_all(fd, b->p, b->n);

	buf_done(b);
	return ok;
}

int
mqtt3_connect(uint16_t port, const char *client_id)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	struct span id = span_of(client_id);
	uint8_t answer[4];
	struct buf b;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	buf_init(&b, 256);
	(void)buf_u8(&b, 0x10);
	put_length(&b, 10 + 2 + id.n);
	put_string(&b, span_of("MQTT"));
	(void)buf_put(&b, "\4\2\0\0", 4); /* 3.1.1, clean session, no keep-alive */
	put_string(&b, id);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) != 0 || !send_buf(fd, &b) ||
	    !read_all(fd, answer, sizeof answer) || answer[0] != 0x20 || answer[3] != 0) {
		buf_done(&b);
		if (fd >= 0)
			(void)close(fd); /* of no use */
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* only a speed-up */
	return fd;
}

bool
mqtt3_publish_retained(int fd, struct span topic, struct span payload)
{
	struct buf b;

	buf_init(&b, PACKETS_MAX);
	put_publish(&b, topic, payload, true);
	return send_buf(fd, &b);
}

static bool
subscribe(int fd, const char *filter)
{
	struct span f = span_of(filter);
	uint8_t answer[5];
	struct buf b;

	buf_init(&b, 1024);
	(void)buf_u8(&b, 0x82);
	put_length(&b, 2 + 2 + f.n + 1);
	(void)buf_u16(&b, 1);
	put_string(&b, f);
	(void)buf_u8(&b, 0);
	return send_buf(fd, &b) && read_all(fd, answer, sizeof answer) && answer[0] == 0x90 &&
	    answer[4] == 0;
}

void
packets_init(struct packets *p)
{
	memset(p, 0, sizeof *p);
	buf_init(&p->bytes, PACKETS_MAX);
}

void
packets_done(struct packets *p)
{
	buf_done(&p->bytes);
	free(p->end);
	memset(p, 0, sizeof *p);
}

bool
packets_add(struct packets *p, struct span topic, struct span payload)
{
	if (p->n == p->cap) {
		size_t cap = p->cap != 0 ? 2 * p->cap : 1024;
		size_t *grown = realloc(p->end, cap * sizeof *grown);

		if (grown == NULL)
			return false;
		p->end = grown;
		p->cap = cap;
	}
	put_publish(&p->bytes, topic, payload, false);
	p->end[p->n++] = p->bytes.n;
	return p->bytes.err == MQ_OK;
}

/* ---- publisher */

/* The number of the first packet that is not due yet, at most as much as one write takes. */
static size_t
due(const struct publisher *p, size_t at, int64_t since_ns)
{
	const size_t *end = p->packets->end;
	size_t start = at != 0 ? end[at - 1] : 0, to = p->packets->n;

	if (p->per_second > 0 && p->per_second * (double)since_ns / 1e9 < (double)to)
		to = (size_t)(p->per_second * (double)since_ns / 1e9);
	while (at < to && end[at] - start <= WRITE_MAX)
		at++;
	return at;
}

static void *
publish_main(void *arg)
{
	struct publisher *p = arg;
	const struct packets *all = p->packets;
	int64_t start = bench_now();
	size_t at = 0;

	while (at < all->n && !p->failed) {
		size_t from = at != 0 ? all->end[at - 1] : 0, to = due(p, at, bench_now() - start);

		if (to == at) {
			bench_pause(SLICE_NS);
			continue;
		}
		p->failed = !write_all(p->fd, all->bytes.p + from, all->end[to - 1] - from);
		at = to;
	}
	p->took_ns = bench_now() - start;
	return NULL;
}

bool
publisher_start(struct publisher *p, uint16_t port, const struct packets *packets,
    double per_second)
{
	*p = (struct publisher){ .packets = packets, .per_second = per_second };
	if ((p->fd = mqtt3_connect(port, "bench-publisher")) < 0)
		return false;
	if (pthread_create(&p->thread, NULL, publish_main, p) == 0)
		return true;
	(void)close(p->fd);
	return false;
}

bool
publisher_finish(struct publisher *p)
{
	(void)pthread_join(p->thread, NULL);
	(void)close(p->fd);
	return !p->failed;
}

/* ---- counter */

/* A packet is its first byte, a length in 7-bit digits, and that many bytes. */
struct cutter {
	size_t left, length;
	unsigned shift;
	bool in_length;
	uint8_t kind;
};

static uint64_t
cut(struct cutter *c, const uint8_t *p, size_t n)
{
	uint64_t publishes = 0;

	while (n != 0) {
		if (c->left != 0) {
			size_t skip = c->left < n ? c->left : n;

			p += skip;
			n -= skip;
			c->left -= skip;
			publishes += c->left == 0 && (c->kind & 0xf0) == 0x30;
			continue;
		}
		if (!c->in_length) {
			*c = (struct cutter){ .kind = *p, .in_length = true };
		} else {
			c->length |= (size_t)(*p & 127) << c->shift;
			c->shift += 7;
			c->in_length = (*p & 128) != 0;
			if (!c->in_length)
				c->left = c->length;
		}
		p++;
		n--;
	}
	return publishes;
}

static void *
count_main(void *arg)
{
	struct counter *c = arg;
	struct pollfd fd[2] = { { c->fd, POLLIN, 0 }, { c->stop_fd, POLLIN, 0 } };
	static _Thread_local uint8_t bytes[READ_MAX];
	struct cutter cutter = { 0 };

	while (poll(fd, 2, -1) >= 0 || errno == EINTR) {
		ssize_t got;
		uint64_t n;

		if (fd[1].revents != 0)
			break;
		if ((got = recv(c->fd, bytes, sizeof bytes, 0)) <= 0)
			break;
		if ((n = cut(&cutter, bytes, (size_t)got)) == 0)
			continue;
		c->last_ns = bench_now();
		if (c->first_ns == 0)
			c->first_ns = c->last_ns;
		(void)__atomic_add_fetch(&c->n, n, __ATOMIC_RELEASE);
	}
	return NULL;
}

bool
counter_start(struct counter *c, uint16_t port, const char *filter)
{
	memset(c, 0, sizeof *c);
	c->fd = mqtt3_connect(port, "bench-counter");
	c->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (c->fd >= 0 && c->stop_fd >= 0 && subscribe(c->fd, filter) &&
	    pthread_create(&c->thread, NULL, count_main, c) == 0)
		return true;
	if (c->fd >= 0)
		(void)close(c->fd);
	if (c->stop_fd >= 0)
		(void)close(c->stop_fd);
	return false;
}

bool
counter_wait(struct counter *c, uint64_t n, int64_t deadline_ns)
{
	while (__atomic_load_n(&c->n, __ATOMIC_ACQUIRE) < n) {
		if (bench_now() > deadline_ns)
			return false;
		bench_pause(SLICE_NS);
	}
	return true;
}

void
counter_finish(struct counter *c)
{
	(void)eventfd_write(c->stop_fd, 1); /* cannot fail: the counter was 0 */
	(void)pthread_join(c->thread, NULL);
	(void)close(c->fd);
	(void)close(c->stop_fd);
}
