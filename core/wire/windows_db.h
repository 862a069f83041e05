/*
 * The file behind windows.h: SQLite, one writer, batches of changes.
 *
 * A batch is a run of records made by the engine without touching the disk and written by
 * windows_db_write in one transaction. Every call blocks on the disk; one thread at a time.
 */
#ifndef MQGP_CORE_WIRE_WINDOWS_DB_H
#define MQGP_CORE_WIRE_WINDOWS_DB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/wire/windows_map.h"

#define WINDOWS_KEY 16 /* of digests and topic hashes */

struct windows_scope {
	uint32_t epoch;
	uint8_t data_pk[32];
	struct span tree;
};

/* Who takes what the file holds: MQ_OK, MQ_EFORMAT (the file is damaged) or MQ_ENOMEM. */
struct windows_sink {
	void *arg;
	enum mq_err (*scope)(void *arg, uint16_t id, const struct windows_scope *s);
	enum mq_err (*window)(void *arg, uint16_t scope, const uint8_t hash[WINDOWS_HASH],
	    struct span state);
};

struct windows_db {
	struct sqlite3 *sql; /* NULL: closed */
	int lock_fd;	     /* -1: another process owns the file */
	uint8_t key[WINDOWS_KEY];
	int64_t persisted_ms; /* of the last stop, 0 if it was clean */
};

/* Takes the lock. MQ_OK also when another process has it: then *owned is false. */
enum mq_err windows_db_lock(struct windows_db *db, const char *path, bool *owned,
    struct mq_error *e);
/* Opens, makes or reads the schema and hands over every row. owned: begins a run that ends clean
 * or not. MQ_ESTATE: damaged; the sink may have got a part. */
enum mq_err windows_db_load(struct windows_db *db, const char *path, bool owned,
    const struct windows_sink *sink, struct mq_error *e);
/* Keeps the damaged file and its journal aside; kept gets the file's new name. */
enum mq_err windows_db_set_aside(const char *path, char *kept, size_t kept_size,
    struct mq_error *e);
/* persisted_ms 0: leave the time as it is. */
enum mq_err windows_db_write(struct windows_db *db, struct span batch, int64_t persisted_ms,
    struct mq_error *e);
/* clean: says so in the file. Releases the lock. */
void windows_db_close(struct windows_db *db, bool clean);

/* Records of a batch, appended whole or not at all. */
enum mq_err windows_batch_scope(struct buf *batch, uint16_t id, const struct windows_scope *s);
enum mq_err windows_batch_forget(struct buf *batch, uint16_t id);
enum mq_err windows_batch_window(struct buf *batch, const struct window *win,
    const uint8_t hash[WINDOWS_HASH]);

#endif
