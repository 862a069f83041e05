/*
 * The status line: connected? to whom? protected? is anything failing? what can I not see?
 *
 * It is a row of segments, each with several wordings from long to short. When the line is too
 * narrow the table `shorten` is followed from its top until everything fits.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/app_impl.h"

#define RUNS_MAX 8
#define ENDS_SOON_S (30 * 86400) /* amber before a conf's time is over */
#define LINK_DOWN_VALUE 0	 /* snap_status.link */
#define LINK_UP_VALUE 2

struct run {
	enum role role;
	bool hostile;
	char text[192];
};

struct segment {
	struct run run[RUNS_MAX];
	int n;
};

enum segment_id { SEG_NAME, SEG_LINK, SEG_TREES, SEG_COUNTS, SEG_UNSEEN, SEG_CLOCK, SEG_COUNT };

static void
put(struct segment *s, enum role role, const char *text)
{
	struct run *r = &s->run[s->n];

	if (s->n == RUNS_MAX || text[0] == '\0')
		return;
	r->role = role;
	r->hostile = false;
	(void)snprintf(r->text, sizeof r->text, "%s", text); /* cut at most */
	s->n++;
}

static void
put_hostile(struct segment *s, enum role role, const char *text)
{
	int before = s->n;

	put(s, role, text);
	if (s->n > before)
		s->run[before].hostile = true;
}

/* ---- what each says */

static void
say_name(const struct app *a, int level, struct segment *s)
{
	(void)a;
	if (level == 0)
		put(s, ROLE_STRONG, "mqgp");
}

/* "broker.example:8883" of "mqtts://user@broker.example:8883/" and, shorter, without the port. */
static void
broker_words(const char *url, int level, char out[160])
{
	const char *start = strstr(url, "://"), *at;
	size_t n;

	start = level == 0 || start == NULL ? url : start + 3;
	if (level > 0 && (at = strrchr(start, '@')) != NULL)
		start = at + 1;
	n = level >= 2 ? strcspn(start, ":/") : strlen(start);
	(void)snprintf(out, 160, "%.*s", (int)(n < 159 ? n : 159), start);
}

static void
say_down(const struct snap_status *st, int level, struct segment *s)
{
	int64_t left = (st->retry_ms - st->now_ms + 999) / 1000;
	char text[64];
	bool down = st->link == LINK_DOWN_VALUE;

	put(s, down ? ROLE_STATE_BAD : ROLE_STATE_WARN, down ? "\xe2\x9c\x96" : "\xe2\x97\x90");
	if (level >= 4)
		return;
	if (down && left > 0 && level < 2)
		(void)snprintf(text, sizeof text, " not connected, again in %d s",
		    left < 9999 ? (int)left : 9999);
	else
		(void)snprintf(text, sizeof text, down ? " not connected" : " connecting");
	put(s, down ? ROLE_STATE_BAD : ROLE_STATE_WARN, text);
}

static void
say_link(const struct app *a, int level, struct segment *s)
{
	const struct snap_status *st = &a->snap->status;
	char broker[160];

	if (st->link == LINK_UP_VALUE)
		put(s, ROLE_STATE_OK, "\xe2\x97\x8f");
	else
		say_down(st, level, s);
	if (level < 3 && st->broker[0] != '\0') {
		broker_words(st->broker, level, broker);
		put(s, ROLE_TEXT, " ");
		put_hostile(s, ROLE_TEXT, broker);
	}
	if (st->link != LINK_UP_VALUE || level >= 4)
		return;
	if (st->tls[0] == '\0') {
		put(s, ROLE_STATE_WARN, level < 2 ? "  no TLS" : " no TLS");
		return;
	}
	put(s, ROLE_DIM, level < 2 ? "  " : " ");
	put(s, ROLE_DIM, level < 2 ? st->tls : "TLS");
	if (st->cert_changed)
		put(s, ROLE_STATE_BAD, " certificate changed");
	else if (st->cert_pinned && level < 2)
		put(s, ROLE_DIM, " pinned");
}

