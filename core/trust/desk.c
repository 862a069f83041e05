/*
 * Design. Three stores, all bounded: payloads by (tree, slot, number); signature verdicts by
 * H(H(body) || sig), a ring of fixed size with a hash index; decrypted messages by H(message).
 * An entry exists from the moment the child is asked (state ASKED), so nothing is asked twice.
 * Rows 1-5 and 7 of 4.2 are looked up in the key table at every question: only gpg's own answer
 * is remembered, time and revocation are not.
 */
#include "core/trust/desk.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/trust/desk_slots.h"
#include "core/trust/pgp_judge.h"

#define KEY_BYTES 32
#define INDEX_SIZE 8192 /* power of two, twice DESK_SIGS_MAX */

enum entry_state { EMPTY, ASKED, KNOWN };

struct sig_entry {
	uint8_t key[KEY_BYTES];
	enum entry_state state;
	bool stale;  /* its key changed: ask again before believing it */
	uint32_t id; /* request */
	int64_t at_ms; /* answered */
	struct pgp_sig sig;
};

struct clear_entry {
	uint8_t key[KEY_BYTES];
	enum entry_state state;
	uint32_t id;
	int64_t at_ms; /* answered */
	enum verdict verdict;
	struct buf clear;
};

struct desk {
	struct pgp *verify, *secret;
	const struct clock *clock;
	struct sig_entry *sig; /* ring of DESK_SIGS_MAX */
	size_t next_sig;
	uint16_t *index; /* INDEX_SIZE: position in ring + 1, linear probing */
	struct clear_entry clear[DESK_CLEARS_MAX];
	size_t next_clear;
	struct desk_slots *slots;
	struct desk_bucket runs;
	int64_t put_off_ms; /* monotonic: who was refused a run may ask again then; 0: nobody */
	desk_other *other;
	void *other_arg;
};

struct desk *
desk_new(struct pgp *verify, struct pgp *secret, const struct clock *clock)
{
	struct desk *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->sig = calloc(DESK_SIGS_MAX, sizeof *d->sig);
	d->index = calloc(INDEX_SIZE, sizeof *d->index);
	d->slots = desk_slots_new();
	if (d->sig == NULL || d->index == NULL || d->slots == NULL) {
		desk_free(d);
		return NULL;
	}
	d->verify = verify;
	d->secret = secret;
	d->clock = clock;
	d->runs = (struct desk_bucket){ DESK_RUNS_BURST, clock_mono_ms(clock) };
	for (size_t i = 0; i < DESK_CLEARS_MAX; i++)
		buf_init(&d->clear[i].clear, PGP_CLEAR_MAX);
	return d;
}

void
desk_free(struct desk *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < DESK_CLEARS_MAX; i++)
		buf_wipe(&d->clear[i].clear);
	desk_slots_free(d->slots);
	free(d->index);
	free(d->sig);
	free(d);
}

/* ---- payloads of control topics */

bool
desk_put(struct desk *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span payload)
{
	return desk_slots_put(d->slots, tree, slot, number, payload);
}

bool
desk_get(const struct desk *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct span *payload)
{
	return desk_slots_get(d->slots, tree, slot, number, payload);
}

void
desk_vouch(struct desk *d, struct span tree)
{
	desk_slots_vouch(d->slots, tree);
}

void
desk_forget_tree(struct desk *d, struct span tree)
{
	desk_slots_forget_tree(d->slots, tree);
}

void
desk_forget(struct desk *d, struct span tree, enum topic_slot slot, uint32_t number)
{
	desk_slots_forget(d->slots, tree, slot, number);
}

void
desk_forget_log(struct desk *d, struct span tree, uint32_t before)
{
	desk_slots_forget_log(d->slots, tree, before);
}

uint64_t
desk_dropped(const struct desk *d)
{
	return desk_slots_dropped(d->slots);
}

/* ---- limits on gpg runs */

static void
refill(struct desk_bucket *b, int64_t now_ms, double per_s, double burst)
{
	b->tokens += (double)(now_ms - b->at_ms) * per_s / 1000.0;
	if (b->tokens > burst)
		b->tokens = burst;
	b->at_ms = now_ms;
}

