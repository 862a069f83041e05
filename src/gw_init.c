/* mqgpd init: makes the folder of a gateway, its keys and its claim code. */
#include "src/gw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/net/url.h"
#include "src/randomart.h"

const struct opt gw_init_options[] = {
	{ "state", 's', "DIR", "the folder to make; it must not hold a gateway yet" },
	{ "topic", 't', "TOPIC", "the tree, as it stands in a conf" },
	{ "broker", 'b', "URL", "mqtt://[USER@]HOST[:PORT] or mqtts://..." },
	{ "factory", 0, "FILE", "owners that are known from the factory (own-fpr=, threshold=)" },
	{ "no-openpgp", 0, NULL, "a gateway without OpenPGP key: suite 1, nothing encrypted" },
	{ "user", 0, "NAME", "log in to the broker with this name" },
	{ "password-file", 0, "FILE", "the broker's password, a file with mode 0600" },
	{ "ca", 0, "FILE", "trust this CA for the broker's certificate" },
	{ "control-level", 0, "NAME", "mqgp.conf, or mqgp_conf for brokers that refuse a dot" },
	{ 0 },
};

struct init {
	char dir[PATH_MAX];
	const struct opts *o;
	const char *url;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct buf factory;
	struct conf_gateway identity;
	struct buf own_key;
	struct secret data_sk;
	uint8_t data_pk[32];
	char code[20];
	uint8_t claim[32];
};

static int
read_options(struct init *in)
{
	const struct opts *o = in->o;
	const char *topic = opts_value(o, "topic"), *level = opts_value(o, "control-level");
	const char *factory = opts_value(o, "factory");
	struct gw_home check = { 0 };
	struct mq_error e;
	struct url url;
	int r;

	if ((r = gw_state_dir(o, in->dir)) != OPTS_GO)
		return r;
	in->url = opts_value(o, "broker");
	if (topic == NULL || in->url == NULL)
		return opts_usage(o, "--topic and --broker are needed");
	if (!topic_decode(span_of(topic), true, in->topic, &in->topic_n))
		return opts_usage(o, "--topic %s is not a topic that a conf may name", topic);
	if (url_read(&url, span_of(in->url), &e) != MQ_OK)
		return opts_usage(o, "%s", e.text);
	if (level != NULL && strcmp(level, "mqgp.conf") != 0 && strcmp(level, "mqgp_conf") != 0)
		return opts_usage(o, "--control-level is mqgp.conf or mqgp_conf");
	if (factory == NULL)
		return OPTS_GO;
	if (file_read(factory, &in->factory, &e) != MQ_OK ||
	    gw_factory_parse(buf_span(&in->factory), &check, &e) != MQ_OK)
		return gw_fail(&e);
	return OPTS_GO;
}

/* ---- keys */

