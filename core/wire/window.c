#include "core/wire/window.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

_Static_assert(sizeof(struct window) == 32, "a window is part of every topic of a secured tree");
_Static_assert(crypto_shorthash_KEYBYTES == 16, "window_digest takes the key of crypto_shorthash");

static uint64_t *
slot(struct window *w, uint64_t seq)
{
	return w->slots <= 1 ? &w->dig.one : &w->dig.many[seq & (w->slots - 1u)];
}

static uint64_t
slot_of(const struct window *w, uint64_t seq)
{
	return w->slots <= 1 ? w->dig.one : w->dig.many[seq & (w->slots - 1u)];
}

/* The smallest of 1, 4, 16, 64 that holds every bit of have. */
static uint8_t
slots_for(uint64_t have)
{
	uint8_t slots = 1;

	while (slots < WINDOW_BITS && have >> slots != 0)
		slots *= 4;
	return slots;
}

/* Makes room so that every bit of `have`, counted down from seq `hi`, has a slot of its own. The
 * digests of w's own bits that are still in `have` move along. */
static bool
reserve(struct window *w, uint64_t hi, uint64_t have)
{
	uint8_t slots = slots_for(have);
	uint64_t *grown;

	if (slots <= w->slots)
		return true;
	if (slots == 1) {
		w->slots = 1;
		return true;
	}
	if ((grown = calloc(slots, sizeof *grown)) == NULL)
		return false;
	for (unsigned b = 0; b < WINDOW_BITS; b++)
		if (w->have >> b & 1 && hi - (w->hi - b) < WINDOW_BITS)
			grown[(w->hi - b) & (slots - 1u)] = slot_of(w, w->hi - b);
	if (w->slots > 1)
		free(w->dig.many);
	w->dig.many = grown;
	w->slots = slots;
	return true;
}

void
window_done(struct window *w)
{
	if (w->slots > 1)
		free(w->dig.many);
	w->hi = w->have = 0;
	w->dig.one = 0;
	w->slots = 0;
	w->any = false;
}

static bool
same_boot(uint64_t a, uint64_t b)
{
	return a >> 32 == b >> 32;
}

static enum window_result
advance(struct window *w, uint64_t seq, uint64_t digest, uint32_t *lost)
{
	uint64_t shift = w->any ? seq - w->hi : WINDOW_BITS;
	uint64_t have = (shift < WINDOW_BITS ? w->have << shift : 0) | 1;

	if (!reserve(w, seq, have))
		return WINDOW_NO_MEMORY;
	if (w->any && same_boot(seq, w->hi))
		*lost = (uint32_t)(seq - w->hi - 1);
	w->have = have;
	w->hi = seq;
	w->any = true;
	*slot(w, seq) = digest;
	return WINDOW_NEW;
}

enum window_result
window_check(struct window *w, uint64_t seq, uint64_t digest, bool retained, uint32_t *lost)
{
	uint64_t back, have;
	bool seen;

	*lost = 0;
	if (!w->any || seq > w->hi)
		return advance(w, seq, digest, lost);
	back = w->hi - seq;
	seen = back < WINDOW_BITS && w->have >> back & 1;
	if (seen && slot_of(w, seq) != digest)
		return WINDOW_EQUIVOCATION;
	if (retained)
		return back == 0 ? WINDOW_DUPLICATE : WINDOW_STALE_RETAINED;
	if (seen)
		return WINDOW_DUPLICATE;
	if (back >= WINDOW_BITS || !same_boot(seq, w->hi))
		return WINDOW_REPLAY;
	have = w->have | UINT64_C(1) << back;
	if (!reserve(w, w->hi, have))
		return WINDOW_NO_MEMORY;
	w->have = have;
	*slot(w, seq) = digest;
	return WINDOW_LATE;
}

uint64_t
window_digest(const uint8_t key[16], struct span envelope)
{
	uint8_t out[crypto_shorthash_BYTES];
	uint64_t digest;

	/* Both shorthash and this never fail; the bytes are compared with themselves only. */
	(void)crypto_shorthash(out, envelope.p, envelope.n, key);
	memcpy(&digest, out, sizeof digest);
	return digest;
}

enum mq_err
window_save(const struct window *w, struct buf *out)
{
	if (!w->any)
		return MQ_EINVAL;
	(void)buf_u64(out, w->hi); /* the first failure stays in out->err */
	(void)buf_u64(out, w->have);
	for (unsigned b = 0; b < WINDOW_BITS; b++)
		if (w->have >> b & 1)
			(void)buf_u64(out, slot_of(w, w->hi - b));
	return out->err;
}

bool
window_load(struct window *w, struct span bytes)
{
	struct rd r = rd_of(bytes.p, bytes.n);
	struct window in = { .dirty = w->dirty, .scope = w->scope };
	uint64_t hi, have, digest;
	bool ok = true;

	if (!rd_u64(&r, &hi) || !rd_u64(&r, &have) || (have & 1) == 0 ||
	    (hi < WINDOW_BITS - 1 && have >> (hi + 1) != 0) || !reserve(&in, hi, have))
		return false;
	in.hi = hi;
	in.have = have;
	in.any = true;
	for (unsigned b = 0; ok && b < WINDOW_BITS; b++) {
		if ((have >> b & 1) == 0)
			continue;
		if ((ok = rd_u64(&r, &digest)))
			*slot(&in, hi - b) = digest;
	}
	if (!ok || !rd_end(&r)) {
		window_done(&in);
		return false;
	}
	*w = in;
	return true;
}
