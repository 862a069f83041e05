/* From the job's thread to the person and back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/text.h"
#include "src/dash_owner_impl.h"

void
dash_wake(struct dash_owner *d)
{
	uint64_t one = 1;

	while (write(d->wake, &one, sizeof one) < 0 && errno == EINTR)
		;
}

/* ---- on the job's thread */

static void
changed(void *arg)
{
	struct dash_owner *d = arg;

	(void)pthread_mutex_lock(&d->lock);
	d->dirty = true;
	(void)pthread_mutex_unlock(&d->lock);
	dash_wake(d);
}

/* Puts a wish and waits until the UI thread answered it. */
static enum mq_err
ask(struct dash_owner *d, struct wish w, struct mq_error *e)
{
	enum mq_err r;

	(void)pthread_mutex_lock(&d->lock);
	w.id = ++d->questions;
	w.answered = d->closing;
	w.result = MQ_ECANCEL;
	d->wish = w;
	dash_wake(d);
	while (!d->wish.answered)
		(void)pthread_cond_wait(&d->turn, &d->lock);
	r = d->wish.result;
	if (r != MQ_OK)
		(void)mq_fail(e, r, "%s",
		    d->wish.error.text[0] != '\0' ? d->wish.error.text : "stopped");
	d->wish = (struct wish){ .kind = WISH_NOTHING };
	(void)pthread_mutex_unlock(&d->lock);
	return r;
}

static enum mq_err
edit(void *arg, const char *path, struct mq_error *e)
{
	return ask(arg, (struct wish){ .kind = WISH_EDIT, .text = path }, e);
}

static enum mq_err
confirm(void *arg, const struct owner_question *q, struct mq_error *e)
{
	return ask(arg, (struct wish){ .kind = WISH_CONFIRM, .question = q }, e);
}

static enum mq_err
lend(void *arg, const char *why, struct mq_error *e)
{
	return ask(arg, (struct wish){ .kind = WISH_LEND, .text = why }, e);
}

static void
take(void *arg)
{
	struct dash_owner *d = arg;

	(void)pthread_mutex_lock(&d->lock);
	d->lent = false;
	(void)pthread_cond_broadcast(&d->turn);
	(void)pthread_mutex_unlock(&d->lock);
}

static enum mq_err
passphrase(void *arg, const char *prompt, struct secret *out, struct mq_error *e)
{
	return ask(arg, (struct wish){ .kind = WISH_PASSPHRASE, .text = prompt, .secret = out }, e);
}

void
dash_callbacks(struct dash_owner *d, struct owner_ui *ui)
{
	*ui = (struct owner_ui){ .arg = d, .changed = changed, .edit = edit, .confirm = confirm,
		.lend_terminal = lend, .take_terminal = take, .passphrase = passphrase };
}

/* ---- on the UI thread */

static void
settle(struct dash_owner *d, enum mq_err result, const struct mq_error *e)
{
	(void)pthread_mutex_lock(&d->lock);
	d->wish.answered = true;
	d->wish.result = result;
	if (e != NULL)
		d->wish.error = *e;
	(void)pthread_cond_broadcast(&d->turn);
	(void)pthread_mutex_unlock(&d->lock);
}

static void
serve_edit(struct dash_owner *d, const char *path)
{
	struct mq_error e = { 0 };
	enum mq_err r = term_suspend(d->o.term);

	if (r == MQ_OK) {
		r = d->tty.edit(d->tty.arg, path, &e);
		if (term_resume(d->o.term) != MQ_OK && r == MQ_OK)
			r = mq_fail(&e, MQ_EIO, "the terminal did not come back");
	} else {
		(void)mq_fail(&e, r, "the terminal cannot be handed over");
	}
	dash_read_draft(d, path);
	settle(d, r, &e);
}

