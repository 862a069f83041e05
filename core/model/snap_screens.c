/* Ownership, Verify, Config, Log and Keys: copies of tables, placed by their cursors. */
#include <string.h>

#include "core/model/snap_priv.h"

/* ---- trees */

static struct snap_party
party(const struct model_party *p)
{
	struct snap_party out = { .recovery = p->recovery, .signed_it = p->signed_it,
		.ours = p->ours, .revoked = p->revoked, .expired = p->expired };

	memcpy(out.fpr, p->fpr, sizeof out.fpr);
	memcpy(out.label, p->label, sizeof out.label);
	return out;
}

static uint8_t
parties(struct snap_party *out, size_t max, const struct model_party *p, size_t n)
{
	n = n < max ? n : max;
	for (size_t i = 0; i < n; i++)
		out[i] = party(&p[i]);
	return (uint8_t)n;
}

static int64_t
age(struct work *w, int64_t wall_ms)
{
	if (wall_ms == 0)
		return -1;
	return w->wall_ms > wall_ms ? w->wall_ms - wall_ms : 0;
}

static void
fill_tree_counts(struct work *w, const struct model_tree *t, struct snap_tree *row)
{
	const struct topic_node *n = topictree_by_id(w->t, t->id);

	memcpy(row->verdicts, t->verdicts, sizeof row->verdicts);
	if (n != NULL)
		memcpy(row->by_class, n->count, sizeof row->by_class);
}

static void
fill_tree(struct work *w, const struct model_tree *t, struct snap_tree *row)
{
	memset(row, 0, sizeof *row);
	row->id = t->id;
	row->topic = snap_put(w->s, (struct span){ t->topic, t->topic_n }, SNAP_NAME_MAX);
	row->state = t->state;
	row->state_word = t->state_word;
	row->cls = t->state_class;
	row->sticky = t->sticky;
	row->pin = (int)t->pin;
	row->revision = t->revision;
	row->epoch = t->epoch;
	if (t->n_owners != 0)
		memcpy(row->owner, t->owner[0].fpr, sizeof row->owner);
	memcpy(row->label, t->own, sizeof row->label);
	row->n_owners = t->n_owners;
	row->threshold = t->threshold;
	memcpy(row->gw_state, t->gw_state, sizeof row->gw_state);
	memcpy(row->gw_reason, t->gw_reason, sizeof row->gw_reason);
	row->gw_revision = t->gw_revision;
	row->receipt_age_ms = age(w, t->receipt_ms);
	row->heartbeat_age_ms = age(w, t->heartbeat_ms);
	row->valid_until = t->valid_until;
	memcpy(row->who, t->who, sizeof row->who);
	row->offer = t->n_offers != 0;
	row->drift = t->drift;
	row->rekey_due = t->rekey_due;
	fill_tree_counts(w, t, row);
}

static void
fill_revision(const struct model_revision *r, struct snap_revision *out)
{
	memset(out, 0, sizeof *out);
	out->revision = r->revision;
	out->epoch = r->epoch;
	memcpy(out->hash, r->hash, sizeof out->hash);
	out->issued = r->issued;
	out->valid_until = r->valid_until;
	out->n_signers = parties(out->signer, sizeof out->signer / sizeof out->signer[0],
	    r->signer, r->n_signers);
	memcpy(out->what, r->what, sizeof out->what);
}

static void
fill_offer(const struct model_offer *o, struct snap_offer *out)
{
	memset(out, 0, sizeof *out);
	out->revision = o->revision;
	memcpy(out->hash, o->hash, sizeof out->hash);
	out->verdict = o->verdict;
	out->flags = o->flags;
	out->a = o->a;
	out->b = o->b;
	out->c = o->c;
	out->d = o->d;
	out->transfer = o->transfer;
	out->recovery = o->recovery;
	out->for_us = o->for_us;
	out->issued = o->issued;
	out->offer_until = o->offer_until;
	out->due_at = o->due_at;
	out->n_from = parties(out->from, SNAP_PARTIES, o->from, o->n_from);
	out->n_to = parties(out->to, SNAP_PARTIES, o->to, o->n_to);
	memcpy(out->what, o->what, sizeof out->what);
}

/* Newest first; t->chain is ascending. */
static void
fill_chain(struct work *w, const struct model_tree *t)
{
	struct snap_tree_detail *d = &w->s->tree_detail;
	uint64_t pos = 0;

	for (size_t i = 0; i < t->n_chain; i++)
		if (t->chain[i].revision == w->r->chain.id)
			pos = t->n_chain - 1 - i;
	pos = snap_place(&w->r->chain, t->n_chain, pos, &d->chain);
	if (d->chain.n > SNAP_CHAIN)
		d->chain.n = SNAP_CHAIN;
	for (uint32_t i = 0; i < d->chain.n; i++)
		fill_revision(&t->chain[t->n_chain - 1 - d->chain.top - i], &d->revision[i]);
	d->chain.id = t->n_chain == 0 ? 0 : t->chain[t->n_chain - 1 - pos].revision;
}

