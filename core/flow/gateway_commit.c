/* The commit of a candidate (PROTOCOL 3.6, S2 to S7), and halt orders (3.11). */
#include "core/flow/gateway_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/crashpoint.h"
#include "core/base/log.h"

/* ---- from the store into memory */

static enum mq_err
read_conf(const struct gateway *g, struct span bundle, struct conf **out, struct mq_error *e)
{
	const struct conf_policy policy = { g->o.allow_non_ascii };
	struct bundle b;
	enum mq_err r;

	*out = NULL;
	if (bundle.n == 0)
		return MQ_OK;
	if (bundle_parse(bundle, &b) != V_NONE)
		return mq_fail(e, MQ_ESTATE, "a committed bundle does not parse");
	r = conf_parse(b.body, &policy, out, NULL);
	bundle_done(&b);
	if (r == MQ_EFORMAT) /* e.g. allow-non-ascii-topics was taken back */
		return mq_fail(e, MQ_ESTATE, "a committed conf does not parse with these settings");
	return r == MQ_OK ? r : mq_fail(e, r, "no memory for a conf");
}

static struct conf *
body_of(const struct gateway *g, const uint8_t hash[HASH_BYTES])
{
	if (g->cur != NULL && memcmp(g->cur->hash, hash, HASH_BYTES) == 0)
		return g->cur;
	if (g->prev != NULL && memcmp(g->prev->hash, hash, HASH_BYTES) == 0)
		return g->prev;
	return NULL;
}

enum mq_err
gateway_read_store(struct gateway *g, struct mq_error *e)
{
	const struct gwstore *s = g->o.store;
	const struct gwmeta *m = &s->meta;
	struct accept_committed *list = calloc(m->n_committed + 1, sizeof *list);
	struct conf *cur = NULL, *prev = NULL;
	enum mq_err r = MQ_ENOMEM;

	if (list == NULL)
		return mq_fail(e, r, "no memory for the history");
	if ((r = read_conf(g, buf_span(&s->cur), &cur, e)) != MQ_OK ||
	    (r = read_conf(g, buf_span(&s->prev), &prev, e)) != MQ_OK) {
		conf_free(cur);
		free(list);
		return r;
	}
	conf_free(g->cur);
	conf_free(g->prev);
	free(g->committed);
	g->cur = cur;
	g->prev = prev;
	g->committed = list;
	for (size_t i = 0; i < m->n_committed; i++) {
		list[i].revision = m->committed[i].revision;
		memcpy(list[i].hash, m->committed[i].hash, HASH_BYTES);
		list[i].conf = body_of(g, list[i].hash);
	}
	return MQ_OK;
}

/* ---- commit */

/* Who lost the race is evidence: both hashes stand in the receipt. */
static void
note_losers(struct gateway *g, const uint8_t winner[HASH_BYTES])
{
	g->n_rejected = 0;
	for (size_t i = 0; i < g->n_cand; i++)
		if (memcmp(g->kept[i].conf->hash, winner, HASH_BYTES) != 0)
			gateway_note_rejected(g, g->kept[i].conf, V_FORK);
}

/* S6 stands on disk: the same in memory. */
static bool
adopt(struct gateway *g)
{
	struct mq_error e;

	if (gateway_read_store(g, &e) != MQ_OK) {
		gateway_store_failed(g, &e);
		g->unfinished = true;
		return false;
	}
	for (size_t i = 0; i < g->n_cand; i++)
		accept_candidate_done(&g->kept[i]);
	g->n_cand = 0;
	g->standing = -1;
	g->gap_to = 0;
	g->unfinished = g->key_lost = false;
	g->present_once = true; /* what was just committed was seen at its place */
	g->absent_ms = 0;
	memset(&g->log_n, 0, sizeof g->log_n);
	g->n = 0; /* a new boot id */
	gateway_data_reboot(g);
	gateway_forget_said(g);
	g->committed_now = true;
	g->erase_ms = gateway_mono(g) + (int64_t)g->cur->grace * 1000 + 1;
	desk_forget_log(g->o.desk, gateway_tree(g), g->cur->revision);
	gateway_store_works(g);
	log_info("conf committed revision=%u epoch=%u owners=%zu", g->cur->revision, g->cur->epoch,
	    g->cur->n_owners);
	return true;
}

bool
gateway_finish(struct gateway *g)
{
	struct mq_error e;

	if (!g->unfinished)
		return true;
	if (gwstore_unfinished(g->o.store) && gwstore_finish(g->o.store, &e) != MQ_OK) {
		gateway_store_failed(g, &e);
		return false;
	}
	return adopt(g);
}

