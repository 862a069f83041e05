/*
 * Screen 1, its right half: the selected topic. The last verified value stands on top and is never
 * replaced by anything else; what came later and did not verify stands below it, dimmed, in
 * brackets. Blocks have a fixed order; a plan says how many rows each gets in a pane.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"
#include "ui/plot.h"
#include "ui/view_topics.h"

#define TRUST_W 34	 /* verdict and age, right of the value, where data never reaches */
#define TRUST_FROM 56	 /* columns from which they stand beside it */
#define LABEL_W 11
#define PLOT_FROM 18	 /* rows of a pane that has a plot */
#define POINTS_MIN 3	 /* fewer are no curve */
#define META_ROWS 4
#define HISTORY_MIN 3	 /* heading and two rows */
#define TIME_X 4	 /* after the cursor's mark and the verdict */
#define TIME_W 10
#define CODE_W 15	 /* the longest code of a message */
#define CODE_FROM 50	 /* columns from which code and size are shown */
#define SIZE_W 6
#define DAY_MS 86400000

/* Rows of each block, in this order; gaps are blank rows between. */
struct plan {
	int title, value, trust, newest, meta, plot, history;
	int gap;
};

/* The value that stands on top, decoded. */
struct top_value {
	const struct snap_entry *entry; /* NULL: nothing came */
	bool believed;			/* verified, or on a topic that nobody secured */
	bool newest_differs;		/* something came later that may not stand there */
	struct buf text;
	enum decode_mode as;
	int lines;
};

