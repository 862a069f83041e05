#include "tests/unit/lib_watcher.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/base/file.h"

#define DEADLINE_S 25 /* never reached unless the test fails; sanitizers are slow */
#define NUDGE_NS 30000000
#define SHOWN 60      /* events shown by a failed wait */

/* ---- what is told (engine thread) */

static void
copy_text(char *out, size_t size, struct span s)
{
	if (s.n >= size)
		s.n = size - 1;
	if (s.n != 0)
		memcpy(out, s.p, s.n);
	out[s.n] = 0;
}

static void
copy_msg(struct seen *s, const struct engine_event *ev)
{
	const struct judgement *j = ev->j;

	s->verdict = j->verdict;
	s->cls = verdict_class_of(j->verdict, j->flags);
	s->flags = j->flags;
	s->lost = j->lost;
	if (j->clear.p != NULL)
		copy_text(s->value, sizeof s->value, j->clear);
	if (j->right_topic.n != 0)
		copy_text(s->right, sizeof s->right, j->right_topic);
}

static void
copy_conf(struct seen *s, const struct follow_event *c)
{
	s->verdict = c->verdict;
	s->cls = c->cls;
	s->flags = c->flags;
	s->slot = c->slot;
	s->revision = c->revision;
	memcpy(s->partial, c->partial, sizeof c->partial);
	memcpy(s->text, c->reason, sizeof c->reason);
}

static void
copy_event(struct seen *s, const struct engine_event *ev)
{
	memset(s, 0, sizeof *s);
	s->kind = ev->kind;
	s->retained = ev->retained;
	if (ev->topic.n != 0)
		copy_text(s->topic, sizeof s->topic, ev->topic);
	switch (ev->kind) {
	case EVENT_MSG:
		copy_msg(s, ev);
		break;
	case EVENT_CONF:
		copy_conf(s, ev->conf);
		break;
	case EVENT_TREE:
		copy_text(s->topic, sizeof s->topic, ev->tree);
		s->cls = ev->row->state_class;
		s->revision = ev->row->revision;
		(void)snprintf(s->text, sizeof s->text, "%s", ev->row->state_word);
		(void)snprintf(s->who, sizeof s->who, "%s", ev->row->who);
		break;
	case EVENT_LINK:
		s->link = ev->link;
		s->n = (uint64_t)ev->code;
		copy_text(s->topic, sizeof s->topic, ev->filter);
		(void)snprintf(s->text, sizeof s->text, "%s", ev->words);
		break;
	case EVENT_DROP:
		s->n = ev->n;
		(void)snprintf(s->text, sizeof s->text, "%s", ev->where);
		break;
	}
}

static void
observe(void *arg, const struct engine_event *ev)
{
	struct watcher *w = arg;

	(void)pthread_mutex_lock(&w->lock);
	if (ev->kind == EVENT_MSG)
		w->by_msg[ev->j->verdict]++;
	if (ev->kind == EVENT_CONF)
		w->by_conf[ev->conf->verdict]++;
	if (w->n < SEEN_MAX)
		copy_event(&w->seen[w->n++], ev);
	(void)pthread_cond_broadcast(&w->more);
	(void)pthread_mutex_unlock(&w->lock);
}

/* ---- life */

void
watcher_init(struct watcher *w, struct works *p)
{
	struct config_env env = { NULL, NULL, NULL, NULL };

	memset(w, 0, sizeof *w);
	w->p = p;
	p->watchers++;
	(void)snprintf(w->state, sizeof w->state, "%s/s%u", p->dir, p->watchers);
	(void)snprintf(w->run, sizeof w->run, "%s/r%u", p->dir, p->watchers);
	assert_int_equal(file_private_dir(w->state, NULL), MQ_OK);
	assert_int_equal(file_private_dir(w->run, NULL), MQ_OK);
	assert_int_equal(profile_init(&w->profile, "test", &env), MQ_OK);
	assert_int_equal(profile_add_broker(&w->profile, p->broker.url, NULL), MQ_OK);
	w->profile.discover_depth = 0; /* trees of other tests stay out of sight */
	free(w->profile.gnupg_home);
	w->profile.gnupg_home = strdup(p->home);
	w->profile.sign_key = strdup(p->who[ALICE].hex);
	assert_true(w->profile.gnupg_home != NULL && w->profile.sign_key != NULL);
	assert_int_equal(pthread_mutex_init(&w->lock, NULL), 0);
	assert_int_equal(pthread_cond_init(&w->more, NULL), 0);
	w->seen = calloc(SEEN_MAX, sizeof *w->seen);
	w->snap = malloc(sizeof *w->snap);
	assert_true(w->seen != NULL && w->snap != NULL);
}

void
watcher_tree(struct watcher *w, const struct site *s)
{
	w->tree[w->n_trees++] = span_of(s->topic);
}

