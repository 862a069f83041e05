/* What the owners of the demo do, by the same pipeline as anybody's; the plant goes on meanwhile. */
#include <stdio.h>
#include <string.h>

#include "src/demo_trees.h"
#include "src/demo_world.h"

#define ACT_MS 60000 /* longer than any step of the pipeline waits for a gateway that is there */

struct running {
	struct job *job;
	struct job_view view;
	size_t told; /* steps */
};

/* The demo plays the person: it says yes to what it asked for itself. */
static enum mq_err
say_yes(void *arg, const struct owner_question *q, struct mq_error *e)
{
	(void)arg;
	(void)q;
	(void)e;
	return MQ_OK;
}

static bool
has_finished(void *arg, struct demo_world *w)
{
	struct running *r = arg;

	job_look(r->job, &r->view);
	for (; r->told < r->view.n; r->told++) {
		const struct job_step_view *s = &r->view.step[r->told];

		if (s->state != JOB_DONE && s->state != JOB_SKIPPED)
			break;
		if (w->steps && s->state == JOB_DONE)
			demo_tell(w, "    %-24s %s", s->title, s->text);
	}
	return r->view.finished;
}

enum mq_err
demo_act(struct demo_world *w, struct demo_owner *o, struct job_options *act, struct mq_error *e)
{
	struct running run = { .job = NULL };
	char who[] = "owner-x@demo";
	enum mq_err r;

	who[6] = o->letter;
	act->profile = o->profile;
	act->state_dir = o->state_dir;
	act->run_dir = o->paths.runtime_dir;
	act->who = who;
	act->clock = &w->clock;
	act->key = &o->key;
	act->ui.confirm = say_yes;
	act->cancel_fd = -1;
	demo_tell(w, "owner %c: %s %.*s", o->letter - 'a' + 'A', job_kind_name(act->kind),
	    (int)act->tree.n, (const char *)act->tree.p);
	if ((r = job_new(&run.job, act, e)) != MQ_OK)
		return r;
	if ((r = job_start(run.job, e)) == MQ_OK)
		r = demo_world_until(w, has_finished, &run, ACT_MS, e);
	if (r == MQ_OK && (r = run.view.result) != MQ_OK)
		r = mq_fail(e, r, "%s", run.view.text);
	if (r == MQ_OK)
		demo_tell(w, "  %s", run.view.text);
	job_free(run.job);
	return r;
}

static enum mq_err
claim(struct demo_world *w, const struct demo_gateway *g, struct mq_error *e)
{
	struct job_options o = { .kind = JOB_CLAIM, .tree = span_of(g->tree), .gateway = g->id,
		.claim_code = &g->code, .own = "demo",
		.change = { { JOB_SET, "transfer-delay", "0" }, { JOB_SET, "heartbeat", "10" } },
		.n_changes = 2 };

	return demo_act(w, &w->owner[DEMO_A], &o, e);
}

enum mq_err
demo_claim_all(struct demo_world *w, struct mq_error *e)
{
	struct job_options edit = { .kind = JOB_EDIT, .tree = span_of(DEMO_TREE_COOLING),
		.change = { { JOB_SET, "heartbeat", "5" } }, .n_changes = 1 };
	enum mq_err r;

	for (int i = 0; i < DEMO_GATEWAYS; i++)
		if ((r = claim(w, &w->gateway[i], e)) != MQ_OK)
			return r;
	return demo_act(w, &w->owner[DEMO_A], &edit, e);
}
