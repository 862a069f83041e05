/*
 * The body of a mqgp.conf: parse, print, lint (PROTOCOL 3.3).
 *
 * The parser has no defaults, reports every error with its line and keeps the exact bytes: H(body)
 * is what revisions chain on. The verdict's line is that of the first error in file order, 0 for
 * errors of the whole body. Pure; any thread.
 */
#ifndef MQGP_CORE_CONF_CONF_H
#define MQGP_CORE_CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/conf/topic.h"

#define CONF_BODY_MAX 32768 /* PROTOCOL 3.3 */
#define CONF_LINE_MAX 1024
#define CONF_OWNERS_MAX 16
#define CONF_RECOVERY_MAX 16
#define CONF_READERS_MAX 64
#define CONF_DATA_KEYS_MAX 8
#define CONF_ERRORS_MAX 64 /* reported one by one; the rest is counted */
#define HASH_BYTES 32	   /* BLAKE2b-256 */

struct fpr {
	char hex[41]; /* 40 upper hex, NUL */
};

enum suite {
	SUITE_NONE = 0,
	SUITE_ED25519 = 1,
	SUITE_XCHACHA = 2,
	SUITE_ED25519_XCHACHA = 3,
	SUITE_HMAC = 4,
};
enum conf_kind { KIND_NORMAL, KIND_RECOVERY };
enum conf_password { PASSWORD_NONE, PASSWORD_LOCAL, PASSWORD_B2_EPOCH };
enum conf_security { SECURITY_NONE, SECURITY_TLS, SECURITY_TLS_CA_B2, SECURITY_TLS_SPKI };
enum conf_expiry { EXPIRY_STOP, EXPIRY_CONTINUE };
enum key_role { ROLE_GATEWAY, ROLE_OPERATOR };

struct conf_data_key {
	uint8_t index; /* 0..7 = kid of the envelope */
	enum key_role role;
	uint8_t pk[32];
};

struct conf_gateway {
	bool is_edkey;	  /* gateway without OpenPGP */
	struct fpr fpr;	  /* !is_edkey */
	uint8_t pk[32];	  /* is_edkey */
};

struct conf {
	/* parsed values */
	char url[512]; /* verbatim */
	char url_user[65], url_host[256]; /* host without brackets */
	uint16_t url_port;		  /* default filled in */
	bool url_tls;
	char own[CONF_LINE_MAX]; /* "" = absent; label only */
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	uint8_t from_topic[TOPIC_CONF_MAX];
	size_t from_topic_n; /* 0 = absent */
	enum conf_password password_alg;
	enum conf_security security;
	uint8_t security_hash[32]; /* TLS_CA_B2, TLS_SPKI */
	enum suite suite;
	uint32_t revision;
	uint8_t prev[HASH_BYTES];
	int64_t issued, valid_from, valid_until;
	bool has_offer_until;
	int64_t offer_until;
	enum conf_kind kind;
	struct conf_gateway gateway;
	struct conf_data_key data_key[CONF_DATA_KEYS_MAX];
	size_t n_data_keys;
	struct fpr owner[CONF_OWNERS_MAX];
	size_t n_owners;
	uint32_t threshold;
	struct fpr recovery[CONF_RECOVERY_MAX];
	size_t n_recovery;
	uint32_t recovery_threshold, recovery_delay; /* 0 when n_recovery == 0 */
	uint32_t transfer_delay;
	struct fpr reader[CONF_READERS_MAX];
	size_t n_readers;
	uint32_t epoch;
	bool has_epoch_key_id;
	uint8_t epoch_key_id[HASH_BYTES];
	uint32_t grace, lease, heartbeat, max_age, max_payload;
	enum conf_expiry on_expiry;
	/* exact bytes */
	uint8_t hash[HASH_BYTES]; /* H(body) */
	uint8_t *body;		  /* owned copy */
	size_t body_n;
};

struct conf_error {
	unsigned line; /* 1-based; 0 = the whole body */
	char key[33];  /* "" if none */
	char text[160];
};
struct conf_errors {
	struct conf_error e[CONF_ERRORS_MAX]; /* file order; whole-body errors last */
	size_t n;      /* stored */
	size_t total;  /* found */
	unsigned line; /* of the MALFORMED verdict */
};

struct conf_policy {
	bool allow_non_ascii; /* allow-non-ascii-topics */
};

/* MQ_OK and *out (caller frees with conf_free), or MQ_EFORMAT with every error, or MQ_ENOMEM.
 * errors may be NULL. */
enum mq_err conf_parse(struct span body, const struct conf_policy *policy, struct conf **out,
    struct conf_errors *errors);
void conf_free(struct conf *c);
struct conf *conf_dup(const struct conf *c); /* NULL without memory */
/* Writes a canonical body of these fields (template order of 3.3, with short comments). The result
 * parses. Bytes of a signed conf are never rewritten: this is for new revisions. */
enum mq_err conf_print(const struct conf *c, struct buf *out, struct mq_error *e);
/* Calls each() for every raw key=value pair of a body that parses, in file order. */
void conf_each_pair(struct span body, void (*each)(void *arg, struct span key, struct span value),
    void *arg);

void conf_hash(uint8_t out[HASH_BYTES], struct span body); /* H(x) of the protocol */
struct span conf_topic(const struct conf *c);
struct span conf_body(const struct conf *c);
bool conf_is_owner(const struct conf *c, const struct fpr *f);
bool conf_is_recovery(const struct conf *c, const struct fpr *f);
bool conf_is_reader(const struct conf *c, const struct fpr *f);
/* The data key with this kid and role, or NULL. */
const struct conf_data_key *conf_find_key(const struct conf *c, uint8_t kid, enum key_role role);
bool conf_same_gateway(const struct conf_gateway *a, const struct conf_gateway *b);
void conf_put_gateway(const struct conf_gateway *g, char out[80]); /* "openpgp4:..." */
bool conf_read_gateway(struct span value, struct conf_gateway *out);
const char *suite_name(enum suite s); /* "ed25519+xchacha20poly1305"; "" */
enum suite suite_from_name(struct span s);
bool suite_needs_epoch_key(enum suite s);
/* properties(have) is a superset of properties(floor): 3.5 reason `floor`. */
bool suite_meets_floor(enum suite have, enum suite floor);
bool fpr_parse(struct span hex40, struct fpr *out); /* exactly 40 upper hex */
bool fpr_eq(const struct fpr *a, const struct fpr *b);
void fpr_groups(const struct fpr *f, char out[45]); /* five groups of 8 */
void fpr_short(const struct fpr *f, char out[16]); /* "4796…6CCD": first and last 4, UTF-8 */

#endif
