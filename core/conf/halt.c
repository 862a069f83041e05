#include <string.h>

#include "core/conf/bundle.h"
#include "core/conf/conf_body.h"
#include "core/conf/conf_fields.h"
#include "core/conf/conf_lines.h"

#define MAGIC "#!mqgp.halt 1"

static bool
reason_read(const struct conf_field *f, struct span v, const struct conf_policy *policy, void *into)
{
	struct halt *h = into;

	(void)f;
	(void)policy;
	if (!conf_word_ok(v))
		return false;
	memcpy(h->reason, v.p, v.n);
	h->reason[v.n] = 0;
	return true;
}

static void
reason_put(const struct conf_field *f, const void *from, size_t i, struct buf *out)
{
	const struct halt *h = from;

	(void)f;
	(void)i;
	(void)buf_puts(out, h->reason); /* errors stick in out */
}

static const struct conf_type type_reason = { reason_read, reason_put };

static const struct conf_field fields[] = {
	{ .name = "topic", .min = 1, .max = 1, .type = &conf_type_topic,
	    .at = offsetof(struct halt, topic), .count_at = offsetof(struct halt, topic_n),
	    .count_size = sizeof(size_t), .syntax = "a topic", .meaning = "the tree" },
	{ .name = "gateway", .min = 1, .max = 1, .type = &conf_type_gateway,
	    .at = offsetof(struct halt, gateway), .syntax = "openpgp4: or ed25519: and hex digits",
	    .meaning = "the gateway that shall stop" },
	{ .name = "revision", .min = 1, .max = 1, .type = &conf_type_u32, .low = 1,
	    .high = UINT32_MAX, .at = offsetof(struct halt, revision),
	    .syntax = "a number, at least 1", .meaning = "the revision it runs" },
	{ .name = "conf", .min = 1, .max = 1, .type = &conf_type_hash,
	    .at = offsetof(struct halt, conf), .syntax = "b2-256: and 64 lower hex digits",
	    .meaning = "hash of the body of that revision" },
	{ .name = "issued", .min = 1, .max = 1, .type = &conf_type_time,
	    .at = offsetof(struct halt, issued), .syntax = "YYYY-MM-DDTHH:MM:SSZ",
	    .meaning = "when the order was written" },
	{ .name = "reason", .min = 1, .max = 1, .type = &type_reason,
	    .at = offsetof(struct halt, reason), .syntax = "1-32 of a-z 0-9 -, first a letter",
	    .meaning = "why, in one word" },
};
#define N_FIELDS (sizeof fields / sizeof fields[0])

static const struct conf_schema schema = { MAGIC, fields, N_FIELDS, false };

enum mq_err
halt_parse(struct span body, const struct conf_policy *policy, struct halt *out,
    struct conf_errors *errors)
{
	struct halt h = { .revision = 0 };
	struct conf_errors unread;
	struct conf_seen seen;
	enum mq_err r;

	r = conf_body_read(&schema, body, policy, &h, errors != NULL ? errors : &unread, &seen);
	if (r == MQ_OK)
		*out = h;
	return r;
}

enum mq_err
halt_print(const struct halt *h, struct buf *out)
{
	const struct conf_policy any = { .allow_non_ascii = true };
	size_t start = out->n;
	struct halt back;
	enum mq_err r;

	(void)buf_puts(out, MAGIC "\n"); /* errors stick */
	for (size_t i = 0; i < N_FIELDS; i++) {
		(void)buf_printf(out, "%s=", fields[i].name);
		(void)conf_field_put(&fields[i], h, "", "\n", out);
	}
	if ((r = out->err) == MQ_OK)
		r = halt_parse((struct span){ out->p + start, out->n - start }, &any, &back, NULL);
	if (r != MQ_OK)
		out->n = start;
	return r;
}
