#include "core/wire/envelope.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define LABEL_TR "mqgp/1 data" /* with the NUL, as every label */
#define LABEL_TOPIC "mqgp/1 topic"
#define LABEL_AEAD "mqgp/1 k-aead"
#define LABEL_MAC "mqgp/1 k-mac"
#define LABEL_CHAIN "mqgp/1 chain"
#define TR_FIXED (sizeof LABEL_TR + HASH_BYTES + 32 + 2 + ENV_HEADER) /* and the topic */
#define RAND_BYTES 16
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SIG_BYTES crypto_sign_BYTES
#define MAC_BYTES crypto_auth_hmacsha256_BYTES
#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define SEQ_AT 16 /* offset of seq in the header */
#define CHAIN_BYTES 16

_Static_assert(NONCE_BYTES == 8 + RAND_BYTES, "nonce = seq, rand");
_Static_assert(ENV_TRANSCRIPT_MAX == TR_FIXED + UINT16_MAX, "the header says how much to bring");
_Static_assert(TAG_BYTES == 16 && SIG_BYTES == 64, "sizes of ENV_OVERHEAD_MAX");

static const uint8_t magic[4] = { 'M', 'Q', 'G', '1' };

static const struct suite_shape {
	bool sealed, signed_, mac;
	size_t overhead; /* behind the header, without the message */
} shapes[] = {
	[SUITE_ED25519] = { .signed_ = true, .overhead = SIG_BYTES },
	[SUITE_XCHACHA] = { .sealed = true, .overhead = RAND_BYTES + TAG_BYTES },
	[SUITE_ED25519_XCHACHA] = { .sealed = true, .signed_ = true,
	    .overhead = RAND_BYTES + TAG_BYTES + SIG_BYTES },
	[SUITE_HMAC] = { .mac = true, .overhead = MAC_BYTES },
};

static bool
suite_known(unsigned suite)
{
	return suite >= SUITE_ED25519 && suite <= SUITE_HMAC;
}

static bool
needs_key(const struct suite_shape *shape)
{
	return shape->sealed || shape->mac;
}

void
env_conf_of(struct env_conf *out, const struct conf *c, const uint8_t *epoch_secret)
{
	memcpy(out->conf_hash, c->hash, HASH_BYTES);
	out->suite = c->suite;
	out->rev = c->revision;
	out->epoch = c->epoch;
	out->keys = c->data_key;
	out->n_keys = c->n_data_keys;
	out->epoch_secret = epoch_secret;
}

void
env_topic_key(struct env_topic_key *out, const struct env_conf *c, const uint8_t data_pk[32],
    struct span topic)
{
	bool mac = c->suite == SUITE_HMAC;
	crypto_generichash_state st;
	uint8_t numbers[6];

	be32(numbers, c->epoch);
	be16(numbers + 4, (uint16_t)topic.n);
	/* BLAKE2b with constant sizes cannot fail. */
	(void)crypto_generichash_init(&st, c->epoch_secret, 32, sizeof out->k);
	(void)crypto_generichash_update(&st, (const uint8_t *)(mac ? LABEL_MAC : LABEL_AEAD),
	    mac ? sizeof LABEL_MAC : sizeof LABEL_AEAD);
	(void)crypto_generichash_update(&st, data_pk, 32);
	(void)crypto_generichash_update(&st, numbers, sizeof numbers);
	(void)crypto_generichash_update(&st, topic.p, topic.n);
	(void)crypto_generichash_final(&st, out->k, sizeof out->k);
	sodium_memzero(&st, sizeof st);
	out->have = true;
}

void
env_topic8(uint8_t out[8], struct span topic)
{
	crypto_generichash_state st;
	uint8_t h[HASH_BYTES];

	(void)crypto_generichash_init(&st, NULL, 0, sizeof h); /* constant sizes: cannot fail */
	(void)crypto_generichash_update(&st, (const uint8_t *)LABEL_TOPIC, sizeof LABEL_TOPIC);
	(void)crypto_generichash_update(&st, topic.p, topic.n);
	(void)crypto_generichash_final(&st, h, sizeof h);
	memcpy(out, h, 8);
}

bool
env_has_magic(struct span payload)
{
	return payload.n >= sizeof magic && memcmp(payload.p, magic, sizeof magic) == 0;
}

