/*
 * Command lines from tables: sub-commands, options, --help, --version and shell completions.
 *
 * A program is a table of commands, a command a table of options; help and completions are
 * generated from the same rows. Parsing is getopt_long with its own sentences. A command may have
 * two words ("key list"). Global options may stand before or after the command; the options of a
 * command after it. Words after "--" are operands. --help, --version and --completion SHELL (for
 * the installer) exist everywhere. Main thread only.
 */
#ifndef MQGP_SRC_OPTS_H
#define MQGP_SRC_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/base/buf.h"

#define OPTS_GIVEN_MAX 64 /* options on one command line; many --owner are the reason for so many */
#define OPTS_ROWS_MAX 48  /* rows that one command and the program have together */
#define OPTS_MANY 255	  /* for opts_command.max */
#define OPTS_GO (-1)	  /* not an exit status: the program goes on */
#define OPTS_USAGE 2	  /* exit status of a wrong command line */

/* One option. Tables end with a row {0}. help NULL: works, but is not shown. An argument called
 * FILE or DIR is completed by shells. */
struct opt {
	const char *name;     /* without the dashes */
	char letter;	      /* or 0 */
	const char *argument; /* "TOPIC"; NULL: a flag */
	const char *help;     /* half a sentence, lower case, no full stop */
};

struct opts;

struct opts_command {
	const char *name;	   /* one word or two */
	const char *operands;	   /* for people: "FILE [TREE...]", or NULL */
	unsigned char min, max;	   /* how many operands */
	const char *help;	   /* NULL: works, but is not shown */
	const struct opt *options; /* or NULL */
	int (*run)(const struct opts *o); /* its exit status is the program's */
};

struct opts_program {
	const char *name, *version;
	const char *summary; /* one sentence */
	const struct opt *global;
	const struct opts_command *commands; /* ends with a row {0} */
	/* What runs when the first word is no command; its name may be NULL. NULL: a command is
	 * demanded. */
	const struct opts_command *fallback;
};

/* A parsed command line. It borrows argv. */
struct opts {
	const struct opts_program *program;
	const struct opts_command *command;
	char **operands;
	size_t operand_count;
	struct {
		const struct opt *opt;
		const char *value; /* NULL for a flag */
	} given[OPTS_GIVEN_MAX];
	size_t given_count;
};

/* Parses, runs the command and returns the exit status of the program. */
int opts_run(const struct opts_program *p, int argc, char **argv);
/* Only parses; moves words within argv. OPTS_GO, or the exit status when all is said already. */
int opts_parse(const struct opts_program *p, int argc, char **argv, struct opts *o);

bool opts_given(const struct opts *o, const char *name);
/* The value given last; NULL if there is none. */
const char *opts_value(const struct opts *o, const char *name);
/* The value number i (from 0) of an option that may be given often, or NULL. */
const char *opts_nth(const struct opts *o, const char *name, size_t i);
/* A number up to max, written canonically. OPTS_GO with *value set, or left alone if the option was
 * not given; OPTS_USAGE after a sentence on standard error. */
int opts_u32(const struct opts *o, const char *name, uint32_t max, uint32_t *value);
/* Says on standard error what is wrong and where help is; returns OPTS_USAGE. */
int opts_usage(const struct opts *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What --help prints; c NULL: the program's own page. */
void opts_help(FILE *out, const struct opts_program *p, const struct opts_command *c);
/* A completion script for "bash", "zsh" or "fish"; false for any other shell. */
bool opts_completion(FILE *out, const struct opts_program *p, const char *shell);

#endif
