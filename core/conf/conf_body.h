/*
 * Reads and writes a whole body by a field table: the part that confs and halt orders share.
 *
 * The reader judges every line (grammar, unknown key, value, repetition, order, count), then says
 * which keys are missing. Rules that join two fields are the caller's. Pure.
 */
#ifndef MQGP_CORE_CONF_CONF_BODY_H
#define MQGP_CORE_CONF_CONF_BODY_H

#include "core/conf/conf_types.h"

struct conf_schema {
	const char *magic;
	const struct conf_field *field;
	size_t n; /* at most 64 */
	bool allow_x; /* keys that begin with x- */
};

/* What was met, as bits at the index of a field. */
struct conf_seen {
	uint64_t present;
	uint64_t unusable; /* wrong or missing: rules about it cannot be judged */
};

/* Fills into (zeroed by the caller) and errors. MQ_OK, MQ_EFORMAT, or MQ_ENOMEM. */
enum mq_err conf_body_read(const struct conf_schema *schema, struct span body,
    const struct conf_policy *policy, void *into, struct conf_errors *errors,
    struct conf_seen *seen);

#endif
