#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/model/model.h"
#include "core/model/snap.h"

struct fixture {
	struct clock clock;
	struct model *m;
	struct snap_view *v;
	struct snap *s;
	struct snap_request r;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	f->clock = clock_fixed(1795000000);
	f->m = model_new(&f->clock, 1 << 20);
	f->v = snap_view_new(f->m);
	f->s = malloc(sizeof *f->s);
	assert_true(f->m != NULL && f->v != NULL && f->s != NULL);
	memset(f->s, 0xa5, sizeof *f->s); /* nothing may rely on what was there */
	f->r.screen = SNAP_TOPICS;
	f->r.topics.rows = f->r.history.rows = 10;
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	free(f->s);
	snap_view_free(f->v);
	model_free(f->m);
	free(f);
	return 0;
}

static struct topic_node *
deliver(struct fixture *f, const char *tree, const char *topic, enum verdict v, const char *payload)
{
	struct model_msg msg = { .topic = span_of(topic), .tree = span_of(tree) };

	msg.h = (struct history_msg){ .verdict = v, .raw = span_of(payload),
		.size = strlen(payload), .received_ms = clock_wall_ms(&f->clock) };
	if (verdict_is_green(v)) {
		msg.h.value = msg.h.raw;
		msg.h.current = msg.h.envelope = true;
		msg.h.rev = 7;
		msg.h.seq = (UINT64_C(12) << 32) | 4014;
	}
	return model_message(f->m, &msg);
}

/* Builds, and keeps the cursor as a screen does. */
static void
build(struct fixture *f)
{
	snap_build(f->v, &f->r, f->s);
	f->r.topics.id = f->s->topics.id;
	f->r.topics.at = f->s->topics.at;
	f->r.topics.move = 0;
	f->r.op = SNAP_OP_NONE;
}

static void
press(struct fixture *f, enum snap_op op)
{
	f->r.op = op;
	build(f);
}

static void
move(struct fixture *f, int64_t by)
{
	f->r.topics.move = by;
	build(f);
}

static void
assert_rows(struct fixture *f, const char *want)
{
	char have[512] = "";

	for (uint32_t i = 0; i < f->s->topics.n; i++) {
		struct span name = snap_span(f->s, f->s->topic[i].name);
		size_t n = strlen(have);

		(void)snprintf(have + n, sizeof have - n, "%s%s%.*s", i == 0 ? "" : " ",
		    f->s->topic[i].id == f->s->topics.id ? ">" : "", (int)name.n,
		    (const char *)name.p);
	}
	assert_string_equal(have, want);
}

static void
numbers(struct fixture *f, int from, int to)
{
	char name[16];

	for (int i = from; i < to; i++) {
		(void)snprintf(name, sizeof name, "n%03d", i);
		assert_non_null(deliver(f, "", name, V_PLAIN, "x"));
	}
}

static void
an_empty_model_gives_an_empty_screen(void **state)
{
	struct fixture *f = *state;

	for (f->r.screen = SNAP_TOPICS; f->r.screen <= SNAP_KEYS; f->r.screen++)
		for (enum snap_op op = SNAP_OP_NONE; op <= SNAP_OP_ACKNOWLEDGE; op++) {
			f->r.op = op;
			snap_build(f->v, &f->r, f->s);
			assert_int_equal(f->s->topics.n + f->s->trees.n + f->s->logs.n, 0);
			assert_false(f->s->detail.known || f->s->tree_detail.known);
		}
}

