/*
 * Everything a key can do. One table (ui/action.def), from which binding, help, footer, the manual
 * and --dump-keys come.
 *
 * Danger: 0 shows or copies; 1 begins or records something outside the screen; 2 is a decision that
 * is confirmed by a typed word; 3 is one that cannot be taken back, typed as well. --read-only
 * removes everything above 0.
 */
#ifndef MQGP_UI_ACTION_H
#define MQGP_UI_ACTION_H

#include <stdbool.h>

#include "core/base/buf.h"

/* X(id, name) contexts: where keys go. Looked up in their own first, then in global; prompt (any
 * text entry or dialog) never falls back. */
#define CONTEXT_TABLE(X)                                                                           \
	X(GLOBAL, "global")                                                                        \
	X(TOPICS, "topics")                                                                        \
	X(OWNERSHIP, "ownership")                                                                  \
	X(VERIFY, "verify")                                                                        \
	X(LOG, "log")                                                                              \
	X(CONFIG, "config")                                                                        \
	X(KEYS, "keys")                                                                            \
	X(PROMPT, "prompt")

enum context {
#define X(id, name) CONTEXT_##id,
	CONTEXT_TABLE(X)
#undef X
	CONTEXT_COUNT
};

enum action {
	ACTION_NONE,
#define A(id, name, label, danger, contexts, sentence) ACTION_##id,
#include "ui/action.def"
#undef A
	ACTION_COUNT
};

const char *action_name(enum action a);	    /* "next-failure" */
const char *action_label(enum action a);    /* one or two words for the footer */
const char *action_sentence(enum action a); /* one line for help and manual */
int action_danger(enum action a);
/* May it be bound in this context? Actions of global may be bound in every screen. */
bool action_in_context(enum action a, enum context c);
bool action_from_name(struct span name, enum action *out);
const char *context_name(enum context c);
bool context_from_name(struct span name, enum context *out);

#endif
