#include "ui/page_tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/model/model.h"
#include "core/model/tree_state.h"
#include "ui/show.h"

#define WIDE 70	    /* columns from which a revision is told on one row */
#define SIGNER 20   /* columns of who signed a revision */
#define TEXT_MAX 200

static struct span
text_of(const char *text)
{
	return span_of(text);
}

/* ---- people */

static int
draw_mark(struct grid *g, int x, int y, int max, bool good, const char *word)
{
	enum role role = good ? ROLE_STATE_OK : ROLE_STATE_IDLE;

	if (max < 3)
		return 0;
	(void)draw_glyph(g, x, y, good ? GLYPH_TICK : GLYPH_MIDDOT, role);
	return 2 + draw_text(g, x + 2, y, max - 2, role, word);
}

static const char *
standing(const struct snap_party *p)
{
	return p->revoked ? "revoked" : p->expired ? "expired" : NULL;
}

/* A key in full, what is wrong with it, whether it signed, whose it says it is. */
static void
party(struct sheet *s, const char *name, const struct snap_party *p, bool signatures)
{
	const char *bad = standing(p);
	int x, y;

	(void)sheet_hex(s, name, show_digits(p->fpr), &x, &y);
	if (bad != NULL) {
		x += view_state(s->g, x, y, sheet_room(s, x), CLASS_BAD, bad) + 2;
	} else if (signatures) {
		(void)draw_mark(s->g, x, y, sheet_room(s, x), p->signed_it,
		    p->signed_it ? "signed" : "not yet");
		x += 11;
	}
	if (p->ours)
		x += draw_text(s->g, x, y, sheet_room(s, x), ROLE_STRONG, "you") + 2;
	if (p->recovery)
		x += draw_text(s->g, x, y, sheet_room(s, x), ROLE_DIM, "recovery") + 2;
	(void)draw_untrusted(s->g, x, y, sheet_room(s, x), ROLE_DIM, text_of(p->label));
}

/* ---- offers */

static void
offer_title(struct sheet *s, const struct view_ctx *c, const struct snap_offer *o)
{
	char title[TEXT_MAX], left[SHOW_TEXT] = "";
	int y, used;

	if (o->offer_until != 0)
		show_span_long(left, o->offer_until * 1000 - c->now_ms);
	(void)snprintf(title, sizeof title, "%s of revision %" PRIu32 "%s%s%s",
	    o->recovery ? "recovery" : o->transfer ? "offer" : "proposal", o->revision,
	    o->offer_until == 0 ? "" : o->offer_until * 1000 > c->now_ms ? ", " : ", over",
	    o->offer_until * 1000 > c->now_ms ? left : "",
	    o->offer_until * 1000 > c->now_ms ? " left" : "");
	sheet_gap(s);
	y = sheet_next(s);
	used = draw_text(s->g, s->r.x, y, s->r.w, o->recovery ? ROLE_DANGER : ROLE_HEADING, title);
	if (s->r.w - used > 20)
		(void)view_state(s->g, s->r.x + used + 2, y, s->r.w - used - 2,
		    verdict_class_of(o->verdict, o->flags), verdict_code(o->verdict));
}

static void
offer_signatures(struct sheet *s, const struct snap_offer *o)
{
	char text[TEXT_MAX];
	int n = snprintf(text, sizeof text, "%u of %u %s", o->a, o->b,
	    o->recovery ? "recovery keys" : o->transfer ? "old owners" : "owners");

	if (o->transfer || o->recovery)
		(void)snprintf(text + n, sizeof text - (size_t)n, ", %u of %u new owners", o->c, o->d);
	if (o->for_us)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text),
		    "; yours is missing");
	sheet_words(s, "signed", o->for_us ? ROLE_STATE_WARN : ROLE_TEXT, span_of(text));
}

static void
offer_then(struct sheet *s, const struct view_ctx *c, const struct snap_offer *o)
{
	char text[TEXT_MAX], date[17], left[SHOW_TEXT];

	if (o->due_at > c->now_ms / 1000) {
		view_date(date, o->due_at);
		show_span_long(left, o->due_at * 1000 - c->now_ms);
		(void)snprintf(text, sizeof text, "applies at %s, in %s; until then it can be halted",
		    date, left);
		sheet_words(s, "then", ROLE_STATE_WARN, span_of(text));
	}
	if (o->transfer && !o->recovery)
		sheet_words(s, o->due_at > c->now_ms / 1000 ? "" : "then", ROLE_TEXT,
		    span_of("the new owner must rekey: the old one still knows the epoch key"));
}

/* "a; b; c", a line each, the first beside a name. */
static void
clauses(struct sheet *s, const char *name, struct span text)
{
	while (text.n != 0) {
		size_t n = 0, step;

		while (n + 1 < text.n && memcmp(text.p + n, "; ", 2) != 0)
			n++;
		step = n + 1 < text.n ? n + 2 : text.n;
		if (n + 1 >= text.n)
			n = text.n;
		sheet_words(s, name, ROLE_DIFF_CHANGE, (struct span){ text.p, n });
		name = "";
		text.p += step;
		text.n -= step;
	}
}

