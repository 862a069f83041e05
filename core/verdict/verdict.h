/*
 * Verdict codes: what mqgp says about a message, a signature, a bundle (PROTOCOL 4.1, 4.2, 3.5).
 *
 * One table, from which words, letters, classes and the manual come. The zero value is "nothing
 * known". A green verdict is made by verdict_grant() and nowhere else: lint refuses an assignment
 * of V_VERIFIED, V_VERIFIED_SEALED or V_VERIFIED_GROUP in any other file. Pure; any thread.
 */
#ifndef MQGP_CORE_VERDICT_VERDICT_H
#define MQGP_CORE_VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"

enum verdict_class {
	CLASS_NEUTRAL = 0,
	CLASS_GOOD,
	CLASS_ATTENTION,
	CLASS_BAD,
};

/* V(name, code, letter, class, sentence) in order of precedence where 4.1 gives one. */
#define VERDICT_TABLE(V)                                                                           \
	V(NONE, "", ' ', NEUTRAL, "nothing is known yet")                                          \
	V(MALFORMED_TOPIC, "MALFORMED-TOPIC", '!', BAD, "the topic name is not one a client may use") \
	V(OVERSIZE, "OVERSIZE", '!', BAD, "larger than the limit; only its length was kept")       \
	V(RATE_LIMITED, "RATE-LIMITED", '~', ATTENTION, "not examined: too many at once")          \
	V(BROKER_CLAIM, "BROKER-CLAIM", '$', NEUTRAL, "the broker says so; never evidence")        \
	V(PLAIN, "PLAIN", '.', NEUTRAL, "no secured tree covers this topic")                       \
	V(INFO, "INFO", 'i', NEUTRAL, "unprotected informational copy")                            \
	V(INFO_MISMATCH, "INFO-MISMATCH", 'i', ATTENTION, "the unprotected copy differs from the signed conf") \
	V(LINK_HINT, "LINK-HINT", 'h', NEUTRAL, "unsigned hint about the gateway's link")          \
	V(CLEARED, "CLEARED", '-', ATTENTION, "an empty payload cleared this topic")               \
	V(UNSIGNED, "UNSIGNED", 'U', BAD, "not protected, inside a tree that is secured")          \
	V(MALFORMED, "MALFORMED", 'M', BAD, "breaks the grammar of its form")                      \
	V(NEEDS_CONF, "NEEDS-CONF", '?', ATTENTION, "no verified conf for its revision")           \
	V(DOWNGRADE, "DOWNGRADE", 'D', BAD, "another suite than the conf demands")                 \
	V(UNKNOWN_KEY, "UNKNOWN-KEY", 'K', BAD, "made with a key that nobody authorised here")     \
	V(NEEDS_KEY, "NEEDS-KEY", 'k', ATTENTION, "the key to check it is not held here")          \
	V(BAD_SIG, "BAD-SIG", 'X', BAD, "the signature or MAC does not fit the bytes")             \
	V(DECRYPT_FAIL, "DECRYPT-FAIL", 'E', BAD, "does not decrypt with the right key")           \
	V(WRONG_TOPIC, "WRONG-TOPIC", 'T', BAD, "authentic, but made for another topic")           \
	V(STALE_REV, "STALE-REV", 's', ATTENTION, "authentic under a revision that is over")       \
	V(EQUIVOCATION, "EQUIVOCATION", 'Q', BAD, "two different authentic messages with one number: compromised?") \
	V(REPLAY, "REPLAY", 'R', BAD, "an authentic old message was sent again")                   \
	V(DUPLICATE, "DUPLICATE", 'd', NEUTRAL, "the same message once more")                      \
	V(OVER_POLICY, "OVER-POLICY", 'P', ATTENTION, "authentic, but more than the conf allows here") \
	V(VERIFIED_GROUP, "VERIFIED-GROUP", 'g', GOOD, "made by a holder of the epoch key")        \
	V(VERIFIED_SEALED, "VERIFIED-SEALED", 'v', GOOD, "signed by the gateway; content sealed to others") \
	V(VERIFIED, "VERIFIED", 'V', GOOD, "signed under the current conf")                        \
	/* signatures and bundles */                                                               \
	V(SYS_ERROR, "SYS-ERROR", 'S', ATTENTION, "could not be checked here: neither good nor bad") \
	V(REVOKED_KEY, "REVOKED-KEY", 'K', BAD, "signed by a revoked key")                         \
	V(EXPIRED_KEY, "EXPIRED-KEY", 'K', BAD, "signed by an expired key")                        \
	V(EXPIRED_SIG, "EXPIRED-SIG", 'X', BAD, "the signature itself carries an expiry")          \
	V(SIG_TIME, "SIG-TIME", 'X', BAD, "signature dated in the future or before its key")       \
	V(WEAK_ALG, "WEAK-ALG", 'D', BAD, "signed with an algorithm that is not allowed")          \
	V(MALFORMED_SIG, "MALFORMED-SIG", 'M', BAD, "not exactly one plain signature packet")      \
	V(NOT_OWNER, "NOT-OWNER", 'K', BAD, "signed by somebody who does not own this tree")       \
	V(WRONG_GATEWAY, "WRONG-GATEWAY", 'T', BAD, "made for another gateway")                    \
	V(FORK, "FORK", 'F', BAD, "a second, different history of this tree")                      \
	V(ROLLBACK, "ROLLBACK", 'R', BAD, "an older revision was served again")                    \
	V(GAP, "GAP", 'G', ATTENTION, "revisions between are missing")                             \
	V(NOT_YET, "NOT-YET", 'n', ATTENTION, "not valid yet")                                     \
	V(CONF_EXPIRED, "CONF-EXPIRED", 'x', BAD, "the conf's time is over")                       \
	V(OFFER_EXPIRED, "OFFER-EXPIRED", 'o', ATTENTION, "the offer's time is over")              \
	V(REJECTED, "REJECTED", 'J', BAD, "refused by a rule")                                     \
	V(PARTIAL, "PARTIAL", 'p', ATTENTION, "signatures are missing")                            \
	V(KEY_MISMATCH, "KEY-MISMATCH", 'K', BAD, "the epoch key delivered is not the one the conf names") \
	V(DELAYED, "DELAYED", 'w', ATTENTION, "complete; waits for its delay")                     \
	V(WAITING_SECURE, "WAITING-SECURE", 'w', ATTENTION, "complete; not seen at its place yet")

