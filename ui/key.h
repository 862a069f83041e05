/*
 * Keys: our own codes, so that nothing but the back end knows the terminal library's.
 *
 * A printable key is its code point. Names are those of tmux: Down, Enter, C-l, M-x, S-Tab, F1.
 * Pure.
 */
#ifndef MQGP_UI_KEY_H
#define MQGP_UI_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"

#define KEY_NAME_MAX 24 /* "C-M-S-" and the longest name, with NUL */

/* K(id, canonical name, other name or "", label for footer and help) */
#define KEY_TABLE(K)                                                                               \
	K(ENTER, "Enter", "", "enter")                                                             \
	K(ESCAPE, "Escape", "Esc", "esc")                                                          \
	K(TAB, "Tab", "", "tab")                                                                   \
	K(BTAB, "BTab", "", "shift-tab")                                                           \
	K(BACKSPACE, "BSpace", "Backspace", "backspace")                                           \
	K(UP, "Up", "", "\xe2\x86\x91")                                                            \
	K(DOWN, "Down", "", "\xe2\x86\x93")                                                        \
	K(LEFT, "Left", "", "\xe2\x86\x90")                                                        \
	K(RIGHT, "Right", "", "\xe2\x86\x92")                                                      \
	K(HOME, "Home", "", "home")                                                                \
	K(END, "End", "", "end")                                                                   \
	K(PAGE_UP, "PgUp", "PPage", "pgup")                                                        \
	K(PAGE_DOWN, "PgDn", "NPage", "pgdn")                                                      \
	K(INSERT, "IC", "Insert", "ins")                                                           \
	K(DELETE, "DC", "Delete", "del")

enum key_code {
	K_NONE = 0,
	K_BASE = 0x110000, /* beyond every code point */
#define K(id, name, other, label) K_##id,
	KEY_TABLE(K)
#undef K
	K_F1,
	K_F20 = K_F1 + 19,
};

enum key_mod { MOD_CTRL = 1, MOD_ALT = 2, MOD_SHIFT = 4 };

/* Control and a letter is the lower-case letter with MOD_CTRL. MOD_SHIFT only on named keys: a
 * shifted letter is another code point. */
struct key {
	uint32_t code;
	uint8_t mods;
};

struct key key_of(uint32_t code);
struct key key_ctrl(char letter);
bool key_eq(struct key a, struct key b);
/* A character that a line editor would insert. */
bool key_is_text(struct key k);
/* "Down", "C-l", "x", "Space"; false for anything else. */
bool key_parse(struct span name, struct key *out);
/* The canonical name, UTF-8, as key_parse reads it. */
void key_print(struct key k, char out[KEY_NAME_MAX]);
/* How footer and help show it: "enter", "C-l", "F1", "space", arrows as arrows. */
void key_label(struct key k, char out[KEY_NAME_MAX]);

#endif
