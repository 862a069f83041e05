/* Any bytes as a line of the pins file: what is read is written again as the same bytes. */
#include <stdlib.h>

#include "core/trust/pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span line = { data, size };
	struct pin pin;
	struct buf again;

	if (pins_parse_line(line, &pin) != MQ_OK)
		return 0;
	buf_init(&again, PINS_BYTES_MAX);
	if (pins_print_line(&pin, &again) != MQ_OK || again.p[again.n - 1] != '\n')
		abort();
	again.n--;
	if (!span_eq(buf_span(&again), line))
		abort();
	buf_done(&again);
	return 0;
}
