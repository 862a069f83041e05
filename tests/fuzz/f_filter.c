/* A filter is what somebody typed, the topic is what somebody sent: neither may read past its end,
 * and `!` is the exact opposite. Input: filter, NUL, topic. */
#include <string.h>

#include "core/model/filter.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *nul = n == 0 ? NULL : memchr(data, 0, n);
	size_t typed_n = nul == NULL ? n : (size_t)(nul - data);
	struct span typed = { data, typed_n };
	struct span topic = { data + typed_n + 1, nul == NULL ? 0 : n - typed_n - 1 };
	struct filter f, opposite;
	uint8_t inverted[FILTER_MAX + 1] = { '!' };
	struct topictree *t;
	struct topic_node *node;

	if (filter_parse(typed, &f, NULL) != MQ_OK)
		return 0;
	require(f.n <= FILTER_MAX);
	if (topic.n == 0 || typed.n >= FILTER_MAX || (typed.n > 0 && typed.p[0] == '!'))
		return 0;
	memcpy(inverted + 1, typed.p, typed.n);
	require(filter_parse((struct span){ inverted, typed.n + 1 }, &opposite, NULL) == MQ_OK);
	t = topictree_new();
	require(t != NULL);
	if ((node = topictree_add(t, topic)) != NULL) {
		require(filter_matches(&f, t, node, topic) !=
		    filter_matches(&opposite, t, node, topic));
		require(!filter_matches_here(&f, t, node, topic) ||
		    filter_matches(&f, t, node, topic));
	}
	topictree_free(t);
	return 0;
}
