/*
 * mqgpd: what its commands share. A gateway is a folder: settings (mqgpd.conf), identity, anchors
 * (factory.conf) and the durable state of core/flow/gwstore.h. Main thread only.
 */
#ifndef MQGP_SRC_GW_H
#define MQGP_SRC_GW_H

#include <limits.h>

#include "core/config/config.h"
#include "core/flow/gateway.h"
#include "src/opts.h"
#include "src/setup.h"

struct gw_home {
	char dir[PATH_MAX]; /* absolute */
	struct profile settings;
	uint8_t topic[TOPIC_CONF_MAX];
	size_t topic_n;
	struct conf_gateway identity;
	struct buf own_key; /* armored public key; empty without OpenPGP */
	struct fpr anchor[GATEWAY_ANCHOR_MAX];
	size_t n_anchor;
	uint32_t anchor_threshold;
};

/* Prints "mqgpd: text" on standard error with everything escaped that a terminal could act on. */
void gw_complain(const char *text);
/* The same for e, and the exit status that goes with it. */
int gw_fail(const struct mq_error *e);
/* --state as an absolute path into dir; OPTS_GO or an exit status. */
int gw_state_dir(const struct opts *o, char dir[PATH_MAX]);
/* Reads everything but the durable state. OPTS_GO, or an exit status after complaining. Free with
 * gw_home_done always. */
int gw_home_load(struct gw_home *h, const char *dir);
void gw_home_done(struct gw_home *h);
/* mqgpd.conf alone, with the same complaints. */
bool gw_settings_load(const char *dir, struct profile *out);
/* factory.conf: `own-fpr=<40 hex>` lines and one `threshold=`. */
enum mq_err gw_factory_parse(struct span text, struct gw_home *h, struct mq_error *e);
/* A short 0700 folder for gpg. */
enum mq_err gw_run_dir(const char *dir, char out[PATH_MAX], struct mq_error *e);
/* The gateway's own secret keys. */
enum mq_err gw_open_secret(const char *dir, struct pgp **out, struct mq_error *e);

extern const struct opt gw_init_options[], gw_run_options[], gw_show_options[];
int gw_init(const struct opts *o);
int gw_run(const struct opts *o);
int gw_show(const struct opts *o);

#endif
