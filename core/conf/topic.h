/*
 * Topic names: the strict grammar of confs (PROTOCOL 3.3) and the check of delivered names (A27).
 *
 * A decoded topic is bytes with a length, at most TOPIC_CONF_MAX in a conf. `.` and `..` are legal
 * levels: never build a file name from a topic, use topic_id(). Pure.
 */
#ifndef MQGP_CORE_CONF_TOPIC_H
#define MQGP_CORE_CONF_TOPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

#define TOPIC_CONF_MAX 512 /* PROTOCOL 3.12 */
#define TOPIC_CONF_LEVELS 32

/* Decodes a conf's topic value (percent escapes) into out (TOPIC_CONF_MAX bytes); false: not one. */
bool topic_decode(struct span value, bool allow_non_ascii, uint8_t out[TOPIC_CONF_MAX], size_t *n);
/* The canonical percent form, appended; the inverse of topic_decode. */
enum mq_err topic_encode(struct buf *out, struct span topic);
/* May this decoded name stand in a conf? */
bool topic_conf_ok(struct span topic, bool allow_non_ascii);
/* P0: may a delivered name be looked at at all? Empty, NUL, control, + #, U+FEFF, bad UTF-8: no. */
bool topic_delivered_ok(struct span topic);
/* True if topic is tree or lies below it. */
bool topic_below(struct span topic, struct span tree);
/* MQTT filter matching with + and #; $-topics only match filters that begin with $. */
bool topic_matches(struct span filter, struct span topic);
bool topic_filter_ok(struct span filter);
/* First 32 hex of H(topic) and NUL: the name of its folders. */
void topic_id(char out[33], struct span topic);

/* What lies below the control level of a tree (3.2). */
enum topic_slot {
	SLOT_NONE = 0, /* data */
	SLOT_INFO,     /* T/mqgp.conf itself */
	SLOT_SECURE,
	SLOT_NEXT,
	SLOT_LOG,  /* number = revision */
	SLOT_KEYS, /* number = epoch */
	SLOT_CA,
	SLOT_RECEIPT,
	SLOT_STATUS,
	SLOT_HALT,
	SLOT_PGP, /* fpr */
	SLOT_PING,
	SLOT_OTHER, /* below the control level, unknown name */
};
struct topic_parts {
	enum topic_slot slot;
	struct span tree;  /* the bytes before /mqgp.conf; meaningless for SLOT_NONE */
	uint32_t number;   /* LOG, KEYS */
	char fpr[41];	   /* PGP */
};
/* Splits a delivered name at its first control level, which is "mqgp.conf" or "mqgp_conf". */
struct topic_parts topic_split(struct span topic);
const char *topic_slot_name(enum topic_slot s); /* "secure", "next", ... as in watch --json */
/* Appends TREE/LEVEL/slot[/number or fpr]. level is "mqgp.conf" or "mqgp_conf". */
enum mq_err topic_put_slot(struct buf *out, struct span tree, const char *level,
    enum topic_slot slot, uint32_t number, const char *fpr);

#endif
