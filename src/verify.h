/*
 * mqgp verify, in three parts: what is judged (cmd_verify.c), with which keys (verify_keys.c), and
 * how it is told (verify_tell.c). Only for those.
 */
#ifndef MQGP_SRC_VERIFY_H
#define MQGP_SRC_VERIFY_H

#include "core/conf/accept.h"
#include "core/verdict/judge.h"
#include "core/wire/evidence.h"
#include "src/keyring.h"

enum verify_kind { VERIFY_BUNDLE, VERIFY_HALT, VERIFY_EVIDENCE };

struct verify {
	const struct opts *o;
	struct setup s;
	struct keyring ring;
	struct clock clock;
	enum verify_kind kind;
	uint8_t topic[TOPIC_CONF_MAX]; /* --tree */
	size_t topic_n;
	struct fpr owner[CONF_OWNERS_MAX]; /* --owner */
	size_t n_owners;
	uint32_t threshold;
	struct buf file;
	struct evidence evidence;
	struct span payload;	   /* the bundle as given: the file, or a member of the evidence */
	struct buf clear;	   /* the same decrypted; only if it was encrypted */
	enum verdict decrypt;	   /* V_NONE, or why it could not be decrypted */
	bool encrypted;
	struct accept_result conf; /* of the bundle */
	struct halt halt;	   /* VERIFY_HALT; judged is its verdict */
	struct pgp_sig halt_sig[BUNDLE_SIGS_MAX];
	size_t n_halt_sigs;
	enum verdict halt_verdict;
	unsigned halt_line;
	struct judgement message;  /* VERIFY_EVIDENCE */
	uint8_t *scratch;	   /* what message.clear may lie in */
	char note[MQ_ERROR_TEXT];  /* why something could not be looked at, "" if all could */
};

/* Fills the verify home with the certificates of everybody who may have signed this. Keys that
 * cannot be found are not an error: their signatures become UNKNOWN-KEY. */
enum mq_err verify_take_keys(struct verify *v, const struct conf *c, struct mq_error *e);
/* The secret child's word on an encrypted bundle: sets v->decrypt and v->clear. */
enum mq_err verify_decrypt(struct verify *v, struct mq_error *e);
/* One signature over body, judged at v->clock. */
enum mq_err verify_signature(struct verify *v, struct span body, struct span sig,
    struct pgp_sig *out, struct mq_error *e);

/* The verdict of the whole. */
enum verdict verify_verdict(const struct verify *v);
int verify_tell_json(const struct verify *v);
int verify_tell_words(const struct verify *v);

#endif
