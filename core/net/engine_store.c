/* What survives the program: windows, pins, keys, audit log; and what a person decided. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/net/engine_impl.h"

#define AUDIT_BAD_MS 10000
#define COLLECT_ROUND 20000 /* windows serialised under one lock: a few milliseconds */

/* ---- the thread that writes windows.db; the engine never waits for it */

static void *
flusher_main(void *arg)
{
	struct engine *e = arg;
	struct mq_error err;

	(void)pthread_mutex_lock(&e->flush_lock);
	for (;;) {
		while (!e->flush_wanted && !e->flush_stop)
			(void)pthread_cond_wait(&e->flush_wake, &e->flush_lock);
		if (!e->flush_wanted)
			break;
		e->flush_wanted = false;
		(void)pthread_mutex_unlock(&e->flush_lock);
		if (windows_flush(e->windows, &err) != MQ_OK)
			log_warn("replay windows could not be saved, will try again why=\"%s\"",
			    err.text);
		(void)pthread_mutex_lock(&e->flush_lock);
	}
	(void)pthread_mutex_unlock(&e->flush_lock);
	return NULL;
}

static struct window *
get_window(void *arg, void *owner, struct buf *topic)
{
	struct topictree *t = model_topics(((struct engine *)arg)->model);
	struct topic_node *n = topictree_at(t, (uint32_t)(uintptr_t)owner);
	uint8_t name[4096];
	size_t len = topictree_topic(t, n, name, sizeof name);

	if (len <= sizeof name)
		(void)buf_put(topic, name, len);
	else { /* rare: a topic longer than any sane one */
		uint8_t *whole = malloc(len);

		if (whole != NULL) {
			(void)topictree_topic(t, n, whole, len);
			(void)buf_put(topic, whole, len);
		}
		free(whole);
	}
	return &topictree_leaf(t, n)->window;
}

void
engine_save_windows(struct engine *e)
{
	int64_t now = clock_mono_ms(&e->clock);
	bool more = true;

	if (now - e->windows_saved_ms < WINDOWS_SAVE_MS)
		return;
	if (windows_collect(e->windows, get_window, e, COLLECT_ROUND, clock_wall_ms(&e->clock),
		&more) == MQ_OK && !more)
		e->windows_saved_ms = now; /* else the rest in the next rounds */
	if (!windows_ready(e->windows))
		return;
	(void)pthread_mutex_lock(&e->flush_lock);
	e->flush_wanted = true;
	(void)pthread_cond_signal(&e->flush_wake);
	(void)pthread_mutex_unlock(&e->flush_lock);
}

/* When the flusher has ended: whatever is not in the file yet. */
static void
save_last_windows(struct engine *e)
{
	struct mq_error err;

	if (windows_save_all(e->windows, get_window, e, clock_wall_ms(&e->clock), &err) != MQ_OK)
		log_warn("replay windows not saved why=\"%s\"", err.text);
}

/* ---- opening and closing */

/* path of a file in the state folder, or NULL when nothing is kept */
static const char *
state_path(const struct engine *e, const char *name, char out[PATH_MAX])
{
	return e->o.state_dir != NULL &&
		    file_join(out, PATH_MAX, e->o.state_dir, name) == MQ_OK ? out : NULL;
}

static void
import_cert(void *arg, const struct fpr *f)
{
	struct engine *e = arg;
	struct buf cert;
	uint32_t id;

	buf_init(&cert, PGP_CERT_MAX);
	if (keystore_get_cert(e->keys, f, &cert) == MQ_OK)
		(void)pgp_import(e->verify, f, buf_span(&cert), &id); /* refused ones are told by gpg */
	buf_done(&cert);
}

