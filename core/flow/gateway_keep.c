/* Candidates: what of them is kept, in memory and in pend/ (PROTOCOL 3.5 Stored, 3.6 S1). */
#include "core/flow/gateway_impl.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/log.h"

size_t
gateway_find(const struct gateway *g, const uint8_t hash[HASH_BYTES])
{
	size_t i = 0;

	while (i < g->n_cand && memcmp(g->kept[i].conf->hash, hash, HASH_BYTES) != 0)
		i++;
	return i;
}

void
gateway_drop(struct gateway *g, size_t i)
{
	struct mq_error e;

	if (gwstore_drop_pending(g->o.store, g->kept[i].conf->hash, &e) != MQ_OK)
		gateway_store_failed(g, &e); /* it is judged again after a restart */
	accept_candidate_done(&g->kept[i]);
	g->n_cand--;
	memmove(&g->kept[i], &g->kept[i + 1], (g->n_cand - i) * sizeof g->kept[0]);
	memmove(&g->cand[i], &g->cand[i + 1], (g->n_cand - i) * sizeof g->cand[0]);
	if (g->standing == (int)i)
		g->standing = -1;
	else if (g->standing > (int)i)
		g->standing--;
}

/* Four of each kind (3.5). */
static bool
make_room(struct gateway *g, const struct accept_result *r, bool force)
{
	unsigned a_of[ACCEPT_PENDING_MAX] = { 0 };
	struct accept_state s;
	int at;

	for (size_t i = 0; i < g->n_cand; i++)
		a_of[i] = g->cand[i].a;
	gateway_accept_state(g, &s);
	at = accept_replaces(&s, r->conf->kind, r->a, a_of, g->standing);
	for (size_t i = 0; force && at == -2 && i < g->n_cand; i++)
		if (g->kept[i].conf->kind == r->conf->kind)
			at = (int)i; /* the commit that follows empties pend/ anyway */
	if (at >= 0)
		gateway_drop(g, (size_t)at);
	return at != -2;
}

/* ---- which signatures a stored bundle carries */

static bool
is_among(const struct fpr *list, size_t n, const struct fpr *f)
{
	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], f))
			return true;
	return false;
}

static bool
is_base(const struct gateway *g, const struct conf *c, const struct fpr *f)
{
	if (g->cur == NULL)
		return is_among(g->o.anchor, g->o.n_anchor, f);
	return c->kind == KIND_RECOVERY ? conf_is_recovery(g->cur, f) : conf_is_owner(g->cur, f);
}

static void
take(const struct accept_result *r, size_t i, bool *taken, struct bundle_sig *out, size_t *n)
{
	if (taken[i] || *n == BUNDLE_SIGS_MAX)
		return;
	taken[i] = true;
	/* bundle_print only reads; its type is that of a parsed, owning bundle */
	out[*n].p = (uint8_t *)(uintptr_t)r->signer_sig[i].p;
	out[(*n)++].n = r->signer_sig[i].n;
}

/* The gate passed by a claim and no signer's certificate is here yet: their signatures as they came,
 * or the stored bundle would be an unsigned one. */
static size_t
pick_unknown(const struct accept_result *r, struct bundle_sig *out)
{
	memcpy(out, r->parsed.sig, r->parsed.n_sigs * sizeof *out);
	return r->parsed.n_sigs;
}

/* A bundle has room for sixteen: first as many of the base as its line needs, then of the new
 * owners, then the rest, so that a complete candidate stays complete by itself. */
static size_t
pick_sigs(const struct gateway *g, const struct accept_result *r, struct bundle_sig *out)
{
	bool taken[ACCEPT_KEPT_SIGS_MAX] = { false };
	unsigned base = 0, owners = 0;
	size_t n = 0;

	if (r->n_signers == 0)
		return pick_unknown(r, out);
	for (size_t i = 0; i < r->n_signers; i++)
		if (base < r->b && is_base(g, r->conf, &r->signer[i])) {
			base++;
			owners += conf_is_owner(r->conf, &r->signer[i]);
			take(r, i, taken, out, &n);
		}
	for (size_t i = 0; i < r->n_signers; i++)
		if (owners < r->d && !taken[i] && conf_is_owner(r->conf, &r->signer[i])) {
			owners++;
			take(r, i, taken, out, &n);
		}
	for (size_t i = 0; i < r->n_signers; i++)
		take(r, i, taken, out, &n);
	return n;
}

/* ---- S1 */

static const struct gwstore_pending *
stored_as(const struct gateway *g, const uint8_t hash[HASH_BYTES])
{
	const struct gwstore *s = g->o.store;

	for (size_t i = 0; i < s->n_pend; i++)
		if (memcmp(s->pend[i].hash, hash, HASH_BYTES) == 0)
			return &s->pend[i];
	return NULL;
}

