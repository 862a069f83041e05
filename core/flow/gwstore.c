#include "core/flow/gwstore.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "core/base/crashpoint.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/bundle.h"

#define SUBDIRS 4
static const char *const subdirs[SUBDIRS] = { "pend", "epoch", "certs", "gnupg" };

static enum mq_err
join(char out[PATH_MAX], const char *dir, const char *name, struct mq_error *e)
{
	if (file_join(out, PATH_MAX, dir, name) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of %s in %s is too long", name, dir);
	return MQ_OK;
}

enum mq_err
gwstore_path(const struct gwstore *s, const char *name, char out[PATH_MAX])
{
	return join(out, s->dir, name, NULL);
}

static enum mq_err
write_in(const char *dir, const char *name, const void *p, size_t n, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = join(path, dir, name, e);

	return r != MQ_OK ? r : file_write(path, p, n, e);
}

/* Reads DIR/name into out; absent is MQ_ENOENT. */
static enum mq_err
read_in(const char *dir, const char *name, struct buf *out, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = join(path, dir, name, e);

	return r != MQ_OK ? r : file_read_private(path, out, e);
}

enum mq_err
gwstore_make_dirs(const char *dir, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r;

	if ((r = join(path, dir, "meta", e)) != MQ_OK)
		return r;
	if (file_exists(path))
		return mq_fail(e, MQ_EEXIST, "%s already holds a gateway; choose another folder",
		    dir);
	if ((r = file_private_dir(dir, e)) != MQ_OK)
		return r;
	for (size_t i = 0; i < SUBDIRS; i++)
		if ((r = join(path, dir, subdirs[i], e)) != MQ_OK ||
		    (r = file_private_dir(path, e)) != MQ_OK)
			return r;
	return MQ_OK;
}

enum mq_err
gwstore_create(const char *dir, const uint8_t *data_sk, const uint8_t *claim, struct mq_error *e)
{
	uint8_t pk[crypto_sign_PUBLICKEYBYTES];
	struct secret sk = { 0 };
	struct gwmeta meta;
	struct buf text;
	enum mq_err r;

	gwmeta_init(&meta);
	buf_init(&text, GWMETA_MAX);
	if ((r = gwstore_make_dirs(dir, e)) != MQ_OK)
		goto out;
	sk = data_sk != NULL ? secret_copy(data_sk, crypto_sign_SECRETKEYBYTES) :
			       secret_new(crypto_sign_SECRETKEYBYTES);
	if (sk.p == NULL) {
		r = mq_fail(e, MQ_ENOMEM, "no memory for the data key");
		goto out;
	}
	if (data_sk == NULL)
		(void)crypto_sign_keypair(pk, sk.p); /* cannot fail */
	if ((r = write_in(dir, "data.key", sk.p, sk.n, e)) != MQ_OK)
		goto out;
	if (claim != NULL && (r = write_in(dir, "claim.key", claim, 32, e)) != MQ_OK)
		goto out;
	if ((r = gwmeta_print(&meta, &text)) == MQ_OK) /* last: its presence says "complete" */
		r = write_in(dir, "meta", text.p, text.n, e);
out:
	secret_free(&sk);
	buf_done(&text);
	gwmeta_done(&meta);
	return r;
}

/* ---- loading */

static void
damage(struct gwstore *s, const char *what, const char *why)
{
	if (s->damaged)
		return; /* the first reason is the one to tell */
	s->damaged = true;
	(void)mq_fail(&s->why, MQ_ESTATE, "%s in %s %s", what, s->dir, why);
}

static bool
load_secret(struct gwstore *s, const char *name, size_t n, struct secret *out)
{
	struct buf b;
	bool ok;

	buf_init(&b, 256);
	ok = read_in(s->dir, name, &b, NULL) == MQ_OK && b.n == n;
	if (ok) {
		*out = secret_copy(b.p, b.n);
		ok = out->p != NULL;
	}
	buf_wipe(&b);
	return ok;
}

static void
load_meta(struct gwstore *s)
{
	struct buf text;

	buf_init(&text, GWMETA_MAX);
	if (read_in(s->dir, "meta", &text, NULL) != MQ_OK ||
	    gwmeta_parse(buf_span(&text), &s->meta, &s->why) != MQ_OK)
		damage(s, "meta", "is missing or damaged; the gateway must be enrolled again");
	buf_done(&text);
}

static bool
hash_of_bundle(struct span payload, uint8_t hash[HASH_BYTES])
{
	struct bundle b;
	bool ok = bundle_parse(payload, &b) == V_NONE;

	if (ok) {
		conf_hash(hash, b.body);
		bundle_done(&b);
	}
	return ok;
}

static bool
is_bundle_name(const char *name, uint8_t hash[HASH_BYTES])
{
	size_t n = strlen(name);

	return n == 2 * HASH_BYTES + 7 && strcmp(name + 2 * HASH_BYTES, ".bundle") == 0 &&
	    text_unhex((struct span){ (const uint8_t *)name, 2 * HASH_BYTES }, 'a', hash,
		HASH_BYTES);
}

/* A candidate whose bytes do not have the hash of its name is not a candidate. */
static void
load_one_pending(struct gwstore *s, const char *dir, const char *name)
{
	struct gwstore_pending *p = &s->pend[s->n_pend];
	uint8_t is[HASH_BYTES];

	if (s->n_pend == ACCEPT_PENDING_MAX || !is_bundle_name(name, p->hash))
		return;
	buf_init(&p->bundle, BUNDLE_MAX);
	if (read_in(dir, name, &p->bundle, NULL) == MQ_OK &&
	    hash_of_bundle(buf_span(&p->bundle), is) && memcmp(is, p->hash, HASH_BYTES) == 0)
		s->n_pend++;
	else
		buf_done(&p->bundle);
}

static void
load_pending(struct gwstore *s)
{
	char dir[PATH_MAX];
	struct dirent *de;
	DIR *d;

	if (gwstore_path(s, "pend", dir) != MQ_OK || (d = opendir(dir)) == NULL) {
		damage(s, "pend", "cannot be read");
		return;
	}
	while ((de = readdir(d)) != NULL)
		load_one_pending(s, dir, de->d_name);
	(void)closedir(d); /* read only */
}

static void
load_epochs(struct gwstore *s)
{
	char dir[PATH_MAX], name[PATH_MAX];
	struct dirent *de;
	uint32_t epoch;
	DIR *d;

	if (gwstore_path(s, "epoch", dir) != MQ_OK || (d = opendir(dir)) == NULL) {
		damage(s, "epoch", "cannot be read");
		return;
	}
	while ((de = readdir(d)) != NULL) {
		size_t n = strlen(de->d_name);
		struct gwstore_epoch *ep = &s->epoch[s->n_epochs];

		if (s->n_epochs == GWSTORE_EPOCHS_MAX || n < 5 ||
		    strcmp(de->d_name + n - 4, ".key") != 0 ||
		    !text_u32((struct span){ (const uint8_t *)de->d_name, n - 4 }, &epoch))
			continue;
		(void)snprintf(name, sizeof name, "epoch/%u.key", epoch);
		if (load_secret(s, name, 32, &ep->secret)) {
			ep->epoch = epoch;
			s->n_epochs++;
		}
	}
	(void)closedir(d);
}

/* cur must be the newest committed body, or the last `next`: then S6 was cut short. */
static void
check_current(struct gwstore *s)
{
	const struct gwmeta_rev *newest = gwmeta_newest(&s->meta);
	const struct gwmeta_rev *next = s->meta.n_next != 0 ? &s->meta.next[s->meta.n_next - 1] : NULL;
	uint8_t is[HASH_BYTES];

	if (s->cur.n == 0) {
		if (newest != NULL)
			damage(s, "cur.bundle", "is missing although this gateway was claimed");
		return;
	}
	if (!hash_of_bundle(buf_span(&s->cur), is)) {
		damage(s, "cur.bundle", "is damaged");
		return;
	}
	if (newest != NULL && memcmp(newest->hash, is, HASH_BYTES) == 0)
		return;
	if (next == NULL || memcmp(next->hash, is, HASH_BYTES) != 0)
		damage(s, "cur.bundle", "is not the revision that was committed last");
}

static void
load_bundle(struct gwstore *s, const char *name, struct buf *out)
{
	enum mq_err r = read_in(s->dir, name, out, NULL);

	if (r != MQ_OK && r != MQ_ENOENT)
		damage(s, name, "cannot be read");
}

static void
load_all(struct gwstore *s)
{
	char path[PATH_MAX];

	load_meta(s);
	load_bundle(s, "cur.bundle", &s->cur);
	load_bundle(s, "prev.bundle", &s->prev);
	load_pending(s);
	load_epochs(s);
	if (!load_secret(s, "data.key", crypto_sign_SECRETKEYBYTES, &s->data_sk))
		damage(s, "data.key", "is missing or damaged; the gateway must be enrolled again");
	if (gwstore_path(s, "claim.key", path) == MQ_OK && file_exists(path) &&
	    !load_secret(s, "claim.key", 32, &s->claim))
		damage(s, "claim.key", "is damaged");
	if (!s->damaged)
		check_current(s);
}

/* Everything but the lock. */
static enum mq_err
new_store(struct gwstore **out, const char *dir, struct mq_error *e)
{
	struct gwstore *s;
	enum mq_err r;

	if (strlen(dir) >= sizeof s->dir)
		return mq_fail(e, MQ_ELIMIT, "the path %s is too long", dir);
	if (!file_exists(dir))
		return mq_fail(e, MQ_ENOENT, "%s does not exist; make it with 'mqgpd init'", dir);
	if ((r = file_private_dir(dir, e)) != MQ_OK)
		return r;
	if ((s = calloc(1, sizeof *s)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the state of the gateway");
	s->lock_fd = -1;
	gwmeta_init(&s->meta);
	buf_init(&s->cur, BUNDLE_MAX);
	buf_init(&s->prev, BUNDLE_MAX);
	memcpy(s->dir, dir, strlen(dir) + 1);
	*out = s;
	return MQ_OK;
}

/* A commit that was cut short: behind S5 it is finished, before it, it has not begun. */
static enum mq_err
settle(struct gwstore *s, struct mq_error *e)
{
	if (s->damaged || s->meta.n_next == 0)
		return MQ_OK;
	if (gwstore_unfinished(s))
		return gwstore_finish(s, e);
	s->meta.n_next = 0;
	return gwstore_save_meta(s, e);
}

enum mq_err
gwstore_open(struct gwstore **out, const char *dir, struct mq_error *e)
{
	struct gwstore *s = NULL;
	char path[PATH_MAX];
	enum mq_err r;

	if ((r = new_store(&s, dir, e)) != MQ_OK || (r = join(path, dir, "lock", e)) != MQ_OK)
		goto out;
	if ((r = file_lock(path, 0, &s->lock_fd, e)) != MQ_OK) {
		if (r == MQ_EAGAIN)
			(void)mq_fail(e, r, "another mqgpd runs with %s", dir);
		goto out;
	}
	load_all(s);
	r = settle(s, e);
out:
	if (r != MQ_OK)
		gwstore_close(s);
	else
		*out = s;
	return r;
}

enum mq_err
gwstore_peek(struct gwstore **out, const char *dir, struct mq_error *e)
{
	struct gwstore *s;
	enum mq_err r;

	if ((r = new_store(&s, dir, e)) != MQ_OK)
		return r;
	load_all(s);
	*out = s;
	return MQ_OK;
}

void
gwstore_close(struct gwstore *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n_pend; i++)
		buf_done(&s->pend[i].bundle);
	for (size_t i = 0; i < s->n_epochs; i++)
		secret_free(&s->epoch[i].secret);
	secret_free(&s->data_sk);
	secret_free(&s->claim);
	buf_done(&s->cur);
	buf_done(&s->prev);
	gwmeta_done(&s->meta);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd); /* a lock file holds nothing */
	free(s);
}

/* ---- changing */

enum mq_err
gwstore_save_meta(struct gwstore *s, struct mq_error *e)
{
	struct buf text;
	enum mq_err r;

	buf_init(&text, GWMETA_MAX);
	if ((r = gwmeta_print(&s->meta, &text)) != MQ_OK)
		(void)mq_fail(e, r, "meta would be larger than its limit");
	else
		r = write_in(s->dir, "meta", text.p, text.n, e);
	buf_done(&text);
	return r;
}

enum mq_err
gwstore_boot(struct gwstore *s, struct mq_error *e)
{
	if (s->meta.boot == UINT32_MAX)
		return mq_fail(e, MQ_ELIMIT,
		    "the boot counter is used up: this gateway needs a new data key");
	s->meta.boot++;
	return gwstore_save_meta(s, e);
}

static void
pend_name(char out[16 + 2 * HASH_BYTES], const uint8_t hash[HASH_BYTES])
{
	memcpy(out, "pend/", 5);
	text_hex(out + 5, hash, HASH_BYTES);
	memcpy(out + 5 + 2 * HASH_BYTES, ".bundle", 8);
}

static struct gwstore_pending *
find_pending(struct gwstore *s, const uint8_t hash[HASH_BYTES])
{
	for (size_t i = 0; i < s->n_pend; i++)
		if (memcmp(s->pend[i].hash, hash, HASH_BYTES) == 0)
			return &s->pend[i];
	return NULL;
}

enum mq_err
gwstore_put_pending(struct gwstore *s, const uint8_t hash[HASH_BYTES], struct span bundle,
    struct mq_error *e)
{
	struct gwstore_pending *p = find_pending(s, hash);
	char name[16 + 2 * HASH_BYTES];
	enum mq_err r;

	if (p == NULL && s->n_pend == ACCEPT_PENDING_MAX)
		return mq_fail(e, MQ_ELIMIT, "all places for candidates are taken");
	pend_name(name, hash);
	if ((r = write_in(s->dir, name, bundle.p, bundle.n, e)) != MQ_OK)
		return r;
	if (p == NULL) {
		p = &s->pend[s->n_pend++];
		buf_init(&p->bundle, BUNDLE_MAX);
		memcpy(p->hash, hash, HASH_BYTES);
	}
	buf_reset(&p->bundle);
	if ((r = buf_put(&p->bundle, bundle.p, bundle.n)) != MQ_OK)
		return mq_fail(e, r, "a candidate could not be kept in memory");
	crash_point("S1");
	return MQ_OK;
}

enum mq_err
gwstore_drop_pending(struct gwstore *s, const uint8_t hash[HASH_BYTES], struct mq_error *e)
{
	struct gwstore_pending *p = find_pending(s, hash);
	char name[16 + 2 * HASH_BYTES], path[PATH_MAX];
	enum mq_err r;

	if (p == NULL)
		return MQ_OK;
	pend_name(name, hash);
	if ((r = join(path, s->dir, name, e)) != MQ_OK || (r = file_unlink(path, e)) != MQ_OK)
		return r;
	buf_done(&p->bundle);
	*p = s->pend[--s->n_pend];
	return MQ_OK;
}

bool
gwstore_unfinished(const struct gwstore *s)
{
	uint8_t is[HASH_BYTES];

	if (s->meta_ahead)
		return true;
	return s->meta.n_next != 0 && s->cur.n != 0 && hash_of_bundle(buf_span(&s->cur), is) &&
	    memcmp(is, s->meta.next[s->meta.n_next - 1].hash, HASH_BYTES) == 0;
}

/* Idempotent: at start it is done again, as H(cur) = the last `next` tells. */
enum mq_err
gwstore_finish(struct gwstore *s, struct mq_error *e)
{
	char from[PATH_MAX], to[PATH_MAX];
	enum mq_err r;

	if ((r = join(from, s->dir, "prev.new", e)) != MQ_OK ||
	    (r = join(to, s->dir, "prev.bundle", e)) != MQ_OK)
		return r;
	if (file_exists(from)) {
		if ((r = file_rename(from, to, e)) != MQ_OK)
			return r;
		buf_reset(&s->prev);
		if ((r = file_read(to, &s->prev, e)) != MQ_OK)
			return r;
	}
	while (s->n_pend != 0)
		if ((r = gwstore_drop_pending(s, s->pend[0].hash, e)) != MQ_OK)
			return r;
	if ((r = gwstore_forget_claim(s, e)) != MQ_OK)
		return r;
	if (!s->meta_ahead && (r = gwmeta_commit(&s->meta)) != MQ_OK)
		return mq_fail(e, r, "the commit does not extend what was committed");
	s->meta_ahead = true;
	if ((r = gwstore_boot(s, e)) != MQ_OK)
		return r;
	s->meta_ahead = false;
	crash_point("S6");
	return MQ_OK;
}

enum mq_err
gwstore_commit(struct gwstore *s, const struct gwmeta_rev *revs, size_t n, struct span before,
    bool rekey_due, struct mq_error *e)
{
	struct gwstore_pending *p = n != 0 ? find_pending(s, revs[n - 1].hash) : NULL;
	struct span old = before.n != 0 ? before : buf_span(&s->cur);
	char name[16 + 2 * HASH_BYTES], from[PATH_MAX], to[PATH_MAX];
	enum mq_err r;

	if (p == NULL || n > GWMETA_NEXT_MAX)
		return mq_fail(e, MQ_EINVAL, "a commit of a candidate that is not stored");
	/* S4 */
	memcpy(s->meta.next, revs, n * sizeof *revs);
	s->meta.n_next = n;
	s->meta.next_rekey_due = rekey_due;
	if ((r = gwstore_save_meta(s, e)) != MQ_OK)
		return r;
	if (old.n != 0 && (r = write_in(s->dir, "prev.new", old.p, old.n, e)) != MQ_OK)
		return r;
	crash_point("S4");
	/* S5: the linearisation point */
	pend_name(name, p->hash);
	if ((r = join(from, s->dir, name, e)) != MQ_OK ||
	    (r = join(to, s->dir, "cur.bundle", e)) != MQ_OK ||
	    (r = file_rename(from, to, e)) != MQ_OK)
		return r;
	buf_reset(&s->cur);
	if ((r = buf_put(&s->cur, p->bundle.p, p->bundle.n)) != MQ_OK)
		return mq_fail(e, r, "the committed bundle could not be kept in memory");
	crash_point("S5");
	return gwstore_finish(s, e);
}

enum mq_err
gwstore_put_epoch(struct gwstore *s, uint32_t epoch, const uint8_t secret[32], struct mq_error *e)
{
	struct gwstore_epoch *at = NULL;
	char name[32];
	enum mq_err r;

	for (size_t i = 0; i < s->n_epochs; i++)
		if (s->epoch[i].epoch == epoch)
			at = &s->epoch[i];
	if (at == NULL && s->n_epochs == GWSTORE_EPOCHS_MAX)
		return mq_fail(e, MQ_ELIMIT, "too many epoch keys wait for their grace to end");
	(void)snprintf(name, sizeof name, "epoch/%u.key", epoch);
	if ((r = write_in(s->dir, name, secret, 32, e)) != MQ_OK)
		return r;
	/* two rival candidates may name different keys for one epoch: the newest put is kept */
	if (at == NULL) {
		at = &s->epoch[s->n_epochs++];
		at->epoch = epoch;
	} else
		secret_free(&at->secret);
	at->secret = secret_copy(secret, 32);
	return at->secret.p != NULL ? MQ_OK : mq_fail(e, MQ_ENOMEM, "no memory for an epoch key");
}

const struct secret *
gwstore_epoch_secret(const struct gwstore *s, uint32_t epoch)
{
	for (size_t i = 0; i < s->n_epochs; i++)
		if (s->epoch[i].epoch == epoch)
			return &s->epoch[i].secret;
	return NULL;
}

enum mq_err
gwstore_erase_epoch(struct gwstore *s, uint32_t epoch, struct mq_error *e)
{
	char name[32], path[PATH_MAX];
	enum mq_err r;

	(void)snprintf(name, sizeof name, "epoch/%u.key", epoch);
	if ((r = join(path, s->dir, name, e)) != MQ_OK)
		return r;
	for (size_t i = 0; i < s->n_epochs; i++)
		if (s->epoch[i].epoch == epoch) {
			secret_free(&s->epoch[i].secret);
			s->epoch[i] = s->epoch[--s->n_epochs];
			break;
		}
	r = file_exists(path) ? file_shred(path, e) : MQ_OK;
	crash_point("S9");
	return r;
}

enum mq_err
gwstore_forget_claim(struct gwstore *s, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r;

	secret_free(&s->claim);
	if ((r = join(path, s->dir, "claim.key", e)) != MQ_OK)
		return r;
	return file_exists(path) ? file_shred(path, e) : MQ_OK;
}