enum mq_err
engine_open_state(struct engine *e, struct mq_error *err)
{
	char path[PATH_MAX];
	struct mq_error why = { 0 };
	enum mq_err r;

	if ((r = windows_open(&e->windows, state_path(e, "windows.db", path), err)) != MQ_OK)
		return r;
	if (windows_notice(e->windows)[0] != 0)
		model_log(e->model, 1, windows_notice(e->windows));
	if ((r = audit_open(state_path(e, "audit.db", path), &e->audit, &why)) != MQ_OK)
		return mq_fail(err, r, "%s", why.text);
	if (why.code != MQ_OK)
		model_log(e->model, 0, why.text);
	model_set_audit(e->model, e->audit);
	memset(&why, 0, sizeof why);
	r = pins_open(&e->pins, state_path(e, "pins", path), &why);
	if (r != MQ_OK && r != MQ_ESTATE)
		return mq_fail(err, r, "%s", why.text);
	if (r == MQ_ESTATE) {
		model_log(e->model, 0, why.text);
		engine_audit(e, "state", (struct span){ NULL, 0 }, why.text, "");
	}
	if ((r = keystore_open(&e->keys, state_path(e, "keys", path), err)) != MQ_OK)
		return r;
	(void)keystore_each_cert(e->keys, import_cert, e); /* an unreadable folder: keys come again */
	if (pthread_create(&e->flusher, NULL, flusher_main, e) != 0)
		return mq_fail(err, MQ_ENOMEM, "no thread to save the windows");
	e->flusher_runs = true;
	return MQ_OK;
}

void
engine_close_state(struct engine *e)
{
	if (e->flusher_runs) {
		(void)pthread_mutex_lock(&e->flush_lock);
		e->flush_stop = true;
		(void)pthread_cond_signal(&e->flush_wake);
		(void)pthread_mutex_unlock(&e->flush_lock);
		(void)pthread_join(e->flusher, NULL);
	}
	if (e->windows != NULL)
		save_last_windows(e);
	windows_close(e->windows, true);
	if (e->model != NULL)
		model_set_audit(e->model, NULL);
	audit_close(e->audit);
	pins_close(e->pins);
	keystore_close(e->keys);
	e->windows = NULL;
}

void
engine_audit(struct engine *e, const char *kind, struct span tree, const char *text,
    const char *detail)
{
	struct audit_row row = { .time_ms = clock_wall_ms(&e->clock), .who = e->o.who, .kind = kind,
		.tree = tree, .text = span_of(text), .detail = span_of(detail) };

	if (e->audit != NULL)
		(void)audit_append(e->audit, &row); /* a full queue counts itself */
}

/* One row per tree and verdict in ten seconds: a flood of forgeries must not fill the disk. */
void
engine_audit_bad(struct engine *e, struct engine_tree *t, enum verdict v, struct span topic)
{
	int64_t now = clock_mono_ms(&e->clock);
	struct buf b;

	if (t->audited_ms[v] != 0 && now - t->audited_ms[v] < AUDIT_BAD_MS) {
		t->audit_skipped[v]++;
		return;
	}
	buf_init(&b, AUDIT_TEXT);
	(void)buf_printf(&b, "%s on ", verdict_code(v));
	if (topic.n > 80)
		topic.n = 80;
	(void)utf8_put_safe(&b, topic, true);
	if (t->audit_skipped[v] != 0)
		(void)buf_printf(&b, ", %u more since the last line", t->audit_skipped[v]);
	engine_audit(e, "verdict", (struct span){ t->topic, t->topic_n },
	    buf_cstr(&b) != NULL ? (const char *)b.p : verdict_code(v), "");
	buf_done(&b);
	t->audited_ms[v] = now;
	t->audit_skipped[v] = 0;
}

/* ---- one tree */

