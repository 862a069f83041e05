/*
 * What every sub-command begins with: configuration, profile, folders, who we are.
 *
 * Reads the options --config and --profile, and a broker URL given as first operand. Says on
 * standard error what is wrong. Main thread only.
 */
#ifndef MQGP_SRC_SETUP_H
#define MQGP_SRC_SETUP_H

#include <limits.h>

#include "core/config/config.h"
#include "core/config/paths.h"
#include "src/opts.h"

#define EXIT_GOOD 0
#define EXIT_UNMET 1  /* a verdict or expectation was not met */
#define EXIT_USAGE 2  /* usage or configuration */
#define EXIT_SYSTEM 3 /* terminal, gpg, disk, broker */

struct setup {
	struct config config;
	struct paths paths;
	const char *config_path;       /* of the file, whether it is there or not */
	struct profile own;	       /* made from a URL */
	const struct profile *profile; /* the one in force; NULL: none configured */
	char state_dir[PATH_MAX];      /* of the profile; "" without one */
	char who[128];		       /* user@host */
	char **operands;	       /* those left after a URL was taken */
	size_t n_operands;
};

enum setup_need {
	SETUP_CONFIG_ONLY,
	SETUP_PROFILE,
	SETUP_PROFILE_OPTIONAL,
	SETUP_LOOK, /* the profile is optional and no folder is made: for commands that only read */
};

/* OPTS_GO, or the exit status after a sentence on standard error. Free with setup_done always. */
int setup_load(struct setup *s, const struct opts *o, enum setup_need need);
/* SETUP_LOOK for commands that go on without a good configuration: its errors are left in *errors
 * (n 0 before), and defaults are in force. */
int setup_examine(struct setup *s, const struct opts *o, struct config_errors *errors);
void setup_done(struct setup *s);
/* Says every error of the configuration with its file and line. */
void setup_complain_config(const struct setup *s, const struct config_errors *errors);
/* Prints "PROGRAM: text" with everything escaped that a terminal could act on. */
void setup_complain(const char *text);
/* The exit status that goes with an error. */
int setup_status(enum mq_err r);
/* Decodes a TREE operand (percent form, as in a conf); complains and returns false if it is none. */
bool setup_tree(const struct setup *s, const char *word, uint8_t topic[512], size_t *n);
/* Writes one row to the profile's audit log and waits for the disk; what was done is done, so a
 * failure is only said. Without a profile there is no log. */
void setup_note(const struct setup *s, const char *kind, struct span tree, const char *text,
    const char *detail);

#endif
