#include "core/wire/receipt.h"

#include <string.h>

#include <sodium.h>

/* Against the newest of that topic: what 3.8 does for data with a window of one. */
static enum verdict
judge_fresh(const struct receipt_last *last, const struct receipt *r, struct span payload)
{
	uint8_t digest[HASH_BYTES];

	if (last == NULL || !last->any || r->boot > last->boot ||
	    (r->boot == last->boot && r->n > last->n))
		return verdict_grant(V_VERIFIED);
	if (r->boot != last->boot || r->n != last->n)
		return V_REPLAY;
	conf_hash(digest, payload);
	return memcmp(digest, last->digest, HASH_BYTES) == 0 ? V_DUPLICATE : V_EQUIVOCATION;
}

enum verdict
receipt_judge(struct span payload, bool status, struct span tree,
    const struct conf_gateway *gateway, receipt_find_conf *find, void *arg,
    const struct receipt_last *last, struct receipt *out, unsigned *line)
{
	const struct conf_data_key *key;
	const struct conf *conf;
	struct receipt r;
	enum verdict v = receipt_parse(payload, status, &r, line);

	if (v != V_NONE)
		return v;
	if ((conf = find(arg, r.conf)) == NULL)
		return V_NEEDS_CONF;
	if ((key = conf_find_key(conf, r.kid, ROLE_GATEWAY)) == NULL)
		return V_UNKNOWN_KEY;
	if (crypto_sign_verify_detached(r.sig, payload.p, r.signed_n, key->pk) != 0)
		return V_BAD_SIG;
	if (!span_eq((struct span){ r.topic, r.topic_n }, tree))
		return V_WRONG_TOPIC;
	if (!conf_same_gateway(&r.gateway, gateway))
		return V_WRONG_GATEWAY;
	if (verdict_is_green(v = judge_fresh(last, &r, payload)))
		*out = r;
	return v;
}

void
receipt_remember(struct receipt_last *last, const struct receipt *r, struct span payload)
{
	last->any = true;
	last->boot = r->boot;
	last->n = r->n;
	conf_hash(last->digest, payload);
}
