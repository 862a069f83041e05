/* The engine and the life of a tree's conf: updates, offers, halts, rollbacks, strangers, and what
 * the gateway says about it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/base/text.h"
#include "core/flow/follow_impl.h"
#include "core/net/engine_impl.h"
#include "tests/unit/lib_watcher.h"

static void
publish_next_revision(struct scene *f, const char *key, const char *value)
{
	site_next(&f->s);
	site_set(&f->s, key, value);
	site_sign(&f->s, "a");
}

/* ---- updates */

static void
an_update_waits_for_the_gateways_receipt(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "log/2");
	site_show(&f->s, "secure");
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED).revision, 2);
	while (watcher_state(&f->w, &f->s, "PENDING-UPDATE").revision != 2)
		continue; /* seen in log/ a moment before: pending on revision 1 */
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	assert_int_equal(watcher_state(&f->w, &f->s, "ACTIVE").revision, 2);
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	assert_int_equal(watcher_snap(&f->w, SNAP_OWNERSHIP)->tree_detail.revision[0].revision, 2);
	/* revision 1 was overwritten on `secure`, not served again */
	assert_int_equal(watcher_count(&f->w, EVENT_CONF, &f->s, CLASS_BAD), 0);
}

/* As if five minutes had passed; everything the engine knows is behind the model's lock. */
static void
make_update_old(struct scene *f)
{
	struct engine *e = f->w.e;

	model_lock(engine_model(e));
	engine_find_tree(e, span_of(f->s.topic))->follow->marks.update_since_ms -= 301000;
	model_unlock(engine_model(e));
}

static void
a_receipt_that_does_not_come_is_missed_after_five_minutes(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "secure");
	assert_string_equal(watcher_state(&f->w, &f->s, "PENDING-UPDATE").who, "the gateway");
	make_update_old(f);
	(void)watcher_state(&f->w, &f->s, "NO-RECEIPT");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
}

static void
a_rollback_of_secure_is_told_and_changes_nothing(void **state)
{
	struct scene *f = *state;
	struct buf old;

	scene_active(f);
	buf_init(&old, BUNDLE_MAX);
	assert_int_equal(buf_put(&old, f->s.bundle.p, f->s.bundle.n), MQ_OK);
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "secure");
	(void)watcher_state(&f->w, &f->s, "PENDING-UPDATE");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	site_put(&f->s, "secure", buf_span(&old));
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_ROLLBACK).cls, CLASS_BAD);
	assert_int_equal(watcher_row(&f->w, &f->s)->revision, 2);
	site_show(&f->s, "secure");
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	buf_done(&old);
}

static void
history_in_log_is_no_alarm_and_is_chained(void **state)
{
	struct scene *f = *state;
	const struct snap *snap;

	site_run(&f->s);
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "log/2");
	publish_next_revision(f, "max-age", "78");
	site_show(&f->s, "log/3");
	site_show(&f->s, "secure");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	site_status(&f->s);
	watcher_open(&f->w, f->p, &f->s);
	scene_pin(f);
	snap = watcher_snap(&f->w, SNAP_OWNERSHIP);
	assert_int_equal(snap->tree_detail.chain.total, 3);
	assert_int_equal(snap->tree_detail.revision[0].revision, 3);
	assert_int_equal(snap->tree_detail.revision[2].revision, 1);
	assert_int_equal(watcher_count(&f->w, EVENT_CONF, &f->s, CLASS_BAD), 0);
	assert_int_equal(watcher_count(&f->w, EVENT_TREE, &f->s, CLASS_BAD), 0);
}

static void
revisions_missed_are_caught_up_through_log(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "log/2");
	publish_next_revision(f, "max-age", "78");
	site_show(&f->s, "secure");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	assert_int_equal(watcher_state(&f->w, &f->s, "ACTIVE").revision, 3);
}

/* ---- strangers */

static void
a_conf_of_another_tree_does_not_count_here(void **state)
{
	struct scene *f = *state;
	struct site other;

	scene_active(f);
	site_init(&other, f->p, "works/other");
	site_sign(&other, "a");
	site_put(&f->s, "secure", buf_span(&other.bundle));
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_WRONG_TOPIC);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	assert_int_equal(watcher_row(&f->w, &f->s)->revision, 1);
	site_done(&other);
}

