/*
 * Where things live: XDG folders, one state folder per profile, and a short runtime folder.
 *
 * gpg's sockets must fit sun_path (108 bytes) below a temporary home, so the runtime folder is at
 * most PATHS_RUNTIME_MAX bytes long, or /tmp is used. Relative XDG values are ignored, as the XDG
 * specification asks. Nothing here is made but by paths_make_*. Plain data.
 */
#ifndef MQGP_CORE_CONFIG_PATHS_H
#define MQGP_CORE_CONFIG_PATHS_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

#define PATHS_RUNTIME_MAX 60 /* leaves 48 bytes for "/pgp-XXXXXX/S.gpg-agent.browser" */

/* NULL members: not set. */
struct paths_env {
	const char *home, *config_home, *state_home, *runtime_dir;
	uid_t uid;
};
struct paths_env paths_env_real(void); /* HOME may come from the user database */

struct paths {
	char config_dir[PATH_MAX];  /* .../mqgp */
	char config_file[PATH_MAX]; /* .../mqgp/config */
	char theme_dir[PATH_MAX];   /* .../mqgp/themes */
	char state_dir[PATH_MAX];   /* .../mqgp; profiles live below it */
	char runtime_dir[PATHS_RUNTIME_MAX + 1];
	char runtime_spare[PATHS_RUNTIME_MAX + 1]; /* /tmp/mqgp-UID, if runtime_dir cannot be made */
};

/* MQ_ENOENT if neither HOME nor the XDG variables say where; MQ_ELIMIT. */
enum mq_err paths_find(struct paths *p, const struct paths_env *env, struct mq_error *e);
/* STATE/NAME; the name is a profile's. Only composes. */
enum mq_err paths_profile_dir(const struct paths *p, const char *name, char *out, size_t size);
/* Makes the profile's folder, 0700, with outbox/ and keys/. */
enum mq_err paths_make_profile(const struct paths *p, const char *name, char *out, size_t size,
    struct mq_error *e);
/* Makes the runtime folder, 0700, ours; falls back to the spare one and notes it in runtime_dir. */
enum mq_err paths_make_runtime(struct paths *p, struct mq_error *e);

#endif
