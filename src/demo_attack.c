#include "src/demo_attack.h"

#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/bundle.h"
#include "core/conf/compose.h"
#include "core/wire/envelope.h"
#include "src/demo_owner.h"
#include "src/demo_trees.h"

#define OFFER_S 86400
#define REPLAY_BACK (DEMO_KEPT - 1)

/* ---- messages */

/* What was heard on TREE/SUBTOPIC; MQ_EAGAIN if too little was. */
static enum mq_err
take(const struct demo_wire *w, const char *tree, const char *subtopic, unsigned back,
    struct span *out, struct mq_error *e)
{
	char topic[DEMO_TOPIC_MAX];

	(void)snprintf(topic, sizeof topic, "%s/%s", tree, subtopic);
	*out = demo_wire_heard(w, span_of(topic), back);
	if (out->n == 0)
		return mq_fail(e, MQ_EAGAIN, "too little has passed on %s yet; try again in a moment",
		    topic);
	return MQ_OK;
}

static void
aim(struct demo_staged *s, const char *tree, const char *subtopic)
{
	(void)snprintf(s->tree, sizeof s->tree, "%s", tree);
	(void)snprintf(s->topic, sizeof s->topic, "%s/%s", tree, subtopic);
}

/* Suite 1 signs without hiding, so the attacker can read the word and write its opposite. */
static enum mq_err
stage_forged(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	static const char opened[] = "opened", closed[] = "closed";
	const size_t word = sizeof opened - 1;
	struct span real;
	enum mq_err r;

	(void)o;
	if ((r = take(w, DEMO_TREE_SECURITY, "door/main", 0, &real, e)) != MQ_OK)
		return r;
	if (real.n < ENV_HEADER + word)
		return mq_fail(e, MQ_EFORMAT, "an unexpected message on door/main");
	aim(out, DEMO_TREE_SECURITY, "door/main");
	if ((r = buf_put(&out->payload, real.p, real.n)) == MQ_OK)
		memcpy(out->payload.p + ENV_HEADER,
		    memcmp(real.p + ENV_HEADER, opened, word) == 0 ? closed : opened, word);
	return r;
}

static enum mq_err
stage_replayed(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	struct span real;
	enum mq_err r;

	(void)o;
	if ((r = take(w, DEMO_TREE_COOLING, "flow", REPLAY_BACK, &real, e)) != MQ_OK)
		return r;
	aim(out, DEMO_TREE_COOLING, "flow");
	return buf_put(&out->payload, real.p, real.n);
}

static enum mq_err
stage_moved(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	struct span real;
	enum mq_err r;

	(void)o;
	if ((r = take(w, DEMO_TREE_COOLING, "temp", 0, &real, e)) != MQ_OK)
		return r;
	aim(out, DEMO_TREE_COOLING, "pressure");
	return buf_put(&out->payload, real.p, real.n);
}

static enum mq_err
stage_plain(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	(void)w;
	(void)o;
	(void)e;
	aim(out, DEMO_TREE_COOLING, "temp");
	return buf_puts(&out->payload, "99.9");
}

/* ---- confs */

/* The newest real conf of the cooling plant; its revision is at least least. */
static enum mq_err
take_conf(const struct demo_wire *w, uint32_t least, struct span *payload, struct bundle *b,
    struct conf **c, struct mq_error *e)
{
	const struct conf_policy policy = { false };
	enum mq_err r;

	if ((r = take(w, DEMO_TREE_COOLING, "mqgp.conf/secure", 0, payload, e)) != MQ_OK)
		return r;
	if (bundle_parse(*payload, b) != V_NONE)
		return mq_fail(e, MQ_EFORMAT, "the conf on the broker is no bundle");
	if ((r = conf_parse(b->body, &policy, c, NULL)) != MQ_OK) {
		bundle_done(b);
		return mq_fail(e, r, "the conf on the broker does not parse");
	}
	if ((*c)->revision >= least)
		return MQ_OK;
	bundle_done(b);
	conf_free(*c);
	return mq_fail(e, MQ_EAGAIN, "there is only revision 1 yet: edit the conf first");
}

