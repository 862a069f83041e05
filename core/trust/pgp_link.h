/*
 * The inside of struct pgp: one child, what waits for it, and what came back. Only for pgp.c and
 * pgp_link.c.
 *
 * Bounded: PGP_QUEUE_MAX requests and as many imports as a ring has room for, KEYTABLE_KEYS_MAX
 * certificates, one frame each way. One owner thread; nothing here blocks but the end of a child that was told to go.
 */
#ifndef MQGP_CORE_TRUST_PGP_LINK_H
#define MQGP_CORE_TRUST_PGP_LINK_H

#include "core/trust/pgp_proc.h"
#include "core/trust/pgp_wire.h"

#define PGP_LINK_READ_BYTES 65536
#define PGP_LINK_HOME_NAME "v-XXXXXX" /* of one verify child, in run_dir; "/r", "/s" come behind it */

struct pgp_pending {
	struct pgp_pending *next;
	uint32_t id;
	enum pgp_op op;
	bool may_take_time; /* a person may be asked: no deadline */
	struct buf frame;   /* may hold secrets */
};

struct pgp_ready {
	struct pgp_ready *next;
	struct pgp_answer answer;
};

struct pgp_cert {
	struct fpr fpr;
	struct buf armored;
};

struct pgp {
	enum pgp_kind kind;
	char *self, *home, *run_dir, *gpg; /* home, run_dir may be NULL */
	int deadline_ms;
	int64_t at; /* VERIFY: 0 = now */
	bool may_prompt, own_home;
	struct secret passphrase;
	bool has_passphrase;

	struct clock clock;
	struct pgp_proc proc;
	char *child_home; /* VERIFY: of the running child */
	int64_t restart_at, backoff_ms;

	struct pgp_pending *queue, **queue_end; /* not sent yet */
	size_t n_queued, n_imports; /* imports are among the queued */
	struct pgp_pending *current; /* sent, at least in part */
	size_t sent;
	int64_t sent_at;
	struct buf rx;
	struct pgp_ready *ready, **ready_end;
	uint32_t last_id;

	struct pgp_cert *cert; /* VERIFY: the ring, to be told again */
	size_t n_certs, rebuilt; /* the first `rebuilt` are in the running child's ring */
	struct keytable keys;
};

/* Before the first use: nothing runs, nothing waits. */
void pgp_link_init(struct pgp *p);
/* Ends the child; forgets requests, answers and certificates. */
void pgp_link_done(struct pgp *p);
/* Queues a request (w->id is set) and starts what can be started. */
enum mq_err pgp_link_submit(struct pgp *p, struct pgp_request *w, uint32_t *id);
/* An id for an answer that needs no child, and such an answer; its content is taken. */
uint32_t pgp_link_next_id(struct pgp *p);
void pgp_link_push(struct pgp *p, struct pgp_answer *a);
/* Everything that can be done now without waiting: send, receive, deadlines, restart. */
void pgp_link_work(struct pgp *p);
/* Ends the child and answers all that waits with err and this sentence. */
void pgp_link_lose(struct pgp *p, enum mq_err err, const char *text);
/* Takes the answer with this id (0: the first) out of the list; false: not there. */
bool pgp_link_take(struct pgp *p, uint32_t id, struct pgp_answer *out);
/* Is a request with this id waiting or under way? */
bool pgp_link_pending(const struct pgp *p, uint32_t id);

#endif
