#include "core/trust/keytable.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 8 /* most rings hold a handful of keys */
#define RSA_BITS_MIN 2048
#define EC_BITS_MIN 255 /* Ed25519 is listed with 255 or 256 */

void
keytable_init(struct keytable *t)
{
	memset(t, 0, sizeof *t);
}

void
keytable_done(struct keytable *t)
{
	free(t->key);
	keytable_init(t);
}

enum mq_err
keytable_copy(struct keytable *to, const struct keytable *from)
{
	struct pgpkey *key = NULL;

	if (from->n != 0) {
		if ((key = calloc(from->n, sizeof *key)) == NULL)
			return MQ_ENOMEM;
		memcpy(key, from->key, from->n * sizeof *key);
	}
	keytable_done(to);
	to->key = key;
	to->n = to->cap = from->n;
	to->generation = from->generation;
	return MQ_OK;
}

static enum mq_err
grow(struct keytable *t)
{
	size_t cap = t->cap != 0 ? t->cap * 2 : FIRST_ROOM;
	struct pgpkey *key;

	if (t->n >= KEYTABLE_KEYS_MAX)
		return MQ_ELIMIT;
	if (t->n < t->cap)
		return MQ_OK;
	if ((key = realloc(t->key, cap * sizeof *key)) == NULL)
		return MQ_ENOMEM;
	t->key = key;
	t->cap = cap;
	return MQ_OK;
}

enum mq_err
keytable_add(struct keytable *t, const struct pgpkey *k)
{
	enum mq_err r;

	if (k->n < 1 || k->n > KEYTABLE_SUBKEYS_MAX)
		return MQ_EINVAL;
	for (size_t i = 0; i < t->n; i++) {
		if (fpr_eq(&t->key[i].sub[0].fpr, &k->sub[0].fpr)) {
			t->key[i] = *k;
			return MQ_OK;
		}
	}
	if ((r = grow(t)) == MQ_OK)
		t->key[t->n++] = *k;
	return r;
}

const struct subkey *
pgpkey_subkey(const struct pgpkey *k, const struct fpr *f)
{
	for (size_t i = 0; i < k->n; i++)
		if (fpr_eq(&k->sub[i].fpr, f))
			return &k->sub[i];
	return NULL;
}

const struct pgpkey *
keytable_next(const struct keytable *t, const struct fpr *f, size_t *at, const struct subkey **sub)
{
	while (*at < t->n) {
		const struct pgpkey *k = &t->key[(*at)++];
		const struct subkey *s = pgpkey_subkey(k, f);

		if (s == NULL)
			continue;
		if (sub != NULL)
			*sub = s;
		return k;
	}
	return NULL;
}

const struct pgpkey *
keytable_find(const struct keytable *t, const struct fpr *f, const struct subkey **sub)
{
	size_t at = 0;

	return keytable_next(t, f, &at, sub);
}

const struct pgpkey *
keytable_primary(const struct keytable *t, const struct fpr *f)
{
	for (size_t i = 0; i < t->n; i++)
		if (fpr_eq(&t->key[i].sub[0].fpr, f))
			return &t->key[i];
	return NULL;
}

/* The algorithms that sigwalk lets pass, at the sizes that count as strong (PROTOCOL 3.1). */
static bool
strong(const struct subkey *s)
{
	switch (s->algo) {
	case 1:
		return s->bits >= RSA_BITS_MIN;
	case 19:
	case 22:
		return s->bits >= EC_BITS_MIN;
	default:
		return false;
	}
}

bool
subkey_may_sign(const struct pgpkey *k, const struct subkey *s)
{
	return s >= k->sub && s < k->sub + k->n && s->can_sign && strong(s);
}
