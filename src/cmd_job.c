/* The owner's acts: claim, edit, renew, rekey, offer, accept, cosign, push, cancel, halt. One way
 * from options to a job, one way of telling how it went. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/owner/job.h"
#include "src/commands.h"
#include "src/person.h"
#include "src/print.h"
#include "src/setup.h"

#define WAIT_MAX_S 86400

#define JOB_OPTIONS                                                                                \
	{ "key", 'k', "FPR", "sign with this key of yours" },                                      \
	    { "confirm", 0, "HEX", "the last 8 digits that would be typed, for scripts" },         \
	    { "wait", 'w', "SECONDS", "how long to wait for the gateway's receipt" },              \
	    { "json", 'j', NULL, "tell the outcome as one JSON object" }
#define CHANGE_OPTIONS                                                                             \
	{ "set", 's', "KEY=VALUE", "set a key of the new revision; may be given often" },          \
	    { "add", 0, "KEY=VALUE", "add a value to a key that repeats" },                        \
	    { "remove", 0, "KEY[=VALUE]", "remove a value, or every line of a key" },              \
	    { "no-push", 0, NULL, "stop after the signature; push goes on" }

const struct opt claim_options[] = {
	{ "gateway", 'g', "FPR", "the gateway's fingerprint as you compared it, or ed25519:HEX" },
	{ "code-file", 0, "FILE", "read the claim code from a file instead of asking" },
	{ "no-code", 0, NULL, "the gateway has a factory.conf with your key" },
	{ "own", 0, "LABEL", "a label for the owner, e.g. mailto:ops@example.org" },
	{ "owner", 'o', "FPR", "one more owner; may be given often" },
	CHANGE_OPTIONS, JOB_OPTIONS, { 0 },
};
const struct opt edit_options[] = {
	{ "file", 'f', "FILE", "take this draft instead of opening the editor" },
	CHANGE_OPTIONS, JOB_OPTIONS, { 0 },
};
const struct opt renew_options[] = { CHANGE_OPTIONS, JOB_OPTIONS, { 0 } };
const struct opt offer_options[] = {
	{ "to", 't', "FPR", "the new owner; may be given often" },
	{ "threshold", 0, "N", "so many of the new owners must sign" },
	{ "days", 'd', "N", "how long the offer stands" },
	CHANGE_OPTIONS, JOB_OPTIONS, { 0 },
};
const struct opt sign_options[] = { { "no-push", 0, NULL, "stop after the signature; push goes on" },
	JOB_OPTIONS, { 0 } };
const struct opt push_options[] = {
	{ "file", 'f', "FILE", "publish this signed bundle" }, JOB_OPTIONS, { 0 },
};
const struct opt halt_options[] = {
	{ "reason", 'r', "WORD", "why, one word" }, JOB_OPTIONS, { 0 },
};

struct job_command {
	struct person person; /* first: the callbacks of person_ui get this address */
	const struct opts *o;
	struct setup s;
	struct job_options jo;
	struct clock clock;
	struct fpr key;
	struct secret code;
	struct buf draft;
	uint8_t topic[TOPIC_CONF_MAX];
	char change[JOB_CHANGES_MAX][CONF_LINE_MAX + 1];
	struct job *job;
	bool json;
	size_t told; /* steps printed so far */
};

/* ---- options */

/* The acts share one reader; each has only some of the options. */
static bool
has_row(const struct job_command *c, const char *name)
{
	for (const struct opt *row = c->o->command->options; row->name != NULL; row++)
		if (strcmp(row->name, name) == 0)
			return true;
	return false;
}

static const char *
value_of(const struct job_command *c, const char *name)
{
	return has_row(c, name) ? opts_value(c->o, name) : NULL;
}

static bool
is_given(const struct job_command *c, const char *name)
{
	return has_row(c, name) && opts_given(c->o, name);
}

static int
number_of(const struct job_command *c, const char *name, uint32_t max, uint32_t *out)
{
	return has_row(c, name) ? opts_u32(c->o, name, max, out) : OPTS_GO;
}