static void
the_tree_opens_and_closes_under_the_cursor(void **state)
{
	struct fixture *f = *state;

	deliver(f, "", "a/b/c", V_PLAIN, "1");
	deliver(f, "", "a/d", V_PLAIN, "1");
	deliver(f, "", "e", V_PLAIN, "1");
	build(f);
	assert_rows(f, ">a e");
	press(f, SNAP_OP_STEP_IN);
	assert_rows(f, ">a b d e");
	press(f, SNAP_OP_STEP_IN);
	assert_rows(f, "a >b d e");
	press(f, SNAP_OP_TOGGLE);
	assert_rows(f, "a >b c d e");
	assert_int_equal(f->s->topic[2].depth, 3);
	assert_true(f->s->topic[1].open && f->s->topic[1].children);
	move(f, 1);
	press(f, SNAP_OP_STEP_OUT);
	assert_rows(f, "a >b c d e");
	press(f, SNAP_OP_STEP_OUT);
	press(f, SNAP_OP_STEP_OUT);
	press(f, SNAP_OP_STEP_OUT);
	assert_rows(f, ">a e");
	press(f, SNAP_OP_OPEN_BELOW);
	assert_rows(f, ">a b c d e");
	press(f, SNAP_OP_CLOSE_BELOW);
	assert_rows(f, ">a e");
	press(f, SNAP_OP_OPEN);
	assert_rows(f, ">a b d e");
	move(f, 3);
	press(f, SNAP_OP_STEP_IN); /* nothing below */
	assert_rows(f, "a b d >e");
}

static void
the_cursor_stays_on_its_topic_while_rows_come_and_go(void **state)
{
	struct fixture *f = *state;
	uint64_t id;

	f->r.topics.rows = 3;
	numbers(f, 10, 20);
	build(f);
	move(f, 4);
	assert_rows(f, "n012 n013 >n014");
	id = f->s->topics.id;
	move(f, -1);
	assert_rows(f, "n012 >n013 n014");
	move(f, 1);
	numbers(f, 0, 10);
	build(f);
	assert_int_equal(f->s->topics.id, id);
	assert_int_equal(f->s->topics.top, 12);
	assert_rows(f, "n012 n013 >n014");
	move(f, SNAP_MOVE_END);
	assert_rows(f, "n017 n018 >n019");
	move(f, -SNAP_MOVE_END);
	assert_rows(f, ">n000 n001 n002");
	f->r.topics.page = true;
	move(f, 3);
	assert_rows(f, ">n003 n004 n005");
}

static void
a_row_that_is_gone_leaves_its_place_to_its_successor(void **state)
{
	struct fixture *f = *state;
	struct topic_node *n;

	numbers(f, 0, 5);
	build(f);
	move(f, 2);
	n = topictree_find(model_topics(f->m), span_of("n002"));
	history_forget(model_history(f->m), n, true);
	topictree_remove(model_topics(f->m), n);
	build(f);
	assert_rows(f, "n000 n001 >n003 n004");
}

static void
a_row_tells_class_count_rate_and_age(void **state)
{
	struct fixture *f = *state;
	const struct snap_topic *row = &f->s->topic[0];

	clock_advance(&f->clock, 60000);
	for (int i = 0; i < 30; i++)
		deliver(f, "a", "a", verdict_grant(V_VERIFIED), "1");
	deliver(f, "a", "a", V_REPLAY, "1");
	clock_advance(&f->clock, 2500);
	build(f);
	assert_int_equal(row->count, 31);
	assert_int_equal(row->verdict, V_REPLAY);
	assert_int_equal(row->now, CLASS_BAD);
	assert_int_equal(row->worst, CLASS_BAD);
	assert_int_equal(row->by_class[CLASS_GOOD], 30);
	assert_int_equal(row->age_ms, 2500);
	assert_int_equal(row->spark[14], 8);
	assert_int_equal(row->spark[15], 0);
	assert_in_range(row->rate, 4, 6);
	assert_true(row->secured && row->has_value && !row->children);
	deliver(f, "a", "a", verdict_grant(V_VERIFIED), "1");
	press(f, SNAP_OP_ACKNOWLEDGE);
	assert_int_equal(row->worst, CLASS_GOOD);
}

