/*
 * A person with a real OpenPGP key in a home of their own, who composes, signs and publishes what
 * owners do. For tests of what reads it.
 */
#ifndef MQGP_TESTS_UNIT_LIB_OWNER_H
#define MQGP_TESTS_UNIT_LIB_OWNER_H

#include "core/conf/conf.h"
#include "core/trust/pgp.h"

struct owner {
	char home[64];
	struct pgp *pgp;
	struct fpr fpr;
	struct buf cert; /* binary, as published on pgp/<FPR> */
};

/* Makes the home DIR/name (short!) and a key without passphrase. */
void owner_open(struct owner *o, const char *dir, const char *name);
void owner_close(struct owner *o);
/* Appends a bundle of body, signed by these persons. claim: 32 bytes or NULL. */
void owner_bundle(struct buf *out, struct span body, const uint8_t *claim,
    struct owner *const *signer, size_t n);
/* Appends a message to the holder of a certificate (binary) and to the person. */
void owner_encrypt(struct owner *o, struct buf *out, struct span clear, const struct fpr *to,
    struct span cert);
/* Appends the blob of an epoch key, encrypted to a certificate (binary) and to the person. */
void owner_blob(struct owner *o, struct buf *out, uint32_t epoch, const uint8_t secret[32],
    const struct fpr *to, struct span cert);
/* The certificate with the revocation that gpg made beside the key. */
struct buf owner_revoked(struct owner *o);
/* "key=value" over the line of that key in a body. */
void body_set(struct buf *body, const char *key, const char *value);
void body_add(struct buf *body, const char *key, const char *value);
void body_remove(struct buf *body, const char *key);

#endif
