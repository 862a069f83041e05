/*
 * An owner of the demo: a folder with a throw-away OpenPGP key in a GnuPG home of its own, a
 * configuration and a state folder. What owners do goes through core/owner/job.h, as for anybody.
 *
 * Main thread only; a running act has a thread of its own inside the job.
 */
#ifndef MQGP_SRC_DEMO_OWNER_H
#define MQGP_SRC_DEMO_OWNER_H

#include <limits.h>

#include "core/config/config.h"
#include "core/config/paths.h"
#include "core/trust/pgp.h"
#include "src/demo_place.h"

#define DEMO_SETTING_MAX (DEMO_PATH_MAX + 24)

struct demo_owner {
	char letter; /* 'a', 'b' */
	char dir[DEMO_PATH_MAX], gnupg[DEMO_PATH_MAX], config_file[DEMO_PATH_MAX];
	struct fpr key;
	struct config config;
	const struct profile *profile;
	struct paths paths;
	char state_dir[PATH_MAX];
	bool have_config;
};

/* Makes folders and key below dir. */
enum mq_err demo_owner_make(struct demo_owner *o, const char *dir, char letter, struct mq_error *e);
/* The two tell each other their public keys, as people do before a transfer. */
enum mq_err demo_owners_meet(struct demo_owner *a, struct demo_owner *b, struct mq_error *e);
/* Writes and loads the configuration for this broker and these trees (ends with NULL). */
enum mq_err demo_owner_configure(struct demo_owner *o, const char *url, const char *const *trees,
    struct mq_error *e);
void demo_owner_done(struct demo_owner *o);

/* "NAME=value" for programs that work as this owner; ends with NULL. */
#define DEMO_SETTINGS 5
struct demo_settings {
	char text[DEMO_SETTINGS - 1][DEMO_SETTING_MAX];
	const char *list[DEMO_SETTINGS];
};
/* Works without a struct demo_owner: dir is the instance's. */
void demo_owner_settings(struct demo_settings *s, const char *dir, char letter);
void demo_owner_config_file(char out[DEMO_PATH_MAX], const char *dir, char letter);

/* Makes a key in a fresh home and leaves the home open for signing. */
enum mq_err demo_make_key(const char *home, const char *user_id, struct pgp **out, struct fpr *key,
    struct mq_error *e);

#endif
