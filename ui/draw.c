#include "ui/draw.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

#define MAX_MARKS 2 /* combining marks a cell takes */
/* Bytes looked at per column: a screenful of combining marks must not cost a payload's length. */
#define BYTES_PER_COLUMN 16

/* Text on its way into cells. */
struct pen {
	struct grid *g; /* NULL: measure only */
	const struct grid *limits;
	bool own; /* our own words: what is not ASCII is left to the back end's twins */
	struct span rest;
	const uint8_t *fits; /* end of the last piece that had room */
	int marks;	     /* on the last base; -1: there is no base */
	/* The next piece: */
	enum { PIECE_BASE, PIECE_MARK, PIECE_ESCAPE, PIECE_NOTHING } kind;
	uint32_t cp;
	int width;
	char escape[12];
};

static bool
showable(const struct pen *p, uint32_t cp, int width)
{
	if (p->own || cp < 0x7f)
		return true;
	return !p->limits->ascii && (p->limits->shows == NULL || p->limits->shows(cp, width));
}

/* Takes the next piece from what is left. */
static void
pen_next(struct pen *p)
{
	enum utf8_kind kind;
	size_t n = utf8_next(p->rest, &p->cp, &kind, &p->width);

	p->rest.p += n;
	p->rest.n -= n;
	if (kind == UTF8_PLAIN && showable(p, p->cp, p->width)) {
		p->kind = PIECE_BASE;
		p->marks = 0;
	} else if (kind == UTF8_COMBINING && p->marks >= 0 && showable(p, p->cp, 0)) {
		p->kind = p->marks < MAX_MARKS ? PIECE_MARK : PIECE_NOTHING;
		p->marks++;
		p->width = 0;
	} else {
		p->kind = PIECE_ESCAPE;
		p->marks = -1;
		p->width = utf8_escape(p->escape, p->cp, kind);
	}
}

/* Lets the pen run over at most max columns; returns the columns used. left says whether something
 * did not fit. */
static int
pen_run(struct pen *p, int x, int y, int max, enum role role, bool *left)
{
	size_t budget = ((size_t)max + 4) * BYTES_PER_COLUMN;
	const uint8_t *start = p->rest.p;
	int used = 0, last = 0;

	*left = false;
	p->fits = start;
	while (p->rest.n != 0) {
		pen_next(p);
		if (used + p->width > max || (size_t)(p->rest.p - start) > budget) {
			*left = true;
			return used;
		}
		if (p->g != NULL && p->kind == PIECE_BASE)
			(void)grid_put(p->g, x + used, y, p->cp, role);
		else if (p->g != NULL && p->kind == PIECE_MARK)
			grid_combine(p->g, x + last, y, p->cp);
		for (int i = 0; p->g != NULL && p->kind == PIECE_ESCAPE && i < p->width; i++)
			(void)grid_put(p->g, x + used + i, y, (unsigned char)p->escape[i], ROLE_ESCAPE);
		if (p->kind == PIECE_BASE)
			last = used;
		used += p->width;
		p->fits = p->rest.p;
	}
	return used;
}

static int
draw_span(struct grid *g, int x, int y, int max, enum role role, struct span text, bool own)
{
	struct pen p = { .limits = g, .own = own, .rest = text, .marks = -1 };
	bool left;
	int used;

	if (max <= 0)
		return 0;
	if (max > GRID_MAX_SIDE)
		max = GRID_MAX_SIDE;
	(void)pen_run(&p, x, y, max, role, &left); /* only whether all of it fits */
	p = (struct pen){ .g = g, .limits = g, .own = own, .rest = text, .marks = -1 };
	if (!left)
		return pen_run(&p, x, y, max, role, &left);
	used = pen_run(&p, x, y, max - 1, role, &left);
	return used + draw_glyph(g, x + used, y, GLYPH_ELLIPSIS, own ? role : ROLE_CUT);
}

int
draw_text(struct grid *g, int x, int y, int max, enum role role, const char *text)
{
	return draw_span(g, x, y, max, role, span_of(text), true);
}

int
draw_right(struct grid *g, int x, int y, int w, enum role role, const char *text)
{
	int width = draw_text_width(text), gap = width < w ? w - width : 0;

	if (w <= 0)
		return 0;
	(void)draw_text(g, x + gap, y, w - gap, role, text);
	return w;
}

