#include "tests/bench/lib_fill.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BRANCH 1000 /* topics below one parent */

static size_t
name_of(char out[64], size_t i, bool flat)
{
	int n = flat ? snprintf(out, 64, FILL_TREE "/sensor%07zu", i) :
		       snprintf(out, 64, FILL_TREE "/line%03zu/sensor%04zu", i / BRANCH, i % BRANCH);

	return (size_t)n;
}

void
fill_deliver(struct model *m, size_t i, bool flat)
{
	static const uint8_t payload[FILL_PAYLOAD] = "21.5";
	struct model_msg msg = { .tree = span_of(FILL_TREE) };
	struct topic_node *n;
	char topic[64];
	uint32_t lost;

	msg.topic = (struct span){ (const uint8_t *)topic, name_of(topic, i, flat) };
	msg.h = (struct history_msg){ .verdict = verdict_grant(V_VERIFIED), .current = true,
		.raw = { payload, sizeof payload }, .value = { payload, 4 },
		.size = sizeof payload, .envelope = true, .seq = 1 };
	if ((n = model_message(m, &msg)) == NULL)
		exit(3);
	(void)window_check(&topictree_leaf(model_topics(m), n)->window, 1, 2, false, &lost);
}

void
fill_model(struct model *m, size_t topics, bool flat)
{
	for (size_t i = 0; i < topics; i++)
		fill_deliver(m, i * 7919 % topics, flat);
}

void
fill_open(struct model *m)
{
	(void)topictree_open_below(model_topics(m),
	    topictree_find(model_topics(m), span_of(FILL_TREE)), true, SIZE_MAX);
}
