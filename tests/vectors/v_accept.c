#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/accept.h"
#include "tests/vectors/vec_ring.h"
#include "tests/vectors/vectors.h"

#define HISTORY_MAX 64
#define VOID_MAX 64

/* One case in the shape the rule wants. */
struct scene {
	const json_t *inputs;
	struct buf *diff;
	bool broken; /* an answer could not be given: diff says why */
	struct accept_state s;
	struct accept_policy policy;
	struct accept_env env;
	struct accept_slot slot;
	int64_t now;
	struct accept_committed committed[HISTORY_MAX];
	struct accept_candidate pending[ACCEPT_PENDING_MAX];
	uint8_t voided[VOID_MAX][HASH_BYTES];
	struct fpr anchor[CONF_OWNERS_MAX];
	uint8_t claim_key[32];
	struct buf tree, topic, payload;
	struct pgp *ring;
	struct vec_secret secret;
};

static bool
bad_input(struct scene *t, const char *what)
{
	(void)buf_printf(t->diff, "input %s is not usable; ", what);
	t->broken = true;
	return false;
}

/* ---- what the rule asks */

static enum accept_answer
ask_verify(void *arg, struct span body, struct span sig, struct pgp_sig *out)
{
	struct scene *t = arg;

	if (vec_ring_verify(t->ring, body, sig, t->now, out, t->diff))
		return ACCEPT_HAVE;
	t->broken = true;
	return ACCEPT_ABSENT;
}

static enum accept_answer
ask_decrypt(void *arg, struct span message, enum verdict *v, struct buf *clear)
{
	struct scene *t = arg;
	const json_t *key = json_object_get(t->inputs, "secret_key");
	struct pgp_answer a;
	uint32_t id;

	*v = V_NEEDS_KEY;
	if (!json_is_string(key))
		return ACCEPT_HAVE;
	if (t->secret.pgp == NULL &&
	    !vec_secret_open(&t->secret, span_of(json_string_value(key)), t->diff))
		return t->broken = true, ACCEPT_ABSENT;
	if (pgp_decrypt(t->secret.pgp, message, &id) != MQ_OK ||
	    pgp_wait(t->secret.pgp, id, &a) != MQ_OK)
		return t->broken = true, ACCEPT_ABSENT;
	*v = a.decrypt;
	if (a.decrypt == V_NONE)
		(void)buf_put(clear, a.out.p, a.out.n); /* its error sticks and is seen by the rule */
	pgp_answer_done(&a);
	return ACCEPT_HAVE;
}

static enum accept_answer
from_base64(struct scene *t, const json_t *value, struct buf *out)
{
	if (value == NULL || json_is_null(value))
		return ACCEPT_ABSENT;
	if (!vec_base64_of(value, out))
		(void)bad_input(t, "of a map");
	return ACCEPT_HAVE;
}

static enum accept_answer
from_map(struct scene *t, const char *map, uint32_t number, struct buf *out)
{
	char key[16];

	(void)snprintf(key, sizeof key, "%u", number);
	return from_base64(t, json_object_get(json_object_get(t->inputs, map), key), out);
}

static enum accept_answer
ask_log(void *arg, struct span tree, uint32_t rev, struct buf *out)
{
	(void)tree; /* a case has one */
	return from_map(arg, "log", rev, out);
}

static enum accept_answer
ask_place(void *arg, const struct conf *c, struct buf *out)
{
	struct scene *t = arg;

	(void)c;
	return from_base64(t, json_object_get(t->inputs, "secure_at_place_b64"), out);
}

static enum accept_answer
ask_blob(void *arg, uint32_t epoch, struct buf *out)
{
	return from_map(arg, "blobs", epoch, out);
}

/* ---- inputs */

