/* Effective values with their origin, the manual's table, and saving a profile. */
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/config/keywords.h"

static enum mq_err
each_of(const void *base, const uint32_t *origin, const char *profile, config_item_fn *fn,
    void *arg)
{
	enum mq_err r = MQ_OK;
	struct buf b;

	buf_init(&b, CONFIG_MAX);
	for (size_t i = 0; i < config_keyword_count && r == MQ_OK; i++) {
		const struct keyword *k = &config_keywords[i];

		for (size_t entry = 0; k->profile == (profile != NULL); entry++) {
			struct config_item item = { profile, k->name, NULL, origin[i] };

			buf_reset(&b);
			if (!keyword_print(k, base, entry, &b))
				break;
			if ((item.value = buf_cstr(&b)) == NULL) {
				r = MQ_ENOMEM;
				break;
			}
			fn(arg, &item);
		}
	}
	buf_done(&b);
	return r;
}

enum mq_err
config_each(const struct config *c, config_item_fn *fn, void *arg)
{
	enum mq_err r = each_of(c, c->origin, NULL, fn, arg);

	for (size_t i = 0; i < c->profile_n && r == MQ_OK; i++)
		r = each_of(&c->profile[i], c->profile[i].origin, c->profile[i].name, fn, arg);
	return r;
}

struct shower {
	struct buf *out;
	const struct config *c;
	const char *section;
};

static void
show_item(void *arg, const struct config_item *item)
{
	struct shower *s = arg;
	char origin[PATH_MAX + 32];

	if (item->profile != s->section) {
		s->section = item->profile;
		(void)buf_printf(s->out, "profile %s\n", item->profile);
	}
	if (item->origin == CONFIG_DEFAULT)
		(void)snprintf(origin, sizeof origin, "default");
	else if (item->origin == CONFIG_ENVIRONMENT)
		(void)snprintf(origin, sizeof origin, "environment");
	else
		(void)snprintf(origin, sizeof origin, "%s:%u",
		    s->c->path != NULL ? s->c->path : "", item->origin);
	(void)buf_printf(s->out, "%s%-24s %-40s # %s\n", item->profile != NULL ? "  " : "",
	    item->keyword, item->value, origin);
}

enum mq_err
config_show(struct buf *out, const struct config *c)
{
	struct shower s = { out, c, NULL };
	enum mq_err r = config_each(c, show_item, &s);

	return r != MQ_OK ? r : out->err;
}

static void
put_man_row(struct buf *out, const struct keyword *k)
{
	(void)buf_printf(out, ".It Ic %s Ar %s\n", k->name, k->argument);
	(void)buf_printf(out, "%c%s.\n", k->help[0] >= 'a' && k->help[0] <= 'z' ?
		k->help[0] - 'a' + 'A' : k->help[0], k->help + 1);
	if (k->fallback != NULL)
		(void)buf_printf(out, "The default is\n.Li %s .\n", k->fallback);
	if (k->environment != NULL)
		(void)buf_printf(out, "Where the file is silent, the environment variable\n.Ev %s\n"
				      "counts.\n", k->environment);
}

enum mq_err
config_put_man(struct buf *out)
{
	for (int profile = 0; profile < 2; profile++) {
		(void)buf_printf(out, ".Ss %s\n.Bl -tag -width Ds\n",
		    profile ? "In a profile" : "For the program");
		for (size_t i = 0; i < config_keyword_count; i++)
			if (config_keywords[i].profile == (profile != 0))
				put_man_row(out, &config_keywords[i]);
		(void)buf_puts(out, ".El\n");
	}
	return out->err;
}

/* ---- saving */

static void
save_profile(struct buf *out, const struct profile *p, const struct profile *fresh)
{
	struct buf mine, theirs;

	buf_init(&mine, CONFIG_MAX);
	buf_init(&theirs, CONFIG_MAX);
	(void)buf_printf(out, "profile %s\n", p->name);
	for (size_t i = 0; i < config_keyword_count; i++) {
		const struct keyword *k = &config_keywords[i];

		for (size_t entry = 0; k->profile; entry++) {
			buf_reset(&mine);
			buf_reset(&theirs);
			if (!keyword_print(k, p, entry, &mine))
				break;
			if (keyword_print(k, fresh, entry, &theirs) &&
			    span_eq(buf_span(&mine), buf_span(&theirs)))
				continue;
			(void)buf_printf(out, "  %s ", k->name);
			(void)buf_put(out, mine.p, mine.n);
			(void)buf_putc(out, '\n');
		}
	}
	buf_done(&mine);
	buf_done(&theirs);
}

static enum mq_err
make_folder_of(const char *path, struct mq_error *e)
{
	char copy[PATH_MAX];

	if (strlen(path) >= sizeof copy)
		return mq_fail(e, MQ_ELIMIT, "the path %s is too long", path);
	memcpy(copy, path, strlen(path) + 1);
	return file_private_dir(dirname(copy), e);
}

enum mq_err
config_save_profile(const char *path, const struct profile *p, struct mq_error *e)
{
	static const struct config_env nothing;
	struct config_errors errors = { .n = 0 };
	struct profile fresh;
	struct config now;
	struct buf text;
	enum mq_err r;

	config_init(&now, &nothing);
	buf_init(&text, CONFIG_MAX);
	if ((r = profile_init(&fresh, p->name, &nothing)) != MQ_OK ||
	    (r = make_folder_of(path, e)) != MQ_OK)
		goto out;
	if ((r = file_read_private(path, &text, e)) != MQ_OK && r != MQ_ENOENT)
		goto out;
	if (config_parse(&now, buf_span(&text), path, &nothing, &errors) != MQ_OK) {
		r = mq_fail(e, MQ_EFORMAT, "%s has errors: %.160s", path, errors.at[0].text);
		goto out;
	}
	if (now.profile_n != 0 && config_profile(&now, p->name) != NULL) {
		r = mq_fail(e, MQ_EEXIST, "%s already has a profile %s", path, p->name);
		goto out;
	}
	if (text.n != 0 && text.p[text.n - 1] != '\n')
		(void)buf_putc(&text, '\n');
	save_profile(&text, p, &fresh);
	r = text.err != MQ_OK ? text.err : file_write(path, text.p, text.n, e);
out:
	profile_done(&fresh);
	config_free(&now);
	buf_done(&text);
	return r;
}
