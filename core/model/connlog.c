#include "core/model/connlog.h"

#include <stdlib.h>
#include <string.h>

const char *
conn_kind_name(enum conn_kind k)
{
	static const char *const names[] = { "connecting", "connected", "lost", "refused",
		"subscribed", "denied", "closed" };

	return (unsigned)k < sizeof names / sizeof names[0] ? names[k] : "";
}

enum mq_err
connlog_init(struct connlog *c)
{
	memset(c, 0, sizeof *c);
	c->ring = calloc(CONNLOG_EVENTS, sizeof *c->ring);
	return c->ring == NULL ? MQ_ENOMEM : MQ_OK;
}

void
connlog_done(struct connlog *c)
{
	for (size_t i = 0; i < c->n_subs; i++)
		free(c->sub[i].filter);
	free(c->sub);
	free(c->ring);
	memset(c, 0, sizeof *c);
}

void
connlog_add(struct connlog *c, const struct conn_event *e)
{
	struct conn_event *slot = &c->ring[c->n_events % CONNLOG_EVENTS];

	*slot = *e;
	slot->n = ++c->n_events;
	slot->broker[sizeof slot->broker - 1] = '\0';
	slot->words[sizeof slot->words - 1] = '\0';
}

size_t
connlog_count(const struct connlog *c)
{
	return c->n_events < CONNLOG_EVENTS ? (size_t)c->n_events : CONNLOG_EVENTS;
}

const struct conn_event *
connlog_nth(const struct connlog *c, size_t i)
{
	if (i >= connlog_count(c))
		return NULL;
	return &c->ring[(c->n_events - 1 - i) % CONNLOG_EVENTS];
}

static struct conn_sub *
find_sub(const struct connlog *c, const char *filter)
{
	for (size_t i = 0; i < c->n_subs; i++)
		if (strcmp(c->sub[i].filter, filter) == 0)
			return &c->sub[i];
	return NULL;
}

static struct conn_sub *
new_sub(struct connlog *c, const char *filter)
{
	struct conn_sub *s;

	if (c->n_subs == c->cap_subs) {
		size_t cap = c->cap_subs == 0 ? 16 : c->cap_subs * 2;

		if ((s = realloc(c->sub, cap * sizeof *s)) == NULL)
			return NULL;
		c->sub = s;
		c->cap_subs = cap;
	}
	s = &c->sub[c->n_subs];
	memset(s, 0, sizeof *s);
	if ((s->filter = strdup(filter)) == NULL)
		return NULL;
	c->n_subs++;
	return s;
}

enum mq_err
connlog_set_sub(struct connlog *c, const char *filter, int wanted_qos, int granted,
    const char *words)
{
	struct conn_sub *s = find_sub(c, filter);
	size_t n = words == NULL ? 0 : strnlen(words, sizeof s->words - 1);

	if (s == NULL) {
		if (c->n_subs >= CONNLOG_SUBS_MAX)
			return MQ_ELIMIT;
		if ((s = new_sub(c, filter)) == NULL)
			return MQ_ENOMEM;
	}
	if (wanted_qos >= 0)
		s->wanted_qos = wanted_qos;
	s->granted = granted;
	if (n != 0)
		memcpy(s->words, words, n);
	s->words[n] = '\0';
	return MQ_OK;
}

void
connlog_remove_sub(struct connlog *c, const char *filter)
{
	struct conn_sub *s = find_sub(c, filter);

	if (s == NULL)
		return;
	free(s->filter);
	c->n_subs--;
	memmove(s, s + 1, (size_t)(&c->sub[c->n_subs] - s) * sizeof *s);
}

void
connlog_ask_again(struct connlog *c)
{
	for (size_t i = 0; i < c->n_subs; i++) {
		c->sub[i].granted = -1;
		c->sub[i].words[0] = '\0';
	}
}

size_t
connlog_denied(const struct connlog *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_subs; i++)
		n += c->sub[i].granted >= 128;
	return n;
}
