/* What a session remembers from before, and what it knows now. */
#include <limits.h>
#include <string.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/owner/session_impl.h"

struct span
session_tree(const struct session *s)
{
	return (struct span){ s->tree, s->tree_n };
}

enum mq_err
session_import(struct session *s, const struct fpr *f, struct span cert, struct mq_error *e)
{
	struct pgp_answer a;
	enum mq_err r;
	uint32_t id;

	if ((r = pgp_import(s->verify, f, cert, &id)) != MQ_OK ||
	    (r = pgp_wait(s->verify, id, &a)) != MQ_OK)
		return mq_fail(e, r, "gpg does not take a certificate");
	r = a.err == MQ_OK ? MQ_OK : mq_fail(e, a.err, "%s", a.text);
	if (r == MQ_OK) {
		desk_forget_verdicts(s->desk);
		if (s->keys != NULL && a.out.n != 0)
			(void)keystore_put_cert(s->keys, f, buf_span(&a.out), NULL); /* a copy */
	}
	pgp_answer_done(&a);
	return r;
}

static void
load_cert(void *arg, const struct fpr *f)
{
	struct session *s = arg;
	struct buf cert;
	uint32_t id;

	buf_init(&cert, PGP_CERT_MAX);
	if (keystore_get_cert(s->keys, f, &cert) == MQ_OK)
		(void)pgp_import(s->verify, f, buf_span(&cert), &id); /* what gpg refuses is not there */
	buf_done(&cert);
}

/* The pin and, if it is still there, the bundle it names. */
static void
load_pin(struct session *s)
{
	const struct pin *pin = pins_find(s->pins, session_tree(s));
	struct follow_pin fp = { .any = true };
	const struct follow_conf *c;
	uint8_t secret[32];
	struct buf bundle;

	if (pin == NULL || pin->state != PIN_STATE_PINNED)
		return;
	fp.gateway = pin->gateway;
	fp.revision = pin->revision;
	memcpy(fp.hash, pin->hash, HASH_BYTES);
	buf_init(&bundle, BUNDLE_MAX);
	(void)keystore_get_bundle(s->keys, session_tree(s), &bundle); /* absent: log/ tells */
	(void)follow_set_pin(s->follow, &fp, buf_span(&bundle)); /* not the pinned one: ignored */
	buf_done(&bundle);
	if ((c = follow_current(s->follow)) != NULL &&
	    keystore_get_epoch(s->keys, session_tree(s), c->conf->epoch, secret))
		follow_add_secret(s->follow, c->conf->epoch, secret);
	sodium_memzero(secret, sizeof secret);
}

enum mq_err
session_load(struct session *s, struct mq_error *e)
{
	char path[PATH_MAX];
	struct mq_error why;
	enum mq_err r;

	if (s->o.state_dir == NULL)
		return MQ_OK;
	if ((r = file_join(path, sizeof path, s->o.state_dir, "pins")) != MQ_OK)
		return mq_fail(e, r, "the path of the state folder is too long");
	r = pins_open(&s->pins, path, &why);
	if (r != MQ_OK) /* a damaged file is named; acting without anchors would hide it */
		return mq_fail(e, r == MQ_EPERM ? MQ_ESTATE : r, "%s", why.text);
	if ((r = file_join(path, sizeof path, s->o.state_dir, "keys")) != MQ_OK ||
	    (r = keystore_open(&s->keys, path, e)) != MQ_OK)
		return r;
	(void)keystore_each_cert(s->keys, load_cert, s); /* an unreadable folder: they come again */
	load_pin(s);
	return MQ_OK;
}

/* ---- what it knows */

struct follow *
session_follow(struct session *s)
{
	return s->follow;
}

struct desk *
session_desk(struct session *s)
{
	return s->desk;
}

struct pins *
session_pins(struct session *s)
{
	return s->pins;
}

struct keystore *
session_keys(struct session *s)
{
	return s->keys;
}

const struct keytable *
session_keytable(struct session *s)
{
	return pgp_keys(s->verify);
}

const char *
session_broker(const struct session *s)
{
	return s->broker;
}

struct span
session_cert(const struct session *s, const struct fpr *f)
{
	for (size_t i = 0; i < s->n_certs; i++)
		if (fpr_eq(&s->cert[i].fpr, f))
			return buf_span(&s->cert[i].bytes);
	return (struct span){ NULL, 0 };
}

bool
session_verdict(const struct session *s, enum topic_slot slot, uint32_t number,
    struct session_verdict *out)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].slot == slot && s->seen[i].number == number && s->seen[i].judged) {
			*out = s->seen[i].v;
			return true;
		}
	return false;
}

bool
session_payload(const struct session *s, enum topic_slot slot, uint32_t number,
    struct span *payload)
{
	if (slot != SLOT_INFO)
		return desk_get(s->desk, session_tree(s), slot, number, payload);
	*payload = buf_span(&s->info);
	return payload->n != 0;
}