static void
the_detail_shows_the_verified_value_beside_the_last_message(void **state)
{
	struct fixture *f = *state;
	const struct snap_detail *d = &f->s->detail;
	struct model_tree *t = model_tree_add(f->m, span_of("T"));
	char big[SNAP_VALUE_MAX + 100];

	t->state_word = "ACTIVE";
	t->state_class = CLASS_GOOD;
	t->n_owners = 1;
	memcpy(t->owner[0].fpr, "479662EA", 9);
	deliver(f, "T", "T/temp", verdict_grant(V_VERIFIED), "21.5");
	deliver(f, "T", "T/temp", V_REPLAY, "99");
	build(f);
	assert_string_equal(f->s->topic[0].tree_state, "ACTIVE");
	press(f, SNAP_OP_OPEN);
	move(f, 1);
	assert_true(d->known && d->has_verified && d->has_last);
	assert_true(span_is(snap_span(f->s, d->topic), "T/temp"));
	assert_true(span_is(snap_span(f->s, d->value), "21.5"));
	assert_true(span_is(snap_span(f->s, d->last_value), "99"));
	assert_int_equal(d->verified.verdict, V_VERIFIED);
	assert_int_equal(d->verified.rev, 7);
	assert_int_equal(d->last.verdict, V_REPLAY);
	assert_false(d->last.green);
	assert_string_equal(d->signer, "479662EA");
	assert_true(span_is(snap_span(f->s, d->tree_topic), "T"));
	assert_int_equal(d->history.n, 2);
	assert_int_equal(d->entry[0].verdict, V_REPLAY);
	assert_int_equal(d->entry[1].verdict, V_VERIFIED);
	memset(big, 'x', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	deliver(f, "T", "T/temp", verdict_grant(V_VERIFIED), big);
	build(f);
	assert_int_equal(d->value.n, SNAP_VALUE_MAX);
	assert_true(d->value.cut);
	assert_int_equal(d->verified.size, sizeof big - 1);
}

static void
only_verified_numbers_are_plotted(void **state)
{
	static const struct {
		const char *value;
		bool number;
	} cases[] = { { "21.5", true }, { "-3", true }, { "+0.25 bar", true }, { "7%", true },
		{ "1.2.3", false }, { "2026-11-20", false }, { "12:30", false }, { "", false },
		{ "on", false }, { ".5", false }, { "1234567890123456", false }, { "-", false } };
	struct fixture *f = *state;
	const struct snap_detail *d = &f->s->detail;
	uint32_t want = 0;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		deliver(f, "a", "a", verdict_grant(V_VERIFIED), cases[i].value);
		deliver(f, "a", "a", V_UNSIGNED, "1000");
		build(f);
		want += cases[i].number;
		assert_int_equal(d->n_points, want);
	}
	assert_true(d->point[0].value == 21.5 && d->point[1].value == -3 &&
	    d->point[2].value == 0.25 && d->point[3].value == 7);
	for (int i = 0; i < SNAP_SERIES + 50; i++)
		deliver(f, "a", "a", verdict_grant(V_VERIFIED), "4");
	build(f);
	assert_int_equal(d->n_points, SNAP_SERIES);
}

static void
the_history_follows_until_it_is_moved(void **state)
{
	struct fixture *f = *state;
	const struct snap_detail *d = &f->s->detail;
	uint32_t serial;

	f->r.history.rows = 3;
	for (int i = 0; i < 10; i++)
		deliver(f, "", "a", V_PLAIN, "x");
	build(f);
	serial = d->entry[0].serial;
	assert_int_equal(d->history.id, serial);
	f->r.history.move = 4;
	build(f);
	f->r.history = (struct snap_cursor){ .id = d->history.id, .at = d->history.at, .rows = 3 };
	assert_int_equal(f->r.history.id, serial - 4);
	deliver(f, "", "a", V_PLAIN, "x");
	build(f);
	assert_int_equal(d->history.id, serial - 4);
	assert_int_equal(d->entry[d->history.at].serial, serial - 4);
	assert_int_equal(d->history.total, 11);
}

