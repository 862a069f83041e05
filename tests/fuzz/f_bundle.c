/* Any bytes as a payload: an accepted bundle prints to the same bytes, unless it repeated itself. */
#include <string.h>

#include "core/conf/bundle.h"
#include "tests/fuzz/fuzz.h"

static size_t
sig_lines(struct span payload)
{
	struct rd r = rd_of(payload.p, payload.n);
	struct span line;
	size_t n = 0;

	while (rd_line(&r, &line) && line.n != 0)
		n += span_starts(line, "sig: ");
	return n;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span payload = { data, n };
	struct bundle b, again;
	struct buf out;
	bool encrypted;

	if (bundle_parse(payload, &b) != V_NONE)
		return 0;
	require(bundle_form(payload, false, &encrypted) == V_NONE && !encrypted);
	require(b.body.p + b.body.n == data + n && b.body.n <= CONF_BODY_MAX);
	require(b.n_sigs <= sig_lines(payload));
	buf_init(&out, 2 * BUNDLE_MAX);
	require(bundle_print(&out, b.body, b.has_claim ? b.claim : NULL, b.sig, b.n_sigs) == MQ_OK);
	if (b.n_sigs == sig_lines(payload))
		require(span_eq(buf_span(&out), payload));
	require(bundle_parse(buf_span(&out), &again) == V_NONE);
	require(again.n_sigs == b.n_sigs && span_eq(again.body, b.body));
	bundle_done(&again);
	bundle_done(&b);
	buf_done(&out);
	return 0;
}
