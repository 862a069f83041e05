#include "core/owner/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/crashpoint.h"
#include "core/base/file.h"
#include "core/base/text.h"

#define MAGIC "#!mqgp.outbox 1"
#define FILE_NAME_MAX 64

struct outbox {
	char dir[PATH_MAX];
	char draft[PATH_MAX];
	int lock;
	struct outbox_meta meta;
};

static const char *const step_names[] = { "empty", "O1", "O2", "O3", "O4", "O5", "O6", "O7" };

const char *
outbox_step_name(enum outbox_step s)
{
	return step_names[s];
}

/* ---- meta */

static enum mq_err
print_meta(const struct outbox_meta *m, struct buf *out)
{
	char base[2 * HASH_BYTES + 1], hash[2 * HASH_BYTES + 1];

	text_hex(base, m->base_hash, HASH_BYTES);
	text_hex(hash, m->hash, HASH_BYTES);
	return buf_printf(out,
	    MAGIC "\nstep=%s\nkind=%s\nbase=%u %s\nrevision=%u %s\nnew-epoch=%u\ncomplete=%s\n",
	    step_names[m->step], m->kind, m->base_revision, base, m->revision, hash, m->new_epoch,
	    m->complete ? "yes" : "no");
}

/* The value behind "key=" of the next line. */
static bool
next_value(struct rd *r, const char *key, struct span *value)
{
	size_t n = strlen(key);
	struct span line;

	if (!rd_line(r, &line) || !span_starts(line, key) || line.n <= n || line.p[n] != '=')
		return false;
	*value = (struct span){ line.p + n + 1, line.n - n - 1 };
	return true;
}

static bool
read_pair(struct span v, uint32_t *number, uint8_t hash[HASH_BYTES])
{
	const uint8_t *blank = memchr(v.p, ' ', v.n);
	size_t n;

	if (blank == NULL)
		return false;
	n = (size_t)(blank - v.p);
	return text_u32((struct span){ v.p, n }, number) &&
	    text_unhex((struct span){ blank + 1, v.n - n - 1 }, 'a', hash, HASH_BYTES);
}

static bool
read_step(struct span v, enum outbox_step *out)
{
	for (size_t i = 0; i < sizeof step_names / sizeof step_names[0]; i++)
		if (span_is(v, step_names[i])) {
			*out = (enum outbox_step)i;
			return true;
		}
	return false;
}

static bool
parse_meta(struct span text, struct outbox_meta *m)
{
	struct rd r = rd_of(text.p, text.n);
	struct span v;

	memset(m, 0, sizeof *m);
	if (!rd_line(&r, &v) || !span_is(v, MAGIC) || !next_value(&r, "step", &v) ||
	    !read_step(v, &m->step) || !next_value(&r, "kind", &v) || v.n >= sizeof m->kind)
		return false;
	memcpy(m->kind, v.p, v.n);
	if (!next_value(&r, "base", &v) || !read_pair(v, &m->base_revision, m->base_hash) ||
	    !next_value(&r, "revision", &v) || !read_pair(v, &m->revision, m->hash) ||
	    !next_value(&r, "new-epoch", &v) || !text_u32(v, &m->new_epoch) ||
	    !next_value(&r, "complete", &v))
		return false;
	m->complete = span_is(v, "yes");
	return rd_end(&r);
}

static enum mq_err
load_meta(const char *dir, struct outbox_meta *m, struct mq_error *e)
{
	char path[PATH_MAX];
	struct buf b;
	enum mq_err r;

	buf_init(&b, OUTBOX_META_MAX);
	if ((r = file_join(path, sizeof path, dir, "meta")) == MQ_OK &&
	    (r = file_read_private(path, &b, e)) == MQ_OK && !parse_meta(buf_span(&b), m))
		r = mq_fail(e, MQ_ESTATE, "damaged: %s", path);
	buf_done(&b);
	return r;
}

static enum mq_err
write_meta(struct outbox *b, const struct outbox_meta *m, struct mq_error *e)
{
	char path[PATH_MAX];
	struct buf text;
	enum mq_err r;

	buf_init(&text, OUTBOX_META_MAX);
	if ((r = print_meta(m, &text)) == MQ_OK &&
	    (r = file_join(path, sizeof path, b->dir, "meta")) == MQ_OK &&
	    (r = file_write(path, text.p, text.n, e)) == MQ_OK)
		b->meta = *m;
	buf_done(&text);
	return r;
}

