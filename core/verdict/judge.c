#include "core/verdict/judge.h"

#include <string.h>

static const char *const phase_names[PHASE_COUNT] = {
	"topic", "policy", "form", "key", "crypto", "scope", "fresh", "content", "grant",
};

const char *
phase_name(enum phase p)
{
	return (unsigned)p < PHASE_COUNT ? phase_names[p] : "";
}

enum phase
verdict_phase(enum verdict v)
{
	static const struct {
		enum verdict first; /* 4.1 lists verdicts in order of phase */
		enum phase phase;
	} starts[] = {
		{ V_NONE, PHASE_TOPIC },	    { V_PLAIN, PHASE_POLICY },
		{ V_CLEARED, PHASE_FORM },	    { V_NEEDS_CONF, PHASE_KEY },
		{ V_BAD_SIG, PHASE_CRYPTO },	    { V_STALE_REV, PHASE_SCOPE },
		{ V_EQUIVOCATION, PHASE_FRESH },    { V_OVER_POLICY, PHASE_CONTENT },
		{ V_VERIFIED_GROUP, PHASE_GRANT },  { V_SYS_ERROR, PHASE_CRYPTO },
		{ V_WRONG_GATEWAY, PHASE_SCOPE },   { V_FORK, PHASE_FRESH },
		{ V_CONF_EXPIRED, PHASE_FRESH },    { V_REJECTED, PHASE_CONTENT },
	};
	enum phase at = PHASE_TOPIC;

	for (size_t i = 0; i < sizeof starts / sizeof starts[0] && starts[i].first <= v; i++)
		at = starts[i].phase;
	return at;
}

static void
end(struct judge_job *job, enum verdict v)
{
	job->j.verdict = v;
	job->needs_crypto = false;
}

/* P2 and the parts of P3 that need no cryptography. */
static void
begin_secured(struct judge_job *job)
{
	const struct judge_message *m = &job->m;
	struct env_header *h = &job->j.h;

	if (m->payload.n == 0) {
		end(job, V_CLEARED);
		return;
	}
	if (!env_has_magic(m->payload)) {
		end(job, V_UNSIGNED);
		return;
	}
	if (!env_read_header(m->payload, h)) {
		end(job, V_MALFORMED);
		return;
	}
	job->j.have_header = true;
	for (size_t i = 0; i < job->tree->n_revs; i++)
		if (job->tree->rev[i].env.rev == h->rev)
			job->rev = &job->tree->rev[i];
	if (job->rev == NULL)
		end(job, V_NEEDS_CONF);
	else
		job->needs_crypto = true; /* env_open finishes P3 before it computes anything */
}

void
judge_begin(struct judge_job *job, const struct judge_message *m, const struct judge_tree *tree)
{
	memset(job, 0, sizeof *job);
	job->m = *m;
	job->tree = tree;
	if (m->topic.n > JUDGE_TOPIC_MAX || !topic_delivered_ok(m->topic))
		end(job, V_MALFORMED_TOPIC);
	else if (m->payload.n > ENV_PAYLOAD_MAX + ENV_OVERHEAD_MAX)
		end(job, V_OVERSIZE);
	else if (m->topic.p[0] == '$')
		end(job, V_BROKER_CLAIM);
	else if ((job->j.slot = topic_split(m->topic).slot) != SLOT_NONE)
		end(job, V_NONE); /* routed by the caller */
	else if (tree == NULL)
		end(job, V_PLAIN);
	else
		begin_secured(job);
}

/* A message that fails here but is authentic elsewhere was moved: name its home (A10). */
static void
try_hinted_topic(struct judge_job *job)
{
	struct env_opened there;
	struct span topic;
	uint8_t here8[8];

	env_topic8(here8, job->m.topic);
	if (memcmp(here8, job->j.h.topic8, sizeof here8) == 0 || job->tree->by_hint == NULL ||
	    !job->tree->by_hint(job->tree->arg, job->j.h.topic8, &topic))
		return;
	env_open(&job->rev->env, topic, job->m.payload, NULL, job->scratch, &there);
	if (there.verdict != V_NONE)
		return;
	job->opened.verdict = V_WRONG_TOPIC;
	job->j.right_topic = topic;
}

void
judge_crypto(struct judge_job *job)
{
	if (job->needs_crypto)
		env_open(&job->rev->env, job->m.topic, job->m.payload, job->key, job->scratch,
		    &job->opened);
}

