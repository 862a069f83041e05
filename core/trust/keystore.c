#include "core/trust/keystore.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/trust/pgp.h"

struct keystore {
	char dir[PATH_MAX]; /* "": keeps nothing */
};

enum mq_err
keystore_open(struct keystore **out, const char *dir, struct mq_error *e)
{
	struct keystore *k = calloc(1, sizeof *k);
	enum mq_err r = MQ_OK;

	if (k == NULL || (dir != NULL && strlen(dir) >= sizeof k->dir)) {
		free(k);
		return mq_fail(e, MQ_ENOMEM, "no memory for the key folder");
	}
	if (dir != NULL) {
		memcpy(k->dir, dir, strlen(dir) + 1);
		r = file_private_dir(dir, e);
	}
	if (r == MQ_OK)
		*out = k;
	else
		free(k);
	return r;
}

void
keystore_close(struct keystore *k)
{
	free(k);
}

static bool
path_of(const struct keystore *k, const char *name, char out[PATH_MAX])
{
	return k->dir[0] != 0 && file_join(out, PATH_MAX, k->dir, name) == MQ_OK;
}

static enum mq_err
put(struct keystore *k, const char *name, struct span bytes, struct mq_error *e)
{
	char path[PATH_MAX];

	return path_of(k, name, path) ? file_write(path, bytes.p, bytes.n, e) : MQ_OK;
}

static enum mq_err
get(struct keystore *k, const char *name, struct buf *out)
{
	char path[PATH_MAX];

	return path_of(k, name, path) ? file_read_private(path, out, NULL) : MQ_ENOENT;
}

/* ---- certificates */

static void
cert_name(char out[64], const struct fpr *f)
{
	(void)snprintf(out, 64, "%.40s.asc", f->hex);
}

enum mq_err
keystore_put_cert(struct keystore *k, const struct fpr *f, struct span cert, struct mq_error *e)
{
	char name[64];

	if (cert.n > PGP_CERT_MAX)
		return mq_fail(e, MQ_ELIMIT, "the certificate is too large");
	cert_name(name, f);
	return put(k, name, cert, e);
}

enum mq_err
keystore_get_cert(struct keystore *k, const struct fpr *f, struct buf *out)
{
	char name[64];

	cert_name(name, f);
	return get(k, name, out);
}

enum mq_err
keystore_each_cert(struct keystore *k, void (*each)(void *arg, const struct fpr *f), void *arg)
{
	struct dirent *de;
	struct fpr f;
	size_t n = 0;
	DIR *d;

	if (k->dir[0] == 0)
		return MQ_OK;
	if ((d = opendir(k->dir)) == NULL)
		return MQ_EIO;
	while (n < KEYSTORE_CERTS_MAX && (de = readdir(d)) != NULL)
		if (strlen(de->d_name) == 44 && strcmp(de->d_name + 40, ".asc") == 0 &&
		    fpr_parse((struct span){ (const uint8_t *)de->d_name, 40 }, &f)) {
			each(arg, &f);
			n++;
		}
	(void)closedir(d); /* read only */
	return MQ_OK;
}

/* ---- epoch secrets */

static void
epoch_name(char out[64], struct span tree, uint32_t epoch)
{
	char id[33];

	topic_id(id, tree);
	(void)snprintf(out, 64, "%s.%u.epoch", id, epoch);
}

enum mq_err
keystore_put_epoch(struct keystore *k, struct span tree, uint32_t epoch, const uint8_t secret[32],
    struct mq_error *e)
{
	char name[64];

	epoch_name(name, tree, epoch);
	return put(k, name, (struct span){ secret, 32 }, e);
}

bool
keystore_get_epoch(struct keystore *k, struct span tree, uint32_t epoch, uint8_t secret[32])
{
	char name[64];
	struct buf b;
	bool ok;

	epoch_name(name, tree, epoch);
	buf_init(&b, 32);
	ok = get(k, name, &b) == MQ_OK && b.n == 32;
	if (ok)
		memcpy(secret, b.p, 32);
	buf_wipe(&b);
	return ok;
}

enum mq_err
keystore_erase_epoch(struct keystore *k, struct span tree, uint32_t epoch, struct mq_error *e)
{
	char name[64], path[PATH_MAX];

	epoch_name(name, tree, epoch);
	return path_of(k, name, path) && file_exists(path) ? file_shred(path, e) : MQ_OK;
}

/* ---- bundles */

enum mq_err
keystore_put_bundle(struct keystore *k, struct span tree, struct span bundle, struct mq_error *e)
{
	char id[33], name[64];

	topic_id(id, tree);
	(void)snprintf(name, sizeof name, "%s.bundle", id);
	return put(k, name, bundle, e);
}

enum mq_err
keystore_get_bundle(struct keystore *k, struct span tree, struct buf *out)
{
	char id[33], name[64];

	topic_id(id, tree);
	(void)snprintf(name, sizeof name, "%s.bundle", id);
	return get(k, name, out);
}

/* ---- marks */

static void
conflict_name(char out[64], struct span tree)
{
	char id[33];

	topic_id(id, tree);
	(void)snprintf(out, 64, "%s.conflict", id);
}

enum mq_err
keystore_mark_conflict(struct keystore *k, struct span tree, bool on, struct mq_error *e)
{
	char name[64], path[PATH_MAX];

	conflict_name(name, tree);
	if (on)
		return put(k, name, span_of("conflict\n"), e);
	return path_of(k, name, path) ? file_unlink(path, e) : MQ_OK;
}

bool
keystore_has_conflict(struct keystore *k, struct span tree)
{
	char name[64], path[PATH_MAX];

	conflict_name(name, tree);
	return path_of(k, name, path) && file_exists(path);
}
