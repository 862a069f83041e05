/*
 * The strict reader in front of gpg: exactly one plain v4 signature packet (PROTOCOL 4.2).
 *
 * Pure, allocation-free, fuzzed. What it accepts gpg may see; what it refuses gpg never sees.
 */
#ifndef MQGP_CORE_TRUST_SIGWALK_H
#define MQGP_CORE_TRUST_SIGWALK_H

#include "core/conf/conf.h"
#include "core/verdict/verdict.h"

struct sigwalk {
	struct fpr fpr;	 /* hashed subpacket 33: signer (primary or subkey) */
	int64_t ctime;	 /* hashed subpacket 2 */
	uint32_t expire; /* hashed subpacket 3, 0 = absent */
	uint8_t hash, pk;
	const char *reason; /* static, for people, when refused */
};
/* V_NONE when well formed, else V_WEAK_ALG or V_MALFORMED_SIG in the order of 4.2. */
enum verdict sigwalk_read(struct span sig, struct sigwalk *out);

#endif