bool
env_read_header(struct span payload, struct env_header *out)
{
	const uint8_t *p = payload.p;

	if (payload.n < ENV_HEADER || !env_has_magic(payload))
		return false;
	if ((p[4] != ENV_TYPE_DATA && p[4] != ENV_TYPE_COMMAND) || !suite_known(p[5]) ||
	    (p[6] & ~ENV_FLAG_RETAIN) != 0)
		return false;
	out->type = p[4];
	out->suite = p[5];
	out->flags = p[6];
	out->kid = p[7];
	out->rev = rd32(p + 8);
	out->epoch = rd32(p + 12);
	out->seq = rd64(p + SEQ_AT);
	out->time_ms = rd64(p + 24);
	memcpy(out->topic8, p + 32, sizeof out->topic8);
	return true;
}

static void
put_header(uint8_t out[ENV_HEADER], const struct env_conf *c, const struct env_seal *in,
    struct span topic)
{
	memcpy(out, magic, sizeof magic);
	out[4] = in->type;
	out[5] = (uint8_t)c->suite;
	out[6] = in->flags;
	out[7] = in->kid;
	be32(out + 8, c->rev);
	be32(out + 12, c->epoch);
	be64(out + SEQ_AT, in->seq);
	be64(out + 24, in->time_ms);
	env_topic8(out + 32, topic);
}

/* Writes Tr into out (ENV_TRANSCRIPT_MAX) and returns its length. */
static size_t
put_transcript(uint8_t *out, const struct env_conf *c, const uint8_t data_pk[32],
    struct span topic, const uint8_t header[ENV_HEADER])
{
	uint8_t *to = out;

	memcpy(to, LABEL_TR, sizeof LABEL_TR);
	to += sizeof LABEL_TR;
	memcpy(to, c->conf_hash, HASH_BYTES);
	to += HASH_BYTES;
	memcpy(to, data_pk, 32);
	to += 32;
	be16(to, (uint16_t)topic.n);
	to += 2;
	if (topic.n != 0)
		memcpy(to, topic.p, topic.n);
	to += topic.n;
	memcpy(to, header, ENV_HEADER);
	to += ENV_HEADER;
	return (size_t)(to - out);
}

static void
put_nonce(uint8_t nonce[NONCE_BYTES], const uint8_t header[ENV_HEADER], const uint8_t *rand16)
{
	memcpy(nonce, header + SEQ_AT, 8);
	memcpy(nonce + 8, rand16, RAND_BYTES);
}

static void
put_mac(uint8_t mac[MAC_BYTES], const uint8_t k[32], struct span transcript, struct span message)
{
	crypto_auth_hmacsha256_state st;

	(void)crypto_auth_hmacsha256_init(&st, k, 32); /* never fails */
	(void)crypto_auth_hmacsha256_update(&st, transcript.p, transcript.n);
	(void)crypto_auth_hmacsha256_update(&st, message.p, message.n);
	(void)crypto_auth_hmacsha256_final(&st, mac);
	sodium_memzero(&st, sizeof st);
}

/* ---- opening */

static const uint8_t *
find_key(const struct env_conf *c, const struct env_header *h)
{
	enum key_role role = h->type == ENV_TYPE_DATA ? ROLE_GATEWAY : ROLE_OPERATOR;

	for (size_t i = 0; i < c->n_keys; i++)
		if (c->keys[i].index == h->kid && c->keys[i].role == role)
			return c->keys[i].pk;
	return NULL;
}

/* P2 and P3: everything that is decided before crypto. */
static enum verdict
before_crypto(const struct env_conf *c, struct span topic, struct span payload,
    struct env_header *h, const uint8_t **data_pk)
{
	if (topic.n > UINT16_MAX)
		return V_MALFORMED_TOPIC;
	if (!env_read_header(payload, h))
		return V_MALFORMED;
	if (h->rev != c->rev)
		return V_NEEDS_CONF;
	if (h->suite != (unsigned)c->suite)
		return V_DOWNGRADE;
	if (payload.n < ENV_HEADER + shapes[h->suite].overhead)
		return V_MALFORMED;
	if ((*data_pk = find_key(c, h)) == NULL || h->epoch != c->epoch)
		return V_UNKNOWN_KEY;
	if (c->epoch_secret == NULL && !shapes[h->suite].signed_)
		return V_NEEDS_KEY;
	return V_NONE;
}

