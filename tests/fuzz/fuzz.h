/* What every fuzz target shares: the entry a fuzzer calls, and the way to say "this must hold". */
#ifndef MQGP_TESTS_FUZZ_FUZZ_H
#define MQGP_TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static inline void
require(bool holds)
{
	if (!holds)
		abort();
}

#endif
