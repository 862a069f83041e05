#include "core/trust/sigwalk.h"
#include "tests/vectors/vectors.h"

#define SIG_MAX (1 << 20)

enum vector_result
vector_sig_walk(const struct vector_case *c, struct buf *diff)
{
	struct sigwalk w;
	struct buf sig;
	enum verdict v;

	buf_init(&sig, SIG_MAX);
	if (!vec_base64(c->inputs, "sig_b64", &sig, diff))
		goto out;
	v = sigwalk_read(buf_span(&sig), &w);
	(void)vec_same_flag(c->expect, "ok", v == V_NONE, diff);
	if (v != V_NONE) {
		(void)vec_same_verdict(c->expect, v, diff);
		goto out;
	}
	(void)vec_same_text(c->expect, "fpr", w.fpr.hex, diff);
	(void)vec_same_number(c->expect, "ctime", (uint64_t)w.ctime, diff);
	(void)vec_same_number(c->expect, "hash", w.hash, diff);
	(void)vec_same_number(c->expect, "pk", w.pk, diff);
	(void)vec_same_number(c->expect, "expire", w.expire, diff);
out:
	buf_done(&sig);
	return vec_result(diff);
}
