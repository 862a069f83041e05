/* From what a follower believes to the rows the screens show, and the one tree state (4.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/conf/diff.h"
#include "core/flow/tree_facts.h"
#include "core/net/engine_impl.h"

static const struct pgpkey *
key_of(const struct engine *e, const struct fpr *f)
{
	return keytable_primary(pgp_keys(e->verify), f);
}

static bool
is_revoked(const struct pgpkey *k)
{
	return k != NULL && (k->revoked || k->sub[0].revoked);
}

static bool
is_expired(const struct pgpkey *k, int64_t now)
{
	return k != NULL &&
	    (k->expired || (k->sub[0].expires != 0 && k->sub[0].expires <= now));
}

/* The key this person signs with: the profile's, if it says which. */
static bool
is_ours(const struct engine *e, const struct fpr *f)
{
	const char *key = e->o.profile->sign_key;

	return key != NULL && strcmp(key, f->hex) == 0;
}

static bool
signed_by(const struct follow_candidate *c, const struct fpr *f)
{
	for (size_t i = 0; i < c->n_signers; i++)
		if (fpr_eq(&c->signer[i], f))
			return true;
	return false;
}

static void
set_party(struct engine *e, struct model_party *p, const struct fpr *f, bool recovery)
{
	const struct pgpkey *k = key_of(e, f);

	memset(p, 0, sizeof *p);
	memcpy(p->fpr, f->hex, sizeof p->fpr);
	if (k != NULL)
		(void)snprintf(p->label, sizeof p->label, "%.63s", k->uid);
	p->recovery = recovery;
	p->ours = is_ours(e, f);
	p->revoked = is_revoked(k);
	p->expired = is_expired(k, clock_wall(&e->clock));
}

static size_t
set_parties(struct engine *e, struct model_party *out, const struct fpr *f, size_t n, size_t at,
    bool recovery)
{
	for (size_t i = 0; i < n && at < MODEL_PARTIES_MAX; i++)
		set_party(e, &out[at++], &f[i], recovery);
	return at;
}

/* ---- candidates */

static bool
same_owners(const struct conf *a, const struct conf *b)
{
	return a->n_owners == b->n_owners && a->threshold == b->threshold &&
	    memcmp(a->owner, b->owner, a->n_owners * sizeof a->owner[0]) == 0;
}

static void
words_of(const struct conf *old, const struct conf *new, enum suite floor, char out[MODEL_TEXT])
{
	struct diff *d = calloc(1, sizeof *d);
	size_t used = 0;

	out[0] = 0;
	if (d == NULL)
		return;
	conf_diff(old, new, floor, d);
	for (size_t i = 0; i < d->n && d->line[i].weight != DIFF_NOTE && used < MODEL_TEXT; i++)
		used += (size_t)snprintf(out + used, MODEL_TEXT - used, "%s%s",
		    used != 0 ? "; " : "", d->line[i].text);
	if (out[0] == 0)
		(void)snprintf(out, MODEL_TEXT, "new dates only");
	free(d);
}

static bool
ours_missing(struct engine *e, const struct fpr *list, size_t n, const struct follow_candidate *k)
{
	for (size_t i = 0; i < n; i++)
		if (is_ours(e, &list[i]) && !signed_by(k, &list[i]))
			return true;
	return false;
}

static void
set_offer(struct engine *e, const struct conf *n, const struct accept_candidate *kept,
    const struct follow_candidate *k, struct model_offer *o)
{
	const struct conf *c = kept->conf;
	bool old_us, new_us;

	memset(o, 0, sizeof *o);
	o->revision = c->revision;
	memcpy(o->hash, c->hash, HASH_BYTES);
	o->verdict = k->verdict;
	o->flags = k->flags;
	o->a = k->a;
	o->b = k->b;
	o->c = k->c;
	o->d = k->d;
	o->recovery = c->kind == KIND_RECOVERY;
	o->transfer = n != NULL && !same_owners(n, c);
	o->issued = c->issued;
	o->offer_until = c->has_offer_until ? c->offer_until : 0;
	o->due_at = k->due_at;
	if (n != NULL) {
		size_t at = set_parties(e, o->from, n->owner, n->n_owners, 0, false);

		o->n_from = (uint8_t)set_parties(e, o->from, n->recovery, n->n_recovery, at, true);
	}
	o->n_to = (uint8_t)set_parties(e, o->to, c->owner, c->n_owners, 0, false);
	for (size_t i = 0; i < k->n_signers; i++) {
		for (size_t p = 0; p < o->n_from; p++)
			o->from[p].signed_it |= strcmp(o->from[p].fpr, k->signer[i].hex) == 0;
		for (size_t p = 0; p < o->n_to; p++)
			o->to[p].signed_it |= strcmp(o->to[p].fpr, k->signer[i].hex) == 0;
	}
	old_us = n != NULL && ours_missing(e, n->owner, n->n_owners, k);
	new_us = ours_missing(e, c->owner, c->n_owners, k);
	o->for_us = (old_us && k->a < k->b) || (new_us && k->c < k->d);
	words_of(n, c, (enum suite)e->o.profile->min_suite, o->what);
}

