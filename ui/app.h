/*
 * The dashboard without its surroundings: screens, keys, prompts, dialogs, one notice line.
 *
 * It knows neither engine nor sockets nor curses. What it needs from outside comes through struct
 * app_port; what it shows comes from struct snap. Tests drive it with a model they filled
 * themselves and a terminal in memory. UI thread only.
 */
#ifndef MQGP_UI_APP_H
#define MQGP_UI_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/model/snap.h"
#include "ui/input.h"
#include "ui/keymap.h"
#include "ui/term.h"

#define APP_COPY_MAX 4096 /* bytes sent to a terminal's clipboard */
#define APP_QUESTION_LINES 16
#define APP_ANSWER_MAX 512
#define APP_CHOICES 64
#define APP_PATH_MAX 512
#define APP_ATTACK_WORDS 200

struct app;

/* A decision about a tree, already confirmed; hash is the conf that was on the screen. */
struct app_decision {
	enum action action; /* ACTION_PIN, ACTION_UNPIN, ACTION_ACKNOWLEDGE */
	struct span tree;
	uint8_t hash[32];
};

/* What a running job wants to know. */
enum app_ask {
	APP_ASK_NOTHING,
	APP_ASK_WORD,	/* the last 8 hex digits of hex, typed */
	APP_ASK_LINE,	/* a line of text */
	APP_ASK_SECRET, /* a line that is not shown */
};
/* An answer that is known already. */
struct app_choice {
	char hex[65];
	char words[128]; /* hostile */
};
struct app_question {
	enum app_ask kind;
	uint64_t id;	    /* another question has another one */
	enum action action; /* what it is about: its danger gives the dialog its colour */
	char title[80];
	char line[APP_QUESTION_LINES][160]; /* hostile */
	size_t n_lines;
	bool refused; /* the last line says why another answer is needed */
	char what[40]; /* WORD: "your key"; LINE, SECRET: what is expected */
	char hex[129]; /* WORD: in full */
	/* LINE: what it begins with, and answers to choose from, which may come later */
	char typed[APP_ANSWER_MAX];
	struct app_choice choice[APP_CHOICES];
	size_t n_choices;
};

/* Everything the outside does for the app. arg is handed back. NULL members: cannot be done, and
 * their keys are not offered. All but `terminal` must return quickly. */
struct app_port {
	void *arg;
	void (*build)(void *arg, const struct snap_request *r, struct snap *out);
	bool (*filter_step)(void *arg); /* true: more to do */
	enum mq_err (*decide)(void *arg, const struct app_decision *d, struct mq_error *e);
	/* Starts the owner's job of an acting key on a tree. */
	enum mq_err (*job)(void *arg, enum action a, struct span tree, struct mq_error *e);
	/* Stops the job that runs, as far as it can still be stopped; false: none runs. */
	bool (*stop)(void *arg);
	/* The question a job waits with, if any; asked before each frame. */
	void (*question)(void *arg, struct app_question *q);
	/* text.p == NULL: the person said No. Secrets are wiped after the call. */
	void (*answer)(void *arg, uint64_t question, struct span text);
	/* Saves a message with what is needed to check it; path says where. */
	enum mq_err (*evidence)(void *arg, uint64_t topic, uint32_t serial,
	    char path[APP_PATH_MAX], struct mq_error *e);
	void (*clipboard)(void *arg, struct span text);
	/* The demo's attacks; 0: there are none. run may take a moment; words say what to look at. */
	size_t n_attacks;
	const char *(*attack_name)(void *arg, size_t i);
	enum mq_err (*attack)(void *arg, size_t i, char words[APP_ATTACK_WORDS], struct mq_error *e);
};

struct app_options {
	struct app_port port;
	struct keymap *keys; /* borrowed; what cannot be done is taken out */
	bool read_only;
	bool quiet;	     /* nothing ticks */
	int fps;
	const char *profile; /* shown; copied; may be NULL */
};

/* NULL without memory. */
struct app *app_new(const struct app_options *o);
void app_free(struct app *a);
/* One event of the terminal. Ctrl-Z and Ctrl-L are for the caller: app_terminal_wish. */
void app_event(struct app *a, const struct input *in);
enum app_terminal { APP_TERMINAL_NOTHING, APP_TERMINAL_STOP, APP_TERMINAL_REDRAW };
/* What a key asked of the terminal since the last call. */
enum app_terminal app_terminal_wish(struct app *a);
/* The model changed. */
void app_changed(struct app *a, int64_t mono_ms);
/* Bounded work between frames, and the passage of time. Call after each poll. */
void app_step(struct app *a, int64_t mono_ms);
/* Milliseconds until something is due by time alone; -1: nothing. */
int app_wait(const struct app *a, int64_t mono_ms);
/* What the person did is not on the screen yet. */
bool app_busy(const struct app *a);
bool app_due(const struct app *a, int64_t mono_ms, bool writable);
/* Builds what the screen needs and presents it. */
enum mq_err app_draw(struct app *a, struct term *t, int64_t mono_ms);
/* The person left, or the terminal is gone. */
bool app_over(const struct app *a);
/* Shows a sentence in the notice line; text may quote hostile bytes. */
void app_say(struct app *a, enum role role, struct span text);

#endif
