#include "core/net/engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sodium.h>

#include "core/net/engine_impl.h"

#define CONTROL_ROUND 64 /* control messages per round: data waits a few milliseconds at most */

void
engine_observe(struct engine *e, struct engine_event *ev)
{
	if (e->o.observe != NULL)
		e->o.observe(e->o.arg, ev);
}

/* ---- one round */

static void
tell_drop(struct engine *e, const char *where, uint64_t now, uint64_t *told)
{
	struct engine_event ev = { .kind = EVENT_DROP, .wall_ms = clock_wall_ms(&e->clock),
		.where = where, .n = now - *told };

	if (now == *told)
		return;
	model_blind(e->model)->dropped_here += ev.n;
	*told = now;
	model_touch(e->model);
	engine_observe(e, &ev);
}

static void
tell_drops(struct engine *e)
{
	struct mqtt_counts c = mqtt_counts(e->mqtt);
	bool missed = c.control_lost != e->control_lost;

	tell_drop(e, "inbox", wakeq_evicted(e->data), &e->dropped_told);
	tell_drop(e, "control", c.control_lost, &e->control_lost);
	tell_drop(e, "desk", desk_dropped(e->desk), &e->desk_told);
	if (missed)
		engine_reread(e); /* a conf may have been among them */
}

static bool
take_events(struct engine *e)
{
	struct mqtt_event *ev;
	bool any = false;

	while ((ev = wakeq_take(e->events)) != NULL) {
		engine_take_event(e, ev);
		free(ev);
		any = true;
	}
	return any;
}

static bool
take_control(struct engine *e)
{
	struct mqtt_message *m;
	size_t n = 0;

	while (n < CONTROL_ROUND && (m = wakeq_take(e->control)) != NULL) {
		engine_take_control(e, m);
		free(m);
		n++;
	}
	return n != 0;
}

static void
take_data(struct engine *e)
{
	void *items[ENGINE_BATCH];
	size_t n = wakeq_take_many(e->data, items, ENGINE_BATCH);

	if (n != 0)
		engine_take_data(e, (struct mqtt_message **)items, n);
}

static void
take_asks(struct engine *e)
{
	struct engine_ask *a;

	while ((a = wakeq_take(e->asks)) != NULL) {
		enum mq_err r;

		model_lock(e->model);
		r = engine_obey(e, &a->intent, &a->err);
		model_unlock(e->model);
		(void)pthread_mutex_lock(&e->ask_lock);
		a->r = r;
		a->done = true;
		(void)pthread_cond_broadcast(&e->ask_done);
		(void)pthread_mutex_unlock(&e->ask_lock);
	}
}

/* A jump of the wall clock against the monotonic one makes dates and ages doubtful: count it. */
static void
watch_clock(struct engine *e)
{
	int64_t wall = clock_wall_ms(&e->clock), mono = clock_mono_ms(&e->clock);
	int64_t jump = (wall - e->last_wall_ms) - (mono - e->last_mono_ms);

	if (e->last_wall_ms != 0 && (jump > 2000 || jump < -2000)) {
		model_blind(e->model)->clock_jumps++;
		model_blind(e->model)->last_jump_ms = jump;
		model_log(e->model, 1, "the clock of this machine jumped");
	}
	e->last_wall_ms = wall;
	e->last_mono_ms = mono;
}

static void
tick(struct engine *e)
{
	watch_clock(e);
	e->hints_left = ENGINE_HINTS_PER_S;
	engine_run_trees(e);
	for (size_t i = 0; i < e->n_trees; i++)
		engine_subscribe_wanted(e, e->tree[i]);
	engine_show_keys(e);
	engine_retry_held(e, true);
	engine_save_windows(e);
	tell_drops(e);
	engine_tell_losses(e);
}

static void
notify_screen(struct engine *e)
{
	uint64_t one = 1, now = model_changes(e->model);

	if (now == e->changes_told)
		return;
	e->changes_told = now;
	if (write(e->change_fd, &one, sizeof one) < 0)
		return; /* full: the screen has not looked yet, and will */
}

static void
round_of_work(struct engine *e)
{
	int64_t now = clock_mono_ms(&e->clock);
	bool news;

	model_lock(e->model);
	news = take_events(e);
	news |= take_control(e);
	news |= desk_poll(e->desk);
	if (now >= e->next_tick_ms) {
		e->next_tick_ms = now + ENGINE_TICK_MS;
		tick(e);
	} else if (news)
		engine_run_trees(e);
	take_data(e);
	notify_screen(e);
	model_unlock(e->model);
	take_asks(e);
}

static int
patience(struct engine *e)
{
	int64_t ms = e->next_tick_ms - clock_mono_ms(&e->clock);
	int64_t desk = desk_next_timeout_ms(e->desk);

	if (wakeq_length(e->data) != 0 || wakeq_length(e->control) != 0)
		return 0;
	if (desk >= 0 && desk < ms)
		ms = desk;
	return ms < 0 ? 0 : (int)ms;
}