/* ---- open and close */

static enum mq_err
find_dir(char out[PATH_MAX], const char *state_dir, struct span tree)
{
	char id[33], base[PATH_MAX];
	enum mq_err r = file_join(base, sizeof base, state_dir, "outbox");

	topic_id(id, tree);
	return r == MQ_OK ? file_join(out, PATH_MAX, base, id) : r;
}

enum mq_err
outbox_peek(const char *state_dir, struct span tree, struct outbox_meta *out)
{
	char dir[PATH_MAX];
	struct outbox_meta m;
	enum mq_err r = find_dir(dir, state_dir, tree);

	if (r == MQ_OK && (r = load_meta(dir, &m, NULL)) == MQ_OK)
		*out = m;
	return r;
}

static enum mq_err
lock(struct outbox *b, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = file_join(path, sizeof path, b->dir, "lock");

	if (r != MQ_OK)
		return r;
	r = file_lock(path, 0, &b->lock, e);
	return r != MQ_EAGAIN ? r : mq_fail(e, r, "another terminal is at work on this tree; end it "
	    "there, or wait (%s)", path);
}

/* A damaged meta is kept aside; the files beside it stay for whoever wants to look. */
static enum mq_err
load(struct outbox *b, struct mq_error *e)
{
	char path[PATH_MAX], kept[PATH_MAX];
	struct mq_error why;
	enum mq_err r = load_meta(b->dir, &b->meta, &why);

	if (r == MQ_OK)
		return r;
	if (r == MQ_ENOENT) {
		memset(&b->meta, 0, sizeof b->meta);
		return MQ_OK;
	}
	if (r == MQ_ESTATE && file_join(path, sizeof path, b->dir, "meta") == MQ_OK &&
	    file_set_aside(path, kept, sizeof kept, NULL) == MQ_OK)
		return mq_fail(e, MQ_ESTATE, "the outbox of this tree was damaged and is kept aside as "
		    "%.150s; nothing of it was published now, start again", kept);
	return mq_fail(e, r, "%s", why.text);
}

