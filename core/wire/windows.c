#include "core/wire/windows.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/wire/windows_db.h"
#include "core/wire/windows_map.h"

#define BATCH_MAX (64u << 20) /* serialised and not yet written, what is given back included */
#define BATCH_FULL (4u << 20)  /* a pass is cut into batches of about this size */
#define LIST_FIRST 1024
#define LIST_KEPT 65536 /* entries: a longer list is freed when it is empty */

/*
 * How a change reaches the disk: windows_mark puts the owner on a list (list, in order of marking;
 * win.dirty is its serial number there, so that windows_give_back can take it off again).
 * windows_collect works the list off in slices into `next`. At the end of a pass `next` becomes
 * `ready`, which belongs to windows_flush as long as is_ready is set: the flag is all the two
 * threads share. Only the last batch of a pass carries the persisted time, which is the time when
 * the pass began: every change before it is in the file then.
 */
struct slot {
	bool live, gone; /* gone: forgotten in this run, its number is not given out again */
	uint8_t *tree;		/* owned */
	struct windows_scope s; /* s.tree is tree */
};
struct windows {
	struct windows_db db;
	struct windows_map map;
	struct slot *scope; /* index = number; [0] is not used */
	size_t n_scopes;
	uint8_t key[WINDOWS_KEY];
	int64_t persisted_ms;
	bool saves, damaged;
	char notice[MQ_ERROR_TEXT];

	void **list;
	size_t head, n_list, cap_list;
	uint32_t first_serial; /* of list[head] */
	size_t pass_left;      /* list entries that belong to the running pass */
	bool in_pass;
	int64_t pass_ms;
	struct buf next, topic;

	struct buf ready;
	int64_t ready_ms; /* 0: not the end of a pass */
	atomic_bool is_ready;
};

/* ---- scopes */

static void
scopes_done(struct windows *w)
{
	for (size_t i = 0; i < w->n_scopes; i++)
		free(w->scope[i].tree);
	free(w->scope);
	w->scope = NULL;
	w->n_scopes = 0;
}

static enum mq_err
scope_set(struct windows *w, size_t id, const struct windows_scope *s)
{
	struct slot *grown;
	uint8_t *tree = malloc(s->tree.n + 1);

	if (tree == NULL)
		return MQ_ENOMEM;
	if (id >= w->n_scopes) {
		if ((grown = realloc(w->scope, (id + 1) * sizeof *grown)) == NULL) {
			free(tree);
			return MQ_ENOMEM;
		}
		memset(grown + w->n_scopes, 0, (id + 1 - w->n_scopes) * sizeof *grown);
		w->scope = grown;
		w->n_scopes = id + 1;
	}
	if (s->tree.n != 0)
		memcpy(tree, s->tree.p, s->tree.n);
	free(w->scope[id].tree); /* of a slot that was never used after all */
	w->scope[id].live = true;
	w->scope[id].s = *s;
	w->scope[id].s.tree.p = w->scope[id].tree = tree;
	return MQ_OK;
}

static bool
scope_live(const struct windows *w, uint16_t id)
{
	return id != 0 && id < w->n_scopes && w->scope[id].live;
}

enum mq_err
windows_scope(struct windows *w, struct span tree, const uint8_t data_pk[32], uint32_t epoch,
    uint16_t *scope)
{
	struct windows_scope s = { .epoch = epoch, .tree = tree };
	size_t id = 0;
	enum mq_err r;

	if (tree.n > WINDOWS_TREE_MAX)
		return MQ_ELIMIT;
	memcpy(s.data_pk, data_pk, sizeof s.data_pk);
	for (size_t i = 1; i < w->n_scopes; i++) {
		const struct slot *have = &w->scope[i];

		if (have->live && have->s.epoch == epoch && span_eq(have->s.tree, tree) &&
		    memcmp(have->s.data_pk, data_pk, sizeof s.data_pk) == 0) {
			*scope = (uint16_t)i;
			return MQ_OK;
		}
		if (id == 0 && !have->live && !have->gone)
			id = i;
	}
	if (id == 0)
		id = w->n_scopes != 0 ? w->n_scopes : 1;
	if (id > UINT16_MAX)
		return MQ_ELIMIT;
	if ((r = scope_set(w, id, &s)) != MQ_OK)
		return r;
	if (w->saves && (r = windows_batch_scope(&w->next, (uint16_t)id, &s)) != MQ_OK) {
		w->scope[id].live = false;
		return r;
	}
	*scope = (uint16_t)id;
	return MQ_OK;
}

