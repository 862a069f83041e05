/*
 * UTF-8 of strangers: validity, width, and the one table that decides what may be drawn as itself.
 *
 * PROTOCOL 4.4: C0, DEL and invalid bytes are shown as \xNN; C1, bidi, zero-width, tags, variation
 * selectors, private use, unassigned as \uNNNN (\UNNNNNNNN above the BMP); at most two combining
 * marks per base. Width comes from a pinned table (libunistring), never from the locale. Pure.
 */
#ifndef MQGP_CORE_BASE_UTF8_H
#define MQGP_CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

enum utf8_kind {
	UTF8_PLAIN,	/* draw as itself, width 1 or 2 */
	UTF8_COMBINING, /* width 0, attaches to the base before it */
	UTF8_ESCAPE,	/* valid code point that must be shown escaped */
	UTF8_INVALID,	/* one byte that is no UTF-8: \xNN */
};

/* Decodes one code point or one invalid byte at s.p[0] (s.n > 0). Returns the bytes consumed. */
size_t utf8_next(struct span s, uint32_t *cp, enum utf8_kind *kind, int *width);
/* Strict: no overlong forms, no surrogates, <= U+10FFFF. Control characters are valid here. */
bool utf8_valid(struct span s);
bool utf8_is_ascii(struct span s);
/* Kind of a valid code point; width is 0, 1 or 2 (columns of the escape for UTF8_ESCAPE). */
enum utf8_kind utf8_classify(uint32_t cp, int *width);
size_t utf8_encode(uint32_t cp, char out[4]);
/* Writes the escape of a code point or invalid byte: "\x1b", "\u202e", "\U000e0041". */
int utf8_escape(char out[12], uint32_t cp, enum utf8_kind kind);
/* Appends s with everything that PROTOCOL 4.4 names escaped; a backslash stays a backslash. The
 * result is safe on a terminal, in a log line and after exit. ascii_only escapes every byte
 * outside 0x20..0x7e as \u. The function behind draw_untrusted, logs and printed output. */
enum mq_err utf8_put_safe(struct buf *out, struct span s, bool ascii_only);
/* The same into a fixed array, cut with "..." when it does not fit; always NUL-terminated. */
void utf8_safe(char *out, size_t size, struct span s);

#endif