static void
fill_tree_detail(struct work *w, const struct model_tree *t)
{
	struct snap_tree_detail *d = &w->s->tree_detail;

	d->known = true;
	fill_tree(w, t, &d->row);
	memcpy(d->conf_hash, t->conf_hash, sizeof d->conf_hash);
	memcpy(d->gw_conf_hash, t->gw_conf_hash, sizeof d->gw_conf_hash);
	memcpy(d->gateway, t->gateway, sizeof d->gateway);
	memcpy(d->suite, t->suite, sizeof d->suite);
	d->issued = t->issued;
	d->n_owners = parties(d->owner, SNAP_PARTIES, t->owner, t->n_owners);
	d->n_offers = (uint32_t)(t->n_offers < SNAP_OFFERS ? t->n_offers : SNAP_OFFERS);
	for (uint32_t i = 0; i < d->n_offers; i++)
		fill_offer(&t->offer[i], &d->offer[i]);
	memcpy(d->drift_what, t->drift_what, sizeof d->drift_what);
	d->gw_lost = t->gw_lost;
	fill_chain(w, t);
}

static void
fill_failures(struct work *w)
{
	struct snap_list *list = &w->s->failures;
	const struct model_failure *newest = model_failure_nth(w->m, 0);

	snap_place_feed(&w->r->failures, model_failures(w->m), newest == NULL ? 0 : newest->n,
	    list);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct model_failure *f = model_failure_nth(w->m, list->top + i);
		struct snap_failure *out = &w->s->failure[i];

		out->n = f->n;
		out->time_ms = f->time_ms;
		out->topic = f->topic;
		out->tree = f->tree;
		out->serial = f->serial;
		out->verdict = f->verdict;
		out->flags = f->flags;
		out->seq = f->seq;
		memcpy(out->reason, f->reason, sizeof out->reason);
		out->name = snap_put(w->s, (struct span){ f->name, f->name_n }, SNAP_NAME_MAX);
		out->name.cut = f->name_n == sizeof f->name;
	}
}

static struct snap_text
put_words(struct work *w, const char *text)
{
	return snap_put(w->s, text == NULL ? (struct span){ NULL, 0 } : span_of(text), SNAP_ARENA);
}

static void
fill_conf_text(struct work *w, uint64_t tree)
{
	const struct model_conf_text *c = model_conf_text(w->m);

	if (c->tree != tree)
		return;
	w->s->conf_current = put_words(w, c->current);
	w->s->conf_draft = put_words(w, c->draft);
	w->s->conf_meaning = put_words(w, c->meaning);
}

void
snap_fill_trees(struct work *w)
{
	struct snap_list *list = &w->s->trees;
	size_t total = model_trees(w->m);
	uint64_t pos = 0;

	for (size_t i = 0; w->r->trees.id != 0 && i < total; i++)
		if (model_tree_nth(w->m, i)->id == w->r->trees.id)
			pos = i;
	pos = snap_place(&w->r->trees, total, pos, list);
	for (uint32_t i = 0; i < list->n; i++)
		fill_tree(w, model_tree_nth(w->m, list->top + i), &w->s->tree[i]);
	if (total != 0) {
		const struct model_tree *t = model_tree_nth(w->m, pos);

		list->id = t->id;
		fill_tree_detail(w, t);
		if (w->r->screen == SNAP_CONFIG)
			fill_conf_text(w, t->id);
	}
	if (w->r->screen == SNAP_VERIFY)
		fill_failures(w);
}

void
snap_fill_pipeline(struct work *w)
{
	const struct model_pipeline *p = model_pipeline(w->m);
	struct snap_pipeline *out = &w->s->pipeline;

	_Static_assert(MODEL_STEPS_MAX <= SNAP_STEPS && MODEL_TEXT == SNAP_TEXT, "same room");
	out->id = p->id;
	out->tree = p->tree;
	memcpy(out->title, p->title, sizeof out->title);
	out->n = (uint32_t)p->n_steps;
	out->finished = p->finished;
	out->failed = p->failed;
	out->needs_terminal = p->needs_terminal;
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct model_step *s = &p->step[i];

		memcpy(out->step[i].title, s->title, sizeof s->title);
		memcpy(out->step[i].text, s->text, sizeof s->text);
		out->step[i].state = (int)s->state;
		out->step[i].time_ms = s->time_ms;
		out->step[i].final = s->final;
	}
}

/* ---- Log */

