#include "core/conf/accept.h"

#include <stdlib.h>
#include <string.h>

#include "core/conf/accept_case.h"

#define SIG_SKEW 3600 /* a signature older than issued by more than this is told (4.2) */

/* Rows 1 to 4: the payload alone. */

static enum verdict
fails_form(struct accept_case *k)
{
	return bundle_form(k->payload, false, &k->encrypted);
}

static enum verdict
keep_bundle(struct accept_case *k, struct span bytes)
{
	if ((k->r->bundle = (uint8_t *)span_dup(bytes)) == NULL)
		return V_SYS_ERROR;
	k->r->bundle_n = bytes.n;
	return V_NONE;
}

static enum verdict
fails_decrypt(struct accept_case *k)
{
	struct buf clear;
	enum verdict v = V_NONE;

	if (!k->encrypted)
		return keep_bundle(k, k->payload);
	buf_init(&clear, BUNDLE_MAX);
	if (k->env->decrypt(k->env->arg, k->payload, &v, &clear) == ACCEPT_HAVE)
		v = v == V_NONE ? keep_bundle(k, buf_span(&clear)) : v;
	else
		k->wait = true;
	buf_wipe(&clear);
	return k->wait ? V_NONE : v;
}

static enum verdict
fails_grammar(struct accept_case *k)
{
	const struct conf_policy policy = { .allow_non_ascii = k->policy->allow_non_ascii };
	struct accept_result *r = k->r;
	enum verdict v = bundle_parse((struct span){ r->bundle, r->bundle_n }, &r->parsed);
	enum mq_err e;

	if (v != V_NONE)
		return v;
	r->errors = calloc(1, sizeof *r->errors);
	if (r->errors == NULL)
		return V_SYS_ERROR;
	e = conf_parse(r->parsed.body, &policy, &r->conf, r->errors);
	if (e != MQ_OK) {
		r->line = r->errors->line;
		return e == MQ_EFORMAT ? V_MALFORMED : V_SYS_ERROR;
	}
	free(r->errors);
	r->errors = NULL;
	k->conf = r->conf;
	return r->parsed.has_claim && r->conf->revision != 1 ? V_MALFORMED : V_NONE;
}

static enum verdict
is_unsigned(struct accept_case *k)
{
	return k->r->parsed.n_sigs == 0 ? V_UNSIGNED : V_NONE;
}

/* Rows 6 to 14: where C belongs in space, history and time. */

static bool
moves_from(const struct conf *c, struct span topic)
{
	return c->from_topic_n != 0 &&
	    span_eq((struct span){ c->from_topic, c->from_topic_n }, topic);
}

static enum verdict
is_wrong_topic(struct accept_case *k)
{
	struct span own = k->n.topic, tree = k->slot->tree, topic = conf_topic(k->conf);
	bool fits;

	if (k->slot->name == SLOT_NEXT) {
		fits = span_eq(tree, own) && (span_eq(own, topic) || moves_from(k->conf, own));
		return fits ? V_NONE : V_WRONG_TOPIC;
	}
	fits = span_eq(topic, tree) && (span_eq(tree, own) || moves_from(k->conf, own));
	if (k->slot->name == SLOT_LOG)
		fits = fits && k->slot->rev == k->conf->revision;
	return fits ? V_NONE : V_WRONG_TOPIC;
}

static bool
has_our_data_key(const struct accept_state *s, const struct conf *c)
{
	const struct conf_data_key *key = conf_find_key(c, 0, ROLE_GATEWAY);

	if (key == NULL)
		return false;
	return memcmp(key->pk, s->data_key, sizeof key->pk) == 0 ||
	    (s->has_next_data_key && memcmp(key->pk, s->next_data_key, sizeof key->pk) == 0);
}

static enum verdict
is_wrong_gateway(struct accept_case *k)
{
	if (k->first_contact)
		return V_NONE;
	if (!conf_same_gateway(&k->conf->gateway, &k->s->gateway))
		return V_WRONG_GATEWAY;
	if (k->conf->revision > k->n.revision && !has_our_data_key(k->s, k->conf))
		return V_WRONG_GATEWAY;
	return V_NONE;
}

