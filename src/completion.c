/*
 * Completion scripts. All three shells get the same rules, from the same tables: first the words of
 * a command, then its options and those of the program; FILE and DIR arguments complete to paths.
 *
 * The scripts of bash and zsh have one shape: find out which command stands on the line (it may
 * have two words; values of options are skipped), then offer what belongs to it. They differ in
 * how a list is written, which is struct dialect, and in the few lines around it.
 */
#include <string.h>

#include "src/opts.h"

#define CONDITION_MAX 128 /* a fish test with the name of a command in it */

struct dialect {
	const char *open, *close; /* of a list */
	void (*item)(FILE *out, const char *dashes, const char *name, const char *help);
};

/* ---- commands and their words */

static size_t
first_length(const struct opts_command *c)
{
	return strcspn(c->name, " ");
}

static const char *
second_word(const struct opts_command *c)
{
	return c->name[first_length(c)] != '\0' ? c->name + first_length(c) + 1 : NULL;
}

static bool
same_first(const struct opts_command *a, const struct opts_command *b)
{
	return first_length(a) == first_length(b) && strncmp(a->name, b->name, first_length(a)) == 0;
}

/* Whether c is the first shown command that begins with its first word. */
static bool
introduces(const struct opts_program *p, const struct opts_command *c)
{
	for (const struct opts_command *before = p->commands; before != c; before++)
		if (before->help != NULL && same_first(before, c))
			return false;
	return c->help != NULL;
}

/* The command that is called by the first word of c alone, or NULL. */
static const struct opts_command *
called_by_first(const struct opts_program *p, const struct opts_command *c)
{
	for (const struct opts_command *d = p->commands; d->name != NULL; d++)
		if (d->help != NULL && second_word(d) == NULL && same_first(d, c))
			return d;
	return NULL;
}

/* ---- options */

typedef void each_option(FILE *out, const struct opt *o, const void *arg);

static void
for_table(FILE *out, const struct opt *table, each_option *f, const void *arg)
{
	for (; table != NULL && table->name != NULL; table++)
		if (table->help != NULL)
			f(out, table, arg);
}

static void
for_program(FILE *out, const struct opts_program *p, each_option *f, const void *arg)
{
	for_table(out, p->global, f, arg);
	if (p->fallback != NULL)
		for_table(out, p->fallback->options, f, arg);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++)
		if (c->help != NULL)
			for_table(out, c->options, f, arg);
}

/* A part of a case pattern: the options whose argument is called arg; NULL: that have one. */
static void
pattern_of(FILE *out, const struct opt *o, const void *arg)
{
	if (o->argument == NULL || (arg != NULL && strcmp(o->argument, arg) != 0))
		return;
	(void)fprintf(out, "|--%s", o->name);
	if (o->letter != 0)
		(void)fprintf(out, "|-%c", o->letter);
}

/* ---- lists */

/* Text inside single quotes; a colon would end the name in zsh's NAME:HELP. */
static void
put_quoted(FILE *out, const char *text, bool escape_colon)
{
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			(void)fputs("'\\''", out);
		else if (*text == ':' && escape_colon)
			(void)fputs("\\:", out);
		else
			(void)fputc(*text, out);
	}
}

static void
bash_item(FILE *out, const char *dashes, const char *name, const char *help)
{
	(void)help;
	(void)fprintf(out, " %s%s", dashes, name);
}

static void
zsh_item(FILE *out, const char *dashes, const char *name, const char *help)
{
	(void)fprintf(out, " '%s%s:", dashes, name);
	put_quoted(out, help, true);
	(void)fputs("'", out);
}

static void
option_item(FILE *out, const struct opt *o, const void *arg)
{
	const struct dialect *d = arg;

	d->item(out, "--", o->name, o->help);
}

static void
list_options(FILE *out, const struct opts_program *p, const struct opts_command *c,
    const struct dialect *d)
{
	(void)fprintf(out, "options=%s", d->open);
	for_table(out, c != NULL ? c->options : NULL, option_item, d);
	for_table(out, p->global, option_item, d);
	d->item(out, "--", "help", "show help and exit");
	d->item(out, "--", "version", "show the version and exit");
	(void)fputs(d->close, out);
}

