/*
 * Roles: what a cell means. Views name roles, themes say how a role looks; nothing else knows
 * colours. One table, from which the theme parser, its errors and the theme files' check come.
 */
#ifndef MQGP_UI_ROLE_H
#define MQGP_UI_ROLE_H

#include "core/verdict/verdict.h"

/* R(id, name in theme files, meaning) */
#define ROLE_TABLE(R)                                                                              \
	R(TEXT, "text", "ordinary text; the terminal's own colours")                               \
	R(DIM, "dim", "secondary text: ages, units, explanations")                                 \
	R(STRONG, "strong", "the one value to read first")                                         \
	R(HEADING, "heading", "column headings and titles of cards")                               \
	R(FINGERPRINT, "fingerprint", "fingerprints and hashes to compare")                        \
	R(BORDER, "border", "lines between panes")                                                 \
	R(FOCUS, "focus", "title and lines of the pane that has the keys")                         \
	R(CURSOR, "cursor", "selected row of that pane")                                           \
	R(CURSOR_AWAY, "cursor.away", "selected row of another pane")                              \
	R(MATCH, "match", "text found by a search")                                                \
	R(ESCAPE, "escape", "bytes of strangers that are shown escaped")                           \
	R(CUT, "cut", "the mark where text was cut")                                               \
	R(STALE, "stale", "a value as of an earlier time, or one that is not used")                \
	R(STATUS, "status", "status line")                                                         \
	R(TAB, "tab", "names of screens")                                                          \
	R(TAB_ACTIVE, "tab.active", "name of the screen shown")                                    \
	R(FOOTER, "footer", "what keys do")                                                        \
	R(KEY, "key", "names of keys")                                                             \
	R(NOTICE, "notice", "last message")                                                        \
	R(NOTICE_WARN, "notice.warn", "message that asks for a look")                              \
	R(NOTICE_BAD, "notice.bad", "message about a failure")                                     \
	R(VERDICT_GOOD, "verdict.good", "verified")                                                \
	R(VERDICT_ATTENTION, "verdict.attention", "neither good nor bad yet")                      \
	R(VERDICT_BAD, "verdict.bad", "failed a check")                                            \
	R(VERDICT_NEUTRAL, "verdict.neutral", "nothing to check")                                  \
	R(STATE_OK, "state.ok", "in order")                                                        \
	R(STATE_WARN, "state.warn", "somebody must act")                                           \
	R(STATE_BAD, "state.bad", "broken or refused")                                             \
	R(STATE_IDLE, "state.idle", "not in use, unknown")                                         \
	R(SPARK, "spark", "rates as small bars")                                                   \
	R(PLOT, "plot", "plotted values")                                                          \
	R(AXIS, "axis", "axes and their labels")                                                   \
	R(PROGRESS, "progress", "done part of a bar")                                              \
	R(PROGRESS_REST, "progress.rest", "the rest of a bar")                                     \
	R(DIALOG, "dialog", "text of a dialog")                                                    \
	R(DIALOG_TITLE, "dialog.title", "title of a dialog")                                       \
	R(DANGER, "danger", "what cannot be taken back")                                           \
	R(INPUT, "input", "text being typed")                                                      \
	R(INPUT_HINT, "input.hint", "what is expected there")                                      \
	R(DIFF_ADD, "diff.add", "added by a revision")                                             \
	R(DIFF_REMOVE, "diff.remove", "removed by a revision")                                     \
	R(DIFF_CHANGE, "diff.change", "changed by a revision")

enum role {
#define R(id, name, meaning) ROLE_##id,
	ROLE_TABLE(R)
#undef R
	ROLE_COUNT
};

const char *role_name(enum role r);
const char *role_meaning(enum role r);
/* How a verdict class is shown. */
enum role role_of_class(enum verdict_class c);

#endif
