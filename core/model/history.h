/*
 * What messages said: entries of all topics under one budget of bytes.
 *
 * Every topic has its list, newest first. Two kinds of entries are precious: the newest of a topic
 * and its last verified one, which an unverified one never replaces. Everything else is evicted
 * first, oldest first; then the values of plain topics; then those of secured ones; verified control
 * data never. Evictions are counted. Owned by the engine thread; not thread-safe.
 */
#ifndef MQGP_CORE_MODEL_HISTORY_H
#define MQGP_CORE_MODEL_HISTORY_H

#include "core/model/topictree.h"

#define HISTORY_BUDGET (64u << 20) /* default; the operator sets another with `history` */
#define HISTORY_REASON_MAX 95 /* the rest is dropped */
#define HISTORY_PREVIEW 256	   /* kept of a message nobody could vouch for, PROTOCOL 3.12 */

enum history_bits {
	HISTORY_RETAINED = 1, /* RETAIN=1 on delivery */
	HISTORY_QOS1 = 2,
	HISTORY_QOS2 = 4,
	HISTORY_CUT = 8,      /* less than the whole payload is kept */
	HISTORY_ENVELOPE = 16, /* rev, epoch, seq, claimed_ms and kid are meant */
	HISTORY_KID = 5,      /* kid << HISTORY_KID: the upper three bits */
};

/* One kept message. bytes: raw_n bytes as delivered; the value_n bytes of verified content lie among
 * them where they were sent in clear, else behind them; then the reason. */
struct history_entry {
	struct history_entry *prev, *next;   /* age list of its kind */
	struct history_entry *newer, *older; /* same topic */
	int64_t received_ms; /* wall */
	int64_t claimed_ms;  /* envelope: what the gateway says */
	uint64_t seq;
	uint32_t node;	 /* topictree_number */
	uint32_t serial; /* with the topic: identity of this entry */
	uint32_t rev, epoch, lost;
	uint32_t size; /* of the delivered payload */
	uint32_t raw_n, value_at, value_n;
	uint16_t flags; /* enum flag */
	uint8_t verdict;
	uint8_t bits; /* enum history_bits, kid */
	uint8_t cls;  /* enum verdict_class, see history_class */
	uint8_t reason_n;
	uint8_t bytes[];
};

/* What to remember of a message. */
struct history_msg {
	enum verdict verdict;
	unsigned flags;
	bool calm; /* no alarm in this place: an old revision below log/ */
	const char *reason; /* a word or a few, copied; NULL: none */
	bool current;	    /* green and newest: becomes the verified value */
	struct span raw;    /* as delivered; may be empty for green ones when evidence is not wanted */
	struct span value;  /* content of a green message; empty for all others */
	size_t size;	    /* of the delivered payload */
	int64_t received_ms;
	bool envelope; /* the next five are meant */
	int64_t claimed_ms;
	uint64_t seq;
	uint32_t rev, epoch;
	uint8_t kid;
	uint32_t lost;
	bool retained;
	uint8_t qos;
};

struct history;

enum verdict_class history_class(const struct history_msg *m);

struct history *history_new(struct topictree *t, size_t budget); /* NULL without memory */
void history_free(struct history *h);
/* Remembers m on topic n (which gets a leaf); bytes over keep are cut and marked. Never evicts:
 * call history_evict while history_over. NULL without memory. */
struct history_entry *history_add(struct history *h, struct topic_node *n,
    const struct history_msg *m, size_t keep);
bool history_over(const struct history *h);
/* Evicts one entry and returns its topic, or NULL when only control data is left. */
struct topic_node *history_evict(struct history *h);
/* Forgets all entries of a topic, counted as evicted if count is true. */
void history_forget(struct history *h, struct topic_node *n, bool count);

#define HISTORY_LOOK_BACK 4096 /* entries looked at for one that a person points at */
/* NULL: gone, or further back than that. */
struct history_entry *history_find(const struct topic_leaf *l, uint32_t serial);
/* Entry i of the list, newest = 0; NULL: fewer. */
struct history_entry *history_nth(const struct topic_leaf *l, size_t i);
struct span history_raw(const struct history_entry *e);
struct span history_value(const struct history_entry *e);
struct span history_reason(const struct history_entry *e);
unsigned history_qos(const struct history_entry *e);
unsigned history_kid(const struct history_entry *e);
size_t history_bytes(const struct history *h);
size_t history_budget(const struct history *h);
size_t history_entries(const struct history *h);
uint64_t history_evicted(const struct history *h);

#endif
