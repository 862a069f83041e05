#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/conf/conf.h"
#include "core/conf/conf_body.h"
#include "core/conf/conf_fields.h"
#include "core/conf/conf_lines.h"

#define VALID_SPAN_MAX 34560000 /* 400 d */
#define OFFER_SPAN_MAX 2592000	/* 30 d */

static const struct conf_schema conf_schema = { CONF_MAGIC, conf_fields, CONF_KEYS, true };

/* Everything a rule may look at. */
struct judged {
	const struct conf *c;
	uint64_t present;
};

static bool
has(const struct judged *j, enum conf_key key)
{
	return (j->present >> key & 1) != 0;
}

static bool
scheme_and_security_differ(const struct judged *j)
{
	return j->c->url_tls != (j->c->security != SECURITY_NONE);
}

static bool
password_without_user(const struct judged *j)
{
	return j->c->password_alg == PASSWORD_B2_EPOCH && j->c->url_user[0] == 0;
}

static bool
moves_to_itself(const struct judged *j)
{
	return has(j, KEY_FROM_TOPIC) &&
	    span_eq(conf_topic(j->c), (struct span){ j->c->from_topic, j->c->from_topic_n });
}

static bool
genesis_moves(const struct judged *j)
{
	return j->c->revision == 1 && has(j, KEY_FROM_TOPIC);
}

static bool
genesis_and_prev_differ(const struct judged *j)
{
	return (j->c->revision == 1) != (sodium_is_zero(j->c->prev, sizeof j->c->prev) == 1);
}

static bool
validity_is_wrong(const struct judged *j)
{
	return j->c->valid_from >= j->c->valid_until ||
	    j->c->valid_until - j->c->valid_from > VALID_SPAN_MAX;
}

static bool
offer_is_wrong(const struct judged *j)
{
	return has(j, KEY_OFFER_UNTIL) && (j->c->offer_until <= j->c->issued ||
	    j->c->offer_until - j->c->issued > OFFER_SPAN_MAX);
}

static bool
genesis_is_an_offer(const struct judged *j)
{
	return j->c->revision == 1 && has(j, KEY_OFFER_UNTIL);
}

static bool
genesis_is_a_recovery(const struct judged *j)
{
	return j->c->revision == 1 && j->c->kind == KIND_RECOVERY;
}

static bool
gateway_has_power(const struct judged *j)
{
	const struct conf_gateway *g = &j->c->gateway;

	return !g->is_edkey && (conf_is_owner(j->c, &g->fpr) || conf_is_recovery(j->c, &g->fpr));
}

static bool
no_gateway_key_zero(const struct judged *j)
{
	return conf_find_key(j->c, 0, ROLE_GATEWAY) == NULL;
}

static bool
data_keys_repeat(const struct judged *j)
{
	for (size_t i = 0; i < j->c->n_data_keys; i++)
		for (size_t k = 0; k < i; k++)
			if (j->c->data_key[i].index == j->c->data_key[k].index ||
			    memcmp(j->c->data_key[i].pk, j->c->data_key[k].pk, 32) == 0)
				return true;
	return false;
}

static bool
edkey_is_not_key_zero(const struct judged *j)
{
	const struct conf_data_key *zero = conf_find_key(j->c, 0, ROLE_GATEWAY);

	return j->c->gateway.is_edkey &&
	    (zero == NULL || memcmp(zero->pk, j->c->gateway.pk, sizeof zero->pk) != 0);
}

static bool
edkey_needs_decryption(const struct judged *j)
{
	return j->c->gateway.is_edkey &&
	    (j->c->suite != SUITE_ED25519 || j->c->password_alg == PASSWORD_B2_EPOCH);
}

static bool
threshold_above_owners(const struct judged *j)
{
	return j->c->threshold > j->c->n_owners;
}

static bool
owner_is_recovery(const struct judged *j)
{
	for (size_t i = 0; i < j->c->n_owners; i++)
		if (conf_is_recovery(j->c, &j->c->owner[i]))
			return true;
	return false;
}

static bool
recovery_threshold_differs(const struct judged *j)
{
	return has(j, KEY_RECOVERY_THRESHOLD) != has(j, KEY_RECOVERY);
}

static bool
recovery_delay_differs(const struct judged *j)
{
	return has(j, KEY_RECOVERY_DELAY) != has(j, KEY_RECOVERY);
}

static bool
threshold_above_recovery(const struct judged *j)
{
	return has(j, KEY_RECOVERY) && j->c->recovery_threshold > j->c->n_recovery;
}

static bool
epoch_key_id_differs(const struct judged *j)
{
	return has(j, KEY_EPOCH_KEY_ID) != (suite_needs_epoch_key(j->c->suite) ||
	    j->c->password_alg == PASSWORD_B2_EPOCH);
}

#define K(name) (UINT64_C(1) << KEY_##name)

