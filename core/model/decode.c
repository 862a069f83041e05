#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include "core/model/decode.h"

#include <string.h>

#include <jsmn.h>

#include "core/base/utf8.h"

#define TOKENS_MAX 512 /* of JSON that is laid out; larger documents are shown as text */
#define DEPTH_MAX 16
#define HEX_ROW 16

const char *
decode_name(enum decode_mode m)
{
	static const char *const name[DECODE_COUNT] = { "auto", "text", "json", "hex" };

	return m < DECODE_COUNT ? name[m] : "";
}

/* Deeper than we lay out, or with line ends of its own: text is better than something that looks
 * like structure. */
static bool
unfit(struct span value, const jsmntok_t *token, int n)
{
	for (int i = 0; i < n; i++) {
		int depth = 0;

		for (int up = token[i].parent; up >= 0; up = token[up].parent)
			depth += token[up].type == JSMN_OBJECT || token[up].type == JSMN_ARRAY;
		if (depth >= DEPTH_MAX)
			return true;
		if (token[i].type == JSMN_STRING &&
		    memchr(value.p + token[i].start, '\n', (size_t)(token[i].end - token[i].start)) != NULL)
			return true;
	}
	return false;
}

static bool
parse(struct span value, jsmntok_t token[TOKENS_MAX], int *n)
{
	jsmn_parser p;

	jsmn_init(&p);
	*n = jsmn_parse(&p, (const char *)value.p, value.n, token, TOKENS_MAX);
	return *n > 0 && (token[0].type == JSMN_OBJECT || token[0].type == JSMN_ARRAY) &&
	    !unfit(value, token, *n);
}

static bool
is_json(struct span value)
{
	jsmntok_t token[TOKENS_MAX];
	int n;

	return value.n != 0 && (value.p[0] == '{' || value.p[0] == '[') && parse(value, token, &n);
}

enum decode_mode
decode_guess(struct span value, bool cut)
{
	if (!cut && is_json(value))
		return DECODE_JSON;
	return utf8_valid(value) && memchr(value.p, 0, value.n) == NULL ? DECODE_TEXT : DECODE_HEX;
}

/* ---- JSON */

struct layout_json {
	struct buf *out;
	struct span text;
	const jsmntok_t *token;
	int n, at;
};

static void
indent(struct buf *out, int depth)
{
	(void)buf_putc(out, '\n'); /* errors stick in out->err, here and below */
	for (int i = 0; i < depth; i++)
		(void)buf_puts(out, "  ");
}

static void
put_token(struct layout_json *j, const jsmntok_t *t)
{
	bool quoted = t->type == JSMN_STRING;

	if (quoted)
		(void)buf_putc(j->out, '"');
	(void)buf_put(j->out, j->text.p + t->start, (size_t)(t->end - t->start));
	if (quoted)
		(void)buf_putc(j->out, '"');
}

/* Lays out the token at j->at and everything in it. */
static void
put_json(struct layout_json *j, int depth)
{
	const jsmntok_t *t = &j->token[j->at++];
	bool object = t->type == JSMN_OBJECT;

	if (t->type != JSMN_OBJECT && t->type != JSMN_ARRAY) {
		put_token(j, t);
		return;
	}
	(void)buf_putc(j->out, object ? '{' : '[');
	for (int i = 0; i < t->size && j->at < j->n; i++) {
		if (i != 0)
			(void)buf_putc(j->out, ',');
		indent(j->out, depth + 1);
		if (object) {
			put_token(j, &j->token[j->at++]); /* a key: parse saw to it */
			(void)buf_puts(j->out, ": ");
		}
		if (j->at < j->n)
			put_json(j, depth + 1);
	}
	if (t->size != 0)
		indent(j->out, depth);
	(void)buf_putc(j->out, object ? '}' : ']');
}

static bool
decode_json(struct buf *out, struct span value)
{
	jsmntok_t token[TOKENS_MAX];
	struct layout_json j = { .out = out, .text = value, .token = token };

	if (!parse(value, token, &j.n))
		return false;
	put_json(&j, 0);
	return true;
}

/* ---- hex */

static void
decode_hex(struct buf *out, struct span value)
{
	for (size_t at = 0; at < value.n; at += HEX_ROW) {
		size_t n = value.n - at < HEX_ROW ? value.n - at : HEX_ROW;

		(void)buf_printf(out, "%s%04zx ", at != 0 ? "\n" : "", at);
		for (size_t i = 0; i < HEX_ROW; i++) {
			if (i < n)
				(void)buf_printf(out, " %02x", value.p[at + i]);
			else
				(void)buf_puts(out, "   ");
		}
		(void)buf_puts(out, "  ");
		for (size_t i = 0; i < n; i++) {
			uint8_t b = value.p[at + i];

			(void)buf_putc(out, b >= 0x20 && b < 0x7f ? (char)b : '.');
		}
	}
}

enum mq_err
decode_value(struct buf *out, struct span value, bool cut, enum decode_mode m,
    enum decode_mode *as)
{
	buf_reset(out);
	*as = m == DECODE_AUTO ? decode_guess(value, cut) : m;
	if (*as == DECODE_JSON && decode_json(out, value))
		return out->err;
	if (*as == DECODE_HEX) {
		decode_hex(out, value);
		return out->err;
	}
	*as = DECODE_TEXT;
	return buf_put(out, value.p, value.n);
}
