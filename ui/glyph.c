#include "ui/glyph.h"

#include <stddef.h>

static const struct {
	uint32_t cp;
	char twin;
} twins[] = {
#define G(id, cp, twin) { cp, twin },
	GLYPH_TABLE(G)
#undef G
};

char
glyph_ascii(uint32_t cp)
{
	size_t low = 0, high = sizeof twins / sizeof twins[0];

	if (cp >= 0x20 && cp < 0x7f)
		return (char)cp;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (twins[mid].cp == cp)
			return twins[mid].twin;
		if (twins[mid].cp < cp)
			low = mid + 1;
		else
			high = mid;
	}
	return '?';
}

uint32_t
glyph_shown(uint32_t cp, bool ascii)
{
	return ascii ? (uint32_t)(unsigned char)glyph_ascii(cp) : cp;
}

enum glyph
glyph_of_class(enum verdict_class c)
{
	switch (c) {
	case CLASS_GOOD:
		return GLYPH_TICK;
	case CLASS_ATTENTION:
		return GLYPH_WARN;
	case CLASS_BAD:
		return GLYPH_BAD;
	case CLASS_NEUTRAL:
		break;
	}
	return GLYPH_MIDDOT;
}

enum glyph
glyph_of_state(enum verdict_class c)
{
	switch (c) {
	case CLASS_GOOD:
		return GLYPH_DISC;
	case CLASS_ATTENTION:
		return GLYPH_WARN;
	case CLASS_BAD:
		return GLYPH_BAD;
	case CLASS_NEUTRAL:
		break;
	}
	return GLYPH_RING;
}
