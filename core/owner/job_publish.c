/* From the outbox to the gateway's receipt: O3 to O7 of PROTOCOL 3.7. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/owner/job_impl.h"
#include "core/trust/armor.h"

#define HINT_MAX 128
#define READ_BACK_MS (SESSION_CONNECT_MS + SESSION_SETTLE_MS)

/* ---- the base */

/* Our own bundle may have been published before a crash and be current by now. */
enum mq_err
job_base_unchanged(struct job *j, struct mq_error *e)
{
	const struct outbox_meta *m = outbox_meta(j->box);
	const struct follow_conf *c;
	enum mq_err r = session_settle(j->s, e);

	if (r != MQ_OK)
		return r;
	c = follow_current(session_follow(j->s));
	if (j->halting) {
		if (!job_same_hash(c->conf->hash, j->base->hash))
			return mq_fail(e, MQ_EAGAIN, "the tree moved on to revision %u meanwhile; look "
			    "again before you halt it", c->conf->revision);
		job_say(j, "still revision %u", c->conf->revision);
		return MQ_OK;
	}
	if (c != NULL && job_same_hash(c->conf->hash, j->conf->hash)) {
		job_say(j, "already revision %u", c->conf->revision);
		return MQ_OK;
	}
	if (c == NULL && m->base_revision == 0) {
		job_say(j, "still unclaimed");
		return MQ_OK;
	}
	if (c == NULL || !job_same_hash(c->conf->hash, m->base_hash))
		return mq_fail(e, MQ_EAGAIN, "the base moved to revision %u meanwhile: what you signed "
		    "follows revision %u. It is kept; look at the new one and begin again",
		    c != NULL ? c->conf->revision : 0, m->base_revision);
	job_say(j, "still revision %u", c->conf->revision);
	return MQ_OK;
}

/* ---- publishing */

/* Everybody who judges this conf needs the public keys of its owners. */
static enum mq_err
publish_cert(struct job *j, const struct fpr *f, struct mq_error *e)
{
	struct buf armored, cert;
	enum mq_err r;

	if (session_cert(j->s, f).n != 0 || !signer_has(j->signer, f))
		return MQ_OK;
	buf_init(&armored, 2 * PGP_CERT_MAX);
	buf_init(&cert, PGP_CERT_MAX);
	if ((r = signer_export(j->signer, f, &armored, e)) == MQ_OK &&
	    (r = armor_open(&cert, buf_span(&armored))) == MQ_OK)
		r = session_publish(j->s, SLOT_PGP, 0, f->hex, buf_span(&cert), e);
	buf_done(&armored);
	buf_done(&cert);
	return r;
}

static enum mq_err
publish_some(struct job *j, const struct fpr *list, size_t n, bool newcomers, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < n && r == MQ_OK; i++) {
		bool known = j->base == NULL || conf_is_owner(j->base, &list[i]) ||
		    conf_is_recovery(j->base, &list[i]);

		if (known != newcomers)
			r = publish_cert(j, &list[i], e);
	}
	return r;
}

/* Newcomers come after the conf that names them: until then nobody expects their keys. */
static enum mq_err
publish_certs(struct job *j, bool newcomers, struct mq_error *e)
{
	enum mq_err r = publish_some(j, j->conf->owner, j->conf->n_owners, newcomers, e);

	return r != MQ_OK ? r :
	    publish_some(j, j->conf->recovery, j->conf->n_recovery, newcomers, e);
}

static enum mq_err
publish_epoch(struct job *j, struct mq_error *e)
{
	enum mq_err r = publish_certs(j, false, e);

	if (r == MQ_OK && j->new_epoch != 0) {
		job_say(j, "keys/%u ...", j->new_epoch);
		r = session_publish(j->s, SLOT_KEYS, j->new_epoch, "", buf_span(&j->blob), e);
	}
	return r == MQ_OK ? outbox_reach(j->box, OUTBOX_O3, e) : r;
}

