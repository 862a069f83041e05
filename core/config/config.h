/*
 * The configuration file: `keyword value...` lines, `#` comments, double quotes, sections opened by
 * `profile NAME`. No includes, no shell. Every keyword is one row of one table, from which parser,
 * defaults, `config show` and the manual page come.
 *
 * Parsing reports all errors, each with its line, and yields a configuration only if there is none.
 * Plain data afterwards: read-only, any thread. Strings are UTF-8 without control characters.
 * Precedence: file, then environment, then default. Bounded by CONFIG_MAX and the list limits.
 */
#ifndef MQGP_CORE_CONFIG_CONFIG_H
#define MQGP_CORE_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/net/mqtt.h"
#include "core/trust/secret.h"

#define CONFIG_MAX (1U << 20)  /* bytes of a file; written by people */
#define CONFIG_ERRORS_MAX 100  /* then reading on helps nobody */
#define CONFIG_WORDS_MAX 8     /* words of one line */
#define CONFIG_LIST_MAX 1024   /* entries of one list keyword */
#define CONFIG_NAME_MAX 40     /* a profile's name: it names folders too */
#define CONFIG_KEYWORDS_MAX 48 /* rows of the table, with room */

/* A list of words; n of them, malloc'ed. */
struct config_list {
	char **s;
	size_t n;
};

enum config_colour {
	CONFIG_COLOUR_AUTO,
	CONFIG_COLOUR_ALWAYS,
	CONFIG_COLOUR_NEVER,
	CONFIG_COLOUR_16,
	CONFIG_COLOUR_256,
};

/* Where a value came from: CONFIG_DEFAULT, CONFIG_ENVIRONMENT or a line number. */
#define CONFIG_DEFAULT 0U
#define CONFIG_ENVIRONMENT UINT32_MAX

/* A foreign security scheme on a topic filter: `dialect uhppoted FILTER FILE`. */
struct config_dialect {
	char *scheme, *filter, *file;
};

struct profile {
	char name[CONFIG_NAME_MAX + 1];
	struct config_list broker; /* 1..8 addresses, tried in order */
	char *user;		   /* NULL: none; so are the other strings */
	char *password_file;
	char *ca, *cert, *key, *key_passphrase_file;
	char *tls_pin;			/* "sha256:..." as written; tls_read_pin() took it */
	uint32_t mqtt;			/* enum mqtt_version */
	struct config_list tree;	/* percent form, as in a conf */
	struct config_list subscribe;	/* MQTT filters of plain topics */
	uint32_t discover_depth;	/* 0: no discovery */
	char *control_level;		/* "mqgp.conf" or "mqgp_conf" */
	uint32_t min_suite;		/* 1..4; see `min-suite` in the manual */
	bool allow_non_ascii;
	uint64_t history;		/* bytes */
	char *sign_key;			/* fingerprint, 40 upper hex; NULL: gpg's default key */
	char *gnupg_home;		/* NULL: gpg's own default */
	struct config_dialect *dialect;
	size_t dialect_n;
	uint32_t line;				/* of `profile NAME`; 0: not from a file */
	uint32_t origin[CONFIG_KEYWORDS_MAX];	/* by table row */
};

/* `bind CONTEXT "KEY" ACTION...`, kept for the keymap, which knows contexts, keys and actions. */
struct config_bind {
	char *context, *key, *action;
	uint32_t line;
};

struct config {
	char *path; /* of the file; NULL if nothing was read */
	char *theme;
	uint32_t colour; /* enum config_colour */
	bool ascii;
	uint32_t fps;
	bool clipboard;
	uint32_t esc_delay_ms;
	bool quiet_screen;
	struct profile *profile;
	size_t profile_n;
	struct config_bind *bind;
	size_t bind_n;
	uint32_t origin[CONFIG_KEYWORDS_MAX];
};

struct config_error {
	uint32_t line; /* 0: about the file as a whole */
	char text[MQ_ERROR_TEXT];
};

struct config_errors {
	struct config_error at[CONFIG_ERRORS_MAX];
	size_t n; /* more than this many were not kept if it equals CONFIG_ERRORS_MAX */
};

/* What the environment contributes; NULL members: not set. */
struct config_env {
	const char *home;	/* ~ in paths */
	const char *no_color;	/* set and not empty: colour never */
	const char *gnupghome;	/* gnupg-home */
	const char *esc_delay;	/* ESCDELAY, milliseconds */
};
struct config_env config_env_real(void);

/* Defaults and environment, no profile. */
void config_init(struct config *c, const struct config_env *env);
void config_free(struct config *c);
/* Parses text into c, which must be fresh from config_init. MQ_EFORMAT: errors says why, and c is
 * to be freed only. path is for messages and `show`. */
enum mq_err config_parse(struct config *c, struct span text, const char *path,
    const struct config_env *env, struct config_errors *errors);
/* Reads a file that must be ours and 0600. A file that is not there is MQ_OK with path == NULL. */
enum mq_err config_load(struct config *c, const char *path, const struct config_env *env,
    struct config_errors *errors);
/* The same grammar without sections: the file is one profile, e.g. a gateway's mqgpd.conf. */
enum mq_err config_load_single(struct profile *p, const char *path, const struct config_env *env,
    struct config_errors *errors);

/* The profile of that name; name NULL: the first one; NULL if there is none. */
const struct profile *config_profile(const struct config *c, const char *name);
bool config_name_ok(struct span name);
/* A profile with every default, for a URL given on the command line. broker is checked. */
enum mq_err profile_init(struct profile *p, const char *name, const struct config_env *env);
void profile_done(struct profile *p);
enum mq_err profile_add_broker(struct profile *p, const char *url, struct mq_error *e);
/* Reads password-file or key-passphrase-file (0600, ours, one line); p NULL in out if not set. */
enum mq_err profile_password(const struct profile *p, struct secret *out, struct mq_error *e);
enum mq_err profile_passphrase(const struct profile *p, struct secret *out, struct mq_error *e);
/* Fills what a link needs (borrowed from p and the secrets; queues, clock and will stay). */
enum mq_err profile_link(const struct profile *p, const struct secret *password,
    const struct secret *passphrase, struct mqtt_options *out, struct mq_error *e);

/* One effective value, as `config show` lists it. */
struct config_item {
	const char *profile; /* NULL: global */
	const char *keyword;
	const char *value;   /* in the file's notation, quoted where needed */
	uint32_t origin;
};
typedef void config_item_fn(void *arg, const struct config_item *item);
/* Calls fn for every effective value; lists give one item per entry. */
enum mq_err config_each(const struct config *c, config_item_fn *fn, void *arg);
/* The same as text, a line each: `keyword value    # default | environment | PATH:LINE`. */
enum mq_err config_show(struct buf *out, const struct config *c);
/* The table as mdoc, for the manual page mqgp-config. */
enum mq_err config_put_man(struct buf *out);
/* Appends the profile's settings that differ from the defaults to the file at path, durably, making
 * file and folder if they are not there. MQ_EEXIST if the file has a profile of that name. */
enum mq_err config_save_profile(const char *path, const struct profile *p, struct mq_error *e);

#endif
