#include "core/model/audit_db.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <sqlite3.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/conf/conf.h"

#define APPLICATION_ID "1297172289" /* "MQGA" */
#define SCHEMA 1
#define BUSY_MS 5000 /* another process of this user is writing */
#define ROW_MAX (64u << 10) /* canonical bytes; longer ones were not written by us */

static const char schema[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS audit(n INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL,"
    " who TEXT NOT NULL, kind TEXT NOT NULL, tree BLOB NOT NULL, text BLOB NOT NULL,"
    " detail BLOB NOT NULL, hash BLOB NOT NULL);"
    "PRAGMA application_id=" APPLICATION_ID ";"
    "PRAGMA user_version=1;"
    "COMMIT";
static const char columns[] =
    "SELECT n, time_ms, who, kind, tree, text, detail, hash FROM audit ORDER BY n";

enum column { COL_N, COL_TIME, COL_WHO, COL_KIND, COL_TREE, COL_TEXT, COL_DETAIL, COL_HASH };

/* ---- rows */

static void
put_field(struct buf *b, struct span s)
{
	(void)buf_u32(b, (uint32_t)s.n); /* here and below: hash_row looks at the first failure */
	(void)buf_put(b, s.p, s.n);
}

/* H(domain || hash before || n || time || each field with its length). */
static enum mq_err
hash_row(uint8_t out[AUDIT_HASH], const uint8_t before[AUDIT_HASH], uint64_t n,
    const struct audit_item *i)
{
	static const char domain[] = "mqgp/1 audit";
	enum mq_err r;
	struct buf b;

	buf_init(&b, ROW_MAX);
	(void)buf_put(&b, domain, sizeof domain);
	(void)buf_put(&b, before, AUDIT_HASH);
	(void)buf_u64(&b, n);
	(void)buf_u64(&b, (uint64_t)i->time_ms);
	put_field(&b, i->who);
	put_field(&b, i->kind);
	put_field(&b, i->tree);
	put_field(&b, i->text);
	put_field(&b, i->detail);
	if ((r = b.err) == MQ_OK)
		conf_hash(out, buf_span(&b));
	buf_done(&b);
	return r;
}

static uint16_t
cut_copy(uint8_t *out, size_t size, struct span s)
{
	size_t n = s.n < size ? s.n : size;

	if (n != 0)
		memcpy(out, s.p, n);
	return (uint16_t)n;
}

void
audit_line_of(struct audit_line *out, const struct audit_item *item, uint64_t n)
{
	memset(out, 0, sizeof *out);
	out->n = n;
	out->time_ms = item->time_ms;
	(void)cut_copy((uint8_t *)out->who, sizeof out->who - 1, item->who);
	(void)cut_copy((uint8_t *)out->kind, sizeof out->kind - 1, item->kind);
	out->tree_n = cut_copy(out->tree, sizeof out->tree, item->tree);
	out->text_n = cut_copy(out->text, sizeof out->text, item->text);
}

/* ---- SQLite */

static enum mq_err
sql_fail(struct audit_db *db, const char *what, struct mq_error *e)
{
	int code = sqlite3_errcode(db->sql);
	enum mq_err r = MQ_EIO;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		r = MQ_ESTATE;
	else if (code == SQLITE_NOMEM)
		r = MQ_ENOMEM;
	else if (code == SQLITE_BUSY)
		r = MQ_EAGAIN;
	return mq_fail(e, r, "audit.db: cannot %s: %s", what, sqlite3_errmsg(db->sql));
}

static enum mq_err
run(struct audit_db *db, const char *statement, const char *what, struct mq_error *e)
{
	if (sqlite3_exec(db->sql, statement, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, what, e);
	return MQ_OK;
}

static enum mq_err
prepare(struct audit_db *db, const char *statement, sqlite3_stmt **out, struct mq_error *e)
{
	if (sqlite3_prepare_v2(db->sql, statement, -1, out, NULL) != SQLITE_OK)
		return sql_fail(db, "read", e);
	return MQ_OK;
}

static struct span
blob(sqlite3_stmt *st, enum column i)
{
	const uint8_t *p = sqlite3_column_blob(st, (int)i);
	int n = sqlite3_column_bytes(st, (int)i);

	return (struct span){ p, p == NULL || n < 0 ? 0 : (size_t)n };
}

/* Borrowed until the next step. */
static void
read_item(sqlite3_stmt *st, struct audit_item *out)
{
	memset(out, 0, sizeof *out);
	out->time_ms = sqlite3_column_int64(st, COL_TIME);
	out->who = blob(st, COL_WHO);
	out->kind = blob(st, COL_KIND);
	out->tree = blob(st, COL_TREE);
	out->text = blob(st, COL_TEXT);
	out->detail = blob(st, COL_DETAIL);
}

static enum mq_err
read_number(struct audit_db *db, const char *query, int64_t *out, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, query, &st, e);

	if (r == MQ_OK && sqlite3_step(st) == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	else if (r == MQ_OK)
		r = sql_fail(db, "read", e);
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return r;
}

/* ---- opening */

/* SQLite would create the file readable for others. */
static enum mq_err
create_private(const char *path, struct mq_error *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot open %s", path);
	(void)close(fd); /* nothing was written */
	return MQ_OK;
}

static enum mq_err
open_sql(struct audit_db *db, const char *path, int flags, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	db->sql = NULL;
	if (sqlite3_open_v2(path, &db->sql, flags, NULL) != SQLITE_OK)
		r = db->sql == NULL ? mq_fail(e, MQ_ENOMEM, "no memory for %s", path) :
				      sql_fail(db, "open", e);
	if (r == MQ_OK && sqlite3_busy_timeout(db->sql, BUSY_MS) != SQLITE_OK)
		r = sql_fail(db, "open", e);
	if (r != MQ_OK)
		audit_db_close(db);
	return r;
}

/* Damage that SQLite can see. That the rows are ours and in order is audit_verify's to say. */
static enum mq_err
check_file(struct audit_db *db, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "PRAGMA quick_check(1)", &st, e);

	if (r == MQ_OK && sqlite3_step(st) != SQLITE_ROW)
		r = sql_fail(db, "check", e);
	else if (r == MQ_OK && !span_is(blob(st, 0), "ok"))
		r = mq_fail(e, MQ_ESTATE, "audit.db is damaged: %.200s",
		    (const char *)sqlite3_column_text(st, 0));
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return r;
}

static enum mq_err
set_up(struct audit_db *db, struct mq_error *e)
{
	int64_t version = 0, tables = 0;
	enum mq_err r;

	if ((r = check_file(db, e)) != MQ_OK ||
	    (r = run(db, "PRAGMA synchronous=FULL", "set up", e)) != MQ_OK ||
	    (r = read_number(db, "PRAGMA user_version", &version, e)) != MQ_OK ||
	    (r = read_number(db, "SELECT count(*) FROM sqlite_schema", &tables, e)) != MQ_OK)
		return r;
	if (version == 0 && tables == 0)
		return run(db, schema, "set up", e);
	if (version != SCHEMA)
		return mq_fail(e, MQ_ESTATE, "audit.db has a shape this program does not know");
	return MQ_OK;
}

enum mq_err
audit_db_open(struct audit_db *db, const char *path, struct mq_error *e)
{
	enum mq_err r = create_private(path, e);

	if (r != MQ_OK ||
	    (r = open_sql(db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX, e)) != MQ_OK)
		return r;
	if ((r = set_up(db, e)) != MQ_OK)
		audit_db_close(db);
	return r;
}

void
audit_db_close(struct audit_db *db)
{
	(void)sqlite3_close(db->sql); /* every statement is finalized: it cannot be busy */
	db->sql = NULL;
}

enum mq_err
audit_db_set_aside(const char *path, char *kept, size_t kept_size, struct mq_error *e)
{
	char journal[PATH_MAX], journal_kept[PATH_MAX];
	int n = snprintf(journal, sizeof journal, "%s-journal", path);

	if (n < 0 || (size_t)n >= sizeof journal)
		return mq_fail(e, MQ_ELIMIT, "path is too long: %.80s...", path);
	/* First the journal: it must not be played into the file that takes this name. */
	if (file_exists(journal)) {
		enum mq_err r = file_set_aside(journal, journal_kept, sizeof journal_kept, e);

		if (r != MQ_OK)
			return r;
	}
	return file_set_aside(path, kept, kept_size, e);
}

/* ---- appending */

static enum mq_err
read_head(struct audit_db *db, uint64_t *n, uint8_t hash[AUDIT_HASH], struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1", &st, e);
	int step = r == MQ_OK ? sqlite3_step(st) : SQLITE_DONE;

	*n = 0;
	memset(hash, 0, AUDIT_HASH);
	if (step == SQLITE_ROW) {
		struct span h = { sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1) };

		*n = (uint64_t)sqlite3_column_int64(st, 0);
		if (h.p != NULL && h.n == AUDIT_HASH)
			memcpy(hash, h.p, AUDIT_HASH); /* a damaged head: verify names that row */
	} else if (step != SQLITE_DONE) {
		r = sql_fail(db, "read", e);
	}
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return r;
}

/* An empty blob, not NULL, for an empty span. */
static int
bind(sqlite3_stmt *st, int at, struct span s, bool text)
{
	const void *p = s.n == 0 ? "" : (const void *)s.p;

	return text ? sqlite3_bind_text(st, at, p, (int)s.n, SQLITE_STATIC) :
		      sqlite3_bind_blob(st, at, p, (int)s.n, SQLITE_STATIC);
}

static enum mq_err
insert(struct audit_db *db, sqlite3_stmt *st, const struct audit_item *i, uint64_t n,
    uint8_t hash[AUDIT_HASH], struct mq_error *e)
{
	uint8_t next[AUDIT_HASH];

	if (hash_row(next, hash, n, i) != MQ_OK)
		return mq_fail(e, MQ_ENOMEM, "no memory for a row of audit.db");
	memcpy(hash, next, AUDIT_HASH);
	if (sqlite3_reset(st) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 1, (int64_t)n) != SQLITE_OK ||
	    sqlite3_bind_int64(st, 2, i->time_ms) != SQLITE_OK ||
	    bind(st, 3, i->who, true) != SQLITE_OK || bind(st, 4, i->kind, true) != SQLITE_OK ||
	    bind(st, 5, i->tree, false) != SQLITE_OK || bind(st, 6, i->text, false) != SQLITE_OK ||
	    bind(st, 7, i->detail, false) != SQLITE_OK ||
	    bind(st, 8, (struct span){ next, sizeof next }, false) != SQLITE_OK ||
	    sqlite3_step(st) != SQLITE_DONE)
		return sql_fail(db, "write", e);
	return MQ_OK;
}

