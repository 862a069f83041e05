#include "ui/view_log_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "ui/table.h"

#define REFUSED 128 /* granted codes from here on */

/* ---- connection */

/* Every list begins with a mark, where the cursor's bar lets its colour be seen. */
#define MARK { "", 1, 0, 0, false }

static const struct column conn_columns[] = {
	MARK,
	{ "time", 8, 0, 0, false },
	{ "event", 10, 0, 0, false },
	{ "how long", 9, 0, 64, true },
	{ "what", 10, 2, 0, false },
	{ "broker", 12, 1, 90, false },
};

static enum verdict_class
conn_class(const char *kind)
{
	static const struct {
		const char *kind;
		enum verdict_class class;
	} classes[] = { { "lost", CLASS_BAD }, { "refused", CLASS_BAD }, { "denied", CLASS_ATTENTION },
		{ "connected", CLASS_GOOD } };

	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strcmp(classes[i].kind, kind) == 0)
			return classes[i].class;
	return CLASS_NEUTRAL;
}

static void
draw_mark(struct grid *g, int x, int y, enum verdict_class class)
{
	(void)draw_glyph(g, x, y, glyph_of_class(class), view_state_role(class));
}

static uint64_t
draw_conn(const struct view_ctx *c, uint32_t i, const struct table *at, struct grid *g, int y)
{
	const struct snap_conn *e = &c->snap->conn[i];
	char time[9], text[256], took[16] = "";

	view_time(time, e->time_ms);
	if (e->duration_ms >= 0)
		text_duration(took, e->duration_ms);
	(void)snprintf(text, sizeof text, "%.199s", e->words);
	if (e->code != 0)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%scode %d",
		    text[0] != '\0' ? ", " : "", e->code);
	if (e->session_present)
		(void)snprintf(text + strlen(text), sizeof text - strlen(text), "%ssession kept",
		    text[0] != '\0' ? ", " : "");
	draw_mark(g, at->x[0], y, conn_class(e->kind));
	(void)draw_text(g, at->x[1], y, at->w[1], ROLE_DIM, time);
	(void)draw_text(g, at->x[2], y, at->w[2], ROLE_TEXT, e->kind);
	(void)draw_right(g, at->x[3], y, at->w[3], ROLE_DIM, took);
	(void)draw_untrusted(g, at->x[4], y, at->w[4], ROLE_TEXT, span_of(text));
	(void)draw_untrusted(g, at->x[5], y, at->w[5], ROLE_DIM, span_of(e->broker));
	return e->n;
}

/* ---- subscriptions */

static const struct column sub_columns[] = {
	{ "granted", 13, 0, 0, false },
	{ "filter", 12, 3, 0, false },
	{ "why", 10, 1, 60, false },
};

static uint64_t
draw_sub(const struct view_ctx *c, uint32_t i, const struct table *at, struct grid *g, int y)
{
	const struct snap_sub *sub = &c->snap->sub[i];
	enum verdict_class class = CLASS_GOOD;
	char text[32];

	if (sub->granted < 0) {
		class = CLASS_NEUTRAL;
		(void)snprintf(text, sizeof text, "asked");
	} else if (sub->granted >= REFUSED) {
		class = CLASS_BAD;
		(void)snprintf(text, sizeof text, "refused");
	} else if (sub->granted < sub->wanted_qos) {
		class = CLASS_ATTENTION;
		(void)snprintf(text, sizeof text, "QoS %d not %d", sub->granted, sub->wanted_qos);
	} else {
		(void)snprintf(text, sizeof text, "QoS %d", sub->granted);
	}
	(void)view_state(g, at->x[0], y, at->w[0], class, text);
	(void)draw_untrusted(g, at->x[1], y, at->w[1], ROLE_TEXT, snap_span(c->snap, sub->filter));
	(void)draw_untrusted(g, at->x[2], y, at->w[2], ROLE_DIM, span_of(sub->words));
	return c->snap->subs.top + i + 1;
}

/* ---- decisions */

static const struct column audit_columns[] = {
	MARK,
	{ "time", 16, 0, 60, false },
	{ "decision", 14, 0, 0, false },
	{ "tree", 10, 2, 0, false },
	{ "what", 10, 3, 60, false },
	{ "who", 8, 1, 90, false },
};

