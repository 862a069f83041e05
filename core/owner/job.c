/* The runner: pipelines, view, thread. The steps themselves are in the other job_*.c. */
#include "core/owner/job_impl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"

/* ---- pipelines */

#define BEGIN { "current revision", job_connect, false }, { "key can sign", job_check_key, false }
#define PUBLISH \
	{ "verified as a stranger", job_stranger, false }, \
	{ "base unchanged", job_base_unchanged, false }, { "published", job_publish, true }, \
	{ "read back", job_read_back, true }, { "gateway's receipt", job_receipt, true }, \
	{ "done", job_finish, true }

static const struct job_step compose[] = {
	BEGIN,
	{ "edited", job_draft, false },
	{ "checked", job_check, false },
	{ "meaning", job_tell_meaning, false },
	{ "confirmed", job_confirm, false },
	{ "signed", job_sign, false },
	PUBLISH,
};
static const struct job_step countersign[] = {
	BEGIN,
	{ "offer taken", job_take_offer, false },
	{ "meaning", job_tell_meaning, false },
	{ "confirmed", job_confirm, false },
	{ "signed", job_sign, false },
	PUBLISH,
};
static const struct job_step push[] = {
	{ "current revision", job_connect, false },
	{ "outbox", job_load, false },
	PUBLISH,
};
static const struct job_step halt[] = {
	BEGIN,
	{ "order written", job_draft, false },
	{ "confirmed", job_confirm, false },
	{ "signed", job_sign, false },
	{ "verified as a stranger", job_stranger, false },
	{ "base unchanged", job_base_unchanged, false },
	{ "published", job_publish_halt, true },
	{ "read back", job_read_back, true },
	{ "gateway's receipt", job_receipt, true },
	{ "done", job_finish, true },
};

#define STEPS(a) (a), sizeof(a) / sizeof(a)[0]
static const struct job_row rows[JOB_KINDS] = {
	[JOB_CLAIM] = { "claim", STEPS(compose), job_write_genesis, "claim" },
	[JOB_EDIT] = { "edit", STEPS(compose), job_write_edit, "sign" },
	[JOB_RENEW] = { "renew", STEPS(compose), job_write_renew, "renew" },
	[JOB_REKEY] = { "rekey", STEPS(compose), job_write_rekey, "rekey" },
	[JOB_OFFER] = { "offer", STEPS(compose), job_write_offer, "offer" },
	[JOB_ACCEPT] = { "accept", STEPS(countersign), NULL, "accept" },
	[JOB_COSIGN] = { "cosign", STEPS(countersign), NULL, "cosign" },
	[JOB_PUSH] = { "push", STEPS(push), NULL, "push" },
	[JOB_CANCEL] = { "cancel", STEPS(compose), job_write_cancel, "cancel with" },
	[JOB_HALT] = { "halt", STEPS(halt), job_write_halt, "halt" },
};

const struct job_row *
job_row(enum job_kind k)
{
	return &rows[k];
}

const char *
job_kind_name(enum job_kind k)
{
	return rows[k].name;
}

/* ---- what people see */

struct span
job_tree(const struct job *j)
{
	return (struct span){ j->tree, j->tree_n };
}

static void
tell(struct job *j)
{
	if (j->o.ui.changed != NULL)
		j->o.ui.changed(j->o.ui.arg);
}

static struct job_step_view *
running(struct job *j)
{
	for (size_t i = 0; i < j->view.n; i++)
		if (j->view.step[i].state == JOB_RUNNING)
			return &j->view.step[i];
	return &j->view.step[0];
}

void
job_say(struct job *j, const char *fmt, ...)
{
	va_list ap;

	(void)pthread_mutex_lock(&j->lock);
	va_start(ap, fmt);
	(void)vsnprintf(running(j)->text, JOB_TEXT, fmt, ap);
	va_end(ap);
	(void)pthread_mutex_unlock(&j->lock);
	tell(j);
}

void
job_set_meaning(struct job *j, const char *text)
{
	(void)pthread_mutex_lock(&j->lock);
	buf_reset(&j->meaning);
	(void)buf_puts(&j->meaning, text); /* what does not fit is not shown */
	if (j->conf != NULL) {
		j->view.revision = j->conf->revision;
		memcpy(j->view.hash, j->conf->hash, HASH_BYTES);
	}
	(void)pthread_mutex_unlock(&j->lock);
	tell(j);
}

void
job_look(struct job *j, struct job_view *out)
{
	(void)pthread_mutex_lock(&j->lock);
	*out = j->view;
	(void)pthread_mutex_unlock(&j->lock);
}

enum mq_err
job_meaning(struct job *j, struct buf *out)
{
	enum mq_err r;

	(void)pthread_mutex_lock(&j->lock);
	r = buf_put(out, j->meaning.p, j->meaning.n);
	(void)pthread_mutex_unlock(&j->lock);
	return r;
}

void
job_audit(struct job *j, const char *kind, const char *text)
{
	char hash[2 * HASH_BYTES + 1] = "";
	struct audit_row row = { .time_ms = clock_wall_ms(j->o.clock), .who = j->o.who, .kind = kind,
		.tree = job_tree(j), .text = span_of(text) };

	if (j->o.audit == NULL)
		return;
	if (j->conf != NULL)
		text_hex(hash, j->conf->hash, HASH_BYTES);
	row.detail = span_of(hash);
	(void)audit_append(j->o.audit, &row); /* a full queue counts itself */
}

bool
job_same_hash(const uint8_t a[HASH_BYTES], const uint8_t b[HASH_BYTES])
{
	return memcmp(a, b, HASH_BYTES) == 0;
}

