/* The table of the configuration's keywords; for the files of core/config and the manual. */
#ifndef MQGP_CORE_CONFIG_KEYWORDS_H
#define MQGP_CORE_CONFIG_KEYWORDS_H

#include "core/config/config.h"

enum keyword_type {
	KW_BOOL,     /* on off */
	KW_WORD,     /* one of words; stored as its index plus base */
	KW_NUMBER,   /* min..max */
	KW_DURATION, /* milliseconds: 25ms, 2s */
	KW_SIZE,     /* bytes: 64M */
	KW_TEXT,     /* any text */
	KW_PATH,     /* a file or folder; ~ is the home */
	KW_NAME,     /* a word of letters, digits, - and . */
	KW_PIN,	     /* sha256:64 hex */
	KW_FPR,	     /* 40 upper hex */
	KW_BROKER,   /* list */
	KW_TREE,     /* list */
	KW_FILTER,   /* list */
	KW_DIALECT,  /* three words, list */
	KW_BIND,     /* three words or more, list */
};

struct keyword {
	const char *name;
	bool profile; /* in a section, not global */
	enum keyword_type type;
	size_t at; /* offset in struct config or struct profile */
	uint64_t min, max;
	const char *const *words; /* KW_WORD */
	uint32_t base;		  /* KW_WORD: value of the first word */
	const char *argument;	  /* for people */
	const char *fallback;	  /* the default as written; NULL: none */
	const char *environment;  /* variable that overrides the default, for people */
	const char *help;	  /* a sentence without a full stop */
};

extern const struct keyword config_keywords[];
extern const size_t config_keyword_count;
const struct keyword *config_keyword(struct span name); /* NULL: unknown */
/* How many values follow the keyword. */
size_t keyword_values(const struct keyword *k);
/* Stores the values (n = keyword_values) into the struct at base. MQ_EFORMAT with a sentence. */
enum mq_err keyword_set(const struct keyword *k, void *base, char *const *value,
    const char *home, struct mq_error *e);
/* Sets every default of one scope. */
enum mq_err keyword_defaults(void *base, bool profile, const char *home);
/* The effective value as written in a file; entry: of a list. False: not set, or no such entry. */
bool keyword_print(const struct keyword *k, const void *base, size_t entry, struct buf *out);

#endif
