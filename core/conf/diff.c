#include "core/conf/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/conf/change.h"
#include "core/conf/conf_fields.h"

#define VALUES_MAX CONF_READERS_MAX
#define FPR_PREFIX "openpgp4:"

/* One side's values of a key, as they are printed. */
struct values {
	struct buf text; /* one value after the other */
	struct span v[VALUES_MAX];
	size_t n;
};

static bool
url_weaker(const struct conf *old, const struct conf *new)
{
	return old->url_tls && !new->url_tls;
}

static bool
security_weaker(const struct conf *old, const struct conf *new)
{
	static const int rank[] = { [SECURITY_NONE] = 0, [SECURITY_TLS] = 1,
		[SECURITY_TLS_CA_B2] = 2, [SECURITY_TLS_SPKI] = 2 };

	return rank[new->security] < rank[old->security];
}

static bool
suite_weaker(const struct conf *old, const struct conf *new)
{
	return !suite_meets_floor(new->suite, old->suite);
}

static bool
password_weaker(const struct conf *old, const struct conf *new)
{
	return old->password_alg != PASSWORD_NONE && new->password_alg == PASSWORD_NONE;
}

static bool
recovery_lost(const struct conf *old, const struct conf *new)
{
	return old->n_recovery != 0 && new->n_recovery == 0;
}

/* Which way a number or word becomes weaker. */
enum slope { FLAT, LOWER_IS_WEAKER, HIGHER_IS_WEAKER };

/* How much a change of a key matters; removed is for keys that repeat. */
static const struct {
	enum diff_weight weight, removed;
	enum slope slope;
	bool (*weaker)(const struct conf *old, const struct conf *new);
	const char *unit;
	bool once; /* belongs to one revision: told whenever the new one has it */
} meanings[CONF_KEYS] = {
	[KEY_URL] = { .weight = DIFF_AUTHORITY, .weaker = url_weaker },
	[KEY_OWN] = { .weight = DIFF_CHANGE },
	[KEY_TOPIC] = { .weight = DIFF_AUTHORITY },
	[KEY_FROM_TOPIC] = { .weight = DIFF_AUTHORITY, .once = true },
	[KEY_PASSWORD_ALG] = { .weight = DIFF_SECURITY, .weaker = password_weaker },
	[KEY_NETWORK_SECURITY] = { .weight = DIFF_SECURITY, .weaker = security_weaker },
	[KEY_ENCRYPTION_ALG] = { .weight = DIFF_SECURITY, .weaker = suite_weaker },
	[KEY_REVISION] = { .weight = DIFF_NOTE },
	[KEY_PREV] = { .weight = DIFF_NOTE, .once = true },
	[KEY_ISSUED] = { .weight = DIFF_NOTE },
	[KEY_VALID_FROM] = { .weight = DIFF_NOTE },
	[KEY_VALID_UNTIL] = { .weight = DIFF_NOTE },
	[KEY_OFFER_UNTIL] = { .weight = DIFF_NOTE, .once = true },
	[KEY_KIND] = { .weight = DIFF_AUTHORITY },
	[KEY_GATEWAY] = { .weight = DIFF_AUTHORITY },
	[KEY_DATA_KEY] = { .weight = DIFF_AUTHORITY, .removed = DIFF_AUTHORITY },
	[KEY_OWNER] = { .weight = DIFF_AUTHORITY, .removed = DIFF_AUTHORITY },
	[KEY_THRESHOLD] = { .weight = DIFF_AUTHORITY, .slope = LOWER_IS_WEAKER },
	[KEY_RECOVERY] = { DIFF_AUTHORITY, DIFF_AUTHORITY, .weaker = recovery_lost },
	[KEY_RECOVERY_THRESHOLD] = { .weight = DIFF_AUTHORITY, .slope = LOWER_IS_WEAKER },
	[KEY_RECOVERY_DELAY] = { .weight = DIFF_AUTHORITY, .slope = LOWER_IS_WEAKER, .unit = " s" },
	[KEY_TRANSFER_DELAY] = { .weight = DIFF_AUTHORITY, .slope = LOWER_IS_WEAKER, .unit = " s" },
	[KEY_READER] = { .weight = DIFF_CHANGE, .removed = DIFF_SECURITY },
	[KEY_EPOCH] = { .weight = DIFF_SECURITY, .slope = LOWER_IS_WEAKER },
	[KEY_EPOCH_KEY_ID] = { .weight = DIFF_SECURITY },
	[KEY_GRACE] = { .weight = DIFF_CHANGE, .unit = " s" },
	[KEY_HEARTBEAT] = { .weight = DIFF_CHANGE, .unit = " s" },
	[KEY_MAX_AGE] = { .weight = DIFF_CHANGE, .unit = " s" },
	[KEY_MAX_PAYLOAD] = { .weight = DIFF_CHANGE, .unit = " bytes" },
	[KEY_LEASE] = { .weight = DIFF_CHANGE, .unit = " s" },
	[KEY_ON_EXPIRY] = { .weight = DIFF_SECURITY, .slope = HIGHER_IS_WEAKER },
};

