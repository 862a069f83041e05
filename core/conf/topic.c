#include "core/conf/topic.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/conf/conf.h"

#define TOPIC_DELIVERED_MAX 65535 /* MQTT's own limit */

static const char *const control_levels[] = { "mqgp.conf", "mqgp_conf" };

/* Code points that never stand in a conf's topic, whatever the local policy (PROTOCOL 3.3). */
static const struct {
	uint32_t first, last;
} never[] = {
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, { 0x061c, 0x061c }, { 0x180e, 0x180e },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0xfeff, 0xfeff },
	{ 0xfff9, 0xfffb }, { 0xe0000, 0xe0fff },
};

/* How the names below a control level are spelled; log and keys are followed by a number, pgp by a
 * fingerprint. */
static const struct {
	enum topic_slot slot;
	const char *name;
} slots[] = {
	{ SLOT_SECURE, "secure" }, { SLOT_NEXT, "next" }, { SLOT_LOG, "log" },
	{ SLOT_KEYS, "keys" }, { SLOT_CA, "ca" }, { SLOT_RECEIPT, "receipt" },
	{ SLOT_STATUS, "status" }, { SLOT_HALT, "halt" }, { SLOT_PGP, "pgp" },
	{ SLOT_PING, "ping" },
};
#define N_SLOTS (sizeof slots / sizeof slots[0])

/* Takes the bytes up to the next '/' off rest; false after the last level. */
static bool
next_level(struct span *rest, struct span *level)
{
	const uint8_t *slash;

	if (rest->p == NULL)
		return false;
	slash = rest->n != 0 ? memchr(rest->p, '/', rest->n) : NULL;
	*level = (struct span){ rest->p, slash != NULL ? (size_t)(slash - rest->p) : rest->n };
	if (slash == NULL)
		*rest = (struct span){ NULL, 0 };
	else
		*rest = (struct span){ slash + 1, rest->n - level->n - 1 };
	return true;
}

static bool
is_control_level(struct span level)
{
	return span_is(level, control_levels[0]) || span_is(level, control_levels[1]);
}

static bool
is_control_char(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f);
}

static bool
conf_char_ok(uint32_t cp, bool allow_non_ascii)
{
	if (cp == '+' || cp == '#' || (cp & 0xfffe) == 0xfffe || (cp > 0x7e && !allow_non_ascii))
		return false;
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		if (cp >= never[i].first && cp <= never[i].last)
			return false;
	return true;
}

bool
topic_conf_ok(struct span topic, bool allow_non_ascii)
{
	struct span rest = topic, level;
	size_t levels = 0;

	if (topic.n == 0 || topic.n > TOPIC_CONF_MAX || topic.p[0] == '$' || topic.p[0] == ' ' ||
	    topic.p[topic.n - 1] == ' ')
		return false;
	while (next_level(&rest, &level))
		if (++levels > TOPIC_CONF_LEVELS || level.n == 0 || is_control_level(level))
			return false;
	for (size_t at = 0; at < topic.n;) {
		enum utf8_kind kind;
		uint32_t cp;
		int width;

		at += utf8_next((struct span){ topic.p + at, topic.n - at }, &cp, &kind, &width);
		if (kind == UTF8_INVALID || !conf_char_ok(cp, allow_non_ascii))
			return false;
	}
	return true;
}

/* The bytes that stand for themselves in a topic value. */
static bool
is_raw(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (c != 0 && strchr("._~/ :-", c) != NULL);
}

bool
topic_decode(struct span value, bool allow_non_ascii, uint8_t out[TOPIC_CONF_MAX], size_t *n)
{
	struct rd r = rd_of(value.p, value.n);
	uint8_t raw[TOPIC_CONF_MAX], c;
	size_t len = 0;

	while (rd_u8(&r, &c)) {
		if (c == '%') {
			const uint8_t *hex;

			if (!rd_bytes(&r, 2, &hex) ||
			    !text_unhex((struct span){ hex, 2 }, 'A', &c, 1) || is_raw(c))
				return false;
		} else if (!is_raw(c)) {
			return false;
		}
		if (len == sizeof raw)
			return false;
		raw[len++] = c;
	}
	if (!topic_conf_ok((struct span){ raw, len }, allow_non_ascii))
		return false;
	memcpy(out, raw, len);
	*n = len;
	return true;
}

enum mq_err
topic_encode(struct buf *out, struct span topic)
{
	for (size_t i = 0; i < topic.n; i++) {
		if (is_raw(topic.p[i]))
			(void)buf_u8(out, topic.p[i]); /* errors stick and are returned */
		else
			(void)buf_printf(out, "%%%02X", topic.p[i]);
	}
	return out->err;
}

