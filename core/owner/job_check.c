/* Is the draft a conf, does it need a new epoch, who gets its key, and what does it mean? */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/conf/change.h"
#include "core/conf/compose.h"
#include "core/conf/diff.h"
#include "core/owner/job_impl.h"
#include "core/wire/keyblob.h"

#define RECIPIENTS_MAX (CONF_OWNERS_MAX + CONF_RECOVERY_MAX + CONF_READERS_MAX + 1)
#define DAY 86400

/* ---- grammar */

static void
tell_errors(struct job *j, const struct conf_errors *errors)
{
	struct buf text;

	buf_init(&text, JOB_MEANING_MAX);
	for (size_t i = 0; i < errors->n; i++) {
		const struct conf_error *x = &errors->e[i];

		if (x->line != 0)
			(void)buf_printf(&text, "line %u: ", x->line);
		(void)buf_printf(&text, "%s%s%s\n", x->key, x->key[0] != 0 ? ": " : "", x->text);
	}
	if (errors->total > errors->n)
		(void)buf_printf(&text, "and %zu more\n", errors->total - errors->n);
	job_set_meaning(j, buf_cstr(&text) != NULL ? (const char *)text.p : "");
	buf_done(&text);
}

static enum mq_err
parse(struct job *j, struct mq_error *e)
{
	struct conf_policy policy = { j->o.profile->allow_non_ascii };
	struct conf_errors *errors = calloc(1, sizeof *errors);
	struct conf *c = NULL;
	enum mq_err r;

	if (errors == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory to parse");
	r = conf_parse(buf_span(&j->draft), &policy, &c, errors);
	conf_free(j->conf);
	j->conf = c;
	if (r == MQ_EFORMAT) {
		tell_errors(j, errors);
		(void)mq_fail(e, r, "%zu error%s, the first in line %u: %.32s %.100s; the draft is kept, "
		    "edit it again: %.100s", errors->total, errors->total == 1 ? "" : "s",
		    errors->e[0].line, errors->e[0].key, errors->e[0].text,
		    outbox_draft_path(j->box));
	}
	free(errors);
	return r;
}

/* ---- the epoch */

enum mq_err
job_fresh_epoch(struct job *j, uint32_t epoch, struct mq_error *e)
{
	secret_free(&j->epoch_secret);
	j->epoch_secret = secret_new(32);
	if (j->epoch_secret.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no guarded memory for an epoch secret");
	randombytes_buf(j->epoch_secret.p, 32);
	j->new_epoch = epoch;
	return MQ_OK;
}

static enum mq_err
set_u32(struct job *j, const char *key, uint32_t value, struct mq_error *e)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", value);
	return conf_edit_set(&j->draft, span_of(key), span_of(text), e);
}

static enum mq_err
set_key_id(struct job *j, uint32_t epoch, struct mq_error *e)
{
	static const char prefix[] = "b2-256:";
	char text[sizeof prefix + 2 * HASH_BYTES];
	uint8_t id[HASH_BYTES];
	enum mq_err r = job_fresh_epoch(j, epoch, e);

	if (r != MQ_OK)
		return r;
	keyblob_key_id(id, epoch, j->epoch_secret.p);
	memcpy(text, prefix, sizeof prefix - 1);
	text_hex(text + sizeof prefix - 1, id, HASH_BYTES);
	return conf_edit_set(&j->draft, span_of("epoch-key-id"), span_of(text), e);
}

static bool
holds_key(const struct fpr *f, const struct conf *c)
{
	return conf_is_owner(c, f) || conf_is_recovery(c, f) || conf_is_reader(c, f);
}

static bool
someone_is_new(const struct fpr *list, size_t n, const struct conf *base)
{
	for (size_t i = 0; i < n; i++)
		if (!holds_key(&list[i], base))
			return true;
	return false;
}

/* Somebody who could not read under N can under C: they get a key of their own time, not the past's.
 * A hand-over waits for the take-over rekey. */
static bool
gives_access(const struct conf *n, const struct conf *c)
{
	return c->has_epoch_key_id && !change_full_hand_over(n, c) &&
	    (someone_is_new(c->owner, c->n_owners, n) ||
		someone_is_new(c->recovery, c->n_recovery, n) ||
		someone_is_new(c->reader, c->n_readers, n));
}

static bool
rekey_is_due(const struct job *j)
{
	const struct follow_gateway *g = follow_gateway(session_follow(j->s));

	return g->any_receipt && g->receipt.rekey_due;
}

/* The new epoch a revision must bring by PROTOCOL 3.5, or should. */
static enum mq_err
choose_epoch(struct job *j, struct mq_error *e)
{
	const struct conf *n = j->base, *c = j->conf;
	bool key_changes = c->has_epoch_key_id && !n->has_epoch_key_id;
	enum mq_err r = MQ_OK;

	if (c->epoch == n->epoch && (key_changes || change_takes_access(n, c) ||
					gives_access(n, c) || rekey_is_due(j))) {
		if (n->epoch == UINT32_MAX)
			return mq_fail(e, MQ_ELIMIT, "the last epoch is reached: re-enrol the gateway");
		r = set_u32(j, "epoch", n->epoch + 1, e);
		if (r == MQ_OK)
			r = parse(j, e);
	}
	if (r == MQ_OK && j->conf->epoch != n->epoch && j->conf->has_epoch_key_id &&
	    (r = set_key_id(j, j->conf->epoch, e)) == MQ_OK)
		r = parse(j, e);
	return r;
}

/* A suite that needs an epoch key, chosen for a tree that had none, or the other way round: the key
 * line belongs to the tool, not to the person. */
static enum mq_err
parse_with_key_line(struct job *j, struct mq_error *e)
{
	struct mq_error first = { 0 }, ignored;
	enum mq_err r = parse(j, &first);
	struct buf before;

	if (r != MQ_EFORMAT || j->base == NULL)
		return r == MQ_OK ? r : mq_fail(e, r, "%s", first.text);
	buf_init(&before, CONF_BODY_MAX);
	(void)buf_put(&before, j->draft.p, j->draft.n); /* it fitted a buffer of this size */
	r = j->base->has_epoch_key_id ?
	    conf_edit_remove(&j->draft, span_of("epoch-key-id"), span_of(""), &ignored) :
	    set_key_id(j, j->base->epoch, &ignored);
	if (r == MQ_OK)
		r = parse(j, &ignored);
	if (r != MQ_OK) {
		buf_reset(&j->draft);
		(void)buf_put(&j->draft, before.p, before.n);
		r = parse(j, e); /* the person's own errors */
	}
	buf_done(&before);
	return r;
}

/* ---- rules that a person should hear before signing */

static enum mq_err
check_place(struct job *j, struct mq_error *e)
{
	if (!span_eq(conf_topic(j->conf), job_tree(j)))
		return mq_fail(e, MQ_EINVAL, "topic= is another tree; moving a tree is not done by this "
		    "version");
	if (j->base == NULL)
		return MQ_OK;
	if (!conf_same_gateway(&j->base->gateway, &j->conf->gateway))
		return mq_fail(e, MQ_EINVAL, "gateway= differs from revision %u: another gateway is "
		    "claimed anew", j->base->revision);
	if (!change_same_place(j->base, j->conf))
		return mq_fail(e, MQ_EINVAL, "url or network-security differ from revision %u; moving a "
		    "tree to another broker is not done by this version", j->base->revision);
	return MQ_OK;
}

static enum mq_err
check_chain(struct job *j, struct mq_error *e)
{
	uint32_t want = j->base != NULL ? j->base->revision + 1 : 1;

	if (j->conf->revision != want)
		return mq_fail(e, MQ_EINVAL, "revision=%u, but the next one is %u; the draft is kept: %s",
		    j->conf->revision, want, outbox_draft_path(j->box));
	if (j->base != NULL && !job_same_hash(j->conf->prev, j->base->hash))
		return mq_fail(e, MQ_EINVAL, "prev= is not the hash of revision %u; the draft is kept: "
		    "%s", j->base->revision, outbox_draft_path(j->box));
	return MQ_OK;
}

/* Other owners need a date until which they may accept; a person forgets it, the rule does not. */
static enum mq_err
add_offer_until(struct job *j, struct mq_error *e)
{
	char text[TEXT_TIME_MAX];
	enum mq_err r;

	if (j->base == NULL || !change_is_transfer(j->base, j->conf) || j->conf->has_offer_until)
		return MQ_OK;
	text_put_time(text, j->conf->issued + (int64_t)JOB_OFFER_DAYS * DAY);
	r = conf_edit_set(&j->draft, span_of("offer-until"), span_of(text), e);
	return r == MQ_OK ? parse(j, e) : r;
}

/* ---- recipients of the epoch key */

static size_t
recipients(const struct conf *c, struct fpr out[RECIPIENTS_MAX])
{
	size_t n = 0;

	if (!c->gateway.is_edkey)
		out[n++] = c->gateway.fpr;
	for (size_t i = 0; i < c->n_owners; i++)
		out[n++] = c->owner[i];
	for (size_t i = 0; i < c->n_recovery; i++)
		out[n++] = c->recovery[i];
	for (size_t i = 0; i < c->n_readers; i++)
		if (!conf_is_owner(c, &c->reader[i]) && !conf_is_recovery(c, &c->reader[i]))
			out[n++] = c->reader[i];
	return n;
}

/* A certificate goes into the person's home only if it is exactly the key the conf names. */
static enum mq_err
fetch_cert(struct job *j, const struct fpr *f, struct mq_error *e)
{
	struct keystore *keys = session_keys(j->s);
	struct span cert = session_cert(j->s, f);
	struct buf kept;
	enum mq_err r;

	if (signer_has(j->signer, f))
		return MQ_OK;
	buf_init(&kept, PGP_CERT_MAX);
	if (cert.n == 0 && keys != NULL && keystore_get_cert(keys, f, &kept) == MQ_OK)
		cert = buf_span(&kept);
	if (cert.n == 0)
		r = mq_fail(e, MQ_ENOENT, "no public key of %s: it is not on the broker and not in your "
		    "keyring; `mqgp key import FILE`", f->hex);
	else
		r = signer_import(j->signer, f, cert, e);
	buf_done(&kept);
	return r;
}

static enum mq_err
fetch_certs(struct job *j, struct mq_error *e)
{
	struct fpr to[RECIPIENTS_MAX];
	size_t n = recipients(j->conf, to);
	bool asked = false;
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < n; i++)
		if (!signer_has(j->signer, &to[i]) && session_cert(j->s, &to[i]).n == 0) {
			session_want_key(j->s, &to[i]);
			asked = true;
		}
	if (asked)
		r = session_settle(j->s, e);
	for (size_t i = 0; i < n && r == MQ_OK; i++)
		r = fetch_cert(j, &to[i], e);
	return r;
}

