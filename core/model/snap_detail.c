/* One topic: its values, its history, its numbers; and why a message was judged as it was. */
#include <stdio.h>
#include <string.h>

#include "core/model/snap_priv.h"
#include "core/verdict/judge.h"

#define NUMBER_DIGITS 15 /* exact in a double */

/* ---- entries */

static void
fill_entry(struct work *w, const struct history_entry *e, struct snap_entry *out)
{
	memset(out, 0, sizeof *out);
	out->serial = e->serial;
	out->received_ms = e->received_ms;
	out->claimed_ms = e->claimed_ms;
	out->verdict = (enum verdict)e->verdict;
	out->cls = (enum verdict_class)e->cls;
	out->flags = e->flags;
	out->reason = snap_put(w->s, history_reason(e), HISTORY_REASON_MAX);
	out->size = e->size;
	out->rev = e->rev;
	out->epoch = e->epoch;
	out->lost = e->lost;
	out->seq = e->seq;
	out->kid = (uint8_t)history_kid(e);
	out->qos = (uint8_t)history_qos(e);
	out->retained = e->bits & HISTORY_RETAINED;
	out->envelope = e->bits & HISTORY_ENVELOPE;
	out->cut = e->bits & HISTORY_CUT;
	out->green = verdict_is_green(out->verdict);
	out->value = snap_put(w->s, out->green ? history_value(e) : history_raw(e),
	    SNAP_PREVIEW_MAX);
}

static struct snap_text
put_value(struct work *w, const struct history_entry *e)
{
	bool green = verdict_is_green((enum verdict)e->verdict);
	struct snap_text t = snap_put(w->s, green ? history_value(e) : history_raw(e),
	    SNAP_VALUE_MAX);

	t.cut = t.cut || (e->bits & HISTORY_CUT);
	return t;
}

/* ---- numbers */

static bool
is_digit(struct span s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* Digits at *at as a whole number; more than NUMBER_DIGITS are dropped. Returns how many counted. */
static int
read_digits(struct span s, size_t *at, double *value)
{
	int n = 0;

	for (; is_digit(s, *at); (*at)++)
		if (n < NUMBER_DIGITS) {
			*value = *value * 10 + (s.p[*at] - '0');
			n++;
		}
	return n;
}

/* A decimal number at the start, alone or followed by a blank, a % or a letter: "21.5 °C". The
 * locale has no say in it. */
static bool
read_number(struct span s, double *out)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	size_t at = s.n > 0 && (minus || s.p[0] == '+');
	double value = 0, fraction = 0, scale = 1;
	size_t start = at;

	(void)read_digits(s, &at, &value); /* whether there were any, `at` says */
	if (at == start || at - start > NUMBER_DIGITS)
		return false;
	if (at < s.n && s.p[at] == '.' && is_digit(s, at + 1)) {
		at++;
		for (int n = read_digits(s, &at, &fraction); n > 0; n--)
			scale *= 10;
	}
	if (at < s.n && (s.p[at] == '.' || s.p[at] == ',' || s.p[at] == ':' || s.p[at] == '-'))
		return false; /* a version, a date, a list: not one number */
	*out = (minus ? -1 : 1) * (value + fraction / scale);
	return true;
}

/* Newest first from the list, turned round at the end. Only what was verified. */
static void
fill_series(struct snap_detail *d, const struct topic_leaf *l)
{
	const struct history_entry *e = l->newest;

	d->n_points = 0;
	for (int i = 0; e != NULL && i < SNAP_HISTORY && d->n_points < SNAP_SERIES;
	    i++, e = e->older) {
		struct snap_point *p = &d->point[d->n_points];

		if (!verdict_is_green((enum verdict)e->verdict) ||
		    !read_number(history_value(e), &p->value))
			continue;
		p->time_ms = e->received_ms;
		d->n_points++;
	}
	for (uint32_t a = 0, b = d->n_points; a + 1 < b; a++) {
		struct snap_point swap = d->point[a];

		d->point[a] = d->point[--b];
		d->point[b] = swap;
	}
}

/* ---- the detail pane */

