/* Any bytes: read whole or refused whole, and what was read can be shown. */
#include <string.h>

#include "core/config/config.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const struct config_env env = { .home = "/h/a" };
	struct config_errors errors;
	struct config c;
	struct buf out;

	memset(&errors, 0, sizeof errors);
	config_init(&c, &env);
	buf_init(&out, 1 << 24);
	if (config_parse(&c, (struct span){ p, n }, "f", &env, &errors) == MQ_OK)
		require(config_show(&out, &c) == MQ_OK);
	else
		require(errors.n != 0);
	config_free(&c);
	buf_done(&out);
	return 0;
}
