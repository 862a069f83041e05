/*
 * An evidence file: one message as it was delivered, with the bundle it was judged under, so that
 * somebody else can judge it again without a network (`mqgp verify`).
 *
 *	#!mqgp.evidence 1
 *	## a comment for people
 *	topic=BASE64        received=TIME   retain=0|1   qos=0|1|2   verdict=CODE or -
 *	tree=BASE64         payload=BASE64  bundle=BASE64            (empty: none)
 *	##### eof
 *
 * One field a line, in this order. The verdict is a claim of whoever wrote the file; only what a
 * reader finds himself counts. Pure.
 */
#ifndef MQGP_CORE_WIRE_EVIDENCE_H
#define MQGP_CORE_WIRE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/verdict/verdict.h"

#define EVIDENCE_MAX (1u << 20) /* the largest payload and bundle in base64 fit */

struct evidence {
	struct buf topic, tree, payload, bundle;
	int64_t received_ms; /* wall */
	bool retain;
	unsigned qos;
	enum verdict verdict;
};

void evidence_init(struct evidence *e);
void evidence_done(struct evidence *e);
/* Appends the file. */
enum mq_err evidence_print(struct buf *out, const struct evidence *e);
/* Into an initialised *e; MQ_EFORMAT with the line that is wrong. */
enum mq_err evidence_parse(struct span text, struct evidence *e, struct mq_error *err);

#endif