enum mq_err
windows_forget(struct windows *w, uint16_t scope)
{
	enum mq_err r;

	if (!scope_live(w, scope))
		return MQ_ENOENT;
	if (w->saves && (r = windows_batch_forget(&w->next, scope)) != MQ_OK)
		return r;
	windows_map_drop_scope(&w->map, scope);
	w->scope[scope].live = false;
	w->scope[scope].gone = true;
	return MQ_OK;
}

/* ---- opening and closing */

static enum mq_err
sink_scope(void *arg, uint16_t id, const struct windows_scope *s)
{
	struct windows *w = arg;

	if (s->tree.n > WINDOWS_TREE_MAX)
		return MQ_EFORMAT;
	return scope_set(w, id, s);
}

static enum mq_err
sink_window(void *arg, uint16_t scope, const uint8_t hash[WINDOWS_HASH], struct span state)
{
	struct windows *w = arg;
	struct window win = { .scope = scope };
	enum mq_err r;

	if (!scope_live(w, scope) || !window_load(&win, state))
		return MQ_EFORMAT;
	if (w->map.n >= WINDOWS_ROWS_MAX) {
		window_done(&win);
		(void)snprintf(w->notice, sizeof w->notice,
		    "windows.db holds more than %d windows: replays of others are not recognised",
		    WINDOWS_ROWS_MAX);
		return MQ_OK;
	}
	r = windows_map_put(&w->map, hash, &win);
	if (r != MQ_OK)
		window_done(&win);
	return r == MQ_EEXIST ? MQ_EFORMAT : r;
}

static enum mq_err
load(struct windows *w, const char *path, struct mq_error *e)
{
	const struct windows_sink sink = { w, sink_scope, sink_window };
	enum mq_err r = windows_db_load(&w->db, path, w->saves, &sink, e);

	if (r != MQ_OK) {
		windows_map_done(&w->map);
		scopes_done(w);
	}
	return r;
}

/* A second process takes what it can get; it must not touch the file. */
static enum mq_err
load_as_guest(struct windows *w, const char *path)
{
	struct mq_error why = { .text = "" };
	enum mq_err r = load(w, path, &why);

	if (r == MQ_ENOMEM)
		return r;
	if (r == MQ_OK)
		(void)snprintf(w->notice, sizeof w->notice,
		    "windows not saved: another mqgp saves those of %.200s", path);
	else
		(void)snprintf(w->notice, sizeof w->notice,
		    "windows not saved, and those of another mqgp not read: %.200s", why.text);
	return MQ_OK;
}

static enum mq_err
load_as_owner(struct windows *w, const char *path, struct mq_error *e)
{
	char kept[PATH_MAX];
	enum mq_err r = load(w, path, e);

	if (r != MQ_ESTATE)
		return r;
	if ((r = windows_db_set_aside(path, kept, sizeof kept, e)) != MQ_OK)
		return r;
	w->damaged = true;
	(void)snprintf(w->notice, sizeof w->notice,
	    "windows.db was damaged, kept as %.200s: replays from before are not recognised", kept);
	return load(w, path, e);
}

enum mq_err
windows_open(struct windows **out, const char *path, struct mq_error *e)
{
	struct windows *w = calloc(1, sizeof *w);
	enum mq_err r = MQ_OK;

	if (w == NULL)
		return mq_fail(e, MQ_ENOMEM, "no memory for replay windows");
	w->db.lock_fd = -1;
	w->first_serial = 1;
	buf_init(&w->next, BATCH_MAX);
	buf_init(&w->topic, UINT16_MAX);
	buf_init(&w->ready, BATCH_MAX);
	atomic_init(&w->is_ready, false);
	randombytes_buf(w->db.key, sizeof w->db.key);
	if (path != NULL && (r = windows_db_lock(&w->db, path, &w->saves, e)) == MQ_OK)
		r = w->saves ? load_as_owner(w, path, e) : load_as_guest(w, path);
	if (r != MQ_OK) {
		windows_close(w, false);
		return r;
	}
	memcpy(w->key, w->db.key, sizeof w->key);
	w->persisted_ms = w->db.persisted_ms;
	*out = w;
	return MQ_OK;
}