static int
usage(const char *what, const char *value)
{
	char text[300];

	(void)snprintf(text, sizeof text, "%s: %.200s", what, value);
	setup_complain(text);
	return EXIT_USAGE;
}

static int
read_tree(struct job_command *c)
{
	const char *word = c->s.n_operands != 0 ? c->s.operands[0] : NULL;
	size_t n;

	if (word == NULL && c->s.profile->tree.n == 1)
		word = c->s.profile->tree.s[0];
	if (word == NULL)
		return opts_usage(c->o, "which tree?");
	if (!setup_tree(&c->s, word, c->topic, &n))
		return EXIT_USAGE;
	c->jo.tree = (struct span){ c->topic, n };
	return OPTS_GO;
}

static int
read_changes(struct job_command *c)
{
	static const char *const names[] = { [JOB_SET] = "set", [JOB_ADD] = "add",
		[JOB_REMOVE] = "remove" };

	for (size_t how = 0; how < sizeof names / sizeof names[0]; how++)
		for (size_t i = 0;; i++) {
			const char *value = has_row(c, names[how]) ?
			    opts_nth(c->o, names[how], i) : NULL;
			struct job_change *to = &c->jo.change[c->jo.n_changes];
			char *copy, *eq;

			if (value == NULL)
				break;
			if (c->jo.n_changes == JOB_CHANGES_MAX || strlen(value) > CONF_LINE_MAX)
				return usage("too much at once", value);
			copy = c->change[c->jo.n_changes++];
			memcpy(copy, value, strlen(value) + 1);
			if ((eq = strchr(copy, '=')) != NULL)
				*eq = 0;
			else if (how != JOB_REMOVE)
				return usage("expected KEY=VALUE", value);
			*to = (struct job_change){ .key = copy, .value = eq != NULL ? eq + 1 : "" };
			to->how = how == JOB_SET ? JOB_SET : how == JOB_ADD ? JOB_ADD : JOB_REMOVE;
		}
	return OPTS_GO;
}

static int
read_owners(struct job_command *c)
{
	const char *name = c->jo.kind == JOB_OFFER ? "to" : "owner";

	for (size_t i = 0;; i++) {
		const char *value = has_row(c, name) ? opts_nth(c->o, name, i) : NULL;

		if (value == NULL)
			return OPTS_GO;
		if (i == CONF_OWNERS_MAX || !fpr_parse(span_of(value), &c->jo.owner[i]))
			return usage("expected a fingerprint of 40 upper-case hex digits", value);
		c->jo.n_owners++;
	}
}

static int
read_file(struct job_command *c)
{
	const char *path = value_of(c, "file");
	struct mq_error e;
	enum mq_err r;

	if (path == NULL)
		return OPTS_GO;
	if ((r = file_read(path, &c->draft, &e)) != MQ_OK) {
		setup_complain(e.text);
		return setup_status(r);
	}
	c->jo.draft = buf_span(&c->draft);
	return OPTS_GO;
}

static bool
read_gateway(const char *text, struct conf_gateway *g)
{
	char value[128];

	if (strchr(text, ':') == NULL)
		(void)snprintf(value, sizeof value, "openpgp4:%.100s", text);
	else
		(void)snprintf(value, sizeof value, "%.120s", text);
	return conf_read_gateway(span_of(value), g);
}

static int
read_code(struct job_command *c)
{
	const char *path = value_of(c, "code-file");
	struct mq_error e;
	enum mq_err r;
	struct buf b;

	if (is_given(c, "no-code"))
		return OPTS_GO;
	if (path == NULL)
		r = person_secret("claim code of the gateway", &c->code, &e);
	else {
		buf_init(&b, 256);
		if ((r = file_read(path, &b, &e)) == MQ_OK) {
			while (b.n != 0 && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == ' '))
				b.n--;
			c->code = secret_copy(b.p, b.n);
		}
		buf_wipe(&b);
	}
	if (r != MQ_OK) {
		setup_complain(e.text);
		return setup_status(r);
	}
	c->jo.claim_code = &c->code;
	return OPTS_GO;
}

