/* What each kind of job writes: the body of the next revision, or a halt order. */
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/compose.h"
#include "core/net/url.h"
#include "core/owner/job_impl.h"
#include "core/wire/keyblob.h"

#define DAY 86400

/* ---- genesis */

enum hint { HINT_URL, HINT_GATEWAY, HINT_DATA_KEY, HINTS };
struct template {
	struct span hint[HINTS];
};

/* The unprotected copy of an unclaimed gateway: lines that a first conf needs. Hints only. */
static void
read_template(struct span info, struct template *t)
{
	static const char *const prefix[HINTS] = { "url=", "gateway=", "data-key=0 gateway ed25519:" };
	struct rd r = rd_of(info.p, info.n);
	struct span line;

	memset(t, 0, sizeof *t);
	while (rd_line(&r, &line))
		for (size_t i = 0; i < HINTS; i++) {
			size_t n = strlen(prefix[i]);

			if (span_starts(line, prefix[i]))
				t->hint[i] = (struct span){ line.p + n, line.n - n };
		}
}

/* The data key cannot be checked before the claim; a wrong one makes the gateway refuse it. */
static enum mq_err
find_data_key(struct job *j, const struct template *t, uint8_t pk[32], struct mq_error *e)
{
	struct span says = t->hint[HINT_GATEWAY];
	char want[80];

	if (j->o.gateway.is_edkey) {
		memcpy(pk, j->o.gateway.pk, 32);
		return MQ_OK;
	}
	conf_put_gateway(&j->o.gateway, want);
	if (says.n == 0)
		return mq_fail(e, MQ_ENOENT, "no gateway announces itself on this tree at %s; is it "
		    "running?", session_broker(j->s));
	if (!span_is(says, want))
		return mq_fail(e, MQ_EPERM, "another gateway answers here: it says %.*s",
		    (int)(says.n > 80 ? 80 : says.n), (const char *)says.p);
	if (!text_unhex(t->hint[HINT_DATA_KEY], 'a', pk, 32))
		return mq_fail(e, MQ_ENOENT, "the gateway does not say its data key");
	return MQ_OK;
}

/* The gateway's own spelling of the address if it is the one we reached, else ours without user. */
static void
choose_url(struct job *j, const struct template *t, char out[512])
{
	const char *ours = j->o.profile->broker.s[0];
	struct span theirs = t->hint[HINT_URL];
	struct url mine, its;
	char address[URL_HOST_MAX + 16];

	if (url_read(&mine, span_of(ours), NULL) != MQ_OK) {
		(void)snprintf(out, 512, "%s", ours);
		return;
	}
	if (theirs.n < 512 && url_read(&its, theirs, NULL) == MQ_OK && its.tls == mine.tls &&
	    its.port == mine.port && strcmp(its.host, mine.host) == 0) {
		(void)snprintf(out, 512, "%.*s", (int)theirs.n, (const char *)theirs.p);
		return;
	}
	url_put_address(address, sizeof address, &mine);
	(void)snprintf(out, 512, "%s://%s", mine.tls ? "mqtts" : "mqtt", address);
}

enum mq_err
job_write_genesis(struct job *j, struct mq_error *e)
{
	struct fpr owner[CONF_OWNERS_MAX + 1];
	uint8_t key_id[HASH_BYTES];
	struct conf_genesis g = { .own = j->o.own, .topic = job_tree(j), .gateway = j->o.gateway,
		.owner = owner, .n_owners = 1, .threshold = 1, .epoch_key_id = key_id };
	struct template t;
	struct span info = { NULL, 0 };
	char url[512];
	enum mq_err r;

	(void)session_payload(j->s, SLOT_INFO, 0, &info); /* absent: told by find_data_key */
	read_template(info, &t);
	if ((r = find_data_key(j, &t, g.data_key, e)) != MQ_OK)
		return r;
	choose_url(j, &t, url);
	g.url = url;
	owner[0] = j->key;
	for (size_t i = 0; i < j->o.n_owners; i++)
		if (!fpr_eq(&j->o.owner[i], &j->key))
			owner[g.n_owners++] = j->o.owner[i];
	if (!j->o.gateway.is_edkey) {
		if ((r = job_fresh_epoch(j, 1, e)) != MQ_OK)
			return r;
		keyblob_key_id(key_id, 1, j->epoch_secret.p);
	}
	return conf_new_genesis(&g, clock_wall(j->o.clock), &j->draft, e);
}

/* ---- successors */

static enum mq_err
successor(struct job *j, struct mq_error *e)
{
	return conf_successor(j->base, clock_wall(j->o.clock), &j->draft, e);
}

