/*
 * The verdict pipeline for data and plain messages: P0..P8 of PROTOCOL 4, in that order.
 *
 * One message in, one judgement out, over the full payload, before anything is cut. Three calls so
 * that the expensive middle can run on a crew of threads: judge_begin (P0-P3), judge_crypto (P4;
 * pure, touches only its job), judge_finish (P5-P8, in order of arrival: it moves the window).
 * judge_message does all three. Views only show the result. Control topics (below mqgp.conf) are
 * judged by accept_judge, accept_halt and receipt_judge; P0-P1 here route them.
 */
#ifndef MQGP_CORE_VERDICT_JUDGE_H
#define MQGP_CORE_VERDICT_JUDGE_H

#include "core/conf/conf.h"
#include "core/conf/topic.h"
#include "core/verdict/verdict.h"
#include "core/wire/envelope.h"
#include "core/wire/window.h"

#define JUDGE_SKEW_MS 300000	   /* |now - time| above this: SKEW (3.8) */
#define JUDGE_UNCLEAN_SLACK_MS 5000 /* windows are persisted this often (3.8) */
#define JUDGE_TOPIC_MAX 65535	   /* MQTT's own limit; above: MALFORMED-TOPIC */

enum phase { PHASE_TOPIC, PHASE_POLICY, PHASE_FORM, PHASE_KEY, PHASE_CRYPTO, PHASE_SCOPE,
	PHASE_FRESH, PHASE_CONTENT, PHASE_GRANT, PHASE_COUNT };
const char *phase_name(enum phase p); /* "topic", "policy", ... */
/* The phase whose check gives this verdict; green ones pass all and say PHASE_GRANT. */
enum phase verdict_phase(enum verdict v);

/* One revision under which messages may have been protected. */
struct judge_rev {
	struct env_conf env; /* env.keys point into conf */
	const struct conf *conf;
	int64_t retired_ms; /* wall time when it was replaced; 0 = current */
};

#define JUDGE_REVS_MAX 4 /* current, predecessor in grace, and two for late comers */

/* What is known of a secured tree. Owned by the engine; read-only while jobs run. */
struct judge_tree {
	struct span topic;
	struct judge_rev rev[JUDGE_REVS_MAX]; /* newest first */
	size_t n_revs;
	uint32_t grace_s;
	/* Another topic below this tree with this hint, for WRONG-TOPIC; false: none known. Called
	 * by judge_finish only; borrowed until its next call. */
	bool (*by_hint)(void *arg, const uint8_t topic8[8], struct span *topic);
	void *arg;
};

struct judge_message {
	struct span topic, payload;
	bool retained; /* RETAIN=1 on delivery: a stored copy served now */
	uint8_t qos;
	int64_t now_ms; /* wall */
};

struct judgement {
	enum verdict verdict;
	unsigned flags; /* FLAG_RETAINED ... */
	uint32_t lost;	/* with FLAG_LOST */
	enum topic_slot slot; /* SLOT_NONE: data or plain */
	bool have_header;
	struct env_header h;
	bool stale_retained; /* REPLAY(stale-retained) */
	bool current;	     /* green and newest: may become the topic's value */
	struct span clear;   /* content when green and held: borrowed from payload or scratch */
	struct span right_topic; /* WRONG-TOPIC: where it belongs; borrowed from the hint */
	uint8_t signer[32];  /* data key that authenticated it (suites 1, 3), else zero */
};

struct judge_job {
	struct judge_message m;
	const struct judge_tree *tree; /* NULL: no secured tree covers the topic */
	const struct judge_rev *rev;
	const struct env_topic_key *key; /* cached for (rev, topic), may be NULL */
	uint8_t *scratch; /* ENV_SCRATCH(m.payload.n) bytes, alive as long as j.clear is used */
	struct env_opened opened;
	bool needs_crypto;
	struct judgement j;
};

/* P0-P3. Sets j.verdict when a check fails (then judge_crypto and judge_finish do nothing), else
 * needs_crypto. A topic below a control level ends at P1 with V_NONE and j.slot set: the caller
 * routes it. V_NEEDS_CONF may be held by the caller and judged again. */
void judge_begin(struct judge_job *job, const struct judge_message *m,
    const struct judge_tree *tree);
/* P4. Any thread; touches nothing but *job. */
void judge_crypto(struct judge_job *job);
/* P5-P8, and where a message that failed P4 belongs. w: the window of (data key, epoch, topic); digest_key: 16 bytes of windows.db;
 * persisted_ms: last persisted time after an unclean stop, 0 after a clean one. w and
 * digest_key may be NULL unless judge_wants_window. */
void judge_finish(struct judge_job *job, struct window *w, const uint8_t digest_key[16],
    int64_t persisted_ms);
/* Authentic so far: judge_finish needs its window. */
bool judge_wants_window(const struct judge_job *job);

#endif