/* Paho's one thread for all handles of a process looks at a new socket when something arrives on
 * another one, or after a second or two: let something arrive. */
static void
nudge(struct watcher *w)
{
	for (int i = 0; i < 20 && mqtt_connected(w->p->link.m); i++) {
		struct timespec until;
		int r = 0;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += (until.tv_nsec + NUDGE_NS) / 1000000000;
		until.tv_nsec = (until.tv_nsec + NUDGE_NS) % 1000000000;
		(void)pthread_mutex_lock(&w->lock);
		while (w->n < 2 && r == 0) /* connecting, connected */
			r = pthread_cond_timedwait(&w->more, &w->lock, &until);
		(void)pthread_mutex_unlock(&w->lock);
		if (r == 0)
			return;
		works_publish(w->p, "nudge", span_of(""), false);
	}
}

void
watcher_start(struct watcher *w)
{
	struct engine_options o = { .profile = &w->profile, .clock = clock_real(),
		.state_dir = w->state, .run_dir = w->run, .trees = w->tree, .n_trees = w->n_trees,
		.inbox = w->inbox, .gpg_deadline_ms = w->gpg_deadline_ms, .no_secret = w->no_secret, .who = "tester@plant", .observe = observe, .arg = w };
	struct mq_error e = { 0 };

	if (engine_start(&w->e, &o, &e) != MQ_OK)
		fail_msg("%s", e.text);
	w->view = snap_view_new(engine_model(w->e));
	assert_non_null(w->view);
	nudge(w);
}

void
watcher_open(struct watcher *w, struct works *p, const struct site *s)
{
	watcher_init(w, p);
	watcher_tree(w, s);
	watcher_start(w);
}

void
watcher_halt(struct watcher *w)
{
	snap_view_free(w->view);
	w->view = NULL;
	engine_stop(w->e);
	w->e = NULL;
	w->n = 0;
	memset(w->at, 0, sizeof w->at);
	memset(w->by_msg, 0, sizeof w->by_msg);
	memset(w->by_conf, 0, sizeof w->by_conf);
}

void
watcher_close(struct watcher *w)
{
	if (w->e != NULL)
		watcher_halt(w);
	profile_done(&w->profile);
	(void)pthread_cond_destroy(&w->more);
	(void)pthread_mutex_destroy(&w->lock);
	free(w->seen);
	free(w->snap);
}

/* ---- waiting */

static const char *
kind_name(enum engine_event_kind k)
{
	static const char *const names[] = { "msg", "conf", "tree", "link", "drop" };

	return names[k];
}

static void
show(const struct watcher *w)
{
	for (size_t i = w->n > SHOWN ? w->n - SHOWN : 0; i < w->n; i++) {
		const struct seen *s = &w->seen[i];

		print_error("  %s %s %s %s %s %s rev %u\n", kind_name(s->kind), s->topic,
		    s->kind == EVENT_LINK ? conn_kind_name(s->link) : verdict_code(s->verdict),
		    s->text, s->value, s->who, s->revision);
	}
}

typedef bool matches(const struct seen *s, const void *want);

/* The first match behind the cursor; the lock is held. */
static bool
look(struct watcher *w, enum engine_event_kind kind, matches *m, const void *want,
    struct seen *out)
{
	for (; w->at[kind] < w->n; w->at[kind]++) {
		const struct seen *s = &w->seen[w->at[kind]];

		if (s->kind != kind || !m(s, want))
			continue;
		*out = *s;
		w->at[kind]++;
		return true;
	}
	return false;
}

static struct seen
await(struct watcher *w, enum engine_event_kind kind, matches *m, const void *want,
    const char *what)
{
	struct timespec until;
	struct seen found;
	size_t from;
	bool have;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	(void)pthread_mutex_lock(&w->lock);
	from = w->at[kind];
	while (!(have = look(w, kind, m, want, &found)))
		if (pthread_cond_timedwait(&w->more, &w->lock, &until) == ETIMEDOUT)
			break;
	if (!have) {
		print_error("waited in vain for %s %s; events from %zu on of:\n", kind_name(kind),
		    what, from);
		show(w);
	}
	(void)pthread_mutex_unlock(&w->lock);
	if (!have)
		fail();
	return found;
}

struct want {
	char topic[160];
	enum topic_slot slot;
	int verdict; /* -1: any */
	const char *text;
};

static bool
match_msg(const struct seen *s, const void *arg)
{
	const struct want *w = arg;

	return strcmp(s->topic, w->topic) == 0 && (int)s->verdict == w->verdict;
}

