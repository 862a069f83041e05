/*
 * The person at a terminal: editor, typed confirmation, passphrase, the terminal lent to pinentry.
 *
 * Talks to /dev/tty, so that standard input and output may be pipes. Scripts answer a confirmation
 * beforehand with --confirm. Main thread only.
 */
#ifndef MQGP_SRC_PERSON_H
#define MQGP_SRC_PERSON_H

#include "core/owner/ui.h"

struct person {
	const char *confirm; /* --confirm: the digits, or NULL: they are typed */
};

/* Fills every callback but `changed`. p must outlive ui. */
void person_ui(struct person *p, struct owner_ui *ui);
/* One line without echo from the terminal; MQ_ECANCEL at end of input, MQ_ENOENT without one. */
enum mq_err person_secret(const char *prompt, struct secret *out, struct mq_error *e);
/* The same for a line that may be seen; an empty one is MQ_OK. */
enum mq_err person_line(const char *prompt, char *line, size_t size, struct mq_error *e);
/* Asks the confirmation of ui->confirm also outside of a job. */
enum mq_err person_confirm(struct person *p, const char *title, const char *of, const char *full,
    struct mq_error *e);

#endif
