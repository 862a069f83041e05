/*
 * The data envelope MQG1: one message, signed or sealed under a conf (PROTOCOL 3.8).
 *
 * Sealing is the gateway's, opening the receiver's; both recompute the transcript from their own
 * verified conf and the topic of delivery. env_open judges form, key and crypto (P2..P4) and never
 * freshness. Pure but for randomness in env_seal; any thread with its own struct env_keys.
 */
#ifndef MQGP_CORE_WIRE_ENVELOPE_H
#define MQGP_CORE_WIRE_ENVELOPE_H

#include "core/conf/conf.h"
#include "core/verdict/verdict.h"

#define ENV_HEADER 40
#define ENV_PAYLOAD_MAX 262144 /* PROTOCOL 3.12: data payload 256 KiB */
#define ENV_OVERHEAD_MAX (ENV_HEADER + 16 + 16 + 64)
#define ENV_TRANSCRIPT_MAX (12 + 32 + 32 + 2 + UINT16_MAX + ENV_HEADER) /* any MQTT topic */
#define ENV_SCRATCH(payload_n) (ENV_TRANSCRIPT_MAX + (payload_n)) /* what env_open needs */
#define ENV_TYPE_DATA 1
#define ENV_TYPE_COMMAND 2
#define ENV_FLAG_RETAIN 1

struct env_header {
	uint8_t type, suite, flags, kid;
	uint32_t rev, epoch;
	uint64_t seq; /* boot << 32 | counter */
	uint64_t time_ms;
	uint8_t topic8[8];
};

/* What both sides know from a verified conf. */
struct env_conf {
	uint8_t conf_hash[HASH_BYTES];
	enum suite suite;
	uint32_t rev, epoch;
	const struct conf_data_key *keys; /* borrowed */
	size_t n_keys;
	const uint8_t *epoch_secret; /* 32 bytes in guarded memory, or NULL: not held */
};
void env_conf_of(struct env_conf *out, const struct conf *c, const uint8_t *epoch_secret);

/* The per-topic symmetric key, worth caching: one BLAKE2b. */
struct env_topic_key {
	bool have;
	uint8_t k[32];
};
/* Label by suite: aead for 2 and 3, mac for 4. */
void env_topic_key(struct env_topic_key *out, const struct env_conf *c, const uint8_t data_pk[32],
    struct span topic);
void env_topic8(uint8_t out[8], struct span topic);

/* P2: reads the fixed header of a payload that has the magic. False: fewer than 40 bytes, unknown
 * type, reserved flag, suite not 1..4 (MALFORMED). Does not look at the conf. */
bool env_read_header(struct span payload, struct env_header *out);
/* True if the bytes begin with the magic (else the message is UNSIGNED inside a secured tree). */
bool env_has_magic(struct span payload);

struct env_opened {
	enum verdict verdict; /* V_NONE: authentic (how green: see group, sealed); else why not */
	bool group;  /* suites 2, 4: group authentication only */
	bool sealed; /* suite 3 checked by signature, content not held */
	struct env_header h;
	struct span clear; /* in the scratch or borrowed from the payload; {NULL, 0} if sealed */
};
/* P3 + P4 under conf c (already chosen by h.rev) on this topic. key: cached topic key for this
 * conf, data key and topic, or NULL (computed here). scratch: at least ENV_SCRATCH(payload.n)
 * bytes; the transcript is built there, because Ed25519 wants transcript and message in one piece,
 * and the decrypted text is left there. Allocates nothing. Order of checks as at the end of the
 * receiver's paragraph of 3.8. */
void env_open(const struct env_conf *c, struct span topic, struct span payload,
    const struct env_topic_key *key, uint8_t *scratch, struct env_opened *out);

struct env_seal {
	uint8_t type, flags, kid;
	uint64_t seq, time_ms;
	const uint8_t *data_sk; /* 64 bytes, suites 1, 3 */
	const uint8_t *data_pk; /* 32 bytes */
	const uint8_t *rand16;	/* NULL: fresh random; given by vectors only */
};
/* Appends the complete envelope of message for topic. MQ_EINVAL: the suite needs a missing key. */
enum mq_err env_seal(const struct env_conf *c, const struct env_seal *in, struct span topic,
    struct span message, const struct env_topic_key *key, struct buf *out);

/* chain_i of the checkpoint (3.10). */
void env_chain_start(uint8_t chain[16], const uint8_t conf_hash[HASH_BYTES], struct span topic);
void env_chain_next(uint8_t chain[16], struct span envelope);

#endif