static void
show_offers(struct engine *e, struct engine_tree *t, struct model_tree *row, const struct conf *n)
{
	const struct accept_candidate *kept;
	const struct follow_candidate *k;
	size_t count = follow_candidates(t->follow, &kept, &k);
	struct model_offer *o;

	if (count == 0 && row->n_offers == 0)
		return;
	if ((o = calloc(count != 0 ? count : 1, sizeof *o)) == NULL)
		return; /* the old rows stay until there is memory */
	for (size_t i = 0; i < count; i++)
		set_offer(e, n, &kept[i], &k[i], &o[i]);
	(void)model_tree_set_offers(row, o, count);
	free(o);
}

/* ---- the chain */

static void
show_chain(struct engine *e, struct engine_tree *t, struct model_tree *row)
{
	const struct follow_conf *c;
	size_t n = follow_chain(t->follow, &c);
	struct model_revision *r;

	if (n == row->n_chain && n != 0 && row->chain[n - 1].revision == c[0].conf->revision &&
	    row->chain[n - 1].n_signers == c[0].n_signers)
		return;
	if ((r = calloc(n != 0 ? n : 1, sizeof *r)) == NULL)
		return;
	for (size_t i = 0; i < n; i++) {
		const struct follow_conf *from = &c[n - 1 - i];

		r[i].revision = from->conf->revision;
		r[i].epoch = from->conf->epoch;
		memcpy(r[i].hash, from->conf->hash, HASH_BYTES);
		r[i].issued = from->conf->issued;
		r[i].valid_until = from->conf->valid_until;
		r[i].n_signers = (uint8_t)from->n_signers;
		for (size_t s = 0; s < from->n_signers; s++)
			set_party(e, &r[i].signer[s], &from->signer[s], false);
		words_of(i != 0 ? c[n - i].conf : NULL, from->conf, SUITE_HMAC, r[i].what);
		if (from->conf->revision != 1 && i == 0)
			(void)snprintf(r[i].what, sizeof r[i].what, "the oldest one known here");
	}
	(void)model_tree_set_chain(row, r, n);
	free(r);
}

/* ---- facts */

static unsigned
heartbeats_missed(const struct engine *e, const struct engine_tree *t, const struct conf *n)
{
	const struct follow_gateway *g = follow_gateway(t->follow);
	int64_t since = g->since_mono_ms;

	if (!e->link_up || n == NULL)
		return 0;
	if (g->any_status && g->status_mono_ms > since)
		since = g->status_mono_ms;
	return (unsigned)((clock_mono_ms(&e->clock) - since) / ((int64_t)n->heartbeat * 1000));
}

static void
conf_facts(const struct engine *e, const struct conf *n, struct tree_facts *f)
{
	f->has_conf = true;
	f->valid_until = n->valid_until;
	f->lease = n->lease;
	f->owners = (unsigned)n->n_owners;
	f->threshold = n->threshold;
	for (size_t i = 0; i < n->n_owners; i++) {
		const struct pgpkey *k = key_of(e, &n->owner[i]);

		f->owners_revoked += is_revoked(k);
		f->owners_expired += is_expired(k, f->now);
		f->owner_is_us |= is_ours(e, &n->owner[i]);
	}
}

/* The candidate that is furthest: complete before partial, newer before older. */
static void
pending_facts(const struct model_tree *row, struct tree_facts *f)
{
	for (size_t i = 0; i < row->n_offers; i++) {
		const struct model_offer *o = &row->offer[i];
		bool old_us = false, new_us = false;

		for (size_t p = 0; p < o->n_from; p++)
			old_us |= o->from[p].ours && !o->from[p].signed_it;
		for (size_t p = 0; p < o->n_to; p++)
			new_us |= o->to[p].ours && !o->to[p].signed_it;
		f->pending_transfer |= o->transfer;
		f->pending_update |= !o->transfer;
		f->turn = tree_turn_of(o->a, o->b, o->c, o->d, old_us, new_us);
		f->recovery_stands |= o->recovery && o->b != 0 && o->a >= o->b && o->c >= o->d;
	}
}