static void
set_signer(struct judge_job *job)
{
	const struct conf_data_key *k = conf_find_key(job->rev->conf, job->j.h.kid,
	    job->j.h.type == ENV_TYPE_COMMAND ? ROLE_OPERATOR : ROLE_GATEWAY);

	if (k != NULL && !job->opened.group)
		memcpy(job->j.signer, k->pk, sizeof job->j.signer);
}

bool
judge_wants_window(const struct judge_job *job)
{
	return job->needs_crypto && job->opened.verdict == V_NONE;
}

/* P5: a revision that was replaced is believed for `grace` more seconds. */
static bool
in_scope(const struct judge_job *job)
{
	return job->rev->retired_ms == 0 ||
	    job->m.now_ms - job->rev->retired_ms <= (int64_t)job->tree->grace_s * 1000;
}

/* P6: V_NONE when the message is new to us; fills flags. */
static enum verdict
judge_fresh(struct judge_job *job, struct window *w, const uint8_t digest_key[16],
    int64_t persisted_ms)
{
	struct judgement *j = &job->j;
	uint64_t digest = window_digest(digest_key, job->m.payload);
	int64_t claimed = j->h.time_ms > INT64_MAX ? INT64_MAX : (int64_t)j->h.time_ms;
	bool fresh = !w->any, below = w->any && j->h.seq <= w->hi;
	enum window_result r;

	r = window_check(w, j->h.seq, digest, job->m.retained, &j->lost);
	switch (r) {
	case WINDOW_DUPLICATE:
		return V_DUPLICATE;
	case WINDOW_EQUIVOCATION:
		return V_EQUIVOCATION;
	case WINDOW_STALE_RETAINED:
		j->stale_retained = true;
		return V_REPLAY;
	case WINDOW_REPLAY:
		return V_REPLAY;
	case WINDOW_NO_MEMORY:
		return V_SYS_ERROR;
	case WINDOW_LATE:
		if (persisted_ms != 0 && below && claimed < persisted_ms - JUDGE_UNCLEAN_SLACK_MS)
			return V_REPLAY; /* may have been seen after the last save */
		j->flags |= FLAG_LATE;
		return V_NONE;
	case WINDOW_NEW:
		if (j->lost != 0)
			j->flags |= FLAG_LOST;
		if (job->m.retained)
			j->flags |= fresh ? FLAG_RETAINED | FLAG_UNCONFIRMED : FLAG_RETAINED;
		j->current = true;
		return V_NONE;
	}
	return V_SYS_ERROR;
}

static void
set_time_flags(struct judge_job *job)
{
	struct judgement *j = &job->j;
	int64_t claimed = j->h.time_ms > INT64_MAX ? INT64_MAX : (int64_t)j->h.time_ms;
	int64_t age = job->m.now_ms - claimed; /* cannot overflow: claimed >= 0, now is Unix time */

	if (age > (int64_t)job->rev->conf->max_age * 1000)
		j->flags |= FLAG_AGED;
	if (!job->m.retained && (age > JUDGE_SKEW_MS || age < -JUDGE_SKEW_MS))
		j->flags |= FLAG_SKEW;
}

/* P7: more than the signed conf allows, or a kind of message this topic does not carry. */
static bool
over_policy(const struct judge_job *job)
{
	size_t size = job->opened.sealed ? job->m.payload.n - ENV_HEADER - 16 - 16 - 64 :
					   job->opened.clear.n;

	return size > job->rev->conf->max_payload || job->j.h.type != ENV_TYPE_DATA;
}

void
judge_finish(struct judge_job *job, struct window *w, const uint8_t digest_key[16],
    int64_t persisted_ms)
{
	struct judgement *j = &job->j;
	enum verdict v;

	if (!job->needs_crypto)
		return;
	if (job->opened.verdict == V_BAD_SIG || job->opened.verdict == V_DECRYPT_FAIL)
		try_hinted_topic(job);
	if (job->opened.verdict != V_NONE) {
		end(job, job->opened.verdict);
		return;
	}
	set_signer(job);
	if (!in_scope(job)) {
		end(job, V_STALE_REV);
		return;
	}
	if ((v = judge_fresh(job, w, digest_key, persisted_ms)) != V_NONE) {
		j->current = false;
		end(job, v);
		return;
	}
	if (over_policy(job)) {
		j->current = false;
		end(job, V_OVER_POLICY);
		return;
	}
	set_time_flags(job);
	if (!job->opened.sealed)
		j->clear = job->opened.clear;
	end(job, verdict_grant(job->opened.group ? V_VERIFIED_GROUP :
			       job->opened.sealed ? V_VERIFIED_SEALED : V_VERIFIED));
}
