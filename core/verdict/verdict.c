#include "core/verdict/verdict.h"

#include <string.h>

struct verdict_row {
	const char *code;
	char letter;
	enum verdict_class class;
	const char *sentence;
};

static const struct verdict_row rows[V_COUNT] = {
#define V(name, code, letter, class, sentence) { code, letter, CLASS_##class, sentence },
	VERDICT_TABLE(V)
#undef V
};

static const char *const flag_codes[FLAG_COUNT] = {
#define F(name, code) code,
	FLAG_TABLE(F)
#undef F
};

static const struct verdict_row *
row_of(enum verdict v)
{
	return (unsigned)v < V_COUNT ? &rows[v] : &rows[V_NONE];
}

const char *
verdict_code(enum verdict v)
{
	return (int)v == (int)SIG_GOOD ? "GOOD" : row_of(v)->code;
}

char
verdict_letter(enum verdict v)
{
	return row_of(v)->letter;
}

enum verdict_class
verdict_class(enum verdict v)
{
	return row_of(v)->class;
}

enum verdict_class
verdict_class_of(enum verdict v, unsigned flags)
{
	if (v == V_ROLLBACK && (flags & FLAG_LEFTOVER) != 0)
		return CLASS_NEUTRAL;
	if (v == V_FORK && (flags & FLAG_INCOMPLETE) != 0)
		return CLASS_ATTENTION; /* a cancelled offer that still lies there: 3.7 */
	return verdict_class(v);
}

const char *
verdict_sentence(enum verdict v)
{
	return row_of(v)->sentence;
}

bool
verdict_from_code(struct span code, enum verdict *out)
{
	for (int i = 1; i < V_COUNT; i++)
		if (span_is(code, rows[i].code)) {
			*out = (enum verdict)i;
			return true;
		}
	return false;
}

bool
verdict_is_green(enum verdict v)
{
	return row_of(v)->class == CLASS_GOOD;
}

enum verdict
verdict_grant(enum verdict which)
{
	return verdict_is_green(which) ? which : V_NONE;
}

const char *
flag_code(enum flag_bit bit)
{
	return (unsigned)bit < FLAG_COUNT ? flag_codes[bit] : "";
}

const char *
verdict_class_name(enum verdict_class c)
{
	static const char *const names[] = { "neutral", "good", "attention", "bad" };

	return names[(unsigned)c < 4 ? c : 0];
}