/* log before secure: who follows secure must find the history. */
static enum mq_err
publish_complete(struct job *j, struct mq_error *e)
{
	struct span bundle = buf_span(&j->bundle);
	enum mq_err r;

	job_say(j, "log/%u ...", j->conf->revision);
	if ((r = session_publish(j->s, SLOT_LOG, j->conf->revision, "", bundle, e)) != MQ_OK)
		return r;
	job_say(j, "log/%u, secure ...", j->conf->revision);
	if ((r = session_publish(j->s, SLOT_SECURE, 0, "", bundle, e)) != MQ_OK)
		return r;
	return outbox_reach(j->box, OUTBOX_O4, e);
}

enum mq_err
job_publish(struct job *j, struct mq_error *e)
{
	char text[120], epoch[24] = "";
	enum mq_err r;

	if ((r = publish_epoch(j, e)) != MQ_OK ||
	    (j->complete && (r = publish_complete(j, e)) != MQ_OK))
		return r;
	/* a genesis has no old place */
	if (j->conf->revision != 1 &&
	    (r = session_publish(j->s, SLOT_NEXT, 0, "", buf_span(&j->bundle), e)) != MQ_OK)
		return r;
	if ((r = publish_certs(j, true, e)) != MQ_OK ||
	    (r = outbox_reach(j->box, OUTBOX_O5, e)) != MQ_OK)
		return r;
	if (j->new_epoch != 0)
		(void)snprintf(epoch, sizeof epoch, "keys/%u, ", j->new_epoch);
	if (j->complete)
		job_say(j, "%slog/%u, secure%s", epoch, j->conf->revision,
		    j->conf->revision != 1 ? ", next" : "");
	else
		job_say(j, "%snext", epoch);
	(void)snprintf(text, sizeof text, "%s: revision %u published", j->row->name,
	    j->conf->revision);
	job_audit(j, "push", text);
	return MQ_OK;
}

enum mq_err
job_publish_halt(struct job *j, struct mq_error *e)
{
	enum mq_err r = session_publish(j->s, SLOT_HALT, 0, "", buf_span(&j->bundle), e);

	if (r != MQ_OK)
		return r;
	job_say(j, "halt");
	job_audit(j, "halt", "halt order published");
	return MQ_OK;
}

/* ---- read back */

struct look {
	enum topic_slot slot;
	struct span bytes;
	bool shown;
	struct session_verdict v;
};

static bool
is_back(void *arg, struct session *s)
{
	struct look *l = arg;
	struct span seen;

	l->shown = session_payload(s, l->slot, 0, &seen) && span_eq(seen, l->bytes);
	/* an alarm may only mean that confs and certificates are still on their way */
	return l->shown && session_verdict(s, l->slot, 0, &l->v) &&
	    job_may_be_published(l->v.verdict);
}

static enum mq_err
not_read_back(const struct look *l, struct mq_error *e)
{
	if (l->shown)
		return mq_fail(e, MQ_EPERM, "read back, it is judged %s %s", verdict_code(l->v.verdict),
		    l->v.reason);
	return mq_fail(e, MQ_EAGAIN, "`%s` does not show what was published: the broker keeps nothing, or "
	    "somebody published over it. `mqgp push` tries again", topic_slot_name(l->slot));
}

enum mq_err
job_read_back(struct job *j, struct mq_error *e)
{
	struct session_options so = { .profile = j->o.profile, .state_dir = j->o.state_dir,
		.run_dir = j->o.run_dir, .clock = j->o.clock, .tree = job_tree(j),
		.cancel_fd = job_cancel_fd(j), .patient = true };
	struct look l = { .slot = j->halting ? SLOT_HALT : j->complete ? SLOT_SECURE : SLOT_NEXT,
		.bytes = buf_span(&j->bundle) };
	struct session *fresh;
	enum mq_err r;

	if ((r = session_open(&fresh, &so, e)) != MQ_OK)
		return r;
	r = session_until(fresh, is_back, &l, READ_BACK_MS, e);
	if (r == MQ_ETIMEOUT)
		r = not_read_back(&l, e);
	if (r == MQ_OK)
		job_say(j, "%s is %s %s", topic_slot_name(l.slot), verdict_code(l.v.verdict),
		    l.v.partial);
	session_close(fresh);
	return r;
}

