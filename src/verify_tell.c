/* What verify found, for people and as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/utf8.h"
#include "core/conf/diff.h"
#include "src/print.h"
#include "src/verify.h"

#define ANSWER_MAX (1u << 20)

enum verdict
verify_verdict(const struct verify *v)
{
	if (v->kind == VERIFY_HALT)
		return v->halt_verdict;
	if (v->kind == VERIFY_BUNDLE || v->conf.verdict != V_VERIFIED)
		return v->conf.verdict;
	return v->message.verdict;
}

static const char *
kind_word(enum verify_kind k)
{
	static const char *const words[] = { [VERIFY_BUNDLE] = "bundle", [VERIFY_HALT] = "halt",
		[VERIFY_EVIDENCE] = "evidence" };

	return words[k];
}

struct sigs {
	const struct pgp_sig *detail;
	const enum verdict *verdict; /* after ownership; NULL: as in detail */
	size_t n;
};

static struct sigs
sigs_of(const struct verify *v)
{
	if (v->kind == VERIFY_HALT)
		return (struct sigs){ v->halt_sig, NULL, v->n_halt_sigs };
	return (struct sigs){ v->conf.sig_detail, v->conf.sig, v->conf.n_sigs };
}

static enum verdict
sig_verdict(const struct sigs *s, size_t i)
{
	return s->verdict != NULL ? s->verdict[i] : s->detail[i].verdict;
}

static void
lines_text(const struct verify *v, char out[64])
{
	out[0] = '\0';
	if (v->kind != VERIFY_HALT && v->conf.gate)
		(void)snprintf(out, 64, "%u/%u+%u/%u", v->conf.a, v->conf.b, v->conf.c, v->conf.d);
}

/* What the conf means, most important first; empty if it did not parse. */
static struct diff *
meaning_of(const struct verify *v)
{
	struct diff *d = calloc(1, sizeof *d);

	if (d != NULL && v->kind != VERIFY_HALT && v->conf.conf != NULL)
		conf_diff(NULL, v->conf.conf, SUITE_HMAC, d);
	return d;
}

/* ---- JSON */

static json_t *
time_json(int64_t t)
{
	char text[TEXT_TIME_MAX];

	if (t == 0)
		return json_null();
	text_put_time(text, t);
	return json_string(text);
}

static json_t *
fpr_json(const struct fpr *f)
{
	return f->hex[0] != '\0' ? json_string(f->hex) : json_null();
}

static json_t *
sigs_json(const struct verify *v)
{
	struct sigs s = sigs_of(v);
	json_t *a = json_array();

	for (size_t i = 0; i < s.n; i++) {
		json_t *o = json_object();

		(void)json_object_set_new(o, "verdict", json_string(verdict_code(sig_verdict(&s, i))));
		(void)json_object_set_new(o, "primary", fpr_json(&s.detail[i].primary));
		(void)json_object_set_new(o, "signer", fpr_json(&s.detail[i].signer));
		(void)json_object_set_new(o, "time", time_json(s.detail[i].ctime));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *
errors_json(const struct verify *v)
{
	json_t *a = json_array();

	for (size_t i = 0; v->conf.errors != NULL && i < v->conf.errors->n; i++) {
		const struct conf_error *e = &v->conf.errors->e[i];
		json_t *o = json_object();

		(void)json_object_set_new(o, "line", json_integer(e->line));
		(void)json_object_set_new(o, "key", print_word(e->key));
		(void)json_object_set_new(o, "text", print_word(e->text));
		(void)json_array_append_new(a, o);
	}
	return a;
}

static json_t *
meaning_json(const struct verify *v)
{
	struct diff *d = meaning_of(v);
	json_t *a = json_array();

	for (size_t i = 0; d != NULL && i < d->n; i++)
		(void)json_array_append_new(a, print_word(d->line[i].text));
	free(d);
	return a;
}

static json_t *
message_json(const struct verify *v)
{
	const struct judgement *j = &v->message;
	json_t *o = json_object();
	char time[26];
	struct buf raw;

	text_put_time_ms(time, v->evidence.received_ms);
	(void)json_object_set_new(o, "topic", print_string(buf_span(&v->evidence.topic)));
	(void)json_object_set_new(o, "received", json_string(time));
	(void)json_object_set_new(o, "verdict", json_string(verdict_code(j->verdict)));
	(void)json_object_set_new(o, "claimed", json_string(verdict_code(v->evidence.verdict)));
	if (verdict_is_green(j->verdict))
		(void)json_object_set_new(o, "value", print_string(j->clear));
	buf_init(&raw, 2 * v->evidence.payload.n + 8);
	if (text_base64(&raw, v->evidence.payload.p, v->evidence.payload.n) == MQ_OK)
		(void)json_object_set_new(o, "raw_b64",
		    json_stringn(raw.n != 0 ? (const char *)raw.p : "", raw.n));
	buf_done(&raw);
	return o;
}

static void
set_conf(json_t *o, uint32_t revision, const uint8_t hash[HASH_BYTES])
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, hash, HASH_BYTES);
	(void)json_object_set_new(o, "revision", json_integer(revision));
	(void)json_object_set_new(o, "conf", json_string(hex));
}

