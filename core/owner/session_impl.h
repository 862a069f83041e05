/* What the files of session.h share; nobody else includes this. */
#ifndef MQGP_CORE_OWNER_SESSION_IMPL_H
#define MQGP_CORE_OWNER_SESSION_IMPL_H

#include "core/base/wakeq.h"
#include "core/owner/session.h"

struct session_seen {
	enum topic_slot slot;
	uint32_t number;
	uint8_t digest[HASH_BYTES]; /* of the last payload */
	bool judged;
	struct session_verdict v;
};

struct session_cert {
	struct fpr fpr;
	struct buf bytes;
};

struct session {
	struct session_options o;
	uint8_t tree[TOPIC_CONF_MAX];
	size_t tree_n;
	struct mqtt *mqtt;
	struct wakeq *messages, *events;
	struct pgp *verify, *secret;
	struct desk *desk;
	struct follow *follow;
	struct pins *pins;
	struct keystore *keys;
	struct session_seen seen[DESK_SLOTS_MAX];
	size_t n_seen;
	struct session_cert cert[SESSION_CERTS_MAX];
	size_t n_certs;
	struct buf info; /* the unprotected copy, which the desk does not keep */
	bool up, was_up, was_settled, refused, denied, has_log;
	char words[MQ_ERROR_TEXT / 2]; /* of the broker's last refusal or loss */
	char broker[MQ_ERROR_TEXT / 2];
	unsigned asked, granted; /* filters; denied ones count as answered */
	int64_t news_ms;	 /* monotonic: something came or was judged */
	uint64_t publish_id;
	bool publish_over;
	int publish_code;
};

struct span session_tree(const struct session *s);
/* session_state.c: pins, certificates, bundle and secrets of before. */
enum mq_err session_load(struct session *s, struct mq_error *e);

#endif