void
windows_close(struct windows *w, bool clean)
{
	if (w == NULL)
		return;
	windows_db_close(&w->db, clean && !windows_unsaved(w));
	windows_map_done(&w->map);
	scopes_done(w);
	free(w->list);
	buf_done(&w->next);
	buf_done(&w->topic);
	buf_done(&w->ready);
	sodium_memzero(w->key, sizeof w->key);
	free(w);
}

const char *
windows_notice(const struct windows *w)
{
	return w->notice;
}

bool
windows_saves(const struct windows *w)
{
	return w->saves;
}

bool
windows_damaged(const struct windows *w)
{
	return w->damaged;
}

const uint8_t *
windows_digest_key(const struct windows *w)
{
	return w->key;
}

int64_t
windows_last_persisted_ms(const struct windows *w)
{
	return w->persisted_ms;
}

size_t
windows_waiting(const struct windows *w)
{
	return w->map.n;
}

/* ---- the list of changed windows */

static void
hash_topic(const struct windows *w, struct span topic, uint8_t hash[WINDOWS_HASH])
{
	/* constant sizes: cannot fail */
	(void)crypto_generichash(hash, WINDOWS_HASH, topic.p, topic.n, w->key, sizeof w->key);
}

/* The owner marked under this serial is not to be collected any more. */
static void
list_clear(struct windows *w, uint32_t serial)
{
	if (serial != 0)
		w->list[w->head + (uint32_t)(serial - w->first_serial)] = NULL;
}

/* Room for two more entries: one may have to be left empty (serial 0 means "saved"). */
static enum mq_err
list_reserve(struct windows *w)
{
	size_t cap = w->cap_list != 0 ? 2 * w->cap_list : LIST_FIRST;
	void **grown;

	if (w->head + w->n_list + 2 <= w->cap_list)
		return MQ_OK;
	if (w->head > w->n_list) {
		memmove(w->list, w->list + w->head, w->n_list * sizeof *w->list);
		w->head = 0;
		return MQ_OK;
	}
	if ((grown = realloc(w->list, cap * sizeof *grown)) == NULL)
		return MQ_ENOMEM;
	w->list = grown;
	w->cap_list = cap;
	return MQ_OK;
}

static uint32_t
list_push(struct windows *w, void *owner)
{
	uint32_t serial = w->first_serial + (uint32_t)w->n_list;

	if (serial == 0) {
		w->list[w->head + w->n_list++] = NULL;
		serial = 1;
	}
	w->list[w->head + w->n_list++] = owner;
	return serial;
}

static void
list_pop(struct windows *w)
{
	w->head++;
	w->n_list--;
	w->first_serial++;
	if (w->n_list != 0)
		return;
	w->head = 0;
	if (w->cap_list > LIST_KEPT) {
		free(w->list);
		w->list = NULL;
		w->cap_list = 0;
	}
}

enum mq_err
windows_mark(struct windows *w, struct window *win, void *owner)
{
	enum mq_err r;

	if (win->dirty != 0 || !w->saves)
		return MQ_OK;
	if ((r = list_reserve(w)) != MQ_OK)
		return r;
	win->dirty = list_push(w, owner);
	return MQ_OK;
}

/* ---- handing windows out and back */

enum mq_err
windows_give_back(struct windows *w, struct window *win, struct span topic)
{
	uint8_t hash[WINDOWS_HASH];
	size_t before = w->next.n;
	uint32_t dirty = win->dirty;
	enum mq_err r;

	if (win->any && scope_live(w, win->scope)) {
		hash_topic(w, topic, hash);
		if (dirty != 0 && (r = windows_batch_window(&w->next, win, hash)) != MQ_OK)
			return r;
		if ((r = windows_map_put(&w->map, hash, win)) != MQ_OK) {
			w->next.n = before;
			return r;
		}
	}
	list_clear(w, dirty);
	window_done(win);
	win->dirty = win->scope = 0;
	return MQ_OK;
}

