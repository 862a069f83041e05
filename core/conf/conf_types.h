/*
 * How one value of a conf or halt order is read and written: the value types of PROTOCOL 3.3.
 *
 * A type accepts exactly one spelling and writes that spelling back. A row of a field table says
 * where in its struct the value lives. Pure, constant.
 */
#ifndef MQGP_CORE_CONF_CONF_TYPES_H
#define MQGP_CORE_CONF_CONF_TYPES_H

#include "core/conf/conf.h"

struct conf_field;
struct conf_type {
	/* Stores the value in `into` (a list: as its next item); false if it is not one. The caller
	 * has seen that a list has room. */
	bool (*read)(const struct conf_field *f, struct span value, const struct conf_policy *policy,
	    void *into);
	/* Appends item i; errors stick in out. */
	void (*put)(const struct conf_field *f, const void *from, size_t i, struct buf *out);
};

/* One key. at and count_at are offsets in the struct that the table describes. */
struct conf_field {
	const char *name;
	unsigned min, max; /* how often the line stands in a body */
	const struct conf_type *type;
	size_t at;
	size_t count_at, count_size; /* bool, char or size_t that tells presence; size 0: always */
	uint32_t low, high;	     /* numbers */
	const char *const *names;    /* words, at the index of their value; NULL at the end */
	const char *syntax;	     /* the form of a value, for people */
	const char *meaning;	     /* one line for manual, editor and lint */
};

extern const struct conf_type conf_type_u32, conf_type_time, conf_type_hash, conf_type_topic,
    conf_type_gateway;
/* These five know struct conf. */
extern const struct conf_type conf_type_url, conf_type_label, conf_type_security,
    conf_type_data_key, conf_type_fpr;
extern const struct conf_type conf_type_word; /* an enum, by f->names */

/* How many values of f there are in from. */
size_t conf_field_count(const struct conf_field *f, const void *from);

#endif