static enum mq_err
make_data_key(struct init *in, struct mq_error *e)
{
	in->data_sk = secret_new(crypto_sign_SECRETKEYBYTES);
	if (in->data_sk.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the data key");
	(void)crypto_sign_keypair(in->data_pk, in->data_sk.p); /* cannot fail */
	return MQ_OK;
}

static enum mq_err
ask(struct pgp *p, enum mq_err submitted, uint32_t id, struct pgp_answer *a, struct mq_error *e)
{
	if (submitted != MQ_OK || pgp_wait(p, id, a) != MQ_OK)
		return mq_fail(e, MQ_ECRYPTO, "gpg could not be asked");
	return a->err == MQ_OK ? MQ_OK : mq_fail(e, a->err, "%s", a->text);
}

static enum mq_err
make_openpgp_key(struct init *in, struct mq_error *e)
{
	struct pgp_answer made = { 0 }, public = { 0 };
	struct pgp *p = NULL;
	char user_id[100];
	uint32_t id = 0;
	enum mq_err r;

	(void)snprintf(user_id, sizeof user_id, "mqgp gateway %.70s", opts_value(in->o, "topic"));
	if ((r = gwstore_make_dirs(in->dir, e)) != MQ_OK ||
	    (r = gw_open_secret(in->dir, &p, e)) != MQ_OK)
		return r;
	r = pgp_generate(p, user_id, NULL, &id);
	if ((r = ask(p, r, id, &made, e)) != MQ_OK)
		goto out;
	in->identity.fpr = made.fpr;
	r = pgp_export(p, &made.fpr, &id);
	if ((r = ask(p, r, id, &public, e)) == MQ_OK)
		r = buf_put(&in->own_key, public.out.p, public.out.n);
out:
	pgp_answer_done(&made);
	pgp_answer_done(&public);
	pgp_close(p);
	return r;
}

/* The code is printed once; what stays is the key derived from it. */
static enum mq_err
make_claim(struct init *in, struct mq_error *e)
{
	char plain[17];

	claim_code_new(in->code);
	if (!claim_code_normalise(span_of(in->code), plain) ||
	    !claim_key(plain, &in->identity, in->claim))
		return mq_fail(e, MQ_ENOMEM, "no memory to derive the claim key (64 MiB are needed)");
	sodium_memzero(plain, sizeof plain);
	return MQ_OK;
}

/* ---- files */

static enum mq_err
write_file(const struct init *in, const char *name, struct span bytes, struct mq_error *e)
{
	char path[PATH_MAX];

	if (file_join(path, sizeof path, in->dir, name) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the state folder is too long");
	return file_write(path, bytes.p, bytes.n, e);
}

static void
put_path(struct buf *out, const char *keyword, const char *path)
{
	char full[PATH_MAX];

	if (path != NULL && realpath(path, full) != NULL)
		(void)buf_printf(out, "%s \"%s\"\n", keyword, full);
	else if (path != NULL)
		(void)buf_printf(out, "%s \"%s\"\n", keyword, path);
}

static enum mq_err
write_settings(const struct init *in, struct mq_error *e)
{
	const char *user = opts_value(in->o, "user"), *level = opts_value(in->o, "control-level");
	struct buf b;
	enum mq_err r;

	buf_init(&b, 65536);
	(void)buf_printf(&b, "# Settings of this gateway; see mqgpd(8). SIGHUP reads them again.\n"
			     "broker \"%s\"\ntree \"", in->url);
	(void)topic_encode(&b, (struct span){ in->topic, in->topic_n });
	(void)buf_puts(&b, "\"\n");
	if (user != NULL)
		(void)buf_printf(&b, "user \"%s\"\n", user);
	put_path(&b, "password-file", opts_value(in->o, "password-file"));
	put_path(&b, "ca", opts_value(in->o, "ca"));
	if (level != NULL)
		(void)buf_printf(&b, "control-level %s\n", level);
	if (!topic_conf_ok((struct span){ in->topic, in->topic_n }, false))
		(void)buf_puts(&b, "allow-non-ascii-topics on\n");
	r = b.err != MQ_OK ? mq_fail(e, b.err, "the settings are too long") :
			     write_file(in, "mqgpd.conf", buf_span(&b), e);
	buf_done(&b);
	return r;
}

static enum mq_err
write_all(const struct init *in, struct mq_error *e)
{
	char line[82];
	enum mq_err r;

	conf_put_gateway(&in->identity, line);
	(void)memcpy(line + strlen(line), "\n", 2); /* conf_put_gateway leaves room: 80 of 82 */
	if ((r = gwstore_make_dirs(in->dir, e)) != MQ_OK ||
	    (r = write_settings(in, e)) != MQ_OK ||
	    (r = write_file(in, "identity", span_of(line), e)) != MQ_OK)
		return r;
	if (in->own_key.n != 0 &&
	    (r = write_file(in, "gateway.asc", buf_span(&in->own_key), e)) != MQ_OK)
		return r;
	if (in->factory.n != 0 &&
	    (r = write_file(in, "factory.conf", buf_span(&in->factory), e)) != MQ_OK)
		return r;
	return gwstore_create(in->dir, in->data_sk.p, in->claim, e); /* last: now it is a gateway */
}

static void
tell(const struct init *in)
{
	char id[80], hex[65], art[RANDOMART_SIZE], grouped[45];

	conf_put_gateway(&in->identity, id);
	text_hex(hex, in->data_pk, sizeof in->data_pk);
	randomart_of_gateway(&in->identity, art);
	(void)printf("gateway:    %s\n", id);
	if (!in->identity.is_edkey) {
		fpr_groups(&in->identity.fpr, grouped);
		(void)printf("            %s\n", grouped);
	}
	(void)printf("data key:   ed25519:%s\n%s", hex, art);
	(void)printf("claim code: %s\n", in->code);
	(void)fflush(stdout);
	(void)fprintf(stderr,
	    "mqgpd: write the claim code down, it is not shown again. Next: mqgpd run --state %s\n",
	    in->dir);
}

int
gw_init(const struct opts *o)
{
	struct init in = { .o = o };
	struct mq_error e = { 0 };
	int status;

	buf_init(&in.factory, 65536);
	buf_init(&in.own_key, 2 * PGP_CERT_MAX);
	in.identity.is_edkey = opts_given(o, "no-openpgp");
	if ((status = read_options(&in)) != OPTS_GO)
		goto out;
	status = EXIT_SYSTEM;
	if (make_data_key(&in, &e) != MQ_OK)
		goto fail;
	memcpy(in.identity.pk, in.data_pk, sizeof in.identity.pk);
	if (!in.identity.is_edkey)
		memset(in.identity.pk, 0, sizeof in.identity.pk);
	if ((!in.identity.is_edkey && make_openpgp_key(&in, &e) != MQ_OK) ||
	    make_claim(&in, &e) != MQ_OK || write_all(&in, &e) != MQ_OK)
		goto fail;
	tell(&in);
	status = EXIT_GOOD;
	goto out;
fail:
	status = gw_fail(&e);
out:
	sodium_memzero(in.claim, sizeof in.claim);
	sodium_memzero(in.code, sizeof in.code);
	secret_free(&in.data_sk);
	buf_done(&in.own_key);
	buf_done(&in.factory);
	return status;
}