int
draw_untrusted(struct grid *g, int x, int y, int max, enum role role, struct span text)
{
	return draw_span(g, x, y, max, role, text, false);
}

static int
measure(const struct grid *limits, struct span text, bool own)
{
	struct pen p = { .limits = limits, .own = own, .rest = text, .marks = -1 };
	bool left;

	return pen_run(&p, 0, 0, GRID_MAX_SIDE, ROLE_TEXT, &left);
}

int
draw_untrusted_width(const struct grid *g, struct span text)
{
	return measure(g, text, false);
}

int
draw_text_width(const char *text)
{
	return measure(NULL, span_of(text), true);
}

size_t
draw_untrusted_fit(const struct grid *g, struct span text, int max)
{
	struct pen p = { .limits = g, .rest = text, .marks = -1 };
	bool left;

	if (max <= 0 || text.n == 0)
		return 0;
	(void)pen_run(&p, 0, 0, max < GRID_MAX_SIDE ? max : GRID_MAX_SIDE, ROLE_TEXT, &left);
	return (size_t)(p.fits - text.p);
}

int
draw_glyph(struct grid *g, int x, int y, enum glyph glyph, enum role role)
{
	return grid_put(g, x, y, (uint32_t)glyph, role);
}

int
draw_number(struct grid *g, int x, int y, int w, enum role role, uint64_t n)
{
	char digits[24], grouped[32], brief[8];
	size_t len, out = 0;

	(void)snprintf(digits, sizeof digits, "%" PRIu64, n);
	len = strlen(digits);
	for (size_t i = 0; i < len; i++) {
		if (i != 0 && (len - i) % 3 == 0)
			grouped[out++] = ' ';
		grouped[out++] = digits[i];
	}
	grouped[out] = '\0';
	if (out <= (size_t)(w > 0 ? w : 0))
		return draw_right(g, x, y, w, role, grouped);
	text_count(brief, n);
	return draw_right(g, x, y, w, role, brief);
}

int
draw_fingerprint(struct grid *g, int x, int y, int max, enum role role, const uint8_t *p, size_t n)
{
	char text[32 * 2 + 8 + 1];
	size_t out = 0;

	for (size_t i = 0; i < n && i < 32; i++) {
		if (i != 0 && i % 4 == 0)
			text[out++] = ' ';
		text_hex_upper(text + out, p + i, 1);
		out += 2;
	}
	text[out] = '\0';
	return draw_text(g, x, y, max, role, text);
}

int
draw_fingerprint_short(struct grid *g, int x, int y, int max, enum role role, const uint8_t *p,
    size_t n)
{
	char text[16] = "", head[5], tail[5];

	if (n >= 4) {
		text_hex_upper(head, p, 2);
		text_hex_upper(tail, p + n - 2, 2);
		(void)snprintf(text, sizeof text, "%s\xe2\x80\xa6%s", head, tail);
	}
	return draw_text(g, x, y, max, role, text);
}

/* Line glyphs by the sides they touch. */
enum side { SIDE_UP = 1, SIDE_DOWN = 2, SIDE_LEFT = 4, SIDE_RIGHT = 8 };

static const uint32_t line_glyph[16] = {
	[SIDE_UP] = GLYPH_V,
	[SIDE_DOWN] = GLYPH_V,
	[SIDE_UP | SIDE_DOWN] = GLYPH_V,
	[SIDE_LEFT] = GLYPH_H,
	[SIDE_RIGHT] = GLYPH_H,
	[SIDE_LEFT | SIDE_RIGHT] = GLYPH_H,
	[SIDE_DOWN | SIDE_RIGHT] = GLYPH_DR,
	[SIDE_DOWN | SIDE_LEFT] = GLYPH_DL,
	[SIDE_UP | SIDE_RIGHT] = GLYPH_UR,
	[SIDE_UP | SIDE_LEFT] = GLYPH_UL,
	[SIDE_UP | SIDE_DOWN | SIDE_RIGHT] = GLYPH_VR,
	[SIDE_UP | SIDE_DOWN | SIDE_LEFT] = GLYPH_VL,
	[SIDE_DOWN | SIDE_LEFT | SIDE_RIGHT] = GLYPH_DH,
	[SIDE_UP | SIDE_LEFT | SIDE_RIGHT] = GLYPH_UH,
	[SIDE_UP | SIDE_DOWN | SIDE_LEFT | SIDE_RIGHT] = GLYPH_VH,
};

