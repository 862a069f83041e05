/*
 * The dashboard as a program: terminal, engine, owner's work and app around one poll loop.
 *
 * setup is loaded and has a profile. Calls setlocale(LC_CTYPE) and starts threads; signals must be
 * blocked (they are read with signalfd). Main thread only.
 */
#ifndef MQGP_SRC_DASH_H
#define MQGP_SRC_DASH_H

#include "core/base/err.h"
#include "src/setup.h"

#define DASH_ATTACK_WORDS 200

/* The demo's attack menu; n 0: there is none. */
struct dash_attacks {
	void *arg;
	size_t n;
	const char *(*name)(void *arg, size_t i);
	/* Stages one; words say what to look at. */
	enum mq_err (*run)(void *arg, size_t i, char words[DASH_ATTACK_WORDS], struct mq_error *e);
};

struct dash_options {
	const struct setup *setup;
	const struct span *trees; /* decoded topics besides the profile's */
	size_t n_trees;
	bool read_only;
	struct dash_attacks attacks;
	/* Without a terminal: the same program on a screen in memory, driven by a script. */
	int w, h; /* 0: a terminal */
	struct span script;
	const char *save_screen; /* file for the last screen, or NULL */
};

/* The exit status; what went wrong is said on standard error. */
int dash_run(const struct dash_options *o);

#endif