static struct conf *
read_body(struct scene *t, const json_t *text, const char *what)
{
	const struct conf_policy policy = { .allow_non_ascii = t->policy.allow_non_ascii };
	struct conf *c = NULL;
	struct buf body;

	buf_init(&body, CONF_BODY_MAX);
	if (!vec_base64_of(text, &body) || conf_parse(buf_span(&body), &policy, &c, NULL) != MQ_OK)
		(void)bad_input(t, what);
	buf_done(&body);
	return c;
}

static bool
add_committed(struct scene *t, const json_t *text, const char *what)
{
	struct accept_committed *to = &t->committed[t->s.n_committed];

	if (t->s.n_committed == HISTORY_MAX || (to->conf = read_body(t, text, what)) == NULL)
		return false;
	to->revision = to->conf->revision;
	memcpy(to->hash, to->conf->hash, HASH_BYTES);
	t->s.n_committed++;
	return true;
}

static bool
read_history(struct scene *t, const json_t *state)
{
	const json_t *history = json_object_get(state, "history_b64");

	for (size_t i = 0; i < json_array_size(history); i++)
		if (!add_committed(t, json_array_get(history, i), "history_b64"))
			return false;
	if (vec_absent(state, "current_b64"))
		return true;
	if (!add_committed(t, json_object_get(state, "current_b64"), "current_b64"))
		return false;
	t->s.current = t->committed[t->s.n_committed - 1].conf;
	return true;
}

static bool
read_candidate(struct scene *t, const json_t *from, struct accept_candidate *to)
{
	const json_t *sigs = json_object_get(from, "sigs_b64");
	uint64_t at = 0;

	if ((to->conf = read_body(t, json_object_get(from, "body_b64"), "pending")) == NULL)
		return false;
	if (!vec_absent(from, "complete_at") &&
	    !vec_number(from, "complete_at", INT64_MAX, &at, t->diff))
		return false;
	to->complete_at = (int64_t)at;
	for (size_t i = 0; i < json_array_size(sigs) && i < ACCEPT_KEPT_SIGS_MAX; i++) {
		struct buf sig;

		buf_init(&sig, BUNDLE_SIG_BYTES_MAX);
		if (!vec_base64_of(json_array_get(sigs, i), &sig)) {
			buf_done(&sig);
			return bad_input(t, "sigs_b64");
		}
		to->sig[to->n_sigs++] = (struct bundle_sig){ sig.p, sig.n }; /* takes the bytes */
	}
	return true;
}

static bool
read_pending(struct scene *t, const json_t *state)
{
	const json_t *pending = json_object_get(state, "pending");

	for (size_t i = 0; i < json_array_size(pending); i++) {
		if (i == ACCEPT_PENDING_MAX)
			return bad_input(t, "pending");
		t->s.n_pending++;
		if (!read_candidate(t, json_array_get(pending, i), &t->pending[i]))
			return false;
	}
	return true;
}

static bool
read_void(struct scene *t, const json_t *state)
{
	const json_t *list = json_object_get(state, "void");

	for (size_t i = 0; i < json_array_size(list) && i < VOID_MAX; i++) {
		const char *hex = json_string_value(json_array_get(list, i));

		if (hex == NULL || !text_unhex(span_of(hex), 'a', t->voided[i], HASH_BYTES))
			return bad_input(t, "void");
		t->s.n_voided++;
	}
	return true;
}

static bool
read_halt_state(struct scene *t, const json_t *state)
{
	const char *by = json_string_value(json_object_get(state, "halted_by"));
	uint64_t issued = 0;

	if (by != NULL)
		t->s.halted_by = strcmp(by, "recovery") == 0 ? HALTED_BY_RECOVERY : HALTED_BY_OWNER;
	if (!vec_absent(state, "halt_issued") &&
	    !vec_number(state, "halt_issued", INT64_MAX, &issued, t->diff))
		return false;
	t->s.halt_issued = (int64_t)issued;
	t->s.rekey_due = vec_flag(state, "rekey_due", false);
	return true;
}

