#include "ui/role.h"

static const struct {
	const char *name, *meaning;
} roles[ROLE_COUNT] = {
#define R(id, name, meaning) [ROLE_##id] = { name, meaning },
	ROLE_TABLE(R)
#undef R
};

const char *
role_name(enum role r)
{
	return (unsigned)r < ROLE_COUNT ? roles[r].name : "";
}

const char *
role_meaning(enum role r)
{
	return (unsigned)r < ROLE_COUNT ? roles[r].meaning : "";
}

enum role
role_of_class(enum verdict_class c)
{
	switch (c) {
	case CLASS_GOOD:
		return ROLE_VERDICT_GOOD;
	case CLASS_ATTENTION:
		return ROLE_VERDICT_ATTENTION;
	case CLASS_BAD:
		return ROLE_VERDICT_BAD;
	case CLASS_NEUTRAL:
		break;
	}
	return ROLE_VERDICT_NEUTRAL;
}
