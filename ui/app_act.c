/*
 * Acting: decisions that are confirmed here, jobs that are started, evidence, copies.
 */
#include <stdio.h>
#include <string.h>

#include "ui/app_impl.h"
#include "ui/choice.h"

struct view_target
app_target(const struct app *a)
{
	const struct app_screen *s = &a->screen[a->now];
	struct view_ctx c = app_ctx(a);
	struct view_target t = { .topic = 0 };

	if (a->built)
		s->view->target(s->state, &c, &t);
	return t;
}

/* ---- decisions */

static void
add_line(struct app_question *q, const char *before, struct span text, const char *after)
{
	char *line = q->line[q->n_lines++];

	(void)snprintf(line, sizeof q->line[0], "%s%.*s%s", before,
	    (int)(text.n < 100 ? text.n : 100), (const char *)text.p, after); /* cut at most */
}

static void
hash_hex(char out[129], const uint8_t hash[32])
{
	for (int i = 0; i < 32; i++)
		(void)snprintf(out + 2 * (size_t)i, 3, "%02X", hash[i]);
}

/* What a pin or unpin means, and the word that confirms it. */
static void
describe(struct app_question *q, enum action act, const struct view_target *t)
{
	const char *colon = strrchr(t->gateway, ':');
	const struct span none = span_of("");

	memset(q, 0, sizeof *q);
	q->action = act;
	if (act == ACTION_PIN) {
		(void)snprintf(q->title, sizeof q->title, "pin this gateway");
		add_line(q, "", t->tree, "");
		add_line(q, "Only this key may speak for it from now on.", none, "");
		add_line(q, "Compare it with what `mqgpd show` prints at the gateway.",
		    none, "");
		(void)snprintf(q->what, sizeof q->what, "the gateway's key");
		(void)snprintf(q->hex, sizeof q->hex, "%s", colon != NULL ? colon + 1 : t->gateway);
	} else {
		(void)snprintf(q->title, sizeof q->title, "forget this pin");
		add_line(q, "", t->tree, "");
		add_line(q, "Its pinned gateway and its history are forgotten.", none, "");
		add_line(q, "Whoever comes next will have to be looked at anew.", none, "");
		(void)snprintf(q->what, sizeof q->what, "the conf");
		hash_hex(q->hex, t->conf_hash);
	}
}

static void
decide(struct app *a)
{
	const struct app_pending *p = &a->pending;
	struct app_decision d = { .action = p->action, .tree = { p->tree, p->tree_n } };
	struct mq_error e = { 0 };

	memcpy(d.hash, p->hash, sizeof d.hash);
	if (a->port.decide(a->port.arg, &d, &e) != MQ_OK)
		app_say(a, ROLE_NOTICE_BAD, span_of(e.text));
	else
		app_sayf(a, ROLE_NOTICE, "done: %s", action_label(p->action));
	app_refresh(a);
}

static void
take_target(struct app_pending *p, enum action act, const struct view_target *t)
{
	memset(p, 0, sizeof *p);
	p->action = act;
	p->tree_id = t->tree_id;
	p->tree_n = t->tree.n < sizeof p->tree ? t->tree.n : sizeof p->tree;
	memcpy(p->tree, t->tree.p, p->tree_n);
	memcpy(p->hash, t->conf_hash, sizeof p->hash);
}

static void
begin_decision(struct app *a, enum action act, const struct view_target *t)
{
	struct app_pending *p = &a->pending;

	take_target(p, act, t);
	if (!t->known) {
		(void)app_go(a, SNAP_OWNERSHIP, t->tree_id); /* says what to do either way */
		app_sayf(a, ROLE_NOTICE, "look at the tree here first, then %s it", action_label(act));
	} else if (action_danger(act) < 2) {
		decide(a);
	} else {
		describe(&p->text, act, t);
		if (confirm_open(&p->confirm, act, span_of(p->text.hex)))
			a->over = OVER_CONFIRM;
		else
			app_sayf(a, ROLE_NOTICE_WARN, "nothing is known yet that could be confirmed");
	}
}

