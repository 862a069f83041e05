/*
 * From what a terminal sends to events: control characters and escape sequences to keys, marked or
 * suspiciously fast text to pastes.
 *
 * A back end calls typing_begin, then typing_char / typing_key / typing_paste_* for everything that
 * one wake-up brought, then typing_end. Unknown escape sequences are swallowed whole: their letters
 * must not run as commands. Pure but for the time given; UI thread only.
 */
#ifndef MQGP_UI_TYPING_H
#define MQGP_UI_TYPING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "ui/inputq.h"
#include "ui/key.h"

#define TYPING_BURST 16		/* more characters in one read than this were not typed */
#define TYPING_SILENCE_MS 2000	/* a paste whose end never comes ends so long after its last byte */
#define TYPING_SEQUENCE_MAX 64	/* bytes of an unknown sequence that are swallowed */

struct typing {
	struct inputq queue;
	bool marks_paste; /* the terminal is known to mark pastes: bursts are typed */
	enum { TYPING_PLAIN, TYPING_ESCAPE, TYPING_CSI, TYPING_SS3 } state;
	int sequence; /* bytes of the sequence so far */
	bool in_paste, paste_cut;
	struct buf paste;
	int64_t paste_seen;
	/* this wake-up: events, how many are text, whether all came from characters */
	size_t n, n_text;
	bool characters_only;
};

void typing_init(struct typing *t, bool marks_paste);
void typing_done(struct typing *t);
void typing_flush(struct typing *t); /* forgets everything so far */
void typing_begin(struct typing *t, int64_t now);
void typing_char(struct typing *t, uint32_t cp);
void typing_key(struct typing *t, struct key k);
void typing_paste_begin(struct typing *t);
void typing_paste_end(struct typing *t);
void typing_end(struct typing *t, int64_t now);

#endif
