/* A payload of a stranger in every way of showing it. */
#include "tests/fuzz/fuzz.h"
#include "core/model/decode.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum decode_mode as;
	struct buf out;

	buf_init(&out, DECODE_MAX);
	for (int m = DECODE_AUTO; m < DECODE_COUNT; m++) {
		(void)decode_value(&out, (struct span){ data, size }, size % 2 == 1,
		    (enum decode_mode)m, &as); /* too long to lay out is fine */
		require(as != DECODE_AUTO && as < DECODE_COUNT);
	}
	buf_done(&out);
	return 0;
}