/* What lies between header and signature: the message, or rand, ciphertext and tag. */
static struct span
body_of(struct span payload, const struct suite_shape *shape)
{
	return (struct span){ payload.p + ENV_HEADER,
		payload.n - ENV_HEADER - (shape->signed_ ? SIG_BYTES : 0) -
		    (shape->mac ? MAC_BYTES : 0) };
}

static enum verdict
open_sealed(struct span payload, struct span body, const uint8_t k[32], uint8_t *scratch,
    size_t tr_n, struct span *clear)
{
	uint8_t nonce[NONCE_BYTES];
	size_t n = body.n - RAND_BYTES - TAG_BYTES;

	put_nonce(nonce, payload.p, body.p);
	if (crypto_aead_xchacha20poly1305_ietf_decrypt_detached(scratch + tr_n, NULL,
		body.p + RAND_BYTES, n, body.p + RAND_BYTES + n, scratch, tr_n, nonce, k) != 0)
		return V_DECRYPT_FAIL;
	*clear = (struct span){ scratch + tr_n, n };
	return V_NONE;
}

static enum verdict
open_mac(struct span body, const uint8_t k[32], struct span transcript, struct span *clear)
{
	uint8_t mac[MAC_BYTES];

	put_mac(mac, k, transcript, body);
	if (sodium_memcmp(mac, body.p + body.n, MAC_BYTES) != 0)
		return V_BAD_SIG;
	*clear = body;
	return V_NONE;
}

void
env_open(const struct env_conf *c, struct span topic, struct span payload,
    const struct env_topic_key *key, uint8_t *scratch, struct env_opened *out)
{
	struct env_topic_key own = { .have = false };
	const struct suite_shape *shape;
	const uint8_t *data_pk = NULL;
	struct span body, tr;

	memset(out, 0, sizeof *out);
	if ((out->verdict = before_crypto(c, topic, payload, &out->h, &data_pk)) != V_NONE)
		return;
	shape = &shapes[out->h.suite];
	body = body_of(payload, shape);
	tr = (struct span){ scratch, put_transcript(scratch, c, data_pk, topic, payload.p) };
	out->group = !shape->signed_;
	if (shape->signed_) {
		memcpy(scratch + tr.n, body.p, body.n);
		if (crypto_sign_verify_detached(body.p + body.n, scratch, tr.n + body.n,
			data_pk) != 0)
			out->verdict = V_BAD_SIG;
		else if (!shape->sealed)
			out->clear = body;
		if (out->verdict != V_NONE || !shape->sealed)
			return;
		if (c->epoch_secret == NULL) {
			out->sealed = true;
			return;
		}
	}
	if (key == NULL || !key->have) {
		env_topic_key(&own, c, data_pk, topic);
		key = &own;
	}
	if (shape->sealed)
		out->verdict = open_sealed(payload, body, key->k, scratch, tr.n, &out->clear);
	else
		out->verdict = open_mac(body, key->k, tr, &out->clear);
	if (own.have)
		sodium_memzero(&own, sizeof own);
}

/* ---- sealing */

static enum mq_err
may_seal(const struct env_conf *c, const struct env_seal *in, struct span topic,
    struct span message, bool have_key)
{
	const struct suite_shape *shape;

	if (!suite_known(c->suite) || topic.n > UINT16_MAX ||
	    (in->type != ENV_TYPE_DATA && in->type != ENV_TYPE_COMMAND) ||
	    (in->flags & ~ENV_FLAG_RETAIN) != 0 || in->data_pk == NULL)
		return MQ_EINVAL;
	shape = &shapes[c->suite];
	if ((shape->signed_ && in->data_sk == NULL) ||
	    (needs_key(shape) && !have_key && c->epoch_secret == NULL))
		return MQ_EINVAL;
	if (message.n > ENV_PAYLOAD_MAX - ENV_HEADER - shape->overhead)
		return MQ_ELIMIT;
	return MQ_OK;
}

