#include "ui/action.h"

#include <stddef.h>

static const struct {
	const char *name, *label, *sentence;
	int danger;
	unsigned contexts;
} actions[ACTION_COUNT] = {
	[ACTION_NONE] = { "none", "", "nothing", 0, (1u << CONTEXT_COUNT) - 1 },
#define A(id, name, label, danger, contexts, sentence)                                             \
	[ACTION_##id] = { name, label, sentence, danger, contexts },
#include "ui/action.def"
#undef A
};

static const char *const contexts[CONTEXT_COUNT] = {
#define X(id, name) [CONTEXT_##id] = name,
	CONTEXT_TABLE(X)
#undef X
};

static enum action
known(enum action a)
{
	return (unsigned)a < ACTION_COUNT ? a : ACTION_NONE;
}

const char *
action_name(enum action a)
{
	return actions[known(a)].name;
}

const char *
action_label(enum action a)
{
	return actions[known(a)].label;
}

const char *
action_sentence(enum action a)
{
	return actions[known(a)].sentence;
}

int
action_danger(enum action a)
{
	return actions[known(a)].danger;
}

bool
action_in_context(enum action a, enum context c)
{
	return (actions[known(a)].contexts & 1u << c) != 0;
}

bool
action_from_name(struct span name, enum action *out)
{
	for (int a = 0; a < ACTION_COUNT; a++)
		if (span_is(name, actions[a].name)) {
			*out = (enum action)a;
			return true;
		}
	return false;
}

const char *
context_name(enum context c)
{
	return (unsigned)c < CONTEXT_COUNT ? contexts[c] : "";
}

bool
context_from_name(struct span name, enum context *out)
{
	for (int c = 0; c < CONTEXT_COUNT; c++)
		if (span_is(name, contexts[c])) {
			*out = (enum context)c;
			return true;
		}
	return false;
}