static void *
engine_main(void *arg)
{
	struct engine *e = arg;

	while (!atomic_load(&e->stop)) {
		struct pollfd fd[] = {
			{ wakeq_fd(e->events), POLLIN, 0 }, { wakeq_fd(e->control), POLLIN, 0 },
			{ wakeq_fd(e->data), POLLIN, 0 },   { wakeq_fd(e->asks), POLLIN, 0 },
			{ pgp_fd(e->verify), POLLIN, 0 },
			{ e->secret != NULL ? pgp_fd(e->secret) : -1, POLLIN, 0 },
		};

		if (poll(fd, sizeof fd / sizeof fd[0], patience(e)) < 0 && errno != EINTR)
			break;
		round_of_work(e);
	}
	return NULL;
}

/* ---- life */

static void
drop_ask(void *item)
{
	(void)item; /* asks live on their caller's stack */
}

static enum mq_err
make_queues(struct engine *e)
{
	e->data = wakeq_new(e->o.inbox != 0 ? e->o.inbox : ENGINE_DATA_ITEMS, ENGINE_DATA_BYTES,
	    true, free);
	e->control = wakeq_new(ENGINE_CONTROL_ITEMS, ENGINE_CONTROL_BYTES, false, free);
	e->events = wakeq_new(MQTT_OUT_MAX + 65536, 64u << 20, false, free);
	e->asks = wakeq_new(64, SIZE_MAX, false, drop_ask);
	e->job = calloc(ENGINE_BATCH, sizeof *e->job);
	e->key = calloc(ENGINE_KEYS, sizeof *e->key);
	e->batch_key = calloc(ENGINE_BATCH, sizeof *e->batch_key);
	e->change_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return e->data != NULL && e->control != NULL && e->events != NULL && e->asks != NULL &&
		e->job != NULL && e->key != NULL && e->batch_key != NULL && e->change_fd >= 0 ?
	    MQ_OK : MQ_ENOMEM;
}

static enum mq_err
make_children(struct engine *e, struct mq_error *err)
{
	struct pgp_options verify = { .kind = PGP_VERIFY_CHILD, .run_dir = e->o.run_dir,
		.deadline_ms = e->o.gpg_deadline_ms };
	struct pgp_options secret = { .kind = PGP_SECRET_CHILD,
		.home = e->o.profile->gnupg_home, .deadline_ms = e->o.gpg_deadline_ms };
	enum mq_err r;

	if ((r = pgp_open(&e->verify, &verify, err)) != MQ_OK)
		return r;
	/* no secret key is no failure: what is sealed is then shown as sealed */
	if (!e->o.no_secret && pgp_open(&e->secret, &secret, NULL) != MQ_OK)
		e->secret = NULL;
	if ((e->desk = desk_new(e->verify, e->secret, &e->clock)) == NULL)
		return mq_fail(err, MQ_ENOMEM, "no memory for the desk");
	desk_on_other(e->desk, engine_other_answer, e);
	return MQ_OK;
}

static unsigned
helpers(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 2 ? 0 : n > CREW_MAX ? CREW_MAX : (unsigned)n - 1;
}

static enum mq_err
name_trees(struct engine *e, struct mq_error *err)
{
	const struct profile *p = e->o.profile;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t n;

	for (size_t i = 0; i < p->tree.n; i++) {
		if (!topic_decode(span_of(p->tree.s[i]), p->allow_non_ascii, topic, &n))
			return mq_fail(err, MQ_EINVAL, "tree \"%s\" is not a topic a conf may name",
			    p->tree.s[i]);
		if (engine_add_tree(e, (struct span){ topic, n }, true) == NULL)
			return mq_fail(err, MQ_ELIMIT, "too many trees");
	}
	for (size_t i = 0; i < e->o.n_trees; i++)
		if (engine_add_tree(e, e->o.trees[i], true) == NULL)
			return mq_fail(err, MQ_EINVAL, "a tree given is not a topic a conf may name");
	return MQ_OK;
}

static enum mq_err
prepare(struct engine *e, struct mq_error *err)
{
	enum mq_err r;

	if ((r = make_queues(e)) != MQ_OK)
		return mq_fail(err, r, "no memory for the engine");
	e->model = model_new(&e->clock, e->o.profile->history);
	e->crew = crew_new(helpers());
	if (e->model == NULL || e->crew == NULL)
		return mq_fail(err, MQ_ENOMEM, "no memory for the model");
	if ((r = make_children(e, err)) != MQ_OK || (r = engine_open_state(e, err)) != MQ_OK ||
	    (r = engine_make_link(e, err)) != MQ_OK)
		return r;
	model_lock(e->model);
	r = name_trees(e, err);
	model_unlock(e->model);
	return r;
}

