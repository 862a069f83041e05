#include "src/dash_owner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/model/tree_state.h"
#include "src/dash_owner_impl.h"

/* ---- life */

enum mq_err
dash_owner_new(struct dash_owner **out, const struct dash_owner_options *o, struct mq_error *e)
{
	struct dash_owner *d = calloc(1, sizeof *d);

	if (d == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the owner's work");
	d->o = *o;
	person_ui(&d->person, &d->tty);
	buf_init(&d->draft, CONF_BODY_MAX);
	buf_init(&d->meaning, JOB_MEANING_MAX);
	(void)pthread_mutex_init(&d->lock, NULL); /* default attributes cannot fail here */
	(void)pthread_cond_init(&d->turn, NULL);
	if ((d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
		dash_owner_free(d);
		return mq_fail_errno(e, MQ_EIO, "no descriptor for the owner's work");
	}
	*out = d;
	return MQ_OK;
}

static void
end_job(struct dash_owner *d)
{
	job_free(d->job);
	d->job = NULL;
	secret_free(&d->code);
}

void
dash_owner_free(struct dash_owner *d)
{
	if (d == NULL)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->closing = true;
	(void)pthread_mutex_unlock(&d->lock);
	dash_wish_refuse(d);
	end_job(d);
	buf_done(&d->draft);
	buf_done(&d->meaning);
	if (d->wake >= 0)
		(void)close(d->wake);
	(void)pthread_cond_destroy(&d->turn);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

int
dash_owner_fd(const struct dash_owner *d)
{
	return d->wake;
}

bool
dash_owner_busy(const struct dash_owner *d)
{
	return d->job != NULL || d->form.act != NULL;
}

/* ---- the course of a job */

void
dash_say(struct dash_owner *d, enum mq_err code, const char *text)
{
	(void)mq_fail(&d->notice, code, "%s", text);
	d->has_notice = true;
}

bool
dash_owner_notice(struct dash_owner *d, enum role *role, char text[MQ_ERROR_TEXT])
{
	if (!d->has_notice)
		return false;
	d->has_notice = false;
	*role = d->notice.code == MQ_OK ? ROLE_NOTICE :
	    d->notice.code == MQ_ECANCEL ? ROLE_NOTICE_WARN : ROLE_NOTICE_BAD;
	memcpy(text, d->notice.text, MQ_ERROR_TEXT);
	return true;
}

/* Where it stopped, what was written so far is kept, or it was not worth it. */
static bool
draft_is_kept(const struct dash_owner *d)
{
	struct outbox_meta m;

	return outbox_peek(d->o.state_dir, (struct span){ d->tree, d->tree_n }, &m) == MQ_OK &&
	    m.step != OUTBOX_EMPTY;
}

static void
finish(struct dash_owner *d, const struct job_view *v)
{
	struct intent again = { .kind = INTENT_RETRY_KEYS };

	dash_say(d, v->result, v->text[0] != '\0' ? v->text : "done");
	end_job(d);
	if (v->result != MQ_OK && draft_is_kept(d))
		return;
	buf_reset(&d->draft);
	buf_reset(&d->meaning);
	d->texts_changed = true;
	if (v->result == MQ_OK)
		(void)engine_do(d->o.engine, &again, NULL); /* a key was unlocked: nothing is lost if not */
}

bool
dash_owner_step(struct dash_owner *d)
{
	struct job_view v;
	uint64_t count;
	bool dirty;

	while (read(d->wake, &count, sizeof count) < 0 && errno == EINTR)
		;
	dash_serve(d);
	(void)pthread_mutex_lock(&d->lock);
	dirty = d->dirty;
	d->dirty = false;
	(void)pthread_mutex_unlock(&d->lock);
	if (d->job == NULL || !dirty)
		return d->has_notice;
	job_look(d->job, &v);
	dash_show_job(d, &v);
	if (v.finished)
		finish(d, &v);
	return true;
}

enum mq_err
dash_start(struct dash_owner *d, struct mq_error *e)
{
	enum mq_err r;

	d->runs++;
	dash_show_begin(d);
	dash_callbacks(d, &d->jo.ui);
	if ((r = job_new(&d->job, &d->jo, e)) != MQ_OK)
		return r;
	if ((r = job_start(d->job, e)) != MQ_OK)
		end_job(d);
	return r;
}

/* ---- struct app_port */

static enum intent_kind
intent_of(enum action a)
{
	return a == ACTION_PIN ? INTENT_PIN : a == ACTION_UNPIN ? INTENT_UNPIN : INTENT_ACK;
}

enum mq_err
dash_owner_decide(void *arg, const struct app_decision *decision, struct mq_error *e)
{
	struct dash_owner *d = arg;
	struct intent i = { .kind = intent_of(decision->action) };

	if (decision->tree.n > sizeof i.tree)
		return mq_fail(e, MQ_ELIMIT, "this topic is too long to be a tree");
	memcpy(i.tree, decision->tree.p, decision->tree.n);
	i.tree_n = decision->tree.n;
	memcpy(i.hash, decision->hash, sizeof i.hash);
	return engine_do(d->o.engine, &i, e);
}

/* Remembers the tree; false: it is not known, or too long to be one. claimable: it has no owner. */
static bool
take_tree(struct dash_owner *d, struct span tree, bool *claimable)
{
	struct model *m = engine_model(d->o.engine);
	const struct model_tree *t;

	if (tree.n > sizeof d->tree)
		return false;
	model_lock(m);
	t = model_tree_find(m, tree);
	if (t != NULL) {
		d->tree_id = t->id;
		*claimable = t->state == TREE_CLAIMABLE;
	}
	model_unlock(m);
	if (t == NULL)
		return false;
	memcpy(d->tree, tree.p, tree.n);
	d->tree_n = tree.n;
	return true;
}

static void
options(struct dash_owner *d, enum job_kind kind)
{
	memset(&d->jo, 0, sizeof d->jo);
	d->jo.kind = kind;
	d->jo.profile = d->o.profile;
	d->jo.state_dir = d->o.state_dir;
	d->jo.run_dir = d->o.run_dir;
	d->jo.who = d->o.who;
	d->jo.clock = d->o.clock;
	d->jo.tree = (struct span){ d->tree, d->tree_n };
	d->jo.cancel_fd = -1;
	d->jo.audit = model_audit(engine_model(d->o.engine));
}

bool
dash_owner_stop(void *arg)
{
	struct dash_owner *d = arg;

	if (d->job == NULL)
		return false;
	job_cancel(d->job);
	dash_wish_refuse(d);
	return true;
}

enum mq_err
dash_owner_job(void *arg, enum action a, struct span tree, struct mq_error *e)
{
	struct dash_owner *d = arg;
	const struct dash_act *act;
	bool claimable = false;

	if (dash_owner_busy(d))
		return mq_fail(e, MQ_EAGAIN, "one thing at a time: work goes on; Escape on screen 5 stops it");
	if (d->o.state_dir == NULL)
		return mq_fail(e, MQ_ESTATE, "nothing is kept here, so nothing can be signed");
	if (!take_tree(d, tree, &claimable))
		return mq_fail(e, MQ_ENOENT, "this tree is not known any more");
	if ((act = dash_act_of(a, claimable)) == NULL)
		return claimable ?
		    mq_fail(e, MQ_EPERM, "this gateway has no owner yet: edit begins a claim") :
		    mq_fail(e, MQ_EPERM, "%s is done on the command line", action_label(a));
	d->act = act;
	options(d, act->kind);
	if (act->n == 0)
		return dash_start(d, e);
	dash_form_open(d, act);
	return MQ_OK;
}

void
dash_owner_question(void *arg, struct app_question *q)
{
	struct dash_owner *d = arg;

	memset(q, 0, sizeof *q);
	if (!dash_form_question(d, q))
		(void)dash_wish_question(d, q); /* nothing: the kind says so */
}

void
dash_owner_answer(void *arg, uint64_t question, struct span text)
{
	struct dash_owner *d = arg;

	if (d->form.act != NULL) {
		if (d->form.id == question)
			dash_form_answer(d, text);
		return;
	}
	dash_wish_answer(d, question, text);
}
