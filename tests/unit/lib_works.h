/*
 * The works, for tests of the engine: a real mosquitto, people with real gpg keys, and secured trees
 * whose owners and gateways the test plays.
 *
 * struct works is made once by a test program (keys cost time), struct site once by a test: each
 * has a topic of its own. Everything fails the running cmocka test. The test's main() calls
 * pgp_child_main() first.
 */
#ifndef MQGP_TESTS_UNIT_LIB_WORKS_H
#define MQGP_TESTS_UNIT_LIB_WORKS_H

#include "core/conf/bundle.h"
#include "core/trust/pgp.h"
#include "core/wire/envelope.h"
#include "core/wire/receipt.h"
#include "tests/unit/lib_broker.h"
#include "tests/unit/lib_link.h"

/* Alice owns every tree at first; Bob is somebody she may hand it to, Mallory an outsider. */
enum person { ALICE, BOB, MALLORY, PEOPLE };

struct works {
	char dir[32], home[48];
	struct broker broker;
	struct pgp *secret; /* holds everybody's secret keys */
	struct fpr who[PEOPLE];
	struct buf cert[PEOPLE];
	struct link link;
	bool link_open;
	uint64_t id; /* of the last publish */
	unsigned sites, watchers; /* made so far */
};

/* options NULL: anybody may do anything. */
void works_open(struct works *p, const struct broker_options *options);
void works_close(struct works *p);
/* QoS 1, and waits until the broker has it; after a restart of the broker too. */
void works_publish(struct works *p, const char *topic, struct span payload, bool retain);
/* QoS 0, without waiting. */
void works_shout(struct works *p, const char *topic, struct span payload);
/* One binary signature by this person. */
struct buf works_sign(struct works *p, enum person who, struct span data);
/* A message that these people, as many as `readers` has letters a, b, m, can decrypt. */
struct buf works_encrypt(struct works *p, const char *readers, struct span clear);
/* The certificate of a person after a revocation certificate was imported into a home of its own. */
struct buf works_revoked(struct works *p, enum person who);

struct site {
	struct works *p;
	char topic[64];
	uint8_t pk[32], sk[64], secret[32]; /* data key, epoch secret */
	struct buf draft;   /* body that is edited */
	struct buf bundle;  /* of the draft, as signed last */
	struct conf *conf;  /* parsed draft, as signed last */
	struct conf *runs;  /* what the gateway runs */
	uint32_t boot, n;   /* of receipts and status */
};

/* A genesis draft: Alice owns it, suite 3, no delays, no security of the network. */
void site_init(struct site *s, struct works *p, const char *topic);
void site_done(struct site *s);
void site_set(struct site *s, const char *key, const char *value);
void site_add(struct site *s, const char *key, const char *value);
void site_remove(struct site *s, const char *key, const char *value);
void site_owner(struct site *s, enum person who); /* the draft's only owner */
/* The draft becomes one of the next revision. */
void site_next(struct site *s);
/* A new epoch in the draft, with a secret of its own. */
void site_rekey(struct site *s);
/* Signs the draft by the people of these letters (a, b, m); fills bundle and conf. */
void site_sign(struct site *s, const char *by);
/* "T/mqgp.conf/NAME" */
const char *site_control(const struct site *s, const char *name, char out[160]);
/* Publishes the bundle, retained, on this slot ("secure", "next", "log/2"). */
void site_show(struct site *s, const char *slot);
/* The same with any payload. */
void site_put(struct site *s, const char *slot, struct span payload);
void site_certs(struct site *s, const char *people);
void site_keys(struct site *s, const char *readers);
/* The gateway adopts the conf signed last: counters of a new boot. */
void site_adopt(struct site *s);
/* Appends a signed receipt or status of what the gateway runs; fields of r that are set stay. */
void site_print(struct site *s, struct receipt *r, struct buf *out);
void site_receipt(struct site *s, enum gateway_state state);
void site_status(struct site *s);
/* Appends the envelope of this number of the gateway's current boot. */
void site_seal(struct site *s, const char *below, uint32_t n, const char *value, struct buf *out);
/* Publishes it, not retained. */
void site_data(struct site *s, const char *below, uint32_t n, const char *value);
/* T/below */
const char *site_topic(const struct site *s, const char *below, char out[160]);
/* Everything a running tree has, signed by its owner: certificates, keys, conf, receipt, status,
 * info copy. */
void site_run(struct site *s);

#endif