/* rand, ciphertext and tag behind the transcript; returns their length. */
static size_t
seal_body(uint8_t *work, size_t tr_n, const uint8_t header[ENV_HEADER], const uint8_t *rand16,
    struct span message, const uint8_t k[32])
{
	uint8_t nonce[NONCE_BYTES], *to = work + tr_n;

	if (rand16 != NULL)
		memcpy(to, rand16, RAND_BYTES);
	else
		randombytes_buf(to, RAND_BYTES);
	put_nonce(nonce, header, to);
	to += RAND_BYTES;
	/* fails for messages beyond 256 GiB only */
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt_detached(to, to + message.n, NULL,
	    message.p, message.n, work, tr_n, NULL, nonce, k);
	return RAND_BYTES + message.n + TAG_BYTES;
}

/* Everything behind the header, written behind the transcript; returns its length. */
static size_t
seal_rest(uint8_t *work, size_t tr_n, const struct env_conf *c, const struct env_seal *in,
    const uint8_t header[ENV_HEADER], struct span message, const uint8_t *k)
{
	const struct suite_shape *shape = &shapes[c->suite];
	size_t n = message.n;

	if (shape->sealed)
		n = seal_body(work, tr_n, header, in->rand16, message, k);
	else if (n != 0)
		memcpy(work + tr_n, message.p, n);
	if (shape->mac)
		put_mac(work + tr_n + n, k, (struct span){ work, tr_n }, message);
	if (shape->signed_) /* never fails */
		(void)crypto_sign_detached(work + tr_n + n, NULL, work, tr_n + n, in->data_sk);
	return n + (shape->mac ? MAC_BYTES : 0) + (shape->signed_ ? SIG_BYTES : 0);
}

enum mq_err
env_seal(const struct env_conf *c, const struct env_seal *in, struct span topic,
    struct span message, const struct env_topic_key *key, struct buf *out)
{
	bool have_key = key != NULL && key->have;
	struct env_topic_key own = { .have = false };
	uint8_t header[ENV_HEADER], *work;
	size_t tr_n, n, size = TR_FIXED + topic.n + message.n + ENV_OVERHEAD_MAX;
	enum mq_err r = may_seal(c, in, topic, message, have_key);

	if (r != MQ_OK)
		return r;
	if ((work = malloc(size)) == NULL)
		return MQ_ENOMEM;
	put_header(header, c, in, topic);
	if (!have_key && needs_key(&shapes[c->suite])) {
		env_topic_key(&own, c, in->data_pk, topic);
		key = &own;
	}
	tr_n = put_transcript(work, c, in->data_pk, topic, header);
	n = seal_rest(work, tr_n, c, in, header, message, key != NULL ? key->k : NULL);
	(void)buf_put(out, header, sizeof header); /* a failure stays in out->err */
	r = buf_put(out, work + tr_n, n);
	sodium_memzero(work, size);
	free(work);
	sodium_memzero(&own, sizeof own);
	return r;
}

/* ---- checkpoints */

void
env_chain_start(uint8_t chain[16], const uint8_t conf_hash[HASH_BYTES], struct span topic)
{
	crypto_generichash_state st;
	uint8_t h[HASH_BYTES];

	(void)crypto_generichash_init(&st, NULL, 0, sizeof h); /* constant sizes: cannot fail */
	(void)crypto_generichash_update(&st, (const uint8_t *)LABEL_CHAIN, sizeof LABEL_CHAIN);
	(void)crypto_generichash_update(&st, conf_hash, HASH_BYTES);
	(void)crypto_generichash_update(&st, topic.p, topic.n);
	(void)crypto_generichash_final(&st, h, sizeof h);
	memcpy(chain, h, CHAIN_BYTES);
}

void
env_chain_next(uint8_t chain[16], struct span envelope)
{
	uint8_t link[CHAIN_BYTES + HASH_BYTES], h[HASH_BYTES];

	memcpy(link, chain, CHAIN_BYTES);
	/* constant sizes: cannot fail */
	(void)crypto_generichash(link + CHAIN_BYTES, HASH_BYTES, envelope.p, envelope.n, NULL, 0);
	(void)crypto_generichash(h, sizeof h, link, sizeof link, NULL, 0);
	memcpy(chain, h, CHAIN_BYTES);
}