static void
offer(struct sheet *s, const struct view_ctx *c, const struct snap_offer *o)
{
	offer_title(s, c, o);
	for (unsigned i = 0; i < o->n_from; i++)
		if (o->from[i].recovery == o->recovery)
			party(s, o->recovery ? "by" : "from", &o->from[i], true);
	for (unsigned i = 0; o->transfer && i < o->n_to; i++)
		party(s, "to", &o->to[i], true);
	offer_signatures(s, o);
	offer_then(s, c, o);
	clauses(s, "changes", text_of(o->what));
}

/* ---- what stands now */

static const char *
pin_word(int pin, enum verdict_class *class)
{
	*class = CLASS_ATTENTION;
	switch (pin) {
	case PIN_PINNED: *class = CLASS_GOOD; return "pinned";
	case PIN_CHANGED: *class = CLASS_BAD; return "not the pinned one";
	case PIN_FORMER: *class = CLASS_NEUTRAL; return "was yours";
	default: return "compare it and pin";
	}
}

/* Appends ", receipt 3 s ago". */
static void
add_age(char *text, size_t size, const char *what, int64_t ms)
{
	char age[SHOW_TEXT];
	size_t n = strlen(text);

	show_span(age, ms);
	if (ms < 1000)
		(void)snprintf(text + n, size - n, ", %s just now", what);
	else
		(void)snprintf(text + n, size - n, ", %s %s ago", what, age);
}

static void
gateway(struct sheet *s, const struct view_ctx *c, const struct snap_tree_detail *d)
{
	const struct snap_tree *t = &d->row;
	enum verdict_class class;
	const char *word = pin_word(t->pin, &class);
	char text[TEXT_MAX];
	int x, y;

	(void)sheet_hex(s, "gateway", show_digits(d->gateway), &x, &y);
	(void)view_state(s->g, x, y, sheet_room(s, x), class, word);
	if (t->receipt_age_ms < 0) {
		sheet_words(s, "", ROLE_STATE_WARN, span_of("no receipt yet"));
		return;
	}
	(void)snprintf(text, sizeof text, "%.23s at revision %" PRIu32 "%s%.32s", t->gw_state,
	    t->gw_revision, t->gw_reason[0] != '\0' ? ", " : "", t->gw_reason);
	if (!c->quiet)
		add_age(text, sizeof text, "receipt", t->receipt_age_ms);
	if (!c->quiet && t->heartbeat_age_ms >= 0)
		add_age(text, sizeof text, "heartbeat", t->heartbeat_age_ms);
	if (d->gw_lost != 0)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), ", lost %" PRIu64 " on its link",
		    d->gw_lost);
	sheet_words(s, "", ROLE_TEXT, span_of(text));
}

static void
validity(struct sheet *s, const struct view_ctx *c, const struct snap_tree *t)
{
	char text[TEXT_MAX], date[17], left[SHOW_TEXT];

	if (t->valid_until == 0)
		return;
	view_date(date, t->valid_until);
	show_left(left, t->valid_until, c->now_ms);
	(void)snprintf(text, sizeof text, "until %s, %s%s", date, left,
	    t->valid_until * 1000 > c->now_ms ? " left" : "");
	sheet_words(s, "valid", show_date_role(t->valid_until, c->now_ms), span_of(text));
}

static void
conf(struct sheet *s, const struct snap_tree_detail *d)
{
	char hex[65], text[TEXT_MAX];
	int x, y;

	text_hex(hex, d->conf_hash, sizeof d->conf_hash);
	(void)snprintf(text, sizeof text, "revision %" PRIu32 ", epoch %" PRIu32 ", %.39s",
	    d->row.revision, d->row.epoch, d->suite);
	sheet_words(s, "conf", ROLE_TEXT, span_of(text));
	y = sheet_field(s, "", &x);
	sheet_skip(s, show_hex(s->g, x, y, sheet_room(s, x), span_of(hex)) - 1);
}

static void
facts(struct sheet *s, const struct view_ctx *c, const struct snap_tree_detail *d)
{
	char text[TEXT_MAX];

	sheet_gap(s);
	for (unsigned i = 0; i < d->n_owners; i++)
		party(s, i == 0 ? "owner" : "", &d->owner[i], false);
	if (d->n_owners > 1) {
		(void)snprintf(text, sizeof text, "%" PRIu32 " of %u sign", d->row.threshold,
		    d->n_owners);
		sheet_words(s, "", ROLE_DIM, span_of(text));
	}
	if (d->gateway[0] != '\0')
		gateway(s, c, d);
	if (d->row.revision != 0)
		conf(s, d);
	validity(s, c, &d->row);
	if (d->row.drift) {
		(void)snprintf(text, sizeof text, "the info copy differs: %.160s", d->drift_what);
		sheet_words(s, "drift", ROLE_STATE_WARN, span_of(text));
	}
}

/* ---- how it came to be */

