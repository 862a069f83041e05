/*
 * The demo without a terminal: every step is an expectation, checked with the real engine.
 *
 * Lines begin with the seconds since the start; "ok" held, "FAILED" did not.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"
#include "src/demo_run.h"
#include "src/demo_trees.h"
#include "src/demo_watch.h"
#include "src/setup.h"

#define SOON_MS 15000 /* whatever is expected comes within a second or two; a slow machine may take longer */

struct run {
	struct demo_world w;
	struct demo_watch *eyes;
	int64_t began_ms;
	unsigned held, failed;
	enum mq_err stop; /* why nothing more can be tried */
};

/* ---- telling */

static void
print_line(void *arg, const char *line)
{
	const struct run *r = arg;
	const struct clock clock = clock_real();

	(void)printf("%5.1f s  %s\n", (double)(clock_mono_ms(&clock) - r->began_ms) / 1000, line);
	(void)fflush(stdout); /* whoever reads wants progress */
}

/* One expectation: held, or not and why. False: not. */
static bool expect(struct run *r, enum mq_err result, const struct mq_error *e, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static bool
expect(struct run *r, enum mq_err result, const struct mq_error *e, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	if (result == MQ_OK) {
		r->held++;
		demo_tell(&r->w, "ok      %s", what);
		return true;
	}
	if (result == MQ_ECANCEL || r->w.died != NULL)
		r->stop = result;
	r->failed += result != MQ_ECANCEL;
	demo_tell(&r->w, "%s  %s: %s", result != MQ_ECANCEL ? "FAILED" : "ended ", what, e->text);
	return false;
}

/* ---- waiting for what the engine judges */

struct sight {
	struct demo_watch *eyes;
	uint64_t since;
	const char *topic;
	enum verdict wanted;
	uint64_t at;
};

static bool
is_seen(void *arg, struct demo_world *w)
{
	struct sight *s = arg;

	(void)w;
	return demo_watch_saw(s->eyes, s->since, s->topic, s->wanted, &s->at);
}

/* After `since`; *at (may be NULL) says when. */
static bool
expect_verdict(struct run *r, uint64_t since, const char *topic, enum verdict wanted,
    const char *what, uint64_t *at)
{
	struct sight s = { .eyes = r->eyes, .since = since, .topic = topic, .wanted = wanted };
	struct mq_error e = { 0 };
	enum mq_err result = demo_world_until(&r->w, is_seen, &s, SOON_MS, &e);

	if (at != NULL)
		*at = s.at;
	return expect(r, result, &e, "%s: %s on %s", what, verdict_code(wanted), topic);
}

/* Nobody may be alarmed by what is in order. */
static void
expect_calm(struct run *r, uint64_t since, const char *during)
{
	char topic[DEMO_TOPIC_MAX] = "";
	enum verdict verdict = V_NONE;
	struct mq_error e = { 0 };
	enum mq_err result = MQ_OK;

	if (demo_watch_alarm(r->eyes, since, topic, &verdict))
		result = mq_fail(&e, MQ_EPERM, "%s is %s", topic, verdict_code(verdict));
	(void)expect(r, result, &e, "%s raised no alarm", during);
}

/* A tree as it must become; members that are zero do not matter. */
struct hope {
	struct demo_watch *eyes;
	const char *tree, *state, *owner;
	uint32_t revision;
};

static bool
is_so(void *arg, struct demo_world *w)
{
	const struct hope *h = arg;
	const struct demo_tree_view t = demo_watch_tree(h->eyes, h->tree);

	(void)w;
	return t.known && (h->state == NULL || strcmp(t.state, h->state) == 0) &&
	    (h->owner == NULL || strcmp(t.owner, h->owner) == 0) &&
	    (h->revision == 0 || (t.revision == h->revision && t.gw_revision == h->revision));
}

static bool
expect_tree(struct run *r, const struct hope *h, const char *who)
{
	struct hope copy = *h;
	struct mq_error e = { 0 };
	struct demo_tree_view t;
	enum mq_err result = demo_world_until(&r->w, is_so, &copy, SOON_MS, &e);

	if (result == MQ_ETIMEOUT) {
		t = demo_watch_tree(h->eyes, h->tree);
		(void)snprintf(e.text, sizeof e.text, "it is %s, revision %u (gateway %u)", t.state,
		    t.revision, t.gw_revision);
	}
	return expect(r, result, &e, "%s sees %s %s%s", who, h->tree,
	    h->state != NULL ? h->state : "", h->revision != 0 ? " with the new revision" : "");
}

/* ---- attacks */

struct staging {
	const struct demo_attack *attack;
	struct demo_staged staged;
	enum mq_err result;
	struct mq_error why;
};

static bool
is_staged(void *arg, struct demo_world *w)
{
	struct staging *s = arg;

	demo_staged_done(&s->staged);
	s->result = demo_attack_stage(s->attack, w->wire, &w->outsider, &s->staged, &s->why);
	return s->result != MQ_EAGAIN;
}

static bool
stage(struct run *r, struct staging *s)
{
	enum mq_err result;

	buf_init(&s->staged.payload, 0);
	result = demo_world_until(&r->w, is_staged, s, SOON_MS, &s->why);
	if (result == MQ_OK)
		result = s->result;
	if (result == MQ_OK)
		result = demo_wire_publish(r->w.wire, span_of(s->staged.topic),
		    buf_span(&s->staged.payload), s->staged.retain, &s->why);
	return result == MQ_OK || expect(r, result, &s->why, "%s is staged", s->attack->name);
}

/* After the attack: the next genuine message is good, and nobody was talked into another conf. */
static void
expect_unharmed(struct run *r, const struct staging *s, uint64_t after,
    const struct demo_tree_view *before)
{
	bool control = strstr(s->staged.topic, "/mqgp.conf/") != NULL;
	const char *topic = control ? DEMO_TREE_COOLING "/flow" : s->staged.topic;
	struct demo_tree_view now;
	struct mq_error e = { 0 };
	enum mq_err same;

	(void)expect_verdict(r, after, topic, V_VERIFIED, "  the next message is good", NULL);
	now = demo_watch_tree(r->eyes, s->staged.tree);
	same = now.revision == before->revision && now.gw_revision == before->gw_revision &&
	    memcmp(now.hash, before->hash, sizeof now.hash) == 0 ? MQ_OK :
	    mq_fail(&e, MQ_EPERM, "it is revision %u now, the gateway's %u", now.revision,
		now.gw_revision);
	(void)expect(r, same, &e, "  revision %u stays the trusted one", before->revision);
}

static void
attack(struct run *r, const struct demo_attack *a)
{
	struct staging s = { .attack = a };
	struct demo_tree_view before;
	uint64_t since = demo_watch_mark(r->eyes), at;

	demo_tell(&r->w, "attack, %s", a->name);
	if (stage(r, &s)) {
		before = demo_watch_tree(r->eyes, s.staged.tree);
		if (expect_verdict(r, since, s.staged.topic, a->verdict, "it is caught", &at))
			expect_unharmed(r, &s, at, &before);
	}
	demo_staged_done(&s.staged);
}

static void
attack_all(struct run *r)
{
	for (size_t i = 0; i < DEMO_ATTACKS && r->stop == MQ_OK; i++)
		attack(r, &demo_attacks[i]);
}

/* ---- the chapters */

static void
watch_begins(struct run *r)
{
	static const struct {
		const char *topic, *what;
		enum verdict verdict;
	} rows[] = { { DEMO_TREE_COOLING "/temp", "sealed and signed data", V_VERIFIED },
		{ DEMO_TREE_SECURITY "/door/main", "signed data", V_VERIFIED },
		{ DEMO_TREE_WEATHER "/wind", "data beside the trees", V_PLAIN } };
	static const char *const trees[] = { DEMO_TREE_COOLING, DEMO_TREE_SECURITY };
	struct mq_error e = { 0 };

	if (!expect(r, demo_watch_start(&r->eyes, &r->w, &r->w.owner[DEMO_A], &e), &e,
		"owner A watches"))
		return;
	for (size_t i = 0; i < 2; i++)
		(void)expect_tree(r,
		    &(struct hope){ .eyes = r->eyes, .tree = trees[i], .state = "ACTIVE" },
		    "owner A");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		(void)expect_verdict(r, 0, rows[i].topic, rows[i].verdict, rows[i].what, NULL);
	expect_calm(r, 0, "the beginning");
}

static bool
act(struct run *r, int owner, struct job_options *o)
{
	struct mq_error e = { 0 };
	enum mq_err result = demo_act(&r->w, &r->w.owner[owner], o, &e);

	return expect(r, result, &e, "owner %c: %s is done", 'A' + owner, job_kind_name(o->kind));
}

static void
edit(struct run *r)
{
	struct job_options o = { .kind = JOB_EDIT, .tree = span_of(DEMO_TREE_COOLING),
		.change = { { JOB_SET, "heartbeat", "4" } }, .n_changes = 1 };
	uint32_t before = demo_watch_tree(r->eyes, DEMO_TREE_COOLING).revision;

	if (act(r, DEMO_A, &o))
		(void)expect_tree(r, &(struct hope){ .eyes = r->eyes, .tree = DEMO_TREE_COOLING,
		    .state = "ACTIVE", .revision = before + 1 }, "owner A");
}

static void
transfer(struct run *r)
{
	struct job_options offer = { .kind = JOB_OFFER, .tree = span_of(DEMO_TREE_COOLING),
		.owner = { r->w.owner[DEMO_B].key }, .n_owners = 1 };
	struct job_options accept = { .kind = JOB_ACCEPT, .tree = span_of(DEMO_TREE_COOLING) };
	struct job_options rekey = { .kind = JOB_REKEY, .tree = span_of(DEMO_TREE_COOLING) };

	if (!act(r, DEMO_A, &offer))
		return;
	(void)expect_tree(r, &(struct hope){ .eyes = r->eyes, .tree = DEMO_TREE_COOLING,
	    .state = "PENDING-TRANSFER" }, "owner A");
	if (act(r, DEMO_B, &accept))
		(void)act(r, DEMO_B, &rekey);
}

static void
see_as_b(struct run *r, uint32_t revision)
{
	const struct demo_owner *b = &r->w.owner[DEMO_B];
	struct mq_error e = { 0 };

	demo_watch_stop(r->eyes);
	r->eyes = NULL;
	if (!expect(r, demo_watch_start(&r->eyes, &r->w, b, &e), &e, "owner B watches"))
		return;
	(void)expect_tree(r, &(struct hope){ .eyes = r->eyes, .tree = DEMO_TREE_COOLING,
	    .state = "ACTIVE", .owner = b->key.hex, .revision = revision }, "owner B, the new owner,");
	(void)expect_verdict(r, 0, DEMO_TREE_COOLING "/temp", V_VERIFIED, "data under B's key", NULL);
}

static void
play(struct run *r)
{
	struct mq_error e = { 0 };
	uint32_t revision;
	uint64_t since;

	if (!expect(r, demo_claim_all(&r->w, &e), &e, "owner A claimed both gateways") ||
	    !expect(r, demo_pin_all(&r->w, &r->w.owner[DEMO_B], &e), &e,
		"owner B compared and pinned both gateways"))
		return;
	watch_begins(r);
	if (r->eyes == NULL || r->stop != MQ_OK)
		return;
	attack_all(r);
	since = demo_watch_mark(r->eyes);
	if (r->stop == MQ_OK)
		edit(r);
	revision = demo_watch_tree(r->eyes, DEMO_TREE_COOLING).revision;
	if (r->stop == MQ_OK)
		transfer(r);
	expect_calm(r, since, "the owners' work");
	if (r->stop == MQ_OK)
		see_as_b(r, revision + 2);
}

int
demo_headless(void)
{
	const struct clock clock = clock_real();
	struct run r = { .began_ms = clock_mono_ms(&clock) };
	struct mq_error e = { 0 };
	enum mq_err started;

	r.w.progress = print_line;
	r.w.arg = &r;
	r.w.steps = true;
	if ((started = demo_world_start(&r.w, false, &e)) == MQ_OK)
		play(&r);
	demo_watch_stop(r.eyes);
	demo_world_stop(&r.w);
	if (started != MQ_OK) {
		setup_complain(e.text);
		return EXIT_SYSTEM;
	}
	demo_tell(&r.w, "%u expectations held, %u failed; everything is stopped and removed", r.held,
	    r.failed);
	if (r.w.quit)
		return EXIT_GOOD;
	return r.failed == 0 ? EXIT_GOOD : r.w.died != NULL ? EXIT_SYSTEM : EXIT_UNMET;
}
