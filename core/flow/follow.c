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
	f->began_ms = f->import_at_ms = f->gw.since_mono_ms = clock_mono_ms(o->clock);
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
		buf_done(&f->watch[i].own);
	for (size_t i = 0; i < f->n_held; i++)
		secret_free(&f->held[i].secret);
	free(f);
}

struct span
follow_span(const struct follow *f)
{
	return (struct span){ f->topic, f->topic_n };
}

/* ---- taking payloads in */

static struct follow_watch *
find_watch(struct follow *f, const struct topic_parts *at)
{
	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];

		if (!w->behind && w->slot == at->slot && w->number == at->number &&
		    strcmp(w->fpr, at->fpr) == 0)
			return w;
	}
	return NULL;
}

static void
drop_watch(struct follow *f, struct follow_watch *w)
{
	if (!w->behind && w->slot != SLOT_PGP)
		desk_forget(f->o.desk, follow_span(f), w->slot, w->number);
	buf_done(&w->own);
	*w = f->watch[--f->n_watch];
}

static uint32_t
distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* Of log/ and keys/ those near what is current are worth a place. NULL: the new one is not. */
static struct follow_watch *
farthest(struct follow *f, const struct topic_parts *at)
{
	const struct conf *n = f->n_chain != 0 ? f->chain[0].conf : NULL;
	uint32_t here = n == NULL ? 0 : at->slot == SLOT_LOG ? n->revision : n->epoch;
	uint32_t most = distance(at->number, here);
	struct follow_watch *found = NULL;

	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];

		if (!w->behind && w->slot == at->slot && distance(w->number, here) > most) {
			most = distance(w->number, here);
			found = w;
		}
	}
	return found;
}

/* Of pgp/ those that nobody asked for go first. */
static struct follow_watch *
unwanted(struct follow *f)
{
	struct fpr list[FOLLOW_WANTED_MAX];
	size_t n = follow_wanted_keys(f, list, FOLLOW_WANTED_MAX);

	for (size_t i = 0; i < f->n_watch; i++) {
		bool wanted = f->watch[i].slot != SLOT_PGP;

		for (size_t k = 0; k < n && !wanted; k++)
			wanted = strcmp(list[k].hex, f->watch[i].fpr) == 0;
		if (!wanted)
			return &f->watch[i];
	}
	return NULL;
}

static size_t
places(enum topic_slot slot)
{
	return slot == SLOT_LOG ? FOLLOW_LOG_MAX : slot == SLOT_KEYS ? FOLLOW_KEYS_MAX :
	    slot == SLOT_PGP				     ? FOLLOW_PGP_MAX : 1;
}

/* False: no place is worth giving to this one. */
static bool
make_room(struct follow *f, const struct topic_parts *at)
{
	struct follow_watch *out;
	size_t n = 0;

	for (size_t i = 0; i < f->n_watch; i++)
		n += !f->watch[i].behind && f->watch[i].slot == at->slot;
	if (n < places(at->slot))
		return true;
	out = at->slot == SLOT_PGP ? unwanted(f) : farthest(f, at);
	if (out == NULL) {
		f->marks.crowded = true;
		return false;
	}
	drop_watch(f, out);
	return true;
}

static struct follow_watch *
make_watch(struct follow *f, const struct topic_parts *at)
{
	struct follow_watch *w = find_watch(f, at);

	if (w != NULL)
		return w;
	if (!make_room(f, at) || f->n_watch == FOLLOW_WATCHES_MAX)
		return NULL;
	w = &f->watch[f->n_watch++];
	memset(w, 0, sizeof *w);
	w->slot = at->slot;
	w->number = at->number;
	memcpy(w->fpr, at->fpr, sizeof w->fpr);
	buf_init(&w->own, PGP_CERT_MAX);
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
	buf_reset(&w->own);
	return buf_put(&w->own, payload.p, payload.n) == MQ_OK;
}

/* A payload that is overwritten before gpg answered is judged all the same: of two candidates on
 * one slot both are news. */
static void
step_behind(struct follow *f, const struct follow_watch *from, struct span payload)
{
	struct follow_watch *w = &f->watch[f->n_watch];
	struct follow_event ev = { .payload = payload, .verdict = V_RATE_LIMITED };
	size_t n = 0;

	for (size_t i = 0; i < f->n_watch; i++)
		n += f->watch[i].behind;
	if (n < FOLLOW_BEHIND_MAX && f->n_watch < FOLLOW_WATCHES_MAX) {
		*w = *from;
		w->behind = true;
		buf_init(&w->own, BUNDLE_MAX);
		f->n_watch++;
		if (buf_put(&w->own, payload.p, payload.n) == MQ_OK)
			return;
		drop_watch(f, w);
	}
	follow_tell(f, &(struct follow_watch){ .slot = from->slot, .number = from->number,
			   .retained = from->retained, .qos = from->qos }, &ev);
}

static void judge_watch(struct follow *f, struct follow_watch *w);

/* w gets other bytes: what lies there and was not judged yet has its turn first. What was found good
 * had its turn: with newer knowledge it would be called old, though nobody served it again. */
static void
judge_before_overwritten(struct follow *f, struct follow_watch *w, const uint8_t digest[HASH_BYTES])
{
	struct span payload;

	if (!w->dirty || w->slot == SLOT_PGP || memcmp(w->digest, digest, HASH_BYTES) == 0 ||
	    (w->told && verdict_is_green(w->verdict)))
		return;
	judge_watch(f, w); /* most need no gpg: a flood of strangers is seen through at once */
	if (w->dirty && desk_get(f->o.desk, follow_span(f), w->slot, w->number, &payload) && payload.n != 0)
		step_behind(f, w, payload);
}

