/*
 * Gives the terminal back whatever the way out: exit() inside a library, abort, a crash.
 *
 * term_restore_arm() keeps the terminal's settings and one byte string made beforehand; the handler
 * of SIGSEGV, SIGBUS, SIGABRT, SIGILL and SIGFPE only writes it, resets the settings and standard
 * error, and hands the signal on to the handler before it (a sanitizer's) or the default. A signal
 * handler has no argument, so this is the one module of ui/ with state of its own. UI thread;
 * term_restore_now() is async-signal-safe.
 */
#ifndef MQGP_UI_TERM_RESTORE_H
#define MQGP_UI_TERM_RESTORE_H

#include <stddef.h>

#include "core/base/err.h"

#define TERM_RESTORE_MAX 512 /* bytes; the longest of a terminfo database is below 100 */

/* Keeps the settings of the terminal fd; before anything changes them. */
enum mq_err term_restore_keep(int fd, struct mq_error *e);
/* From now on the screen is ours: fd gets bytes on the way out. stderr_fd >= 0 is put back as
 * standard error. Installs the handlers the first time. */
void term_restore_arm(int fd, const char *bytes, size_t n, int stderr_fd);
/* The screen was given back properly. */
void term_restore_disarm(void);
/* Only if armed, and only in the process that armed. */
void term_restore_now(void);
/* All n bytes to fd; stops silently when fd is gone. Async-signal-safe. */
void term_restore_write(int fd, const char *bytes, size_t n);
/* Takes the crash handlers out again. */
void term_restore_uninstall(void);

#endif
