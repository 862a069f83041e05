#include "src/sdnotify.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/base/utf8.h"

/* NOTIFY_SOCKET is a path, or a name in the abstract space written with a leading '@'. */
static bool
manager_address(struct sockaddr_un *address, socklen_t *length)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path != NULL ? strlen(path) : 0;

	if (n < 2 || n >= sizeof address->sun_path || (path[0] != '/' && path[0] != '@'))
		return false;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, path, n);
	if (path[0] == '@')
		address->sun_path[0] = '\0';
	*length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return true;
}

static bool
tell(const char *message)
{
	struct sockaddr_un address;
	socklen_t length;
	ssize_t sent;
	int fd;

	if (!manager_address(&address, &length))
		return false;
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return false;
	sent = sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&address, length);
	(void)close(fd); /* a datagram is sent or is not */
	return sent >= 0 && (size_t)sent == strlen(message);
}

bool
sdnotify_ready(void)
{
	return tell("READY=1");
}

bool
sdnotify_reloading(void)
{
	struct clock clock = clock_real();
	char message[64];

	/* The time lets the manager tell this reload from an earlier one. */
	(void)snprintf(message, sizeof message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    clock_mono_ms(&clock) * 1000);
	return tell(message);
}

bool
sdnotify_stopping(void)
{
	return tell("STOPPING=1");
}

bool
sdnotify_watchdog(void)
{
	return tell("WATCHDOG=1");
}

bool
sdnotify_status(const char *fmt, ...)
{
	static const char key[] = "STATUS=";
	char words[SDNOTIFY_MAX], message[SDNOTIFY_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof words, fmt, ap); /* cut is fine: a line for people */
	va_end(ap);
	memcpy(message, key, sizeof key);
	utf8_safe(message + sizeof key - 1, sizeof message - sizeof key + 1, span_of(words));
	return tell(message);
}

int64_t
sdnotify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t interval, whose;

	if (usec == NULL || !text_u64(span_of(usec), INT64_MAX, &interval))
		return 0;
	if (pid != NULL && (!text_u64(span_of(pid), INT32_MAX, &whose) || whose != (uint64_t)getpid()))
		return 0;
	return (int64_t)(interval / 2000);
}
