/*
 * The dashboard's anchors: the `pins` file (PROTOCOL 3.1).
 *
 * One line a tree, blank-separated: gateway rev conf-hash state owner[,owner...] topic. Fingerprints
 * and hashes are bare hex; gateway is 40 upper hex, or 64 lower hex for one without OpenPGP; the
 * topic, percent-encoded as in a conf, is last and may hold blanks. Several terminals of one user
 * may change the file: each change locks it, reads it again, changes one line and replaces it.
 * Belongs to one thread; calls block on a small file.
 */
#ifndef MQGP_CORE_TRUST_PINS_H
#define MQGP_CORE_TRUST_PINS_H

#include "core/conf/conf.h"

#define PINS_MAX 4096		  /* trees a person can have compared by hand */
#define PINS_BYTES_MAX (8u << 20) /* that many of the longest lines */

enum pin_state { PIN_STATE_PINNED, PIN_STATE_FORMER, PIN_STATE_CHANGED };
const char *pin_state_name(enum pin_state s);

struct pin {
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct conf_gateway gateway;
	uint32_t revision;
	uint8_t hash[HASH_BYTES];
	enum pin_state state;
	struct fpr owner[CONF_OWNERS_MAX];
	size_t n_owners;
};

struct pins;

/* Loads path (absent: no pins; NULL: kept in memory only). A damaged file is set aside, named in
 * *e, and the call gives MQ_ESTATE with *out still usable: nothing is pinned then, and it is said. */
enum mq_err pins_open(struct pins **out, const char *path, struct mq_error *e);
void pins_close(struct pins *p);
const struct pin *pins_find(const struct pins *p, struct span topic); /* NULL: not pinned */
size_t pins_count(const struct pins *p);
const struct pin *pins_nth(const struct pins *p, size_t i);
/* Adds or replaces the line of one tree, durably. A pin with state PINNED never takes a lower
 * revision than another terminal wrote meanwhile: MQ_EAGAIN, and the newer one is loaded. */
enum mq_err pins_set(struct pins *p, const struct pin *pin, struct mq_error *e);
enum mq_err pins_remove(struct pins *p, struct span topic, struct mq_error *e);
/* Pure, for tests and fuzzing. line: of the first error. */
enum mq_err pins_parse_line(struct span line, struct pin *out);
enum mq_err pins_print_line(const struct pin *pin, struct buf *out);

#endif
