#include "core/conf/conf_body.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf/conf_fields.h"
#include "core/conf/conf_lines.h"

#define FIELDS_MAX 64 /* bits of struct conf_seen */
#define X_LINE_MIN 5  /* "x-=1" and its LF */

struct x_line {
	struct span key;
	unsigned number;
};
struct reader {
	const struct conf_schema *schema;
	const struct conf_policy *policy;
	struct conf_errors *errors;
	struct conf_seen *seen;
	void *into;
	unsigned count[FIELDS_MAX];
	struct span last[FIELDS_MAX]; /* previous value of the same key */
	struct x_line *x;
	size_t n_x;
};

/* Files what is wrong with a pair of a known key, if anything is. */
static void
read_pair(struct reader *r, const struct conf_field *f, const struct conf_line *line)
{
	size_t i = (size_t)(f - r->schema->field);
	struct span last = r->last[i];

	r->seen->present |= UINT64_C(1) << i;
	r->last[i] = line->value;
	if (r->count[i]++ >= f->max && f->max == 1)
		conf_errors_add(r->errors, line->number, line->key, "stands here a second time");
	else if (r->count[i] > f->max)
		conf_errors_add(r->errors, line->number, line->key, "more than %u of them", f->max);
	else if (!f->type->read(f, line->value, r->policy, r->into))
		conf_errors_add(r->errors, line->number, line->key, "expected: %s", f->syntax);
	else if (r->count[i] > 1 && conf_value_order(line->value, last) <= 0)
		conf_errors_add(r->errors, line->number, line->key,
		    "not greater than the one before: values ascend, each once");
	else
		return;
	r->seen->unusable |= UINT64_C(1) << i;
}

static void
read_line(struct reader *r, const struct conf_line *line)
{
	const struct conf_field *f;

	if (line->wrong != NULL) {
		conf_errors_add(r->errors, line->number, line->key, "%s", line->wrong);
		return;
	}
	if (line->key.n == 0)
		return;
	f = conf_field_find(r->schema->field, r->schema->n, line->key);
	if (f != NULL)
		read_pair(r, f, line);
	else if (r->schema->allow_x && span_starts(line->key, "x-"))
		r->x[r->n_x++] = (struct x_line){ line->key, line->number };
	else
		conf_errors_add(r->errors, line->number, line->key, "unknown key");
}

static int
by_key_and_line(const void *a, const void *b)
{
	const struct x_line *x = a, *y = b;
	int d = conf_value_order(x->key, y->key);

	return d != 0 ? d : (x->number > y->number) - (x->number < y->number);
}

/* A body has room for thousands of x- keys of a stranger: sorting finds repetitions cheaply. */
static void
judge_x_lines(struct reader *r)
{
	if (r->n_x != 0)
		qsort(r->x, r->n_x, sizeof r->x[0], by_key_and_line);
	for (size_t i = 1; i < r->n_x; i++)
		if (span_eq(r->x[i].key, r->x[i - 1].key))
			conf_errors_add(r->errors, r->x[i].number, r->x[i].key,
			    "stands here a second time");
}

static void
judge_missing(struct reader *r)
{
	for (size_t i = 0; i < r->schema->n; i++) {
		const struct conf_field *f = &r->schema->field[i];

		if (r->count[i] >= f->min)
			continue;
		conf_errors_add(r->errors, 0, span_of(f->name), "is missing: %s", f->meaning);
		r->seen->unusable |= UINT64_C(1) << i;
	}
}

enum mq_err
conf_body_read(const struct conf_schema *schema, struct span body,
    const struct conf_policy *policy, void *into, struct conf_errors *errors,
    struct conf_seen *seen)
{
	struct reader r = { .schema = schema, .policy = policy, .errors = errors, .seen = seen,
		.into = into };
	struct conf_lines lines = conf_lines_of(body, schema->magic);
	struct conf_line line;

	memset(errors, 0, sizeof *errors);
	memset(seen, 0, sizeof *seen);
	if (body.n < 1 || body.n > CONF_BODY_MAX) {
		conf_errors_add(errors, 0, span_of(""), "a body has 1 to %d bytes, this one %zu",
		    CONF_BODY_MAX, body.n);
		seen->unusable = UINT64_MAX;
		return MQ_EFORMAT;
	}
	r.x = malloc((body.n / X_LINE_MIN + 1) * sizeof r.x[0]);
	if (r.x == NULL)
		return MQ_ENOMEM;
	while (conf_lines_next(&lines, &line))
		read_line(&r, &line);
	judge_x_lines(&r);
	judge_missing(&r);
	free(r.x);
	return errors->total == 0 ? MQ_OK : MQ_EFORMAT;
}
