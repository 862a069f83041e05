#include "core/conf/compose.h"

#include <string.h>

#include "core/conf/conf_fields.h"
#include "core/conf/conf_lines.h"

#define DAY 86400
#define GENESIS_VALID (180 * DAY)

static void
genesis_fields(struct conf *c, const struct conf_genesis *g, int64_t now)
{
	bool pgp = !g->gateway.is_edkey;

	c->security = c->url_tls ? SECURITY_TLS : SECURITY_NONE;
	c->suite = pgp ? SUITE_ED25519_XCHACHA : SUITE_ED25519;
	c->revision = 1;
	c->issued = c->valid_from = now;
	c->valid_until = now + GENESIS_VALID;
	c->gateway = g->gateway;
	c->n_data_keys = 1; /* index 0, role gateway: all zero */
	memcpy(c->data_key[0].pk, g->data_key, sizeof c->data_key[0].pk);
	c->n_owners = g->n_owners;
	memcpy(c->owner, g->owner, g->n_owners * sizeof c->owner[0]);
	c->threshold = g->threshold;
	c->transfer_delay = 3600;
	c->epoch = 1;
	if (pgp && g->epoch_key_id != NULL) {
		c->has_epoch_key_id = true;
		memcpy(c->epoch_key_id, g->epoch_key_id, sizeof c->epoch_key_id);
	}
	c->grace = 600;
	c->heartbeat = 30;
	c->max_age = 300;
	c->max_payload = 65536;
	c->lease = DAY;
}

enum mq_err
conf_new_genesis(const struct conf_genesis *g, int64_t now, struct buf *out, struct mq_error *e)
{
	const struct conf_policy any = { .allow_non_ascii = true };
	const struct conf_field *url = &conf_fields[KEY_URL], *own = &conf_fields[KEY_OWN];
	struct conf c = { .revision = 1 };

	if (!url->type->read(url, span_of(g->url), &any, &c))
		return mq_fail(e, MQ_EFORMAT, "url: expected: %s", url->syntax);
	if (g->own != NULL && !conf_field_accepts(KEY_OWN, span_of(g->own)))
		return mq_fail(e, MQ_EFORMAT, "own: expected one line of printable ASCII");
	if (g->own != NULL)
		(void)own->type->read(own, span_of(g->own), &any, &c); /* accepted above */
	if (!topic_conf_ok(g->topic, true))
		return mq_fail(e, MQ_EFORMAT, "topic: expected: %s",
		    conf_fields[KEY_TOPIC].syntax);
	if (g->n_owners > CONF_OWNERS_MAX)
		return mq_fail(e, MQ_EFORMAT, "owner: more than %d of them", CONF_OWNERS_MAX);
	memcpy(c.topic, g->topic.p, g->topic.n);
	c.topic_n = g->topic.n;
	genesis_fields(&c, g, now);
	return conf_print(&c, out, e);
}

enum mq_err
conf_successor(const struct conf *current, int64_t now, struct buf *out, struct mq_error *e)
{
	static const enum conf_key changed[] = { KEY_REVISION, KEY_PREV, KEY_ISSUED, KEY_VALID_FROM,
		KEY_VALID_UNTIL, KEY_KIND };
	static const char *const gone[] = { "offer-until", "from-topic" };
	struct conf next = *current; /* only its plain values are read */
	struct buf body, value;
	enum mq_err r;

	if (current->revision == UINT32_MAX)
		return mq_fail(e, MQ_ELIMIT, "revision 4294967295 has no successor: the exit is a "
					     "physical reset of the gateway");
	next.revision++;
	memcpy(next.prev, current->hash, HASH_BYTES);
	next.issued = now > current->issued ? now : current->issued; /* never before N's */
	next.valid_from = now;
	next.valid_until = now + (current->valid_until - current->valid_from);
	next.kind = KIND_NORMAL;
	buf_init(&body, out->max);
	buf_init(&value, CONF_LINE_MAX);
	r = buf_put(&body, current->body, current->body_n);
	for (size_t i = 0; r == MQ_OK && i < sizeof changed / sizeof changed[0]; i++) {
		const struct conf_field *f = &conf_fields[changed[i]];

		buf_reset(&value);
		if ((r = conf_field_put(f, &next, "", "", &value)) == MQ_OK)
			r = conf_edit_set(&body, span_of(f->name), buf_span(&value), e);
	}
	for (size_t i = 0; r == MQ_OK && i < sizeof gone / sizeof gone[0]; i++)
		if ((r = conf_edit_remove(&body, span_of(gone[i]), span_of(""), e)) == MQ_ENOENT)
			r = MQ_OK;
	if (r == MQ_OK)
		r = buf_put(out, body.p, body.n);
	buf_done(&value);
	buf_done(&body);
	return r == MQ_OK ? r : mq_fail(e, r, "no room for revision %u", next.revision);
}

/* ---- lines of a draft */