enum mq_err
audit_db_append(struct audit_db *db, const struct audit_item *list, uint64_t *first,
    struct mq_error *e)
{
	enum mq_err r = run(db, "BEGIN IMMEDIATE", "write", e);
	uint8_t hash[AUDIT_HASH];
	sqlite3_stmt *st = NULL;
	uint64_t head = 0, n;

	if (r != MQ_OK)
		return r;
	if ((r = read_head(db, &head, hash, e)) != MQ_OK ||
	    (r = prepare(db, "INSERT INTO audit VALUES(?,?,?,?,?,?,?,?)", &st, e)) != MQ_OK)
		goto out;
	n = head;
	for (const struct audit_item *i = list; i != NULL && r == MQ_OK; i = i->next)
		r = insert(db, st, i, ++n, hash, e);
out:
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	if (r == MQ_OK)
		r = run(db, "COMMIT", "write", e);
	if (r != MQ_OK) {
		(void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL); /* may be rolled back */
		return r;
	}
	*first = head + 1;
	return MQ_OK;
}

enum mq_err
audit_db_tail(struct audit_db *db, struct audit_line *out, size_t max, size_t *n,
    struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "SELECT n, time_ms, who, kind, tree, text, detail, hash"
	    " FROM audit ORDER BY n DESC LIMIT ?", &st, e);
	int step = SQLITE_DONE;

	*n = 0;
	if (r == MQ_OK && sqlite3_bind_int64(st, 1, (int64_t)max) != SQLITE_OK)
		r = sql_fail(db, "read", e);
	while (r == MQ_OK && (step = sqlite3_step(st)) == SQLITE_ROW && *n < max) {
		struct audit_item i;

		read_item(st, &i);
		audit_line_of(&out[(*n)++], &i, (uint64_t)sqlite3_column_int64(st, COL_N));
	}
	if (r == MQ_OK && step != SQLITE_DONE && step != SQLITE_ROW)
		r = sql_fail(db, "read", e);
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return r;
}

