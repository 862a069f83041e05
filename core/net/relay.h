/*
 * The relay between a TLS connection and one plain connection of this process on the loopback
 * interface (dial.h says why it exists). Runs on the dial thread. Bounded: two buffers of
 * RELAY_BUFFER bytes.
 */
#ifndef MQGP_CORE_NET_RELAY_H
#define MQGP_CORE_NET_RELAY_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/net/tls.h"

#define RELAY_BUFFER 65536	/* four TLS records: fewer system calls at 50 000 messages/s */
#define RELAY_ACCEPT_MS 5000	/* Paho connects at once */

/* A listening socket on 127.0.0.1, port chosen by the system. */
enum mq_err relay_door(int *fd, uint16_t *port, struct mq_error *e);
/* Takes one connection at the door and copies both ways until either side ends or cancel gets
 * readable. e says how it ended; MQ_EPERM: TLS ended with an alert or error, else MQ_ENET. *plain is
 * the connection taken, or -1: the caller closes it once it told why, since Paho will notice. */
enum mq_err relay_run(struct tls *t, int tls_fd, int door, int cancel, int *plain,
    struct mq_error *e);

#endif
