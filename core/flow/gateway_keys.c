/* Certificates of pinned keys (OPENPGP 10) and epoch secrets (PROTOCOL 3.9, S9). */
#include "core/flow/gateway_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/wire/keyblob.h"

/* ---- which certificates */

static struct gateway_cert *
find_cert(struct gateway *g, const struct fpr *f)
{
	for (size_t i = 0; i < g->n_certs; i++)
		if (fpr_eq(&g->cert[i].fpr, f))
			return &g->cert[i];
	return NULL;
}

/* DIR/certs/<FPR>.asc */
static bool
cert_path(const struct gateway *g, const struct fpr *f, char path[PATH_MAX])
{
	char name[64];

	(void)snprintf(name, sizeof name, "certs/%s.asc", f->hex);
	return gwstore_path(g->o.store, name, path) == MQ_OK;
}

static void
load_cert(struct gateway *g, struct gateway_cert *c)
{
	char path[PATH_MAX];

	if (cert_path(g, &c->fpr, path) && file_exists(path) &&
	    file_read(path, &c->waiting, NULL) == MQ_OK)
		c->loading = true;
}

static void
want(struct gateway *g, const struct fpr *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct gateway_cert *c = find_cert(g, &list[i]), *grown;

		if (c == NULL && g->n_certs < GATEWAY_CERTS_MAX &&
		    (grown = realloc(g->cert, (g->n_certs + 1) * sizeof *grown)) != NULL) {
			g->cert = grown;
			c = &g->cert[g->n_certs++];
			memset(c, 0, sizeof *c);
			c->fpr = list[i];
			buf_init(&c->waiting, 2 * PGP_CERT_MAX);
			buf_init(&c->later, PGP_CERT_MAX);
			load_cert(g, c);
		}
		if (c != NULL)
			c->wanted = true;
	}
}

static void
want_conf(struct gateway *g, const struct conf *c)
{
	want(g, c->owner, c->n_owners);
	want(g, c->recovery, c->n_recovery);
	want(g, c->reader, c->n_readers);
}

/* Pinned (3.1): the keys of N, of the anchor, of stored candidates. A former owner's certificate
 * stays in memory until the end, but is no longer subscribed. */
void
gateway_want_certs(struct gateway *g)
{
	for (size_t i = 0; i < g->n_certs; i++)
		g->cert[i].wanted = false;
	want(g, g->o.anchor, g->o.n_anchor);
	if (g->cur != NULL)
		want_conf(g, g->cur);
	for (size_t i = 0; i < g->n_cand; i++)
		want_conf(g, g->kept[i].conf);
}

void
gateway_certs_done(struct gateway *g)
{
	for (size_t i = 0; i < g->n_certs; i++) {
		buf_done(&g->cert[i].waiting);
		buf_done(&g->cert[i].later);
	}
	free(g->cert);
	g->cert = NULL;
	g->n_certs = 0;
}

/* ---- imports */

void
gateway_cert_arrived(struct gateway *g, const struct fpr *f, struct span payload)
{
	struct gateway_cert *c = find_cert(g, f);
	uint8_t digest[HASH_BYTES];
	struct buf *to;

	if (c == NULL || !c->wanted || payload.n == 0 || payload.n > PGP_CERT_MAX ||
	    payload.p[0] < 0x80)
		return;
	conf_hash(digest, payload);
	if (c->known && memcmp(digest, c->digest, sizeof digest) == 0)
		return;
	to = c->loading || c->import_id != 0 ? &c->later : &c->waiting;
	buf_reset(to);
	(void)buf_put(to, payload.p, payload.n); /* without memory: when it is published again */
	g->dirty = true;
}

static bool
may_import(struct gateway *g, const struct gateway_cert *c)
{
	int64_t now = gateway_mono(g);

	g->import_tokens += (double)(now - g->import_ms) / 1000.0;
	g->import_ms = now;
	if (g->import_tokens > GATEWAY_IMPORT_BURST)
		g->import_tokens = GATEWAY_IMPORT_BURST;
	if (c->loading)
		return true;
	if (g->import_tokens < 1.0)
		return false;
	g->import_tokens -= 1.0;
	return true;
}

void
gateway_import_some(struct gateway *g)
{
	for (size_t i = 0; i < g->n_certs; i++) {
		struct gateway_cert *c = &g->cert[i];

		if (c->waiting.n == 0 || c->import_id != 0 || !may_import(g, c))
			continue;
		if (pgp_import(g->o.verify, &c->fpr, buf_span(&c->waiting), &c->import_id) != MQ_OK) {
			c->import_id = 0; /* the queue is full: next round */
			return;
		}
	}
}

bool
gateway_loading(const struct gateway *g)
{
	if (gateway_mono(g) - g->start_ms > GATEWAY_LOAD_MS)
		return false; /* gpg does not answer: N is known by its hash and goes on */
	for (size_t i = 0; i < g->n_certs; i++)
		if (g->cert[i].loading)
			return true;
	return false;
}

/* Merged bytes go to disk. A certificate that changed (a revocation, a new date) makes every verdict
 * of a signature doubtful; a first one cannot: nobody has judged by it. */
