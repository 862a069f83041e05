#include "core/base/crashpoint.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
crash_point(const char *step)
{
#ifdef MQGP_TEST_HOOKS
	const char *at = getenv("MQGP_CRASH_AT");

	if (at != NULL && strcmp(at, step) == 0)
		(void)kill(getpid(), SIGKILL);
#else
	(void)step;
#endif
}