static int
count_lines(const struct view_ctx *c, struct span text, bool lines, int w)
{
	int n = 1;

	if (!lines) {
		struct grid limits = { .ascii = c->ascii };
		int width = draw_untrusted_width(&limits, text);

		return w > 0 ? (width + w - 1) / w + (width == 0) : 1;
	}
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static int
value_width(struct rect r)
{
	return r.w >= TRUST_FROM ? r.w - 2 - TRUST_W : r.w - 2;
}

/* Free with buf_done(&v->text). */
static void
top_value(const struct view_ctx *c, const struct topics_state *s, struct rect r,
    struct top_value *v)
{
	const struct snap_detail *d = &c->snap->detail;
	struct snap_text t = d->has_verified ? d->value : d->last_value;
	bool neutral = d->has_last && d->last.cls == CLASS_NEUTRAL;

	memset(v, 0, sizeof *v);
	buf_init(&v->text, DECODE_MAX);
	if (!d->has_last && !d->has_verified)
		return;
	v->entry = d->has_verified ? &d->verified : &d->last;
	v->believed = d->has_verified || neutral;
	v->newest_differs = d->has_verified && d->has_last && d->last.serial != d->verified.serial &&
	    !d->last.green;
	/* A value too long to lay out is cut there; the mark of the cut is drawn. */
	(void)decode_value(&v->text, snap_span(c->snap, t), t.cut, s->decode, &v->as);
	v->lines = count_lines(c, buf_span(&v->text), v->as != DECODE_TEXT, value_width(r));
}

static int
clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

static struct plan
plan_of(const struct view_ctx *c, const struct top_value *v, struct rect r)
{
	const struct snap_detail *d = &c->snap->detail;
	struct plan p = { .title = 1, .gap = r.h >= 14 };
	int left = r.h - 1, plot;

	if (v->entry == NULL)
		return p;
	p.trust = r.w < TRUST_FROM && left >= 2;
	p.newest = v->newest_differs && left >= 3;
	p.value = clamp(v->lines, 1, clamp(r.h / 3, 1, 24));
	left -= p.trust + p.newest + p.value + 2 * p.gap;
	if (left >= META_ROWS + HISTORY_MIN) {
		p.meta = d->tree != 0 ? META_ROWS : 1;
		left -= p.meta + p.gap;
	}
	plot = r.h >= 40 ? 12 : r.h >= 24 ? 7 : 5;
	if (r.h >= PLOT_FROM && d->n_points >= POINTS_MIN && left >= plot + p.gap + HISTORY_MIN) {
		p.plot = plot;
		left -= plot + p.gap;
	}
	p.history = left > 1 ? left : 0;
	return p;
}

int
topics_history_rows(const struct view_ctx *c, const struct topics_state *s, struct rect r)
{
	struct top_value v;
	struct plan p;

	top_value(c, s, r, &v);
	p = plan_of(c, &v, r);
	buf_done(&v.text);
	return p.history - 1;
}

/* ---- title and value */

static void
draw_title(const struct view_ctx *c, struct grid *g, struct rect row)
{
	const struct snap_detail *d = &c->snap->detail;
	struct span topic = snap_span(c->snap, d->topic);
	enum role role = c->focus == TOPICS_DETAIL ? ROLE_FOCUS : ROLE_HEADING;
	bool ascii = g->ascii;

	/* Letters that look alike cannot hide here: outside ASCII they are shown as numbers. */
	g->ascii = ascii || (c->focus == TOPICS_DETAIL && !utf8_is_ascii(topic));
	(void)draw_untrusted(g, row.x + 1, row.y, row.w - 2, role, topic);
	g->ascii = ascii;
}

/* "* V VERIFIED  0.4 s ago". */
static void
draw_trust(const struct view_ctx *c, struct grid *g, int x, int y, int max,
    const struct snap_entry *e)
{
	enum verdict_class k = e->cls;
	char text[40], age[8], time[9];
	int start = x;

	x += view_verdict(g, x, y, e->verdict, e->flags) + 1;
	x += draw_text(g, x, y, max - (x - start), role_of_class(k), verdict_code(e->verdict)) + 2;
	view_age(age, c->now_ms - e->received_ms < 0 ? 0 : c->now_ms - e->received_ms);
	view_time(time, e->received_ms);
	if (e->retained)
		(void)snprintf(text, sizeof text, "stored copy");
	else if (c->stale)
		(void)snprintf(text, sizeof text, "as of %s", time);
	else if (c->quiet)
		(void)snprintf(text, sizeof text, "%s", time);
	else
		(void)snprintf(text, sizeof text, "%s ago", age);
	(void)draw_text(g, x, y, max - (x - start), c->stale ? ROLE_NOTICE_WARN : ROLE_DIM, text);
}

static void
draw_lines(struct grid *g, struct rect r, enum role role, struct span text, bool cut)
{
	for (int y = 0; y < r.h && text.n != 0; y++) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		struct span line = { text.p, end != NULL ? (size_t)(end - text.p) : text.n };
		size_t step = end != NULL ? line.n + 1 : line.n;
		bool last = y == r.h - 1 && (step < text.n || cut);

		(void)draw_untrusted(g, r.x, r.y + y, last ? r.w - 2 : r.w, role, line);
		if (last)
			(void)draw_glyph(g, r.x + r.w - 1, r.y + y, GLYPH_ELLIPSIS, ROLE_CUT);
		text.p += step;
		text.n -= step;
	}
}

static void
draw_value(const struct view_ctx *c, struct grid *g, struct rect r, const struct plan *p,
    const struct top_value *v)
{
	struct rect at = rect_of(r.x + 1, r.y, value_width(r), p->value);
	enum role role = !v->believed || c->stale ? ROLE_STALE : ROLE_STRONG;
	struct span text = buf_span(&v->text);

	if (text.n == 0)
		(void)draw_text(g, at.x, at.y, at.w, ROLE_DIM,
		    v->entry->verdict == V_VERIFIED_SEALED ? "(sealed to its readers)" : "(empty)");
	else if (!v->believed) {
		int x = at.x + draw_text(g, at.x, at.y, at.w, ROLE_STALE, "(");

		x += draw_untrusted(g, x, at.y, at.w - 12, ROLE_STALE, text);
		(void)draw_text(g, x, at.y, at.x + at.w - x, ROLE_STALE, ")  not used");
	} else if (v->as == DECODE_TEXT)
		(void)view_wrap_exact(g, at, role, text);
	else
		draw_lines(g, at, role, text, c->snap->detail.value.cut);
	if (r.w >= TRUST_FROM)
		draw_trust(c, g, r.x + r.w - TRUST_W, r.y, TRUST_W - 1, v->entry);
	else if (p->trust)
		draw_trust(c, g, r.x + 1, r.y + p->value, r.w - 2, v->entry);
}

