#include "core/conf/conf_types.h"

#include <string.h>

#include "core/base/text.h"

#define HASH_PREFIX "b2-256:"
#define EDKEY_PREFIX "ed25519:"
#define FPR_PREFIX "openpgp4:"

_Static_assert(sizeof(enum conf_kind) == sizeof(uint32_t), "words are stored like numbers");

static void *
item(const struct conf_field *f, void *into)
{
	return (char *)into + f->at;
}

static const void *
item_const(const struct conf_field *f, const void *from)
{
	return (const char *)from + f->at;
}

size_t
conf_field_count(const struct conf_field *f, const void *from)
{
	const char *at = (const char *)from + f->count_at;
	size_t n = 0;

	if (f->count_size == 0)
		return 1;
	if (f->count_size == 1)
		return *at != 0;
	memcpy(&n, at, sizeof n);
	return n < f->max ? n : f->max;
}

/* Index of the item to be read next. */
static size_t
next_index(const struct conf_field *f, const void *into)
{
	return f->max > 1 ? conf_field_count(f, into) : 0;
}

static void
set_count(const struct conf_field *f, void *into, size_t n)
{
	char *at = (char *)into + f->count_at;

	if (f->count_size == sizeof n)
		memcpy(at, &n, sizeof n);
	else if (f->count_size == 1)
		*at = n != 0;
}

static bool
strip(struct span *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!span_starts(*s, prefix))
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static void
put_hex(struct buf *out, const uint8_t *p, size_t n)
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, p, n < HASH_BYTES ? n : HASH_BYTES);
	(void)buf_puts(out, hex); /* errors stick in out, here and below */
}

static bool
u32_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	uint32_t n;

	(void)policy;
	if (!text_u32(v, &n) || n < f->low || n > f->high)
		return false;
	memcpy(item(f, into), &n, sizeof n);
	return true;
}

static void
u32_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	uint32_t n;

	(void)i;
	memcpy(&n, item_const(f, from), sizeof n);
	(void)buf_printf(out, "%u", n);
}

static bool
time_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	int64_t t;

	(void)policy;
	if (!text_time(v, &t))
		return false;
	memcpy(item(f, into), &t, sizeof t);
	set_count(f, into, 1);
	return true;
}

static void
time_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	char text[TEXT_TIME_MAX];
	int64_t t;

	(void)i;
	memcpy(&t, item_const(f, from), sizeof t);
	text_put_time(text, t);
	(void)buf_puts(out, text);
}

static bool
hash_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	(void)policy;
	if (!strip(&v, HASH_PREFIX) || !text_unhex(v, 'a', item(f, into), HASH_BYTES))
		return false;
	set_count(f, into, 1);
	return true;
}

static void
hash_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	(void)i;
	(void)buf_puts(out, HASH_PREFIX);
	put_hex(out, item_const(f, from), HASH_BYTES);
}

static bool
topic_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	size_t n;

	if (!topic_decode(v, policy->allow_non_ascii, item(f, into), &n))
		return false;
	set_count(f, into, n);
	return true;
}

static void
topic_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	struct span topic = { item_const(f, from), 0 };

	(void)i;
	memcpy(&topic.n, (const char *)from + f->count_at, sizeof topic.n);
	(void)topic_encode(out, topic);
}

static bool
gateway_read(const struct conf_field *f, struct span v, const struct conf_policy *policy,
    void *into)
{
	(void)policy;
	return conf_read_gateway(v, item(f, into));
}

static void
gateway_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	char text[80];

	(void)i;
	conf_put_gateway(item_const(f, from), text);
	(void)buf_puts(out, text);
}

static bool
word_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	(void)policy;
	for (uint32_t n = 0; f->names[n] != NULL; n++)
		if (span_is(v, f->names[n])) {
			memcpy(item(f, into), &n, sizeof n);
			return true;
		}
	return false;
}

static void
word_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	uint32_t n, known = 0;

	(void)i;
	memcpy(&n, item_const(f, from), sizeof n);
	while (f->names[known] != NULL)
		known++;
	if (n < known)
		(void)buf_puts(out, f->names[n]);
}

static bool
label_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	char *at = item(f, into);

	(void)policy;
	if (v.n == 0 || v.n >= CONF_LINE_MAX)
		return false;
	memcpy(at, v.p, v.n);
	at[v.n] = 0;
	return true;
}

static void
text_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	(void)i;
	(void)buf_puts(out, item_const(f, from));
}

static bool
fpr_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	size_t n = next_index(f, into);
	struct fpr *list = item(f, into);

	(void)policy;
	if (!strip(&v, FPR_PREFIX) || !fpr_parse(v, &list[n]))
		return false;
	set_count(f, into, n + 1);
	return true;
}

static void
fpr_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	const struct fpr *list = item_const(f, from);

	(void)buf_printf(out, FPR_PREFIX "%s", list[i].hex);
}

static bool
data_key_read(const struct conf_field *f, struct span v, const struct conf_policy *policy,
    void *into)
{
	struct conf_data_key key = { 0 };
	struct conf *c = into;
	size_t n = next_index(f, into);

	(void)policy;
	if (v.n < 2 || v.p[0] < '0' || v.p[0] > '7')
		return false;
	key.index = (uint8_t)(v.p[0] - '0');
	v = (struct span){ v.p + 1, v.n - 1 };
	if (strip(&v, " operator " EDKEY_PREFIX))
		key.role = ROLE_OPERATOR;
	else if (!strip(&v, " gateway " EDKEY_PREFIX))
		return false;
	if (!text_unhex(v, 'a', key.pk, sizeof key.pk))
		return false;
	c->data_key[n] = key;
	set_count(f, into, n + 1);
	return true;
}

