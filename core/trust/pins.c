#include "core/trust/pins.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/text.h"

#define LOCK_WAIT_MS 2000 /* another terminal's change takes milliseconds */

struct pins {
	char path[PATH_MAX]; /* "": in memory only */
	struct pin *pin;
	size_t n;
};

static const char *const states[] = { "pinned", "former", "changed" };

const char *
pin_state_name(enum pin_state s)
{
	return (unsigned)s < 3 ? states[s] : "";
}

/* ---- one line */

static bool
word(struct span *rest, struct span *out)
{
	const uint8_t *blank = rest->n != 0 ? memchr(rest->p, ' ', rest->n) : NULL;

	if (blank == NULL || blank == rest->p)
		return false;
	*out = (struct span){ rest->p, (size_t)(blank - rest->p) };
	*rest = (struct span){ blank + 1, rest->n - out->n - 1 };
	return true;
}

static bool
read_gateway(struct span w, struct conf_gateway *g)
{
	memset(g, 0, sizeof *g);
	g->is_edkey = w.n == 64;
	return g->is_edkey ? text_unhex(w, 'a', g->pk, 32) : fpr_parse(w, &g->fpr);
}

static bool
read_state(struct span w, enum pin_state *s)
{
	for (int i = 0; i < 3; i++)
		if (span_is(w, states[i])) {
			*s = (enum pin_state)i;
			return true;
		}
	return false;
}

static bool
read_owners(struct span w, struct pin *out)
{
	for (out->n_owners = 0; out->n_owners < CONF_OWNERS_MAX;) {
		if (w.n < 40 ||
		    !fpr_parse((struct span){ w.p, 40 }, &out->owner[out->n_owners++]))
			return false;
		if (w.n == 40)
			return true;
		if (w.p[40] != ',')
			return false;
		w = (struct span){ w.p + 41, w.n - 41 };
	}
	return false;
}

enum mq_err
pins_parse_line(struct span line, struct pin *out)
{
	struct span gateway, rev, hash, state, owners;

	memset(out, 0, sizeof *out);
	if (!word(&line, &gateway) || !word(&line, &rev) || !word(&line, &hash) ||
	    !word(&line, &state) || !word(&line, &owners) ||
	    !read_gateway(gateway, &out->gateway) || !text_u32(rev, &out->revision) ||
	    out->revision == 0 || !text_unhex(hash, 'a', out->hash, HASH_BYTES) ||
	    !read_state(state, &out->state) || !read_owners(owners, out) ||
	    !topic_decode(line, true, out->topic, &out->topic_n))
		return MQ_EFORMAT;
	return MQ_OK;
}

enum mq_err
pins_print_line(const struct pin *pin, struct buf *out)
{
	char hex[2 * HASH_BYTES + 1], key[65];

	if (pin->gateway.is_edkey)
		text_hex(key, pin->gateway.pk, 32);
	else
		memcpy(key, pin->gateway.fpr.hex, sizeof pin->gateway.fpr.hex);
	text_hex(hex, pin->hash, HASH_BYTES);
	(void)buf_printf(out, "%s %u %s %s ", key, pin->revision, hex, pin_state_name(pin->state));
	for (size_t i = 0; i < pin->n_owners; i++)
		(void)buf_printf(out, "%s%s", i != 0 ? "," : "", pin->owner[i].hex);
	(void)buf_putc(out, ' ');
	(void)topic_encode(out, (struct span){ pin->topic, pin->topic_n });
	return buf_putc(out, '\n');
}

/* ---- the file */

static struct pin *
find(const struct pins *p, struct span topic)
{
	for (size_t i = 0; i < p->n; i++)
		if (span_eq((struct span){ p->pin[i].topic, p->pin[i].topic_n }, topic))
			return &p->pin[i];
	return NULL;
}

static enum mq_err
put(struct pins *p, const struct pin *pin)
{
	struct pin *at = find(p, (struct span){ pin->topic, pin->topic_n }), *grown;

	if (at != NULL) {
		*at = *pin;
		return MQ_OK;
	}
	if (p->n == PINS_MAX)
		return MQ_ELIMIT;
	if ((grown = realloc(p->pin, (p->n + 1) * sizeof *grown)) == NULL)
		return MQ_ENOMEM;
	p->pin = grown;
	p->pin[p->n++] = *pin;
	return MQ_OK;
}

static enum mq_err
load(struct pins *p, struct mq_error *e)
{
	struct pins loaded = { .n = 0 };
	struct buf text;
	struct span line;
	struct pin pin;
	struct rd r;
	unsigned number = 0;
	enum mq_err err;

	if (p->path[0] == 0)
		return MQ_OK;
	buf_init(&text, PINS_BYTES_MAX);
	if ((err = file_read_private(p->path, &text, e)) == MQ_ENOENT)
		err = MQ_OK;
	r = rd_of(text.p, text.n);
	while (err == MQ_OK && !rd_end(&r)) {
		number++;
		if (!rd_line(&r, &line) || pins_parse_line(line, &pin) != MQ_OK)
			err = mq_fail(e, MQ_ESTATE, "%s is damaged at line %u", p->path, number);
		else
			err = put(&loaded, &pin);
	}
	buf_done(&text);
	if (err != MQ_OK) { /* what was known stays */
		free(loaded.pin);
		return err;
	}
	free(p->pin);
	p->pin = loaded.pin;
	p->n = loaded.n;
	return MQ_OK;
}

