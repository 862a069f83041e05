/*
 * The terminal of a person, by ncurses. The only module that knows curses.
 *
 * setlocale(LC_CTYPE, "") must have been called, threads not started. One at a time. The terminal
 * is restored by term_free(), by exit() and by the crash handler of ui/term_restore.h.
 */
#ifndef MQGP_UI_TERM_CURSES_H
#define MQGP_UI_TERM_CURSES_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "ui/term.h"
#include "ui/theme.h"

struct term_options {
	const struct theme *theme; /* copied; on a terminal without colour theme_mono() is used */
	enum colour_wish colour;
	bool ascii;		   /* also set when the locale is not UTF-8 */
	int esc_delay_ms;	   /* 0: 25 */
	const char *name;	   /* NULL: $TERM */
	int in_fd, out_fd;	   /* a terminal each; 0 and 1 */
};

/* NULL and e: what is wrong and what to do instead (a terminal type that is unknown or cannot
 * place text). */
struct term *term_curses_new(const struct term_options *o, struct mq_error *e);

/* The bytes that end a full-screen program on a terminal type (NULL: $TERM), for
 * --reset-terminal, and how many colours it has (may be NULL; -1: none). */
enum mq_err term_curses_reset_bytes(const char *name, struct buf *out, int *colours,
    struct mq_error *e);

#endif