static bool
may_run(struct desk *d, struct span tree)
{
	int64_t now = clock_mono_ms(d->clock);
	struct desk_bucket *t = desk_slots_bucket(d->slots, tree, DESK_TREE_BURST, now);

	if (t == NULL)
		return false;
	refill(&d->runs, now, DESK_RUNS_PER_S, DESK_RUNS_BURST);
	refill(t, now, 1.0, DESK_TREE_BURST);
	if (d->runs.tokens < 1.0 || t->tokens < 1.0)
		return false;
	d->runs.tokens -= 1.0;
	t->tokens -= 1.0;
	return true;
}

/* ---- verdicts of signatures */

static void
hash_two(uint8_t out[KEY_BYTES], struct span a, struct span b)
{
	crypto_generichash_state st;
	uint8_t ha[HASH_BYTES];

	conf_hash(ha, a);
	(void)crypto_generichash_init(&st, NULL, 0, KEY_BYTES); /* cannot fail: fixed sizes */
	(void)crypto_generichash_update(&st, ha, sizeof ha);
	(void)crypto_generichash_update(&st, b.p, b.n);
	(void)crypto_generichash_final(&st, out, KEY_BYTES);
}

static size_t
index_start(const uint8_t key[KEY_BYTES])
{
	return rd32(key) & (INDEX_SIZE - 1);
}

static struct sig_entry *
find_sig(const struct desk *d, const uint8_t key[KEY_BYTES])
{
	for (size_t i = index_start(key); d->index[i] != 0; i = (i + 1) & (INDEX_SIZE - 1)) {
		struct sig_entry *s = &d->sig[d->index[i] - 1];

		if (s->state != EMPTY && memcmp(s->key, key, KEY_BYTES) == 0)
			return s;
	}
	return NULL;
}

static void
index_add(struct desk *d, size_t at)
{
	size_t i = index_start(d->sig[at].key);

	while (d->index[i] != 0)
		i = (i + 1) & (INDEX_SIZE - 1);
	d->index[i] = (uint16_t)(at + 1);
}

/* The oldest entry makes room. Open addressing does not delete: the index is made anew. */
static struct sig_entry *
new_sig(struct desk *d, const uint8_t key[KEY_BYTES])
{
	struct sig_entry *s = &d->sig[d->next_sig];
	bool reused = s->state != EMPTY;

	memset(s, 0, sizeof *s);
	memcpy(s->key, key, KEY_BYTES);
	s->state = ASKED;
	if (reused) {
		memset(d->index, 0, INDEX_SIZE * sizeof *d->index);
		for (size_t i = 0; i < DESK_SIGS_MAX; i++)
			if (d->sig[i].state != EMPTY)
				index_add(d, i);
	} else
		index_add(d, d->next_sig);
	d->next_sig = (d->next_sig + 1) % DESK_SIGS_MAX;
	return s;
}

static enum accept_answer
put_off(struct desk_view *view)
{
	struct desk *d = view->desk;

	view->limited = true;
	if (d->put_off_ms == 0)
		d->put_off_ms = clock_mono_ms(d->clock) + DESK_PUT_OFF_MS;
	return ACCEPT_WAIT;
}

/* SYS-ERROR is no knowledge: after a while it is asked again. */
static bool
worth_asking_again(const struct desk *d, enum verdict v, int64_t answered_ms)
{
	return v == V_SYS_ERROR && clock_mono_ms(d->clock) - answered_ms >= DESK_RETRY_MS;
}

static enum accept_answer
ask_sig(struct desk_view *view, struct sig_entry *s, const uint8_t key[KEY_BYTES],
    struct span body, struct span sig)
{
	struct desk *d = view->desk;
	uint32_t id;

	if (!may_run(d, view->tree) || pgp_verify(d->verify, body, sig, &id) != MQ_OK)
		return put_off(view);
	if (s == NULL)
		s = new_sig(d, key);
	s->state = ASKED;
	s->stale = false;
	s->id = id;
	return ACCEPT_WAIT;
}

