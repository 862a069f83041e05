/* From a profile to what a link needs: addresses, secrets, TLS. */
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/config/config.h"
#include "core/net/url.h"

#define SECRET_FILE_MAX 4096

enum mq_err
profile_add_broker(struct profile *p, const char *url, struct mq_error *e)
{
	struct config_list *l = &p->broker;
	struct url parsed;
	char **grown, *copy;
	enum mq_err r;

	if (l->n == MQTT_URLS_MAX)
		return mq_fail(e, MQ_ELIMIT, "at most %d broker addresses", MQTT_URLS_MAX);
	if ((r = url_read(&parsed, span_of(url), e)) != MQ_OK)
		return r;
	if ((grown = realloc(l->s, (l->n + 1) * sizeof *grown)) == NULL ||
	    (l->s = grown, copy = strdup(url)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	l->s[l->n++] = copy;
	return MQ_OK;
}

/* One line, whose end is not part of the secret. */
static enum mq_err
read_secret(const char *path, struct secret *out, struct mq_error *e)
{
	struct buf b;
	enum mq_err r;

	*out = (struct secret){ NULL, 0 };
	if (path == NULL)
		return MQ_OK;
	buf_init(&b, SECRET_FILE_MAX);
	if ((r = file_read_private(path, &b, e)) == MQ_OK) {
		if (b.n != 0 && b.p[b.n - 1] == '\n')
			b.n--;
		if (b.n == 0 || memchr(b.p, '\n', b.n) != NULL)
			r = mq_fail(e, MQ_EFORMAT, "%s must hold exactly one line", path);
		else if ((*out = secret_copy(b.p, b.n)).p == NULL)
			r = mq_fail(e, MQ_ENOMEM, "no memory for a secret");
	}
	buf_wipe(&b);
	return r;
}

enum mq_err
profile_password(const struct profile *p, struct secret *out, struct mq_error *e)
{
	return read_secret(p->password_file, out, e);
}

enum mq_err
profile_passphrase(const struct profile *p, struct secret *out, struct mq_error *e)
{
	return read_secret(p->key_passphrase_file, out, e);
}

enum mq_err
profile_link(const struct profile *p, const struct secret *password,
    const struct secret *passphrase, struct mqtt_options *out, struct mq_error *e)
{
	out->urls = (const char *const *)p->broker.s;
	out->urls_n = p->broker.n;
	out->user = p->user;
	out->password = password != NULL && password->p != NULL ? password : NULL;
	out->version = (enum mqtt_version)p->mqtt;
	out->tls.ca_file = p->ca;
	out->tls.cert_file = p->cert;
	out->tls.key_file = p->key;
	out->tls.key_passphrase = passphrase != NULL && passphrase->p != NULL ? passphrase : NULL;
	if (p->broker.n == 0)
		return mq_fail(e, MQ_EINVAL, "profile %s names no broker", p->name);
	return p->tls_pin != NULL ? tls_read_pin(&out->tls, span_of(p->tls_pin), e) : MQ_OK;
}
