/*
 * ASCII armor (RFC 4880, 6.2) to binary: gpg hands out keys armored, topics carry them binary
 * (PROTOCOL 4.1: keys and pgp begin with a byte >= 0x80).
 *
 * For what our own gpg wrote: one block, base64 lines, an optional checksum line, which is checked.
 * Pure; bounded by the buffer.
 */
#ifndef MQGP_CORE_TRUST_ARMOR_H
#define MQGP_CORE_TRUST_ARMOR_H

#include "core/base/buf.h"

/* Appends the bytes of the armored block; bytes that are binary already are appended as they are.
 * MQ_EFORMAT: neither. */
enum mq_err armor_open(struct buf *out, struct span armored);

#endif
