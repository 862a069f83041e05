/* What the files of engine.h share; nobody else includes this. Everything belongs to the engine
 * thread; the model, and what engine_copy_tree reads, are changed under the model's lock. */
#ifndef MQGP_CORE_NET_ENGINE_IMPL_H
#define MQGP_CORE_NET_ENGINE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/wakeq.h"
#include "core/model/audit.h"
#include "core/net/crew.h"
#include "core/net/engine.h"
#include "core/net/mqtt.h"
#include "core/trust/desk.h"
#include "core/trust/keystore.h"
#include "core/trust/pins.h"
#include "core/wire/windows.h"

#define ENGINE_TICK_MS 1000 /* times pass: expiry, heartbeats, windows */
#define ENGINE_HINTS_PER_S 32 /* searches for the home of a message that failed */
#define ENGINE_KEYS 4096    /* cached topic keys; a power of two */
#define ENGINE_DATA_WAIT_MS 3000 /* a named tree's data is subscribed then, verified or not */
#define ENGINE_ASKED_MAX 64 /* certificates of one tree: 16 owners, 16 recovery, a candidate's */
#define ENGINE_REREAD_MS 10000 /* at most this often everything retained is asked for again */
#define ENGINE_LOSS_MS 10000 /* at most this often lost messages are told in words */

struct engine_tree {
	struct engine *e;
	struct follow *follow;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	const char *level; /* "mqgp.conf" or "mqgp_conf", as last seen */
	bool named;	   /* by profile or command line */
	bool data_subscribed;
	int64_t since_ms;  /* monotonic */
	struct fpr asked[ENGINE_ASKED_MAX]; /* pgp/<FPR> subscribed: a ring, the oldest goes */
	size_t n_asked;
	bool narrow; /* its control topics are subscribed with QoS 1 */
	/* as last told by EVENT_TREE */
	int told_state;
	uint32_t told_revision;
	uint8_t told_hash[HASH_BYTES];
	char told_who[96];
	bool told;
	int64_t audited_ms[V_COUNT]; /* last audit row of this red verdict */
	uint32_t audit_skipped[V_COUNT];
	uint8_t saved_hash[HASH_BYTES]; /* bundle in the state folder */
	bool saved_changed;		/* the pin in the state folder says so */
	bool saved_conflict; /* keys/ holds the mark */
	uint32_t saved_epoch;		/* secret in the state folder; 0: none */
};

struct engine_held {
	struct mqtt_message *m;
	int64_t until_ms; /* monotonic */
};

struct engine_key {
	uint64_t node;
	uint8_t conf_hash[8], pk[8];
	struct env_topic_key key;
};

struct engine_ask { /* one engine_do in flight */
	struct intent intent;
	enum mq_err r;
	struct mq_error err;
	bool done;
};

struct engine {
	struct engine_options o;
	struct clock clock;
	struct model *model;
	struct mqtt *mqtt;
	struct wakeq *data, *control, *events, *asks;
	struct crew *crew;
	struct pgp *verify, *secret;
	struct keytable ring; /* of the person's own home, as of the last INTENT_RING */
	struct desk *desk;
	struct windows *windows;
	struct audit *audit;
	struct pins *pins;
	struct keystore *keys;
	struct engine_tree **tree; /* sorted by topic */
	size_t n_trees;
	struct engine_held held[ENGINE_HELD_MAX];
	size_t n_held;
	struct engine_key *key;
	struct env_topic_key *batch_key; /* ENGINE_BATCH: those the jobs of a batch use */
	struct judge_job *job; /* ENGINE_BATCH */
	uint8_t *scratch;
	size_t scratch_n;
	uint8_t hint[TOPIC_CONF_MAX * 2]; /* the topic a WRONG-TOPIC message belongs to */
	unsigned hints_left;		  /* searches for it in this second */
	uint64_t dropped_told, desk_told, control_lost;
	uint64_t lost_told;	   /* of model_blind.lost */
	int64_t loss_ms, reread_ms; /* monotonic: when that was done last */
	int64_t up_ms;		   /* monotonic: the link is up since; 0: never was */
	int64_t next_tick_ms, last_wall_ms, last_mono_ms, windows_saved_ms;
	bool link_up;
	int change_fd;
	uint64_t changes_told;
	pthread_t thread;
	bool thread_runs;
	atomic_bool stop;
	pthread_mutex_t ask_lock;
	pthread_cond_t ask_done;
	pthread_t flusher;
	bool flusher_runs;
	pthread_mutex_t flush_lock;
	pthread_cond_t flush_wake;
	bool flush_wanted, flush_stop;
};

/* engine_data.c */
void engine_take_data(struct engine *e, struct mqtt_message **m, size_t n);
bool engine_known_topic(struct engine *e, struct span tree, const uint8_t topic8[8],
    struct span *topic);
void engine_retry_held(struct engine *e, bool expired_only);
/* engine_tree.c */
struct engine_tree *engine_find_tree(struct engine *e, struct span topic);
struct engine_tree *engine_covering(struct engine *e, struct span topic);
struct engine_tree *engine_add_tree(struct engine *e, struct span topic, bool named);
void engine_take_control(struct engine *e, const struct mqtt_message *m);
void engine_run_trees(struct engine *e);
void engine_other_answer(void *arg, struct pgp_answer *a);
void engine_free_trees(struct engine *e);
/* engine_row.c */
void engine_show_tree(struct engine *e, struct engine_tree *t);
void engine_show_keys(struct engine *e);
/* engine_link.c */
enum mq_err engine_make_link(struct engine *e, struct mq_error *err);
void engine_take_event(struct engine *e, const struct mqtt_event *ev);
void engine_subscribe_tree(struct engine *e, struct engine_tree *t);
void engine_subscribe_wanted(struct engine *e, struct engine_tree *t);
void engine_subscribe_start(struct engine *e);
void engine_reread(struct engine *e);
void engine_unsubscribe_tree(struct engine *e, struct engine_tree *t);
void engine_tell_losses(struct engine *e);
/* engine_store.c */
enum mq_err engine_open_state(struct engine *e, struct mq_error *err);
void engine_close_state(struct engine *e);
void engine_save_windows(struct engine *e);
void engine_load_tree(struct engine *e, struct engine_tree *t);
void engine_save_conflict(struct engine *e, struct engine_tree *t);
void engine_save_tree(struct engine *e, struct engine_tree *t);
void engine_audit(struct engine *e, const char *kind, struct span tree, const char *text,
    const char *detail);
void engine_audit_bad(struct engine *e, struct engine_tree *t, enum verdict v, struct span topic);
enum mq_err engine_obey(struct engine *e, const struct intent *i, struct mq_error *err);

void engine_observe(struct engine *e, struct engine_event *ev);

#endif