enum mq_err
outbox_open(struct outbox **out, const char *state_dir, struct span tree, struct mq_error *e)
{
	struct outbox *b = calloc(1, sizeof *b);
	enum mq_err r;

	if (b == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for the outbox");
	b->lock = -1;
	if ((r = find_dir(b->dir, state_dir, tree)) != MQ_OK ||
	    (r = file_join(b->draft, sizeof b->draft, b->dir, "draft")) != MQ_OK)
		(void)mq_fail(e, r, "the path of the state folder is too long");
	else if ((r = file_private_dir(b->dir, e)) == MQ_OK && (r = lock(b, e)) == MQ_OK)
		r = load(b, e);
	if (r != MQ_OK) {
		outbox_close(b);
		return r;
	}
	*out = b;
	return MQ_OK;
}

void
outbox_close(struct outbox *b)
{
	if (b == NULL)
		return;
	if (b->lock >= 0)
		(void)close(b->lock); /* ends the lock; nothing was written through it */
	free(b);
}

const struct outbox_meta *
outbox_meta(const struct outbox *b)
{
	return &b->meta;
}

const char *
outbox_draft_path(const struct outbox *b)
{
	return b->draft;
}

/* ---- files */

static enum mq_err
put(struct outbox *b, const char *name, struct span bytes, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = file_join(path, sizeof path, b->dir, name);

	return r == MQ_OK ? file_write(path, bytes.p, bytes.n, e) : r;
}

static enum mq_err
get(struct outbox *b, const char *name, struct buf *out, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = file_join(path, sizeof path, b->dir, name);

	return r == MQ_OK ? file_read_private(path, out, e) : r;
}

static enum mq_err
move(struct outbox *b, const char *from, const char *to, struct mq_error *e)
{
	char a[PATH_MAX], z[PATH_MAX];
	enum mq_err r = file_join(a, sizeof a, b->dir, from);

	if (r == MQ_OK && (r = file_join(z, sizeof z, b->dir, to)) == MQ_OK && file_exists(a))
		r = file_rename(a, z, e);
	return r;
}

static enum mq_err
shred(struct outbox *b, const char *name, struct mq_error *e)
{
	char path[PATH_MAX];
	enum mq_err r = file_join(path, sizeof path, b->dir, name);

	return r == MQ_OK && file_exists(path) ? file_shred(path, e) : r;
}

static void
bundle_name(uint32_t revision, const char *suffix, char out[FILE_NAME_MAX])
{
	(void)snprintf(out, FILE_NAME_MAX, "%u.bundle%s%.20s", revision, suffix[0] != 0 ? "." : "",
	    suffix);
}

/* ---- steps */

enum mq_err
outbox_put_draft(struct outbox *b, const struct outbox_meta *m, struct span body, struct mq_error *e)
{
	struct outbox_meta next = *m;
	char old[FILE_NAME_MAX];
	enum mq_err r = MQ_OK;

	if (b->meta.step == OUTBOX_O1 &&
	    memcmp(b->meta.base_hash, m->base_hash, HASH_BYTES) != 0) {
		(void)snprintf(old, sizeof old, "draft.%u", b->meta.base_revision);
		r = move(b, "draft", old, e);
	}
	next.step = OUTBOX_O1;
	if (r == MQ_OK && (r = put(b, "draft", body, e)) == MQ_OK &&
	    (r = write_meta(b, &next, e)) == MQ_OK)
		crash_point("O1");
	return r;
}

enum mq_err
outbox_get_draft(struct outbox *b, struct buf *out, struct mq_error *e)
{
	return get(b, "draft", out, e);
}

enum mq_err
outbox_put_signed(struct outbox *b, const struct outbox_meta *m, struct span bundle,
    const uint8_t *secret, struct span blob, struct mq_error *e)
{
	struct outbox_meta next = *m;
	char name[FILE_NAME_MAX];
	enum mq_err r = MQ_OK;

	next.step = OUTBOX_O2;
	bundle_name(m->revision, "", name);
	if (m->new_epoch != 0 && (r = put(b, "secret", (struct span){ secret, 32 }, e)) == MQ_OK)
		r = put(b, "blob", blob, e);
	if (r == MQ_OK && (r = put(b, name, bundle, e)) == MQ_OK &&
	    (r = write_meta(b, &next, e)) == MQ_OK)
		crash_point("O2");
	return r;
}

enum mq_err
outbox_get_bundle(struct outbox *b, struct buf *out, struct mq_error *e)
{
	char name[FILE_NAME_MAX];

	bundle_name(b->meta.revision, "", name);
	return get(b, name, out, e);
}

enum mq_err
outbox_get_epoch(struct outbox *b, uint8_t secret[32], struct buf *blob, struct mq_error *e)
{
	struct buf s;
	enum mq_err r;

	buf_init(&s, 32);
	if ((r = get(b, "secret", &s, e)) == MQ_OK && s.n != 32)
		r = mq_fail(e, MQ_ESTATE, "the epoch secret in %s is damaged", b->dir);
	if (r == MQ_OK && (r = get(b, "blob", blob, e)) == MQ_OK)
		memcpy(secret, s.p, 32);
	buf_wipe(&s);
	return r;
}

enum mq_err
outbox_reach(struct outbox *b, enum outbox_step step, struct mq_error *e)
{
	struct outbox_meta next = b->meta;
	enum mq_err r;

	next.step = step;
	if ((r = write_meta(b, &next, e)) != MQ_OK)
		return r;
	crash_point(step_names[step]);
	if (step != OUTBOX_O7)
		return MQ_OK;
	r = shred(b, "secret", e); /* it lives on in the key folder */
	return r;
}

enum mq_err
outbox_give_up(struct outbox *b, const char *word, struct mq_error *e)
{
	struct outbox_meta next = b->meta;
	char from[FILE_NAME_MAX], to[FILE_NAME_MAX];
	enum mq_err r = MQ_OK;

	if (b->meta.revision != 0) {
		bundle_name(b->meta.revision, "", from);
		bundle_name(b->meta.revision, word, to);
		if ((r = move(b, from, to, e)) == MQ_OK)
			r = shred(b, "secret", e);
	}
	next.step = OUTBOX_EMPTY;
	next.revision = 0;
	return r == MQ_OK ? write_meta(b, &next, e) : r;
}
