#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/lib_plant.h"
#include "ui/term_mem.h"

struct fixture {
	struct plant p;
	struct term *t;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	assert_non_null(f);
	plant_init(&f->p);
	plant_start(&f->p);
	f->t = golden_term(110, 30, GOLDEN_COLOUR);
	plant_frame(&f->p, f->t);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	plant_done(&f->p);
	term_free(f->t);
	free(f);
	return 0;
}

static void
press(struct fixture *f, const char *names)
{
	plant_keys(&f->p, f->t, names);
}

#define SHOWS(f, text) assert_true(plant_shows((f)->t, text))
#define HIDES(f, text) assert_false(plant_shows((f)->t, text))

static void
assert_asked(struct fixture *f, const char *want)
{
	const char *have = f->p.asked.n != 0 ? buf_cstr(&f->p.asked) : "";

	assert_string_equal(have, want);
}

/* ---- leaving */

static void
q_leaves_and_escape_never_does(void **state)
{
	struct fixture *f = *state;

	press(f, "Escape Escape C-g");
	assert_false(app_over(f->p.app));
	press(f, "] Enter q"); /* out of the detail first */
	assert_false(app_over(f->p.app));
	press(f, "q");
	assert_true(app_over(f->p.app));
}

static void
control_c_closes_a_dialog_first(void **state)
{
	struct fixture *f = *state;

	press(f, "? C-c");
	assert_false(app_over(f->p.app));
	HIDES(f, "keys on screen");
	press(f, "C-c");
	assert_true(app_over(f->p.app));
}

static void
unfinished_work_is_named_before_leaving(void **state)
{
	struct fixture *f = *state;
	struct model_pipeline *pipe = model_pipeline(f->p.m);

	(void)snprintf(pipe->title, sizeof pipe->title, "push revision 8");
	pipe->n_steps = 1;
	app_changed(f->p.app, 0);
	press(f, "Down q");
	assert_false(app_over(f->p.app));
	SHOWS(f, "push revision 8 is not finished");
	press(f, "q");
	assert_true(app_over(f->p.app));
}

static void
a_terminal_that_is_gone_ends_it(void **state)
{
	struct fixture *f = *state;
	const struct input in = { .kind = INPUT_HANGUP };

	app_event(f->p.app, &in);
	assert_true(app_over(f->p.app));
}

/* ---- acting */

static void
an_acting_key_starts_the_job_of_the_tree_under_the_cursor(void **state)
{
	struct fixture *f = *state;

	press(f, "] E");
	assert_asked(f, "edit chernobyl/unit1/cooling_plant\n");
	SHOWS(f, "5 Config");
}

static void
a_lower_case_key_never_acts(void **state)
{
	struct fixture *f = *state;
	static const char keys[] = "abcdefghijklmnoprstuvwz";

	press(f, "]");
	for (size_t i = 0; keys[i] != '\0'; i++) {
		const char name[2] = { keys[i], '\0' };

		press(f, name);
		press(f, "Escape Escape Escape");
	}
	assert_asked(f, "");
}

static void
read_only_takes_every_acting_key_away(void **state)
{
	struct fixture *f = *state;

	f->p.read_only = true;
	plant_start(&f->p);
	press(f, "] E P T A H I K");
	assert_asked(f, "");
	SHOWS(f, "read-only");
	HIDES(f, "edit conf");
	press(f, "?");
	HIDES(f, "edit the conf");
}

static void
a_plain_topic_has_nothing_to_act_on(void **state)
{
	struct fixture *f = *state;

	press(f, "G o Down E");
	assert_asked(f, "");
	SHOWS(f, "no secured tree here");
}

static void
a_refusal_is_said(void **state)
{
	struct fixture *f = *state;

	f->p.answer = MQ_EPERM;
	press(f, "] E");
	SHOWS(f, "refused, as the test wants it");
}

/* ---- decisions */

static void
begin_pin(struct fixture *f)
{
	press(f, "] 2 I");
	SHOWS(f, "pin this gateway");
}

static void
a_pin_is_confirmed_by_the_typed_digits(void **state)
{
	struct fixture *f = *state;

	begin_pin(f);
	plant_type(&f->p, f->t, "5E0FE04F");
	press(f, "Enter");
	HIDES(f, "pin this gateway");
	assert_non_null(strstr(buf_cstr(&f->p.asked), "pin "));
}

