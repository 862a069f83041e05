/*
 * Which key does what. The defaults are text in the same language as the operator's own lines
 * (`bind topics "x" evidence`) and go through the same parser.
 *
 * A key is looked up in the context of the screen, then in global; prompt stands alone. At most two
 * keys in a row ("g g"). An operator's binding replaces a default; two of the operator's own that
 * collide are an error. C-c and Escape stay what they are, and what acts cannot lie on a plain
 * lower-case key. UI thread only.
 */
#ifndef MQGP_UI_KEYMAP_H
#define MQGP_UI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "ui/action.h"
#include "ui/key.h"

#define KEYMAP_MAX 512	    /* bindings; the defaults are about 120 */
#define KEYMAP_KEYS_MAX 64  /* columns of "all keys of an action" in help */

struct keymap;

/* The default bindings as text. */
const char *keymap_defaults(void);
/* The defaults. NULL without memory. */
struct keymap *keymap_new(void);
void keymap_free(struct keymap *km);
/* One operator's binding: context, key or two keys with a blank between, action or "none". */
enum mq_err keymap_bind(struct keymap *km, struct span context, struct span keys,
    struct span action, struct mq_error *e);
/* A whole text of bind lines. Every error is appended to errors (may be NULL) as "line N: ...\n";
 * good lines take effect even then. */
enum mq_err keymap_parse(struct keymap *km, struct span text, struct buf *errors);
/* Removes an action from lookup, help and footer: what a mode cannot do, or does not have. */
void keymap_allow(struct keymap *km, enum action a, bool allowed);
void keymap_read_only(struct keymap *km); /* disallows every danger above 0 */
bool keymap_allowed(const struct keymap *km, enum action a);

enum keymap_result { KEYMAP_NOTHING, KEYMAP_PENDING, KEYMAP_ACTION };
struct keymap_state {
	struct key first; /* K_NONE or the first key of a sequence */
};
/* Feeds one key. A second key that completes nothing is looked up on its own. */
enum keymap_result keymap_feed(const struct keymap *km, struct keymap_state *st, enum context c,
    struct key k, enum action *out);

/* The first key of an action in a context or global as a label ("enter", "C-l"); false if none. */
bool keymap_hint(const struct keymap *km, enum context c, enum action a, char *out, size_t size);

struct help_row {
	enum action action;
	enum context context;	     /* where it was found: c or global */
	char keys[KEYMAP_KEYS_MAX];  /* all its keys: "j, down" */
};
/* What works in a context: its own first, then global ones, in the order of the table. Returns how
 * many there are; at most max are written. */
size_t keymap_help(const struct keymap *km, enum context c, struct help_row *out, size_t max);
/* Everything as a file that keymap_parse reads, with sentences as comments. */
enum mq_err keymap_dump(const struct keymap *km, struct buf *out);

#endif
