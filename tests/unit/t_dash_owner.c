/* The crossing of threads and the questions before a job; jobs themselves are tested elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <string.h>

#include <cmocka.h>

#include "src/dash_owner_impl.h"
#include "ui/term_mem.h"

static const char fpr[] = "607400BEA328EF86FCDD3A57789B3BE9576A3395";

static struct dash_owner *
new_owner(void)
{
	const struct dash_owner_options o = { .who = "test@localhost" };
	struct dash_owner *d;

	assert_int_equal(dash_owner_new(&d, &o, NULL), MQ_OK);
	return d;
}

/* ---- the job's side, on a thread of its own */

struct asker {
	struct owner_ui ui;
	struct owner_question question;
	struct secret secret;
	struct mq_error e;
	enum mq_err result;
	pthread_t thread;
};

static void *
ask_word(void *arg)
{
	struct asker *a = arg;

	a->result = a->ui.confirm(a->ui.arg, &a->question, &a->e);
	return NULL;
}

static void *
ask_secret(void *arg)
{
	struct asker *a = arg;

	a->result = a->ui.passphrase(a->ui.arg, "unlock the key", &a->secret, &a->e);
	return NULL;
}

static struct app_question
begin(struct dash_owner *d, struct asker *a, void *(*what)(void *))
{
	struct app_question q;
	struct pollfd p = { .fd = dash_owner_fd(d), .events = POLLIN };

	memset(a, 0, sizeof *a);
	dash_callbacks(d, &a->ui);
	a->question = (struct owner_question){ .title = "sign revision 8 of a/b",
		.text = "owner added: somebody\nheartbeat 30 -> 10 s", .of = "your own key" };
	memcpy(a->question.full, fpr, sizeof fpr);
	memcpy(a->question.expected, fpr + 32, 9);
	assert_int_equal(pthread_create(&a->thread, NULL, what, a), 0);
	assert_int_equal(poll(&p, 1, 10000), 1);
	(void)dash_owner_step(d);
	dash_owner_question(d, &q);
	assert_int_not_equal(q.kind, APP_ASK_NOTHING);
	return q;
}

static void
a_typed_word_reaches_the_job(void **state)
{
	struct dash_owner *d = new_owner();
	struct app_question q;
	struct asker a;

	(void)state;
	q = begin(d, &a, ask_word);
	assert_int_equal(q.kind, APP_ASK_WORD);
	assert_string_equal(q.hex, fpr);
	assert_int_equal(q.n_lines, 2);
	assert_string_equal(q.line[1], "heartbeat 30 -> 10 s");
	dash_owner_answer(d, q.id + 1, span_of("576A3395")); /* another question's answer */
	dash_owner_answer(d, q.id, span_of("576a3395"));
	assert_int_equal(pthread_join(a.thread, NULL), 0);
	assert_int_equal(a.result, MQ_OK);
	dash_owner_question(d, &q);
	assert_int_equal(q.kind, APP_ASK_NOTHING);
	dash_owner_free(d);
}

static void
no_and_a_wrong_word_are_no(void **state)
{
	const struct span answers[] = { { NULL, 0 }, span_of("576A3394"), span_of("576A339"),
		span_of("") };

	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct dash_owner *d = new_owner();
		struct asker a;
		struct app_question q = begin(d, &a, ask_word);

		dash_owner_answer(d, q.id, answers[i]);
		assert_int_equal(pthread_join(a.thread, NULL), 0);
		assert_int_equal(a.result, MQ_ECANCEL);
		assert_true(a.e.text[0] != '\0');
		dash_owner_free(d);
	}
}

static void
a_passphrase_is_handed_over_in_guarded_memory(void **state)
{
	struct dash_owner *d = new_owner();
	struct asker a;
	struct app_question q = begin(d, &a, ask_secret);

	(void)state;
	assert_int_equal(q.kind, APP_ASK_SECRET);
	dash_owner_answer(d, q.id, span_of("correct horse"));
	assert_int_equal(pthread_join(a.thread, NULL), 0);
	assert_int_equal(a.result, MQ_OK);
	assert_int_equal(a.secret.n, 13);
	assert_memory_equal(a.secret.p, "correct horse", 13);
	secret_free(&a.secret);
	dash_owner_free(d);
}

static void
leaving_refuses_what_is_still_asked(void **state)
{
	struct dash_owner *d = new_owner();
	struct asker a;

	(void)state;
	(void)begin(d, &a, ask_word);
	dash_wish_refuse(d);
	assert_int_equal(pthread_join(a.thread, NULL), 0);
	assert_int_equal(a.result, MQ_ECANCEL);
	d->closing = true; /* nobody else runs */
	assert_int_equal(a.ui.confirm(a.ui.arg, &a.question, &a.e), MQ_ECANCEL);
	dash_owner_free(d);
}