/* Replaces the n bytes at `at` by a line, or by nothing if f is NULL. */
static enum mq_err
splice(struct buf *body, size_t at, size_t n, const struct conf_field *f, struct span value,
    struct mq_error *e)
{
	struct buf made;
	enum mq_err r;

	buf_init(&made, body->max);
	(void)buf_put(&made, body->p, at); /* errors stick */
	if (f != NULL) {
		(void)buf_printf(&made, "%s=", f->name);
		(void)buf_put(&made, value.p, value.n);
		(void)buf_putc(&made, '\n');
	}
	(void)buf_put(&made, body->p + at + n, body->n - at - n);
	if ((r = made.err) != MQ_OK) {
		buf_done(&made);
		return mq_fail(e, r, "no room for this line of %s", f != NULL ? f->name : "");
	}
	buf_done(body);
	*body = made;
	return MQ_OK;
}

/* Where a line stands in its body. */
struct place {
	bool found;
	size_t at, n; /* n with its LF */
};

static struct place
place_of(const struct buf *body, const struct conf_line *line)
{
	return (struct place){ true, (size_t)(line->text.p - body->p), line->text.n + 1 };
}

/* The first line of f with this value (n == 0: any value). */
static struct place
find_line(const struct buf *body, const struct conf_field *f, struct span value)
{
	struct conf_lines lines = conf_lines_of(buf_span(body), CONF_MAGIC);
	struct conf_line line;

	while (conf_lines_next(&lines, &line))
		if (span_is(line.key, f->name) && (value.n == 0 || span_eq(line.value, value)))
			return place_of(body, &line);
	return (struct place){ .found = false };
}

/* The offset where a new line of f belongs: before the first greater value of its own, else behind
 * the last line of the nearest key before it in the template, else behind the first line. */
static size_t
room_for(const struct buf *body, const struct conf_field *f, struct span value)
{
	struct conf_lines lines = conf_lines_of(buf_span(body), CONF_MAGIC);
	const struct conf_field *nearest = NULL, *g;
	struct conf_line line;
	size_t room = 0;

	while (conf_lines_next(&lines, &line)) {
		struct place p = place_of(body, &line);

		g = conf_field_find(conf_fields, CONF_KEYS, line.key);
		if (g == f && conf_value_order(line.value, value) > 0)
			return p.at;
		if (line.number == 1 || (g != NULL && g <= f && (nearest == NULL || g >= nearest))) {
			nearest = g;
			room = p.at + p.n;
		}
	}
	return room;
}

/* The row of a key, and a body whose every line ends; NULL if there is no such key. */
static const struct conf_field *
begin(struct buf *body, struct span key, struct mq_error *e)
{
	const struct conf_field *f = conf_field_find(conf_fields, CONF_KEYS, key);

	if (f == NULL) {
		(void)mq_fail(e, MQ_EINVAL, "a conf has no key of this name");
		return NULL;
	}
	if (body->n != 0 && body->p[body->n - 1] != '\n' && buf_putc(body, '\n') != MQ_OK) {
		(void)mq_fail(e, body->err, "no room to end the last line");
		return NULL;
	}
	return f;
}

static bool
accepts(const struct conf_field *f, struct span value, struct mq_error *e)
{
	if (conf_field_accepts((enum conf_key)(f - conf_fields), value))
		return true;
	(void)mq_fail(e, MQ_EINVAL, "%s: expected: %s", f->name, f->syntax);
	return false;
}

enum mq_err
conf_edit_set(struct buf *body, struct span key, struct span value, struct mq_error *e)
{
	const struct conf_field *f = begin(body, key, e);
	struct place p;

	if (f == NULL || !accepts(f, value, e))
		return MQ_EINVAL;
	if (f->max > 1)
		return mq_fail(e, MQ_EINVAL, "%s may stand there more than once: add or remove",
		    f->name);
	p = find_line(body, f, span_of(""));
	if (!p.found)
		p = (struct place){ false, room_for(body, f, value), 0 };
	return splice(body, p.at, p.n, f, value, e);
}

enum mq_err
conf_edit_add(struct buf *body, struct span key, struct span value, struct mq_error *e)
{
	const struct conf_field *f = begin(body, key, e);

	if (f == NULL || !accepts(f, value, e))
		return MQ_EINVAL;
	if (f->max == 1)
		return mq_fail(e, MQ_EINVAL, "%s stands there only once: set it", f->name);
	if (find_line(body, f, value).found)
		return mq_fail(e, MQ_EEXIST, "this %s is there already", f->name);
	return splice(body, room_for(body, f, value), 0, f, value, e);
}

enum mq_err
conf_edit_remove(struct buf *body, struct span key, struct span value, struct mq_error *e)
{
	const struct conf_field *f = begin(body, key, e);
	enum mq_err r = MQ_ENOENT;
	struct place p;

	if (f == NULL)
		return MQ_EINVAL;
	while ((p = find_line(body, f, value)).found)
		if ((r = splice(body, p.at, p.n, NULL, value, e)) != MQ_OK)
			return r;
	return r == MQ_OK ? r : mq_fail(e, r, "there is no such line of %s", f->name);
}