static void
fill_history(struct work *w, const struct topic_leaf *l)
{
	const struct snap_cursor *c = &w->r->history;
	struct snap_list *list = &w->s->detail.history;
	const struct history_entry *e = l->newest;
	uint64_t total = l->entries < SNAP_HISTORY ? l->entries : SNAP_HISTORY, pos = 0;

	if (c->id != 0)
		for (uint64_t i = 0; e != NULL && i < total && e->serial != c->id; e = e->older)
			pos = ++i;
	pos = snap_place(c, total, pos < total ? pos : total - (total != 0), list);
	e = history_nth(l, list->top);
	for (uint32_t i = 0; i < list->n && e != NULL; i++, e = e->older)
		fill_entry(w, e, &w->s->detail.entry[i]);
	e = total == 0 ? NULL : history_nth(l, pos);
	list->id = e == NULL ? 0 : e->serial;
}

static void
fill_values(struct work *w, const struct topic_leaf *l)
{
	struct snap_detail *d = &w->s->detail;

	d->has_verified = l->verified != NULL;
	if (d->has_verified) {
		fill_entry(w, l->verified, &d->verified);
		d->value = put_value(w, l->verified);
	}
	d->has_last = l->newest != NULL;
	if (d->has_last) {
		fill_entry(w, l->newest, &d->last);
		d->last_value = put_value(w, l->newest);
	}
}

static void
fill_tree(struct work *w, struct span topic)
{
	const struct model_tree *t = model_tree_covering(w->m, topic);
	struct snap_detail *d = &w->s->detail;

	d->tree = t == NULL ? 0 : t->id;
	d->signer[0] = d->gateway[0] = d->suite[0] = '\0';
	d->tree_topic = (struct snap_text){ 0, 0, false };
	d->tree_state = NULL;
	d->tree_revision = 0;
	if (t == NULL)
		return;
	d->tree_topic = snap_put(w->s, (struct span){ t->topic, t->topic_n }, SNAP_NAME_MAX);
	d->tree_state = t->state_word;
	d->tree_revision = t->revision;
	if (t->n_owners != 0)
		memcpy(d->signer, t->owner[0].fpr, sizeof d->signer);
	memcpy(d->gateway, t->gateway, sizeof d->gateway);
	memcpy(d->suite, t->suite, sizeof d->suite);
}

static uint32_t
newest_bad(const struct topic_leaf *l)
{
	const struct history_entry *e = l->newest;

	for (int i = 0; e != NULL && i < SNAP_HISTORY; i++, e = e->older)
		if (verdict_class_of((enum verdict)e->verdict, e->flags) == CLASS_BAD)
			return e->serial;
	return 0;
}

void
snap_fill_detail(struct work *w, const struct topic_node *n)
{
	const struct topic_leaf *l = topictree_leaf(w->t, n);
	struct snap_detail *d = &w->s->detail;
	struct span topic = snap_topic_of(w->v, n);

	d->known = true;
	d->id = n->id;
	d->topic = snap_put(w->s, topic, SNAP_TOPIC_MAX);
	d->topic.cut = topictree_topic(w->t, n, NULL, 0) > topic.n;
	memcpy(d->by_class, n->count, sizeof d->by_class);
	d->has_verified = d->has_last = false;
	d->value = d->last_value = (struct snap_text){ 0, 0, false };
	d->n_points = d->failed = 0;
	fill_tree(w, topic);
	if (l == NULL)
		return;
	fill_values(w, l);
	fill_history(w, l);
	fill_series(d, l);
	if (d->by_class[CLASS_BAD] != 0)
		d->failed = newest_bad(l);
}

/* ---- why */

struct why {
	const struct history_entry *e;
	const struct model_tree *tree;
};

