#include "src/gw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/config/paths.h"

void
gw_complain(const char *text)
{
	char safe[2048];

	utf8_safe(safe, sizeof safe, span_of(text));
	(void)fprintf(stderr, "mqgpd: %s\n", safe);
}

int
gw_fail(const struct mq_error *e)
{
	gw_complain(e->text);
	switch (e->code) {
	case MQ_EAGAIN: /* another mqgpd has the folder */
	case MQ_EPERM:	/* owner or mode of the folder */
		return EXIT_SYSTEM;
	case MQ_OK:
	case MQ_ENOMEM:
	case MQ_EINVAL:
	case MQ_EFORMAT:
	case MQ_ELIMIT:
	case MQ_EIO:
	case MQ_ENOENT:
	case MQ_EEXIST:
	case MQ_ETIMEOUT:
	case MQ_ENET:
	case MQ_ECRYPTO:
	case MQ_ESTATE:
	case MQ_ECANCEL:
		break;
	}
	return setup_status(e->code);
}

int
gw_state_dir(const struct opts *o, char dir[PATH_MAX])
{
	const char *given = opts_value(o, "state");
	char here[PATH_MAX];
	size_t n;

	if (given == NULL || given[0] == 0)
		return opts_usage(o, "--state DIR is needed: the folder of the gateway");
	if (given[0] == '/') {
		n = (size_t)snprintf(dir, PATH_MAX, "%s", given);
	} else {
		if (getcwd(here, sizeof here) == NULL)
			return opts_usage(o, "the current folder cannot be read; give an absolute path");
		n = (size_t)snprintf(dir, PATH_MAX, "%s/%s", here, given);
	}
	if (n >= PATH_MAX)
		return opts_usage(o, "the path of the folder is too long");
	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = 0;
	return OPTS_GO;
}

/* ---- factory.conf */

enum mq_err
gw_factory_parse(struct span text, struct gw_home *h, struct mq_error *e)
{
	struct rd r = rd_of(text.p, text.n);
	struct span line;
	unsigned number = 0;

	h->n_anchor = 0;
	h->anchor_threshold = 0;
	while (rd_line(&r, &line)) {
		bool ok = true;

		number++;
		if (line.n == 0 || line.p[0] == '#')
			continue;
		if (span_starts(line, "own-fpr="))
			ok = h->n_anchor < GATEWAY_ANCHOR_MAX &&
			    fpr_parse((struct span){ line.p + 8, line.n - 8 },
				&h->anchor[h->n_anchor++]);
		else if (span_starts(line, "threshold="))
			ok = h->anchor_threshold == 0 &&
			    text_u32((struct span){ line.p + 10, line.n - 10 },
				&h->anchor_threshold);
		else
			ok = false;
		if (!ok)
			return mq_fail(e, MQ_EFORMAT, "factory.conf line %u: own-fpr=<40 upper hex> or "
			    "threshold=<number> is expected", number);
	}
	if (!rd_end(&r))
		return mq_fail(e, MQ_EFORMAT, "factory.conf: the last line has no end");
	if (h->n_anchor == 0 || h->anchor_threshold == 0 || h->anchor_threshold > h->n_anchor)
		return mq_fail(e, MQ_EFORMAT,
		    "factory.conf: own-fpr= lines and a threshold= not above their number are needed");
	return MQ_OK;
}

static enum mq_err
load_factory(struct gw_home *h, struct mq_error *e)
{
	char path[PATH_MAX];
	struct buf text;
	enum mq_err r;

	if (file_join(path, sizeof path, h->dir, "factory.conf") != MQ_OK || !file_exists(path))
		return MQ_OK;
	buf_init(&text, 65536);
	r = file_read(path, &text, e);
	if (r == MQ_OK)
		r = gw_factory_parse(buf_span(&text), h, e);
	buf_done(&text);
	return r;
}

/* ---- settings and identity */

