/* Any bytes as a topic value, a delivered name and a filter (the part before the first LF). */
#include <string.h>

#include "core/conf/topic.h"
#include "tests/fuzz/fuzz.h"

static void
check_value(struct span value)
{
	uint8_t topic[TOPIC_CONF_MAX];
	struct buf back;
	size_t n = 0;

	if (!topic_decode(value, true, topic, &n)) {
		require(!topic_decode(value, false, topic, &n));
		return;
	}
	require(topic_conf_ok((struct span){ topic, n }, true));
	require(topic_delivered_ok((struct span){ topic, n }));
	buf_init(&back, 3 * TOPIC_CONF_MAX);
	require(topic_encode(&back, (struct span){ topic, n }) == MQ_OK);
	require(span_eq(buf_span(&back), value));
	buf_done(&back);
}

static void
check_split(struct span topic)
{
	struct topic_parts p = topic_split(topic);
	struct buf back;

	if (p.slot == SLOT_NONE)
		return;
	require(p.tree.n == 0 || topic_below(topic, p.tree));
	if (p.slot == SLOT_OTHER || p.tree.n == 0)
		return;
	buf_init(&back, topic.n + 1);
	require(topic_put_slot(&back, p.tree, topic.p[p.tree.n + 5] == '_' ? "mqgp_conf" : "mqgp.conf",
		    p.slot, p.number, p.fpr) == MQ_OK);
	require(span_eq(buf_span(&back), topic));
	buf_done(&back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *lf = n != 0 ? memchr(data, '\n', n) : NULL;
	struct span first = { data, lf != NULL ? (size_t)(lf - data) : n };
	struct span second = lf != NULL ? (struct span){ lf + 1, n - first.n - 1 } : first;

	check_value(second);
	check_split(second);
	if (topic_delivered_ok(second)) {
		require(topic_filter_ok(second));
		require(topic_matches(second, second));
	}
	if (topic_filter_ok(first) && topic_matches(first, second) && topic_delivered_ok(first))
		require(span_eq(first, second)); /* without wildcards a filter is the topic */
	return 0;
}
