#include "core/wire/windows_map.h"

#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

_Static_assert(sizeof(struct windows_cell) == 48, "counted in the memory budget of a topic");

void
windows_map_done(struct windows_map *m)
{
	for (size_t i = 0; i < m->cap; i++)
		window_done(&m->cell[i].win);
	free(m->cell);
	memset(m, 0, sizeof *m);
}

/* Where a pair would like to be. The hash is keyed, so nobody can choose collisions. */
static size_t
home(size_t cap, uint16_t scope, const uint8_t *hash)
{
	return (size_t)(rd64(hash) ^ (uint64_t)scope * UINT64_C(0x9e3779b97f4a7c15)) & (cap - 1);
}

/* The cell of the pair, or the free cell where it belongs. There is always a free one. */
static size_t
find(const struct windows_map *m, uint16_t scope, const uint8_t *hash)
{
	size_t i = home(m->cap, scope, hash);

	while (m->cell[i].win.scope != 0 &&
	    (m->cell[i].win.scope != scope || memcmp(m->cell[i].hash, hash, WINDOWS_HASH) != 0))
		i = (i + 1) & (m->cap - 1);
	return i;
}

static enum mq_err
resize(struct windows_map *m, size_t cap)
{
	struct windows_map bigger = { .n = m->n, .cap = cap };

	if ((bigger.cell = calloc(cap, sizeof *bigger.cell)) == NULL)
		return MQ_ENOMEM;
	for (size_t i = 0; i < m->cap; i++) {
		const struct windows_cell *c = &m->cell[i];

		if (c->win.scope != 0)
			bigger.cell[find(&bigger, c->win.scope, c->hash)] = *c;
	}
	free(m->cell);
	*m = bigger;
	return MQ_OK;
}

enum mq_err
windows_map_put(struct windows_map *m, const uint8_t hash[WINDOWS_HASH], struct window *win)
{
	struct windows_cell *c;
	enum mq_err r;

	if (m->cap == 0 || m->n >= m->cap / 4 * 3)
		if ((r = resize(m, m->cap != 0 ? 2 * m->cap : CAP_MIN)) != MQ_OK)
			return r;
	c = &m->cell[find(m, win->scope, hash)];
	if (c->win.scope != 0)
		return MQ_EEXIST;
	memcpy(c->hash, hash, WINDOWS_HASH);
	c->win = *win;
	c->win.dirty = 0;
	m->n++;
	memset(win, 0, sizeof *win);
	return MQ_OK;
}

/* Frees cell i and moves up those behind it that would be hidden by the gap. */
static void
close_gap(struct windows_map *m, size_t i)
{
	size_t mask = m->cap - 1;

	for (size_t j = (i + 1) & mask; m->cell[j].win.scope != 0; j = (j + 1) & mask) {
		size_t h = home(m->cap, m->cell[j].win.scope, m->cell[j].hash);

		if (((j - h) & mask) < ((j - i) & mask))
			continue; /* its home lies behind the gap */
		m->cell[i] = m->cell[j];
		i = j;
	}
	memset(&m->cell[i], 0, sizeof m->cell[i]);
	m->n--;
}

static void
shrink(struct windows_map *m)
{
	if (m->n == 0)
		windows_map_done(m);
	else if (m->cap > CAP_MIN && m->n < m->cap / 8)
		(void)resize(m, m->cap / 4); /* without memory it stays large */
}

bool
windows_map_take(struct windows_map *m, uint16_t scope, const uint8_t hash[WINDOWS_HASH],
    struct window *win)
{
	size_t i;

	if (m->n == 0 || m->cell[i = find(m, scope, hash)].win.scope == 0)
		return false;
	*win = m->cell[i].win;
	close_gap(m, i);
	shrink(m);
	return true;
}

void
windows_map_drop_scope(struct windows_map *m, uint16_t scope)
{
	for (size_t i = 0; i < m->cap;) {
		if (m->cell[i].win.scope != scope) {
			i++;
			continue;
		}
		window_done(&m->cell[i].win);
		close_gap(m, i); /* may have moved another one here: look again */
	}
	shrink(m);
}
