#include "src/event_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/model/connlog.h"

#define VALUE_WORDS_MAX 200 /* of a value in the form for people */

enum verdict_class
event_class(const struct engine_event *ev)
{
	switch (ev->kind) {
	case EVENT_MSG:
		return verdict_class_of(ev->j->verdict, ev->j->flags);
	case EVENT_CONF:
		return ev->conf->cls;
	case EVENT_TREE:
		return ev->row->state_class;
	case EVENT_LINK:
	case EVENT_DROP:
		break;
	}
	return CLASS_NEUTRAL;
}

/* ---- JSON */

/* Text under name, or base64 under name_b64 when it is not UTF-8. */
static void
set_text(json_t *o, const char *name, struct span s)
{
	char b64_name[32];
	struct buf b;

	if (utf8_valid(s)) {
		(void)json_object_set_new(o, name, json_stringn((const char *)s.p, s.n));
		return;
	}
	(void)snprintf(b64_name, sizeof b64_name, "%s_b64", name);
	buf_init(&b, s.n * 2 + 8);
	if (text_base64(&b, s.p, s.n) == MQ_OK)
		(void)json_object_set_new(o, b64_name, json_stringn((const char *)b.p, b.n));
	buf_done(&b);
}

static void
set_tree(json_t *o, struct span tree)
{
	if (tree.n == 0)
		(void)json_object_set_new(o, "tree", json_null());
	else
		set_text(o, "tree", tree);
}

static void
set_raw(json_t *o, struct span raw)
{
	struct buf b;

	buf_init(&b, raw.n * 2 + 8);
	if (text_base64(&b, raw.p, raw.n) == MQ_OK)
		(void)json_object_set_new(o, "raw_b64", json_stringn((const char *)b.p, b.n));
	buf_done(&b);
}

static void
set_word(json_t *o, const char *name, const char *word)
{
	(void)json_object_set_new(o, name, json_string(word));
}

static void
set_verdict(json_t *o, enum verdict v, enum verdict_class c, unsigned bits)
{
	json_t *flags = json_array();

	for (int i = 0; i < FLAG_COUNT; i++)
		if ((bits & 1u << i) != 0)
			(void)json_array_append_new(flags, json_string(flag_code((enum flag_bit)i)));
	set_word(o, "verdict", verdict_code(v));
	set_word(o, "class", verdict_class_name(c));
	(void)json_object_set_new(o, "flags", flags);
}

static void
set_hash(json_t *o, const char *name, const uint8_t hash[HASH_BYTES])
{
	static const uint8_t zero[HASH_BYTES];
	char hex[2 * HASH_BYTES + 1];

	if (memcmp(hash, zero, HASH_BYTES) == 0) {
		(void)json_object_set_new(o, name, json_null());
		return;
	}
	text_hex(hex, hash, HASH_BYTES);
	set_word(o, name, hex);
}

static void
msg_json(json_t *o, const struct engine_event *ev)
{
	const struct judgement *j = ev->j;
	char seq[24];

	set_text(o, "topic", ev->topic);
	set_tree(o, ev->tree);
	set_word(o, "scheme", ev->tree.n != 0 ? "mqgp" : "plain");
	set_verdict(o, j->verdict, event_class(ev), j->flags);
	set_word(o, "reason", j->stale_retained ? "stale-retained" : verdict_sentence(j->verdict));
	if (j->right_topic.n != 0)
		set_text(o, "right_topic", j->right_topic);
	if (j->have_header) {
		(void)snprintf(seq, sizeof seq, "%llu", (unsigned long long)j->h.seq);
		(void)json_object_set_new(o, "rev", json_integer(j->h.rev));
		(void)json_object_set_new(o, "epoch", json_integer(j->h.epoch));
		(void)json_object_set_new(o, "kid", json_integer(j->h.kid));
		set_word(o, "seq", seq);
	}
	(void)json_object_set_new(o, "lost", json_integer(j->lost));
	(void)json_object_set_new(o, "retain", json_boolean(ev->retained));
	(void)json_object_set_new(o, "qos", json_integer(ev->qos));
	(void)json_object_set_new(o, "size", json_integer((json_int_t)ev->payload.n));
	if (verdict_is_green(j->verdict) && j->verdict != V_VERIFIED_SEALED)
		set_text(o, "value", j->clear);
	else
		set_raw(o, ev->payload);
}