/* ---- offline */

/* Calls row() with every row in order until it returns false. */
static enum mq_err
each_row(const char *path, bool (*row)(void *arg, sqlite3_stmt *st), void *arg,
    struct mq_error *e)
{
	struct audit_db db = { NULL };
	sqlite3_stmt *st = NULL;
	enum mq_err r;
	int step = SQLITE_DONE;

	if (!file_exists(path))
		return mq_fail(e, MQ_ENOENT, "there is no audit log at %s", path);
	if ((r = open_sql(&db, path, SQLITE_OPEN_READONLY, e)) != MQ_OK)
		return r;
	if ((r = prepare(&db, columns, &st, e)) != MQ_OK)
		goto out;
	while ((step = sqlite3_step(st)) == SQLITE_ROW)
		if (!row(arg, st))
			break;
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		r = sql_fail(&db, "read", e);
out:
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	audit_db_close(&db);
	return r;
}

static bool
check_row(void *arg, sqlite3_stmt *st)
{
	struct audit_check *c = arg;
	uint64_t n = (uint64_t)sqlite3_column_int64(st, COL_N);
	uint8_t want[AUDIT_HASH];
	struct audit_item i;

	c->rows++;
	if (n != c->rows) {
		c->broken = c->rows;
		(void)snprintf(c->why, sizeof c->why, "row %llu is missing",
		    (unsigned long long)c->rows);
		return false;
	}
	read_item(st, &i);
	if (hash_row(want, c->head, n, &i) != MQ_OK ||
	    !span_eq(blob(st, COL_HASH), (struct span){ want, sizeof want })) {
		c->broken = n;
		(void)snprintf(c->why, sizeof c->why,
		    "row %llu was changed, or a row before it was exchanged",
		    (unsigned long long)n);
		return false;
	}
	memcpy(c->head, want, sizeof want);
	return true;
}