static void
fill_conns(struct work *w)
{
	const struct connlog *c = model_connlog(w->m);
	struct snap_list *list = &w->s->conns;

	snap_place_feed(&w->r->conns, connlog_count(c), c->n_events, list);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct conn_event *e = connlog_nth(c, list->top + i);
		struct snap_conn *out = &w->s->conn[i];

		out->n = e->n;
		out->time_ms = e->time_ms;
		out->kind = conn_kind_name(e->kind);
		memcpy(out->broker, e->broker, sizeof out->broker);
		memcpy(out->words, e->words, sizeof out->words);
		out->code = e->code;
		out->duration_ms = e->duration_ms;
		out->session_present = e->session_present;
	}
}

static void
fill_subs(struct work *w)
{
	const struct connlog *c = model_connlog(w->m);
	struct snap_list *list = &w->s->subs;
	uint64_t pos = w->r->subs.id == 0 ? 0 : w->r->subs.id - 1;

	pos = snap_place(&w->r->subs, c->n_subs, pos, list);
	list->id = c->n_subs == 0 ? 0 : pos + 1;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct conn_sub *sub = &c->sub[list->top + i];
		struct snap_sub *out = &w->s->sub[i];

		out->filter = snap_put(w->s, span_of(sub->filter), SNAP_NAME_MAX);
		out->wanted_qos = sub->wanted_qos;
		out->granted = sub->granted;
		memcpy(out->words, sub->words, sizeof out->words);
	}
}

static void
fill_lines(struct work *w)
{
	struct snap_list *list = &w->s->logs;
	uint64_t newest = 0;
	size_t total = model_log_lines(w->m, &newest);

	snap_place_feed(&w->r->log, total, newest, list);
	list->n = (uint32_t)model_log_tail(w->m, w->v->log, list->n, list->top);
	for (uint32_t i = 0; i < list->n; i++) {
		w->s->log[i].n = w->v->log[i].n;
		w->s->log[i].time_ms = w->v->log[i].time_ms;
		w->s->log[i].level = w->v->log[i].level;
		memcpy(w->s->log[i].text, w->v->log[i].text, sizeof w->s->log[i].text);
	}
}

static void
fill_audit(struct work *w)
{
	struct audit *a = model_audit(w->m);
	struct snap_list *list = &w->s->audits;
	uint64_t newest = 0;
	size_t total;

	if (a == NULL)
		return;
	w->s->audit_lost = audit_lost(a);
	total = audit_lines(a, &newest);
	snap_place_feed(&w->r->audit, total, newest, list);
	list->n = (uint32_t)audit_tail(a, w->v->audit, list->n, list->top);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct audit_line *l = &w->v->audit[i];
		struct snap_audit *out = &w->s->audit[i];

		out->n = l->place;
		out->row = l->n;
		out->time_ms = l->time_ms;
		memcpy(out->who, l->who, sizeof out->who);
		memcpy(out->kind, l->kind, sizeof out->kind);
		out->tree = snap_put(w->s, (struct span){ l->tree, l->tree_n }, SNAP_NAME_MAX);
		out->text = snap_put(w->s, (struct span){ l->text, l->text_n }, SNAP_NAME_MAX);
	}
}

static void
fill_cert(struct work *w)
{
	const struct model_conn *c = model_conn(w->m);
	struct snap_cert *out = &w->s->cert;

	out->known = c->cert_known;
	memcpy(out->subject, c->cert_subject, sizeof out->subject);
	memcpy(out->issuer, c->cert_issuer, sizeof out->issuer);
	out->expires = c->cert_expires;
	memcpy(out->sha256, c->cert_sha256, sizeof out->sha256);
	out->pin = (int)c->cert_pin;
}

void
snap_fill_log(struct work *w)
{
	fill_conns(w);
	fill_subs(w);
	fill_lines(w);
	fill_audit(w);
	fill_cert(w);
}

/* ---- Keys */

void
snap_fill_keys(struct work *w)
{
	struct snap_list *list = &w->s->keys;
	uint64_t pos = w->r->keys.id == 0 ? 0 : w->r->keys.id - 1;
	size_t total;
	const struct model_key *key = model_keys(w->m, &total);

	pos = snap_place(&w->r->keys, total, pos, list);
	list->id = total == 0 ? 0 : pos + 1;
	for (uint32_t i = 0; i < list->n; i++) {
		const struct model_key *k = &key[list->top + i];
		struct snap_key *out = &w->s->key[i];

		memcpy(out->fpr, k->fpr, sizeof out->fpr);
		memcpy(out->uid, k->uid, sizeof out->uid);
		memcpy(out->use, k->use, sizeof out->use);
		memcpy(out->algo, k->algo, sizeof out->algo);
		out->created = k->created;
		out->expires = k->expires;
		out->secret = k->secret;
		out->revoked = k->revoked;
		out->expired = k->expired;
		out->ours = k->ours;
	}
}
