#include "core/model/filter.h"

#include <string.h>

#include "core/conf/topic.h"
#include "core/model/history.h"

#define LOOK_BACK 64 /* entries of a topic searched for a verdict: a filter asks every topic */

static uint8_t
lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* ---- parsing */

static bool
has_upper(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (lower(s.p[i]) != s.p[i])
			return true;
	return false;
}

static bool
has_wildcard(struct span s)
{
	return s.n != 0 && (memchr(s.p, '+', s.n) != NULL || memchr(s.p, '#', s.n) != NULL);
}

static bool
class_of(struct span word, enum verdict_class *out)
{
	for (int c = CLASS_NEUTRAL; c <= CLASS_BAD; c++)
		if (span_is(word, verdict_class_name((enum verdict_class)c))) {
			*out = (enum verdict_class)c;
			return true;
		}
	return false;
}

/* A code in either case. */
static bool
code_of(struct span word, enum verdict *out)
{
	uint8_t upper[32];

	if (word.n > sizeof upper)
		return false;
	for (size_t i = 0; i < word.n; i++)
		upper[i] = word.p[i] >= 'a' && word.p[i] <= 'z' ? word.p[i] & 0xdf : word.p[i];
	return verdict_from_code((struct span){ upper, word.n }, out);
}

static enum mq_err
parse_verdict(struct span word, struct filter *f, struct mq_error *e)
{
	f->kind = FILTER_CLASS;
	if (class_of(word, &f->class))
		return MQ_OK;
	f->kind = FILTER_VERDICT;
	if (code_of(word, &f->verdict))
		return MQ_OK;
	return mq_fail(e, MQ_EFORMAT, "no verdict is called '%.*s': "
	    "use a code such as REPLAY, or good, attention, bad, neutral",
	    word.n > 32 ? 32 : (int)word.n, word.n == 0 ? "" : (const char *)word.p);
}

static struct span
behind(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return (struct span){ s.p + n, s.n - n };
}

enum mq_err
filter_parse(struct span typed, struct filter *out, struct mq_error *e)
{
	struct filter f = { .kind = FILTER_ALL };

	if (typed.n > 0 && typed.p[0] == '!') {
		f.invert = true;
		typed = behind(typed, "!");
	}
	if (typed.n > FILTER_MAX)
		return mq_fail(e, MQ_ELIMIT, "a filter has at most %d bytes", FILTER_MAX);
	if (span_starts(typed, "verdict:")) {
		enum mq_err r = parse_verdict(behind(typed, "verdict:"), &f, e);

		if (r != MQ_OK)
			return r;
	} else if (span_starts(typed, "tree:")) {
		f.kind = FILTER_TREE;
		typed = behind(typed, "tree:");
	} else if (has_wildcard(typed)) {
		f.kind = FILTER_WILDCARD;
		if (!topic_filter_ok(typed))
			return mq_fail(e, MQ_EFORMAT, "+ and # stand for whole levels, # only at the end");
	} else if (typed.n > 0) {
		f.kind = FILTER_TEXT;
		f.any_case = !has_upper(typed);
	}
	f.n = (uint16_t)typed.n;
	if (typed.n != 0)
		memcpy(f.text, typed.p, typed.n);
	*out = f;
	return MQ_OK;
}

/* ---- matching */

/* Does the text stand in s so that it ends behind `from`? */
static bool
contains(struct span s, const struct filter *f, size_t from)
{
	size_t at = from >= f->n ? from - f->n + 1 : 0;

	for (; at + f->n <= s.n; at++) {
		size_t i = 0;

		while (i < f->n && (f->any_case ? lower(s.p[at + i]) : s.p[at + i]) == f->text[i])
			i++;
		if (i == f->n)
			return true;
	}
	return false;
}

static bool
had_verdict(const struct topictree *t, const struct topic_node *n, enum verdict v)
{
	const struct topic_leaf *l = topictree_leaf(t, n);
	const struct history_entry *e;

	if (l == NULL)
		return false;
	if (l->verdict == (uint8_t)v)
		return true;
	e = l->newest;
	for (int i = 0; e != NULL && i < LOOK_BACK; i++, e = e->older)
		if (e->verdict == (uint8_t)v)
			return true;
	return false;
}

/* from: a text must end behind it. */
static bool
matches(const struct filter *f, const struct topictree *t, const struct topic_node *n,
    struct span topic, size_t from)
{
	struct span text = { f->text, f->n };

	switch (f->kind) {
	case FILTER_ALL:
		return true;
	case FILTER_TEXT:
		return contains(topic, f, from);
	case FILTER_WILDCARD:
		return topic_matches(text, topic);
	case FILTER_VERDICT:
		return had_verdict(t, n, f->verdict);
	case FILTER_CLASS:
		return n->count[f->class] != 0;
	case FILTER_TREE:
		return topic_below(topic, text);
	}
	return false;
}

bool
filter_matches(const struct filter *f, const struct topictree *t, const struct topic_node *n,
    struct span topic)
{
	return matches(f, t, n, topic, 0) != f->invert;
}

bool
filter_matches_here(const struct filter *f, const struct topictree *t, const struct topic_node *n,
    struct span topic)
{
	size_t above = topic.n - (n->name_n < topic.n ? n->name_n : topic.n);

	return matches(f, t, n, topic, above) != f->invert;
}
