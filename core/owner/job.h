/*
 * The guarded pipeline: every act of an owner, step by step, the same for scripts and dashboard.
 *
 * A job has a table of steps; each is told before and after. It can be cancelled at any time: before
 * the irrevocable steps nothing has happened, after them the outbox remembers and `push` resumes.
 * A job runs inline (job_run) or on a thread of its own (job_start); job_look and job_cancel may be
 * called from any thread meanwhile, the rest only by the thread that made it.
 */
#ifndef MQGP_CORE_OWNER_JOB_H
#define MQGP_CORE_OWNER_JOB_H

#include "core/config/config.h"
#include "core/model/audit.h"
#include "core/owner/outbox.h"
#include "core/owner/ui.h"

#define JOB_STEPS_MAX 16
#define JOB_TEXT 200
#define JOB_CHANGES_MAX 64
#define JOB_MEANING_MAX 65536
#define JOB_RECEIPT_MS 60000 /* a gateway that is there answers within seconds */
#define JOB_OFFER_DAYS 7     /* an offer stands this long unless told otherwise */

enum job_kind {
	JOB_CLAIM,  /* genesis of an ownerless gateway */
	JOB_EDIT,   /* a new revision, by editor, file or single changes */
	JOB_RENEW,  /* new dates */
	JOB_REKEY,  /* a new epoch; what a new owner must publish */
	JOB_OFFER,  /* other owners; waits for them */
	JOB_ACCEPT, /* sign the offer's bytes as its new owner */
	JOB_COSIGN, /* sign a proposal as one more owner */
	JOB_PUSH,   /* go on with what is signed */
	JOB_CANCEL, /* another revision that voids the offer; or drop what was never published */
	JOB_HALT,   /* stop the gateway */
	JOB_KINDS,
};
const char *job_kind_name(enum job_kind k); /* "claim" */

/* One change of a draft, as `edit --set heartbeat=10` */
struct job_change {
	enum { JOB_SET, JOB_ADD, JOB_REMOVE } how;
	const char *key, *value; /* value "" with REMOVE: every line of the key */
};

/* Everything is borrowed until job_free. */
struct job_options {
	enum job_kind kind;
	const struct profile *profile;
	const char *state_dir, *run_dir;
	const char *who; /* "user@host", for the audit log */
	const struct clock *clock;
	struct span tree;
	const struct fpr *key;	/* to sign with; NULL: the profile's, or the only one that fits */
	struct owner_ui ui;
	int cancel_fd;		/* -1: only job_cancel */
	int receipt_ms;		/* 0: JOB_RECEIPT_MS */
	struct audit *audit;	/* NULL: the job opens the profile's */
	/* edit, renew, cancel */
	struct job_change change[JOB_CHANGES_MAX];
	size_t n_changes;
	struct span draft;	/* edit: this text instead of the editor; push: a signed bundle */
	bool no_publish;	/* stop after the signature; `push` goes on */
	/* claim */
	struct conf_gateway gateway; /* as a person compared and typed it */
	const struct secret *claim_code; /* as typed; n 0: the gateway has a factory.conf */
	const char *own;	/* label, or NULL */
	/* owners besides us (claim) or instead of us (offer) */
	struct fpr owner[CONF_OWNERS_MAX];
	size_t n_owners;
	uint32_t threshold;	/* offer: of the new owners; 0: 1 */
	uint32_t offer_days;	/* 0: JOB_OFFER_DAYS */
	/* halt */
	const char *reason;	/* NULL: "owner" */
};

enum job_step_state { JOB_WAITING, JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_SKIPPED };
struct job_step_view {
	const char *title;
	enum job_step_state state;
	char text[JOB_TEXT]; /* what it found; may quote strangers */
	int64_t at_ms;	     /* wall, when it ended or began */
	bool irrevocable;
};
struct job_view {
	enum job_kind kind;
	struct job_step_view step[JOB_STEPS_MAX];
	size_t n;
	bool started, finished;
	enum mq_err result; /* when finished */
	char text[MQ_ERROR_TEXT]; /* one sentence: how it ended */
	uint32_t revision;	  /* of what is made; 0: not yet */
	uint8_t hash[HASH_BYTES];
	char receipt[16];	  /* state word of the gateway's last receipt, "" */
};

struct job;

enum mq_err job_new(struct job **out, const struct job_options *o, struct mq_error *e);
/* Does it; the result is also in job_look. MQ_EAGAIN: base moved or tree busy; MQ_ECANCEL: a person
 * said no; MQ_EPERM: rejected by rule or gateway; others: system. */
enum mq_err job_run(struct job *j, struct mq_error *e);
enum mq_err job_start(struct job *j, struct mq_error *e); /* the same on its own thread */
void job_cancel(struct job *j);				  /* any thread; ends waiting */
void job_look(struct job *j, struct job_view *out);	  /* any thread */
/* Meaning of the new revision, one line a change, weaker ones named; appended. Any thread. */
enum mq_err job_meaning(struct job *j, struct buf *out);
/* Cancels and waits for the thread if it still runs. */
void job_free(struct job *j);

#endif