static enum verdict
is_fork_of_the_past(struct accept_case *k)
{
	if (k->first_contact || k->conf->revision > k->n.revision)
		return V_NONE;
	for (size_t i = 0; i < k->s->n_committed; i++)
		if (k->s->committed[i].revision == k->conf->revision &&
		    memcmp(k->s->committed[i].hash, k->conf->hash, HASH_BYTES) != 0)
			return V_FORK;
	return V_NONE;
}

static enum verdict
is_rollback(struct accept_case *k)
{
	if (k->conf->revision < k->n.revision)
		return V_ROLLBACK;
	if (!k->is_n || k->first_contact || k->slot->name != SLOT_NEXT)
		return V_NONE;
	k->r->flags |= FLAG_LEFTOVER;
	return V_ROLLBACK;
}

static enum verdict
is_gap(struct accept_case *k)
{
	if (k->first_contact) /* only `secure` introduces a tree */
		return k->slot->name == SLOT_SECURE ? V_NONE : V_GAP;
	return (uint64_t)k->conf->revision > (uint64_t)k->n.revision + 1 ? V_GAP : V_NONE;
}

static enum verdict
is_fork(struct accept_case *k)
{
	if (k->is_n)
		return V_NONE;
	return memcmp(k->conf->prev, k->n.hash, HASH_BYTES) != 0 ? V_FORK : V_NONE;
}

static enum verdict
is_not_yet(struct accept_case *k)
{
	const struct conf *c = k->conf;
	int64_t from = k->in_log ? 0 : c->valid_from;

	if (!k->is_n && c->issued - ACCEPT_SKEW > from)
		from = c->issued - ACCEPT_SKEW;
	if (k->now >= from)
		return V_NONE;
	k->r->due_at = from;
	return V_NOT_YET;
}

static enum verdict
is_expired(struct accept_case *k)
{
	return !k->in_log && k->now >= k->conf->valid_until ? V_CONF_EXPIRED : V_NONE;
}

static enum verdict
is_offer_expired(struct accept_case *k)
{
	if (k->is_n || !k->conf->has_offer_until)
		return V_NONE;
	return k->now >= k->conf->offer_until ? V_OFFER_EXPIRED : V_NONE;
}

/* Rows 15, 16 and 20. */

static enum verdict
is_rejected(struct accept_case *k)
{
	if (k->is_n)
		return V_NONE;
	k->r->reason = accept_reason_of(k, true, &k->wait);
	return k->r->reason != REASON_NONE ? V_REJECTED : V_NONE;
}

static enum verdict
is_partial(struct accept_case *k)
{
	return k->r->complete ? V_NONE : V_PARTIAL;
}

static enum verdict
is_verified(struct accept_case *k)
{
	(void)k; /* every row before has let it pass */
	return verdict_grant(V_VERIFIED);
}

/* The one order of PROTOCOL 3.5, row by row. */
static const struct {
	unsigned row;
	enum verdict (*fails)(struct accept_case *k);
} order[] = {
	{ 1, fails_form },
	{ 2, fails_decrypt },
	{ 3, fails_grammar },
	{ ACCEPT_ROW_SIGNED, is_unsigned },
	{ 5, accept_follow_log }, /* no check: settles what "N" and "base" mean below */
	{ 5, accept_fails_gate },
	{ 6, is_wrong_topic },
	{ 7, is_wrong_gateway },
	{ 8, is_fork_of_the_past },
	{ 9, is_rollback },
	{ 10, is_gap },
	{ 11, is_fork },
	{ 12, is_not_yet },
	{ 13, is_expired },
	{ 14, is_offer_expired },
	{ 15, is_rejected },
	{ 16, is_partial },
	{ 17, accept_fails_key },
	{ 18, accept_fails_delay },
	{ 19, accept_fails_place },
	{ ACCEPT_ROW_LAST, is_verified },
};

/* The verdicts with which an N+1 is worth keeping (3.5 Stored). */
static bool
may_still_apply(enum verdict v)
{
	return v == V_NOT_YET || v == V_PARTIAL || v == V_KEY_MISMATCH || v == V_DELAYED ||
	    v == V_WAITING_SECURE;
}

