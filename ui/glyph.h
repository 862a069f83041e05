/*
 * The characters of our own drawing and their ASCII twins, cell for cell.
 *
 * Views always draw the UTF-8 form; a back end in ASCII mode shows the twin. All have width 1 on
 * every terminal we know. Data never mixes with them: in ASCII mode data is escaped before.
 */
#ifndef MQGP_UI_GLYPH_H
#define MQGP_UI_GLYPH_H

#include <stdbool.h>
#include <stdint.h>

#include "core/verdict/verdict.h"

/* G(id, code point, twin) in order of code points */
#define GLYPH_TABLE(G)                                                                             \
	G(MIDDOT, 0x00b7, '.')                                                                     \
	G(CROSS, 0x00d7, 'x')                                                                      \
	G(DASH, 0x2013, '-')                                                                       \
	G(QUOTE_OPEN, 0x201c, '"')                                                                 \
	G(QUOTE_CLOSE, 0x201d, '"')                                                                \
	G(ELLIPSIS, 0x2026, '~')                                                                   \
	G(ARROW_LEFT, 0x2190, '<')                                                                 \
	G(ARROW_UP, 0x2191, '^')                                                                   \
	G(ARROW_RIGHT, 0x2192, '>')                                                                \
	G(ARROW_DOWN, 0x2193, 'v')                                                                 \
	G(H, 0x2500, '-')                                                                          \
	G(V, 0x2502, '|')                                                                          \
	G(DR, 0x250c, '+')                                                                         \
	G(DL, 0x2510, '+')                                                                         \
	G(UR, 0x2514, '+')                                                                         \
	G(UL, 0x2518, '+')                                                                         \
	G(VR, 0x251c, '+')                                                                         \
	G(VL, 0x2524, '+')                                                                         \
	G(DH, 0x252c, '+')                                                                         \
	G(UH, 0x2534, '+')                                                                         \
	G(VH, 0x253c, '+')                                                                         \
	G(BAR_1, 0x2581, '_')                                                                      \
	G(BAR_2, 0x2582, '.')                                                                      \
	G(BAR_3, 0x2583, '-')                                                                      \
	G(BAR_4, 0x2584, '=')                                                                      \
	G(BAR_5, 0x2585, '+')                                                                      \
	G(BAR_6, 0x2586, '*')                                                                      \
	G(BAR_7, 0x2587, '%')                                                                      \
	G(BAR_8, 0x2588, '#')                                                                      \
	G(SHADE, 0x2591, '.')                                                                      \
	G(WARN, 0x25b2, '!')                                                                       \
	G(CLOSED, 0x25b8, '+')                                                                     \
	G(OPENED, 0x25be, '-')                                                                     \
	G(RING, 0x25cb, '-')                                                                       \
	G(DISC, 0x25cf, 'o')                                                                       \
	G(HALF, 0x25d0, '%')                                                                       \
	G(TICK, 0x2713, 'o')                                                                       \
	G(BAD, 0x2716, 'X')

enum glyph {
#define G(id, cp, twin) GLYPH_##id = cp,
	GLYPH_TABLE(G)
#undef G
};

/* The twin of one of our glyphs; '?' for anything else outside ASCII. */
char glyph_ascii(uint32_t cp);
/* What a cell shows: cp, or its twin in ASCII mode. */
uint32_t glyph_shown(uint32_t cp, bool ascii);
/* Messages: tick, cross, triangle, dot. */
enum glyph glyph_of_class(enum verdict_class c);
/* Trees and links: disc, cross, triangle, ring. */
enum glyph glyph_of_state(enum verdict_class c);

#endif
