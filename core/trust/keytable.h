/*
 * Our own table of the public keys in a ring: what 4.2 rows 4, 5 and 7 ask, without running gpg.
 *
 * Plain data, filled by pgp.c from a key listing, replaced as a whole when the ring changes
 * (generation + 1). Pure look-ups; not thread-safe, each thread holds its own copy.
 */
#ifndef MQGP_CORE_TRUST_KEYTABLE_H
#define MQGP_CORE_TRUST_KEYTABLE_H

#include "core/conf/conf.h"

#define KEYTABLE_SUBKEYS_MAX 16 /* per primary, itself included; more are cut */
#define KEYTABLE_KEYS_MAX 512
#define KEYTABLE_UID_MAX 128

struct subkey {
	struct fpr fpr;
	int algo; /* OpenPGP public-key algorithm number */
	unsigned bits;
	bool can_sign, can_encrypt, revoked, disabled, invalid, secret;
	int64_t created, expires; /* expires 0 = never */
};
struct pgpkey {
	struct subkey sub[KEYTABLE_SUBKEYS_MAX]; /* [0] is the primary */
	size_t n;
	bool revoked, expired, invalid;
	bool secret;		    /* a secret primary or subkey is at hand */
	char uid[KEYTABLE_UID_MAX]; /* hostile UTF-8, first user ID; grey, after the fingerprint */
};
struct keytable {
	struct pgpkey *key; /* owned, n entries */
	size_t n, cap;
	uint64_t generation;
};

void keytable_init(struct keytable *t);
void keytable_done(struct keytable *t);
enum mq_err keytable_copy(struct keytable *to, const struct keytable *from);
enum mq_err keytable_add(struct keytable *t, const struct pgpkey *k); /* replaces same primary */
/* The primary that fpr is or belongs to, and the subkey itself; NULL if unknown. */
const struct pgpkey *keytable_find(const struct keytable *t, const struct fpr *f,
    const struct subkey **sub);
/* The same, one holder after the other (*at starts at 0): a certificate may claim somebody else's
 * subkey without a back signature, which only gpg sees. NULL: no more. */
const struct pgpkey *keytable_next(const struct keytable *t, const struct fpr *f, size_t *at,
    const struct subkey **sub);
/* The subkey (or primary) f of k; NULL if it has none. */
const struct subkey *pgpkey_subkey(const struct pgpkey *k, const struct fpr *f);
const struct pgpkey *keytable_primary(const struct keytable *t, const struct fpr *f);
/* 4.2 row 5: this subkey may sign and is strong enough. */
bool subkey_may_sign(const struct pgpkey *k, const struct subkey *s);

#endif
