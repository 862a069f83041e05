/*
 * Standard error while the screen is up: what libraries print goes into a pipe and from there into
 * the log, instead of over the screen.
 *
 * The pipe never blocks a writer; what does not fit is lost. A standard error that is no terminal
 * is left alone. One at a time; UI thread only.
 */
#ifndef MQGP_UI_STDERR_CATCH_H
#define MQGP_UI_STDERR_CATCH_H

#include <stddef.h>

struct stderr_catch {
	int read_fd;  /* to poll; -1: nothing is caught */
	int write_fd;
	int saved;    /* the real standard error; -1: it is in its place */
};

void stderr_catch_init(struct stderr_catch *s);
void stderr_catch_begin(struct stderr_catch *s);
/* Puts standard error back. What is in the pipe can still be read. */
void stderr_catch_end(struct stderr_catch *s);
void stderr_catch_done(struct stderr_catch *s);
/* Bytes read, 0: nothing now. */
size_t stderr_catch_read(struct stderr_catch *s, char *out, size_t size);

#endif