static int
read_claim(struct job_command *c)
{
	const char *gateway = value_of(c, "gateway");

	if (gateway == NULL)
		return opts_usage(c->o, "--gateway FPR: compare it with what `mqgpd show` prints on the "
		    "device");
	if (!read_gateway(gateway, &c->jo.gateway))
		return usage("expected the gateway's 40 upper-case hex digits, or ed25519:HEX", gateway);
	c->jo.own = value_of(c, "own");
	return read_code(c);
}

static int
read_options(struct job_command *c)
{
	const char *key = value_of(c, "key");
	uint32_t wait = 0;
	int r;

	c->json = is_given(c, "json");
	c->person.confirm = value_of(c, "confirm");
	c->jo.reason = value_of(c, "reason");
	c->jo.no_publish = is_given(c, "no-push");
	if (key != NULL && !fpr_parse(span_of(key), &c->key))
		return usage("expected a fingerprint of 40 upper-case hex digits", key);
	c->jo.key = key != NULL ? &c->key : NULL;
	if ((r = number_of(c, "wait", WAIT_MAX_S, &wait)) != OPTS_GO ||
	    (r = number_of(c, "threshold", CONF_OWNERS_MAX, &c->jo.threshold)) != OPTS_GO ||
	    (r = number_of(c, "days", 30, &c->jo.offer_days)) != OPTS_GO ||
	    (r = read_changes(c)) != OPTS_GO || (r = read_owners(c)) != OPTS_GO ||
	    (r = read_file(c)) != OPTS_GO)
		return r;
	c->jo.receipt_ms = (int)wait * 1000;
	return c->jo.kind == JOB_CLAIM ? read_claim(c) : OPTS_GO;
}

/* ---- telling */

static const char *
state_word(enum job_step_state s)
{
	static const char *const words[] = { [JOB_WAITING] = "waiting", [JOB_RUNNING] = "running",
		[JOB_DONE] = "done", [JOB_FAILED] = "failed", [JOB_SKIPPED] = "skipped" };

	return words[s];
}

static void
print_meaning(struct job *job)
{
	struct buf text;
	struct rd r;
	struct span line;
	char safe[2 * JOB_TEXT];

	buf_init(&text, JOB_MEANING_MAX);
	(void)job_meaning(job, &text); /* bounded alike */
	r = rd_of(text.p, text.n);
	while (rd_line(&r, &line)) {
		utf8_safe(safe, sizeof safe, line);
		(void)printf("      %s\n", safe);
	}
	buf_done(&text);
}

/* Prints each step when it has ended. */
static void
changed(void *arg)
{
	struct job_command *c = arg;
	struct job_view v;
	char safe[2 * JOB_TEXT];

	if (c->json || c->job == NULL)
		return;
	job_look(c->job, &v);
	for (; c->told < v.n && v.step[c->told].state >= JOB_DONE; c->told++) {
		const struct job_step_view *s = &v.step[c->told];

		if (s->state == JOB_SKIPPED)
			continue;
		utf8_safe(safe, sizeof safe, span_of(s->text));
		(void)printf("  %s %-24s%s\n", s->state == JOB_DONE ? "ok  " : "FAIL", s->title, safe);
		if (strcmp(s->title, "meaning") == 0 ||
		    (s->state == JOB_FAILED && strcmp(s->title, "checked") == 0))
			print_meaning(c->job);
	}
	(void)fflush(stdout); /* lost if nobody reads: the exit status tells */
}

