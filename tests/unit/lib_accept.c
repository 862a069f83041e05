#include "tests/unit/lib_accept.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/text.h"
#include "core/wire/keyblob.h"

#define TREE "plant/unit1"
#define OWN_KEY "0101010101010101010101010101010101010101010101010101010101010101"
#define FAKE_SIG (1 + HASH_BYTES + 8) /* letter, H(body), time */

struct fpr
fpr_of(char letter)
{
	struct fpr f;

	memset(f.hex, letter, sizeof f.hex - 1);
	f.hex[sizeof f.hex - 1] = '\0';
	return f;
}

static void
secret_of(char letter, uint8_t out[32])
{
	memset(out, letter, 32);
}

/* ---- the fake engine */

static bool
has(const char *letters, char c)
{
	return letters != NULL && c != '\0' && strchr(letters, c) != NULL;
}

static enum accept_answer
fake_verify(void *arg, struct span body, struct span sig, struct pgp_sig *out)
{
	struct world *w = arg;
	uint8_t hash[HASH_BYTES];
	char letter;

	w->asked++;
	if (w->answers_wait)
		return ACCEPT_WAIT;
	assert_int_equal(sig.n, FAKE_SIG);
	letter = (char)sig.p[0];
	conf_hash(hash, body);
	out->primary = out->signer = fpr_of(letter);
	out->ctime = (int64_t)rd64(sig.p + 1 + HASH_BYTES);
	if (has(w->unknown, letter))
		out->verdict = V_UNKNOWN_KEY;
	else if (memcmp(hash, sig.p + 1, HASH_BYTES) != 0)
		out->verdict = V_BAD_SIG;
	else if (has(w->revoked, letter))
		out->verdict = V_REVOKED_KEY;
	else
		out->verdict = (enum verdict)SIG_GOOD;
	return ACCEPT_HAVE;
}

static enum accept_answer
fake_decrypt(void *arg, struct span message, enum verdict *v, struct buf *clear)
{
	(void)arg;
	if (message.n < 2 || message.p[1] != 'k') {
		*v = V_NEEDS_KEY;
		return ACCEPT_HAVE;
	}
	*v = V_NONE;
	assert_int_equal(buf_put(clear, message.p + 2, message.n - 2), MQ_OK);
	return ACCEPT_HAVE;
}

static enum accept_answer
hand_out(const struct buf *from, struct buf *to)
{
	if (from->n == 0)
		return ACCEPT_ABSENT;
	assert_int_equal(buf_put(to, from->p, from->n), MQ_OK);
	return ACCEPT_HAVE;
}

static enum accept_answer
fake_log(void *arg, struct span tree, uint32_t rev, struct buf *out)
{
	struct world *w = arg;

	(void)tree;
	return hand_out(&w->log[rev % WORLD_LOG_MAX], out);
}

static enum accept_answer
fake_place(void *arg, const struct conf *c, struct buf *out)
{
	struct world *w = arg;

	(void)c;
	return hand_out(&w->place, out);
}

static enum accept_answer
fake_blob(void *arg, uint32_t epoch, struct buf *out)
{
	struct world *w = arg;
	uint8_t secret[32], clear[KEYBLOB_CLEAR];

	if (w->blob == '\0')
		return ACCEPT_ABSENT;
	secret_of(w->blob, secret);
	keyblob_clear(clear, epoch, secret);
	assert_int_equal(buf_put(out, clear, sizeof clear), MQ_OK);
	return ACCEPT_HAVE;
}

/* ---- bodies */

static void
put_line(struct buf *b, const char *key, const char *value)
{
	if (value != NULL)
		assert_int_equal(buf_printf(b, "%s=%s\n", key, value), MQ_OK);
}

static void
put_time(struct buf *b, const char *key, int64_t t)
{
	char text[TEXT_TIME_MAX];

	text_put_time(text, t);
	put_line(b, key, text);
}

static void
put_people(struct buf *b, const char *key, const char *letters)
{
	for (const char *l = letters; l != NULL && *l != '\0'; l++)
		assert_int_equal(buf_printf(b, "%s=openpgp4:%s\n", key, fpr_of(*l).hex), MQ_OK);
}

static void
put_hash(struct buf *b, const char *key, const uint8_t hash[HASH_BYTES])
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, hash, HASH_BYTES);
	assert_int_equal(buf_printf(b, "%s=b2-256:%s\n", key, hex), MQ_OK);
}

