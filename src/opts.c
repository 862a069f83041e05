#include "src/opts.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

#define ROW_FIRST 256 /* getopt's values for rows begin above every letter */
#define WORD_MAX 64   /* shown of a word that is not understood; names of commands are shorter */
#define TYPO_DISTANCE 2

static const struct opt built_in[] = {
	{ "help", 'h', NULL, "show this and exit" },
	{ "version", 0, NULL, "show the version and exit" },
	{ "completion", 0, "SHELL", NULL },
	{ 0 },
};

/* The rows that are in force, in the two shapes that getopt_long wants. */
struct rows {
	const struct opt *row[OPTS_ROWS_MAX];
	int n;
	struct option longs[OPTS_ROWS_MAX + 1];
	char shorts[2 + 2 * OPTS_ROWS_MAX + 1];
};

static void
rows_add(struct rows *r, const struct opt *table)
{
	char *s = r->shorts + strlen(r->shorts);

	for (; table != NULL && table->name != NULL; table++) {
		if (r->n == OPTS_ROWS_MAX)
			abort(); /* the program's own tables are too long */
		r->longs[r->n] = (struct option){ .name = table->name,
			.has_arg = table->argument != NULL ? required_argument : no_argument,
			.val = ROW_FIRST + r->n };
		r->row[r->n++] = table;
		if (table->letter == 0)
			continue;
		*s++ = table->letter;
		if (table->argument != NULL)
			*s++ = ':';
		*s = '\0';
	}
}

static void
rows_init(struct rows *r, const char *mode, const struct opts_program *p,
    const struct opts_command *c)
{
	memset(r, 0, sizeof *r);
	memcpy(r->shorts, mode, strlen(mode) + 1);
	rows_add(r, c != NULL ? c->options : NULL);
	rows_add(r, p->global);
	rows_add(r, built_in);
}

/* The row that getopt means with its return value, or NULL. */
static const struct opt *
rows_find(const struct rows *r, int value)
{
	if (value >= ROW_FIRST && value < ROW_FIRST + r->n)
		return r->row[value - ROW_FIRST];
	for (int i = 0; i < r->n; i++)
		if (value > 0 && r->row[i]->letter == value)
			return r->row[i];
	return NULL;
}

int
opts_usage(const struct opts *o, const char *fmt, ...)
{
	const char *name = o->command != NULL && o->command->name != NULL ? o->command->name : "";
	char words[1024], safe[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof words, fmt, ap); /* cut is fine */
	va_end(ap);
	utf8_safe(safe, sizeof safe, span_of(words));
	(void)fprintf(stderr, "%s: %s\ntry: %s%s%s --help\n", o->program->name, safe,
	    o->program->name, *name != '\0' ? " " : "", name);
	return OPTS_USAGE;
}

/* How many letters to change, add or drop to get from a to b (Levenshtein); 99: far. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[WORD_MAX + 1], diagonal, above;
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return 99;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= nb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[nb];
}

/* The command somebody may have meant, or NULL. */
static const char *
likely_command(const struct opts_program *p, const char *word)
{
	const char *best = NULL;
	unsigned least = TYPO_DISTANCE + 1, d;

	for (const struct opts_command *c = p->commands; c->name != NULL; c++) {
		if (c->help == NULL || strlen(word) <= TYPO_DISTANCE)
			continue;
		if ((d = distance(word, c->name)) < least) {
			least = d;
			best = c->name;
		}
	}
	return best;
}

/* How many words of name stand at argv[at]: 0 if it is another command. */
static int
words_matching(const char *name, int argc, char **argv, int at)
{
	const char *space = strchr(name, ' ');
	size_t first = space != NULL ? (size_t)(space - name) : strlen(name);

	if (strlen(argv[at]) != first || memcmp(argv[at], name, first) != 0)
		return 0;
	if (space == NULL)
		return 1;
	return at + 1 < argc && strcmp(argv[at + 1], space + 1) == 0 ? 2 : 0;
}

/* Finds the command at argv[at]; *words says how many words it has there. */
static const struct opts_command *
find_command(const struct opts_program *p, int argc, char **argv, int at, int *words)
{
	const struct opts_command *found = NULL;

	*words = 0;
	for (const struct opts_command *c = p->commands; c->name != NULL; c++) {
		int n = words_matching(c->name, argc, argv, at);

		if (n > *words) {
			*words = n;
			found = c;
		}
	}
	return found;
}