void
engine_load_tree(struct engine *e, struct engine_tree *t)
{
	struct span topic = { t->topic, t->topic_n };
	const struct pin *pin = pins_find(e->pins, topic);
	struct follow_pin fp = { .any = true };
	const struct follow_conf *c;
	uint8_t secret[32];
	struct buf bundle;

	if ((t->saved_conflict = keystore_has_conflict(e->keys, topic)))
		follow_note_equivocation(t->follow);
	if (pin == NULL || pin->state == PIN_STATE_FORMER)
		return;
	fp.changed = t->saved_changed = pin->state == PIN_STATE_CHANGED;
	fp.gateway = pin->gateway;
	fp.revision = pin->revision;
	memcpy(fp.hash, pin->hash, HASH_BYTES);
	buf_init(&bundle, BUNDLE_MAX);
	(void)keystore_get_bundle(e->keys, topic, &bundle); /* absent: the log/ chain must tell */
	if (follow_set_pin(t->follow, &fp, buf_span(&bundle)) != MQ_OK)
		engine_audit(e, "state", topic, "the stored conf does not fit its pin; ignored", "");
	buf_done(&bundle);
	if ((c = follow_current(t->follow)) != NULL &&
	    keystore_get_epoch(e->keys, topic, c->conf->epoch, secret)) {
		follow_add_secret(t->follow, c->conf->epoch, secret);
		if (follow_secret(t->follow, c->conf->epoch) != NULL)
			t->saved_epoch = c->conf->epoch;
	}
	if (c != NULL)
		memcpy(t->saved_hash, c->conf->hash, HASH_BYTES);
	sodium_memzero(secret, sizeof secret);
}

static void
pin_of(const struct conf *c, struct pin *out)
{
	memset(out, 0, sizeof *out);
	memcpy(out->topic, c->topic, c->topic_n);
	out->topic_n = c->topic_n;
	out->gateway = c->gateway;
	out->revision = c->revision;
	memcpy(out->hash, c->hash, HASH_BYTES);
	memcpy(out->owner, c->owner, c->n_owners * sizeof c->owner[0]);
	out->n_owners = c->n_owners;
}

static bool
save_pin(struct engine *e, struct engine_tree *t, const struct follow_conf *c, struct mq_error *err)
{
	bool changed = follow_marks(t->follow)->gateway_changed;
	struct pin pin;

	pin_of(c->conf, &pin);
	pin.state = changed ? PIN_STATE_CHANGED : PIN_STATE_PINNED;
	if (keystore_put_bundle(e->keys, conf_topic(c->conf), buf_span(&c->bundle), err) != MQ_OK ||
	    pins_set(e->pins, &pin, err) != MQ_OK)
		return false;
	memcpy(t->saved_hash, c->conf->hash, HASH_BYTES);
	t->saved_changed = changed;
	return true;
}

/* A contradiction stays told over restarts until a person acknowledges it. */
void
engine_save_conflict(struct engine *e, struct engine_tree *t)
{
	bool now = follow_marks(t->follow)->conflict;

	if (now != t->saved_conflict &&
	    keystore_mark_conflict(e->keys, (struct span){ t->topic, t->topic_n }, now, NULL) == MQ_OK)
		t->saved_conflict = now; /* else tried again in the next round */
}

/* A pinned tree moved on by its own rule: the pin follows, durably. */
void
engine_save_tree(struct engine *e, struct engine_tree *t)
{
	const struct follow_conf *c = follow_current(t->follow);
	const struct secret *s = c != NULL ? follow_secret(t->follow, c->conf->epoch) : NULL;
	struct span topic = { t->topic, t->topic_n };
	struct mq_error err;
	char text[120];
	bool moved;

	if (c == NULL || !follow_marks(t->follow)->pinned)
		return;
	if (s != NULL && t->saved_epoch != c->conf->epoch &&
	    keystore_put_epoch(e->keys, topic, c->conf->epoch, s->p, NULL) == MQ_OK)
		t->saved_epoch = c->conf->epoch;
	moved = memcmp(t->saved_hash, c->conf->hash, HASH_BYTES) != 0;
	if (!moved && t->saved_changed == follow_marks(t->follow)->gateway_changed)
		return;
	if (!save_pin(e, t, c, &err)) {
		model_log(e->model, 0, err.text);
		return; /* tried again with the next change; the tree is judged right meanwhile */
	}
	if (!moved)
		return;
	(void)snprintf(text, sizeof text, "revision %u is the current one", c->conf->revision);
	engine_audit(e, "state", topic, text, "");
}

/* ---- what people decide */

