/*
 * What the operator typed behind `f` or `/`: which topics match.
 *
 *	text		the topic contains it; lower case matches any case
 *	a/+/c  a/#	MQTT wildcards over the whole topic
 *	verdict:W	W a code (REPLAY) or good, attention, bad, neutral: such a message was seen
 *	tree:T		the topic is T or lies below it
 *	!F		everything else
 *
 * Plain data, bounded; pure.
 */
#ifndef MQGP_CORE_MODEL_FILTER_H
#define MQGP_CORE_MODEL_FILTER_H

#include "core/model/topictree.h"

#define FILTER_MAX 512

enum filter_kind {
	FILTER_ALL, /* empty */
	FILTER_TEXT, FILTER_WILDCARD, FILTER_VERDICT, FILTER_CLASS, FILTER_TREE,
};
struct filter {
	enum filter_kind kind;
	bool invert, any_case;
	enum verdict verdict;
	enum verdict_class class;
	uint16_t n;
	uint8_t text[FILTER_MAX];
};

/* MQ_EFORMAT with a sentence: unknown verdict word, wildcard in a wrong place; MQ_ELIMIT: too long.
 * *out is untouched then. */
enum mq_err filter_parse(struct span typed, struct filter *out, struct mq_error *e);
/* Does topic n, whose full name is topic, match? */
bool filter_matches(const struct filter *f, const struct topictree *t, const struct topic_node *n,
    struct span topic);
/* For search: like filter_matches, but a text must reach into the last level, so that a match on a
 * branch is found once and not again on everything below it. */
bool filter_matches_here(const struct filter *f, const struct topictree *t,
    const struct topic_node *n, struct span topic);

#endif
