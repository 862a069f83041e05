/*
 * Shared by the files of dash_owner.h: who may touch what.
 *
 *	dash_owner.c	  life, start and end of a job
 *	dash_owner_ask.c  what the job's thread asks of the person
 *	dash_owner_form.c what is asked before a job starts
 *	dash_owner_show.c steps and texts for the Config screen
 */
#ifndef MQGP_SRC_DASH_OWNER_IMPL_H
#define MQGP_SRC_DASH_OWNER_IMPL_H

#include <pthread.h>

#include "core/owner/job.h"
#include "src/dash_owner.h"
#include "src/person.h"

#define DASH_LINE 72 /* columns of a dialog's text */

/* What the job's thread waits for. */
enum wish_kind { WISH_NOTHING, WISH_EDIT, WISH_CONFIRM, WISH_LEND, WISH_PASSPHRASE };
struct wish {
	enum wish_kind kind;
	uint64_t id;
	const char *text; /* EDIT: the path; LEND: why; PASSPHRASE: the prompt */
	const struct owner_question *question; /* CONFIRM */
	struct secret *secret;		       /* PASSPHRASE: where it goes */
	bool answered;
	enum mq_err result;
	struct mq_error error;
};

/* An acting key: the job behind it and what is asked first. */
struct dash_act {
	enum action action;
	enum job_kind kind;
	const char *title;
	const char *then; /* what follows from a yes, said in the dialog; NULL: nothing more */
	const struct dash_field *field;
	size_t n;
};

struct dash_form {
	const struct dash_act *act; /* NULL: none is open */
	size_t at;
	uint64_t id;
	const char *wrong; /* why the last answer was not taken */
	char typed[APP_ANSWER_MAX]; /* which was this one; "" for secrets */
};

struct dash_owner {
	struct dash_owner_options o;
	struct person person;
	struct owner_ui tty; /* what the person at a terminal does: editor, pinentry */
	int wake;	     /* eventfd */
	uint64_t questions;  /* identities given so far; under lock */
	/* shared with the job's thread */
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct wish wish;
	bool dirty, closing, lent;
	/* the UI thread's own */
	struct job *job;
	const struct dash_act *act; /* of the job, or of the form */
	struct job_options jo;
	uint8_t tree[TOPIC_CONF_MAX];
	size_t tree_n;
	uint64_t tree_id, runs;
	struct secret code;
	struct fpr key; /* to sign with, if the profile does not say */
	char reason[40];
	struct dash_form form;
	struct buf draft, meaning;
	struct mq_error notice;
	bool has_notice;
	/* what the Config screen's texts were made from */
	uint64_t shown_tree;
	uint8_t shown_hash[HASH_BYTES];
	bool texts_changed;
};

/* dash_owner.c */
enum mq_err dash_start(struct dash_owner *d, struct mq_error *e);
void dash_say(struct dash_owner *d, enum mq_err code, const char *text);

/* dash_owner_ask.c */
void dash_callbacks(struct dash_owner *d, struct owner_ui *ui);
void dash_serve(struct dash_owner *d);
/* True: the wish was the one that is answered. */
bool dash_wish_question(struct dash_owner *d, struct app_question *q);
void dash_wish_answer(struct dash_owner *d, uint64_t id, struct span text);
void dash_wish_refuse(struct dash_owner *d); /* whatever it is: no */
void dash_wake(struct dash_owner *d);
/* Appends text to the dialog's lines, wrapped. */
void dash_add_text(struct app_question *q, const char *text);

/* dash_owner_form.c */
const struct dash_act *dash_act_of(enum action a, bool claimable);
void dash_form_open(struct dash_owner *d, const struct dash_act *act);
bool dash_form_question(struct dash_owner *d, struct app_question *q);
void dash_form_answer(struct dash_owner *d, struct span text);

/* dash_owner_show.c */
void dash_show_job(struct dash_owner *d, const struct job_view *v);
void dash_show_begin(struct dash_owner *d);
void dash_read_draft(struct dash_owner *d, const char *path);

#endif
