/* Any bytes as a frame of either direction: what is read is written again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "core/trust/pgp_wire.h"

#define HEAD 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
same(struct buf *again, const uint8_t *data, size_t size)
{
	if (again->n != size + HEAD || (size != 0 && memcmp(again->p + HEAD, data, size) != 0))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span frame = { data, size };
	struct pgp_request q;
	struct pgp_answer a;
	struct buf again;

	buf_init(&again, PGP_FRAME_MAX);
	if (pgp_wire_get_request(frame, &q) == MQ_OK) {
		if (pgp_wire_put_request(&again, &q) != MQ_OK)
			abort();
		same(&again, data, size);
		buf_reset(&again);
	}
	if (pgp_wire_get_answer(frame, &a) == MQ_OK) {
		if (verdict_is_green(a.sig.verdict) || verdict_is_green(a.decrypt))
			abort();
		if (pgp_wire_put_answer(&again, &a) != MQ_OK)
			abort();
		same(&again, data, size);
		pgp_answer_done(&a);
	}
	buf_done(&again);
	return 0;
}