bool
gw_settings_load(const char *dir, struct profile *out)
{
	struct config_env env = config_env_real();
	struct config_errors errors;
	char path[PATH_MAX], text[MQ_ERROR_TEXT + PATH_MAX + 32];

	memset(&errors, 0, sizeof errors);
	memset(out, 0, sizeof *out);
	if (file_join(path, sizeof path, dir, "mqgpd.conf") != MQ_OK)
		return false;
	if (config_load_single(out, path, &env, &errors) == MQ_OK && out->tree.n == 1 &&
	    out->broker.n != 0)
		return true;
	for (size_t i = 0; i < errors.n; i++) {
		(void)snprintf(text, sizeof text, "%s:%u: %s", path, errors.at[i].line,
		    errors.at[i].text);
		gw_complain(text);
	}
	if (errors.n == 0) {
		(void)snprintf(text, sizeof text, "%s: one tree and a broker must be named", path);
		gw_complain(text);
	}
	return false;
}

static enum mq_err
load_identity(struct gw_home *h, struct mq_error *e)
{
	char path[PATH_MAX];
	struct buf text;
	struct span line;
	struct rd r;
	enum mq_err err;

	buf_init(&text, 256);
	if ((err = file_join(path, sizeof path, h->dir, "identity")) != MQ_OK ||
	    (err = file_read(path, &text, e)) != MQ_OK) {
		err = mq_fail(e, err, "%s cannot be read; is this the folder of a gateway?", path);
		goto out;
	}
	r = rd_of(text.p, text.n);
	if (!rd_line(&r, &line) || !rd_end(&r) || !conf_read_gateway(line, &h->identity)) {
		err = mq_fail(e, MQ_ESTATE, "%s is damaged", path);
		goto out;
	}
	if (h->identity.is_edkey)
		goto out;
	if ((err = file_join(path, sizeof path, h->dir, "gateway.asc")) == MQ_OK)
		err = file_read(path, &h->own_key, e);
out:
	buf_done(&text);
	return err;
}

int
gw_home_load(struct gw_home *h, const char *dir)
{
	struct mq_error e;

	memset(h, 0, sizeof *h);
	buf_init(&h->own_key, 2 * PGP_CERT_MAX);
	memcpy(h->dir, dir, strlen(dir) + 1);
	if (!file_exists(dir)) {
		(void)mq_fail(&e, MQ_ENOENT, "%.200s does not exist; make it with 'mqgpd init'", dir);
		return gw_fail(&e);
	}
	if (file_private_dir(dir, &e) != MQ_OK || load_identity(h, &e) != MQ_OK ||
	    load_factory(h, &e) != MQ_OK)
		return gw_fail(&e);
	if (!gw_settings_load(dir, &h->settings))
		return EXIT_USAGE;
	if (!topic_decode(span_of(h->settings.tree.s[0]), h->settings.allow_non_ascii, h->topic,
		&h->topic_n)) {
		gw_complain("mqgpd.conf: tree is not a topic that a conf may name");
		return EXIT_USAGE;
	}
	return OPTS_GO;
}

void
gw_home_done(struct gw_home *h)
{
	profile_done(&h->settings);
	buf_done(&h->own_key);
}

/* ---- gpg */

/* systemd's folder, else one below the state folder, else the user's: the first that is short. */
enum mq_err
gw_run_dir(const char *dir, char out[PATH_MAX], struct mq_error *e)
{
	const char *given = getenv("RUNTIME_DIRECTORY");
	struct paths_env env = paths_env_real();
	struct paths paths;
	enum mq_err r;

	if (given != NULL && given[0] == '/' && strlen(given) <= PATHS_RUNTIME_MAX) {
		(void)snprintf(out, PATH_MAX, "%s", given);
		return file_private_dir(out, e);
	}
	if (strlen(dir) + sizeof "/run" <= PATHS_RUNTIME_MAX) {
		(void)snprintf(out, PATH_MAX, "%s/run", dir);
		return file_private_dir(out, e);
	}
	if ((r = paths_find(&paths, &env, e)) != MQ_OK ||
	    (r = paths_make_runtime(&paths, e)) != MQ_OK)
		return r;
	(void)snprintf(out, PATH_MAX, "%s", paths.runtime_dir);
	return MQ_OK;
}

enum mq_err
gw_open_secret(const char *dir, struct pgp **out, struct mq_error *e)
{
	struct pgp_options o = { .kind = PGP_SECRET_CHILD, .own_home = true };
	char home[PATH_MAX];

	if (file_join(home, sizeof home, dir, "gnupg") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the state folder is too long");
	o.home = home;
	return pgp_open(out, &o, e);
}