/* What it means that a phase was passed. */
static void
say_passed(enum phase p, const struct why *y, char out[SNAP_TEXT])
{
	const struct history_entry *e = y->e;
	bool envelope = e->bits & HISTORY_ENVELOPE;

	switch (p) {
	case PHASE_TOPIC:
		(void)snprintf(out, SNAP_TEXT, "well-formed"); /* here and below: cut at most */
		return;
	case PHASE_POLICY:
		if (y->tree == NULL)
			(void)snprintf(out, SNAP_TEXT, "inside a secured tree");
		else
			(void)snprintf(out, SNAP_TEXT, "inside %.*s, which is secured",
			    (int)(y->tree->topic_n < 160 ? y->tree->topic_n : 160),
			    (const char *)y->tree->topic);
		return;
	case PHASE_FORM:
		(void)snprintf(out, SNAP_TEXT, "%s, %u bytes",
		    envelope ? "MQG1 envelope" : "of the form this topic carries", e->size);
		return;
	case PHASE_KEY:
		if (envelope)
			(void)snprintf(out, SNAP_TEXT, "data key %u of revision %u",
			    history_kid(e), e->rev);
		else
			(void)snprintf(out, SNAP_TEXT, "made with a key that may sign here");
		return;
	case PHASE_CRYPTO:
		(void)snprintf(out, SNAP_TEXT, "authentic; covers %s", envelope ?
			"topic, conf, sequence, time, content" : "every byte");
		return;
	case PHASE_SCOPE:
		if (envelope)
			(void)snprintf(out, SNAP_TEXT, "revision %u and epoch %u may be used now",
			    e->rev, e->epoch);
		else
			(void)snprintf(out, SNAP_TEXT, "made for this tree and gateway");
		return;
	case PHASE_FRESH:
		if (envelope)
			(void)snprintf(out, SNAP_TEXT, "sequence %u\302\267%u was not seen before",
			    (unsigned)(e->seq >> 32), (unsigned)e->seq);
		else
			(void)snprintf(out, SNAP_TEXT, "not older than what is known");
		return;
	case PHASE_CONTENT:
		(void)snprintf(out, SNAP_TEXT, "nothing that the conf forbids here");
		return;
	case PHASE_GRANT:
		(void)snprintf(out, SNAP_TEXT, "%s", verdict_sentence((enum verdict)e->verdict));
		return;
	case PHASE_COUNT:
		break;
	}
	out[0] = '\0';
}

static void
say_ended(const struct why *y, char out[SNAP_TEXT])
{
	const struct history_entry *e = y->e;
	const char *sentence = verdict_sentence((enum verdict)e->verdict);

	if (e->reason_n != 0)
		(void)snprintf(out, SNAP_TEXT, "%s: %.*s", sentence, e->reason_n,
		    (const char *)history_reason(e).p);
	else if (e->bits & HISTORY_ENVELOPE)
		(void)snprintf(out, SNAP_TEXT, "%s (revision %u, sequence %u\302\267%u)", sentence,
		    e->rev, (unsigned)(e->seq >> 32), (unsigned)e->seq);
	else
		(void)snprintf(out, SNAP_TEXT, "%s", sentence);
}

static void
fill_phases(struct snap_why *why, const struct why *y)
{
	enum verdict v = (enum verdict)y->e->verdict;
	enum phase end = verdict_phase(v);
	bool green = verdict_is_green(v);

	_Static_assert(SNAP_PHASES == PHASE_COUNT, "the checklist has one line a phase");
	why->n = SNAP_PHASES;
	for (int i = 0; i < SNAP_PHASES; i++) {
		struct snap_phase *p = &why->phase[i];

		p->name = phase_name((enum phase)i);
		p->text[0] = '\0';
		p->state = SNAP_PHASE_NOT_REACHED;
		if (green || i < (int)end) {
			p->state = SNAP_PHASE_PASSED;
			say_passed((enum phase)i, y, p->text);
		} else if (i == (int)end) {
			p->state = y->e->cls == CLASS_NEUTRAL ? SNAP_PHASE_ENDED :
								       SNAP_PHASE_FAILED;
			say_ended(y, p->text);
		}
	}
}

void
snap_fill_why(struct work *w)
{
	const struct topic_node *n = topictree_by_id(w->t, w->r->why_topic);
	const struct topic_leaf *l = n == NULL ? NULL : topictree_leaf(w->t, n);
	struct snap_why *why = &w->s->why;
	struct span topic;
	struct why y;

	why->known = false;
	if (l == NULL || l->newest == NULL)
		return;
	y.e = w->r->why_serial == 0 ? l->newest : history_find(l, w->r->why_serial);
	if (y.e == NULL)
		return;
	topic = snap_topic_of(w->v, n);
	y.tree = model_tree_covering(w->m, topic);
	why->known = true;
	why->topic = snap_put(w->s, topic, SNAP_TOPIC_MAX);
	fill_entry(w, y.e, &why->entry);
	why->sentence = verdict_sentence((enum verdict)y.e->verdict);
	fill_phases(why, &y);
}