static uint64_t
draw_audit(const struct view_ctx *c, uint32_t i, const struct table *at, struct grid *g, int y)
{
	const struct snap_audit *a = &c->snap->audit[i];
	char date[17];

	view_date(date, a->time_ms / 1000);
	draw_mark(g, at->x[0], y, CLASS_NEUTRAL);
	(void)draw_text(g, at->x[1], y, at->w[1], ROLE_DIM, date);
	(void)draw_untrusted(g, at->x[2], y, at->w[2], ROLE_TEXT, span_of(a->kind));
	(void)draw_untrusted(g, at->x[3], y, at->w[3], ROLE_TEXT, snap_span(c->snap, a->tree));
	(void)draw_untrusted(g, at->x[4], y, at->w[4], ROLE_DIM, snap_span(c->snap, a->text));
	(void)draw_untrusted(g, at->x[5], y, at->w[5], ROLE_DIM, span_of(a->who));
	return a->n;
}

/* ---- the program */

static const struct column log_columns[] = {
	MARK,
	{ "time", 8, 0, 40, false },
	{ "", 5, 0, 0, false },
	{ "message", 10, 1, 0, false },
};

static uint64_t
draw_log(const struct view_ctx *c, uint32_t i, const struct table *at, struct grid *g, int y)
{
	static const struct {
		const char *word;
		enum verdict_class class;
	} levels[] = { [LOG_LEVEL_ERROR] = { "error", CLASS_BAD },
		[LOG_LEVEL_WARN] = { "warn", CLASS_ATTENTION },
		[LOG_LEVEL_INFO] = { "info", CLASS_NEUTRAL }, [LOG_LEVEL_DEBUG] = { "debug", CLASS_NEUTRAL } };
	const struct snap_log *l = &c->snap->log[i];
	int level = l->level >= LOG_LEVEL_ERROR && l->level <= LOG_LEVEL_DEBUG ? l->level : LOG_LEVEL_INFO;
	char time[9];

	view_time(time, l->time_ms);
	draw_mark(g, at->x[0], y, levels[level].class);
	(void)draw_text(g, at->x[1], y, at->w[1], ROLE_DIM, time);
	(void)draw_text(g, at->x[2], y, at->w[2], ROLE_DIM, levels[level].word);
	(void)draw_untrusted(g, at->x[3], y, at->w[3], ROLE_TEXT, span_of(l->text));
	return l->n;
}

/* ---- all of them */

#define COLUMNS(c) c, sizeof c / sizeof c[0]
static const struct {
	const char *name, *empty;
	const struct column *column;
	size_t n;
	uint64_t (*draw)(const struct view_ctx *c, uint32_t i, const struct table *at,
	    struct grid *g, int y); /* returns the identity of the row */
} lists[LOG_LISTS] = {
	[LOG_CONNECTION] = { "Connection", "nothing has happened yet", COLUMNS(conn_columns), draw_conn },
	[LOG_SUBS] = { "Subscriptions", "nothing is subscribed yet", COLUMNS(sub_columns), draw_sub },
	[LOG_AUDIT] = { "Audit", "nothing was decided yet", COLUMNS(audit_columns), draw_audit },
	[LOG_PROGRAM] = { "Program", "nothing to tell", COLUMNS(log_columns), draw_log },
};

const char *
log_list_name(enum log_list l)
{
	return lists[l].name;
}

const struct snap_list *
log_list_of(enum log_list l, const struct snap *s)
{
	const struct snap_list *const of[LOG_LISTS] = { [LOG_CONNECTION] = &s->conns,
		[LOG_SUBS] = &s->subs, [LOG_AUDIT] = &s->audits, [LOG_PROGRAM] = &s->logs };

	return of[l];
}

void
log_list_draw(enum log_list l, const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap_list *list = log_list_of(l, c->snap);
	struct table at = table_place(lists[l].column, lists[l].n, r);

	if (list->total == 0) {
		view_empty(g, r, lists[l].empty, "");
		return;
	}
	for (uint32_t i = 0; i < list->n && (int)i < r.h; i++) {
		uint64_t id = lists[l].draw(c, i, &at, g, r.y + (int)i);

		view_row_mark(g, rect_row(r, (int)i), id == list->id, c->focus == 1);
	}
}

void
log_list_target(enum log_list l, const struct view_ctx *c, struct view_target *t)
{
	const struct snap *s = c->snap;
	const struct snap_list *list = log_list_of(l, s);
	uint32_t i = list->at;

	if (i >= list->n)
		return;
	t->n_copies = 1;
	t->copy[0].what = l == LOG_SUBS ? "filter" : "line";
	switch (l) {
	case LOG_CONNECTION: t->copy[0].text = span_of(s->conn[i].words); break;
	case LOG_SUBS: t->copy[0].text = snap_span(s, s->sub[i].filter); break;
	case LOG_AUDIT: t->copy[0].text = snap_span(s, s->audit[i].text); break;
	case LOG_PROGRAM: t->copy[0].text = span_of(s->log[i].text); break;
	}
}