static void
put_epoch(struct buf *b, const struct draft *d)
{
	uint8_t id[HASH_BYTES], secret[32];

	(void)buf_printf(b, "epoch=%u\n", d->epoch);
	if (d->secret == '\0')
		return;
	secret_of(d->secret, secret);
	keyblob_key_id(id, d->epoch, secret);
	put_hash(b, "epoch-key-id", id);
}

static void
put_body(struct buf *b, const struct draft *d)
{
	(void)buf_puts(b, "#!mqgp.conf 1\n");
	put_line(b, "url", d->url);
	put_line(b, "topic", d->topic);
	put_line(b, "from-topic", d->from_topic);
	put_line(b, "password-alg", "none");
	put_line(b, "network-security", d->security);
	put_line(b, "encryption-alg", d->suite);
	(void)buf_printf(b, "revision=%u\n", d->revision);
	put_hash(b, "prev", d->prev);
	put_time(b, "issued", d->issued);
	put_time(b, "valid-from", d->from);
	put_time(b, "valid-until", d->until);
	if (d->offer_until != 0)
		put_time(b, "offer-until", d->offer_until);
	put_line(b, "kind", d->recovery_kind ? "recovery" : "normal");
	put_people(b, "gateway", "9");
	(void)buf_printf(b, "data-key=0 gateway ed25519:%s\n", d->gateway_key);
	put_people(b, "owner", d->owners);
	(void)buf_printf(b, "threshold=%u\n", d->threshold);
	put_people(b, "recovery", d->recovery);
	if (d->recovery != NULL)
		(void)buf_printf(b, "recovery-threshold=%u\nrecovery-delay=%u\n",
		    d->recovery_threshold, d->recovery_delay);
	(void)buf_printf(b, "transfer-delay=%u\n", d->transfer_delay);
	put_people(b, "reader", d->readers);
	put_epoch(b, d);
	(void)buf_printf(b, "grace=600\nheartbeat=%u\nmax-age=300\nmax-payload=65536\nlease=86400\n",
	    d->heartbeat);
	(void)buf_puts(b, "on-expiry=stop\n");
	assert_int_equal(b->err, MQ_OK);
}

static struct conf *
conf_of(const struct draft *d)
{
	const struct conf_policy policy = { 0 };
	struct conf_errors errors;
	struct conf *c = NULL;
	struct buf b;

	buf_init(&b, CONF_BODY_MAX);
	put_body(&b, d);
	if (conf_parse(buf_span(&b), &policy, &c, &errors) != MQ_OK)
		fail_msg("line %u: %s", errors.line, errors.e[0].text);
	buf_done(&b);
	return c;
}

void
draft_hash(const struct draft *d, uint8_t out[HASH_BYTES])
{
	struct buf b;

	buf_init(&b, CONF_BODY_MAX);
	put_body(&b, d);
	conf_hash(out, buf_span(&b));
	buf_done(&b);
}

struct draft
draft_after(const struct draft *d)
{
	struct draft next = *d;

	next.revision++;
	next.issued++;
	next.offer_until = 0;
	next.from_topic = NULL;
	next.recovery_kind = false;
	draft_hash(d, next.prev);
	return next;
}

/* ---- signatures and bundles */

/* A lower-case letter makes a signature that fits no body. */
static void
sign(struct buf *out, struct span body, const uint8_t *claim, const char *signers, int64_t at)
{
	uint8_t bytes[BUNDLE_SIGS_MAX][FAKE_SIG] = { { 0 } };
	struct bundle_sig sig[BUNDLE_SIGS_MAX];
	size_t n = strlen(signers);

	assert_true(n <= BUNDLE_SIGS_MAX);
	for (size_t i = 0; i < n; i++) {
		bool broken = signers[i] >= 'a';

		bytes[i][0] = (uint8_t)(broken ? signers[i] - 'a' + 'A' : signers[i]);
		if (!broken)
			conf_hash(bytes[i] + 1, body);
		be64(bytes[i] + 1 + HASH_BYTES, (uint64_t)at);
		sig[i] = (struct bundle_sig){ bytes[i], FAKE_SIG };
	}
	assert_int_equal(bundle_print(out, body, claim, sig, n), MQ_OK);
}

void
put_bundle(struct buf *out, const struct draft *d, const char *signers, int64_t later)
{
	uint8_t claim[HASH_BYTES];
	struct buf body;

	buf_init(&body, CONF_BODY_MAX);
	put_body(&body, d);
	if (d->claim_key != NULL)
		claim_mac(d->claim_key, buf_span(&body), claim);
	sign(out, buf_span(&body), d->claim_key != NULL ? claim : NULL, signers, d->issued + later);
	buf_done(&body);
}

/* ---- the world */

