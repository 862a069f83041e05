/*
 * Events between a back end and its reader: a bounded ring that owns pasted text. Embedded in a
 * back end; UI thread only.
 */
#ifndef MQGP_UI_INPUTQ_H
#define MQGP_UI_INPUTQ_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "ui/input.h"

#define INPUTQ_MAX 4096 /* events that wait; a script types one per character */

struct inputq_event {
	enum input_kind kind;
	struct key key;
	struct buf paste;
	bool cut;
};

struct inputq {
	struct inputq_event at[INPUTQ_MAX]; /* n from first on, around the end */
	size_t first, n;
	struct buf lent; /* the paste the reader holds */
};

/* Starts as zero bytes. inputq_done frees. */
void inputq_done(struct inputq *q);
/* Each returns false when the ring is full: the event is dropped. */
bool inputq_put(struct inputq *q, enum input_kind kind);
bool inputq_key(struct inputq *q, struct key k);
/* Copies text, cut at INPUT_PASTE_MAX. */
bool inputq_paste(struct inputq *q, struct span text, bool cut);
/* The oldest event; its paste is valid until the next call. */
bool inputq_take(struct inputq *q, struct input *out);
void inputq_flush(struct inputq *q);
/* Forgets the newest n events. */
void inputq_drop_last(struct inputq *q, size_t n);
/* The i-th newest key event, 0 the newest; K_NONE if that is no key. */
struct key inputq_newest(const struct inputq *q, size_t i);

#endif