/* Says that a word is no command: either it begins one, or it resembles one, or neither. */
static int
refuse_word(const struct opts *o, const char *word)
{
	const char *likely = likely_command(o->program, word);
	size_t n = strlen(word);
	char second[256] = "";

	for (const struct opts_command *c = o->program->commands; c->name != NULL; c++) {
		size_t used = strlen(second);

		if (c->help != NULL && strncmp(c->name, word, n) == 0 && c->name[n] == ' ')
			(void)snprintf(second + used, sizeof second - used, "%s%s",
			    used != 0 ? ", " : "", c->name + n + 1);
	}
	if (*second != '\0')
		return opts_usage(o, "'%.*s' needs one of: %s", WORD_MAX, word, second);
	if (likely != NULL)
		return opts_usage(o, "'%.*s' is not a command; did you mean '%s'?", WORD_MAX, word, likely);
	return opts_usage(o, "'%.*s' is not a command", WORD_MAX, word);
}

static bool
begins_command(const struct opts_program *p, const char *word)
{
	size_t n = strlen(word);

	for (const struct opts_command *c = p->commands; c->name != NULL; c++)
		if (strncmp(c->name, word, n) == 0 && c->name[n] == ' ')
			return true;
	return false;
}

/* Finds the command among the options before it and takes its words out of argv. Errors in those
 * options are left for the real parse. */
static int
choose_command(struct opts *o, int *argc, char **argv)
{
	const struct opts_program *p = o->program;
	const struct opts_command *found;
	struct rows rows;
	int words, at;

	rows_init(&rows, "+:", p, p->fallback);
	optind = 0; /* start afresh */
	while (getopt_long(*argc, argv, rows.shorts, rows.longs, NULL) != -1)
		;
	at = optind;
	o->command = p->fallback;
	if (at >= *argc || (at > 1 && strcmp(argv[at - 1], "--") == 0))
		return OPTS_GO;
	if ((found = find_command(p, *argc, argv, at, &words)) == NULL) {
		/* An operand of the fallback, unless it looks like a slip of the fingers. */
		if (p->fallback != NULL && !begins_command(p, argv[at]) &&
		    (strpbrk(argv[at], "/:") != NULL || likely_command(p, argv[at]) == NULL))
			return OPTS_GO;
		return refuse_word(o, argv[at]);
	}
	o->command = found;
	memmove(argv + at, argv + at + words, (size_t)(*argc - at - words + 1) * sizeof *argv);
	*argc -= words;
	return OPTS_GO;
}

/* The word getopt complains of: the letter, or the long option without its value. */
static int
refuse_option(const struct opts *o, const struct rows *rows, int reason, const char *word)
{
	const struct opt *row = rows_find(rows, optopt);

	if (reason == ':' && row != NULL)
		return opts_usage(o, "--%s needs a value: %s", row->name, row->argument);
	if (row != NULL)
		return opts_usage(o, "--%s takes no value", row->name);
	if (optopt != 0)
		return opts_usage(o, "unknown option -%c", optopt);
	return opts_usage(o, "unknown option %.*s", (int)strcspn(word, "="), word);
}

/* The three options that end the program at once. */
static int
answer_built_in(const struct opts *o, const struct opt *row, const char *value)
{
	const struct opts_command *c = o->command != o->program->fallback ? o->command : NULL;

	if (row == &built_in[0])
		opts_help(stdout, o->program, c);
	else if (row == &built_in[1])
		(void)printf("%s %s\n", o->program->name, o->program->version);
	else if (!opts_completion(stdout, o->program, value))
		return opts_usage(o, "no completions for '%.*s'; there are: bash, zsh, fish", WORD_MAX,
		    value);
	return fflush(stdout) == 0 ? 0 : 3;
}

static int
parse_options(struct opts *o, int argc, char **argv)
{
	const struct opt *row;
	struct rows rows;
	int value;

	rows_init(&rows, ":", o->program, o->command);
	optind = 0;
	while ((value = getopt_long(argc, argv, rows.shorts, rows.longs, NULL)) != -1) {
		if (value == '?' || value == ':')
			return refuse_option(o, &rows, value, argv[optind - 1]);
		row = rows_find(&rows, value);
		if (row >= built_in && row < built_in + sizeof built_in / sizeof built_in[0])
			return answer_built_in(o, row, optarg);
		if (o->given_count == OPTS_GIVEN_MAX)
			return opts_usage(o, "more than %d options", OPTS_GIVEN_MAX);
		o->given[o->given_count].opt = row;
		o->given[o->given_count++].value = row->argument != NULL ? optarg : NULL;
	}
	o->operands = argv + optind;
	o->operand_count = (size_t)(argc - optind);
	return OPTS_GO;
}

int
opts_parse(const struct opts_program *p, int argc, char **argv, struct opts *o)
{
	const struct opts_command *c;
	int r;

	*o = (struct opts){ .program = p };
	opterr = 0;
	if ((r = choose_command(o, &argc, argv)) != OPTS_GO ||
	    (r = parse_options(o, argc, argv)) != OPTS_GO)
		return r;
	if ((c = o->command) == NULL)
		return opts_usage(o, "which command?");
	if (o->operand_count < c->min)
		return opts_usage(o, "missing: %s", c->operands != NULL ? c->operands : "operand");
	if (c->max != OPTS_MANY && o->operand_count > c->max)
		return opts_usage(o, "'%.*s' is one word too many", WORD_MAX, o->operands[c->max]);
	return OPTS_GO;
}