/* What came after the verified value and may not replace it. */
static void
draw_newest(const struct view_ctx *c, struct grid *g, struct rect row)
{
	const struct snap_detail *d = &c->snap->detail;
	int w = value_width(row), x = row.x + 1;

	if (row.w < TRUST_FROM) { /* its verdict is what matters */
		draw_trust(c, g, x, row.y, w, &d->last);
		return;
	}
	x += draw_text(g, x, row.y, w, ROLE_STALE, "(");
	x += draw_untrusted(g, x, row.y, w - 12, ROLE_STALE, snap_span(c->snap, d->last_value));
	(void)draw_text(g, x, row.y, row.x + 1 + w - x, ROLE_STALE, ")  not used");
	draw_trust(c, g, row.x + row.w - TRUST_W, row.y, TRUST_W - 1, &d->last);
}

/* ---- where it comes from */

static void
draw_signer(const struct view_ctx *c, struct grid *g, struct rect r, const struct snap_entry *e)
{
	const struct snap_detail *d = &c->snap->detail;
	int x = view_label(g, r.x + 1, r.y, LABEL_W, "signed by"), end = r.x + r.w - 1;
	char text[64];

	if (end - x >= 44)
		(void)view_fpr(g, x, r.y, end - x, ROLE_FINGERPRINT, d->gateway);
	else
		(void)view_fpr_short(g, x, r.y, end - x, ROLE_FINGERPRINT, d->gateway);
	(void)snprintf(text, sizeof text, "data key %u, revision %u of owner ", e->kid, e->rev);
	if (r.h < 2)
		return;
	x += draw_text(g, x, r.y + 1, end - x, ROLE_DIM, text);
	(void)view_fpr_short(g, x, r.y + 1, end - x, ROLE_FINGERPRINT, d->signer);
}

static void
draw_sequence(struct grid *g, struct rect row, const struct snap_entry *e,
    const struct snap_detail *d)
{
	int x = view_label(g, row.x + 1, row.y, LABEL_W, "sequence"), end = row.x + row.w - 1;
	char text[48];

	(void)snprintf(text, sizeof text, "%u\xc2\xb7%u   ", (unsigned)(e->seq >> 32),
	    (unsigned)e->seq);
	x += draw_text(g, x, row.y, end - x, ROLE_TEXT, text);
	if (e->lost == 0)
		x += draw_text(g, x, row.y, end - x, ROLE_DIM, "nothing lost");
	else {
		(void)snprintf(text, sizeof text, "%u lost before it", e->lost);
		x += draw_text(g, x, row.y, end - x, ROLE_STATE_WARN, text);
	}
	if (d->by_class[CLASS_BAD] == 0)
		return;
	(void)snprintf(text, sizeof text, "   %llu failed here",
	    (unsigned long long)d->by_class[CLASS_BAD]);
	(void)draw_text(g, x, row.y, end - x, ROLE_STATE_WARN, text);
}

static void
draw_flags(struct grid *g, int x, int y, int max, unsigned flags)
{
	int start = x;

	for (int i = 0; i < FLAG_COUNT; i++)
		if (flags & 1u << i)
			x += draw_text(g, x, y, max - (x - start), ROLE_STATE_WARN,
				 flag_code((enum flag_bit)i)) + 1;
}

static void
draw_meta(const struct view_ctx *c, struct grid *g, struct rect r, const struct snap_entry *e)
{
	const struct snap_detail *d = &c->snap->detail;
	char epoch[32] = "";
	int x;

	if (d->tree == 0) {
		(void)draw_text(g, r.x + 1, r.y, r.w - 2, ROLE_DIM,
		    "nobody secured this topic: anybody who may publish can write here");
		return;
	}
	if (!d->has_verified) { /* who signs the tree has signed nothing here */
		(void)draw_text(g, r.x + 1, r.y, r.w - 2, ROLE_DIM,
		    "nothing here was verified");
		return;
	}
	draw_signer(c, g, r, e);
	x = view_label(g, r.x + 1, r.y + 2, LABEL_W, "suite");
	if (e->epoch != 0)
		(void)snprintf(epoch, sizeof epoch, ", epoch %u", e->epoch);
	x += draw_untrusted(g, x, r.y + 2, r.x + r.w - 1 - x, ROLE_TEXT, span_of(d->suite));
	x += draw_text(g, x, r.y + 2, r.x + r.w - 1 - x, ROLE_TEXT, epoch) + 2;
	draw_flags(g, x, r.y + 2, r.x + r.w - 1 - x, e->flags & ~(unsigned)FLAG_LOST);
	draw_sequence(g, rect_row(r, 3), e, d);
}

