/*
 * Log lines: lower case, no full stop, key=value at the end, text escaped so that the log is safe
 * to cat: `envelope refused verdict=REPLAY tree=a/b seq=41`.
 *
 * The sink is a file descriptor or a callback (the dashboard's log screen). Thread-safe. The only
 * module-level state of core lives here, behind a mutex, because every layer must be able to log.
 */
#ifndef MQGP_CORE_BASE_LOG_H
#define MQGP_CORE_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

typedef void log_sink(void *arg, enum log_level level, const char *line);

/* Where lines go; NULL: standard error as "mqgp: LEVEL line". Called with the log's mutex held:
 * a sink must not log. */
void log_set_sink(log_sink *sink, void *arg);
void log_set_level(enum log_level least);
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
