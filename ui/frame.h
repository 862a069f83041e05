/*
 * When a frame is drawn, and in which order.
 *
 * When: something changed, the terminal is writable, and enough time went by: keys ask for a frame
 * at once (at least 1/fps apart), data alone at most twice a second. Nothing changed: no frame.
 * Order: size, clear, layout, lines, status, tabs, panes, footer, then overlays (help, why, confirm)
 * on top, then present. Each part draws clipped to its rectangle and cannot reach another's.
 * Pure; times are monotonic milliseconds given by the caller.
 */
#ifndef MQGP_UI_FRAME_H
#define MQGP_UI_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "ui/layout.h"
#include "ui/term.h"

#define FRAME_DATA_MS 500 /* data alone repaints at most twice a second */

struct frame {
	bool touched, changed;	/* by the operator; by data */
	int64_t last;		/* when the last frame was drawn */
	int least_ms;		/* between any two frames */
};

void frame_init(struct frame *f, int fps); /* fps 1..60, else 30; the first frame is due */
void frame_touch(struct frame *f);	   /* a key, a resize, a dialog */
void frame_data(struct frame *f);	   /* the model changed */
bool frame_wanted(const struct frame *f);
/* Draw now? */
bool frame_due(const struct frame *f, int64_t now, bool writable);
/* Milliseconds until frame_due may become true by time alone; -1: never. 0 with a terminal that is
 * not writable: poll for POLLOUT. */
int frame_wait(const struct frame *f, int64_t now);
void frame_drawn(struct frame *f, int64_t now);

/* One part of the screen. */
typedef void frame_part(void *arg, struct grid *g, struct rect r);
struct frame_parts {
	void *arg;
	frame_part *status, *tabs, *pane[2], *footer, *overlay; /* NULL: nothing */
};
/* Draws everything in order and presents it. g is resized as needed. */
enum mq_err frame_draw(struct term *t, struct grid *g, struct layout_wish wish,
    const struct frame_parts *parts);

#endif
