/*
 * The page of one tree: what it is now, which offers wait, how it came to be. Screens that show a
 * tree under a cursor (Ownership, Config, Verify) share what an acting key means there.
 */
#ifndef MQGP_UI_PAGE_TREE_H
#define MQGP_UI_PAGE_TREE_H

#include "ui/sheet.h"
#include "ui/view.h"

/* Draws snap.tree_detail, which is known. */
void page_tree(struct sheet *s, const struct view_ctx *c);
/* Only what the waiting revisions change, and what the newest ones changed, a line each. */
void page_tree_changes(struct sheet *s, const struct view_ctx *c);
/* What acting keys and copying mean for the tree under the cursor. */
void page_tree_target(const struct view_ctx *c, struct view_target *t);

#endif
