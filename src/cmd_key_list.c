/*
 * mqgp key list: the person's own secret keys, and every key a profile has met, with what it is
 * for.
 *
 * A key's use comes from the pins and the verified bundles kept beside them: nothing is asked of a
 * broker, and a use is only as new as the pin.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/conf/bundle.h"
#include "core/trust/pins.h"
#include "src/commands.h"
#include "src/keyring.h"
#include "src/print.h"
#include "src/stop.h"

#define ROWS_MAX (2 * KEYTABLE_KEYS_MAX) /* own ones and kept certificates */
#define ANSWER_MAX (16u << 20)

const struct opt key_list_options[] = {
	{ "json", 'j', NULL, "answer with one JSON object" },
	{ 0 },
};

/* What one conf makes of a key. */
struct use {
	struct fpr fpr;
	const char *as;
	const struct pin *pin;
};

struct row {
	struct pgpkey key;  /* n 0: only the fingerprint is known */
	struct fpr fpr;
	bool own;	    /* its secret part is at hand */
	bool kept;	    /* in the profile's folder */
};

struct list {
	struct setup s;
	struct keyring ring;
	struct pins *pins;
	struct row *row;
	size_t n;
	struct use *use;
	size_t n_uses, cap_uses;
	bool no_memory;
	struct mq_error e; /* of a certificate that could not be read */
	size_t damaged;
};

static struct row *
row_of(struct list *l, const struct fpr *f)
{
	for (size_t i = 0; i < l->n; i++)
		if (fpr_eq(&l->row[i].fpr, f))
			return &l->row[i];
	if (l->n == ROWS_MAX)
		return NULL;
	l->row[l->n].fpr = *f;
	return &l->row[l->n++];
}

/* ---- keys */

static enum mq_err
take_own(struct list *l, struct mq_error *e)
{
	struct keytable t;
	enum mq_err r = keyring_list(&l->ring, true, &t, e);

	for (size_t i = 0; r == MQ_OK && i < t.n; i++) {
		struct row *row = row_of(l, &t.key[i].sub[0].fpr);

		if (row == NULL)
			break; /* a ring has no more than KEYTABLE_KEYS_MAX */
		row->key = t.key[i];
		row->own = true;
	}
	keytable_done(&t);
	return r;
}

static void
take_kept(void *arg, const struct fpr *f)
{
	struct list *l = arg;
	struct row *row = row_of(l, f);
	struct keytable t;
	struct buf cert;

	if (row == NULL)
		return;
	row->kept = true;
	if (row->own)
		return;
	buf_init(&cert, PGP_CERT_MAX);
	keytable_init(&t);
	if (keystore_get_cert(l->ring.store, f, &cert) == MQ_OK &&
	    keyring_look(&l->ring, buf_span(&cert), &t, &l->e) == MQ_OK && t.n == 1 &&
	    fpr_eq(&t.key[0].sub[0].fpr, f))
		row->key = t.key[0];
	else
		l->damaged++;
	keytable_done(&t);
	buf_done(&cert);
}

/* ---- uses */

static void
add_use(struct list *l, const struct fpr *f, const char *as, const struct pin *pin)
{
	struct use *grown;

	for (size_t i = 0; i < l->n_uses; i++)
		if (l->use[i].pin == pin && l->use[i].as == as && fpr_eq(&l->use[i].fpr, f))
			return;
	if (l->n_uses == l->cap_uses) {
		size_t cap = l->cap_uses == 0 ? 64 : 2 * l->cap_uses;

		if ((grown = realloc(l->use, cap * sizeof *grown)) == NULL) {
			l->no_memory = true;
			return;
		}
		l->use = grown;
		l->cap_uses = cap;
	}
	l->use[l->n_uses++] = (struct use){ *f, as, pin };
	(void)row_of(l, f); /* full: the key is not listed */
}

static void
add_uses(struct list *l, const struct fpr *f, size_t n, const char *as, const struct pin *pin)
{
	for (size_t i = 0; i < n; i++)
		add_use(l, &f[i], as, pin);
}

/* The bundle of the pinned revision names more roles than the pin; it counts only if it is that
 * revision. */
static void
take_conf(struct list *l, const struct pin *pin)
{
	struct span topic = { pin->topic, pin->topic_n };
	const struct conf_policy policy = { .allow_non_ascii = true };
	struct bundle b = { 0 };
	struct conf *c = NULL;
	struct buf bytes;

	buf_init(&bytes, BUNDLE_MAX);
	if (l->ring.store != NULL && keystore_get_bundle(l->ring.store, topic, &bytes) == MQ_OK &&
	    bundle_parse(buf_span(&bytes), &b) == V_NONE &&
	    conf_parse(b.body, &policy, &c, NULL) == MQ_OK &&
	    memcmp(c->hash, pin->hash, HASH_BYTES) == 0) {
		add_uses(l, c->recovery, c->n_recovery, "recovery", pin);
		add_uses(l, c->reader, c->n_readers, "reader", pin);
	}
	conf_free(c);
	bundle_done(&b);
	buf_done(&bytes);
}

static void
take_uses(struct list *l)
{
	for (size_t i = 0; l->pins != NULL && i < pins_count(l->pins); i++) {
		const struct pin *pin = pins_nth(l->pins, i);

		if (!pin->gateway.is_edkey)
			add_use(l, &pin->gateway.fpr, "gateway", pin);
		add_uses(l, pin->owner, pin->n_owners, "owner", pin);
		take_conf(l, pin);
	}
}

/* ---- answer */

static const char *
state_of(const struct row *r)
{
	if (r->key.n == 0)
		return r->kept ? "damaged certificate" : "no certificate here";
	if (r->key.revoked || r->key.sub[0].revoked)
		return "REVOKED";
	if (r->key.expired)
		return "EXPIRED";
	return r->own ? "own" : "known";
}

