/*
 * The footer: what works now, and the last message.
 */
#ifndef MQGP_UI_FOOTER_H
#define MQGP_UI_FOOTER_H

#include <stddef.h>

#include "core/base/buf.h"
#include "ui/grid.h"
#include "ui/keymap.h"

struct footer {
	const struct keymap *keys;
	enum context context;
	const enum action *hints; /* in order of importance; what does not fit is left out */
	size_t n_hints;
	struct span notice;	  /* last message; untrusted; right-aligned */
	enum role notice_role;
};

void footer_draw(const struct footer *f, struct grid *g, struct rect r);

#endif
