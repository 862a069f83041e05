#include "ui/key.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

static const struct {
	uint32_t code;
	const char *name, *other, *label;
} named[] = {
#define K(id, name, other, label) { K_##id, name, other, label },
	KEY_TABLE(K)
#undef K
	{ ' ', "Space", "", "space" },
};

static const struct {
	const char *prefix;
	uint8_t mod;
} prefixes[] = { { "C-", MOD_CTRL }, { "M-", MOD_ALT }, { "S-", MOD_SHIFT } };

#define N_NAMED (sizeof named / sizeof named[0])
#define N_PREFIXES (sizeof prefixes / sizeof prefixes[0])

struct key
key_of(uint32_t code)
{
	return (struct key){ code, 0 };
}

struct key
key_ctrl(char letter)
{
	return (struct key){ (uint32_t)(unsigned char)letter, MOD_CTRL };
}

bool
key_eq(struct key a, struct key b)
{
	return a.code == b.code && a.mods == b.mods;
}

bool
key_is_text(struct key k)
{
	int width;

	return k.mods == 0 && k.code < K_BASE && k.code != K_NONE &&
	    utf8_classify(k.code, &width) != UTF8_ESCAPE;
}

/* "F1".."F20", a named key, or one character. */
static bool
parse_base(struct span s, uint32_t *code)
{
	uint32_t n;
	int width;
	enum utf8_kind kind;

	for (size_t i = 0; i < N_NAMED; i++)
		if (span_is(s, named[i].name) || (s.n != 0 && span_is(s, named[i].other))) {
			*code = named[i].code;
			return true;
		}
	if (s.n > 1 && s.p[0] == 'F' && text_u32((struct span){ s.p + 1, s.n - 1 }, &n)) {
		*code = K_F1 + n - 1;
		return n >= 1 && n <= K_F20 - K_F1 + 1;
	}
	return s.n != 0 && utf8_next(s, code, &kind, &width) == s.n && kind == UTF8_PLAIN &&
	    *code != ' ';
}

bool
key_parse(struct span name, struct key *out)
{
	struct key k = { K_NONE, 0 };
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < N_PREFIXES; i++)
			if (name.n > 2 && span_starts(name, prefixes[i].prefix)) {
				if (k.mods & prefixes[i].mod)
					return false;
				k.mods |= prefixes[i].mod;
				name.p += 2;
				name.n -= 2;
				again = true;
			}
	}
	if (!parse_base(name, &k.code))
		return false;
	if (k.code == K_TAB && (k.mods & MOD_SHIFT) != 0) {
		k.code = K_BTAB;
		k.mods &= (uint8_t)~MOD_SHIFT;
	}
	if (k.code < K_BASE && (k.mods & MOD_SHIFT) != 0)
		return false; /* S-x is X */
	if (k.code < K_BASE && (k.mods & MOD_CTRL) != 0) {
		/* A terminal sends control and a letter, or one of these, as one byte. */
		if (k.code >= 'A' && k.code <= 'Z')
			k.code += 'a' - 'A';
		else if (!(k.code >= 'a' && k.code <= 'z') && k.code != ' ' && k.code != '\\' &&
		    k.code != ']' && k.code != '^' && k.code != '_')
			return false;
	}
	*out = k;
	return true;
}

static void
write_key(struct key k, char out[KEY_NAME_MAX], bool label)
{
	char base[8] = "";
	const char *text = base;

	if (k.code >= K_F1 && k.code <= K_F20)
		(void)snprintf(base, sizeof base, "F%u", (unsigned)(k.code - K_F1 + 1));
	else if (k.code < K_BASE)
		base[utf8_encode(k.code, base)] = '\0';
	for (size_t i = 0; i < N_NAMED; i++)
		if (named[i].code == k.code)
			text = label ? named[i].label : named[i].name;
	(void)snprintf(out, KEY_NAME_MAX, "%s%s%s%s", k.mods & MOD_CTRL ? "C-" : "",
	    k.mods & MOD_ALT ? "M-" : "", k.mods & MOD_SHIFT ? "S-" : "", text);
}

void
key_print(struct key k, char out[KEY_NAME_MAX])
{
	write_key(k, out, false);
}

void
key_label(struct key k, char out[KEY_NAME_MAX])
{
	write_key(k, out, true);
}
