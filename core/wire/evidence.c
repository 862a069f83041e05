#include "core/wire/evidence.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

#define MAGIC "#!mqgp.evidence 1"
#define END "##### eof"

void
evidence_init(struct evidence *e)
{
	memset(e, 0, sizeof *e);
	buf_init(&e->topic, EVIDENCE_MAX);
	buf_init(&e->tree, EVIDENCE_MAX);
	buf_init(&e->payload, EVIDENCE_MAX);
	buf_init(&e->bundle, EVIDENCE_MAX);
}

void
evidence_done(struct evidence *e)
{
	buf_done(&e->topic);
	buf_done(&e->tree);
	buf_done(&e->payload);
	buf_done(&e->bundle);
}

/* ---- printing: errors stick in out->err */

static void
put_bytes(struct buf *out, const char *name, const struct buf *b)
{
	(void)buf_printf(out, "%s=", name);
	(void)text_base64(out, b->p, b->n);
	(void)buf_putc(out, '\n');
}

enum mq_err
evidence_print(struct buf *out, const struct evidence *e)
{
	const char *code = verdict_code(e->verdict);
	char time[26];

	text_put_time_ms(time, e->received_ms);
	(void)buf_puts(out, MAGIC "\n## ");
	(void)utf8_put_safe(out, buf_span(&e->topic), true);
	(void)buf_putc(out, '\n');
	put_bytes(out, "topic", &e->topic);
	(void)buf_printf(out, "received=%s\nretain=%d\nqos=%u\nverdict=%s\n", time, e->retain,
	    e->qos, code[0] != '\0' ? code : "-");
	put_bytes(out, "tree", &e->tree);
	put_bytes(out, "payload", &e->payload);
	put_bytes(out, "bundle", &e->bundle);
	return buf_puts(out, END "\n");
}

/* ---- parsing */

/* "2026-11-20T19:42:07.123Z" */
static bool
read_time(struct span s, int64_t *ms)
{
	uint8_t seconds[20];
	uint64_t milli;
	int64_t t;
	struct span fraction = { s.p + 20, 3 };

	if (s.n != 24 || s.p[19] != '.' || s.p[23] != 'Z')
		return false;
	for (size_t i = 0; i < fraction.n; i++)
		if (fraction.p[i] < '0' || fraction.p[i] > '9')
			return false;
	memcpy(seconds, s.p, 19);
	seconds[19] = 'Z';
	if (!text_time((struct span){ seconds, 20 }, &t))
		return false;
	milli = (uint64_t)(fraction.p[0] - '0') * 100 + (uint64_t)(fraction.p[1] - '0') * 10 +
	    (uint64_t)(fraction.p[2] - '0');
	*ms = t * 1000 + (int64_t)milli;
	return true;
}

static bool
read_bytes(struct span v, struct buf *out)
{
	return v.n == 0 || text_unbase64(v, out);
}

static bool
read_field(struct evidence *e, int field, struct span v)
{
	uint64_t n;

	switch (field) {
	case 0:
		return read_bytes(v, &e->topic) && e->topic.n != 0;
	case 1:
		return read_time(v, &e->received_ms);
	case 2:
		e->retain = span_is(v, "1");
		return e->retain || span_is(v, "0");
	case 3:
		if (!text_u64(v, 2, &n))
			return false;
		e->qos = (unsigned)n;
		return true;
	case 4:
		return span_is(v, "-") || verdict_from_code(v, &e->verdict);
	case 5:
		return read_bytes(v, &e->tree);
	case 6:
		return read_bytes(v, &e->payload);
	default:
		return read_bytes(v, &e->bundle);
	}
}

enum mq_err
evidence_parse(struct span text, struct evidence *e, struct mq_error *err)
{
	static const char *const name[] = { "topic=", "received=", "retain=", "qos=", "verdict=",
		"tree=", "payload=", "bundle=" };
	struct rd r = rd_of(text.p, text.n);
	struct span line;
	int field = 0;

	if (!rd_line(&r, &line) || !span_is(line, MAGIC))
		return mq_fail(err, MQ_EFORMAT, "line 1: this is no evidence file");
	for (int number = 2; rd_line(&r, &line); number++) {
		if (span_is(line, END) && field == (int)(sizeof name / sizeof name[0]) && rd_end(&r))
			return MQ_OK;
		if (span_starts(line, "## ") || span_is(line, "##"))
			continue;
		if (field == (int)(sizeof name / sizeof name[0]) || !span_starts(line, name[field]))
			return mq_fail(err, MQ_EFORMAT, "line %d: another line was expected here", number);
		line.n -= strlen(name[field]);
		line.p += strlen(name[field]);
		if (!read_field(e, field++, line))
			return mq_fail(err, MQ_EFORMAT, "line %d: the value is not well-formed", number);
	}
	return mq_fail(err, MQ_EFORMAT, "the file ends too early");
}
