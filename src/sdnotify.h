/*
 * Tells a service manager how the daemon is doing (the notification socket of systemd), without
 * its library. Where nobody listens, every call does nothing: the daemon runs the same under a
 * shell. Any thread may call. Messages are datagrams of at most SDNOTIFY_MAX bytes.
 */
#ifndef MQGP_SRC_SDNOTIFY_H
#define MQGP_SRC_SDNOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#define SDNOTIFY_MAX 512

/* Each returns true if somebody was told. */
bool sdnotify_ready(void);     /* start-up, or reloading, is complete */
bool sdnotify_reloading(void); /* to be followed by sdnotify_ready */
bool sdnotify_stopping(void);
bool sdnotify_watchdog(void); /* still alive */
/* One line for `systemctl status`; control characters are escaped. */
bool sdnotify_status(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* How often sdnotify_watchdog should be called: half of what the manager allows; 0: not at all. */
int64_t sdnotify_watchdog_ms(void);

#endif
