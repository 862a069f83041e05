#include "core/model/slab.h"

#include <stdlib.h>
#include <string.h>

void
slab_init(struct slab *s, size_t size)
{
	memset(s, 0, sizeof *s);
	s->size = size;
}

void
slab_done(struct slab *s)
{
	for (size_t i = 0; i < s->n_chunks; i++)
		free(s->chunk[i]);
	free(s->chunk);
	slab_init(s, s->size);
}

static int
grow(struct slab *s)
{
	uint8_t **chunk = realloc(s->chunk, (s->n_chunks + 1) * sizeof *chunk);

	if (chunk == NULL)
		return -1;
	s->chunk = chunk;
	if ((chunk[s->n_chunks] = calloc(SLAB_CHUNK, s->size)) == NULL)
		return -1;
	s->n_chunks++;
	return 0;
}

uint32_t
slab_new(struct slab *s)
{
	uint32_t i = s->freed;

	if (i != 0) {
		memcpy(&s->freed, slab_at(s, i), sizeof s->freed);
		memset(slab_at(s, i), 0, s->size);
		s->alive++;
		return i;
	}
	if (s->used == UINT32_MAX - 1 || (s->used == s->n_chunks * SLAB_CHUNK && grow(s) != 0))
		return 0;
	s->alive++;
	return ++s->used;
}

void
slab_free(struct slab *s, uint32_t i)
{
	memset(slab_at(s, i), 0, s->size);
	memcpy(slab_at(s, i), &s->freed, sizeof s->freed);
	s->freed = i;
	s->alive--;
}