static void
type_filter(struct fixture *f, const char *text)
{
	f->r.filter_n = (uint16_t)strlen(text);
	memcpy(f->r.filter, text, f->r.filter_n);
}

static void
a_filter_lists_the_topics_that_match(void **state)
{
	struct fixture *f = *state;

	deliver(f, "", "plant/pump/temp", V_PLAIN, "1");
	deliver(f, "", "plant/pump/rpm", V_PLAIN, "1");
	deliver(f, "", "attic/temp", V_REPLAY, "1");
	type_filter(f, "temp");
	build(f);
	assert_true(f->s->filtered);
	assert_false(f->s->filter_running);
	assert_int_equal(f->s->filter_count, 2);
	assert_rows(f, ">attic/temp plant/pump/temp");
	move(f, 1);
	assert_true(span_is(snap_span(f->s, f->s->detail.topic), "plant/pump/temp"));
	press(f, SNAP_OP_NEXT_FAILURE);
	assert_rows(f, ">attic/temp plant/pump/temp");
	type_filter(f, "!verdict:bad");
	build(f);
	assert_rows(f, ">plant/pump/rpm plant/pump/temp");
	type_filter(f, "verdict:what");
	build(f);
	assert_false(f->s->filtered);
	assert_string_not_equal(f->s->filter_error, "");
	type_filter(f, "");
	build(f);
	assert_string_equal(f->s->filter_error, "");
	assert_int_equal(f->s->topics.total, 2);
}

static void
a_filter_grows_piece_by_piece_and_is_bounded(void **state)
{
	struct fixture *f = *state;
	char name[16];
	int calls = 0;

	for (int i = 0; i < SNAP_FILTER_RESULTS + 5; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		deliver(f, "T", name, verdict_grant(V_VERIFIED), "");
	}
	type_filter(f, "s");
	build(f);
	assert_true(f->s->filter_running);
	assert_true(f->s->topics.total > 0);
	while (snap_filter_step(f->v))
		calls++;
	assert_true(calls > 1);
	build(f);
	assert_false(f->s->filter_running);
	assert_int_equal(f->s->topics.total, SNAP_FILTER_RESULTS);
	assert_int_equal(f->s->filter_count, SNAP_FILTER_RESULTS + 5);
	assert_true(f->s->filter_more);
	deliver(f, "T", "a-s-new", verdict_grant(V_VERIFIED), "");
	assert_false(snap_filter_step(f->v)); /* not at once */
	clock_advance(&f->clock, 2000);
	assert_true(snap_filter_step(f->v));
	while (snap_filter_step(f->v))
		continue;
	build(f);
	assert_int_equal(f->s->filter_count, SNAP_FILTER_RESULTS + 6);
}

static void
find(struct fixture *f, enum snap_op op, const char *text)
{
	f->r.search_n = (uint16_t)strlen(text);
	memcpy(f->r.search, text, f->r.search_n);
	do
		press(f, op);
	while (f->s->search == SNAP_SEARCH_MORE && (f->r.op = op));
}

static void
a_search_opens_what_it_finds_and_goes_round(void **state)
{
	struct fixture *f = *state;

	deliver(f, "", "a/x/pump", V_PLAIN, "1");
	deliver(f, "", "b/pump", V_PLAIN, "1");
	deliver(f, "", "c", V_PLAIN, "1");
	build(f);
	find(f, SNAP_OP_FIND, "pump");
	assert_int_equal(f->s->search, SNAP_SEARCH_FOUND);
	assert_rows(f, "a x >pump b c");
	find(f, SNAP_OP_FIND, "pump");
	assert_rows(f, "a x >pump b c");
	find(f, SNAP_OP_FIND_NEXT, "pump");
	assert_rows(f, "a x pump b >pump c");
	assert_false(f->s->search_wrapped);
	find(f, SNAP_OP_FIND_NEXT, "pump");
	assert_rows(f, "a x >pump b pump c");
	assert_true(f->s->search_wrapped);
	find(f, SNAP_OP_FIND_PREV, "pump");
	assert_rows(f, "a x pump b >pump c");
	find(f, SNAP_OP_FIND_NEXT, "nowhere");
	assert_int_equal(f->s->search, SNAP_SEARCH_NONE);
	assert_rows(f, "a x pump b >pump c");
}