static bool
read_anchor(struct scene *t, const json_t *state)
{
	const json_t *anchor = json_object_get(state, "anchor");
	const json_t *owners = json_object_get(anchor, "owners");
	uint64_t threshold;

	if (!json_is_object(anchor))
		return true;
	if (!vec_number(anchor, "threshold", CONF_OWNERS_MAX, &threshold, t->diff))
		return false;
	t->s.anchor_threshold = (uint32_t)threshold;
	for (size_t i = 0; i < json_array_size(owners) && i < CONF_OWNERS_MAX; i++) {
		const char *hex = json_string_value(json_array_get(owners, i));

		if (hex == NULL || !fpr_parse(span_of(hex), &t->anchor[i]))
			return bad_input(t, "anchor");
		t->s.n_anchor_owners++;
	}
	return true;
}

static bool
read_claim(struct scene *t, const json_t *state)
{
	const char *code = json_string_value(json_object_get(state, "claim_code"));
	char normal[17];

	if (code == NULL)
		return true;
	if (!claim_code_normalise(span_of(code), normal) ||
	    !claim_key(normal, &t->s.gateway, t->claim_key))
		return bad_input(t, "claim_code");
	t->s.claim_key = t->claim_key;
	return true;
}

static bool
read_gateway(struct scene *t, const json_t *state)
{
	struct span gateway;

	if (!vec_text(state, "gateway", &gateway, t->diff) ||
	    !vec_hex(state, "data_key", t->s.data_key, sizeof t->s.data_key, t->diff))
		return false;
	if (!conf_read_gateway(gateway, &t->s.gateway))
		return bad_input(t, "gateway");
	if (vec_absent(state, "next_data_key"))
		return true;
	t->s.has_next_data_key = true;
	return vec_hex(state, "next_data_key", t->s.next_data_key, sizeof t->s.next_data_key, t->diff);
}

static bool
read_state(struct scene *t)
{
	const json_t *state = json_object_get(t->inputs, "state");

	if (!read_gateway(t, state) || !read_history(t, state) || !read_pending(t, state) ||
	    !read_void(t, state) || !read_halt_state(t, state) || !read_anchor(t, state) ||
	    !read_claim(t, state))
		return false;
	if (!vec_absent(state, "topic_b64") && !vec_base64(state, "topic_b64", &t->topic, t->diff))
		return false;
	t->s.topic = buf_span(&t->topic);
	t->s.committed = t->committed;
	t->s.pending = t->pending;
	t->s.voided = (const uint8_t (*)[HASH_BYTES])t->voided;
	t->s.anchor_owner = t->anchor;
	return true;
}

static bool
read_slot(struct scene *t)
{
	static const enum topic_slot slots[] = { SLOT_SECURE, SLOT_NEXT, SLOT_LOG, SLOT_HALT };
	const json_t *slot = json_object_get(t->inputs, "slot");
	struct span name, place;
	uint64_t rev = 0;

	if (!vec_base64(slot, "tree_b64", &t->tree, t->diff) ||
	    !vec_text(slot, "name", &name, t->diff))
		return false;
	for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++)
		if (span_is(name, topic_slot_name(slots[i])))
			t->slot.name = slots[i];
	if (t->slot.name == SLOT_LOG && !vec_number(slot, "rev", UINT32_MAX, &rev, t->diff))
		return false;
	t->slot.rev = (uint32_t)rev;
	t->slot.tree = buf_span(&t->tree);
	if (!vec_absent(slot, "place") && vec_text(slot, "place", &place, t->diff))
		t->slot.new_place = span_is(place, "new");
	return t->slot.name != SLOT_NONE || bad_input(t, "slot");
}

static bool
read_policy(struct scene *t)
{
	const json_t *policy = json_object_get(t->inputs, "policy");
	uint64_t floor = SUITE_HMAC;

	if (!vec_absent(policy, "floor") && !vec_number(policy, "floor", SUITE_HMAC, &floor, t->diff))
		return false;
	t->policy.floor = (enum suite)floor;
	t->policy.allow_non_ascii = vec_flag(policy, "allow_non_ascii", false);
	return true;
}

