/*
 * mqgp log: the audit log of a profile; log verify: its chain; log export: all of it as JSON lines.
 *
 * Nothing here writes: the file is opened read-only, rows come as the lines of audit_export.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/model/audit.h"
#include "src/commands.h"
#include "src/print.h"
#include "src/setup.h"

#define TAIL_DEFAULT 50
#define TAIL_MAX 100000 /* rows kept in memory; all of them: log export */

const struct opt log_options[] = {
	{ "json", 'j', NULL, "one JSON object a row" },
	{ "count", 'n', "N", "so many of the newest rows (default 50)" },
	{ 0 },
};
const struct opt log_verify_options[] = {
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};

/* The file named on the command line, else the profile's. */
static int
find_log(const struct opts *o, struct setup *s, char *path, size_t size)
{
	int r = setup_load(s, o, SETUP_LOOK);

	if (r != OPTS_GO)
		return r;
	if (s->n_operands > 1)
		return opts_usage(o, "'%.60s' is one word too many", s->operands[1]);
	if (s->n_operands == 0 && s->profile == NULL)
		return opts_usage(o, "whose log? give a profile or a file");
	if (s->n_operands == 1 ? (size_t)snprintf(path, size, "%s", s->operands[0]) >= size :
				 file_join(path, size, s->state_dir, "audit.db") != MQ_OK) {
		setup_complain("the path of the audit log is too long");
		return EXIT_USAGE;
	}
	return OPTS_GO;
}

static int
complain(enum mq_err r, const struct mq_error *e)
{
	setup_complain(e->text);
	return setup_status(r);
}

/* ---- log */

struct tail {
	char **line; /* a ring of max */
	size_t max, n;
	bool failed;
};

static bool
keep_line(void *arg, struct span json)
{
	struct tail *t = arg;
	char *copy = span_dup(json);
	size_t at = t->n % t->max;

	if (copy == NULL) {
		t->failed = true;
		return false;
	}
	free(t->line[at]);
	t->line[at] = copy;
	t->n++;
	return true;
}

static struct span
member(const json_t *row, const char *name)
{
	const json_t *v = json_object_get(row, name);

	return json_is_string(v) ?
	    (struct span){ (const uint8_t *)json_string_value(v), json_string_length(v) } :
	    (struct span){ NULL, 0 };
}

static void
put_words(struct buf *out, const json_t *row)
{
	static const char *const columns[] = { "t", "who", "kind", "tree", "text", "detail" };

	(void)buf_printf(out, "%6lld", (long long)json_integer_value(json_object_get(row, "n")));
	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
		struct span s = member(row, columns[i]);

		if (s.n == 0)
			continue;
		(void)buf_puts(out, "  ");
		(void)utf8_put_safe(out, s, false); /* an LF within stays within its row */
	}
	(void)buf_putc(out, '\n');
}

static int
print_row(const char *line, bool json)
{
	json_t *row = json_loads(line, JSON_ALLOW_NUL, NULL);
	struct buf b;
	int r;

	if (json)
		return print_json(row);
	buf_init(&b, 1u << 20);
	put_words(&b, row);
	json_decref(row);
	r = print_bytes(buf_span(&b));
	buf_done(&b);
	return r;
}

static int
show(const char *path, uint32_t count, bool json)
{
	struct tail t = { calloc(count, sizeof *t.line), count, 0, false };
	struct mq_error e = { 0 };
	enum mq_err r;
	int status = EXIT_GOOD;

	if (t.line == NULL)
		return complain(MQ_ENOMEM, &(struct mq_error){ MQ_ENOMEM, "out of memory" });
	r = audit_export(path, keep_line, &t, &e);
	if (r == MQ_OK && t.failed)
		r = mq_fail(&e, MQ_ENOMEM, "out of memory");
	if (r == MQ_ENOENT && !json)
		r = MQ_OK; /* nothing happened yet */
	for (size_t i = t.n > count ? t.n - count : 0; r == MQ_OK && status == EXIT_GOOD && i < t.n; i++)
		status = print_row(t.line[i % count], json);
	for (size_t i = 0; i < count; i++)
		free(t.line[i]);
	free(t.line);
	return r != MQ_OK ? complain(r, &e) : status;
}

int
cmd_log(const struct opts *o)
{
	char path[PATH_MAX];
	uint32_t count = TAIL_DEFAULT;
	struct setup s;
	int r = find_log(o, &s, path, sizeof path);

	if (r == OPTS_GO && (r = opts_u32(o, "count", TAIL_MAX, &count)) == OPTS_GO)
		r = count != 0 ? show(path, count, opts_given(o, "json")) : EXIT_GOOD;
	setup_done(&s);
	return r;
}

/* ---- log verify */

static int
answer(const struct audit_check *c, const char *path, bool json)
{
	char head[2 * AUDIT_HASH + 1], text[PATH_MAX + 256];
	json_t *o;

	text_hex(head, c->head, AUDIT_HASH);
	if (!json) {
		if (c->broken != 0)
			(void)snprintf(text, sizeof text, "%s: BROKEN at row %llu: %s", path,
			    (unsigned long long)c->broken, c->why);
		else
			(void)snprintf(text, sizeof text, "%s: %llu rows, all whole\nlast hash %s", path,
			    (unsigned long long)c->rows, head);
		return print_text(span_of(text));
	}
	o = json_object();
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "path", print_word(path));
	(void)json_object_set_new(o, "ok", json_boolean(c->broken == 0));
	(void)json_object_set_new(o, "rows", json_integer((json_int_t)c->rows));
	(void)json_object_set_new(o, "broken", c->broken != 0 ?
		json_integer((json_int_t)c->broken) : json_null());
	(void)json_object_set_new(o, "why", c->broken != 0 ? print_word(c->why) : json_null());
	(void)json_object_set_new(o, "head", json_string(head));
	return print_json(o);
}

int
cmd_log_verify(const struct opts *o)
{
	struct audit_check c = { 0 };
	char path[PATH_MAX];
	struct mq_error e;
	struct setup s;
	enum mq_err err;
	int r = find_log(o, &s, path, sizeof path);

	if (r == OPTS_GO) {
		if ((err = audit_verify(path, &c, &e)) != MQ_OK)
			r = complain(err, &e);
		else if ((r = answer(&c, path, opts_given(o, "json"))) == EXIT_GOOD && c.broken != 0)
			r = EXIT_UNMET;
	}
	setup_done(&s);
	return r;
}

/* ---- log export */

static bool
export_line(void *arg, struct span json)
{
	int *status = arg;

	*status = print_row((const char *)json.p, true);
	return *status == EXIT_GOOD;
}

int
cmd_log_export(const struct opts *o)
{
	char path[PATH_MAX];
	struct mq_error e;
	struct setup s;
	enum mq_err err;
	int status = EXIT_GOOD, r = find_log(o, &s, path, sizeof path);

	if (r == OPTS_GO) {
		err = audit_export(path, export_line, &status, &e);
		r = err != MQ_OK ? complain(err, &e) : status;
	}
	setup_done(&s);
	return r;
}
