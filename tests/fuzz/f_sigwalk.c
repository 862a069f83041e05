/* Any bytes as one signature: whatever is accepted has the shape that 4.2 names. */
#include <stdlib.h>
#include <string.h>

#include "core/trust/sigwalk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sigwalk w;
	struct fpr again;
	enum verdict v = sigwalk_read((struct span){ data, size }, &w);

	if (v == V_NONE) {
		if (size < 12 || (data[0] & 0x80) == 0 || w.reason != NULL)
			abort();
		if (!fpr_parse(span_of(w.fpr.hex), &again) || w.hash < 8 || w.hash > 10)
			abort();
		/* one byte less or more is never a signature */
		if (sigwalk_read((struct span){ data, size - 1 }, &w) == V_NONE)
			abort();
	} else if ((v != V_WEAK_ALG && v != V_MALFORMED_SIG) || w.reason == NULL) {
		abort();
	}
	return 0;
}