/* ---- plot */

static void
draw_plot(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap_detail *d = &c->snap->detail;
	double value[SNAP_SERIES];
	char text[48], span[8];

	for (uint32_t i = 0; i < d->n_points; i++)
		value[i] = d->point[i].value;
	plot_draw(g, rect_of(r.x, r.y, r.w - 1, r.h - 1), value, d->n_points);
	view_age(span, d->point[d->n_points - 1].time_ms - d->point[0].time_ms);
	(void)snprintf(text, sizeof text, "%u values in %s, verified only", d->n_points, span);
	(void)draw_right(g, r.x + 1, r.y + r.h - 1, r.w - 2, ROLE_AXIS, text);
}

/* ---- history */

static void
entry_time(const struct view_ctx *c, int64_t ms, char out[9])
{
	char date[17];

	if (c->now_ms - ms < DAY_MS) {
		view_time(out, ms);
		return;
	}
	view_date(date, ms / 1000);
	memcpy(out, date[0] != '\0' ? date + 5 : "", date[0] != '\0' ? 5 : 1);
	out[date[0] != '\0' ? 5 : 0] = '\0';
}

static void
draw_entry(const struct view_ctx *c, struct grid *g, struct rect row, const struct snap_entry *e)
{
	enum verdict_class k = e->cls;
	int x = row.x + TIME_X, end = row.x + row.w - 1;
	char time[9];

	(void)view_verdict(g, row.x + 1, row.y, e->verdict, e->flags);
	entry_time(c, e->received_ms, time);
	(void)draw_text(g, x, row.y, end - x, ROLE_DIM, time);
	x += TIME_W;
	if (row.w >= CODE_FROM) {
		(void)draw_text(g, x, row.y, CODE_W, role_of_class(k), verdict_code(e->verdict));
		(void)draw_number(g, x + CODE_W + 1, row.y, SIZE_W, ROLE_DIM, e->size);
		x += CODE_W + 1 + SIZE_W + 2;
	}
	if (e->retained)
		x += draw_text(g, x, row.y, end - x, ROLE_DIM, "stored ");
	if (e->green || k == CLASS_NEUTRAL) {
		(void)draw_untrusted(g, x, row.y, end - x, ROLE_TEXT, snap_span(c->snap, e->value));
		return;
	}
	x += draw_text(g, x, row.y, end - x, ROLE_STALE, "(");
	x += draw_untrusted(g, x, row.y, end - x - 1, ROLE_STALE, snap_span(c->snap, e->value));
	x += draw_text(g, x, row.y, end - x, ROLE_STALE, ")");
	(void)draw_untrusted(g, x + 2, row.y, end - x - 2, ROLE_DIM, snap_span(c->snap, e->reason));
}

static void
draw_history(const struct topics_state *s, const struct view_ctx *c, struct grid *g,
    struct rect r)
{
	const struct snap_detail *d = &c->snap->detail;
	bool focused = c->focus == TOPICS_DETAIL;
	char key[KEY_NAME_MAX], text[KEY_NAME_MAX + 32];
	int x = r.x + TIME_X;