static void
wrong_digits_a_paste_and_enter_alone_are_no(void **state)
{
	struct fixture *f = *state;

	begin_pin(f);
	plant_type(&f->p, f->t, "5E0FE04E");
	press(f, "Enter");
	assert_asked(f, "");
	assert_true(term_mem_paste(f->t, span_of("5E0FE04F")));
	plant_frame(&f->p, f->t);
	press(f, "Enter");
	assert_asked(f, "");
	SHOWS(f, "nothing was done");
}

static void
a_target_that_changes_meanwhile_cannot_be_confirmed(void **state)
{
	struct fixture *f = *state;
	struct model_tree *t;

	begin_pin(f);
	for (size_t i = 0; i < model_trees(f->p.m); i++) {
		t = model_tree_nth(f->p.m, i);
		memset(t->conf_hash, 0xee, sizeof t->conf_hash);
	}
	model_touch(f->p.m);
	app_changed(f->p.app, 0);
	plant_frame(&f->p, f->t);
	SHOWS(f, "it changed while you looked");
	plant_type(&f->p, f->t, "5E0FE04F");
	press(f, "Enter");
	assert_asked(f, "");
}

static void
a_pin_on_the_topics_screen_leads_to_the_tree_first(void **state)
{
	struct fixture *f = *state;

	press(f, "] I");
	assert_asked(f, "");
	SHOWS(f, "look at the tree here first");
	HIDES(f, "pin this gateway");
}

static void
keys_typed_ahead_act_on_what_they_chose(void **state)
{
	struct fixture *f = *state;

	plant_type(&f->p, f->t, "2jE"); /* one read, no frame between */
	assert_asked(f, "edit chernobyl/unit1/cooling_plant\n");
}

/* ---- questions of a job */

static void
ask(struct fixture *f, enum app_ask kind, uint64_t id)
{
	struct app_question *q = &f->p.question;

	memset(q, 0, sizeof *q);
	q->kind = kind;
	q->id = id;
	q->action = ACTION_SIGN;
	(void)snprintf(q->title, sizeof q->title, "sign revision 8");
	(void)snprintf(q->line[0], sizeof q->line[0], "heartbeat 30 becomes 10 s");
	q->n_lines = 1;
	(void)snprintf(q->what, sizeof q->what, "your key");
	(void)snprintf(q->hex, sizeof q->hex, "%s", PLANT_OWNER);
	plant_frame(&f->p, f->t);
}

static void
a_job_gets_the_word_it_asked_for(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_WORD, 1);
	SHOWS(f, "heartbeat 30 becomes 10 s");
	plant_type(&f->p, f->t, "f8096ccd");
	press(f, "Enter");
	assert_asked(f, "answer F8096CCD\n");
}

static void
no_to_a_job_is_told_to_it(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_WORD, 1);
	press(f, "Escape");
	assert_asked(f, "answer no\n");
}

static void
a_line_for_a_job_is_typed_or_pasted(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_LINE, 7);
	plant_type(&f->p, f->t, "D390");
	assert_true(term_mem_paste(f->t, span_of("2C23\n")));
	plant_frame(&f->p, f->t);
	press(f, "Enter");
	assert_asked(f, "answer D3902C23\n");
}

static void
an_answer_is_chosen_from_those_that_fit(void **state)
{
	static const char *const people[][2] = {
		{ "D3902C23A94CA28DBA5E149C167A14AAAA694822", "night-shift" },
		{ "9C1A0000000000000000000000000000000002EF", "Day Shift \x1b[1m" },
		{ "607400BEA328EF86FCDD3A57789B3BE9576A3395", "ops-london" },
	};
	struct fixture *f = *state;
	struct app_question *q = &f->p.question;

	ask(f, APP_ASK_LINE, 8);
	HIDES(f, "night-shift");
	for (size_t i = 0; i < 3; i++) { /* they come later: gpg is slow */
		(void)snprintf(q->choice[i].hex, sizeof q->choice[i].hex, "%s", people[i][0]);
		(void)snprintf(q->choice[i].words, sizeof q->choice[i].words, "%s", people[i][1]);
	}
	q->n_choices = 3;
	plant_frame(&f->p, f->t);
	SHOWS(f, "D3902C23 A94CA28D BA5E149C 167A14AA AA694822  night-shift");
	SHOWS(f, "Day Shift \\x1b[1m");
	plant_type(&f->p, f->t, "shift");
	HIDES(f, "ops-london");
	press(f, "Down Down Down Up"); /* there are two */
	SHOWS(f, ">  D3902C23");
	press(f, "Down");
	SHOWS(f, ">  9C1A0000");
	press(f, "BSpace");
	HIDES(f, ">  9C1A0000"); /* what is typed counts again */
	press(f, "C-u");
	plant_type(&f->p, f->t, "6074 00be");
	HIDES(f, "night-shift");
	press(f, "Down Enter");
	assert_asked(f, "answer 607400BEA328EF86FCDD3A57789B3BE9576A3395\n");
}

