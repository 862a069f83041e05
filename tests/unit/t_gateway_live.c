#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/base/file.h"
#include "core/flow/gwstore.h"
#include "tests/unit/lib_mqgpd.h"

static int
setup(void **state)
{
	struct mqgpd *m = malloc(sizeof *m);

	mqgpd_open(m);
	*state = m;
	return 0;
}

static int
teardown(void **state)
{
	mqgpd_close(*state);
	free(*state);
	return 0;
}

static void
claim(struct mqgpd *m)
{
	mqgpd_start(m, NULL);
	mqgpd_expect(m, GS_UNCLAIMED);
	mqgpd_genesis(m);
	mqgpd_push(m);
	mqgpd_expect(m, GS_ACTIVE);
}

static void
claim_update_halt_and_restart_with_the_shipped_program(void **state)
{
	struct mqgpd *m = *state;

	claim(m);
	mqgpd_value_arrives(m, "21.5");
	mqgpd_next(m);
	mqgpd_rekey(m);
	mqgpd_push(m);
	mqgpd_expect(m, GS_ACTIVE);
	mqgpd_value_arrives(m, "22.5");
	mqgpd_halt(m);
	mqgpd_expect(m, GS_HALTED);
	assert_int_equal(mqgpd_term(m), 0);
	mqgpd_start(m, NULL);
	mqgpd_expect(m, GS_HALTED);
	mqgpd_next(m);
	body_set(&m->body, "heartbeat", "3");
	mqgpd_push(m);
	mqgpd_expect(m, GS_ACTIVE);
	mqgpd_value_arrives(m, "23.5");
	assert_int_equal(mqgpd_term(m), 0);
}

/* How many entries a folder of the state has. */
static size_t
entries(const struct mqgpd *m, const char *name)
{
	char path[96];
	struct dirent *de;
	size_t n = 0;
	DIR *d;

	(void)snprintf(path, sizeof path, "%s/%s", m->state, name);
	d = opendir(path);
	assert_non_null(d);
	while ((de = readdir(d)) != NULL)
		n += de->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static void
killed_at_any_step_there_is_one_valid_conf_and_the_right_receipt(void **state)
{
	static const char *const steps[] = { "S1", "S2", "S4", "S5", "S6", "S7", "S8", "S9" };
	struct mqgpd *m = *state;

	claim(m);
	assert_int_equal(mqgpd_term(m), 0);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		uint32_t boot = m->said.boot;
		struct gwstore *s;

		mqgpd_start(m, steps[i]);
		mqgpd_expect(m, GS_ACTIVE);
		mqgpd_next(m);
		mqgpd_rekey(m);
		mqgpd_push(m);
		if (strcmp(steps[i], "S8") == 0) {
			mqgpd_expect(m, GS_ACTIVE);
			mqgpd_feed(m, "lost"); /* handed to the link, and gone with the process */
		}
		assert_int_equal(mqgpd_wait(m), 128 + SIGKILL);
		mqgpd_start(m, NULL);
		mqgpd_expect(m, GS_ACTIVE); /* of the new conf */
		assert_true(m->said.boot > boot);
		assert_int_equal(m->said.n_pending, 0);
		mqgpd_value_arrives(m, steps[i]);
		assert_int_equal(mqgpd_term(m), 0);
		assert_int_equal(gwstore_open(&s, m->state, NULL), MQ_OK);
		assert_false(s->damaged);
		assert_int_equal(gwmeta_newest(&s->meta)->revision, m->conf->revision);
		assert_memory_equal(gwmeta_newest(&s->meta)->hash, m->conf->hash, HASH_BYTES);
		assert_int_equal(s->meta.n_next, 0);
		gwstore_close(s);
		assert_int_equal(entries(m, "pend"), 0);
	}
}

static void
a_broker_that_lost_everything_gets_the_conf_back(void **state)
{
	struct mqgpd *m = *state;
	struct mqtt_message *msg;

	claim(m);
	link_subscribe(&m->link, MQGPD_TREE "/mqgp.conf/secure", 1);
	broker_kill(&m->broker);
	assert_true(broker_restart(&m->broker));
	link_expect(&m->link, MQTT_EVENT_CONNECTED);
	mqgpd_expect(m, GS_ACTIVE);
	do { /* waits a moment for a retained copy first */
		msg = link_message(m->link.control);
		if (!topic_matches(span_of("+/+/mqgp.conf/secure"),
			(struct span){ msg->topic, msg->topic_n })) {
			free(msg);
			msg = NULL;
		}
	} while (msg == NULL);
	assert_true(msg->n > 100);
	free(msg);
	mqgpd_value_arrives(m, "21.5");
}