static void
list_first_words(FILE *out, const struct opts_program *p, const struct dialect *d)
{
	(void)fprintf(out, " more=%s", d->open);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++) {
		const struct opts_command *alone = called_by_first(p, c);
		char word[64];

		if (!introduces(p, c))
			continue;
		(void)snprintf(word, sizeof word, "%.*s", (int)first_length(c), c->name);
		d->item(out, "", word, alone != NULL ? alone->help : c->help);
	}
	(void)fputs(d->close, out);
}

static void
list_second_words(FILE *out, const struct opts_program *p, const struct opts_command *of,
    const struct dialect *d)
{
	(void)fprintf(out, " more=%s", d->open);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++)
		if (c->help != NULL && second_word(c) != NULL && same_first(c, of))
			d->item(out, "", second_word(c), c->help);
	(void)fputs(d->close, out);
}

/* The cases that choose what may follow a command. */
static void
list_cases(FILE *out, const struct opts_program *p, const struct dialect *d)
{
	(void)fputs("\t'') ", out);
	list_options(out, p, p->fallback, d);
	list_first_words(out, p, d);
	(void)fputs(" ;;\n", out);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++) {
		if (introduces(p, c)) {
			(void)fprintf(out, "\t'%.*s') ", (int)first_length(c), c->name);
			list_options(out, p, called_by_first(p, c), d);
			list_second_words(out, p, c, d);
			(void)fputs(" ;;\n", out);
		}
		if (c->help != NULL && second_word(c) != NULL) {
			(void)fprintf(out, "\t'%s') ", c->name);
			list_options(out, p, c, d);
			(void)fputs(" ;;\n", out);
		}
	}
}

/* The words behind which a second word of a command may come, as a case pattern. */
static void
prefix_pattern(FILE *out, const struct opts_program *p)
{
	(void)fputs("''", out);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++)
		if (c->help != NULL && second_word(c) != NULL)
			(void)fprintf(out, "|%.*s", (int)first_length(c), c->name);
}

/* The loop that collects the command from the words before the cursor. */
static void
find_command_loop(FILE *out, const struct opts_program *p, const char *range, const char *word)
{
	(void)fprintf(out, "\tfor ((%s; i++)); do\n\t\tcase %s in\n\t\t''", range, word);
	for_program(out, p, pattern_of, NULL);
	(void)fputs(") ((i++)) ;;\n\t\t-*) ;;\n\t\t*) case $command in\n\t\t\t", out);
	prefix_pattern(out, p);
	(void)fprintf(out, ") command=\"${command:+$command }%s\" ;;\n\t\t\tesac ;;\n\t\tesac\n\tdone\n", word);
}

/* What completes the value of an option. */
static void
value_case(FILE *out, const struct opts_program *p, const char *previous, const char *argument,
    const char *action)
{
	(void)fprintf(out, "\tcase %s in\n\t''", previous);
	for_program(out, p, pattern_of, argument);
	(void)fprintf(out, ") %s; return ;;\n\tesac\n", action);
}

