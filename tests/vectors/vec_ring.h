/*
 * Keyrings for cases that carry armored keys: verify children, kept from case to case as long as
 * the keys are the same, and a secret child for cases with a secret key.
 */
#ifndef MQGP_TESTS_VECTORS_VEC_RING_H
#define MQGP_TESTS_VECTORS_VEC_RING_H

#include <jansson.h>

#include "core/trust/pgp.h"

/* A verify child that holds exactly these certificates (a list of armored texts); what is not one
 * public key is left out. Owned by the cache. NULL: diff says why. */
struct pgp *vec_ring(const json_t *certs, struct buf *diff);
/* The verdict of 4.2 up to row 7 at this moment. False: gpg gave no answer, diff says why. */
bool vec_ring_verify(struct pgp *ring, struct span data, struct span sig, int64_t now,
    struct pgp_sig *out, struct buf *diff);

struct vec_secret {
	char home[32]; /* "" = none */
	struct pgp *pgp;
};
/* A home of its own with this secret key in it. */
bool vec_secret_open(struct vec_secret *s, struct span armored, struct buf *diff);
void vec_secret_close(struct vec_secret *s);

#endif
