#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

/* Terminals stack combining marks without limit, over our own lines above and below. */
#define UTF8_MAX_COMBINING 2

static int
escape_columns(uint32_t cp)
{
	if (cp < 0x80)
		return 4; /* \xNN */
	return cp <= 0xffff ? 6 : 10;
}

enum utf8_kind
utf8_classify(uint32_t cp, int *width)
{
	uc_general_category_t category;
	int columns;

	if (cp >= 0x20 && cp < 0x7f) {
		*width = 1;
		return UTF8_PLAIN;
	}
	*width = escape_columns(cp);
	if (cp < 0xa0 || cp > 0x10ffff)
		return UTF8_ESCAPE;
	/* Letters, marks, numbers, punctuation, symbols and blanks are drawn; everything of the
	 * categories Cc, Cf, Cs, Co, Cn, Zl and Zp is not, and neither is what Unicode calls
	 * ignorable: fillers, joiners and variation selectors are invisible or change a neighbour. */
	category = uc_general_category(cp);
	if (uc_is_general_category(cp, UC_CATEGORY_C) ||
	    uc_is_general_category(cp, UC_CATEGORY_Zl) ||
	    uc_is_general_category(cp, UC_CATEGORY_Zp) ||
	    uc_is_property(cp, UC_PROPERTY_DEFAULT_IGNORABLE_CODE_POINT))
		return UTF8_ESCAPE;
	columns = uc_width(cp, "UTF-8");
	if (columns == 1 || columns == 2) {
		*width = columns;
		return UTF8_PLAIN;
	}
	if (columns == 0 && (category.bitmask & (UC_CATEGORY_MASK_Mn | UC_CATEGORY_MASK_Me)) != 0) {
		*width = 0;
		return UTF8_COMBINING;
	}
	return UTF8_ESCAPE; /* e.g. conjoining jamo, on whose width terminals disagree */
}

size_t
utf8_next(struct span s, uint32_t *cp, enum utf8_kind *kind, int *width)
{
	ucs4_t decoded;
	int n;

	n = s.p[0] < 0x80 ? 1 : u8_mbtoucr(&decoded, s.p, s.n);
	if (n <= 0) {
		*cp = s.p[0];
		*kind = UTF8_INVALID;
		*width = 4;
		return 1;
	}
	*cp = s.p[0] < 0x80 ? s.p[0] : decoded;
	*kind = utf8_classify(*cp, width);
	return (size_t)n;
}

bool
utf8_valid(struct span s)
{
	return s.n == 0 || u8_check(s.p, s.n) == NULL;
}

bool
utf8_is_ascii(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 0x80)
			return false;
	return true;
}

size_t
utf8_encode(uint32_t cp, char out[4])
{
	uint8_t bytes[4];
	int n = u8_uctomb(bytes, cp, sizeof bytes);

	if (n <= 0)
		return 0;
	memcpy(out, bytes, (size_t)n);
	return (size_t)n;
}

int
utf8_escape(char out[12], uint32_t cp, enum utf8_kind kind)
{
	if (kind == UTF8_INVALID || cp < 0x80)
		return snprintf(out, 12, "\\x%02x", (unsigned)(cp & 0xff));
	if (cp <= 0xffff)
		return snprintf(out, 12, "\\u%04x", (unsigned)cp);
	return snprintf(out, 12, "\\U%08x", (unsigned)cp);
}

/* Text on its way to a screen: what is left of it, and how many marks the last base may take. */
struct safe {
	struct span rest;
	bool ascii_only;
	int marks_left; /* 0 before the first base: a mark there would sit on somebody else's cell */
	bool after_base;
};

/* The next code point of s as it may be shown, at most 11 bytes and a NUL; returns their number,
 * which is 0 for a mark that is one too many. */
static size_t
safe_next(struct safe *s, char out[12])
{
	enum utf8_kind kind;
	uint32_t cp;
	int width;
	size_t used = utf8_next(s->rest, &cp, &kind, &width), n;
	const uint8_t *from = s->rest.p;

	s->rest.p += used;
	s->rest.n -= used;
	if (kind == UTF8_COMBINING && s->after_base && !s->ascii_only) {
		if (s->marks_left == 0)
			return 0;
		s->marks_left--;
	} else if (kind == UTF8_PLAIN && (!s->ascii_only || cp < 0x7f)) {
		s->after_base = true;
		s->marks_left = UTF8_MAX_COMBINING;
	} else {
		s->after_base = false;
		return (size_t)utf8_escape(out, cp, kind);
	}
	n = used;
	memcpy(out, from, n);
	out[n] = '\0';
	return n;
}

enum mq_err
utf8_put_safe(struct buf *out, struct span s, bool ascii_only)
{
	struct safe state = { .rest = s, .ascii_only = ascii_only };
	char piece[12];

	while (state.rest.n != 0 && out->err == MQ_OK)
		(void)buf_put(out, piece, safe_next(&state, piece)); /* sticks in out->err */
	return out->err;
}

void
utf8_safe(char *out, size_t size, struct span s)
{
	static const char dots[] = "...";
	struct safe state = { .rest = s };
	size_t used = 0, cut = 0, n;
	char piece[12];

	if (size == 0)
		return;
	while (state.rest.n != 0) {
		n = safe_next(&state, piece);
		if (used + n >= size) {
			n = cut + sizeof dots <= size ? sizeof dots - 1 : size - 1 - cut;
			memcpy(out + cut, dots, n);
			used = cut + n;
			break;
		}
		memcpy(out + used, piece, n);
		used += n;
		if (used + sizeof dots <= size)
			cut = used; /* the last place where the dots still fit */
	}
	out[used] = '\0';
}
