#include "src/randomart.h"

#include <string.h>

#include "core/base/text.h"

static const char marks[] = " .o+=*BOX@%&#/^"; /* by number of visits */
#define VISITS_MAX ((int)sizeof marks - 2)

static int
clamp(int v, int max)
{
	return v < 0 ? 0 : v > max ? max : v;
}

static void
put_border(char *line, const char *title)
{
	size_t n = strlen(title), room = RANDOMART_W - 2, at;

	memset(line, '-', RANDOMART_W + 2);
	line[0] = line[RANDOMART_W + 1] = '+';
	line[RANDOMART_W + 2] = '\n';
	if (n == 0)
		return;
	if (n > room)
		n = room;
	at = 1 + (RANDOMART_W - (n + 2)) / 2;
	line[at] = '[';
	memcpy(line + at + 1, title, n);
	line[at + 1 + n] = ']';
}

void
randomart(const uint8_t *p, size_t n, const char *title, char out[RANDOMART_SIZE])
{
	int field[RANDOMART_H][RANDOMART_W] = { { 0 } };
	int x = RANDOMART_W / 2, y = RANDOMART_H / 2;
	char *line = out;

	for (size_t i = 0; i < n; i++)
		for (int step = 0; step < 8; step += 2) { /* two bits a step, low ones first */
			x = clamp(x + ((p[i] >> step & 1) != 0 ? 1 : -1), RANDOMART_W - 1);
			y = clamp(y + ((p[i] >> step & 2) != 0 ? 1 : -1), RANDOMART_H - 1);
			field[y][x]++;
		}
	put_border(line, title);
	line += RANDOMART_W + 3;
	for (int r = 0; r < RANDOMART_H; r++, line += RANDOMART_W + 3) {
		line[0] = line[RANDOMART_W + 1] = '|';
		line[RANDOMART_W + 2] = '\n';
		for (int c = 0; c < RANDOMART_W; c++)
			line[c + 1] = marks[clamp(field[r][c], VISITS_MAX)];
		if (r == RANDOMART_H / 2)
			line[RANDOMART_W / 2 + 1] = 'S';
		if (r == y)
			line[x + 1] = 'E';
	}
	put_border(line, "");
	line[RANDOMART_W + 3] = 0;
}

void
randomart_of_gateway(const struct conf_gateway *g, char out[RANDOMART_SIZE])
{
	uint8_t bytes[20];

	if (g->is_edkey)
		randomart(g->pk, sizeof g->pk, "ED25519", out);
	else if (text_unhex(span_of(g->fpr.hex), 'A', bytes, sizeof bytes))
		randomart(bytes, sizeof bytes, "OPENPGP", out);
	else
		out[0] = 0;
}
