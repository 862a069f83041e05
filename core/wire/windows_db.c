#include "core/wire/windows_db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>
#include <sqlite3.h>

#include "core/base/file.h"

#define APPLICATION_ID 0x4d514757 /* "MQGW" */
#define SCHEMA 1
#define READER_WAIT_MS 2000 /* a second process waits this long for the owner's transaction */

enum record { RECORD_SCOPE = 1, RECORD_FORGET, RECORD_WINDOW };

static const char schema[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE scope(id INTEGER PRIMARY KEY, tree BLOB NOT NULL, data_pk BLOB NOT NULL,"
    " epoch INTEGER NOT NULL);"
    "CREATE TABLE window(scope INTEGER NOT NULL, topic BLOB NOT NULL, state BLOB NOT NULL,"
    " PRIMARY KEY(scope, topic)) WITHOUT ROWID;";

/* ---- batches */

/* Takes back what was appended since start if any of it did not fit. */
static enum mq_err
settle(struct buf *batch, size_t start)
{
	enum mq_err r = batch->err;

	if (r != MQ_OK) {
		batch->n = start;
		batch->err = MQ_OK;
	}
	return r;
}

enum mq_err
windows_batch_scope(struct buf *batch, uint16_t id, const struct windows_scope *s)
{
	size_t start = batch->n;

	(void)buf_u8(batch, RECORD_SCOPE); /* here and below: settle() sees the first failure */
	(void)buf_u16(batch, id);
	(void)buf_u32(batch, s->epoch);
	(void)buf_put(batch, s->data_pk, sizeof s->data_pk);
	(void)buf_u16(batch, (uint16_t)s->tree.n);
	(void)buf_put(batch, s->tree.p, s->tree.n);
	return settle(batch, start);
}

enum mq_err
windows_batch_forget(struct buf *batch, uint16_t id)
{
	size_t start = batch->n;

	(void)buf_u8(batch, RECORD_FORGET);
	(void)buf_u16(batch, id);
	return settle(batch, start);
}

enum mq_err
windows_batch_window(struct buf *batch, const struct window *win, const uint8_t hash[WINDOWS_HASH])
{
	size_t start = batch->n, length_at;

	if (!win->any)
		return MQ_EINVAL;
	(void)buf_u8(batch, RECORD_WINDOW);
	(void)buf_u16(batch, win->scope);
	(void)buf_put(batch, hash, WINDOWS_HASH);
	length_at = batch->n;
	(void)buf_u16(batch, 0);
	(void)window_save(win, batch);
	if (batch->err == MQ_OK)
		be16(batch->p + length_at, (uint16_t)(batch->n - length_at - 2));
	return settle(batch, start);
}

/* ---- SQLite */

static enum mq_err
sql_fail(struct windows_db *db, const char *what, struct mq_error *e)
{
	int code = sqlite3_errcode(db->sql);
	enum mq_err r = MQ_EIO;

	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
		r = MQ_ESTATE;
	else if (code == SQLITE_NOMEM)
		r = MQ_ENOMEM;
	return mq_fail(e, r, "windows.db: cannot %s: %s", what, sqlite3_errmsg(db->sql));
}

static enum mq_err
damaged(struct mq_error *e, const char *what)
{
	return mq_fail(e, MQ_ESTATE, "windows.db is damaged: %s", what);
}

static enum mq_err
run(struct windows_db *db, const char *statement, struct mq_error *e)
{
	if (sqlite3_exec(db->sql, statement, NULL, NULL, NULL) != SQLITE_OK)
		return sql_fail(db, "write", e);
	return MQ_OK;
}

static enum mq_err
prepare(struct windows_db *db, const char *statement, sqlite3_stmt **out, struct mq_error *e)
{
	if (sqlite3_prepare_v2(db->sql, statement, -1, out, NULL) != SQLITE_OK)
		return sql_fail(db, "read", e);
	return MQ_OK;
}

static enum mq_err
read_number(struct windows_db *db, const char *query, int64_t *out, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, query, &st, e);
	int step = r == MQ_OK ? sqlite3_step(st) : SQLITE_ERROR;

	if (r == MQ_OK && step == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	else if (r == MQ_OK && step == SQLITE_DONE)
		*out = 0;
	else if (r == MQ_OK)
		r = sql_fail(db, "read", e);
	(void)sqlite3_finalize(st); /* repeats the error of the step */
	return r;
}

static struct span
column(sqlite3_stmt *st, int i)
{
	const uint8_t *p = sqlite3_column_blob(st, i);

	return (struct span){ p, p != NULL ? (size_t)sqlite3_column_bytes(st, i) : 0 };
}

static enum mq_err
put_meta(struct windows_db *db, const char *name, const void *blob, size_t n, int64_t number,
    struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "INSERT OR REPLACE INTO meta VALUES(?, ?)", &st, e);

	if (r != MQ_OK)
		return r;
	(void)sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC); /* a failed bind fails the step */
	if (blob != NULL)
		(void)sqlite3_bind_blob(st, 2, blob, (int)n, SQLITE_STATIC);
	else
		(void)sqlite3_bind_int64(st, 2, number);
	if (sqlite3_step(st) != SQLITE_DONE)
		r = sql_fail(db, "write", e);
	(void)sqlite3_finalize(st);
	return r;
}

