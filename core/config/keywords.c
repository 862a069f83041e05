#include "core/config/keywords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/conf/conf.h"
#include "core/conf/topic.h"

static const char *const on_off[] = { "off", "on", NULL };
static const char *const colours[] = { "auto", "always", "never", "16", "256", NULL };
static const char *const versions[] = { "auto", "5", "3", NULL };
static const char *const clipboards[] = { "off", "osc52", NULL };
static const char *const level_words[] = { "mqgp.conf", "mqgp_conf", NULL };

/* One row a keyword; `config show` and the manual list them in this order. */
const struct keyword config_keywords[] = {
	{ "theme", false, KW_NAME, offsetof(struct config, theme), 0, 0, NULL, 0, "NAME", "default",
	    NULL, "the colours: a file in themes/, or one of default, light, mono, colourblind" },
	{ "colour", false, KW_WORD, offsetof(struct config, colour), 0, 0, colours, 0,
	    "auto|always|never|16|256", "auto", "NO_COLOR", "how many colours to use" },
	{ "ascii", false, KW_BOOL, offsetof(struct config, ascii), 0, 0, on_off, 0, "on|off", "off",
	    NULL, "draw with ASCII characters only" },
	{ "fps", false, KW_NUMBER, offsetof(struct config, fps), 1, 60, NULL, 0, "N", "30", NULL,
	    "frames a second at most" },
	{ "clipboard", false, KW_BOOL, offsetof(struct config, clipboard), 0, 0, clipboards, 0,
	    "off|osc52", "off", NULL, "may copying send bytes to the terminal's clipboard" },
	{ "esc-delay", false, KW_DURATION, offsetof(struct config, esc_delay_ms), 0, 5000, NULL, 0,
	    "DURATION", "25ms", "ESCDELAY", "how long an escape sequence may take to arrive" },
	{ "quiet-screen", false, KW_BOOL, offsetof(struct config, quiet_screen), 0, 0, on_off, 0,
	    "on|off", "off", NULL, "no ticking ages and clocks: for screen readers and slow lines" },
	{ "bind", false, KW_BIND, offsetof(struct config, bind), 0, 0, NULL, 0,
	    "CONTEXT KEY ACTION", NULL, NULL, "what a key does" },
	{ "broker", true, KW_BROKER, offsetof(struct profile, broker), 0, 0, NULL, 0, "URL", NULL,
	    NULL, "an address of the broker; up to eight, tried in order" },
	{ "user", true, KW_TEXT, offsetof(struct profile, user), 0, 0, NULL, 0, "NAME", NULL, NULL,
	    "the MQTT user" },
	{ "password-file", true, KW_PATH, offsetof(struct profile, password_file), 0, 0, NULL, 0,
	    "FILE", NULL, NULL, "holds the MQTT password in one line; must be 0600" },
	{ "ca", true, KW_PATH, offsetof(struct profile, ca), 0, 0, NULL, 0, "FILE", NULL, NULL,
	    "certificates of the authorities to believe, PEM" },
	{ "cert", true, KW_PATH, offsetof(struct profile, cert), 0, 0, NULL, 0, "FILE", NULL, NULL,
	    "our own certificate, PEM" },
	{ "key", true, KW_PATH, offsetof(struct profile, key), 0, 0, NULL, 0, "FILE", NULL, NULL,
	    "its key, PEM" },
	{ "key-passphrase-file", true, KW_PATH, offsetof(struct profile, key_passphrase_file), 0, 0,
	    NULL, 0, "FILE", NULL, NULL, "the passphrase of that key; must be 0600" },
	{ "tls-pin", true, KW_PIN, offsetof(struct profile, tls_pin), 0, 0, NULL, 0,
	    "sha256:HEX", NULL, NULL, "the broker's certificate or public key must have this hash" },
	{ "mqtt", true, KW_WORD, offsetof(struct profile, mqtt), 0, 0, versions, 0, "auto|5|3",
	    "auto", NULL, "the version of MQTT; auto tries 5, then 3.1.1" },
	{ "tree", true, KW_TREE, offsetof(struct profile, tree), 0, 0, NULL, 0, "TOPIC", NULL, NULL,
	    "a secured tree to follow" },
	{ "subscribe", true, KW_FILTER, offsetof(struct profile, subscribe), 0, 0, NULL, 0,
	    "FILTER", NULL, NULL, "plain topics to show, with QoS 0" },
	{ "discover-depth", true, KW_NUMBER, offsetof(struct profile, discover_depth), 0, 16, NULL,
	    0, "N", "6", NULL, "levels above a conf that are searched for unknown trees; 0: none" },
	{ "control-level", true, KW_WORD, offsetof(struct profile, control_level), 0, 0,
	    level_words, 0, "mqgp.conf|mqgp_conf", "mqgp.conf", NULL,
	    "the name of the control level, for brokers that cannot carry a dot" },
	{ "min-suite", true, KW_NUMBER, offsetof(struct profile, min_suite), 1, 4, NULL, 0, "N",
	    "4", NULL, "the weakest suite to accept in a conf: 3 demands most, 4 nothing" },
	{ "allow-non-ascii-topics", true, KW_BOOL, offsetof(struct profile, allow_non_ascii), 0, 0,
	    on_off, 0, "on|off", "off", NULL, "may a conf name a topic with letters beyond ASCII" },
	{ "history", true, KW_SIZE, offsetof(struct profile, history), 1u << 20, 1ULL << 40, NULL,
	    0, "BYTES", "64M", NULL, "memory for past messages" },
	{ "sign-key", true, KW_FPR, offsetof(struct profile, sign_key), 0, 0, NULL, 0,
	    "FINGERPRINT", NULL, NULL, "your OpenPGP key" },
	{ "gnupg-home", true, KW_PATH, offsetof(struct profile, gnupg_home), 0, 0, NULL, 0, "DIR",
	    NULL, "GNUPGHOME", "where your keys are" },
	{ "dialect", true, KW_DIALECT, offsetof(struct profile, dialect), 0, 0, NULL, 0,
	    "SCHEME FILTER FILE", NULL, NULL, "another security scheme on these topics" },
};
const size_t config_keyword_count = sizeof config_keywords / sizeof config_keywords[0];

