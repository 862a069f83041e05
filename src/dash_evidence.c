#include "src/dash_evidence.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/conf/bundle.h"
#include "core/trust/keystore.h"
#include "core/wire/evidence.h"

#define SUMS_MAX 65536

struct folder {
	char path[PATH_MAX];
	struct buf sums;
	struct buf owners; /* " --owner FPR" of each, for CHECK */
};

/* Writes one file and its sum. */
static enum mq_err
put_file(struct folder *f, const char *name, struct span bytes, struct mq_error *e)
{
	char path[PATH_MAX], hex[2 * HASH_BYTES + 1];
	uint8_t hash[HASH_BYTES];
	enum mq_err r;

	if ((r = file_join(path, sizeof path, f->path, name)) != MQ_OK)
		return mq_fail(e, r, "the path of the evidence is too long");
	conf_hash(hash, bytes);
	text_hex(hex, hash, sizeof hash);
	(void)buf_printf(&f->sums, "BLAKE2b-256 (%s) = %s\n", name, hex); /* err is looked at last */
	return file_write(path, bytes.p, bytes.n, e);
}

/* Copies the message out of the model. */
static enum mq_err
take_message(struct engine *engine, uint64_t topic, uint32_t serial, struct evidence *out,
    struct mq_error *e)
{
	struct model *m = engine_model(engine);
	struct topic_node *n;
	const struct topic_leaf *l;
	const struct history_entry *h;
	const struct model_tree *t;
	uint8_t name[SNAP_TOPIC_MAX];
	size_t length;
	enum mq_err r = MQ_ENOENT; /* MQ_ELIMIT: not all of it is here */

	model_lock(m);
	n = topictree_by_id(model_topics(m), topic);
	l = n != NULL ? topictree_leaf(model_topics(m), n) : NULL;
	h = l == NULL ? NULL : serial == 0 ? l->newest : history_find(l, serial);
	length = h == NULL ? 0 : topictree_topic(model_topics(m), n, name, sizeof name);
	if (length > sizeof name)
		r = MQ_ELIMIT;
	else if (h != NULL) {
		t = model_tree_covering(m, (struct span){ name, length });
		(void)buf_put(&out->topic, name, length); /* each err sticks until it is printed */
		(void)buf_put(&out->payload, history_raw(h).p, history_raw(h).n);
		if (t != NULL)
			(void)buf_put(&out->tree, t->topic, t->topic_n);
		out->received_ms = h->received_ms;
		out->retain = h->bits & HISTORY_RETAINED;
		out->qos = history_qos(h);
		out->verdict = (enum verdict)h->verdict;
		r = h->bits & HISTORY_CUT ? MQ_ELIMIT : MQ_OK;
	}
	model_unlock(m);
	if (r == MQ_ENOENT)
		return mq_fail(e, r, "this message is not kept any more");
	if (r == MQ_ELIMIT)
		return mq_fail(e, r, "only a part of this message was kept: nothing could check it");
	return MQ_OK;
}

static enum mq_err
make_folder(struct folder *f, const char *state_dir, const struct evidence *ev, struct mq_error *e)
{
	char time[26], id[33], name[64];
	char base[PATH_MAX];

	text_put_time_ms(time, ev->received_ms);
	topic_id(id, buf_span(&ev->topic));
	(void)snprintf(name, sizeof name, "%.10s-%.2s%.2s%.2s.%.3s-%.8s", time, time + 11, time + 14,
	    time + 17, time + 20, id);
	if (file_join(base, sizeof base, state_dir, "evidence") != MQ_OK ||
	    file_join(f->path, sizeof f->path, base, name) != MQ_OK)
		return mq_fail(e, MQ_ELIMIT, "the path of the evidence is too long");
	return file_private_dir(f->path, e);
}

/* The certificates of everybody who may sign under this conf, as far as we hold them. */
static enum mq_err
put_certs(struct folder *f, const char *state_dir, struct span body, struct mq_error *e)
{
	const struct conf_policy policy = { .allow_non_ascii = true };
	char keys[PATH_MAX], name[64];
	struct keystore *store;
	struct conf *conf = NULL;
	struct buf cert;
	enum mq_err r;

	if (conf_parse(body, &policy, &conf, NULL) != MQ_OK)
		return MQ_OK; /* a bundle that verified parses; without it there is nothing to add */
	buf_init(&cert, SUMS_MAX);
	if ((r = file_join(keys, sizeof keys, state_dir, "keys")) == MQ_OK &&
	    (r = keystore_open(&store, keys, e)) == MQ_OK) {
		for (size_t i = 0; i < conf->n_owners && r == MQ_OK; i++) {
			buf_reset(&cert);
			(void)buf_printf(&f->owners, " --owner %s", conf->owner[i].hex); /* seen later */
			if (keystore_get_cert(store, &conf->owner[i], &cert) != MQ_OK)
				continue; /* the person may have it elsewhere */
			(void)snprintf(name, sizeof name, "%s.asc", conf->owner[i].hex);
			r = put_file(f, name, buf_span(&cert), e);
		}
		keystore_close(store);
	}
	buf_done(&cert);
	conf_free(conf);
	return r;
}

