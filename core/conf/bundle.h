/*
 * The bundle: body + detached signatures (PROTOCOL 3.4), and the halt order inside one.
 *
 * Parsing keeps borrowed spans into the payload, except decoded signatures, which are copied.
 * Anything but the one spelling is MALFORMED. Pure.
 */
#ifndef MQGP_CORE_CONF_BUNDLE_H
#define MQGP_CORE_CONF_BUNDLE_H

#include "core/conf/conf.h"
#include "core/verdict/verdict.h"

#define BUNDLE_MAX 65536 /* PROTOCOL 3.12 */
#define BUNDLE_SIGS_MAX 16
#define BUNDLE_SIG_BYTES_MAX 4096
#define BUNDLE_LINE_MAX 5469

struct bundle_sig {
	uint8_t *p; /* owned */
	size_t n;
};
struct bundle {
	struct span body; /* borrowed from the payload */
	bool has_claim;
	uint8_t claim[32];
	struct bundle_sig sig[BUNDLE_SIGS_MAX]; /* identical ones collapsed, order kept */
	size_t n_sigs;
};

/* What the first byte says (3.4 "Form of the payload"): V_OVERSIZE, V_CLEARED, V_UNSIGNED, or
 * V_NONE with *encrypted set for >= 0x80. halt: encrypted is V_UNSIGNED. */
enum verdict bundle_form(struct span payload, bool halt, bool *encrypted);
/* V_NONE and *out (free with bundle_done), or V_MALFORMED (line 0; also without memory: nothing
 * may be taken for good then). Zero sig: lines parse; the caller says UNSIGNED after the body has parsed. The payload must outlive *out. */
enum verdict bundle_parse(struct span payload, struct bundle *out);
void bundle_done(struct bundle *b);
/* Writes a bundle of a body and signatures; the result parses. */
enum mq_err bundle_print(struct buf *out, struct span body, const uint8_t *claim,
    const struct bundle_sig *sigs, size_t n_sigs);

struct halt {
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct conf_gateway gateway;
	uint32_t revision;
	uint8_t conf[HASH_BYTES];
	int64_t issued;
	char reason[33];
};
/* MQ_OK, or MQ_EFORMAT with errors->line as in conf_parse, or MQ_ENOMEM. errors may be NULL. */
enum mq_err halt_parse(struct span body, const struct conf_policy *policy, struct halt *out,
    struct conf_errors *errors);
/* Appends the body; MQ_EFORMAT if these fields make none. */
enum mq_err halt_print(const struct halt *h, struct buf *out);

/* Claim codes (3.1): 16 characters A-Z2-7 after upper-casing and dropping '-' and blanks. */
bool claim_code_normalise(struct span code, char out[17]);
void claim_code_new(char grouped[20]); /* "XXXX-XXXX-XXXX-XXXX", random */
/* K = Argon2id of the code for this gateway (about 0.1 s, 64 MiB). False without memory. */
bool claim_key(const char code[17], const struct conf_gateway *g, uint8_t key[32]);
void claim_mac(const uint8_t key[32], struct span body, uint8_t out[32]);

#endif