static void
a_search_in_many_topics_goes_on_with_the_next_call(void **state)
{
	struct fixture *f = *state;
	char name[16];
	int calls = 0;

	for (int i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof name, "s%05d", i);
		deliver(f, "T", name, verdict_grant(V_VERIFIED), "");
	}
	deliver(f, "", "zz", V_PLAIN, "");
	build(f);
	memcpy(f->r.search, "zz", 2);
	f->r.search_n = 2;
	do {
		press(f, SNAP_OP_FIND_NEXT);
		calls++;
	} while (f->s->search == SNAP_SEARCH_MORE);
	assert_int_equal(f->s->search, SNAP_SEARCH_FOUND);
	assert_true(calls > 1);
	assert_true(span_is(snap_span(f->s, f->s->detail.topic), "zz"));
}

static void
failures_are_reached_with_one_key(void **state)
{
	struct fixture *f = *state;

	deliver(f, "T", "T/a/x", V_REPLAY, "1");
	deliver(f, "T", "T/b", verdict_grant(V_VERIFIED), "1");
	deliver(f, "T", "T/c", V_BAD_SIG, "1");
	build(f);
	press(f, SNAP_OP_NEXT_FAILURE);
	assert_rows(f, "T a >x b c");
	press(f, SNAP_OP_NEXT_FAILURE);
	assert_rows(f, "T a x b >c");
	press(f, SNAP_OP_NEXT_FAILURE);
	assert_int_equal(f->s->search, SNAP_SEARCH_NONE);
	assert_rows(f, "T a x b >c");
	press(f, SNAP_OP_PREV_FAILURE);
	assert_rows(f, "T a >x b c");
}

static void
why_lists_the_phases_and_where_it_ended(void **state)
{
	struct fixture *f = *state;
	const struct snap_why *y = &f->s->why;
	struct topic_node *n = deliver(f, "T", "T/x", verdict_grant(V_VERIFIED), "1");
	uint32_t good = topictree_leaf(model_topics(f->m), n)->newest->serial;

	deliver(f, "T", "T/x", V_REPLAY, "1");
	f->r.screen = SNAP_VERIFY;
	f->r.why_topic = n->id;
	build(f);
	assert_true(y->known);
	assert_int_equal(y->n, SNAP_PHASES);
	assert_string_equal(y->phase[6].name, "fresh");
	assert_int_equal(y->phase[5].state, SNAP_PHASE_PASSED);
	assert_int_equal(y->phase[6].state, SNAP_PHASE_FAILED);
	assert_int_equal(y->phase[7].state, SNAP_PHASE_NOT_REACHED);
	assert_string_equal(y->phase[6].text, verdict_sentence(V_REPLAY));
	f->r.why_serial = good;
	build(f);
	for (int i = 0; i < SNAP_PHASES; i++)
		assert_int_equal(y->phase[i].state, SNAP_PHASE_PASSED);
	assert_string_equal(y->phase[3].text, "data key 0 of revision 7");
	n = deliver(f, "", "plain", V_PLAIN, "1");
	f->r.why_topic = n->id;
	f->r.why_serial = 0;
	build(f);
	assert_int_equal(y->phase[1].state, SNAP_PHASE_ENDED);
}