/* ---- opening */

enum mq_err
windows_db_lock(struct windows_db *db, const char *path, bool *owned, struct mq_error *e)
{
	char name[PATH_MAX];
	int n = snprintf(name, sizeof name, "%s.lock", path);
	enum mq_err r;

	if (n < 0 || (size_t)n >= sizeof name)
		return mq_fail(e, MQ_ELIMIT, "the path of windows.db is too long");
	db->lock_fd = -1;
	r = file_lock(name, 0, &db->lock_fd, e);
	*owned = r == MQ_OK;
	return r == MQ_EAGAIN ? MQ_OK : r;
}

static enum mq_err
create(struct windows_db *db, struct mq_error *e)
{
	char pragmas[96];
	enum mq_err r;

	(void)snprintf(pragmas, sizeof pragmas, "PRAGMA application_id=%d; PRAGMA user_version=%d;",
	    APPLICATION_ID, SCHEMA);
	randombytes_buf(db->key, sizeof db->key);
	if ((r = run(db, "BEGIN IMMEDIATE", e)) != MQ_OK || (r = run(db, pragmas, e)) != MQ_OK ||
	    (r = run(db, schema, e)) != MQ_OK ||
	    (r = put_meta(db, "key", db->key, sizeof db->key, 0, e)) != MQ_OK)
		return r;
	return run(db, "COMMIT", e);
}

static enum mq_err
read_meta(struct windows_db *db, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "SELECT value FROM meta WHERE name='key'", &st, e);
	int64_t clean;

	if (r != MQ_OK)
		return r;
	if (sqlite3_step(st) == SQLITE_ROW && column(st, 0).n == sizeof db->key)
		memcpy(db->key, column(st, 0).p, sizeof db->key);
	else
		r = damaged(e, "it has no key");
	(void)sqlite3_finalize(st);
	if (r == MQ_OK)
		r = read_number(db, "SELECT value FROM meta WHERE name='clean'", &clean, e);
	if (r == MQ_OK)
		r = read_number(db, "SELECT value FROM meta WHERE name='persisted'",
		    &db->persisted_ms, e);
	if (r != MQ_OK)
		return r;
	if (clean != 0)
		db->persisted_ms = 0;
	return MQ_OK;
}

static enum mq_err
read_scopes(struct windows_db *db, const struct windows_sink *sink, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "SELECT id, tree, data_pk, epoch FROM scope", &st, e);
	int step = SQLITE_DONE;

	while (r == MQ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
		struct windows_scope s = { .tree = column(st, 1) };
		int64_t id = sqlite3_column_int64(st, 0), epoch = sqlite3_column_int64(st, 3);

		if (id < 1 || id > UINT16_MAX || epoch < 0 || epoch > UINT32_MAX ||
		    column(st, 2).n != sizeof s.data_pk)
			r = MQ_EFORMAT;
		else {
			s.epoch = (uint32_t)epoch;
			memcpy(s.data_pk, column(st, 2).p, sizeof s.data_pk);
			r = sink->scope(sink->arg, (uint16_t)id, &s);
		}
	}
	if (r == MQ_EFORMAT)
		r = damaged(e, "a scope makes no sense");
	else if (r == MQ_OK && step != SQLITE_DONE)
		r = sql_fail(db, "read", e);
	(void)sqlite3_finalize(st);
	return r;
}