static void
say_trees(const struct app *a, int level, struct segment *s)
{
	const struct snap_status *st = &a->snap->status;
	enum role role = st->trees_bad != 0 ? ROLE_STATE_BAD : ROLE_STATE_WARN;
	int64_t left = st->valid_until - st->now_ms / 1000;
	char text[64];

	if (st->trees == 0)
		return;
	if (st->trees_need_you == 0 && st->valid_until != 0 && left < ENDS_SOON_S) {
		(void)snprintf(text, sizeof text, level == 0 ? " a tree ends in %d d" : " %d d",
		    left > 0 ? (int)(left / 86400) : 0);
		put(s, ROLE_STATE_WARN, "\xe2\x96\xb2");
		put(s, ROLE_STATE_WARN, text);
		return;
	}
	if (st->trees_need_you == 0) {
		(void)snprintf(text, sizeof text, "%u %s%s", st->trees, st->trees == 1 ? "tree" : "trees",
		    level == 0 && st->trees_good == st->trees ? " in order" : "");
		if (level < 2)
			put(s, ROLE_DIM, text);
		return;
	}
	put(s, role, st->trees_bad != 0 ? "\xe2\x9c\x96" : "\xe2\x96\xb2");
	(void)snprintf(text, sizeof text, level == 0 ? " %u %s you" : level == 1 ? " %u %s" : "%u",
	    st->trees_need_you, st->trees_need_you == 1 ? level == 0 ? "tree needs" : "tree" :
	    level == 0 ? "trees need" : "trees");
	put(s, role, text);
}

static void
put_count(struct segment *s, const char *glyph, enum role role, uint64_t n, bool gap)
{
	char count[8], text[24];

	text_count(count, n);
	(void)snprintf(text, sizeof text, "%s%s", gap ? " " : "", count);
	put(s, n != 0 ? role : ROLE_DIM, glyph);
	put(s, n != 0 ? role : ROLE_DIM, text);
}

static void
say_counts(const struct app *a, int level, struct segment *s)
{
	const struct snap_status *st = &a->snap->status;
	char rate[8], text[24];

	if (level == 0) {
		text_count(rate, st->rate[CLASS_GOOD]);
		(void)snprintf(text, sizeof text, " %s/s%*s", rate, 7 - (int)strlen(rate), "");
		put(s, ROLE_VERDICT_GOOD, "\xe2\x9c\x93");
		put(s, ROLE_TEXT, text);
	}
	put_count(s, "\xe2\x9c\x96", ROLE_VERDICT_BAD, st->count[CLASS_BAD], level < 2);
	if (level == 3)
		return;
	put(s, ROLE_TEXT, level < 2 ? "  " : " ");
	put_count(s, "\xe2\x96\xb2", ROLE_VERDICT_ATTENTION, st->count[CLASS_ATTENTION],
	    level < 2);
}

/* Everything that was there and is not on any screen. */
static void
say_unseen(const struct app *a, int level, struct segment *s)
{
	const struct snap_status *st = &a->snap->status;
	const struct {
		const char *word;
		uint64_t n;
	} blind[] = {
		{ "lost", st->lost }, { "dropped", st->dropped },
		{ "dropped by broker", st->dropped_broker }, { "filters refused", st->denied },
		{ "not examined", st->held_out }, { "bad names", st->malformed_topics },
		{ "no memory", st->no_memory },
	};
	uint64_t total = 0;
	char count[8], text[40];
	int named = 0;

	for (size_t i = 0; i < sizeof blind / sizeof blind[0]; i++)
		total += blind[i].n;
	for (size_t i = 0; i < sizeof blind / sizeof blind[0] && level == 0 && named < 3; i++) {
		if (blind[i].n == 0)
			continue;
		text_count(count, blind[i].n);
		(void)snprintf(text, sizeof text, "%s%s %s", named++ != 0 ? "  " : "", blind[i].word,
		    count);
		put(s, ROLE_STATE_WARN, text);
	}
	if (named != 0 || (level >= 2 && total == 0))
		return;
	text_count(count, total);
	(void)snprintf(text, sizeof text, level < 2 ? "unseen %s" : "-%s", count);
	put(s, total != 0 ? ROLE_STATE_WARN : ROLE_DIM, text);
}

