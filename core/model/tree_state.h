/*
 * The states of a secured tree: words, letters, classes and sentences (PROTOCOL 4.3).
 *
 * One table in the order of precedence, smaller wins; the zero value is "nothing known". Which
 * state a tree is in is decided in core/flow/tree_facts.h; everybody else only shows it. Pure.
 */
#ifndef MQGP_CORE_MODEL_TREE_STATE_H
#define MQGP_CORE_MODEL_TREE_STATE_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "core/verdict/verdict.h"

/* T(name, word, letter, class, sticky, sentence). Several states may share a row of 4.3; they
 * stand here in the order in which they win. */
#define TREE_STATE_TABLE(T)                                                                        \
	T(UNKNOWN, "", ' ', NEUTRAL, false, "nothing is known yet")                                \
	T(CONFLICT, "CONFLICT", 'C', BAD, true,                                                    \
	    "two authentic histories or messages contradict each other: compromised?")             \
	T(GATEWAY_CHANGED, "GATEWAY-CHANGED", 'G', BAD, true,                                      \
	    "the gateway is not the one that was pinned, and no owner signed the change")          \
	T(RECOVERY_PENDING, "RECOVERY-PENDING", 'R', BAD, false,                                   \
	    "a recovery conf is complete and takes this tree when its delay is over")              \
	T(HALTED, "HALTED", 'H', BAD, false, "an owner or recovery key stopped the gateway")       \
	T(OWNER_REVOKED, "OWNER-REVOKED", 'O', BAD, false,                                         \
	    "fewer owner keys than the threshold are left unrevoked")                              \
	T(CONF_INVALID, "CONF-INVALID", 'I', BAD, false,                                           \
	    "the secure conf does not verify and no good one is known")                            \
	T(CONF_EXPIRED, "CONF-EXPIRED", 'X', BAD, false, "the conf's time is over")                \
	T(FAILSAFE, "FAILSAFE", 'F', BAD, false, "the gateway says it has stopped itself")         \
	T(SILENT, "SILENT", 'S', BAD, false, "three heartbeats or more are missing")               \
	T(SPLIT, "SPLIT?", '?', ATTENTION, false,                                                  \
	    "the gateway names another conf of this revision, which is not known here")            \
	T(AWAITING_OWNER, "AWAITING-OWNER", 'A', ATTENTION, false,                                 \
	    "the gateway is there, its secure conf is not")                                        \
	T(PENDING_TRANSFER, "PENDING-TRANSFER", 'T', ATTENTION, false,                             \
	    "a revision with other owners is on its way")                                          \
	T(NO_RECEIPT, "NO-RECEIPT", 'N', ATTENTION, false,                                         \
	    "the gateway has not confirmed this revision for more than five minutes")              \
	T(PENDING_UPDATE, "PENDING-UPDATE", 'U', ATTENTION, false,                                 \
	    "a new revision waits for signatures or for the gateway")                              \
	T(REKEY_DUE, "REKEY-DUE", 'K', ATTENTION, false,                                           \
	    "the former owner still knows the epoch key")                                          \
	T(OWNER_KEY_EXPIRED, "OWNER-KEY-EXPIRED", 'E', ATTENTION, false,                           \
	    "an owner key has expired and cannot sign the next revision")                          \
	T(UNPINNED, "UNPINNED", 'P', ATTENTION, false,                                             \
	    "nobody has compared the gateway's fingerprint yet")                                   \
	T(NO_ECHO, "NO-ECHO", 'e', ATTENTION, false,                                               \
	    "heartbeats come, but the gateway does not answer our ping")                           \
	T(ACTIVE, "ACTIVE", 'V', GOOD, false, "the gateway runs the conf that was verified here")  \
	T(CLAIMABLE, "CLAIMABLE", 'o', NEUTRAL, false, "a gateway without an owner")               \
	T(UNSECURED, "UNSECURED", '.', NEUTRAL, false, "no mqgp.conf here")

enum tree_state {
#define T(name, word, letter, class, sticky, sentence) TREE_##name,
	TREE_STATE_TABLE(T)
#undef T
	TREE_STATE_COUNT
};

const char *tree_state_word(enum tree_state s); /* "PENDING-TRANSFER"; "" when unknown */
char tree_state_letter(enum tree_state s);
enum verdict_class tree_state_class(enum tree_state s);
bool tree_state_is_sticky(enum tree_state s); /* clears only by acknowledgement */
const char *tree_state_sentence(enum tree_state s);
bool tree_state_from_word(struct span word, enum tree_state *out);

#endif
