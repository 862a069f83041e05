/*
 * The byte and line grammar that confs, halt orders and their drafts share (PROTOCOL 3.3).
 *
 * A reader over the lines of a body: magic first, then empty lines, comments and key=value pairs.
 * It judges each line as it is read and never stops at a wrong one, so that a person gets every
 * error at once. Also the list of errors itself. Pure; spans are borrowed from the body.
 */
#ifndef MQGP_CORE_CONF_CONF_LINES_H
#define MQGP_CORE_CONF_CONF_LINES_H

#include "core/conf/conf.h"

#define CONF_MAGIC "#!mqgp.conf 1"
#define CONF_KEY_MAX 32 /* PROTOCOL 3.3 */

struct conf_lines {
	struct rd r;
	const char *magic;
	unsigned number;
};
struct conf_line {
	unsigned number;	/* 1-based */
	struct span text;	/* without its LF */
	struct span key, value; /* n = 0 unless the line is a good pair */
	const char *wrong;	/* NULL, or what breaks the grammar */
};

struct conf_lines conf_lines_of(struct span body, const char *magic);
bool conf_lines_next(struct conf_lines *l, struct conf_line *out); /* false: no more lines */
/* A key, or a word as in `reason=`: 1-32 of a-z 0-9 -, beginning with a letter. */
bool conf_word_ok(struct span s);
/* Byte order: negative, 0, positive. */
int conf_value_order(struct span a, struct span b);

/* Files an error under its line (0 = the whole body, behind all others); e->line follows. */
void conf_errors_add(struct conf_errors *e, unsigned line, struct span key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
