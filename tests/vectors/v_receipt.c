/* Receipts, judged as a dashboard does that knows one conf. */
#include "tests/vectors/vectors.h"

#include <string.h>

#include "core/base/text.h"
#include "core/wire/receipt.h"

static const struct conf *
find_conf(void *arg, const uint8_t hash[HASH_BYTES])
{
	const struct conf *known = arg;

	return memcmp(known->hash, hash, HASH_BYTES) == 0 ? known : NULL;
}

static bool
read_known(const json_t *in, struct conf *conf, struct conf_gateway *gateway, struct buf *diff)
{
	struct span name;
	uint64_t kid = 0;

	memset(conf, 0, sizeof *conf);
	if (!vec_text(in, "gateway", &name, diff) || !vec_hex(in, "conf", conf->hash, 32, diff) ||
	    !vec_number(in, "kid", CONF_DATA_KEYS_MAX - 1, &kid, diff) ||
	    !vec_hex(in, "data_key", conf->data_key[0].pk, 32, diff))
		return false;
	conf->data_key[0].index = (uint8_t)kid;
	conf->data_key[0].role = ROLE_GATEWAY;
	conf->n_data_keys = 1;
	return conf_read_gateway(name, gateway) || buf_puts(diff, "gateway not read; ") != MQ_OK;
}

static bool
read_last(const json_t *in, struct receipt_last *last, struct buf *diff)
{
	const json_t *o = json_object_get(in, "last");
	struct receipt seen;
	struct buf payload;
	uint64_t boot = 0, n = 0;
	bool ok;

	last->any = false;
	if (o == NULL)
		return true;
	buf_init(&payload, 2 * RECEIPT_MAX);
	ok = vec_number(o, "boot", UINT32_MAX, &boot, diff) &&
	    vec_number(o, "n", UINT32_MAX, &n, diff) && vec_base64(o, "payload_b64", &payload, diff);
	seen.boot = (uint32_t)boot;
	seen.n = (uint32_t)n;
	receipt_remember(last, &seen, buf_span(&payload));
	buf_done(&payload);
	return ok;
}

static void
put_number(struct buf *text, uint64_t v)
{
	(void)buf_printf(text, "%llu", (unsigned long long)v); /* as are all below: err stays */
}

static void
put_hash(struct buf *text, const uint8_t hash[HASH_BYTES])
{
	char hex[2 * HASH_BYTES + 1];

	text_hex(hex, hash, HASH_BYTES);
	(void)buf_printf(text, "b2-256:%s", hex);
}

/* The raw value of a field that was printed from the parsed one. */
static void
same_field(const json_t *fields, const char *key, struct buf *value, struct buf *diff)
{
	(void)vec_same_span(fields, key, buf_span(value), diff);
	buf_reset(value);
}

static void
compare_fields(const json_t *fields, const struct receipt *r, struct buf *diff)
{
	char gateway[80], time[TEXT_TIME_MAX];
	struct buf v;

	buf_init(&v, 4096);
	(void)topic_encode(&v, (struct span){ r->topic, r->topic_n });
	same_field(fields, "topic", &v, diff);
	conf_put_gateway(&r->gateway, gateway);
	(void)vec_same_text(fields, "gateway", gateway, diff);
	put_number(&v, r->boot);
	same_field(fields, "boot", &v, diff);
	put_number(&v, r->n);
	same_field(fields, "n", &v, diff);
	text_put_time(time, r->time);
	(void)vec_same_text(fields, "time", time, diff);
	(void)vec_same_text(fields, "state", gateway_state_name(r->state), diff);
	put_number(&v, r->revision);
	same_field(fields, "revision", &v, diff);
	put_hash(&v, r->conf);
	same_field(fields, "conf", &v, diff);
	(void)vec_same_text(fields, "reason", r->reason[0] != '\0' ? r->reason : NULL, diff);
	(void)vec_same_text(fields, "rekey-due", r->rekey_due ? "yes" : NULL, diff);
	buf_done(&v);
}

/* pending and rejected may stand in a list or, when there is one, as a text. */
static void
compare_items(const json_t *fields, const struct receipt *r, struct buf *diff)
{
	static const char *const keys[] = { "pending", "rejected" };
	const size_t have[] = { r->n_pending, r->n_rejected };

	for (int k = 0; k < 2; k++) {
		const json_t *list = json_object_get(fields, keys[k]);
		size_t want = json_is_array(list) ? json_array_size(list) : list != NULL;

		if (want != have[k])
			(void)buf_printf(diff, "%s: expected %zu, got %zu; ", keys[k], want, have[k]);
	}
}

enum vector_result
vector_receipt(const struct vector_case *c, struct buf *diff)
{
	const json_t *fields = json_object_get(c->expect, "fields");
	struct conf_gateway gateway = { .is_edkey = false };
	struct receipt_last last;
	struct receipt r;
	struct conf conf;
	struct buf payload, tree;
	enum verdict v;
	unsigned line = 0;

	buf_init(&payload, 1 << 20);
	buf_init(&tree, UINT16_MAX);
	if (read_known(c->inputs, &conf, &gateway, diff) && read_last(c->inputs, &last, diff) &&
	    vec_base64(c->inputs, "payload_b64", &payload, diff) &&
	    vec_base64(c->inputs, "tree_b64", &tree, diff)) {
		v = receipt_judge(buf_span(&payload), false, buf_span(&tree), &gateway, find_conf, &conf,
		    &last, &r, &line);
		(void)vec_same_verdict(c->expect, v, diff);
		if (v == V_MALFORMED && !vec_absent(c->expect, "line"))
			(void)vec_same_number(c->expect, "line", line, diff);
		if (v == V_VERIFIED && fields != NULL) {
			compare_fields(fields, &r, diff);
			compare_items(fields, &r, diff);
		}
	}
	buf_done(&payload);
	buf_done(&tree);
	return vec_result(diff);
}
