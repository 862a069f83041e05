/*
 * The strict reader in front of `gpg --decrypt`: session keys for public keys, then one encrypted
 * container (PROTOCOL 3.4).
 *
 * gpg prints literal, compressed and inline-signed input happily and asks for a passphrase where a
 * message allows one: such bytes never reach it. What is inside the container gpg judges. Pure.
 */
#ifndef MQGP_CORE_TRUST_MSGWALK_H
#define MQGP_CORE_TRUST_MSGWALK_H

#include "core/base/buf.h"

#define MSGWALK_RECIPIENTS_MAX 256 /* gateway, owners, recovery, readers of two confs, doubled */

/* NULL when well formed (*recipients = session key packets), else a static sentence. */
const char *msgwalk_read(struct span message, size_t *recipients);

#endif