static bool
is_line_role(uint8_t role)
{
	return role == ROLE_BORDER || role == ROLE_FOCUS || role == ROLE_DIALOG;
}

/* The sides of a line that is at x, y already; data never counts as one. */
static unsigned
sides_at(const struct grid *g, int x, int y)
{
	const struct cell *c = grid_at(g, x, y);

	if (c == NULL || !is_line_role(c->role))
		return 0;
	if (c->cp[0] == GLYPH_V)
		return SIDE_UP | SIDE_DOWN;
	if (c->cp[0] == GLYPH_H)
		return SIDE_LEFT | SIDE_RIGHT;
	for (unsigned sides = 1; sides < 16; sides++)
		if (line_glyph[sides] == c->cp[0])
			return sides;
	return 0;
}

static void
draw_line(struct grid *g, int x, int y, int n, enum role role, bool across)
{
	unsigned back = across ? SIDE_LEFT : SIDE_UP, ahead = across ? SIDE_RIGHT : SIDE_DOWN;

	for (int i = 0; i < n; i++) {
		int cx = across ? x + i : x, cy = across ? y : y + i;
		unsigned there = sides_at(g, cx, cy), sides = there;

		if (i != 0 || there == 0)
			sides |= back;
		if (i != n - 1 || there == 0)
			sides |= ahead;
		(void)grid_put(g, cx, cy, line_glyph[sides], role);
	}
}

void
draw_hline(struct grid *g, int x, int y, int w, enum role role)
{
	draw_line(g, x, y, w, role, true);
}

void
draw_vline(struct grid *g, int x, int y, int h, enum role role)
{
	draw_line(g, x, y, h, role, false);
}

struct rect
draw_box(struct grid *g, struct rect r, enum role role, const char *title, enum role title_role)
{
	int right = r.x + r.w - 1, bottom = r.y + r.h - 1;

	grid_fill(g, r, role);
	if (r.w < 2 || r.h < 2)
		return rect_of(r.x, r.y, 0, 0);
	draw_hline(g, r.x + 1, r.y, r.w - 2, role);
	draw_hline(g, r.x + 1, bottom, r.w - 2, role);
	draw_vline(g, r.x, r.y + 1, r.h - 2, role);
	draw_vline(g, right, r.y + 1, r.h - 2, role);
	(void)draw_glyph(g, r.x, r.y, GLYPH_DR, role);
	(void)draw_glyph(g, right, r.y, GLYPH_DL, role);
	(void)draw_glyph(g, r.x, bottom, GLYPH_UR, role);
	(void)draw_glyph(g, right, bottom, GLYPH_UL, role);
	if (title != NULL && r.w > 6) {
		int used = draw_text(g, r.x + 2, r.y, r.w - 5, title_role, title);

		(void)grid_put(g, r.x + 1, r.y, ' ', role);
		(void)grid_put(g, r.x + 2 + used, r.y, ' ', role);
	}
	return rect_inset(r, 1, 1);
}

int
draw_spark(struct grid *g, int x, int y, int w, enum role role, const uint32_t *value, size_t n)
{
	uint32_t most = 1;
	size_t skip = w > 0 && n > (size_t)w ? n - (size_t)w : 0;
	int gap = w > 0 && n < (size_t)w ? w - (int)n : 0;

	if (w <= 0)
		return 0;
	for (size_t i = skip; i < n; i++)
		most = value[i] > most ? value[i] : most;
	for (size_t i = skip; i < n; i++) {
		uint32_t level = (uint32_t)((uint64_t)value[i] * 7 / most);

		(void)grid_put(g, x + gap + (int)(i - skip), y, GLYPH_BAR_1 + level, role);
	}
	return w;
}

int
draw_progress(struct grid *g, int x, int y, int w, uint64_t done, uint64_t total)
{
	int full;

	if (w <= 0)
		return 0;
	if (total == 0)
		full = 0;
	else if (done >= total)
		full = w;
	else
		full = (int)((double)done / (double)total * w);
	for (int i = 0; i < w; i++)
		(void)draw_glyph(g, x + i, y, i < full ? GLYPH_BAR_8 : GLYPH_SHADE,
		    i < full ? ROLE_PROGRESS : ROLE_PROGRESS_REST);
	return w;
}
