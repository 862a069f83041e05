/*
 * The replay windows of a dashboard across restarts: windows.db (PROTOCOL 3.8).
 *
 * The live `struct window` is embedded in whatever stands for the topic (32 bytes, no allocation
 * with one message); this store holds only the windows of topics not met since the start (about 100
 * bytes each), hands each over when its topic appears, and writes back what changed. A window
 * belongs to a scope: (tree, data key, epoch). Rows are found by a keyed hash of the topic, so the
 * file tells no names but those of trees.
 *
 * Threads: the engine calls everything but windows_open, windows_flush and windows_close, which
 * block on the disk; windows_flush may run on another thread at the same time.
 */
#ifndef MQGP_CORE_WIRE_WINDOWS_H
#define MQGP_CORE_WIRE_WINDOWS_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/wire/window.h"

#define WINDOWS_SAVE_MS 5000	 /* PROTOCOL 3.8: changed windows every 5 s and at exit */
#define WINDOWS_ROWS_MAX 4000000 /* windows kept: 1 M topics, each under four scopes */
#define WINDOWS_TREE_MAX 512	 /* TOPIC_CONF_MAX */

struct windows;

/* Opens or creates the file and loads it. A second process gets the windows as they were saved,
 * but its own are not saved. A damaged file is set aside and a new one made. Either is MQ_OK and
 * told by windows_notice. path NULL: in memory only, for `verify` and demos. */
enum mq_err windows_open(struct windows **out, const char *path, struct mq_error *e);
/* Ends with what was flushed; call windows_save_all before it. clean: an orderly stop; if nothing is
 * unsaved the next start need not be careful. NULL is fine. */
void windows_close(struct windows *w, bool clean);

/* One sentence for the operator: "windows not saved: ..." or "... was damaged, kept as ..."; "" if
 * all is well. May quote a path: draw it escaped. */
const char *windows_notice(const struct windows *w);
bool windows_saves(const struct windows *w);   /* false: another process owns the file */
bool windows_damaged(const struct windows *w); /* set aside at the start: memory was lost */
/* 16 bytes for window_digest. They never leave this machine. */
const uint8_t *windows_digest_key(const struct windows *w);
/* After an unclean stop (3.8): when windows were last saved, Unix ms; 0 after a clean one. */
int64_t windows_last_persisted_ms(const struct windows *w);
size_t windows_waiting(const struct windows *w); /* loaded and not yet taken */

/* The number of (tree, data key, epoch), made when new. MQ_ELIMIT: 65 535 are in use. */
enum mq_err windows_scope(struct windows *w, struct span tree, const uint8_t data_pk[32],
    uint32_t epoch, uint16_t *scope);
/* Its epoch or key is over: drops what is stored of it. Embedded windows of it are the caller's. */
enum mq_err windows_forget(struct windows *w, uint16_t scope);

/* Makes *win the window of (scope, topic): what it held of another scope goes back to the store,
 * what the store knows comes in, or it is empty. Costs two comparisons when nothing changes. On an
 * error *win is as before. */
enum mq_err windows_use(struct windows *w, struct window *win, uint16_t scope, struct span topic);
/* The topic goes away: its window goes back to the store and *win is empty. */
enum mq_err windows_give_back(struct windows *w, struct window *win, struct span topic);
/* The window of owner changed (WINDOW_NEW, WINDOW_LATE): it will be collected. Idempotent, a few
 * instructions. owner: whatever windows_get understands, valid until windows_give_back. */
enum mq_err windows_mark(struct windows *w, struct window *win, void *owner);

/* The window and the topic (appended) of an owner. */
typedef struct window *windows_get(void *arg, void *owner, struct buf *topic);
/* Serialises at most limit of the windows marked before the first call of this pass; some 0.5 us
 * each. *more: the pass is not over, call again; but while windows_ready this does nothing, so
 * first let windows_flush run. now_ms: wall time; that of the first call becomes the persisted
 * time. On an error (no memory) call again later. */
enum mq_err windows_collect(struct windows *w, windows_get *get, void *arg, size_t limit,
    int64_t now_ms, bool *more);
/* A batch waits for windows_flush. */
bool windows_ready(const struct windows *w);
/* Writes the ready batch in one transaction. It is kept and tried again when that fails. */
enum mq_err windows_flush(struct windows *w, struct mq_error *e);
/* Something changed that is not in the file yet. */
bool windows_unsaved(const struct windows *w);
/* At exit: collects and writes until nothing is unsaved. Blocks; no flush may run meanwhile. */
enum mq_err windows_save_all(struct windows *w, windows_get *get, void *arg, int64_t now_ms,
    struct mq_error *e);

#endif
