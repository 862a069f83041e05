/*
 * Tab line, footer and the prompt in its place.
 */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "ui/app_impl.h"
#include "ui/footer.h"

#define HINTS_MAX 24

/* ---- the tab line */

static int
draw_tab(const struct app *a, struct grid *g, int x, int y, int max, size_t i, bool brief)
{
	const struct view *v = a->screen[i].view;
	bool here = i == a->now;
	char key[KEY_NAME_MAX];
	int start = x;

	if (!keymap_hint(a->keys, CONTEXT_GLOBAL, v->show, key, sizeof key))
		key[0] = '\0';
	x += draw_text(g, x, y, max, here ? ROLE_TAB_ACTIVE : ROLE_KEY, key);
	if (brief && !here)
		return x - start;
	if (key[0] != '\0')
		x += draw_text(g, x, y, max - (x - start), here ? ROLE_TAB_ACTIVE : ROLE_TAB, " ");
	x += draw_text(g, x, y, max - (x - start), here ? ROLE_TAB_ACTIVE : ROLE_TAB, v->name);
	return x - start;
}

/* "filter verdict:bad  12", "paused, +310", "plant - read-only" from the right; returns the column
 * where it begins. */
static int
draw_right_end(const struct app *a, struct grid *g, struct rect r)
{
	const struct app_screen *s = &a->screen[a->now];
	struct view_ctx c = app_ctx(a);
	char text[96], count[8];
	int x = r.x + r.w - 1, w;

	(void)snprintf(text, sizeof text, "%.40s%s%s", a->profile,
	    a->profile[0] != '\0' ? " \xc2\xb7 " : "", a->read_only ? "read-only" : "read-write");
	if (r.w >= 90) {
		w = draw_untrusted_width(g, span_of(text));
		(void)draw_untrusted(g, x - w, r.y, w, ROLE_DIM, span_of(text));
		x -= w + 2;
	}
	if (a->paused) {
		text_count(count, a->snap->status.messages - a->paused_at);
		(void)snprintf(text, sizeof text, "paused, +%s", count);
		x -= draw_text_width(text);
		(void)draw_text(g, x, r.y, r.w, ROLE_NOTICE_WARN, text);
		x -= 2;
	}
	if (s->filter_n != 0 && c.snap->filter_error[0] == '\0') {
		text_count(count, c.snap->filter_count);
		(void)snprintf(text, sizeof text, "  %s%s", count,
		    c.snap->filter_running ? "\xe2\x80\xa6" : "");
		x -= draw_text_width(text);
		(void)draw_text(g, x, r.y, r.w, ROLE_NOTICE_WARN, text);
		w = draw_untrusted_width(g, c.filter);
		w = w > r.w / 4 ? r.w / 4 : w;
		x -= w;
		(void)draw_untrusted(g, x, r.y, w, ROLE_STRONG, c.filter);
		x -= 7;
		(void)draw_text(g, x, r.y, 7, ROLE_DIM, "filter ");
		x -= 2;
	}
	return x;
}

void
app_draw_tabs(void *arg, struct grid *g, struct rect r)
{
	const struct app *a = arg;
	int end = draw_right_end(a, g, r), x = r.x + 1, full = 1;
	bool brief;

	for (size_t i = 0; i < a->n_screens; i++)
		full += draw_text_width(a->screen[i].view->name) + 4;
	brief = full > end - r.x;
	for (size_t i = 0; i < a->n_screens && x < end; i++)
		x += draw_tab(a, g, x, r.y, end - x, i, brief) + 2;
}

/* ---- the footer */

static void
draw_prompt(struct app *a, struct grid *g, struct rect r)
{
	bool search = a->prompt == PROMPT_SEARCH;
	const struct snap *s = app_ctx(a).snap;
	const char *error = !search && s->filter_error[0] != '\0' ? s->filter_error : "";
	int w = draw_untrusted_width(g, span_of(error)), x = r.x + 1;

	w = w > r.w / 2 ? r.w / 2 : w;
	(void)draw_untrusted(g, r.x + r.w - 1 - w, r.y, w, ROLE_NOTICE_WARN, span_of(error));
	x += draw_text(g, x, r.y, r.w - 2, ROLE_KEY, search ? "/" : "filter ");
	lineedit_draw(&a->line, g, rect_of(x, r.y, r.x + r.w - 2 - w - x, 1));
}

/* What is on a screen without room for a tab line still has to be known. */
static const char *
mode_words(const struct app *a)
{
	if (a->paused)
		return "paused";
	return a->screen[a->now].filter_n != 0 ? "filtered" : "";
}

void
app_draw_footer(void *arg, struct grid *g, struct rect r)
{
	static const enum action over_hints[] = { ACTION_BACK, ACTION_EVIDENCE };
	struct app *a = arg;
	const struct view *v = app_here(a)->view;
	struct footer f = { .keys = a->keys, .context = v->context, .hints = v->hints,
		.n_hints = v->n_hints, .notice = buf_span(&a->notice),
		.notice_role = a->notice_role };

	if (a->prompt != PROMPT_NONE) {
		draw_prompt(a, g, r);
		return;
	}
	if (f.notice.n == 0 && rect_empty(app_ctx(a).layout.tabs)) {
		f.notice = span_of(mode_words(a));
		f.notice_role = ROLE_NOTICE_WARN;
	}
	if (a->over != OVER_NONE) {
		f.hints = over_hints;
		f.n_hints = a->over == OVER_WHY ? 2 : a->over == OVER_CONFIRM ? 0 : 1;
	}
	footer_draw(&f, g, r);
}
