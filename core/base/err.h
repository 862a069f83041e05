/*
 * Error codes and the sentence that goes with one.
 *
 * Fallible functions return enum mq_err: 0 is good, everything else is negative, and outputs are
 * written only on success. Where a person will read the reason, the function also takes a
 * struct mq_error * (may be NULL) and fills it where the reason is known: what happened, to what,
 * what to do. A cryptographic outcome is never an error code; see core/verdict/verdict.h.
 * Thread-safe: no shared state.
 */
#ifndef MQGP_CORE_BASE_ERR_H
#define MQGP_CORE_BASE_ERR_H

#include <stdarg.h>

enum mq_err {
	MQ_OK = 0,
	MQ_ENOMEM = -1,   /* no memory */
	MQ_EINVAL = -2,	  /* the caller's arguments */
	MQ_EFORMAT = -3,  /* bytes that break their grammar */
	MQ_ELIMIT = -4,	  /* larger or more than we accept */
	MQ_EIO = -5,	  /* the operating system said no */
	MQ_ENOENT = -6,	  /* not there */
	MQ_EEXIST = -7,	  /* already there */
	MQ_EPERM = -8,	  /* owner, mode, or refused by policy */
	MQ_ETIMEOUT = -9, /* a deadline passed */
	MQ_ENET = -10,	  /* broker unreachable, refused, lost */
	MQ_EAGAIN = -11,  /* not now; ask again */
	MQ_ECRYPTO = -12, /* a crypto engine failed (not: a signature is bad) */
	MQ_ESTATE = -13,  /* stored state is damaged or of another shape */
	MQ_ECANCEL = -14, /* a person said no */
};

#define MQ_ERROR_TEXT 320 /* one sentence with a path and a hint in it */

struct mq_error {
	enum mq_err code;
	char text[MQ_ERROR_TEXT]; /* UTF-8, may quote hostile text: draw or print it escaped */
};

/* Stores code and sentence in e (NULL: nowhere) and returns code. */
enum mq_err mq_fail(struct mq_error *e, enum mq_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, and adds ": " and the text of errno. */
enum mq_err mq_fail_errno(struct mq_error *e, enum mq_err code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Two or three English words for a code. */
const char *mq_err_name(enum mq_err code);

#endif
