#include "tests/unit/lib_conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const char *
sample_body(void)
{
	return "#!mqgp.conf 1\n"
	       "## comments stay welcome\n"
	       "url=mqtts://gw-unit1@broker.example.org:8883\n"
	       "own=mailto:john.doe@doedomain.net\n"
	       "topic=chernobyl/unit1/cooling_plant\n"
	       "password-alg=b2-epoch\n"
	       "network-security=tls\n"
	       "encryption-alg=ed25519+xchacha20poly1305\n"
	       "revision=7\n"
	       "prev=b2-256:"
	       "a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17a4218b17\n"
	       "issued=2026-11-20T10:00:00Z\n"
	       "valid-from=2026-11-20T10:00:00Z\n"
	       "valid-until=2027-05-20T10:00:00Z\n"
	       "kind=normal\n"
	       "gateway=openpgp4:" SAMPLE_GATEWAY "\n"
	       "data-key=0 gateway ed25519:"
	       "03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf03a107bf\n"
	       "owner=openpgp4:" SAMPLE_OWNER_1 "\n"
	       "owner=openpgp4:" SAMPLE_OWNER_2 "\n"
	       "threshold=1\n"
	       "recovery=openpgp4:" SAMPLE_RECOVERY "\n"
	       "recovery-threshold=1\n"
	       "recovery-delay=86400\n"
	       "transfer-delay=3600\n"
	       "reader=openpgp4:" SAMPLE_READER "\n"
	       "epoch=3\n"
	       "epoch-key-id=b2-256:"
	       "ba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fccba1c5fcc\n"
	       "grace=600\n"
	       "heartbeat=30\n"
	       "max-age=300\n"
	       "max-payload=65536\n"
	       "lease=86400\n"
	       "on-expiry=stop\n"
	       "##### eof\n";
}

void
sample_replace(struct buf *body, const char *from, const char *to)
{
	struct buf made;
	const char *text = buf_cstr(body), *at = text != NULL ? strstr(text, from) : NULL;

	assert_non_null(at);
	buf_init(&made, body->max);
	assert_int_equal(buf_put(&made, text, (size_t)(at - text)), MQ_OK);
	assert_int_equal(buf_puts(&made, to), MQ_OK);
	assert_int_equal(buf_puts(&made, at + strlen(from)), MQ_OK);
	buf_done(body);
	*body = made;
}

struct buf
sample_with(const char *from, const char *to)
{
	struct buf body;

	buf_init(&body, 2 * CONF_BODY_MAX);
	assert_int_equal(buf_puts(&body, sample_body()), MQ_OK);
	if (from != NULL)
		sample_replace(&body, from, to);
	return body;
}

struct conf *
sample_conf(const char *from, const char *to)
{
	const struct conf_policy strict = { .allow_non_ascii = false };
	struct buf body = sample_with(from, to);
	struct conf *c = NULL;

	assert_int_equal(conf_parse(buf_span(&body), &strict, &c, NULL), MQ_OK);
	buf_done(&body);
	return c;
}