static const struct draft first_draft = {
	.revision = 7,
	.prev = { 6 },
	.issued = WORLD_NOW - 24 * HOUR,
	.from = WORLD_NOW - 24 * HOUR,
	.until = WORLD_NOW + 90 * 24 * HOUR,
	.topic = TREE,
	.url = "mqtts://gw@broker.example.org",
	.security = "tls",
	.suite = "ed25519+xchacha20poly1305",
	.gateway_key = OWN_KEY,
	.owners = "A",
	.threshold = 1,
	.heartbeat = 30,
	.epoch = 3,
	.secret = 's',
};

void
world_init(struct world *w)
{
	memset(w, 0, sizeof *w);
	w->now = WORLD_NOW;
	w->policy.floor = SUITE_HMAC;
	w->env = (struct accept_env){ w, fake_verify, fake_decrypt, fake_log, fake_place, fake_blob };
	w->slot.tree = span_of(TREE);
	w->s.topic = span_of(TREE);
	w->s.gateway.fpr = fpr_of('9');
	assert_true(text_unhex(span_of(OWN_KEY), 'a', w->s.data_key, sizeof w->s.data_key));
	for (size_t i = 0; i < WORLD_LOG_MAX; i++)
		buf_init(&w->log[i], BUNDLE_MAX);
	buf_init(&w->place, BUNDLE_MAX);
	w->s.committed = w->committed;
	w->s.pending = w->pending;
	w->s.moment = w->moment;
	w->s.voided = (const uint8_t (*)[HASH_BYTES])w->voided;
	world_run(w, &first_draft);
}

static void
forget_pending(struct world *w)
{
	for (size_t i = 0; i < w->s.n_pending; i++)
		accept_candidate_done(&w->pending[i]);
	w->s.n_pending = 0;
	w->s.n_moments = 0;
	w->s.n_voided = 0;
}

void
world_unclaim(struct world *w)
{
	for (size_t i = 0; i < w->s.n_committed; i++)
		conf_free(w->committed[i].conf);
	w->s.n_committed = 0;
	w->s.current = w->n = NULL;
}

void
world_done(struct world *w)
{
	accept_result_done(&w->r);
	forget_pending(w);
	world_unclaim(w);
	for (size_t i = 0; i < WORLD_LOG_MAX; i++)
		buf_done(&w->log[i]);
	buf_done(&w->place);
}

/* Takes c. */
static void
become(struct world *w, struct conf *c)
{
	struct accept_committed *entry = &w->committed[w->s.n_committed++];

	assert_true(w->s.n_committed <= WORLD_HISTORY_MAX);
	entry->revision = c->revision;
	memcpy(entry->hash, c->hash, HASH_BYTES);
	entry->conf = c;
	w->n = w->s.current = c;
	w->s.halted_by = HALTED_NO;
	w->s.halt_issued = 0;
	forget_pending(w);
}

void
world_run(struct world *w, const struct draft *d)
{
	world_unclaim(w);
	w->current = *d;
	become(w, conf_of(d));
}

struct draft
world_next(const struct world *w)
{
	return draft_after(&w->current);
}

enum verdict
judge_bytes(struct world *w, enum topic_slot slot, struct span payload)
{
	accept_result_done(&w->r);
	w->slot.name = slot;
	accept_judge(&w->s, &w->policy, &w->env, &w->slot, payload, w->now, &w->r);
	return w->r.verdict;
}

enum verdict
judge(struct world *w, enum topic_slot slot, const struct draft *d, const char *signers)
{
	struct buf b;
	enum verdict v;

	buf_init(&b, BUNDLE_MAX);
	put_bundle(&b, d, signers, w->signed_early ? -2 * HOUR : 0);
	w->slot.rev = d->revision;
	v = judge_bytes(w, slot, buf_span(&b));
	buf_done(&b);
	return v;
}

static void
drop_candidate(struct world *w, size_t at)
{
	accept_candidate_done(&w->pending[at]);
	w->s.n_pending--;
	for (size_t i = at; i < w->s.n_pending; i++) {
		w->pending[i] = w->pending[i + 1];
		w->a_of[i] = w->a_of[i + 1];
	}
}