/* ---- questions before a job */

static struct app_question
answer(struct dash_owner *d, const char *text)
{
	struct app_question q;

	dash_owner_question(d, &q);
	dash_owner_answer(d, q.id, text == NULL ? (struct span){ NULL, 0 } : span_of(text));
	dash_owner_question(d, &q);
	return q;
}

static void
a_new_owner_is_named_in_full_or_asked_again(void **state)
{
	static const char *const wrong[] = { "", "576A3395", "night-shift",
		"607400BE A328EF86 FCDD3A57 789B3BE9 576A339", "607400BEA328EF86FCDD3A57789B3BE9576A33950" };
	struct dash_owner *d = new_owner();
	struct app_question q;

	(void)state;
	dash_form_open(d, dash_act_of(ACTION_TRANSFER, false));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		q = answer(d, wrong[i]);
		assert_string_equal(q.what, "new owner");
		assert_non_null(strstr(q.line[q.n_lines - 1], "40 hex digits"));
		assert_string_equal(q.typed, wrong[i]); /* one digit may be all that is wrong */
	}
	q = answer(d, "607400be a328ef86 fcdd3a57 789b3be9 576a3395");
	assert_string_equal(q.what, "days");
	assert_string_equal(q.typed, "");
	assert_string_equal(d->jo.owner[0].hex, fpr);
	assert_int_equal(d->jo.n_owners, 1);
	q = answer(d, "366");
	assert_string_equal(q.what, "days");
	q = answer(d, NULL);
	assert_int_equal(q.kind, APP_ASK_NOTHING);
	assert_false(dash_owner_busy(d));
	dash_owner_free(d);
}

static void
a_reason_is_one_plain_word(void **state)
{
	static const char *const wrong[] = { "Pump", "two words", "9lives", "-", "a\x1b[1m",
		"a123456789012345678901234567890123" };
	struct dash_owner *d = new_owner();

	(void)state;
	dash_form_open(d, dash_act_of(ACTION_HALT, false));
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_string_equal(answer(d, wrong[i]).what, "reason");
	assert_null(d->jo.reason);
	(void)answer(d, NULL);
	dash_owner_free(d);
}

static void
an_ownerless_gateway_is_claimed_and_nothing_else(void **state)
{
	struct dash_owner *d = new_owner();
	struct app_question q;

	(void)state;
	assert_null(dash_act_of(ACTION_HALT, true));
	dash_form_open(d, dash_act_of(ACTION_EDIT, true));
	q = answer(d, "12345");
	assert_string_equal(q.what, "gateway");
	q = answer(d, "openpgp4:607400BE A328EF86 FCDD3A57 789B3BE9 576A3395");
	assert_int_equal(q.kind, APP_ASK_SECRET);
	assert_string_equal(d->jo.gateway.fpr.hex, fpr);
	dash_form_open(d, dash_act_of(ACTION_EDIT, true));
	q = answer(d, "ed25519:03A107BFF3CE10BE1D70DD18E74BC09967E4D6309BA50D5F1DDC8664125531B8");
	assert_int_equal(q.kind, APP_ASK_SECRET);
	assert_true(d->jo.gateway.is_edkey);
	(void)answer(d, NULL);
	dash_owner_free(d);
}

static void
long_meanings_are_wrapped_and_marked_as_cut(void **state)
{
	char text[4000];
	struct app_question q = { .kind = APP_ASK_WORD };

	(void)state;
	memset(text, 'x', sizeof text - 1);
	for (size_t i = 9; i < sizeof text; i += 10)
		text[i] = ' ';
	text[sizeof text - 1] = '\0';
	dash_add_text(&q, text);
	assert_int_equal(q.n_lines, APP_QUESTION_LINES);
	for (size_t i = 0; i < q.n_lines; i++)
		assert_true(strlen(q.line[i]) <= DASH_LINE);
	assert_non_null(strstr(q.line[q.n_lines - 1], "and more"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_typed_word_reaches_the_job),
		cmocka_unit_test(no_and_a_wrong_word_are_no),
		cmocka_unit_test(a_passphrase_is_handed_over_in_guarded_memory),
		cmocka_unit_test(leaving_refuses_what_is_still_asked),
		cmocka_unit_test(a_new_owner_is_named_in_full_or_asked_again),
		cmocka_unit_test(a_reason_is_one_plain_word),
		cmocka_unit_test(an_ownerless_gateway_is_claimed_and_nothing_else),
		cmocka_unit_test(long_meanings_are_wrapped_and_marked_as_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