static bool
scene_open(struct scene *t, const struct vector_case *c, struct buf *diff)
{
	uint64_t now;

	memset(t, 0, sizeof *t);
	t->inputs = c->inputs;
	t->diff = diff;
	t->env = (struct accept_env){ t, ask_verify, ask_decrypt, ask_log, ask_place, ask_blob };
	buf_init(&t->tree, UINT16_MAX);
	buf_init(&t->topic, UINT16_MAX);
	buf_init(&t->payload, 16 * BUNDLE_MAX);
	if (!read_policy(t) || !read_state(t) || !read_slot(t) ||
	    !vec_number(c->inputs, "now", INT64_MAX, &now, diff) ||
	    !vec_base64(c->inputs, "bundle_b64", &t->payload, diff))
		return false;
	t->now = (int64_t)now;
	t->ring = vec_ring(json_object_get(c->inputs, "keys"), diff);
	return t->ring != NULL;
}

static void
scene_close(struct scene *t)
{
	for (size_t i = 0; i < t->s.n_committed; i++)
		conf_free(t->committed[i].conf);
	for (size_t i = 0; i < t->s.n_pending; i++)
		accept_candidate_done(&t->pending[i]);
	buf_done(&t->tree);
	buf_done(&t->topic);
	buf_done(&t->payload);
	vec_secret_close(&t->secret);
}

/* ---- expectations */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Compares a list of words in order; both absent and empty expect nothing. */
static void
same_list(const struct vector_case *c, const char *key, const char *const *got, size_t n,
    struct buf *diff)
{
	const json_t *want = json_object_get(c->expect, key);
	bool same = json_array_size(want) == n;

	for (size_t i = 0; same && i < n; i++) {
		const char *word = json_string_value(json_array_get(want, i));

		same = word != NULL && strcmp(word, got[i]) == 0;
	}
	if (same)
		return;
	(void)buf_printf(diff, "%s: expected ", key);
	for (size_t i = 0; i < json_array_size(want); i++)
		(void)buf_printf(diff, "%s ", json_string_value(json_array_get(want, i)));
	(void)buf_puts(diff, "got ");
	for (size_t i = 0; i < n; i++)
		(void)buf_printf(diff, "%s ", got[i]);
	(void)buf_puts(diff, "; ");
}

static void
same_sigs(const struct vector_case *c, const enum verdict *sig, size_t n, struct buf *diff)
{
	const char *words[BUNDLE_SIGS_MAX];

	for (size_t i = 0; i < n; i++)
		words[i] = verdict_code(sig[i]);
	same_list(c, "sigs", words, n, diff);
}

static void
same_signers(const struct vector_case *c, const struct accept_result *r, struct buf *diff)
{
	const char *words[ACCEPT_KEPT_SIGS_MAX];

	for (size_t i = 0; i < r->n_signers; i++)
		words[i] = r->signer[i].hex;
	qsort(words, r->n_signers, sizeof words[0], by_text);
	same_list(c, "signers", words, r->n_signers, diff);
}

static void
same_flags(const struct vector_case *c, unsigned flags, struct buf *diff)
{
	const char *words[FLAG_COUNT];
	size_t n = 0;

	for (unsigned bit = 0; bit < FLAG_COUNT; bit++)
		if (flags & 1U << bit)
			words[n++] = flag_code((enum flag_bit)bit);
	qsort(words, n, sizeof words[0], by_text);
	same_list(c, "flags", words, n, diff);
}

static void
same_line(const struct vector_case *c, enum verdict v, unsigned line, struct buf *diff)
{
	if (v == V_MALFORMED)
		(void)vec_same_number(c->expect, "line", line, diff);
	else
		(void)vec_same_text(c->expect, "line", NULL, diff);
}