static enum accept_answer
desk_verify(void *arg, struct span body, struct span sig, struct pgp_sig *out)
{
	struct desk_view *view = arg;
	struct desk *d = view->desk;
	uint8_t key[KEY_BYTES];
	struct sig_entry *s;

	memset(out, 0, sizeof *out);
	out->verdict = sig_before_gpg(sig, pgp_keys(d->verify), clock_wall(d->clock), out);
	if (out->verdict != V_NONE)
		return ACCEPT_HAVE;
	hash_two(key, body, sig);
	s = find_sig(d, key);
	if (s == NULL || (s->state == KNOWN && (s->stale || worth_asking_again(d, s->sig.verdict,
								s->at_ms))))
		return ask_sig(view, s, key, body, sig);
	if (s->state == ASKED)
		return ACCEPT_WAIT;
	*out = s->sig;
	if ((int)out->verdict == (int)SIG_GOOD) /* time has passed since gpg looked */
		out->verdict = sig_after_gpg(pgp_keys(d->verify), clock_wall(d->clock), out);
	return ACCEPT_HAVE;
}

/* ---- decryption */

static struct clear_entry *
find_clear(struct desk *d, const uint8_t key[KEY_BYTES])
{
	for (size_t i = 0; i < DESK_CLEARS_MAX; i++)
		if (d->clear[i].state != EMPTY && memcmp(d->clear[i].key, key, KEY_BYTES) == 0)
			return &d->clear[i];
	return NULL;
}

static enum accept_answer
ask_clear(struct desk_view *view, struct clear_entry *c, const uint8_t key[KEY_BYTES],
    struct span message)
{
	struct desk *d = view->desk;
	uint32_t id;

	if (!may_run(d, view->tree) || pgp_decrypt(d->secret, message, &id) != MQ_OK)
		return put_off(view);
	if (c == NULL) {
		c = &d->clear[d->next_clear];
		d->next_clear = (d->next_clear + 1) % DESK_CLEARS_MAX;
	}
	buf_wipe(&c->clear);
	memcpy(c->key, key, KEY_BYTES);
	c->state = ASKED;
	c->id = id;
	return ACCEPT_WAIT;
}

static enum accept_answer
desk_decrypt(void *arg, struct span message, enum verdict *v, struct buf *clear)
{
	struct desk_view *view = arg;
	struct desk *d = view->desk;
	struct clear_entry *c;
	uint8_t key[KEY_BYTES];

	if (d->secret == NULL) {
		*v = V_NEEDS_KEY;
		return ACCEPT_HAVE;
	}
	conf_hash(key, message);
	c = find_clear(d, key);
	if (c == NULL || (c->state == KNOWN && worth_asking_again(d, c->verdict, c->at_ms)))
		return ask_clear(view, c, key, message);
	if (c->state == ASKED)
		return ACCEPT_WAIT;
	*v = c->verdict;
	if (c->verdict == V_NONE && buf_put(clear, c->clear.p, c->clear.n) != MQ_OK)
		*v = V_SYS_ERROR;
	return ACCEPT_HAVE;
}

/* ---- the rest of the env */

static enum accept_answer
from_slot(const struct desk *d, struct span tree, enum topic_slot slot, uint32_t number,
    struct buf *out)
{
	struct span payload;

	if (!desk_get(d, tree, slot, number, &payload) || payload.n == 0)
		return ACCEPT_ABSENT;
	return buf_put(out, payload.p, payload.n) == MQ_OK ? ACCEPT_HAVE : ACCEPT_ABSENT;
}

static enum accept_answer
desk_log(void *arg, struct span tree, uint32_t rev, struct buf *out)
{
	struct desk_view *view = arg;

	return from_slot(view->desk, tree, SLOT_LOG, rev, out);
}

/* Only what lies at the running connection can be seen here; another place is another link. */
static enum accept_answer
desk_secure(void *arg, const struct conf *c, struct buf *out)
{
	struct desk_view *view = arg;
	const struct conf *n = view->current;

	if (n != NULL && (strcmp(n->url, c->url) != 0 || n->security != c->security ||
			     memcmp(n->security_hash, c->security_hash, HASH_BYTES) != 0))
		return ACCEPT_ABSENT;
	return from_slot(view->desk, conf_topic(c), SLOT_SECURE, 0, out);
}

static enum accept_answer
desk_blob(void *arg, uint32_t epoch, struct buf *out)
{
	struct desk_view *view = arg;
	struct span payload;
	enum verdict v = V_NONE;
	enum accept_answer a;

	if (!desk_get(view->desk, view->tree, SLOT_KEYS, epoch, &payload) || payload.n == 0)
		return ACCEPT_ABSENT;
	a = desk_decrypt(arg, payload, &v, out);
	return a == ACCEPT_HAVE && v != V_NONE ? ACCEPT_ABSENT : a;
}

