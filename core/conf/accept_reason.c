/* Row 15 of PROTOCOL 3.5: the closed list of reasons, and what a change costs: rekey and delay. */
#include <string.h>

#include "core/conf/accept_case.h"
#include "core/conf/change.h"

static bool
same_topic(const struct conf *a, const struct conf *b)
{
	return span_eq(conf_topic(a), conf_topic(b));
}

bool
accept_full_hand_over(const struct accept_case *k)
{
	return k->n.conf != NULL && change_full_hand_over(k->n.conf, k->conf);
}

static bool
is_voided(const struct accept_case *k)
{
	if (k->kept != NULL && k->kept->voided)
		return true;
	for (size_t i = 0; i < k->s->n_voided; i++)
		if (memcmp(k->s->voided[i], k->conf->hash, HASH_BYTES) == 0)
			return true;
	return false;
}

static enum accept_fact
fact(bool yes)
{
	return yes ? FACT_YES : FACT_NO;
}

static enum accept_fact
no_recovery(const struct accept_case *k)
{
	return fact(k->conf->kind == KIND_RECOVERY && k->base.n_recovery == 0);
}

static enum accept_fact
halted(const struct accept_case *k)
{
	return fact(k->conf->kind == KIND_NORMAL &&
	    (is_voided(k) || k->s->halted_by == HALTED_BY_RECOVERY));
}

static enum accept_fact
issued_before_n(const struct accept_case *k)
{
	return fact(k->conf->issued < k->n.conf->issued);
}

static enum accept_fact
from_topic_without_move(const struct accept_case *k)
{
	return fact(k->conf->from_topic_n != 0 && same_topic(k->conf, k->n.conf));
}

static enum accept_fact
offer_until_misplaced(const struct accept_case *k)
{
	const struct conf *n = k->n.conf, *c = k->conf;

	return fact(c->has_offer_until != change_is_transfer(n, c));
}

static enum accept_fact
below_floor(const struct accept_case *k)
{
	return fact(!suite_meets_floor(k->conf->suite, k->policy->floor));
}

static bool
brings_new_key(const struct conf *n, const struct conf *c)
{
	return c->has_epoch_key_id && (!n->has_epoch_key_id ||
	    memcmp(c->epoch_key_id, n->epoch_key_id, HASH_BYTES) != 0);
}

static enum accept_fact
epoch_wrong(const struct accept_case *k)
{
	const struct conf *n = k->n.conf, *c = k->conf;

	if (c->epoch == n->epoch)
		return fact(brings_new_key(n, c) || k->s->rekey_due || change_takes_access(n, c));
	if ((uint64_t)c->epoch != (uint64_t)n->epoch + 1)
		return FACT_YES;
	return fact(c->has_epoch_key_id && !brings_new_key(n, c));
}

/* In the order of the text; at genesis there is no N to compare with. */
static const struct {
	enum accept_reason reason;
	enum accept_fact (*applies)(const struct accept_case *k);
	bool at_genesis;
} reasons[] = {
	{ REASON_NO_RECOVERY, no_recovery, false },
	{ REASON_HALTED, halted, false },
	{ REASON_RECOVERY_PENDING, accept_other_recovery_stands, false },
	{ REASON_ISSUED, issued_before_n, false },
	{ REASON_FROM_TOPIC, from_topic_without_move, false },
	{ REASON_OFFER_UNTIL, offer_until_misplaced, false },
	{ REASON_FLOOR, below_floor, true },
	{ REASON_EPOCH, epoch_wrong, false },
};

enum accept_reason
accept_reason_of(const struct accept_case *k, bool ask_standing, bool *wait)
{
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
		enum accept_fact f;

		if (accept_genesis(k) && !reasons[i].at_genesis)
			continue;
		if (reasons[i].reason == REASON_RECOVERY_PENDING && !ask_standing)
			continue;
		f = reasons[i].applies(k);
		*wait = *wait || f == FACT_WAIT;
		if (f == FACT_WAIT)
			return REASON_NONE;
		if (f == FACT_YES)
			return reasons[i].reason;
	}
	return REASON_NONE;
}

const char *
accept_reason_name(enum accept_reason r)
{
	static const char *const names[] = {
		[REASON_NONE] = "",
		[REASON_NO_RECOVERY] = "no-recovery",
		[REASON_HALTED] = "halted",
		[REASON_RECOVERY_PENDING] = "recovery-pending",
		[REASON_ISSUED] = "issued",
		[REASON_FROM_TOPIC] = "from-topic",
		[REASON_OFFER_UNTIL] = "offer-until",
		[REASON_FLOOR] = "floor",
		[REASON_EPOCH] = "epoch",
	};

	return (unsigned)r < sizeof names / sizeof names[0] ? names[r] : "";
}

uint32_t
accept_delay(const struct accept_case *k)
{
	if (accept_genesis(k))
		return 0;
	if (k->conf->kind == KIND_RECOVERY)
		return k->n.conf->recovery_delay;
	return change_moves_authority_or_place(k->n.conf, k->conf) ? k->n.conf->transfer_delay : 0;
}
