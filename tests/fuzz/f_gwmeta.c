/* What reads as meta prints back as the same bytes, or is refused; nothing in between. */
#include <stdlib.h>

#include "core/flow/gwmeta.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct gwmeta m, again;
	struct buf text, twice;

	gwmeta_init(&m);
	gwmeta_init(&again);
	buf_init(&text, 2 * GWMETA_MAX);
	buf_init(&twice, 2 * GWMETA_MAX);
	if (gwmeta_parse((struct span){ data, n }, &m, NULL) == MQ_OK) {
		if (gwmeta_print(&m, &text) != MQ_OK ||
		    gwmeta_parse(buf_span(&text), &again, NULL) != MQ_OK ||
		    gwmeta_print(&again, &twice) != MQ_OK ||
		    !span_eq(buf_span(&text), buf_span(&twice)))
			abort();
	} else if (m.n_committed != 0 || m.boot != 0) {
		abort(); /* a refused text leaves nothing behind */
	}
	gwmeta_done(&m);
	gwmeta_done(&again);
	buf_done(&text);
	buf_done(&twice);
	return 0;
}