static enum mq_err
apply_changes(struct job *j, struct mq_error *e)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < j->o.n_changes && r == MQ_OK; i++) {
		const struct job_change *c = &j->o.change[i];
		struct span key = span_of(c->key), value = span_of(c->value);

		switch (c->how) {
		case JOB_SET:
			r = conf_edit_set(&j->draft, key, value, e);
			break;
		case JOB_ADD:
			r = conf_edit_add(&j->draft, key, value, e);
			break;
		case JOB_REMOVE:
			r = conf_edit_remove(&j->draft, key, value, e);
			break;
		}
	}
	return r;
}

/* A draft that was left (an editor that failed, a lint error) is opened again. */
static bool
is_left_draft(const struct job *j)
{
	const struct outbox_meta *m = outbox_meta(j->box);

	return m->step == OUTBOX_O1 && strcmp(m->kind, job_row(JOB_EDIT)->name) == 0 && j->base != NULL &&
	    job_same_hash(m->base_hash, j->base->hash);
}

enum mq_err
job_write_edit(struct job *j, struct mq_error *e)
{
	if (j->o.draft.n != 0)
		return buf_put(&j->draft, j->o.draft.p, j->o.draft.n) == MQ_OK ? MQ_OK :
		    mq_fail(e, MQ_ELIMIT, "the draft is larger than %d bytes", CONF_BODY_MAX);
	if (j->o.n_changes == 0 && is_left_draft(j))
		return outbox_get_draft(j->box, &j->draft, e);
	return successor(j, e);
}

enum mq_err
job_write_renew(struct job *j, struct mq_error *e)
{
	return successor(j, e);
}

enum mq_err
job_write_rekey(struct job *j, struct mq_error *e)
{
	char epoch[16];
	enum mq_err r = successor(j, e);

	if (r != MQ_OK)
		return r;
	if (j->base->epoch == UINT32_MAX)
		return mq_fail(e, MQ_ELIMIT, "the last epoch is reached: re-enrol the gateway");
	(void)snprintf(epoch, sizeof epoch, "%u", j->base->epoch + 1);
	return conf_edit_set(&j->draft, span_of("epoch"), span_of(epoch), e);
}

static enum mq_err
set_time(struct job *j, const char *key, int64_t at, struct mq_error *e)
{
	char text[TEXT_TIME_MAX];

	text_put_time(text, at);
	return conf_edit_set(&j->draft, span_of(key), span_of(text), e);
}

enum mq_err
job_write_offer(struct job *j, struct mq_error *e)
{
	uint32_t days = j->o.offer_days != 0 ? j->o.offer_days : JOB_OFFER_DAYS;
	uint32_t threshold = j->o.threshold != 0 ? j->o.threshold : 1;
	char text[64];
	enum mq_err r;

	if (j->o.n_owners == 0)
		return mq_fail(e, MQ_EINVAL, "an offer names its new owner: --to FINGERPRINT");
	if ((r = successor(j, e)) != MQ_OK ||
	    (r = conf_edit_remove(&j->draft, span_of("owner"), span_of(""), e)) != MQ_OK)
		return r;
	for (size_t i = 0; i < j->o.n_owners && r == MQ_OK; i++) {
		(void)snprintf(text, sizeof text, "openpgp4:%s", j->o.owner[i].hex);
		r = conf_edit_add(&j->draft, span_of("owner"), span_of(text), e);
	}
	(void)snprintf(text, sizeof text, "%u", threshold);
	if (r == MQ_OK)
		r = conf_edit_set(&j->draft, span_of("threshold"), span_of(text), e);
	return r == MQ_OK ? set_time(j, "offer-until",
	    clock_wall(j->o.clock) + (int64_t)days * DAY, e) : r;
}

/* What was published is voided by another N+1; job_connect dropped what never was. Without either
 * it is about a draft that an edit left. */
enum mq_err
job_write_cancel(struct job *j, struct mq_error *e)
{
	const struct accept_candidate *kept;
	const struct follow_candidate *result;

	if (follow_candidates(session_follow(j->s), &kept, &result) != 0)
		return successor(j, e);
	if (outbox_meta(j->box)->step == OUTBOX_O1)
		return job_drop(j, e);
	return mq_fail(e, MQ_ENOENT, "there is no proposal or offer to cancel");
}

