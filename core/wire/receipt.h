/*
 * Receipts and status heartbeats: what the gateway says of itself, signed (PROTOCOL 3.10).
 *
 * Pure. The judge functions return the verdict of 3.10 in its order; freshness is against the
 * newest (boot, n) the caller holds for that topic.
 */
#ifndef MQGP_CORE_WIRE_RECEIPT_H
#define MQGP_CORE_WIRE_RECEIPT_H

#include "core/conf/conf.h"
#include "core/verdict/verdict.h"

#define RECEIPT_MAX 8192
#define RECEIPT_ITEMS_MAX 4
#define STATUS_ECHO_MAX 4
#define STATUS_CK_MAX 64

enum gateway_state { /* the words of `state=`, X-macro order = wire order in the manual */
	GS_NONE, GS_UNCLAIMED, GS_AWAIT, GS_ACTIVE, GS_PENDING, GS_WAITING_SECURE, GS_SWITCHING,
	GS_DELAYED, GS_REJECTED, GS_HALTED, GS_FAILSAFE,
};
const char *gateway_state_name(enum gateway_state s);

struct receipt_pending {
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	unsigned a, b, c, d; /* sigs=a/b+c/d */
};
struct receipt_rejected {
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	char code[33];
};
struct status_ck {
	uint8_t topic8[8];
	uint64_t seq;
	uint8_t chain[16];
};

struct receipt {
	bool is_status;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct conf_gateway gateway;
	uint32_t boot, n;
	int64_t time;
	enum gateway_state state;
	uint32_t revision;
	uint8_t conf[HASH_BYTES];
	/* receipt only */
	struct receipt_pending pending[RECEIPT_ITEMS_MAX];
	size_t n_pending;
	struct receipt_rejected rejected[RECEIPT_ITEMS_MAX];
	size_t n_rejected;
	char reason[33]; /* "" = absent; unknown words are kept and shown as `other` */
	bool has_next_data_key;
	uint8_t next_data_key[32], next_pop[64];
	bool rekey_due;
	/* status only */
	uint64_t lost_link;
	uint8_t echo[STATUS_ECHO_MAX][16];
	size_t n_echo;
	struct status_ck ck[STATUS_CK_MAX];
	size_t n_ck;
	unsigned page, pages; /* 0/0: no page line */
	uint8_t kid;
	/* set by receipt_parse, ignored by receipt_print */
	uint8_t sig[64];
	size_t signed_n; /* sig is over this many first bytes of the payload */
};

/* Appends the signed text. sk: 64-byte Ed25519 secret key of kid. The result parses: MQ_EINVAL if
 * the fields do not allow that, e.g. status_ck not ascending; MQ_ELIMIT above RECEIPT_MAX. */
enum mq_err receipt_print(const struct receipt *r, const uint8_t sk[64], struct buf *out);
/* Proof of possession of the next data key, for next-data-key= (3.3); g and the key in use. */
void receipt_pop(uint8_t pop[64], const struct conf_gateway *g, const uint8_t old_pk[32],
    const uint8_t new_sk[64]);
bool receipt_pop_ok(const uint8_t pop[64], const struct conf_gateway *g, const uint8_t old_pk[32],
    const uint8_t new_pk[32]);
/* V_NONE and *out, or V_MALFORMED with *line, or V_UNSIGNED (V_LINK_HINT for status) when it does
 * not begin with its magic, V_CLEARED when empty. Signature bytes are checked for form only. */
enum verdict receipt_parse(struct span payload, bool status, struct receipt *out, unsigned *line);

/* The newest one seen on that topic. */
struct receipt_last {
	bool any;
	uint32_t boot, n;
	uint8_t digest[HASH_BYTES]; /* H(payload) */
};
/* Finds the verified conf with this hash, or NULL. */
typedef const struct conf *receipt_find_conf(void *arg, const uint8_t hash[HASH_BYTES]);
/* The whole judgement of 3.10; on V_VERIFIED *out is filled and last is NOT yet changed (call
 * receipt_remember). tree: T of delivery; gateway: whom we expect there. */
enum verdict receipt_judge(struct span payload, bool status, struct span tree,
    const struct conf_gateway *gateway, receipt_find_conf *find, void *arg,
    const struct receipt_last *last, struct receipt *out, unsigned *line);
void receipt_remember(struct receipt_last *last, const struct receipt *r, struct span payload);

#endif