void
app_act(struct app *a, enum action act)
{
	struct view_target t = app_target(a);
	bool decision = act == ACTION_PIN || act == ACTION_UNPIN || act == ACTION_ACKNOWLEDGE;
	struct mq_error e = { 0 };

	if (t.tree.n == 0) {
		app_sayf(a, ROLE_NOTICE, "no secured tree here to %s", action_label(act));
	} else if (decision) {
		begin_decision(a, act, &t);
	} else if (a->port.job(a->port.arg, act, t.tree, &e) != MQ_OK) {
		app_say(a, ROLE_NOTICE_BAD, span_of(e.text));
	} else {
		(void)app_go(a, SNAP_CONFIG, t.tree_id); /* where its steps are shown, if built */
	}
}

void
app_pending_check(struct app *a)
{
	struct view_target t;

	if (a->over != OVER_CONFIRM || a->pending.question != 0 || a->pending.confirm.changed)
		return;
	t = app_target(a);
	if (t.tree_id != a->pending.tree_id || !t.known ||
	    memcmp(t.conf_hash, a->pending.hash, sizeof t.conf_hash) != 0)
		confirm_target_changed(&a->pending.confirm);
}

/* ---- questions of jobs */

static void
reply(struct app *a, struct span text)
{
	if (a->port.answer != NULL)
		a->port.answer(a->port.arg, a->pending.question, text);
	a->over = OVER_NONE;
	app_refresh(a);
}

static void
close_question(struct app *a)
{
	if (a->pending.question == 0 || (a->over != OVER_CONFIRM && a->over != OVER_QUESTION))
		return;
	lineedit_done(&a->answer);
	a->over = OVER_NONE;
	app_refresh(a);
}

/* Choices may come while the question is open already. */
static void
take_choices(struct app *a, const struct app_question *q)
{
	struct app_pending *p = &a->pending;

	if (a->over != OVER_QUESTION || q->n_choices == p->text.n_choices)
		return;
	memcpy(p->text.choice, q->choice, sizeof p->text.choice);
	p->text.n_choices = q->n_choices;
	p->chosen = 0;
	frame_touch(&a->frame);
}

static void
open_line(struct app *a)
{
	a->over = OVER_QUESTION;
	if (a->pending.text.kind == APP_ASK_LINE)
		lineedit_set(&a->answer, span_of(a->pending.text.typed));
}

void
app_question_check(struct app *a)
{
	struct app_pending *p = &a->pending;
	struct app_question q = { .kind = APP_ASK_NOTHING };

	if (a->port.question == NULL)
		return;
	a->port.question(a->port.arg, &q);
	if (q.kind == APP_ASK_NOTHING) {
		close_question(a);
		p->question = 0;
		return;
	}
	if (q.id == p->question) {
		take_choices(a, &q);
		return;
	}
	close_question(a);
	memset(p, 0, sizeof *p);
	p->action = q.action;
	p->question = q.id;
	p->text = q;
	a->prompt = PROMPT_NONE;
	if (q.kind == APP_ASK_WORD && confirm_open(&p->confirm, q.action, span_of(p->text.hex)))
		a->over = OVER_CONFIRM;
	else if (q.kind != APP_ASK_WORD &&
	    lineedit_init(&a->answer, APP_ANSWER_MAX, q.kind == APP_ASK_SECRET) == MQ_OK)
		open_line(a);
	else
		reply(a, (struct span){ NULL, 0 });
	frame_touch(&a->frame);
}

void
app_pending_input(struct app *a, const struct input *in)
{
	struct app_pending *p = &a->pending;

	switch (confirm_input(&p->confirm, in, app_prompt_action(a, in))) {
	case CONFIRM_OPEN:
		return;
	case CONFIRM_NO:
		a->over = OVER_NONE;
		if (p->question != 0)
			reply(a, (struct span){ NULL, 0 });
		app_sayf(a, ROLE_NOTICE, "nothing was done");
		return;
	case CONFIRM_YES:
		a->over = OVER_NONE;
		if (p->question != 0)
			reply(a, span_of(p->confirm.typed));
		else
			decide(a);
		return;
	}
}

/* Moves among the answers that fit; true if the key was for them. */
static bool
choose(struct app *a, enum action act)
{
	struct app_pending *p = &a->pending;
	size_t n = p->text.n_choices == 0 ? 0 :
	    choice_count(&p->text, lineedit_text(&a->answer));

	if (act != ACTION_UP && act != ACTION_DOWN) {
		if (act != ACTION_LINE_ACCEPT)
			p->chosen = 0;
		return false;
	}
	if (act == ACTION_UP)
		p->chosen -= p->chosen != 0;
	else
		p->chosen += p->chosen < n;
	return true;
}

