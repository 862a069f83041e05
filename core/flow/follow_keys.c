/* Epoch secrets from keys/<epoch>, and certificates from pgp/<FPR> (PROTOCOL 3.9, OPENPGP 10). */
#include "core/flow/follow_impl.h"

#include <string.h>

#include <sodium.h>

#include "core/wire/keyblob.h"

const struct secret *
follow_secret(const struct follow *f, uint32_t epoch)
{
	for (size_t i = 0; i < f->n_held; i++)
		if (f->held[i].epoch == epoch)
			return &f->held[i].secret;
	return NULL;
}

/* The verified conf that commits to this epoch's key, newest first. */
static const struct conf *
conf_of_epoch(const struct follow *f, uint32_t epoch)
{
	for (size_t i = 0; i < f->n_chain; i++)
		if (f->chain[i].conf->epoch == epoch && f->chain[i].conf->has_epoch_key_id)
			return f->chain[i].conf;
	return NULL;
}

static void
hold(struct follow *f, uint32_t epoch, const uint8_t secret[32])
{
	struct follow_secret_held *h;

	if (follow_secret(f, epoch) != NULL)
		return;
	if (f->n_held == FOLLOW_EPOCHS_MAX) { /* the oldest epoch is out of grace long since */
		size_t oldest = 0;

		for (size_t i = 1; i < f->n_held; i++)
			if (f->held[i].epoch < f->held[oldest].epoch)
				oldest = i;
		secret_free(&f->held[oldest].secret);
		f->held[oldest] = f->held[--f->n_held];
	}
	h = &f->held[f->n_held];
	h->secret = secret_copy(secret, 32);
	if (h->secret.p == NULL)
		return;
	h->epoch = epoch;
	f->n_held++;
	follow_make_judge_tree(f);
	f->changed = true;
}

void
follow_add_secret(struct follow *f, uint32_t epoch, const uint8_t secret[32])
{
	const struct conf *c = conf_of_epoch(f, epoch);
	uint8_t id[HASH_BYTES];

	if (c == NULL)
		return;
	keyblob_key_id(id, epoch, secret);
	if (sodium_memcmp(id, c->epoch_key_id, HASH_BYTES) == 0)
		hold(f, epoch, secret);
}

void
follow_judge_keys(struct follow *f, struct follow_watch *w, struct span payload)
{
	struct desk_view view = { .desk = f->o.desk, .tree = follow_span(f) };
	const struct conf *c = conf_of_epoch(f, w->number);
	struct follow_event ev = { .payload = payload };
	uint8_t secret[32];
	struct accept_env env;
	struct buf clear;

	if (payload.n == 0 || payload.p[0] < 0x80) {
		ev.verdict = payload.n == 0 ? V_CLEARED : V_UNSIGNED;
		follow_tell(f, w, &ev);
		return;
	}
	if (c == NULL) {
		ev.verdict = V_NEEDS_CONF;
		follow_tell(f, w, &ev);
		return;
	}
	buf_init(&clear, PGP_CLEAR_MAX);
	desk_env(&view, &env);
	if (env.decrypt(env.arg, payload, &ev.verdict, &clear) == ACCEPT_WAIT)
		w->dirty = true;
	else {
		if (ev.verdict == V_NONE &&
		    keyblob_open(buf_span(&clear), w->number, c->epoch_key_id, secret)) {
			hold(f, w->number, secret);
			ev.verdict = verdict_grant(V_VERIFIED);
		} else if (ev.verdict == V_NONE)
			ev.verdict = V_KEY_MISMATCH;
		follow_tell(f, w, &ev);
	}
	sodium_memzero(secret, sizeof secret);
	buf_wipe(&clear);
}

/* ---- certificates */

static void
want(struct fpr *out, size_t *n, size_t max, const struct fpr *list, size_t n_list)
{
	for (size_t i = 0; i < n_list && *n < max; i++) {
		bool known = false;

		for (size_t k = 0; k < *n && !known; k++)
			known = fpr_eq(&out[k], &list[i]);
		if (!known)
			out[(*n)++] = list[i];
	}
}

