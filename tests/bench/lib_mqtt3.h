/*
 * The least MQTT 3.1.1 that a plain socket can speak: what any reader and writer of the same broker
 * has to pay. A publisher that writes packets which lie ready, at a rate or as fast as it can, and a
 * subscriber that only counts. One thread each; QoS 0 only; no keep-alive.
 */
#ifndef MQGP_TESTS_BENCH_LIB_MQTT3_H
#define MQGP_TESTS_BENCH_LIB_MQTT3_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

/* Nanoseconds of the monotonic clock. */
int64_t bench_now(void);
void bench_pause(int64_t ns);

/* A connection with its CONNACK read, or -1. Close with close(). */
int mqtt3_connect(uint16_t port, const char *client_id);
bool mqtt3_publish_retained(int fd, struct span topic, struct span payload);

/* Packets that lie ready: one PUBLISH after the other, and where each ends. */
struct packets {
	struct buf bytes;
	size_t *end;
	size_t n, cap;
};
void packets_init(struct packets *p);
void packets_done(struct packets *p);
bool packets_add(struct packets *p, struct span topic, struct span payload);

/* Writes packets on a thread of its own. */
struct publisher {
	const struct packets *packets;
	int fd;
	double per_second; /* 0: as fast as the broker takes them */
	int64_t took_ns;
	bool failed;
	pthread_t thread;
};
bool publisher_start(struct publisher *p, uint16_t port, const struct packets *packets,
    double per_second);
/* Waits for the last byte; false if the broker ended the connection before. */
bool publisher_finish(struct publisher *p);

/* Counts PUBLISH packets, on a thread of its own, until wanted have come or it is told to stop. */
struct counter {
	int fd, stop_fd;
	uint64_t n;
	int64_t first_ns, last_ns; /* arrival of the first and the last */
	pthread_t thread;
};
bool counter_start(struct counter *c, uint16_t port, const char *filter);
/* True when n arrived before the deadline. */
bool counter_wait(struct counter *c, uint64_t n, int64_t deadline_ns);
void counter_finish(struct counter *c);

#endif
