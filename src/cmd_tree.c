/* status, pin, unpin, ack: what a tree is, and what a person decides about it without signing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/model/audit.h"
#include "core/owner/outbox.h"
#include "core/trust/pins.h"
#include "src/commands.h"
#include "src/looker.h"
#include "src/person.h"
#include "src/print.h"

#define WORDS_BYTES (64u << 10) /* of one tree: its owners and offers */

const struct opt status_options[] = {
	{ "json", 'j', NULL, "one JSON object a tree" },
	{ 0 },
};
const struct opt pin_options[] = {
	{ "confirm", 0, "HEX", "the last 8 digits that would be typed, for scripts" },
	{ 0 },
};

struct look {
	const struct opts *o;
	struct setup s;
	uint8_t topic[LOOKER_TREES_MAX][TOPIC_CONF_MAX];
	struct span tree[LOOKER_TREES_MAX];
	size_t n;
	struct looker *looker;
	bool json;
};

static int
read_trees(struct look *l)
{
	if (l->s.n_operands > LOOKER_TREES_MAX)
		return opts_usage(l->o, "at most %d trees", LOOKER_TREES_MAX);
	for (; l->n < l->s.n_operands; l->n++) {
		if (!setup_tree(&l->s, l->s.operands[l->n], l->topic[l->n], &l->tree[l->n].n))
			return EXIT_USAGE;
		l->tree[l->n].p = l->topic[l->n];
	}
	return OPTS_GO;
}

/* ---- status */

static void
outbox_words(const struct look *l, struct span tree, char out[80])
{
	struct outbox_meta m;

	out[0] = 0;
	if (outbox_peek(l->s.state_dir, tree, &m) != MQ_OK || m.step == OUTBOX_EMPTY ||
	    m.step == OUTBOX_O7)
		return;
	if (m.step == OUTBOX_O1)
		(void)snprintf(out, 80, "a draft after revision %u", m.base_revision);
	else
		(void)snprintf(out, 80, "%s of revision %u reached %s", m.kind, m.revision,
		    outbox_step_name(m.step));
}

static json_t *
parties_json(const struct model_party *p, size_t n, bool recovery)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		if (p[i].recovery == recovery)
			(void)json_array_append_new(a, json_string(p[i].fpr));
	return a;
}