static void
note_secure(struct follow *f, struct span payload, enum verdict v)
{
	if (payload.n == 0)
		return; /* judged like everything else: the moment counts */
	/* from here on data below is not taken for plain, whatever the conf turns out to be */
	f->marks.secure_seen = true;
	f->marks.secure_cleared = false;
	f->marks.secure_verdict = v;
}

void
follow_control(struct follow *f, const struct topic_parts *at, struct span payload, bool retained,
    uint8_t qos)
{
	enum verdict v = at_once(at, payload);
	struct follow_watch *w = make_watch(f, at);
	struct follow_watch passing = { .slot = at->slot, .number = at->number };
	struct follow_event ev = { .payload = payload };
	uint8_t digest[HASH_BYTES];

	conf_hash(digest, payload);
	/* The same bytes again need no second judgement, except where repeating is the news. */
	if (w != NULL && v == V_NONE && w->told && !w->dirty && w->slot != SLOT_RECEIPT &&
	    w->slot != SLOT_STATUS && memcmp(digest, w->digest, HASH_BYTES) == 0)
		return;
	if (w != NULL)
		judge_before_overwritten(f, w, digest);
	if (w == NULL || (v == V_NONE && !keep_payload(f, w, payload)))
		v = V_RATE_LIMITED; /* no room left: counted by the desk, said here */
	if (w == NULL) {
		memcpy(passing.fpr, at->fpr, sizeof passing.fpr);
		w = &passing;
	}
	w->retained = retained;
	w->qos = qos;
	w->told = false;
	if (at->slot == SLOT_SECURE)
		note_secure(f, payload, v);
	if (v != V_NONE) {
		ev.verdict = v;
		memset(w->digest, 0, HASH_BYTES); /* what is kept is not what was delivered */
		follow_tell(f, w, &ev);
		return;
	}
	memcpy(w->digest, digest, HASH_BYTES);
	w->dirty = true;
	w->import_id = 0;
	w->since_ms = clock_mono_ms(f->o.clock);
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
	if ((ev->verdict == V_ROLLBACK && w->slot == SLOT_LOG) ||
	    (ev->verdict == V_UNKNOWN_KEY && w->slot == SLOT_PGP))
		ev->cls = CLASS_NEUTRAL; /* history is where old revisions belong; pgp/ is open to all */
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

/* A certificate that nobody asked for may be wanted now; others are judged once. */
static bool
worth_another_look(const struct follow_watch *w)
{
	if (w->slot == SLOT_PGP)
		return w->told && (w->verdict == V_UNKNOWN_KEY || w->verdict == V_NEEDS_CONF);
	/* What was current when it came is not an alarm because something newer came since. */
	if ((w->slot == SLOT_SECURE || w->slot == SLOT_LOG) && w->told && w->verdict == V_VERIFIED)
		return false;
	return !judged_for_good(w) && at_once(&(struct topic_parts){ .slot = w->slot },
					  (struct span){ NULL, 0 }) == V_NONE;
}

void
follow_all_dirty(struct follow *f)
{
	for (size_t i = 0; i < f->n_watch; i++)
		f->watch[i].dirty |= worth_another_look(&f->watch[i]);
}

void
follow_look_again(struct follow *f)
{
	follow_all_dirty(f);
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
judge_watch(struct follow *f, struct follow_watch *w)
{
	struct span payload = buf_span(&w->own);
	size_t k = 0;

	if (w->slot != SLOT_PGP && !w->behind &&
	    !desk_get(f->o.desk, follow_span(f), w->slot, w->number, &payload))
		return;
	while (k < sizeof judges / sizeof judges[0] && judges[k].slot != w->slot)
		k++;
	if (k < sizeof judges / sizeof judges[0])
		judges[k].judge(f, w, payload);
}

static void
judge_all(struct follow *f)
{
	for (size_t k = 0; k < sizeof judges / sizeof judges[0]; k++)
		for (size_t i = 0; i < f->n_watch; i++)
			if (f->watch[i].dirty && f->watch[i].slot == judges[k].slot)
				judge_watch(f, &f->watch[i]);
	for (size_t i = f->n_watch; i-- > 0;)
		if (f->watch[i].behind && !f->watch[i].dirty)
			drop_watch(f, &f->watch[i]);
}

/* Nothing of this watch was kept (too large, no room): there is nothing to look at again. */
static bool
empty_digest(const struct follow_watch *w)
{
	static const uint8_t none[HASH_BYTES];

	return memcmp(w->digest, none, HASH_BYTES) == 0;
}

/* Candidates change with time (delays end, offers expire): look at them once a second. */
static void
times_pass(struct follow *f)
{
	bool over = f->n_chain != 0 && clock_wall(f->o.clock) >= f->chain[0].conf->valid_until;

	follow_drop_late_candidates(f);
	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];
		bool timed = w->verdict == V_DELAYED || w->verdict == V_NOT_YET ||
		    w->verdict == V_PARTIAL || w->verdict == V_WAITING_SECURE ||
		    w->verdict == V_SYS_ERROR || w->verdict == V_RATE_LIMITED ||
		    (w->verdict == V_VERIFIED && w->slot == SLOT_SECURE && over);

		if (w->told && timed && !judged_for_good(w) && !empty_digest(w))
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

		judge_all(f);
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

bool
follow_awaits_key(const struct follow *f, uint32_t epoch)
{
	for (size_t i = 0; i < f->n_watch; i++)
		if (f->watch[i].slot == SLOT_KEYS && f->watch[i].number == epoch &&
		    f->watch[i].dirty)
			return true;
	return false;
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
follow_reread(struct follow *f)
{
	f->marks.crowded = false;
}

void
follow_acknowledge(struct follow *f)
{
	f->marks.conflict = false;
	f->marks.gateway_changed = false;
	f->changed = true;
}
