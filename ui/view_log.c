/*
 * Screen 4: what happened between us and the broker, and what cannot be seen.
 *
 * First pane: link, certificate, blind spots. Second pane: one of four lists, newest first; Tab
 * goes from the first pane through the lists and back.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/model/model.h"
#include "ui/sheet.h"
#include "ui/show.h"
#include "ui/table.h"
#include "ui/view.h"
#include "ui/view_log_rows.h"

#define METER_W 24 /* columns of one counter */
#define TEXT_MAX 400

struct logs {
	enum log_list list;
	struct snap_cursor cursor[LOG_LISTS];
	int scroll;
};

/* ---- link and certificate */

static void
link_line(struct sheet *s, const struct view_ctx *c)
{
	static const struct {
		const char *word;
		enum verdict_class class;
	} links[] = { [LINK_DOWN] = { "down", CLASS_BAD },
		[LINK_CONNECTING] = { "connecting", CLASS_ATTENTION }, [LINK_UP] = { "up", CLASS_GOOD } };
	const struct snap_status *t = &c->snap->status;
	int link = t->link >= LINK_DOWN && t->link <= LINK_UP ? t->link : LINK_DOWN, x, y;
	char text[TEXT_MAX], span[SHOW_TEXT] = "";

	y = sheet_field(s, "link", &x);
	x += view_state(s->g, x, y, sheet_room(s, x), links[link].class, links[link].word) + 2;
	if (!c->quiet && link == LINK_DOWN && t->retry_ms > c->now_ms)
		show_span(span, t->retry_ms - c->now_ms);
	else if (!c->quiet && t->since_ms != 0)
		show_span(span, c->now_ms - t->since_ms);
	if (t->broker[0] == '\0')
		return;
	(void)snprintf(text, sizeof text, "%.159s  %.47s  %.15s%s%s", t->broker,
	    t->tls[0] != '\0' ? t->tls : "not encrypted", t->protocol,
	    span[0] == '\0' ? "" : link == LINK_DOWN && t->retry_ms > c->now_ms ? "  again in " : "  for ",
	    span);
	(void)draw_untrusted(s->g, x, y, sheet_room(s, x), ROLE_TEXT, span_of(text));
}

static void
certificate(struct sheet *s, const struct view_ctx *c)
{
	static const struct {
		const char *word;
		enum verdict_class class;
	} pins[] = { [PIN_NONE] = { "checked by its issuer", CLASS_NEUTRAL },
		[PIN_PINNED] = { "pinned", CLASS_GOOD },
		[PIN_CHANGED] = { "not the pinned one", CLASS_BAD },
		[PIN_FORMER] = { "pinned before", CLASS_ATTENTION } };
	const struct snap_cert *cert = &c->snap->cert;
	int pin = cert->pin >= PIN_NONE && cert->pin <= PIN_FORMER ? cert->pin : PIN_NONE, x, y;
	char text[TEXT_MAX], left[SHOW_TEXT];

	if (!cert->known) {
		sheet_words(s, "cert", ROLE_DIM, span_of("no certificate"));
		return;
	}
	(void)snprintf(text, sizeof text, "%.150s, issued by %.150s", cert->subject, cert->issuer);
	sheet_words(s, "cert", ROLE_TEXT, span_of(text));
	y = sheet_field(s, "", &x);
	show_left(left, cert->expires, c->now_ms);
	x += view_state(s->g, x, y, sheet_room(s, x), pins[pin].class, pins[pin].word) + 2;
	(void)snprintf(text, sizeof text, "%s%s", left,
	    cert->expires * 1000 > c->now_ms ? " left" : "");
	(void)draw_text(s->g, x, y, sheet_room(s, x), show_date_role(cert->expires, c->now_ms), text);
	y = sheet_field(s, "sha256", &x);
	sheet_skip(s, show_hex(s->g, x, y, sheet_room(s, x), show_digits(cert->sha256)) - 1);
}

/* ---- blind spots */

static void
meter(struct sheet *s, const struct snap_status *t)
{
	const struct {
		const char *name;
		uint64_t n;
		bool plain; /* not a blind spot by itself */
	} meters[] = {
		{ "lost on the way", t->lost, false },
		{ "dropped here", t->dropped, false },
		{ "broker dropped", t->dropped_broker, false },
		{ "filters refused", t->denied, false },
		{ "not examined", t->held_out, false },
		{ "bad topic names", t->malformed_topics, false },
		{ "history gone", t->evicted, true },
		{ "unverified gone", t->unverified_evicted, true },
		{ "topics gone", t->topics_evicted, true },
		{ "taken over", t->takeovers, false },
		{ "clock jumps", t->clock_jumps, false },
		{ "without memory", t->no_memory, false },
		{ "retained seen", t->retained_seen, true },
	};
	int n = (int)(sizeof meters / sizeof meters[0]), across = s->r.w / (METER_W + 2), y = 0;

	if (across < 1)
		across = 1;
	for (int i = 0; i < n; i++) {
		int x = s->r.x + i % across * (METER_W + 2);
		bool loud = meters[i].n != 0 && !meters[i].plain;

		if (i % across == 0)
			y = sheet_next(s);
		if (loud)
			(void)draw_glyph(s->g, x, y, GLYPH_WARN, ROLE_STATE_WARN);
		(void)draw_text(s->g, x + 2, y, METER_W - 9, ROLE_DIM, meters[i].name);
		(void)draw_number(s->g, x + METER_W - 6, y, 6,
		    loud ? ROLE_STATE_WARN : meters[i].n != 0 ? ROLE_TEXT : ROLE_DIM, meters[i].n);
	}
}

