#include "core/flow/tree_facts.h"

enum tree_turn
tree_turn_of(unsigned a, unsigned b, unsigned c, unsigned d, bool old_us, bool new_us)
{
	if (a < b)
		return old_us ? TURN_US_SIGN : TURN_OLD_OWNERS;
	if (c < d)
		return new_us ? TURN_US_ACCEPT : TURN_NEW_OWNERS;
	return TURN_GATEWAY;
}

static bool
is_conflict(const struct tree_facts *f)
{
	return f->conflict;
}

static bool
is_gateway_changed(const struct tree_facts *f)
{
	return f->gateway_changed;
}

static bool
is_recovery_pending(const struct tree_facts *f)
{
	return f->recovery_stands;
}

static bool
is_halted(const struct tree_facts *f)
{
	return f->halted || f->gateway == GS_HALTED;
}

static bool
is_owner_revoked(const struct tree_facts *f)
{
	return f->has_conf && f->owners - f->owners_revoked < f->threshold;
}

/* Verdicts of a payload on `secure` that say "not yet", or that it is no news. */
static bool
may_become_good(enum verdict v)
{
	return v == V_NONE || v == V_VERIFIED || v == V_NOT_YET || v == V_PARTIAL ||
	    v == V_DELAYED || v == V_WAITING_SECURE || v == V_SYS_ERROR || v == V_RATE_LIMITED;
}

static bool
is_conf_invalid(const struct tree_facts *f)
{
	return f->secure_copy && !f->has_conf && !may_become_good(f->secure_verdict);
}

static bool
is_conf_expired(const struct tree_facts *f)
{
	return f->has_conf && f->now >= f->valid_until;
}

static bool
is_failsafe(const struct tree_facts *f)
{
	return f->gateway == GS_FAILSAFE;
}

static bool
is_silent(const struct tree_facts *f)
{
	return f->has_conf && f->heartbeats_missed >= TREE_HEARTBEATS_MISSED;
}

static bool
is_split(const struct tree_facts *f)
{
	return f->split_unknown;
}

/* A gateway bridges a cleared copy for `lease` seconds; without a copy ever seen it waits. */
static bool
is_awaiting_owner(const struct tree_facts *f)
{
	if (f->gateway == GS_AWAIT && f->gateway_runs_ours)
		return true;
	if (f->secure_copy || !f->info_copy || f->info_ownerless)
		return false;
	return !f->has_conf || f->secure_cleared_at == 0 ||
	    f->now >= f->secure_cleared_at + f->lease;
}

static bool
is_pending_transfer(const struct tree_facts *f)
{
	return f->pending_transfer;
}

static bool
is_unconfirmed(const struct tree_facts *f)
{
	return f->has_conf &&
	    (f->unconfirmed_since != 0 || (f->gateway != GS_NONE && !f->gateway_runs_ours));
}

static bool
is_no_receipt(const struct tree_facts *f)
{
	return is_unconfirmed(f) && f->unconfirmed_since != 0 &&
	    f->now > f->unconfirmed_since + TREE_RECEIPT_OVERDUE_S;
}

static bool
gateway_weighs_candidate(const struct tree_facts *f)
{
	return f->gateway == GS_PENDING || f->gateway == GS_WAITING_SECURE ||
	    f->gateway == GS_SWITCHING || f->gateway == GS_DELAYED;
}

static bool
is_pending_update(const struct tree_facts *f)
{
	return f->pending_update || is_unconfirmed(f) ||
	    (f->has_conf && gateway_weighs_candidate(f));
}

static bool
is_rekey_due(const struct tree_facts *f)
{
	return f->rekey_due;
}

static bool
is_owner_key_expired(const struct tree_facts *f)
{
	return f->has_conf && f->owners_expired != 0;
}

static bool
is_unpinned(const struct tree_facts *f)
{
	return f->has_conf && !f->pinned;
}

static bool
is_no_echo(const struct tree_facts *f)
{
	return f->has_conf && f->echo_missing;
}

/* A gateway that refused a candidate runs on as before. */
static bool
is_active(const struct tree_facts *f)
{
	return f->has_conf && f->gateway_runs_ours &&
	    (f->gateway == GS_ACTIVE || f->gateway == GS_REJECTED);
}

static bool
is_claimable(const struct tree_facts *f)
{
	return f->info_copy && f->info_ownerless && !f->has_conf;
}

static bool
is_unsecured(const struct tree_facts *f)
{
	return !f->has_conf && !f->info_copy && !f->secure_copy;
}

