/*
 * Time, injectable. Monotonic for intervals, wall for display, dates of confs and certificates.
 * Nothing in core calls time() or clock_gettime() but clock.c. A fixed clock is for tests and for
 * `verify --at`. Thread-safe as long as a fixed clock is set before threads start.
 */
#ifndef MQGP_CORE_BASE_CLOCK_H
#define MQGP_CORE_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	bool fixed;
	int64_t wall_ms; /* fixed clock only */
	int64_t mono_ms; /* fixed clock only */
};

struct clock clock_real(void);
struct clock clock_fixed(int64_t unix_seconds); /* monotonic starts at 0; move with clock_advance */
void clock_advance(struct clock *c, int64_t ms); /* fixed clocks only */
int64_t clock_wall_ms(const struct clock *c);	 /* Unix milliseconds */
int64_t clock_wall(const struct clock *c);	 /* Unix seconds */
int64_t clock_mono_ms(const struct clock *c);

#endif
