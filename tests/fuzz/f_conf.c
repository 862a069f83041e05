/* Any bytes as a body: what is accepted means exactly what its lines say, and has a successor. */
#include <string.h>

#include "core/conf/bundle.h"
#include "core/conf/compose.h"
#include "core/conf/conf.h"
#include "core/conf/conf_fields.h"
#include "core/conf/diff.h"
#include "tests/fuzz/fuzz.h"

#define NOW 1795168800

struct lines {
	struct buf *printed;
	size_t n;
};

/* A value has one spelling: the printer must give back the very line that was read. */
static void
require_line(void *arg, struct span key, struct span value)
{
	struct lines *l = arg;
	struct buf line;

	if (span_starts(key, "x-"))
		return;
	buf_init(&line, CONF_LINE_MAX + 2);
	(void)buf_putc(&line, '\n'); /* errors stick */
	(void)buf_put(&line, key.p, key.n);
	(void)buf_putc(&line, '=');
	(void)buf_put(&line, value.p, value.n);
	require(buf_putc(&line, '\n') == MQ_OK);
	require(memmem(l->printed->p, l->printed->n, line.p, line.n) != NULL);
	buf_done(&line);
	l->n++;
}

static void
count_line(void *arg, struct span key, struct span value)
{
	size_t *n = arg;

	require(key.n != 0 && value.n != 0);
	(*n)++;
}

static void
check_print(const struct conf *c, const struct conf_policy *policy)
{
	struct conf *back = NULL;
	struct lines lines;
	struct mq_error e;
	struct buf out;
	size_t n = 0;

	buf_init(&out, CONF_BODY_MAX);
	require(conf_print(c, &out, &e) == MQ_OK);
	require(conf_parse(buf_span(&out), policy, &back, NULL) == MQ_OK);
	lines = (struct lines){ &out, 0 };
	conf_each_pair(conf_body(c), require_line, &lines);
	conf_each_pair(buf_span(&out), count_line, &n);
	require(n == lines.n);
	conf_free(back);
	buf_done(&out);
}

static void
check_successor(const struct conf *c, const struct conf_policy *policy)
{
	struct diff *d = malloc(sizeof *d);
	struct conf *next = NULL;
	struct mq_error e;
	struct buf out;
	enum mq_err r;

	require(d != NULL);
	buf_init(&out, CONF_BODY_MAX);
	r = conf_successor(c, NOW, &out, &e);
	require(r == MQ_OK || r == MQ_ELIMIT);
	if (r == MQ_OK) {
		require(conf_parse(buf_span(&out), policy, &next, NULL) == MQ_OK);
		require(next->revision == c->revision + 1);
		require(memcmp(next->prev, c->hash, HASH_BYTES) == 0);
		conf_diff(c, next, SUITE_HMAC, d);
		require(d->n != 0);
	}
	conf_free(next);
	buf_done(&out);
	free(d);
}

static void
check_halt(struct span body, const struct conf_policy *policy)
{
	struct halt h, back;
	struct buf out;

	if (halt_parse(body, policy, &h, NULL) != MQ_OK)
		return;
	buf_init(&out, CONF_BODY_MAX);
	require(halt_print(&h, &out) == MQ_OK);
	require(halt_parse(buf_span(&out), policy, &back, NULL) == MQ_OK);
	require(h.issued == back.issued && strcmp(h.reason, back.reason) == 0);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct conf_policy policy = { .allow_non_ascii = n % 2 == 0 };
	struct conf_errors errors;
	struct conf *c = NULL;

	if (conf_parse((struct span){ data, n }, &policy, &c, &errors) == MQ_OK) {
		require(errors.total == 0);
		check_print(c, &policy);
		check_successor(c, &policy);
	} else {
		require(errors.total != 0 && errors.line == errors.e[0].line);
		for (size_t i = 1; i < errors.n; i++)
			require(errors.e[i].line == 0 || errors.e[i].line >= errors.e[i - 1].line);
	}
	conf_free(c);
	check_halt((struct span){ data, n }, &policy);
	return 0;
}