static void
an_outsider_who_names_himself_owner_is_a_stranger(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_certs(&f->s, "m");
	site_next(&f->s);
	site_owner(&f->s, MALLORY);
	site_sign(&f->s, "m");
	site_show(&f->s, "secure");
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_UNKNOWN_KEY);
	site_show(&f->s, "next");
	(void)watcher_conf(&f->w, &f->s, SLOT_NEXT, V_UNKNOWN_KEY);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	assert_string_equal(watcher_row(&f->w, &f->s)->owner, f->p->who[ALICE].hex);
	assert_false(watcher_row(&f->w, &f->s)->offer);
}

static void
a_conf_for_another_gateway_is_told_until_acknowledged_also_after_a_restart(void **state)
{
	struct scene *f = *state;
	struct buf good;

	scene_active(f);
	buf_init(&good, BUNDLE_MAX);
	assert_int_equal(buf_put(&good, f->s.bundle.p, f->s.bundle.n), MQ_OK);
	publish_next_revision(f, "gateway", "openpgp4:28AAA2701B2C3D4E5F60718293A4B5C6D7E86CCD");
	site_show(&f->s, "secure");
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_WRONG_GATEWAY);
	(void)watcher_state(&f->w, &f->s, "GATEWAY-CHANGED");
	site_put(&f->s, "secure", buf_span(&good)); /* nobody would know any more */
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	buf_done(&good);
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "GATEWAY-CHANGED");
	assert_int_equal(watcher_row(&f->w, &f->s)->pin, PIN_CHANGED);
	conf_free(f->s.conf);
	f->s.conf = conf_dup(f->s.runs); /* what is on the screen */
	assert_int_equal(watcher_do(&f->w, INTENT_ACK, &f->s), MQ_OK);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	watcher_halt(&f->w);
	watcher_start(&f->w);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	assert_false(watcher_was(&f->w, &f->s, "GATEWAY-CHANGED"));
}

static void
a_receipt_of_an_unknown_conf_of_our_revision_may_be_a_split(void **state)
{
	struct scene *f = *state;
	struct receipt r = { .state = GS_ACTIVE, .revision = 1 };
	struct buf b;

	scene_active(f);
	memset(r.conf, 9, sizeof r.conf);
	buf_init(&b, RECEIPT_MAX);
	site_print(&f->s, &r, &b);
	site_put(&f->s, "receipt", buf_span(&b));
	(void)watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_NEEDS_CONF);
	(void)watcher_state(&f->w, &f->s, "SPLIT?");
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	buf_done(&b);
}

static void
garbage_on_every_slot_is_named(void **state)
{
	struct scene *f = *state;
	static const char *const texts[] = { "hello", "MQGP-BUNDLE 1\nbody-bytes: 3\n\nabc" };
	static const enum verdict expected[] = { V_UNSIGNED, V_MALFORMED };

	scene_active(f);
	for (int i = 0; i < 2; i++) {
		site_put(&f->s, "secure", span_of(texts[i]));
		(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, expected[i]);
		site_put(&f->s, "halt", span_of(texts[i]));
		(void)watcher_conf(&f->w, &f->s, SLOT_HALT, expected[i]);
		site_put(&f->s, "log/9", span_of(texts[i]));
		(void)watcher_conf(&f->w, &f->s, SLOT_LOG, expected[i]);
	}
	site_put(&f->s, "receipt", span_of("hello"));
	(void)watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_UNSIGNED);
	site_put(&f->s, "status", span_of("offline"));
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_STATUS, V_LINK_HINT).cls, CLASS_NEUTRAL);
	site_put(&f->s, "keys/1", span_of("hello"));
	(void)watcher_conf(&f->w, &f->s, SLOT_KEYS, V_UNSIGNED);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
}

static void
what_lies_on_no_slot_keeps_its_name_and_believes_nothing(void **state)
{
	struct scene *f = *state;
	static uint8_t big[BUNDLE_MAX + 1];
	struct seen seen;

	scene_active(f);
	memset(big, 'A', sizeof big);
	site_put(&f->s, "zz", (struct span){ big, sizeof big });
	seen = watcher_msg(&f->w, &f->s, "mqgp.conf/zz", V_PLAIN);
	assert_int_equal(seen.cls, CLASS_NEUTRAL);
	assert_int_equal(watcher_snap(&f->w, SNAP_TOPICS)->status.no_memory, 0);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
}

