/*
 * A terminal behind a handful of functions: ncurses for people (term_curses), memory for tests and
 * --headless (term_mem). Whatever reaches a terminal goes through term_present() of a whole grid.
 *
 * UI thread only. The app polls term_fd() for input, asks term_writable() before it draws, and
 * hands the terminal over with term_suspend() ... term_resume() around editor and pinentry.
 */
#ifndef MQGP_UI_TERM_H
#define MQGP_UI_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "ui/grid.h"
#include "ui/input.h"
#include "ui/theme.h"

struct term;

struct term_ops {
	void (*free)(struct term *t);
	void (*size)(struct term *t, int *w, int *h);
	void (*present)(struct term *t, const struct grid *g);
	bool (*read)(struct term *t, struct input *out);
	void (*flush_input)(struct term *t);
	bool (*writable)(struct term *t);
	void (*redraw)(struct term *t);
	enum mq_err (*suspend)(struct term *t);
	enum mq_err (*resume)(struct term *t);
	enum mq_err (*stop)(struct term *t);
	void (*bell)(struct term *t);
	size_t (*read_stderr)(struct term *t, char *out, size_t size);
};

struct term {
	const struct term_ops *ops;
	enum colour_level level;
	bool ascii;			       /* grid.ascii of what is presented */
	bool (*shows)(uint32_t cp, int width); /* grid.shows of what is presented */
	int in_fd, out_fd, stderr_fd;	       /* to poll; -1: none */
};

/* Restores the terminal and frees. NULL is allowed. */
static inline void
term_free(struct term *t)
{
	if (t != NULL)
		t->ops->free(t);
}
/* The size now; asked once per frame. */
static inline void
term_size(struct term *t, int *w, int *h)
{
	t->ops->size(t, w, h);
}
/* Shows g. May block while the terminal is slow: ask term_writable() first. */
static inline void
term_present(struct term *t, const struct grid *g)
{
	t->ops->present(t, g);
}
/* The next event; false when there is none now. Never waits longer than the escape delay. */
static inline bool
term_read(struct term *t, struct input *out)
{
	return t->ops->read(t, out);
}
/* Throws away what was typed so far: before a dialog that decides something. */
static inline void
term_flush_input(struct term *t)
{
	t->ops->flush_input(t);
}
static inline bool
term_writable(struct term *t)
{
	return t->ops->writable(t);
}
/* The next present repaints everything: somebody else wrote on the screen. */
static inline void
term_redraw(struct term *t)
{
	t->ops->redraw(t);
}
/* Gives the terminal to a child as it was before the program started; present is a no-op until
 * term_resume, which takes it back, drops typed input and repaints fully. */
static inline enum mq_err
term_suspend(struct term *t)
{
	return t->ops->suspend(t);
}
static inline enum mq_err
term_resume(struct term *t)
{
	return t->ops->resume(t);
}
/* Ctrl-Z: gives the terminal back, stops the process group, returns after `fg`. */
static inline enum mq_err
term_stop(struct term *t)
{
	return t->ops->stop(t);
}
static inline void
term_bell(struct term *t)
{
	t->ops->bell(t);
}
/* What libraries wrote to standard error while the screen was up; 0: nothing now. */
static inline size_t
term_read_stderr(struct term *t, char *out, size_t size)
{
	return t->ops->read_stderr(t, out, size);
}

#endif
