#include "ui/wrap.h"

#include <string.h>

#include "core/base/utf8.h"
#include "ui/draw.h"

/* Where to break so that n bytes or fewer remain: behind the last blank, else at n. */
static size_t
break_at(struct span text, size_t n)
{
	for (size_t i = n; i > 0; i--)
		if (text.p[i] == ' ')
			return i;
	return n;
}

bool
wrap_next(const struct grid *limits, struct span *rest, int w, struct span *line)
{
	const uint8_t *end = rest->n != 0 ? memchr(rest->p, '\n', rest->n) : NULL;
	struct span whole = { rest->p, end != NULL ? (size_t)(end - rest->p) : rest->n };
	size_t taken = whole.n, step = whole.n + (end != NULL ? 1 : 0), fits;

	if (rest->n == 0 || w <= 0)
		return false;
	if (end != NULL && whole.n != 0 && whole.p[whole.n - 1] == '\r')
		whole.n = --taken;
	fits = draw_untrusted_fit(limits, whole, w);
	if (fits < whole.n) {
		uint32_t cp;
		enum utf8_kind kind;
		int width;

		taken = break_at(whole, fits);
		if (taken == 0) /* wider than the row: cut, but get on */
			taken = fits != 0 ? fits : utf8_next(whole, &cp, &kind, &width);
		step = taken;
		while (step < whole.n && whole.p[step] == ' ')
			step++;
	}
	*line = (struct span){ rest->p, taken };
	rest->p += step;
	rest->n -= step;
	return true;
}

int
wrap_rows(const struct grid *limits, struct span text, int w, int max)
{
	struct span line;
	int rows = 0;

	while (rows < max && wrap_next(limits, &text, w, &line))
		rows++;
	return rows;
}

int
wrap_draw(struct grid *g, struct rect r, enum role role, struct span text, int skip)
{
	struct rect old = grid_clip(g, r);
	struct span line;
	int row = -skip;

	for (; row < r.h && wrap_next(g, &text, r.w, &line); row++)
		if (row >= 0)
			(void)draw_untrusted(g, r.x, r.y + row, r.w, role, line);
	grid_unclip(g, old);
	return row > 0 ? row : 0;
}
