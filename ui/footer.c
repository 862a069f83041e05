#include "ui/footer.h"

#include "ui/draw.h"

#define GAP 3	       /* columns between hints */
#define LABEL_MAX 32   /* of a key */

/* Columns of one hint, 0 if the action has no key here. */
static int
hint_width(const struct footer *f, enum action a, char label[LABEL_MAX])
{
	if (!keymap_hint(f->keys, f->context, a, label, LABEL_MAX))
		return 0;
	return draw_text_width(label) + 1 + draw_text_width(action_label(a));
}

void
footer_draw(const struct footer *f, struct grid *g, struct rect r)
{
	struct rect old = grid_clip(g, r);
	int notice = draw_untrusted_width(g, f->notice), x = r.x + 1, end = r.x + r.w - 1;
	char label[LABEL_MAX];

	/* A message may take half of the line, or all that short hints leave. */
	if (notice > (r.w - 2) / 2)
		notice = (r.w - 2) / 2;
	if (notice > 0) {
		end -= notice;
		(void)draw_untrusted(g, end, r.y, notice, f->notice_role, f->notice);
		end -= GAP;
	}
	for (size_t i = 0; i < f->n_hints; i++) {
		int width = hint_width(f, f->hints[i], label);

		if (width == 0 || x + width > end)
			continue;
		x += draw_text(g, x, r.y, end - x, ROLE_KEY, label) + 1;
		x += draw_text(g, x, r.y, end - x, ROLE_FOOTER, action_label(f->hints[i])) + GAP;
	}
	grid_unclip(g, old);
}