enum mq_err
job_seal_epoch(struct job *j, struct mq_error *e)
{
	struct fpr to[RECIPIENTS_MAX];
	size_t n = recipients(j->conf, to);
	struct secret clear = secret_new(KEYBLOB_CLEAR);
	enum mq_err r;

	if (clear.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no guarded memory for an epoch secret");
	keyblob_clear(clear.p, j->new_epoch, j->epoch_secret.p);
	buf_reset(&j->blob);
	r = signer_encrypt(j->signer, to, n, (struct span){ clear.p, clear.n }, &j->blob, e);
	secret_free(&clear);
	return r;
}

/* ---- steps */

enum mq_err
job_check(struct job *j, struct mq_error *e)
{
	struct outbox_meta m = *outbox_meta(j->box);
	enum mq_err r;

	if ((r = parse_with_key_line(j, e)) != MQ_OK || (r = check_place(j, e)) != MQ_OK ||
	    (r = check_chain(j, e)) != MQ_OK ||
	    (j->base != NULL && (r = choose_epoch(j, e)) != MQ_OK) ||
	    (r = add_offer_until(j, e)) != MQ_OK)
		return r;
	if (j->new_epoch != 0 && (r = fetch_certs(j, e)) != MQ_OK)
		return r;
	if ((r = outbox_put_draft(j->box, &m, buf_span(&j->draft), e)) != MQ_OK)
		return r;
	if (j->new_epoch != 0)
		job_say(j, "0 errors, new epoch %u", j->new_epoch);
	else
		job_say(j, "0 errors");
	return MQ_OK;
}

static void
put_diff(const struct job *j, struct buf *out)
{
	enum suite floor = (enum suite)j->o.profile->min_suite;
	struct diff *d = calloc(1, sizeof *d);

	if (d == NULL)
		return;
	conf_diff(j->base, j->conf, floor != SUITE_NONE ? floor : SUITE_HMAC, d);
	for (size_t i = 0; i < d->n; i++)
		if (d->line[i].weight != DIFF_NOTE)
			(void)buf_printf(out, "%s%s\n", d->line[i].weaker ? "WEAKER: " : "",
			    d->line[i].text);
	free(d);
	if (out->n == 0)
		(void)buf_puts(out, "new dates only\n");
}

enum mq_err
job_tell_meaning(struct job *j, struct mq_error *e)
{
	char first[JOB_TEXT];
	const uint8_t *end;
	struct buf text;
	size_t lines = 0;

	buf_init(&text, JOB_MEANING_MAX);
	put_diff(j, &text);
	if (!follow_marks(session_follow(j->s))->pinned && j->base != NULL)
		(void)buf_puts(&text, "NOTE: this tree is not pinned: nobody compared the gateway's "
				      "fingerprint yet\n");
	if (buf_cstr(&text) == NULL) {
		buf_done(&text);
		return mq_fail(e, MQ_ENOMEM, "no memory to say what it means");
	}
	job_set_meaning(j, (const char *)text.p);
	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	end = memchr(text.p, '\n', text.n);
	(void)snprintf(first, sizeof first, "%.*s", end != NULL ? (int)(end - text.p) : 0,
	    (const char *)text.p);
	if (lines > 1)
		job_say(j, "%s, and %zu more", first, lines - 1);
	else
		job_say(j, "%s", first);
	buf_done(&text);
	return MQ_OK;
}