static void
a_refused_answer_can_be_corrected(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_LINE, 7);
	plant_type(&f->p, f->t, "D390");
	press(f, "Enter");
	(void)snprintf(f->p.question.typed, sizeof f->p.question.typed, "D390");
	f->p.question.kind = APP_ASK_LINE;
	f->p.question.id = 8;
	plant_frame(&f->p, f->t);
	SHOWS(f, "your key: D390");
	plant_type(&f->p, f->t, "2C");
	press(f, "Enter");
	assert_asked(f, "answer D390\nanswer D3902C\n");
}

static void
a_secret_for_a_job_is_never_drawn(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_SECRET, 9);
	plant_type(&f->p, f->t, "hunter2");
	HIDES(f, "hunter2");
	press(f, "Enter");
	assert_asked(f, "answer hunter2\n");
}

static void
a_question_that_is_withdrawn_closes(void **state)
{
	struct fixture *f = *state;

	ask(f, APP_ASK_WORD, 1);
	SHOWS(f, "sign revision 8");
	f->p.question.kind = APP_ASK_NOTHING;
	plant_frame(&f->p, f->t);
	HIDES(f, "sign revision 8");
	assert_asked(f, "");
}

/* ---- looking */

static void
a_paste_outside_of_a_prompt_does_nothing(void **state)
{
	struct fixture *f = *state;

	assert_true(term_mem_paste(f->t, span_of("q\nE\n")));
	plant_frame(&f->p, f->t);
	assert_false(app_over(f->p.app));
	assert_asked(f, "");
	SHOWS(f, "pasted text was ignored");
}

static void
a_held_view_stands_still_and_counts(void **state)
{
	struct fixture *f = *state;

	press(f, "] Enter p");
	SHOWS(f, "paused, +0");
	SHOWS(f, "20.0 ");
	for (int i = 0; i < 5; i++)
		(void)plant_message(&f->p, PLANT_TREE, PLANT_TREE "/temp", V_VERIFIED, span_of("99"));
	app_changed(f->p.app, 0);
	plant_frame(&f->p, f->t);
	SHOWS(f, "paused, +5");
	HIDES(f, "99");
	press(f, "p");
	HIDES(f, "paused");
	SHOWS(f, "99");
}

static void
an_unverified_value_never_takes_the_place_of_the_verified_one(void **state)
{
	struct fixture *f = *state;

	press(f, "] Enter");
	(void)plant_message(&f->p, PLANT_TREE, PLANT_TREE "/temp", V_BAD_SIG, span_of("66.6"));
	app_changed(f->p.app, 0);
	plant_frame(&f->p, f->t);
	SHOWS(f, " 20.0 ");
	SHOWS(f, "(66.6)  not used");
	HIDES(f, " 66.6 ");
}

static void
a_storm_does_not_move_the_cursor(void **state)
{
	struct fixture *f = *state;
	char name[32];

	press(f, "]");
	SHOWS(f, ">\xe2\x9c\x96R         temp");
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof name, "a%03d/x", i);
		(void)plant_message(&f->p, "", name, V_PLAIN, span_of("1"));
	}
	app_changed(f->p.app, 0);
	plant_frame(&f->p, f->t);
	SHOWS(f, ">\xe2\x9c\x96R         temp");
}