int
opts_run(const struct opts_program *p, int argc, char **argv)
{
	struct opts o;
	int r = opts_parse(p, argc, argv, &o);

	return r != OPTS_GO ? r : o.command->run(&o);
}

/* A name that is in no table is a slip of the programmer, not of the operator. */
static void
demand_row(const struct opts *o, const char *name)
{
	const struct opt *const tables[] = { o->command->options, o->program->global };

	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct opt *row = tables[i]; row != NULL && row->name != NULL; row++)
			if (strcmp(row->name, name) == 0)
				return;
	(void)fprintf(stderr, "%s: no row for option --%s\n", o->program->name, name);
	abort();
}

const char *
opts_nth(const struct opts *o, const char *name, size_t i)
{
	demand_row(o, name);
	for (size_t at = 0; at < o->given_count; at++)
		if (strcmp(o->given[at].opt->name, name) == 0 && i-- == 0)
			return o->given[at].value;
	return NULL;
}

bool
opts_given(const struct opts *o, const char *name)
{
	demand_row(o, name);
	for (size_t at = 0; at < o->given_count; at++)
		if (strcmp(o->given[at].opt->name, name) == 0)
			return true;
	return false;
}

const char *
opts_value(const struct opts *o, const char *name)
{
	const char *last = NULL, *value;

	for (size_t i = 0; (value = opts_nth(o, name, i)) != NULL; i++)
		last = value;
	return last;
}

int
opts_u32(const struct opts *o, const char *name, uint32_t max, uint32_t *value)
{
	const char *text = opts_value(o, name);
	uint64_t number;

	if (text == NULL)
		return OPTS_GO;
	if (!text_u64(span_of(text), max, &number))
		return opts_usage(o, "--%s is a number from 0 to %" PRIu32 ", not '%.*s'", name, max,
		    WORD_MAX, text);
	*value = (uint32_t)number;
	return OPTS_GO;
}

static void
help_options(FILE *out, const char *title, const struct opt *table)
{
	char left[WORD_MAX];

	if (table == NULL || table->name == NULL)
		return;
	(void)fprintf(out, "\n%s\n", title);
	for (; table->name != NULL; table++) {
		if (table->help == NULL)
			continue;
		(void)snprintf(left, sizeof left, "%c%c%c --%s%s%s", table->letter != 0 ? '-' : ' ',
		    table->letter != 0 ? table->letter : ' ', table->letter != 0 ? ',' : ' ',
		    table->name, table->argument != NULL ? " " : "",
		    table->argument != NULL ? table->argument : "");
		(void)fprintf(out, "  %-28s %s\n", left, table->help);
	}
}

static void
help_commands(FILE *out, const struct opts_program *p)
{
	char left[WORD_MAX];

	if (p->commands->name == NULL)
		return;
	(void)fputs("\nCommands\n", out);
	for (const struct opts_command *c = p->commands; c->name != NULL; c++) {
		if (c->help == NULL)
			continue;
		(void)snprintf(left, sizeof left, "%s%s%s", c->name, c->operands != NULL ? " " : "",
		    c->operands != NULL ? c->operands : "");
		(void)fprintf(out, "  %-28s %s\n", left, c->help);
	}
	(void)fprintf(out, "\n%s COMMAND --help says more about one of them.\n", p->name);
}

void
opts_help(FILE *out, const struct opts_program *p, const struct opts_command *c)
{
	const struct opts_command *shown = c != NULL ? c : p->fallback;
	const char *name = shown != NULL && shown->name != NULL ? shown->name : "";
	const char *operands = shown != NULL && shown->operands != NULL ? shown->operands : "";

	/* Errors of out are seen by whoever closes or flushes it. */
	if (shown != NULL)
		(void)fprintf(out, "usage: %s%s%s [OPTION...]%s%s\n", p->name, *name != '\0' ? " " : "",
		    name, *operands != '\0' ? " " : "", operands);
	if (c == NULL)
		(void)fprintf(out, "%s %s COMMAND [OPTION...]\n\n%s\n",
		    shown != NULL ? "      " : "usage:", p->name, p->summary);
	else
		(void)fprintf(out, "\n%s\n", c->help != NULL ? c->help : "");
	if (shown != NULL)
		help_options(out, "Options", shown->options);
	help_options(out, "Options of every command", p->global);
	help_options(out, "Always", built_in);
	if (c == NULL)
		help_commands(out, p);
}
