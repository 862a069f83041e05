/*
 * Saves a message so that others can check it: a 0700 folder STATE/evidence/TIME-ID with
 *
 *	message.evidence  for `mqgp verify`
 *	payload           the bytes as delivered
 *	conf, conf.sigN   the signed conf it was judged under, and its signatures
 *	FPR.asc           certificates of those who may have signed
 *	B2SUMS, CHECK     sums, and the commands that check all of it
 *
 * Blocks on the disk for a moment; UI thread.
 */
#ifndef MQGP_SRC_DASH_EVIDENCE_H
#define MQGP_SRC_DASH_EVIDENCE_H

#include "core/net/engine.h"
#include "ui/app.h"

/* serial 0: the newest message of the topic. path: the folder. MQ_ENOENT: it is not kept any more. */
enum mq_err dash_evidence_save(struct engine *engine, const char *state_dir, uint64_t topic,
    uint32_t serial, char path[APP_PATH_MAX], struct mq_error *e);

#endif
