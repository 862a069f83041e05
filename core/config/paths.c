#include "core/config/paths.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

struct paths_env
paths_env_real(void)
{
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if ((home == NULL || home[0] != '/') && (pw = getpwuid(getuid())) != NULL)
		home = pw->pw_dir;
	return (struct paths_env){ home, getenv("XDG_CONFIG_HOME"), getenv("XDG_STATE_HOME"),
		getenv("XDG_RUNTIME_DIR"), getuid() };
}

/* BASE/mqgp when base is an absolute path, else HOME/fallback/mqgp. */
static enum mq_err
compose(char *out, size_t size, const char *base, const char *home, const char *fallback,
    struct mq_error *e)
{
	int n;

	if (base != NULL && base[0] == '/')
		n = snprintf(out, size, "%s/mqgp", base);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/%s/mqgp", home, fallback);
	else
		return mq_fail(e, MQ_ENOENT, "neither HOME nor the XDG folders are set");
	if (n < 0 || (size_t)n >= size)
		return mq_fail(e, MQ_ELIMIT, "the path of a folder is too long");
	return MQ_OK;
}

enum mq_err
paths_find(struct paths *p, const struct paths_env *env, struct mq_error *e)
{
	enum mq_err r;
	int n;

	memset(p, 0, sizeof *p);
	if ((r = compose(p->config_dir, sizeof p->config_dir, env->config_home, env->home,
		 ".config", e)) != MQ_OK ||
	    (r = compose(p->state_dir, sizeof p->state_dir, env->state_home, env->home,
		 ".local/state", e)) != MQ_OK)
		return r;
	if (file_join(p->config_file, sizeof p->config_file, p->config_dir, "config") != MQ_OK ||
	    file_join(p->theme_dir, sizeof p->theme_dir, p->config_dir, "themes") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the configuration is too long");
	n = snprintf(p->runtime_spare, sizeof p->runtime_spare, "/tmp/mqgp-%lu",
	    (unsigned long)env->uid);
	if (n < 0 || (size_t)n >= sizeof p->runtime_spare)
		return mq_fail(e, MQ_ELIMIT, "the runtime folder's path is too long");
	n = env->runtime_dir != NULL && env->runtime_dir[0] == '/' ?
	    snprintf(p->runtime_dir, sizeof p->runtime_dir, "%s/mqgp", env->runtime_dir) : -1;
	if (n < 0 || (size_t)n >= sizeof p->runtime_dir)
		memcpy(p->runtime_dir, p->runtime_spare, sizeof p->runtime_dir);
	return MQ_OK;
}

enum mq_err
paths_profile_dir(const struct paths *p, const char *name, char *out, size_t size)
{
	return file_join(out, size, p->state_dir, name);
}

enum mq_err
paths_make_profile(const struct paths *p, const char *name, char *out, size_t size,
    struct mq_error *e)
{
	static const char *const below[] = { "outbox", "keys" };
	char path[PATH_MAX];
	enum mq_err r;

	if (paths_profile_dir(p, name, out, size) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the state folder's path is too long");
	if ((r = file_private_dir(out, e)) != MQ_OK)
		return r;
	for (size_t i = 0; i < sizeof below / sizeof below[0]; i++) {
		if (file_join(path, sizeof path, out, below[i]) != MQ_OK)
			return mq_fail(e, MQ_ELIMIT, "the state folder's path is too long");
		if ((r = file_private_dir(path, e)) != MQ_OK)
			return r;
	}
	return MQ_OK;
}

enum mq_err
paths_make_runtime(struct paths *p, struct mq_error *e)
{
	if (file_private_dir(p->runtime_dir, e) == MQ_OK)
		return MQ_OK;
	memcpy(p->runtime_dir, p->runtime_spare, sizeof p->runtime_dir);
	return file_private_dir(p->runtime_dir, e);
}
