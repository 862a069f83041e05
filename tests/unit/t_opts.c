#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/file.h"
#include "src/opts.h"
#include "src/spawn.h"

#define WORDS_MAX 16

static int
run_claim(const struct opts *o)
{
	return o->operand_count == 2 ? 0 : 1;
}

static int
run_other(const struct opts *o)
{
	(void)o;
	return 1;
}

static const struct opt global[] = {
	{ "profile", 'p', "NAME", "the profile of the configuration" },
	{ "config", 0, "FILE", "another configuration file" },
	{ 0 },
};
static const struct opt claim_options[] = {
	{ "code-file", 0, "FILE", "where the claim code stands" },
	{ "owner", 'o', "FPR", "an owner's key; may be given often" },
	{ "json", 0, NULL, "answer in JSON" },
	{ 0 },
};
static const struct opt board_options[] = {
	{ "read-only", 0, NULL, "nothing can be changed" },
	{ "count", 0, "N", "stop after N" },
	{ 0 },
};
static const struct opts_command commands[] = {
	{ "claim", "TREE CODE", 2, 2, "claims a gateway", claim_options, run_claim },
	{ "key list", NULL, 0, 0, "lists keys", NULL, run_other },
	{ "key import", "FILE...", 1, OPTS_MANY, "imports keys", NULL, run_other },
	{ "log", NULL, 0, 0, "shows the log: all of it", NULL, run_other },
	{ "log verify", NULL, 0, 0, "checks the log's chain", NULL, run_other },
	{ "secret-child", NULL, 0, 0, NULL, NULL, run_other },
	{ 0 },
};
static const struct opts_command board = { NULL, "[TREE...]", 0, OPTS_MANY, "the dashboard", board_options,
	run_other };
static const struct opts_program with_board = { "prog", "1.2.3", "Watches trees.", global, commands, &board };
static const struct opts_program strict = { "prog", "1.2.3", "Watches trees.", global, commands, NULL };

/* A command line as main gets it. */
struct line {
	char *argv[WORDS_MAX + 1];
	int argc;
	char words[512];
};

static int
parse(const struct opts_program *p, struct line *l, const char *text, struct opts *o)
{
	char *save = NULL;

	(void)snprintf(l->words, sizeof l->words, "%s", text);
	l->argc = 0;
	for (char *w = strtok_r(l->words, " ", &save); w != NULL; w = strtok_r(NULL, " ", &save))
		l->argv[l->argc++] = w;
	l->argv[l->argc] = NULL;
	return opts_parse(p, l->argc, l->argv, o);
}

/* What the parser says on standard error. */
static int
parse_said(const struct opts_program *p, const char *text, char *said, size_t size)
{
	int before = dup(STDERR_FILENO), r;
	FILE *capture = tmpfile();
	struct opts o;
	struct line l;
	size_t n;

	assert_non_null(capture);
	assert_int_equal(dup2(fileno(capture), STDERR_FILENO), STDERR_FILENO);
	r = parse(p, &l, text, &o);
	assert_int_equal(dup2(before, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(before), 0);
	rewind(capture);
	n = fread(said, 1, size - 1, capture);
	said[n] = '\0';
	assert_int_equal(fclose(capture), 0);
	return r;
}

static void
global_options_stand_before_or_after_the_command(void **state)
{
	static const char *const same[] = { "prog -p plant claim a/b code --owner=F1 -o F2",
		"prog claim --profile plant a/b --owner F1 code -o F2", "prog claim -oF1 -oF2 -pplant a/b -- code" };

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		struct opts o;
		struct line l;

		assert_int_equal(parse(&with_board, &l, same[i], &o), OPTS_GO);
		assert_ptr_equal(o.command, &commands[0]);
		assert_string_equal(opts_value(&o, "profile"), "plant");
		assert_null(opts_value(&o, "config"));
		assert_string_equal(opts_nth(&o, "owner", 0), "F1");
		assert_string_equal(opts_nth(&o, "owner", 1), "F2");
		assert_null(opts_nth(&o, "owner", 2));
		assert_string_equal(opts_value(&o, "owner"), "F2");
		assert_false(opts_given(&o, "json"));
		assert_int_equal(o.operand_count, 2);
		assert_string_equal(o.operands[0], "a/b");
		assert_string_equal(o.operands[1], "code");
		assert_null(o.operands[2]);
	}
}

