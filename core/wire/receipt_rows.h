/*
 * The lines of a receipt and of a status: one table for reading and printing both (PROTOCOL 3.10).
 *
 * A line is read by the row its key names. Rows may only be used downwards, each at most max times,
 * so order and repetition need no other rule. Printing walks the same table: count() says how many
 * lines a row has, put() appends the value of the i-th. For receipt.c only.
 */
#ifndef MQGP_CORE_WIRE_RECEIPT_ROWS_H
#define MQGP_CORE_WIRE_RECEIPT_ROWS_H

#include "core/wire/receipt.h"

#define RECEIPT_KEY_PREFIX "ed25519:"
#define RECEIPT_ROWS_MAX 24

enum receipt_in { IN_RECEIPT = 1, IN_STATUS = 2, IN_BOTH = 3 };

struct receipt_row {
	const char *key;
	unsigned in; /* enum receipt_in */
	bool required;
	unsigned max;
	bool (*read)(struct receipt *r, struct span value); /* false: not a value of this key */
	size_t (*count)(const struct receipt *r);
	enum mq_err (*put)(const struct receipt *r, size_t i, struct buf *out);
};
extern const struct receipt_row receipt_rows[];
extern const size_t receipt_rows_n;

/* Each takes what it reads off the front of *v. */
bool receipt_take_text(struct span *v, const char *text);
struct span receipt_take_until(struct span *v, char end); /* end itself stays; without it: all */
bool receipt_take_hex(struct span *v, uint8_t *out, size_t n);
/* Appends prefix and 2n lower hex digits, n at most 64. */
enum mq_err receipt_put_hex(struct buf *out, const char *prefix, const uint8_t *p, size_t n);

#endif