/* The rules that join two fields. One is judged when all keys it reads are in order. */
static const struct {
	enum conf_key key; /* named in the error */
	uint64_t reads;
	bool (*broken)(const struct judged *j);
	const char *text;
} rules[] = {
	{ KEY_NETWORK_SECURITY, K(URL) | K(NETWORK_SECURITY), scheme_and_security_differ,
	    "none exactly with an mqtt:// url" },
	{ KEY_PASSWORD_ALG, K(URL) | K(PASSWORD_ALG), password_without_user,
	    "b2-epoch needs a user in the url" },
	{ KEY_FROM_TOPIC, K(TOPIC) | K(FROM_TOPIC), moves_to_itself, "is the topic itself" },
	{ KEY_FROM_TOPIC, K(REVISION) | K(FROM_TOPIC), genesis_moves, "not in revision 1" },
	{ KEY_PREV, K(REVISION) | K(PREV), genesis_and_prev_differ,
	    "all zero in revision 1 and only there" },
	{ KEY_VALID_UNTIL, K(VALID_FROM) | K(VALID_UNTIL), validity_is_wrong,
	    "must be after valid-from, by at most 400 d" },
	{ KEY_OFFER_UNTIL, K(ISSUED) | K(OFFER_UNTIL), offer_is_wrong,
	    "must be after issued, by at most 30 d" },
	{ KEY_OFFER_UNTIL, K(REVISION) | K(OFFER_UNTIL), genesis_is_an_offer, "not in revision 1" },
	{ KEY_KIND, K(REVISION) | K(KIND), genesis_is_a_recovery, "revision 1 is normal" },
	{ KEY_GATEWAY, K(GATEWAY) | K(OWNER) | K(RECOVERY), gateway_has_power,
	    "is also an owner or recovery key" },
	{ KEY_DATA_KEY, K(DATA_KEY), no_gateway_key_zero, "index 0 with the role gateway is missing" },
	{ KEY_DATA_KEY, K(DATA_KEY), data_keys_repeat, "an index or a key stands here twice" },
	{ KEY_GATEWAY, K(GATEWAY) | K(DATA_KEY), edkey_is_not_key_zero, "is not data-key 0" },
	{ KEY_GATEWAY, K(GATEWAY) | K(ENCRYPTION_ALG) | K(PASSWORD_ALG), edkey_needs_decryption,
	    "without OpenPGP only encryption-alg=ed25519 and no b2-epoch" },
	{ KEY_THRESHOLD, K(THRESHOLD) | K(OWNER), threshold_above_owners,
	    "more than there are owners" },
	{ KEY_RECOVERY, K(OWNER) | K(RECOVERY), owner_is_recovery, "a recovery key is also an owner" },
	{ KEY_RECOVERY_THRESHOLD, K(RECOVERY) | K(RECOVERY_THRESHOLD), recovery_threshold_differs,
	    "there exactly if there are recovery keys" },
	{ KEY_RECOVERY_DELAY, K(RECOVERY) | K(RECOVERY_DELAY), recovery_delay_differs,
	    "there exactly if there are recovery keys" },
	{ KEY_RECOVERY_THRESHOLD, K(RECOVERY) | K(RECOVERY_THRESHOLD), threshold_above_recovery,
	    "more than there are recovery keys" },
	{ KEY_EPOCH_KEY_ID, K(ENCRYPTION_ALG) | K(PASSWORD_ALG) | K(EPOCH_KEY_ID),
	    epoch_key_id_differs, "there exactly if the suite is not ed25519 or the password is b2-epoch" },
};

static void
judge_rules(const struct conf *c, const struct conf_seen *seen, struct conf_errors *errors)
{
	const struct judged j = { c, seen->present };

	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
		if ((seen->unusable & rules[i].reads) == 0 && rules[i].broken(&j))
			conf_errors_add(errors, 0, span_of(conf_fields[rules[i].key].name), "%s",
			    rules[i].text);
}

enum mq_err
conf_parse(struct span body, const struct conf_policy *policy, struct conf **out,
    struct conf_errors *errors)
{
	struct conf *c = calloc(1, sizeof *c);
	struct conf_errors *found = errors != NULL ? errors : malloc(sizeof *found);
	struct conf_seen seen;
	enum mq_err r = MQ_ENOMEM;

	if (c == NULL || found == NULL)
		goto out;
	if ((r = conf_body_read(&conf_schema, body, policy, c, found, &seen)) == MQ_ENOMEM)
		goto out;
	judge_rules(c, &seen, found);
	r = MQ_EFORMAT;
	if (found->total != 0)
		goto out;
	r = MQ_ENOMEM;
	if ((c->body = (uint8_t *)span_dup(body)) == NULL)
		goto out;
	c->body_n = body.n;
	conf_hash(c->hash, body);
	*out = c;
	c = NULL;
	r = MQ_OK;
out:
	conf_free(c);
	if (found != errors)
		free(found);
	return r;
}

void
conf_each_pair(struct span body, void (*each)(void *arg, struct span key, struct span value),
    void *arg)
{
	struct conf_lines lines = conf_lines_of(body, CONF_MAGIC);
	struct conf_line line;

	while (conf_lines_next(&lines, &line))
		if (line.key.n != 0)
			each(arg, line.key, line.value);
}