static void
trees_are_rows_with_their_detail(void **state)
{
	struct fixture *f = *state;
	struct model_tree *a = model_tree_add(f->m, span_of("a")), *b = model_tree_add(f->m,
	    span_of("b"));
	struct model_revision chain[3] = { { .revision = 5 }, { .revision = 6 }, { .revision = 7 } };
	struct model_offer offer = { .revision = 8, .n_from = 1, .n_to = 1, .transfer = true };

	a->state_class = CLASS_BAD;
	b->state_class = CLASS_ATTENTION;
	b->receipt_ms = clock_wall_ms(&f->clock) - 5000;
	memcpy(offer.to[0].fpr, "D3902C23", 9);
	assert_int_equal(model_tree_set_chain(b, chain, 3), MQ_OK);
	assert_int_equal(model_tree_set_offers(b, &offer, 1), MQ_OK);
	deliver(f, "b", "b/x", V_BAD_SIG, "1");
	f->r.screen = SNAP_OWNERSHIP;
	f->r.trees = (struct snap_cursor){ .id = b->id, .rows = 10 };
	f->r.chain.rows = 2;
	build(f);
	assert_int_equal(f->s->status.trees_need_you, 2);
	assert_int_equal(f->s->status.trees_bad, 1);
	assert_int_equal(f->s->trees.n, 2);
	assert_int_equal(f->s->trees.at, 1);
	assert_int_equal(f->s->tree[0].receipt_age_ms, -1);
	assert_int_equal(f->s->tree[1].receipt_age_ms, 5000);
	assert_int_equal(f->s->tree[1].verdicts[V_BAD_SIG], 1);
	assert_int_equal(f->s->tree[1].by_class[CLASS_BAD], 1);
	assert_true(f->s->tree_detail.known && f->s->tree_detail.row.id == b->id);
	assert_string_equal(f->s->tree_detail.offer[0].to[0].fpr, "D3902C23");
	assert_int_equal(f->s->tree_detail.chain.n, 2);
	assert_int_equal(f->s->tree_detail.revision[0].revision, 7);
	assert_int_equal(f->s->failures.n, 0);
	f->r.screen = SNAP_VERIFY;
	f->r.failures.rows = 5;
	build(f);
	assert_int_equal(f->s->failures.n, 1);
	assert_true(span_is(snap_span(f->s, f->s->failure[0].name), "b/x"));
	assert_int_equal(f->s->failure[0].tree, b->id);
}

static void
the_log_screen_shows_every_feed(void **state)
{
	struct fixture *f = *state;
	struct audit *a;

	assert_int_equal(audit_open(NULL, &a, NULL), MQ_OK);
	model_set_audit(f->m, a);
	assert_true(audit_append(a, &(struct audit_row){ .who = "ops", .kind = "pin",
	    .tree = span_of("T"), .text = span_of("pinned") }));
	connlog_add(model_connlog(f->m), &(struct conn_event){ .kind = CONN_CONNECTED, .code = 0 });
	connlog_add(model_connlog(f->m), &(struct conn_event){ .kind = CONN_LOST, .code = 141 });
	assert_int_equal(connlog_set_sub(model_connlog(f->m), "T/#", 0, 135, "denied"), MQ_OK);
	model_log(f->m, 1, "a line");
	f->r.screen = SNAP_LOG;
	f->r.conns.rows = f->r.subs.rows = f->r.log.rows = f->r.audit.rows = 5;
	build(f);
	assert_int_equal(f->s->conns.n, 2);
	assert_string_equal(f->s->conn[0].kind, "lost");
	assert_int_equal(f->s->conn[0].code, 141);
	assert_int_equal(f->s->subs.n, 1);
	assert_true(span_is(snap_span(f->s, f->s->sub[0].filter), "T/#"));
	assert_int_equal(f->s->status.denied, 1);
	assert_string_equal(f->s->log[0].text, "a line");
	assert_int_equal(f->s->audits.n, 1);
	assert_true(span_is(snap_span(f->s, f->s->audit[0].text), "pinned"));
	f->r.conns.id = f->s->conn[1].n; /* scrolled up: stays on its event */
	f->r.conns.at = 1;
	connlog_add(model_connlog(f->m), &(struct conn_event){ .kind = CONN_CONNECTING });
	build(f);
	assert_int_equal(f->s->conn[f->s->conns.at].n, 1);
	model_set_audit(f->m, NULL);
	audit_close(a);
}