/* Revision and hash after the judgement. */
static void
same_state_after(const struct vector_case *c, const struct scene *t, const struct accept_result *r,
    struct buf *diff)
{
	static const uint8_t nothing[HASH_BYTES];
	const struct conf *n = r->commit ? r->conf : t->s.current;
	struct span hash = { n != NULL ? n->hash : nothing, HASH_BYTES };

	(void)vec_same_number(c->expect, "revision", n != NULL ? n->revision : 0, diff);
	(void)vec_same_hex(c->expect, "hash", hash, diff);
	if (r->commit)
		(void)vec_same_flag(c->expect, "rekey_due", r->rekey_due, diff);
	else
		(void)vec_same_text(c->expect, "rekey_due", NULL, diff);
}

static void
compare_accept(const struct vector_case *c, const struct scene *t, const struct accept_result *r,
    struct buf *diff)
{
	char partial[64];

	(void)snprintf(partial, sizeof partial, "%u/%u+%u/%u", r->a, r->b, r->c, r->d);
	(void)vec_same_verdict(c->expect, r->verdict, diff);
	(void)vec_same_text(c->expect, "reason",
	    r->reason != REASON_NONE ? accept_reason_name(r->reason) : NULL, diff);
	(void)vec_same_text(c->expect, "partial", r->verdict == V_PARTIAL ? partial : NULL, diff);
	same_line(c, r->verdict, r->line, diff);
	same_sigs(c, r->sig, r->n_sigs, diff);
	same_signers(c, r, diff);
	same_flags(c, r->flags, diff);
	(void)vec_same_flag(c->expect, "stored", r->stored, diff);
	same_state_after(c, t, r, diff);
}

enum vector_result
vector_accept(const struct vector_case *c, struct buf *diff)
{
	struct accept_result r = { 0 };
	struct scene t;

	if (scene_open(&t, c, diff)) {
		accept_judge(&t.s, &t.policy, &t.env, &t.slot, buf_span(&t.payload), t.now, &r);
		if (!t.broken)
			compare_accept(c, &t, &r, diff);
	} else if (diff->n == 0) {
		(void)buf_puts(diff, "the case cannot be set up");
	}
	accept_result_done(&r);
	scene_close(&t);
	return vec_result(diff);
}

static void
compare_halt(const struct vector_case *c, const struct scene *t, const struct halt_result *r,
    struct buf *diff)
{
	static const char *const by[] = { NULL, "owner", "recovery" };
	char hex[ACCEPT_PENDING_MAX][2 * HASH_BYTES + 1];
	const char *words[ACCEPT_PENDING_MAX];

	(void)vec_same_verdict(c->expect, r->verdict, diff);
	same_sigs(c, r->sig, r->n_sigs, diff);
	(void)vec_same_flag(c->expect, "halted", r->verdict == V_VERIFIED, diff);
	(void)vec_same_text(c->expect, "by", by[r->by], diff);
	same_line(c, r->verdict, r->line, diff);
	for (size_t i = 0; i < r->n_voids; i++) {
		text_hex(hex[i], t->pending[r->voids[i]].conf->hash, HASH_BYTES);
		words[i] = hex[i];
	}
	qsort(words, r->n_voids, sizeof words[0], by_text);
	same_list(c, "void", words, r->n_voids, diff);
}

enum vector_result
vector_halt(const struct vector_case *c, struct buf *diff)
{
	struct halt_result r;
	struct scene t;

	if (scene_open(&t, c, diff)) {
		accept_halt(&t.s, &t.policy, &t.env, &t.slot, buf_span(&t.payload), t.now, &r);
		if (!t.broken)
			compare_halt(c, &t, &r, diff);
	} else if (diff->n == 0) {
		(void)buf_puts(diff, "the case cannot be set up");
	}
	scene_close(&t);
	return vec_result(diff);
}
