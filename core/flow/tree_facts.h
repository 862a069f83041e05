/*
 * From what is known about a secured tree to its one state, and whose turn it is (PROTOCOL 4.3).
 *
 * The caller gathers facts (follow.h is where they come from); the rule is a table of conditions in
 * the order of enum tree_state, the first that holds wins. Pure; any thread.
 */
#ifndef MQGP_CORE_FLOW_TREE_FACTS_H
#define MQGP_CORE_FLOW_TREE_FACTS_H

#include "core/conf/accept.h"
#include "core/model/tree_state.h"
#include "core/wire/receipt.h"

#define TREE_HEARTBEATS_MISSED 3     /* from here on a tree is SILENT */
#define TREE_RECEIPT_OVERDUE_S 300   /* PENDING-UPDATE becomes NO-RECEIPT */

/* Whose signature or act a candidate waits for. */
enum tree_turn {
	TURN_NOBODY,
	TURN_US_SIGN,	 /* ours as an owner of N, or as a recovery key */
	TURN_US_ACCEPT,	 /* ours as an owner that the candidate names */
	TURN_OLD_OWNERS, /* owners of N, or its recovery keys for a recovery */
	TURN_NEW_OWNERS, /* owners the candidate names */
	TURN_GATEWAY,	 /* complete: delay, place, commit */
};
/* By the auth lines a/b+c/d of a candidate. old_us, new_us: one of our keys has not signed yet and
 * would count for the first or the second line. */
enum tree_turn tree_turn_of(unsigned a, unsigned b, unsigned c, unsigned d, bool old_us,
    bool new_us);

/* All zero: nothing is known. Times are Unix seconds. */
struct tree_facts {
	int64_t now;
	bool conflict, gateway_changed; /* sticky marks that nobody acknowledged yet */
	bool recovery_stands;		/* own judgement, or reason=recovery-pending in a receipt */
	bool halted;			/* VERIFIED halt order for our revision */
	enum halted_by halted_by;	/* if halted by that order */
	/* our verified conf N */
	bool has_conf;
	int64_t valid_until;
	uint32_t lease;
	unsigned owners, owners_revoked, owners_expired, threshold;
	bool pinned;
	bool owner_is_us; /* one of our keys is an owner of N */
	/* what lies on the control topics */
	bool info_copy, info_ownerless;
	bool secure_copy;		/* something not empty lies on `secure` */
	enum verdict secure_verdict;	/* of that; V_NONE: not judged yet */
	int64_t secure_cleared_at;	/* 0: never seen to vanish */
	/* the gateway's newest verified word */
	enum gateway_state gateway;	/* GS_NONE: no receipt yet */
	bool gateway_runs_ours;		/* conf= of it is our N */
	bool split_unknown;		/* it names another, unknown conf of our revision */
	bool rekey_due;
	unsigned heartbeats_missed;	/* 0 while the link is down */
	bool echo_missing;		/* our ping was not answered, though heartbeats come */
	int64_t unconfirmed_since;	/* N verified here, not yet in a receipt; 0: confirmed */
	/* the candidate that is furthest */
	bool pending_transfer;		/* verified or partial N+1 with other owners */
	bool pending_update;		/* any other N+1 */
	enum tree_turn turn;
};

enum tree_state tree_state_of(const struct tree_facts *f);
/* Who acts next, in a few words: "you: accept", "the gateway", "-". Static. */
const char *tree_who_acts(const struct tree_facts *f);

#endif