int
verify_tell_json(const struct verify *v)
{
	enum verdict verdict = verify_verdict(v);
	json_t *o = json_object();
	char lines[64];

	lines_text(v, lines);
	(void)json_object_set_new(o, "v", json_integer(1));
	(void)json_object_set_new(o, "kind", json_string(kind_word(v->kind)));
	(void)json_object_set_new(o, "tree", print_string((struct span){ v->topic, v->topic_n }));
	(void)json_object_set_new(o, "at", time_json(clock_wall(&v->clock)));
	(void)json_object_set_new(o, "verdict", json_string(verdict_code(verdict)));
	(void)json_object_set_new(o, "class", json_string(verdict_class_name(verdict_class(verdict))));
	(void)json_object_set_new(o, "reason", json_string(verdict_sentence(verdict)));
	if (v->kind == VERIFY_HALT && v->halt.revision != 0)
		set_conf(o, v->halt.revision, v->halt.conf);
	else if (v->conf.conf != NULL)
		set_conf(o, v->conf.conf->revision, v->conf.conf->hash);
	(void)json_object_set_new(o, "line", json_integer(v->kind == VERIFY_HALT ? v->halt_line :
										   v->conf.line));
	(void)json_object_set_new(o, "errors", errors_json(v));
	(void)json_object_set_new(o, "signatures", sigs_json(v));
	(void)json_object_set_new(o, "partial", json_string(lines));
	(void)json_object_set_new(o, "first_contact", json_boolean(v->n_owners == 0));
	(void)json_object_set_new(o, "meaning", meaning_json(v));
	if (v->kind == VERIFY_EVIDENCE)
		(void)json_object_set_new(o, "message", message_json(v));
	(void)json_object_set_new(o, "note", print_word(v->note));
	return print_json(o);
}

/* ---- words; errors stick in the buffer */

static void
put_sigs(struct buf *b, const struct verify *v)
{
	struct sigs s = sigs_of(v);
	char groups[45], time[TEXT_TIME_MAX];

	for (size_t i = 0; i < s.n; i++) {
		const struct pgp_sig *d = &s.detail[i];

		fpr_groups(d->primary.hex[0] != '\0' ? &d->primary : &d->signer, groups);
		text_put_time(time, d->ctime);
		(void)buf_printf(b, "signature %zu  %-14s %s%s%s\n", i + 1,
		    verdict_code(sig_verdict(&s, i)),
		    d->signer.hex[0] != '\0' ? groups : "", d->ctime != 0 ? "  " : "",
		    d->ctime != 0 ? time : "");
	}
}

