/*
 * Files that survive a crash, and files that are not trusted.
 *
 * Writing is always temp file, fsync, rename, fsync of the folder: after a crash a file is the old
 * one or the new one. Reading is bounded. Nothing follows a symlink in the last component of a
 * private path. All calls block: never on the thread that drains the socket.
 */
#ifndef MQGP_CORE_BASE_FILE_H
#define MQGP_CORE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"

/* Replaces path by n bytes, mode 0600, durable when it returns. path's folder must exist. */
enum mq_err file_write(const char *path, const void *p, size_t n, struct mq_error *e);
/* The same with another mode, e.g. 0644 for what everybody may read. */
enum mq_err file_write_mode(const char *path, const void *p, size_t n, unsigned mode,
    struct mq_error *e);
/* Appends the whole file to out; MQ_ENOENT, MQ_ELIMIT (out->max) or MQ_EIO. */
enum mq_err file_read(const char *path, struct buf *out, struct mq_error *e);
/* The same for secrets: refuses a file that others may read or that is not ours (MQ_EPERM). */
enum mq_err file_read_private(const char *path, struct buf *out, struct mq_error *e);
/* Makes a 0700 folder and its parents; refuses one of another owner or with wider mode. */
enum mq_err file_private_dir(const char *path, struct mq_error *e);
/* Renames and fsyncs the folder(s). from need not exist only if it already became to. */
enum mq_err file_rename(const char *from, const char *to, struct mq_error *e);
enum mq_err file_link(const char *from, const char *to, struct mq_error *e); /* replaces to */
enum mq_err file_unlink(const char *path, struct mq_error *e); /* not there is fine */
/* Overwrites with zeros, fsyncs, unlinks: for erased epoch keys. */
enum mq_err file_shred(const char *path, struct mq_error *e);
bool file_exists(const char *path);
/* Keeps a damaged file aside as PATH.damaged-N; the new name is written to kept (PATH_MAX). */
enum mq_err file_set_aside(const char *path, char *kept, size_t kept_size, struct mq_error *e);
/* "dir/name" into out, MQ_ELIMIT if it does not fit. */
enum mq_err file_join(char *out, size_t size, const char *dir, const char *name);
/* Opens (creates, 0600) and locks a file exclusively; the lock ends with close(*fd).
 * wait_ms 0 tries once: MQ_EAGAIN if somebody else holds it. */
enum mq_err file_lock(const char *path, int wait_ms, int *fd, struct mq_error *e);
/* Removes a folder and everything in it (temporary homes); never follows links. */
enum mq_err file_remove_tree(const char *path, struct mq_error *e);

#endif
