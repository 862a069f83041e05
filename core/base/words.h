/*
 * Lines of a file that people write, as words: blanks between, "..." keeps blanks together, \" and
 * \\ stand for themselves inside quotes, a word that begins with # starts a comment.
 *
 * The grammar of the configuration, of themes and of key bindings. Pure; bounded by what the caller
 * gives.
 */
#ifndef MQGP_CORE_BASE_WORDS_H
#define MQGP_CORE_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"

#define WORDS_MAX 16 /* of a line in words_each: no line of a theme or keymap has more */

/* Splits line in place into at most max words. NULL, or what is wrong with the line. */
const char *words_split(char *line, char *word[], size_t max, size_t *n);

struct words {
	char *word[WORDS_MAX]; /* UTF-8 without control characters, until the callback returns */
	size_t n;
};

/* One line that has words; false: it is an error and e says why. */
typedef bool words_line(void *arg, const struct words *w, struct mq_error *e);
/* Calls each for every line of text. Every line that cannot be split or is refused is appended to
 * errors (may be NULL) as "line N: sentence\n". Returns how many there are. */
size_t words_each(struct span text, words_line *each, void *arg, struct buf *errors);
/* Appends "line N: sentence\n", escaped. */
void words_error(struct buf *errors, unsigned line, const char *sentence);

#endif
