/*
 * Requests and answers between pgp.c and its children, as frames over a socketpair.
 *
 * A frame is u32 length and that many bytes, at most PGP_FRAME_MAX. Both sides read strictly: a
 * frame with a wrong shape, a trailing byte or a value out of range is refused whole, and the
 * parent then ends the child. Encoders append to a buf; decoders borrow from the frame. Frames may
 * hold passphrases and plaintext: wipe the buffers. Pure.
 */
#ifndef MQGP_CORE_TRUST_PGP_WIRE_H
#define MQGP_CORE_TRUST_PGP_WIRE_H

#include "core/trust/pgp.h"

#define PGP_FRAME_MAX (2 << 20)	 /* the largest table and an exported key fit */
#define PGP_DATA_MAX (1 << 20)	 /* signed bytes; a conf body has 32 KiB */
#define PGP_SIG_MAX 4096	 /* PROTOCOL 3.4: a decoded signature */
#define PGP_MESSAGE_MAX 65536	 /* encrypted bundle or blob */
#define PGP_EXPORT_MAX (2 * PGP_CERT_MAX) /* merged and armored */
#define PGP_UID_MAX 255
#define PGP_PASSPHRASE_MAX 100	 /* gpg-agent takes no longer one */
#define PGP_RECIPIENTS_MAX 128	 /* gateway, owners, recovery and readers of one conf */
#define PGP_OP_COUNT (PGP_OP_LOOK + 1)

enum pgp_wire_flag {
	PGP_WIRE_PROMPT = 1,	  /* a person may be asked */
	PGP_WIRE_SECRET_ONLY = 2, /* LIST: keys with a secret part */
	PGP_WIRE_PASSPHRASE = 4,  /* passphrase is meant, even if it is empty */
};

struct pgp_request {
	uint32_t id;
	enum pgp_op op;
	uint8_t flags;
	struct fpr fpr[PGP_RECIPIENTS_MAX];
	size_t n_fprs;
	struct span data; /* VERIFY, SIGN: signed bytes; DECRYPT: message; ENCRYPT: plaintext;
			     IMPORT, LOOK: keys; GENERATE: user ID */
	struct span sig;  /* VERIFY */
	struct span passphrase;
};

/* Is a whole frame at the start of rx? MQ_OK and its bytes (borrowed from rx), MQ_EAGAIN if bytes
 * are missing, MQ_EFORMAT if it is too large ever to be one. */
enum mq_err pgp_wire_frame(const struct buf *rx, struct span *frame);
/* Takes the frame that pgp_wire_frame() showed away from rx; what moved or went is wiped. */
void pgp_wire_consume(struct buf *rx, struct span frame);

/* Appends one frame. MQ_EINVAL if the request does not have the shape its op needs. */
enum mq_err pgp_wire_put_request(struct buf *out, const struct pgp_request *q);
/* Spans borrow from the frame. MQ_EFORMAT: not exactly one request. */
enum mq_err pgp_wire_get_request(struct span frame, struct pgp_request *out);
enum mq_err pgp_wire_put_answer(struct buf *out, const struct pgp_answer *a);
/* out must be empty; on success free with pgp_answer_done. MQ_EFORMAT, MQ_ENOMEM. */
enum mq_err pgp_wire_get_answer(struct span frame, struct pgp_answer *out);

/* An answer with nothing in it, its buffers bounded by the frame. */
void pgp_answer_init(struct pgp_answer *a, uint32_t id, enum pgp_op op);

#endif
