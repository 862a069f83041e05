#include <stdio.h>

#include "core/conf/conf.h"
#include "core/conf/conf_fields.h"
#include "core/conf/conf_lines.h"

/* The headings of a body that mqgp writes itself. */
static const char *const heading[CONF_KEYS] = {
	[KEY_URL] = "## where the gateway talks, and which tree is its own",
	[KEY_PASSWORD_ALG] = "## how the link and the data are protected",
	[KEY_REVISION] = "## this revision, and how long it holds",
	[KEY_GATEWAY] = "## who is who: the gateway, its keys, the owners",
	[KEY_EPOCH] = "## the data: secret, freshness, limits",
};

static enum mq_err
check(struct span body, struct mq_error *e)
{
	const struct conf_policy any = { .allow_non_ascii = true };
	struct conf_errors errors;
	struct conf *back = NULL;
	enum mq_err r = conf_parse(body, &any, &back, &errors);

	conf_free(back);
	if (r == MQ_EFORMAT)
		return mq_fail(e, r, "these fields make no conf: %s: %s", errors.e[0].key,
		    errors.e[0].text);
	return r == MQ_OK ? r : mq_fail(e, r, "no memory to check the conf");
}

enum mq_err
conf_print(const struct conf *c, struct buf *out, struct mq_error *e)
{
	size_t start = out->n;
	enum mq_err r;

	(void)buf_puts(out, CONF_MAGIC "\n"); /* errors stick */
	for (size_t i = 0; i < CONF_KEYS; i++) {
		char before[CONF_KEY_MAX + 2];

		if (heading[i] != NULL)
			(void)buf_printf(out, "%s\n", heading[i]);
		(void)snprintf(before, sizeof before, "%s=", conf_fields[i].name);
		(void)conf_field_put(&conf_fields[i], c, before, "\n", out);
	}
	(void)buf_puts(out, "##### eof\n");
	if (out->err != MQ_OK)
		r = mq_fail(e, out->err, "no room for the conf");
	else
		r = check((struct span){ out->p + start, out->n - start }, e);
	if (r != MQ_OK)
		out->n = start;
	return r;
}
