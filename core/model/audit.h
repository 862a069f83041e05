/*
 * The audit log: what people decided and what the program saw, chained by hashes, in SQLite.
 *
 * hash = BLAKE2b-256(hash before || canonical row), so that changing, removing or moving a row is
 * found; what is cut off at the end is found by whoever noted the last hash. Appending never waits:
 * rows go through a bounded queue to a thread that writes them; what did not fit or could not be
 * written is counted and the loss becomes a row of its own. Several processes of one user may append.
 */
#ifndef MQGP_CORE_MODEL_AUDIT_H
#define MQGP_CORE_MODEL_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define AUDIT_QUEUE 4096   /* rows waiting for the disk */
#define AUDIT_TAIL 256	   /* rows kept for the screen */
#define AUDIT_KIND 24
#define AUDIT_WHO 64
#define AUDIT_TREE 512	   /* TOPIC_CONF_MAX */
#define AUDIT_TEXT 320
#define AUDIT_DETAIL 2048  /* hashes, fingerprints, evidence names */
#define AUDIT_HASH 32

/* One row as given. Words are ours; the rest may quote strangers and is bytes with a length. */
struct audit_row {
	int64_t time_ms;  /* wall */
	const char *who;  /* "john@host", ASCII */
	const char *kind; /* pin sign push ack halt accept state verdict link lost ... */
	struct span tree, text, detail; /* longer ones are cut */
};

/* One row as kept for the screen. */
struct audit_line {
	uint64_t place; /* 1, 2, ... in this run, without gaps */
	uint64_t n;	/* 0: not written yet */
	int64_t time_ms;
	char who[AUDIT_WHO], kind[AUDIT_KIND];
	uint16_t tree_n, text_n;
	uint8_t tree[AUDIT_TREE], text[AUDIT_TEXT];
};

struct audit_check {
	uint64_t rows;	 /* looked at, up to and with the broken one */
	uint64_t broken; /* n of the first row that does not fit; 0 = all are whole */
	char why[128];
	uint8_t head[AUDIT_HASH]; /* hash of the last row; zeros if there is none */
};

struct audit;

/* Opens or creates the file and starts the writer. A damaged one is set aside, *e names it and the
 * call still succeeds (e->code is MQ_ESTATE then, else MQ_OK). NULL path: in memory only. */
enum mq_err audit_open(const char *path, struct audit **out, struct mq_error *e);
/* Writes what waits, ends the thread. NULL is fine. */
void audit_close(struct audit *a);
/* Queues one row; false: no room, counted. Any thread; never blocks on the disk. */
bool audit_append(struct audit *a, const struct audit_row *row);
/* Waits until everything queued so far is on disk, for commands that end. */
enum mq_err audit_flush(struct audit *a);
uint64_t audit_lost(struct audit *a);
/* The last rows of this process and those found at the start: how many are kept, and the place of
 * the newest; up to max of them, newest first, behind the skip newest. Returns how many. */
size_t audit_lines(struct audit *a, uint64_t *newest);
size_t audit_tail(struct audit *a, struct audit_line *out, size_t max, size_t skip);

/* Offline: walks the chain of a file. MQ_OK with *out also when it is broken. */
enum mq_err audit_verify(const char *path, struct audit_check *out, struct mq_error *e);
/* Calls line() with one JSON object a row, without LF, until it returns false. */
enum mq_err audit_export(const char *path, bool (*line)(void *arg, struct span json), void *arg,
    struct mq_error *e);

#endif
