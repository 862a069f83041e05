/*
 * How work that a person does talks to that person: an editor, a typed confirmation, a terminal
 * lent to pinentry, a passphrase.
 *
 * Command line and dashboard each supply their own; the work itself is the same code. Callbacks run
 * on the thread of the job and may block for as long as the person thinks. A missing one (NULL)
 * means that nobody can be asked, and the job says so instead of waiting.
 */
#ifndef MQGP_CORE_OWNER_UI_H
#define MQGP_CORE_OWNER_UI_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/trust/secret.h"

#define OWNER_CONFIRM_DIGITS 8 /* the last hex digits of the fingerprint or hash concerned */

/* What a person is asked to confirm by typing. Text may quote strangers: draw or print it escaped. */
struct owner_question {
	const char *title;    /* "sign revision 8 of plant/pump" */
	const char *text;     /* what it means, one fact a line; LF between them */
	const char *of;	      /* what the digits belong to: "your key", "the gateway's key" */
	char full[72];	      /* the whole fingerprint or hash in hex */
	char expected[OWNER_CONFIRM_DIGITS + 1];
};

struct owner_ui {
	void *arg;
	/* Something in job_look() changed. Must not block. */
	void (*changed)(void *arg);
	/* Lets the person edit the file, which exists; MQ_OK when the editor ended well. */
	enum mq_err (*edit)(void *arg, const char *path, struct mq_error *e);
	/* MQ_OK: the expected digits were typed. MQ_ECANCEL: no. */
	enum mq_err (*confirm)(void *arg, const struct owner_question *q, struct mq_error *e);
	/* Around a pinentry that may use the terminal: nothing else reads or draws between the two,
	 * and SIGINT, SIGQUIT and SIGTSTP are ignored. */
	enum mq_err (*lend_terminal)(void *arg, const char *why, struct mq_error *e);
	void (*take_terminal)(void *arg);
	/* A passphrase where no pinentry can ask; MQ_ECANCEL: no. */
	enum mq_err (*passphrase)(void *arg, const char *prompt, struct secret *out,
	    struct mq_error *e);
};

#endif
