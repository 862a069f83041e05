#include "tests/unit/lib_mqgpd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/bundle.h"
#include "core/conf/compose.h"
#include "core/trust/armor.h"
#include "core/wire/envelope.h"
#include "core/wire/keyblob.h"
#include "src/spawn.h"

#define WORDS_MAX 16
#define END_MS 20000

/* ---- the program */

/* BUILD/mqgpd beside BUILD/tests/unit/t_x. */
static const char *
program_path(char out[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 8);

	assert_true(n > 0);
	out[n] = 0;
	for (int i = 0; i < 3; i++)
		*strrchr(out, '/') = 0;
	memcpy(out + strlen(out), "/mqgpd", 7);
	return out;
}

static pid_t
start(const char *const *words, const char *const *env, int out)
{
	const char *argv[WORDS_MAX + 2];
	struct spawn s = { .argv = argv, .env = env, .in = SPAWN_NULL, .out = out, .err = out };
	char path[PATH_MAX];
	struct mq_error e;
	size_t n = 0;
	pid_t pid;

	argv[n++] = program_path(path);
	for (; *words != NULL && n < WORDS_MAX; words++)
		argv[n++] = *words;
	argv[n] = NULL;
	if (spawn_start(&s, &pid, &e) != MQ_OK)
		fail_msg("%s", e.text);
	return pid;
}

int
mqgpd_command(struct buf *out, const char *const *words)
{
	uint8_t part[4096];
	struct mq_error e;
	int pipe_fd[2], code = -1;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	pid = start(words, NULL, pipe_fd[1]);
	(void)close(pipe_fd[1]);
	while ((n = read(pipe_fd[0], part, sizeof part)) > 0)
		if (out != NULL)
			assert_int_equal(buf_put(out, part, (size_t)n), MQ_OK);
	(void)close(pipe_fd[0]);
	assert_int_equal(spawn_wait(pid, END_MS, &code, &e), MQ_OK);
	return code;
}

