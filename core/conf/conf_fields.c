#include "core/conf/conf_fields.h"

#include <stdlib.h>
#include <string.h>

#define LIST_VALUE_MAX 96 /* the longest value of a repeated key is a data-key of 83 */

static const char *const password_names[] = { "none", "local", "b2-epoch", NULL };
static const char *const suite_names[] = { /* index = suite; a value is never empty */
	"", "ed25519", "xchacha20poly1305", "ed25519+xchacha20poly1305", "hmac-sha256", NULL };
static const char *const kind_names[] = { "normal", "recovery", NULL };
static const char *const expiry_names[] = { "stop", "continue", NULL };

#define HASH_SYNTAX "b2-256: and 64 lower hex digits"
#define TIME_SYNTAX "YYYY-MM-DDTHH:MM:SSZ, a real date in 2000-2105"
#define FPR_SYNTAX "openpgp4: and 40 upper hex digits"
#define TOPIC_SYNTAX "a topic of 1-512 bytes and 1-32 levels, other bytes than A-Za-z0-9._~/ :- as %XX"

/* Parts of a row: how often (and how presence is known), how a value is spelled. */
#define ONE .min = 1, .max = 1
#define MAYBE(member) LIST(0, 1, member)
#define LIST(least, most, member)                                                                  \
	.min = (least), .max = (most), .count_at = offsetof(struct conf, member),                  \
	.count_size = sizeof((struct conf *)0)->member
#define TYPE(type_name) .type = &conf_type_##type_name
#define U32(lowest, highest) TYPE(u32), .low = (lowest), .high = (highest)
#define WORD(list) TYPE(word), .names = (list)
#define ROW(key, often, type, member, form, words)                                                 \
	{ .name = (key), often, type, .at = offsetof(struct conf, member), .syntax = (form),       \
	    .meaning = (words) }

const struct conf_field conf_fields[CONF_KEYS] = {
	[KEY_URL] = ROW("url", ONE, TYPE(url), url, "mqtt[s]://[user@]host[:port]",
	    "broker of the gateway; a password cannot be written"),
	[KEY_OWN] = ROW("own", MAYBE(own[0]), TYPE(label), own, "any text",
	    "label, shown behind the fingerprints; never identity"),
	[KEY_TOPIC] = ROW("topic", LIST(1, 1, topic_n), TYPE(topic), topic, TOPIC_SYNTAX,
	    "the tree this conf secures"),
	[KEY_FROM_TOPIC] = ROW("from-topic", MAYBE(from_topic_n), TYPE(topic), from_topic,
	    TOPIC_SYNTAX, "the tree that moves here; only in the revision that moves it"),
	[KEY_PASSWORD_ALG] = ROW("password-alg", ONE, WORD(password_names), password_alg,
	    "none, local or b2-epoch", "where the gateway gets its broker password from"),
	[KEY_NETWORK_SECURITY] = ROW("network-security", ONE, TYPE(security), security,
	    "none, tls, tls-ca-b2:HEX64 or tls-spki-sha256:HEX64",
	    "how the broker proves itself; none exactly with mqtt://"),
	[KEY_ENCRYPTION_ALG] = ROW("encryption-alg", ONE, WORD(suite_names), suite,
	    "ed25519, xchacha20poly1305, ed25519+xchacha20poly1305 or hmac-sha256",
	    "how data messages are protected (suites 1 2 3 4)"),
	[KEY_REVISION] = ROW("revision", ONE, U32(1, UINT32_MAX), revision, "a number, at least 1",
	    "counts up by exactly one"),
	[KEY_PREV] = ROW("prev", ONE, TYPE(hash), prev, HASH_SYNTAX,
	    "hash of the previous body; all zero exactly in revision 1"),
	[KEY_ISSUED] = ROW("issued", ONE, TYPE(time), issued, TIME_SYNTAX,
	    "when this revision was written"),
	[KEY_VALID_FROM] = ROW("valid-from", ONE, TYPE(time), valid_from, TIME_SYNTAX,
	    "start of validity"),
	[KEY_VALID_UNTIL] = ROW("valid-until", ONE, TYPE(time), valid_until, TIME_SYNTAX,
	    "end of validity; at most 400 d after valid-from"),
	[KEY_OFFER_UNTIL] = ROW("offer-until", MAYBE(has_offer_until), TYPE(time), offer_until,
	    TIME_SYNTAX, "a change of owners is dead after this; at most 30 d after issued"),
	[KEY_KIND] = ROW("kind", ONE, WORD(kind_names), kind, "normal or recovery",
	    "who may sign it: the owners, or the recovery keys"),
	[KEY_GATEWAY] = ROW("gateway", ONE, TYPE(gateway), gateway,
	    "openpgp4: and 40 upper hex digits, or ed25519: and 64 lower hex digits",
	    "identity of the gateway"),
	[KEY_DATA_KEY] = ROW("data-key",
	    LIST(1, CONF_DATA_KEYS_MAX, n_data_keys), TYPE(data_key), data_key,
	    "0-7, gateway or operator, ed25519: and 64 lower hex digits; single blanks",
	    "key that signs data (gateway) or commands (operator); index 0 is the gateway"),
	[KEY_OWNER] = ROW("owner", LIST(1, CONF_OWNERS_MAX, n_owners), TYPE(fpr), owner, FPR_SYNTAX,
	    "primary key that may sign the next revision"),
	[KEY_THRESHOLD] = ROW("threshold", ONE, U32(1, CONF_OWNERS_MAX), threshold,
	    "a number from 1 to 16", "how many owners must sign"),
	[KEY_RECOVERY] = ROW("recovery",
	    LIST(0, CONF_RECOVERY_MAX, n_recovery), TYPE(fpr), recovery, FPR_SYNTAX,
	    "offline key that may take the tree back; no owner"),
	[KEY_RECOVERY_THRESHOLD] = ROW("recovery-threshold",
	    MAYBE(n_recovery), U32(1, CONF_RECOVERY_MAX), recovery_threshold,
	    "a number from 1 to 16", "how many recovery keys must sign"),
	[KEY_RECOVERY_DELAY] = ROW("recovery-delay",
	    MAYBE(n_recovery), U32(0, CONF_DELAY_MAX), recovery_delay,
	    "seconds, at most 1209600 (14 d)", "how long a complete recovery waits"),
	[KEY_TRANSFER_DELAY] = ROW("transfer-delay", ONE, U32(0, CONF_DELAY_MAX), transfer_delay,
	    "seconds, at most 1209600 (14 d)", "how long a change of authority or place waits"),
	[KEY_READER] = ROW("reader", LIST(0, CONF_READERS_MAX, n_readers), TYPE(fpr), reader,
	    FPR_SYNTAX, "key that gets the epoch key and may read"),
	[KEY_EPOCH] = ROW("epoch", ONE, U32(1, UINT32_MAX), epoch, "a number, at least 1",
	    "generation of the data secret"),
	[KEY_EPOCH_KEY_ID] = ROW("epoch-key-id", MAYBE(has_epoch_key_id), TYPE(hash), epoch_key_id,
	    HASH_SYNTAX, "commits to the epoch secret; there if suite or password needs one"),
	[KEY_GRACE] = ROW("grace", ONE, U32(0, UINT32_MAX), grace, "seconds",
	    "how long data of the revision before is still taken"),
	[KEY_HEARTBEAT] = ROW("heartbeat", ONE, U32(1, UINT32_MAX), heartbeat,
	    "seconds, at least 1", "interval of the signed status"),
	[KEY_MAX_AGE] = ROW("max-age", ONE, U32(1, UINT32_MAX), max_age, "seconds, at least 1",
	    "an older value is shown as aged"),
	[KEY_MAX_PAYLOAD] = ROW("max-payload", ONE, U32(1, UINT32_MAX), max_payload,
	    "bytes, at least 1", "larger data messages break the policy"),
	[KEY_LEASE] = ROW("lease", ONE, U32(0, UINT32_MAX), lease, "seconds",
	    "how long the gateway runs on after its conf vanished"),
	[KEY_ON_EXPIRY] = ROW("on-expiry", ONE, WORD(expiry_names), on_expiry, "stop or continue",
	    "what the gateway does after valid-until"),
};

