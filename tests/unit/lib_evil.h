/*
 * A broker on 127.0.0.1 that does what real ones should not: closes on MQTT 5, denies filters,
 * grants less than asked, sends bytes of the test's choice. One connection at a time, on a thread.
 */
#ifndef MQGP_TESTS_UNIT_LIB_EVIL_H
#define MQGP_TESTS_UNIT_LIB_EVIL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evil_options {
	bool closes_on_5;    /* no CONNACK for MQTT 5, as RabbitMQ 3.10 */
	int code_for_5;	     /* CONNACK code for MQTT 5 (NATS: 1); 0: accept */
	int denials;	     /* so many SUBSCRIBEs are answered 0x80 first */
	int grants;	     /* the most QoS it grants; -1: nothing is limited */
	bool never_connacks; /* silence */
	const uint8_t *after_suback; /* raw bytes sent behind every SUBACK that grants */
	size_t after_suback_n;
};

struct evil {
	struct evil_options o;
	char url[64];
	int fd;
	pthread_t thread;
	atomic_bool stop;
	/* what it saw */
	atomic_int connects5, connects3, subscribes, publishes, most_qos;
};

bool evil_start(struct evil *e, const struct evil_options *o);
void evil_stop(struct evil *e);

#endif