void
desk_env(struct desk_view *view, struct accept_env *out)
{
	*out = (struct accept_env){ .arg = view, .verify = desk_verify, .decrypt = desk_decrypt,
		.log = desk_log, .secure_at_place = desk_secure, .blob = desk_blob };
	view->limited = false;
}

/* ---- answers */

static bool
take_verify(struct desk *d, struct pgp_answer *a)
{
	for (size_t i = 0; i < DESK_SIGS_MAX; i++)
		if (d->sig[i].state == ASKED && d->sig[i].id == a->id) {
			d->sig[i].sig = a->sig;
			if (a->err != MQ_OK)
				d->sig[i].sig.verdict = V_SYS_ERROR;
			d->sig[i].state = KNOWN;
			d->sig[i].at_ms = clock_mono_ms(d->clock);
			return true;
		}
	return false; /* of a verdict that was forgotten meanwhile */
}

static bool
take_decrypt(struct desk *d, struct pgp_answer *a)
{
	for (size_t i = 0; i < DESK_CLEARS_MAX; i++) {
		struct clear_entry *c = &d->clear[i];

		if (c->state != ASKED || c->id != a->id)
			continue;
		/* a locked key cannot be asked about in the background: say so, do not blame */
		c->verdict = a->err == MQ_EPERM ? V_NEEDS_KEY :
		    a->err != MQ_OK		? V_SYS_ERROR : a->decrypt;
		if (c->verdict == V_NONE && buf_put(&c->clear, a->out.p, a->out.n) != MQ_OK)
			c->verdict = V_SYS_ERROR;
		c->state = KNOWN;
		c->at_ms = clock_mono_ms(d->clock);
		return true;
	}
	return false;
}

static bool
drain(struct desk *d, struct pgp *p)
{
	struct pgp_answer a;
	bool news = false;

	if (p == NULL)
		return false;
	memset(&a, 0, sizeof a);
	while (pgp_poll(p, &a) == MQ_OK) {
		if (a.op == PGP_OP_VERIFY)
			news |= take_verify(d, &a);
		else if (a.op == PGP_OP_DECRYPT)
			news |= take_decrypt(d, &a);
		else if (d->other != NULL) {
			d->other(d->other_arg, &a);
			news = true;
		}
		pgp_answer_done(&a);
	}
	return news;
}

bool
desk_poll(struct desk *d)
{
	bool news = drain(d, d->verify);

	news |= drain(d, d->secret);
	if (d->put_off_ms != 0 && clock_mono_ms(d->clock) >= d->put_off_ms) {
		d->put_off_ms = 0;
		news = true; /* who was put off may ask again */
	}
	return news;
}

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

int64_t
desk_next_timeout_ms(const struct desk *d)
{
	int64_t t = pgp_next_timeout_ms(d->verify);

	if (d->secret != NULL)
		t = sooner(t, pgp_next_timeout_ms(d->secret));
	if (d->put_off_ms != 0) {
		int64_t left = d->put_off_ms - clock_mono_ms(d->clock);

		t = sooner(t, left > 0 ? left : 0);
	}
	return t;
}

void
desk_forget_key(struct desk *d, const struct fpr *primary)
{
	for (size_t i = 0; i < DESK_SIGS_MAX; i++)
		if (d->sig[i].state == KNOWN && fpr_eq(&d->sig[i].sig.primary, primary))
			d->sig[i].stale = true;
}

void
desk_forget_verdicts(struct desk *d)
{
	memset(d->sig, 0, DESK_SIGS_MAX * sizeof *d->sig);
	memset(d->index, 0, INDEX_SIZE * sizeof *d->index);
	d->next_sig = 0;
}

void
desk_retry_clears(struct desk *d)
{
	for (size_t i = 0; i < DESK_CLEARS_MAX; i++)
		if (d->clear[i].state == KNOWN && d->clear[i].verdict != V_NONE)
			d->clear[i].state = EMPTY;
}

bool
desk_knows_key(const struct desk *d, const struct fpr *f)
{
	return keytable_primary(pgp_keys(d->verify), f) != NULL;
}

void
desk_on_other(struct desk *d, desk_other *f, void *arg)
{
	d->other = f;
	d->other_arg = arg;
}
