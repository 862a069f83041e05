#include "core/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define BUF_FIRST 256 /* most lines and envelopes fit without growing */

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof *b);
	b->max = max;
}

void
buf_done(struct buf *b)
{
	free(b->p);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		sodium_memzero(b->p, b->cap);
	buf_done(b);
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
	b->err = MQ_OK;
}

/* Room for n more bytes and a NUL. Old bytes are wiped when they move: nobody has to remember
 * which buffers once held a secret. */
static enum mq_err
buf_reserve(struct buf *b, size_t n)
{
	uint8_t *grown;
	size_t cap;

	if (b->err != MQ_OK)
		return b->err;
	if (n > b->max || b->n > b->max - n)
		return b->err = MQ_ELIMIT;
	if (b->cap > b->n + n)
		return MQ_OK;
	cap = b->cap != 0 ? b->cap : BUF_FIRST;
	while (cap <= b->n + n)
		cap = cap > SIZE_MAX / 2 ? b->n + n + 1 : cap * 2;
	if ((grown = malloc(cap)) == NULL)
		return b->err = MQ_ENOMEM;
	if (b->p != NULL) {
		memcpy(grown, b->p, b->n);
		sodium_memzero(b->p, b->cap);
		free(b->p);
	}
	b->p = grown;
	b->cap = cap;
	return MQ_OK;
}

enum mq_err
buf_put(struct buf *b, const void *p, size_t n)
{
	enum mq_err r = buf_reserve(b, n);

	if (r == MQ_OK && n != 0) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
	return r;
}

enum mq_err
buf_puts(struct buf *b, const char *text)
{
	return buf_put(b, text, strlen(text));
}

enum mq_err
buf_putc(struct buf *b, char c)
{
	return buf_put(b, &c, 1);
}

enum mq_err
buf_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

enum mq_err
buf_u16(struct buf *b, uint16_t v)
{
	uint8_t t[2];

	be16(t, v);
	return buf_put(b, t, sizeof t);
}

enum mq_err
buf_u32(struct buf *b, uint32_t v)
{
	uint8_t t[4];

	be32(t, v);
	return buf_put(b, t, sizeof t);
}

enum mq_err
buf_u64(struct buf *b, uint64_t v)
{
	uint8_t t[8];

	be64(t, v);
	return buf_put(b, t, sizeof t);
}

enum mq_err
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	enum mq_err r;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		r = b->err = MQ_EINVAL;
	else if ((r = buf_reserve(b, (size_t)n)) == MQ_OK) {
		(void)vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	return r;
}

char *
buf_cstr(struct buf *b)
{
	if (buf_reserve(b, 0) != MQ_OK)
		return NULL;
	b->p[b->n] = 0;
	return (char *)b->p;
}

struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}

bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
span_is(struct span a, const char *text)
{
	return span_eq(a, span_of(text));
}

bool
span_starts(struct span a, const char *text)
{
	size_t n = strlen(text);

	return a.n >= n && memcmp(a.p, text, n) == 0;
}

struct span
span_of(const char *text)
{
	return (struct span){ (const uint8_t *)text, strlen(text) };
}

char *
span_dup(struct span a)
{
	char *copy = malloc(a.n + 1);

	if (copy == NULL)
		return NULL;
	if (a.n != 0)
		memcpy(copy, a.p, a.n);
	copy[a.n] = 0;
	return copy;
}

struct rd
rd_of(const void *p, size_t n)
{
	const uint8_t *at = p;

	return (struct rd){ at, at != NULL ? at + n : at };
}

size_t
rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->p);
}

bool
rd_end(const struct rd *r)
{
	return r->p == r->end;
}

bool
rd_bytes(struct rd *r, size_t n, const uint8_t **out)
{
	if (rd_left(r) < n)
		return false;
	*out = r->p;
	r->p += n;
	return true;
}

bool
rd_copy(struct rd *r, void *out, size_t n)
{
	const uint8_t *p;

	if (!rd_bytes(r, n, &p))
		return false;
	if (n != 0)
		memcpy(out, p, n);
	return true;
}

bool
rd_u8(struct rd *r, uint8_t *out)
{
	return rd_copy(r, out, 1);
}

bool
rd_u16(struct rd *r, uint16_t *out)
{
	const uint8_t *p;

	if (!rd_bytes(r, 2, &p))
		return false;
	*out = rd16(p);
	return true;
}

bool
rd_u32(struct rd *r, uint32_t *out)
{
	const uint8_t *p;

	if (!rd_bytes(r, 4, &p))
		return false;
	*out = rd32(p);
	return true;
}

bool
rd_u64(struct rd *r, uint64_t *out)
{
	const uint8_t *p;

	if (!rd_bytes(r, 8, &p))
		return false;
	*out = rd64(p);
	return true;
}

bool
rd_line(struct rd *r, struct span *line)
{
	const uint8_t *lf = rd_left(r) != 0 ? memchr(r->p, '\n', rd_left(r)) : NULL;

	if (lf == NULL)
		return false;
	*line = (struct span){ r->p, (size_t)(lf - r->p) };
	r->p = lf + 1;
	return true;
}
