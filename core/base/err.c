#include "core/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum mq_err
mq_fail(struct mq_error *e, enum mq_err code, const char *fmt, ...)
{
	va_list ap;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	return code;
}

enum mq_err
mq_fail_errno(struct mq_error *e, enum mq_err code, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	size_t used;

	if (e == NULL)
		return code;
	e->code = code;
	va_start(ap, fmt);
	(void)vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	used = strlen(e->text);
	(void)snprintf(e->text + used, sizeof e->text - used, ": %s", strerror(saved));
	errno = saved;
	return code;
}

const char *
mq_err_name(enum mq_err code)
{
	switch (code) {
	case MQ_OK:
		return "no error";
	case MQ_ENOMEM:
		return "out of memory";
	case MQ_EINVAL:
		return "invalid argument";
	case MQ_EFORMAT:
		return "malformed data";
	case MQ_ELIMIT:
		return "over a limit";
	case MQ_EIO:
		return "system error";
	case MQ_ENOENT:
		return "not found";
	case MQ_EEXIST:
		return "already there";
	case MQ_EPERM:
		return "not permitted";
	case MQ_ETIMEOUT:
		return "timed out";
	case MQ_ENET:
		return "network error";
	case MQ_EAGAIN:
		return "try again";
	case MQ_ECRYPTO:
		return "crypto engine failed";
	case MQ_ESTATE:
		return "damaged state";
	case MQ_ECANCEL:
		return "cancelled";
	}
	return "unknown error";
}
