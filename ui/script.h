/*
 * Drives the program by a script of keys and expectations, for tests and --headless.
 *
 *	key NAME · type TEXT · wait "REGEX" [SECONDS] · absent "REGEX" · resize WxH · save FILE · # ...
 *
 * REGEX is a POSIX extended one over the screen, line by line. The first unmet wait or absent ends
 * the script with its line number and the screen.
 */
#ifndef MQGP_UI_SCRIPT_H
#define MQGP_UI_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/clock.h"
#include "core/base/err.h"
#include "ui/term.h"

#define SCRIPT_WAIT_S 20       /* a wait without SECONDS */
#define SCRIPT_MAX_WAIT_S 3600 /* a longer one is a mistake */

struct script_host {
	struct term *term; /* a term_mem */
	const struct clock *clock;
	void *arg;
	/* Runs the app until monotonic time until_ms or until a frame was presented, at least
	 * long enough to handle queued input and draw. False: the app has ended. */
	bool (*pump)(void *arg, int64_t until_ms);
};

/* Checks a whole script without running it; errors gets "line N: ...\n" for each error. */
enum mq_err script_check(struct span text, struct buf *errors);
/* Runs it. MQ_EFORMAT: not a script (nothing was run); MQ_ETIMEOUT: an expectation was not met;
 * anything else: save failed. report gets the line number, the reason and the screen. */
enum mq_err script_run(const struct script_host *h, struct span text, struct buf *report);

#endif
