/*
 * The demo's attacks: each takes real bytes from the wire, bends them as an attacker would, and says
 * where to send them and which verdict they must meet.
 *
 * Staging does not publish: the caller does, when it is ready to look. Main thread only, because
 * the outsider signs with gpg.
 */
#ifndef MQGP_SRC_DEMO_ATTACK_H
#define MQGP_SRC_DEMO_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "core/trust/pgp.h"
#include "core/verdict/verdict.h"
#include "src/demo_place.h"
#include "src/demo_wire.h"

#define DEMO_ATTACKS 6
#define DEMO_TOPIC_MAX 160

/* Somebody with a key of his own whom nobody named as an owner. Filled at his first attack. */
struct demo_outsider {
	char home[DEMO_PATH_MAX];
	struct pgp *pgp;
	struct fpr key;
};
void demo_outsider_done(struct demo_outsider *o);

struct demo_staged {
	char topic[DEMO_TOPIC_MAX];
	char tree[DEMO_TOPIC_MAX];
	struct buf payload;
	bool retain;
};

struct demo_attack {
	/* Short: a menu shows the name in 44 columns, a notice where to look. */
	const char *name; /* "forged: a door message, its word replaced" */
	const char *look; /* the end of the topic where it shows */
	enum verdict verdict;
	/* MQ_EAGAIN: what it needs has not passed yet. */
	enum mq_err (*stage)(const struct demo_wire *w, struct demo_outsider *o,
	    struct demo_staged *out, struct mq_error *e);
};
extern const struct demo_attack demo_attacks[DEMO_ATTACKS];

/* Initialises out and calls the attack's function. Free with demo_staged_done always. */
enum mq_err demo_attack_stage(const struct demo_attack *a, const struct demo_wire *w,
    struct demo_outsider *o, struct demo_staged *out, struct mq_error *e);
void demo_staged_done(struct demo_staged *s);

#endif
