#include "src/demo_owner.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"

#define PROFILE "demo"
#define CONFIG_BYTES 4096

/* ---- keys */

/* Waits for an answer that must be good. */
static enum mq_err
ask(struct pgp *p, enum mq_err submitted, uint32_t id, struct pgp_answer *a, struct mq_error *e)
{
	if (submitted != MQ_OK || pgp_wait(p, id, a) != MQ_OK)
		return mq_fail(e, MQ_ECRYPTO, "gpg could not be asked");
	return a->err == MQ_OK ? MQ_OK : mq_fail(e, a->err, "%s", a->text);
}

enum mq_err
demo_make_key(const char *home, const char *user_id, struct pgp **out, struct fpr *key,
    struct mq_error *e)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .home = home, .own_home = true };
	struct pgp_answer a = { 0 };
	struct pgp *p;
	uint32_t id = 0;
	enum mq_err r;

	if ((r = file_private_dir(home, e)) != MQ_OK || (r = pgp_open(&p, &o, e)) != MQ_OK)
		return r;
	r = pgp_generate(p, user_id, NULL, &id);
	if ((r = ask(p, r, id, &a, e)) == MQ_OK)
		*key = a.fpr;
	pgp_answer_done(&a);
	if (r == MQ_OK && out != NULL)
		*out = p;
	else
		pgp_close(p);
	return r;
}

static enum mq_err
give_key(const struct demo_owner *from, const struct demo_owner *to, struct mq_error *e)
{
	struct pgp_options fo = { .kind = PGP_SECRET_CHILD, .home = from->gnupg };
	struct pgp_options to_o = { .kind = PGP_SECRET_CHILD, .home = to->gnupg };
	struct pgp_answer key = { 0 }, taken = { 0 };
	struct pgp *f = NULL, *t = NULL;
	uint32_t id = 0;
	enum mq_err r;

	if ((r = pgp_open(&f, &fo, e)) != MQ_OK || (r = pgp_open(&t, &to_o, e)) != MQ_OK)
		goto out;
	r = pgp_export(f, &from->key, &id);
	if ((r = ask(f, r, id, &key, e)) != MQ_OK)
		goto out;
	r = pgp_import(t, &from->key, buf_span(&key.out), &id);
	r = ask(t, r, id, &taken, e);
out:
	pgp_answer_done(&key);
	pgp_answer_done(&taken);
	if (t != NULL)
		pgp_close(t);
	if (f != NULL)
		pgp_close(f);
	return r;
}

enum mq_err
demo_owners_meet(struct demo_owner *a, struct demo_owner *b, struct mq_error *e)
{
	enum mq_err r = give_key(a, b, e);

	return r == MQ_OK ? give_key(b, a, e) : r;
}

/* ---- folders and settings */

static void
put_dir(char out[DEMO_PATH_MAX], const char *dir, char letter, const char *name)
{
	(void)snprintf(out, DEMO_PATH_MAX, "%.*s/%c%s%.40s", DEMO_DIR_MAX, dir, letter,
	    name[0] != '\0' ? "/" : "", name);
}

void
demo_owner_config_file(char out[DEMO_PATH_MAX], const char *dir, char letter)
{
	put_dir(out, dir, letter, "config/mqgp/config");
}

void
demo_owner_settings(struct demo_settings *s, const char *dir, char letter)
{
	static const struct {
		const char *name, *folder;
	} rows[DEMO_SETTINGS - 1] = { { "GNUPGHOME", "gnupg" }, { "XDG_CONFIG_HOME", "config" },
		{ "XDG_STATE_HOME", "state" }, { "XDG_RUNTIME_DIR", "run" } };
	char path[DEMO_PATH_MAX];

	for (size_t i = 0; i < DEMO_SETTINGS - 1; i++) {
		put_dir(path, dir, letter, rows[i].folder);
		(void)snprintf(s->text[i], sizeof s->text[i], "%s=%s", rows[i].name, path);
		s->list[i] = s->text[i];
	}
	s->list[DEMO_SETTINGS - 1] = NULL;
}

enum mq_err
demo_owner_make(struct demo_owner *o, const char *dir, char letter, struct mq_error *e)
{
	char config[DEMO_PATH_MAX], state[DEMO_PATH_MAX], run[DEMO_PATH_MAX], user_id[64];
	struct paths_env env = { .config_home = config, .state_home = state, .runtime_dir = run,
		.uid = getuid() };
	enum mq_err r;

	memset(o, 0, sizeof *o);
	o->letter = letter;
	put_dir(o->dir, dir, letter, "");
	put_dir(o->gnupg, dir, letter, "gnupg");
	put_dir(config, dir, letter, "config");
	put_dir(state, dir, letter, "state");
	put_dir(run, dir, letter, "run");
	demo_owner_config_file(o->config_file, dir, letter);
	if ((r = paths_find(&o->paths, &env, e)) != MQ_OK ||
	    (r = file_private_dir(o->paths.config_dir, e)) != MQ_OK ||
	    (r = paths_make_profile(&o->paths, PROFILE, o->state_dir, sizeof o->state_dir, e)) !=
		MQ_OK ||
	    (r = paths_make_runtime(&o->paths, e)) != MQ_OK)
		return r;
	(void)snprintf(user_id, sizeof user_id, "owner-%c (mqgp demo)", letter);
	return demo_make_key(o->gnupg, user_id, NULL, &o->key, e);
}

static enum mq_err
write_config(const struct demo_owner *o, const char *url, const char *const *trees,
    struct mq_error *e)
{
	struct buf b;
	enum mq_err r;

	buf_init(&b, CONFIG_BYTES);
	(void)buf_printf(&b, "# owner %c of a running mqgp demo; gone when it ends\n"
	    "profile " PROFILE "\n  broker %s\n", o->letter, url);
	for (; *trees != NULL; trees++)
		(void)buf_printf(&b, "  tree \"%s\"\n", *trees);
	(void)buf_printf(&b, "  subscribe \"plain/#\"\n  sign-key %s\n  gnupg-home \"%s\"\n",
	    o->key.hex, o->gnupg);
	r = b.err != MQ_OK ? mq_fail(e, b.err, "the configuration is too long") :
			     file_write(o->config_file, b.p, b.n, e);
	buf_done(&b);
	return r;
}

enum mq_err
demo_owner_configure(struct demo_owner *o, const char *url, const char *const *trees,
    struct mq_error *e)
{
	const struct config_env env = { .home = o->dir };
	struct config_errors errors = { .n = 0 };
	enum mq_err r;

	if ((r = write_config(o, url, trees, e)) != MQ_OK)
		return r;
	config_init(&o->config, &env);
	o->have_config = true;
	if ((r = config_load(&o->config, o->config_file, &env, &errors)) != MQ_OK)
		return mq_fail(e, r, "%s:%u: %s", o->config_file, errors.at[0].line,
		    errors.at[0].text);
	o->profile = config_profile(&o->config, PROFILE);
	return MQ_OK;
}

void
demo_owner_done(struct demo_owner *o)
{
	if (o->have_config)
		config_free(&o->config);
	o->have_config = false;
}