	(void)draw_text(g, x, r.y, r.w - TIME_X - 1, ROLE_DIM, "time");
	x += TIME_W;
	if (s->history.id != 0 &&
	    keymap_hint(c->keys, CONTEXT_TOPICS, ACTION_FOLLOW, key, sizeof key)) {
		(void)snprintf(text, sizeof text, "not following; %s does", key);
		(void)draw_right(g, x, r.y, r.x + r.w - 1 - x, ROLE_NOTICE_WARN, text);
	} else if (r.w >= CODE_FROM) {
		(void)draw_text(g, x, r.y, CODE_W, ROLE_DIM, "verdict");
		(void)draw_right(g, x + CODE_W + 1, r.y, SIZE_W, ROLE_DIM, "size");
		x += CODE_W + 1 + SIZE_W + 2;
		(void)draw_text(g, x, r.y, r.x + r.w - 1 - x, ROLE_DIM, "value");
	}
	for (uint32_t i = 0; i < d->history.n && (int)i + 1 < r.h; i++) {
		struct rect row = rect_row(r, (int)i + 1);

		draw_entry(c, g, row, &d->entry[i]);
		view_row_mark(g, row, i == d->history.at && (focused || s->history.id != 0), focused);
		if (focused && i == d->history.at)
			grid_cursor(g, row.x, row.y, false);
	}
}

/* ---- all of it */

static void
draw_branch(const struct view_ctx *c, struct grid *g, struct rect r)
{
	const struct snap_detail *d = &c->snap->detail;
	int y = r.y + 2;

	for (int k = CLASS_BAD; k >= CLASS_NEUTRAL && y < r.y + r.h; k--) {
		if (d->by_class[k] == 0)
			continue;
		(void)draw_glyph(g, r.x + 1, y, glyph_of_class((enum verdict_class)k),
		    role_of_class((enum verdict_class)k));
		(void)draw_number(g, r.x + 3, y, 9, ROLE_TEXT, d->by_class[k]);
		(void)draw_text(g, r.x + 14, y++, r.w - 15, ROLE_DIM,
		    verdict_class_name((enum verdict_class)k));
	}
	if (d->tree == 0 || y + 1 >= r.y + r.h)
		return;
	y++;
	(void)draw_untrusted(g, view_label(g, r.x + 1, y, LABEL_W, "tree"), y, r.w - LABEL_W - 2,
	    ROLE_TEXT, snap_span(c->snap, d->tree_topic));
	(void)view_fpr(g, view_label(g, r.x + 1, y + 1, LABEL_W, "gateway"), y + 1,
	    r.w - LABEL_W - 2, ROLE_FINGERPRINT, d->gateway);
	(void)view_fpr(g, view_label(g, r.x + 1, y + 2, LABEL_W, "owner"), y + 2,
	    r.w - LABEL_W - 2, ROLE_FINGERPRINT, d->signer);
	(void)draw_untrusted(g, view_label(g, r.x + 1, y + 3, LABEL_W, "suite"), y + 3,
	    r.w - LABEL_W - 2, ROLE_TEXT, span_of(d->suite));
}

void
topics_draw_detail(const struct topics_state *s, const struct view_ctx *c, struct grid *g,
    struct rect r)
{
	struct top_value v;
	struct plan p;
	struct rect at = r;

	if (!c->snap->detail.known || rect_empty(r))
		return;
	top_value(c, s, r, &v);
	p = plan_of(c, &v, r);
	draw_title(c, g, rect_row(r, 0));
	at = rect_below(at, 1 + p.gap);
	if (v.entry == NULL) {
		draw_branch(c, g, r);
		buf_done(&v.text);
		return;
	}
	draw_value(c, g, at, &p, &v);
	at = rect_below(at, p.value + p.trust);
	if (p.newest)
		draw_newest(c, g, rect_row(at, 0));
	at = rect_below(at, p.newest + p.gap);
	if (p.meta != 0)
		draw_meta(c, g, rect_of(at.x, at.y, at.w, p.meta), v.entry);
	at = rect_below(at, p.meta + (p.meta != 0 ? p.gap : 0));
	if (p.plot != 0)
		draw_plot(c, g, rect_of(at.x, at.y, at.w, p.plot));
	at = rect_below(at, p.plot + (p.plot != 0 ? p.gap : 0));
	if (p.history > 1)
		draw_history(s, c, g, rect_of(at.x, at.y, at.w, p.history));
	buf_done(&v.text);
}
