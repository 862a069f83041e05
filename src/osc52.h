/*
 * Text for the clipboard of the person's own terminal (OSC 52), also through tmux and screen.
 *
 * base64, so that nothing in the text can act; never the form that asks for the clipboard's content.
 */
#ifndef MQGP_SRC_OSC52_H
#define MQGP_SRC_OSC52_H

#include "core/base/buf.h"

#define OSC52_MAX 4096 /* bytes of text; terminals drop longer ones */

/* Appends the sequence for this kind of terminal: term is $TERM or NULL. */
enum mq_err osc52_put(struct buf *out, struct span text, const char *term);
/* Writes it between two frames; a terminal that does not know it shows nothing. */
void osc52_send(int fd, struct span text);

#endif