void
mqgpd_start_with(struct mqgpd *m, const char *crash_at, const char *source)
{
	const char *const words[] = { "run", "--state", m->state, "--source", source, NULL };
	char crash[32], path[PATH_MAX];
	const char *env[4] = { "PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL, NULL };
	int out;

	(void)snprintf(crash, sizeof crash, "MQGP_CRASH_AT=%s", crash_at != NULL ? crash_at : "");
	if (crash_at != NULL)
		env[2] = crash;
	(void)snprintf(path, sizeof path, "%s/log", m->dir);
	out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	assert_true(out >= 0);
	m->pid = start(words, env, out);
	(void)close(out);
}

void
mqgpd_start(struct mqgpd *m, const char *crash_at)
{
	mqgpd_start_with(m, crash_at, m->fifo);
}

int
mqgpd_wait(struct mqgpd *m)
{
	struct mq_error e;
	int code = -1;

	if (spawn_wait(m->pid, END_MS, &code, &e) != MQ_OK)
		fail_msg("mqgpd does not end: %s", e.text);
	m->pid = 0;
	return code;
}

int
mqgpd_term(struct mqgpd *m)
{
	assert_int_equal(kill(m->pid, SIGTERM), 0);
	return mqgpd_wait(m);
}

/* ---- init */

/* The value behind a word at the beginning of a line. */
static void
find_line(const struct buf *text, const char *word, char *out, size_t size)
{
	struct rd r = rd_of(text->p, text->n);
	struct span line;

	while (rd_line(&r, &line))
		if (span_starts(line, word)) {
			size_t skip = strlen(word);

			while (skip < line.n && line.p[skip] == ' ')
				skip++;
			(void)snprintf(out, size, "%.*s", (int)(line.n - skip),
			    (const char *)line.p + skip);
			return;
		}
	fail_msg("init did not say \"%s\"", word);
}

static void
init(struct mqgpd *m)
{
	const char *const words[] = { "init", "--state", m->state, "--topic", MQGPD_TREE, "--broker",
		m->broker.url, NULL };
	const char *const export[] = { "show", "--state", m->state, "--export", NULL };
	char value[128], code[17];
	struct buf out;

	buf_init(&out, 1U << 20);
	if (mqgpd_command(&out, words) != 0)
		fail_msg("init failed: %.*s", (int)out.n, (const char *)out.p);
	find_line(&out, "gateway:", value, sizeof value);
	assert_true(conf_read_gateway(span_of(value), &m->identity));
	find_line(&out, "data key:   ed25519:", value, sizeof value);
	assert_true(text_unhex(span_of(value), 'a', m->data_pk, sizeof m->data_pk));
	find_line(&out, "claim code:", value, sizeof value);
	assert_true(claim_code_normalise(span_of(value), code));
	assert_true(claim_key(code, &m->identity, m->claim));
	buf_reset(&out);
	assert_int_equal(mqgpd_command(&out, export), 0);
	assert_int_equal(armor_open(&m->own_key, buf_span(&out)), MQ_OK);
	buf_done(&out);
}

void
mqgpd_open(struct mqgpd *m)
{
	const struct broker_options bo = { .extra = "persistence false\n" };
	const char *const urls[] = { m->broker.url };
	struct mqtt_options lo;

	memset(m, 0, sizeof *m);
	assert_true(broker_start(&m->broker, &bo));
	(void)snprintf(m->dir, sizeof m->dir, "/tmp/mqgp-XXXXXX");
	assert_non_null(mkdtemp(m->dir));
	(void)snprintf(m->state, sizeof m->state, "%s/s", m->dir);
	(void)snprintf(m->fifo, sizeof m->fifo, "%s/in", m->dir);
	assert_int_equal(mkfifo(m->fifo, 0600), 0);
	m->fifo_fd = open(m->fifo, O_RDWR | O_CLOEXEC);
	assert_true(m->fifo_fd >= 0);
	buf_init(&m->own_key, PGP_CERT_MAX);
	buf_init(&m->body, CONF_BODY_MAX);
	init(m);
	owner_open(&m->a, m->dir, "a");
	lo = link_options(urls, 1);
	link_open(&m->link, &lo);
	link_expect(&m->link, MQTT_EVENT_CONNECTED);
	link_subscribe(&m->link, MQGPD_TREE "/mqgp.conf/receipt", 1);
	link_subscribe(&m->link, MQGPD_TREE "/+", 1);
}

void
mqgpd_close(struct mqgpd *m)
{
	if (m->pid != 0)
		spawn_stop(m->pid, false, 2000);
	(void)close(m->fifo_fd);
	link_close(&m->link);
	owner_close(&m->a);
	broker_stop(&m->broker);
	conf_free(m->conf);
	buf_done(&m->body);
	buf_done(&m->own_key);
	(void)file_remove_tree(m->dir, NULL); /* gpg's agent may still be going */
}

/* ---- the owner */

static void
publish(struct mqgpd *m, const char *what, struct span payload)
{
	char topic[160];
	struct mqtt_event *ev;

	(void)snprintf(topic, sizeof topic, MQGPD_TREE "/mqgp.conf/%s", what);
	assert_int_equal(mqtt_publish(m->link.m, span_of(topic), payload, 1, true, 7), MQ_OK);
	ev = link_event(&m->link, MQTT_EVENT_PUBLISHED);
	free(ev);
}

static void
publish_blob(struct mqgpd *m, uint32_t epoch)
{
	struct buf blob;
	char what[32];

	buf_init(&blob, 65536);
	owner_blob(&m->a, &blob, epoch, m->epoch_secret, &m->identity.fpr, buf_span(&m->own_key));
	(void)snprintf(what, sizeof what, "keys/%u", epoch);
	publish(m, what, buf_span(&blob));
	buf_done(&blob);
}

void
mqgpd_genesis(struct mqgpd *m)
{
	struct conf_genesis g = { .url = m->broker.url, .topic = span_of(MQGPD_TREE),
		.gateway = m->identity, .owner = &m->a.fpr, .n_owners = 1, .threshold = 1 };
	const struct clock clock = clock_real();
	uint8_t id[HASH_BYTES];
	struct mq_error e;
	char what[64];

	memcpy(g.data_key, m->data_pk, sizeof g.data_key);
	randombytes_buf(m->epoch_secret, sizeof m->epoch_secret);
	keyblob_key_id(id, 1, m->epoch_secret);
	g.epoch_key_id = id;
	assert_int_equal(conf_new_genesis(&g, clock_wall(&clock), &m->body, &e), MQ_OK);
	body_set(&m->body, "transfer-delay", "0");
	body_set(&m->body, "grace", "0");
	body_set(&m->body, "heartbeat", "2");
	(void)snprintf(what, sizeof what, "pgp/%s", m->a.fpr.hex);
	publish(m, what, buf_span(&m->a.cert));
	publish_blob(m, 1);
}

void
mqgpd_next(struct mqgpd *m)
{
	const struct clock clock = clock_real();
	struct mq_error e;

	buf_reset(&m->body);
	assert_int_equal(conf_successor(m->conf, clock_wall(&clock), &m->body, &e), MQ_OK);
}

void
mqgpd_rekey(struct mqgpd *m)
{
	uint32_t epoch = m->conf->epoch + 1;
	char value[80] = "b2-256:", number[16];
	uint8_t id[HASH_BYTES];

	randombytes_buf(m->epoch_secret, sizeof m->epoch_secret);
	keyblob_key_id(id, epoch, m->epoch_secret);
	text_hex(value + 7, id, sizeof id);
	(void)snprintf(number, sizeof number, "%u", epoch);
	body_set(&m->body, "epoch", number);
	body_set(&m->body, "epoch-key-id", value);
	publish_blob(m, epoch);
}

void
mqgpd_push(struct mqgpd *m)
{
	struct owner *who[] = { &m->a };
	uint8_t mac[32];
	struct buf bundle;
	char log[24];

	conf_free(m->conf);
	m->conf = NULL;
	assert_int_equal(conf_parse(buf_span(&m->body), &(struct conf_policy){ false }, &m->conf, NULL),
	    MQ_OK);
	buf_init(&bundle, BUNDLE_MAX);
	claim_mac(m->claim, buf_span(&m->body), mac);
	owner_bundle(&bundle, buf_span(&m->body), m->conf->revision == 1 ? mac : NULL, who, 1);
	(void)snprintf(log, sizeof log, "log/%u", m->conf->revision);
	publish(m, log, buf_span(&bundle));
	publish(m, "secure", buf_span(&bundle));
	buf_done(&bundle);
}

void
mqgpd_halt(struct mqgpd *m)
{
	const struct clock clock = clock_real();
	struct halt h = { .gateway = m->identity, .issued = clock_wall(&clock), .reason = "test" };
	struct owner *who[] = { &m->a };
	struct buf body, bundle;

	memcpy(h.topic, MQGPD_TREE, sizeof MQGPD_TREE - 1);
	h.topic_n = sizeof MQGPD_TREE - 1;
	h.revision = m->conf->revision;
	memcpy(h.conf, m->conf->hash, HASH_BYTES);
	buf_init(&body, CONF_BODY_MAX);
	buf_init(&bundle, BUNDLE_MAX);
	assert_int_equal(halt_print(&h, &body), MQ_OK);
	owner_bundle(&bundle, buf_span(&body), NULL, who, 1);
	publish(m, "halt", buf_span(&bundle));
	buf_done(&body);
	buf_done(&bundle);
}

/* ---- what comes back */

void
mqgpd_expect(struct mqgpd *m, enum gateway_state state)
{
	for (;;) {
		struct mqtt_message *msg = link_message(m->link.control);
		struct span payload = { msg->payload, msg->n };
		unsigned line;
		bool found = receipt_parse(payload, false, &m->said, &line) == V_NONE &&
		    m->said.state == state &&
		    (m->conf == NULL || memcmp(m->said.conf, m->conf->hash, HASH_BYTES) == 0);

		if (found)
			assert_int_equal(crypto_sign_verify_detached(m->said.sig, msg->payload,
			    m->said.signed_n, m->data_pk), 0);
		free(msg);
		if (found)
			return;
	}
}

static bool
opens(struct mqgpd *m, const struct mqtt_message *msg, const char *value)
{
	struct span topic = { msg->topic, msg->topic_n }, payload = { msg->payload, msg->n };
	uint8_t *scratch = malloc(ENV_SCRATCH(msg->n));
	struct env_opened o;
	struct env_conf c;
	bool ok;

	assert_non_null(scratch);
	env_conf_of(&c, m->conf, m->epoch_secret);
	env_open(&c, topic, payload, NULL, scratch, &o);
	ok = o.verdict == V_NONE && span_is(o.clear, value);
	free(scratch);
	return ok;
}

void
mqgpd_read_value(struct mqgpd *m, const char *subtopic, const char *value)
{
	char topic[128];

	(void)snprintf(topic, sizeof topic, MQGPD_TREE "/%s", subtopic);
	for (;;) {
		struct mqtt_message *msg = link_message(m->link.data);
		bool found = span_is((struct span){ msg->topic, msg->topic_n }, topic) &&
		    opens(m, msg, value);

		free(msg);
		if (found)
			return;
	}
}

void
mqgpd_feed(struct mqgpd *m, const char *value)
{
	char line[64];
	int n = snprintf(line, sizeof line, "t\t%s\n", value);

	assert_int_equal(write(m->fifo_fd, line, (size_t)n), n);
}

void
mqgpd_value_arrives(struct mqgpd *m, const char *value)
{
	mqgpd_feed(m, value);
	mqgpd_read_value(m, "t", value);
}
