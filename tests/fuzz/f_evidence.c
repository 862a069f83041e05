/* An evidence file of a stranger: parsing never crashes, and what parses prints to something that
 * parses to the same. */
#include "core/wire/evidence.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evidence a, b;
	struct buf text;

	evidence_init(&a);
	evidence_init(&b);
	buf_init(&text, 4 * EVIDENCE_MAX);
	if (evidence_parse((struct span){ data, size }, &a, NULL) == MQ_OK &&
	    evidence_print(&text, &a) == MQ_OK) {
		require(evidence_parse(buf_span(&text), &b, NULL) == MQ_OK);
		require(span_eq(buf_span(&a.payload), buf_span(&b.payload)));
		require(span_eq(buf_span(&a.topic), buf_span(&b.topic)));
	}
	buf_done(&text);
	evidence_done(&a);
	evidence_done(&b);
	return 0;
}