/* In the order of enum tree_state; the first one that holds is the state. */
static bool (*const holds[TREE_STATE_COUNT])(const struct tree_facts *f) = {
	[TREE_CONFLICT] = is_conflict,
	[TREE_GATEWAY_CHANGED] = is_gateway_changed,
	[TREE_RECOVERY_PENDING] = is_recovery_pending,
	[TREE_HALTED] = is_halted,
	[TREE_OWNER_REVOKED] = is_owner_revoked,
	[TREE_CONF_INVALID] = is_conf_invalid,
	[TREE_CONF_EXPIRED] = is_conf_expired,
	[TREE_FAILSAFE] = is_failsafe,
	[TREE_SILENT] = is_silent,
	[TREE_SPLIT] = is_split,
	[TREE_AWAITING_OWNER] = is_awaiting_owner,
	[TREE_PENDING_TRANSFER] = is_pending_transfer,
	[TREE_NO_RECEIPT] = is_no_receipt,
	[TREE_PENDING_UPDATE] = is_pending_update,
	[TREE_REKEY_DUE] = is_rekey_due,
	[TREE_OWNER_KEY_EXPIRED] = is_owner_key_expired,
	[TREE_UNPINNED] = is_unpinned,
	[TREE_NO_ECHO] = is_no_echo,
	[TREE_ACTIVE] = is_active,
	[TREE_CLAIMABLE] = is_claimable,
	[TREE_UNSECURED] = is_unsecured,
};

enum tree_state
tree_state_of(const struct tree_facts *f)
{
	for (int s = TREE_UNKNOWN + 1; s < TREE_STATE_COUNT; s++)
		if (holds[s](f))
			return (enum tree_state)s;
	return TREE_UNKNOWN;
}

static const char *
whose_signature(const struct tree_facts *f)
{
	switch (f->turn) {
	case TURN_US_SIGN:
		return "you: sign";
	case TURN_US_ACCEPT:
		return f->pending_transfer ? "you: accept" : "you: sign";
	case TURN_OLD_OWNERS:
		return "the owners: sign";
	case TURN_NEW_OWNERS:
		return f->pending_transfer ? "the new owners: accept" : "the owners: sign";
	case TURN_GATEWAY:
	case TURN_NOBODY:
		break;
	}
	return "the gateway";
}

static const char *
owner_does(const struct tree_facts *f, const char *us, const char *others)
{
	return f->owner_is_us ? us : others;
}

const char *
tree_who_acts(const struct tree_facts *f)
{
	switch (tree_state_of(f)) {
	case TREE_CONFLICT:
		return "you: compare, then acknowledge";
	case TREE_GATEWAY_CHANGED:
		return "you: compare fingerprints";
	case TREE_RECOVERY_PENDING:
		return "you: is this expected?";
	case TREE_HALTED:
		if (f->halted_by == HALTED_BY_RECOVERY)
			return "the recovery keys: publish a recovery";
		return owner_does(f, "you: publish the next revision",
		    "the owners: publish the next revision");
	case TREE_OWNER_REVOKED:
		return "the recovery keys: publish a recovery";
	case TREE_CONF_INVALID:
		return "the owner: publish the conf again";
	case TREE_CONF_EXPIRED:
		return owner_does(f, "you: renew", "the owners: renew");
	case TREE_FAILSAFE:
	case TREE_SILENT:
		return "somebody at the gateway";
	case TREE_SPLIT:
		return "nobody yet: the conf is being fetched";
	case TREE_AWAITING_OWNER:
		return owner_does(f, "you: publish the conf again",
		    "the owner: publish the conf again");
	case TREE_PENDING_TRANSFER:
		return whose_signature(f);
	case TREE_NO_RECEIPT:
	case TREE_PENDING_UPDATE:
		return f->pending_update ? whose_signature(f) : "the gateway";
	case TREE_REKEY_DUE:
		return owner_does(f, "you: rekey", "the new owners: rekey");
	case TREE_OWNER_KEY_EXPIRED:
		return owner_does(f, "you: extend or replace the key",
		    "the owners: extend or replace the key");
	case TREE_UNPINNED:
		return "you: compare the fingerprint and pin";
	case TREE_CLAIMABLE:
		return "anybody with the code";
	case TREE_UNKNOWN:
	case TREE_NO_ECHO:
	case TREE_ACTIVE:
	case TREE_UNSECURED:
	case TREE_STATE_COUNT:
		break;
	}
	return "-";
}
