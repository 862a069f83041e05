/*
 * The shipped themes inside the program, so that they are there before anything is installed. The
 * assembler reads the files of themes/ at build time (from the top folder, where make runs).
 */
#include "ui/theme.h"

#define BUILTINS(B) B(default) B(light) B(mono) B(colourblind)

#define B(name)                                                                                    \
	__asm__(".pushsection .rodata\n"                                                           \
		".globl theme_text_" #name "\n.globl theme_end_" #name "\n"                        \
		"theme_text_" #name ":\n.incbin \"themes/" #name ".theme\"\n"                      \
		"theme_end_" #name ":\n.byte 0\n.popsection\n");                                   \
	extern const uint8_t theme_text_##name[], theme_end_##name[];
BUILTINS(B)
#undef B

struct span
theme_builtin(struct span name)
{
#define B(id)                                                                                      \
	if (span_is(name, #id))                                                                    \
		return (struct span){ theme_text_##id, (size_t)(theme_end_##id - theme_text_##id) };
	BUILTINS(B)
#undef B
	return (struct span){ NULL, 0 };
}
