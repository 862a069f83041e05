/*
 * The keys of a conf body as one table (PROTOCOL 3.3): name, how often, how a value is read and
 * written, and what it means in words.
 *
 * Parser, printer, diff, editor, `lint` and the manual page come from this table. Pure, constant.
 */
#ifndef MQGP_CORE_CONF_CONF_FIELDS_H
#define MQGP_CORE_CONF_CONF_FIELDS_H

#include "core/conf/conf_types.h"

enum conf_key { /* template order of PROTOCOL 3.3 */
	KEY_URL, KEY_OWN, KEY_TOPIC, KEY_FROM_TOPIC, KEY_PASSWORD_ALG, KEY_NETWORK_SECURITY,
	KEY_ENCRYPTION_ALG, KEY_REVISION, KEY_PREV, KEY_ISSUED, KEY_VALID_FROM, KEY_VALID_UNTIL,
	KEY_OFFER_UNTIL, KEY_KIND, KEY_GATEWAY, KEY_DATA_KEY, KEY_OWNER, KEY_THRESHOLD,
	KEY_RECOVERY, KEY_RECOVERY_THRESHOLD, KEY_RECOVERY_DELAY, KEY_TRANSFER_DELAY, KEY_READER,
	KEY_EPOCH, KEY_EPOCH_KEY_ID, KEY_GRACE, KEY_HEARTBEAT, KEY_MAX_AGE, KEY_MAX_PAYLOAD,
	KEY_LEASE, KEY_ON_EXPIRY,
	CONF_KEYS,
};

#define CONF_DELAY_MAX 1209600 /* 14 d */

extern const struct conf_field conf_fields[CONF_KEYS];

/* The row of a key in a table, or NULL. */
const struct conf_field *conf_field_find(const struct conf_field *table, size_t n, struct span key);
/* The values of f in byte order, each preceded by before and followed by after. */
enum mq_err conf_field_put(const struct conf_field *f, const void *from, const char *before,
    const char *after, struct buf *out);
/* May key have this value, judged alone, with non-ASCII topics allowed? */
bool conf_field_accepts(enum conf_key key, struct span value);

#endif
