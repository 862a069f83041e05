/*
 * Many equal small things, addressed by 32-bit numbers instead of pointers.
 *
 * Items live in chunks that never move, without a header of their own; a freed number is handed out
 * again. 0 is never a valid number. Items come zeroed. Not thread-safe.
 */
#ifndef MQGP_CORE_MODEL_SLAB_H
#define MQGP_CORE_MODEL_SLAB_H

#include <stddef.h>
#include <stdint.h>

struct slab {
	uint8_t **chunk;
	size_t n_chunks;
	size_t size;	/* of one item, at least 4 bytes */
	uint32_t used;	/* highest number ever handed out */
	uint32_t freed; /* head of the list of freed ones, 0 = none */
	uint32_t alive;
};

void slab_init(struct slab *s, size_t size);
void slab_done(struct slab *s);
/* A zeroed item, or 0 without memory. */
uint32_t slab_new(struct slab *s);
void slab_free(struct slab *s, uint32_t i);

#define SLAB_CHUNK 512 /* items: a few dozen KiB a chunk */

/* The item with number i, which must be alive (i != 0). */
static inline void *
slab_at(const struct slab *s, uint32_t i)
{
	return s->chunk[(i - 1) / SLAB_CHUNK] + (size_t)((i - 1) % SLAB_CHUNK) * s->size;
}

#endif
