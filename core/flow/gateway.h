/*
 * The gateway of one tree: which conf it runs, what it says about itself, and what data leaves it
 * (PROTOCOL 3.6, 3.7, 3.8, 3.10, 3.11).
 *
 * A state machine over durable state (gwstore), the acceptance rule and a desk. It has no thread,
 * no link and no clock of its own: whoever owns it feeds messages and ticks and carries out what
 * the port is asked for, so tests run it without a network. Calls may block on the disk, never on
 * gpg or the broker. Bounded: candidates (ACCEPT_PENDING_MAX), certificates, topics, the queue of
 * data. Belongs to one thread.
 */
#ifndef MQGP_CORE_FLOW_GATEWAY_H
#define MQGP_CORE_FLOW_GATEWAY_H

#include "core/base/clock.h"
#include "core/conf/accept.h"
#include "core/flow/gwstore.h"
#include "core/trust/desk.h"
#include "core/wire/receipt.h"

#define GATEWAY_ANCHOR_MAX 16	      /* own-fpr lines of factory.conf */
#define GATEWAY_CERTS_MAX 512	      /* KEYTABLE_KEYS_MAX */
#define GATEWAY_TOPICS_MAX 65536      /* topics with a counter; one more costs a new boot id */
#define GATEWAY_TOPIC_KEYS 1024	      /* derived keys at hand, one guarded block of 40 KiB */
#define GATEWAY_QUEUE_MAX 4096	      /* values that wait for the link ... */
#define GATEWAY_QUEUE_BYTES (8U << 20) /* ... and their bytes */
#define GATEWAY_LOG_AHEAD 128	      /* revisions of a run that are fetched: DESK_SLOTS_MAX */
#define GATEWAY_HEAL_MS 60000	      /* PROTOCOL 3.6: at most once a minute */
#define GATEWAY_TICK_MS 1000

struct gateway;

/* What the gateway asks of its surroundings. */
struct gateway_port {
	void *arg;
	/* MQ_OK: handed to the link. MQ_ENET, MQ_EAGAIN: not now; the gateway tries again after
	 * gateway_link or gateway_room. Anything else: never. With id != 0 the fate of an accepted
	 * message is told with gateway_lost if it was not delivered. */
	enum mq_err (*publish)(void *arg, struct span topic, struct span payload, int qos,
	    bool retain, uint64_t id);
	/* The filter stays subscribed over reconnects until it is taken back. */
	enum mq_err (*subscribe)(void *arg, struct span filter, int qos);
	void (*unsubscribe)(void *arg, struct span filter);
};

/* Everything is copied but store, desk, verify and clock, which must outlive the gateway. */
struct gateway_options {
	struct gwstore *store;
	struct desk *desk;
	struct pgp *verify; /* the desk's */
	const struct clock *clock;
	struct conf_gateway identity;
	struct span own_key; /* binary public key for pgp/<own FPR>; n 0: none */
	struct span topic;   /* configured tree */
	const char *url;     /* configured broker, told in the info copy while unclaimed */
	const char *level;   /* "mqgp.conf" or "mqgp_conf" */
	struct fpr anchor[GATEWAY_ANCHOR_MAX]; /* factory.conf */
	size_t n_anchor;
	uint32_t anchor_threshold;
	enum suite floor;
	bool allow_non_ascii;
	struct gateway_port port;
};

/* Reads the stored confs. */
enum mq_err gateway_new(struct gateway **out, const struct gateway_options *o, struct mq_error *e);
void gateway_free(struct gateway *g);
/* Takes a new boot id and begins to listen. Nothing is published before. */
enum mq_err gateway_start(struct gateway *g, struct mq_error *e);

/* ---- events */

/* The link came (everything is said again) or went. */
void gateway_link(struct gateway *g, bool up);
/* The link is a new one that knows of no subscription. */
void gateway_resubscribe(struct gateway *g);
/* The link refused a publish before and has room again. */
void gateway_room(struct gateway *g);
/* A message on a topic that was subscribed. */
void gateway_message(struct gateway *g, struct span topic, struct span payload);
/* The children's descriptors are readable, or gateway_next_ms has passed. */
void gateway_poll(struct gateway *g);
/* How long nothing needs to be done, at most GATEWAY_TICK_MS. */
int64_t gateway_next_ms(const struct gateway *g);
/* n values that were handed over did not reach the broker, or never reached us. */
void gateway_lost(struct gateway *g, uint64_t n);
/* Something people should read in the info copy, e.g. that the source is gone; "" takes it back. */
enum gateway_noter { GATEWAY_NOTE_LINK, GATEWAY_NOTE_SOURCE, GATEWAY_NOTERS };
void gateway_note(struct gateway *g, enum gateway_noter who, const char *sentence);
/* The last status before an orderly end. */
void gateway_stop(struct gateway *g);

/* ---- data */

/* A value for TREE/subtopic. MQ_OK: sent or queued, or dropped because the state forbids data.
 * MQ_EINVAL: no topic to publish to. MQ_ELIMIT: larger than the conf allows. */
enum mq_err gateway_data(struct gateway *g, struct span subtopic, struct span value, int qos,
    bool retain);
/* False: the queue is full and the next value pushes the oldest one out. Who can wait should. */
bool gateway_wants_data(const struct gateway *g);

/* ---- what it is */

struct gateway_view {
	enum gateway_state state;
	char reason[33]; /* as in the receipt */
	bool publishing; /* data leaves */
	const struct conf *current; /* NULL: unclaimed */
	size_t n_pending;
	uint64_t sent, lost, withheld, too_large; /* values since start */
	size_t queued;
	uint32_t boot;
};
void gateway_look(const struct gateway *g, struct gateway_view *out);

#endif
