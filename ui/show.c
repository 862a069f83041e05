#include "ui/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ui/draw.h"

#define GROUP 8 /* digits */

static const struct {
	int64_t s;
	const char *name;
} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
#define UNITS (sizeof units / sizeof units[0])

static size_t
unit_of(int64_t s)
{
	size_t i = 0;

	while (i < UNITS - 1 && s < units[i].s)
		i++;
	return i;
}

void
show_span(char out[SHOW_TEXT], int64_t ms)
{
	int64_t s = ms / 1000;
	size_t i = unit_of(s);

	if (s < 1)
		(void)snprintf(out, SHOW_TEXT, "now");
	else
		(void)snprintf(out, SHOW_TEXT, "%" PRId64 " %s", s / units[i].s, units[i].name);
}

void
show_span_long(char out[SHOW_TEXT], int64_t ms)
{
	int64_t s = ms / 1000;
	size_t i = unit_of(s);

	show_span(out, ms);
	if (s >= 60 && s % units[i].s / units[i + 1].s != 0)
		(void)snprintf(out + strlen(out), SHOW_TEXT - strlen(out), " %" PRId64 " %s",
		    s % units[i].s / units[i + 1].s, units[i + 1].name);
}

enum role
show_date_role(int64_t unix_s, int64_t now_ms)
{
	int64_t left = unix_s - now_ms / 1000;

	if (unix_s == 0)
		return ROLE_DIM;
	if (left <= 0)
		return ROLE_STATE_BAD;
	return left < SHOW_SOON_S ? ROLE_STATE_WARN : ROLE_TEXT;
}

void
show_left(char out[SHOW_TEXT], int64_t unix_s, int64_t now_ms)
{
	if (unix_s == 0)
		(void)snprintf(out, SHOW_TEXT, "\xe2\x80\x93");
	else if (unix_s * 1000 <= now_ms)
		(void)snprintf(out, SHOW_TEXT, "over");
	else
		show_span(out, unix_s * 1000 - now_ms);
}

struct span
show_digits(const char *text)
{
	const char *colon = strrchr(text, ':');

	return span_of(colon != NULL ? colon + 1 : text);
}

int
show_hex_width(size_t digits)
{
	return digits == 0 ? 0 : (int)(digits + (digits - 1) / GROUP);
}

/* One group in upper case. */
static void
draw_group(struct grid *g, int x, int y, enum role role, struct span digits)
{
	uint8_t text[GROUP];

	for (size_t i = 0; i < digits.n; i++) {
		text[i] = digits.p[i];
		if (text[i] >= 'a' && text[i] <= 'f')
			text[i] = (uint8_t)(text[i] - 'a' + 'A');
	}
	(void)draw_untrusted(g, x, y, GROUP, role, (struct span){ text, digits.n });
}

int
show_hex(struct grid *g, int x, int y, int w, struct span digits)
{
	int groups = (int)((digits.n + GROUP - 1) / GROUP), per_row = (w + 1) / (GROUP + 1), at = 0;
	int rows = groups > 0 && per_row > 0 ? (groups + per_row - 1) / per_row : 1;

	/* Rows of one length are easier to compare. */
	per_row = per_row < 1 || groups == 0 ? 1 : (groups + rows - 1) / rows;
	for (size_t i = 0; i < digits.n; i += GROUP, at++) {
		size_t n = digits.n - i < GROUP ? digits.n - i : GROUP;

		draw_group(g, x + at % per_row * (GROUP + 1), y + at / per_row,
		    i + n == digits.n ? ROLE_STRONG : ROLE_FINGERPRINT,
		    (struct span){ digits.p + i, n });
	}
	return at == 0 ? 1 : (at + per_row - 1) / per_row;
}

int
show_topic(struct grid *g, int x, int y, int max, enum role role, struct span topic)
{
	struct span tail = topic;
	int used;

	if (max < 2 || draw_untrusted_width(g, topic) <= max)
		return draw_untrusted(g, x, y, max, role, topic);
	while (tail.n != 0) {
		const uint8_t *slash = memchr(tail.p + 1, '/', tail.n - 1);

		if (slash == NULL)
			return draw_untrusted(g, x, y, max, role, topic);
		tail = (struct span){ slash, tail.n - (size_t)(slash - tail.p) };
		if (draw_untrusted_width(g, tail) <= max - 1)
			break;
	}
	used = draw_glyph(g, x, y, GLYPH_ELLIPSIS, ROLE_CUT);
	return used + draw_untrusted(g, x + used, y, max - used, role, tail);
}