static void
put_conf(struct buf *b, const struct verify *v)
{
	const struct conf *c = v->conf.conf;
	char hex[2 * HASH_BYTES + 1], lines[64];
	struct diff *d;

	for (size_t i = 0; v->conf.errors != NULL && i < v->conf.errors->n; i++) {
		const struct conf_error *e = &v->conf.errors->e[i];

		(void)buf_printf(b, "line %-8u%s%s", e->line, e->key, e->key[0] != '\0' ? ": " : "");
		(void)utf8_put_safe(b, span_of(e->text), false);
		(void)buf_putc(b, '\n');
	}
	if (c == NULL)
		return;
	text_hex(hex, c->hash, HASH_BYTES);
	(void)buf_printf(b, "conf         %srevision %u, b2-256 %s\n",
	    verdict_is_green(v->conf.verdict) ? "" : "NOT VERIFIED, would be ", c->revision, hex);
	d = meaning_of(v);
	for (size_t i = 0; d != NULL && i < d->n; i++) {
		(void)buf_puts(b, "             ");
		(void)utf8_put_safe(b, span_of(d->line[i].text), false);
		(void)buf_putc(b, '\n');
	}
	free(d);
	lines_text(v, lines);
	if (lines[0] == '\0')
		return;
	if (v->n_owners != 0)
		(void)buf_printf(b, "owners       %s (signed by those you named + by the conf's own)\n",
		    lines);
	else
		(void)buf_printf(b, "owners       %u/%u of the conf's own\n"
		    "             FIRST CONTACT: nobody vouches for them; compare a fingerprint and "
		    "name it with --owner\n", v->conf.c, v->conf.d);
}

static void
put_halt(struct buf *b, const struct verify *v)
{
	char hex[2 * HASH_BYTES + 1];

	if (v->halt_line != 0)
		(void)buf_printf(b, "line %u       is the first wrong one\n", v->halt_line);
	if (v->halt.revision == 0)
		return;
	text_hex(hex, v->halt.conf, HASH_BYTES);
	(void)buf_printf(b, "halt         of revision %u, b2-256 %s, reason %s\n", v->halt.revision, hex,
	    v->halt.reason);
	(void)buf_puts(b, "             whether that is the conf in force is not known here\n");
}

static void
put_message(struct buf *b, const struct verify *v)
{
	const struct judgement *j = &v->message;
	char time[26];

	text_put_time_ms(time, v->evidence.received_ms);
	(void)buf_puts(b, "topic        ");
	(void)utf8_put_safe(b, buf_span(&v->evidence.topic), false);
	(void)buf_printf(b, "\nreceived     %s, says the file; who wrote it called it %s\n", time,
	    v->evidence.verdict != V_NONE ? verdict_code(v->evidence.verdict) : "nothing");
	if (verdict_is_green(j->verdict)) {
		(void)buf_puts(b, "value        ");
		(void)utf8_put_safe(b, j->clear, false);
		(void)buf_puts(b, "\n             replay cannot be judged from one message\n");
	}
	if (v->conf.verdict != V_VERIFIED)
		(void)buf_puts(b, "             without a verified conf the message proves nothing\n");
	if (v->conf.verdict == V_CONF_EXPIRED)
		(void)buf_printf(b, "             as of its arrival: --at %.19sZ\n", time);
}

int
verify_tell_words(const struct verify *v)
{
	enum verdict verdict = verify_verdict(v);
	char at[TEXT_TIME_MAX];
	struct buf b;
	int r;

	buf_init(&b, ANSWER_MAX);
	text_put_time(at, clock_wall(&v->clock));
	(void)buf_printf(&b, "%-13sfor ", kind_word(v->kind));
	(void)utf8_put_safe(&b, (struct span){ v->topic, v->topic_n }, false);
	(void)buf_printf(&b, ", as of %s\n", at);
	if (v->kind == VERIFY_HALT)
		put_halt(&b, v);
	else
		put_conf(&b, v);
	put_sigs(&b, v);
	if (v->kind == VERIFY_EVIDENCE)
		put_message(&b, v);
	if (v->note[0] != '\0') {
		(void)buf_puts(&b, "note         ");
		(void)utf8_put_safe(&b, span_of(v->note), false);
		(void)buf_putc(&b, '\n');
	}
	(void)buf_printf(&b, "verdict      %s: %s\n", verdict_code(verdict), verdict_sentence(verdict));
	if (b.err != MQ_OK) {
		setup_complain("out of memory for the answer");
		buf_done(&b);
		return EXIT_SYSTEM;
	}
	r = print_text(buf_span(&b));
	buf_done(&b);
	return r;
}