/* Puts a line behind all that matter at least as much. */
static void
insert(struct diff *d, enum diff_weight weight, bool weaker, const char *text)
{
	size_t at = d->n;

	while (at > 0 && (d->line[at - 1].weight < weight ||
		(d->line[at - 1].weight == weight && weaker && !d->line[at - 1].weaker)))
		at--;
	if (at == DIFF_LINES_MAX)
		return;
	if (d->n < DIFF_LINES_MAX)
		d->n++;
	memmove(&d->line[at + 1], &d->line[at], (d->n - 1 - at) * sizeof d->line[0]);
	d->line[at].weight = weight;
	d->line[at].weaker = weaker;
	(void)snprintf(d->line[at].text, DIFF_TEXT, "%s", text);
}

/* Tells a text of any length: what does not fit continues on lines of its own, for a cut topic or
 * url would hide the very part that differs. */
static void __attribute__((format(printf, 4, 5)))
tell(struct diff *d, enum diff_weight weight, bool weaker, const char *fmt, ...)
{
	char text[3 * CONF_LINE_MAX], part[DIFF_TEXT];
	const char *rest = text;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap); /* two values and a few words: fits */
	va_end(ap);
	while (*rest != 0) {
		const char *indent = rest == text ? "" : "  ";

		(void)snprintf(part, sizeof part, "%s%.*s", indent, DIFF_TEXT - 3, rest);
		insert(d, weight, weaker, part);
		rest += strlen(part) - strlen(indent);
	}
}

static bool
is_weaker(enum conf_key key, const struct conf *old, const struct conf *new)
{
	uint32_t before, after;

	if (meanings[key].weaker != NULL)
		return meanings[key].weaker(old, new);
	if (meanings[key].slope == FLAT)
		return false;
	memcpy(&before, (const char *)old + conf_fields[key].at, sizeof before);
	memcpy(&after, (const char *)new + conf_fields[key].at, sizeof after);
	return meanings[key].slope == LOWER_IS_WEAKER ? after < before : after > before;
}

/* The values of c (NULL: none) in byte order. */
static void
values_init(struct values *v, enum conf_key key, const struct conf *c)
{
	struct rd r;

	v->n = 0;
	buf_init(&v->text, CONF_BODY_MAX);
	if (c != NULL)
		(void)conf_field_put(&conf_fields[key], c, "", "\n", &v->text); /* seen below */
	r = rd_of(v->text.p, v->text.n);
	while (v->n < VALUES_MAX && rd_line(&r, &v->v[v->n]))
		v->n++;
}

static bool
holds(const struct values *v, struct span value)
{
	for (size_t i = 0; i < v->n; i++)
		if (span_eq(v->v[i], value))
			return true;
	return false;
}

/* A value for people: fingerprints in groups. */
static const char *
shown(struct span value, char room[CONF_LINE_MAX + 1])
{
	struct fpr f;

	if (span_starts(value, FPR_PREFIX) &&
	    fpr_parse((struct span){ value.p + sizeof FPR_PREFIX - 1,
			  value.n - (sizeof FPR_PREFIX - 1) }, &f))
		fpr_groups(&f, room);
	else
		(void)snprintf(room, CONF_LINE_MAX + 1, "%.*s", (int)value.n,
		    (const char *)value.p);
	return room;
}