enum mq_err
windows_use(struct windows *w, struct window *win, uint16_t scope, struct span topic)
{
	uint8_t hash[WINDOWS_HASH];
	enum mq_err r;

	if (win->scope == scope && scope != 0)
		return MQ_OK;
	if (!scope_live(w, scope))
		return MQ_EINVAL;
	if (win->scope != 0 && (r = windows_give_back(w, win, topic)) != MQ_OK)
		return r;
	if (w->map.n != 0) {
		hash_topic(w, topic, hash);
		if (windows_map_take(&w->map, scope, hash, win))
			return MQ_OK;
	}
	memset(win, 0, sizeof *win);
	win->scope = scope;
	return MQ_OK;
}

/* ---- saving */

/* Serialises one owner's window; an owner without one, or of a forgotten scope, has nothing. */
static enum mq_err
collect_one(struct windows *w, windows_get *get, void *arg, void *owner)
{
	uint8_t hash[WINDOWS_HASH];
	struct window *win;
	enum mq_err r;

	buf_reset(&w->topic);
	if ((win = get(arg, owner, &w->topic)) == NULL)
		return MQ_OK;
	if (w->topic.err != MQ_OK)
		return w->topic.err;
	if (win->any && scope_live(w, win->scope)) {
		hash_topic(w, buf_span(&w->topic), hash);
		if ((r = windows_batch_window(&w->next, win, hash)) != MQ_OK)
			return r;
	}
	win->dirty = 0;
	return MQ_OK;
}

/* Hands what was serialised to windows_flush. */
static void
publish(struct windows *w)
{
	struct buf empty = w->ready;

	w->ready_ms = w->pass_left == 0 ? w->pass_ms : 0;
	w->ready = w->next;
	w->next = empty;
	atomic_store(&w->is_ready, true);
}

enum mq_err
windows_collect(struct windows *w, windows_get *get, void *arg, size_t limit, int64_t now_ms,
    bool *more)
{
	enum mq_err r;

	*more = w->in_pass;
	if (!w->saves || windows_ready(w))
		return MQ_OK;
	if (!w->in_pass) {
		w->in_pass = true;
		w->pass_left = w->n_list;
		w->pass_ms = now_ms;
	}
	for (; limit > 0 && w->pass_left > 0 && w->next.n < BATCH_FULL; limit--) {
		void *owner = w->list[w->head];

		if (owner != NULL && (r = collect_one(w, get, arg, owner)) != MQ_OK)
			return r;
		list_pop(w);
		w->pass_left--;
	}
	*more = w->in_pass = w->pass_left > 0;
	if (w->next.n >= BATCH_FULL || (!w->in_pass && w->next.n != 0))
		publish(w);
	return MQ_OK;
}

bool
windows_ready(const struct windows *w)
{
	return atomic_load(&w->is_ready);
}

enum mq_err
windows_flush(struct windows *w, struct mq_error *e)
{
	enum mq_err r;

	if (!windows_ready(w))
		return MQ_OK;
	r = windows_db_write(&w->db, buf_span(&w->ready), w->ready_ms, e);
	if (r != MQ_OK)
		return r;
	buf_done(&w->ready);
	atomic_store(&w->is_ready, false);
	return MQ_OK;
}

bool
windows_unsaved(const struct windows *w)
{
	return w->saves && (w->n_list != 0 || w->next.n != 0 || windows_ready(w));
}

enum mq_err
windows_save_all(struct windows *w, windows_get *get, void *arg, int64_t now_ms,
    struct mq_error *e)
{
	enum mq_err r;
	bool more;

	while (windows_unsaved(w)) {
		if ((r = windows_collect(w, get, arg, SIZE_MAX, now_ms, &more)) != MQ_OK)
			return mq_fail(e, r, "no memory to save replay windows");
		if ((r = windows_flush(w, e)) != MQ_OK)
			return r;
	}
	return MQ_OK;
}