static void
reply_line(struct app *a)
{
	struct app_pending *p = &a->pending;
	const struct app_choice *c = p->chosen == 0 ? NULL :
	    choice_nth(&p->text, lineedit_text(&a->answer), p->chosen);

	reply(a, c != NULL ? span_of(c->hex) : lineedit_text(&a->answer));
	lineedit_done(&a->answer);
}

void
app_answer_input(struct app *a, const struct input *in)
{
	enum action act = app_prompt_action(a, in);
	struct secret held;

	a->answer.refused = NULL;
	if (!a->answer.secret && choose(a, act))
		return;
	if (in->kind == INPUT_PASTE) {
		lineedit_paste(&a->answer, in->paste);
	} else if (act == ACTION_BACK || act == ACTION_LEAVE) {
		lineedit_done(&a->answer);
		reply(a, (struct span){ NULL, 0 });
		app_sayf(a, ROLE_NOTICE, "nothing was done");
	} else if (act == ACTION_LINE_ACCEPT && a->answer.secret) {
		held = lineedit_take(&a->answer);
		reply(a, (struct span){ held.p, held.n });
		secret_free(&held);
		lineedit_done(&a->answer);
	} else if (act == ACTION_LINE_ACCEPT) {
		reply_line(a);
	} else if (act == ACTION_NONE) {
		(void)lineedit_key(&a->answer, in->key); /* a key that is no text does nothing */
	} else {
		(void)lineedit_act(&a->answer, act); /* the same */
	}
}

/* ---- evidence and copies */

void
app_evidence(struct app *a, uint64_t topic, uint32_t serial)
{
	char path[APP_PATH_MAX];
	struct mq_error e = { 0 };

	if (topic == 0)
		app_sayf(a, ROLE_NOTICE, "no message here to save");
	else if (a->port.evidence(a->port.arg, topic, serial, path, &e) != MQ_OK)
		app_say(a, ROLE_NOTICE_BAD, span_of(e.text));
	else
		app_sayf(a, ROLE_NOTICE, "saved %s", path);
}

void
app_copy_done(struct app_copy *c)
{
	for (size_t i = 0; i < c->n; i++)
		buf_done(&c->at[i].text);
	c->n = 0;
}

void
app_copy_open(struct app *a)
{
	struct view_target t = app_target(a);

	app_copy_done(&a->copy);
	for (size_t i = 0; i < t.n_copies; i++) {
		a->copy.at[i].what = t.copy[i].what;
		buf_init(&a->copy.at[i].text, SNAP_ARENA);
		/* Without memory the entry is empty. */
		(void)buf_put(&a->copy.at[i].text, t.copy[i].text.p, t.copy[i].text.n);
		a->copy.n++;
	}
	if (a->copy.n == 0) {
		app_sayf(a, ROLE_NOTICE, "nothing here to copy");
		return;
	}
	a->chosen = 0;
	a->over = OVER_COPY;
}

void
app_copy_take(struct app *a, size_t i)
{
	struct span text;

	if (i >= a->copy.n)
		return;
	text = buf_span(&a->copy.at[i].text);
	a->copy.taken = i;
	a->over = OVER_PLAIN;
	if (a->port.clipboard == NULL)
		return;
	a->over = OVER_NONE;
	if (text.n > APP_COPY_MAX) {
		app_sayf(a, ROLE_NOTICE_WARN, "longer than %d bytes: save it as evidence instead",
		    APP_COPY_MAX);
		return;
	}
	a->port.clipboard(a->port.arg, text);
	app_sayf(a, ROLE_NOTICE, "%s sent to the terminal", a->copy.at[i].what);
}

void
app_attack_take(struct app *a, size_t i)
{
	char words[APP_ATTACK_WORDS] = "";
	struct mq_error e = { 0 };

	a->over = OVER_NONE;
	if (a->port.attack(a->port.arg, i, words, &e) != MQ_OK)
		app_say(a, ROLE_NOTICE_BAD, span_of(e.text));
	else
		app_say(a, ROLE_NOTICE_WARN, span_of(words));
	app_refresh(a);
}
