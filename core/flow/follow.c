#include "core/flow/follow_impl.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 6 /* a new conf makes older verdicts worth another look, in a few rounds */

struct follow *
follow_new(const struct follow_options *o)
{
	struct follow *f;

	if (o->topic.n == 0 || o->topic.n > TOPIC_CONF_MAX || (f = calloc(1, sizeof *f)) == NULL)
		return NULL;
	f->o = *o;
	memcpy(f->topic, o->topic.p, o->topic.n);
	f->topic_n = o->topic.n;
	f->o.topic = follow_span(f);
	f->jt.topic = follow_span(f);
	f->import_tokens = FOLLOW_IMPORT_BURST;
	f->import_at_ms = f->gw.since_mono_ms = clock_mono_ms(o->clock);
	return f;
}

void
follow_conf_done(struct follow_conf *c)
{
	conf_free(c->conf);
	buf_done(&c->bundle);
	memset(c, 0, sizeof *c);
}

void
follow_free(struct follow *f)
{
	if (f == NULL)
		return;
	for (size_t i = 0; i < f->n_chain; i++)
		follow_conf_done(&f->chain[i]);
	for (size_t i = 0; i < f->n_cand; i++)
		accept_candidate_done(&f->kept[i]);
	for (size_t i = 0; i < f->n_watch; i++)
		buf_done(&f->watch[i].cert);
	for (size_t i = 0; i < f->n_held; i++)
		secret_free(&f->held[i].secret);
	free(f);
}

struct span
follow_span(const struct follow *f)
{
	return (struct span){ f->topic, f->topic_n };
}

struct span
follow_topic(const struct follow *f)
{
	return follow_span(f);
}

/* ---- taking payloads in */

static struct follow_watch *
find_watch(struct follow *f, const struct topic_parts *at)
{
	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];

		if (w->slot == at->slot && w->number == at->number &&
		    strcmp(w->fpr, at->fpr) == 0)
			return w;
	}
	return NULL;
}

static struct follow_watch *
make_watch(struct follow *f, const struct topic_parts *at)
{
	struct follow_watch *w = find_watch(f, at);

	if (w != NULL || f->n_watch == FOLLOW_WATCHES_MAX)
		return w;
	w = &f->watch[f->n_watch++];
	memset(w, 0, sizeof *w);
	w->slot = at->slot;
	w->number = at->number;
	memcpy(w->fpr, at->fpr, sizeof w->fpr);
	buf_init(&w->cert, PGP_CERT_MAX);
	return w;
}

/* Verdicts that need no look at the bytes. The rest waits for follow_run. */
static enum verdict
at_once(const struct topic_parts *at, struct span payload)
{
	if (at->slot == SLOT_CA || at->slot == SLOT_PING || at->slot == SLOT_OTHER)
		return V_PLAIN;
	if (payload.n > BUNDLE_MAX)
		return V_OVERSIZE;
	return V_NONE;
}

static bool
keep_payload(struct follow *f, struct follow_watch *w, struct span payload)
{
	if (w->slot != SLOT_PGP)
		return desk_put(f->o.desk, follow_span(f), w->slot, w->number, payload);
	buf_reset(&w->cert);
	return buf_put(&w->cert, payload.p, payload.n) == MQ_OK;
}

void
follow_control(struct follow *f, const struct topic_parts *at, struct span payload, bool retained,
    uint8_t qos)
{
	enum verdict v = at_once(at, payload);
	struct follow_watch *w = make_watch(f, at), passing = { .slot = at->slot };
	struct follow_event ev = { .payload = payload };
	uint8_t digest[HASH_BYTES];

	if (w == NULL || (v == V_NONE && !keep_payload(f, w, payload)))
		v = V_RATE_LIMITED; /* no room left: counted by the desk, said here */
	if (w == NULL)
		w = &passing;
	w->retained = retained;
	w->qos = qos;
	if (v != V_NONE) {
		ev.verdict = v;
		w->told = false;
		w->dirty = false;
		follow_tell(f, w, &ev);
		return;
	}
	conf_hash(digest, payload);
	/* The same bytes again need no second judgement, except where repeating is the news. */
	if (w->told && memcmp(digest, w->digest, HASH_BYTES) == 0 && w->slot != SLOT_RECEIPT &&
	    w->slot != SLOT_STATUS)
		return;
	memcpy(w->digest, digest, HASH_BYTES);
	w->since_ms = clock_mono_ms(f->o.clock);
	w->told = false;
	w->dirty = true;
	w->import_id = 0;
	if (w->slot == SLOT_SECURE || w->slot == SLOT_LOG || w->slot == SLOT_KEYS)
		follow_all_dirty(f); /* what others wait for may lie here */
}