enum mq_err
engine_start(struct engine **out, const struct engine_options *o, struct mq_error *err)
{
	struct engine *e = calloc(1, sizeof *e);
	enum mq_err r;

	if (e == NULL)
		return mq_fail(err, MQ_ENOMEM, "no memory for the engine");
	e->o = *o;
	e->clock = o->clock;
	e->change_fd = -1;
	(void)pthread_mutex_init(&e->ask_lock, NULL); /* cannot fail with default attributes */
	(void)pthread_cond_init(&e->ask_done, NULL);
	(void)pthread_mutex_init(&e->flush_lock, NULL);
	(void)pthread_cond_init(&e->flush_wake, NULL);
	if ((r = prepare(e, err)) == MQ_OK && (r = mqtt_start(e->mqtt, err)) == MQ_OK) {
		if (pthread_create(&e->thread, NULL, engine_main, e) == 0) {
			e->thread_runs = true;
			*out = e;
			return MQ_OK;
		}
		r = mq_fail(err, MQ_ENOMEM, "the engine's thread could not be started");
	}
	engine_stop(e);
	return r;
}

static void
wipe_keys(struct engine *e)
{
	if (e->key != NULL)
		sodium_memzero(e->key, ENGINE_KEYS * sizeof *e->key);
	if (e->batch_key != NULL)
		sodium_memzero(e->batch_key, ENGINE_BATCH * sizeof *e->batch_key);
	free(e->key);
	free(e->batch_key);
}

void
engine_stop(struct engine *e)
{
	struct engine_ask wake = { .intent = { .kind = INTENT_AUDIT } };

	if (e == NULL)
		return;
	atomic_store(&e->stop, true);
	if (e->thread_runs) {
		(void)wakeq_push(e->asks, &wake, 0); /* only to end its wait */
		(void)pthread_join(e->thread, NULL);
	}
	if (e->mqtt != NULL) {
		(void)mqtt_stop(e->mqtt);
		mqtt_free(e->mqtt);
	}
	for (size_t i = 0; i < e->n_held; i++)
		free(e->held[i].m);
	engine_close_state(e);
	engine_free_trees(e);
	desk_free(e->desk);
	pgp_close(e->verify);
	pgp_close(e->secret);
	keytable_done(&e->ring);
	crew_free(e->crew);
	model_free(e->model);
	wakeq_free(e->data);
	wakeq_free(e->control);
	wakeq_free(e->events);
	wakeq_free(e->asks);
	free(e->job);
	wipe_keys(e);
	free(e->scratch);
	if (e->change_fd >= 0)
		(void)close(e->change_fd);
	(void)pthread_mutex_destroy(&e->ask_lock);
	(void)pthread_cond_destroy(&e->ask_done);
	(void)pthread_mutex_destroy(&e->flush_lock);
	(void)pthread_cond_destroy(&e->flush_wake);
	free(e);
}

struct model *
engine_model(struct engine *e)
{
	return e->model;
}

int
engine_fd(const struct engine *e)
{
	return e->change_fd;
}

enum mq_err
engine_do(struct engine *e, const struct intent *i, struct mq_error *err)
{
	struct engine_ask a = { .intent = *i };

	if (!wakeq_push(e->asks, &a, 0))
		return mq_fail(err, MQ_EAGAIN, "the engine is busy; try again");
	(void)pthread_mutex_lock(&e->ask_lock);
	while (!a.done)
		(void)pthread_cond_wait(&e->ask_done, &e->ask_lock);
	(void)pthread_mutex_unlock(&e->ask_lock);
	if (err != NULL)
		*err = a.err;
	return a.r;
}

enum mq_err
engine_copy_tree(struct engine *e, struct span tree, struct engine_tree_copy *out)
{
	const struct follow_conf *c;
	struct engine_tree *t;
	struct span next;
	enum mq_err r = MQ_OK;

	memset(out, 0, sizeof *out);
	buf_init(&out->current, BUNDLE_MAX);
	buf_init(&out->next, BUNDLE_MAX);
	model_lock(e->model);
	if ((t = engine_find_tree(e, tree)) == NULL)
		r = MQ_ENOENT;
	else {
		if ((c = follow_current(t->follow)) != NULL)
			r = buf_put(&out->current, c->bundle.p, c->bundle.n);
		if (r == MQ_OK && desk_get(e->desk, tree, SLOT_NEXT, 0, &next))
			r = buf_put(&out->next, next.p, next.n);
		out->pinned = follow_marks(t->follow)->pinned;
	}
	model_unlock(e->model);
	if (r != MQ_OK)
		engine_tree_copy_done(out);
	return r;
}

void
engine_tree_copy_done(struct engine_tree_copy *c)
{
	buf_done(&c->current);
	buf_done(&c->next);
}
