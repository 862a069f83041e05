#include "core/conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"

#define GATEWAY_FPR "openpgp4:"
#define GATEWAY_EDKEY "ed25519:"

/* What a suite proves or hides; suite 4 authenticates only the group. */
#define SUITE_HAS_SOURCE 1U
#define SUITE_HAS_SECRET 2U

static const struct {
	const char *name;
	unsigned properties;
} suites[] = {
	[SUITE_NONE] = { "", 0 },
	[SUITE_ED25519] = { "ed25519", SUITE_HAS_SOURCE },
	[SUITE_XCHACHA] = { "xchacha20poly1305", SUITE_HAS_SECRET },
	[SUITE_ED25519_XCHACHA] = { "ed25519+xchacha20poly1305", SUITE_HAS_SOURCE | SUITE_HAS_SECRET },
	[SUITE_HMAC] = { "hmac-sha256", 0 },
};
#define N_SUITES (sizeof suites / sizeof suites[0])

void
conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	free(c->body);
	free(c);
}

struct conf *
conf_dup(const struct conf *c)
{
	struct conf *copy = malloc(sizeof *copy);

	if (copy == NULL)
		return NULL;
	*copy = *c;
	if ((copy->body = (uint8_t *)span_dup(conf_body(c))) == NULL) {
		free(copy);
		return NULL;
	}
	return copy;
}

void
conf_hash(uint8_t out[HASH_BYTES], struct span body)
{
	(void)crypto_generichash(out, HASH_BYTES, body.p, body.n, NULL, 0); /* fails on bad sizes only */
}

struct span
conf_topic(const struct conf *c)
{
	return (struct span){ c->topic, c->topic_n };
}

struct span
conf_body(const struct conf *c)
{
	return (struct span){ c->body, c->body_n };
}

static bool
holds(const struct fpr *list, size_t n, const struct fpr *f)
{
	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], f))
			return true;
	return false;
}

bool
conf_is_owner(const struct conf *c, const struct fpr *f)
{
	return holds(c->owner, c->n_owners, f);
}

bool
conf_is_recovery(const struct conf *c, const struct fpr *f)
{
	return holds(c->recovery, c->n_recovery, f);
}

bool
conf_is_reader(const struct conf *c, const struct fpr *f)
{
	return holds(c->reader, c->n_readers, f);
}

const struct conf_data_key *
conf_find_key(const struct conf *c, uint8_t kid, enum key_role role)
{
	for (size_t i = 0; i < c->n_data_keys; i++)
		if (c->data_key[i].index == kid && c->data_key[i].role == role)
			return &c->data_key[i];
	return NULL;
}

bool
conf_same_gateway(const struct conf_gateway *a, const struct conf_gateway *b)
{
	if (a->is_edkey != b->is_edkey)
		return false;
	return a->is_edkey ? memcmp(a->pk, b->pk, sizeof a->pk) == 0 : fpr_eq(&a->fpr, &b->fpr);
}

void
conf_put_gateway(const struct conf_gateway *g, char out[80])
{
	char hex[65];

	text_hex(hex, g->pk, sizeof g->pk);
	(void)snprintf(out, 80, "%s%s", g->is_edkey ? GATEWAY_EDKEY : GATEWAY_FPR,
	    g->is_edkey ? hex : g->fpr.hex);
}

/* The bytes behind a prefix; NULL if it is not there. */
static struct span
after(struct span s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!span_starts(s, prefix))
		return (struct span){ NULL, 0 };
	return (struct span){ s.p + n, s.n - n };
}

bool
conf_read_gateway(struct span value, struct conf_gateway *out)
{
	struct conf_gateway g = { .is_edkey = span_starts(value, GATEWAY_EDKEY) };

	if (g.is_edkey) {
		if (!text_unhex(after(value, GATEWAY_EDKEY), 'a', g.pk, sizeof g.pk))
			return false;
	} else if (!fpr_parse(after(value, GATEWAY_FPR), &g.fpr)) {
		return false;
	}
	*out = g;
	return true;
}

const char *
suite_name(enum suite s)
{
	return (unsigned)s < N_SUITES ? suites[s].name : "";
}

enum suite
suite_from_name(struct span s)
{
	for (unsigned i = SUITE_ED25519; i < N_SUITES; i++)
		if (span_is(s, suites[i].name))
			return (enum suite)i;
	return SUITE_NONE;
}

bool
suite_needs_epoch_key(enum suite s)
{
	return s == SUITE_XCHACHA || s == SUITE_ED25519_XCHACHA || s == SUITE_HMAC;
}

bool
suite_meets_floor(enum suite have, enum suite floor)
{
	return (unsigned)have < N_SUITES && (unsigned)floor < N_SUITES &&
	    (suites[floor].properties & ~suites[have].properties) == 0;
}

bool
fpr_parse(struct span hex40, struct fpr *out)
{
	if (!text_is_hex(hex40, 'A', sizeof out->hex - 1))
		return false;
	memcpy(out->hex, hex40.p, sizeof out->hex - 1);
	out->hex[sizeof out->hex - 1] = 0;
	return true;
}

bool
fpr_eq(const struct fpr *a, const struct fpr *b)
{
	return memcmp(a->hex, b->hex, sizeof a->hex) == 0;
}

void
fpr_groups(const struct fpr *f, char out[45])
{
	(void)snprintf(out, 45, "%.8s %.8s %.8s %.8s %.8s", f->hex, f->hex + 8, f->hex + 16,
	    f->hex + 24, f->hex + 32);
}

void
fpr_short(const struct fpr *f, char out[16])
{
	(void)snprintf(out, 16, "%.4s\xe2\x80\xa6%.4s", f->hex, f->hex + 36);
}
