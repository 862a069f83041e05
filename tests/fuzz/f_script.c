/* Any bytes as a headless script: it is a script, or every line that is not is named. */
#include <stdlib.h>
#include <string.h>

#include "ui/script.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
repeats(const uint8_t *data, size_t size)
{
	for (const char *c = "{+*?"; *c != '\0'; c++)
		if (memchr(data, *c, size) != NULL)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	struct buf errors;

	/* Repetitions can make regcomp slow and large by itself. */
	if (size > 4096 || repeats(data, size))
		return 0;
	buf_init(&errors, 1 << 20);
	if ((script_check(text, &errors) == MQ_OK) != (errors.n == 0))
		abort();
	buf_done(&errors);
	return 0;
}
