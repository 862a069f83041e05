#include "core/base/clock.h"

#include <time.h>

struct clock
clock_real(void)
{
	return (struct clock){ .fixed = false };
}

struct clock
clock_fixed(int64_t unix_seconds)
{
	return (struct clock){ .fixed = true, .wall_ms = unix_seconds * 1000 };
}

void
clock_advance(struct clock *c, int64_t ms)
{
	c->wall_ms += ms;
	c->mono_ms += ms;
}

static int64_t
read_ms(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t
clock_wall_ms(const struct clock *c)
{
	return c->fixed ? c->wall_ms : read_ms(CLOCK_REALTIME);
}

int64_t
clock_wall(const struct clock *c)
{
	return clock_wall_ms(c) / 1000;
}

int64_t
clock_mono_ms(const struct clock *c)
{
	return c->fixed ? c->mono_ms : read_ms(CLOCK_MONOTONIC);
}
