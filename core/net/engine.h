/*
 * The engine: one thread that judges every message and never waits for a screen.
 *
 * It drains the link's two inboxes (control first), runs the verdict pipeline (batches of
 * signatures on a crew), drives the OpenPGP children through a desk, follows every secured tree,
 * keeps windows, pins and audit log, and fills the model. Dashboard, `watch` and demo use the same
 * engine. Functions may be called from any thread unless they say otherwise. Bounded: inboxes,
 * held messages (ENGINE_HELD_MAX), trees (MODEL_TREES_MAX), intents.
 */
#ifndef MQGP_CORE_NET_ENGINE_H
#define MQGP_CORE_NET_ENGINE_H

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/conf/conf.h"
#include "core/config/config.h"
#include "core/flow/follow.h"
#include "core/model/model.h"
#include "core/verdict/judge.h"

#define ENGINE_DATA_ITEMS 262144	  /* 5 s at 50 000 messages a second */
#define ENGINE_DATA_BYTES (256u << 20)	  /* the same in bytes; more is dropped, oldest first */
#define ENGINE_CONTROL_ITEMS 65536
#define ENGINE_CONTROL_BYTES (128u << 20)
#define ENGINE_HELD_MAX 256  /* PROTOCOL 3.12: messages for a revision we do not know yet */
#define ENGINE_HELD_MS 10000
#define ENGINE_BATCH 128     /* messages judged under one lock: well below 10 ms */

struct engine;

enum engine_event_kind { EVENT_MSG, EVENT_CONF, EVENT_TREE, EVENT_LINK, EVENT_DROP };

/* What happened, in order of judgement; the members of `watch --json`. Spans and pointers are
 * borrowed for the call. */
struct engine_event {
	enum engine_event_kind kind;
	int64_t wall_ms;
	struct span topic, tree;   /* tree.n == 0: none */
	struct span payload;	   /* MSG: as delivered */
	const struct judgement *j; /* MSG */
	const struct follow_event *conf; /* CONF */
	const struct model_tree *row;	 /* TREE */
	bool retained;
	uint8_t qos;
	/* LINK */
	enum conn_kind link;
	const char *broker, *words;
	struct span filter; /* SUBSCRIBED, DENIED */
	int code;	    /* SUBSCRIBED: the QoS granted */
	/* DROP */
	const char *where;
	uint64_t n;
};
/* Called on the engine thread; must not block and must not call the engine. */
typedef void engine_observer(void *arg, const struct engine_event *ev);

struct engine_options {
	const struct profile *profile; /* borrowed until engine_stop */
	struct clock clock;
	const char *state_dir; /* of the profile; NULL: nothing is kept (demos, one-off looks) */
	const char *run_dir;   /* short 0700 folder for the verify home */
	const struct span *trees; /* decoded topics besides the profile's */
	size_t n_trees;
	size_t inbox;	/* messages that may wait; 0: ENGINE_DATA_ITEMS */
	int gpg_deadline_ms; /* as in pgp_options */
	bool no_secret; /* never start pgp-secret: nothing can be decrypted */
	const char *who; /* "user@host" for the audit log */
	engine_observer *observe;
	void *arg;
};

/* Opens state, starts children, link and thread. On failure nothing is left running. */
enum mq_err engine_start(struct engine **out, const struct engine_options *o, struct mq_error *e);
/* Persists windows and audit, disconnects, ends the thread, frees. */
void engine_stop(struct engine *e);

/* The model, for snap_view_new and snap_build; valid until engine_stop. */
struct model *engine_model(struct engine *e);
/* Readable (eventfd) when something visible changed; read it, then build a snap. */
int engine_fd(const struct engine *e);

enum intent_kind {
	INTENT_PIN, INTENT_UNPIN, INTENT_ACK, /* tree + what the person saw */
	INTENT_RETRY_KEYS, /* NEEDS-KEY is tried again: a key was unlocked */
	INTENT_RING,	   /* read the person's own key ring (again): the keys they know */
	INTENT_REREAD,	   /* subscribe a tree's control topics again */
	INTENT_AUDIT,	   /* text: a decision made elsewhere (sign, push) */
};
struct intent {
	enum intent_kind kind;
	uint8_t tree[TOPIC_CONF_MAX];
	size_t tree_n;
	uint8_t hash[HASH_BYTES]; /* PIN, UNPIN, ACK: the conf that was on the screen */
	char word[24];		  /* AUDIT: kind of decision */
	char text[320];		  /* AUDIT; and the answer */
};
/* Waits until the engine did it (milliseconds). MQ_OK, or why not in *e (the target changed
 * meanwhile: MQ_EAGAIN; unknown: MQ_ENOENT; disk: MQ_EIO). Not from the observer. */
enum mq_err engine_do(struct engine *e, const struct intent *i, struct mq_error *err);

/* What owner's tools begin with: the verified bundle and the candidate on `next` of a tree. */
struct engine_tree_copy {
	struct buf current, next; /* empty: none */
	bool pinned;
};
enum mq_err engine_copy_tree(struct engine *e, struct span tree, struct engine_tree_copy *out);
void engine_tree_copy_done(struct engine_tree_copy *c);

#endif
