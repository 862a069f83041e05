/*
 * A good conf for tests, and the means to spoil it: one place that knows a whole body.
 */
#ifndef MQGP_TESTS_UNIT_LIB_CONF_H
#define MQGP_TESTS_UNIT_LIB_CONF_H

#include "core/conf/conf.h"

#define SAMPLE_OWNER_1 "479662EA1B2C3D4E5F60718293A4B5C6D7E86CCD"
#define SAMPLE_OWNER_2 "607400BE1B2C3D4E5F60718293A4B5C6D7E86CCD"
#define SAMPLE_RECOVERY "D3902C231B2C3D4E5F60718293A4B5C6D7E86CCD"
#define SAMPLE_READER "1B8381AE1B2C3D4E5F60718293A4B5C6D7E86CCD"
#define SAMPLE_GATEWAY "18AAA2701B2C3D4E5F60718293A4B5C6D7E86CCD"
#define SAMPLE_NOW 1795168800 /* 2026-11-20T10:00:00Z, issued and valid-from of the sample */

/* Revision 7 of a tree with two owners, threshold 1, one recovery key and one reader. */
const char *sample_body(void);
/* Replaces the first `from` in body (which must be there) by `to`. Aborts the test if not. */
void sample_replace(struct buf *body, const char *from, const char *to);
/* The sample with from replaced by to (NULL: unchanged); free with buf_done. */
struct buf sample_with(const char *from, const char *to);
/* The parsed sample with from replaced by to; the test fails if it does not parse. */
struct conf *sample_conf(const char *from, const char *to);

#endif