static void
take_cert(struct gateway *g, const struct fpr *f, struct span armored)
{
	char path[PATH_MAX];
	struct mq_error e;
	struct buf old;

	if (!cert_path(g, f, path))
		return;
	buf_init(&old, 2 * PGP_CERT_MAX);
	(void)file_read(path, &old, NULL); /* not there, or unreadable: then it is news */
	if (!span_eq(buf_span(&old), armored)) {
		log_info("certificate imported fpr=%s", f->hex);
		if (old.n != 0)
			desk_forget_verdicts(g->o.desk);
		if (file_write(path, armored.p, armored.n, &e) != MQ_OK)
			gateway_store_failed(g, &e);
	}
	buf_done(&old);
}

static void
engine_said(struct gateway *g, const struct pgp_answer *a)
{
	bool broken = a->err != MQ_OK && a->err != MQ_EFORMAT;

	if (broken && !g->gpg_broken)
		log_error("gpg failed: %s", a->text);
	g->gpg_broken = broken;
	if (broken)
		(void)snprintf(g->gpg_why, sizeof g->gpg_why, "%.*s", GATEWAY_NOTE_MAX - 1, a->text);
}

void
gateway_import_answer(void *arg, struct pgp_answer *a)
{
	struct gateway *g = arg;
	struct gateway_cert *c = NULL;

	for (size_t i = 0; i < g->n_certs && a->op == PGP_OP_IMPORT; i++)
		if (g->cert[i].import_id == a->id)
			c = &g->cert[i];
	if (c == NULL)
		return;
	c->import_id = 0;
	engine_said(g, a);
	g->dirty = true;
	if (g->gpg_broken && !c->loading)
		return; /* waiting: tried again */
	c->loading = false;
	c->known = true;
	conf_hash(c->digest, buf_span(&c->waiting));
	buf_reset(&c->waiting);
	(void)buf_put(&c->waiting, c->later.p, c->later.n);
	buf_reset(&c->later);
	if (a->err == MQ_OK)
		take_cert(g, &c->fpr, buf_span(&a->out));
	else if (a->err == MQ_EFORMAT)
		log_warn("not the certificate of its name fpr=%s why=%s", c->fpr.hex, a->text);
}

/* ---- epochs */

static bool
fits(const struct conf *c, const uint8_t secret[32])
{
	uint8_t id[HASH_BYTES];

	keyblob_key_id(id, c->epoch, secret);
	return sodium_memcmp(id, c->epoch_key_id, sizeof id) == 0;
}

bool
gateway_has_epoch(const struct gateway *g, const struct conf *c)
{
	const struct secret *s = gwstore_epoch_secret(g->o.store, c->epoch);

	return !c->has_epoch_key_id || (s != NULL && s->n == 32 && fits(c, s->p));
}

/* Room for one more: those that only wait for their grace go early. */
static void
make_room(struct gateway *g)
{
	struct gwstore *s = g->o.store;
	uint32_t oldest = UINT32_MAX;
	struct mq_error e;

	if (s->n_epochs < GWSTORE_EPOCHS_MAX)
		return;
	for (size_t i = 0; i < s->n_epochs; i++)
		if (s->epoch[i].epoch < oldest && (g->cur == NULL || s->epoch[i].epoch != g->cur->epoch))
			oldest = s->epoch[i].epoch;
	if (gwstore_erase_epoch(s, oldest, &e) != MQ_OK)
		gateway_store_failed(g, &e);
}

bool
gateway_fetch_epoch(struct gateway *g, const struct conf *c, const struct accept_env *env)
{
	struct secret secret;
	struct mq_error e;
	struct buf clear;
	bool ok = false;

	if (gateway_has_epoch(g, c))
		return true;
	secret = secret_new(32);
	buf_init(&clear, PGP_CLEAR_MAX);
	if (secret.p != NULL && env->blob(env->arg, c->epoch, &clear) == ACCEPT_HAVE &&
	    keyblob_open(buf_span(&clear), c->epoch, c->epoch_key_id, secret.p)) {
		make_room(g);
		ok = gwstore_put_epoch(g->o.store, c->epoch, secret.p, &e) == MQ_OK;
		if (!ok)
			gateway_store_failed(g, &e);
	}
	buf_wipe(&clear);
	secret_free(&secret);
	return ok;
}

/* S9: everything older than the current epoch, once the grace is over. */
void
gateway_erase_epochs(struct gateway *g)
{
	struct gwstore *s = g->o.store;
	struct mq_error e;

	if (g->erase_ms == 0 || g->cur == NULL || s->damaged || gateway_mono(g) < g->erase_ms)
		return;
	for (size_t i = s->n_epochs; i-- > 0;) {
		uint32_t epoch = s->epoch[i].epoch;

		if (epoch >= g->cur->epoch)
			continue;
		if (gwstore_erase_epoch(s, epoch, &e) != MQ_OK) {
			gateway_store_failed(g, &e);
			return;
		}
		log_info("old epoch key erased epoch=%u", epoch);
	}
	g->erase_ms = 0;
}