static void
two_candidates_in_one_breath_are_both_judged(void **state)
{
	struct scene *f = *state;
	struct buf first;

	scene_active(f);
	buf_init(&first, BUNDLE_MAX);
	publish_next_revision(f, "max-age", "77");
	assert_int_equal(buf_put(&first, f->s.bundle.p, f->s.bundle.n), MQ_OK);
	conf_free(f->s.conf);
	f->s.conf = conf_dup(f->s.runs);
	publish_next_revision(f, "max-age", "78");
	site_put(&f->s, "secure", buf_span(&first));
	site_show(&f->s, "secure");
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_FORK);
	(void)watcher_state(&f->w, &f->s, "CONFLICT");
	buf_done(&first);
}

/* ---- transfer */

static void
offer_to_bob(struct scene *f)
{
	struct clock clock = clock_real();
	char until[TEXT_TIME_MAX];

	site_certs(&f->s, "b");
	site_next(&f->s);
	site_owner(&f->s, BOB);
	text_put_time(until, clock_wall(&clock) + 3600);
	site_set(&f->s, "offer-until", until);
	site_sign(&f->s, "a");
	site_show(&f->s, "next");
}

static void
an_offer_waits_for_the_new_owner_and_his_signature_completes_it(void **state)
{
	struct scene *f = *state;
	const struct snap *snap;
	struct seen seen;

	scene_active(f);
	offer_to_bob(f);
	seen = watcher_conf(&f->w, &f->s, SLOT_NEXT, V_PARTIAL);
	assert_string_equal(seen.partial, "1/1+0/1");
	seen = watcher_state(&f->w, &f->s, "PENDING-TRANSFER");
	assert_string_equal(seen.who, "the new owners: accept");
	snap = watcher_snap(&f->w, SNAP_OWNERSHIP);
	assert_int_equal(snap->tree_detail.n_offers, 1);
	assert_true(snap->tree_detail.offer[0].transfer);
	assert_string_equal(snap->tree_detail.offer[0].to[0].fpr, f->p->who[BOB].hex);
	assert_false(snap->tree_detail.offer[0].for_us);
	site_sign(&f->s, "ab");
	site_show(&f->s, "log/2");
	site_show(&f->s, "secure");
	(void)watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED);
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	seen = watcher_state(&f->w, &f->s, "ACTIVE");
	assert_int_equal(seen.revision, 2);
	assert_string_equal(watcher_row(&f->w, &f->s)->owner, f->p->who[BOB].hex);
	assert_false(watcher_row(&f->w, &f->s)->offer);
}

static void
an_offer_to_us_says_that_we_must_act(void **state)
{
	struct scene *f = *state;

	site_run(&f->s);
	watcher_init(&f->w, f->p);
	free(f->w.profile.sign_key);
	f->w.profile.sign_key = strdup(f->p->who[BOB].hex);
	watcher_tree(&f->w, &f->s);
	watcher_start(&f->w);
	scene_pin(f);
	offer_to_bob(f);
	assert_string_equal(watcher_state(&f->w, &f->s, "PENDING-TRANSFER").who, "you: accept");
	assert_true(watcher_snap(&f->w, SNAP_OWNERSHIP)->tree_detail.offer[0].for_us);
}

/* ---- halt */

static void
put_halt(struct scene *f, uint32_t revision, struct buf *out)
{
	struct clock clock = clock_real();
	struct halt h = { .gateway = f->s.conf->gateway, .revision = revision,
		.issued = clock_wall(&clock), .reason = "test" };
	struct buf body, sig;

	h.topic_n = strlen(f->s.topic);
	memcpy(h.topic, f->s.topic, h.topic_n);
	memcpy(h.conf, f->s.runs->hash, HASH_BYTES);
	buf_init(&body, CONF_BODY_MAX);
	assert_int_equal(halt_print(&h, &body), MQ_OK);
	sig = works_sign(f->p, ALICE, buf_span(&body));
	assert_int_equal(bundle_print(out, buf_span(&body), NULL,
	    &(struct bundle_sig){ sig.p, sig.n }, 1), MQ_OK);
	buf_done(&sig);
	buf_done(&body);
}

static void
a_halt_order_halts_until_the_next_revision(void **state)
{
	struct scene *f = *state;
	struct buf halt;
	struct seen seen;

	scene_active(f);
	buf_init(&halt, BUNDLE_MAX);
	put_halt(f, 1, &halt);
	site_put(&f->s, "halt", buf_span(&halt));
	(void)watcher_conf(&f->w, &f->s, SLOT_HALT, V_VERIFIED);
	seen = watcher_state(&f->w, &f->s, "HALTED");
	assert_string_equal(seen.who, "you: publish the next revision");
	publish_next_revision(f, "max-age", "77");
	site_show(&f->s, "secure");
	site_adopt(&f->s);
	site_receipt(&f->s, GS_ACTIVE);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	(void)watcher_conf(&f->w, &f->s, SLOT_HALT, V_ROLLBACK); /* the old order is history */
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	buf_done(&halt);
}