enum mq_err
audit_verify(const char *path, struct audit_check *out, struct mq_error *e)
{
	struct audit_check c = { 0 };
	enum mq_err r = each_row(path, check_row, &c, e);

	if (r == MQ_OK)
		*out = c;
	return r;
}

struct export {
	bool (*line)(void *arg, struct span json);
	void *arg;
	enum mq_err err;
};

/* UTF-8 as "key", anything else as base64 in "key_b64". */
static int
put_json(json_t *o, const char *key, struct span s)
{
	char name[16];
	struct buf b;
	int r = -1;

	if (utf8_valid(s))
		return json_object_set_new(o, key,
		    json_stringn(s.n == 0 ? "" : (const char *)s.p, s.n));
	(void)snprintf(name, sizeof name, "%s_b64", key);
	buf_init(&b, 2 * s.n + 8);
	if (text_base64(&b, s.p, s.n) == MQ_OK)
		r = json_object_set_new(o, name, json_stringn((const char *)b.p, b.n));
	buf_done(&b);
	return r;
}

static int
row_json(json_t *o, sqlite3_stmt *st)
{
	struct span hash = blob(st, COL_HASH);
	char time[26], hex[2 * AUDIT_HASH + 1] = "";
	struct audit_item i;

	read_item(st, &i);
	text_put_time_ms(time, i.time_ms);
	if (hash.n == AUDIT_HASH)
		text_hex(hex, hash.p, AUDIT_HASH);
	return json_object_set_new(o, "n", json_integer(sqlite3_column_int64(st, COL_N))) |
	    json_object_set_new(o, "t", json_string(time)) | put_json(o, "who", i.who) |
	    put_json(o, "kind", i.kind) | put_json(o, "tree", i.tree) |
	    put_json(o, "text", i.text) | put_json(o, "detail", i.detail) |
	    json_object_set_new(o, "hash", json_string(hex));
}

static bool
export_row(void *arg, sqlite3_stmt *st)
{
	struct export *x = arg;
	json_t *o = json_object();
	char *text = NULL;
	bool more = false;

	if (o != NULL && row_json(o, st) == 0)
		text = json_dumps(o, JSON_COMPACT);
	if (text == NULL)
		x->err = MQ_ENOMEM;
	else
		more = x->line(x->arg, span_of(text));
	free(text);
	json_decref(o);
	return more;
}

enum mq_err
audit_export(const char *path, bool (*line)(void *arg, struct span json), void *arg,
    struct mq_error *e)
{
	struct export x = { line, arg, MQ_OK };
	enum mq_err r = each_row(path, export_row, &x, e);

	if (r == MQ_OK && x.err != MQ_OK)
		r = mq_fail(e, x.err, "no memory for a row of the audit log");
	return r;
}
