/*
 * What a new revision means, in words: "threshold 1 -> 2", "owner added ...", "heartbeat 30 -> 10 s".
 *
 * Compares two parsed confs by meaning, never by text; comments and order do not count. Each line
 * says how much it matters so that the screen can sort and colour it. Pure.
 */
#ifndef MQGP_CORE_CONF_DIFF_H
#define MQGP_CORE_CONF_DIFF_H

#include "core/conf/conf.h"

enum diff_weight {
	DIFF_NOTE,	/* revision, prev, dates: every revision has them */
	DIFF_CHANGE,	/* operation: heartbeat, grace, payload, readers added */
	DIFF_SECURITY,	/* suite, TLS, password, epoch, readers removed */
	DIFF_AUTHORITY, /* owners, thresholds, recovery, delays, gateway, url, topic */
};
#define DIFF_TEXT 256
#define DIFF_LINES_MAX 320 /* every list replaced, every long value told in parts */
struct diff_line {
	enum diff_weight weight;
	bool weaker; /* lowers a protection: say so in the reader's face */
	char text[DIFF_TEXT]; /* ASCII but for quoted labels; draw escaped */
};
struct diff {
	struct diff_line line[DIFF_LINES_MAX]; /* most important first */
	size_t n;
};
/* old may be NULL (genesis: everything is told). floor: local min-suite, SUITE_HMAC = none. */
void conf_diff(const struct conf *old, const struct conf *new, enum suite floor, struct diff *out);

#endif