static void
want_conf(struct fpr *out, size_t *n, size_t max, const struct conf *c)
{
	want(out, n, max, c->owner, c->n_owners);
	want(out, n, max, c->recovery, c->n_recovery);
	want(out, n, max, c->reader, c->n_readers);
	if (!c->gateway.is_edkey)
		want(out, n, max, &c->gateway.fpr, 1);
}

/* First contact: nothing is verified yet, so the owners that `secure` names are fetched to check
 * that at least they signed it; the tree stays UNPINNED whatever comes of it. */
static void
want_first_contact(const struct follow *f, struct fpr *out, size_t *n, size_t max)
{
	struct conf_policy policy = { f->o.allow_non_ascii };
	struct conf *c = NULL;
	struct span payload;
	struct bundle b;

	if (!desk_get(f->o.desk, follow_span(f), SLOT_SECURE, 0, &payload) ||
	    bundle_parse(payload, &b) != V_NONE)
		return;
	if (conf_parse(b.body, &policy, &c, NULL) == MQ_OK)
		want_conf(out, n, max, c);
	conf_free(c);
	bundle_done(&b);
}

size_t
follow_wanted_keys(const struct follow *f, struct fpr *out, size_t max)
{
	size_t n = 0;

	if (f->n_chain == 0)
		want_first_contact(f, out, &n, max);
	else
		want_conf(out, &n, max, f->chain[0].conf);
	for (size_t i = 0; i < f->n_cand; i++)
		want_conf(out, &n, max, f->kept[i].conf);
	return n;
}

static bool
is_wanted(const struct follow *f, const struct fpr *who)
{
	struct fpr list[FOLLOW_WANTED_MAX];
	size_t n = follow_wanted_keys(f, list, FOLLOW_WANTED_MAX);

	for (size_t i = 0; i < n; i++)
		if (fpr_eq(&list[i], who))
			return true;
	return false;
}

/* One import a second after the first burst: each one starts gpg twice. */
static bool
may_import(struct follow *f)
{
	int64_t now = clock_mono_ms(f->o.clock);

	f->import_tokens += (double)(now - f->import_at_ms) / 1000.0;
	f->import_at_ms = now;
	if (f->import_tokens > FOLLOW_IMPORT_BURST)
		f->import_tokens = FOLLOW_IMPORT_BURST;
	if (f->import_tokens < 1.0)
		return false;
	f->import_tokens -= 1.0;
	return true;
}

void
follow_judge_pgp(struct follow *f, struct follow_watch *w, struct span payload)
{
	struct follow_event ev = { .payload = payload };
	struct fpr who;

	if (w->import_id != 0)
		return; /* asked */
	if (payload.n == 0)
		ev.verdict = V_CLEARED;
	else if (!fpr_parse(span_of(w->fpr), &who) || payload.n > PGP_CERT_MAX)
		ev.verdict = V_MALFORMED;
	else if (!is_wanted(f, &who)) {
		/* without a conf there is nobody to compare it with yet; follow_all_dirty looks again */
		ev.verdict = f->n_chain == 0 ? V_NEEDS_CONF : V_UNKNOWN_KEY;
	} else {
		if (may_import(f) && pgp_import(f->o.verify, &who, payload, &w->import_id) != MQ_OK)
			w->import_id = 0; /* queue full: next round */
		return;
	}
	follow_tell(f, w, &ev);
}

bool
follow_import_answer(struct follow *f, const struct pgp_answer *a)
{
	for (size_t i = 0; i < f->n_watch; i++) {
		struct follow_watch *w = &f->watch[i];
		struct follow_event ev = { .payload = buf_span(&w->own) };

		if (w->slot != SLOT_PGP || w->import_id == 0 || w->import_id != a->id)
			continue;
		w->import_id = 0;
		ev.verdict = a->err == MQ_OK  ? verdict_grant(V_VERIFIED) :
		    a->err == MQ_EFORMAT      ? V_MALFORMED : V_SYS_ERROR;
		follow_tell(f, w, &ev);
		if (a->err == MQ_OK)
			follow_all_dirty(f);
		return true;
	}
	return false;
}
