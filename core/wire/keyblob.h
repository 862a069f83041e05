/*
 * The epoch key blob (PROTOCOL 3.9) and the broker password derived from it (3.3 password-alg).
 * Pure; secrets stay in the caller's guarded memory.
 */
#ifndef MQGP_CORE_WIRE_KEYBLOB_H
#define MQGP_CORE_WIRE_KEYBLOB_H

#include "core/conf/conf.h"
#include "core/trust/secret.h"

#define KEYBLOB_CLEAR 44
void keyblob_clear(uint8_t out[KEYBLOB_CLEAR], uint32_t epoch, const uint8_t secret[32]);
void keyblob_key_id(uint8_t out[HASH_BYTES], uint32_t epoch, const uint8_t secret[32]);
/* True if the plaintext is the blob of this epoch and fits key_id; secret gets the 32 bytes. */
bool keyblob_open(struct span clear, uint32_t epoch, const uint8_t key_id[HASH_BYTES],
    uint8_t secret[32]);
/* 32 characters of base64url and NUL. */
void keyblob_mqtt_password(char out[33], const uint8_t secret[32], const char *url,
    const char *user);

#endif
