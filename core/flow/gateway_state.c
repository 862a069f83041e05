/* Which state of PROTOCOL 3.6 holds, and why. */
#include "core/flow/gateway_impl.h"

#include <stdio.h>
#include <string.h>

#include "core/base/log.h"

static bool
is_damaged(const struct gateway *g)
{
	return g->o.store->damaged;
}

static bool
is_unfinished(const struct gateway *g)
{
	return g->unfinished;
}

static bool
is_unclaimed(const struct gateway *g)
{
	return g->cur == NULL;
}

static bool
is_halted(const struct gateway *g)
{
	return g->o.store->meta.halted_by != HALTED_NO;
}

static bool
has_no_quorum(const struct gateway *g)
{
	return g->no_quorum;
}

static bool
is_before_floor(const struct gateway *g)
{
	return clock_wall(g->o.clock) + GATEWAY_CLOCK_SKEW < g->o.store->meta.time_floor;
}

static bool
is_expired(const struct gateway *g)
{
	return clock_wall(g->o.clock) >= g->cur->valid_until;
}

static bool
lacks_key(const struct gateway *g)
{
	return g->key_lost;
}

static bool
is_not_seen(const struct gateway *g)
{
	return !g->present_once;
}

static bool
recovery_stands(const struct gateway *g)
{
	return g->standing >= 0;
}

static bool
any_candidate_is(const struct gateway *g, enum verdict v)
{
	for (size_t i = 0; i < g->n_cand; i++)
		if (g->cand[i].verdict == v)
			return true;
	return false;
}

static bool
is_delayed(const struct gateway *g)
{
	return any_candidate_is(g, V_DELAYED);
}

static bool
waits_for_place(const struct gateway *g)
{
	return any_candidate_is(g, V_WAITING_SECURE);
}

static bool
has_candidates(const struct gateway *g)
{
	return g->n_cand != 0;
}

static bool
has_rejected(const struct gateway *g)
{
	return g->refused_for != REASON_NONE;
}

static bool
always(const struct gateway *g)
{
	(void)g;
	return true;
}

/* The first row that holds. reason NULL: the candidate's own. */
static const struct {
	bool (*holds)(const struct gateway *g);
	enum gateway_state state;
	const char *reason;
} rows[] = {
	{ is_damaged, GS_FAILSAFE, "state-damaged" },
	{ is_unfinished, GS_FAILSAFE, "disk" },
	{ is_unclaimed, GS_UNCLAIMED, "" },
	{ is_halted, GS_HALTED, "halted" },
	{ has_no_quorum, GS_HALTED, "no-quorum" },
	{ is_before_floor, GS_FAILSAFE, "clock" },
	{ is_expired, GS_FAILSAFE, "conf-expired" },
	{ lacks_key, GS_FAILSAFE, "key-lost" },
	{ is_not_seen, GS_AWAIT, "" },
	{ recovery_stands, GS_DELAYED, "recovery-pending" },
	{ is_delayed, GS_DELAYED, "" },
	{ waits_for_place, GS_WAITING_SECURE, "" },
	{ has_candidates, GS_PENDING, "" },
	{ has_rejected, GS_REJECTED, NULL },
	{ always, GS_ACTIVE, "" },
};

/* Fewer owners than the threshold are left whose key is not revoked (3.11). A key we have no copy
 * of counts: withholding certificates must not halt a plant. */
static bool
quorum_is_gone(const struct gateway *g)
{
	const struct keytable *t = pgp_keys(g->o.verify);
	size_t left = 0;

	if (g->cur == NULL)
		return false;
	for (size_t i = 0; i < g->cur->n_owners; i++) {
		const struct pgpkey *k = keytable_primary(t, &g->cur->owner[i]);

		left += k == NULL || !k->revoked;
	}
	return left < g->cur->threshold;
}

/* N must be seen after a start; later it may be gone for `lease` seconds. */
static void
watch_presence(struct gateway *g)
{
	bool seen = g->secure.is_n || g->secure.successor || g->log_n.is_n;
	int64_t now = gateway_mono(g);

	if (g->cur == NULL)
		return;
	if (seen) {
		g->present_once = true;
		g->absent_ms = 0;
	} else if (g->present_once && g->absent_ms == 0) {
		g->absent_ms = now + 1; /* 0 means never */
	} else if (g->present_once && now >= g->absent_ms + (int64_t)g->cur->lease * 1000) {
		g->present_once = false;
		log_warn("the conf was not seen for its lease of %u s", g->cur->lease);
	}
}

/* A key that a conf in force needs and that is gone from the disk comes back from keys/<epoch>. */
static void
look_for_lost_key(struct gateway *g)
{
	struct desk_view view = { .desk = g->o.desk, .tree = gateway_tree(g), .current = g->cur };
	struct accept_env env;

	g->key_lost = g->cur != NULL && !g->o.store->damaged && !gateway_has_epoch(g, g->cur);
	if (!g->key_lost)
		return;
	desk_env(&view, &env);
	if (gateway_fetch_epoch(g, g->cur, &env)) {
		g->key_lost = false;
		log_info("epoch key fetched again epoch=%u", g->cur->epoch);
	}
}

static bool
state_publishes(const struct gateway *g)
{
	switch (g->state) {
	case GS_ACTIVE:
	case GS_PENDING:
	case GS_WAITING_SECURE:
	case GS_SWITCHING:
	case GS_DELAYED:
	case GS_REJECTED:
		return true;
	case GS_FAILSAFE: /* a plant need not go blind because a date passed */
		return strcmp(g->reason, "conf-expired") == 0 &&
		    g->cur->on_expiry == EXPIRY_CONTINUE && g->present_once && !g->key_lost;
	case GS_NONE:
	case GS_UNCLAIMED:
	case GS_AWAIT:
	case GS_HALTED:
		break;
	}
	return false;
}

bool
gateway_publishes(const struct gateway *g)
{
	return g->cur != NULL && state_publishes(g);
}

void
gateway_decide(struct gateway *g)
{
	enum gateway_state before = g->state;
	const char *reason;
	size_t i = 0;

	watch_presence(g);
	look_for_lost_key(g);
	g->no_quorum = quorum_is_gone(g);
	while (!rows[i].holds(g))
		i++;
	g->state = rows[i].state;
	reason = rows[i].reason != NULL ? rows[i].reason : accept_reason_name(g->refused_for);
	(void)snprintf(g->reason, sizeof g->reason, "%s", reason);
	if (g->state == before)
		return;
	log_info("state=%s reason=%s revision=%u", gateway_state_name(g->state), g->reason,
	    g->cur != NULL ? g->cur->revision : 0);
	if (!gateway_publishes(g))
		gateway_data_drop_queue(g);
}
