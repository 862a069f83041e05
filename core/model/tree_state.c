#include "core/model/tree_state.h"

struct tree_state_row {
	const char *word;
	char letter;
	enum verdict_class class;
	bool sticky;
	const char *sentence;
};

static const struct tree_state_row rows[TREE_STATE_COUNT] = {
#define T(name, word, letter, class, sticky, sentence)                                             \
	{ word, letter, CLASS_##class, sticky, sentence },
	TREE_STATE_TABLE(T)
#undef T
};

static const struct tree_state_row *
row_of(enum tree_state s)
{
	return (unsigned)s < TREE_STATE_COUNT ? &rows[s] : &rows[TREE_UNKNOWN];
}

const char *
tree_state_word(enum tree_state s)
{
	return row_of(s)->word;
}

char
tree_state_letter(enum tree_state s)
{
	return row_of(s)->letter;
}

enum verdict_class
tree_state_class(enum tree_state s)
{
	return row_of(s)->class;
}

bool
tree_state_is_sticky(enum tree_state s)
{
	return row_of(s)->sticky;
}

const char *
tree_state_sentence(enum tree_state s)
{
	return row_of(s)->sentence;
}

bool
tree_state_from_word(struct span word, enum tree_state *out)
{
	for (int i = TREE_UNKNOWN + 1; i < TREE_STATE_COUNT; i++)
		if (span_is(word, rows[i].word)) {
			*out = (enum tree_state)i;
			return true;
		}
	return false;
}