/* ---- what the gateway says */

static void
an_old_receipt_is_a_replay_and_two_of_one_number_a_conflict(void **state)
{
	struct scene *f = *state;
	struct receipt r = { .state = GS_ACTIVE }, again = { .state = GS_REJECTED };
	struct buf old, twin;

	scene_active(f);
	buf_init(&old, RECEIPT_MAX);
	buf_init(&twin, RECEIPT_MAX);
	site_print(&f->s, &r, &old);
	site_put(&f->s, "receipt", buf_span(&old));
	site_receipt(&f->s, GS_ACTIVE);
	site_put(&f->s, "receipt", buf_span(&old));
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_REPLAY).cls, CLASS_BAD);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	again.n = f->s.n;
	site_print(&f->s, &again, &twin);
	site_put(&f->s, "receipt", buf_span(&twin));
	(void)watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_EQUIVOCATION);
	(void)watcher_state(&f->w, &f->s, "CONFLICT");
	buf_done(&twin);
	buf_done(&old);
}

static void
a_forged_receipt_moves_nothing(void **state)
{
	struct scene *f = *state;
	struct receipt r = { .state = GS_FAILSAFE };
	struct buf b;

	scene_active(f);
	buf_init(&b, RECEIPT_MAX);
	site_print(&f->s, &r, &b);
	b.p[b.n - 2] = b.p[b.n - 2] == '0' ? '1' : '0'; /* a digit of the signature */
	site_put(&f->s, "receipt", buf_span(&b));
	(void)watcher_conf(&f->w, &f->s, SLOT_RECEIPT, V_BAD_SIG);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	buf_done(&b);
}

static void
a_will_is_a_hint_and_changes_no_state(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	site_put(&f->s, "status", span_of("offline"));
	(void)watcher_conf(&f->w, &f->s, SLOT_STATUS, V_LINK_HINT);
	site_status(&f->s);
	(void)watcher_conf(&f->w, &f->s, SLOT_STATUS, V_VERIFIED);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
}

static void
a_fake_info_copy_is_drift_and_nothing_more(void **state)
{
	struct scene *f = *state;
	struct buf fake;
	struct seen seen;
	char *at;

	scene_active(f);
	buf_init(&fake, CONF_BODY_MAX);
	assert_int_equal(buf_put(&fake, f->s.draft.p, f->s.draft.n), MQ_OK);
	at = strstr(buf_cstr(&fake), "127.0.0.1");
	assert_non_null(at);
	at[8] = '9';
	site_put(&f->s, "", buf_span(&fake));
	seen = watcher_conf(&f->w, &f->s, SLOT_INFO, V_INFO_MISMATCH);
	assert_non_null(strstr(seen.text, "url=mqtt://127.0.0.9"));
	assert_true(watcher_row(&f->w, &f->s)->drift);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "ACTIVE");
	buf_done(&fake);
}

static void
a_cleared_secure_is_awaited_after_the_lease(void **state)
{
	struct scene *f = *state;

	site_set(&f->s, "lease", "1");
	scene_active(f);
	site_put(&f->s, "secure", span_of(""));
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_CLEARED).cls, CLASS_ATTENTION);
	(void)watcher_state(&f->w, &f->s, "AWAITING-OWNER");
	/* what is authentic stays so */
	site_data(&f->s, "temp", 1, "1");
	(void)watcher_msg(&f->w, &f->s, "temp", V_VERIFIED);
	site_show(&f->s, "secure");
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
}

static void
three_missed_heartbeats_are_silence_and_one_ends_it(void **state)
{
	struct scene *f = *state;
	struct receipt r = { .is_status = true };
	struct buf old;

	buf_init(&old, RECEIPT_MAX);
	site_set(&f->s, "heartbeat", "1");
	scene_active(f);
	site_print(&f->s, &r, &old);
	site_put(&f->s, "status", buf_span(&old));
	site_status(&f->s);
	(void)watcher_state(&f->w, &f->s, "SILENT");
	site_put(&f->s, "status", buf_span(&old)); /* a replayed one does not */
	(void)watcher_conf(&f->w, &f->s, SLOT_STATUS, V_REPLAY);
	assert_string_equal(watcher_row(&f->w, &f->s)->state_word, "SILENT");
	site_status(&f->s);
	(void)watcher_state(&f->w, &f->s, "ACTIVE");
	buf_done(&old);
}

