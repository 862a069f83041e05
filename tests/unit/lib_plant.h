/*
 * A small plant in a model, with a fixed clock, and the real app on top of it: for tests that look
 * at screens. What it holds is made up and always the same; one branch is hostile.
 */
#ifndef MQGP_TESTS_UNIT_LIB_PLANT_H
#define MQGP_TESTS_UNIT_LIB_PLANT_H

#include "core/model/model.h"
#include "tests/unit/lib_golden.h"
#include "ui/app.h"

#define PLANT_TREE "chernobyl/unit1/cooling_plant"
#define PLANT_BANK "bankofengland/londonbranch/security"
#define PLANT_FPR "18AAA270E72CF9A535092A8B410A61245E0FE04F"
#define PLANT_OWNER "47961A2B3C4D5E6F708192A3B4C5D6E7F8096CCD"
#define PLANT_OTHER "607400BEA328EF86FCDD3A57789B3BE9576A3395"
#define PLANT_NIGHT "D3902C23A94CA28DBA5E149C167A14AAAA694822"

struct plant {
	struct clock clock;
	struct model *m;
	struct snap_view *v;
	struct keymap *keys;
	struct app *app;
	/* what the app asked for, in words, newest last */
	struct buf asked;
	struct app_question question; /* what a job wants to know */
	bool read_only;
	enum mq_err answer; /* of decide, job and evidence */
};

/* A model with the plant in it; no app yet. */
void plant_init(struct plant *p);
void plant_done(struct plant *p);
/* The app, over the model as it is now. */
void plant_start(struct plant *p);
/* Empty: connected, and nothing has arrived. */
void plant_init_empty(struct plant *p);
struct topic_node *plant_message(struct plant *p, const char *tree, const char *topic,
    enum verdict v, struct span payload);
/* Feeds keys by name, blanks between: "2 Down Enter". Each is followed by a frame. */
void plant_keys(struct plant *p, struct term *t, const char *names);
void plant_type(struct plant *p, struct term *t, const char *text);
void plant_frame(struct plant *p, struct term *t);
/* Golden screens at the five sizes, mono and ASCII after these keys, each with a fresh app. */
void plant_golden(struct plant *p, const char *name, const char *keys);
/* Is it on the screen? A plain substring of one line. */
bool plant_shows(const struct term *t, const char *text);

#endif