static int
draw_page(const struct logs *o, const struct view_ctx *c, struct grid *g, struct rect r)
{
	struct sheet s;

	sheet_begin(&s, g, r, o->scroll);
	link_line(&s, c);
	sheet_line(&s, c->focus == 0 ? ROLE_FOCUS : ROLE_HEADING, "what cannot be seen");
	meter(&s, &c->snap->status);
	sheet_gap(&s);
	certificate(&s, c);
	return sheet_end(&s);
}

/* ---- the lists */

static void
draw_names(const struct logs *o, const struct view_ctx *c, struct grid *g, struct rect r)
{
	int x = r.x + 1;

	for (int i = 0; i < LOG_LISTS; i++) {
		enum role role = i != (int)o->list ? ROLE_TAB : c->focus == 1 ? ROLE_TAB_ACTIVE : ROLE_HEADING;

		x += draw_text(g, x, r.y, r.x + r.w - x, role, log_list_name((enum log_list)i)) + 3;
	}
	if (c->snap->audit_lost != 0 && o->list == LOG_AUDIT)
		(void)draw_text(g, x, r.y, r.x + r.w - x, ROLE_STATE_BAD, "decisions were not written");
}

static struct rect
list_rows(struct rect r)
{
	return r.h > 2 ? rect_below(r, 1) : r;
}

static void
draw(const void *state, const struct view_ctx *c, int pane, struct grid *g, struct rect r)
{
	const struct logs *o = state;
	struct rect rows = list_rows(r);

	if (pane == 0) {
		(void)draw_page(o, c, g, r);
		return;
	}
	if (rows.y != r.y)
		draw_names(o, c, g, r);
	log_list_draw(o->list, c, g, rows);
}

/* ---- keys */

static void
request(const void *state, const struct view_ctx *c, struct snap_request *r)
{
	const struct logs *o = state;
	struct snap_cursor *to[LOG_LISTS] = { [LOG_CONNECTION] = &r->conns, [LOG_SUBS] = &r->subs,
		[LOG_AUDIT] = &r->audit, [LOG_PROGRAM] = &r->log };
	int h = list_rows(c->layout.pane[1]).h;

	for (int i = 0; i < LOG_LISTS; i++) {
		*to[i] = o->cursor[i];
		to[i]->rows = i == (int)o->list && h > 0 ? (uint32_t)h : 1;
	}
}

static bool
took(void *state, const struct view_ctx *c)
{
	struct logs *o = state;
	struct rect r = c->layout.pane[0];
	struct grid nothing;

	for (int i = 0; i < LOG_LISTS; i++)
		view_cursor_took(&o->cursor[i], log_list_of((enum log_list)i, c->snap),
		    i != LOG_SUBS);
	grid_init(&nothing);
	nothing.ascii = c->ascii;
	if (!rect_empty(r))
		sheet_clamp(&o->scroll, draw_page(o, c, &nothing, r), r.h);
	return false;
}

/* First pane, then list after list, and round. */
static void
step(struct logs *o, int focus, int by, struct view_ask *ask)
{
	int at = focus == 0 ? 0 : 1 + (int)o->list, n = 1 + LOG_LISTS;

	at = (at + by + n) % n;
	ask->set_focus = true;
	ask->focus = at != 0;
	if (at != 0)
		o->list = (enum log_list)(at - 1);
}

static bool
act(void *state, const struct view_ctx *c, enum action a, struct view_ask *ask)
{
	struct logs *o = state;

	if (a == ACTION_PANE_NEXT || a == ACTION_STEP_IN) {
		step(o, c->focus, 1, ask);
		return true;
	}
	if (a == ACTION_PANE_PREVIOUS || a == ACTION_STEP_OUT) {
		step(o, c->focus, -1, ask);
		return true;
	}
	if (c->focus == 0)
		return sheet_act(&o->scroll, c->layout.pane[0].h, a);
	return view_cursor_act(&o->cursor[o->list], a);
}

static void
target(const void *state, const struct view_ctx *c, struct view_target *t)
{
	const struct logs *o = state;

	if (c->focus == 1)
		log_list_target(o->list, c, t);
	else if (c->snap->cert.known) {
		t->copy[0].what = "certificate's SHA-256";
		t->copy[0].text = span_of(c->snap->cert.sha256);
		t->n_copies = 1;
	}
}

static const enum action hints[] = { ACTION_PANE_NEXT, ACTION_LAST, ACTION_COPY, ACTION_PAUSE,
	ACTION_HELP };

const struct view view_log = {
	.screen = SNAP_LOG,
	.name = "Log",
	.context = CONTEXT_LOG,
	.show = ACTION_SCREEN_LOG,
	.split = SPLIT_STACK,
	.percent = 48,
	.hints = hints,
	.n_hints = sizeof hints / sizeof hints[0],
	.state_size = sizeof(struct logs),
	.request = request,
	.took = took,
	.draw = draw,
	.act = act,
	.target = target,
	.go = NULL,
};