static enum mq_err
obey_pin(struct engine *e, struct engine_tree *t, const struct intent *i, struct mq_error *err)
{
	const struct follow_conf *c = follow_current(t->follow);
	struct follow_pin fp = { .any = true };
	char hex[2 * HASH_BYTES + 1];

	if (c == NULL)
		return mq_fail(err, MQ_ENOENT, "nothing is verified here that could be pinned");
	if (memcmp(c->conf->hash, i->hash, HASH_BYTES) != 0)
		return mq_fail(err, MQ_EAGAIN, "the tree moved on to revision %u; look again",
		    c->conf->revision);
	if (!save_pin(e, t, c, err))
		return err != NULL && err->code != MQ_OK ? err->code : MQ_EIO;
	fp.gateway = c->conf->gateway;
	fp.revision = c->conf->revision;
	memcpy(fp.hash, c->conf->hash, HASH_BYTES);
	(void)follow_set_pin(t->follow, &fp, (struct span){ NULL, 0 });
	text_hex(hex, c->conf->hash, HASH_BYTES);
	engine_audit(e, "pin", (struct span){ t->topic, t->topic_n },
	    "pinned after comparing the gateway's fingerprint", hex);
	return MQ_OK;
}

static enum mq_err
obey_unpin(struct engine *e, struct engine_tree *t, struct mq_error *err)
{
	struct span topic = { t->topic, t->topic_n };
	enum mq_err r = pins_remove(e->pins, topic, err);

	if (r == MQ_OK) {
		follow_unpin(t->follow);
		engine_audit(e, "unpin", topic, "no longer pinned", "");
	}
	return r;
}

static enum mq_err
obey_ack(struct engine *e, struct engine_tree *t, const struct intent *i, struct mq_error *err)
{
	const struct follow_conf *c = follow_current(t->follow);
	struct span topic = { t->topic, t->topic_n };
	struct topic_node *n = topictree_find(model_topics(e->model), topic);
	char hex[2 * HASH_BYTES + 1] = "";

	if (c != NULL && memcmp(c->conf->hash, i->hash, HASH_BYTES) != 0)
		return mq_fail(err, MQ_EAGAIN, "the tree moved on; look again");
	follow_acknowledge(t->follow);
	engine_save_conflict(e, t);
	engine_save_tree(e, t);
	if (n != NULL)
		topictree_acknowledge(model_topics(e->model), n);
	if (c != NULL)
		text_hex(hex, c->conf->hash, HASH_BYTES);
	engine_audit(e, "ack", topic, "sticky states acknowledged", hex);
	return MQ_OK;
}

enum mq_err
engine_obey(struct engine *e, const struct intent *i, struct mq_error *err)
{
	struct span topic = { i->tree, i->tree_n };
	struct engine_tree *t = i->tree_n != 0 ? engine_find_tree(e, topic) : NULL;
	enum mq_err r = MQ_OK;
	uint32_t id;

	if (t == NULL && (i->kind == INTENT_PIN || i->kind == INTENT_UNPIN ||
			     i->kind == INTENT_ACK || i->kind == INTENT_REREAD))
		return mq_fail(err, MQ_ENOENT, "this tree is not known here");
	switch (i->kind) {
	case INTENT_PIN:
		r = obey_pin(e, t, i, err);
		break;
	case INTENT_UNPIN:
		r = obey_unpin(e, t, err);
		break;
	case INTENT_ACK:
		r = obey_ack(e, t, i, err);
		break;
	case INTENT_RETRY_KEYS:
		desk_retry_clears(e->desk);
		break;
	case INTENT_RING:
		if (e->secret == NULL || pgp_list(e->secret, false, &id) != MQ_OK)
			r = mq_fail(err, MQ_EAGAIN, "gpg cannot be asked now");
		break;
	case INTENT_REREAD:
		engine_subscribe_tree(e, t);
		break;
	case INTENT_AUDIT:
		if (i->word[0] != 0)
			engine_audit(e, i->word, topic, i->text, "");
		break;
	}
	if (t != NULL)
		engine_show_tree(e, t);
	model_touch(e->model);
	return r;
}