static void
commands_of_two_words_win_over_one(void **state)
{
	struct opts o;
	struct line l;

	(void)state;
	assert_int_equal(parse(&strict, &l, "prog log", &o), OPTS_GO);
	assert_ptr_equal(o.command, &commands[3]);
	assert_int_equal(parse(&strict, &l, "prog -p x log verify", &o), OPTS_GO);
	assert_ptr_equal(o.command, &commands[4]);
	assert_int_equal(o.operand_count, 0);
	assert_int_equal(parse(&strict, &l, "prog key import a b c", &o), OPTS_GO);
	assert_int_equal(o.operand_count, 3);
}

static void
the_fallback_takes_trees_and_urls_and_everything_behind_two_dashes(void **state)
{
	struct opts o;
	struct line l;

	(void)state;
	assert_int_equal(parse(&with_board, &l, "prog", &o), OPTS_GO);
	assert_ptr_equal(o.command, &board);
	assert_int_equal(parse(&with_board, &l, "prog --read-only claims/unit1 --count 5", &o), OPTS_GO);
	assert_ptr_equal(o.command, &board);
	assert_true(opts_given(&o, "read-only"));
	assert_string_equal(o.operands[0], "claims/unit1");
	assert_int_equal(parse(&with_board, &l, "prog -- claim", &o), OPTS_GO);
	assert_ptr_equal(o.command, &board);
	assert_string_equal(o.operands[0], "claim");
}

static void
a_wrong_line_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const struct opts_program *p;
		const char *line, *said;
	} rows[] = {
		{ &strict, "prog", "which command?" },
		{ &strict, "prog nonsense", "'nonsense' is not a command\n" },
		{ &strict, "prog clami a b", "did you mean 'claim'?" },
		{ &with_board, "prog clam", "did you mean 'claim'?" },
		{ &with_board, "prog key", "'key' needs one of: list, import" },
		{ &strict, "prog key export", "'key' needs one of: list, import" },
		{ &strict, "prog claim a", "missing: TREE CODE" },
		{ &strict, "prog claim a b c", "'c' is one word too many" },
		{ &strict, "prog claim --jsn a b", "unknown option --jsn" },
		{ &strict, "prog claim -z a b", "unknown option -z" },
		{ &strict, "prog claim --foo=3 a b", "unknown option --foo\n" },
		{ &strict, "prog claim --json=yes a b", "--json takes no value" },
		{ &strict, "prog claim a b --owner", "--owner needs a value: FPR" },
		{ &strict, "prog claim a b -o", "--owner needs a value: FPR" },
		{ &strict, "prog --json claim a b c", "one word too many" },
		{ &strict, "prog claim \x1b[31m a b", "'b' is one word too many" },
		{ &strict, "prog \x1b[31m", "'\\x1b[31m' is not a command" },
		{ &strict, "prog log --completion=ksh", "no completions for 'ksh'" },
	};
	char said[1024];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(parse_said(rows[i].p, rows[i].line, said, sizeof said), OPTS_USAGE);
		if (strstr(said, rows[i].said) == NULL || strstr(said, "--help") == NULL)
			fail_msg("%s: %s", rows[i].line, said);
	}
}

static void
numbers_are_checked_where_they_are_read(void **state)
{
	uint32_t n = 7;
	struct opts o;
	struct line l;

	(void)state;
	assert_int_equal(parse(&with_board, &l, "prog", &o), OPTS_GO);
	assert_int_equal(opts_u32(&o, "count", 100, &n), OPTS_GO);
	assert_int_equal(n, 7);
	assert_int_equal(parse(&with_board, &l, "prog --count 99", &o), OPTS_GO);
	assert_int_equal(opts_u32(&o, "count", 100, &n), OPTS_GO);
	assert_int_equal(n, 99);
	assert_int_equal(parse(&with_board, &l, "prog --count 099", &o), OPTS_GO);
	assert_int_equal(opts_u32(&o, "count", 100, &n), OPTS_USAGE);
	assert_int_equal(n, 99);
}

static void
the_exit_status_is_the_command_s(void **state)
{
	char *good[] = { (char[]){ "prog" }, (char[]){ "claim" }, (char[]){ "a" }, (char[]){ "b" }, NULL };
	char *other[] = { (char[]){ "prog" }, (char[]){ "log" }, NULL };

	(void)state;
	assert_int_equal(opts_run(&strict, 4, good), 0);
	assert_int_equal(opts_run(&strict, 2, other), 1);
}

static char *
written(void (*write)(FILE *out, const void *arg), const void *arg)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	write(out, arg);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
write_help(FILE *out, const void *arg)
{
	opts_help(out, &with_board, arg);
}

static void
write_completion(FILE *out, const void *arg)
{
	assert_true(opts_completion(out, &with_board, arg));
}