struct seen
watcher_msg(struct watcher *w, const struct site *s, const char *below, enum verdict v)
{
	struct want want = { .verdict = (int)v };
	char what[256];

	if (s != NULL)
		site_topic(s, below, want.topic);
	else
		(void)snprintf(want.topic, sizeof want.topic, "%s", below);
	(void)snprintf(what, sizeof what, "%s on %s", verdict_code(v), want.topic);
	return await(w, EVENT_MSG, match_msg, &want, what);
}

/* Does topic stand below that of the site's control level? */
static bool
match_conf(const struct seen *s, const void *arg)
{
	const struct want *w = arg;
	size_t n = strlen(w->topic);

	return strncmp(s->topic, w->topic, n) == 0 && s->topic[n] == '/' && s->slot == w->slot &&
	    (int)s->verdict == w->verdict;
}

struct seen
watcher_conf(struct watcher *w, const struct site *s, enum topic_slot slot, enum verdict v)
{
	struct want want = { .slot = slot, .verdict = (int)v };
	char what[256];

	(void)snprintf(want.topic, sizeof want.topic, "%s", s->topic);
	(void)snprintf(what, sizeof what, "%s on %s of %s", verdict_code(v), topic_slot_name(slot),
	    s->topic);
	return await(w, EVENT_CONF, match_conf, &want, what);
}

static bool
match_state(const struct seen *s, const void *arg)
{
	const struct want *w = arg;

	return strcmp(s->topic, w->topic) == 0 && strcmp(s->text, w->text) == 0;
}

struct seen
watcher_state(struct watcher *w, const struct site *s, const char *state)
{
	struct want want = { .text = state };
	char what[256];

	(void)snprintf(want.topic, sizeof want.topic, "%s", s->topic);
	(void)snprintf(what, sizeof what, "%s of %s", state, s->topic);
	return await(w, EVENT_TREE, match_state, &want, what);
}

static bool
match_link(const struct seen *s, const void *arg)
{
	return s->link == *(const enum conn_kind *)arg;
}

struct seen
watcher_link(struct watcher *w, enum conn_kind kind)
{
	return await(w, EVENT_LINK, match_link, &kind, conn_kind_name(kind));
}

static bool
match_filter(const struct seen *s, const void *arg)
{
	const struct want *w = arg;

	return (int)s->link == w->verdict && strcmp(s->topic, w->topic) == 0;
}

struct seen
watcher_filter(struct watcher *w, enum conn_kind kind, const char *filter)
{
	struct want want = { .verdict = (int)kind };

	(void)snprintf(want.topic, sizeof want.topic, "%s", filter);
	return await(w, EVENT_LINK, match_filter, &want, filter);
}

static bool
match_any(const struct seen *s, const void *arg)
{
	(void)s;
	(void)arg;
	return true;
}

struct seen
watcher_drop(struct watcher *w)
{
	return await(w, EVENT_DROP, match_any, NULL, "anything dropped");
}

static uint64_t
count_of(struct watcher *w, const uint64_t *count)
{
	uint64_t n;

	(void)pthread_mutex_lock(&w->lock);
	n = *count;
	(void)pthread_mutex_unlock(&w->lock);
	return n;
}

uint64_t
watcher_msgs(struct watcher *w, enum verdict v)
{
	return count_of(w, &w->by_msg[v]);
}

uint64_t
watcher_confs(struct watcher *w, enum verdict v)
{
	return count_of(w, &w->by_conf[v]);
}

static void
await_count(struct watcher *w, const uint64_t *counts, enum verdict v, uint64_t n)
{
	struct timespec until;
	uint64_t have;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += DEADLINE_S;
	(void)pthread_mutex_lock(&w->lock);
	while (counts[v] < n)
		if (pthread_cond_timedwait(&w->more, &w->lock, &until) == ETIMEDOUT)
			break;
	have = counts[v];
	for (int i = 0; have < n && i < V_COUNT; i++)
		if (counts[i] != 0)
			print_error("%s: %llu\n", verdict_code((enum verdict)i),
			    (unsigned long long)counts[i]);
	(void)pthread_mutex_unlock(&w->lock);
	if (have < n)
		fail_msg("%llu are %s instead of %llu", (unsigned long long)have, verdict_code(v),
		    (unsigned long long)n);
}

void
watcher_total(struct watcher *w, enum verdict v, uint64_t n)
{
	await_count(w, w->by_msg, v, n);
}

size_t
watcher_count(struct watcher *w, enum engine_event_kind kind, const struct site *s,
    enum verdict_class cls)
{
	size_t n = 0, topic_n = s != NULL ? strlen(s->topic) : 0;

	(void)pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n; i++) {
		const struct seen *e = &w->seen[i];

		n += e->kind == kind && e->cls == cls &&
		    (s == NULL || strncmp(e->topic, s->topic, topic_n) == 0);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return n;
}

