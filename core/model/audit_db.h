/*
 * The file behind audit.h: SQLite, rows chained by hash, several processes one after the other.
 *
 * Every call blocks on the disk; a handle belongs to one thread at a time.
 */
#ifndef MQGP_CORE_MODEL_AUDIT_DB_H
#define MQGP_CORE_MODEL_AUDIT_DB_H

#include "core/model/audit.h"

/* A row on its way; owned bytes behind the struct. */
struct audit_item {
	struct audit_item *next;
	uint64_t place; /* audit.c: in the ring for the screen */
	int64_t time_ms;
	struct span who, kind, tree, text, detail;
	uint8_t bytes[];
};

struct audit_db {
	struct sqlite3 *sql;
};

/* Opens or makes the file. MQ_ESTATE: damaged or of another shape. */
enum mq_err audit_db_open(struct audit_db *db, const char *path, struct mq_error *e);
void audit_db_close(struct audit_db *db);
/* Appends a list of items in one durable transaction; *first is the n of the first one. */
enum mq_err audit_db_append(struct audit_db *db, const struct audit_item *list, uint64_t *first,
    struct mq_error *e);
/* The last rows for the screen, newest first; *n of max were read. */
enum mq_err audit_db_tail(struct audit_db *db, struct audit_line *out, size_t max, size_t *n,
    struct mq_error *e);
/* Copies an item's fields, cut to what a line holds. */
void audit_line_of(struct audit_line *out, const struct audit_item *item, uint64_t n);
/* Keeps the damaged file and its journal aside; kept gets the file's new name. */
enum mq_err audit_db_set_aside(const char *path, char *kept, size_t kept_size, struct mq_error *e);

#endif