static void
conf_json(json_t *o, const struct engine_event *ev)
{
	const struct follow_event *c = ev->conf;

	set_text(o, "topic", ev->topic);
	set_tree(o, ev->tree);
	set_word(o, "slot", topic_slot_name(c->slot));
	set_verdict(o, c->verdict, c->cls, c->flags);
	set_word(o, "reason", c->reason[0] != 0 ? c->reason : verdict_sentence(c->verdict));
	if (c->partial[0] != 0)
		set_word(o, "partial", c->partial);
	if (c->revision != 0)
		(void)json_object_set_new(o, "revision", json_integer(c->revision));
	set_hash(o, "conf", c->hash);
	(void)json_object_set_new(o, "retain", json_boolean(ev->retained));
	(void)json_object_set_new(o, "qos", json_integer(ev->qos));
}

static void
tree_json(json_t *o, const struct engine_event *ev)
{
	const struct model_tree *row = ev->row;
	json_t *owners = json_array();
	char until[TEXT_TIME_MAX];

	set_tree(o, ev->tree);
	set_word(o, "state", row->state_word);
	set_word(o, "class", verdict_class_name(row->state_class));
	(void)json_object_set_new(o, "revision", json_integer(row->revision));
	set_hash(o, "conf", row->conf_hash);
	for (size_t i = 0; i < row->n_owners; i++)
		if (!row->owner[i].recovery)
			(void)json_array_append_new(owners, json_string(row->owner[i].fpr));
	(void)json_object_set_new(o, "owners", owners);
	(void)json_object_set_new(o, "threshold", json_integer(row->threshold));
	set_word(o, "gateway", row->gateway);
	text_put_time(until, row->valid_until);
	(void)json_object_set_new(o, "valid_until",
	    row->valid_until != 0 ? json_string(until) : json_null());
	set_word(o, "who", row->who);
}

static void
link_json(json_t *o, const struct engine_event *ev)
{
	set_word(o, "state", conn_kind_name(ev->link));
	set_text(o, "broker", span_of(ev->broker));
	if (ev->filter.n != 0)
		set_text(o, "filter", ev->filter);
	(void)json_object_set_new(o, "code", json_integer(ev->code));
	set_text(o, "words", span_of(ev->words));
}

static void
drop_json(json_t *o, const struct engine_event *ev)
{
	set_word(o, "where", ev->where);
	(void)json_object_set_new(o, "n", json_integer((json_int_t)ev->n));
}

static const struct {
	const char *name;
	void (*json)(json_t *o, const struct engine_event *ev);
} kinds[] = {
	[EVENT_MSG] = { "msg", msg_json },    [EVENT_CONF] = { "conf", conf_json },
	[EVENT_TREE] = { "tree", tree_json }, [EVENT_LINK] = { "link", link_json },
	[EVENT_DROP] = { "drop", drop_json },
};

/* ASCII output: JSON escapes everything a terminal could act on but DEL, which only stands inside
 * strings, and stays the same text. */
static enum mq_err
dump(struct buf *out, json_t *o)
{
	char *text = o != NULL ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	enum mq_err r = MQ_ENOMEM;
	const char *p = text;

	if (text != NULL) {
		for (const char *del; (del = strchr(p, 0x7f)) != NULL; p = del + 1) {
			(void)buf_put(out, p, (size_t)(del - p));
			(void)buf_puts(out, "\\u007f");
		}
		(void)buf_puts(out, p); /* errors stick */
		r = buf_putc(out, '\n');
	}
	free(text);
	json_decref(o);
	return r;
}

enum mq_err
event_put_json(struct buf *out, const struct engine_event *ev)
{
	json_t *o = json_object();
	char t[26];

	text_put_time_ms(t, ev->wall_ms);
	(void)json_object_set_new(o, "v", json_integer(1));
	set_word(o, "ev", kinds[ev->kind].name);
	set_word(o, "t", t);
	kinds[ev->kind].json(o, ev);
	return dump(out, o);
}