static void
a_plain_broker_is_put_behind_the_gateway(void **state)
{
	struct mqgpd *m = *state;
	char source[96];

	(void)snprintf(source, sizeof source, "%s/raw/hall/#", m->broker.url);
	mqgpd_start_with(m, NULL, source);
	mqgpd_expect(m, GS_UNCLAIMED);
	mqgpd_genesis(m);
	mqgpd_push(m);
	mqgpd_expect(m, GS_ACTIVE);
	link_publish(&m->link, "raw/hall/rpm", "1480", 0, false, 0);
	mqgpd_read_value(m, "rpm", "1480");
	assert_int_equal(mqgpd_term(m), 0);
}

static void
reloading_keeps_the_gateway_going(void **state)
{
	struct mqgpd *m = *state;
	char path[96];

	claim(m);
	assert_int_equal(kill(m->pid, SIGHUP), 0);
	mqgpd_expect(m, GS_ACTIVE); /* said again on the new link */
	mqgpd_value_arrives(m, "1");
	(void)snprintf(path, sizeof path, "%s/mqgpd.conf", m->state);
	assert_int_equal(file_write(path, "nonsense\n", 9, NULL), MQ_OK);
	assert_int_equal(kill(m->pid, SIGHUP), 0);
	mqgpd_value_arrives(m, "2");
	assert_int_equal(mqgpd_term(m), 0);
}

static bool
says(const struct buf *b, const char *words)
{
	return memmem(b->p, b->n, words, strlen(words)) != NULL;
}

static void
expect_words(const char *const *words, int status, const char *text)
{
	struct buf out;
	int code;

	buf_init(&out, 1U << 20);
	code = mqgpd_command(&out, words);
	if (code != status || !says(&out, text))
		fail_msg("exit %d, expected %d and \"%s\": %.*s", code, status, text, (int)out.n,
		    (const char *)out.p);
	buf_done(&out);
}

static void
what_is_wrong_is_said_in_a_sentence(void **state)
{
	struct mqgpd *m = *state;
	const char *const run[] = { "run", "--state", m->state, NULL };
	const char *const show[] = { "show", "--state", m->state, "--json", NULL };
	const char *const init[] = { "init", "--state", m->state, "--topic", "a/b", "--broker",
		"mqtt://127.0.0.1", NULL };
	const char *const bad_topic[] = { "init", "--state", "/nonexistent/x", "--topic", "a/+",
		"--broker", "mqtt://127.0.0.1", NULL };
	const char *const bad_url[] = { "init", "--state", "/nonexistent/x", "--topic", "a",
		"--broker", "http://127.0.0.1", NULL };
	const char *const nowhere[] = { "run", "--state", "/nonexistent/x", NULL };
	const char *const nothing[] = { "run", NULL };
	char path[96];

	expect_words(init, 2, "already holds a gateway");
	expect_words(bad_topic, 2, "is not a topic");
	expect_words(bad_url, 2, "mqtt://");
	expect_words(nowhere, 2, "does not exist");
	expect_words(nothing, 2, "--state DIR is needed");
	expect_words(show, 0, "\"running\":false");
	mqgpd_start(m, NULL);
	mqgpd_expect(m, GS_UNCLAIMED);
	expect_words(run, 3, "another mqgpd runs");
	expect_words(show, 0, "\"running\":true");
	assert_int_equal(mqgpd_term(m), 0);
	assert_int_equal(chmod(m->state, 0755), 0);
	expect_words(run, 3, m->state);
	assert_int_equal(chmod(m->state, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/mqgpd.conf", m->state);
	assert_int_equal(file_write(path, "broker x\nwhat 1\n", 16, NULL), MQ_OK);
	expect_words(run, 2, "mqgpd.conf:2: ");
}

static void
damaged_state_is_shown_and_named(void **state)
{
	struct mqgpd *m = *state;
	const char *const show[] = { "show", "--state", m->state, NULL };
	char path[96];

	claim(m);
	assert_int_equal(mqgpd_term(m), 0);
	(void)snprintf(path, sizeof path, "%s/cur.bundle", m->state);
	assert_int_equal(file_write(path, "x", 1, NULL), MQ_OK);
	expect_words(show, 3, "cur.bundle");
	mqgpd_start(m, NULL);
	mqgpd_expect(m, GS_FAILSAFE);
	assert_string_equal(m->said.reason, "state-damaged");
	assert_int_equal(mqgpd_term(m), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		T(claim_update_halt_and_restart_with_the_shipped_program),
		T(killed_at_any_step_there_is_one_valid_conf_and_the_right_receipt),
		T(a_broker_that_lost_everything_gets_the_conf_back),
		T(a_plain_broker_is_put_behind_the_gateway),
		T(reloading_keeps_the_gateway_going),
		T(what_is_wrong_is_said_in_a_sentence),
		T(damaged_state_is_shown_and_named),
	};

	pgp_child_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