static enum mq_err
put_conf(struct folder *f, const char *state_dir, struct span bundle, struct mq_error *e)
{
	struct bundle b;
	enum mq_err r;
	char name[32];

	if (bundle.n == 0 || bundle_parse(bundle, &b) != V_NONE)
		return MQ_OK; /* no conf was known: the message is all there is */
	r = put_file(f, "conf", b.body, e);
	for (size_t i = 0; i < b.n_sigs && r == MQ_OK; i++) {
		(void)snprintf(name, sizeof name, "conf.sig%zu", i + 1);
		r = put_file(f, name, (struct span){ b.sig[i].p, b.sig[i].n }, e);
	}
	if (r == MQ_OK)
		r = put_certs(f, state_dir, b.body, e);
	bundle_done(&b);
	return r;
}

/* The commands that check all of it. A name that a shell might read otherwise is left to the person. */
static enum mq_err
put_check(struct folder *f, const struct evidence *ev, struct mq_error *e)
{
	struct buf text, tree;
	enum mq_err r;

	buf_init(&text, SUMS_MAX);
	buf_init(&tree, SUMS_MAX);
	if (topic_encode(&tree, buf_span(&ev->tree)) != MQ_OK ||
	    (tree.n != 0 && memchr(tree.p, '\'', tree.n) != NULL)) {
		buf_reset(&tree);
		(void)buf_puts(&tree, "TREE"); /* text.err is what counts */
	}
	(void)buf_puts(&text, "b2sum -c B2SUMS\n");
	if (f->owners.n != 0)
		(void)buf_printf(&text,
		    "gpg --import *.asc && gpg --verify conf.sig1 conf\n"
		    "mqgp verify --tree '%s'%s message.evidence\n",
		    buf_cstr(&tree), buf_cstr(&f->owners));
	r = text.err == MQ_OK ? put_file(f, "CHECK", buf_span(&text), e) :
				mq_fail(e, text.err, "no memory for the evidence");
	buf_done(&tree);
	buf_done(&text);
	return r;
}

static enum mq_err
put_all(struct folder *f, const char *state_dir, const struct evidence *ev, struct mq_error *e)
{
	char path[PATH_MAX];
	struct buf text;
	enum mq_err r;

	buf_init(&text, EVIDENCE_MAX);
	r = evidence_print(&text, ev);
	if (r != MQ_OK)
		(void)mq_fail(e, r, "no memory for the evidence");
	else
		r = put_file(f, "message.evidence", buf_span(&text), e);
	buf_done(&text);
	if (r != MQ_OK || (r = put_file(f, "payload", buf_span(&ev->payload), e)) != MQ_OK ||
	    (r = put_conf(f, state_dir, buf_span(&ev->bundle), e)) != MQ_OK ||
	    (r = put_check(f, ev, e)) != MQ_OK)
		return r;
	if (f->sums.err != MQ_OK || file_join(path, sizeof path, f->path, "B2SUMS") != MQ_OK)
		return mq_fail(e, MQ_ENOMEM, "no memory for the sums");
	return file_write(path, f->sums.p, f->sums.n, e);
}

enum mq_err
dash_evidence_save(struct engine *engine, const char *state_dir, uint64_t topic, uint32_t serial,
    char path[APP_PATH_MAX], struct mq_error *e)
{
	struct engine_tree_copy copy;
	struct evidence ev;
	struct folder f;
	enum mq_err r;

	memset(&f, 0, sizeof f);
	if (state_dir == NULL || state_dir[0] == '\0')
		return mq_fail(e, MQ_ENOENT, "nothing is kept here: there is no state folder");
	evidence_init(&ev);
	buf_init(&f.sums, SUMS_MAX);
	buf_init(&f.owners, SUMS_MAX);
	if ((r = take_message(engine, topic, serial, &ev, e)) == MQ_OK && ev.tree.n != 0 &&
	    engine_copy_tree(engine, buf_span(&ev.tree), &copy) == MQ_OK) {
		(void)buf_put(&ev.bundle, copy.current.p, copy.current.n); /* err is seen when printed */
		engine_tree_copy_done(&copy);
	}
	if (r == MQ_OK && (r = make_folder(&f, state_dir, &ev, e)) == MQ_OK)
		r = put_all(&f, state_dir, &ev, e);
	if (r == MQ_OK)
		(void)snprintf(path, APP_PATH_MAX, "%.511s", f.path); /* only shown */
	buf_done(&f.owners);
	buf_done(&f.sums);
	evidence_done(&ev);
	return r;
}
