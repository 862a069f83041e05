/* The unprotected info copy: what a person with any MQTT client can read (PROTOCOL 3.2). */
#include "core/flow/gateway_impl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"

struct notes {
	struct buf *out;
	size_t n;
};

/* One comment line, printable ASCII whatever is quoted. */
static void note(struct notes *n, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void
note(struct notes *n, const char *fmt, ...)
{
	char text[GATEWAY_NOTE_MAX];
	struct buf safe;
	va_list ap;

	if (n->n++ == GATEWAY_NOTES_MAX)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap); /* cut is fine */
	va_end(ap);
	buf_init(&safe, 8 * GATEWAY_NOTE_MAX);
	if (utf8_put_safe(&safe, span_of(text), true) == MQ_OK)
		(void)buf_printf(n->out, "## %.*s\n", (int)(safe.n < GATEWAY_NOTE_MAX ? safe.n :
		    GATEWAY_NOTE_MAX), (const char *)safe.p);
	buf_done(&safe);
}

static void
note_seen(struct notes *n, const char *slot, const struct gateway_seen *seen)
{
	if (!seen->any || seen->pending || seen->is_n || seen->kept || seen->verdict == V_ROLLBACK ||
	    seen->verdict == V_CLEARED || seen->verdict == V_NONE)
		return;
	if (seen->verdict == V_MALFORMED)
		note(n, "%s: MALFORMED at line %u%s%s", slot, seen->line,
		    seen->why[0] != 0 ? ": " : "", seen->why);
	else if (seen->verdict == V_REJECTED)
		note(n, "%s: REJECTED (%s)", slot, accept_reason_name(seen->reason));
	else
		note(n, "%s: %s, %s", slot, verdict_code(seen->verdict),
		    verdict_sentence(seen->verdict));
}

static void
note_candidates(const struct gateway *g, struct notes *n)
{
	for (size_t i = 0; i < g->n_cand; i++) {
		const struct conf *c = g->kept[i].conf;

		note(n, "revision %u waits: %s, signatures %u/%u+%u/%u", c->revision,
		    g->cand[i].verdict == V_REJECTED ? accept_reason_name(g->cand[i].reason) :
						       verdict_code(g->cand[i].verdict),
		    g->cand[i].a, g->cand[i].b, g->cand[i].c, g->cand[i].d);
	}
}

/* Words for the states that stop data. */
static void
note_state(const struct gateway *g, struct notes *n)
{
	const struct gwmeta *m = &g->o.store->meta;

	if (g->o.store->damaged)
		note(n, "stored state is damaged: %s", g->o.store->why.text);
	if (m->halted_by != HALTED_NO)
		note(n, "halted by %s: %s",
		    m->halted_by == HALTED_BY_RECOVERY ? "recovery" : "an owner", m->halt_reason);
	if (g->no_quorum)
		note(n, "fewer owners than the threshold are left with keys that are not revoked");
	if (g->state == GS_FAILSAFE && strcmp(g->reason, "clock") == 0)
		note(n, "the clock of the gateway stands before the newest time it knows");
	if (g->state == GS_FAILSAFE && strcmp(g->reason, "conf-expired") == 0)
		note(n, "the conf is expired: data %s", gateway_publishes(g) ? "continues" : "stopped");
	if (g->key_lost)
		note(n, "the epoch key is not on the disk; waiting for keys/%u", g->cur->epoch);
	if (g->state == GS_AWAIT)
		note(n, "waiting to see revision %u on secure or log/%u", g->cur->revision,
		    g->cur->revision);
	if (m->rekey_due)
		note(n, "a new epoch key is due: the next revision must bring it");
}

static void
put_notes(const struct gateway *g, struct buf *out)
{
	struct notes n = { out, 0 };

	note_state(g, &n);
	if (g->trouble[0] != 0)
		note(&n, "disk: %s", g->trouble);
	if (g->gpg_broken)
		note(&n, "gpg: %s", g->gpg_why);
	for (size_t i = 0; i < GATEWAY_NOTERS; i++)
		if (g->note[i][0] != 0)
			note(&n, "%s", g->note[i]);
	note_seen(&n, "secure", &g->secure);
	note_seen(&n, "next", &g->next);
	note_candidates(g, &n);
	if (g->data.too_large != 0)
		note(&n, "values larger than max-payload were dropped");
	if (n.n == 0)
		note(&n, "none");
}

/* Nobody owns it yet: what a first conf has to say about this gateway. */
static void
put_template(const struct gateway *g, struct buf *out)
{
	char identity[80], hex[2 * 32 + 1];

	conf_put_gateway(&g->o.identity, identity);
	text_hex(hex, g->data_pk, sizeof g->data_pk);
	(void)buf_printf(out, "#!mqgp.conf 1\n## nobody owns this tree yet\nurl=%s\ntopic=", g->url);
	(void)topic_encode(out, g->o.topic);
	(void)buf_printf(out, "\ngateway=%s\ndata-key=0 gateway ed25519:%s\n", identity, hex);
}

enum mq_err
gateway_put_info(const struct gateway *g, struct buf *body, struct buf *notes)
{
	put_notes(g, notes);
	if (g->cur != NULL)
		(void)buf_put(body, g->cur->body, g->cur->body_n);
	else if (!g->o.store->damaged)
		put_template(g, body);
	return notes->err != MQ_OK ? notes->err : body->err;
}
