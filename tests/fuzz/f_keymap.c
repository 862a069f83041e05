/* Any bytes as an operator's bindings: no lower-case letter ever acts, C-c always leaves, and what
 * is dumped can be read again. */
#include <stdlib.h>

#include "ui/keymap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_keys(const struct keymap *km)
{
	for (int c = 0; c < CONTEXT_COUNT; c++) {
		struct keymap_state st = { { K_NONE, 0 } };
		enum action a;

		for (char letter = 'a'; letter <= 'z'; letter++) {
			st.first = key_of(K_NONE);
			(void)keymap_feed(km, &st, (enum context)c, key_of((uint32_t)letter), &a);
			if (action_danger(a) > 0)
				abort();
		}
		st.first = key_of(K_NONE);
		if (keymap_feed(km, &st, (enum context)c, key_ctrl('c'), &a) != KEYMAP_ACTION ||
		    a != ACTION_LEAVE)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { data, size };
	struct keymap *km = keymap_new(), *again = keymap_new();
	struct buf dump;

	if (km == NULL || again == NULL || size > 1 << 16)
		goto out;
	(void)keymap_parse(km, text, NULL); /* good lines count even beside bad ones */
	check_keys(km);
	buf_init(&dump, 1 << 20);
	if (keymap_dump(km, &dump) != MQ_OK || keymap_parse(again, buf_span(&dump), NULL) != MQ_OK)
		abort();
	buf_done(&dump);
out:
	keymap_free(km);
	keymap_free(again);
	return 0;
}