enum mq_err
job_ask(struct job *j, const char *title, const char *of, const char *full, struct mq_error *e)
{
	struct owner_question q = { .title = title, .of = of };
	size_t n = strlen(full);
	enum mq_err r;
	struct buf text;

	if (j->o.ui.confirm == NULL)
		return mq_fail(e, MQ_ECANCEL, "nobody is there to confirm; give --confirm %s",
		    full + n - OWNER_CONFIRM_DIGITS);
	buf_init(&text, JOB_MEANING_MAX + 1);
	(void)job_meaning(j, &text); /* bounded alike */
	q.text = buf_cstr(&text);
	if (q.text == NULL)
		q.text = "";
	(void)snprintf(q.full, sizeof q.full, "%s", full);
	(void)snprintf(q.expected, sizeof q.expected, "%s", full + n - OWNER_CONFIRM_DIGITS);
	r = j->o.ui.confirm(j->o.ui.arg, &q, e);
	buf_done(&text);
	return r;
}

/* ---- life */

int
job_cancel_fd(const struct job *j)
{
	return j->o.cancel_fd >= 0 ? j->o.cancel_fd : j->stop_fd;
}

static void
init_view(struct job *j)
{
	j->view.kind = j->o.kind;
	j->view.n = j->row->n;
	for (size_t i = 0; i < j->row->n; i++) {
		j->view.step[i].title = j->row->step[i].title;
		j->view.step[i].irrevocable = j->row->step[i].irrevocable;
	}
}

enum mq_err
job_new(struct job **out, const struct job_options *o, struct mq_error *e)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a job");
	j->o = *o;
	j->row = &rows[o->kind];
	memcpy(j->tree, o->tree.p, o->tree.n);
	j->tree_n = o->tree.n;
	buf_init(&j->draft, CONF_BODY_MAX);
	buf_init(&j->bundle, BUNDLE_MAX);
	buf_init(&j->blob, BUNDLE_MAX);
	buf_init(&j->meaning, JOB_MEANING_MAX);
	(void)pthread_mutex_init(&j->lock, NULL); /* default attributes cannot fail here */
	init_view(j);
	if ((j->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		job_free(j);
		return mq_fail_errno(e, MQ_EIO, "no descriptor for a job");
	}
	*out = j;
	return MQ_OK;
}

static void
close_parts(struct job *j)
{
	session_close(j->s);
	signer_close(j->signer);
	outbox_close(j->box);
	secret_free(&j->epoch_secret);
	j->s = NULL;
	j->signer = NULL;
	j->box = NULL;
}

void
job_free(struct job *j)
{
	if (j == NULL)
		return;
	if (j->thread_runs) {
		job_cancel(j);
		(void)pthread_join(j->thread, NULL);
	}
	close_parts(j);
	conf_free(j->base);
	conf_free(j->conf);
	buf_done(&j->draft);
	buf_done(&j->bundle);
	buf_done(&j->blob);
	buf_done(&j->meaning);
	if (j->stop_fd >= 0)
		(void)close(j->stop_fd);
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
}

void
job_cancel(struct job *j)
{
	uint64_t one = 1;

	while (write(j->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void
set_step(struct job *j, size_t i, enum job_step_state state)
{
	(void)pthread_mutex_lock(&j->lock);
	j->view.step[i].state = state;
	j->view.step[i].at_ms = clock_wall_ms(j->o.clock);
	(void)pthread_mutex_unlock(&j->lock);
	tell(j);
}

static enum mq_err
run_steps(struct job *j, struct mq_error *e)
{
	for (size_t i = 0; i < j->row->n; i++) {
		enum mq_err r;

		if (j->over) {
			set_step(j, i, JOB_SKIPPED);
			continue;
		}
		set_step(j, i, JOB_RUNNING);
		r = j->row->step[i].run(j, e);
		set_step(j, i, r == MQ_OK ? JOB_DONE : JOB_FAILED);
		if (r != MQ_OK)
			return r;
	}
	return MQ_OK;
}

static void
open_audit(struct job *j)
{
	char path[PATH_MAX];
	struct mq_error why = { 0 };

	/* an audit log that cannot be opened is said by `doctor`; it must not stop a halt */
	if (j->o.audit == NULL && j->o.state_dir != NULL &&
	    file_join(path, sizeof path, j->o.state_dir, "audit.db") == MQ_OK)
		(void)audit_open(path, &j->o.audit, &why);
}

enum mq_err
job_run(struct job *j, struct mq_error *e)
{
	struct audit *given = j->o.audit;
	struct mq_error why = { 0 };
	enum mq_err r;

	open_audit(j);
	(void)pthread_mutex_lock(&j->lock);
	j->view.started = true;
	(void)pthread_mutex_unlock(&j->lock);
	r = run_steps(j, &why);
	if (r != MQ_OK && why.code == MQ_OK)
		(void)mq_fail(&why, r, "%s", mq_err_name(r));
	close_parts(j);
	if (given == NULL)
		audit_close(j->o.audit);
	j->o.audit = given;
	(void)pthread_mutex_lock(&j->lock);
	j->view.finished = true;
	j->view.result = r;
	(void)snprintf(j->view.text, sizeof j->view.text, "%.319s", r == MQ_OK ? j->told : why.text);
	(void)pthread_mutex_unlock(&j->lock);
	tell(j);
	return r == MQ_OK ? r : mq_fail(e, r, "%s", why.text);
}

static void *
thread_main(void *arg)
{
	(void)job_run(arg, NULL); /* the result is in the view */
	return NULL;
}

enum mq_err
job_start(struct job *j, struct mq_error *e)
{
	if (pthread_create(&j->thread, NULL, thread_main, j) != 0)
		return mq_fail(e, MQ_ENOMEM, "no thread for a job");
	j->thread_runs = true;
	return MQ_OK;
}
