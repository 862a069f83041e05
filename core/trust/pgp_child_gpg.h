/*
 * GPGME as our children use it: one context with one home, one operation at a time, driven by our
 * own poll loop. Only for pgp_child*.c.
 *
 * GPGME's own waiting can spin for ever and cannot be cancelled while gpg is silent (OPENPGP.md 0),
 * so operations are begun with the `_start` calls and finished by gpg_finish(), which knows a
 * deadline and whether the parent is still there. Status lines are collected for pgp_judge.c. An
 * operation that returned without error has proven nothing yet.
 */
#ifndef MQGP_CORE_TRUST_PGP_CHILD_GPG_H
#define MQGP_CORE_TRUST_PGP_CHILD_GPG_H

#include <gpgme.h>

#include "core/trust/keytable.h"
#include "core/trust/pgp_judge.h"

#define GPG_FDS_MAX 16 /* pipes of one gpg process: status, command, data in, data out, ... */

struct gpg_fd {
	int fd; /* -1: free */
	bool out;
	gpgme_io_cb_t call;
	void *arg;
};

typedef enum mq_err gpg_key_fn(void *arg, gpgme_key_t key);

struct gpg {
	gpgme_ctx_t ctx;
	const char *gpg, *home; /* borrowed; home NULL: the user's */
	int parent_fd, deadline_ms; /* deadline -1: none */
	struct gpg_fd fd[GPG_FDS_MAX];
	bool done, timed_out;
	gpgme_error_t result;
	struct pgp_status status;
	gpg_key_fn *each; /* listings */
	void *each_arg;
	enum mq_err each_err;
};

/* Never fails: the context is made by gpg_ready(). */
void gpg_init(struct gpg *g, const char *gpg, const char *home, int parent_fd, int deadline_ms);
void gpg_done(struct gpg *g);
/* Before each operation: gpg is there and the context exists; collected lines are forgotten. */
enum mq_err gpg_ready(struct gpg *g, struct mq_error *e);
/* Runs to its end what a _start call, which returned begun, has begun. */
gpgme_error_t gpg_finish(struct gpg *g, gpgme_error_t begun);
/* The engine's failure as our code and a sentence: "cannot WHAT: ...". err must not be 0. */
enum mq_err gpg_fail(const struct gpg *g, gpgme_error_t err, struct mq_error *e, const char *what);

/* A borrowed span as GPGME's input; NULL without memory. */
gpgme_data_t gpg_input(struct span s);
/* A buf as GPGME's output; its own bound ends the operation. cbs must outlive the data. */
gpgme_data_t gpg_output(struct gpgme_data_cbs *cbs, struct buf *b);

/* Calls each() for every key that matches pattern (NULL: all). */
enum mq_err gpg_list(struct gpg *g, const char *pattern, bool secret, gpg_key_fn *each, void *arg,
    struct mq_error *e);
/* The same for the keys in a file, without touching a home. */
enum mq_err gpg_list_data(struct gpg *g, struct span keys, gpg_key_fn *each, void *arg,
    struct mq_error *e);
/* gpg_key_fn: appends to a struct keytable. */
enum mq_err gpg_table_key(void *table, gpgme_key_t key);
/* The one key whose primary is f, with a reference (gpgme_key_unref); MQ_ENOENT. */
enum mq_err gpg_get_key(struct gpg *g, const struct fpr *f, bool secret, gpgme_key_t *out,
    struct mq_error *e);
/* Is this exactly one public primary, equal to want (OPENPGP.md 10)? MQ_EFORMAT with why not. */
enum mq_err gpg_look(struct gpg *g, const struct fpr *want, struct span cert, struct mq_error *e);
/* Imports what gpg_look() let pass and checks the counts. */
enum mq_err gpg_import(struct gpg *g, const struct fpr *want, struct span cert,
    struct mq_error *e);
/* The whole key, armored; one with more foreign signatures than fit comes without them. Expired
 * subkeys must stay: a signature of theirs is EXPIRED-KEY, not UNKNOWN-KEY. */
enum mq_err gpg_export(struct gpg *g, const struct fpr *f, struct buf *out, struct mq_error *e);

#endif