/* Valid UTF-8 without controls and U+FEFF, as long as MQTT allows. */
static bool
wire_text_ok(struct span s)
{
	if (s.n == 0 || s.n > TOPIC_DELIVERED_MAX)
		return false;
	for (size_t at = 0; at < s.n;) {
		enum utf8_kind kind;
		uint32_t cp;
		int width;

		at += utf8_next((struct span){ s.p + at, s.n - at }, &cp, &kind, &width);
		if (kind == UTF8_INVALID || is_control_char(cp) || cp == 0xfeff)
			return false;
	}
	return true;
}

bool
topic_delivered_ok(struct span topic)
{
	return wire_text_ok(topic) && memchr(topic.p, '+', topic.n) == NULL &&
	    memchr(topic.p, '#', topic.n) == NULL;
}

bool
topic_below(struct span topic, struct span tree)
{
	return topic.n >= tree.n && span_eq((struct span){ topic.p, tree.n }, tree) &&
	    (topic.n == tree.n || topic.p[tree.n] == '/');
}

bool
topic_filter_ok(struct span filter)
{
	struct span rest = filter, level;

	if (!wire_text_ok(filter))
		return false;
	while (next_level(&rest, &level)) {
		bool hash = memchr(level.p, '#', level.n) != NULL;

		if ((hash || memchr(level.p, '+', level.n) != NULL) && level.n != 1)
			return false;
		if (hash && rest.p != NULL)
			return false;
	}
	return true;
}

bool
topic_matches(struct span filter, struct span topic)
{
	struct span want, have;

	if (topic.n == 0 || filter.n == 0 || (topic.p[0] == '$') != (filter.p[0] == '$'))
		return false;
	while (next_level(&filter, &want)) {
		if (span_is(want, "#")) /* also matches the level above it */
			return true;
		if (!next_level(&topic, &have) || (!span_is(want, "+") && !span_eq(want, have)))
			return false;
	}
	return topic.p == NULL;
}

void
topic_id(char out[33], struct span topic)
{
	uint8_t hash[HASH_BYTES];

	conf_hash(hash, topic);
	text_hex(out, hash, 16);
}

/* The slot of what follows the control level, e.g. "log/7". */
static void
split_slot(struct span rest, struct topic_parts *out)
{
	struct span name, arg = { NULL, 0 };
	bool has_arg;

	out->slot = SLOT_OTHER;
	(void)next_level(&rest, &name); /* the caller saw the slash before it */
	has_arg = next_level(&rest, &arg);
	if (rest.p != NULL)
		return;
	for (size_t i = 0; i < N_SLOTS; i++) {
		bool ok;

		if (!span_is(name, slots[i].name))
			continue;
		if (slots[i].slot == SLOT_LOG || slots[i].slot == SLOT_KEYS)
			ok = has_arg && text_u32(arg, &out->number) && out->number != 0;
		else if (slots[i].slot == SLOT_PGP)
			ok = has_arg && text_is_hex(arg, 'A', 40);
		else
			ok = !has_arg;
		if (!ok)
			return;
		if (slots[i].slot == SLOT_PGP)
			memcpy(out->fpr, arg.p, 40); /* out is zeroed: NUL stays */
		out->slot = slots[i].slot;
		return;
	}
}

struct topic_parts
topic_split(struct span topic)
{
	struct topic_parts out = { .slot = SLOT_NONE };
	struct span rest = topic, level;

	while (next_level(&rest, &level)) {
		if (!is_control_level(level))
			continue;
		out.tree.p = topic.p;
		out.tree.n = level.p == topic.p ? 0 : (size_t)(level.p - topic.p) - 1;
		out.slot = SLOT_INFO;
		if (rest.p != NULL)
			split_slot(rest, &out);
		break;
	}
	return out;
}

const char *
topic_slot_name(enum topic_slot s)
{
	for (size_t i = 0; i < N_SLOTS; i++)
		if (slots[i].slot == s)
			return slots[i].name;
	return s == SLOT_INFO ? "info" : s == SLOT_OTHER ? "other" : "data";
}

enum mq_err
topic_put_slot(struct buf *out, struct span tree, const char *level, enum topic_slot slot,
    uint32_t number, const char *fpr)
{
	if (slot == SLOT_NONE || slot == SLOT_OTHER)
		return MQ_EINVAL;
	(void)buf_put(out, tree.p, tree.n); /* errors stick and are returned */
	(void)buf_printf(out, "%s%s", tree.n != 0 ? "/" : "", level);
	if (slot != SLOT_INFO)
		(void)buf_printf(out, "/%s", topic_slot_name(slot));
	if (slot == SLOT_LOG || slot == SLOT_KEYS)
		(void)buf_printf(out, "/%u", number);
	if (slot == SLOT_PGP)
		(void)buf_printf(out, "/%s", fpr);
	return out->err;
}