enum mq_err
job_write_halt(struct job *j, struct mq_error *e)
{
	struct halt h = { .gateway = j->base->gateway, .revision = j->base->revision,
		.issued = clock_wall(j->o.clock) };
	enum mq_err r;

	memcpy(h.topic, j->base->topic, j->base->topic_n);
	h.topic_n = j->base->topic_n;
	memcpy(h.conf, j->base->hash, HASH_BYTES);
	(void)snprintf(h.reason, sizeof h.reason, "%.32s",
	    j->o.reason != NULL ? j->o.reason : "owner");
	j->halting = true;
	if ((r = halt_print(&h, &j->draft)) != MQ_OK)
		return mq_fail(e, MQ_EINVAL, "the reason of a halt is one word of a-z, 0-9 and -");
	if ((j->conf = conf_dup(j->base)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for a conf");
	return MQ_OK;
}

/* ---- the step */

/* It is committed, only the book-keeping was cut short. */
static enum mq_err
close_committed(struct job *j, struct mq_error *e)
{
	const struct outbox_meta *m = outbox_meta(j->box);
	struct secret s = secret_new(32);
	enum mq_err r = MQ_OK;
	struct buf blob;

	if (s.p == NULL)
		return mq_fail(e, MQ_ENOMEM, "no guarded memory for an epoch secret");
	buf_init(&blob, BUNDLE_MAX);
	if (m->new_epoch != 0 && (r = outbox_get_epoch(j->box, s.p, &blob, e)) == MQ_OK)
		r = keystore_put_epoch(session_keys(j->s), job_tree(j), m->new_epoch, s.p, e);
	buf_done(&blob);
	secret_free(&s);
	return r == MQ_OK ? outbox_reach(j->box, OUTBOX_O7, e) : r;
}

/* What a new body may not silently replace: signed work that is half published. */
static enum mq_err
outbox_is_free(struct job *j, struct mq_error *e)
{
	const struct outbox_meta *m = outbox_meta(j->box);
	bool underway = m->step >= OUTBOX_O2 && m->step <= OUTBOX_O6;
	bool over = j->base != NULL && m->revision <= j->base->revision;

	if (underway && over) /* or another revision was faster */
		return job_same_hash(m->hash, j->base->hash) ? close_committed(j, e) :
		    outbox_give_up(j->box, "overtaken", e);
	if (!underway || m->step == OUTBOX_O6 || j->o.kind == JOB_CANCEL)
		return MQ_OK;
	return mq_fail(e, MQ_EAGAIN, "revision %u (%s) is signed but not finished: `mqgp push` goes on "
	    "with it, `mqgp cancel` drops it", m->revision, m->kind);
}

static enum mq_err
keep_draft(struct job *j, struct mq_error *e)
{
	struct outbox_meta m = { .step = OUTBOX_O1 };

	(void)snprintf(m.kind, sizeof m.kind, "%s", j->row->name);
	if (j->base != NULL) {
		m.base_revision = j->base->revision;
		memcpy(m.base_hash, j->base->hash, HASH_BYTES);
	}
	return outbox_put_draft(j->box, &m, buf_span(&j->draft), e);
}

static enum mq_err
edit_draft(struct job *j, struct mq_error *e)
{
	struct buf before;
	enum mq_err r;
	bool left = is_left_draft(j);

	if (j->o.ui.edit == NULL)
		return mq_fail(e, MQ_EINVAL, "nobody can edit here; use --set key=value or --file");
	if ((r = keep_draft(j, e)) != MQ_OK)
		return r;
	buf_init(&before, CONF_BODY_MAX);
	(void)buf_put(&before, j->draft.p, j->draft.n); /* it fitted a buffer of this size */
	if ((r = j->o.ui.edit(j->o.ui.arg, outbox_draft_path(j->box), e)) == MQ_OK) {
		buf_reset(&j->draft);
		r = outbox_get_draft(j->box, &j->draft, e);
	}
	if (r == MQ_ELIMIT)
		r = mq_fail(e, r, "the draft is larger than %d bytes; it is kept: %s", CONF_BODY_MAX,
		    outbox_draft_path(j->box));
	if (r == MQ_OK && !left && span_eq(buf_span(&before), buf_span(&j->draft))) {
		(void)outbox_give_up(j->box, "unchanged", NULL); /* else it is opened again: no harm */
		r = mq_fail(e, MQ_ECANCEL, "nothing was changed");
	}
	buf_done(&before);
	return r;
}

enum mq_err
job_draft(struct job *j, struct mq_error *e)
{
	bool by_hand = j->o.kind == JOB_EDIT && j->o.draft.n == 0 && j->o.n_changes == 0;
	enum mq_err r;

	if (j->o.kind == JOB_HALT) {
		r = j->row->write(j, e);
		job_say(j, "reason: %s", j->o.reason != NULL ? j->o.reason : "owner");
		return r;
	}
	if ((r = outbox_is_free(j, e)) != MQ_OK || (r = j->row->write(j, e)) != MQ_OK || j->over)
		return r;
	if ((r = apply_changes(j, e)) != MQ_OK)
		return r;
	job_say(j, "%s", by_hand ? "in your editor" : "by the tool");
	r = by_hand ? edit_draft(j, e) : keep_draft(j, e);
	if (r == MQ_OK && by_hand)
		job_say(j, "draft kept as %s", outbox_draft_path(j->box));
	return r;
}