static void
put_words(struct buf *out, const struct list *l, const struct row *r)
{
	char groups[45], algorithm[24] = "", until[TEXT_TIME_MAX];

	fpr_groups(&r->fpr, groups);
	(void)buf_printf(out, "%s  %s", groups, state_of(r));
	if (r->key.n != 0) {
		keyring_algorithm(&r->key.sub[0], algorithm);
		(void)buf_printf(out, "  %s", algorithm);
		if (r->key.sub[0].expires != 0) {
			text_put_time(until, r->key.sub[0].expires);
			(void)buf_printf(out, "  until %s", until);
		}
		(void)buf_puts(out, "  ");
		(void)utf8_put_safe(out, span_of(r->key.uid), false); /* one line, whatever it holds */
	}
	(void)buf_putc(out, '\n');
	for (size_t i = 0; i < l->n_uses; i++)
		if (fpr_eq(&l->use[i].fpr, &r->fpr)) {
			(void)buf_printf(out, "    %s of ", l->use[i].as);
			(void)topic_encode(out, (struct span){ l->use[i].pin->topic,
				l->use[i].pin->topic_n }); /* errors stick */
			if (l->use[i].pin->state != PIN_STATE_PINNED)
				(void)buf_printf(out, " (%s)", pin_state_name(l->use[i].pin->state));
			(void)buf_putc(out, '\n');
		}
}

static json_t *
uses_json(const struct list *l, const struct row *r)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n_uses; i++) {
		const struct use *u = &l->use[i];
		json_t *o;

		if (!fpr_eq(&u->fpr, &r->fpr))
			continue;
		o = json_object();
		(void)json_object_set_new(o, "tree",
		    print_string((struct span){ u->pin->topic, u->pin->topic_n }));
		(void)json_object_set_new(o, "as", json_string(u->as));
		(void)json_object_set_new(o, "pin", json_string(pin_state_name(u->pin->state)));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *
time_json(int64_t t)
{
	char text[TEXT_TIME_MAX];

	if (t == 0)
		return json_null();
	text_put_time(text, t);
	return json_string(text);
}

static json_t *
row_json(const struct list *l, const struct row *r)
{
	const struct subkey *primary = &r->key.sub[0];
	json_t *o = json_object();
	char algorithm[24];

	(void)json_object_set_new(o, "fpr", json_string(r->fpr.hex));
	(void)json_object_set_new(o, "own", json_boolean(r->own));
	(void)json_object_set_new(o, "kept", json_boolean(r->kept));
	if (r->key.n != 0) {
		keyring_algorithm(primary, algorithm);
		(void)json_object_set_new(o, "algorithm", json_string(algorithm));
		(void)json_object_set_new(o, "created", time_json(primary->created));
		(void)json_object_set_new(o, "expires", time_json(primary->expires));
		(void)json_object_set_new(o, "expired", json_boolean(r->key.expired));
		(void)json_object_set_new(o, "revoked",
		    json_boolean(r->key.revoked || primary->revoked));
		(void)json_object_set_new(o, "user_id", print_word(r->key.uid));
	}
	(void)json_object_set_new(o, "use", uses_json(l, r));
	return o;
}

static int
answer_json(const struct list *l)
{
	json_t *o = json_object(), *keys = json_array();

	for (size_t i = 0; i < l->n; i++)
		(void)json_array_append_new(keys, row_json(l, &l->row[i]));
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "profile",
	    print_word(l->s.profile != NULL ? l->s.profile->name : NULL));
	(void)json_object_set_new(o, "keys", keys);
	return print_json(o);
}

static int
answer_words(const struct list *l)
{
	struct buf b;
	int r;

	buf_init(&b, ANSWER_MAX);
	for (size_t i = 0; i < l->n; i++)
		put_words(&b, l, &l->row[i]);
	if (l->n == 0)
		(void)buf_puts(&b, "no keys; `mqgp key new` makes one of your own\n");
	r = print_text(buf_span(&b));
	buf_done(&b);
	return r;
}

/* ---- all of it */

static enum mq_err
collect(struct list *l, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r;

	if ((l->row = calloc(ROWS_MAX, sizeof *l->row)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	if ((r = take_own(l, e)) != MQ_OK)
		return r;
	if (l->ring.store != NULL)
		(void)keystore_each_cert(l->ring.store, take_kept, l); /* no folder: no certificate */
	if (l->s.profile == NULL)
		return MQ_OK;
	if (file_join(path, sizeof path, l->s.state_dir, "pins") != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the pins is too long");
	r = pins_open(&l->pins, path, e);
	take_uses(l);
	return r == MQ_OK && l->no_memory ? mq_fail(e, MQ_ENOMEM, "out of memory") : r;
}

int
cmd_key_list(const struct opts *o)
{
	struct list l;
	struct mq_error e = { 0 };
	int stop = -1, r;

	memset(&l, 0, sizeof l);
	if ((r = setup_load(&l.s, o, SETUP_LOOK)) == OPTS_GO) {
		stop = stop_open();
		if (keyring_open(&l.ring, &l.s, stop, false, &e) == MQ_OK && collect(&l, &e) == MQ_OK)
			r = opts_given(o, "json") ? answer_json(&l) : answer_words(&l);
		else {
			setup_complain(e.text);
			r = setup_status(e.code);
		}
		if (l.damaged != 0)
			setup_complain("some kept certificates cannot be read; see `mqgp doctor`");
	}
	free(l.use);
	free(l.row);
	pins_close(l.pins);
	keyring_close(&l.ring);
	setup_done(&l.s);
	return stop_close(stop, r);
}
