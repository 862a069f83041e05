/* Any bytes through draw_untrusted at any place and width: cells hold only what may be drawn, halves
 * of wide characters come in pairs, and nothing is touched outside of the rectangle. */
#include <stdlib.h>

#include "core/base/utf8.h"
#include "ui/draw.h"

#define W 40
#define H 3
#define OUTSIDE '#'

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_cell(const struct grid *g, int x, int y, struct rect allowed)
{
	const struct cell *c = grid_at(g, x, y);
	bool in = x >= allowed.x && x < allowed.x + allowed.w && y == allowed.y;
	int width;

	if (!in && (c->cp[0] != OUTSIDE || c->width != 1))
		abort();
	if (c->width == 0) {
		if (x == 0 || grid_at(g, x - 1, y)->width != 2)
			abort();
		return;
	}
	if (utf8_classify(c->cp[0], &width) != UTF8_PLAIN || width != c->width)
		abort();
	if (c->width == 2 && (x + 1 == W || grid_at(g, x + 1, y)->width != 0))
		abort();
	for (int i = 1; i < 3 && c->cp[i] != 0; i++)
		if (utf8_classify(c->cp[i], &width) != UTF8_COMBINING)
			abort();
	if (g->ascii && in && c->cp[0] >= 0x7f && c->cp[0] != GLYPH_ELLIPSIS)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text;
	struct grid g;
	struct rect clip;
	int used, max;

	if (size < 2)
		return 0;
	grid_init(&g);
	if (grid_resize(&g, W, H) != MQ_OK)
		return 0;
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			(void)grid_put(&g, x, y, OUTSIDE, ROLE_TEXT);
	g.ascii = (data[1] & 1) != 0;
	max = data[0] % (W + 10);
	clip = rect_of(data[1] % 7, 1, W - 8, 1);
	text = (struct span){ data + 2, size - 2 };
	(void)grid_clip(&g, clip);
	used = draw_untrusted(&g, 3, 1, max, ROLE_TEXT, text);
	if (used < 0 || used > max)
		abort();
	clip = rect_intersect(clip, rect_of(3, 1, used, 1));
	for (int y = 0; y < H; y++)
		for (int x = 0; x < W; x++)
			check_cell(&g, x, y, clip);
	grid_done(&g);
	return 0;
}
