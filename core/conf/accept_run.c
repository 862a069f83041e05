/* Against which state is C judged? N, its base, and the run of revisions that log/ tells of. */
#include <stdlib.h>
#include <string.h>

#include "core/conf/accept_case.h"

static const struct accept_committed *
find_committed(const struct accept_state *s, uint32_t revision)
{
	for (size_t i = 0; i < s->n_committed; i++)
		if (s->committed[i].revision == revision && s->committed[i].conf != NULL)
			return &s->committed[i];
	return NULL;
}

static bool
is_committed(const struct accept_state *s, const uint8_t hash[HASH_BYTES])
{
	if (s->current != NULL && memcmp(s->current->hash, hash, HASH_BYTES) == 0)
		return true;
	for (size_t i = 0; i < s->n_committed; i++)
		if (memcmp(s->committed[i].hash, hash, HASH_BYTES) == 0)
			return true;
	return false;
}

/* base(C) of 3.5: N for a newer one, else its predecessor if we hold that. */
static struct accept_base
base_for(const struct accept_case *k)
{
	uint32_t revision = k->conf->revision;
	const struct accept_committed *before;

	if (revision > k->n.revision)
		return k->n;
	if (revision == 1)
		return k->s->n_anchor_owners != 0 ? accept_base_genesis(k->s) : k->n;
	before = find_committed(k->s, revision - 1);
	return before != NULL ? accept_base_of(before->conf) : k->n;
}

static bool
receipt_names(const struct accept_case *k)
{
	return k->policy->dashboard && k->real->gateway_runs != NULL &&
	    memcmp(k->real->gateway_runs, k->conf->hash, HASH_BYTES) == 0;
}

/* Owners that a person vouches for stand where N's would: the conf's own keys cannot vouch. */
static struct accept_base
vouched_base(const struct accept_case *k)
{
	struct accept_base b = accept_base_of(k->conf);

	b.owner = b.recovery = k->s->anchor_owner;
	b.n_owners = b.n_recovery = k->s->n_anchor_owners;
	b.threshold = b.recovery_threshold = k->s->anchor_threshold;
	return b;
}

void
accept_frame(struct accept_case *k)
{
	k->first_contact = k->policy->dashboard && k->s->current == NULL;
	k->n = k->first_contact ? accept_base_of(k->conf) : accept_base_current(k->s);
	k->is_n = k->n.conf != NULL && memcmp(k->n.hash, k->conf->hash, HASH_BYTES) == 0;
	k->vouched = k->first_contact && k->s->n_anchor_owners != 0;
	k->base = k->vouched ? vouched_base(k) : k->first_contact ? k->n : base_for(k);
	k->committed = is_committed(k->s, k->conf->hash);
	k->claimed = !k->policy->dashboard && accept_claim_right(k->s, &k->r->parsed);
	k->runs = k->runs || receipt_names(k);
	k->kept = NULL;
	for (size_t i = 0; i < k->s->n_pending; i++)
		if (memcmp(k->s->pending[i].conf->hash, k->conf->hash, HASH_BYTES) == 0)
			k->kept = &k->s->pending[i];
}

void
accept_run_done(struct accept_run *run)
{
	for (size_t i = 0; i < run->n; i++)
		conf_free(run->body[i]);
	free(run->body);
	free(run->committed);
	memset(run, 0, sizeof *run);
}

/* A copy of the state that up to n commits can advance. */
static bool
run_start(struct accept_run *run, const struct accept_state *s, size_t n)
{
	memset(run, 0, sizeof *run);
	run->state = *s;
	run->committed = calloc(s->n_committed + n, sizeof *run->committed);
	run->body = calloc(n, sizeof(struct conf *));
	if (run->committed == NULL || run->body == NULL) {
		accept_run_done(run);
		return false;
	}
	if (s->n_committed != 0)
		memcpy(run->committed, s->committed, s->n_committed * sizeof *run->committed);
	run->state.committed = run->committed;
	return true;
}