enum mq_err
pins_open(struct pins **out, const char *path, struct mq_error *e)
{
	struct pins *p = calloc(1, sizeof *p);
	char kept[PATH_MAX];
	enum mq_err r;

	if (p == NULL || (path != NULL && strlen(path) >= sizeof p->path)) {
		free(p);
		return mq_fail(e, MQ_ENOMEM, "no memory for the pins");
	}
	if (path != NULL)
		memcpy(p->path, path, strlen(path) + 1);
	r = load(p, e);
	if (r == MQ_ESTATE && file_set_aside(p->path, kept, sizeof kept, NULL) == MQ_OK) {
		struct mq_error why = { 0 };

		if (e != NULL)
			why = *e;
		(void)mq_fail(e, r, "%.120s; kept as %.150s, nothing is pinned", why.text, kept);
	} else if (r != MQ_OK) {
		pins_close(p);
		return r;
	}
	*out = p;
	return r;
}

void
pins_close(struct pins *p)
{
	if (p != NULL)
		free(p->pin);
	free(p);
}

const struct pin *
pins_find(const struct pins *p, struct span topic)
{
	return find(p, topic);
}

size_t
pins_count(const struct pins *p)
{
	return p->n;
}

const struct pin *
pins_nth(const struct pins *p, size_t i)
{
	return i < p->n ? &p->pin[i] : NULL;
}

static enum mq_err
save(const struct pins *p, struct mq_error *e)
{
	struct buf text;
	enum mq_err r = MQ_OK;

	if (p->path[0] == 0)
		return MQ_OK;
	buf_init(&text, PINS_BYTES_MAX);
	for (size_t i = 0; i < p->n && r == MQ_OK; i++)
		r = pins_print_line(&p->pin[i], &text);
	r = r != MQ_OK ? mq_fail(e, r, "too many pins for %s", p->path) :
			 file_write(p->path, text.p, text.n, e);
	buf_done(&text);
	return r;
}

/* Reads what other terminals wrote, with the lock held until *fd is closed. */
static enum mq_err
lock_and_load(struct pins *p, int *fd, struct mq_error *e)
{
	char lock[PATH_MAX + 8];
	enum mq_err r;

	*fd = -1;
	if (p->path[0] == 0)
		return MQ_OK;
	(void)snprintf(lock, sizeof lock, "%s.lock", p->path);
	if ((r = file_lock(lock, LOCK_WAIT_MS, fd, e)) != MQ_OK)
		return r;
	return load(p, e);
}

/* A line that would not read back would make the whole file a damaged one. */
static bool
can_be_kept(const struct pin *pin)
{
	struct pin back;
	struct buf line;
	bool ok;

	buf_init(&line, PINS_BYTES_MAX);
	ok = pins_print_line(pin, &line) == MQ_OK && line.n > 1 &&
	    pins_parse_line((struct span){ line.p, line.n - 1 }, &back) == MQ_OK;
	buf_done(&line);
	return ok;
}

enum mq_err
pins_set(struct pins *p, const struct pin *pin, struct mq_error *e)
{
	struct span topic = { pin->topic, pin->topic_n };
	const struct pin *now;
	enum mq_err r;
	int fd;

	if (!can_be_kept(pin))
		return mq_fail(e, MQ_EINVAL, "a pin needs a topic, a revision and an owner");
	if ((r = lock_and_load(p, &fd, e)) != MQ_OK)
		goto out;
	now = find(p, topic);
	if (now != NULL && now->state == PIN_STATE_PINNED && pin->state == PIN_STATE_PINNED &&
	    now->revision > pin->revision && conf_same_gateway(&now->gateway, &pin->gateway)) {
		r = mq_fail(e, MQ_EAGAIN, "another terminal pinned revision %u meanwhile",
		    now->revision);
		goto out;
	}
	if ((r = put(p, pin)) != MQ_OK)
		r = mq_fail(e, r, "the pin could not be kept");
	else
		r = save(p, e);
out:
	if (fd >= 0)
		(void)close(fd);
	return r;
}

enum mq_err
pins_remove(struct pins *p, struct span topic, struct mq_error *e)
{
	struct pin *at;
	enum mq_err r;
	int fd;

	if ((r = lock_and_load(p, &fd, e)) == MQ_OK) {
		if ((at = find(p, topic)) == NULL)
			r = mq_fail(e, MQ_ENOENT, "this tree is not pinned");
		else {
			*at = p->pin[--p->n];
			r = save(p, e);
		}
	}
	if (fd >= 0)
		(void)close(fd);
	return r;
}
