/*
 * An engine under test and everything it told: one cursor a kind of event, waiting with a deadline.
 *
 * A wait looks at events behind the last one it returned of that kind, so a test reads like what
 * happens. What is found in vain fails the running cmocka test and shows the events.
 */
#ifndef MQGP_TESTS_UNIT_LIB_WATCHER_H
#define MQGP_TESTS_UNIT_LIB_WATCHER_H

#include <pthread.h>

#include "core/model/snap.h"
#include "core/net/engine.h"
#include "tests/unit/lib_works.h"

#define SEEN_MAX 20000 /* later ones are only counted */

/* An event, copied. */
struct seen {
	enum engine_event_kind kind;
	char topic[160]; /* MSG, CONF; TREE: the tree */
	enum verdict verdict;
	enum verdict_class cls;
	unsigned flags;
	enum topic_slot slot;
	uint32_t revision, lost;
	char value[64]; /* MSG that is green */
	char text[200]; /* CONF: reason; TREE: state; LINK: words; DROP: where */
	char who[96], partial[24], right[64];
	enum conn_kind link;
	uint64_t n;
	bool retained;
};

struct watcher {
	struct works *p;
	struct engine *e;
	struct profile profile;
	char state[80], run[80];
	bool no_secret;
	size_t inbox; /* of engine_options, as is: */
	int gpg_deadline_ms;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct seen *seen;
	size_t n, cap;
	size_t at[EVENT_DROP + 1]; /* cursors */
	uint64_t by_msg[V_COUNT], by_conf[V_COUNT]; /* all events by verdict */
	struct span tree[8];
	size_t n_trees;
	struct snap_view *view;
	struct snap *snap;
};

/* Prepares; set profile and trees, then watcher_start. */
void watcher_init(struct watcher *w, struct works *p);
void watcher_tree(struct watcher *w, const struct site *s);
void watcher_start(struct watcher *w);
/* Init, one tree, start. */
void watcher_open(struct watcher *w, struct works *p, const struct site *s);
/* Ends the engine; what it told is forgotten, its state folder stays for the next start. */
void watcher_halt(struct watcher *w);
void watcher_close(struct watcher *w);

/* Borrowed until watcher_halt. below: the topic below the tree, or a whole topic if s is NULL. */
struct seen watcher_msg(struct watcher *w, const struct site *s, const char *below, enum verdict v);
struct seen watcher_conf(struct watcher *w, const struct site *s, enum topic_slot slot,
    enum verdict v);
struct seen watcher_state(struct watcher *w, const struct site *s, const char *state);
struct seen watcher_link(struct watcher *w, enum conn_kind kind);
struct seen watcher_filter(struct watcher *w, enum conn_kind kind, const char *filter);
struct seen watcher_drop(struct watcher *w);
/* Events so far by verdict. */
uint64_t watcher_msgs(struct watcher *w, enum verdict v);
uint64_t watcher_confs(struct watcher *w, enum verdict v);
/* Waits until so many messages got this verdict, since the start. */
void watcher_total(struct watcher *w, enum verdict v, uint64_t n);
/* How many events of this kind were told about s (NULL: anything) with this class. */
size_t watcher_count(struct watcher *w, enum engine_event_kind kind, const struct site *s,
    enum verdict_class cls);
/* Was this state ever told? */
bool watcher_was(struct watcher *w, const struct site *s, const char *state);
/* An intent about s with the hash of its conf signed last. */
enum mq_err watcher_do(struct watcher *w, enum intent_kind kind, const struct site *s);
/* The snapshot of a screen; borrowed. */
const struct snap *watcher_snap(struct watcher *w, enum snap_screen screen);
/* The row of a tree or topic in it; NULL: not there. */
const struct snap_tree *watcher_row(struct watcher *w, const struct site *s);
/* How many audit rows of this kind hold this text (in the text or detail)? */
size_t watcher_audit(struct watcher *w, const char *kind, const char *text);
/* Is this text in the program's log? Waits for it. */
void watcher_log(struct watcher *w, const char *text);

/* Most tests: one tree, one engine. cmocka fixtures: group state is a struct works, that of a test
 * a struct scene with a tree of its own; the watcher is not open yet. */
struct scene {
	struct works *p;
	struct site s;
	struct watcher w;
};
int scene_group_start(void **state);
int scene_group_stop(void **state);
int scene_start(void **state);
int scene_stop(void **state);
/* Opens the watcher on the running tree, pins it, waits until everything is subscribed and known. */
void scene_active(struct scene *f);
/* The same for a watcher that was started already. */
void scene_pin(struct scene *f);

#endif