static void
gather(struct engine *e, struct engine_tree *t, const struct model_tree *row, struct tree_facts *f)
{
	const struct follow_marks *m = follow_marks(t->follow);
	const struct follow_gateway *g = follow_gateway(t->follow);
	const struct follow_conf *c = follow_current(t->follow);

	memset(f, 0, sizeof *f);
	f->now = clock_wall(&e->clock);
	f->conflict = m->conflict;
	f->gateway_changed = m->gateway_changed;
	f->halted = m->halted;
	f->halted_by = m->halted ? HALTED_BY_OWNER : HALTED_NO;
	f->pinned = m->pinned;
	f->info_copy = m->info_seen;
	f->info_ownerless = m->info_ownerless;
	f->secure_copy = m->secure_seen && !m->secure_cleared;
	f->secure_verdict = m->secure_verdict;
	f->secure_cleared_at = m->secure_cleared_ms / 1000;
	f->split_unknown = m->split_unknown;
	f->heartbeats_missed = heartbeats_missed(e, t, c != NULL ? c->conf : NULL);
	f->unconfirmed_since = m->update_since_ms / 1000;
	if (c != NULL)
		conf_facts(e, c->conf, f);
	if (g->any_receipt) {
		f->gateway = g->receipt.state;
		f->gateway_runs_ours = c != NULL &&
		    memcmp(g->receipt.conf, c->conf->hash, HASH_BYTES) == 0;
		f->rekey_due = g->receipt.rekey_due && f->gateway_runs_ours;
		f->recovery_stands = strcmp(g->receipt.reason, "recovery-pending") == 0;
	}
	pending_facts(row, f);
}

/* ---- the row */

static void
row_conf(struct engine *e, const struct conf *n, struct model_tree *row)
{
	row->revision = n->revision;
	row->epoch = n->epoch;
	memcpy(row->conf_hash, n->hash, HASH_BYTES);
	(void)snprintf(row->suite, sizeof row->suite, "%s", suite_name(n->suite));
	(void)snprintf(row->own, sizeof row->own, "%.120s", n->own);
	row->n_owners = (uint8_t)set_parties(e, row->owner, n->owner, n->n_owners, 0, false);
	row->n_owners = (uint8_t)set_parties(e, row->owner, n->recovery, n->n_recovery,
	    row->n_owners, true);
	row->threshold = n->threshold;
	conf_put_gateway(&n->gateway, row->gateway);
	row->issued = n->issued;
	row->valid_until = n->valid_until;
	row->heartbeat_s = n->heartbeat;
}

static void
row_gateway(const struct follow_gateway *g, struct model_tree *row)
{
	if (g->any_receipt) {
		(void)snprintf(row->gw_state, sizeof row->gw_state, "%s",
		    gateway_state_name(g->receipt.state));
		row->gw_revision = g->receipt.revision;
		memcpy(row->gw_conf_hash, g->receipt.conf, HASH_BYTES);
		memcpy(row->gw_reason, g->receipt.reason, sizeof row->gw_reason);
		row->receipt_ms = g->receipt_ms;
		row->rekey_due = g->receipt.rekey_due;
	}
	if (g->any_status) {
		row->heartbeat_ms = g->status_ms;
		row->gw_lost = g->status.lost_link;
	}
}

static bool
told_already(const struct engine_tree *t, const struct model_tree *row)
{
	return t->told && t->told_state == row->state && t->told_revision == row->revision &&
	    memcmp(t->told_hash, row->conf_hash, HASH_BYTES) == 0 &&
	    strcmp(t->told_who, row->who) == 0;
}

static void
tell(struct engine *e, struct engine_tree *t, struct model_tree *row)
{
	struct engine_event ev = { .kind = EVENT_TREE, .wall_ms = clock_wall_ms(&e->clock),
		.tree = { t->topic, t->topic_n }, .row = row };
	char text[96];

	if (row->state == TREE_UNKNOWN || told_already(t, row))
		return; /* nothing is known yet */
	if (t->told_state != row->state) {
		(void)snprintf(text, sizeof text, "state is %s", row->state_word);
		engine_audit(e, "state", ev.tree, text, tree_state_sentence((enum tree_state)row->state));
	}
	t->told = true;
	t->told_state = row->state;
	t->told_revision = row->revision;
	memcpy(t->told_hash, row->conf_hash, HASH_BYTES);
	memcpy(t->told_who, row->who, sizeof t->told_who);
	model_touch(e->model);
	engine_observe(e, &ev);
}

/* What is absent cannot be told from what has not arrived yet until the broker had time. */
static enum tree_state
when_settled(const struct engine *e, const struct engine_tree *t, enum tree_state s)
{
	int64_t from = e->up_ms > t->since_ms ? e->up_ms : t->since_ms;
	bool settled = e->up_ms != 0 && clock_mono_ms(&e->clock) - from > ENGINE_DATA_WAIT_MS;
	bool absence = s == TREE_UNSECURED ||
	    (s == TREE_AWAITING_OWNER && !follow_marks(t->follow)->secure_seen);

	return absence && !settled ? TREE_UNKNOWN : s;
}

