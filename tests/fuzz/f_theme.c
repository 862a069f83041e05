/* Any bytes as a theme file: it is taken whole or every reason is told, and what is taken can be
 * shown at every level. */
#include <stdlib.h>

#include "core/base/utf8.h"
#include "ui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	struct theme t;
	struct buf errors;
	enum mq_err err;

	buf_init(&errors, 1 << 22);
	err = theme_parse(&t, text, NULL, NULL, &errors);
	if ((err == MQ_OK) != (errors.n == 0) || errors.err != MQ_OK)
		abort();
	for (size_t i = 0; i < errors.n; i++)
		if (errors.p[i] != '\n' && (errors.p[i] < 0x20 || errors.p[i] == 0x7f))
			abort();
	for (int r = 0; err == MQ_OK && r < ROLE_COUNT; r++)
		for (int level = COLOUR_MONO; level <= COLOUR_256; level++) {
			struct look l = theme_look(&t, (enum colour_level)level, (enum role)r, ROLE_CURSOR);

			if (l.fg < THEME_DEFAULT || l.fg > 255 || l.bg < THEME_DEFAULT || l.bg > 255)
				abort();
			if (level == COLOUR_8 && (l.fg > 7 || l.bg > 7))
				abort();
		}
	buf_done(&errors);
	return 0;
}