enum verdict {
#define V(name, code, letter, class, sentence) V_##name,
	VERDICT_TABLE(V)
#undef V
	V_COUNT
};

/* A GOOD signature is not a verdict about a message: it has a code of its own (4.2 row 8). */
enum sig_verdict_marker { SIG_GOOD = V_COUNT + 1 };

/* Flags on messages (4.1) and bundles (4.2); several may be set. */
#define FLAG_TABLE(F)                                                                              \
	F(RETAINED, "RETAINED") F(UNCONFIRMED, "UNCONFIRMED") F(LATE, "LATE") F(LOST, "LOST")      \
	F(AGED, "AGED") F(SKEW, "SKEW") F(STALE, "STALE") F(CONFIRMED, "CONFIRMED")                \
	F(JUNK_SIG, "JUNK-SIG") F(SIG_SKEW, "SIG-SKEW") F(RIVAL, "RIVAL")                          \
	F(INCOMPLETE, "INCOMPLETE") F(LEFTOVER, "LEFTOVER")

enum flag_bit {
#define F(name, code) FLAG_BIT_##name,
	FLAG_TABLE(F)
#undef F
	FLAG_COUNT
};
enum flag {
#define F(name, code) FLAG_##name = 1 << FLAG_BIT_##name,
	FLAG_TABLE(F)
#undef F
};

const char *verdict_code(enum verdict v);     /* "VERIFIED"; "" for V_NONE; "GOOD" for SIG_GOOD */
char verdict_letter(enum verdict v);	      /* one ASCII cell */
enum verdict_class verdict_class(enum verdict v);
/* The class with flags taken into account: ROLLBACK with LEFTOVER is neutral (4.2), FORK with
 * INCOMPLETE no alarm (3.7). */
enum verdict_class verdict_class_of(enum verdict v, unsigned flags);
const char *verdict_sentence(enum verdict v); /* one line for the operator */
bool verdict_from_code(struct span code, enum verdict *out);
bool verdict_is_green(enum verdict v);
/* The one place where green is made. which: V_VERIFIED, V_VERIFIED_SEALED or V_VERIFIED_GROUP;
 * anything else is refused and gives V_NONE. The caller says "every phase was passed". */
enum verdict verdict_grant(enum verdict which);
const char *flag_code(enum flag_bit bit);
/* "good", "attention", "bad", "neutral". */
const char *verdict_class_name(enum verdict_class c);

#endif