static enum mq_err
read_windows(struct windows_db *db, const struct windows_sink *sink, struct mq_error *e)
{
	sqlite3_stmt *st = NULL;
	enum mq_err r = prepare(db, "SELECT scope, topic, state FROM window", &st, e);
	int step = SQLITE_DONE;

	while (r == MQ_OK && (step = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(st, 0);

		if (id < 1 || id > UINT16_MAX || column(st, 1).n != WINDOWS_HASH)
			r = MQ_EFORMAT;
		else
			r = sink->window(sink->arg, (uint16_t)id, column(st, 1).p, column(st, 2));
	}
	if (r == MQ_EFORMAT)
		r = damaged(e, "a window makes no sense");
	else if (r == MQ_OK && step != SQLITE_DONE)
		r = sql_fail(db, "read", e);
	(void)sqlite3_finalize(st);
	return r;
}

/* SQLite makes files with the umask's mode: make it first, for us alone. */
static enum mq_err
make_private(const char *path, struct mq_error *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return mq_fail_errno(e, MQ_EIO, "cannot create %s", path);
	(void)close(fd); /* nothing was written */
	return MQ_OK;
}

static enum mq_err
read_all(struct windows_db *db, bool owned, const struct windows_sink *sink, struct mq_error *e)
{
	int64_t application, version;
	enum mq_err r;

	if ((r = read_number(db, "PRAGMA application_id", &application, e)) != MQ_OK ||
	    (r = read_number(db, "PRAGMA user_version", &version, e)) != MQ_OK)
		return r;
	if (application == 0 && version == 0 && owned)
		r = create(db, e); /* fails when there are tables of somebody else */
	else if (application != APPLICATION_ID || version != SCHEMA)
		return damaged(e, "it is of another kind or version");
	if (r == MQ_OK && (r = read_meta(db, e)) == MQ_OK &&
	    (r = read_scopes(db, sink, e)) == MQ_OK)
		r = read_windows(db, sink, e);
	if (r == MQ_OK && owned)
		r = put_meta(db, "clean", NULL, 0, 0, e); /* until it is closed */
	return r;
}

enum mq_err
windows_db_load(struct windows_db *db, const char *path, bool owned,
    const struct windows_sink *sink, struct mq_error *e)
{
	int flags = (owned ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_FULLMUTEX;
	enum mq_err r;

	if (owned && (r = make_private(path, e)) != MQ_OK)
		return r;
	if (sqlite3_open_v2(path, &db->sql, flags, NULL) != SQLITE_OK)
		r = sql_fail(db, "open", e);
	else {
		(void)sqlite3_busy_timeout(db->sql, READER_WAIT_MS); /* only stores a number */
		r = read_all(db, owned, sink, e);
	}
	if (r != MQ_OK || !owned) {
		(void)sqlite3_close(db->sql); /* no statement is open */
		db->sql = NULL;
	}
	return r;
}

enum mq_err
windows_db_set_aside(const char *path, char *kept, size_t kept_size, struct mq_error *e)
{
	char journal[PATH_MAX], kept_journal[PATH_MAX];
	enum mq_err r = file_set_aside(path, kept, kept_size, e);

	if (r != MQ_OK)
		return r;
	/* A journal left behind would be played into the new file. */
	if ((size_t)snprintf(journal, sizeof journal, "%s-journal", path) >= sizeof journal)
		return mq_fail(e, MQ_ELIMIT, "the path of windows.db is too long");
	if (!file_exists(journal))
		return MQ_OK;
	return file_set_aside(journal, kept_journal, sizeof kept_journal, e);
}

/* ---- writing */

enum { ST_SCOPE, ST_FORGET_SCOPE, ST_FORGET_WINDOWS, ST_WINDOW, ST_COUNT };

static const char *const statements[ST_COUNT] = {
	[ST_SCOPE] = "INSERT OR REPLACE INTO scope VALUES(?, ?, ?, ?)",
	[ST_FORGET_SCOPE] = "DELETE FROM scope WHERE id=?",
	[ST_FORGET_WINDOWS] = "DELETE FROM window WHERE scope=?",
	[ST_WINDOW] = "INSERT OR REPLACE INTO window VALUES(?, ?, ?)",
};

static bool
bind_blob(sqlite3_stmt *st, int i, const uint8_t *p, size_t n)
{
	return sqlite3_bind_blob(st, i, n != 0 ? (const void *)p : "", (int)n, SQLITE_STATIC) ==
	    SQLITE_OK;
}

static bool
step_one(sqlite3_stmt *st)
{
	bool ok = sqlite3_step(st) == SQLITE_DONE;

	return sqlite3_reset(st) == SQLITE_OK && ok;
}

static bool
write_scope(sqlite3_stmt *const *st, uint16_t id, struct rd *r)
{
	const uint8_t *pk, *tree;
	uint32_t epoch;
	uint16_t n;

	return rd_u32(r, &epoch) && rd_bytes(r, 32, &pk) && rd_u16(r, &n) &&
	    rd_bytes(r, n, &tree) && sqlite3_bind_int(st[ST_SCOPE], 1, id) == SQLITE_OK &&
	    bind_blob(st[ST_SCOPE], 2, tree, n) && bind_blob(st[ST_SCOPE], 3, pk, 32) &&
	    sqlite3_bind_int64(st[ST_SCOPE], 4, epoch) == SQLITE_OK && step_one(st[ST_SCOPE]);
}

static bool
write_forget(sqlite3_stmt *const *st, uint16_t id)
{
	return sqlite3_bind_int(st[ST_FORGET_SCOPE], 1, id) == SQLITE_OK &&
	    step_one(st[ST_FORGET_SCOPE]) &&
	    sqlite3_bind_int(st[ST_FORGET_WINDOWS], 1, id) == SQLITE_OK &&
	    step_one(st[ST_FORGET_WINDOWS]);
}

static bool
write_window(sqlite3_stmt *const *st, uint16_t id, struct rd *r)
{
	const uint8_t *hash, *state;
	uint16_t n;

	return rd_bytes(r, WINDOWS_HASH, &hash) && rd_u16(r, &n) && rd_bytes(r, n, &state) &&
	    sqlite3_bind_int(st[ST_WINDOW], 1, id) == SQLITE_OK &&
	    bind_blob(st[ST_WINDOW], 2, hash, WINDOWS_HASH) &&
	    bind_blob(st[ST_WINDOW], 3, state, n) && step_one(st[ST_WINDOW]);
}

static bool
write_records(sqlite3_stmt *const *st, struct span batch)
{
	struct rd r = rd_of(batch.p, batch.n);
	uint8_t kind;
	uint16_t id;
	bool ok = true;

	while (ok && !rd_end(&r)) {
		ok = rd_u8(&r, &kind) && rd_u16(&r, &id);
		if (ok && kind == RECORD_SCOPE)
			ok = write_scope(st, id, &r);
		else if (ok && kind == RECORD_FORGET)
			ok = write_forget(st, id);
		else if (ok)
			ok = write_window(st, id, &r);
	}
	return ok;
}

enum mq_err
windows_db_write(struct windows_db *db, struct span batch, int64_t persisted_ms,
    struct mq_error *e)
{
	sqlite3_stmt *st[ST_COUNT] = { NULL };
	enum mq_err r = run(db, "BEGIN IMMEDIATE", e);

	for (int i = 0; r == MQ_OK && i < ST_COUNT; i++)
		r = prepare(db, statements[i], &st[i], e);
	if (r == MQ_OK && !write_records(st, batch))
		r = sql_fail(db, "save windows", e);
	if (r == MQ_OK && persisted_ms != 0)
		r = put_meta(db, "persisted", NULL, 0, persisted_ms, e);
	for (int i = 0; i < ST_COUNT; i++)
		(void)sqlite3_finalize(st[i]); /* repeats errors seen above */
	if (r == MQ_OK)
		r = run(db, "COMMIT", e);
	if (r != MQ_OK && sqlite3_get_autocommit(db->sql) == 0)
		(void)run(db, "ROLLBACK", NULL); /* the first error counts */
	return r;
}

void
windows_db_close(struct windows_db *db, bool clean)
{
	if (db->sql != NULL) {
		if (clean)
			(void)put_meta(db, "clean", NULL, 0, 1, NULL); /* else we are careful next time */
		(void)sqlite3_close(db->sql); /* no statement is open */
		db->sql = NULL;
	}
	if (db->lock_fd >= 0)
		(void)close(db->lock_fd); /* ends the lock */
	db->lock_fd = -1;
	sodium_memzero(db->key, sizeof db->key);
}
