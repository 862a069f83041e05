/*
 * One line of a file that people write, as words: blanks between, "..." keeps blanks together, a
 * word that begins with # starts a comment. There are no escapes. Pure.
 */
#ifndef MQGP_UI_WORDS_H
#define MQGP_UI_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define WORDS_MAX 16 /* no line of ours has more */

struct words {
	struct span word[WORDS_MAX]; /* borrowed from the line */
	size_t n;
};

/* NULL, or what is wrong with the line. */
const char *words_split(struct span line, struct words *out);
/* Calls each(arg, line number, words) for every line that has words. A line that cannot be split,
 * or for which each returns false, is an error: "line N: ...\n" is appended to errors
 * (may be NULL). Returns the number of errors. each writes its reason into e. */
typedef bool words_line(void *arg, const struct words *w, struct mq_error *e);
size_t words_each(struct span text, words_line *each, void *arg, struct buf *errors);
/* Appends "line N: sentence\n". */
void words_error(struct buf *errors, unsigned line, const char *sentence);

#endif