const struct conf_field *
conf_field_find(const struct conf_field *table, size_t n, struct span key)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(key, table[i].name))
			return &table[i];
	return NULL;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A list is printed into fixed cells and sorted there: values are ASCII without NUL. */
static enum mq_err
put_list(const struct conf_field *f, const void *from, const char *before, const char *after,
    struct buf *out)
{
	char cell[CONF_READERS_MAX][LIST_VALUE_MAX];
	size_t n = conf_field_count(f, from);
	struct buf value;

	buf_init(&value, LIST_VALUE_MAX - 1);
	for (size_t i = 0; i < n && out->err == MQ_OK; i++) {
		const char *text;

		buf_reset(&value);
		f->type->put(f, from, i, &value);
		if ((text = buf_cstr(&value)) == NULL)
			out->err = value.err;
		else
			memcpy(cell[i], text, value.n + 1);
	}
	buf_done(&value);
	if (out->err != MQ_OK)
		return out->err;
	qsort(cell, n, sizeof cell[0], by_bytes);
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(out, "%s%s%s", before, cell[i], after); /* errors stick */
	return out->err;
}

enum mq_err
conf_field_put(const struct conf_field *f, const void *from, const char *before, const char *after,
    struct buf *out)
{
	if (f->max > 1)
		return put_list(f, from, before, after, out);
	if (conf_field_count(f, from) == 0)
		return out->err;
	(void)buf_puts(out, before); /* errors stick */
	f->type->put(f, from, 0, out);
	return buf_puts(out, after);
}

bool
conf_field_accepts(enum conf_key key, struct span value)
{
	const struct conf_policy any = { .allow_non_ascii = true };
	const struct conf_field *f = &conf_fields[key];
	struct conf scratch = { .revision = 0 };

	if (value.n == 0 || value.n + strlen(f->name) + 1 > CONF_LINE_MAX || value.p[0] == ' ' ||
	    value.p[value.n - 1] == ' ')
		return false;
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < 0x20 || value.p[i] > 0x7e)
			return false;
	return f->type->read(f, value, &any, &scratch);
}