static void
data_key_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	const struct conf_data_key *key = (const struct conf_data_key *)item_const(f, from) + i;

	(void)buf_printf(out, "%u %s " EDKEY_PREFIX, key->index,
	    key->role == ROLE_OPERATOR ? "operator" : "gateway");
	put_hex(out, key->pk, sizeof key->pk);
}

static const struct {
	const char *word;
	bool has_hash;
} securities[] = {
	[SECURITY_NONE] = { "none", false },
	[SECURITY_TLS] = { "tls", false },
	[SECURITY_TLS_CA_B2] = { "tls-ca-b2:", true },
	[SECURITY_TLS_SPKI] = { "tls-spki-sha256:", true },
};
#define N_SECURITIES (sizeof securities / sizeof securities[0])

static bool
security_read(const struct conf_field *f, struct span v, const struct conf_policy *policy,
    void *into)
{
	struct conf *c = into;

	(void)f;
	(void)policy;
	for (unsigned i = 0; i < N_SECURITIES; i++) {
		struct span rest = v;

		if (!strip(&rest, securities[i].word))
			continue;
		c->security = (enum conf_security)i;
		if (!securities[i].has_hash && rest.n == 0)
			return true;
		if (securities[i].has_hash)
			return text_unhex(rest, 'a', c->security_hash, sizeof c->security_hash);
	}
	return false;
}

static void
security_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	const struct conf *c = from;

	(void)f;
	(void)i;
	if ((unsigned)c->security >= N_SECURITIES)
		return;
	(void)buf_puts(out, securities[c->security].word);
	if (securities[c->security].has_hash)
		put_hex(out, c->security_hash, sizeof c->security_hash);
}

/* The bytes before the first c go into *head; false without one (both unchanged). */
static bool
cut(struct span *s, char c, struct span *head)
{
	const uint8_t *at = s->n != 0 ? memchr(s->p, c, s->n) : NULL;

	if (at == NULL)
		return false;
	*head = (struct span){ s->p, (size_t)(at - s->p) };
	*s = (struct span){ at + 1, s->n - head->n - 1 };
	return true;
}

/* A set of ASCII bytes; NUL is in none. */
static bool
made_of(struct span s, const char *set)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == 0 || strchr(set, s.p[i]) == NULL)
			return false;
	return true;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool
host_name_ok(struct span h)
{
	if (h.n < 1 || h.n > 253 || !made_of(h, LOWER DIGITS ".-"))
		return false;
	if (strchr(".-", h.p[0]) != NULL || strchr(".-", h.p[h.n - 1]) != NULL)
		return false;
	for (size_t i = 1; i < h.n; i++)
		if (h.p[i] == '.' && h.p[i - 1] == '.')
			return false;
	return true;
}

static bool
host_address_ok(struct span h)
{
	return h.n >= 2 && h.n <= 45 && made_of(h, DIGITS "abcdef:.");
}

static void
copy_text(char *out, struct span s)
{
	memcpy(out, s.p, s.n);
	out[s.n] = 0;
}

/* host[:port] or [address][:port] into c. */
static bool
authority_read(struct span rest, struct conf *c)
{
	struct span host = rest;
	bool has_port;
	uint32_t port;

	if (strip(&rest, "[")) {
		if (!cut(&rest, ']', &host) || !host_address_ok(host))
			return false;
		has_port = strip(&rest, ":");
		if (!has_port && rest.n != 0)
			return false;
	} else {
		has_port = cut(&rest, ':', &host);
		if (!host_name_ok(host))
			return false;
	}
	port = c->url_tls ? 8883 : 1883;
	if (has_port && (!text_u32(rest, &port) || port < 1 || port > UINT16_MAX))
		return false;
	copy_text(c->url_host, host);
	c->url_port = (uint16_t)port;
	return true;
}

static bool
url_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	struct span rest = v, user = { NULL, 0 };
	struct conf *c = into;

	(void)f;
	(void)policy;
	c->url_tls = strip(&rest, "mqtts://");
	if (!c->url_tls && !strip(&rest, "mqtt://"))
		return false;
	if (cut(&rest, '@', &user)) {
		if (user.n < 1 || user.n > 64 || !made_of(user, UPPER LOWER DIGITS "._~-"))
			return false;
		copy_text(c->url_user, user);
	}
	if (!authority_read(rest, c))
		return false;
	copy_text(c->url, v); /* at most 8 + 64 + 1 + 253 + 6 bytes by now */
	return true;
}

const struct conf_type conf_type_u32 = { u32_read, u32_put };
const struct conf_type conf_type_time = { time_read, time_put };
const struct conf_type conf_type_hash = { hash_read, hash_put };
const struct conf_type conf_type_topic = { topic_read, topic_put };
const struct conf_type conf_type_gateway = { gateway_read, gateway_put };
const struct conf_type conf_type_word = { word_read, word_put };
const struct conf_type conf_type_label = { label_read, text_put };
const struct conf_type conf_type_url = { url_read, text_put };
const struct conf_type conf_type_fpr = { fpr_read, fpr_put };
const struct conf_type conf_type_data_key = { data_key_read, data_key_put };
const struct conf_type conf_type_security = { security_read, security_put };
