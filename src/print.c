#include "src/print.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/utf8.h"
#include "src/setup.h"

#define SAFE_GROWTH 10 /* the longest escape of one byte or code point */

int
print_bytes(struct span bytes)
{
	struct mq_error e;

	while (bytes.n != 0) {
		ssize_t n = write(STDOUT_FILENO, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			(void)mq_fail_errno(&e, MQ_EIO, "cannot write the answer");
			setup_complain(e.text);
			return EXIT_SYSTEM;
		}
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return EXIT_GOOD;
}

static int
print_buf(struct buf *b)
{
	int r = EXIT_SYSTEM;

	if (b->err == MQ_OK)
		r = print_bytes(buf_span(b));
	else
		setup_complain("out of memory for the answer");
	buf_done(b);
	return r;
}

int
print_text(struct span text)
{
	struct rd r = rd_of(text.p, text.n);
	struct span line;
	struct buf safe;

	buf_init(&safe, text.n * SAFE_GROWTH + 2);
	while (!rd_end(&r)) {
		if (!rd_line(&r, &line)) {
			line = (struct span){ r.p, rd_left(&r) };
			r.p = r.end;
		}
		(void)utf8_put_safe(&safe, line, false); /* the first failure sticks */
		(void)buf_putc(&safe, '\n');
	}
	return print_buf(&safe);
}

/* jansson leaves DEL as it is. Inside strings, where alone it can stand, an escape means the same. */
static void
put_ascii(struct buf *out, const char *text)
{
	for (const char *del; (del = strchr(text, 0x7f)) != NULL; text = del + 1) {
		(void)buf_put(out, text, (size_t)(del - text));
		(void)buf_puts(out, "\\u007f");
	}
	(void)buf_puts(out, text);
	(void)buf_putc(out, '\n');
}

int
print_json(json_t *o)
{
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	struct buf b;

	json_decref(o);
	buf_init(&b, text != NULL ? strlen(text) * 6 + 2 : 1);
	if (text != NULL)
		put_ascii(&b, text);
	else
		b.err = MQ_ENOMEM;
	free(text);
	return print_buf(&b);
}

json_t *
print_string(struct span s)
{
	json_t *o = NULL;
	struct buf safe;

	if (utf8_valid(s))
		return json_stringn(s.n != 0 ? (const char *)s.p : "", s.n);
	buf_init(&safe, s.n * SAFE_GROWTH + 1);
	if (utf8_put_safe(&safe, s, false) == MQ_OK)
		o = json_stringn((const char *)safe.p, safe.n);
	buf_done(&safe);
	return o;
}

json_t *
print_word(const char *s)
{
	return s != NULL ? print_string(span_of(s)) : json_null();
}
