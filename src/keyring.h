/*
 * The keys a command sees: the person's own home, a verify home made for this run, and the `keys`
 * folder of the profile.
 *
 * A thin layer over core/trust/pgp.h for commands that ask one thing after the other: each call
 * waits for its answer, and ends early when `stop` gets readable. Main thread only.
 */
#ifndef MQGP_SRC_KEYRING_H
#define MQGP_SRC_KEYRING_H

#include "core/trust/keystore.h"
#include "core/trust/pgp.h"
#include "src/setup.h"

struct keyring {
	const struct setup *setup; /* borrowed */
	int stop;		   /* see stop.h */
	int64_t at;		   /* judge as of this time; 0: now */
	struct pgp *secret;	   /* the person's home; opened at the first need */
	struct pgp *verify;	   /* holds what keyring_import took */
	struct keystore *store;	   /* NULL: there is no profile, or its folder is not there */
};

/* write: the profile's folder exists and certificates will be put there. Free always. */
enum mq_err keyring_open(struct keyring *k, const struct setup *s, int stop, bool write,
    struct mq_error *e);
void keyring_close(struct keyring *k);

/* Waits for the answer to a request that pgp_*() took with `submitted`; to be freed on MQ_OK. */
enum mq_err keyring_wait(struct keyring *k, struct pgp *p, enum mq_err submitted, uint32_t id,
    struct pgp_answer *a, struct mq_error *e);

enum mq_err keyring_secret(struct keyring *k, struct mq_error *e); /* k->secret is open */
enum mq_err keyring_verify(struct keyring *k, struct mq_error *e); /* k->verify is open */
/* What the person's home holds. out is initialised by the call, also when it fails. */
enum mq_err keyring_list(struct keyring *k, bool secret_only, struct keytable *out,
    struct mq_error *e);
/* Which keys these bytes are. The same about out. */
enum mq_err keyring_look(struct keyring *k, struct span cert, struct keytable *out,
    struct mq_error *e);
/* The certificate of a primary in the person's home, armored; MQ_ENOENT. */
enum mq_err keyring_export(struct keyring *k, const struct fpr *f, struct buf *out,
    struct mq_error *e);
/* Into the verify home, merged with what is there under the same fingerprint; out (may be NULL)
 * gets the merged one. MQ_EFORMAT: not exactly that public key. */
enum mq_err keyring_import(struct keyring *k, const struct fpr *f, struct span cert,
    struct buf *out, struct mq_error *e);

/* "ed25519", "rsa 3072". */
void keyring_algorithm(const struct subkey *s, char out[24]);
/* 40 hex digits of either case, blanks between them allowed, as people copy them. */
bool keyring_read_fpr(const char *text, struct fpr *out);

#endif