const struct keyword *
config_keyword(struct span name)
{
	for (size_t i = 0; i < config_keyword_count; i++)
		if (span_is(name, config_keywords[i].name))
			return &config_keywords[i];
	return NULL;
}

size_t
keyword_values(const struct keyword *k)
{
	return k->type == KW_DIALECT || k->type == KW_BIND ? 3 : 1;
}

/* ---- storing */

#define AT(type_, k, base) ((type_ *)(void *)((char *)(base) + (k)->at))

static enum mq_err
set_string(const struct keyword *k, void *base, const char *value, struct mq_error *e)
{
	char **at = AT(char *, k, base), *copy = strdup(value);

	if (copy == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	free(*at);
	*at = copy;
	return MQ_OK;
}

static enum mq_err
add_to_list(struct config_list *l, const char *value, struct mq_error *e)
{
	char **grown, *copy;

	if (l->n == CONFIG_LIST_MAX)
		return mq_fail(e, MQ_ELIMIT, "more than %d entries", CONFIG_LIST_MAX);
	if ((grown = realloc(l->s, (l->n + 1) * sizeof *grown)) == NULL ||
	    (l->s = grown, copy = strdup(value)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	l->s[l->n++] = copy;
	return MQ_OK;
}

static enum mq_err
set_word(const struct keyword *k, void *base, const char *value, struct mq_error *e)
{
	uint32_t i = 0;

	while (k->words[i] != NULL && strcmp(k->words[i], value) != 0)
		i++;
	if (k->words[i] == NULL)
		return mq_fail(e, MQ_EFORMAT, "%s takes %s", k->name, k->argument);
	if (k->type == KW_BOOL)
		*AT(bool, k, base) = i != 0;
	else if (k->words == level_words)
		return set_string(k, base, value, e);
	else
		*AT(uint32_t, k, base) = k->base + i;
	return MQ_OK;
}

/* A decimal number, then an optional unit. */
static bool
scaled(const char *value, const char *const unit[], const uint64_t factor[], uint64_t *out)
{
	size_t n = strspn(value, "0123456789");
	uint64_t v;

	if (!text_u64((struct span){ (const uint8_t *)value, n }, UINT64_MAX, &v))
		return false;
	for (size_t i = 0; unit[i] != NULL; i++)
		if (strcmp(value + n, unit[i]) == 0 && v <= UINT64_MAX / factor[i]) {
			*out = v * factor[i];
			return true;
		}
	return false;
}

static enum mq_err
set_number(const struct keyword *k, void *base, const char *value, struct mq_error *e)
{
	static const char *const none[] = { "", NULL }, *const times[] = { "ms", "s", "", NULL },
		     *const sizes[] = { "", "k", "M", "G", NULL };
	static const uint64_t one[] = { 1 }, per_time[] = { 1, 1000, 1 },
		     per_size[] = { 1, 1 << 10, 1 << 20, 1 << 30 };
	uint64_t v = 0;
	bool ok = k->type == KW_DURATION ? scaled(value, times, per_time, &v) :
	    k->type == KW_SIZE		 ? scaled(value, sizes, per_size, &v) :
					   scaled(value, none, one, &v);

	if (!ok || v < k->min || v > k->max)
		return mq_fail(e, MQ_EFORMAT, "%s takes %s from %llu to %llu%s", k->name,
		    k->argument, (unsigned long long)k->min, (unsigned long long)k->max,
		    k->type == KW_DURATION ? " ms" : "");
	if (k->type == KW_SIZE)
		*AT(uint64_t, k, base) = v;
	else
		*AT(uint32_t, k, base) = (uint32_t)v;
	return MQ_OK;
}

static enum mq_err
set_path(const struct keyword *k, void *base, const char *value, const char *home,
    struct mq_error *e)
{
	char whole[4096];
	int n;

	if (value[0] != '~' || (value[1] != '/' && value[1] != 0))
		return set_string(k, base, value, e);
	if (home == NULL)
		return mq_fail(e, MQ_EFORMAT, "%s: there is no home folder for ~", k->name);
	n = snprintf(whole, sizeof whole, "%s%s", home, value + 1);
	if (n < 0 || (size_t)n >= sizeof whole)
		return mq_fail(e, MQ_ELIMIT, "%s: the path is too long", k->name);
	return set_string(k, base, whole, e);
}

static enum mq_err
set_checked(const struct keyword *k, void *base, const char *value, struct mq_error *e)
{
	struct tls_options tls;
	struct fpr f;

	memset(&tls, 0, sizeof tls);
	if (k->type == KW_PIN && tls_read_pin(&tls, span_of(value), e) != MQ_OK)
		return MQ_EFORMAT;
	if (k->type == KW_FPR && !fpr_parse(span_of(value), &f))
		return mq_fail(e, MQ_EFORMAT,
		    "%s takes a whole fingerprint: 40 digits 0-9 A-F without blanks", k->name);
	if (k->type == KW_NAME && !config_name_ok(span_of(value)))
		return mq_fail(e, MQ_EFORMAT, "%s takes letters, digits, - _ and .", k->name);
	return set_string(k, base, value, e);
}

static enum mq_err
add_checked(const struct keyword *k, void *base, const char *value, struct mq_error *e)
{
	struct config_list *l = AT(struct config_list, k, base);
	uint8_t topic[TOPIC_CONF_MAX];
	size_t n;

	if (k->type == KW_BROKER)
		return profile_add_broker(base, value, e);
	if (k->type == KW_TREE && !topic_decode(span_of(value), true, topic, &n))
		return mq_fail(e, MQ_EFORMAT, "\"%.100s\" is not a topic a conf may name", value);
	if (k->type == KW_FILTER && !topic_filter_ok(span_of(value)))
		return mq_fail(e, MQ_EFORMAT, "\"%.100s\" is not an MQTT topic filter", value);
	return add_to_list(l, value, e);
}

static enum mq_err
add_dialect(struct profile *p, char *const *value, struct mq_error *e)
{
	struct config_dialect *grown, *d;

	if (!topic_filter_ok(span_of(value[1])))
		return mq_fail(e, MQ_EFORMAT, "\"%.100s\" is not an MQTT topic filter", value[1]);
	if (p->dialect_n == CONFIG_LIST_MAX)
		return mq_fail(e, MQ_ELIMIT, "too many dialects");
	if ((grown = realloc(p->dialect, (p->dialect_n + 1) * sizeof *grown)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	p->dialect = grown;
	d = &p->dialect[p->dialect_n++];
	*d = (struct config_dialect){ strdup(value[0]), strdup(value[1]), strdup(value[2]) };
	return d->scheme != NULL && d->filter != NULL && d->file != NULL ? MQ_OK :
	    mq_fail(e, MQ_ENOMEM, "out of memory");
}

static enum mq_err
add_bind(struct config *c, char *const *value, struct mq_error *e)
{
	struct config_bind *grown, *b;

	if (c->bind_n == CONFIG_LIST_MAX)
		return mq_fail(e, MQ_ELIMIT, "too many bindings");
	if ((grown = realloc(c->bind, (c->bind_n + 1) * sizeof *grown)) == NULL)
		return mq_fail(e, MQ_ENOMEM, "out of memory");
	c->bind = grown;
	b = &c->bind[c->bind_n++];
	*b = (struct config_bind){ strdup(value[0]), strdup(value[1]), strdup(value[2]), 0 };
	return b->context != NULL && b->key != NULL && b->action != NULL ? MQ_OK :
	    mq_fail(e, MQ_ENOMEM, "out of memory");
}

enum mq_err
keyword_set(const struct keyword *k, void *base, char *const *value, const char *home,
    struct mq_error *e)
{
	switch (k->type) {
	case KW_BOOL:
	case KW_WORD:
		return set_word(k, base, value[0], e);
	case KW_NUMBER:
	case KW_DURATION:
	case KW_SIZE:
		return set_number(k, base, value[0], e);
	case KW_TEXT:
		return set_string(k, base, value[0], e);
	case KW_PATH:
		return set_path(k, base, value[0], home, e);
	case KW_NAME:
	case KW_PIN:
	case KW_FPR:
		return set_checked(k, base, value[0], e);
	case KW_BROKER:
	case KW_TREE:
	case KW_FILTER:
		return add_checked(k, base, value[0], e);
	case KW_DIALECT:
		return add_dialect(base, value, e);
	case KW_BIND:
		return add_bind(base, value, e);
	}
	return MQ_EINVAL;
}

enum mq_err
keyword_defaults(void *base, bool profile, const char *home)
{
	enum mq_err r = MQ_OK;

	for (size_t i = 0; i < config_keyword_count && r == MQ_OK; i++) {
		const struct keyword *k = &config_keywords[i];
		char text[64];
		char *value[1] = { text };

		if (k->profile != profile || k->fallback == NULL)
			continue;
		(void)snprintf(text, sizeof text, "%s", k->fallback);
		r = keyword_set(k, base, value, home, NULL);
	}
	return r;
}

/* ---- printing */

#define CAT(type_, k, base) ((type_ const *)(const void *)((const char *)(base) + (k)->at))

static void
put_word(struct buf *out, const char *word)
{
	bool plain = word[0] != 0 && word[0] != '#' && strpbrk(word, " \t\"\\") == NULL;

	if (plain) {
		(void)buf_puts(out, word);
		return;
	}
	(void)buf_putc(out, '"');
	for (const char *c = word; *c != 0; c++) {
		if (*c == '"' || *c == '\\')
			(void)buf_putc(out, '\\');
		(void)buf_putc(out, *c);
	}
	(void)buf_putc(out, '"');
}

static void
put_three(struct buf *out, const char *a, const char *b, const char *c)
{
	put_word(out, a);
	(void)buf_putc(out, ' ');
	put_word(out, b);
	(void)buf_putc(out, ' ');
	put_word(out, c);
}

static bool
print_list(const struct keyword *k, const void *base, size_t entry, struct buf *out)
{
	if (k->type == KW_DIALECT) {
		const struct profile *p = base;

		if (entry >= p->dialect_n)
			return false;
		put_three(out, p->dialect[entry].scheme, p->dialect[entry].filter,
		    p->dialect[entry].file);
	} else if (k->type == KW_BIND) {
		const struct config *c = base;

		if (entry >= c->bind_n)
			return false;
		put_three(out, c->bind[entry].context, c->bind[entry].key, c->bind[entry].action);
	} else {
		const struct config_list *l = CAT(struct config_list, k, base);

		if (entry >= l->n)
			return false;
		put_word(out, l->s[entry]);
	}
	return true;
}

bool
keyword_print(const struct keyword *k, const void *base, size_t entry, struct buf *out)
{
	const char *text;

	if (k->type >= KW_BROKER)
		return print_list(k, base, entry, out);
	if (entry != 0)
		return false;
	if (k->type == KW_BOOL)
		(void)buf_puts(out, k->words[*CAT(bool, k, base) ? 1 : 0]);
	else if (k->type == KW_WORD && k->words != level_words)
		(void)buf_puts(out, k->words[*CAT(uint32_t, k, base) - k->base]);
	else if (k->type == KW_SIZE) {
		uint64_t v = *CAT(uint64_t, k, base);

		bool whole = v % (1 << 20) == 0;

		(void)buf_printf(out, "%llu%s", (unsigned long long)(whole ? v >> 20 : v),
		    whole ? "M" : "");
	} else if (k->type == KW_NUMBER || k->type == KW_DURATION)
		(void)buf_printf(out, "%u%s", *CAT(uint32_t, k, base),
		    k->type == KW_DURATION ? "ms" : "");
	else {
		if ((text = *CAT(char *, k, base)) == NULL)
			return false;
		put_word(out, text);
	}
	return true;
}
