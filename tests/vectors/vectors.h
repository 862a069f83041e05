/*
 * The driver of the test vectors: what a judge of one kind of case gets and gives back.
 *
 * A kind is a row in vectors.c: family (KIND= on the command line), the `kind` of the line, and a
 * judge. A judge compares every field of `expect`, appends each difference to diff and returns
 * FAIL if there is one; it never looks at ids. A case that lacks an input is a failure, too: the
 * readers below append why. Data formats: tests/vectors/data/README*.md.
 */
#ifndef MQGP_TESTS_VECTORS_VECTORS_H
#define MQGP_TESTS_VECTORS_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/base/buf.h"
#include "core/verdict/verdict.h"

enum vector_result {
	VECTOR_PASS,
	VECTOR_FAIL,	   /* diff says what differs */
	VECTOR_NOT_JUDGED, /* diff says why; counted apart, never as passed */
};

struct vector_case {
	const char *folder; /* of the file, for paths inside a case */
	const char *id;
	const json_t *inputs, *expect; /* openpgp: both are the case itself */
};

typedef enum vector_result vector_judge(const struct vector_case *c, struct buf *diff);

/* One for each `kind`; openpgp cases have no kind and go to vector_openpgp. */
vector_judge vector_seal, vector_open;				     /* v_envelope.c */
vector_judge vector_receipt;					     /* v_receipt.c */
vector_judge vector_conf_parse, vector_bundle_parse;		     /* v_conf.c */
vector_judge vector_accept, vector_halt;			     /* v_accept.c */
vector_judge vector_sig_walk;					     /* v_walk.c */
vector_judge vector_openpgp;					     /* v_openpgp.c */

/* Readers. Each is false and appends "input NAME: ..." to diff when the member is missing or of
 * another shape. Spans are borrowed from the case. */
bool vec_text(const json_t *o, const char *key, struct span *out, struct buf *diff);
bool vec_hex(const json_t *o, const char *key, uint8_t *out, size_t n, struct buf *diff);
/* Appends any number of bytes, also none. */
bool vec_hex_bytes(const json_t *o, const char *key, struct buf *out, struct buf *diff);
bool vec_base64(const json_t *o, const char *key, struct buf *out, struct buf *diff);
/* A JSON integer or a decimal string, 0..max. */
bool vec_number(const json_t *o, const char *key, uint64_t max, uint64_t *out, struct buf *diff);
/* Absent: fallback. */
bool vec_flag(const json_t *o, const char *key, bool fallback);
/* Absent or null. */
bool vec_absent(const json_t *o, const char *key);
/* One element of a list that is no member of an object. */
bool vec_base64_of(const json_t *text, struct buf *out);

/* Comparers. Each appends "NAME: expected ..., got ..." to diff and returns false if they differ;
 * a member that is absent in expect must be absent: pass got as NULL for "we have none". */
bool vec_same_text(const json_t *expect, const char *key, const char *got, struct buf *diff);
bool vec_same_span(const json_t *expect, const char *key, struct span got, struct buf *diff);
bool vec_same_hex(const json_t *expect, const char *key, struct span got, struct buf *diff);
bool vec_same_base64(const json_t *expect, const char *key, struct span got, struct buf *diff);
bool vec_same_number(const json_t *expect, const char *key, uint64_t got, struct buf *diff);
bool vec_same_flag(const json_t *expect, const char *key, bool got, struct buf *diff);
bool vec_same_verdict(const json_t *expect, enum verdict got, struct buf *diff);
/* FAIL if diff has text in it, else PASS: the last line of most judges. */
enum vector_result vec_result(const struct buf *diff);

#endif
