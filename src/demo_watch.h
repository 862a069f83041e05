/*
 * An owner's eyes in a headless demo: the real engine, and a short memory of what it judged.
 *
 * The observer runs on the engine's thread and writes the memory under a lock; everything else is
 * for the main thread. Bounded: the newest DEMO_SEEN_MAX judgements.
 */
#ifndef MQGP_SRC_DEMO_WATCH_H
#define MQGP_SRC_DEMO_WATCH_H

#include "core/net/engine.h"
#include "src/demo_world.h"

#define DEMO_SEEN_MAX 2048 /* a minute of the demo's plant */

/* What an owner sees of a tree. */
struct demo_tree_view {
	bool known;
	char state[24];
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	uint32_t gw_revision;
	enum model_pin pin;
	char gateway[80];
	char owner[41]; /* the first one */
	bool rekey_due;
};

struct demo_watch;

enum mq_err demo_watch_start(struct demo_watch **out, struct demo_world *w,
    const struct demo_owner *o, struct mq_error *e);
void demo_watch_stop(struct demo_watch *v);
/* The number of judgements so far. */
uint64_t demo_watch_mark(struct demo_watch *v);
/* Was a message on this topic judged so, after `since`? *at (may be NULL) is its number. */
bool demo_watch_saw(struct demo_watch *v, uint64_t since, const char *topic, enum verdict verdict,
    uint64_t *at);
/* Was anything judged bad after `since`? Then where (DEMO_TOPIC_MAX) and how. */
bool demo_watch_alarm(struct demo_watch *v, uint64_t since, char *topic, enum verdict *verdict);
struct demo_tree_view demo_watch_tree(struct demo_watch *v, const char *tree);
/* Compares each gateway with what mqgpd said when it was made, and pins it, for an owner who did not
 * claim it. */
enum mq_err demo_pin_all(struct demo_world *w, const struct demo_owner *o, struct mq_error *e);

#endif