/* What a commit does to the state (S5, S6). Takes c. */
static void
run_commit(struct accept_run *run, struct conf *c, bool rekey_due)
{
	struct accept_committed *entry = &run->committed[run->state.n_committed++];
	const struct conf_data_key *key = conf_find_key(c, 0, ROLE_GATEWAY);

	run->body[run->n++] = c;
	entry->revision = c->revision;
	memcpy(entry->hash, c->hash, HASH_BYTES);
	entry->conf = c;
	if (key != NULL && memcmp(key->pk, run->state.data_key, sizeof key->pk) != 0) {
		memcpy(run->state.data_key, key->pk, sizeof key->pk);
		run->state.has_next_data_key = false;
	}
	run->state.current = c;
	run->state.pending = NULL;
	run->state.n_pending = 0;
	run->state.voided = NULL;
	run->state.n_voided = 0;
	run->state.halted_by = HALTED_NO;
	run->state.halt_issued = 0;
	run->state.rekey_due = rekey_due;
}

static void
take_moments(struct accept_result *to, const struct accept_result *from)
{
	size_t n = to->n_moments + from->n_moments;
	struct accept_moment *grown;

	if (from->n_moments == 0 || (grown = realloc(to->moment, n * sizeof *grown)) == NULL)
		return; /* recorded at a later evaluation: the delay only grows */
	memcpy(grown + to->n_moments, from->moment, from->n_moments * sizeof *grown);
	to->moment = grown;
	to->n_moments = n;
}

/* Judges log/<revision> against the copy and advances it. False: the run ends here. */
static bool
follow_one(struct accept_case *k, uint32_t revision)
{
	const struct accept_slot slot = { .tree = k->slot->tree, .name = SLOT_LOG, .rev = revision,
		.new_place = k->slot->new_place };
	struct accept_result r = { 0 };
	struct accept_case one = { .real = k->real, .s = &k->run.state, .policy = k->policy,
		.env = k->env, .slot = &slot, .now = k->now, .in_log = true, .runs = k->runs, .r = &r };
	struct buf payload;
	enum accept_answer answer;

	buf_init(&payload, BUNDLE_MAX + 1); /* one more, so that OVERSIZE is seen */
	answer = k->env->log(k->env->arg, slot.tree, revision, &payload);
	k->wait = answer == ACCEPT_WAIT;
	if (answer == ACCEPT_HAVE) {
		one.payload = buf_span(&payload);
		accept_walk(&one, ACCEPT_ROW_LAST);
		k->wait = one.wait;
		take_moments(k->r, &r);
	}
	if (r.commit) {
		run_commit(&k->run, r.conf, r.rekey_due);
		r.conf = NULL;
	}
	buf_done(&payload);
	answer = r.commit ? ACCEPT_HAVE : ACCEPT_ABSENT;
	accept_result_done(&r);
	return answer == ACCEPT_HAVE;
}

/* Walks log/<N+1> .. log/<C-1>. True if every one is VERIFIED and C extends the last. */
static bool
leads_to_candidate(struct accept_case *k, uint32_t first)
{
	for (uint32_t revision = first; revision < k->conf->revision; revision++)
		if (!follow_one(k, revision))
			return false;
	return memcmp(k->run.state.current->hash, k->conf->prev, HASH_BYTES) == 0;
}

enum verdict
accept_follow_log(struct accept_case *k)
{
	uint32_t first;

	accept_frame(k);
	if (k->in_log || k->first_contact || k->conf->revision - k->n.revision < 2 ||
	    k->conf->revision < k->n.revision || k->conf->revision - k->n.revision > ACCEPT_RUN_MAX)
		return V_NONE;
	first = k->n.revision + 1;
	if (!run_start(&k->run, k->s, k->conf->revision - first))
		return V_SYS_ERROR;
	if (leads_to_candidate(k, first)) {
		k->s = &k->run.state;
		accept_frame(k);
	} else {
		accept_run_done(&k->run);
	}
	return V_NONE;
}