static bool
write_pending(struct gateway *g, const struct accept_result *r, const struct gateway_candidate *c)
{
	const struct gwstore_pending *old = stored_as(g, r->conf->hash);
	struct bundle_sig sig[BUNDLE_SIGS_MAX];
	struct buf bytes;
	struct mq_error e;
	enum mq_err err;

	if (old != NULL && r->n_signers == 0)
		return true; /* nobody knows yet what is worth more */
	buf_init(&bytes, BUNDLE_MAX);
	err = bundle_print(&bytes, conf_body(r->conf), c->has_claim ? c->claim : NULL, sig,
	    pick_sigs(g, r, sig));
	if (err != MQ_OK) {
		(void)mq_fail(&e, err, "a candidate does not fit into a bundle");
		goto out;
	}
	if (old != NULL && span_eq(buf_span(&old->bundle), buf_span(&bytes)))
		goto out;
	err = gwstore_put_pending(g->o.store, r->conf->hash, buf_span(&bytes), &e);
	if (err == MQ_OK) {
		gateway_store_works(g);
		log_info("candidate stored revision=%u sigs=%u/%u+%u/%u", r->conf->revision, r->a,
		    r->b, r->c, r->d);
	}
out:
	if (err != MQ_OK)
		gateway_store_failed(g, &e);
	buf_done(&bytes);
	return err == MQ_OK;
}

static bool
claim_right(const struct gateway *g, const struct accept_result *r)
{
	const struct secret *k = &g->o.store->claim;
	uint8_t mac[HASH_BYTES];

	if (!r->parsed.has_claim || k->n != HASH_BYTES)
		return false;
	claim_mac(k->p, r->parsed.body, mac);
	return sodium_memcmp(mac, r->parsed.claim, sizeof mac) == 0;
}

bool
gateway_keep(struct gateway *g, const struct accept_result *r, bool force)
{
	size_t i = gateway_find(g, r->conf->hash);
	struct accept_candidate merged = { 0 };
	struct gateway_candidate c = { 0 };

	if (i == g->n_cand && !make_room(g, r, force))
		return false;
	i = gateway_find(g, r->conf->hash);
	if (i < g->n_cand) {
		c = g->cand[i];
		merged.complete_at = g->kept[i].complete_at;
	}
	if (claim_right(g, r)) {
		c.has_claim = true;
		memcpy(c.claim, r->parsed.claim, sizeof c.claim);
	}
	if (accept_keep(&merged, r) != MQ_OK)
		return false;
	c.verdict = r->verdict;
	c.reason = r->reason;
	c.a = r->a;
	c.b = r->b;
	c.c = r->c;
	c.d = r->d;
	if (!write_pending(g, r, &c)) {
		accept_candidate_done(&merged);
		return false;
	}
	if (i < g->n_cand)
		accept_candidate_done(&g->kept[i]);
	else
		g->n_cand++;
	g->kept[i] = merged;
	g->cand[i] = c;
	return true;
}

void
gateway_record_moments(struct gateway *g, const struct accept_result *r)
{
	struct gwmeta *m = &g->o.store->meta;
	uint8_t keep[ACCEPT_PENDING_MAX][HASH_BYTES];
	bool changed = false;
	struct mq_error e;

	for (size_t i = 0; i < r->n_moments; i++) {
		if (gwmeta_complete_at(m, r->moment[i].hash) != 0)
			continue;
		if (m->n_complete == ACCEPT_PENDING_MAX) { /* those of bodies that are gone */
			for (size_t k = 0; k < g->n_cand; k++)
				memcpy(keep[k], g->kept[k].conf->hash, HASH_BYTES);
			gwmeta_keep_complete(m, (const uint8_t(*)[HASH_BYTES])keep, g->n_cand);
		}
		gwmeta_set_complete(m, r->moment[i].hash, r->moment[i].at);
		changed = true;
	}
	if (changed && gwstore_save_meta(g->o.store, &e) != MQ_OK)
		gateway_store_failed(g, &e); /* a later time is recorded then: delays only grow */
}

/* ---- start */

static enum mq_err
copy_sigs(struct accept_candidate *c, const struct bundle *b)
{
	for (size_t i = 0; i < b->n_sigs; i++) {
		struct span s = { b->sig[i].p, b->sig[i].n };

		if ((c->sig[i].p = (uint8_t *)span_dup(s)) == NULL)
			return MQ_ENOMEM;
		c->sig[i].n = s.n;
		c->n_sigs++;
	}
	return MQ_OK;
}

static enum mq_err
load_one(struct gateway *g, const struct gwstore_pending *p)
{
	const struct conf_policy policy = { g->o.allow_non_ascii };
	struct accept_candidate *c = &g->kept[g->n_cand];
	struct bundle b;
	enum mq_err r;

	memset(c, 0, sizeof *c);
	memset(&g->cand[g->n_cand], 0, sizeof g->cand[0]);
	if (bundle_parse(buf_span(&p->bundle), &b) != V_NONE)
		return MQ_EFORMAT;
	r = conf_parse(b.body, &policy, &c->conf, NULL);
	if (r == MQ_OK)
		r = copy_sigs(c, &b);
	if (r == MQ_OK) {
		c->complete_at = gwmeta_complete_at(&g->o.store->meta, p->hash);
		g->cand[g->n_cand].has_claim = b.has_claim;
		memcpy(g->cand[g->n_cand].claim, b.claim, sizeof b.claim);
		g->n_cand++;
	} else {
		accept_candidate_done(c);
	}
	bundle_done(&b);
	return r;
}

enum mq_err
gateway_load(struct gateway *g, struct mq_error *e)
{
	const struct gwstore *s = g->o.store;

	for (size_t i = 0; i < s->n_pend; i++) {
		enum mq_err r = load_one(g, &s->pend[i]);

		if (r == MQ_ENOMEM)
			return mq_fail(e, r, "no memory for the stored candidates");
		if (r != MQ_OK)
			log_warn("a stored candidate does not parse and is left alone");
	}
	return MQ_OK;
}