/* ---- words */

static void
put_safe(struct buf *out, struct span s, size_t max)
{
	bool cut = s.n > max;

	if (cut)
		s.n = max;
	(void)utf8_put_safe(out, s, false);
	if (cut)
		(void)buf_puts(out, " [cut]");
}

static void
msg_words(struct buf *out, const struct engine_event *ev)
{
	const struct judgement *j = ev->j;

	(void)buf_printf(out, "%-15s ", verdict_code(j->verdict));
	put_safe(out, ev->topic, VALUE_WORDS_MAX);
	if (verdict_is_green(j->verdict) && j->verdict != V_VERIFIED_SEALED) {
		(void)buf_puts(out, "  ");
		put_safe(out, j->clear, VALUE_WORDS_MAX);
	} else
		(void)buf_printf(out, "  (%zu bytes: %s)", ev->payload.n,
		    verdict_sentence(j->verdict));
	if (j->lost != 0)
		(void)buf_printf(out, "  lost %u", j->lost);
}

static void
conf_words(struct buf *out, const struct engine_event *ev)
{
	const struct follow_event *c = ev->conf;

	(void)buf_printf(out, "%-15s ", verdict_code(c->verdict));
	put_safe(out, ev->topic, VALUE_WORDS_MAX);
	if (c->revision != 0)
		(void)buf_printf(out, "  revision %u", c->revision);
	if (c->partial[0] != 0 && c->verdict == V_PARTIAL)
		(void)buf_printf(out, "  signatures %s", c->partial);
	if (c->reason[0] != 0) {
		(void)buf_puts(out, "  ");
		put_safe(out, span_of(c->reason), VALUE_WORDS_MAX);
	}
}

static void
event_words(struct buf *out, const struct engine_event *ev)
{
	switch (ev->kind) {
	case EVENT_MSG:
		msg_words(out, ev);
		break;
	case EVENT_CONF:
		conf_words(out, ev);
		break;
	case EVENT_TREE:
		(void)buf_printf(out, "tree %-10s ", ev->row->state_word);
		put_safe(out, ev->tree, VALUE_WORDS_MAX);
		if (ev->row->revision != 0)
			(void)buf_printf(out, "  revision %u", ev->row->revision);
		(void)buf_printf(out, "  next: %s", ev->row->who);
		break;
	case EVENT_LINK:
		(void)buf_printf(out, "link %-10s ", conn_kind_name(ev->link));
		put_safe(out, ev->filter.n != 0 ? ev->filter : span_of(ev->broker), VALUE_WORDS_MAX);
		(void)buf_puts(out, "  ");
		put_safe(out, span_of(ev->words), VALUE_WORDS_MAX);
		break;
	case EVENT_DROP:
		(void)buf_printf(out, "dropped %llu at %s", (unsigned long long)ev->n, ev->where);
		break;
	}
}

enum mq_err
event_put_words(struct buf *out, const struct engine_event *ev)
{
	static const char glyph[] = { '.', 'o', '!', 'X' };
	char t[26];

	text_put_time_ms(t, ev->wall_ms);
	(void)buf_printf(out, "%.12s %c ", t + 11, glyph[event_class(ev)]);
	event_words(out, ev);
	return buf_putc(out, '\n');
}

enum mq_err
event_put_end(struct buf *out, const struct watch_sum *sum, bool json)
{
	json_t *o;

	if (!json)
		return buf_printf(out, "%llu messages, %llu bad, %llu lost, %llu dropped\n",
		    (unsigned long long)sum->messages, (unsigned long long)sum->bad,
		    (unsigned long long)sum->lost, (unsigned long long)sum->dropped);
	o = json_pack("{s:i,s:s,s:I,s:I,s:I,s:I}", "v", 1, "ev", "end", "messages",
	    (json_int_t)sum->messages, "bad", (json_int_t)sum->bad, "lost", (json_int_t)sum->lost,
	    "dropped", (json_int_t)sum->dropped);
	return dump(out, o);
}
