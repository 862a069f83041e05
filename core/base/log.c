#include "core/base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/utf8.h"

#define LOG_LINE_MAX 4096 /* a topic of the longest shown kind and its words */

static struct {
	pthread_mutex_t lock;
	log_sink *sink;
	void *arg;
	enum log_level least;
} logger = { .lock = PTHREAD_MUTEX_INITIALIZER, .least = LOG_LEVEL_INFO };

static void
to_stderr(enum log_level level, const char *line)
{
	static const char *const words[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	/* Nobody is left to tell when standard error cannot be written. */
	(void)dprintf(STDERR_FILENO, "mqgp: %s %s\n", words[level], line);
}

void
log_set_sink(log_sink *sink, void *arg)
{
	(void)pthread_mutex_lock(&logger.lock); /* a plain mutex: cannot fail */
	logger.sink = sink;
	logger.arg = arg;
	(void)pthread_mutex_unlock(&logger.lock);
}

void
log_set_level(enum log_level least)
{
	(void)pthread_mutex_lock(&logger.lock);
	logger.least = least;
	(void)pthread_mutex_unlock(&logger.lock);
}

static void __attribute__((format(printf, 2, 0)))
emit(enum log_level level, const char *fmt, va_list ap)
{
	char raw[LOG_LINE_MAX], line[LOG_LINE_MAX];

	(void)pthread_mutex_lock(&logger.lock);
	if (level <= logger.least) {
		if (vsnprintf(raw, sizeof raw, fmt, ap) < 0)
			raw[0] = '\0';
		utf8_safe(line, sizeof line, span_of(raw));
		if (logger.sink != NULL)
			logger.sink(logger.arg, level, line);
		else
			to_stderr(level, line);
	}
	(void)pthread_mutex_unlock(&logger.lock);
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void
log_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_WARN, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	emit(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}