bool
watcher_was(struct watcher *w, const struct site *s, const char *state)
{
	bool was = false;

	(void)pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->n; i++)
		was |= w->seen[i].kind == EVENT_TREE && strcmp(w->seen[i].topic, s->topic) == 0 &&
		    strcmp(w->seen[i].text, state) == 0;
	(void)pthread_mutex_unlock(&w->lock);
	return was;
}

enum mq_err
watcher_do(struct watcher *w, enum intent_kind kind, const struct site *s)
{
	struct intent i = { .kind = kind, .tree_n = strlen(s->topic) };
	struct mq_error e = { 0 };

	memcpy(i.tree, s->topic, i.tree_n);
	memcpy(i.hash, s->conf->hash, HASH_BYTES);
	return engine_do(w->e, &i, &e);
}

/* ---- what a screen would show */

const struct snap *
watcher_snap(struct watcher *w, enum snap_screen screen)
{
	struct snap_cursor all = { .rows = SNAP_ROWS };
	struct snap_request r = { .screen = screen, .topics = all, .trees = all, .history = all,
		.failures = all, .log = all, .audit = all, .conns = all, .subs = all, .keys = all,
		.chain = all };

	snap_build(w->view, &r, w->snap);
	return w->snap;
}

const struct snap_tree *
watcher_row(struct watcher *w, const struct site *s)
{
	const struct snap *snap = watcher_snap(w, SNAP_OWNERSHIP);

	for (uint32_t i = 0; i < snap->trees.n; i++)
		if (span_is(snap_span(snap, snap->tree[i].topic), s->topic))
			return &snap->tree[i];
	return NULL;
}

static bool
holds(struct span s, const char *text)
{
	return memmem(s.p, s.n, text, strlen(text)) != NULL;
}

size_t
watcher_audit(struct watcher *w, const char *kind, const char *text)
{
	const struct snap *snap;
	size_t n = 0;

	assert_int_equal(audit_flush(model_audit(engine_model(w->e))), MQ_OK);
	snap = watcher_snap(w, SNAP_LOG);
	for (uint32_t i = 0; i < snap->audits.n; i++)
		n += strcmp(snap->audit[i].kind, kind) == 0 &&
		    holds(snap_span(snap, snap->audit[i].text), text);
	return n;
}

static bool
logged(struct watcher *w, const char *text)
{
	const struct snap *snap = watcher_snap(w, SNAP_LOG);

	for (uint32_t i = 0; i < snap->logs.n; i++)
		if (strstr(snap->log[i].text, text) != NULL)
			return true;
	return false;
}

void
watcher_log(struct watcher *w, const char *text)
{
	struct clock clock = clock_real();
	int64_t until = clock_mono_ms(&clock) + DEADLINE_S * 1000;
	struct timespec pause = { 0, 20000000 };

	while (!logged(w, text)) {
		if (clock_mono_ms(&clock) > until)
			fail_msg("nothing in the log says \"%s\"", text);
		(void)nanosleep(&pause, NULL); /* the log has no event of its own */
	}
}

/* ---- scenes */

int
scene_group_start(void **state)
{
	struct works *p = calloc(1, sizeof *p);

	assert_non_null(p);
	works_open(p, NULL);
	*state = p;
	return 0;
}

int
scene_group_stop(void **state)
{
	works_close(*state);
	free(*state);
	return 0;
}

int
scene_start(void **state)
{
	struct works *p = *state;
	struct scene *f = calloc(1, sizeof *f);
	char topic[32];

	assert_non_null(f);
	f->p = p;
	(void)snprintf(topic, sizeof topic, "works/unit%u", ++p->sites);
	site_init(&f->s, p, topic);
	*state = f;
	return 0;
}

int
scene_stop(void **state)
{
	struct scene *f = *state;

	if (f->w.p != NULL)
		watcher_close(&f->w);
	site_done(&f->s);
	*state = f->p;
	free(f);
	return 0;
}

/* Also one that was told before what was waited for last. */
static void
expect_conf(struct scene *f, enum topic_slot slot)
{
	size_t at = f->w.at[EVENT_CONF];

	f->w.at[EVENT_CONF] = 0;
	(void)watcher_conf(&f->w, &f->s, slot, V_VERIFIED);
	if (f->w.at[EVENT_CONF] < at)
		f->w.at[EVENT_CONF] = at;
}

void
scene_pin(struct scene *f)
{
	char filter[160];

	(void)watcher_filter(&f->w, CONN_SUBSCRIBED, site_topic(&f->s, "#", filter));
	if (f->s.conf->has_epoch_key_id && !f->w.no_secret)
		expect_conf(f, SLOT_KEYS);
	expect_conf(f, SLOT_STATUS);
	assert_int_equal(watcher_do(&f->w, INTENT_PIN, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
}

void
scene_active(struct scene *f)
{
	site_run(&f->s);
	watcher_open(&f->w, f->p, &f->s);
	scene_pin(f);
}