/* ---- keys */

static void
a_revoked_owners_signatures_count_no_more(void **state)
{
	struct scene *f = *state;
	struct buf revoked;
	char slot[64];

	/* another owner than Alice: her key is used by other tests */
	site_owner(&f->s, BOB);
	site_sign(&f->s, "b");
	site_adopt(&f->s);
	site_certs(&f->s, "b");
	site_keys(&f->s, "b");
	site_show(&f->s, "secure");
	site_receipt(&f->s, GS_ACTIVE);
	site_status(&f->s);
	watcher_open(&f->w, f->p, &f->s);
	scene_pin(f);
	revoked = works_revoked(f->p, BOB);
	(void)snprintf(slot, sizeof slot, "pgp/%s", f->p->who[BOB].hex);
	site_put(&f->s, slot, buf_span(&revoked));
	buf_done(&revoked);
	(void)watcher_state(&f->w, &f->s, "OWNER-REVOKED");
	site_next(&f->s);
	site_sign(&f->s, "b");
	site_show(&f->s, "next");
	(void)watcher_conf(&f->w, &f->s, SLOT_NEXT, V_REVOKED_KEY);
	assert_int_equal(watcher_row(&f->w, &f->s)->revision, 1);
}

static void
another_key_in_the_blob_is_no_key(void **state)
{
	struct scene *f = *state;

	scene_active(f);
	memset(f->s.secret, 7, sizeof f->s.secret);
	site_keys(&f->s, "a");
	(void)watcher_conf(&f->w, &f->s, SLOT_KEYS, V_KEY_MISMATCH);
	site_keys(&f->s, "b"); /* Bob's key is in this home too */
	(void)watcher_conf(&f->w, &f->s, SLOT_KEYS, V_KEY_MISMATCH);
}

static void
an_encrypted_conf_is_read_by_who_holds_a_key(void **state)
{
	struct scene *f = *state;
	struct buf sealed;

	scene_active(f);
	publish_next_revision(f, "max-age", "77");
	sealed = works_encrypt(f->p, "a", buf_span(&f->s.bundle));
	site_put(&f->s, "secure", buf_span(&sealed));
	buf_done(&sealed);
	assert_int_equal(watcher_conf(&f->w, &f->s, SLOT_SECURE, V_VERIFIED).revision, 2);
}

int
main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, scene_start, scene_stop)
	const struct CMUnitTest tests[] = {
		T(an_update_waits_for_the_gateways_receipt),
		T(a_rollback_of_secure_is_told_and_changes_nothing),
		T(history_in_log_is_no_alarm_and_is_chained),
		T(revisions_missed_are_caught_up_through_log),
		T(a_conf_of_another_tree_does_not_count_here),
		T(an_outsider_who_names_himself_owner_is_a_stranger),
		T(a_receipt_that_does_not_come_is_missed_after_five_minutes),
		T(a_conf_for_another_gateway_is_told_until_acknowledged_also_after_a_restart),
		T(a_receipt_of_an_unknown_conf_of_our_revision_may_be_a_split),
		T(garbage_on_every_slot_is_named),
		T(what_lies_on_no_slot_keeps_its_name_and_believes_nothing),
		T(two_candidates_in_one_breath_are_both_judged),
		T(an_offer_waits_for_the_new_owner_and_his_signature_completes_it),
		T(an_offer_to_us_says_that_we_must_act),
		T(a_halt_order_halts_until_the_next_revision),
		T(an_old_receipt_is_a_replay_and_two_of_one_number_a_conflict),
		T(a_forged_receipt_moves_nothing),
		T(a_will_is_a_hint_and_changes_no_state),
		T(a_fake_info_copy_is_drift_and_nothing_more),
		T(a_cleared_secure_is_awaited_after_the_lease),
		T(three_missed_heartbeats_are_silence_and_one_ends_it),
		T(another_key_in_the_blob_is_no_key),
		T(an_encrypted_conf_is_read_by_who_holds_a_key),
		T(a_revoked_owners_signatures_count_no_more),
	};

	pgp_child_main(argc, argv);
	return sodium_init() < 0 ? 1 :
	    cmocka_run_group_tests(tests, scene_group_start, scene_group_stop);
}