static enum mq_err
stage_rollback(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	char log[40];
	struct span now, old;
	struct bundle b;
	struct conf *c;
	enum mq_err r;

	(void)o;
	if ((r = take_conf(w, 2, &now, &b, &c, e)) != MQ_OK)
		return r;
	(void)snprintf(log, sizeof log, "mqgp.conf/log/%u", c->revision - 1);
	if ((r = take(w, DEMO_TREE_COOLING, log, 0, &old, e)) == MQ_OK) {
		aim(out, DEMO_TREE_COOLING, "mqgp.conf/secure");
		out->retain = true; /* so that every newcomer gets it first */
		r = buf_put(&out->payload, old.p, old.n);
	}
	bundle_done(&b);
	conf_free(c);
	return r;
}

/* Revision N+1, perfect but for one thing: it names the outsider as the only owner. */
static enum mq_err
write_usurpation(const struct conf *c, const struct fpr *key, struct buf *body, struct mq_error *e)
{
	const struct clock clock = clock_real();
	char fpr[64], until[TEXT_TIME_MAX];
	enum mq_err r;

	(void)snprintf(fpr, sizeof fpr, "openpgp4:%s", key->hex);
	text_put_time(until, clock_wall(&clock) + OFFER_S);
	if ((r = conf_successor(c, clock_wall(&clock), body, e)) != MQ_OK ||
	    (r = conf_edit_remove(body, span_of("owner"), span_of(""), e)) != MQ_OK ||
	    (r = conf_edit_add(body, span_of("owner"), span_of(fpr), e)) != MQ_OK)
		return r;
	return conf_edit_set(body, span_of("offer-until"), span_of(until), e);
}

static enum mq_err
sign_by_outsider(struct demo_outsider *o, struct span body, struct buf *out, struct mq_error *e)
{
	struct pgp_answer a = { 0 };
	struct bundle_sig sig;
	uint32_t id;
	enum mq_err r;

	if (pgp_sign(o->pgp, &o->key, body, &id) != MQ_OK || pgp_wait(o->pgp, id, &a) != MQ_OK)
		return mq_fail(e, MQ_ECRYPTO, "gpg could not be asked");
	sig = (struct bundle_sig){ a.out.p, a.out.n };
	r = a.err != MQ_OK ? mq_fail(e, a.err, "%s", a.text) :
			     bundle_print(out, body, NULL, &sig, 1);
	pgp_answer_done(&a);
	return r;
}

static enum mq_err
stage_foreign(const struct demo_wire *w, struct demo_outsider *o, struct demo_staged *out,
    struct mq_error *e)
{
	struct span now;
	struct bundle b;
	struct conf *c;
	struct buf body;
	enum mq_err r;

	if (o->pgp == NULL &&
	    (r = demo_make_key(o->home, "outsider (mqgp demo)", &o->pgp, &o->key, e)) != MQ_OK)
		return r;
	if ((r = take_conf(w, 1, &now, &b, &c, e)) != MQ_OK)
		return r;
	buf_init(&body, CONF_BODY_MAX);
	aim(out, DEMO_TREE_COOLING, "mqgp.conf/secure");
	if ((r = write_usurpation(c, &o->key, &body, e)) == MQ_OK)
		r = sign_by_outsider(o, buf_span(&body), &out->payload, e);
	buf_done(&body);
	bundle_done(&b);
	conf_free(c);
	return r;
}

/* ---- */

const struct demo_attack demo_attacks[DEMO_ATTACKS] = {
	{ "forged: a door message, its word replaced", "door/main", V_BAD_SIG, stage_forged },
	{ "replayed: a genuine flow once more", "flow", V_REPLAY, stage_replayed },
	{ "moved: a genuine temp sent as pressure", "pressure", V_WRONG_TOPIC, stage_moved },
	{ "plain text: 99.9 without any protection", "temp", V_UNSIGNED, stage_plain },
	{ "old conf: the one before, put back", "mqgp.conf/secure", V_ROLLBACK, stage_rollback },
	{ "foreign owner: a conf by an outsider", "mqgp.conf/secure", V_UNKNOWN_KEY,
	    stage_foreign },
};

enum mq_err
demo_attack_stage(const struct demo_attack *a, const struct demo_wire *w, struct demo_outsider *o,
    struct demo_staged *out, struct mq_error *e)
{
	memset(out, 0, sizeof *out);
	buf_init(&out->payload, BUNDLE_MAX);
	return a->stage(w, o, out, e);
}

void
demo_staged_done(struct demo_staged *s)
{
	buf_done(&s->payload);
}

void
demo_outsider_done(struct demo_outsider *o)
{
	if (o->pgp != NULL)
		pgp_close(o->pgp);
	o->pgp = NULL;
}
