/* What the Config screen shows of a job: its steps, the draft, what it means. */
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/conf/bundle.h"
#include "src/dash_owner_impl.h"

void
dash_read_draft(struct dash_owner *d, const char *path)
{
	buf_reset(&d->draft);
	if (file_read(path, &d->draft, NULL) != MQ_OK) /* larger than a conf may be: not shown */
		buf_reset(&d->draft);
	d->texts_changed = true;
}

static void
show_step(const struct job_step_view *from, struct model_step *to)
{
	static const enum model_step_state states[] = { [JOB_WAITING] = STEP_WAITING,
		[JOB_RUNNING] = STEP_RUNNING, [JOB_DONE] = STEP_DONE, [JOB_FAILED] = STEP_FAILED,
		[JOB_SKIPPED] = STEP_SKIPPED };

	(void)snprintf(to->title, sizeof to->title, "%s", from->title);
	(void)snprintf(to->text, sizeof to->text, "%s", from->text);
	to->state = states[from->state];
	to->time_ms = from->at_ms;
	to->final = from->irrevocable;
}

/* Where it stopped it says why. */
static void
tell_end(const struct job_view *v, struct model_pipeline *p)
{
	for (size_t i = 0; i < p->n_steps; i++)
		if (p->step[i].state == STEP_FAILED)
			(void)snprintf(p->step[i].text, sizeof p->step[i].text, "%.*s",
			    (int)sizeof p->step[i].text - 1, v->text);
}

void
dash_show_job(struct dash_owner *d, const struct job_view *v)
{
	struct model *m = engine_model(d->o.engine);
	struct model_pipeline *p;
	char of[32] = "";

	if (v->revision != 0)
		(void)snprintf(of, sizeof of, "revision %u of ", v->revision);
	model_lock(m);
	p = model_pipeline(m);
	p->id = d->runs;
	p->tree = d->tree_id;
	(void)snprintf(p->title, sizeof p->title, "%s %s%.*s", job_kind_name(v->kind), of,
	    (int)(d->tree_n < 100 ? d->tree_n : 100), (const char *)d->tree);
	p->n_steps = v->n < MODEL_STEPS_MAX ? v->n : MODEL_STEPS_MAX;
	for (size_t i = 0; i < p->n_steps; i++)
		show_step(&v->step[i], &p->step[i]);
	p->finished = v->finished;
	p->failed = v->finished && v->result != MQ_OK;
	if (p->failed)
		tell_end(v, p);
	model_touch(m);
	model_unlock(m);
	buf_reset(&d->meaning);
	(void)job_meaning(d->job, &d->meaning); /* what does not fit is not shown */
	d->texts_changed = true;
}

void
dash_show_begin(struct dash_owner *d)
{
	buf_reset(&d->draft);
	buf_reset(&d->meaning);
	d->texts_changed = true;
}

/* ---- the texts */

/* Work that was begun and not finished, perhaps by another terminal or before a crash. */
static void
tell_outbox(struct dash_owner *d, struct span tree, uint32_t current, struct buf *out)
{
	struct outbox_meta m;

	if (d->o.state_dir == NULL || outbox_peek(d->o.state_dir, tree, &m) != MQ_OK)
		return;
	if (m.step == OUTBOX_O1)
		(void)buf_puts(out, "a draft is kept here: edit opens it again, cancel drops it\n");
	else if (m.step >= OUTBOX_O2 && m.step < OUTBOX_O7 && m.revision > current)
		(void)buf_printf(out, "revision %u (%s) is signed and %s: push goes on with it, cancel "
		    "drops it\n", m.revision, m.kind, m.step == OUTBOX_O2 ? "not published" :
		    m.step < OUTBOX_O5 ? "partly published" : "published, but not confirmed by the gateway");
}

static struct span
body_of(struct span bundle, struct bundle *b)
{
	if (bundle.n == 0 || bundle_parse(bundle, b) != V_NONE)
		return (struct span){ NULL, 0 };
	return b->body;
}

bool
dash_owner_fill(struct dash_owner *d, const struct snap_request *r, const struct snap *s)
{
	const struct snap_tree_detail *t = &s->tree_detail;
	struct model *m = engine_model(d->o.engine);
	struct engine_tree_copy copy = { .pinned = false };
	struct bundle b = { .n_sigs = 0 };
	struct span tree = snap_span(s, t->row.topic), none = { NULL, 0 }, body = none;
	bool ours = t->row.id == d->tree_id, had_copy;
	struct buf words;

	if (r->screen != SNAP_CONFIG || !t->known || (!d->texts_changed && d->shown_tree == t->row.id &&
	    memcmp(d->shown_hash, t->conf_hash, HASH_BYTES) == 0))
		return false;
	d->shown_tree = t->row.id;
	memcpy(d->shown_hash, t->conf_hash, HASH_BYTES);
	d->texts_changed = false;
	buf_init(&words, JOB_MEANING_MAX);
	had_copy = engine_copy_tree(d->o.engine, tree, &copy) == MQ_OK;
	if (had_copy)
		body = body_of(buf_span(&copy.current), &b);
	if (ours && d->meaning.n != 0)
		(void)buf_put(&words, d->meaning.p, d->meaning.n); /* bounded alike */
	else if (!ours || d->job == NULL)
		tell_outbox(d, tree, t->row.revision, &words);
	model_lock(m);
	(void)model_set_conf_text(m, t->row.id, body, ours ? buf_span(&d->draft) : none,
	    buf_span(&words)); /* without memory the old text stays */
	model_unlock(m);
	bundle_done(&b);
	if (had_copy)
		engine_tree_copy_done(&copy);
	buf_done(&words);
	return true;
}
