#include "tests/vectors/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define SHOWN_MAX 96 /* bytes of a value shown in a difference */

static bool
missing(const char *key, const char *what, struct buf *diff)
{
	(void)buf_printf(diff, "input %s: %s; ", key, what); /* a short report is no failure */
	return false;
}

static struct span
text_of(const json_t *v)
{
	return (struct span){ (const uint8_t *)json_string_value(v), json_string_length(v) };
}

bool
vec_absent(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return v == NULL || json_is_null(v);
}

bool
vec_text(const json_t *o, const char *key, struct span *out, struct buf *diff)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_string(v))
		return missing(key, "not a text", diff);
	*out = text_of(v);
	return true;
}

bool
vec_hex(const json_t *o, const char *key, uint8_t *out, size_t n, struct buf *diff)
{
	struct span s;

	if (!vec_text(o, key, &s, diff))
		return false;
	if (!text_unhex(s, 'a', out, n))
		return missing(key, "not hex of the right length", diff);
	return true;
}

bool
vec_hex_bytes(const json_t *o, const char *key, struct buf *out, struct buf *diff)
{
	struct span s;
	uint8_t byte;

	if (!vec_text(o, key, &s, diff))
		return false;
	if (s.n % 2 != 0)
		return missing(key, "odd number of hex digits", diff);
	for (size_t i = 0; i < s.n; i += 2) {
		if (!text_unhex((struct span){ s.p + i, 2 }, 'a', &byte, 1))
			return missing(key, "not hex", diff);
		if (buf_u8(out, byte) != MQ_OK)
			return missing(key, "too long", diff);
	}
	return true;
}

bool
vec_base64_of(const json_t *text, struct buf *out)
{
	if (!json_is_string(text))
		return false;
	return json_string_length(text) == 0 || text_unbase64(text_of(text), out);
}

bool
vec_base64(const json_t *o, const char *key, struct buf *out, struct buf *diff)
{
	if (!vec_base64_of(json_object_get(o, key), out))
		return missing(key, "not base64", diff);
	return true;
}

bool
vec_number(const json_t *o, const char *key, uint64_t max, uint64_t *out, struct buf *diff)
{
	const json_t *v = json_object_get(o, key);
	json_int_t i;

	if (json_is_string(v) && text_u64(text_of(v), max, out))
		return true;
	if (json_is_integer(v) && (i = json_integer_value(v)) >= 0 && (uint64_t)i <= max) {
		*out = (uint64_t)i;
		return true;
	}
	return missing(key, "not a number in range", diff);
}

bool
vec_flag(const json_t *o, const char *key, bool fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

/* Says how an expected member differs from what we have; got is ASCII, or NULL for nothing. */
static bool
differs(const json_t *expect, const char *key, const char *got, struct buf *diff)
{
	char *want = json_dumps(json_object_get(expect, key), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	(void)buf_printf(diff, "%s: expected %.*s, got %.*s; ", key, SHOWN_MAX,
	    want != NULL ? want : "nothing", SHOWN_MAX, got != NULL ? got : "nothing");
	free(want);
	return false;
}

bool
vec_same_span(const json_t *expect, const char *key, struct span got, struct buf *diff)
{
	const json_t *v = json_object_get(expect, key);
	char shown[4 * SHOWN_MAX + 1], *to = shown;

	if (json_is_string(v) && span_eq(text_of(v), got))
		return true;
	for (size_t i = 0; i < got.n && i < SHOWN_MAX; i++) {
		if (got.p[i] >= 0x20 && got.p[i] < 0x7f && got.p[i] != '\\') {
			*to++ = (char)got.p[i];
			continue;
		}
		*to++ = '\\';
		*to++ = 'x';
		text_hex(to, got.p + i, 1);
		to += 2;
	}
	*to = '\0';
	return differs(expect, key, shown, diff);
}

bool
vec_same_text(const json_t *expect, const char *key, const char *got, struct buf *diff)
{
	if (got != NULL)
		return vec_same_span(expect, key, span_of(got), diff);
	return vec_absent(expect, key) || differs(expect, key, NULL, diff);
}

bool
vec_same_hex(const json_t *expect, const char *key, struct span got, struct buf *diff)
{
	char *hex = malloc(2 * got.n + 1);
	bool same;

	if (hex == NULL)
		return missing(key, "no memory", diff);
	text_hex(hex, got.p, got.n);
	same = vec_same_text(expect, key, hex, diff);
	free(hex);
	return same;
}

bool
vec_same_base64(const json_t *expect, const char *key, struct span got, struct buf *diff)
{
	struct buf text;
	bool same;

	buf_init(&text, 2 * got.n + 8);
	(void)text_base64(&text, got.p, got.n); /* fits by its size, memory is seen below */
	same = text.err == MQ_OK ? vec_same_span(expect, key, buf_span(&text), diff) :
				   missing(key, "no memory", diff);
	buf_done(&text);
	return same;
}

bool
vec_same_number(const json_t *expect, const char *key, uint64_t got, struct buf *diff)
{
	const json_t *v = json_object_get(expect, key);
	uint64_t want;
	char shown[24];

	if (json_is_string(v) && text_u64(text_of(v), UINT64_MAX, &want) && want == got)
		return true;
	if (json_is_integer(v) && json_integer_value(v) >= 0 &&
	    (uint64_t)json_integer_value(v) == got)
		return true;
	(void)snprintf(shown, sizeof shown, "%llu", (unsigned long long)got);
	return differs(expect, key, shown, diff);
}

bool
vec_same_flag(const json_t *expect, const char *key, bool got, struct buf *diff)
{
	const json_t *v = json_object_get(expect, key);

	if (json_is_boolean(v) && json_is_true(v) == got)
		return true;
	return differs(expect, key, got ? "true" : "false", diff);
}

bool
vec_same_verdict(const json_t *expect, enum verdict got, struct buf *diff)
{
	return vec_same_text(expect, "verdict", verdict_code(got), diff);
}

enum vector_result
vec_result(const struct buf *diff)
{
	return diff->n == 0 && diff->err == MQ_OK ? VECTOR_PASS : VECTOR_FAIL;
}