/* Where this result is stored: its own entry, a new one at the end, or -1. */
static int
entry_for(struct world *w)
{
	int standing, i;

	for (size_t at = 0; at < w->s.n_pending; at++)
		if (memcmp(w->pending[at].conf->hash, w->r.conf->hash, HASH_BYTES) == 0)
			return (int)at;
	standing = accept_standing_recovery(&w->s, &w->policy, &w->env, w->now);
	i = accept_replaces(&w->s, w->r.conf->kind, w->r.a, w->a_of, standing);
	if (i == -2)
		return -1;
	if (i >= 0)
		drop_candidate(w, (size_t)i);
	assert_true(w->s.n_pending < ACCEPT_PENDING_MAX);
	memset(&w->pending[w->s.n_pending], 0, sizeof w->pending[0]);
	return (int)w->s.n_pending++;
}

static void
store(struct world *w)
{
	int i = entry_for(w);

	if (i < 0)
		return;
	assert_int_equal(accept_keep(&w->pending[i], &w->r), MQ_OK);
	w->a_of[i] = w->r.a;
}

void
aftermath(struct world *w)
{
	if (w->r.stored)
		store(w);
	for (size_t i = 0; i < w->r.n_moments; i++) {
		assert_true(w->s.n_moments < WORLD_MOMENTS_MAX);
		w->moment[w->s.n_moments++] = w->r.moment[i];
	}
	if (!w->r.commit)
		return;
	for (size_t i = 0; i < w->r.n_run; i++) {
		become(w, w->r.run[i]);
		w->r.run[i] = NULL;
	}
	become(w, w->r.conf);
	w->r.conf = NULL;
	w->s.rekey_due = w->r.rekey_due;
}

enum verdict
judge_and_follow(struct world *w, enum topic_slot slot, const struct draft *d, const char *signers)
{
	enum verdict v = judge(w, slot, d, signers);
	bool committed = w->r.commit;

	aftermath(w);
	if (committed)
		w->current = *d;
	return v;
}

void
publish_log(struct world *w, const struct draft *d, const char *signers)
{
	struct buf *b = &w->log[d->revision % WORLD_LOG_MAX];

	buf_reset(b);
	put_bundle(b, d, signers, 0);
}

void
publish_place(struct world *w, const struct draft *d, const char *signers)
{
	buf_reset(&w->place);
	put_bundle(&w->place, d, signers, 0);
}

/* ---- halt orders */

enum verdict
judge_halt(struct world *w, int64_t issued, const char *signers)
{
	struct halt order = { .gateway = w->n->gateway, .revision = w->n->revision,
		.issued = issued, .reason = "stolen-key" };
	struct buf body, bundle;

	order.topic_n = conf_topic(w->n).n;
	memcpy(order.topic, conf_topic(w->n).p, order.topic_n);
	memcpy(order.conf, w->n->hash, HASH_BYTES);
	buf_init(&body, CONF_BODY_MAX);
	buf_init(&bundle, BUNDLE_MAX);
	assert_int_equal(halt_print(&order, &body), MQ_OK);
	sign(&bundle, buf_span(&body), NULL, signers, issued);
	w->slot.name = SLOT_HALT;
	accept_halt(&w->s, &w->policy, &w->env, &w->slot, buf_span(&bundle), w->now, &w->h);
	buf_done(&bundle);
	buf_done(&body);
	return w->h.verdict;
}

void
follow_halt(struct world *w)
{
	if (w->h.verdict != V_VERIFIED)
		return;
	if (w->h.by == HALTED_BY_RECOVERY || w->s.halted_by == HALTED_NO)
		w->s.halted_by = w->h.by;
	if (w->h.issued > w->s.halt_issued)
		w->s.halt_issued = w->h.issued;
	for (size_t i = 0; i < w->h.n_voids; i++) {
		w->pending[w->h.voids[i]].voided = true;
		memcpy(w->voided[w->s.n_voided++], w->pending[w->h.voids[i]].conf->hash, HASH_BYTES);
	}
}

/* ---- fixtures and common assertions */

int
world_start(void **state)
{
	struct world *w = malloc(sizeof *w);

	assert_non_null(w);
	world_init(w);
	*state = w;
	return 0;
}

int
world_stop(void **state)
{
	world_done(*state);
	free(*state);
	return 0;
}

void
assert_unchanged(const struct world *w, uint32_t revision)
{
	assert_false(w->r.commit);
	assert_int_equal(w->n->revision, revision);
}

void
assert_lines(const struct world *w, unsigned a, unsigned b, unsigned c, unsigned d)
{
	assert_int_equal(w->r.a, a);
	assert_int_equal(w->r.b, b);
	assert_int_equal(w->r.c, c);
	assert_int_equal(w->r.d, d);
}

struct draft
offer_to(const struct world *w, const char *owners)
{
	struct draft d = world_next(w);

	d.owners = owners;
	d.offer_until = d.issued + 48 * HOUR;
	return d;
}
