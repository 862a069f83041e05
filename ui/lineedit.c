#include "ui/lineedit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/utf8.h"
#include "ui/draw.h"

enum mq_err
lineedit_init(struct lineedit *le, size_t max, bool secret)
{
	memset(le, 0, sizeof *le);
	le->max = max < 1 ? 1 : max > LINEEDIT_MAX ? LINEEDIT_MAX : max;
	le->secret = secret;
	if (secret) {
		le->held = secret_new(le->max);
		le->p = le->held.p;
	} else {
		le->p = malloc(le->max);
	}
	return le->p != NULL ? MQ_OK : MQ_ENOMEM;
}

void
lineedit_done(struct lineedit *le)
{
	if (le->secret) {
		secret_free(&le->held);
	} else if (le->p != NULL) {
		explicit_bzero(le->p, le->max);
		free(le->p);
	}
	memset(le, 0, sizeof *le);
}

void
lineedit_clear(struct lineedit *le)
{
	if (le->p != NULL)
		explicit_bzero(le->p, le->max);
	le->n = le->at = le->scroll = 0;
	le->refused = NULL;
}

/* The start of the character before / behind byte `at`. */
static size_t
before(const struct lineedit *le, size_t at)
{
	if (at > 0)
		at--;
	while (at > 0 && (le->p[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t
behind(const struct lineedit *le, size_t at)
{
	if (at < le->n)
		at++;
	while (at < le->n && (le->p[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static bool
insert(struct lineedit *le, uint32_t cp)
{
	char bytes[4];
	size_t n = utf8_encode(cp, bytes);

	if (le->p == NULL || n == 0 || n > le->max - le->n) {
		le->refused = "the line is full";
		return false;
	}
	memmove(le->p + le->at + n, le->p + le->at, le->n - le->at);
	memcpy(le->p + le->at, bytes, n);
	le->n += n;
	le->at += n;
	return true;
}

static void
delete(struct lineedit *le, size_t from, size_t to)
{
	memmove(le->p + from, le->p + to, le->n - to);
	le->n -= to - from;
	explicit_bzero(le->p + le->n, to - from);
	le->at = from;
}

void
lineedit_set(struct lineedit *le, struct span text)
{
	lineedit_clear(le);
	lineedit_paste(le, text);
	le->refused = NULL;
}

bool
lineedit_key(struct lineedit *le, struct key k)
{
	if (!key_is_text(k))
		return false;
	le->refused = NULL;
	(void)insert(le, k.code); /* le->refused says why not */
	return true;
}

static struct span
without_last_line_end(struct span text)
{
	if (text.n != 0 && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n != 0 && text.p[text.n - 1] == '\r')
		text.n--;
	return text;
}

void
lineedit_paste(struct lineedit *le, struct span text)
{
	bool after_cr = false;

	le->refused = NULL;
	for (text = without_last_line_end(text); text.n != 0;) {
		enum utf8_kind kind;
		uint32_t cp;
		int width;
		size_t n = utf8_next(text, &cp, &kind, &width);
		bool line_end = kind == UTF8_ESCAPE && (cp == '\n' || cp == '\r' || cp == '\t');

		text.p += n;
		text.n -= n;
		if (line_end && cp == '\n' && after_cr) {
			after_cr = false;
			continue;
		}
		after_cr = line_end && cp == '\r';
		if (!line_end && (kind == UTF8_ESCAPE || kind == UTF8_INVALID))
			le->refused = "control characters were left out";
		else if (!insert(le, line_end ? ' ' : cp))
			return;
	}
}

/* Where an action leads from the cursor. */
static size_t
to_left(const struct lineedit *le)
{
	return before(le, le->at);
}

static size_t
to_right(const struct lineedit *le)
{
	return behind(le, le->at);
}

static size_t
to_start(const struct lineedit *le)
{
	(void)le;
	return 0;
}

static size_t
to_end(const struct lineedit *le)
{
	return le->n;
}

static size_t
to_word(const struct lineedit *le)
{
	size_t at = le->at;

	while (at > 0 && le->p[at - 1] == ' ')
		at--;
	while (at > 0 && le->p[at - 1] != ' ')
		at--;
	return at;
}

static const struct {
	enum action action;
	size_t (*target)(const struct lineedit *le);
	bool deletes; /* what lies between */
} edits[] = {
	{ ACTION_LINE_LEFT, to_left, false },
	{ ACTION_LINE_RIGHT, to_right, false },
	{ ACTION_LINE_START, to_start, false },
	{ ACTION_LINE_END, to_end, false },
	{ ACTION_LINE_RUB, to_left, true },
	{ ACTION_LINE_DELETE, to_right, true },
	{ ACTION_LINE_RUB_WORD, to_word, true },
	{ ACTION_LINE_RUB_ALL, to_start, true },
	{ ACTION_LINE_CUT_END, to_end, true },
};

bool
lineedit_act(struct lineedit *le, enum action a)
{
	for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
		size_t target;

		if (edits[i].action != a)
			continue;
		le->refused = NULL;
		target = edits[i].target(le);
		if (!edits[i].deletes)
			le->at = target;
		else if (target < le->at)
			delete(le, target, le->at);
		else if (target > le->at)
			delete(le, le->at, target);
		return true;
	}
	return false;
}

struct span
lineedit_text(const struct lineedit *le)
{
	return (struct span){ le->p, le->n };
}

struct secret
lineedit_take(struct lineedit *le)
{
	struct secret out = { NULL, 0 };

	if (le->n != 0)
		out = secret_copy(le->p, le->n);
	lineedit_clear(le);
	return out;
}

/* Columns of bytes from..to as drawn. */
static int
columns(const struct lineedit *le, const struct grid *g, size_t from, size_t to)
{
	return draw_untrusted_width(g, (struct span){ le->p + from, to - from });
}

/* A secret shows that something is typed, not how much beyond the field. */
static void
draw_secret(const struct lineedit *le, struct grid *g, struct rect r)
{
	int x = r.x;

	for (size_t at = 0; at < le->n && x < r.x + r.w - 1; at = behind(le, at))
		x += grid_put(g, x, r.y, '*', ROLE_INPUT);
	grid_cursor(g, x, r.y, true);
}

void
lineedit_draw(struct lineedit *le, struct grid *g, struct rect r)
{
	struct rect old;
	int room = r.w - 1; /* the cursor stands behind the last character */

	if (rect_empty(r) || le->p == NULL)
		return;
	r.h = 1;
	old = grid_clip(g, r);
	grid_fill(g, r, ROLE_INPUT);
	if (le->secret) {
		draw_secret(le, g, r);
		grid_unclip(g, old);
		return;
	}
	if (le->scroll > le->at)
		le->scroll = le->at;
	while (le->scroll < le->at && columns(le, g, le->scroll, le->at) > room)
		le->scroll = behind(le, le->scroll);
	(void)draw_untrusted(g, r.x, r.y, r.w, ROLE_INPUT,
	    (struct span){ le->p + le->scroll, le->n - le->scroll });
	grid_cursor(g, r.x + columns(le, g, le->scroll, le->at), r.y, true);
	grid_unclip(g, old);
}