static void
say_clock(const struct app *a, int level, struct segment *s)
{
	char time[9], text[16];

	view_time(time, a->snap->status.now_ms);
	if (level == 1 || a->quiet)
		time[time[0] != '\0' ? 5 : 0] = '\0';
	(void)snprintf(text, sizeof text, "%sZ", time);
	if (level < 2 && time[0] != '\0')
		put(s, ROLE_DIM, text);
}

static void (*const say[SEG_COUNT])(const struct app *, int, struct segment *) = {
	say_name, say_link, say_trees, say_counts, say_unseen, say_clock,
};

static const struct {
	enum segment_id segment;
	int level;
} shorten[] = {
	{ SEG_NAME, 1 }, { SEG_TREES, 1 }, { SEG_LINK, 1 }, { SEG_UNSEEN, 1 }, { SEG_LINK, 2 },
	{ SEG_TREES, 2 }, { SEG_COUNTS, 1 }, { SEG_COUNTS, 2 }, { SEG_LINK, 3 }, { SEG_UNSEEN, 2 },
	{ SEG_CLOCK, 1 }, { SEG_LINK, 4 }, { SEG_COUNTS, 3 }, { SEG_CLOCK, 2 },
};

/* ---- drawing */

static int
segment_width(const struct grid *g, const struct segment *s)
{
	int w = 0;

	for (int i = 0; i < s->n; i++)
		w += s->run[i].hostile ? draw_untrusted_width(g, span_of(s->run[i].text)) :
					 draw_text_width(s->run[i].text);
	return w;
}

static int
draw_segment(struct grid *g, int x, int y, int max, const struct segment *s)
{
	int start = x;

	for (int i = 0; i < s->n; i++) {
		int left = max - (x - start);

		if (s->run[i].hostile)
			x += draw_untrusted(g, x, y, left, s->run[i].role, span_of(s->run[i].text));
		else
			x += draw_text(g, x, y, left, s->run[i].role, s->run[i].text);
	}
	return x - start;
}

/* Columns between two segments: a line, but none around the name and the clock. */
static int
gap_before(enum segment_id id)
{
	return id == SEG_LINK || id == SEG_CLOCK ? 2 : 3;
}

static int
say_all(const struct app *a, const struct grid *g, const int level[SEG_COUNT],
    struct segment out[SEG_COUNT])
{
	int total = 1;
	bool any = false;

	memset(out, 0, SEG_COUNT * sizeof *out);
	for (int i = 0; i < SEG_COUNT; i++) {
		say[i](a, level[i], &out[i]);
		if (out[i].n == 0)
			continue;
		total += segment_width(g, &out[i]) + (any ? gap_before((enum segment_id)i) : 0);
		any = true;
	}
	return total + 1;
}

void
app_draw_status(void *arg, struct grid *g, struct rect r)
{
	const struct app *a = arg;
	int level[SEG_COUNT] = { 0 }, x = r.x + 1, end = r.x + r.w - 1, clock;
	struct segment seg[SEG_COUNT];
	bool any = false;

	for (size_t i = 0; say_all(a, g, level, seg) > r.w && i < sizeof shorten / sizeof shorten[0];
	    i++)
		level[shorten[i].segment] = shorten[i].level;
	clock = segment_width(g, &seg[SEG_CLOCK]);
	if (clock != 0 && end - clock > x)
		(void)draw_segment(g, end - clock, r.y, clock, &seg[SEG_CLOCK]);
	end -= clock != 0 ? clock + 1 : 0;
	for (int i = 0; i < SEG_CLOCK; i++) {
		int gap = any ? gap_before((enum segment_id)i) : 0;

		if (seg[i].n == 0)
			continue;
		if (gap == 3)
			(void)draw_glyph(g, x + 1, r.y, GLYPH_V, ROLE_BORDER);
		x += gap;
		x += draw_segment(g, x, r.y, end - x, &seg[i]);
		any = true;
	}
}