/* Nothing is read or drawn until the job's thread takes the terminal back. */
static void
serve_lend(struct dash_owner *d, const char *why)
{
	struct mq_error e = { 0 };
	enum mq_err r = term_suspend(d->o.term);

	if (r != MQ_OK) {
		(void)mq_fail(&e, r, "the terminal cannot be handed over");
		settle(d, r, &e);
		return;
	}
	d->lent = true; /* the job's thread waits: nobody else looks */
	if ((r = d->tty.lend_terminal(d->tty.arg, why, &e)) != MQ_OK)
		d->lent = false;
	settle(d, r, &e);
	(void)pthread_mutex_lock(&d->lock);
	while (d->lent)
		(void)pthread_cond_wait(&d->turn, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
	if (r == MQ_OK)
		d->tty.take_terminal(d->tty.arg);
	(void)term_resume(d->o.term); /* a terminal that is gone says so as a hang-up */
}

static struct wish
look(struct dash_owner *d)
{
	struct wish w;

	(void)pthread_mutex_lock(&d->lock);
	w = d->wish;
	(void)pthread_mutex_unlock(&d->lock);
	if (w.answered)
		w.kind = WISH_NOTHING;
	return w;
}

void
dash_serve(struct dash_owner *d)
{
	struct wish w = look(d);

	if (w.kind == WISH_EDIT)
		serve_edit(d, w.text);
	else if (w.kind == WISH_LEND)
		serve_lend(d, w.text);
}

/* Bytes of a line that DASH_LINE columns hold, preferably up to a blank. */
static size_t
line_break(const char *text, size_t n)
{
	size_t end = DASH_LINE;

	if (n <= DASH_LINE)
		return n;
	while (end > 0 && text[end] != ' ')
		end--;
	return end != 0 ? end : DASH_LINE;
}

void
dash_add_text(struct app_question *q, const char *text)
{
	while (*text != '\0' && q->n_lines < APP_QUESTION_LINES) {
		size_t n = line_break(text, strcspn(text, "\n"));

		(void)snprintf(q->line[q->n_lines++], sizeof q->line[0], "%.*s", (int)n, text);
		text += n;
		text += *text == ' ' || *text == '\n';
	}
	if (*text != '\0')
		(void)snprintf(q->line[APP_QUESTION_LINES - 1], sizeof q->line[0],
		    "and more: say no, and read all of it on the Config screen");
}

bool
dash_wish_question(struct dash_owner *d, struct app_question *q)
{
	struct wish w = look(d);

	if (w.kind != WISH_CONFIRM && w.kind != WISH_PASSPHRASE)
		return false;
	q->id = w.id;
	q->action = d->act != NULL ? d->act->action : ACTION_SIGN;
	if (w.kind == WISH_PASSPHRASE) {
		q->kind = APP_ASK_SECRET;
		(void)snprintf(q->title, sizeof q->title, "passphrase");
		(void)snprintf(q->what, sizeof q->what, "passphrase");
		dash_add_text(q, w.text);
		return true;
	}
	q->kind = APP_ASK_WORD;
	(void)snprintf(q->title, sizeof q->title, "%.79s", w.question->title);
	dash_add_text(q, w.question->text);
	if (d->act != NULL && d->act->then != NULL)
		dash_add_text(q, d->act->then);
	(void)snprintf(q->what, sizeof q->what, "%.39s", w.question->of);
	(void)snprintf(q->hex, sizeof q->hex, "%s", w.question->full);
	return true;
}

void
dash_wish_answer(struct dash_owner *d, uint64_t id, struct span text)
{
	struct mq_error e = { 0 };
	struct wish w = look(d);
	enum mq_err r = MQ_OK;

	if (w.kind == WISH_NOTHING || w.id != id)
		return;
	if (text.p == NULL) {
		r = mq_fail(&e, MQ_ECANCEL, "you said no");
	} else if (w.kind == WISH_CONFIRM) {
		if (text.n != OWNER_CONFIRM_DIGITS ||
		    strncasecmp((const char *)text.p, w.question->expected, text.n) != 0)
			r = mq_fail(&e, MQ_ECANCEL, "not confirmed: the last 8 digits are others");
	} else {
		*w.secret = secret_copy(text.p, text.n);
		if (w.secret->p == NULL && text.n != 0)
			r = mq_fail(&e, MQ_ENOMEM, "no guarded memory");
	}
	settle(d, r, &e);
}

void
dash_wish_refuse(struct dash_owner *d)
{
	(void)pthread_mutex_lock(&d->lock);
	if (d->wish.kind != WISH_NOTHING && !d->wish.answered) {
		d->wish.answered = true;
		d->wish.result = MQ_ECANCEL;
		(void)pthread_cond_broadcast(&d->turn);
	}
	(void)pthread_mutex_unlock(&d->lock);
}