/* What becomes prev.bundle: N, or the last body of the run before C. */
static enum mq_err
predecessor(const struct accept_result *r, struct buf *out)
{
	if (r->n_run == 0)
		return MQ_OK;
	return bundle_print(out, conf_body(r->run[r->n_run - 1]), NULL, NULL, 0);
}

static enum mq_err
commit_on_disk(struct gateway *g, const struct accept_result *r, struct mq_error *e)
{
	struct gwmeta_rev *revs = calloc(r->n_run + 1, sizeof *revs);
	struct buf before;
	enum mq_err err;

	buf_init(&before, BUNDLE_MAX);
	if (revs == NULL || predecessor(r, &before) != MQ_OK) {
		err = mq_fail(e, MQ_ENOMEM, "no memory for a commit");
		goto out;
	}
	for (size_t i = 0; i <= r->n_run; i++) {
		const struct conf *c = i < r->n_run ? r->run[i] : r->conf;

		revs[i].revision = c->revision;
		memcpy(revs[i].hash, c->hash, HASH_BYTES);
	}
	err = gwstore_commit(g->o.store, revs, r->n_run + 1, buf_span(&before), r->rekey_due, e);
out:
	buf_done(&before);
	free(revs);
	return err;
}

bool
gateway_commit(struct gateway *g, struct accept_result *r, const struct accept_env *env)
{
	struct mq_error e;

	if (!gateway_keep(g, r, true) || !gateway_fetch_epoch(g, r->conf, env))
		return false;
	gateway_decide(g); /* S2: the candidate is told before it is the conf */
	gateway_say(g);
	crash_point("S2");
	if (commit_on_disk(g, r, &e) != MQ_OK) {
		gateway_store_failed(g, &e);
		g->unfinished = gwstore_unfinished(g->o.store);
		return false;
	}
	note_losers(g, r->conf->hash);
	return adopt(g);
}

/* ---- halt */

static void
obey(struct gateway *g, const struct halt_result *h)
{
	struct gwmeta *m = &g->o.store->meta;
	uint8_t hash[ACCEPT_PENDING_MAX][HASH_BYTES];
	struct mq_error e;

	if (h->issued <= m->halt_issued && h->by <= m->halted_by)
		return; /* known, or older and not stronger */
	for (size_t i = 0; i < h->n_voids; i++) {
		const struct conf *c = g->kept[h->voids[i]].conf;

		memcpy(hash[i], c->hash, HASH_BYTES);
		gateway_note_rejected(g, c, V_REJECTED);
		if (!gwmeta_add_void(m, c->hash))
			log_warn("the list of voided candidates is full");
	}
	if (h->by > m->halted_by) /* an owner's halt does not weaken one by recovery */
		m->halted_by = h->by;
	if (h->issued > m->halt_issued)
		m->halt_issued = h->issued;
	memcpy(m->halt_reason, h->reason, sizeof m->halt_reason);
	log_warn("halted by=%s reason=%s", h->by == HALTED_BY_RECOVERY ? "recovery" : "owner",
	    h->reason);
	if (gwstore_save_meta(g->o.store, &e) != MQ_OK) {
		gateway_store_failed(g, &e); /* obeyed all the same; the order stays retained */
		g->halt_unsaved = true;
	}
	for (size_t i = 0; i < h->n_voids; i++)
		gateway_drop(g, gateway_find(g, hash[i]));
}

void
gateway_judge_halt(struct gateway *g)
{
	const struct accept_slot slot = { .tree = gateway_tree(g), .name = SLOT_HALT };
	struct desk_view view = { .desk = g->o.desk, .tree = slot.tree, .current = g->cur };
	const struct accept_policy policy = gateway_policy(g);
	struct accept_state s;
	struct accept_env env;
	struct halt_result h;
	struct span payload;
	struct mq_error e;

	if (g->halt_unsaved && gwstore_save_meta(g->o.store, &e) == MQ_OK)
		g->halt_unsaved = false;
	if (g->cur == NULL || !desk_get(g->o.desk, slot.tree, SLOT_HALT, 0, &payload))
		return;
	gateway_accept_state(g, &s);
	desk_env(&view, &env);
	accept_halt(&s, &policy, &env, &slot, payload, clock_wall(g->o.clock), &h);
	if (!h.pending && h.verdict == V_VERIFIED)
		obey(g, &h);
}
