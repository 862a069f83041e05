#include "ui/choice.h"

#include <stdio.h>
#include <string.h>

#include "ui/draw.h"
#include "ui/show.h"
#include "ui/view.h"

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* part begins at text; blanks of part are skipped if they do not count. */
static bool
begins_with(const char *text, struct span part, bool blanks)
{
	for (size_t i = 0; i < part.n; i++) {
		if (part.p[i] == ' ' && !blanks)
			continue;
		if (*text == '\0' || lower((uint8_t)*text) != lower(part.p[i]))
			return false;
		text++;
	}
	return true;
}

static bool
contains(const char *text, struct span part, bool blanks)
{
	for (; *text != '\0'; text++)
		if (begins_with(text, part, blanks))
			return true;
	return part.n == 0;
}

static bool
fits(const struct app_choice *c, struct span typed)
{
	return contains(c->words, typed, true) || contains(c->hex, typed, false);
}

size_t
choice_count(const struct app_question *q, struct span typed)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n_choices; i++)
		n += fits(&q->choice[i], typed);
	return n;
}

const struct app_choice *
choice_nth(const struct app_question *q, struct span typed, size_t n)
{
	for (size_t i = 0; i < q->n_choices && n != 0; i++)
		if (fits(&q->choice[i], typed) && --n == 0)
			return &q->choice[i];
	return NULL;
}

static void
draw_row(const struct app_choice *c, bool chosen, struct grid *g, struct rect r)
{
	int width = show_hex_width(strlen(c->hex)), x = r.x + 3;

	if (x + width + 4 <= r.x + r.w) {
		(void)show_hex(g, x, r.y, width, span_of(c->hex));
		x += width + 2;
	} else {
		x += view_fpr_short(g, x, r.y, r.x + r.w - x, ROLE_FINGERPRINT, c->hex) + 2;
	}
	(void)draw_untrusted(g, x, r.y, r.x + r.w - x, ROLE_DIM, span_of(c->words));
	view_row_mark(g, r, chosen, true);
}

void
choice_draw(const struct app_question *q, struct span typed, size_t at, struct grid *g,
    struct rect r)
{
	size_t n = choice_count(q, typed), rows = r.h > 0 ? (size_t)r.h : 0;
	size_t top = at > rows ? at - rows : 0;

	for (size_t i = 0; i < rows && top + i < n; i++)
		draw_row(choice_nth(q, typed, top + i + 1), top + i + 1 == at, g,
		    rect_row(r, (int)i));
}
