/*
 * What a terminal tells the program: one event at a time.
 */
#ifndef MQGP_UI_INPUT_H
#define MQGP_UI_INPUT_H

#include <stdbool.h>

#include "core/base/buf.h"
#include "ui/key.h"

#define INPUT_PASTE_MAX 65536 /* a conf body fits; more is cut and said so */

enum input_kind {
	INPUT_KEY,
	INPUT_PASTE,  /* text: valid UTF-8, may hold LF and controls; belongs to the back end */
	INPUT_RESIZE, /* ask term_size() */
	INPUT_HANGUP, /* the terminal is gone: save and leave, draw no more */
};

struct input {
	enum input_kind kind;
	struct key key;
	struct span paste; /* until the next term_read() */
	bool paste_cut;	   /* more than INPUT_PASTE_MAX was pasted, or its end never came */
};

#endif