static void
values_are_decoded_as_asked(void **state)
{
	struct fixture *f = *state;

	press(f, "G o Down Down Enter");
	SHOWS(f, "\"kwh\": 4711,");
	press(f, "d d d");
	SHOWS(f, "7b 22 6b 77 68");
}

static void
a_wrong_filter_says_why_and_hides_nothing(void **state)
{
	struct fixture *f = *state;

	press(f, "f");
	plant_type(&f->p, f->t, "verdict:NONSENSE");
	SHOWS(f, "bankofengland");
	press(f, "Escape");
	SHOWS(f, "bankofengland");
}

static void
copied_text_is_shown_plain_for_selection(void **state)
{
	struct fixture *f = *state;

	press(f, "] y 2");
	SHOWS(f, "select with your terminal");
	HIDES(f, "bankofengland");
	press(f, "x");
	SHOWS(f, "bankofengland");
	assert_asked(f, "");
}

static void
evidence_says_where_it_went(void **state)
{
	struct fixture *f = *state;

	press(f, "] x");
	SHOWS(f, "saved /h/ops/evidence-4014.mqgp");
}

/* ---- time */

static void
an_idle_screen_is_drawn_once_a_minute(void **state)
{
	struct fixture *f = *state;
	int64_t now = clock_mono_ms(&f->p.clock);

	app_changed(f->p.app, now);
	plant_frame(&f->p, f->t);
	assert_in_range(app_wait(f->p.app, now), 1, 1000);
	clock_advance(&f->p.clock, 61000);
	now += 61000;
	app_step(f->p.app, now);
	assert_int_equal(app_draw(f->p.app, f->t, now), MQ_OK);
	assert_true(app_wait(f->p.app, now) > 1000);
	assert_false(app_due(f->p.app, now + 900, true));
}

static void
every_key_on_every_screen_at_every_size_is_harmless(void **state)
{
	static const int sides[][2] = { { 0, 0 }, { 1, 1 }, { 19, 5 }, { 20, 5 }, { 99, 7 }, { 100, 12 },
		{ 250, 70 } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof sides / sizeof sides[0]; i++) {
		term_mem_resize(f->t, sides[i][0], sides[i][1]);
		for (char s = '1'; s <= '6'; s++) {
			const char screen[2] = { s, '\0' };

			press(f, screen);
			press(f, "Down Up PgDn G g Right Left Enter Tab z ] [ v Escape y Escape ? Down "
				 "Escape d o O p p n N z Tab Space Escape Escape");
			assert_false(app_over(f->p.app));
		}
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(q_leaves_and_escape_never_does),
		T(control_c_closes_a_dialog_first),
		T(unfinished_work_is_named_before_leaving),
		T(a_terminal_that_is_gone_ends_it),
		T(an_acting_key_starts_the_job_of_the_tree_under_the_cursor),
		T(a_lower_case_key_never_acts),
		T(read_only_takes_every_acting_key_away),
		T(a_plain_topic_has_nothing_to_act_on),
		T(a_refusal_is_said),
		T(a_pin_is_confirmed_by_the_typed_digits),
		T(wrong_digits_a_paste_and_enter_alone_are_no),
		T(a_target_that_changes_meanwhile_cannot_be_confirmed),
		T(a_pin_on_the_topics_screen_leads_to_the_tree_first),
		T(a_job_gets_the_word_it_asked_for),
		T(no_to_a_job_is_told_to_it),
		T(a_line_for_a_job_is_typed_or_pasted),
		T(a_secret_for_a_job_is_never_drawn),
		T(keys_typed_ahead_act_on_what_they_chose),
		T(an_answer_is_chosen_from_those_that_fit),
		T(a_refused_answer_can_be_corrected),
		T(a_question_that_is_withdrawn_closes),
		T(a_paste_outside_of_a_prompt_does_nothing),
		T(a_held_view_stands_still_and_counts),
		T(an_unverified_value_never_takes_the_place_of_the_verified_one),
		T(a_storm_does_not_move_the_cursor),
		T(values_are_decoded_as_asked),
		T(a_wrong_filter_says_why_and_hides_nothing),
		T(copied_text_is_shown_plain_for_selection),
		T(evidence_says_where_it_went),
		T(an_idle_screen_is_drawn_once_a_minute),
		T(every_key_on_every_screen_at_every_size_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
