/*
 * What the files of job.h share; nobody else includes this.
 *
 * A kind of job is a row: its pipeline and how it writes the new body. A step returns MQ_OK, or an
 * error with the sentence for people; what it found it says with job_say. Steps run on the job's
 * thread; only view and meaning are shared, under the lock.
 */
#ifndef MQGP_CORE_OWNER_JOB_IMPL_H
#define MQGP_CORE_OWNER_JOB_IMPL_H

#include <pthread.h>

#include "core/owner/job.h"
#include "core/owner/session.h"
#include "core/owner/signer.h"

struct job_step {
	const char *title;
	enum mq_err (*run)(struct job *j, struct mq_error *e);
	bool irrevocable;
};

struct job_row {
	const char *name;
	const struct job_step *step;
	size_t n;
	/* Fills j->draft; NULL: the bytes exist already. */
	enum mq_err (*write)(struct job *j, struct mq_error *e);
	const char *verb; /* "sign revision 8 of" */
};
const struct job_row *job_row(enum job_kind k);

struct job {
	struct job_options o;
	const struct job_row *row;
	uint8_t tree[TOPIC_CONF_MAX];
	size_t tree_n;
	int stop_fd; /* eventfd of job_cancel */
	struct outbox *box;
	struct session *s;
	struct signer *signer;
	struct fpr key;
	struct conf *base; /* N as it was when we began; NULL: genesis */
	struct conf *conf; /* N+1 */
	struct buf draft;  /* the body's text */
	struct buf bundle; /* what is published */
	struct buf blob;   /* encrypted, with new_epoch */
	struct secret epoch_secret;
	uint32_t new_epoch; /* 0: the epoch stays */
	bool complete, halting, delayed, over; /* over: nothing is left to do, all good */
	char told[2 * MQ_ERROR_TEXT]; /* how it ended, if all went well */
	/* shared */
	pthread_mutex_t lock;
	struct job_view view;
	struct buf meaning;
	/* the thread of job_start */
	pthread_t thread;
	bool thread_runs;
};

struct span job_tree(const struct job *j);
/* The text of the running step, as the person sees it. */
void job_say(struct job *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void job_set_meaning(struct job *j, const char *text);
void job_audit(struct job *j, const char *kind, const char *text);
int job_cancel_fd(const struct job *j);
/* Asks for the last digits of what `full` is the hex of. */
enum mq_err job_ask(struct job *j, const char *title, const char *of, const char *full,
    struct mq_error *e);
bool job_same_hash(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES]);

/* job_begin.c: tree, base, key */
enum mq_err job_connect(struct job *j, struct mq_error *e);
/* What lies in the outbox and was never published goes; nothing is left to do. */
enum mq_err job_drop(struct job *j, struct mq_error *e);
enum mq_err job_check_key(struct job *j, struct mq_error *e);
/* job_write.c: bodies */
enum mq_err job_write_genesis(struct job *j, struct mq_error *e);
enum mq_err job_write_edit(struct job *j, struct mq_error *e);
enum mq_err job_write_renew(struct job *j, struct mq_error *e);
enum mq_err job_write_rekey(struct job *j, struct mq_error *e);
enum mq_err job_write_offer(struct job *j, struct mq_error *e);
enum mq_err job_write_cancel(struct job *j, struct mq_error *e);
enum mq_err job_write_halt(struct job *j, struct mq_error *e);
enum mq_err job_draft(struct job *j, struct mq_error *e);
/* job_check.c: grammar, epoch, recipients, meaning */
enum mq_err job_check(struct job *j, struct mq_error *e);
enum mq_err job_tell_meaning(struct job *j, struct mq_error *e);
enum mq_err job_fresh_epoch(struct job *j, uint32_t epoch, struct mq_error *e);
enum mq_err job_seal_epoch(struct job *j, struct mq_error *e);
/* job_sign.c */
enum mq_err job_take_offer(struct job *j, struct mq_error *e);
enum mq_err job_load(struct job *j, struct mq_error *e);
enum mq_err job_confirm(struct job *j, struct mq_error *e);
enum mq_err job_sign(struct job *j, struct mq_error *e);
enum mq_err job_stranger(struct job *j, struct mq_error *e);
bool job_may_be_published(enum verdict v); /* good, or good but for what is still to come */
/* job_publish.c */
enum mq_err job_base_unchanged(struct job *j, struct mq_error *e);
enum mq_err job_publish(struct job *j, struct mq_error *e);
enum mq_err job_publish_halt(struct job *j, struct mq_error *e);
enum mq_err job_read_back(struct job *j, struct mq_error *e);
enum mq_err job_receipt(struct job *j, struct mq_error *e);
enum mq_err job_finish(struct job *j, struct mq_error *e);

#endif