static json_t *
hash_json(const uint8_t hash[HASH_BYTES])
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, hash, HASH_BYTES);
	return json_string(hex);
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
offers_json(const struct model_tree *t)
{
	json_t *a = json_array();

	for (size_t i = 0; i < t->n_offers; i++) {
		const struct model_offer *f = &t->offer[i];
		json_t *o = json_object();
		char partial[48];

		(void)snprintf(partial, sizeof partial, "%u/%u+%u/%u", f->a, f->b, f->c, f->d);
		(void)json_object_set_new(o, "revision", json_integer(f->revision));
		(void)json_object_set_new(o, "conf", hash_json(f->hash));
		(void)json_object_set_new(o, "verdict", json_string(verdict_code(f->verdict)));
		(void)json_object_set_new(o, "partial", json_string(partial));
		(void)json_object_set_new(o, "transfer", json_boolean(f->transfer));
		(void)json_object_set_new(o, "offer_until", time_json(f->offer_until));
		(void)json_object_set_new(o, "to", parties_json(f->to, f->n_to, false));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static const char *
pin_word(const struct model_tree *t)
{
	return t->pin == PIN_PINNED ? "pinned" : t->pin == PIN_CHANGED ? "changed" : "no";
}

static int
print_tree(const struct look *l, const struct model_tree *t)
{
	struct span topic = { t->topic, t->topic_n };
	json_t *o = json_object();
	char box[80];

	outbox_words(l, topic, box);
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "tree", print_string(topic));
	(void)json_object_set_new(o, "state", json_string(t->state_word));
	(void)json_object_set_new(o, "class", json_string(verdict_class_name(t->state_class)));
	(void)json_object_set_new(o, "revision", json_integer(t->revision));
	(void)json_object_set_new(o, "conf", hash_json(t->conf_hash));
	(void)json_object_set_new(o, "epoch", json_integer(t->epoch));
	(void)json_object_set_new(o, "owners", parties_json(t->owner, t->n_owners, false));
	(void)json_object_set_new(o, "threshold", json_integer(t->threshold));
	(void)json_object_set_new(o, "gateway", json_string(t->gateway));
	(void)json_object_set_new(o, "valid_until", time_json(t->valid_until));
	(void)json_object_set_new(o, "who", json_string(t->who));
	(void)json_object_set_new(o, "pin", json_string(pin_word(t)));
	(void)json_object_set_new(o, "suite", json_string(t->suite));
	(void)json_object_set_new(o, "gateway_state", json_string(t->gw_state));
	(void)json_object_set_new(o, "gateway_revision", json_integer(t->gw_revision));
	(void)json_object_set_new(o, "gateway_conf", hash_json(t->gw_conf_hash));
	(void)json_object_set_new(o, "rekey_due", json_boolean(t->rekey_due));
	(void)json_object_set_new(o, "offers", offers_json(t));
	(void)json_object_set_new(o, "outbox", json_string(box));
	return print_json(o);
}

static void
put_owner(struct buf *out, const struct model_party *p)
{
	char groups[64], label[128];
	struct fpr f;

	if (!fpr_parse(span_of(p->fpr), &f))
		return;
	fpr_groups(&f, groups);
	utf8_safe(label, sizeof label, span_of(p->label)); /* a line end in it must not make a line */
	(void)buf_printf(out, "  %-10s%s  %s%s%s\n", p->recovery ? "recovery" : "owner", groups,
	    label, p->ours ? "  (you)" : "", p->revoked ? "  REVOKED" : p->expired ? "  expired" : "");
}

static void
put_conf(struct buf *out, const struct model_tree *t)
{
	char until[TEXT_TIME_MAX] = "-";

	if (t->valid_until != 0)
		text_put_time(until, t->valid_until);
	(void)buf_printf(out, "  revision  %u, epoch %u, valid until %s, %s\n  gateway   %s, %s\n",
	    t->revision, t->epoch, until, t->suite, t->gateway,
	    t->pin == PIN_PINNED ? "pinned" : t->pin == PIN_CHANGED ? "CHANGED" : "not pinned");
	for (size_t i = 0; i < t->n_owners; i++)
		put_owner(out, &t->owner[i]);
}

static int
print_words(const struct look *l, const struct model_tree *t)
{
	struct span topic = { t->topic, t->topic_n };
	struct buf out;
	char box[80];
	int r;

	buf_init(&out, WORDS_BYTES);
	(void)buf_put(&out, topic.p, topic.n);
	(void)buf_printf(&out, "  %s\n", t->state_word);
	if (t->revision != 0)
		put_conf(&out, t);
	if (t->gw_state[0] != 0)
		(void)buf_printf(&out, "  it says   %s, revision %u%s%s%s\n", t->gw_state, t->gw_revision,
		    t->gw_reason[0] != 0 ? ", " : "", t->gw_reason, t->rekey_due ? ", rekey due" : "");
	for (size_t i = 0; i < t->n_offers; i++) {
		const struct model_offer *f = &t->offer[i];

		(void)buf_printf(&out, "  proposed  revision %u, %s %u/%u+%u/%u: %s\n", f->revision,
		    verdict_code(f->verdict), f->a, f->b, f->c, f->d, f->what);
	}
	outbox_words(l, topic, box);
	if (box[0] != 0)
		(void)buf_printf(&out, "  outbox    %s\n", box);
	(void)buf_printf(&out, "  next      %s\n", t->who);
	r = print_text(buf_span(&out)); /* escapes what strangers wrote */
	buf_done(&out);
	return r;
}

static int
print_all(struct look *l)
{
	struct model *m = engine_model(looker_engine(l->looker));
	int r = EXIT_GOOD;

	model_lock(m);
	for (size_t i = 0; i < model_trees(m) && r == EXIT_GOOD; i++)
		r = (l->json ? print_tree : print_words)(l, model_tree_nth(m, i));
	for (size_t i = 0; i < l->n && r == EXIT_GOOD; i++) {
		const struct model_tree *t = model_tree_find(m, l->tree[i]);

		if (t == NULL || t->revision == 0)
			r = EXIT_UNMET; /* asked for by name, and nothing verifies */
	}
	model_unlock(m);
	return r;
}

/* Loads everything; with looker the broker is asked too. */
static int
begin(struct look *l, const struct opts *o, bool look)
{
	int r;

	memset(l, 0, sizeof *l);
	l->o = o;
	if ((r = setup_load(&l->s, o, SETUP_PROFILE)) != OPTS_GO || (r = read_trees(l)) != OPTS_GO)
		return r;
	return look ? looker_open(&l->looker, &l->s, l->tree, l->n) : OPTS_GO;
}

static int
end(struct look *l, int r)
{
	looker_close(l->looker);
	setup_done(&l->s);
	free(l);
	return r;
}

int
cmd_status(const struct opts *o)
{
	struct look *l = malloc(sizeof *l);
	int r;

	if (l == NULL)
		return EXIT_SYSTEM;
	if ((r = begin(l, o, true)) == OPTS_GO) {
		l->json = opts_given(o, "json");
		r = print_all(l);
	}
	return end(l, r);
}

/* ---- pin, ack */

static int
complain(const struct mq_error *e)
{
	setup_complain(e->text);
	return e->code == MQ_ECANCEL || e->code == MQ_EAGAIN ? EXIT_UNMET : setup_status(e->code);
}

static int
confirm(const struct look *l, const char *title, const char *of, const char *full)
{
	struct person p = { .confirm = opts_value(l->o, "confirm") };
	struct mq_error e;

	return person_confirm(&p, title, of, full, &e) == MQ_OK ? OPTS_GO : complain(&e);
}

/* The row a person is asked about; false: nothing verifies there. */
static bool
copy_row(struct look *l, struct intent *i, char gateway[80], char hash[2 * HASH_BYTES + 1])
{
	struct model *m = engine_model(looker_engine(l->looker));
	const struct model_tree *t;
	bool known;

	model_lock(m);
	t = model_tree_find(m, l->tree[0]);
	known = t != NULL && t->revision != 0;
	if (known) {
		memcpy(i->hash, t->conf_hash, HASH_BYTES);
		(void)snprintf(gateway, 80, "%s", t->gateway);
		text_hex(hash, t->conf_hash, HASH_BYTES);
	}
	model_unlock(m);
	memcpy(i->tree, l->tree[0].p, l->tree[0].n);
	i->tree_n = l->tree[0].n;
	return known;
}

static int
decide(struct look *l, enum intent_kind kind, const char *done)
{
	char gateway[80], hash[2 * HASH_BYTES + 1];
	struct intent i = { .kind = kind };
	const char *hex;
	struct mq_error e;
	int r;

	if (!copy_row(l, &i, gateway, hash)) {
		setup_complain("nothing verifies on this tree");
		return EXIT_UNMET;
	}
	hex = strchr(gateway, ':') != NULL ? strchr(gateway, ':') + 1 : gateway;
	r = kind == INTENT_PIN ?
	    confirm(l, "pin: compare this with what `mqgpd show` prints on the device",
		"the gateway's key", hex) :
	    confirm(l, "acknowledge what is sticky about this tree", "the conf", hash);
	if (r != OPTS_GO)
		return r;
	if (engine_do(looker_engine(l->looker), &i, &e) != MQ_OK)
		return complain(&e);
	(void)printf("%s\n", done);
	return EXIT_GOOD;
}

static int
pin_or_ack(const struct opts *o, enum intent_kind kind, const char *done)
{
	struct look *l = malloc(sizeof *l);
	int r;

	if (l == NULL)
		return EXIT_SYSTEM;
	r = begin(l, o, true);
	if (r == OPTS_GO && l->n != 1)
		r = opts_usage(o, "one tree at a time");
	return end(l, r == OPTS_GO ? decide(l, kind, done) : r);
}

int
cmd_pin(const struct opts *o)
{
	return pin_or_ack(o, INTENT_PIN, "pinned");
}

int
cmd_ack(const struct opts *o)
{
	return pin_or_ack(o, INTENT_ACK, "acknowledged");
}

/* ---- unpin: needs no broker */

static void
audit_unpin(const struct look *l, struct span tree)
{
	struct clock clock = clock_real();
	struct audit_row row = { .time_ms = clock_wall_ms(&clock), .who = l->s.who, .kind = "unpin",
		.tree = tree, .text = span_of("no longer pinned"), .detail = span_of("") };
	char path[PATH_MAX];
	struct audit *a = NULL;

	if (file_join(path, sizeof path, l->s.state_dir, "audit.db") == MQ_OK &&
	    audit_open(path, &a, NULL) == MQ_OK) {
		(void)audit_append(a, &row); /* the only row: there is room */
		audit_close(a);
	}
}

static int
unpin(struct look *l)
{
	char path[PATH_MAX], hex[2 * HASH_BYTES + 1];
	const struct pin *pin;
	struct pins *pins = NULL;
	struct mq_error e;
	int r = OPTS_GO;

	if (file_join(path, sizeof path, l->s.state_dir, "pins") != MQ_OK ||
	    pins_open(&pins, path, &e) != MQ_OK)
		r = complain(&e);
	else if ((pin = pins_find(pins, l->tree[0])) == NULL) {
		setup_complain("this tree is not pinned");
		r = EXIT_UNMET;
	} else {
		text_hex(hex, pin->hash, HASH_BYTES);
		r = confirm(l, "unpin: the next conf served will be taken for a first contact",
		    "the pinned conf", hex);
	}
	if (r == OPTS_GO) {
		r = pins_remove(pins, l->tree[0], &e) == MQ_OK ? EXIT_GOOD : complain(&e);
		if (r == EXIT_GOOD) {
			audit_unpin(l, l->tree[0]);
			(void)printf("no longer pinned\n");
		}
	}
	pins_close(pins);
	return r;
}

int
cmd_unpin(const struct opts *o)
{
	struct look *l = malloc(sizeof *l);
	int r;

	if (l == NULL)
		return EXIT_SYSTEM;
	r = begin(l, o, false);
	if (r == OPTS_GO && l->n != 1)
		r = opts_usage(o, "one tree at a time");
	return end(l, r == OPTS_GO ? unpin(l) : r);
}