static void
help_shows_every_row_that_is_meant_for_people(void **state)
{
	char *text = written(write_help, NULL);

	(void)state;
	assert_non_null(strstr(text, "usage: prog [OPTION...] [TREE...]"));
	assert_non_null(strstr(text, "  -p, --profile NAME"));
	assert_non_null(strstr(text, "--read-only"));
	assert_non_null(strstr(text, "  key import FILE..."));
	assert_null(strstr(text, "secret-child"));
	assert_null(strstr(text, "code-file"));
	free(text);
	text = written(write_help, &commands[0]);
	assert_non_null(strstr(text, "usage: prog claim [OPTION...] TREE CODE"));
	assert_non_null(strstr(text, "--code-file FILE"));
	assert_non_null(strstr(text, "--config FILE"));
	assert_null(strstr(text, "--read-only"));
	free(text);
}

/* Runs a shell over the script and returns what it prints. */
static char *
shell_says(const char *program, const char *script)
{
	const char *argv[] = { program, "-c", script, NULL };
	char dir[] = "/tmp/mqgp-XXXXXX", path[PATH_MAX];
	struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_KEEP };
	struct buf out;
	int code = -1;
	FILE *f;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(file_join(path, sizeof path, dir, "out"), MQ_OK);
	f = fopen(path, "we");
	assert_non_null(f);
	s.out = fileno(f);
	assert_int_equal(spawn_start(&s, &pid, NULL), MQ_OK);
	assert_int_equal(spawn_wait(pid, 20000, &code, NULL), MQ_OK);
	assert_int_equal(fclose(f), 0);
	buf_init(&out, 65536);
	assert_int_equal(file_read(path, &out, NULL), MQ_OK);
	assert_int_equal(file_remove_tree(dir, NULL), MQ_OK);
	assert_int_equal(code, 0);
	return buf_cstr(&out); /* malloc'ed: the caller's now */
}

static void
bash_completes_commands_options_and_second_words(void **state)
{
	static const struct {
		const char *words, *offered;
	} rows[] = {
		{ "prog ''", "claim key log" }, { "prog k", "key" }, { "prog key ''", "list import" },
		{ "prog -p plant key l", "list" }, { "prog log ''", "verify" },
		{ "prog claim --o", "--owner" }, { "prog claim --p", "--profile" },
		{ "prog log verify --", "--profile --config --help --version" },
		{ "prog --re", "--read-only" }, { "prog claim --owner ''", "" },
	};
	char *script = written(write_completion, "bash"), *said, *line;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_true(asprintf(&line,
				"%s\nCOMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _prog; printf %%s \"${COMPREPLY[*]}\"",
				script, rows[i].words) > 0);
		said = shell_says("bash", line);
		if (strcmp(said, rows[i].offered) != 0)
			fail_msg("%s: '%s', not '%s'", rows[i].words, said, rows[i].offered);
		free(said);
		free(line);
	}
	free(script);
}

static void
zsh_and_fish_scripts_name_every_command_and_quote_help(void **state)
{
	char *zsh = written(write_completion, "zsh"), *fish = written(write_completion, "fish");

	(void)state;
	assert_int_equal(strncmp(zsh, "#compdef prog\n", 14), 0);
	assert_non_null(strstr(zsh, "'log:shows the log\\: all of it'"));
	assert_non_null(strstr(zsh, "'verify:checks the log'\\''s chain'"));
	assert_non_null(strstr(zsh, "'--code-file:where the claim code stands'"));
	assert_non_null(strstr(fish, "complete -c prog -n __fish_use_subcommand -a claim -d 'claims a gateway'"));
	assert_non_null(strstr(fish, "-l owner -s o -x -d 'an owner'\\''s key; may be given often'"));
	assert_non_null(strstr(fish, "-l code-file -rF"));
	assert_null(strstr(fish, "secret-child"));
	free(zsh);
	free(fish);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(global_options_stand_before_or_after_the_command),
		cmocka_unit_test(commands_of_two_words_win_over_one),
		cmocka_unit_test(the_fallback_takes_trees_and_urls_and_everything_behind_two_dashes),
		cmocka_unit_test(a_wrong_line_is_refused_with_a_sentence),
		cmocka_unit_test(numbers_are_checked_where_they_are_read),
		cmocka_unit_test(the_exit_status_is_the_command_s),
		cmocka_unit_test(help_shows_every_row_that_is_meant_for_people),
		cmocka_unit_test(bash_completes_commands_options_and_second_words),
		cmocka_unit_test(zsh_and_fish_scripts_name_every_command_and_quote_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
