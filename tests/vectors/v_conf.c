#include "tests/vectors/vectors.h"

#include <string.h>

#include "core/conf/bundle.h"
#include "core/conf/conf.h"
#include "core/conf/conf_fields.h"

/* A printed list of at most 64 values and more than one body. */
#define BODY_ROOM (CONF_BODY_MAX + 1024)

/* The raw pairs of a body as the vectors write them: lists for the keys that repeat. */
static void
add_pair(void *arg, struct span key, struct span value)
{
	const struct conf_field *f = conf_field_find(conf_fields, CONF_KEYS, key);
	json_t *text = json_stringn((const char *)value.p, value.n), *fields = arg, *list;
	char name[33] = "";

	memcpy(name, key.p, key.n);
	if (f == NULL || f->max == 1) {
		(void)json_object_set_new(fields, name, text); /* a failure shows as a difference */
		return;
	}
	if ((list = json_object_get(fields, name)) == NULL) {
		list = json_array();
		(void)json_object_set_new(fields, name, list);
	}
	(void)json_array_append_new(list, text);
}

static void
compare_conf(const struct vector_case *c, const struct conf *conf, struct buf *diff)
{
	const json_t *want = json_object_get(c->expect, "fields");
	json_t *fields = json_object();

	conf_each_pair(conf_body(conf), add_pair, fields);
	if (!json_equal(fields, want))
		(void)buf_puts(diff, "fields differ; "); /* errors stick, here and below */
	json_decref(fields);
	(void)vec_same_base64(c->expect, "topic_b64", conf_topic(conf), diff);
	(void)vec_same_hex(c->expect, "hash", (struct span){ conf->hash, HASH_BYTES }, diff);
}

enum vector_result
vector_conf_parse(const struct vector_case *c, struct buf *diff)
{
	struct conf_policy policy = { vec_flag(c->inputs, "allow_non_ascii", false) };
	struct conf *conf = NULL;
	struct conf_errors errors;
	struct buf body;
	enum mq_err r;

	buf_init(&body, 4 * BODY_ROOM);
	if (vec_base64(c->inputs, "body_b64", &body, diff)) {
		r = conf_parse(buf_span(&body), &policy, &conf, &errors);
		(void)vec_same_flag(c->expect, "ok", r == MQ_OK, diff);
		if (r == MQ_OK) {
			compare_conf(c, conf, diff);
		} else {
			(void)vec_same_verdict(c->expect, V_MALFORMED, diff);
			(void)vec_same_number(c->expect, "line", errors.line, diff);
		}
	}
	conf_free(conf);
	buf_done(&body);
	return vec_result(diff);
}

static void
compare_bundle(const struct vector_case *c, const struct bundle *b, struct buf *diff)
{
	const json_t *sigs = json_object_get(c->expect, "sigs_b64");
	struct buf want;

	(void)vec_same_base64(c->expect, "body_b64", b->body, diff);
	if (b->has_claim)
		(void)vec_same_hex(c->expect, "claim", (struct span){ b->claim, 32 }, diff);
	else
		(void)vec_same_text(c->expect, "claim", NULL, diff);
	if (json_array_size(sigs) != b->n_sigs) {
		(void)buf_printf(diff, "%zu signatures; ", b->n_sigs);
		return;
	}
	buf_init(&want, BUNDLE_SIG_BYTES_MAX);
	for (size_t i = 0; i < b->n_sigs; i++) {
		buf_reset(&want);
		if (!vec_base64_of(json_array_get(sigs, i), &want) ||
		    !span_eq(buf_span(&want), (struct span){ b->sig[i].p, b->sig[i].n }))
			(void)buf_printf(diff, "signature %zu differs; ", i);
	}
	buf_done(&want);
}

enum vector_result
vector_bundle_parse(const struct vector_case *c, struct buf *diff)
{
	struct bundle b = { .n_sigs = 0 };
	struct buf payload;
	enum verdict v;
	bool encrypted;

	buf_init(&payload, 4 * BUNDLE_MAX);
	if (vec_base64(c->inputs, "payload_b64", &payload, diff)) {
		v = bundle_form(buf_span(&payload), false, &encrypted);
		if (v == V_NONE && !encrypted)
			v = bundle_parse(buf_span(&payload), &b);
		(void)vec_same_flag(c->expect, "ok", v == V_NONE && !encrypted, diff);
		if (encrypted)
			(void)vec_same_text(c->expect, "verdict", "ENCRYPTED", diff);
		else if (v != V_NONE)
			(void)vec_same_verdict(c->expect, v, diff);
		else
			compare_bundle(c, &b, diff);
	}
	bundle_done(&b);
	buf_done(&payload);
	return vec_result(diff);
}
