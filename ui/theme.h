/*
 * Themes: how each role looks at each colour level. Read from small files that hold looks only,
 * never behaviour; the shipped ones are also compiled in.
 *
 *	theme 1
 *	inherit mono
 *	role state.ok  fg 75  fg16 brightblue  attr none
 *
 * A theme defines every role or inherits. Colours are palette indices (256 colours) with explicit
 * 16-colour twins; attributes alone must be enough to understand a screen. Pure but theme_load.
 */
#ifndef MQGP_UI_THEME_H
#define MQGP_UI_THEME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "ui/role.h"

#define THEME_MAX_BYTES 65536 /* four times the largest sensible file */
#define THEME_MAX_DEPTH 4     /* a theme inherits, which inherits... */
#define THEME_DEFAULT (-1)    /* the terminal's own colour */

enum attr {
	ATTR_BOLD = 1 << 0,
	ATTR_DIM = 1 << 1,
	ATTR_ITALIC = 1 << 2,
	ATTR_UNDERLINE = 1 << 3,
	ATTR_REVERSE = 1 << 4,
};

struct style {
	int16_t fg, bg;	    /* 0..255 or THEME_DEFAULT */
	int16_t fg16, bg16; /* 0..15 or THEME_DEFAULT */
	uint8_t attr;	    /* bits of enum attr */
};

struct theme {
	struct style role[ROLE_COUNT];
};

enum colour_level { COLOUR_MONO, COLOUR_8, COLOUR_16, COLOUR_256 };
enum colour_wish {
	COLOUR_WISH_AUTO,   /* what terminfo and NO_COLOR say */
	COLOUR_WISH_ALWAYS, /* what terminfo says, though NO_COLOR is set */
	COLOUR_WISH_NEVER,
	COLOUR_WISH_16,	    /* not more than this many */
	COLOUR_WISH_256,
};
/* The level of a terminal with so many colours; no_color is $NO_COLOR or NULL. */
enum colour_level theme_level(enum colour_wish wish, int colours, const char *no_color);

/* What a cell looks like at a level: colours that the level can show (others are default), on 8
 * colours bright ones as bold. over (not ROLE_TEXT): its attributes are added, its colours win. */
struct look {
	int16_t fg, bg;
	uint8_t attr;
};
struct look theme_look(const struct theme *t, enum colour_level level, enum role role,
    enum role over);
bool look_eq(struct look a, struct look b);
/* Appends " fg 75 bg 160 bold,reverse". */
void look_print(struct buf *out, struct look l);

/* Finds the text of a theme by name for `inherit`. Returns false if there is none. */
typedef bool theme_find(void *arg, struct span name, struct buf *out);

/* Parses a whole file. Every error is appended to errors (may be NULL) as "line N: sentence\n";
 * out is written only when there is none. find may be NULL: built-in themes only. */
enum mq_err theme_parse(struct theme *out, struct span text, theme_find *find, void *arg,
    struct buf *errors);
/* The built-in theme of that name (default, light, mono, colourblind); an empty span if none. */
struct span theme_builtin(struct span name);
/* Always works, needs no file: attributes only. */
struct theme theme_mono(void);
/* By name: DIR/NAME.theme of each folder in turn (NULL ends), then built in. name is one path
 * component. On failure out is theme_mono(), errors says why. */
enum mq_err theme_load(struct theme *out, const char *name, const char *const *dirs,
    struct buf *errors);

#endif