/* ---- receipt */

enum answer { NO_ANSWER, RUNS_IT, HOLDS_IT, REFUSES_IT };

struct receipt_wait {
	struct job *j;
	enum answer answer;
	char code[33];
};

static bool
is_halted(const struct job *j, const struct receipt *r)
{
	return r->state == GS_HALTED && job_same_hash(r->conf, j->base->hash);
}

static enum answer
answer_in(const struct job *j, const struct receipt *r, char code[33])
{
	if (j->halting)
		return is_halted(j, r) ? RUNS_IT : NO_ANSWER;
	if (job_same_hash(r->conf, j->conf->hash))
		return RUNS_IT;
	for (size_t i = 0; i < r->n_rejected; i++)
		if (job_same_hash(r->rejected[i].hash, j->conf->hash)) {
			memcpy(code, r->rejected[i].code, 33);
			return REFUSES_IT;
		}
	for (size_t i = 0; i < r->n_pending; i++)
		if (job_same_hash(r->pending[i].hash, j->conf->hash) &&
		    (!j->complete || r->state == GS_DELAYED))
			return HOLDS_IT;
	return NO_ANSWER;
}

static bool
has_answer(void *arg, struct session *s)
{
	struct receipt_wait *w = arg;
	const struct follow_gateway *g = follow_gateway(session_follow(s));

	if (g->any_receipt)
		w->answer = answer_in(w->j, &g->receipt, w->code);
	return w->answer != NO_ANSWER;
}

/* What lies on `receipt` without a conf that could judge it: an unclaimed gateway's word. */
static void
hint_of(struct job *j, char out[HINT_MAX])
{
	struct span payload;
	struct receipt r;
	unsigned line;

	out[0] = 0;
	if (session_payload(j->s, SLOT_RECEIPT, 0, &payload) &&
	    receipt_parse(payload, false, &r, &line) == V_NONE)
		(void)snprintf(out, HINT_MAX, "; it says, unverified: %s%s%s%s%s",
		    gateway_state_name(r.state), r.reason[0] != 0 ? ", " : "", r.reason,
		    r.n_rejected != 0 ? ", rejected " : "",
		    r.n_rejected != 0 ? r.rejected[0].code : "");
}

static void
tell_held(struct job *j)
{
	const struct follow_gateway *g = follow_gateway(session_follow(j->s));

	if (!j->complete) {
		job_say(j, "held by the gateway until the other signatures come");
		(void)snprintf(j->told, sizeof j->told, "revision %u is offered; it waits for the "
		    "other owner's signature", j->conf->revision);
		return;
	}
	j->delayed = true;
	job_say(j, "%s: waits transfer-delay", gateway_state_name(g->receipt.state));
	(void)snprintf(j->told, sizeof j->told, "revision %u is held by the gateway and applies after "
	    "transfer-delay; `mqgp push` completes the book-keeping then", j->conf->revision);
}