static void
bash_script(FILE *out, const struct opts_program *p)
{
	static const struct dialect bash = { "'", "'", bash_item };
	static const char previous[] = "${COMP_WORDS[COMP_CWORD-1]}";

	(void)fprintf(out, "# bash completion for %s\n_%s() {\n", p->name, p->name);
	(void)fputs("\tlocal cur=${COMP_WORDS[COMP_CWORD]} command= options= more= i\n\tCOMPREPLY=()\n", out);
	find_command_loop(out, p, "i = 1; i < COMP_CWORD", "${COMP_WORDS[i]}");
	value_case(out, p, previous, "DIR", "COMPREPLY=($(compgen -d -- \"$cur\"))");
	value_case(out, p, previous, "FILE", "COMPREPLY=($(compgen -f -- \"$cur\"))");
	value_case(out, p, previous, NULL, ":");
	(void)fputs("\tcase $command in\n", out);
	list_cases(out, p, &bash);
	(void)fprintf(out,
	    "\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	    "\telif [[ -n $more ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$more\" -- \"$cur\"))\n"
	    "\telse\n\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\tfi\n}\ncomplete -o filenames -F _%s %s\n",
	    p->name, p->name);
}

static void
zsh_script(FILE *out, const struct opts_program *p)
{
	static const struct dialect zsh = { "(", ")", zsh_item };
	static const char previous[] = "$words[CURRENT-1]";

	(void)fprintf(out, "#compdef %s\n_%s() {\n", p->name, p->name);
	(void)fputs("\tlocal command= i\n\tlocal -a options more\n", out);
	find_command_loop(out, p, "i = 2; i < CURRENT", "$words[i]");
	value_case(out, p, previous, "DIR", "_files -/");
	value_case(out, p, previous, "FILE", "_files");
	value_case(out, p, previous, NULL, ":");
	(void)fputs("\tcase $command in\n", out);
	list_cases(out, p, &zsh);
	(void)fprintf(out,
	    "\tesac\n\tif [[ $PREFIX == -* ]]; then\n\t\t_describe option options\n"
	    "\telif (( $#more )); then\n\t\t_describe command more\n\telse\n\t\t_files\n\tfi\n}\n"
	    "_%s \"$@\"\n",
	    p->name);
}

/* ---- fish: one line a word, with the condition under which it is offered */

struct fish_line {
	const char *program;
	char condition[CONDITION_MAX];
};

static void
fish_describe(FILE *out, const char *help)
{
	(void)fputs(" -d '", out);
	put_quoted(out, help, false);
	(void)fputs("'\n", out);
}

static void
fish_option(FILE *out, const struct opt *o, const void *arg)
{
	const struct fish_line *line = arg;
	const char *a = o->argument;

	(void)fprintf(out, "complete -c %s -n '%s' -l %s", line->program, line->condition, o->name);
	if (o->letter != 0)
		(void)fprintf(out, " -s %c", o->letter);
	if (a != NULL)
		(void)fputs(strcmp(a, "FILE") == 0 || strcmp(a, "DIR") == 0 ? " -rF" : " -x", out);
	fish_describe(out, o->help);
}

static void
fish_command(FILE *out, const struct opts_program *p, const struct opts_command *c)
{
	const struct opts_command *alone = called_by_first(p, c);
	struct fish_line line = { .program = p->name };
	int first = (int)first_length(c);

	if (introduces(p, c)) {
		(void)fprintf(out, "complete -c %s -n __fish_use_subcommand -a %.*s", p->name, first, c->name);
		fish_describe(out, alone != NULL ? alone->help : c->help);
	}
	(void)snprintf(line.condition, sizeof line.condition, "__fish_seen_subcommand_from %.*s", first,
	    c->name);
	if (second_word(c) != NULL) {
		(void)fprintf(out, "complete -c %s -n '%s' -a %s", p->name, line.condition, second_word(c));
		fish_describe(out, c->help);
		(void)snprintf(line.condition, sizeof line.condition,
		    "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s", first, c->name,
		    second_word(c));
	}
	for_table(out, c->options, fish_option, &line);
}

static void
fish_script(FILE *out, const struct opts_program *p)
{
	struct fish_line always = { p->name, "true" }, none = { p->name, "__fish_use_subcommand" };

	(void)fprintf(out, "# fish completion for %s\n", p->name);
	for_table(out, p->global, fish_option, &always);
	if (p->fallback != NULL)
		for_table(out, p->fallback->options, fish_option, &none);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++)
		if (c->help != NULL)
			fish_command(out, p, c);
}

bool
opts_completion(FILE *out, const struct opts_program *p, const char *shell)
{
	static const struct {
		const char *name;
		void (*write)(FILE *out, const struct opts_program *p);
	} shells[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };

	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++) {
		if (strcmp(shell, shells[i].name) == 0) {
			shells[i].write(out, p);
			return true;
		}
	}
	return false;
}
