/*
 * Bytes that grow up to a limit, and bytes that are read without running past their end.
 *
 * struct buf: append-only, bounded by max; the first failure sticks in err, so a chain of appends
 * is checked once at its end. struct rd: a reader over borrowed bytes; every read says whether it
 * succeeded and a parser ends with rd_end(). Integers are big endian, as everywhere in mqgp.
 * Not thread-safe.
 */
#ifndef MQGP_CORE_BASE_BUF_H
#define MQGP_CORE_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Borrowed bytes. n is their true length; they may hold NUL. */
struct span {
	const uint8_t *p;
	size_t n;
};

struct buf {
	uint8_t *p;
	size_t n, cap, max;
	enum mq_err err; /* MQ_OK, MQ_ENOMEM or MQ_ELIMIT: nothing was appended since */
};

/* An empty buffer that never holds more than max bytes. Free with buf_done. */
void buf_init(struct buf *b, size_t max);
/* Frees the bytes; with secrets in them use buf_wipe. Both leave an empty, usable buffer. */
void buf_done(struct buf *b);
void buf_wipe(struct buf *b);
void buf_reset(struct buf *b); /* n = 0, err = 0, keeps the memory */
enum mq_err buf_put(struct buf *b, const void *p, size_t n);
enum mq_err buf_puts(struct buf *b, const char *text);
enum mq_err buf_putc(struct buf *b, char c);
enum mq_err buf_u8(struct buf *b, uint8_t v);
enum mq_err buf_u16(struct buf *b, uint16_t v);
enum mq_err buf_u32(struct buf *b, uint32_t v);
enum mq_err buf_u64(struct buf *b, uint64_t v);
enum mq_err buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The bytes so far, NUL-terminated behind n (not counted). NULL if err is set. */
char *buf_cstr(struct buf *b);
struct span buf_span(const struct buf *b);

bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *text);
bool span_starts(struct span a, const char *text);
struct span span_of(const char *text);
/* malloc'ed copy with a NUL behind it; NULL without memory. */
char *span_dup(struct span a);

struct rd {
	const uint8_t *p, *end;
};

struct rd rd_of(const void *p, size_t n);
size_t rd_left(const struct rd *r);
bool rd_end(const struct rd *r); /* true when every byte was read */
bool rd_bytes(struct rd *r, size_t n, const uint8_t **out); /* borrowed */
bool rd_copy(struct rd *r, void *out, size_t n);
bool rd_u8(struct rd *r, uint8_t *out);
bool rd_u16(struct rd *r, uint16_t *out);
bool rd_u32(struct rd *r, uint32_t *out);
bool rd_u64(struct rd *r, uint64_t *out);
/* The bytes up to the next LF, which is consumed and not part of line; false if there is no LF. */
bool rd_line(struct rd *r, struct span *line);

static inline void
be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}
static inline void
be32(uint8_t *p, uint32_t v)
{
	be16(p, (uint16_t)(v >> 16));
	be16(p + 2, (uint16_t)v);
}
static inline void
be64(uint8_t *p, uint64_t v)
{
	be32(p, (uint32_t)(v >> 32));
	be32(p + 4, (uint32_t)v);
}
static inline uint16_t
rd16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}
static inline uint32_t
rd32(const uint8_t *p)
{
	return (uint32_t)rd16(p) << 16 | rd16(p + 2);
}
static inline uint64_t
rd64(const uint8_t *p)
{
	return (uint64_t)rd32(p) << 32 | rd32(p + 4);
}

#endif