static void
signer(struct grid *g, int x, int y, int w, const struct snap_revision *v)
{
	char more[16];
	int used = 0;

	if (v->n_signers == 0) {
		(void)draw_text(g, x, y, w, ROLE_DIM, v->revision == 1 ? "by claim" : "");
		return;
	}
	used = view_fpr_short(g, x, y, w, ROLE_FINGERPRINT, v->signer[0].fpr);
	if (v->n_signers > 1) {
		(void)snprintf(more, sizeof more, " and %d", v->n_signers - 1);
		(void)draw_text(g, x + used, y, w - used, ROLE_DIM, more);
	} else if (w > used + 1) {
		(void)draw_untrusted(g, x + used + 1, y, w - used - 1, ROLE_DIM,
		    text_of(v->signer[0].label));
	}
}

static void
revision(struct sheet *s, const struct snap_revision *v)
{
	int y = sheet_next(s), x = s->r.x;
	char date[17];

	view_date(date, v->issued);
	x += draw_glyph(s->g, x, y, GLYPH_DISC, ROLE_STATE_OK);
	x += draw_number(s->g, x, y, 5, ROLE_STRONG, v->revision) + 2;
	x += draw_text(s->g, x, y, sheet_room(s, x), ROLE_TEXT, date) + 2;
	if (s->r.w >= WIDE) {
		signer(s->g, x, y, SIGNER, v);
		x += SIGNER + 2;
	} else {
		signer(s->g, x, y, sheet_room(s, x), v);
		x = s->r.x + 3;
		y = sheet_next(s);
	}
	(void)draw_untrusted(s->g, x, y, sheet_room(s, x), ROLE_DIM, text_of(v->what));
}

static void
history(struct sheet *s, const struct snap_tree_detail *d)
{
	char text[TEXT_MAX];

	if (d->chain.total == 0)
		return;
	sheet_head(s, "history");
	for (uint32_t i = 0; i < d->chain.n; i++)
		revision(s, &d->revision[i]);
	if (d->chain.total > d->chain.n) {
		(void)snprintf(text, sizeof text, "and %" PRIu64 " older",
		    d->chain.total - d->chain.n);
		sheet_line(s, ROLE_DIM, text);
	}
}

void
page_tree(struct sheet *s, const struct view_ctx *c)
{
	const struct snap_tree_detail *d = &c->snap->tree_detail;
	struct rect title = rect_of(s->r.x, sheet_next(s), s->r.w, 1);

	(void)draw_untrusted(s->g, title.x, title.y, title.w, c->focus == 1 ? ROLE_FOCUS : ROLE_STRONG,
	    snap_span(c->snap, d->row.topic));
	sheet_line(s, ROLE_DIM, tree_state_sentence((enum tree_state)d->row.state));
	if (strcmp(d->row.who, "-") != 0 && d->row.who[0] != '\0')
		sheet_words(s, "next", strncmp(d->row.who, "you", 3) == 0 ? ROLE_STATE_WARN : ROLE_TEXT,
		    span_of(d->row.who));
	for (uint32_t i = 0; i < d->n_offers; i++)
		offer(s, c, &d->offer[i]);
	facts(s, c, d);
	history(s, d);
}

void
page_tree_changes(struct sheet *s, const struct view_ctx *c)
{
	const struct snap_tree_detail *d = &c->snap->tree_detail;
	char title[TEXT_MAX];

	(void)draw_untrusted(s->g, s->r.x, sheet_next(s), s->r.w,
	    c->focus == 1 ? ROLE_FOCUS : ROLE_STRONG, snap_span(c->snap, d->row.topic));
	for (uint32_t i = 0; i < d->n_offers; i++) {
		offer_title(s, c, &d->offer[i]);
		clauses(s, "", text_of(d->offer[i].what));
	}
	for (uint32_t i = 0; i < d->chain.n; i++) {
		(void)snprintf(title, sizeof title, "revision %" PRIu32, d->revision[i].revision);
		sheet_head(s, title);
		clauses(s, "", text_of(d->revision[i].what));
	}
}

void
page_tree_target(const struct view_ctx *c, struct view_target *t)
{
	const struct snap_tree_detail *d = &c->snap->tree_detail;

	if (!d->known)
		return;
	t->tree = t->topic_name = snap_span(c->snap, d->row.topic);
	t->tree_id = d->row.id;
	t->known = true;
	memcpy(t->conf_hash, d->conf_hash, sizeof t->conf_hash);
	memcpy(t->gateway, d->gateway, sizeof t->gateway);
	t->copy[t->n_copies].what = "tree";
	t->copy[t->n_copies++].text = t->tree;
	if (d->gateway[0] != '\0') {
		t->copy[t->n_copies].what = "gateway's fingerprint";
		t->copy[t->n_copies++].text = show_digits(d->gateway);
	}
	for (unsigned i = 0; i < d->n_owners && i < 2; i++) {
		t->copy[t->n_copies].what = "owner's fingerprint";
		t->copy[t->n_copies++].text = show_digits(d->owner[i].fpr);
	}
}