void
follow_tell(struct follow *f, struct follow_watch *w, struct follow_event *ev)
{
	w->dirty = false;
	if (w->told && w->verdict == ev->verdict && w->flags == ev->flags)
		return;
	w->told = true;
	w->verdict = ev->verdict;
	w->flags = ev->flags;
	f->changed = true;
	ev->slot = w->slot;
	ev->number = w->number;
	memcpy(ev->fpr, w->fpr, sizeof ev->fpr);
	ev->retained = w->retained;
	ev->qos = w->qos;
	ev->cls = verdict_class_of(ev->verdict, ev->flags);
	if (ev->verdict == V_ROLLBACK && w->slot == SLOT_LOG)
		ev->cls = CLASS_NEUTRAL; /* history is where old revisions belong */
	if (f->o.judged != NULL)
		f->o.judged(f->o.arg, f, ev);
}

/* Receipts count by number: a judged one is never judged again, only one that lacked its conf. */
static bool
judged_for_good(const struct follow_watch *w)
{
	return (w->slot == SLOT_RECEIPT || w->slot == SLOT_STATUS) && w->told &&
	    w->verdict != V_NEEDS_CONF;
}

void
follow_all_dirty(struct follow *f)
{
	for (size_t i = 0; i < f->n_watch; i++)
		if (f->watch[i].slot != SLOT_PGP && !judged_for_good(&f->watch[i]) &&
		    at_once(&(struct topic_parts){ .slot = f->watch[i].slot },
			(struct span){ NULL, 0 }) == V_NONE)
			f->watch[i].dirty = true;
}

/* ---- the round */

static const struct {
	enum topic_slot slot;
	void (*judge)(struct follow *f, struct follow_watch *w, struct span payload);
} judges[] = {
	/* order matters: what brings knowledge comes before what needs it */
	{ SLOT_PGP, follow_judge_pgp },	      { SLOT_SECURE, follow_judge_conf },
	{ SLOT_NEXT, follow_judge_conf },     { SLOT_LOG, follow_judge_conf },
	{ SLOT_HALT, follow_judge_halt },     { SLOT_KEYS, follow_judge_keys },
	{ SLOT_RECEIPT, follow_judge_receipt }, { SLOT_STATUS, follow_judge_receipt },
	{ SLOT_INFO, follow_judge_info },
};

static void
judge_slot(struct follow *f, size_t k)
{
	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];
		struct span payload = buf_span(&w->cert);

		if (!w->dirty || w->slot != judges[k].slot)
			continue;
		if (w->slot == SLOT_PGP ||
		    desk_get(f->o.desk, follow_span(f), w->slot, w->number, &payload))
			judges[k].judge(f, w, payload);
	}
}

/* Candidates change with time (delays end, offers expire): look at them once a second. */
static void
times_pass(struct follow *f)
{
	bool over = f->n_chain != 0 && clock_wall(f->o.clock) >= f->chain[0].conf->valid_until;

	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];
		bool timed = w->verdict == V_DELAYED || w->verdict == V_NOT_YET ||
		    w->verdict == V_PARTIAL || w->verdict == V_WAITING_SECURE ||
		    w->verdict == V_SYS_ERROR || w->verdict == V_RATE_LIMITED ||
		    (w->verdict == V_VERIFIED && w->slot == SLOT_SECURE && over);

		if (w->told && timed && !judged_for_good(w))
			w->dirty = true;
	}
}

bool
follow_run(struct follow *f)
{
	bool changed;

	times_pass(f);
	for (int round = 0; round < ROUNDS_MAX; round++) {
		size_t before = f->n_chain;
		const struct conf *head = f->n_chain != 0 ? f->chain[0].conf : NULL;

		for (size_t k = 0; k < sizeof judges / sizeof judges[0]; k++)
			judge_slot(f, k);
		if (f->n_chain == before && head == (before != 0 ? f->chain[0].conf : NULL))
			break;
	}
	changed = f->changed;
	f->changed = false;
	return changed;
}

void
follow_link(struct follow *f, bool up)
{
	if (up)
		f->gw.since_mono_ms = clock_mono_ms(f->o.clock);
}

/* ---- what is believed */

const struct follow_conf *
follow_current(const struct follow *f)
{
	return f->n_chain != 0 ? &f->chain[0] : NULL;
}

size_t
follow_chain(const struct follow *f, const struct follow_conf **out)
{
	*out = f->chain;
	return f->n_chain;
}

size_t
follow_candidates(const struct follow *f, const struct accept_candidate **kept,
    const struct follow_candidate **result)
{
	*kept = f->kept;
	*result = f->cand;
	return f->n_cand;
}

const struct judge_tree *
follow_judge_tree(const struct follow *f)
{
	return &f->jt;
}

void
follow_set_hints(struct follow *f,
    bool (*by_hint)(void *arg, const uint8_t topic8[8], struct span *topic), void *arg)
{
	f->jt.by_hint = by_hint;
	f->jt.arg = arg;
}

const struct follow_gateway *
follow_gateway(const struct follow *f)
{
	return &f->gw;
}

const struct follow_marks *
follow_marks(const struct follow *f)
{
	return &f->marks;
}

void
follow_note_equivocation(struct follow *f)
{
	f->marks.conflict = true;
	f->changed = true;
}

void
follow_acknowledge(struct follow *f)
{
	f->marks.conflict = false;
	f->marks.gateway_changed = false;
	f->changed = true;
}