static void
tell_list(struct diff *d, enum conf_key key, const struct values *was, const struct values *is,
    bool genesis, bool weaker)
{
	const char *name = conf_fields[key].name;
	char room[CONF_LINE_MAX + 1];

	for (size_t i = 0; i < is->n; i++)
		if (!holds(was, is->v[i]))
			tell(d, meanings[key].weight, false, "%s%s %s", name,
			    genesis ? "" : " added:", shown(is->v[i], room));
	for (size_t i = 0; i < was->n; i++)
		if (!holds(is, was->v[i]))
			tell(d, meanings[key].removed, weaker, "%s removed: %s", name,
			    shown(was->v[i], room));
}

static void
tell_one(struct diff *d, enum conf_key key, const struct values *was, const struct values *is,
    bool genesis, bool weaker)
{
	const char *unit = meanings[key].unit != NULL ? meanings[key].unit : "";
	char before[CONF_LINE_MAX + 1] = "", after[CONF_LINE_MAX + 1] = "";
	const char *name = conf_fields[key].name;
	enum diff_weight weight = meanings[key].weight;

	if (was->n != 0)
		(void)shown(was->v[0], before);
	if (is->n != 0)
		(void)shown(is->v[0], after);
	if (genesis || (meanings[key].once && is->n != 0))
		tell(d, weight, false, "%s %s%s", name, after, unit);
	else if (meanings[key].once || strcmp(before, after) == 0)
		return;
	else if (was->n == 0)
		tell(d, weight, weaker, "%s added: %s%s", name, after, unit);
	else if (is->n == 0)
		tell(d, weight, weaker, "%s removed: %s%s", name, before, unit);
	else
		tell(d, weight, weaker, "%s %s -> %s%s", name, before, after, unit);
}

static void
tell_key(struct diff *d, enum conf_key key, const struct conf *old, const struct conf *new)
{
	bool weaker = old != NULL && is_weaker(key, old, new);
	struct values was, is;

	values_init(&was, key, old);
	values_init(&is, key, new);
	if (was.text.err != MQ_OK || is.text.err != MQ_OK)
		tell(d, DIFF_AUTHORITY, true, "%s: no memory to compare", conf_fields[key].name);
	else if (conf_fields[key].max > 1)
		tell_list(d, key, &was, &is, old == NULL, weaker);
	else if (was.n != 0 || is.n != 0)
		tell_one(d, key, &was, &is, old == NULL, weaker);
	buf_done(&was.text);
	buf_done(&is.text);
}

/* What follows from several keys together. */
static void
tell_consequences(struct diff *d, const struct conf *old, const struct conf *new)
{
	uint32_t wait = 0;

	if (new->kind == KIND_RECOVERY)
		tell(d, DIFF_AUTHORITY, false, "recovery: signed by recovery keys, not by owners");
	if (old == NULL || new->revision <= old->revision)
		return;
	if (new->kind == KIND_RECOVERY)
		wait = old->recovery_delay;
	else if (change_moves_authority_or_place(old, new))
		wait = old->transfer_delay;
	if (wait != 0)
		tell(d, DIFF_AUTHORITY, false, "takes effect %u s after its last signature", wait);
	if (change_full_hand_over(old, new))
		tell(d, DIFF_AUTHORITY, false, "hand-over: no owner of revision %u stays",
		    old->revision);
	if (new->revision == old->revision + 1 && memcmp(new->prev, old->hash, HASH_BYTES) != 0)
		tell(d, DIFF_AUTHORITY, true, "another history: prev is not revision %u as known here",
		    old->revision);
	if (change_takes_access(old, new) && new->epoch == old->epoch)
		tell(d, DIFF_SECURITY, true,
		    "access is taken away without a new epoch: the gateway refuses this");
}

void
conf_diff(const struct conf *old, const struct conf *new, enum suite floor, struct diff *out)
{
	out->n = 0;
	for (enum conf_key key = 0; key < CONF_KEYS; key++)
		tell_key(out, key, old, new);
	tell_consequences(out, old, new);
	if (!suite_meets_floor(new->suite, floor))
		tell(out, DIFF_SECURITY, true, "encryption-alg %s is below the local floor %s: refused",
		    suite_name(new->suite), suite_name(floor));
}
