/*
 * The owner's work inside the dashboard: one job at a time, on its own thread.
 *
 * What a job asks of a person (editor, typed word, passphrase, terminal for pinentry) is brought to
 * the UI thread and answered there; its steps go into the model, where the Config screen finds them.
 * Before a job starts, short questions collect what it needs (a new owner, a reason). All functions
 * belong to the UI thread; those with `void *arg` are members of struct app_port.
 */
#ifndef MQGP_SRC_DASH_OWNER_H
#define MQGP_SRC_DASH_OWNER_H

#include <stdbool.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/config/config.h"
#include "core/net/engine.h"
#include "ui/app.h"
#include "ui/term.h"

struct dash_owner;

struct dash_owner_options { /* everything is borrowed */
	struct engine *engine;
	const struct profile *profile;
	const char *state_dir, *run_dir;
	const char *who; /* "user@host" */
	const struct clock *clock;
	struct term *term; /* lent to editor and pinentry */
};

enum mq_err dash_owner_new(struct dash_owner **out, const struct dash_owner_options *o,
    struct mq_error *e);
/* Stops a job that runs. NULL is allowed. */
void dash_owner_free(struct dash_owner *d);

/* Readable when dash_owner_step has something to do. */
int dash_owner_fd(const struct dash_owner *d);
/* Serves the job: may hand the terminal over and come back when editor or pinentry is done. True:
 * something visible changed. */
bool dash_owner_step(struct dash_owner *d);
/* How the last job ended, once; false: nothing new. The text may quote strangers. */
bool dash_owner_notice(struct dash_owner *d, enum role *role, char text[MQ_ERROR_TEXT]);
/* A job is at work or a question is open. */
bool dash_owner_busy(const struct dash_owner *d);
/* After snap_build: puts the texts of the Config screen into the model. True: build again. */
bool dash_owner_fill(struct dash_owner *d, const struct snap_request *r, const struct snap *s);

/* ---- struct app_port */

enum mq_err dash_owner_decide(void *arg, const struct app_decision *decision, struct mq_error *e);
/* One at a time: dash_owner_stop ends the one that runs. */
enum mq_err dash_owner_job(void *arg, enum action a, struct span tree, struct mq_error *e);
bool dash_owner_stop(void *arg);
void dash_owner_question(void *arg, struct app_question *q);
void dash_owner_answer(void *arg, uint64_t question, struct span text);

#endif