static void
keys_pipeline_and_conf_texts_are_copied(void **state)
{
	struct fixture *f = *state;
	struct model_pipeline *p = model_pipeline(f->m);
	struct model_tree *t = model_tree_add(f->m, span_of("T"));
	struct model_key key[2] = { { .fpr = "A", .secret = true }, { .fpr = "B" } };

	assert_int_equal(model_set_keys(f->m, key, 2), MQ_OK);
	assert_int_equal(model_set_conf_text(f->m, t->id, span_of("cur"), span_of("draft"),
	    (struct span){ NULL, 0 }), MQ_OK);
	p->n_steps = 1;
	p->step[0].state = STEP_RUNNING;
	memcpy(p->step[0].title, "signed", 7);
	f->r.screen = SNAP_KEYS;
	f->r.keys = (struct snap_cursor){ .rows = 5, .move = 1 };
	build(f);
	assert_int_equal(f->s->keys.n, 2);
	assert_int_equal(f->s->keys.at, 1);
	assert_true(f->s->key[0].secret);
	assert_string_equal(f->s->pipeline.step[0].title, "signed");
	f->r.screen = SNAP_CONFIG;
	build(f);
	assert_true(span_is(snap_span(f->s, f->s->conf_current), "cur"));
	assert_true(span_is(snap_span(f->s, f->s->conf_draft), "draft"));
	assert_int_equal(f->s->conf_meaning.n, 0);
}

static void
the_status_counts_what_cannot_be_seen(void **state)
{
	struct fixture *f = *state;

	model_blind(f->m)->dropped_here = 3;
	model_conn(f->m)->link = LINK_UP;
	memcpy(model_conn(f->m)->broker, "mqtts://b", 10);
	model_count_only(f->m, V_MALFORMED_TOPIC);
	deliver(f, "T", "T/x", verdict_grant(V_VERIFIED), "1");
	clock_advance(&f->clock, 1000);
	build(f);
	assert_int_equal(f->s->status.dropped, 3);
	assert_int_equal(f->s->status.malformed_topics, 1);
	assert_int_equal(f->s->status.link, 2);
	assert_string_equal(f->s->status.broker, "mqtts://b");
	assert_int_equal(f->s->status.messages, 1);
	assert_int_equal(f->s->status.rate[CLASS_GOOD], 1);
	assert_int_equal(f->s->status.rate[CLASS_BAD], 1);
	assert_int_equal(f->s->status.topics, 1);
	assert_int_equal(f->s->status.now_ms, 1795000001000);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(an_empty_model_gives_an_empty_screen),
		T(the_tree_opens_and_closes_under_the_cursor),
		T(the_cursor_stays_on_its_topic_while_rows_come_and_go),
		T(a_row_that_is_gone_leaves_its_place_to_its_successor),
		T(a_row_tells_class_count_rate_and_age),
		T(the_detail_shows_the_verified_value_beside_the_last_message),
		T(only_verified_numbers_are_plotted),
		T(the_history_follows_until_it_is_moved),
		T(a_filter_lists_the_topics_that_match),
		T(a_filter_grows_piece_by_piece_and_is_bounded),
		T(a_search_opens_what_it_finds_and_goes_round),
		T(a_search_in_many_topics_goes_on_with_the_next_call),
		T(failures_are_reached_with_one_key),
		T(why_lists_the_phases_and_where_it_ended),
		T(trees_are_rows_with_their_detail),
		T(the_log_screen_shows_every_feed),
		T(keys_pipeline_and_conf_texts_are_copied),
		T(the_status_counts_what_cannot_be_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
