/*
 * A scrolling list whose selection is an identity, never a row: rows may come, go and move, the
 * cursor stays on its thing and, where it can, on its place of the screen.
 *
 * Rows are asked for through a source, so that a list of a million costs what is visible.
 */
#ifndef MQGP_UI_LIST_H
#define MQGP_UI_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ui/action.h"

#define LIST_NOTHING 0 /* no identity */

struct list_source {
	void *arg;
	size_t n;
	uint64_t (*id_at)(void *arg, size_t row);		   /* row < n */
	bool (*row_of)(void *arg, uint64_t id, size_t *row); /* false: gone */
};

struct list {
	uint64_t id;	/* selected, LIST_NOTHING when the list is empty */
	size_t row;	/* its row when last synced */
	size_t top;	/* first visible row */
	int height;	/* visible rows */
	bool may_follow; /* a list to which rows are added at the end: G follows, too */
	bool follow;	 /* keeps to the last row now */
	bool lost;	/* the selected thing is gone; the selection moved to a neighbour */
};

/* may_follow lists begin by following. */
void list_init(struct list *l, bool may_follow);
/* Once per frame before drawing: finds the selection again, keeps it visible, clamps. */
void list_sync(struct list *l, const struct list_source *s, int height);
/* Moves by a number of rows; up stops following. */
void list_move(struct list *l, const struct list_source *s, long by);
void list_select(struct list *l, const struct list_source *s, size_t row);
bool list_select_id(struct list *l, const struct list_source *s, uint64_t id);
/* up, down, pages, first, last, follow: true if it was one of these. */
bool list_act(struct list *l, const struct list_source *s, enum action a);
/* The selected row on screen (0..height-1), -1 if none. */
int list_cursor_line(const struct list *l);

#endif