static json_t *
outcome_json(struct job_command *c, const struct job_view *v, enum mq_err r)
{
	json_t *o = json_object(), *steps = json_array(), *lines = json_array();
	char hex[2 * HASH_BYTES + 1];
	struct span line;
	struct buf text;
	struct rd rd;

	buf_init(&text, JOB_MEANING_MAX);
	(void)job_meaning(c->job, &text); /* bounded alike */
	rd = rd_of(text.p, text.n);
	while (rd_line(&rd, &line))
		(void)json_array_append_new(lines, print_string(line));
	buf_done(&text);
	for (size_t i = 0; i < v->n; i++) {
		json_t *s = json_object();

		(void)json_object_set_new(s, "title", json_string(v->step[i].title));
		(void)json_object_set_new(s, "state", json_string(state_word(v->step[i].state)));
		(void)json_object_set_new(s, "text", print_string(span_of(v->step[i].text)));
		(void)json_array_append_new(steps, s);
	}
	text_hex(hex, v->hash, HASH_BYTES);
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "job", json_string(job_kind_name(v->kind)));
	(void)json_object_set_new(o, "tree", print_string(c->jo.tree));
	(void)json_object_set_new(o, "ok", json_boolean(r == MQ_OK));
	(void)json_object_set_new(o, "text", print_string(span_of(v->text)));
	(void)json_object_set_new(o, "revision", json_integer(v->revision));
	(void)json_object_set_new(o, "conf", json_string(hex));
	(void)json_object_set_new(o, "receipt", json_string(v->receipt));
	(void)json_object_set_new(o, "meaning", lines);
	(void)json_object_set_new(o, "steps", steps);
	return o;
}

/* A refusal by rule, by the gateway or by a person is an expectation that was not met. */
static int
status_of(enum mq_err r)
{
	return r == MQ_EPERM || r == MQ_EAGAIN || r == MQ_ECANCEL ? EXIT_UNMET : setup_status(r);
}

static int
run(struct job_command *c, int signals)
{
	struct signalfd_siginfo info;
	struct job_view v;
	struct mq_error e;
	enum mq_err r;

	c->jo.cancel_fd = signals;
	if ((r = job_new(&c->job, &c->jo, &e)) != MQ_OK) {
		setup_complain(e.text);
		return setup_status(r);
	}
	r = job_run(c->job, &e);
	changed(c);
	job_look(c->job, &v);
	if (c->json && print_json(outcome_json(c, &v, r)) != EXIT_GOOD && r == MQ_OK)
		r = MQ_EIO;
	if (r != MQ_OK)
		setup_complain(v.text);
	else if (!c->json)
		(void)printf("%s\n", v.text);
	job_free(c->job);
	c->job = NULL;
	if (read(signals, &info, sizeof info) == sizeof info && info.ssi_signo == SIGTERM)
		return EXIT_GOOD; /* an orderly end: the outbox remembers */
	return status_of(r);
}

static enum job_kind
kind_of(const char *name)
{
	enum job_kind k = JOB_CLAIM;

	while (k < JOB_KINDS - 1 && strcmp(job_kind_name(k), name) != 0)
		k++;
	return k;
}

int
cmd_job(const struct opts *o)
{
	struct job_command *c = calloc(1, sizeof *c);
	int r = EXIT_SYSTEM, signals = -1;
	sigset_t set;

	if (c == NULL)
		return EXIT_SYSTEM;
	c->o = o;
	c->clock = clock_real();
	c->jo.kind = kind_of(o->command->name);
	c->jo.clock = &c->clock;
	buf_init(&c->draft, BUNDLE_MAX);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	if ((r = setup_load(&c->s, o, SETUP_PROFILE)) == OPTS_GO && (r = read_tree(c)) == OPTS_GO &&
	    (r = read_options(c)) == OPTS_GO) {
		c->jo.profile = c->s.profile;
		c->jo.state_dir = c->s.state_dir;
		c->jo.run_dir = c->s.paths.runtime_dir;
		c->jo.who = c->s.who;
		person_ui(&c->person, &c->jo.ui);
		c->jo.ui.arg = c;
		c->jo.ui.changed = changed;
		signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
		r = signals >= 0 ? run(c, signals) : EXIT_SYSTEM;
	}
	if (signals >= 0)
		(void)close(signals);
	secret_free(&c->code);
	buf_done(&c->draft);
	setup_done(&c->s);
	free(c);
	return r;
}
