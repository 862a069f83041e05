/*
 * What sub-commands answer on standard output: lines for people, or JSON.
 *
 * Both are safe on a terminal whatever they quote: text goes through utf8_put_safe line by line,
 * JSON is written in ASCII. A reader that went away, or a full disk behind a redirection, is said
 * and becomes the exit status. Main thread only.
 */
#ifndef MQGP_SRC_PRINT_H
#define MQGP_SRC_PRINT_H

#include <jansson.h>

#include "core/base/buf.h"

/* Text of one or more lines (an LF is added where it is missing). EXIT_GOOD or EXIT_SYSTEM. */
int print_text(struct span text);
/* The bytes as they are, e.g. an armored certificate; the caller knows that they are harmless. */
int print_bytes(struct span bytes);
/* One object and an LF; takes the reference. */
int print_json(json_t *o);
/* Text of a stranger as a JSON string: the same text where it is UTF-8, else with \xNN in it. */
json_t *print_string(struct span s);
/* The same for ours. NULL becomes null. */
json_t *print_word(const char *s);

#endif