void
engine_show_tree(struct engine *e, struct engine_tree *t)
{
	struct model_tree *row = model_tree_find(e->model, (struct span){ t->topic, t->topic_n });
	const struct follow_conf *c = follow_current(t->follow);
	const struct follow_marks *m = follow_marks(t->follow);
	struct tree_facts facts;

	if (row == NULL)
		return;
	if (c != NULL)
		row_conf(e, c->conf, row);
	row_gateway(follow_gateway(t->follow), row);
	row->pin = m->gateway_changed && m->pinned ? PIN_CHANGED : m->pinned ? PIN_PINNED : PIN_NONE;
	row->drift = m->info_differs;
	(void)snprintf(row->drift_what, sizeof row->drift_what, "%s", m->info_what);
	show_offers(e, t, row, c != NULL ? c->conf : NULL);
	show_chain(e, t, row);
	gather(e, t, row, &facts);
	row->state = (int)when_settled(e, t, tree_state_of(&facts));
	row->state_word = tree_state_word((enum tree_state)row->state);
	row->state_class = tree_state_class((enum tree_state)row->state);
	row->sticky = tree_state_is_sticky((enum tree_state)row->state);
	(void)snprintf(row->who, sizeof row->who, "%s", tree_who_acts(&facts));
	tell(e, t, row);
}

/* ---- keys */

static void
key_use(const struct engine *e, const struct fpr *f, struct model_key *k)
{
	unsigned owner = 0, recovery = 0, reader = 0, gateway = 0;

	for (size_t i = 0; i < e->n_trees; i++) {
		const struct follow_conf *c = follow_current(e->tree[i]->follow);

		if (c == NULL)
			continue;
		owner += conf_is_owner(c->conf, f);
		recovery += conf_is_recovery(c->conf, f);
		reader += conf_is_reader(c->conf, f);
		gateway += !c->conf->gateway.is_edkey && fpr_eq(&c->conf->gateway.fpr, f);
	}
	if (owner != 0)
		(void)snprintf(k->use, sizeof k->use, "owner of %u tree%s", owner, owner == 1 ? "" : "s");
	else if (recovery != 0)
		(void)snprintf(k->use, sizeof k->use, "recovery key of %u", recovery);
	else if (gateway != 0)
		(void)snprintf(k->use, sizeof k->use, "gateway");
	else if (reader != 0)
		(void)snprintf(k->use, sizeof k->use, "reader of %u", reader);
	else
		(void)snprintf(k->use, sizeof k->use, "-");
	k->gateway = gateway != 0;
}

static const char *
algo_name(int algo)
{
	return algo == 22 ? "Ed25519" : algo == 19 ? "ECDSA" : algo == 1 ? "RSA" : "other";
}

static void
show_key(const struct engine *e, const struct pgpkey *from, struct model_key *k)
{
	const struct fpr *f = &from->sub[0].fpr;
	const struct pgpkey *own = keytable_primary(&e->ring, f);

	memcpy(k->fpr, f->hex, sizeof k->fpr);
	(void)snprintf(k->uid, sizeof k->uid, "%.127s", from->uid);
	(void)snprintf(k->algo, sizeof k->algo, "%s", algo_name(from->sub[0].algo));
	k->created = from->sub[0].created;
	k->expires = from->sub[0].expires;
	k->revoked = is_revoked(from) || is_revoked(own);
	k->expired = is_expired(from, clock_wall(&e->clock));
	k->ours = is_ours(e, f);
	k->secret = own != NULL && own->secret;
	key_use(e, f, k);
}

/* The person's own keys first, then those that trees brought, then whom else their gpg knows. */
void
engine_show_keys(struct engine *e)
{
	const struct keytable *met = pgp_keys(e->verify);
	size_t most = met->n + e->ring.n, n = 0;
	struct model_key *k = calloc(most != 0 ? most : 1, sizeof *k);

	if (k == NULL)
		return;
	for (size_t i = 0; i < e->ring.n; i++)
		if (e->ring.key[i].secret)
			show_key(e, &e->ring.key[i], &k[n++]);
	for (size_t i = 0; i < met->n; i++) {
		const struct pgpkey *own = keytable_primary(&e->ring, &met->key[i].sub[0].fpr);

		if (own == NULL || !own->secret)
			show_key(e, &met->key[i], &k[n++]);
	}
	for (size_t i = 0; i < e->ring.n; i++)
		if (!e->ring.key[i].secret &&
		    keytable_primary(met, &e->ring.key[i].sub[0].fpr) == NULL)
			show_key(e, &e->ring.key[i], &k[n++]);
	/* without memory the old list stays */
	(void)model_set_keys(e->model, k, n < MODEL_KEYS_MAX ? n : MODEL_KEYS_MAX);
	free(k);
}