enum mq_err
job_receipt(struct job *j, struct mq_error *e)
{
	struct receipt_wait w = { .j = j };
	int ms = j->o.receipt_ms != 0 ? j->o.receipt_ms : JOB_RECEIPT_MS;
	enum mq_err r = session_until(j->s, has_answer, &w, ms, e);
	char hint[HINT_MAX];

	if (r == MQ_ETIMEOUT) {
		hint_of(j, hint);
		return mq_fail(e, MQ_EAGAIN, "published, but the gateway gave no receipt within %d s%s; "
		    "is it running? `mqgp push` waits again", ms / 1000, hint);
	}
	if (r != MQ_OK)
		return r;
	(void)pthread_mutex_lock(&j->lock);
	(void)snprintf(j->view.receipt, sizeof j->view.receipt, "%s",
	    gateway_state_name(follow_gateway(session_follow(j->s))->receipt.state));
	(void)pthread_mutex_unlock(&j->lock);
	if (w.answer == REFUSES_IT)
		return mq_fail(e, MQ_EPERM, "the gateway refuses revision %u: %s", j->conf->revision,
		    w.code);
	if (w.answer == HOLDS_IT)
		tell_held(j);
	else {
		job_say(j, "%s %u", j->view.receipt, j->conf->revision);
		(void)snprintf(j->told, sizeof j->told, j->halting ? "the gateway is halted at revision "
		    "%u; any new revision starts it again" : "the gateway runs revision %u",
		    j->conf->revision);
	}
	if (j->halting || j->delayed)
		return MQ_OK;
	return outbox_reach(j->box, OUTBOX_O6, e);
}

/* ---- done */

/* A proposal of this revision or an older one, or a halt of an older one, says nothing any more. */
static enum mq_err
clear_slot(struct job *j, enum topic_slot slot, struct mq_error *e)
{
	struct span payload, none = { NULL, 0 };

	if (!session_payload(j->s, slot, 0, &payload) || payload.n == 0)
		return MQ_OK;
	return session_publish(j->s, slot, 0, "", none, e);
}

static bool
next_is_over(struct job *j)
{
	struct session_verdict v;
	struct span payload;

	if (session_payload(j->s, SLOT_NEXT, 0, &payload) &&
	    span_eq(payload, buf_span(&j->bundle)))
		return true;
	return session_verdict(j->s, SLOT_NEXT, 0, &v) && v.revision <= j->conf->revision &&
	    v.revision != 0;
}

static enum mq_err
update_pin(struct job *j, struct mq_error *e)
{
	const struct conf *c = j->conf;
	struct pin pin = { .gateway = c->gateway, .revision = c->revision, .topic_n = c->topic_n,
		.n_owners = c->n_owners };
	enum mq_err r;

	memcpy(pin.topic, c->topic, c->topic_n);
	memcpy(pin.hash, c->hash, HASH_BYTES);
	memcpy(pin.owner, c->owner, c->n_owners * sizeof c->owner[0]);
	if (j->new_epoch != 0 && (r = keystore_put_epoch(session_keys(j->s), job_tree(j), j->new_epoch,
				      j->epoch_secret.p, e)) != MQ_OK)
		return r;
	/* a person compared the gateway's fingerprint to claim it; else only an existing pin moves */
	if (c->revision != 1 && pins_find(session_pins(j->s), job_tree(j)) == NULL)
		return MQ_OK;
	if ((r = keystore_put_bundle(session_keys(j->s), job_tree(j), buf_span(&j->bundle), e)) !=
	    MQ_OK)
		return r;
	r = pins_set(session_pins(j->s), &pin, e);
	return r == MQ_EAGAIN ? MQ_OK : r; /* another terminal knows an even newer one */
}

enum mq_err
job_finish(struct job *j, struct mq_error *e)
{
	enum mq_err r;

	if (j->halting || !j->complete || j->delayed) {
		job_say(j, j->halting ? "halted" : "waiting");
		return MQ_OK;
	}
	if ((next_is_over(j) && (r = clear_slot(j, SLOT_NEXT, e)) != MQ_OK) ||
	    (r = clear_slot(j, SLOT_HALT, e)) != MQ_OK || (r = update_pin(j, e)) != MQ_OK ||
	    (r = outbox_reach(j->box, OUTBOX_O7, e)) != MQ_OK)
		return r;
	job_audit(j, "active", j->told);
	job_say(j, "next cleared%s", pins_find(session_pins(j->s), job_tree(j)) != NULL ?
	    ", pin updated" : "");
	return MQ_OK;
}