static unsigned
flags_of(const struct accept_case *k)
{
	const struct accept_result *r = k->r;
	unsigned flags = 0;

	for (size_t i = 0; i < r->n_sigs; i++) {
		if (!accept_is_good(r->sig[i]))
			flags |= FLAG_JUNK_SIG;
		else if (r->sig_detail[i].ctime < k->conf->issued - SIG_SKEW)
			flags |= FLAG_SIG_SKEW;
	}
	for (size_t i = 0; i < k->real->n_pending; i++) {
		const struct conf *other = k->real->pending[i].conf;

		if (other->revision == k->conf->revision &&
		    memcmp(other->hash, k->conf->hash, HASH_BYTES) != 0)
			flags |= FLAG_RIVAL;
	}
	if (r->verdict == V_FORK && !r->complete)
		flags |= FLAG_INCOMPLETE;
	return flags;
}

/* Without memory the moment is recorded at a later evaluation: the delay grows, never shrinks. */
static void
add_moment(struct accept_result *r, const uint8_t hash[HASH_BYTES], int64_t at)
{
	struct accept_moment *grown = realloc(r->moment, (r->n_moments + 1) * sizeof *grown);

	if (grown == NULL)
		return;
	r->moment = grown;
	memcpy(grown[r->n_moments].hash, hash, HASH_BYTES);
	grown[r->n_moments++].at = at;
}

static int64_t
known_moment(const struct accept_case *k)
{
	if (k->kept != NULL && k->kept->complete_at != 0)
		return k->kept->complete_at;
	for (size_t i = 0; i < k->real->n_moments; i++)
		if (memcmp(k->real->moment[i].hash, k->conf->hash, HASH_BYTES) == 0)
			return k->real->moment[i].at;
	return 0;
}

int64_t
accept_complete_at(const struct accept_case *k)
{
	int64_t known = known_moment(k);

	if (known != 0)
		return known;
	return k->now > k->real->time_floor ? k->now : k->real->time_floor;
}

/* What follows from the verdict. */
static void
conclude(struct accept_case *k)
{
	struct accept_result *r = k->r;
	uint32_t real_revision = k->real->current != NULL ? k->real->current->revision : 0;
	bool applies = r->verdict == V_VERIFIED && !k->is_n;
	bool successor = (uint64_t)k->conf->revision == (uint64_t)real_revision + 1;

	r->flags |= flags_of(k);
	r->stored = successor && !k->in_log && may_still_apply(r->verdict);
	r->commit = applies || (r->verdict == V_VERIFIED && k->first_contact);
	r->unpinned = k->first_contact && !k->vouched;
	r->rekey_due = applies && accept_full_hand_over(k);
	if (!r->complete || k->committed || k->first_contact)
		return;
	if (!applies && !may_still_apply(r->verdict))
		return;
	r->complete_at = accept_complete_at(k);
	if (known_moment(k) == 0)
		add_moment(r, k->conf->hash, r->complete_at);
}

void
accept_walk(struct accept_case *k, unsigned last)
{
	for (size_t i = 0; i < sizeof order / sizeof order[0] && order[i].row <= last; i++) {
		k->r->verdict = order[i].fails(k);
		if (k->wait)
			k->r->verdict = V_NONE;
		if (k->wait || k->r->verdict != V_NONE)
			break;
	}
	k->r->pending = k->wait;
	if (!k->wait && k->r->gate)
		conclude(k);
}

void
accept_judge(const struct accept_state *s, const struct accept_policy *policy,
    const struct accept_env *env, const struct accept_slot *slot, struct span payload, int64_t now,
    struct accept_result *r)
{
	struct accept_case k = { .real = s, .s = s, .policy = policy, .env = env, .slot = slot,
		.payload = payload, .now = now, .r = r };

	memset(r, 0, sizeof *r);
	accept_walk(&k, ACCEPT_ROW_LAST);
	if (r->commit) {
		r->run = k.run.body;
		r->n_run = k.run.n;
		k.run.body = NULL;
		k.run.n = 0;
	}
	accept_run_done(&k.run);
}

void
accept_result_done(struct accept_result *r)
{
	for (size_t i = 0; i < r->n_run; i++)
		conf_free(r->run[i]);
	free(r->run);
	free(r->moment);
	bundle_done(&r->parsed);
	free(r->bundle);
	conf_free(r->conf);
	free(r->errors);
	memset(r, 0, sizeof *r);
}
